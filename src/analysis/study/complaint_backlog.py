"""How many complaints were open at the ends of months, how long they had been, and what came in and went out."""

import datetime as dt
from dataclasses import dataclass

import numpy as np
import pandas as pd

from analysis.calendar import months_before
from analysis.finding import Column, Exhibit, Finding
from analysis.study.complaint_frame import customers_of, last_moment
from analysis.study.disclosed import hidden, is_tellable
from analysis.wording import Message, say

MONTHS_BACK = 12
EDGES = (15, 30, 60)
BANDS = {
    "to_15": say("0 to 15"), "to_30": say("16 to 30"), "to_60": say("31 to 60"), "over_60": say("over 60"),
}  # fmt: skip


@dataclass(frozen=True)
class Backlog:
    """`table`, a row each end of a month, earliest first: day, open (complaints), BANDS (of these, by whole days since receipt),
    received and left (resolved less reopened) since the end before; each empty where few stand behind; `over_60`, what the last band
    holds now and at the first of these ends (None: not told); `customers` behind the open ones."""

    table: pd.DataFrame
    over_60: tuple[int | None, int | None]
    customers: int


def open_at(rows: pd.DataFrame, day: dt.date) -> pd.DataFrame:
    """The described complaints that were open at the end of the day, with `age` in whole days: received, and not resolved, or
    reopened after the resolution. One that was resolved again after a reopening counts as open until then, since its first
    resolution is not recorded."""
    end = last_moment(day)
    is_resolved = (rows["resolved_at"] < end) & ~((rows["reopened_at"] < end) & (rows["reopened_at"] > rows["resolved_at"]))
    known = rows[(rows["received_at"] < end) & ~is_resolved]
    return known.assign(age=(pd.Timestamp(day) - known["day"]).dt.days)


def complaint_backlog(rows: pd.DataFrame, as_of: dt.date) -> Backlog | None:
    """The backlog at `as_of` and at the ends of the MONTHS_BACK months before, without those in the first 60 days of the data, which
    cannot know of older complaints; None without complaints."""
    days = sorted({months_before(as_of, back) for back in range(MONTHS_BACK + 1)})
    if rows.empty:
        return None
    begun = rows["received_at"].min() + pd.Timedelta(days=EDGES[-1])
    days = [day for day in days if day == as_of or pd.Timestamp(day) >= begun]
    states = [open_at(rows, day) for day in days]
    counts = np.array([_by_band(state, "complaint_id") for state in states])
    behind = np.array([_by_band(state, "customer_id") for state in states])
    shown = np.where([hidden(row) for row in behind], np.nan, counts)
    still_open = [len(state) if is_tellable(customers_of(state)) else np.nan for state in states]
    table = pd.DataFrame(shown, columns=list(BANDS)).assign(day=days, open=still_open)
    received = _received(rows, days)
    left = received - table["open"].diff()
    is_told = left.abs().map(is_tellable) | left.isna()
    table = table.assign(received=received.where(is_told), left=left.where(is_told))
    last = [None if np.isnan(shown[place, -1]) else int(shown[place, -1]) for place in (-1, 0)]
    return Backlog(table, (last[0], last[1]), customers_of(states[-1]))


def _by_band(state: pd.DataFrame, of: str) -> list[int]:
    band = np.searchsorted(EDGES, state["age"].to_numpy(), side="left")
    return [state.loc[band == place, of].nunique() for place in range(len(BANDS))]


def _received(rows: pd.DataFrame, days: list[dt.date]) -> pd.Series:
    """How many came in between the end of each day and the one before it; empty for the first, and where few customers complained."""
    place = np.searchsorted([last_moment(day) for day in days], rows["received_at"], side="right")
    by_place = rows.groupby(place)["customer_id"].agg(["size", "nunique"]).reindex(range(len(days)), fill_value=0)
    return by_place["size"].astype(float).where(by_place["nunique"].map(is_tellable) & (by_place.index > 0))


def backlog_findings(found: Backlog | None) -> list[Finding]:
    """How many are open, and how many of them for more than 60 days, against twelve months before."""
    if found is None or not is_tellable(found.customers):
        return []
    now, first = found.table.iloc[-1], found.table.iloc[0]
    is_compared = len(found.table) > MONTHS_BACK and not np.isnan(first["open"])
    text = say(
        "**{value:count} complaints** are open at {day:date}{then}.",
        value=int(now["open"]), day=now["day"],
        then=say("; {before:count} were twelve months before", before=int(first["open"])) if is_compared else "",
    )  # fmt: skip
    compare = float(first["open"]) if is_compared else None
    base = int(now["open"])
    made = [Finding("complaints.backlog", text, base, base, "count", compare_to=compare, exhibit="backlog", base_of="complaints")]
    over, before = found.over_60
    if over is None or not base:
        return made
    is_compared = is_compared and before is not None
    text = say(
        "**{value:count}** of the open complaints have been so for more than 60 days{then}.",
        value=over, then=say("; {before:count} had twelve months before", before=before) if is_compared else "",
    )  # fmt: skip
    return [
        *made,
        Finding("complaints.backlog_over_60", text, over, base, "count", compare_to=before if is_compared else None, exhibit="backlog", base_of="complaints"),
    ]  # fmt: skip


def backlog_exhibit(found: Backlog | None) -> Exhibit:
    """Table of the months' ends."""
    if found is None or not is_tellable(found.customers) or found.table["open"].max() == 0:
        absent = say("No complaint is open, or too few are to be shown.")
        return Exhibit("backlog", say("Open complaints"), absent=absent)
    frame = found.table.assign(label=[say("{month:month}", month=day) for day in found.table["day"]]).iloc[::-1]
    return Exhibit(
        name="backlog",
        title=_title(found),
        subtitle=say("Open complaints at the ends of months by days since receipt, and what came in and went out in the month; reopened ones are open again"),
        frame=frame,
        columns=(
            Column("label", say("End of")), Column("open", say("Still open"), "count"), *(Column(name, words, "count", say("days")) for name, words in BANDS.items()),
            Column("received", say("Came in"), "count"), Column("left", say("Resolved, less reopened"), "count"),
        ),
    )  # fmt: skip


def _title(found: Backlog) -> Message:
    now, first = int(found.table["open"].iloc[-1]), found.table["open"].iloc[0]
    if len(found.table) <= MONTHS_BACK or np.isnan(first):
        return say("{now:count} complaints are open", now=now)
    first = int(first)
    if now > first:
        return say("The backlog grew in twelve months from {first:count} to {now:count} open complaints", first=first, now=now)
    if now < first:
        return say("The backlog shrank in twelve months from {first:count} to {now:count} open complaints", first=first, now=now)
    return say("The backlog stands where it stood twelve months ago: {now:count} open complaints", now=now)
