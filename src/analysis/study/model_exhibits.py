"""What goes with leaving, and how far the model can be believed: the exhibits."""

import numpy as np
import pandas as pd

from analysis.finding import Column, Exhibit
from analysis.stats.intervals import Estimate, simultaneous
from analysis.stats.prediction import calibration_slope, calibration_table, lift_table, observed_share
from analysis.study.disclosed import is_tellable, told
from analysis.study.warning_model import TERMS, WarningModel
from analysis.wording import Message, say

CAPACITY_SHARE = 0.1
MOST_BINS = 10
FEWEST_BINS = 3


def odds_exhibit(model: WarningModel) -> Exhibit:
    """Odds ratio of each attribute."""
    if absent := _absent("odds", say("Odds ratios"), model):
        return absent
    ratios = model.fit.odds_ratios()
    ratios = ratios[ratios["term"].isin(TERMS)]
    table = _labelled(ratios, within_noise(ratios.assign(**np.log(ratios[["value", "low", "high"]]))))
    apart = table[~table["is_noise"]]
    return Exhibit(
        name="odds",
        title=say(
            "Attributes that go with leaving beyond noise, all compared at once: {apart:count} of {all:count}",
            apart=len(apart), all=len(table),
        ),
        subtitle=say(
            "Odds ratio of leaving within the horizon, each attribute with the others held equal; lines, 95% intervals robust to customers who recur, each by itself; hollow: within noise, all compared at once (Bonferroni)"
        ),
        frame=table,
        unit="ratio",
        reference=1.0,
        reference_label=say("No difference"),
        options={"log": True, "value_label": say("Odds ratio")},
    )  # fmt: skip


def effects_exhibit(model: WarningModel) -> Exhibit:
    """The same in percentage points."""
    if absent := _absent("effects", say("Average marginal effects"), model):
        return absent
    effects = model.fit.average_marginal_effects()
    effects = effects[effects["term"].isin(TERMS)]
    table = _labelled(effects, within_noise(effects))
    return Exhibit(
        name="effects",
        title=_effects_title(table),
        subtitle=say(
            "Average marginal effect: by how many points the share who leave differs, for the unit named, other attributes of each customer as they are; 95% intervals, each by itself; grey: within noise, all compared at once (Bonferroni); rows of overlapping times are to be read together"
        ),
        frame=table,
        columns=(
            Column("label", say("Attribute")),
            Column("value", say("Difference"), "points"),
            Column("low", say("From"), "points"),
            Column("high", say("To"), "points"),
        ),
    )


def _effects_title(table: pd.DataFrame) -> Message:
    apart = table[~table["is_noise"]]
    if apart.empty:
        return say("No attribute's difference is beyond noise, {all:count} compared at once", all=len(table))
    largest = apart.loc[apart["value"].abs().idxmax()]
    return say(
        "Largest difference of {all:count}, beyond noise: {value:points} points ({term})",
        all=len(table), value=largest["value"], term=largest["label"],
    )  # fmt: skip


def within_noise(table: pd.DataFrame) -> pd.Series:
    """Which rows (value, low, high: differences, or logs of ratios) do not differ from 0, all read at once."""
    at_once = simultaneous(table)
    return (at_once["low"] <= 0) & (at_once["high"] >= 0)


def validation_exhibit(model: WarningModel) -> Exhibit:
    """AUC at each later landmark."""
    if absent := _absent("validation", say("Validation"), model):
        return absent
    table = model.by_landmark.assign(label=[say("{day:date}", day=day) for day in model.by_landmark["landmark"]])
    low, high = table["value"].min(), table["value"].max()
    title = (
        say("AUC at later landmarks: {low:number} to {high:number}", low=low, high=high)
        if len(table) > 1
        else say("AUC at a later landmark: {value:number}", value=low)
    )
    return Exhibit(
        name="validation",
        title=title,
        subtitle=say(
            "AUC at each landmark, of a model that saw only outcomes known by then; 0.5 is chance; lines, 95% intervals (DeLong); base: customers"
        ),
        frame=table.drop(columns="landmark"),
        unit="number",
        reference=0.5,
        reference_label=say("Chance"),
        options={"value_label": say("AUC")},
    )


def calibration_exhibit(model: WarningModel) -> Exhibit:
    """Observed against predicted shares, in as many groups as leave ten leavers in each."""
    heading = say("Calibration")
    if absent := _absent("calibration", heading, model):
        return absent
    table = _calibration_bins(model.validation)
    if table is None:
        return Exhibit(
            "calibration", heading, absent=say("Too few customers left at later landmarks to compare groups by score.")
        )
    return Exhibit(
        "calibration",
        _calibration_title(model),
        say(
            "Observed against predicted share who leave, in {bins:count} equal groups of customers by score, in %; band, 95% interval robust to customers who recur; the straight line is perfect",
            bins=len(table),
        ),
        table.rename(columns={"predicted": "x", "observed": "value"}).assign(series=say("Later landmarks")),
        x_label=say("Predicted share"),
        x_unit="share",
        options={"diagonal": True},
    )


