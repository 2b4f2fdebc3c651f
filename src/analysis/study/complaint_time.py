"""How long complaints take to be resolved, the open ones not left out, and for whom it takes longer."""

import datetime as dt
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd

from analysis.finding import Column, Exhibit, Finding
from analysis.stats.intervals import Estimate
from analysis.stats.survival import kaplan_meier, log_rank, median_survival, survival_at
from analysis.study.complaint_frame import (
    COMPLAINTS_NEEDED,
    WAYS,
    brings,
    customers_of,
    days_between,
    is_told,
    label,
    labels_of,
    last_moment,
    share,
    thinned,
    window,
)
from analysis.study.disclosed import hidden, is_tellable
from analysis.wording import Message, listed, say

USUAL_DAYS = (15, 30, 60)
DIVIDED_BY = ("category", "severity", "channel", "product")
TEST_LEVEL = 0.05
DAYS_SHOWN = 120
REOPENED_WITHIN_DAYS = 30
NONE = Estimate(None, None, None, 0)


@dataclass(frozen=True)
class Times:
    """`settled` and `first`: Kaplan-Meier curves (see `stats.survival`) of the days to the resolution that lasted, and to the
    recorded one; `median` and `first_median` of them; `within` days → share resolved for good by then (None: not told); `groups`
    see `_groups`; `reopened`, the share reopened within REOPENED_WITHIN_DAYS of a resolution."""

    settled: pd.DataFrame
    first: pd.DataFrame
    median: Estimate
    first_median: Estimate
    within: dict[int, Estimate]
    groups: pd.DataFrame
    reopened: Estimate


def complaint_times(rows: pd.DataFrame, as_of: dt.date, window_months: int, days: Sequence[int] = USUAL_DAYS) -> Times | None:
    """Of the complaints received in the window; those not resolved, and those reopened and not resolved again, are under watch
    until `as_of`. `days` are the limits whose shares are told. None below COMPLAINTS_NEEDED or without a resolution."""
    known = with_times(window(rows, as_of, window_months), as_of)
    if len(known) < COMPLAINTS_NEEDED or not is_tellable(customers_of(known)) or not known["is_settled"].any():
        return None
    settled, first = (kaplan_meier(known[f"{kind}_days"], known[f"is_{kind}"]) for kind in ("settled", "answered"))
    return Times(
        settled, first, median_survival(settled), median_survival(first), _shares_within(known, days),
        _groups(known, days), _reopened(rows, as_of, window_months),
    )  # fmt: skip


def with_times(rows: pd.DataFrame, as_of: dt.date) -> pd.DataFrame:
    """Described complaints with is_answered, answered_days (recorded resolution) and is_settled, settled_days (the resolution
    that lasted): days from receipt to the event, or to the end of `as_of`."""
    columns = {}
    for kind, name in (("answered", "resolved_at"), ("settled", "settled_at")):
        columns[f"is_{kind}"] = rows[name].notna()
        columns[f"{kind}_days"] = days_between(rows["received_at"], rows[name].fillna(last_moment(as_of)))
    return rows.assign(**columns)


def _within(known: pd.DataFrame, days: int) -> Estimate:
    """Share settled within the days by Kaplan-Meier; not told where few customers stand behind it or behind the rest."""
    is_in = known["is_settled"] & (known["settled_days"] <= days)
    few = not all(is_tellable(customers_of(known[mask])) for mask in (is_in, ~is_in))
    left = survival_at(kaplan_meier(known["settled_days"], known["is_settled"]), days)
    if few or left.value is None or left.low is None:
        return Estimate(None, None, None, len(known))
    return Estimate(1 - left.value, 1 - left.high, 1 - left.low, len(known))


def _shares_within(known: pd.DataFrame, days: Sequence[int]) -> dict[int, Estimate]:
    """`_within` each of the days, those left out between which and the last one told few customers' complaints were settled."""
    found, before = {}, pd.Series(False, known.index)
    for number in days:
        is_in = known["is_settled"] & (known["settled_days"] <= number)
        estimate = _within(known, number) if is_tellable(customers_of(known[is_in & ~before])) else NONE
        before = is_in if is_told(estimate) else before
        found[number] = estimate
    return found


