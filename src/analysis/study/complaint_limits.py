"""Whether complaints were resolved within the limit that applied to them, an extension counting only if approved in time."""

import datetime as dt
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd

from analysis.finding import Exhibit, Finding
from analysis.stats.intervals import Estimate
from analysis.study.complaint_frame import is_told, share, then_before, window
from analysis.study.disclosed import is_tellable
from analysis.wording import say

MONTHS_SHOWN = 13
DAY = pd.Timedelta(days=1)


@dataclass(frozen=True)
class Limit:
    """Days within which a complaint received from `effective` on is to be resolved: the first without an extension, the last with
    the longest that may be approved."""

    days: tuple[int, ...]
    effective: dt.date


@dataclass(frozen=True)
class Limits:
    """`in_time`, and `before` (the period before): share of complaints resolved by the day that applied, of those whose day lies
    in the window; `plain`: the share over the limit if no extension counted; `over` days → share over each longer limit,
    extensions counted; `trend`: month, value, low, high (share over the limit), base; `extended` and `void`: complaints whose day
    came in the window with an extension that counts, and with one that does not (None: not told)."""

    in_time: Estimate
    before: Estimate
    plain: Estimate
    over: dict[int, Estimate]
    trend: pd.DataFrame
    extended: int
    void: int | None


def with_due_days(rows: pd.DataFrame, limits: Sequence[Limit]) -> pd.DataFrame:
    """Described complaints with limit (days, of the rule in force on the day of receipt; NaN: none was), longest (days), due (the
    last day, an extension included if it was approved on the limit's last day or before, and up to the longest limit),
    is_extended, is_void (approved too late, or no longer than the limit)."""
    limit = pd.Series(np.nan, rows.index)
    longest = limit.copy()
    for rule in sorted(limits, key=lambda rule: rule.effective):
        is_under = rows["day"] >= pd.Timestamp(rule.effective)
        limit, longest = limit.mask(is_under, rule.days[0]), longest.mask(is_under, rule.days[-1])
    first, last = (rows["day"] + pd.to_timedelta(number, unit="D") for number in (limit, longest))
    until = rows["extended_until"].where(rows["extended_until"] <= last, last).where(rows["extended_until"].notna())
    is_extended = (rows["extension_approved_at"].dt.normalize() <= first) & (until > first)
    return rows.assign(
        limit=limit, longest=longest, due=first.mask(is_extended, until), is_extended=is_extended,
        is_void=rows["extension_approved_at"].notna() & ~is_extended,
    )  # fmt: skip


def is_over(rows: pd.DataFrame, due: pd.Series) -> pd.Series:
    """Not resolved by the end of the day `due`. The recorded resolution counts: a complaint reopened later was answered in
    time."""
    return ~(rows["resolved_at"] < due + DAY)


def complaint_limits(rows: pd.DataFrame, limits: Sequence[Limit], as_of: dt.date, window_months: int) -> Limits | None:
    """Complaints are judged on the day by which they had to be resolved, so that open ones count and none is judged too early.
    None where no limit is stated or no complaint's day lies in the window."""
    known = with_due_days(rows, limits).dropna(subset=["limit"])
    now, before = (window(known, as_of, window_months, back, by="due") for back in (0, 1))
    if now.empty or not is_tellable(now["customer_id"].nunique()):
        return None
    void, extended = window(known[known["is_void"]], as_of, window_months, by="due"), now[now["is_extended"]]
    return Limits(
        in_time=share(~is_over(now, now["due"]), now["customer_id"]),
        before=share(~is_over(before, before["due"]), before["customer_id"]),
        plain=_plain(now),
        over={days: _over(known, days, as_of, window_months) for days in max(limits, key=lambda rule: rule.effective).days[1:]},
        trend=_trend(known, as_of),
        extended=int(now["is_extended"].sum()),
        void=len(void) if is_tellable(void["customer_id"].nunique()) and is_tellable(extended["customer_id"].nunique()) else None,
    )


def _plain(now: pd.DataFrame) -> Estimate:
    over = is_over(now, now["day"] + pd.to_timedelta(now["limit"], unit="D"))
    saved = now.loc[over & ~is_over(now, now["due"]), "customer_id"].nunique()
    return share(over, now["customer_id"]) if is_tellable(saved) else Estimate(None, None, None, len(now))


