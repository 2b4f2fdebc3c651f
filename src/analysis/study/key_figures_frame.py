"""What the key figures are counted from: features at month ends, tiers, answers and complaints of their customers."""

import datetime as dt
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import NamedTuple, Protocol

import pandas as pd

from analysis.calendar import landmark_grid
from analysis.stats.intervals import Estimate
from analysis.study.churn import ChurnRule, unseen
from analysis.study.complaint_frame import described
from analysis.study.complaint_limits import Limit, with_due_days
from analysis.study.tiers import tier_of
from analysis.wording import Message

ALL, NOT_A_CUSTOMER = "all", "not_known"


class MonthEnds(Protocol):
    """Month ends, latest first → features of the customers known then (see `bank.month_ends.MonthEnds`)."""

    days: Sequence[dt.date]
    people: pd.DataFrame
    first: dt.date
    begins: Mapping[str, dt.date]
    basis: str | None

    def __getitem__(self, day: dt.date) -> pd.DataFrame: ...

    def __contains__(self, day: object) -> bool: ...


@dataclass(frozen=True)
class Rules:
    """The parameters of the figures: the rule of churn; the months whose answers and whose complaints count at a month end."""

    churn: ChurnRule
    window_months: int = 12
    complaint_months: int = 1


class Month(NamedTuple):
    """A figure at a month end: `by` stratum its numerator and denominator; the estimate of all."""

    by: pd.DataFrame
    estimate: Estimate


@dataclass(frozen=True)
class Brought:
    """What the figures are counted from: month ends, the bank's edges of tiers; answers and complaints up to the last day, each with the
    place of its customer in `ends.people` (None: the bank brings none); the bank's limits; rules of churn that the data cannot tell."""

    ends: MonthEnds
    tiers: Mapping[str, float]
    rules: Rules
    surveys: pd.DataFrame | None
    complaints: pd.DataFrame | None
    limits: Sequence[Limit] = ()
    unseen: Mapping[str, Message] = field(default_factory=dict)


@dataclass(frozen=True)
class At:
    """A month end: its features, its customers' tiers, by place."""

    day: dt.date
    now: pd.DataFrame
    strata: pd.Series
    brought: Brought


def brought_together(
    ends: MonthEnds, tiers: Mapping[str, float], rules: Rules, surveys: pd.DataFrame | None, complaints: pd.DataFrame | None,
    limits: Sequence[Limit],
) -> Brought:  # fmt: skip
    """`surveys` and `complaints` are the canonical tables."""
    place = pd.Index(ends.people["customer_id"])
    answers = None if surveys is None else surveys.assign(place=place.get_indexer(surveys["customer_id"]))
    due = None
    if complaints is not None:
        due = with_due_days(described(complaints, max(ends.days)), limits).dropna(subset=["limit"])
        due = due.assign(place=place.get_indexer(due["customer_id"]))
    return Brought(ends, tiers, rules, answers, due, tuple(limits), _unseen(ends, rules.churn))


def with_rules(brought: Brought, rules: Rules) -> Brought:
    """The same data by other parameters."""
    return replace(brought, rules=rules, unseen=_unseen(brought.ends, rules.churn))


def _unseen(ends: MonthEnds, rule: ChurnRule) -> dict[str, Message]:
    """As the report on churn has it, from the same landmarks."""
    if not len(ends.people):
        return {}
    names = ("closed_date", "recency_days", "assets_3m")
    days = [day for day in landmark_grid(max(ends.days), ends.first) if day in ends]
    return unseen({day: ends[day].filter(names) for day in days}, rule)


def strata(features: pd.DataFrame, tiers: Mapping[str, float]) -> pd.Series:
    """The tier of each customer; ALL where the bank states no edges or brings no balances."""
    if not tiers or "assets_3m" not in features:
        return pd.Series(ALL, features.index)
    return tier_of(features["assets_3m"], tiers).astype(str)


def tier_of_rows(at: At, rows: pd.DataFrame) -> pd.Series:
    """The tier then of the customer of each answer or complaint."""
    tier = at.strata.reindex(rows["place"]).fillna(NOT_A_CUSTOMER)
    return pd.Series(tier.to_numpy(), rows.index)
