"""Whether who receives a complaint also settles it: first contact, hand-offs, escalation, and asking the customer again."""

import datetime as dt
from dataclasses import dataclass

import numpy as np
import pandas as pd

from analysis.stats.intervals import Estimate
from analysis.stats.survival import cumulative_incidence, kaplan_meier, median_survival
from analysis.study.complaint_frame import COMPLAINTS_NEEDED, Process, brings, days_between, is_told, last_moment, share, window
from analysis.study.complaint_time import REOPENED_WITHIN_DAYS, with_times
from analysis.study.disclosed import hidden
from analysis.wording import say

MOST_SHOWN = 3
STEPS_DAYS = 30
HANDOFFS = {
    0: say("Never handed on"), 1: say("Handed on once"), 2: say("Handed on twice"), 3: say("Handed on three times or more"),
}  # fmt: skip


@dataclass(frozen=True)
class Course:
    """`first_contact` and `before`: share settled at first contact, in the window and the period before; `days`, within how many;
    `handoffs`: number (MOST_SHOWN and more as one), complaints, share, median, low, high (days to the resolution that lasted),
    reopened (share), a row each, rows of few customers left out; `escalated` and `revisited`: cumulative shares by days since
    receipt or resolution (time, value, low, high), None where not recorded; `resolved`: complaints resolved in the window;
    `escalation` and `revisit`: the median days of those that were."""

    first_contact: Estimate
    before: Estimate
    days: int
    handoffs: pd.DataFrame
    escalated: pd.DataFrame | None
    revisited: pd.DataFrame | None
    resolved: int
    escalation: Estimate
    revisit: Estimate


NONE = Estimate(None, None, None, 0)


def complaint_course(rows: pd.DataFrame, as_of: dt.date, window_months: int, process: Process) -> Course | None:
    """The course of the complaints of the window; None below COMPLAINTS_NEEDED."""
    now = window(rows, as_of, window_months)
    if len(now) < COMPLAINTS_NEEDED:
        return None
    contact = with_first_contact(rows, process)
    shares = [_first_contact(window(contact, as_of, window_months, back, by="judged_at")) for back in (0, 1)]
    resolved = window(rows, as_of, window_months, by="resolved_at")
    escalation, revisit = _escalations(now, as_of), _revisits(resolved, as_of)
    return Course(
        *shares, process.first_contact_days, _by_handoffs(now, as_of), _escalated(escalation), _revisited(revisit),
        len(resolved), _median_of(escalation), _median_of(revisit),
    )  # fmt: skip


def with_first_contact(rows: pd.DataFrame, process: Process) -> pd.DataFrame:
    """Described complaints with is_first_contact (resolved within `first_contact_days` by who received it, without a hand-off,
    and not reopened within REOPENED_WITHIN_DAYS) and judged_at, when all of that can be known; NaT where hand-offs are not."""
    took = rows["resolved_at"] - rows["received_at"]
    back = rows["reopened_at"] - rows["resolved_at"]
    is_prompt = took <= pd.Timedelta(days=process.first_contact_days)
    is_back = back.notna() & (back <= pd.Timedelta(days=REOPENED_WITHIN_DAYS))
    handoffs = pd.to_numeric(rows["handoffs"])
    is_other = (rows["first_handler"] != rows["handler"]) & rows["first_handler"].notna() & rows["handler"].notna()
    judged = rows["received_at"] + pd.Timedelta(days=process.first_contact_days + REOPENED_WITHIN_DAYS)
    return rows.assign(
        is_first_contact=is_prompt & handoffs.eq(0) & ~is_other & ~is_back, judged_at=judged.where(handoffs.notna())
    )


def _first_contact(rows: pd.DataFrame) -> Estimate:
    return share(rows["is_first_contact"], rows["customer_id"])


def _by_handoffs(now: pd.DataFrame, as_of: dt.date) -> pd.DataFrame:
    number = pd.to_numeric(now["handoffs"]).clip(upper=MOST_SHOWN)
    behind = now.groupby(number)["customer_id"].nunique()
    known = with_times(now, as_of)
    return pd.DataFrame(_handoff_row(known, number, int(count), as_of) for count in behind.index[~hidden(behind.to_numpy())])


def _handoff_row(known: pd.DataFrame, number: pd.Series, count: int, as_of: dt.date) -> dict:
    own = known[number == count]
    median = median_survival(kaplan_meier(own["settled_days"], own["is_settled"]))
    seen = own[own["resolved_at"] + pd.Timedelta(days=REOPENED_WITHIN_DAYS) <= last_moment(as_of)]
    back = seen["reopened_at"] - seen["resolved_at"] <= pd.Timedelta(days=REOPENED_WITHIN_DAYS)
    return {
        "number": count, "complaints": len(own), "share": len(own) / number.notna().sum(), "median": median.value, "low": median.low,
        "high": median.high, "reopened": share(back, seen["customer_id"]).value,
    }  # fmt: skip


def _escalations(now: pd.DataFrame, as_of: dt.date) -> pd.DataFrame | None:
    """time (days since receipt) and kind: 1 escalated, 2 resolved before that, 0 neither until `as_of`; None where not
    recorded."""
    if not brings(now, "escalated_at"):
        return None
    is_first = now["escalated_at"].notna() & ~(now["resolved_at"] < now["escalated_at"])
    kind = np.select([is_first, now["resolved_at"].notna()], [1, 2], 0)
    until = now["escalated_at"].where(is_first, now["resolved_at"]).fillna(last_moment(as_of))
    return pd.DataFrame({"time": days_between(now["received_at"], until), "kind": kind, "customer_id": now["customer_id"]})


def _revisits(resolved: pd.DataFrame, as_of: dt.date) -> pd.DataFrame | None:
    """time (days since the resolution) and kind: 1 asked again, 0 not until `as_of`; an earlier asking is none."""
    if not brings(resolved, "revisited_at"):
        return None
    asked = resolved["revisited_at"].where(resolved["revisited_at"] >= resolved["resolved_at"])
    time = days_between(resolved["resolved_at"], asked.fillna(last_moment(as_of)))
    return pd.DataFrame({"time": time, "kind": asked.notna().astype(int), "customer_id": resolved["customer_id"]})


def _enough(steps: pd.DataFrame | None) -> bool:
    return steps is not None and is_told(share(steps["kind"] == 1, steps["customer_id"]))


def _escalated(steps: pd.DataFrame | None) -> pd.DataFrame | None:
    return cumulative_incidence(steps["time"], steps["kind"]) if _enough(steps) else None


def _revisited(steps: pd.DataFrame | None) -> pd.DataFrame | None:
    if not _enough(steps):
        return None
    curve = kaplan_meier(steps["time"], steps["kind"] == 1)
    columns = {"value": 1 - curve["survival"], "low": 1 - curve["high"], "high": 1 - curve["low"]}
    return curve[["time"]].assign(**columns)


def _median_of(steps: pd.DataFrame | None) -> Estimate:
    """Median days of those to whom it happened."""
    if not _enough(steps):
        return NONE
    happened = steps.loc[steps["kind"] == 1, "time"]
    if happened.empty:
        return NONE
    return median_survival(kaplan_meier(happened, np.ones(len(happened), dtype=bool)))


def value_at(curve: pd.DataFrame | None, days: float) -> Estimate:
    """The cumulative share reached by the day; the base is left at 0."""
    reached = curve[curve["time"] <= days] if curve is not None else pd.DataFrame()
    if reached.empty or pd.isna(reached["low"].iloc[-1]):
        return NONE
    return Estimate(*(float(reached[name].iloc[-1]) for name in ("value", "low", "high")), 0)
