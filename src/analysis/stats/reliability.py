"""Whether items that are meant to measure one thing do (reliability), and another thing than the next block (validity)."""

from collections.abc import Mapping, Sequence

import numpy as np
import pandas as pd
from scipy.stats import f as f_distribution

from analysis.stats.intervals import Estimate, bootstrap, percentile_interval, wilson
from analysis.stats.paths import weighted_covariance

FLOOR_CEILING_MARK = 0.15
LEAST_USABLE = 0.95


def cronbach_alpha(items: pd.DataFrame, standardised: bool = False) -> Estimate:
    """Cronbach's alpha of complete `items` (rows × at least two items), k / (k − 1) · (1 − Σ variances ÷ variance of the sum),
    of standardised items where asked, with Feldt's interval (Feldt 1965; Feldt, Woodruff, Salih 1987). It takes answers for
    normal and items for equally good; `alpha_bootstrap` does not."""
    rows = _complete(items)
    alpha = _alpha(np.cov(rows, rowvar=False), standardised)
    people, degrees = len(rows) - 1, (len(rows) - 1) * (rows.shape[1] - 1)
    low, high = (1 - (1 - alpha) * f_distribution.ppf(tail, people, degrees) for tail in (0.975, 0.025))
    return Estimate(alpha, float(low), float(high), len(rows))


def alpha_bootstrap(items: pd.DataFrame, standardised: bool = False, replicates: int = 500, seed: int = 0) -> Estimate:
    """`cronbach_alpha` with a 95 % percentile interval from resampled rows."""
    rows = _complete(items)
    drawn = bootstrap(len(rows), replicates, seed, lambda counts: _alpha(weighted_covariance(rows, counts), standardised))
    return percentile_interval(_alpha(np.cov(rows, rowvar=False), standardised), drawn[np.isfinite(drawn)], len(rows))


def alpha_without(items: pd.DataFrame, standardised: bool = False) -> pd.Series:
    """Cronbach's alpha of the others, by the item left out; NaN where one alone would be left."""
    covariance = np.cov(_complete(items), rowvar=False)
    left = {item: np.delete(np.delete(covariance, place, 0), place, 1) for place, item in enumerate(items.columns)}
    return pd.Series(
        {item: _alpha(matrix, standardised) if len(matrix) > 1 else np.nan for item, matrix in left.items()}, dtype=float
    )


def composite_reliability(loadings: Sequence[float]) -> float:
    """Dillon-Goldstein's rho of standardised loadings: (Σ λ)² ÷ ((Σ λ)² + Σ (1 − λ²)) (Werts, Linn, Jöreskog 1974)."""
    given = np.asarray(loadings, dtype=float)
    common = given.sum() ** 2
    return float(common / (common + (1 - given**2).sum()))


def average_variance_extracted(loadings: Sequence[float]) -> float:
    """Mean squared loading (Fornell and Larcker 1981)."""
    return float(np.mean(np.square(np.asarray(loadings, dtype=float))))


def first_component(items: pd.DataFrame) -> pd.Series:
    """Loadings of the standardised items on their first principal component, by item; their sum is positive."""
    values, vectors = np.linalg.eigh(_correlation(_complete(items)))
    loadings = vectors[:, -1] * np.sqrt(values[-1])
    return pd.Series(loadings * (1 if loadings.sum() >= 0 else -1), index=items.columns)


def htmt(data: pd.DataFrame, blocks: Mapping[str, Sequence[str]], replicates: int = 500, seed: int = 0) -> pd.DataFrame:
    """Heterotrait-monotrait ratio of each pair of blocks of two or more items: mean correlation of items of different blocks ÷
    geometric mean of the two blocks' mean correlations within (Henseler, Ringle, Sarstedt 2015), in absolute value.

    Returns first, second, value, low, high (95 % percentiles of resampled rows). NaN where items within a block do not go
    together, and no interval where this is so in more than 5 % of the samples."""
    several = {name: list(block) for name, block in blocks.items() if len(block) > 1}
    items = list(dict.fromkeys(item for block in several.values() for item in block))
    membership = np.array([[item in block for block in several.values()] for item in items], dtype=float)
    first, second = np.triu_indices(len(several), 1)
    if not len(first):
        return pd.DataFrame(columns=["first", "second", "value", "low", "high"])
    rows = _complete(data[items])
    drawn = bootstrap(
        len(rows), replicates, seed, lambda counts: _htmt(weighted_covariance(rows, counts), membership)[first, second]
    )
    usable = np.isfinite(drawn).mean(axis=0) >= LEAST_USABLE
    low, high = np.where(usable, np.nanquantile(np.where(usable, drawn, 0.0), [0.025, 0.975], axis=0), np.nan)
    names, value = np.array(list(several), dtype=object), _htmt(np.cov(rows, rowvar=False), membership)[first, second]
    return pd.DataFrame({"first": names[first], "second": names[second], "value": value, "low": low, "high": high})


def floor_and_ceiling(items: pd.DataFrame, lowest: Sequence[float], highest: Sequence[float]) -> tuple[Estimate, Estimate]:
    """Share of complete rows that have the lowest, and the highest, possible mark on every item (the marks item by item). From
    0.15 on the scale is said to have a floor or a ceiling (McHorney and Tarlov 1995; Terwee et al. 2007)."""
    rows = items.to_numpy(dtype=float)
    floor, ceiling = (wilson(int((rows == np.asarray(end)).all(axis=1).sum()), len(rows)) for end in (lowest, highest))
    return floor, ceiling


def _alpha(covariance: np.ndarray, standardised: bool) -> float:
    used, items = _scaled(covariance) if standardised else covariance, len(covariance)
    total = used.sum()
    return float(items / (items - 1) * (1 - np.trace(used) / total)) if total > 0 else np.nan


def _htmt(covariance: np.ndarray, membership: np.ndarray) -> np.ndarray:
    """Ratios of blocks (`membership`: items × blocks), block × block."""
    sums, sizes = membership.T @ _scaled(covariance) @ membership, membership.sum(axis=0)
    within = (np.diag(sums) - sizes) / (sizes * (sizes - 1))
    scale = np.sqrt(np.where(within > 0, within, np.nan))
    return np.abs(sums) / np.outer(sizes, sizes) / np.outer(scale, scale)


def _scaled(covariance: np.ndarray) -> np.ndarray:
    spread = np.sqrt(np.diag(covariance))
    with np.errstate(divide="ignore", invalid="ignore"):
        return covariance / np.outer(spread, spread)


def _correlation(rows: np.ndarray) -> np.ndarray:
    return _scaled(np.cov(rows, rowvar=False))


def _complete(items: pd.DataFrame) -> np.ndarray:
    rows = items.to_numpy(dtype=float)
    if rows.shape[1] < 2:
        raise ValueError("one item alone has no reliability: two or more are needed")
    if np.isnan(rows).any():
        raise ValueError(f"{int(np.isnan(rows).any(axis=1).sum())} rows have missing values")
    if constant := [str(item) for item, spread in zip(items.columns, np.ptp(rows, axis=0), strict=True) if spread == 0]:
        raise ValueError(f"items that do not vary: {', '.join(constant)}")
    return rows