def _groups(known: pd.DataFrame, days: Sequence[int]) -> pd.DataFrame:
    """way, code, complaints, median, low, high (days), within_<days>, p (of the way's log-rank test, times the number of tests),
    is_noise, a row a group; groups of few are left out."""
    rows = [row for way in DIVIDED_BY if brings(known, way) for row in _group_rows(known, way, days)]
    table = pd.DataFrame(rows)
    if table.empty:
        return table
    tests = table.groupby("way")["p"].first().notna().sum()
    p = (table["p"] * tests).clip(upper=1)
    return table.assign(p=p, is_noise=~(p < TEST_LEVEL))


def _group_rows(known: pd.DataFrame, way: str, days: Sequence[int]) -> Iterator[dict]:
    codes = labels_of(known, way)
    behind = known.groupby(codes)["customer_id"].nunique()
    told = behind.index[~hidden(behind.to_numpy())]
    kept = known[codes.isin(told)]
    is_tested = len(told) > 1 and kept["is_settled"].any()
    p = log_rank(kept["settled_days"], kept["is_settled"], codes[kept.index]).p if is_tested else np.nan
    order = sorted(told) if way == "severity" else codes[kept.index].value_counts().index
    shares = {
        code: {number: found.value for number, found in _shares_within(known[codes == code], days).items()} for code in order
    }
    if len(told) == len(behind):
        _hide_a_second(shares, behind)
    for code in order:
        own = known[codes == code]
        median = median_survival(kaplan_meier(own["settled_days"], own["is_settled"]))
        within = {f"within_{number}": value for number, value in shares[code].items()}
        yield {"way": way, "code": code, "complaints": len(own), "median": median.value, "low": median.low, "high": median.high, "p": p, **within}  # fmt: skip


def _hide_a_second(shares: dict[str, dict[int, float | None]], behind: pd.Series) -> None:
    """Takes the share of the smallest other group out where that of a single one is not told, which the share of all would give
    away."""
    for number in next(iter(shares.values()), {}):
        told = [code for code in shares if shares[code][number] is not None]
        if len(shares) - len(told) == 1 and told:
            shares[min(told, key=behind.get)][number] = None


def _reopened(rows: pd.DataFrame, as_of: dt.date, window_months: int) -> Estimate:
    """Of complaints whose resolution lies in the window and REOPENED_WITHIN_DAYS or more before `as_of`; one resolved again after
    a reopening bears no first resolution and counts as reopened."""
    if not brings(rows, "reopened_at"):
        return Estimate(None, None, None, 0)
    resolved = window(rows, as_of, window_months, by="resolved_at")
    seen = resolved[resolved["resolved_at"] + pd.Timedelta(days=REOPENED_WITHIN_DAYS) <= last_moment(as_of)]
    gap = seen["reopened_at"] - seen["resolved_at"]
    return share(gap <= pd.Timedelta(days=REOPENED_WITHIN_DAYS), seen["customer_id"])


def time_findings(found: Times | None) -> list[Finding]:
    """The median, the shares within the usual limits, and how many come back."""
    if found is None:
        return []
    base = found.median.base
    made = []
    if found.median.value is not None:
        text = say(
            "Half of complaints are resolved for good within **{value:number.1} days** (interval {low:number.1} to {high:number.1}), open ones counted.",
            value=found.median.value, low=found.median.low, high=found.median.high,
        )  # fmt: skip
        made.append(
            Finding("complaints.median_days", text, found.median.value, base, "days", low=found.median.low, high=found.median.high,
                    exhibit="resolution", base_of="complaints")
        )  # fmt: skip
    for days, estimate in found.within.items():
        if is_told(estimate):
            text = say(
                "**{value:share} of complaints** are resolved for good within {days:count} days (interval {low:share} to {high:share}), open ones counted.",
                days=days, value=estimate.value, low=estimate.low, high=estimate.high,
            )  # fmt: skip
            made.append(
                Finding(f"complaints.resolved_within.{days}", text, estimate.value, base, "share", low=estimate.low, high=estimate.high,
                        exhibit="resolution", base_of="complaints", is_headline=False)
            )  # fmt: skip
    return [*made, *_reopened_findings(found.reopened)]


