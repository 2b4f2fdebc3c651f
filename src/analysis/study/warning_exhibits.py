"""What the page shows of the list: counts and amounts, never a customer."""

import datetime as dt
from collections.abc import Mapping

import numpy as np
import pandas as pd

from analysis.finding import Column, Exhibit
from analysis.stats.disclosure import dominates
from analysis.stats.logistic import LogisticFit
from analysis.study.disclosed import hidden, is_tellable
from analysis.study.tiers import TIERS, TIERS_SHOWN, tier_of
from analysis.study.warning_list import HELD_OUT_SHARE, LISTED, STAGES, Plan
from analysis.study.warning_model import reason_words
from analysis.study.warning_policy import POLICIES, PolicyFound
from analysis.study.warning_power import MOST_MONTHS, months_until
from analysis.wording import Message, say

OTHER = "other"
STAGE_WORDS = {
    "unscored": say("Not scored: an attribute is missing"),
    "no_consent": say("No consent to be scored and called"),
    "cool_down": say("Alerted or held out within the cool-down"),
    "open_complaint": say("An open complaint, which goes before"),
    "not_worth": say("Expected value kept does not exceed the cost"),
    "beyond_capacity": say("Beyond the capacity"),
    LISTED: say("Listed"),
}
POLICY_WORDS = {"expected": say("By expected value"), "risk": say("By risk alone"), "value": say("By value alone")}
NO_COMPLAINTS = say("; the bank brings no complaints: whether one is open is not known, and has to be asked before a call")
EFFECTS = (0.1, 0.2, 0.3, 0.5)
SHARES = (0.1, 0.2, 0.5)


def listed(pool: pd.DataFrame) -> pd.DataFrame:
    """The customers on the list, before the lot."""
    return pool[pool["stage"].eq(LISTED)]


def funnel_exhibit(pool: pd.DataFrame, plan: Plan, as_of: dt.date) -> Exhibit:
    """Why customers at risk are not on the list: the first reason that applies, in order."""
    heading = say("From customers at risk to the list")
    counts = pool["stage"].value_counts().reindex([*STAGES, LISTED], fill_value=0)
    shown = counts[counts > 0]
    shown = shown[~hidden(shown)]
    if LISTED not in shown:
        return Exhibit("funnel", heading, absent=say("Too few customers would be listed to be shown."))
    return Exhibit(
        name="funnel",
        title=say("Listed on {day:date}: {listed:count} of {all:count} customers at risk", day=as_of, listed=int(shown[LISTED]), all=len(pool)),
        subtitle=say(
            "Established, active customers by the first reason, in the order shown, that keeps them off the list; capacity: {capacity:count} customers a month; cool-down: {days:count} days; numbers of few customers, and what would give them away, are not shown{unknown}",
            capacity=plan.capacity, days=plan.cool_down_days, unknown="" if "open_complaints" in pool else NO_COMPLAINTS,
        ),
        frame=pd.DataFrame({
            "label": [STAGE_WORDS[stage] for stage in shown.index], "value": shown.to_numpy(float),
            "kind": ["total" if stage == LISTED else "part" for stage in shown.index],
        }),
        unit="count",
        options={"value_label": say("Customers")},
    )  # fmt: skip


def list_reasons_exhibit(pool: pd.DataFrame, fit: LogisticFit) -> Exhibit:
    """First reason codes of those listed, as bars."""
    heading, rows = say("Reasons on the list"), listed(pool)
    table = counted(rows["reason"])
    if table.empty:
        return Exhibit("list_reasons", heading, absent=say("Each reason code comes first for too few customers to be shown."))
    labels = [say("Other reason codes") if name == OTHER else reason_words(fit, name) for name in table["name"]]
    return Exhibit(
        name="list_reasons",
        title=say("Most frequent first reason code on the list: {reason}", reason=labels[0]),
        subtitle=say("First reason code of the customers listed, in %; an association, no cause; codes of few customers are counted together"),
        frame=table.assign(label=labels),
    )  # fmt: skip


def counted(names: pd.Series) -> pd.DataFrame:
    """name, customers, value (share), base: most frequent first; names of few customers together as other, at the end; no row where
    all are few."""
    counts = names.value_counts()
    small = hidden(counts)
    kept = counts[~small]
    if kept.empty:
        return pd.DataFrame(columns=["name", "customers", "value", "base"])
    if small.any():
        kept = pd.concat([kept, pd.Series({OTHER: counts[small].sum()})])
    return pd.DataFrame(
        {"name": kept.index, "customers": kept.to_numpy(), "value": kept.to_numpy() / len(names), "base": len(names)}
    )


