"""How customers feel: the satisfaction report, its scores and their trend."""

import datetime as dt
from collections.abc import Mapping
from dataclasses import dataclass

import pandas as pd

from analysis.errors import NotProduced
from analysis.finding import DISCLOSURE_THRESHOLD, Exhibit, Finding
from analysis.stats.intervals import PASSIVE_FROM, PROMOTER_FROM, Estimate, difference, mean_by_group, mean_t, nps, wilson
from analysis.study.disclosed import told
from analysis.study.drivers import driver_findings, drivers, drivers_exhibit, items_exhibit
from analysis.study.opinions import branch_findings, branch_table, branches_exhibit, groups_exhibit, promoters_exhibit
from analysis.study.survey import ANSWERS_NEEDED, TOP_BOX_FROM, Questionnaire, answers_by_item, is_dated, last_answers, windows
from analysis.wording import Message, say

QUARTERS_SHOWN = 8


@dataclass(frozen=True)
class Satisfaction:
    """What the report shows."""

    findings: list[Finding]
    trend: Exhibit
    groups: Exhibit
    promoters: Exhibit
    branches: Exhibit
    drivers: Exhibit
    items: Exhibit


def satisfaction(
    surveys: pd.DataFrame,
    answers: pd.DataFrame,
    questionnaire: Questionnaire,
    groups: Mapping[Message, pd.Series],
    branch_names: Mapping[str, str],
    as_of: dt.date,
    window_months: int = 12,
    replicates: int = 500,
    seed: int = 7,
) -> Satisfaction:
    """`surveys` and `answers` are the canonical tables; `groups` are ways to divide customers: a heading → the group's label
    (Message) by customer_id; `branch_names` by branch_id. Each customer's last answer of the last `window_months` is
    reported (of all, where they bear no dates)."""
    recent, before = windows(surveys, as_of, window_months)
    known = int(recent["overall"].notna().sum())
    if known < ANSWERS_NEEDED:
        raise NotProduced(
            say("Customers who answered in the period: {n}; needed: {needed:count}.", n=told(known), needed=ANSWERS_NEEDED)
        )
    wide = answers_by_item(answers, recent)
    found = drivers(wide, recent, questionnaire, replicates, seed)
    by_branch = branch_table(recent, branch_names)
    is_asked = recent["recommend"].notna().sum() >= ANSWERS_NEEDED
    return Satisfaction(
        findings=[
            *(_promoter_findings(recent, before) if is_asked else []),
            *_score_findings(recent, before),
            *driver_findings(found, questionnaire.labels),
            *branch_findings(by_branch),
        ],
        trend=trend_exhibit(surveys, as_of),
        groups=groups_exhibit(recent, groups),
        promoters=promoters_exhibit(recent, groups, promoter_score(recent["recommend"]), is_asked),
        branches=branches_exhibit(by_branch),
        drivers=drivers_exhibit(found, questionnaire.labels),
        items=items_exhibit(wide, questionnaire),
    )


def promoter_score(recommend: pd.Series) -> Estimate:
    """Net promoter score of answers 0-10; missing ones are left out."""
    known = recommend.dropna()
    promoters, detractors = int((known >= PROMOTER_FROM).sum()), int((known < PASSIVE_FROM).sum())
    return nps(promoters, len(known) - promoters - detractors, detractors)


def _promoter_findings(recent: pd.DataFrame, before: pd.DataFrame) -> list[Finding]:
    score, earlier = promoter_score(recent["recommend"]), _earlier(promoter_score(before["recommend"]))
    text = say(
        "The net promoter score is **{value:score} points** (interval {low:score} to {high:score}){then}.",
        value=score.value, low=score.low, high=score.high, then=_then(score, earlier, "score"),
    )  # fmt: skip
    numbers = {"low": score.low, "high": score.high, "compare_to": earlier.value}
    return [Finding("nps", text, score.value, score.base, "score", **numbers, exhibit="promoters", base_of="answers")]