def _calibration_bins(made: pd.DataFrame) -> pd.DataFrame | None:
    for bins in range(MOST_BINS, FEWEST_BINS - 1, -1):
        table = calibration_table(made["probability"], made["outcome"], bins, made["customer_id"])
        if (table["observed"] * table["base"]).round().map(is_tellable).all():
            return table
    return None


def _calibration_title(model: WarningModel) -> Message:
    made, slope = model.validation, slope_of(model)
    left, predicted = observed_share(made["outcome"], made["customer_id"]), float(made["probability"].mean())
    numbers = {"left": left.value, "predicted": predicted, "value": slope.value, "low": slope.low, "high": slope.high}
    if slope.low <= 1 <= slope.high and left.low <= predicted <= left.high:
        return say(
            "Predictions hold: {left:share} left, {predicted:share} predicted; slope {value:number} (interval {low:number} to {high:number})",
            **numbers,
        )
    return say(
        "Predictions are off: {left:share} left, {predicted:share} predicted; slope {value:number} (interval {low:number} to {high:number}), where 1 is right",
        **numbers,
    )


def lift_exhibit(model: WarningModel) -> Exhibit:
    """What the highest scores catch; rows on too few leavers are left out."""
    heading = say("Lift")
    if absent := _absent("lift", heading, model):
        return absent
    made = model.validation
    table = lift_table(made["probability"], made["outcome"], groups=made["customer_id"])
    table = table.loc[_told_rows(table, float(made["outcome"].sum()), len(made))].reset_index(drop=True)
    if table.empty:
        return Exhibit("lift", heading, absent=say("Too few customers left at later landmarks to count them by score."))
    row = table.loc[(table["share"] - CAPACITY_SHARE).abs().idxmin()]
    return Exhibit(
        name="lift",
        title=say(
            "Among the {share:share.0} with the highest scores are {captured:share} of those who left",
            share=row["share"], captured=row["captured"],
        ),
        subtitle=say("What the highest scores catch at later landmarks; intervals robust to customers who recur"),
        frame=table,
        columns=(
            Column("share", say("Highest scores"), "share", say("% of all")),
            Column("precision", say("Of these left"), "share"),
            Column("captured", say("Of all who left"), "share"),
            Column("lift", say("Lift"), "ratio", say("times")),
            Column("low", say("From"), "ratio", say("95% interval")),
            Column("high", say("To"), "ratio", say("95% interval")),
            Column("base", say("Base"), "count", say("customers × landmarks")),
        ),
    )  # fmt: skip


def _told_rows(table: pd.DataFrame, leavers: float, size: int) -> list[int]:
    """Rows, each of the highest scores down to some share, whose leavers and stayers, and those between any two of them, may be told:
    that nearest to CAPACITY_SHARE first."""
    hits = (table["precision"] * table["base"]).round()
    shown: dict[int, tuple[float, float]] = {}
    for row in (table["share"] - CAPACITY_SHARE).abs().sort_values(kind="stable").index:
        own = (hits[row], table["base"][row] - hits[row])
        others = [(0.0, 0.0), (leavers, size - leavers), *shown.values()]
        if all(is_tellable(abs(mine - theirs)) for other in others for mine, theirs in zip(own, other, strict=True)):
            shown[row] = own
    return sorted(shown)


def _labelled(table: pd.DataFrame, is_noise: pd.Series) -> pd.DataFrame:
    labelled = table.assign(label=table["term"].map(TERMS), is_noise=is_noise)
    return labelled.sort_values("value", ascending=False, ignore_index=True)


def _absent(name: str, heading: Message, model: WarningModel) -> Exhibit | None:
    """The whole reason at the first exhibit that lacks, a reference to it at those below."""
    if model.fit is None:
        whole = say("There is no model: {reason}.", reason=why_no_model(model))
        return Exhibit(name, heading, absent=whole if name == "odds" else say("There is no model, for the reason given above."))
    if name in ("validation", "calibration", "lift") and model.validation.empty:
        whole = say("No later landmark has matured at which the model could be judged.")
        return Exhibit(
            name,
            heading,
            absent=whole if name == "validation" else say("The model could not be judged, for the reason given above."),
        )
    return None


def why_no_model(model: WarningModel) -> Message:
    """Why there is no fit: how many left, how many are needed."""
    if model.events >= model.events_needed:
        return say("the attributes of those who left allow no single answer")
    return say(
        "customers who left at all landmarks together: {events}; needed: {needed:count}",
        events=told(model.events), needed=model.events_needed,
    )  # fmt: skip


def slope_of(model: WarningModel) -> Estimate:
    """Calibration slope of the predictions for later landmarks."""
    made = model.validation
    return calibration_slope(made["probability"], made["outcome"], made["customer_id"])
