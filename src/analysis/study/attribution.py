"""Who leaves, and what goes with it: the churn report's findings and exhibits."""

import datetime as dt
from collections.abc import Mapping
from dataclasses import dataclass

import pandas as pd

from analysis.errors import NotProduced
from analysis.finding import DISCLOSURE_THRESHOLD, Column, Exhibit, Finding
from analysis.stats.intervals import Estimate, difference_of_shares
from analysis.stats.prediction import calibration_slope, calibration_table, lift_at, lift_table
from analysis.stats.survival import kaplan_meier, log_rank
from analysis.study.churn import INVOLUNTARY_REASONS, MAIN_RULE, RULES, ChurnRule, at_risk, is_tellable, matured, observable, outcomes, rates
from analysis.study.tiers import TIERS, tier_of
from analysis.study.warning_model import TERMS, WarningModel, reason_codes, reason_words, validated_auc, warning_model
from analysis.wording import Message, say

CAPACITY_SHARE = 0.1
CALIBRATION_BINS = 10
CUSTOMERS_FOR_CURVE = 30
DAYS_PER_MONTH = 30.4375
UNSEEN = {
    "closed": say("not recorded in the bank's data"),
    "dormant": say("the bank brings no transactions"),
    "run_off": say("the bank brings no balances"),
}


@dataclass(frozen=True)
class Attribution:
    """What the report shows."""

    findings: list[Finding]
    by_rule: Exhibit
    history: Exhibit
    retention: Exhibit
    odds: Exhibit
    effects: Exhibit
    validation: Exhibit
    calibration: Exhibit
    lift: Exhibit
    reasons: Exhibit


def churn_attribution(history: dict[dt.date, pd.DataFrame], as_of: dt.date, tiers: Mapping[str, float], rule: ChurnRule) -> Attribution:
    """`history` holds the features of each landmark (see `bank.features`); `tiers` the bank's edges. Needs a landmark whose
    horizon has ended."""
    days = matured(list(history), as_of, rule)
    if not days:
        raise NotProduced(
            say("No landmark's horizon of {months:count} months has ended by {day:date}: the data begin too late.", months=rule.horizon_months, day=as_of)
        )
    seen = observable(history)
    by_day = {day: outcomes(history[day], history[rule.end(day)], rule) for day in days}
    model = warning_model(history, as_of, rule)
    retention = _retention(history, as_of, tiers, rule, seen)
    scored = reason_codes(model.fit, at_risk(history[max(history)], rule)) if model.fit else None
    return Attribution(
        findings=[*_rate_findings(by_day, seen, rule), *_model_findings(model, history, as_of, rule, seen), *_reason_findings(model, scored)],
        by_rule=_by_rule(by_day[days[-1]], seen, rule, days[-1]),
        history=_history(by_day, rule),
        retention=retention,
        odds=_odds(model),
        effects=_effects(model),
        validation=_validation(model),
        calibration=_calibration(model),
        lift=_lift(model),
        reasons=_reasons(model, scored),
    )


def _rate_findings(by_day: dict[dt.date, pd.DataFrame], seen: dict[str, bool], rule: ChurnRule) -> list[Finding]:
    days = sorted(by_day)
    latest = rates(by_day[days[-1]]).set_index("rule")
    before = by_day.get(rule_earlier(days[-1], rule))
    earlier = rates(before).set_index("rule").loc[MAIN_RULE] if before is not None and len(before) else None
    names = [name for name in ("closed", "dormant", "run_off") if seen[name]]
    told = [_main_rate(latest.loc[MAIN_RULE], earlier, days[-1], rule)]
    return told + [_rate(name, latest.loc[name], RULES[name]) for name in names]


def _main_rate(row: pd.Series, earlier: pd.Series | None, day: dt.date, rule: ChurnRule) -> Finding:
    if not is_tellable(row["events"]):
        text = say(
            "**Fewer than {threshold:count}** of {base:count} customers of {day:date} left within {months:count} months: too few for a rate.",
            threshold=DISCLOSURE_THRESHOLD, base=row["base"], day=day, months=rule.horizon_months,
        )  # fmt: skip
        return Finding(f"churn_rate.{MAIN_RULE}", text, None, int(row["base"]), "share", exhibit="by_rule")
    text = say(
        "**{value:share}** of the customers of {day:date} left within {months:count} months (interval {low:share} to {high:share}){then}.",
        value=row["value"], day=day, months=rule.horizon_months, low=row["low"], high=row["high"], then=_then(row, earlier),
    )  # fmt: skip
    compare_to = None if earlier is None else earlier["value"]
    return Finding(f"churn_rate.{MAIN_RULE}", text, row["value"], int(row["base"]), "share", low=row["low"], high=row["high"], compare_to=compare_to, exhibit="by_rule")


