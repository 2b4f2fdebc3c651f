"""What a hold-out can tell: the smallest effect that it would find by now, and how long it must run to find a stated one.

The test is the one that the report reads: Newcombe's 95 % interval of the difference of two shares leaves out 0. Its power is
summed exactly over both binomial distributions, since with few leavers normal approximations promise too much.
"""

import numpy as np
from scipy.optimize import brentq
from scipy.stats import binom
from statsmodels.stats.proportion import proportion_confint

POWER = 0.8
TAIL = 1e-7
MOST_MONTHS = 120
PRECISE = 1e-5


def power(held_out_share: float, treated_share: float, held_out: int, treated: int) -> float:
    """Chance that the interval of `treated_share` − `held_out_share` leaves out 0, of so many customers in each arm."""
    count0, count1 = _likely(held_out, held_out_share), _likely(treated, treated_share)
    value0, low0, high0 = _limits(count0, held_out)
    value1, low1, high1 = _limits(count1, treated)
    gap = value1[:, None] - value0
    low = gap - np.hypot((value1 - low1)[:, None], high0 - value0)
    high = gap + np.hypot((high1 - value1)[:, None], value0 - low0)
    found = ((low > 0) | (high < 0)).astype(float)
    return float(binom.pmf(count1, treated, treated_share) @ found @ binom.pmf(count0, held_out, held_out_share))


def smallest_effect(held_out_share: float, held_out: int, treated: int, least_power: float = POWER) -> float | None:
    """By how much less must the treated leave, if `held_out_share` of the held out leave, for the hold-out to find it with
    `least_power`? A difference of shares above 0; None where it would miss even that none of the treated leaves."""
    if not (held_out and treated and 0 < held_out_share < 1):
        return None

    def lacking(treated_share: float) -> float:
        return power(held_out_share, treated_share, held_out, treated) - least_power

    if lacking(0.0) < 0:
        return None
    return held_out_share - brentq(lacking, 0.0, held_out_share, xtol=PRECISE)


def months_until(
    held_out_share: float, effect: float, monthly: int, share_held_out: float, least_power: float = POWER
) -> int | None:
    """How many months of lists of `monthly` customers, of whom `share_held_out` are held out, until the hold-out finds with
    `least_power` that the treated leave less by the share `effect` of `held_out_share`. None: more than MOST_MONTHS. The horizon
    of the last list comes on top."""

    def finds(months: int) -> bool:
        held_out = round(months * monthly * share_held_out)
        treated = months * monthly - held_out
        return (
            min(held_out, treated) > 0 and power(held_out_share, held_out_share * (1 - effect), held_out, treated) >= least_power
        )

    if not 0 < held_out_share < 1 or effect <= 0 or monthly < 1:
        return None
    low, high = 0, 1
    while not finds(high):
        if high == MOST_MONTHS:
            return None
        low, high = high, min(2 * high, MOST_MONTHS)
    while high - low > 1:
        middle = (low + high) // 2
        low, high = (low, middle) if finds(middle) else (middle, high)
    return high


def _likely(size: int, share: float) -> np.ndarray:
    """Counts that are not all but impossible."""
    return np.arange(int(binom.ppf(TAIL, size, share)), int(binom.isf(TAIL, size, share)) + 1)


def _limits(count: np.ndarray, size: int) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    low, high = proportion_confint(count, size, method="wilson")
    return count / size, np.where(count == 0, 0.0, low), np.where(count == size, 1.0, high)
