"""How much each of several correlated items explains: shares of R², and the parts of a linear score."""

from collections.abc import Iterator
from dataclasses import dataclass
from math import factorial
from typing import NamedTuple

import numpy as np
import pandas as pd
from scipy.special import expit, logit, stdtrit

from analysis.stats.intervals import Estimate

MOST_ITEMS = 15
SMALLEST_PIVOT = 1e-10
SMALLEST_SHARE = 1e-9
MOST_CELLS = 2**22
WAYS = ("lmg", "johnson")


class Contributions(NamedTuple):
    """What each item explains of the outcome, samples × items, each way adding up to R²: `lmg` (Shapley) and `johnson` (relative
    weights); and the items' `mean`."""

    lmg: np.ndarray
    johnson: np.ndarray
    mean: np.ndarray

    def shares(self, way: str = "lmg") -> np.ndarray:
        """Shares of R²; 0 in a sample where nothing is explained."""
        parts = getattr(self, way)
        total = parts.sum(axis=1, keepdims=True)
        return np.divide(parts, total, out=np.zeros_like(parts), where=total > 0)


@dataclass(frozen=True)
class Importance:
    """The `items` of one survey, what they explain in it (`whole`) and in bootstrap samples of it (`drawn`); how many rows
    (`base`), and how many equal ones their weights leave (`effective`: Kish 1965)."""

    items: list
    whole: Contributions
    drawn: Contributions
    base: int
    effective: float

    def shares(self, way: str = "lmg", comparisons: int = 1) -> pd.DataFrame:
        """item, share, low, high (shares of R²) by `way` (WAYS), in the items' order. The intervals, 95 % for all of so many
        `comparisons` at once, are the wider at each end of two: Student's t on the logit scale, reaching 0 where a share less
        its bias is not told from 0; and percentiles, which hold where R² is small and the first does not."""
        share, drawn = self.whole.shares(way)[0], self.drawn.shares(way)
        tail, times = 0.025 / comparisons, self._times(comparisons)
        on_scale = logit(np.clip(share, SMALLEST_SHARE, 1 - SMALLEST_SHARE))
        half = times * logit(np.clip(drawn, SMALLEST_SHARE, 1 - SMALLEST_SHARE)).std(axis=0, ddof=1)
        low, high = np.quantile(drawn, [tail, 1 - tail], axis=0)
        low, high = np.minimum(low, expit(on_scale - half)), np.maximum(high, expit(on_scale + half))
        is_zero = self._reaches_zero(share, drawn, times)
        return pd.DataFrame({"item": self.items, "share": share, "low": np.where(is_zero, 0, low), "high": high})

    def r_squared(self) -> Estimate:
        """R² adjusted for the number of items (Ezekiel 1930; 0-1), its interval on Fisher's scale, artanh of R, reaching 0 where
        R² less its bias is not told from 0."""
        raw, drawn = self.whole.lmg[0].sum(), np.clip(self.drawn.lmg.sum(axis=1), 0, 1 - SMALLEST_SHARE)
        value = max(1 - (1 - raw) * (self.effective - 1) / self._freedom, 0.0)
        centre = np.arctanh(np.sqrt(min(value, 1 - SMALLEST_SHARE)))
        half = self._times() * np.arctanh(np.sqrt(drawn)).std(ddof=1)
        low, high = np.tanh([max(centre - half, 0), centre + half]) ** 2
        return Estimate(
            float(value), 0.0 if self._reaches_zero(raw, drawn, self._times()) else float(low), float(high), self.base
        )

    def differences(self, value: np.ndarray, drawn: np.ndarray, comparisons: int = 1) -> tuple[np.ndarray, np.ndarray]:
        """Ends of the intervals of differences of shares or means (`value`, `drawn`: samples × differences), Student's t with
        the bootstrap's standard errors, 95 % for all `comparisons` at once."""
        half = self._times(comparisons) * drawn.std(axis=0, ddof=1)
        return value - half, value + half

    @property
    def _freedom(self) -> float:
        return max(self.effective - len(self.items) - 1, 1.0)

    def _times(self, comparisons: int = 1) -> float:
        """By what a bootstrap's standard error is multiplied: Student's quantile, and the degrees of freedom that the fit took."""
        return float(stdtrit(self._freedom, 1 - 0.025 / comparisons) * np.sqrt(max(self.effective / self._freedom, 1.0)))

    @staticmethod
    def _reaches_zero(value, drawn: np.ndarray, times: float):
        return 2 * value - drawn.mean(axis=0) <= times * drawn.std(axis=0, ddof=1)


