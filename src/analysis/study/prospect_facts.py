"""What is known of a prospect at first sight, whether and when it became a customer, and what it then brought."""

import datetime as dt

import numpy as np
import pandas as pd

from analysis.stats.intervals import difference_of_shares, simultaneous
from analysis.wording import Message, say

DAYS_PER_MONTH = 30.4375
VALUE_MONTHS = 12
YOUNG_BELOW, OLDER_FROM = 35, 55
UNKNOWN = "unknown"
FACTORS: dict[str, Message] = {
    "source": say("Source"), "kind": say("Kind and age"), "industry": say("Industry"), "city": say("City"),
}  # fmt: skip
KINDS = {
    "young": say("Person under {age:count}", age=YOUNG_BELOW),
    "middle": say("Person from {age:count} to {to:count}", age=YOUNG_BELOW, to=OLDER_FROM - 1),
    "older": say("Person of {age:count} or more", age=OLDER_FROM),
    "company": say("Company"),
}
GAINS, CHARGES = ("ftp_interest", "fees"), ("expected_loss", "cost", "capital_charge")


def prospect_facts(prospects: pd.DataFrame, as_of: dt.date) -> pd.DataFrame:
    """Canonical prospects → one row a prospect first seen since conversions are recorded: prospect_id, seen (first day), days
    (from then to conversion; NaN: not converted by `as_of`), customer_id (once converted), and the FACTORS: source, kind (KINDS),
    industry, city, each "unknown" where it is not recorded. Nothing else of a prospect can enter a model.

    Before the first recorded conversion nobody is known to have converted, so that prospects first seen earlier are left out."""
    seen, converted = pd.to_datetime(prospects["first_seen_date"]), pd.to_datetime(prospects["converted_date"])
    converted = converted.where((converted <= pd.Timestamp(as_of)) & (converted >= seen))
    born, industry = prospects["birth_year"].astype("Float64").astype(float), prospects["industry"]
    age = seen.dt.year - born
    bands = [age.lt(YOUNG_BELOW), age.lt(OLDER_FROM), age.ge(OLDER_FROM), industry.notna()]
    facts = pd.DataFrame(
        {
            "prospect_id": prospects["prospect_id"],
            "seen": seen,
            "days": (converted - seen).dt.days.astype(float),
            "customer_id": prospects["converted_customer_id"].where(converted.notna()),
            "source": prospects["source"].fillna(UNKNOWN),
            "kind": np.select(bands, list(KINDS), UNKNOWN),
            "industry": industry.where(born.isna()).fillna(UNKNOWN),
            "city": prospects["city"].fillna(UNKNOWN),
        }
    )
    return facts[seen.between(converted.min(), pd.Timestamp(as_of))].reset_index(drop=True)


def is_mature(facts: pd.DataFrame, day: dt.date, horizon_months: int) -> pd.Series:
    """Whether a prospect's horizon has ended by `day`."""
    return facts["seen"] + pd.Timedelta(days=horizon_months * DAYS_PER_MONTH) <= pd.Timestamp(day)


def is_converted(facts: pd.DataFrame, horizon_months: int) -> pd.Series:
    """Whether a prospect became a customer within its horizon."""
    return facts["days"].lt(horizon_months * DAYS_PER_MONTH)


def filled_in_later(facts: pd.DataFrame, horizon_months: int) -> list[str]:
    """FACTORS that are recorded more or less often of those who converted than of the others, beyond noise: they were not
    known at first sight, but written down when the account was opened, and tell the outcome."""
    converted = is_converted(facts, horizon_months)
    rows = {}
    for name in (name for name in FACTORS if name != "industry" and facts[name].eq(UNKNOWN).any()):
        missing = facts[name].eq(UNKNOWN)
        counts = (missing[converted].sum(), converted.sum(), missing[~converted].sum(), (~converted).sum())
        rows[name] = difference_of_shares(*map(int, counts))
    if not rows:
        return []
    table = simultaneous(pd.DataFrame(rows, index=["value", "low", "high", "base"]).T.astype(float))
    return list(table.index[(table["low"] > 0) | (table["high"] < 0)])


def usable_factors(facts: pd.DataFrame, left_out: list[str]) -> list[str]:
    """FACTORS that are recorded of somebody and not `left_out`; industries only beside companies."""
    used = [name for name in FACTORS if name not in left_out and not facts[name].eq(UNKNOWN).all()]
    return [name for name in used if name != "industry" or "kind" in used]


def monthly_contribution(contributions: pd.DataFrame) -> pd.DataFrame:
    """Canonical contributions → customer_id, month (Timestamp), contribution (currency): interest after funds transfer pricing
    and fees, less expected loss, cost and the charge for capital."""
    gained = sum(contributions[name].fillna(0) for name in GAINS if name in contributions)
    charged = sum(contributions[name].fillna(0) for name in CHARGES if name in contributions)
    month = pd.to_datetime(contributions["month"])
    return pd.DataFrame({"customer_id": contributions["customer_id"], "month": month, "contribution": gained - charged})


def first_year(facts: pd.DataFrame, monthly: pd.DataFrame, day: dt.date) -> pd.DataFrame:
    """What converted prospects brought in their first VALUE_MONTHS months (the month of opening is the first), as booked by
    `day`; indexed as `facts`: contribution (currency; 0 where nothing is booked), months (seen by then, 0 to VALUE_MONTHS)."""
    opened = facts["seen"] + pd.to_timedelta(facts["days"], unit="D")
    known = facts.assign(row=facts.index, first=_number(opened))[opened <= pd.Timestamp(day)]
    booked = monthly[monthly["month"] <= pd.Timestamp(day)].merge(known[["customer_id", "row", "first"]], on="customer_id")
    inside = (_number(booked["month"]) - booked["first"]).between(0, VALUE_MONTHS - 1)
    total = booked[inside].groupby("row")["contribution"].sum()
    whole = pd.Timestamp(day) + pd.Timedelta(days=1)
    months = (whole.year * 12 + whole.month - known["first"]).clip(0, VALUE_MONTHS)
    months = months.where(known["first"] >= _number(monthly["month"]).min(), 0)
    table = pd.DataFrame({"contribution": total, "months": months}).reindex(facts.index).fillna(0.0)
    return table.where(table["months"] > 0, 0.0)


def _number(days: pd.Series) -> pd.Series:
    return days.dt.year * 12 + days.dt.month
