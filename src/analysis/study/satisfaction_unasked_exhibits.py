"""What is told of the satisfaction of those who were not asked."""

import re

import numpy as np
import pandas as pd

from analysis.finding import Column, Exhibit, Finding
from analysis.stats.forecasts import forecast_table
from analysis.stats.intervals import simultaneous
from analysis.study.satisfaction_unasked import JUDGE_BY, LEARN_FROM, Unasked
from analysis.study.satisfaction_unasked_groups import UnaskedGroups
from analysis.wording import Message, say

MOST_BINS, ANSWERS_PER_BIN = 10, 30
RESTED = {"evidence": "association", "base_of": "answers"}


def unasked_findings(found: Unasked | None, groups: UnaskedGroups | None) -> list[Finding]:
    """How well behaviour predicts; then the whole, each group, and where low marks would gather."""
    if found is None:
        return []
    quality = _quality_findings(found)
    if groups is None:
        return quality
    return [_whole_finding(found, groups), *_low_findings(groups), *quality, *_group_findings(groups)]


def _quality_findings(found: Unasked) -> list[Finding]:
    saved, plain, error, slope, shift = found.made.r_squared, found.plain.r_squared, found.made.rmse, found.slope, found.shift
    numbers = {"value": saved.value, "low": saved.low, "high": saved.high, "plain": plain.value}
    text = (
        say(
            "Behaviour and branch predict **{value:share}** of the variation of later answers (interval {low:share} to {high:share}); age, assets and years with the bank alone {plain:share}. How much anybody could predict is not known.",
            **numbers,
        )
        if found.predicts
        else say(
            "Behaviour predicts later answers **no better than the mean alone** beyond doubt: {value:share} of their variation (interval {low:share} to {high:share}). So nothing is said of those who were not asked.",
            **numbers,
        )
    )
    made = [Finding("unasked.r_squared", text, saved.value, saved.base, "share", low=saved.low, high=saved.high, compare_to=plain.value, exhibit="unasked_validation", is_headline=not found.predicts, **RESTED)]  # fmt: skip
    parts = {
        "rmse": (error, say("A single customer's mark is missed by **{value:mark}** points (root mean square; interval {low:mark} to {high:mark}): too much to speak of one customer.", **_numbers(error))),
        "shift": (shift, say("Later answers lie **{value:mark}** points off the predictions on average (interval {low:mark} to {high:mark}; 0 is right).", **_numbers(shift))),
    }  # fmt: skip
    if slope.value is not None:
        parts["slope"] = (slope, say("Calibration slope of the predictions: **{value:number}** (interval {low:number} to {high:number}); 1 is right, below 1 predictions differ too much.", **_numbers(slope)))  # fmt: skip
    for name, (estimate, words) in parts.items():
        unit = "number" if name == "slope" else "mark"
        made.append(Finding(f"unasked.{name}", words, estimate.value, estimate.base, unit, low=estimate.low, high=estimate.high, exhibit="unasked_validation", is_headline=False, **RESTED))  # fmt: skip
    return made


def _numbers(estimate) -> dict:
    return {"value": estimate.value, "low": estimate.low, "high": estimate.high}


def _whole_finding(found: Unasked, groups: UnaskedGroups) -> Finding:
    whole, said = groups.whole, groups.answered
    text = say(
        "Were all customers asked, the mean mark expected from their behaviour is **{value:mark}** (prediction interval {low:mark} to {high:mark}); those who answered, answers that staff asked for left out, gave {said:mark}. If those who do not answer feel otherwise than those who answer and behave alike, it is off by as much.",
        **_numbers(whole), said=said.value,
    )  # fmt: skip
    return Finding(
        "unasked.mean", text, whole.value, whole.base, "mark", "association", whole.low, whole.high, said.value, "unasked"
    )


def _low_findings(groups: UnaskedGroups) -> list[Finding]:
    """Low marks expected of all, and of the groups of which more are expected beyond noise, all read at once."""
    whole, made = groups.all_low, []
    for _, row in _above(groups.low).iterrows():
        text = say(
            "{name}: were all asked, **{value:share}** of these customers would be expected to give a 6 or less (interval {low:share} to {high:share}), against {whole:share} of all; they are {customers:share} of all customers, and {share:share} of the low marks expected would be theirs.",
            name=named(row), **_numbers(row), whole=whole.value, customers=row["customer_share"], share=row["low_share"],
        )  # fmt: skip
        limits = {"low": row["low"], "high": row["high"], "compare_to": whole.value}
        made.append(
            Finding(
                f"unasked.low.{slug(row)}", text, row["value"], int(row["base"]), "share", "association",
                **limits, exhibit="unasked_where", is_headline=not made,
            )
        )  # fmt: skip
    text = say(
        "Were all customers asked, **{value:share}** would be expected to give a 6 or less (interval {low:share} to {high:share}).",
        **_numbers(whole),
    )
    limits = {"low": whole.low, "high": whole.high, "exhibit": "unasked_where", "is_headline": False}
    return [*made, Finding("unasked.low", text, whole.value, whole.base, "share", "association", **limits)]