def relative_importance(
    x: pd.DataFrame, y: pd.Series, replicates: int = 500, seed: int = 0, weights: np.ndarray | None = None
) -> Importance:
    """Shares of the R² of `y` on the columns of `x` with what their intervals need; `weights` (one a row) stay with their rows in
    the bootstrap. All subsets of items come from one covariance matrix a sample, not from fits."""
    data, centre, scale = _data(x, y)
    weights = np.ones(len(x)) if weights is None else np.asarray(weights, dtype=float)
    whole = _parted(*_moments(data, weights[None, :]))
    parts = [_parted(*_moments(data, counts * weights)) for counts in _counts(len(data), replicates, seed)]
    drawn = Contributions(*(np.concatenate(part) for part in zip(*parts, strict=True)))
    whole, drawn = (each._replace(mean=each.mean * scale + centre) for each in (whole, drawn))
    return Importance(list(x.columns), whole, drawn, len(x), float(weights.sum() ** 2 / (weights**2).sum()))


def shapley_r2(x: pd.DataFrame, y: pd.Series) -> pd.Series:
    """What each column of `x` adds to the R² of `y` on `x`, averaged over all orders of entry (LMG: Lindeman,
    Merenda and Gold 1980; Grömping 2006). Indexed by column; the parts are absolute and add up to R².

    Divide by their sum for shares of R². An item that is a copy of others shares with them; a constant has 0."""
    return pd.Series(_once(x, y).lmg[0], index=x.columns, name="contribution")


def johnson_weights(x: pd.DataFrame, y: pd.Series) -> pd.Series:
    """Relative weights (Johnson 2000, Multivariate Behavioral Research 35, 1-19): R² parted over the orthogonal variables nearest to
    the items, and from these to the items by squared correlation. Indexed by column; absolute, adding up to R²."""
    return pd.Series(_once(x, y).johnson[0], index=x.columns, name="contribution")


def linear_contributions(design: pd.DataFrame, coefficients: pd.Series, reference: pd.Series) -> pd.DataFrame:
    """coefficient × (value − reference) of each row and term: columns as `coefficients`, rows as `design`.

    They add up to the row's linear predictor minus the reference's, and are the exact Shapley values of an additive
    score whose reference is the mean (Lundberg and Lee 2017, corollary 1; Štrumbelj and Kononenko 2014)."""
    for name, known in (("design", design.columns), ("reference", reference.index)):
        if absent := [str(term) for term in coefficients.index.difference(known)]:
            raise ValueError(f"the {name} lacks {', '.join(absent)}, for which there is a coefficient")
    return (design[coefficients.index] - reference[coefficients.index]) * coefficients


def _once(x: pd.DataFrame, y: pd.Series) -> Contributions:
    return _parted(*_moments(_data(x, y)[0], np.ones((1, len(x)))))