def _reopened_findings(estimate: Estimate) -> list[Finding]:
    if not is_told(estimate):
        return []
    text = say(
        "**{value:share} of resolved complaints** were reopened within {days:count} days (interval {low:share} to {high:share}).",
        days=REOPENED_WITHIN_DAYS, value=estimate.value, low=estimate.low, high=estimate.high,
    )  # fmt: skip
    return [
        Finding("complaints.reopened_share", text, estimate.value, estimate.base, "share", low=estimate.low, high=estimate.high,
                exhibit="contact", base_of="complaints", is_headline=False)
    ]  # fmt: skip


def resolution_exhibit(found: Times | None) -> Exhibit:
    """Share of complaints not resolved by days since receipt: for good, and at first."""
    if found is None:
        return Exhibit("resolution", say("Time to resolution"), absent=too_few())
    curves = ((say("Not resolved for good"), found.settled), (say("Not resolved yet"), found.first))
    frame = pd.concat([_steps(curve).assign(series=series) for series, curve in curves], ignore_index=True)
    title = (
        say("More than half of complaints are not resolved for good within {days:count} days", days=DAYS_SHOWN)
        if found.median.value is None
        else say("Half of complaints are resolved for good within {days:number.1} days", days=found.median.value)
    )
    subtitle = say("Share of complaints not resolved, by days since receipt (Kaplan-Meier); open ones counted until the last day observed; bands, 95% intervals")  # fmt: skip
    return Exhibit("resolution", title, subtitle, frame, x_label=say("Days since receipt"), x_unit="count")


def _steps(curve: pd.DataFrame) -> pd.DataFrame:
    shown = thinned(curve[(curve["time"] <= DAYS_SHOWN) & ((curve["events"] > 0) | (curve.index == len(curve) - 1))])
    start = pd.DataFrame({"time": [0.0], "survival": [1.0], "low": [np.nan], "high": [np.nan]})
    return pd.concat([start, shown[["time", "survival", "low", "high"]]], ignore_index=True).rename(columns={"survival": "value"})


def times_exhibit(found: Times | None) -> Exhibit:
    """Table of the groups' medians and shares, grey where the groups of a way do not differ beyond noise."""
    heading = say("Time to resolution by group")
    if found is None or found.groups.empty:
        return Exhibit("times", heading, absent=too_few())
    frame = found.groups.assign(
        label=[label(way, code) for way, code in zip(found.groups["way"], found.groups["code"], strict=True)],
        divided_by=[WAYS[way] for way in found.groups["way"]],
    )
    return Exhibit(
        name="times",
        title=_title(found.groups),
        subtitle=say("Days until half of the complaints were resolved for good, with 95% intervals, and shares resolved by then (Kaplan-Meier); grey: the groups do not differ beyond noise (log-rank tests, all read at once)"),
        frame=frame,
        columns=(
            Column("label", say("Complaints by")), Column("divided_by", say("Grouped by")), Column("complaints", say("Complaints"), "count"),
            Column("median", say("Median"), "number.1", say("days")), Column("low", say("From"), "number.1"), Column("high", say("To"), "number.1"),
            *(Column(f"within_{days}", say("By {days:count} days", days=days), "share") for days in found.within),
        ),
    )  # fmt: skip


def _title(groups: pd.DataFrame) -> Message:
    apart = groups.loc[~groups["is_noise"], "way"].unique()
    if not len(apart):
        return say("No way of dividing complaints shows different times beyond noise")
    return say("Time to resolution differs beyond noise by: {ways}", ways=listed(WAYS[way] for way in apart))


def too_few() -> Message:
    """Why there is nothing on time."""
    return say("Fewer than {needed:count} complaints with known times of resolution.", needed=COMPLAINTS_NEEDED)
