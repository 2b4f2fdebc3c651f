"""What each key figure counts at a month end, by tier: customers, balances, leavers, answers, complaints, as known then."""

import datetime as dt
from collections.abc import Callable
from typing import NamedTuple

import numpy as np
import pandas as pd

from analysis.calendar import LOOKBACK_MONTHS, months_before
from analysis.stats.dominance import is_sensitive
from analysis.stats.intervals import Estimate, wilson
from analysis.study.churn import CUSTOMERS_NEEDED, MAIN_RULE, PARTS, outcomes
from analysis.study.complaint_frame import COMPLAINTS_NEEDED, is_told, share, window
from analysis.study.complaint_limits import is_over
from analysis.study.disclosed import is_tellable, told
from analysis.study.key_figures_frame import At, Brought, Month, strata, tier_of_rows
from analysis.study.satisfaction_measures import PROMOTERS
from analysis.study.survey import ANSWERS_NEEDED, is_dated, last_answers
from analysis.study.tiers import ACTIVE_DAYS, is_active, open_customers
from analysis.wording import Message, say

NO_CUSTOMERS, NO_BALANCES = say("The bank brings no customers."), say("The bank brings no balances.")
TOO_EARLY = say("The data begin too late for this month.")
FEW = {
    "customers": say("Customers at the month's end: {n}; needed: {needed:count}."),
    "at_risk": say("Customers at risk of leaving: {n}; needed: {needed:count}."),
    "answers": say("Customers who answered: {n}; needed: {needed:count}."),
    "complaints": say("Complaints whose limit ended: {n}; needed: {needed:count}."),
}
FEW_EVENTS = say("Too few customers to tell.")
DOMINATED = say("A few customers make up most of the amount, so that it would tell what they hold.")


class Leavers(NamedTuple):
    """Those at risk at the horizon's beginning: `outcome` (see `churn.outcomes`), their tier then, and what they have lost since."""

    outcome: pd.DataFrame
    strata: pd.Series
    lost: pd.Series | None


def at_month_end(brought: Brought, day: dt.date) -> At:
    """The month end that ends on `day`."""
    now = brought.ends[day]
    return At(day, now, strata(now, brought.tiers), brought)


def counted(at: At, leavers: Leavers | Message) -> dict[str, Month | Message]:
    """Each figure at a month end, or why it cannot be told."""
    return {name: _refused(count(at, leavers)) for name, count in COUNTS.items()}


def leavers_of(at: At) -> Leavers | Message:
    """Who left in the horizon that ends with the month, or why that cannot be told."""
    ends, rule = at.brought.ends, at.brought.rules.churn
    opened = rule.before(at.day)
    if not len(ends.people):
        return NO_CUSTOMERS
    if set(at.brought.unseen) >= set(PARTS):
        return say("The bank's data cannot tell who left.")
    if opened not in ends or months_before(opened, LOOKBACK_MONTHS) < months_before(ends.first, 1):
        return TOO_EARLY
    before = ends[opened]
    outcome = outcomes(_by_place(before), _by_place(at.now), rule).set_index("customer_id")
    before = before.loc[outcome.index]
    lost = assets_gone(outcome, before, at.now) if "assets_3m" in before else None
    return Leavers(outcome, strata(before, at.brought.tiers), lost)


def _by_place(features: pd.DataFrame) -> pd.DataFrame:
    """The customer's place in place of its number: whole numbers are found faster."""
    return features.assign(customer_id=features.index)


def assets_gone(outcome: pd.DataFrame, before: pd.DataFrame, after: pd.DataFrame) -> pd.Series:
    """Of each customer who left (outcome by any rule): assets_3m at the landmark less assets_3m at the horizon's end, nothing where it
    holds more than then; the closed have nothing left. Indexes are the customers'."""
    left = outcome.index[outcome[MAIN_RULE]]
    later = after.reindex(left)
    still = later["assets_3m"].fillna(0).mask(later["closed_date"].notna(), 0.0)
    return (before.loc[left, "assets_3m"] - still).clip(lower=0)


def _active(at: At, leavers: Leavers | Message) -> Month | Message:
    begin = at.brought.ends.begins.get("transactions")
    if not len(at.now):
        return NO_CUSTOMERS
    if "recency_days" not in at.now or begin is None:
        return say("The bank brings no transactions.")
    if begin > at.day - dt.timedelta(days=ACTIVE_DAYS - 1):
        return TOO_EARLY
    known = open_customers(at.now)
    active = is_active(known)
    if len(known) < CUSTOMERS_NEEDED or not is_tellable(active.sum()) or not is_tellable((~active).sum()):
        return _few("customers", len(known), CUSTOMERS_NEEDED) if len(known) < CUSTOMERS_NEEDED else FEW_EVENTS
    return _month(at.strata.loc[known.index], active, Estimate(int(active.sum()), None, None, len(known)))