def _counts(rows: int, replicates: int, seed: int) -> Iterator[np.ndarray]:
    """How often each row was drawn, samples × rows, some samples at a time."""
    random = np.random.default_rng(seed)
    block = max(MOST_CELLS // rows, 1)
    for start in range(0, replicates, block):
        draws = (random.integers(rows, size=rows) for _ in range(min(block, replicates - start)))
        yield np.array([np.bincount(draw, minlength=rows) for draw in draws], dtype=float)


def _moments(data: np.ndarray, weights: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Means (samples × columns) and covariances (samples × columns × columns) of samples given by their `weights` (samples × rows)."""
    columns = data.shape[1]
    first, second = np.triu_indices(columns)
    total = weights.sum(axis=1, keepdims=True)
    products = np.zeros((len(weights), len(first)))
    step = max(MOST_CELLS // len(first), 1)
    for start in range(0, len(data), step):
        rows = data[start : start + step]
        products += weights[:, start : start + step] @ (rows[:, first] * rows[:, second])
    mean = weights @ data / total
    covariance = np.empty((len(weights), columns, columns))
    covariance[:, first, second] = products / total - mean[:, first] * mean[:, second]
    covariance[:, second, first] = covariance[:, first, second]
    return mean, covariance


def _parted(mean: np.ndarray, covariance: np.ndarray) -> Contributions:
    varies = covariance[:, -1, -1] > SMALLEST_PIVOT
    lmg, johnson = (np.zeros((len(covariance), covariance.shape[1] - 1)) for _ in range(2))
    step = max(MOST_CELLS >> covariance.shape[1], 1)
    for start in range(0, len(covariance), step):
        rows = np.flatnonzero(varies[start : start + step]) + start
        lmg[rows], johnson[rows] = _lmg(covariance[rows]), _johnson(covariance[rows])
    return Contributions(lmg, johnson, mean[:, :-1])


def _lmg(covariance: np.ndarray) -> np.ndarray:
    explained = 1 - _residual_variances(covariance) / covariance[:, -1, -1, None]
    return explained @ _orders(covariance.shape[1] - 1).T


def _orders(items: int) -> np.ndarray:
    """items × subsets: what the R² of each subset counts for an item's mean gain over all orders of entry."""
    inside = (np.arange(2**items) >> np.arange(items)[::-1, None] & 1).astype(bool)
    before = inside.sum(axis=0) - inside
    chance = np.array([factorial(size) * factorial(items - 1 - size) for size in range(items)]) / factorial(items)
    return np.where(inside, 1, -1) * chance[np.minimum(before, items - 1)]


def _residual_variances(covariance: np.ndarray) -> np.ndarray:
    """Variance of the last variable given each subset of the others: samples × 2^p, the first variable the highest bit.

    Each step conditions on one variable or leaves it out, and so halves what is left (Schur complements)."""
    smallest = SMALLEST_PIVOT * np.diagonal(covariance, axis1=1, axis2=2)
    left = covariance[:, None]
    for item in range(covariance.shape[1] - 1):
        without, cross, pivot = left[..., 1:, 1:], left[..., 1:, 0], left[..., 0, 0]
        usable = pivot > smallest[:, item, None]
        inverse = np.divide(1.0, pivot, out=np.zeros_like(pivot), where=usable)
        given = without - inverse[..., None, None] * cross[..., :, None] * cross[..., None, :]
        left = np.stack([without, given], axis=2).reshape(len(covariance), -1, *without.shape[2:])
    return left[..., 0, 0]


def _johnson(covariance: np.ndarray) -> np.ndarray:
    deviation = np.sqrt(np.diagonal(covariance, axis1=1, axis2=2))
    scale = np.divide(1.0, deviation, out=np.zeros_like(deviation), where=deviation > SMALLEST_PIVOT)
    correlation = covariance * scale[:, :, None] * scale[:, None, :]
    values, vectors = np.linalg.eigh(correlation[:, :-1, :-1])
    root = np.sqrt(np.clip(values, 0, None))
    inverse = np.divide(1.0, root, out=np.zeros_like(root), where=values > SMALLEST_PIVOT)
    to_items = (vectors * root[:, None, :]) @ vectors.transpose(0, 2, 1)
    from_outcome = (vectors * inverse[:, None, :]) @ vectors.transpose(0, 2, 1) @ correlation[:, :-1, -1, None]
    return (to_items**2 @ from_outcome**2)[..., 0]


def _data(x: pd.DataFrame, y: pd.Series) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Items and, last, the outcome, centred and scaled; the items' centres and scales."""
    if x.shape[1] > MOST_ITEMS:
        raise ValueError(f"{x.shape[1]} items make too many subsets: at most {MOST_ITEMS} can be compared")
    if len(x) != len(y):
        raise ValueError(f"{len(x)} rows of items do not match {len(y)} outcomes")
    data = np.column_stack([x.to_numpy(dtype=float), y.to_numpy(dtype=float)])
    if np.isnan(data).any():
        raise ValueError(f"{np.isnan(data).any(axis=1).sum()} rows have missing values: leave them out first")
    centred = data - data.mean(axis=0)
    deviation = centred.std(axis=0)
    varies = deviation > SMALLEST_PIVOT * np.abs(data).max(axis=0, initial=0)
    if not varies[-1]:
        raise ValueError("the outcome does not vary, so that there is nothing to explain")
    scale = np.where(varies, deviation, 1)
    return np.where(varies, centred, 0) / scale, data[:, :-1].mean(axis=0), scale[:-1]
