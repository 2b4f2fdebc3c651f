"""Where the months before say that a figure of a short monthly series will lie: what is more than noise."""

from collections.abc import Sequence

import numpy as np
import pandas as pd
from scipy.special import logsumexp, stdtr, stdtrit

AT_LEAST = 8
FIGURES = 6
WALK_TO_NOISE = (0.0, 0.01, 0.03, 0.1, 0.3, 1.0, 3.0, np.inf)
PURE_WALK = 0.5
HALVINGS = 40
LEAST_SPREAD = 1e-9
TINY = 1e-300


def together(level: float, figures: int) -> float:
    """The level of each of several ranges that all hold at once with chance `level` (Šidák 1967): exact where the figures are independent,
    at least that where they move together."""
    return level ** (1 / figures)


LEVEL = together(0.95, FIGURES)


def expected(values: Sequence[float], steps: int = 1, at_least: int = AT_LEAST, level: float = LEVEL) -> pd.DataFrame:
    """A monthly series, oldest first, NaN where a month is not known → for each month the range that the months up to `steps` before it
    foretell: low, high; NaN where fewer than `at_least` of them are known, or they do not vary (see `foretold`)."""
    values = np.asarray(values, dtype=float)
    rows = [foretold(values[: max(place - steps + 1, 0), None], steps, at_least, level) for place in range(len(values))]
    return pd.DataFrame([(low[0], high[0]) for low, high in rows], columns=["low", "high"])


def foretold(values: np.ndarray, steps: int = 1, at_least: int = AT_LEAST, level: float = LEVEL) -> tuple[np.ndarray, np.ndarray]:
    """Series in columns (months × series, NaN in the same rows of all) → low and high of the value `steps` months after the last row.

    A line (level and drift) plus a random walk plus noise of each month: the local level with drift (Harvey 1989, section 2.3). Given the ratio
    q of the walk's variance to the noise's, the forecast is the best linear unbiased one (Goldberger 1962) with Student's t of n − 2 degrees
    of freedom, level, drift and variance being unknown. q is unknown as well: from 0 (noise round a line) to infinity (a stock that
    drifts: of weight PURE_WALK beforehand), each of WALK_TO_NOISE weighs as its marginal likelihood says, and the range cuts off
    equal tails of the mixture (multi-process model, class I: West and Harrison 1997, section 12.2). A season is not modelled."""
    values = np.asarray(values, dtype=float)
    known = np.flatnonzero(~np.isnan(values).any(axis=1))
    if len(known) < max(at_least, 3):
        return np.full(values.shape[1], np.nan), np.full(values.shape[1], np.nan)
    fits = [_fitted(values[known], known, len(values) - 1 + steps, ratio) for ratio in WALK_TO_NOISE]
    middle, scale, likelihood = (np.array(part) for part in zip(*fits, strict=True))
    weight = _weights(likelihood)
    half = (1 - level) / 2
    low, high = (_quantile(tail, middle, scale, weight, len(known) - 2) for tail in (half, 1 - half))
    is_flat = scale.max(axis=0) <= LEAST_SPREAD * np.abs(values[known]).max(axis=0)
    return np.where(is_flat, np.nan, low), np.where(is_flat, np.nan, high)


def _weights(likelihood: np.ndarray) -> np.ndarray:
    """Of the ratios (rows) for each series (columns), given the series."""
    others = (1 - PURE_WALK) / (len(WALK_TO_NOISE) - 1)
    before = np.log([PURE_WALK if np.isinf(ratio) else others for ratio in WALK_TO_NOISE])
    both = likelihood + before[:, None]
    return np.exp(both - logsumexp(both, axis=0))


def _fitted(values: np.ndarray, months: np.ndarray, ahead: int, ratio: float) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Middle, scale and log marginal likelihood (level, drift and log variance flat) for one ratio."""
    every = np.append(months, ahead)
    walk, noise = np.minimum.outer(every, every) - every.min() + 1.0, np.eye(len(every))
    both = walk if np.isinf(ratio) else ratio * walk + noise
    line = np.column_stack([np.ones(len(every)), every - every.mean()])
    inner, cross, x, own = both[:-1, :-1], both[:-1, -1], line[:-1], line[-1]
    inverse = np.linalg.inv(inner)
    information = x.T @ inverse @ x
    coefficients = np.linalg.solve(information, x.T @ inverse @ values)
    rest = values - x @ coefficients
    weights = inverse @ cross
    missed = own - x.T @ weights
    square = (rest * (inverse @ rest)).sum(axis=0)
    freedom = len(months) - 2
    variance = both[-1, -1] - cross @ weights + missed @ np.linalg.solve(information, missed)
    likelihood = -0.5 * (np.linalg.slogdet(inner)[1] + np.linalg.slogdet(information)[1] + freedom * np.log(square + TINY))
    return own @ coefficients + weights @ rest, np.sqrt(variance * square / freedom), likelihood


def _quantile(share: float, middle: np.ndarray, scale: np.ndarray, weight: np.ndarray, freedom: int) -> np.ndarray:
    """Of a mixture of t distributions (rows) for each series (columns), by halving."""
    reach = middle + stdtrit(freedom, share) * scale
    low, high = reach.min(axis=0), reach.max(axis=0)
    for _ in range(HALVINGS):
        half = (low + high) / 2
        is_below = (weight * stdtr(freedom, (half - middle) / np.where(scale > 0, scale, 1))).sum(axis=0) < share
        low, high = np.where(is_below, half, low), np.where(is_below, high, half)
    return (low + high) / 2
