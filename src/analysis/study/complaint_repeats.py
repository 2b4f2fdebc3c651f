"""Complaints of customers who complained shortly before, and complaints that came through the regulator."""

import datetime as dt
from dataclasses import dataclass

import pandas as pd

from analysis.finding import Column, Exhibit, Finding
from analysis.stats.intervals import Estimate, difference
from analysis.study.complaint_frame import brings, is_told, share, window
from analysis.wording import Message, say

KINDS = {
    "repeat": say("Repeated"),
    "repeat_same": say("of these, of the same category"),
    "referred": say("Referred by the regulator"),
    "referred_repeat": say("of these, repeated"),
}
PART_OF = {"repeat_same": "repeat", "referred_repeat": "referred"}


@dataclass(frozen=True)
class Repeats:
    """`table`, a row each of KINDS: kind, value, low, high (share of complaints), base (empty where it tells of few), before (the
    share in the period before; empty where the data do not reach it), is_noise; `days` after which a complaint is no repeat."""

    table: pd.DataFrame
    days: int


def with_repeats(rows: pd.DataFrame, days: int) -> pd.DataFrame:
    """Described complaints with is_repeat (the customer complained in the `days` before), is_same (the last of those was about
    the same cause) and is_seen (the data reach so far back that a repeat would be known)."""
    by_customer = rows.groupby("customer_id")
    gap = rows["received_at"] - by_customer["received_at"].shift()
    is_repeat = gap <= pd.Timedelta(days=days)
    is_seen = rows["received_at"] >= rows["received_at"].min() + pd.Timedelta(days=days)
    is_same = is_repeat & rows["category"].notna() & (rows["category"] == by_customer["category"].shift())
    return rows.assign(is_repeat=is_repeat, is_same=is_same, is_seen=is_seen)


def complaint_repeats(rows: pd.DataFrame, as_of: dt.date, window_months: int, days: int) -> Repeats | None:
    """Repeats and referrals of the window; None where no complaint is far enough from the beginning of the data."""
    known = with_repeats(rows, days)
    now, before = (window(known, as_of, window_months, back) for back in (0, 1))
    if not now["is_seen"].any():
        return None
    shares, earlier = _shares(now), _shares(before) if before["is_seen"].all() and len(before) else {}
    made = []
    for kind, estimate in shares.items():
        base = estimate.base if kind not in PART_OF or is_told(shares[PART_OF[kind]]) else None
        old = earlier.get(kind, Estimate(None, None, None, 0))
        change = difference(estimate, old) if is_told(estimate) and is_told(old) else None
        is_noise = change is None or change.low <= 0 <= change.high
        made.append({"kind": kind, **estimate._asdict(), "base": base, "before": old.value, "is_noise": is_noise})
    return Repeats(pd.DataFrame(made), days) if made else None


def _shares(rows: pd.DataFrame) -> dict[str, Estimate]:
    seen = rows[rows["is_seen"]]
    repeated = seen[seen["is_repeat"]]
    found = {"repeat": share(seen["is_repeat"], seen["customer_id"])}
    if brings(rows, "category"):
        found["repeat_same"] = share(repeated["is_same"], repeated["customer_id"])
    if brings(rows, "referred_by_regulator"):
        is_referred = rows["referred_by_regulator"].fillna(False).astype(bool)
        found["referred"] = share(is_referred, rows["customer_id"])
        own = seen[is_referred[seen.index]]
        found["referred_repeat"] = share(own["is_repeat"], own["customer_id"])
    return found


def repeat_findings(found: Repeats | None) -> list[Finding]:
    """Share of repeats, and of those that came through the regulator."""
    if found is None:
        return []
    table = found.table.set_index("kind")
    texts = {
        "repeat": say(
            "**{value:share} of complaints** come from a customer who had complained within {days:count} days before (interval {low:share} to {high:share}){then}."
        ),
        "referred": say(
            "The regulator referred **{value:share} of complaints** to the bank (interval {low:share} to {high:share}){then}."
        ),
    }  # fmt: skip
    made = []
    for kind, text in texts.items():
        if kind not in table.index or pd.isna(table.loc[kind, "value"]):
            continue
        row = table.loc[kind]
        numbers = {name: float(row[name]) for name in ("value", "low", "high")}
        text = text.filled(**numbers, days=found.days, then=_then(row))
        compare = None if pd.isna(row["before"]) else float(row["before"])
        made.append(
            Finding(f"complaints.{'repeat' if kind == 'repeat' else kind}_share", text, numbers["value"], int(row["base"]), "share",
                    low=numbers["low"], high=numbers["high"], compare_to=compare, exhibit="apart", base_of="complaints")
        )  # fmt: skip
    return made


def _then(row: pd.Series) -> Message | str:
    if pd.isna(row["before"]):
        return ""
    if row["is_noise"]:
        return say("; {before:share} in the period before: no change beyond noise", before=row["before"])
    return say("; {before:share} in the period before: a change beyond noise", before=row["before"])


def apart_exhibit(found: Repeats | None) -> Exhibit:
    """Table of repeats and referrals."""
    heading = say("Repeated complaints and referrals by the regulator")
    if found is None or found.table["value"].isna().all():
        absent = say("Too few complaints are repeated or referred by the regulator, or the data begin too late to know.")
        return Exhibit("apart", heading, absent=absent)
    table = found.table.assign(label=[KINDS[kind] for kind in found.table["kind"]])
    first = table.set_index("kind").loc["repeat"]
    title = (
        heading
        if pd.isna(first["value"])
        else say("{share:share} of complaints come from a customer who complained shortly before", share=first["value"])
    )
    return Exhibit(
        name="apart",
        title=title,
        subtitle=say("Share of complaints of the last period, with 95% intervals; repeated: within {days:count} days after another of the same customer; grey: no change beyond noise", days=found.days),
        frame=table,
        columns=(
            Column("label", say("Complaints")), Column("base", say("Complaints counted"), "count"), Column("value", say("Share"), "share"),
            Column("low", say("From"), "share"), Column("high", say("To"), "share"), Column("before", say("Period before"), "share"),
        ),
    )  # fmt: skip