def _over(known: pd.DataFrame, days: int, as_of: dt.date, window_months: int) -> Estimate:
    plain = known["day"] + pd.Timedelta(days=days)
    last = plain.mask(known["is_extended"] & (known["due"] > plain), known["due"])
    rows = window(known.assign(last=last), as_of, window_months, by="last")
    return share(is_over(rows, rows["last"]), rows["customer_id"])


def _trend(known: pd.DataFrame, as_of: dt.date) -> pd.DataFrame:
    shown = window(known, as_of, MONTHS_SHOWN, by="due")
    rows = []
    for month, own in shown.groupby(shown["due"].dt.to_period("M").dt.end_time.dt.normalize()):
        estimate = share(is_over(own, own["due"]), own["customer_id"])
        rows.append({"month": month, **estimate._asdict()})
    return pd.DataFrame(rows)


def limit_findings(found: Limits | None) -> list[Finding]:
    """Shares in time and over each limit, and extensions that do not count."""
    if found is None or not is_told(found.in_time):
        return []
    own, before = found.in_time, found.before
    text = say(
        "**{value:share} of complaints** were resolved within the limit that applied to them (interval {low:share} to {high:share}){then}.",
        value=own.value, low=own.low, high=own.high, then=then_before(own, before),
    )  # fmt: skip
    over = say(
        "**{value:share} of complaints** were not resolved within the limit that applied to them (interval {low:share} to {high:share}){plain}.",
        value=1 - own.value, low=1 - own.high, high=1 - own.low,
        plain=say("; {plain:share} if no extension counted", plain=found.plain.value) if is_told(found.plain) else "",
    )  # fmt: skip
    made = [
        Finding("complaints.in_time_share", text, own.value, own.base, "share", low=own.low, high=own.high, compare_to=before.value,
                exhibit="limits", base_of="complaints"),
        Finding("complaints.over_limit_share", over, 1 - own.value, own.base, "share", low=1 - own.high, high=1 - own.low, exhibit="limits",
                base_of="complaints", is_headline=False),
    ]  # fmt: skip
    for days, estimate in found.over.items():
        if is_told(estimate):
            text = say(
                "**{value:share} of complaints** took more than {days:count} days and had no more time approved (interval {low:share} to {high:share}).",
                days=days, value=estimate.value, low=estimate.low, high=estimate.high,
            )  # fmt: skip
            made.append(
                Finding(f"complaints.over_limit_share.{days}", text, estimate.value, estimate.base, "share", low=estimate.low,
                        high=estimate.high, exhibit="limits", base_of="complaints", is_headline=False)
            )  # fmt: skip
    return [*made, *_void_findings(found)]


def _void_findings(found: Limits) -> list[Finding]:
    if found.void is None or not found.extended + found.void:
        return []
    text = say(
        "**{value:count}** of {all:count} extensions were approved after the limit had run out, or gave no more time, and do not count.",
        value=found.void, all=found.extended + found.void,
    )  # fmt: skip
    return [
        Finding("complaints.void_extensions", text, found.void, found.extended + found.void, "count", exhibit="limits",
                base_of="complaints", is_headline=False)
    ]  # fmt: skip


def limits_exhibit(found: Limits | None) -> Exhibit:
    """Share over the limit by month of the day by which the complaints had to be resolved."""
    heading = say("Complaints over their limit")
    if found is None or found.trend["value"].notna().sum() < 2:
        absent = say("The bank states no limit for resolving complaints, or too few months can be shown.")
        return Exhibit("limits", heading, absent=absent)
    frame = found.trend.rename(columns={"month": "x"}).assign(series=say("Over the limit"))
    title = (
        heading
        if not is_told(found.in_time)
        else say("{share:share} of complaints were not resolved within their limit", share=1 - found.in_time.value)
    )
    subtitle = say(
        "Share of complaints not resolved within the limit that applied, by month in which the limit ended; band, 95% interval"
    )
    reference = 1 - found.in_time.value if is_told(found.in_time) else None
    return Exhibit("limits", title, subtitle, frame, x_unit="month", reference=reference, reference_label=say("All"))
