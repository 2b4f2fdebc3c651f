"""What segments tell of what they were not made from: how satisfied their customers are, and how many leave."""

import datetime as dt
from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
import pandas as pd

from analysis.finding import DISCLOSURE_THRESHOLD, Exhibit, Finding
from analysis.stats.intervals import mean_by_group, share_by_group, simultaneous
from analysis.study.churn import MAIN_RULE, PARTS, ChurnRule, outcomes, unseen
from analysis.study.disclosed import hidden, is_tellable
from analysis.study.segment_tests import beyond_tier
from analysis.study.segments import Segments, segments_at
from analysis.study.survey import is_dated, windows
from analysis.wording import Message, say

SURVEY_MONTHS = 12


@dataclass(frozen=True)
class SegmentUses:
    """The findings, churn and satisfaction of each segment (`charts.intervals`), and the tests beyond tier (a table)."""

    findings: list[Finding]
    churn: Exhibit
    satisfaction: Exhibit
    tests: Exhibit


def segment_uses(
    found: Segments,
    history: Mapping[dt.date, pd.DataFrame],
    surveys: pd.DataFrame | None,
    campaigns: pd.DataFrame | None,
    rule: ChurnRule,
    tiers: Mapping[str, float],
    as_of: dt.date,
    seed: int = 7,
) -> SegmentUses:
    """`found`: the segments at `as_of`, by which the customers of every landmark of `history` (its features) are assigned, each by
    its traits at that landmark. `surveys` and `campaigns` are None where the bank brings none."""
    if found.clustering.k == 1:
        none = say("There are no stable segments to tell apart.")
        tests = Exhibit("segment_tests", say("Churn and response beyond tier"), absent=none)
        return SegmentUses([], _absent_churn(none), _absent_satisfaction(none), tests)
    left = churn_by_customer(found, history, rule, as_of)
    is_known = isinstance(left, pd.DataFrame)
    churn = _shares(left, found) if is_known and _are_tellable(left[MAIN_RULE]) else None
    marks = segment_satisfaction(found, surveys, as_of)
    tests, tested = beyond_tier(found, history, left if is_known else None, campaigns, rule, tiers, as_of, seed)
    return SegmentUses(
        findings=[
            *tested,
            *([] if churn is None else _findings(churn.assign(months=rule.horizon_months), found, "churn")),
            *([] if marks is None else _findings(marks, found, "satisfaction")),
        ],
        churn=_absent_churn(_few() if is_known else left) if churn is None else _churn_exhibit(churn, rule, as_of),
        satisfaction=_absent_satisfaction(_no_marks(surveys)) if marks is None else _satisfaction_exhibit(marks, as_of),
        tests=tests,
    )


def churn_by_customer(
    found: Segments, history: Mapping[dt.date, pd.DataFrame], rule: ChurnRule, as_of: dt.date
) -> pd.DataFrame | Message:
    """Who was at risk at the landmark whose horizon ends at `as_of` and had a segment: customer_id, segment (both as known then),
    and the outcomes of `churn.outcomes`; or why there are none. A rule that the data cannot tell is left out."""
    day = rule.before(as_of)
    if day not in history or as_of not in history:
        return say(
            "The bank's data do not reach back {months:count} months and the time before that.", months=rule.horizon_months
        )
    blind = unseen(history, rule)
    if set(PARTS) <= set(blind):
        return say("The bank's data cannot tell who left.")
    left = outcomes(history[day], history[as_of], rule).drop(columns=list(blind))
    segment = segments_at(history[day], found).rename("segment")
    return left.merge(segment, left_on="customer_id", right_index=True, how="inner")


def segment_satisfaction(found: Segments, surveys: pd.DataFrame | None, as_of: dt.date) -> pd.DataFrame | None:
    """Mean of each customer's last overall mark in the twelve months up to `as_of`, by its segment at `as_of`: segment, label,
    value, low, high, base (answers); `is_noise` where it does not differ from all segments' mean, read at once. None where
    there are no dated marks, or too few."""
    if surveys is None or "overall" not in surveys or not is_dated(surveys):
        return None
    recent = windows(surveys[surveys["overall"].notna()], as_of, SURVEY_MONTHS)[0]
    segment = recent["customer_id"].map(found.labels)
    table = mean_by_group(segment, recent["overall"]).rename(columns={"label": "segment"})
    table = table[table["base"] >= DISCLOSURE_THRESHOLD].astype({"segment": int}).reset_index(drop=True)
    return _compared(table, found, float(recent.loc[segment.notna(), "overall"].mean())) if len(table) else None


def _are_tellable(events: pd.Series) -> bool:
    return is_tellable(events.sum()) and is_tellable((~events).sum()) and len(events) > 0


def _few() -> Message:
    return say("Too few left, or stayed, to be told by segment.")


