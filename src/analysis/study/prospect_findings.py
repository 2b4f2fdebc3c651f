"""What the report on prospects states."""

import datetime as dt
from collections.abc import Mapping

import numpy as np
import pandas as pd

from analysis.finding import Finding
from analysis.stats.intervals import Estimate, bootstrap, percentile_interval, wilson
from analysis.stats.prediction import auc, calibration_slope
from analysis.study.disclosed import is_tellable
from analysis.study.prospect_facts import is_converted, is_mature
from analysis.study.prospect_outlook import Outlook
from analysis.study.prospect_policy import contrast, times
from analysis.study.prospect_policy_exhibits import record_words
from analysis.wording import Message, say

BASE_OF = "prospects"
RELATION_REPLICATES = 500
CONVERTED_FOR_RELATION = 30


def rate_finding(facts: pd.DataFrame, as_of: dt.date, horizon_months: int) -> list[Finding]:
    """Conversion of all prospects whose horizon has ended."""
    mature = facts[is_mature(facts, as_of, horizon_months)]
    converted = int(is_converted(mature, horizon_months).sum())
    if not (is_tellable(converted) and is_tellable(len(mature) - converted)):
        return []
    rate = wilson(converted, len(mature))
    text = say(
        "**{value:share}** of prospects became customers within {months:count} months of being first seen (interval {low:share} to {high:share}).",
        months=horizon_months, value=rate.value, low=rate.low, high=rate.high,
    )  # fmt: skip
    return [_finding("prospects.conversion_rate", text, rate, "share", "sources")]


def gain_finding(
    rows: pd.DataFrame, totals: Mapping | None, record: Estimate | None, capacity: int, currency: str
) -> list[Finding]:
    """What choosing by expected contribution brought against chance, and how much of what was expected (`record`, see
    `brought_of_expected`)."""
    if totals is None:
        return []
    gain = times(totals, "expected", "random", "contribution", len(rows))
    if gain.low is None:
        return []
    extra = contrast(totals, "propensity", "random", "converted", len(rows))
    more = say(
        "Calls that reached a later customer, by propensity alone against at random: **{value:points} points** (interval {low:points} to {high:points}; {chosen:share} against {chance:share}).",
        value=extra.value, low=extra.low, high=extra.high,
        chosen=totals["propensity", "converted"][0], chance=totals["random", "converted"][0],
    )  # fmt: skip
    return [
        _finding("prospects.gain", _gain_text(gain, totals, capacity, currency), gain, "ratio", "policies", compare_to=1.0),
        _finding("prospects.gain.conversions", more, extra, "points", "policies", compare_to=0.0, is_headline=False),
        *_foretold(record),
    ]


def _gain_text(gain: Estimate, totals: Mapping, capacity: int, currency: str) -> Message:
    numbers = {
        "capacity": capacity, "value": gain.value, "low": gain.low, "high": gain.high, "currency": currency,
        "chosen": totals["expected", "contribution"][0], "chance": totals["random", "contribution"][0],
    }  # fmt: skip
    if gain.low <= 1 <= gain.high:
        return say(
            "Choosing {capacity:count} prospects a month by expected contribution **cannot be told apart from choosing at random**: a call brought {value:ratio} times as much (interval {low:ratio} to {high:ratio}; {currency} {chosen:money} against {chance:money}). This says who becomes a customer, not whom a call wins: only a trial could.",
            **numbers,
        )
    if gain.high < 1:
        return say(
            "Choosing {capacity:count} prospects a month by expected contribution brought **less than choosing at random**: {value:ratio} times as much a call (interval {low:ratio} to {high:ratio}; {currency} {chosen:money} against {chance:money}).",
            **numbers,
        )
    return say(
        "Choosing {capacity:count} prospects a month by expected contribution brought **{value:ratio} times as much a call** as choosing at random (interval {low:ratio} to {high:ratio}; {currency} {chosen:money} against {chance:money}). This says who becomes a customer, not whom a call wins: only a trial could.",
        **numbers,
    )


def _foretold(share: Estimate | None) -> list[Finding]:
    if share is None or share.low is None:
        return []
    text = say(
        "Those chosen brought **{value:share}** of the contribution expected of them when they were chosen (interval {low:share} to {high:share}; 100% is right).",
        value=share.value, low=share.low, high=share.high,
    )  # fmt: skip
    return [_finding("prospects.foretold", text, share, "share", "policies", compare_to=1.0, is_headline=False)]