def _aum(at: At, leavers: Leavers | Message) -> Month | Message:
    if not len(at.now):
        return NO_CUSTOMERS
    if "assets" not in at.now:
        return NO_BALANCES
    known = open_customers(at.now)
    assets = known["assets"]
    if assets.notna().sum() < CUSTOMERS_NEEDED:
        return _few("customers", int(assets.notna().sum()), CUSTOMERS_NEEDED)
    assets = assets.fillna(0)
    if is_sensitive(assets):
        return DOMINATED
    return _month(at.strata.loc[known.index], assets, Estimate(float(assets.sum()), None, None, len(known)))


def _churn(at: At, leavers: Leavers | Message) -> Month | Message:
    if isinstance(leavers, Message):
        return leavers
    left = leavers.outcome[MAIN_RULE]
    if len(left) < CUSTOMERS_NEEDED:
        return _few("at_risk", len(left), CUSTOMERS_NEEDED)
    if not is_tellable(left.sum()) or not is_tellable((~left).sum()):
        return FEW_EVENTS
    return _month(leavers.strata, left, wilson(int(left.sum()), len(left)))


def _lost(at: At, leavers: Leavers | Message) -> Month | Message:
    rate = _churn(at, leavers)
    if isinstance(rate, Message):
        return rate
    if leavers.lost is None:
        return NO_BALANCES
    if is_sensitive(leavers.lost):
        return DOMINATED
    lost = leavers.lost.reindex(leavers.outcome.index).fillna(0.0)
    return _month(leavers.strata, lost, Estimate(float(lost.sum()), None, None, len(lost)))


def _nps(at: At, leavers: Leavers | Message) -> Month | Message:
    return nps_of(at, at.brought.rules.window_months)


def nps_of(at: At, months: int) -> Month | Message:
    """The net promoter score of each customer's last answer of the `months`, as `satisfaction` counts it."""
    surveys = at.brought.surveys
    if surveys is None:
        return say("The bank brings no survey.")
    if not PROMOTERS.answers(surveys).notna().any():
        return say("The survey does not ask whether customers would recommend the bank.")
    if not is_dated(surveys):
        is_last = at.day == max(at.brought.ends.days)
        return _score(at, last_answers(surveys)) if is_last else say("The survey's answers bear no dates.")
    day = pd.to_datetime(surveys["answered_date"])
    end = pd.Timestamp(at.day) + pd.Timedelta(days=1)
    start = end - pd.DateOffset(months=months)
    if at.day != max(at.brought.ends.days) and day.min() >= start + pd.DateOffset(months=1):
        return TOO_EARLY
    return _score(at, last_answers(surveys[(day >= start) & (day < end)]))


def _score(at: At, rows: pd.DataFrame) -> Month | Message:
    values = PROMOTERS.values(rows).dropna()
    if len(values) < ANSWERS_NEEDED:
        return _few("answers", len(values), ANSWERS_NEEDED)
    return _month(tier_of_rows(at, rows.loc[values.index]), values, PROMOTERS.estimate(rows))


def _in_time(at: At, leavers: Leavers | Message) -> Month | Message:
    rows, months = at.brought.complaints, at.brought.rules.complaint_months
    if rows is None:
        return say("The bank brings no complaints.")
    if not at.brought.limits:
        return say("The bank states no limit for resolving complaints.")
    start = pd.Timestamp(at.day) + pd.Timedelta(days=1) - pd.DateOffset(months=months)
    own = window(rows, at.day, months, by="due")
    if len(own) and start < rows["day"].min() + pd.Timedelta(days=max(limit.days[-1] for limit in at.brought.limits)):
        return TOO_EARLY
    if len(own) < COMPLAINTS_NEEDED:
        return _few("complaints", len(own), COMPLAINTS_NEEDED)
    in_time = ~is_over(own, own["due"])
    estimate = share(in_time, own["customer_id"])
    return _month(tier_of_rows(at, own), in_time, estimate) if is_told(estimate) else FEW_EVENTS


def _few(what: str, count: int, needed: int) -> Message:
    return FEW[what].filled(n=told(count), needed=needed)


def _month(stratum: pd.Series, numerator: pd.Series, estimate: Estimate) -> Month:
    rows = pd.DataFrame({"stratum": stratum.to_numpy(), "numerator": np.asarray(numerator, dtype=float), "denominator": 1})
    return Month(rows.groupby("stratum").sum(), estimate)


def _refused(made: Month | Message) -> Month | Message:
    return made if isinstance(made, Message) or np.isfinite(made.by.to_numpy(dtype=float)).all() else FEW_EVENTS


COUNTS: dict[str, Callable[[At, Leavers | Message], Month | Message]] = {
    "active_customers": _active, "average_aum": _aum, "churn_rate": _churn, "assets_lost": _lost, "nps": _nps,
    "resolved_in_time": _in_time,
}  # fmt: skip
