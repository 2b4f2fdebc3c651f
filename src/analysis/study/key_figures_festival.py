"""January and February taken together, since the Spring Festival lies in either, against the same months of the year before."""

import datetime as dt
from collections.abc import Mapping
from dataclasses import replace

import pandas as pd

from analysis.calendar import month_end, months_before
from analysis.finding import Column, Exhibit
from analysis.stats.intervals import Estimate, difference
from analysis.study.figure_changes import moved
from analysis.study.key_figures_counts import COUNTS, TOO_EARLY, at_month_end
from analysis.study.key_figures_frame import Brought, Month
from analysis.study.key_figures_words import KINDS, value_in_words
from analysis.wording import Message, say

FEBRUARY, BOTH_MONTHS, YEAR = 2, 2, 12
HEADING = say("January and February together")
LABELS = {
    "average_aum": say("Average assets under management, mean of both months"),
    "nps": say("Net promoter score, answers of both months"),
    "resolved_in_time": say("Complaints resolved in time, limit ended in either month"),
}
LIMITS = {"money": say("{value:money.2}"), "score": say("{value:score}"), "share": say("{value:share}")}
CHANGE_LIMITS = {"money": say("{value:money.2}"), "score": say("{value:score.1}"), "share": say("{value:points}")}
Made = Mapping[dt.date, Mapping[str, Month | Message]]


def festival_exhibit(brought: Brought, made: Made, currency: str) -> Exhibit:
    """The latest two such pairs of months in the data: average assets, and the figures that count answers and complaints of a period."""
    ends = [day for day in made if day.month == FEBRUARY and day == month_end(day)]
    last = max(ends, default=None)
    before = last and months_before(last, YEAR)
    if before not in made:
        return Exhibit("festival", HEADING, absent=say("The data do not hold January and February of two years."))
    units = {kind.id: kind.unit for kind in KINDS}
    found = {name: [_both(brought, made, name, day) for day in (last, before)] for name in LABELS}
    rows = [_row(name, units[name], *pair, currency) for name, pair in found.items() if None not in pair]
    if not rows:
        return Exhibit("festival", HEADING, absent=say("Too few customers, answers and complaints in January and February."))
    columns = (
        Column("label", say("Figure")), Column("now", say("January and February {year}", year=str(last.year)), "number"),
        Column("before", say("The year before"), "number"), Column("change", say("Change"), "number"),
    )  # fmt: skip
    subtitle = say(
        "Both months as one period, so that it does not matter in which of them the festival lies; in brackets 95% intervals"
    )
    title = say("January and February {year} together, against the year before", year=str(last.year))
    return Exhibit("festival", title, subtitle, pd.DataFrame(rows), columns=columns)


def _both(brought: Brought, made: Made, name: str, february: dt.date) -> Estimate | None:
    if name == "average_aum":
        months = [made.get(day, {}).get(name) for day in (february, months_before(february, 1))]
        if not all(isinstance(month, Month) for month in months):
            return None
        return Estimate(sum(month.estimate.value for month in months) / BOTH_MONTHS, None, None, months[0].estimate.base)
    rules = replace(brought.rules, window_months=BOTH_MONTHS, complaint_months=BOTH_MONTHS)
    month = COUNTS[name](at_month_end(replace(brought, rules=rules), february), TOO_EARLY)
    return month.estimate if isinstance(month, Month) else None


def _row(name: str, unit: str, now: Estimate, before: Estimate, currency: str) -> dict[str, object]:
    change = _change(now, before)
    return {
        "label": LABELS[name],
        "now": _bracketed(value_in_words(now.value, unit, currency), now, LIMITS[unit]),
        "before": _bracketed(value_in_words(before.value, unit, currency), before, LIMITS[unit]),
        "change": _bracketed(moved(change.value, unit, currency), change, CHANGE_LIMITS[unit]),
    }


def _change(now: Estimate, before: Estimate) -> Estimate:
    if now.low is None:
        return Estimate(now.value - before.value, None, None, now.base)
    return difference(now, before)


def _bracketed(text: Message, found: Estimate, words: Message) -> Message:
    if found.low is None:
        return text
    return say("{value} ({low} to {high})", value=text, low=words.filled(value=found.low), high=words.filled(value=found.high))