def owners_exhibit(pool: pd.DataFrame, branch_names: Mapping[str, str]) -> Exhibit:
    """Who acts: customers listed with a manager of their own, and by branch."""
    heading, rows = say("Who is to act"), listed(pool)
    managed = int(rows["is_managed"].sum())
    branches = counted(rows.loc[~rows["is_managed"], "owner"].fillna(""))
    if not (is_tellable(managed) and is_tellable(len(rows) - managed)) or not len(rows):
        return Exhibit("owners", heading, absent=say("Too few customers are listed to show who is to act."))
    labels = [say("Managers"), say("Branches")]
    frame = pd.DataFrame({"label": labels, "value": [float(managed), float(len(rows) - managed)], "kind": "total"})
    if len(branches) > 1:
        names = [say("Other branches") if name == OTHER else branch_names.get(name, name) for name in branches["name"]]
        frame = pd.concat([frame, pd.DataFrame({"label": names, "value": branches["customers"].astype(float), "kind": "part"})])
    return Exhibit(
        name="owners",
        title=say("Managers are to call {managed:count} customers, branches {rest:count}", managed=managed, rest=len(rows) - managed),
        subtitle=say("Customers listed, before the lot, by who is to act; branches with fewer than 10 are counted together"),
        frame=frame[frame["value"] > 0].reset_index(drop=True),
        unit="count",
        options={"value_label": say("Customers")},
    )  # fmt: skip


def list_tiers_exhibit(pool: pd.DataFrame, tiers: Mapping[str, float], plan: Plan, currency: str) -> Exhibit:
    """The list by tier: customers, mean risk, expected value kept."""
    heading, rows = say("The list by tier"), listed(pool)
    if not tiers or "assets_3m" not in rows:
        return Exhibit(
            "list_tiers", heading, absent=say("The bank's bank.yaml states no edges of tiers, or the bank brings no balances.")
        )
    if len(rows) and rows["value"].isna().all():
        return Exhibit(
            "list_tiers", heading, absent=say("The bank brings no contributions: the list goes by risk alone, and what it is worth is not known.")
        )  # fmt: skip
    tier = tier_of(rows["assets_3m"], tiers).astype(str)
    own = {name: rows[tier.eq(name)] for name in TIERS_SHOWN if tier.eq(name).any()}
    few = hidden([len(part) for part in own.values()])
    made = [
        {"label": TIERS[name], "customers": len(part), "risk": part["score"].mean(), "kept": _kept(part)}
        for (name, part), small in zip(own.items(), few, strict=True) if not small
    ]  # fmt: skip
    if not made:
        return Exhibit("list_tiers", heading, absent=say("Too few customers of each tier are listed to be shown."))
    largest = max(made, key=lambda row: row["customers"])
    return Exhibit(
        name="list_tiers",
        title=say("Most of those listed: {tier}, {share:share}", tier=largest["label"], share=largest["customers"] / len(rows)),
        subtitle=say(
            "Customers listed, before the lot; expected value kept within a year, net of cost, if an action keeps {effect:share.0} of those who would leave, which is an assumption; a dash: few customers make it up",
            effect=plan.action_effect,
        ),
        frame=pd.DataFrame(made),
        columns=(
            Column("label", say("Tier")),
            Column("customers", say("Listed"), "count", say("number of customers")),
            Column("risk", say("Mean probability of leaving"), "share"),
            Column("kept", say("Expected value kept"), "amount", say("{currency}", currency=currency)),
        ),
    )  # fmt: skip


def _kept(rows: pd.DataFrame) -> float:
    return float(rows["expected"].sum()) if rows["value"].notna().all() and not dominates(rows["expected"]) else np.nan


