"""Weighted scores and their bounds as findings and exhibits."""

import numpy as np
import pandas as pd

from analysis.finding import Column, Exhibit, Finding
from analysis.stats.missing import Bounds
from analysis.study.satisfaction_weighted import METHODS, SCORES, WeightedScores
from analysis.wording import Message, say

NAMES = {
    "overall_mean": say("mean overall satisfaction"),
    "top_two_box": say("the top-two-box share"),
    "nps": say("the net promoter score (in points)"),
}
HEADINGS = {
    "overall_mean": say("Overall satisfaction"),
    "top_two_box": say("Top-two-box share, %"),
    "nps": say("Net promoter score"),
}
METHOD_NAMES = {
    "answered": say("As answered, whoever was asked"),
    "lot": say("Invited by lot only"),
    "raked": say("Raked to known margins"),
    "propensity": say("By response propensity"),
}
HEADLINE = "overall_mean"
POINTS_APART = 4


def weighted_findings(found: WeightedScores | None) -> list[Finding]:
    """Each score weighted to all customers, and its bounds at the declared tilt."""
    if found is None:
        return []
    return [
        finding
        for name in SCORES
        if name in found.bounds
        for finding in (_weighted_finding(found, name), _bounds_finding(found, name))
    ]


def _number(value: float, unit: str) -> Message:
    if unit == "share":
        return say("{value:share}", value=value)
    return say("{value:score}", value=value) if unit == "score" else say("{value:mark}", value=value)


def _weighted_finding(found: WeightedScores, name: str) -> Finding:
    unit, row, raw = SCORES[name].unit, found.row(name, "propensity"), found.row(name, "answered")
    words = {key: _number(row[key], unit) for key in ("value", "low", "high")}
    text = say(
        "Weighted to all active customers by response propensity, {score} is **{value}** (interval {low} to {high}), if those who did not answer feel as those alike who did; as answered it is {raw}.",
        score=NAMES[name], **words, raw=_number(raw["value"], unit),
    )  # fmt: skip
    return Finding(
        f"{name}.weighted", text, row["value"], int(row["base"]), unit, "adjusted", row["low"], row["high"], raw["value"],
        exhibit="weighted", base_of="answers", is_headline=name == HEADLINE,
    )  # fmt: skip


def _bounds_finding(found: WeightedScores, name: str) -> Finding:
    unit, row = SCORES[name].unit, found.row(name, "propensity")
    here, worst = found.bounds[name][found.tilt], found.bounds[name][np.inf]
    text = say(
        "If for each point a customer would rate lower the odds of not answering differed by a factor of up to {tilt:ratio}, either way, {score} of all active customers lies between **{low}** and **{high}** (95%, chance of sampling included); with nothing assumed of those who did not answer, between {least} and {most}.",
        tilt=found.tilt, score=NAMES[name], low=_number(here.interval_low, unit), high=_number(here.interval_high, unit),
        least=_number(worst.interval_low, unit), most=_number(worst.interval_high, unit),
    )  # fmt: skip
    return Finding(
        f"{name}.bounds", text, row["value"], here.base, unit, "adjusted", here.interval_low, here.interval_high,
        exhibit="bounds", base_of="answers", is_headline=name == HEADLINE,
    )  # fmt: skip


def weighted_exhibit(found: WeightedScores | None) -> Exhibit:
    """Mean overall satisfaction by method."""
    heading = say("Satisfaction, weighted to all customers")
    if found is None:
        return Exhibit("weighted", heading, absent=_absent())
    rows = found.table[found.table["score"] == HEADLINE]
    frame = rows.assign(label=rows["method"].map(METHOD_NAMES), is_noise=False)
    frame = frame[["label", "value", "low", "high", "base", "is_noise"]].reset_index(drop=True)
    subtitle = say(
        "Mean overall satisfaction, 1 to 10, of all active customers by way of weighting; lines, 95% intervals; base: answers"
    )
    raw = found.row(HEADLINE, "answered")
    return Exhibit(
        "weighted",
        _weighted_title(found),
        subtitle,
        frame,
        unit="mark",
        reference=float(raw["value"]),
        reference_label=say("Not weighted"),
    )