def _rate(name: str, row: pd.Series, label: Message) -> Finding:
    if not is_tellable(row["events"]):
        text = say("Fewer than {threshold:count} of {base:count} customers left by the rule {rule}: too few for a rate.", rule=label, threshold=DISCLOSURE_THRESHOLD, base=row["base"])
        return Finding(f"churn_rate.{name}", text, None, int(row["base"]), "share", exhibit="by_rule", is_headline=False)
    text = say("**{value:share}** left by the rule {rule} alone (interval {low:share} to {high:share}).", rule=label, value=row["value"], low=row["low"], high=row["high"])
    return Finding(f"churn_rate.{name}", text, row["value"], int(row["base"]), "share", low=row["low"], high=row["high"], exhibit="by_rule", is_headline=False)


def rule_earlier(day: dt.date, rule: ChurnRule) -> dt.date:
    """The landmark one horizon before, so that the two periods do not overlap."""
    return ChurnRule(horizon_months=-rule.horizon_months).end(day)


def _then(row: pd.Series, earlier: pd.Series | None) -> Message | str:
    if earlier is None or not is_tellable(earlier["events"]):
        return ""
    change = difference_of_shares(row["events"], row["base"], earlier["events"], earlier["base"])
    direction = say("; {change:points} points on the period before, within noise", change=change.value)
    if change.low > 0 or change.high < 0:
        direction = (
            say("; {change:points} points on the period before (interval {low:points} to {high:points}), which is worse", change=change.value, low=change.low, high=change.high)
            if change.value > 0
            else say("; {change:points} points on the period before (interval {low:points} to {high:points}), which is better", change=change.value, low=change.low, high=change.high)
        )  # fmt: skip
    return direction


def _model_findings(model: WarningModel, history: dict, as_of: dt.date, rule: ChurnRule, seen: dict[str, bool]) -> list[Finding]:
    if model.fit is None:
        text = say("**No model** is shown: too few customers left, and {needed:count} are needed.", needed=model.events_needed)
        return [Finding("model.events", text, None, None, "count", compare_to=model.events_needed, exhibit="odds")]
    told = []
    if (found := validated_auc(model)) is not None:
        others = _other_rules(history, as_of, rule, seen)
        holds = sum(estimate.low > 0.5 for estimate in [found, *others.values()])
        text = say(
            "At later landmarks the model tells who leaves from who stays with an AUC of **{value:number}** (interval {low:number} to {high:number}; .5 is chance); better than chance under {holds:count} of {rules:count} rules.",
            value=found.value, low=found.low, high=found.high, holds=holds, rules=1 + len(others),
        )  # fmt: skip
        told.append(Finding("auc", text, found.value, found.base, "number", low=found.low, high=found.high, compare_to=0.5, exhibit="validation", base_of="observations"))
        top = lift_at(model.validation["probability"], model.validation["outcome"], CAPACITY_SHARE)
        text = say(
            "The tenth of customers with the highest scores left **{value:ratio.1} times** as often as all (interval {low:ratio.1} to {high:ratio.1}).", value=top.value, low=top.low, high=top.high
        )
        told.append(Finding("lift.top_tenth", text, top.value, top.base, "ratio", low=top.low, high=top.high, compare_to=1.0, exhibit="lift", base_of="observations"))
    told.append(_strongest(model))
    return told


def _other_rules(history: dict, as_of: dt.date, rule: ChurnRule, seen: dict[str, bool]) -> dict[str, Estimate]:
    found = {name: validated_auc(warning_model(history, as_of, rule, name)) for name in ("closed", "dormant", "run_off") if seen[name]}
    return {name: estimate for name, estimate in found.items() if estimate is not None}


def _strongest(model: WarningModel) -> Finding:
    effects = model.fit.average_marginal_effects()
    effects = effects[effects["term"].isin(TERMS) & ((effects["low"] > 0) | (effects["high"] < 0))]
    if effects.empty:
        return Finding("ame.none", say("**No** attribute goes with leaving beyond noise."), 0, model.fit.base, "count", "association", exhibit="effects", base_of="observations")
    row = effects.loc[effects["value"].abs().idxmax()]
    text = say(
        "{term}: the share who leave differs by **{value:points} points**, other things in the model equal (interval {low:points} to {high:points}).",
        term=TERMS[row["term"]], value=row["value"], low=row["low"], high=row["high"],
    )  # fmt: skip
    return Finding(f"ame.{row['term']}", text, row["value"], model.fit.base, "points", "adjusted", row["low"], row["high"], exhibit="effects", base_of="observations")