def _score_findings(recent: pd.DataFrame, before: pd.DataFrame) -> list[Finding]:
    mean, earlier = mean_t(recent["overall"]), _earlier(mean_t(before["overall"]))
    text = say(
        "Overall satisfaction is **{value:mark}** of 10 on average (interval {low:mark} to {high:mark}){then}.",
        value=mean.value, low=mean.low, high=mean.high, then=_then(mean, earlier, "mark"),
    )  # fmt: skip
    numbers = {"low": mean.low, "high": mean.high, "compare_to": earlier.value}
    known = recent["overall"].dropna()
    top = wilson(int((known >= TOP_BOX_FROM).sum()), len(known))
    box = say(
        "Top-two-box share: **{value:share}** of answers are a 9 or a 10 (interval {low:share} to {high:share}).",
        value=top.value, low=top.low, high=top.high,
    )  # fmt: skip
    return [
        Finding("overall_mean", text, mean.value, mean.base, "mark", **numbers, exhibit="groups", base_of="answers"),
        Finding(
            "top_two_box", box, top.value, top.base, "share", low=top.low, high=top.high, base_of="answers", is_headline=False
        ),
    ]


def _earlier(score: Estimate) -> Estimate:
    return score if score.base >= ANSWERS_NEEDED else Estimate(None, None, None, score.base)


def _then(now: Estimate, earlier: Estimate, unit: str) -> Message | str:
    change = difference(now, earlier)
    if change.value is None:
        return ""
    numbers = {"value": earlier.value, "low": change.low, "high": change.high, "change": change.value}
    is_noise = change.low <= 0 <= change.high
    if unit == "score":
        return (
            say("; {value:score} in the period before: no change beyond noise", **numbers)
            if is_noise
            else say(
                "; {value:score} in the period before: a change beyond noise (interval {low:score} to {high:score})", **numbers
            )
        )
    return (
        say("; {value:mark} in the period before: no change beyond noise", **numbers)
        if is_noise
        else say("; {value:mark} in the period before: a change beyond noise (interval {low:mark} to {high:mark})", **numbers)
    )


def trend_exhibit(surveys: pd.DataFrame, as_of: dt.date) -> Exhibit:
    """Mean overall satisfaction of the whole quarters up to `as_of`, each customer's last answer of a quarter."""
    heading = say("Satisfaction by quarter")
    if not is_dated(surveys):
        return Exhibit("trend", heading, absent=say("The survey bears no dates, so no trend can be shown."))
    quarter = pd.to_datetime(surveys["answered_date"]).dt.to_period("Q").dt.end_time.dt.normalize()
    rows = surveys.assign(quarter=quarter)[quarter <= pd.Timestamp(as_of)]
    counted = [last_answers(part) for _, part in rows.groupby("quarter")]
    kept = pd.concat(counted) if counted else rows
    table = mean_by_group(kept["quarter"], kept["overall"]).tail(QUARTERS_SHOWN)
    table = table[table["base"] >= DISCLOSURE_THRESHOLD]
    if len(table) < 2:
        return Exhibit("trend", heading, absent=say("Fewer than two whole quarters have enough answers to compare."))
    subtitle = say("Mean overall satisfaction by quarter, 1 to 10; band, 95% interval; axis does not start at 1")
    frame = table.rename(columns={"label": "x"}).assign(series=say("Overall satisfaction")).reset_index(drop=True)
    return Exhibit("trend", _trend_title(table), subtitle, frame, unit="mark", x_unit="month")


def _trend_title(table: pd.DataFrame) -> Message:
    first, last = (Estimate(*table.iloc[place][["value", "low", "high", "base"]]) for place in (0, -1))
    change = difference(last, first)
    numbers = {"first": first.value, "last": last.value}
    if change.low <= 0 <= change.high:
        return say("First quarter shown {first:mark}, last {last:mark}: within noise", **numbers)
    return say(
        "From the first quarter shown to the last satisfaction moved from {first:mark} to {last:mark}, beyond noise", **numbers
    )