def policies_exhibit(found: PolicyFound | None, plan: Plan, currency: str) -> Exhibit:
    """The three ways to choose, judged on what then happened."""
    heading = say("By what to choose")
    if found is None:
        return Exhibit("policies", heading, absent=say("Lists cannot be judged: the bank brings no contributions, no later landmark has matured, or the capacity reaches everybody."))  # fmt: skip
    if not found.is_told:
        return Exhibit("policies", heading, absent=say("Too few listed customers left at earlier landmarks, or a few of them make up the amounts."))  # fmt: skip
    rows = [_policy_row(found, policy, plan) for policy in POLICIES]
    numbers = {"value": found.gain.value, "low": found.gain.low, "high": found.gain.high}
    title = (
        say("A list by expected value against one by risk alone: {value:ratio} times the contribution at stake ({low:ratio} to {high:ratio})", **numbers)
        if found.gain.low > 1 or found.gain.high < 1
        else say("A list by expected value against one by risk alone: {value:ratio} times the contribution at stake ({low:ratio} to {high:ratio}), within noise", **numbers)
    )  # fmt: skip
    return Exhibit(
        name="policies",
        title=title,
        subtitle=say(
            "Lists of {capacity:count} customers as they would have been made at {landmarks:count} earlier landmarks, scored by models that saw nothing later; left: listed customers who then left; contribution lost: what went with them, a year and list; kept: {effect:share.0} of it, an assumption, before the cost of calls; unlike today's list they leave out nobody for consent, cool-down or a complaint, and hold out nobody; the 95% interval in the title is for customers like these (bootstrap, log scale); a dash: too few to be shown",
            capacity=found.capacity, landmarks=found.landmarks, effect=plan.action_effect,
        ),
        frame=pd.DataFrame(rows),
        columns=(
            Column("label", say("Chosen")),
            Column("left", say("Left"), "share", say("% of those listed")),
            Column("lost", say("Contribution lost"), "amount", say("{currency} a list", currency=currency)),
            Column("kept", say("Kept, if assumed rightly"), "amount", say("{currency} a list", currency=currency)),
            Column("overlap", say("Also listed by expected value"), "share"),
        ),
    )  # fmt: skip


def _policy_row(found: PolicyFound, policy: str, plan: Plan) -> dict:
    is_told, listed_ = found.tells(policy), found.capacity * found.landmarks
    lost = found.lost[policy] if is_told else np.nan
    share = found.left[policy] / listed_ if is_tellable(found.left[policy]) else np.nan
    both = found.overlap[policy] * listed_
    overlap = found.overlap[policy] if is_tellable(round(both)) and is_tellable(round(listed_ - both)) else np.nan
    return {"label": POLICY_WORDS[policy], "left": share, "lost": lost, "kept": lost * plan.action_effect, "overlap": overlap}


def power_exhibit(pool: pd.DataFrame, plan: Plan, horizon_months: int) -> Exhibit:
    """Months of lists until the hold-out finds an effect, by its size and by the share held out."""
    heading, rows = say("When the hold-out can tell"), listed(pool)
    if not len(rows) or not is_tellable(len(rows)):
        return Exhibit("power", heading, absent=say("Too few customers would be listed to be shown."))
    share = float(rows["score"].mean())
    frame = pd.DataFrame(
        [
            {"label": say("{effect:share.0} of leavers kept", effect=effect),
             **{f"share_{round(held * 100)}": _months(share, effect, len(rows), held, horizon_months) for held in SHARES}}
            for effect in EFFECTS
        ]
    )  # fmt: skip
    months = months_until(share, plan.action_effect, len(rows), HELD_OUT_SHARE)
    numbers = {"effect": plan.action_effect, "held": HELD_OUT_SHARE}
    title = (
        say("An effect of {effect:share.0} is told after {months:count} months with {held:share.0} held out", months=months + horizon_months, **numbers)
        if months
        else say("An effect of {effect:share.0} is not told within ten years with {held:share.0} held out", **numbers)
    )  # fmt: skip
    return Exhibit(
        name="power",
        title=title,
        subtitle=say(
            "Months until the hold-out finds, in 80 of 100 cases, that those called leave less often: lists of {n:count} customers a month, of whom {share:share} are expected to leave without a call, each customer counted once, so that as many different customers are needed as months × list; the horizon of the last list, {horizon:count} months, is counted in. By the share of leavers whom a call keeps, and by the share held out; 95% interval of the difference (Newcombe), exact binomial",
            n=len(rows), share=share, horizon=horizon_months,
        ),
        frame=frame,
        columns=(
            Column("label", say("Effect")),
            *[Column(f"share_{round(held * 100)}", say("{held:share.0} held out", held=held), None, say("months")) for held in SHARES],
        ),
    )  # fmt: skip


def _months(share: float, effect: float, monthly: int, held_out: float, horizon: int) -> Message:
    months = months_until(share, effect, monthly, held_out)
    return (
        say("{months:count}", months=months + horizon)
        if months
        else say("more than {months:count}", months=MOST_MONTHS + horizon)
    )