def _reason_findings(model: WarningModel, scored: pd.DataFrame | None) -> list[Finding]:
    if scored is None:
        return []
    table = _top_reasons(scored)
    first = table.iloc[0]
    text = say(
        "Among the tenth with the highest scores today the most frequent first reason code is **{reason}**: {share:share}.", reason=reason_words(model.fit, first["term"]), share=first["value"]
    )
    return [Finding(f"reason.{first['term']}", text, first["value"], int(table["base"].iloc[0]), "share", "association", exhibit="reasons")]


def _by_rule(outcome: pd.DataFrame, seen: dict[str, bool], rule: ChurnRule, day: dt.date) -> Exhibit:
    table = rates(outcome)
    names = {**RULES, "involuntary": say("Involuntary exits, not counted")}
    hidden = [name for name, is_seen in seen.items() if not is_seen]
    if not seen["closed"]:
        hidden.append("involuntary")
    notes = [UNSEEN.get("closed" if name == "involuntary" else name) if name in hidden else None for name in table["rule"]]
    notes = [note if note or is_tellable(events) else say("fewer than ten") for note, events in zip(notes, table["events"], strict=True)]
    table = table.assign(label=table["rule"].map(names), note=notes, kind=["total" if name == MAIN_RULE else "part" for name in table["rule"]])
    table = table.assign(**{name: table[name].mask(table["note"].notna()) for name in ("value", "low", "high")})
    main = table.iloc[0]
    title = (
        say("Too few customers left for a rate") if pd.isna(main["value"])
        else say("{value:share} left within {months:count} months by any rule", value=main["value"], months=rule.horizon_months)
    )  # fmt: skip
    return Exhibit(
        name="by_rule",
        title=title,
        subtitle=say("Share of the established, active customers of {day:date} who left by {end:date}, in %; lines, 95% intervals (Wilson)", day=day, end=rule.end(day)),
        frame=table,
        options={"value_label": say("Rate")},
    )  # fmt: skip


def _history(by_day: dict[dt.date, pd.DataFrame], rule: ChurnRule) -> Exhibit:
    rows = []
    for day, outcome in sorted(by_day.items()):
        row = rates(outcome).set_index("rule").loc[MAIN_RULE]
        if row["base"] < DISCLOSURE_THRESHOLD or not is_tellable(row["events"]):
            continue
        rows.append({"series": RULES[MAIN_RULE], "x": rule.end(day), "value": row["value"], "low": row["low"], "high": row["high"]})
    table = pd.DataFrame(rows)
    if len(table) < 2:
        return Exhibit("history", say("The rate over time"), absent=say("Fewer than two periods have ended in which enough customers left: there is nothing to compare."))
    first, last = table.iloc[0], table.iloc[-1]
    moved = last["low"] > first["high"] or last["high"] < first["low"]
    title = (
        say("The rate moved from {first:share} to {last:share}, beyond noise", first=first["value"], last=last["value"])
        if moved
        else say("The rate stays within noise: {first:share} at first, {last:share} at last", first=first["value"], last=last["value"])
    )
    subtitle = say("Churn rate of {months:count} months by the month in which they end, any rule, in %; band, 95% interval; neighbouring periods overlap", months=rule.horizon_months)
    return Exhibit("history", title, subtitle, table, x_unit="month")


