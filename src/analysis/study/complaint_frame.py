"""Complaints as their report counts them: those known on a day, when each was answered, and how its shares are told."""

import datetime as dt
import re
from dataclasses import dataclass

import numpy as np
import pandas as pd

from analysis.errors import UserError
from analysis.stats.intervals import Estimate, design_effect, difference, wilson
from analysis.study.disclosed import is_tellable
from analysis.study.profile_words import CATEGORIES, CHANNELS, PRODUCTS
from analysis.wording import Message, say

COMPLAINTS_NEEDED = 30
QUARTERS_OF_DAY = 4
DATES = ("escalated_at", "resolved_at", "reopened_at", "revisited_at", "extension_approved_at")
OTHERS = (
    "channel", "branch_id", "product", "category", "severity", "first_handler", "handler", "handoffs", "extended_until",
    "referred_by_regulator",
)  # fmt: skip
NOT_STATED = say("Not stated")
NO_PRODUCT = say("No product")
GRADE = say("{grade:count} of 5")
WAYS = {"category": say("Cause"), "product": say("Product"), "channel": say("Channel"), "severity": say("Severity")}
NAMES = {"category": CATEGORIES, "product": PRODUCTS, "channel": CHANNELS}


@dataclass(frozen=True)
class Process:
    """How the bank prescribes that complaints are handled, in days: a complaint that follows another of the same customer within
    `repeat_days` is a repeat; the first handler settles it within `first_contact_days`; a grave one is escalated within
    `escalate_days`; the customer is asked again within `revisit_days` of the resolution. Nobody hands on more than
    `most_handoffs` times."""

    repeat_days: int = 90
    first_contact_days: int = 15
    escalate_days: int = 3
    revisit_days: int = 7
    most_handoffs: int = 2

    def __post_init__(self) -> None:
        for name in ("repeat_days", "first_contact_days", "escalate_days", "revisit_days"):
            if not 1 <= getattr(self, name) <= 365:
                raise UserError(f"{name} is {getattr(self, name)}; it must lie between 1 and 365.")
        if self.most_handoffs < 0:
            raise UserError(f"most_handoffs is {self.most_handoffs}; it cannot be negative.")


def described(complaints: pd.DataFrame, as_of: dt.date) -> pd.DataFrame:
    """The complaints received up to `as_of`, earliest first, as known then: dates after `as_of` empty, columns the bank does not
    bring too; one that leads to no customer is a customer's of its own. `day` is that of receipt; `settled_at` the resolution unless
    the complaint was reopened after it."""
    end = pd.Timestamp(as_of) + pd.Timedelta(days=1)
    rows = complaints[complaints["received_at"] < end].sort_values(["received_at", "complaint_id"], ignore_index=True)
    subject = rows["customer_id"].where(rows["customer_id"].notna(), rows["complaint_id"])
    rows = rows.assign(customer_id=subject, **{name: None for name in OTHERS if name not in rows})
    for name in DATES:
        moment = pd.to_datetime(rows[name]) if name in rows else pd.Series(pd.NaT, rows.index, dtype="datetime64[us]")
        rows[name] = moment.where((moment < end) & (moment >= rows["received_at"]))
    rows["extended_until"] = pd.to_datetime(rows["extended_until"]).where(rows["extension_approved_at"].notna())
    is_open_again = rows["reopened_at"] > rows["resolved_at"]
    return rows.assign(day=rows["received_at"].dt.normalize(), settled_at=rows["resolved_at"].mask(is_open_again))


def window(rows: pd.DataFrame, as_of: dt.date, months: int, back: int = 0, by: str = "received_at") -> pd.DataFrame:
    """The rows whose date `by` lies in the `months` up to `as_of`, or in the period of as many months `back` periods before."""
    end = pd.Timestamp(as_of) + pd.Timedelta(days=1)
    start, end = end - pd.DateOffset(months=months * (back + 1)), end - pd.DateOffset(months=months * back)
    return rows[(rows[by] >= start) & (rows[by] < end)]


def brings(rows: pd.DataFrame, *names: str) -> bool:
    """Whether each of the columns holds something."""
    return all(rows[name].notna().any() for name in names)


def days_between(start: pd.Series, end: pd.Series) -> pd.Series:
    """Days with fractions."""
    return (end - start).dt.total_seconds() / 86400


def thinned(curve: pd.DataFrame) -> pd.DataFrame:
    """The last row of each quarter of a day (`time` in days), so that a curve of many complaints stays drawable."""
    return curve.groupby((curve["time"] * QUARTERS_OF_DAY).floordiv(1)).tail(1)


def last_moment(as_of: dt.date) -> pd.Timestamp:
    """The end of the last day observed."""
    return pd.Timestamp(as_of) + pd.Timedelta(days=1)


def labels_of(rows: pd.DataFrame, way: str) -> pd.Series:
    """What each complaint belongs to if they are divided by `way`, a code as text; empty: not stated."""
    return rows[way].map(lambda code: None if pd.isna(code) else str(code)).fillna("").astype(str)


def label(way: str, code: str) -> Message | str:
    """What a page calls the code."""
    if not code:
        return NO_PRODUCT if way == "product" else NOT_STATED
    return GRADE.filled(grade=float(code)) if way == "severity" else NAMES[way].get(code, code)


def id_of(code: str) -> str:
    """The code of a bank's own category as a part of a finding's id."""
    return re.sub(r"\W+", "_", code).strip("_") or "not_stated"


def customers_of(rows: pd.DataFrame) -> int:
    """How many customers stand behind the complaints."""
    return rows["customer_id"].nunique()


def share(is_so: pd.Series, customers: pd.Series) -> Estimate:
    """Share of complaints, Wilson's interval at complaints ÷ design effect, since one customer's complaints go together; no
    numbers where fewer customers than may be told stand behind those that are so, or behind the others."""
    is_so = is_so.to_numpy(dtype=bool)
    base = len(is_so)
    few = [not is_tellable(customers[mask].nunique()) for mask in (is_so, ~is_so)]
    if not base or any(few) or not is_tellable(customers.nunique()):
        return Estimate(None, None, None, base)
    value = is_so.mean()
    size = base / design_effect(is_so - value, customers)
    return Estimate(float(value), *wilson(value * size, size)[1:3], base)


def is_told(estimate: Estimate) -> bool:
    """Whether there is a number to tell."""
    return estimate.value is not None and not np.isnan(estimate.value)


def then_before(own: Estimate, before: Estimate) -> Message | str:
    """`; 73.7% in the period before: no change beyond noise`; nothing where that may not be told."""
    if not is_told(before):
        return ""
    change = difference(own, before)
    if change.low <= 0 <= change.high:
        return say("; {before:share} in the period before: no change beyond noise", before=before.value)
    return say("; {before:share} in the period before: a change beyond noise", before=before.value)
