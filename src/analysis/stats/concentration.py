"""How unequally a total is spread over units: Lorenz curve, Gini coefficient, share of the largest, Herfindahl-Hirschman
index; Gini and top share with intervals for units like these (linearised: Deville 1999; Langel and Tillé 2013)."""

import math

import numpy as np
import pandas as pd

from analysis.stats.intervals import Z95, Estimate

POINTS = 101


def lorenz(amounts, points: int = POINTS) -> pd.DataFrame:
    """Units from the smallest amount up → units_share, total_share: what part of the total the lowest `units_share` hold,
    at `points` equal steps, straight between units (Lorenz 1905). Negative amounts make the curve begin below zero."""
    ordered = np.sort(_checked(amounts))
    held = np.concatenate([[0.0], np.cumsum(ordered)]) / ordered.sum()
    share = np.linspace(0, 1, points)
    return pd.DataFrame({"units_share": share, "total_share": np.interp(share * len(ordered), np.arange(len(held)), held)})


def cumulated_from_top(amounts, points: int = POINTS) -> pd.DataFrame:
    """The same from the largest amount down (the whale curve of customer profitability: Kaplan and Narayanan 2001): with
    negative amounts it rises above 1 and comes back to it."""
    curve = lorenz(amounts, points).iloc[::-1].reset_index(drop=True)
    return pd.DataFrame({"units_share": 1 - curve["units_share"], "total_share": 1 - curve["total_share"]})


def gini(amounts) -> float:
    """Half the mean absolute difference of two units ÷ the mean absolute amount: 0 all equal, 1 one holds all. Without
    negative amounts the usual coefficient; with them it still ends at 1 (Raffinetti, Siletti, Vernizzi 2015). Pairs are of
    different units, so that it does not hang on their number."""
    return _gini(np.sort(_checked(amounts)))


def top_share(amounts, n: int) -> float:
    """What part of the total the `n` units of the largest amounts hold; above 1 where others are negative."""
    ordered = np.sort(_checked(amounts))
    if not 0 < n <= len(ordered):
        raise ValueError(f"the largest {n} of {len(ordered)} units cannot be taken")
    return float(ordered[-n:].sum() / ordered.sum())


def hhi(amounts) -> float:
    """Herfindahl-Hirschman index: sum of squared shares, 1 ÷ n to 1 (× 10,000 in the points of competition authorities)."""
    values = _checked(amounts)
    if (values < 0).any():
        raise ValueError("shares of negative amounts have no Herfindahl-Hirschman index")
    return float(((values / values.sum()) ** 2).sum())


def gini_estimate(amounts) -> Estimate:
    """`gini` with the interval of its linearisation; too narrow where units are few and unequal (lognormal amounts with σ 1.5:
    it holds the true value in 88 % of samples of 500, 93 % of 4,000)."""
    ordered = np.sort(_checked(amounts))
    size, rank, sizes = len(ordered), np.arange(1, len(ordered) + 1), np.abs(ordered)
    below = np.cumsum(ordered)
    distance = (2 * rank - size) * ordered + below[-1] - 2 * below
    value = _gini(ordered)
    return _interval(value, (distance / (size - 1) - value * (sizes + sizes.mean())) / sizes.mean())


def top_fraction_estimate(amounts, fraction: float) -> Estimate:
    """`top_share` of the largest `fraction` of units (rounded up to whole units) with the interval of its
    linearisation (Beach and Davidson 1983); too narrow where `gini_estimate` is."""
    ordered = np.sort(_checked(amounts))
    number = math.ceil(round(fraction * len(ordered), 9))
    value, edge = top_share(ordered, number), ordered[-number]
    excess = np.clip(ordered - edge, 0, None)
    return _interval(value, (excess - excess.mean() - value * (ordered - ordered.mean())) / ordered.mean())


def _gini(ordered: np.ndarray) -> float:
    size = len(ordered)
    if size < 2:
        return 0.0
    weights = 2 * np.arange(1, size + 1) - size - 1
    return float(weights @ ordered / ((size - 1) * np.abs(ordered).sum()))


def _interval(value: float, linear: np.ndarray) -> Estimate:
    if len(linear) < 2:
        return Estimate(value, None, None, len(linear))
    half = float(Z95 * linear.std(ddof=1) / np.sqrt(len(linear)))
    return Estimate(value, value - half, value + half, len(linear))


def _checked(amounts) -> np.ndarray:
    values = np.asarray(amounts, dtype=float)
    if len(values) == 0 or np.isnan(values).any():
        raise ValueError("concentration needs amounts, none of them missing")
    if values.sum() <= 0:
        raise ValueError("concentration needs a total above zero")
    return values