def _retention(history: dict[dt.date, pd.DataFrame], as_of: dt.date, tiers: Mapping[str, float], rule: ChurnRule, seen: dict[str, bool]) -> Exhibit:
    name, heading = "retention", say("Retention by tier")
    if not seen["closed"]:
        return Exhibit(name, heading, absent=say("The bank's data record no closings, so that retention cannot be followed."))
    if not tiers or "assets_3m" not in history[min(history)]:
        return Exhibit(name, heading, absent=say("The bank's bank.yaml states no edges of tiers, or the bank brings no balances."))
    start = min(history)
    lives = _lives(at_risk(history[start], rule), history[max(history)], start, as_of)
    lives = lives.assign(tier=tier_of(lives["assets_3m"], tiers).astype(str).to_numpy())
    sizes = lives["tier"].value_counts()
    shown = [tier for tier in TIERS if sizes.get(tier, 0) >= CUSTOMERS_FOR_CURVE]
    curves = [_curve(lives[lives["tier"] == tier], tier) for tier in shown]
    if not curves:
        return Exhibit(name, heading, absent=say("Too few customers in every tier."))
    _, p = log_rank(lives["months"], lives["closed"], lives["tier"]) if len(shown) > 1 else (0.0, 1.0)
    ends = {tier: curve["value"].iloc[-1] for tier, curve in zip(shown, curves, strict=True)}
    least, most = min(ends, key=ends.get), max(ends, key=ends.get)
    title = (
        say("{least} customers are kept least: {low:share} against {high:share} of {most} customers", least=TIERS[least], low=ends[least], most=TIERS[most], high=ends[most])
        if p < 0.05
        else say("Tiers do not differ beyond noise in how long customers stay")
    )
    return Exhibit(
        name, title,
        say("Share of the established customers of {start:date} who have not closed, by tier on that day (Kaplan-Meier), in %; bands, 95% intervals; involuntary exits leave the count", start=start),
        pd.concat(curves, ignore_index=True), x_label=say("Months since {start:date}", start=start), x_unit="months",
    )  # fmt: skip


def _lives(risk: pd.DataFrame, latest: pd.DataFrame, start: dt.date, as_of: dt.date) -> pd.DataFrame:
    now = latest.set_index("customer_id").reindex(risk["customer_id"])
    ended = pd.to_datetime(now["closed_date"]).fillna(pd.Timestamp(as_of))
    months = (ended - pd.Timestamp(start)).dt.days / DAYS_PER_MONTH
    closed = now["closed_date"].notna() & ~now["exit_reason"].isin(INVOLUNTARY_REASONS)
    return risk.assign(months=months.clip(lower=1 / DAYS_PER_MONTH).to_numpy(), closed=closed.to_numpy())


def _curve(lives: pd.DataFrame, tier: str) -> pd.DataFrame:
    curve = kaplan_meier(lives["months"], lives["closed"])
    whole = curve[curve["events"] > 0]
    ends = pd.DataFrame({"time": [0.0, lives["months"].max()]})
    steps = pd.concat([ends.iloc[:1].assign(survival=1.0, low=1.0, high=1.0), whole, ends.iloc[1:]]).ffill()
    return steps.assign(series=TIERS[tier], value=steps["survival"])[["series", "time", "value", "low", "high"]]


def _absent_model(name: str, heading: Message, model: WarningModel) -> Exhibit | None:
    if model.fit is None:
        reason = (
            say("Too few customers left at all landmarks together: {needed:count} are needed.", needed=model.events_needed)
            if not is_tellable(model.events)
            else say("Too few customers left: {events:count} at all landmarks together, and {needed:count} are needed.", events=model.events, needed=model.events_needed)
        )
        return Exhibit(name, heading, absent=reason)
    if name in ("validation", "calibration", "lift") and model.validation.empty:
        return Exhibit(name, heading, absent=say("No later landmark has matured at which the model could be judged."))
    return None


def _odds(model: WarningModel) -> Exhibit:
    if absent := _absent_model("odds", say("Odds ratios"), model):
        return absent
    table = _labelled(model.fit.odds_ratios(), 1.0)
    apart = table[(table["low"] > 1) | (table["high"] < 1)]
    return Exhibit(
        name="odds",
        title=say("{apart:count} of {all:count} attributes go with leaving beyond noise", apart=len(apart), all=len(table)),
        subtitle=say("Odds ratio of leaving within the horizon, each attribute with the others held equal; lines, 95% intervals robust to customers who recur"),
        frame=table, unit="ratio", reference=1.0, reference_label=say("No difference"), options={"log": True, "value_label": say("Odds ratio")},
    )  # fmt: skip


def _effects(model: WarningModel) -> Exhibit:
    if absent := _absent_model("effects", say("Average marginal effects"), model):
        return absent
    table = _labelled(model.fit.average_marginal_effects(), 0.0)
    largest = table.loc[table["value"].abs().idxmax()]
    return Exhibit(
        name="effects",
        title=say("Largest difference: {value:points} points ({term})", value=largest["value"], term=largest["label"]),
        subtitle=say("Average marginal effect: by how many points the share who leave differs, other attributes of each customer as they are; 95% intervals"),
        frame=table,
        columns=(
            Column("label", say("Attribute")),
            Column("value", say("Difference"), "points"),
            Column("low", say("From"), "points"),
            Column("high", say("To"), "points"),
        ),
    )  # fmt: skip


