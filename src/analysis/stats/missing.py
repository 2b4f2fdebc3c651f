"""How far a mean may lie where answers are missing: bounds at a declared tilt, worst-case bounds, and their intervals."""

from typing import NamedTuple

import numpy as np
from scipy.optimize import brentq
from scipy.special import ndtr

from analysis.stats.weights import Weighted, error_of_mean, propensity_mean, propensity_weights


class Bounds(NamedTuple):
    """The mean lies between `low` and `high`, as far as the answers tell; `interval_low` and `interval_high` enclose it in 95 % with
    the chance of sampling added. `base`: answers."""

    low: float
    high: float
    interval_low: float
    interval_high: float
    base: int


def imbens_manski(low: float, high: float, low_error: float, high_error: float, level: float = 0.95) -> tuple[float, float]:
    """Interval that encloses a mean known to lie between two estimated bounds (Imbens and Manski 2004, Econometrica 72; valid for
    ordered bounds: Stoye 2009): as long at both ends as Φ(c + (high − low) ÷ greater error) − Φ(−c) = `level` asks, so c runs from
    1.96 where the bounds meet to 1.645 where they lie far apart."""
    if high < low:
        raise ValueError(f"the upper bound {high:g} lies below the lower bound {low:g}")
    greater = max(low_error, high_error)
    if greater == 0:
        return low, high
    apart = (high - low) / greater
    factor = brentq(lambda c: ndtr(c + apart) - ndtr(-c) - level, 0.0, 10.0)
    return low - factor * low_error, high + factor * high_error


def worst_case(y: np.ndarray, answered: np.ndarray, scale: tuple[float, float], subjects) -> Bounds:
    """Bounds of the mean of `y` over all rows if those who did not answer may all be at one end of `scale` (Manski 1989)."""
    answered = np.asarray(answered, dtype=bool)
    ends = []
    for end in scale:
        filled = np.where(answered, y, end).astype(float)
        ends.append((float(filled.mean()), error_of_mean(filled - filled.mean(), subjects)[0]))
    return _bounds(*ends, int(answered.sum()), scale)


def tilted_mean(y: np.ndarray, mark: np.ndarray, answered: np.ndarray, x: np.ndarray, factor: float, subjects) -> Weighted:
    """Mean of `y` over all rows if, at equal traits `x`, the odds of not answering rise by `factor` for each point that `mark` lies
    lower (below 1: fall): log odds of answering x'b + ln(factor) · mark, so that the silent's marks are those given, tilted
    exponentially (Rotnitzky, Robins and Scharfstein 1998; Kim and Yu 2011). 1: as if answers were missing at random given `x`."""
    mark = np.where(answered, mark, 0.0)
    weights = propensity_weights(x, answered, np.log(factor) * (mark - mark[np.asarray(answered, bool)].mean()))
    return propensity_mean(y, weights, x, subjects)


def tilted_bounds(
    y: np.ndarray, mark: np.ndarray, answered: np.ndarray, x: np.ndarray, factor: float, scale: tuple[float, float], subjects
) -> Bounds:
    """Bounds of the mean of `y`, which rises with `mark`, where the odds of not answering may differ by up to `factor` (from 1 on)
    for each point of `mark`, either way."""
    if factor < 1:
        raise ValueError(f"a tilt is 1 or more, not {factor:g}")
    ends = [tilted_mean(y, mark, answered, x, tilt, subjects) for tilt in (factor, 1 / factor)]
    return _bounds(*((end.value, end.error) for end in ends), ends[0].base, scale)


def _bounds(low: tuple[float, float], high: tuple[float, float], base: int, scale: tuple[float, float]) -> Bounds:
    ends = imbens_manski(low[0], max(high[0], low[0]), low[1], high[1])
    return Bounds(low[0], max(high[0], low[0]), max(float(ends[0]), scale[0]), min(float(ends[1]), scale[1]), base)
