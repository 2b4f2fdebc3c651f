"""What of few companies is not told: counts below the threshold, and amounts of few or of two that hold almost all."""

import numpy as np
import pandas as pd

from analysis.finding import DISCLOSURE_THRESHOLD
from analysis.stats.disclosure import dominates
from analysis.study.disclosed import hidden, hidden_cells


def hidden_in_table(counts: pd.DataFrame) -> pd.DataFrame:
    """Which cells of a table of counts may not be shown, its sums by row and by column and of the whole being known."""
    of_whole = hidden(counts.to_numpy().ravel()).reshape(counts.shape)
    return pd.DataFrame(hidden_cells(counts, of_whole), counts.index, counts.columns)


def shown_sums(amounts: pd.Series, groups: pd.Series, hidden_groups=()) -> pd.Series:
    """Sum of `amounts` by group, their total being known; NaN where fewer companies than the threshold hold any of it, where two
    hold almost all of it, where the group is one of the `hidden_groups`, and for the groups that would give these away."""
    held = amounts.fillna(0).groupby(groups, observed=True)
    holders = held.agg(lambda one: int((one != 0).sum()))
    sums, out = held.sum(), holders.index.isin(hidden_groups) | held.agg(dominates).to_numpy(dtype=bool)
    out = hidden(holders, out)
    while out.any() and not out[holders > 0].all() and dominates(amounts.fillna(0)[groups.isin(holders.index[out])]):
        out[np.where(out | (holders == 0), np.inf, holders).argmin()] = True
    return sums.mask(out)


def may_tell_sum(amounts: pd.Series) -> bool:
    """Whether a sum over companies may be told by itself: held by the threshold or more, by two of them not almost all."""
    return int((amounts.fillna(0) != 0).sum()) >= DISCLOSURE_THRESHOLD and not dominates(amounts.fillna(0))