def _labelled(table: pd.DataFrame, reference: float) -> pd.DataFrame:
    known = table[table["term"].isin(TERMS)]
    within = (known["low"] <= reference) & (known["high"] >= reference)
    return known.assign(label=known["term"].map(TERMS), is_noise=within).sort_values("value", ascending=False, ignore_index=True)


def _validation(model: WarningModel) -> Exhibit:
    if absent := _absent_model("validation", say("Validation"), model):
        return absent
    table = model.by_landmark.assign(label=[say("{day:date}", day=day) for day in model.by_landmark["landmark"]])
    return Exhibit(
        name="validation",
        title=say("AUC at {n:count} later landmarks: {low:number} to {high:number}", n=len(table), low=table["value"].min(), high=table["value"].max()),
        subtitle=say("AUC at each landmark, of a model that saw only outcomes known by then; .5 is chance; lines, 95% intervals (DeLong); base: customers"),
        frame=table, unit="number", reference=0.5, reference_label=say("Chance"), options={"value_label": say("AUC")},
    )  # fmt: skip


def _calibration(model: WarningModel) -> Exhibit:
    if absent := _absent_model("calibration", say("Calibration"), model):
        return absent
    slope = calibration_slope(model.validation["probability"], model.validation["outcome"])
    table = calibration_table(model.validation["probability"], model.validation["outcome"], CALIBRATION_BINS)
    title = (
        say("Predicted and observed shares agree: slope {value:number} (interval {low:number} to {high:number})", value=slope.value, low=slope.low, high=slope.high)
        if slope.low <= 1 <= slope.high
        else say("Predictions are off: slope {value:number} (interval {low:number} to {high:number}), where 1 is right", value=slope.value, low=slope.low, high=slope.high)
    )
    return Exhibit(
        "calibration", title, say("Observed against predicted share who leave, in tenths of customers by score, in %; band, 95% interval; the straight line is perfect"),
        table.rename(columns={"predicted": "x", "observed": "value"}).assign(series=say("Later landmarks")),
        x_label=say("Predicted share"), x_unit="share", options={"diagonal": True},
    )  # fmt: skip


def _lift(model: WarningModel) -> Exhibit:
    if absent := _absent_model("lift", say("Lift"), model):
        return absent
    table = lift_table(model.validation["probability"], model.validation["outcome"])
    row = table.loc[(table["share"] - CAPACITY_SHARE).abs().idxmin()]
    return Exhibit(
        name="lift",
        title=say("Contacting the {share:share.0} with the highest scores reaches {captured:share} of those who leave", share=row["share"], captured=row["captured"]),
        subtitle=say("What the highest scores catch at later landmarks"),
        frame=table,
        columns=(
            Column("share", say("Customers contacted"), "share", say("% of all")),
            Column("precision", say("Of these left"), "share"),
            Column("captured", say("Of all who left"), "share"),
            Column("lift", say("Lift"), "ratio", say("times")),
            Column("low", say("From"), "ratio", say("95% interval")),
            Column("high", say("To"), "ratio", say("95% interval")),
            Column("base", say("Base"), "count", say("customers at a landmark")),
        ),
    )  # fmt: skip


def _top_reasons(scored: pd.DataFrame) -> pd.DataFrame:
    """First reason code of the tenth with the highest scores: term, value (share), base."""
    top = scored.nlargest(max(int(len(scored) * CAPACITY_SHARE), 1), "score", keep="first")
    terms = [term for term in TERMS if term in scored]
    first = top[terms].idxmax(axis=1)
    counts = first.value_counts()
    shown = counts[counts >= DISCLOSURE_THRESHOLD]
    return pd.DataFrame({"term": shown.index, "value": (shown / len(top)).to_numpy(), "base": len(top)})


def _reasons(model: WarningModel, scored: pd.DataFrame | None) -> Exhibit:
    if scored is None:
        return Exhibit("reasons", say("Reason codes"), absent=say("Without a model there are no reason codes."))
    table = _top_reasons(scored).assign(label=lambda frame: [reason_words(model.fit, term) for term in frame["term"]])
    return Exhibit(
        name="reasons",
        title=say("Most frequent first reason code: {reason}", reason=table["label"].iloc[0]),
        subtitle=say("First reason code of the tenth of today's customers with the highest scores, in %; codes of fewer than ten customers are not shown"),
        frame=table,
    )
