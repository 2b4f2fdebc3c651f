"""What experiments tell: findings and exhibits of the hold-out of alerts and of campaigns."""

from dataclasses import replace

import pandas as pd

from analysis.finding import Column, Exhibit, Finding
from analysis.stats.intervals import Estimate, wilson
from analysis.stats.multiple import DISCOVERY_RATE
from analysis.study.churn import ChurnRule
from analysis.study.experiments import ExperimentsFound
from analysis.study.warning_holdout import Arms, kept_share, left_effect, pooled_share
from analysis.study.warning_power import smallest_effect
from analysis.wording import Message, say

SMALLEST = "experiment.alerts.smallest"


def experiment_findings(found: ExperimentsFound, currency: str, rule: ChurnRule) -> list[Finding]:
    """What the lots tell: the hold-out's effect or its smallest, and of campaigns those beyond noise."""
    alerts = [replace(one, is_headline=False) if one.id == SMALLEST else one for one in holdout_findings(found.alerts, rule)]
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
                    row.value, int(row.base), unit, evidence, row.low, row.high, exhibit="campaigns", is_headline=not row.is_noise)
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
    heading, arms = say("The hold-out of alerts"), found.alerts
    if not len(arms.rows) and not arms.waiting:
        return Exhibit("holdout", heading, absent=say("The bank has no alerts with customers held out by lot."))
    if not len(arms.rows):
        return Exhibit("holdout", heading, absent=say("No alert is {months:count} months old yet.", months=rule.horizon_months))
    if found.left is None:
        return Exhibit(
            "holdout", heading, absent=say("Of customers with an alert, or of those held out, too few have left within {months:count} months to compare them.", months=rule.horizon_months)
        )  # fmt: skip
    return Exhibit(
        name="holdout",
        title=_holdout_title(found.left, arms),
        subtitle=say(
            "Share who left within {months:count} months of their first alert, by any rule, in %: all who were to be called, called or not (intention to treat), and those held out by lot; lines, 95% intervals (Wilson)",
            months=rule.horizon_months,
        ),
        frame=_arm_rows(arms),
    )  # fmt: skip


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


def campaigns_exhibit(found: ExperimentsFound, currency: str) -> Exhibit:
    """Effects of offers by campaign, as a table: leaving in points, contribution in currency a customer."""
    heading, table = say("Campaigns that held customers out by lot"), found.campaigns
    if table.empty:
        return Exhibit("campaigns", heading, absent=_why_no_campaigns(found))
    told = int((~table["is_noise"]).sum())
    names = {
        "leaving": say("Left within a year (points)"),
        "contribution": say("Contribution of a year ({currency} a customer)", currency=currency),
    }
    shown = {"leaving": "{value:points}", "contribution": "{value:amount}"}
    cells = {
        name: [say(shown[row["outcome"]], value=row[name]) for _, row in table.iterrows()] for name in ("value", "low", "high")
    }
    return Exhibit(
        name="campaigns",
        title=say("Effects of offers beyond noise, all read at once: {told:count} of {all:count}", told=told, all=len(table)),
        subtitle=say(
            "Offered less held out, all customers of each arm counted whether they took the offer or not (intention to treat); 95% intervals, each by itself; beyond noise: all at once (Benjamini-Hochberg, {rate:share.0} of those told false at most, on average); the cost of offers is not taken off{single}",
            rate=DISCOVERY_RATE, single=_single(found),
        ),
        frame=table.assign(
            label=table["campaign"], what=[names[outcome] for outcome in table["outcome"]], **cells,
            verdict=[_verdict(row) for row in table.itertuples()],
        ),
        columns=_campaign_columns(),
    )  # fmt: skip


def _campaign_columns() -> tuple:
    return (
        Column("label", say("Campaign")),
        Column("what", say("Outcome")),
        Column("value", say("Effect of the offer")),
        Column("low", say("From")),
        Column("high", say("To")),
        Column("base", say("Base"), "count", say("number of customers")),
        Column("verdict", say("Reading")),
    )


def _verdict(row) -> Message:
    if not row.is_by_lot:
        return say("the arms differ beforehand: no experiment")
    return say("within noise") if row.is_noise else say("beyond noise")


def _single(found: ExperimentsFound) -> Message | str:
    return (
        say("; campaigns in which nobody was held out, which tell nothing of this kind: {n:count}", n=found.single)
        if found.single
        else ""
    )


def _why_no_campaigns(found: ExperimentsFound) -> Message:
    if found.few:
        return say("The campaigns with customers held out are too small, or too recent, for a year's result.")
    return say("The bank has no campaign in which customers were held out by lot.")
