"""How far two groupings of the same rows go together."""

import numpy as np
from scipy.optimize import brentq
from scipy.special import chndtr, ndtri
from scipy.stats import chi2_contingency

from analysis.stats.intervals import Estimate


def cramers_v(table, comparisons: int = 1) -> Estimate:
    """Cramér's V of a table of counts (row grouping × column grouping): 0 the two are independent, 1 one tells the other.

    √(δ ÷ (n (m − 1))), m the smaller number of groups, of the noncentrality δ of the chi-squared statistic: its estimate
    is χ² less its degrees of freedom, so that V is not above 0 by chance alone; its interval holds the δ under which χ²
    lies in the middle 95 % (Smithson 2003; Bonett 2021), and for all of several `comparisons` at once where there are more
    (Bonferroni). No value where a grouping has a single group."""
    counts = np.asarray(table, dtype=float)
    counts = counts[counts.sum(axis=1) > 0][:, counts.sum(axis=0) > 0]
    if min(counts.shape) < 2:
        return Estimate(None, None, None, int(counts.sum()))
    test = chi2_contingency(counts, correction=False)
    tail = 0.025 / comparisons
    found = (max(test.statistic - test.dof, 0.0), *(_noncentrality(test, chance) for chance in (1 - tail, tail)))
    value, low, high = (min(float(np.sqrt(delta / (counts.sum() * (min(counts.shape) - 1)))), 1.0) for delta in found)
    return Estimate(value, low, high, int(counts.sum()))


def standing_out(table) -> np.ndarray:
    """Adjusted residuals of a table of counts (Haberman 1973) that lie beyond chance in all its cells at once (Bonferroni, 5 %);
    0 elsewhere. Above 0: more rows than independence would put there."""
    counts = np.asarray(table, dtype=float)
    total, rows, columns = counts.sum(), counts.sum(axis=1, keepdims=True), counts.sum(axis=0, keepdims=True)
    expected = rows * columns / total
    spread = np.sqrt(expected * (1 - rows / total) * (1 - columns / total))
    residual = np.divide(counts - expected, spread, out=np.zeros_like(counts), where=spread > 0)
    return np.where(np.abs(residual) > ndtri(1 - 0.025 / counts.size), residual, 0.0)


def _noncentrality(test, chance: float) -> float:
    """The noncentrality under which a statistic is at most as large as this one with `chance`; 0 if none is so small."""
    if chndtr(test.statistic, test.dof, 0.0) <= chance:
        return 0.0
    beyond = 2 * test.statistic + 10 * test.dof + 100
    return brentq(lambda delta: chndtr(test.statistic, test.dof, delta) - chance, 0, beyond)