def _above(low: pd.DataFrame) -> pd.DataFrame:
    """Groups of which more low marks are expected than of all beyond noise, first the highest share."""
    table = _marked_low(low)
    return table[~table["is_noise"] & (table["gap"] > 0)].sort_values("value", ascending=False)


def _marked_low(low: pd.DataFrame) -> pd.DataFrame:
    gaps = low[["gap", "gap_low", "gap_high"]].set_axis(["value", "low", "high"], axis=1)
    return low.assign(is_noise=marked(gaps, 0.0)["is_noise"])


def _group_findings(groups: UnaskedGroups) -> list[Finding]:
    made = []
    for _, row in groups.means.iterrows():
        text = say(
            "{name}: expected mean mark **{value:mark}**, were all asked (prediction interval {low:mark} to {high:mark}).",
            name=named(row), **_numbers(row),
        )  # fmt: skip
        said = None if np.isnan(row["answered"]) else row["answered"]
        numbers = {"low": row["low"], "high": row["high"], "compare_to": said}
        made.append(
            Finding(
                f"unasked.{slug(row)}", text, row["value"], int(row["base"]), "mark", "association",
                **numbers, exhibit="unasked", is_headline=False,
            )
        )  # fmt: skip
    return made


def named(row: pd.Series) -> Message:
    """A group and what divides customers so."""
    return say("{label} ({group})", label=row["label"], group=row["group"])


def slug(row: pd.Series) -> str:
    """`tier.private_banking` of a row's group and label."""
    return ".".join(re.sub(r"\W+", "_", str(row[name]).lower()).strip("_") for name in ("group", "label"))


def marked(table: pd.DataFrame, reference: float) -> pd.DataFrame:
    """With is_noise: whether a row's interval holds the reference, all rows read at once."""
    at_once = simultaneous(table)
    return table.assign(is_noise=(at_once["low"] <= reference) & (reference <= at_once["high"]))


def unasked_exhibit(found: Unasked | None, groups: UnaskedGroups | None) -> Exhibit:
    """Predicted mean mark of each group."""
    heading = say("Those we did not ask")
    if absent := _absent("unasked", heading, found, groups):
        return absent
    table = marked(groups.means, groups.whole.value)
    apart = table[~table["is_noise"]]
    numbers = {"whole": groups.whole.value, "all": len(table)}
    if apart.empty:
        title = say("No group's expected mean differs from that of all, {whole:mark}, beyond noise, {all:count} compared at once", **numbers)  # fmt: skip
    else:
        row = apart.loc[(apart["value"] - groups.whole.value).abs().idxmax()]
        title = say("Furthest from the expected mean of all, beyond noise: {label}, {value:mark} against {whole:mark}", label=named(row), value=row["value"], **numbers)  # fmt: skip
    subtitle = say(
        "Mean overall mark expected if all open and active customers were asked, 1 to 10, learnt from {answers:count} answers; lines, 95% prediction intervals of the group's mean; hollow: within noise, all compared at once; base: customers",
        answers=len(found.answers),
    )  # fmt: skip
    frame = table[["label", "group", "value", "low", "high", "base", "is_noise"]]
    return Exhibit("unasked", title, subtitle, frame, unit="mark", reference=groups.whole.value, reference_label=say("All"))


