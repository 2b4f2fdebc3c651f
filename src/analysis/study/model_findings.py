"""What goes with leaving, and how far the model can be believed: the findings."""

from collections.abc import Mapping

from analysis.finding import Finding
from analysis.stats.intervals import Estimate, simultaneous
from analysis.stats.prediction import lift_at
from analysis.study.model_exhibits import CAPACITY_SHARE, slope_of, why_no_model, within_noise
from analysis.study.warning_model import TERMS, WarningModel, validated_auc
from analysis.wording import say

LATE_SIGNS = ("assets_lately", "assets_falling", "assets_year", "days_silent", "transactions", "slowing")
UNDER_WAY = say("; part of it may be leaving already under way")


def model_findings(model: WarningModel, others: Mapping[str, WarningModel]) -> list[Finding]:
    """How well the model tells leavers apart under the main rule and the `others`, and what goes with leaving most."""
    if model.fit is None:
        text = say("**No model** is shown: {reason}.", reason=why_no_model(model))
        return [Finding("model.events", text, None, model.base, "count", exhibit="odds", base_of="observations")]
    told = []
    if (found := validated_auc(model)) is not None:
        told = [_auc_finding(found, others), _lift_finding(model), _slope_finding(model)]
    return [*told, strongest_effect(model)]


def _auc_finding(found: Estimate, others: Mapping[str, WarningModel]) -> Finding:
    tested = [estimate for other in others.values() if (estimate := validated_auc(other)) is not None]
    text = say(
        "At later landmarks the model tells who leaves from who stays with an AUC of **{value:number}** (interval {low:number} to {high:number}; 0.5 is chance); rules under which it is better than chance: {holds:count} of {rules:count} that can be tested.",
        value=found.value, low=found.low, high=found.high,
        holds=sum(estimate.low > 0.5 for estimate in [found, *tested]), rules=1 + len(tested),
    )  # fmt: skip
    return Finding(
        "auc", text, found.value, found.base, "number",
        low=found.low, high=found.high, compare_to=0.5, exhibit="validation", base_of="observations",
    )  # fmt: skip


def _lift_finding(model: WarningModel) -> Finding:
    made = model.validation
    top = lift_at(made["probability"], made["outcome"], CAPACITY_SHARE, made["customer_id"])
    text = say(
        "The tenth of customers with the highest scores left **{value:ratio.1} times** as often as all (interval {low:ratio.1} to {high:ratio.1}).",
        value=top.value, low=top.low, high=top.high,
    )  # fmt: skip
    return Finding(
        "lift.top_tenth", text, top.value, top.base, "ratio",
        low=top.low, high=top.high, compare_to=1.0, exhibit="lift", base_of="observations",
    )  # fmt: skip


def _slope_finding(model: WarningModel) -> Finding:
    slope = slope_of(model)
    text = say(
        "Calibration slope at later landmarks: **{value:number}** (interval {low:number} to {high:number}; 1 is right, less is overconfident).",
        value=slope.value, low=slope.low, high=slope.high,
    )  # fmt: skip
    return Finding(
        "calibration.slope", text, slope.value, slope.base, "number", low=slope.low, high=slope.high,
        compare_to=1.0, exhibit="calibration", base_of="observations", is_headline=False,
    )  # fmt: skip


def strongest_effect(model: WarningModel) -> Finding:
    """The largest average marginal effect of those beyond noise, its interval widened for having been picked."""
    effects = model.fit.average_marginal_effects()
    effects = effects[effects["term"].isin(TERMS)]
    apart = simultaneous(effects)[~within_noise(effects)]
    rest = {"base": model.fit.base, "exhibit": "effects", "base_of": "observations"}
    if apart.empty:
        text = say("**No** attribute goes with leaving beyond noise, {all:count} attributes read at once.", all=len(effects))
        return Finding("ame.none", text, 0, unit="count", evidence="adjusted", **rest)
    row = apart.loc[apart["value"].abs().idxmax()]
    text = say(
        "{term}: the share who leave differs by **{value:points} points** from that of customers otherwise alike in the model (the largest of {all:count} differences; interval, widened for that choice, {low:points} to {high:points}){under_way}.",
        under_way=UNDER_WAY if row["term"] in LATE_SIGNS else "", term=TERMS[row["term"]], value=row["value"], low=row["low"], high=row["high"], all=len(effects),
    )  # fmt: skip
    numbers = {"low": row["low"], "high": row["high"]}
    return Finding(f"ame.{row['term']}", text, row["value"], unit="points", evidence="adjusted", **numbers, **rest)
