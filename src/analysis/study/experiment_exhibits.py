"""What experiments tell: findings and exhibits of the hold-out of alerts and of campaigns."""

from dataclasses import replace

import pandas as pd

from analysis.finding import DISCLOSURE_THRESHOLD, Column, Exhibit, Finding
from analysis.stats.intervals import Estimate, wilson
from analysis.stats.multiple import DISCOVERY_RATE
from analysis.study.churn import ChurnRule
from analysis.study.experiments import ExperimentsFound
from analysis.study.warning_holdout import Arms, kept_share, left_effect, pooled_share
from analysis.study.warning_power import smallest_effect
from analysis.wording import Message, say

SMALLEST = "experiment.alerts.smallest"
EXPERIMENTS = "experiments"


def experiment_findings(found: ExperimentsFound, currency: str, rule: ChurnRule) -> list[Finding]:
    """What the lots tell: the hold-out's effect or its smallest, and of campaigns those beyond noise."""
    told = [replace(one, exhibit=EXPERIMENTS) for one in holdout_findings(found.alerts, rule)]
    alerts = [replace(one, is_headline=False) if one.id == SMALLEST else one for one in told]
    return [*alerts, *_campaign_findings(found.campaigns, currency)]


def holdout_findings(arms: Arms, rule: ChurnRule, exhibit: str = "holdout") -> list[Finding]:
    """The effect of being alerted on leaving, and the smallest effect that the hold-out could find by now."""
    effect, made = left_effect(arms), []
    if effect is not None:
        evidence = "experiment" if arms.is_by_lot else "association"
        made.append(
            Finding(
                "experiment.alerts.leaving", _left_words(effect, arms, rule), effect.value, effect.base, "points", evidence,
                effect.low, effect.high, exhibit=exhibit,
            )
        )  # fmt: skip
    made += _kept_finding(arms)
    share = pooled_share(arms)
    least = smallest_effect(share, arms.size(True), arms.size(False)) if share else None
    if share:
        words = (
            say(
                "Of customers with an alert, or held out, whose {months:count} months have ended {share:share} left. So few show an effect, in 80 of 100 cases, only if alerts change the share who leave by **{value:points} points** or more, that is, keep {kept:share.0} of those who would leave or more; a smaller effect would probably be missed.",
                months=rule.horizon_months, value=-least, share=share, kept=least / share,
            )
            if least
            else say(
                "With the alerts whose {months:count} months have ended the hold-out is **too small**: {share:share} of all left, and it would probably miss even that none of those alerted left.",
                months=rule.horizon_months, share=share,
            )
        )  # fmt: skip
        made.append(
            Finding(SMALLEST, words, -least if least else None, len(arms.rows), "points", exhibit=exhibit,
                    is_headline=effect is None)
        )  # fmt: skip
    return made


def _kept_finding(arms: Arms) -> list[Finding]:
    kept = kept_share(arms)
    if kept is None:
        return []
    numbers = {"value": kept.value, "low": kept.low, "high": kept.high}
    text = (
        say("By lot: an alert kept **{value:share.0}** of those who would have left (interval {low:share.0} to {high:share.0}).", **numbers)
        if kept.low > 0
        else say("By lot: whether an alert keeps any of those who would leave **cannot be told yet** (interval {low:share.0} to {high:share.0}).", **numbers)
    )  # fmt: skip
    return [Finding("experiment.alerts.kept_share", text, kept.value, kept.base, "share", "experiment", kept.low, kept.high,
                    exhibit="holdout", is_headline=False)]  # fmt: skip