def ranking_findings(rows: pd.DataFrame) -> list[Finding]:
    """How well later prospects were ranked, and whether the predicted chances hold."""
    converted = rows["converted"].sum() if len(rows) else 0
    if not (is_tellable(converted) and is_tellable(len(rows) - converted)) or converted == 0 or converted == len(rows):
        return []
    value, slope = auc(rows["propensity"], rows["converted"]), calibration_slope(rows["propensity"], rows["converted"])
    numbers = {"value": value.value, "low": value.low, "high": value.high}
    template = (
        say("Later prospects are ranked **better than by chance**: AUC {value:number} (interval {low:number} to {high:number}; 0.5 is chance).", **numbers)
        if value.low > 0.5
        else say("Later prospects are **not ranked better than by chance** beyond noise: AUC {value:number} (interval {low:number} to {high:number}; 0.5 is chance).", **numbers)
    )  # fmt: skip
    level = say(
        "Slope of conversion's log odds on the predicted ones, later prospects: **{value:number}** (interval {low:number} to {high:number}; 1 is right).",
        value=slope.value, low=slope.low, high=slope.high,
    )  # fmt: skip
    return [
        _finding("prospects.auc", template, value, "number", "calibration", compare_to=0.5),
        _finding("prospects.calibration", level, slope, "number", "calibration", compare_to=1.0, is_headline=False),
    ]


def relation_finding(rows: pd.DataFrame, seed: int) -> list[Finding]:
    """Whether the likelier converts bring more: rank correlation of propensity and contribution of the converted."""
    converts = rows[rows["converted"] == 1]
    if len(converts) < CONVERTED_FOR_RELATION:
        return []
    ranks = converts[["propensity", "contribution"]].rank().to_numpy()

    def spearman(counts: np.ndarray) -> float:
        again = pd.DataFrame(np.repeat(ranks, counts, axis=0)).rank()
        return float(again[0].corr(again[1]))

    value = spearman(np.ones(len(ranks), dtype=int))
    relation = percentile_interval(value, bootstrap(len(ranks), RELATION_REPLICATES, seed, spearman), len(ranks))
    numbers = {"value": relation.value, "low": relation.low, "high": relation.high}
    if not np.isfinite(list(numbers.values())).all():
        return []
    if relation.low <= 0 <= relation.high:
        text = say(
            "Whether likelier converts bring more or less **cannot be told**: rank correlation of propensity and contribution {value:number} (interval {low:number} to {high:number}).",
            **numbers,
        )
    elif relation.value < 0:
        text = say(
            "Likelier converts bring **less**: rank correlation of propensity and contribution {value:number} (interval {low:number} to {high:number}).",
            **numbers,
        )
    else:
        text = say(
            "Likelier converts bring **more**: rank correlation of propensity and contribution {value:number} (interval {low:number} to {high:number}).",
            **numbers,
        )
    return [_finding("prospects.value_correlation", text, relation, "number", None, compare_to=0.0, is_headline=False)]  # fmt: skip


def outlook_findings(made: Outlook, record: Estimate | None, capacity: int, horizon_months: int, currency: str) -> list[Finding]:
    """What is expected of the open prospects: of the best where others remain, else of all; with the `record` of those chosen
    earlier."""
    count = len(made.open)
    if not is_tellable(count) or count == 0:
        return []
    has_rest = count > capacity and is_tellable(count - capacity)
    who, number = ("best", capacity) if has_rest else ("all", count)
    conversions, contribution = made.conversions[who], made.contribution[who]
    first = say(
        "Of **{open:count}** open prospects (first seen within the last {months:count} months, not yet customers), the {number:count} of highest expected contribution should yield **{value:number.1} conversions** (prediction interval {low:number.1} to {high:number.1}).",
        open=count, months=horizon_months, number=number, value=conversions.value, low=conversions.low, high=conversions.high,
    )  # fmt: skip
    second = say(
        "These {number:count} should bring **{currency} {value:money}** in the first year of those who convert (prediction interval {low:money} to {high:money}){record}.",
        number=number, record=record_words(record), value=contribution.value, currency=currency, low=contribution.low, high=contribution.high,
    )  # fmt: skip
    return [
        _finding("prospects.expected_conversions", first, conversions, "number", "today"),
        _finding("prospects.expected_contribution", second, contribution, "money", "today", is_headline=False),
    ]


def _finding(id: str, text: Message, estimate: Estimate, unit: str, exhibit: str | None, **rest) -> Finding:
    evidence = "description" if id == "prospects.conversion_rate" else "association"
    return Finding(
        id,
        text,
        estimate.value,
        estimate.base,
        unit,
        evidence,
        estimate.low,
        estimate.high,
        exhibit=exhibit,
        base_of=BASE_OF,
        **rest,
    )
