"""The same change split on a model of leaving: which attributes' mix, which attributes' weight, and what is alike for all."""

from dataclasses import dataclass

import numpy as np
import pandas as pd

from analysis.stats.decomposition import cluster_interval
from analysis.stats.intervals import simultaneous
from analysis.stats.logistic import NotEstimable
from analysis.stats.oaxaca import MIX, RATE, UNEXPLAINED, ModelSplit, model_split
from analysis.study.change import DRAWS, SEED, Drawn, Periods, is_noise
from analysis.study.disclosed import told
from analysis.study.warning_model import EVENTS_PER_TERM, TERMS
from analysis.wording import Message, say

ALL = "all"
ATTRIBUTES = {
    "relation": ("tenure",),
    "assets": ("assets", "assets_falling", "assets_lately", "assets_year"),
    "activity": ("days_silent", "transactions", "slowing", "digital"),
    "products": ("products",),
    "service": ("open_complaint", "complaint", "long_wait"),
    "kind": ("corporate",),
}
PARTS = {
    "relation": say("time with the bank"),
    "assets": say("assets and their movement"),
    "activity": say("activity and channels"),
    "products": say("products held"),
    "service": say("complaints and waits"),
    "kind": say("persons and companies"),
}


@dataclass(frozen=True)
class ModelChange:
    """`table`, in the order in which it is shown: block (mix, rate, unexplained), group (a key of PARTS; `all`: the block's sum), value,
    low, high, base, is_noise (the intervals of all groups' parts and the unexplained one read at once). The sums of blocks add up to
    `split.change`. `terms`: those of the model."""

    split: ModelSplit
    table: pd.DataFrame
    terms: tuple[str, ...]


def change_by_model(periods: Periods, drawn: Drawn) -> ModelChange | Message:
    """The split on a logistic model of each period with the terms of `warning_model.design`; the reason why not, where leavers are fewer
    than EVENTS_PER_TERM a term in either period or allow no single answer."""
    rows = [periods.of(period).reset_index(drop=True) for period in (0, 1)]
    groups = {name: kept for name, terms in ATTRIBUTES.items() if (kept := [term for term in terms if _is_usable(term, rows)])}
    terms = [term for kept in groups.values() for term in kept]
    events, needed = [int(part["outcome"].sum()) for part in rows], EVENTS_PER_TERM * len(terms)
    if not terms or min(events) < needed:
        return say(
            "The model of the change has {terms:count} terms and asks for {needed:count} customers who left in each period; there were {then} and {now}.",
            terms=len(terms), needed=needed, then=told(events[0]), now=told(events[1]),
        )  # fmt: skip
    try:
        split = model_split(
            tuple(part[terms] for part in rows), tuple(part["outcome"] for part in rows), groups, drawn.codes, drawn.clusters, DRAWS, SEED
        )  # fmt: skip
    except NotEstimable:
        return say("The attributes of those who left allow no single answer, so that the change is not split on a model.")
    return ModelChange(split, _table(split, drawn, periods.customers), tuple(terms))


def _is_usable(term: str, rows: list[pd.DataFrame]) -> bool:
    """A flag needs EVENTS_PER_TERM leavers and stayers with it and without in each period, a number to vary in each."""
    if term not in TERMS or any(term not in part for part in rows):
        return False
    if any(part[term].nunique() < 2 for part in rows):
        return False
    if max(part[term].nunique() for part in rows) > 2:
        return True
    cells = [pd.crosstab(part[term], part["outcome"]) for part in rows]
    return all(cell.shape == (2, 2) and cell.to_numpy().min() >= EVENTS_PER_TERM for cell in cells)


def _table(split: ModelSplit, drawn: Drawn, base: int) -> pd.DataFrame:
    def row(block: str, group: str, within: np.ndarray) -> dict:
        value, replicates = split.parts.loc[within, "value"].sum(), split.replicates[:, within].sum(axis=1)
        found = cluster_interval(value, replicates, drawn.clusters.count, base)
        return {"block": block, "group": group, **found._asdict(), "is_noise": is_noise(found)}

    blocks, groups = (split.parts[name].to_numpy() for name in ("block", "group"))
    places = np.arange(len(blocks))
    parts = pd.DataFrame([row(*own, places == place) for place, own in enumerate(zip(blocks, groups, strict=True))])
    at_once = simultaneous(parts)
    parts["is_noise"] = (at_once["low"] <= 0) & (at_once["high"] >= 0)
    sums = {block: pd.DataFrame([row(block, ALL, blocks == block)]) for block in (MIX, RATE)}
    of = {block: parts[blocks == block] for block in (MIX, RATE, UNEXPLAINED)}
    return pd.concat([sums[MIX], of[MIX], sums[RATE], of[RATE], of[UNEXPLAINED].assign(group=ALL)], ignore_index=True)