def unasked_beside_exhibit(found: Unasked | None, groups: UnaskedGroups | None) -> Exhibit:
    """The predicted mean beside that of those who answered."""
    heading = say("Expected of all, and given by those who answered")
    if absent := _absent("unasked_beside", heading, found, groups):
        return absent
    table = groups.means.assign(label=[named(row) for _, row in groups.means.iterrows()])  # fmt: skip
    return Exhibit(
        name="unasked_beside",
        title=say("Expected of all customers {whole:mark}, given by those who answered {said:mark}", whole=groups.whole.value, said=groups.answered.value),
        subtitle=say("Mean overall mark, 1 to 10: expected if all were asked, with its 95% prediction interval, beside the mean of those who answered in the period, answers that staff asked for left out; a dash: too few answers"),
        frame=table,
        columns=(
            Column("label", say("Group")),
            Column("value", say("Expected"), "mark", say("of 10")),
            Column("low", say("From"), "mark", say("95% interval")),
            Column("high", say("To"), "mark", say("95% interval")),
            Column("base", say("Customers"), "count"),
            Column("answered", say("Those who answered"), "mark", say("of 10")),
            Column("answered_low", say("From"), "mark", say("95% interval")),
            Column("answered_high", say("To"), "mark", say("95% interval")),
            Column("answers", say("Answers"), "count"),
        ),
    )  # fmt: skip


def unasked_validation_exhibit(found: Unasked | None) -> Exhibit:
    """Predicted against later marks, in groups of equal size by prediction."""
    heading = say("Predicted and later answers")
    if found is None:
        return Exhibit("unasked_validation", heading, absent=_too_few())
    rows = found.validation
    bins = max(min(MOST_BINS, len(rows) // ANSWERS_PER_BIN), 2)
    table = forecast_table(rows["predicted"], rows["observed"], rows["customer_id"], bins)
    fits = found.slope.value is not None and found.slope.low <= 1 <= found.slope.high and found.shift.low <= 0 <= found.shift.high
    numbers = {"saved": found.made.r_squared.value, "slope": found.slope.value, "shift": found.shift.value}
    title = (
        say("Predictions differ from later answers by no more than noise on average, and tell {saved:share} of their variation; slope {slope:number}", **numbers)
        if fits
        else say("Predictions are off: later answers lie {shift:mark} points from them, slope {slope:number}, where 1 is right", **numbers)
    )  # fmt: skip
    subtitle = say(
        "Mean mark given against mean mark predicted, in {bins:count} equal groups of answers by prediction; models saw earlier answers only; band, 95% interval robust to customers who recur; the straight line is perfect; {answers:count} answers",
        bins=bins, answers=len(rows),
    )  # fmt: skip
    frame = table.rename(columns={"predicted": "x", "observed": "value"}).assign(series=say("Later answers"))
    options = {"diagonal": True}
    return Exhibit("unasked_validation", title, subtitle, frame, unit="mark", x_label=say("Predicted mark"), x_unit="mark", options=options)  # fmt: skip


def unasked_where_exhibit(found: Unasked | None, groups: UnaskedGroups | None) -> Exhibit:
    """Share of each group's customers expected to give a low mark."""
    heading = say("Where low marks would gather")
    if absent := _absent("unasked_where", heading, found, groups):
        return absent
    if groups.low.empty:
        return Exhibit("unasked_where", heading, absent=say("Too few low marks are expected of the groups for them to be shown."))
    whole, above, count = groups.all_low.value, _above(groups.low), len(groups.low)
    if above.empty:
        title = say("Of no group more low marks are expected than of all, {whole:share}, beyond noise, {all:count} compared at once", whole=whole, all=count)  # fmt: skip
    else:
        most = above.iloc[0]
        title = say("Most low marks are expected of: {label}, {value:share} would give a 6 or less, against {whole:share} of all", label=named(most), value=most["value"], whole=whole)  # fmt: skip
    subtitle = say(
        "Share of each group's customers expected to give a 6 or less, were all asked, in %: predictions with the scatter of answers about them; lines, 95% intervals of the expected share; hollow: difference from all within noise, all compared at once; base: customers"
    )
    frame = _marked_low(groups.low)[["label", "group", "value", "low", "high", "base", "is_noise"]]
    return Exhibit(
        "unasked_where", title, subtitle, frame, reference=whole, reference_label=say("All"), options={"value_label": say("% of group")},
    )  # fmt: skip


def _absent(name: str, heading: Message, found: Unasked | None, groups: UnaskedGroups | None) -> Exhibit | None:
    if found is None:
        return Exhibit(name, heading, absent=_too_few())
    if groups is None:
        reason = say("Behaviour predicts later answers no better than the mean alone beyond doubt, so no group is predicted.")
        return Exhibit(name, heading, absent=reason)
    if groups.means.empty:
        return Exhibit(name, heading, absent=say("Customers cannot be divided into groups that are large enough."))
    return None


def _too_few() -> Message:
    return say(
        "Dated answers of known customers are too few to learn from ({learn:count} are needed) and to judge by ({judge:count} later ones).",
        learn=LEARN_FROM, judge=JUDGE_BY,
    )  # fmt: skip