def _left_words(effect: Estimate, arms: Arms, rule: ChurnRule) -> Message:
    numbers = {"months": rule.horizon_months, "value": effect.value, "low": effect.low, "high": effect.high}
    if not arms.is_by_lot:
        return say(
            "The share who left within {months:count} months differs by **{value:points} points** between customers with an alert and those held out (interval {low:points} to {high:points}); the two differed beforehand more than lots would have it, so that this is no experiment.",
            **numbers,
        )
    if effect.low <= 0 <= effect.high:
        return say(
            "By lot: the share who left within {months:count} months differs by **{value:points} points** between customers with an alert and those held out (interval {low:points} to {high:points}): within noise.",
            **numbers,
        )
    return say(
        "By lot: an alert changed the share who left within {months:count} months by **{value:points} points** (interval {low:points} to {high:points}), counted for all who were to be called, called or not.",
        **numbers,
    )


def _campaign_findings(table: pd.DataFrame, currency: str) -> list[Finding]:
    made = []
    for row in table.itertuples():
        if row.outcome == "leaving":
            text = say(
                "By lot: the offer of campaign {campaign} changed the share who left within a year by **{value:points} points** (interval {low:points} to {high:points}){noise}.",
                campaign=row.campaign, value=row.value, low=row.low, high=row.high, noise=_noise(row.is_noise),
            )  # fmt: skip
        else:
            text = say(
                "By lot: the offer of campaign {campaign} changed a year's contribution by **{currency} {value:amount} a customer** (interval {low:amount} to {high:amount}), its cost not taken off{noise}.",
                campaign=row.campaign, value=row.value, low=row.low, high=row.high, currency=currency, noise=_noise(row.is_noise),
            )  # fmt: skip
        unit, evidence = ("points" if row.outcome == "leaving" else "amount"), ("experiment" if row.is_by_lot else "association")
        made.append(
            Finding(f"experiment.campaign.{row.campaign}.{row.outcome}", text if row.is_by_lot else _not_by_lot(row),
                    row.value, int(row.base), unit, evidence, row.low, row.high, exhibit=EXPERIMENTS, is_headline=not row.is_noise,
                    is_row=row.is_noise)
        )  # fmt: skip
    return made


def _noise(is_noise: bool) -> Message | str:
    return say(": within noise, all campaigns read at once") if is_noise else ""


def _not_by_lot(row) -> Message:
    return say(
        "Campaign {campaign}: the offered and the held out differed beforehand more than lots would have it; their difference is no effect of the offer.",
        campaign=row.campaign,
    )


def holdout_exhibit(found: ExperimentsFound, rule: ChurnRule) -> Exhibit:
    """Share who left, alerted and held out, with their difference in the title."""
    arms = found.alerts
    if found.left is None:
        return Exhibit("holdout", say("The hold-out of alerts"), absent=_why_no_alerts(arms, rule))
    return Exhibit(
        name="holdout",
        title=_holdout_title(found.left, arms),
        subtitle=say(
            "Share who left within {months:count} months of their first alert, by any rule, in %: all who were to be called, called or not (intention to treat), and those held out by lot; lines, 95% intervals (Wilson)",
            months=rule.horizon_months,
        ),
        frame=_arm_rows(arms),
    )  # fmt: skip


def _why_no_alerts(arms: Arms, rule: ChurnRule) -> Message:
    if not len(arms.rows) and not arms.waiting:
        return say("The bank has no alerts with customers held out by lot.")
    if not len(arms.rows):
        return say("No alert is {months:count} months old yet.", months=rule.horizon_months)
    return say("Of customers with an alert, or of those held out, too few have left within {months:count} months to compare them.", months=rule.horizon_months)  # fmt: skip


def _arm_rows(arms: Arms) -> pd.DataFrame:
    names = {False: say("Alerted"), True: say("Held out")}
    return pd.DataFrame([{"label": names[arm], **wilson(arms.left(arm), arms.size(arm))._asdict()} for arm in names])


def _holdout_title(effect: Estimate, arms: Arms) -> Message:
    numbers = {"value": effect.value, "low": effect.low, "high": effect.high}
    if not arms.is_by_lot:
        return say("The arms differ beforehand more than lots would have it: no experiment", **numbers)
    if effect.low <= 0 <= effect.high:
        return say(
            "Alerted and held out left alike within noise: {value:points} points ({low:points} to {high:points})", **numbers
        )
    return say("Alerts changed the share who left by {value:points} points ({low:points} to {high:points})", **numbers)


