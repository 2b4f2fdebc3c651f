"""Rates of events per exposure: their interval by subject, and the limits within which chance alone would leave them."""

from typing import NamedTuple

import numpy as np
import pandas as pd
from scipy.special import chdtrc, ndtri
from scipy.stats import poisson

from analysis.stats.intervals import FUNNEL_TAILS, Z95, Estimate

OVER_DISPERSED_BELOW = 0.05
MEAN_RANGE_OF_TWO = 1.128
WINSORIZED_SHARE = 0.1
WINSORIZED_VARIANCE = 0.679  # of a standard normal, its outer tenth at each end drawn in


class Chart(NamedTuple):
    """A u-chart: the `centre` (events per unit of exposure), the `spread` by which limits are wider than Poisson's, the chance
    `p` of counts at least as uneven if Poisson held, and `limits` (see `rate_limits`), a row each period."""

    centre: float
    spread: float
    p: float
    limits: pd.DataFrame


def u_chart(counts, exposure) -> Chart:
    """Limits for events of consecutive periods with unequal exposure. Exact Poisson limits; Laney's u' (2002, Quality Engineering
    14), normal limits widened by the mean moving range of the standardised rates ÷ 1.128, where the counts are over-dispersed
    (chi-square test of dispersion at 5 %)."""
    counts, exposure = _checked(counts, exposure)
    centre = counts.sum() / exposure.sum()
    p = dispersion_p(counts, exposure)
    spread = 1.0
    if p < OVER_DISPERSED_BELOW:
        z = _standardised(counts, exposure, centre)
        spread = max(float(np.abs(np.diff(z)).mean()) / MEAN_RANGE_OF_TWO, 1.0)
    return Chart(float(centre), spread, p, rate_limits(centre, exposure, spread))


def funnel_of_rates(counts, exposure) -> Chart:
    """Limits for events of units of unequal exposure, in any order: exact Poisson limits; where the counts are over-dispersed,
    normal limits widened by the square root of the mean squared standardised rate, the outer tenth at each end drawn in
    (Spiegelhalter 2005, Statistics in Medicine 24, appendix A), ÷ what drawing in leaves of a normal's variance."""
    counts, exposure = _checked(counts, exposure)
    centre = counts.sum() / exposure.sum()
    p = dispersion_p(counts, exposure)
    spread = 1.0
    if p < OVER_DISPERSED_BELOW:
        z = _standardised(counts, exposure, centre)
        drawn_in = np.clip(z, *np.quantile(z, [WINSORIZED_SHARE, 1 - WINSORIZED_SHARE]))
        spread = max(float(np.sqrt((drawn_in**2).mean() / WINSORIZED_VARIANCE)), 1.0)
    return Chart(float(centre), spread, p, rate_limits(centre, exposure, spread))


def dispersion_p(counts, exposure) -> float:
    """Chance of a sum of squared standardised rates at least as large if all counts were Poisson with one rate: chi-square with
    (periods − 1) degrees of freedom (Fisher 1950; Hoel 1943). 1 below two periods or without an event."""
    counts, exposure = _checked(counts, exposure)
    if len(counts) < 2 or not counts.sum():
        return 1.0
    z = _standardised(counts, exposure, counts.sum() / exposure.sum())
    return float(chdtrc(len(counts) - 1, (z**2).sum()))


def rate_limits(rate: float, exposure, spread: float = 1.0) -> pd.DataFrame:
    """Between which limits 95 % and 99.8 % of units of each exposure lie if all have the same `rate`: exact Poisson quantiles,
    interpolated (Spiegelhalter 2005, appendix A.1); normal ones, `spread` times as far from the rate, where that exceeds 1.
    Returns size, low95, high95, low998, high998 (rates), a row for each exposure as given."""
    exposure = np.asarray(exposure, dtype=float)
    if spread > 1:
        error = spread * np.sqrt(rate / exposure)
        limits = {name: rate + ndtri(tail) * error for name, tail in FUNNEL_TAILS.items()}
    else:
        limits = {name: _poisson_quantile(tail, rate * exposure) / exposure for name, tail in FUNNEL_TAILS.items()}
    return pd.DataFrame({"size": exposure, **{name: np.maximum(limit, 0) for name, limit in limits.items()}})


def rate_by_subject(counts, exposure) -> Estimate:
    """Events per unit of exposure, all subjects together, a row each: the ratio of the sums. The interval is normal on the log
    scale with the variance of a ratio of means over subjects (Cochran 1977, 6.4), so that one subject's many events count as
    one subject's; None without an event."""
    counts, exposure = np.asarray(counts, dtype=float), np.asarray(exposure, dtype=float)
    total, base = counts.sum(), len(counts)
    if not exposure.sum():
        return Estimate(None, None, None, base)
    value = total / exposure.sum()
    if not total:
        return Estimate(0.0, None, None, base)
    error = log_error(counts, exposure)
    return Estimate(float(value), float(value * np.exp(-Z95 * error)), float(value * np.exp(Z95 * error)), base)


def log_error(counts, exposure) -> float:
    """Standard error of the logarithm of `rate_by_subject`."""
    counts, exposure = np.asarray(counts, dtype=float), np.asarray(exposure, dtype=float)
    residual = counts - counts.sum() / exposure.sum() * exposure
    return float(np.sqrt((residual**2).sum()) / counts.sum())


def _standardised(counts: np.ndarray, exposure: np.ndarray, rate: float) -> np.ndarray:
    return (counts - rate * exposure) / np.sqrt(rate * exposure)


def _poisson_quantile(tail: float, mean: np.ndarray) -> np.ndarray:
    count = np.maximum(poisson.ppf(tail, mean), 0)
    reached, before = poisson.cdf(count, mean), poisson.cdf(count - 1, mean)
    with np.errstate(invalid="ignore"):
        return np.where(mean > 0, count - (reached - tail) / np.where(reached > before, reached - before, 1), 0)


def _checked(counts, exposure) -> tuple[np.ndarray, np.ndarray]:
    counts, exposure = np.asarray(counts, dtype=float), np.asarray(exposure, dtype=float)
    if len(counts) != len(exposure):
        raise ValueError(f"{len(counts)} counts and {len(exposure)} exposures do not match")
    if not len(counts) or (exposure <= 0).any():
        raise ValueError("every count needs an exposure above 0")
    return counts, exposure