def _weighted_title(found: WeightedScores) -> Message:
    raw, row = found.row(HEADLINE, "answered"), found.row(HEADLINE, "propensity")
    numbers = {"value": row["value"], "raw": raw["value"]}
    if row["low"] <= raw["value"] <= row["high"]:
        return say("Weighted {value:mark}, as answered {raw:mark}: what is known of the customers changes little", **numbers)
    if row["value"] < raw["value"]:
        return say("Weighted {value:mark}, as answered {raw:mark}: those who answered are the more satisfied", **numbers)
    return say("Weighted {value:mark}, as answered {raw:mark}: those who answered are the less satisfied", **numbers)


def _absent() -> Message:
    return say("Too few answers bear a customer of whom anything is known, so that they cannot be weighted to all customers.")


def weights_exhibit(found: WeightedScores | None) -> Exhibit:
    """All scores by method, with the design effect of the weights: a table."""
    if found is None:
        return Exhibit("weights", say("What weighting costs"), absent=_absent())
    rows = [_table_row(found, method) for method in METHODS if found.row(HEADLINE, method) is not None]
    largest = max(row["design_effect"] for row in rows)
    title = say("Weighting costs at most {share:share} of the answers' precision (design effect {effect:ratio})",
                share=1 - 1 / largest, effect=largest)  # fmt: skip
    subtitle = say(
        "Scores by way of weighting with 95% intervals; effective base: as many answers of equal weight would be as precise; {answered:count} of {asked:count} {who}, weighted by {traits:count} traits",
        answered=found.answered, asked=found.asked, traits=found.traits,
        who=say("invitations by lot answered") if found.is_by_lot else say("active customers answered"),
    )  # fmt: skip
    shown = [name for name in SCORES if name in found.bounds]
    scores = [
        Column(f"{name}_{part}", label, SCORES[name].unit, HEADINGS[name]) for name in shown for part, label in _PARTS.items()
    ]
    columns = (
        Column("label", say("Weighting")), *scores, Column("design_effect", say("Design effect"), "ratio"),
        Column("effective", say("Effective base"), "count", say("answers")),
    )  # fmt: skip
    return Exhibit("weights", title, subtitle, pd.DataFrame(rows), columns=columns)


_PARTS = {"value": say("Value"), "low": say("From"), "high": say("To")}


def _table_row(found: WeightedScores, method: str) -> dict:
    first = found.row(HEADLINE, method)
    row = {"label": METHOD_NAMES[method], "design_effect": first["design_effect"], "effective": int(first["effective"])}
    for name in found.bounds:
        own = found.row(name, method)
        row |= {f"{name}_{part}": None if own is None else own[part] for part in _PARTS}
    return row


def bounds_exhibit(found: WeightedScores | None) -> Exhibit:
    """How far the mean of all may lie, by tilt."""
    heading = say("How far the true mean may lie")
    if found is None:
        return Exhibit("bounds", heading, absent=_absent())
    whole, raw = found.row(HEADLINE, "propensity"), found.row(HEADLINE, "answered")
    frame = pd.DataFrame([_bounds_row(found, tilt, bound, whole) for tilt, bound in sorted(found.bounds[HEADLINE].items())])
    here = found.bounds[HEADLINE][found.tilt]
    title = say(
        "At the declared tilt of {tilt:ratio} the mean of all customers lies between {low:mark} and {high:mark}",
        tilt=found.tilt, low=here.interval_low, high=here.interval_high,
    )  # fmt: skip
    subtitle = say(
        "Mean overall satisfaction of all active customers, 1 to 10: how far it may lie (95%), by how many times the odds of not answering differ for each point ({tilt:ratio} a point is {far:number.1} over {points:count} points); dot, weighted mean; base: answers",
        tilt=found.tilt, far=found.tilt**POINTS_APART, points=POINTS_APART,
    )  # fmt: skip
    return Exhibit(
        "bounds", title, subtitle, frame, unit="mark", reference=float(raw["value"]), reference_label=say("Not weighted"),
        options={"value_label": say("Weighted")},
    )  # fmt: skip


def _bounds_row(found: WeightedScores, tilt: float, bound: Bounds, whole: pd.Series) -> dict:
    numbers = {"low": bound.interval_low, "high": bound.interval_high, "base": bound.base, "is_noise": False}
    return {"label": _tilt_label(tilt, tilt == found.tilt), "value": whole["value"], **numbers}


def _tilt_label(tilt: float, is_declared: bool) -> Message:
    if np.isinf(tilt):
        return say("Nothing assumed")
    if tilt == 1:
        return say("As those alike who answered")
    return say("{tilt:ratio} a point (declared)", tilt=tilt) if is_declared else say("{tilt:ratio} a point", tilt=tilt)
