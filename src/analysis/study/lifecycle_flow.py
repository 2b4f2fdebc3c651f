"""Who moved from stage to stage over a year."""

import datetime as dt

import numpy as np
import pandas as pd

from analysis.finding import Exhibit
from analysis.study.disclosed import hidden_cells, is_tellable
from analysis.study.lifecycle_stages import LOST, MATURE, RETURNED, STAGE_NAMES, STAGES
from analysis.wording import Message, say

UNKNOWN, JOINED = "unknown", "mature or lost"
FLOW_NAMES = {**STAGE_NAMES, MATURE: say("Mature or returned"), UNKNOWN: say("Not yet a customer")}


def flow_exhibit(stages: pd.DataFrame, before: dt.date, now: dt.date) -> Exhibit:
    """Who was in which stage then and is in which now; the few returned are counted with the mature, lest their moves give others
    away; movements of few customers, and others that tell them, left out, or as one where they are the mature and the lost."""
    known = stages.loc[stages[now].notna(), [before, now]].replace({RETURNED: MATURE})
    left = known[before].where(known[before].notna(), UNKNOWN)
    counts = pd.crosstab(left, known[now])
    counts = counts.reindex(
        index=[name for name in (*STAGES, UNKNOWN) if name in counts.index],
        columns=[name for name in STAGES if name != RETURNED],
        fill_value=0,
    )
    secret = hidden_cells(counts, _telling(stages, counts, before, now))
    shown = _bands(counts, secret)
    if shown.empty:
        return Exhibit("flow", say("Who moved from stage to stage"), absent=say("Every movement is one of few customers."))
    return Exhibit(
        name="flow",
        title=_flow_title(counts, secret, before),
        subtitle=say(
            "All who are, or ever were, customers on {now:date}, by stage on both days; grey: the same stage; blue: another. Movements that would give few customers away stand together, or are left out",
            now=now,
        ),
        frame=shown,
        options={"left_label": say("{day:date}", day=before), "right_label": say("{day:date}", day=now)},
    )  # fmt: skip


def _flow_title(counts: pd.DataFrame, secret: np.ndarray, before: dt.date) -> Message:
    told = counts.where(~secret)
    if MATURE in told.index and pd.notna(told.loc[MATURE, MATURE]) and counts.loc[MATURE].sum() > 0:
        return say(
            "{share:share} of the mature or returned customers of {before:date} are so today",
            share=told.loc[MATURE, MATURE] / counts.loc[MATURE].sum(), before=before,
        )  # fmt: skip
    return say("Who stayed in the stage of {before:date}, and who moved", before=before)


def _telling(stages: pd.DataFrame, counts: pd.DataFrame, before: dt.date, now: dt.date) -> np.ndarray:
    """The row of the lost, where those of them who returned, taken from all returned of today, would leave few."""
    returned = stages[now].eq(RETURNED)
    others = returned.sum() - (returned & stages[before].eq(LOST)).sum()
    return np.array(counts.gt(0)) & (counts.index == LOST)[:, None] & (not is_tellable(others))


def _bands(counts: pd.DataFrame, secret: np.ndarray) -> pd.DataFrame:
    """left, right, value: the cells that may be shown; as one, where they are all of a row that may not, the mature and the lost."""
    cells = counts.where(~secret, 0).stack()
    shown = cells[cells > 0].rename_axis(["left", "right"]).rename("value").reset_index()
    names = {**FLOW_NAMES, JOINED: say("Mature, returned or lost")}
    for (left, row), out in zip(counts.iterrows(), secret, strict=True):
        own = row[out & (row > 0)]
        if set(own.index) == {MATURE, LOST} and is_tellable(own.sum()):
            shown.loc[len(shown)] = [left, JOINED, own.sum()]
    return shown.assign(left=shown["left"].map(names), right=shown["right"].map(names))
