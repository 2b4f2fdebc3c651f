"""Path models by partial least squares (PLS, Mode A): composites of items, and what goes with what along declared arrows.

The algorithm needs the items' covariance matrix alone, so that all bootstrap samples are computed at once, as a stack of
matrices. Wold 1982; Lohmöller 1989; Tenenhaus, Esposito Vinzi, Chatelin, Lauro 2005 (Computational Statistics & Data Analysis 48).
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from itertools import product

import numpy as np
import pandas as pd

from analysis.stats.intervals import bootstrap

SCHEMES = ("centroid", "factorial", "path")
TOLERANCE, MOST_ITERATIONS = 1e-8, 500
SMALLEST_PIVOT = 1e-10
LEAST_CONVERGED = 0.9

Blocks = Mapping[str, Sequence[str]]
Arrows = Sequence[tuple[str, str]]


@dataclass(frozen=True)
class Design:
    """`blocks`: the items of each construct; `arrows` from construct to construct, without a circle; `scheme` weighs a
    construct's neighbours: by the sign of their correlation (centroid), by it (factorial), or predecessors by regression
    (path); `scaled`: items are standardised, else their own spread counts (for items on one scale)."""

    blocks: Blocks
    arrows: Arrows
    scheme: str = "centroid"
    scaled: bool = True
    names: tuple[str, ...] = field(init=False)

    def __post_init__(self) -> None:
        if self.scheme not in SCHEMES:
            raise ValueError(f"scheme {self.scheme!r} is none of {', '.join(SCHEMES)}")
        if empty := [name for name, items in self.blocks.items() if not items or not any(name in arrow for arrow in self.arrows)]:
            raise ValueError(f"constructs without items or arrows: {', '.join(empty)}")
        object.__setattr__(self, "names", arrow_order(self.blocks, self.arrows))

    @property
    def items(self) -> list[str]:
        """Every item once, construct by construct."""
        return list(dict.fromkeys(item for name in self.names for item in self.blocks[name]))

    @property
    def membership(self) -> np.ndarray:
        """Items × constructs: whether the item belongs to the construct."""
        return np.array([[item in self.blocks[name] for name in self.names] for item in self.items], dtype=float)

    @property
    def into(self) -> np.ndarray:
        """Constructs × constructs: whether an arrow leads from the column's to the row's."""
        return np.array([[(start, end) in set(self.arrows) for start in self.names] for end in self.names], dtype=float)


@dataclass(frozen=True)
class PathModel:
    """`paths` and `effects`: from, to, value [, low, high], standardised; a path is what one arrow says, the others into
    its end held, an effect is `direct`, `indirect` and, as `value`, total along all arrows. `constructs`: construct,
    r_squared [, low, high] (NaN without an arrow into it), communality (mean of its items: AVE), redundancy. `outer`:
    construct, item, weight, loading, communality, redundancy. Intervals, where bootstrapped from `replicates` samples that
    converged, are 95 % percentiles. `base`: rows."""

    paths: pd.DataFrame
    effects: pd.DataFrame
    constructs: pd.DataFrame
    outer: pd.DataFrame
    base: int
    replicates: int = 0


def arrow_order(blocks: Blocks, arrows: Arrows) -> tuple[str, ...]:
    """The constructs, each after those with an arrow to it, else as declared; an error where arrows form a circle."""
    if unknown := {name for arrow in arrows for name in arrow} - set(blocks):
        raise ValueError(f"arrows name unknown constructs: {', '.join(sorted(unknown))}")
    order: list[str] = []
    while len(order) < len(blocks):
        free = [name for name in blocks if name not in order and all(start in order for start, end in arrows if end == name)]
        if not free:
            raise ValueError(f"the arrows form a circle among {', '.join(name for name in blocks if name not in order)}")
        order.append(free[0])
    return tuple(order)


def path_model(data: pd.DataFrame, design: Design) -> PathModel:
    """The model of complete `data` (columns: at least the items)."""
    rows = _rows(data, design)
    return _model(np.cov(rows, rowvar=False, ddof=0)[np.newaxis], design, len(rows))


def path_model_of_covariance(covariance: pd.DataFrame, design: Design) -> PathModel:
    """The model of a population whose items have this covariance matrix (item × item)."""
    matrix = covariance.loc[design.items, design.items].to_numpy(dtype=float)
    return _model(matrix[np.newaxis], design, 0)


def path_model_bootstrap(data: pd.DataFrame, design: Design, replicates: int = 500, seed: int = 0) -> PathModel:
    """`path_model` with percentile intervals from resampled rows. A construct whose sign turned in a sample is turned back,
    towards its loadings in the whole (construct-level alignment: Tenenhaus et al. 2005); samples that do not converge are
    left out, and the model is refused where they are more than a tenth."""
    rows = _rows(data, design)
    drawn = bootstrap(len(rows), replicates, seed, lambda counts: weighted_covariance(rows, counts))
    whole = np.cov(rows, rowvar=False, ddof=0)[np.newaxis]
    return _model(whole, design, len(rows), drawn.reshape(-1, *whole.shape[1:]))


@dataclass(frozen=True)
class _Solved:
    """Of each matrix in a stack: outer weights, loadings (items × constructs), coefficients and total effects (end ×
    start), R², and whether it converged."""

    weights: np.ndarray
    loadings: np.ndarray
    paths: np.ndarray
    total: np.ndarray
    r_squared: np.ndarray
    converged: np.ndarray


def _model(covariance: np.ndarray, design: Design, base: int, drawn: np.ndarray | None = None) -> PathModel:
    found = _solve(covariance, design, design.membership)
    if not found.converged[0]:
        raise ValueError("the path model does not converge: its constructs hardly correlate, or an item does not vary")
    paths, effects, outer = _paths(found, design), _effects(found, design), _outer(found, design)
    means = outer.groupby("construct")[["communality", "redundancy"]].mean()
    constructs = pd.DataFrame({"construct": design.names, "r_squared": found.r_squared[0]}).join(means, on="construct")
    if drawn is None:
        return PathModel(paths, effects, constructs, outer, base)
    again = _solve(drawn, design, found.loadings[0] * design.membership)
    kept = int(again.converged.sum())
    if kept < LEAST_CONVERGED * len(drawn):
        raise ValueError(f"the path model does not converge in {len(drawn) - kept} of {len(drawn)} bootstrap samples")
    (start, end), (first, last) = _ends(paths, design), _ends(effects, design)
    values = (again.paths[:, end, start], again.total[:, last, first], again.r_squared)
    limits = [np.quantile(drawn[again.converged], [0.025, 0.975], axis=0) for drawn in values]
    framed = zip((paths, effects, constructs), limits, strict=True)
    return PathModel(*[frame.assign(low=low, high=high) for frame, (low, high) in framed], outer, base, kept)


def _solve(covariance: np.ndarray, design: Design, towards: np.ndarray) -> _Solved:
    """The models of a stack of covariance matrices; constructs point the way of `towards` (items × constructs)."""
    spread = np.sqrt(np.diagonal(covariance, axis1=1, axis2=2))
    inverse = np.divide(1.0, spread, out=np.zeros_like(spread), where=spread > 0)
    correlation = covariance * inverse[:, :, None] * inverse[:, None, :]
    used = correlation if design.scaled else covariance
    weights, converged = _outer_weights(used, design)
    loadings = (used @ weights) * (np.ones_like(inverse) if design.scaled else inverse)[:, :, None]
    sign = np.where((loadings * towards).sum(axis=1) < 0, -1.0, 1.0)[:, None, :]
    weights, loadings = weights * sign, loadings * sign
    latent = weights.transpose(0, 2, 1) @ used @ weights
    paths, r_squared = _regressions(latent, design.into)
    identity = np.eye(len(design.names))
    total = np.linalg.inv(identity - paths) - identity
    return _Solved(weights, loadings, paths, total, r_squared, converged)


def _outer_weights(covariance: np.ndarray, design: Design) -> tuple[np.ndarray, np.ndarray]:
    """Weights (stack × items × constructs) that give scores of variance 1, and whether they came to rest (to their sign)."""
    membership, into = design.membership, design.into
    weights = _normed(np.broadcast_to(membership, (len(covariance), *membership.shape)), covariance)
    moved = np.full(len(covariance), np.inf)
    for _ in range(MOST_ITERATIONS):
        inner = _inner_weights(weights.transpose(0, 2, 1) @ covariance @ weights, into, design.scheme)
        proxies = _normed(weights @ inner, covariance)
        following = _normed((covariance @ proxies) * membership, covariance)
        moved = np.abs(np.abs(following) - np.abs(weights)).max(axis=(1, 2))
        weights = following
        if (moved < TOLERANCE).all():
            break
    scored = np.einsum("nij,nik,nkj->nj", weights, covariance, weights)
    return weights, (moved < TOLERANCE) & (np.abs(scored - 1) < 1e-6).all(axis=1)


def _normed(weights: np.ndarray, covariance: np.ndarray) -> np.ndarray:
    variance = (weights * (covariance @ weights)).sum(axis=1)
    scale = np.divide(1.0, np.sqrt(np.maximum(variance, 0)), out=np.zeros_like(variance), where=variance > 0)
    return weights * scale[:, None, :]


def _inner_weights(latent: np.ndarray, into: np.ndarray, scheme: str) -> np.ndarray:
    neighbours = into + into.T
    if scheme == "centroid":
        return np.sign(latent * neighbours)
    if scheme == "factorial":
        return latent * neighbours
    predecessors, _ = _regressions(latent, into)
    return predecessors.transpose(0, 2, 1) + latent * into


def _regressions(latent: np.ndarray, into: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Coefficients (stack × end × start) and R² (stack × end; NaN without an arrow) of scores with these correlations."""
    paths, r_squared = np.zeros_like(latent), np.full(latent.shape[:2], np.nan)
    for end, starts in enumerate(into):
        start = np.flatnonzero(starts)
        if len(start):
            inverse = np.linalg.pinv(latent[:, start[:, None], start], rcond=SMALLEST_PIVOT, hermitian=True)
            paths[:, end, start] = np.einsum("nij,nj->ni", inverse, latent[:, start, end])
            r_squared[:, end] = (paths[:, end, start] * latent[:, start, end]).sum(axis=1)
    return paths, r_squared


