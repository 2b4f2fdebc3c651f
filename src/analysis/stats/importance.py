"""How much each of several correlated items explains: shares of R², and the parts of a linear score."""

from math import factorial

import numpy as np
import pandas as pd

from analysis.stats.intervals import Estimate, bootstrap, percentile_interval

MOST_ITEMS = 15
SMALLEST_PIVOT = 1e-10


def shapley_r2(x: pd.DataFrame, y: pd.Series) -> pd.Series:
    """What each column of `x` adds to the R² of `y` on `x`, averaged over all orders of entry (LMG: Lindeman,
    Merenda and Gold 1980; Grömping 2006). Indexed by column; the parts are absolute and add up to R².

    Divide by their sum for shares of R². An item that is a copy of others shares with them; a constant has 0."""
    data = _standardised(x, y)
    return pd.Series(_shapley(data.T @ data / len(data)), index=x.columns, name="contribution")


def shapley_r2_bootstrap(x: pd.DataFrame, y: pd.Series, replicates: int = 500, seed: int = 0) -> pd.DataFrame:
    """Shares of R² (they add up to 1) with 95 % percentile intervals from resampled rows.

    Returns item, share, low, high (shares of R²) and contribution (absolute, adding up to R²), greatest first.
    The share of an item without effect is biased upwards, the more so the smaller R²: read it with `r_squared`."""
    data = _standardised(x, y)
    drawn = bootstrap(len(data), replicates, seed, lambda counts: _shapley(_covariance(data, counts)))
    total = drawn.sum(axis=1, keepdims=True)
    shares = np.divide(drawn, total, out=np.zeros_like(drawn), where=total > 0)
    low, high = np.quantile(shares, [0.025, 0.975], axis=0)
    contribution = _shapley(data.T @ data / len(data))
    share = contribution / contribution.sum()
    frame = {"item": x.columns, "share": share, "low": low, "high": high, "contribution": contribution}
    return pd.DataFrame(frame).sort_values("share", ascending=False, kind="stable", ignore_index=True)


def r_squared(x: pd.DataFrame, y: pd.Series, replicates: int = 500, seed: int = 0) -> Estimate:
    """R² of `y` on `x` (unadjusted, 0-1) with a 95 % percentile interval from resampled rows."""
    data = _standardised(x, y)
    drawn = bootstrap(len(data), replicates, seed, lambda counts: _explained(_covariance(data, counts)))
    return percentile_interval(_explained(data.T @ data / len(data)), drawn, len(data))


def linear_contributions(design: pd.DataFrame, coefficients: pd.Series, reference: pd.Series) -> pd.DataFrame:
    """coefficient × (value − reference) of each row and term: columns as `coefficients`, rows as `design`.

    They add up to the row's linear predictor minus the reference's, and are the exact Shapley values of an additive
    score whose reference is the mean (Lundberg and Lee 2017, corollary 1; Štrumbelj and Kononenko 2014)."""
    for name, known in (("design", design.columns), ("reference", reference.index)):
        if absent := [str(term) for term in coefficients.index.difference(known)]:
            raise ValueError(f"the {name} lacks {', '.join(absent)}, for which there is a coefficient")
    return (design[coefficients.index] - reference[coefficients.index]) * coefficients


def _shapley(covariance: np.ndarray) -> np.ndarray:
    items = len(covariance) - 1
    if covariance[-1, -1] <= 0:
        return np.zeros(items)
    unexplained = _residual_variances(covariance) / covariance[-1, -1]
    explained = (1 - unexplained).reshape((2,) * items)
    others = np.indices((2,) * (items - 1)).sum(axis=0) if items > 1 else np.array(0)
    orders = np.array([factorial(size) * factorial(items - 1 - size) for size in range(items)]) / factorial(items)
    weight = orders[others]
    return np.array([(weight * np.diff(explained, axis=item).squeeze(axis=item)).sum() for item in range(items)])


def _residual_variances(covariance: np.ndarray) -> np.ndarray:
    """Variance of the last variable given each subset of the others: 2^p values, the first variable the highest bit.

    Each step conditions on one variable or leaves it out, and so halves what is left (Schur complements)."""
    smallest = SMALLEST_PIVOT * np.diag(covariance)
    left = covariance[np.newaxis]
    for item in range(len(covariance) - 1):
        without, cross, pivot = left[:, 1:, 1:], left[:, 1:, 0], left[:, 0, 0]
        usable = pivot > smallest[item]
        inverse = np.divide(1.0, pivot, out=np.zeros_like(pivot), where=usable)
        given = without - inverse[:, None, None] * cross[:, :, None] * cross[:, None, :]
        left = np.stack([without, given], axis=1).reshape(-1, *without.shape[1:])
    return left[:, 0, 0]


def _explained(covariance: np.ndarray) -> float:
    if covariance[-1, -1] <= 0:
        return 0.0
    weights = np.linalg.pinv(covariance[:-1, :-1], rcond=SMALLEST_PIVOT, hermitian=True) @ covariance[:-1, -1]
    return float(weights @ covariance[:-1, -1] / covariance[-1, -1])


def _covariance(data: np.ndarray, counts: np.ndarray) -> np.ndarray:
    weight = counts / counts.sum()
    mean = weight @ data
    return (data * weight[:, None]).T @ data - np.outer(mean, mean)


def _standardised(x: pd.DataFrame, y: pd.Series) -> np.ndarray:
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
    return np.where(varies, centred, 0) / np.where(varies, deviation, 1)
