"""Many comparisons at once: which of them are told, and with which intervals."""

from typing import NamedTuple

import numpy as np
from scipy.special import stdtr, stdtrit

DISCOVERY_RATE = 0.10
Z95_LEVEL = 0.05


class Discoveries(NamedTuple):
    """`adjusted` p-values, which comparisons `is_found`, and the `level` (two-sided error) of the intervals to show."""

    adjusted: np.ndarray
    is_found: np.ndarray
    level: float


def discoveries(p: np.ndarray, rate: float = DISCOVERY_RATE) -> Discoveries:
    """Which of several tests are told if among those told at most the share `rate` may be false on average.

    Benjamini and Hochberg 1995, for tests that are independent or go together. Intervals at `level`, which is `rate` × found ÷
    tests, miss the truth in at most the share `rate` of those told (Benjamini and Yekutieli 2005); such an interval
    leaves out 0 exactly where the comparison is found. Where nothing is found, `level` is that of the first to be found."""
    from statsmodels.stats.multitest import multipletests

    p = np.asarray(p, dtype=float)
    if not len(p):
        return Discoveries(p, np.zeros(0, dtype=bool), rate)
    is_found, adjusted, *_ = multipletests(p, alpha=rate, method="fdr_bh")
    return Discoveries(adjusted, is_found, rate * max(int(is_found.sum()), 1) / len(p))


def two_sided(statistic: np.ndarray, degrees: np.ndarray) -> np.ndarray:
    """Chance of a |t| at least this large."""
    return 2 * stdtr(degrees, -np.abs(statistic))


def quantile(level: float, degrees: np.ndarray) -> np.ndarray:
    """The |t| that is passed with the chance `level`."""
    return stdtrit(degrees, 1 - level / 2)