def experiments_exhibit(found: ExperimentsFound, currency: str, rule: ChurnRule) -> Exhibit:
    """Table: the effect of alerts on leaving, and of offers by campaign on leaving, in points, and on contribution, in currency a customer."""
    table = found.campaigns
    rows = [*_alert_rows(found, rule), *_campaign_rows(table, currency)]
    if not rows:
        return Exhibit(EXPERIMENTS, say("What experiments say"), absent=_why_nothing(found, rule))
    told = int((~table["is_noise"]).sum())
    return Exhibit(
        name=EXPERIMENTS,
        title=say("Effects of offers beyond noise, all read at once: {told:count} of {all:count}", told=told, all=len(table))
        if len(table)
        else say("What earlier alerts changed"),
        subtitle=say(
            "Called or offered less held out, all customers of each arm counted, called or not, whether they took the offer or not (intention to treat); 95% intervals, each by itself; offers beyond noise: all at once (Benjamini-Hochberg, {rate:share.0} of those told false at most, on average); the cost of offers is not taken off; a dash: too few left to compare{single}",
            rate=DISCOVERY_RATE, single=_single(found),
        ),
        frame=pd.DataFrame(rows),
        columns=_experiment_columns(),
    )  # fmt: skip


def _alert_rows(found: ExperimentsFound, rule: ChurnRule) -> list[dict]:
    if len(found.alerts.rows) < DISCLOSURE_THRESHOLD:
        return []
    row = {
        "label": say("Early-warning alerts"),
        "what": say("Left within {months:count} months (points)", months=rule.horizon_months),
    }
    effect = found.left
    if effect is None:
        nothing = dict.fromkeys(("value", "low", "high"), say("–"))
        return [row | nothing | {"base": len(found.alerts.rows), "verdict": say("too few left")}]
    cells = {name: say("{value:points}", value=getattr(effect, name)) for name in ("value", "low", "high")}
    return [row | cells | {"base": effect.base, "verdict": _verdict(found.alerts.is_by_lot, effect.low <= 0 <= effect.high)}]


def _campaign_rows(table: pd.DataFrame, currency: str) -> list[dict]:
    names = {
        "leaving": say("Left within a year (points)"),
        "contribution": say("Contribution of a year ({currency} a customer)", currency=currency),
    }
    shown = {"leaving": say("{value:points}"), "contribution": say("{value:amount}")}
    return [
        {
            "label": row.campaign, "what": names[row.outcome], "base": row.base, "verdict": _verdict(row.is_by_lot, row.is_noise),
            **{name: shown[row.outcome].filled(value=getattr(row, name)) for name in ("value", "low", "high")},
        }
        for row in table.itertuples()
    ]  # fmt: skip


def _experiment_columns() -> tuple:
    return (
        Column("label", say("Experiment")),
        Column("what", say("Outcome")),
        Column("value", say("Effect")),
        Column("low", say("From")),
        Column("high", say("To")),
        Column("base", say("Base"), "count", say("number of customers")),
        Column("verdict", say("Reading")),
    )


def _verdict(is_by_lot: bool, is_noise: bool) -> Message:
    if not is_by_lot:
        return say("the arms differ beforehand: no experiment")
    return say("within noise") if is_noise else say("beyond noise")


def _single(found: ExperimentsFound) -> Message | str:
    return (
        say("; campaigns in which nobody was held out, which tell nothing of this kind: {n:count}", n=found.single)
        if found.single
        else ""
    )


def _why_nothing(found: ExperimentsFound, rule: ChurnRule) -> Message:
    return say("{alerts} {campaigns}", alerts=_why_no_alerts(found.alerts, rule), campaigns=_why_no_campaigns(found))


def _why_no_campaigns(found: ExperimentsFound) -> Message:
    if found.few:
        return say("The campaigns with customers held out are too small, or too recent, for a year's result.")
    return say("The bank has no campaign in which customers were held out by lot.")