def _paths(found: _Solved, design: Design) -> pd.DataFrame:
    arrows = sorted(dict.fromkeys(design.arrows), key=lambda arrow: [design.names.index(name) for name in arrow])
    frame = pd.DataFrame(arrows, columns=["from", "to"])
    start, end = _ends(frame, design)
    return frame.assign(value=found.paths[0, end, start])


def _effects(found: _Solved, design: Design) -> pd.DataFrame:
    into = design.into
    reached = np.linalg.inv(np.eye(len(into)) - into) > 0.5
    pairs = [pair for pair in product(range(len(into)), repeat=2) if pair[0] != pair[1] and reached[pair[1], pair[0]]]
    start, end = np.array(pairs, dtype=int).reshape(-1, 2).T
    names = np.array(design.names, dtype=object)
    direct, total = found.paths[0, end, start], found.total[0, end, start]
    return pd.DataFrame({"from": names[start], "to": names[end], "direct": direct, "indirect": total - direct, "value": total})


def _outer(found: _Solved, design: Design) -> pd.DataFrame:
    column, row = np.nonzero(design.membership.T)
    names, items = np.array(design.names, dtype=object), np.array(design.items, dtype=object)
    weight, loading = found.weights[0, row, column], found.loadings[0, row, column]
    redundancy = loading**2 * np.nan_to_num(found.r_squared[0, column])
    told = {"weight": weight, "loading": loading, "communality": loading**2, "redundancy": redundancy}
    return pd.DataFrame({"construct": names[column], "item": items[row], **told})


def _ends(frame: pd.DataFrame, design: Design) -> tuple[np.ndarray, np.ndarray]:
    start, end = (np.array([design.names.index(name) for name in frame[side]], dtype=int) for side in ("from", "to"))
    return start, end


def weighted_covariance(rows: np.ndarray, counts: np.ndarray) -> np.ndarray:
    """Covariance matrix of the columns (divided by the number of rows), each row counted so often."""
    weight = counts / counts.sum()
    mean = weight @ rows
    return (rows * weight[:, None]).T @ rows - np.outer(mean, mean)


def _rows(data: pd.DataFrame, design: Design) -> np.ndarray:
    rows = data[design.items].to_numpy(dtype=float)
    if np.isnan(rows).any():
        raise ValueError(f"{int(np.isnan(rows).any(axis=1).sum())} rows have missing values")
    if constant := [item for item, spread in zip(design.items, np.ptp(rows, axis=0), strict=True) if spread == 0]:
        raise ValueError(f"items that do not vary: {', '.join(constant)}")
    return rows
