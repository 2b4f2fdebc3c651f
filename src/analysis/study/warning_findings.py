"""What early warning states: the list, what it is worth, how lists did earlier, and when the hold-out can tell."""

import datetime as dt
from dataclasses import dataclass

import pandas as pd

from analysis.finding import Finding
from analysis.stats.disclosure import dominates
from analysis.stats.intervals import Estimate
from analysis.study.churn import ChurnRule
from analysis.study.disclosed import is_tellable
from analysis.study.experiment_exhibits import holdout_findings
from analysis.study.experiments import ExperimentsFound
from analysis.study.warning_exhibits import counted, listed
from analysis.study.warning_list import HELD_OUT_SHARE, Plan
from analysis.study.warning_model import WarningModel, reason_words
from analysis.study.warning_policy import PolicyFound, says_something
from analysis.study.warning_power import months_until
from analysis.wording import Message, say


@dataclass(frozen=True)
class ListFound:
    """The model, the pool of customers at risk (see `warning_list.call_pool`), and how lists did earlier."""

    model: WarningModel
    pool: pd.DataFrame
    policies: PolicyFound | None


def list_findings(found: ListFound, measured: Estimate | None, plan: Plan, as_of: dt.date, currency: str) -> list[Finding]:
    """How many are listed, what that is expected to keep, and the most frequent reason."""
    rows = listed(found.pool)
    if not len(rows) or not is_tellable(len(rows)):
        return []
    held, numbers = int(rows["held_out"].sum()), {"day": as_of, "listed": len(rows), "all": len(found.pool)}
    text = (
        say(
            "On {day:date} **{listed:count} of {all:count}** customers at risk are listed; {held:count} of them are held out by lot, {called:count} are to be called.",
            held=held, called=len(rows) - held, **numbers,
        )
        if is_tellable(held) and is_tellable(len(rows) - held)
        else say("On {day:date} **{listed:count} of {all:count}** customers at risk are listed; one in ten of them is held out by lot.", **numbers)
    )  # fmt: skip
    made = [Finding("warning.listed", text, len(rows), len(found.pool), "count", exhibit="funnel")]
    if rows["value"].notna().all() and not dominates(rows["expected"]):
        text, kept = _kept_words(rows)
        text = text.filled(kept=kept, currency=currency, effect=plan.action_effect, standing=_standing(measured, plan))
        made.append(Finding("warning.expected_kept", text, kept, len(rows), "amount", "association", exhibit="list_tiers"))
    return [*made, *_reason_finding(found, rows)]


def _kept_words(rows: pd.DataFrame) -> tuple[Message, float]:
    """What calling keeps: those to be called beside all who are listed, of whom the table tells; all alone where the difference
    would be that of few."""
    held, whole = rows.loc[rows["held_out"], "expected"], float(rows["expected"].sum())
    if not is_tellable(len(held)) or dominates(held):
        return say(
            "Calling all who are listed, the held out too, would be expected to keep **{currency} {kept:amount}** of contribution within a year, net of cost, if a call keeps {effect:share.0} of those who would leave: {standing}."
        ), whole
    text = say(
        "Calling them is expected to keep **{currency} {kept:amount}** of contribution within a year, net of cost ({currency} {whole:amount} if the held out were called too), if a call keeps {effect:share.0} of those who would leave: {standing}.",
    )  # fmt: skip
    return text.filled(whole=whole), whole - float(held.sum())


def _standing(measured: Estimate | None, plan: Plan) -> Message:
    """How what an action is assumed to keep stands against what the hold-out of earlier alerts measured."""
    if measured is None:
        return say("an assumption that no hold-out has measured yet")
    numbers = {"low": measured.low, "high": measured.high}
    if measured.low <= 0 and plan.action_effect <= measured.high:
        return say(
            "an assumption that the hold-out of earlier alerts neither bears out nor refutes ({low:share.0} to {high:share.0})",
            **numbers,
        )
    if measured.low <= plan.action_effect <= measured.high:
        return say("an assumption that the hold-out of earlier alerts bears out ({low:share.0} to {high:share.0})", **numbers)
    return say("an assumption that the hold-out of earlier alerts does not bear out ({low:share.0} to {high:share.0})", **numbers)


def _reason_finding(found: ListFound, rows: pd.DataFrame) -> list[Finding]:
    table = counted(rows["reason"])
    if table.empty:
        return []
    reason, share = table["name"].iloc[0], float(table["value"].iloc[0])
    text = say(
        "On the list the most frequent first reason code is **{reason}**: {share:share}.",
        reason=reason_words(found.model.scoring, reason), share=share,
    )  # fmt: skip
    return [
        Finding(f"warning.reason.{reason}", text, share, len(rows), "share", "association", exhibit="list_reasons",
                is_headline=False)
    ]  # fmt: skip


