"""Stages of the customer's lifecycle: acquired, growing, mature, declining, returned, lost. Dated, exclusive, exhaustive."""

import datetime as dt
from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
import pandas as pd
from scipy.special import bdtr

from analysis.errors import UserError
from analysis.study.churn import SMALLEST_ASSETS, ChurnRule
from analysis.study.disclosed import is_tellable
from analysis.study.relations import History, relation
from analysis.wording import say

ACQUIRED, GROWING, MATURE, DECLINING, RETURNED, LOST = STAGES = (
    "acquired", "growing", "mature", "declining", "returned", "lost",
)  # fmt: skip
WITH_THE_BANK = STAGES[:-1]
STAGE_NAMES = {
    ACQUIRED: say("Acquired"), GROWING: say("Growing"), MATURE: say("Mature"), DECLINING: say("Declining"),
    RETURNED: say("Returned"), LOST: say("Lost"),
}  # fmt: skip
RELATIONS = {"new": ACQUIRED, "returned": RETURNED, "lost": LOST}
MONTHS_OF_A_YEAR = 12
CERTAIN = 0.01

Looks = Mapping[dt.date, pd.DataFrame]


@dataclass(frozen=True)
class LifecycleRule:
    """Who enters a stage: growing at a rise of assets by `growth_share` a year or more, declining at a fall by `decline_share` or
    at own transactions of 90 days down to `activity_share` of the usual or less, beyond chance. Who is in the stage stays until
    the change is less than `stay_share` of the one that lets in (hysteresis; 1: none)."""

    growth_share: float = 0.25
    decline_share: float = 0.25
    activity_share: float = 0.5
    stay_share: float = 0.5

    def __post_init__(self) -> None:
        for name in ("growth_share", "decline_share", "activity_share", "stay_share"):
            if not 0 < getattr(self, name) <= 1:
                raise UserError(f"{name} is {getattr(self, name)}; it must lie above 0 and at most at 1, such as 0.25.")


def looks(history: History, churn: ChurnRule) -> Looks:
    """Features by landmark → landmark → the group of each customer (see `relations.relation`) with its signals, earliest first."""
    made = {}
    for day in sorted(history):
        group = relation(history, day, churn)
        made[day] = signals(history[day], group).reindex(group.index).assign(relation=group)
    return made


def stage_history(looked: Looks, rule: LifecycleRule) -> pd.DataFrame:
    """What `looks` saw → the stage of each customer at each landmark but the first, which serves to look back on alone:
    customer_id × landmarks, earliest first; missing before a customer came. Of STAGES the first that applies:

    - lost, returned, acquired: as in `relations.relation` (lost; returned; new);
    - declining: see LifecycleRule, by the signals of `signals`;
    - growing: the same;
    - mature: all others, those among them whose assets tell nothing.

    Each landmark looks at those before it, never at later ones: a stage once told does not change."""
    known = sorted(set().union(*(told.index for told in looked.values())))
    before, columns = pd.Series(None, pd.Index(known, name="customer_id"), dtype=object), {}
    for day, told in looked.items():
        fixed = told["relation"].map(RELATIONS)
        stage = fixed.where(fixed.notna(), _moving(told, before.reindex(told.index), rule)).reindex(before.index)
        columns[day] = before = stage.where(stage.notna(), None)
    return pd.DataFrame(columns)[list(columns)[1:]]


def returned_are_few(stages: pd.DataFrame, before: dt.date, now: dt.date) -> bool:
    """Whether the returned of either date are too few to be told."""
    return not all(is_tellable(stages[day].eq(RETURNED).sum()) for day in (before, now))


def few_returned_as_mature(counts: pd.Series) -> pd.Series:
    """Customers by stage → the same, the returned among the mature and missing themselves where they are too few to be told."""
    if is_tellable(few := counts[RETURNED]):
        return counts
    return counts.add(pd.Series({MATURE: few}), fill_value=0).reindex(counts.index).mask(counts.index == RETURNED)


def signals(features: pd.DataFrame, group: pd.Series) -> pd.DataFrame:
    """Feature rows → by customer_id: growth (change of assets a year, of the least-squares line through up to twelve months, ÷
    their mean; missing below SMALLEST_ASSETS), activity (own transactions of 90 days ÷ those expected of the year's, the
    season of all established customers taken out) and chance (of so few or fewer, were nothing changed: binomial)."""
    held = features.set_index("customer_id")
    mean = held["assets_12m"].where(held["assets_12m"].ge(SMALLEST_ASSETS))
    table = pd.DataFrame({"growth": MONTHS_OF_A_YEAR * held["assets_slope"] / mean, "activity": np.nan, "chance": 1.0})
    if "transactions_365d" not in held:
        return table
    year, quarter = held["transactions_365d"].astype(float), held["transactions_90d"].astype(float)
    known = group.reindex(held.index).eq("established")
    usual = quarter[known].sum() / max(year[known].sum(), 1.0)
    expected = (year * usual).where(year.gt(0))
    return table.assign(activity=quarter / expected, chance=np.where(year > 0, bdtr(quarter, np.fmax(year, 1), usual), 1.0))


def _moving(told: pd.DataFrame, before: pd.Series, rule: LifecycleRule) -> np.ndarray:
    """Growing, mature or declining, given the stage at the landmark before."""
    growth, stay = told["growth"], rule.stay_share
    quieter = 1 - stay * (1 - rule.activity_share)
    falls = growth.le(-rule.decline_share) | (told["activity"].le(rule.activity_share) & told["chance"].le(CERTAIN))
    still_falls = growth.le(-stay * rule.decline_share) | (told["activity"].le(quieter) & told["chance"].le(CERTAIN))
    rises, still_rises = growth.ge(rule.growth_share), growth.ge(stay * rule.growth_share)
    declining = falls | (before.eq(DECLINING) & still_falls)
    growing = rises | (before.eq(GROWING) & still_rises)
    return np.select([declining, growing], [DECLINING, GROWING], MATURE)


def reversals(stages: pd.DataFrame) -> tuple[int, int]:
    """How many moves between growing, mature and declining are undone at the very next landmark, of how many that could be."""
    undone = moved = 0
    days = list(stages.columns)
    for first, second, third in zip(days, days[1:], days[2:], strict=False):
        trio = stages[[first, second, third]]
        inner = trio.isin([GROWING, MATURE, DECLINING]).all(axis=1)
        change = inner & trio[first].ne(trio[second])
        moved += int(change.sum())
        undone += int((change & trio[first].eq(trio[third])).sum())
    return undone, moved
