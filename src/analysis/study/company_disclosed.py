"""What of few companies is not told: counts below the threshold, and amounts of few or of two that hold almost all."""

import numpy as np
import pandas as pd

from analysis.finding import DISCLOSURE_THRESHOLD
from analysis.stats.disclosure import dominates
from analysis.study.disclosed import hidden, is_tellable


def hidden_cells(counts: pd.DataFrame) -> pd.DataFrame:
    """Which cells of a table of counts may not be shown, its sums by row and by column being known."""
    out = pd.DataFrame(hidden(counts.to_numpy().ravel()).reshape(counts.shape), counts.index, counts.columns)
    while True:
        before = out.copy()
        for row in counts.index:
            out.loc[row] = hidden(counts.loc[row], before.loc[row].to_numpy())
        for column in counts.columns:
            out[column] = hidden(counts[column], out[column].to_numpy())
        if out.equals(before):
            return out


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


def told_base(known: int, whole: int) -> int | None:
    """How many companies a number rests on, where that does not tell how few of the `whole` are left out."""
    return known if is_tellable(whole - known) else None


def may_tell_sum(amounts: pd.Series) -> bool:
    """Whether a sum over companies may be told by itself: held by the threshold or more, by two of them not almost all."""
    return int((amounts.fillna(0) != 0).sum()) >= DISCLOSURE_THRESHOLD and not dominates(amounts.fillna(0))