def policy_findings(found: ListFound, plan: Plan, currency: str) -> list[Finding]:
    """What choosing by expected value kept more than by risk alone, how unlike the lists are, and what became of what was foretold."""
    judged = found.policies
    if judged is None or not judged.is_told:
        return []
    gain = judged.gain
    money = plan.action_effect * (judged.lost["expected"] - judged.lost["risk"])
    numbers = {
        "value": gain.value,
        "low": gain.low,
        "high": gain.high,
        "money": money,
        "currency": currency,
        "effect": plan.action_effect,
    }
    text = (
        say(
            "At earlier landmarks **{value:ratio} times** as much contribution went with those on a list by expected value who then left as with those on a list by risk alone (interval {low:ratio} to {high:ratio}); if a call keeps {effect:share.0} in both, that is {currency} {money:amount} a list.",
            **numbers,
        )
        if gain.low > 1 or gain.high < 1
        else say(
            "At earlier landmarks lists by expected value and by risk alone do not differ beyond noise in the contribution that went with those who then left: **{value:ratio} times** (interval {low:ratio} to {high:ratio}). If a call keeps {effect:share.0} in both, the difference is {currency} {money:amount} a list, within noise too.",
            **numbers,
        )
    )  # fmt: skip
    made = [Finding("warning.policy.gain", text, gain.value, judged.base, "ratio", "association", gain.low, gain.high,
                    compare_to=1.0, exhibit="policies", base_of="observations")]  # fmt: skip
    both = round(judged.overlap["risk"] * judged.capacity * judged.landmarks)
    if is_tellable(both) and is_tellable(judged.capacity * judged.landmarks - both):
        share = judged.overlap["risk"]
        text = say("Of a list by risk alone **{share:share}** stand on the list by expected value too.", share=share)
        made.append(Finding("warning.policy.overlap", text, share, judged.base, "share", exhibit="policies",
                            base_of="observations", is_headline=False))  # fmt: skip
    return [*made, *_record_finding(judged, found.model.validation)]


def _record_finding(judged: PolicyFound, predictions: pd.DataFrame) -> list[Finding]:
    """Whether the amounts are right: what went with those listed counts for that, not how many of all customers left."""
    record = judged.record
    if not says_something(record):
        return []
    text = say(
        "Of the contribution that earlier lists by expected value foretold to go, **{value:share}** went (interval {low:share} to {high:share}): {so}. Of all customers {left:share} left, {predicted:share} foretold{listed}.",
        value=record.value, low=record.low, high=record.high, so=_so_amounts(record), listed=_of_listed(judged),
        left=float(predictions["outcome"].mean()), predicted=float(predictions["probability"].mean()),
    )  # fmt: skip
    return [Finding("warning.policy.record", text, record.value, record.base, "share", "description", record.low, record.high,
                    exhibit="policies", base_of="observations", is_headline=False)]  # fmt: skip


def _of_listed(judged: PolicyFound) -> Message | str:
    """How many of those listed left; nothing where few of them left or stayed."""
    left, listed = judged.left["expected"], judged.capacity * judged.landmarks
    if not (is_tellable(left) and is_tellable(listed - left)):
        return ""
    return say("; of those listed {left:share}, {predicted:share} foretold", left=left / listed, predicted=judged.foretold)


def _so_amounts(record: Estimate) -> Message:
    if record.low <= 1 <= record.high:
        return say("whether such amounts are too high or too low lies within noise")
    if record.value > 1:
        return say("such amounts, before cost, are too low and probably have to be taken {value:ratio} times", value=record.value)
    return say("such amounts, before cost, are too high and probably have to be taken {value:ratio} times", value=record.value)


def trial_findings(found: ListFound, tried: ExperimentsFound, plan: Plan, rule: ChurnRule) -> list[Finding]:
    """What the hold-out of alerts tells so far, and when the list's own will tell."""
    made = holdout_findings(tried.alerts, rule, exhibit="holdout")
    rows = listed(found.pool)
    if not len(rows) or not is_tellable(len(rows)):
        return made
    months = months_until(float(rows["score"].mean()), plan.action_effect, len(rows), HELD_OUT_SHARE)
    numbers = {"effect": plan.action_effect, "held": HELD_OUT_SHARE, "n": len(rows)}
    total = months + rule.horizon_months if months else None
    text = (
        say(
            "With lists of {n:count} customers a month, {held:share.0} held out, it takes **{months:count} months** until the hold-out would find, in 80 of 100 cases, that a call keeps {effect:share.0} of those who would leave.",
            months=total, **numbers,
        )
        if total and months * len(rows) <= len(found.pool)
        else say(
            "The bank has too few customers for a quick answer: the hold-out would find, in 80 of 100 cases, that a call keeps {effect:share.0} of those who would leave with {all:count} different customers on its lists, {held:share.0} held out; {pool:count} are at risk today. Lists of {n:count} a month would take **{months:count} months**, if every month brought others.",
            months=total, all=months * len(rows), pool=len(found.pool), **numbers,
        )
        if total
        else say(
            "With lists of {n:count} customers a month, {held:share.0} held out, the hold-out would **not within ten years** find that a call keeps {effect:share.0} of those who would leave: list more customers, or hold out more.",
            **numbers,
        )
    )  # fmt: skip
    return [*made, Finding("warning.months_until", text, total, len(rows), "months", exhibit="power", is_headline=False)]