def _shares(left: pd.DataFrame, found: Segments) -> pd.DataFrame:
    """Share of each segment who left: segment, label, value, low, high, base, is_noise; value missing where few left or
    stayed, or where it would give them away."""
    table = share_by_group(left["segment"], left[MAIN_RULE]).rename(columns={"label": "segment"})
    events = (table["value"] * table["base"]).round()
    secret = hidden(events, hidden(table["base"] - events, hidden(events)))
    shown = table.assign(**{name: table[name].mask(secret) for name in ("value", "low", "high")})
    compared = _compared(shown, found, float(left[MAIN_RULE].mean()))
    small = np.where(secret, say("not shown"), None)
    return compared.assign(base=compared["base"].mask(secret), note=pd.Series(small, dtype=object))


def _compared(table: pd.DataFrame, found: Segments, average: float) -> pd.DataFrame:
    at_once = simultaneous(table)
    inside = (at_once["low"] <= average) & (average <= at_once["high"])
    return table.assign(label=table["segment"].map(found.names), average=average, is_noise=inside | table["value"].isna())


def _findings(table: pd.DataFrame, found: Segments, what: str) -> list[Finding]:
    texts = {
        "churn": say("{name}: **{value:share}** left within {months:count} months (interval {low:share} to {high:share})."),
        "satisfaction": say("{name}: overall satisfaction **{value:mark}** (interval {low:mark} to {high:mark})."),
    }
    unit, base_of = {"churn": ("share", "customers"), "satisfaction": ("mark", "answers")}[what]
    return [
        Finding(
            f"segment.{found.keys[row.segment]}.{what}",
            texts[what].filled(name=row.label, value=row.value, low=row.low, high=row.high, months=getattr(row, "months", None)),
            float(row.value), int(row.base), unit, low=float(row.low), high=float(row.high), compare_to=row.average,
            exhibit=f"segment_{what}", base_of=base_of, is_headline=False,
        )
        for row in table[table["value"].notna()].itertuples()
    ]  # fmt: skip


def _churn_exhibit(table: pd.DataFrame, rule: ChurnRule, as_of: dt.date) -> Exhibit:
    if table["value"].isna().all():
        return _absent_churn(_few())
    return Exhibit(
        name="segment_churn",
        title=_churn_title(table),
        subtitle=say(
            "Share of established customers who left by any rule within {months:count} months after {day:date}, in %, by their segment on that day; 95% intervals. Hollow: within noise of the average, all segments read at once",
            months=rule.horizon_months, day=rule.before(as_of),
        ),
        frame=_ordered(table),
        reference=float(table["average"].iloc[0]),
        reference_label=say("all segments"),
    )  # fmt: skip


def _churn_title(table: pd.DataFrame) -> Message:
    numbers = {"average": float(table["average"].iloc[0])}
    apart = table[~table["is_noise"]]
    if apart.empty:
        return say("No segment's churn differs beyond noise from the average ({average:share})", **numbers)
    row = apart.loc[(apart["value"] - apart["average"]).abs().idxmax()]
    numbers |= {"name": row["label"], "value": row["value"]}
    if row["value"] > row["average"]:
        return say("Above average beyond noise: {name}, {value:share} left ({average:share} of all)", **numbers)
    return say("Below average beyond noise: {name}, {value:share} left ({average:share} of all)", **numbers)


def _satisfaction_exhibit(table: pd.DataFrame, as_of: dt.date) -> Exhibit:
    return Exhibit(
        name="segment_satisfaction",
        title=_satisfaction_title(table),
        subtitle=say(
            "Mean overall satisfaction, 1 to 10, of each customer's last answer in the twelve months up to {as_of:date}, by segment on that day; 95% intervals; axis does not start at 1. Hollow: within noise of the average, all segments read at once",
            as_of=as_of,
        ),
        frame=_ordered(table),
        unit="mark",
        reference=float(table["average"].iloc[0]),
        reference_label=say("all segments"),
    )  # fmt: skip


def _satisfaction_title(table: pd.DataFrame) -> Message:
    numbers = {"average": float(table["average"].iloc[0])}
    apart = table[~table["is_noise"]]
    if apart.empty:
        return say("No segment's satisfaction differs beyond noise from the average ({average:mark})", **numbers)
    row = apart.loc[(apart["value"] - apart["average"]).abs().idxmax()]
    numbers |= {"name": row["label"], "value": row["value"]}
    if row["value"] > row["average"]:
        return say("More satisfied than average, beyond noise: {name}, {value:mark} ({average:mark} of all)", **numbers)
    return say("Less satisfied than average, beyond noise: {name}, {value:mark} ({average:mark} of all)", **numbers)


def _ordered(table: pd.DataFrame) -> pd.DataFrame:
    return table.sort_values("value", ascending=False, kind="stable", ignore_index=True)


def _no_marks(surveys: pd.DataFrame | None) -> Message:
    if surveys is None:
        return say("The bank brings no survey.")
    return say("The survey has no dated overall marks, or too few customers of each segment answered it.")


def _absent_churn(reason: Message) -> Exhibit:
    return Exhibit("segment_churn", say("Who left, by segment"), absent=reason)


def _absent_satisfaction(reason: Message) -> Exhibit:
    return Exhibit("segment_satisfaction", say("Satisfaction by segment"), absent=reason)
