"""What choosing brings: the gain curve, the ways to choose side by side, and the open prospects of today."""

from collections.abc import Mapping

import numpy as np
import pandas as pd

from analysis.finding import Column, Exhibit
from analysis.stats.disclosure import dominates
from analysis.stats.intervals import Estimate, simultaneous
from analysis.study.disclosed import is_tellable
from analysis.study.prospect_outlook import Outlook
from analysis.study.prospect_policy import OUTCOMES, POLICIES, gain_curve, taken_by, times
from analysis.wording import Message, say

CONVERSIONS_NEEDED = 20
NAMES = {
    "expected": say("By expected contribution"), "propensity": say("By propensity alone"), "first_come": say("First come, first served"),
    "random": say("At random"),
}  # fmt: skip


def why_not_judged(rows: pd.DataFrame, capacity: int) -> Message | None:
    """Why ways to choose cannot be compared on these rows (see `judged`), or None."""
    if rows["converted"].sum() < CONVERSIONS_NEEDED:
        return say(
            "Too few later prospects became customers whose first year has ended to compare ways to choose (needed: {needed:count}).",
            needed=CONVERSIONS_NEEDED,
        )
    if rows.groupby("day").size().le(capacity).all():
        return say(
            "In every month {capacity:count} calls would have reached every new prospect: there is nothing to choose.",
            capacity=capacity,
        )
    taken = {policy: taken_by(rows, policy, capacity) for policy in POLICIES}
    if not all(is_tellable(round(weight @ rows["converted"])) for weight in taken.values()):
        return say("Too few of those who would have been called became customers; more calls a month would allow an answer.")
    if rows["contribution"].sum() <= 0 or any(dominates(weight * rows["contribution"]) for weight in taken.values()):
        return say("A few customers bring most of the contribution: it is not shown, and says little about the others.")
    return None


def gain_exhibit(rows: pd.DataFrame, capacity: int, seed: int) -> Exhibit:
    """Share of conversions and contribution caught by share of prospects called, with the diagonal of chance."""
    if absent := why_not_judged(rows, capacity):
        return Exhibit("gain", say("Gain curve"), absent=absent)
    contribution, converted = (
        gain_curve(rows, *order, seed) for order in (("expected", "contribution"), ("propensity", "converted"))
    )
    caught = converted["value"] * rows["converted"].sum()
    is_told = caught.round().map(is_tellable) & (rows["converted"].sum() - caught).round().map(is_tellable)
    at = contribution.loc[(contribution["x"] - 0.2).abs().idxmin()]
    chance = pd.DataFrame({"x": [0.0, 1.0], "value": [0.0, 1.0]})
    return Exhibit(
        name="gain",
        title=say(
            "The {share:share.0} of new prospects with the highest expected contribution brought {value:share} of it (interval {low:share} to {high:share}); the {share:share.0} with the highest propensity, {conversions:share} of the conversions",
            share=at["x"], value=at["value"], low=at["low"], high=at["high"], conversions=converted.loc[at.name, "value"],
        ),
        subtitle=say(
            "Share of all contribution of the first year (called by expected contribution) and of all conversions (called by propensity), in %, by share of each month's new prospects called, best first; bands, 95% intervals at each share by itself (bootstrap); the straight line is chance. {base:count} prospects of {months:count} months, scored before their outcome was known",
            base=len(rows), months=rows["day"].nunique(),
        ),
        frame=pd.concat(
            [
                contribution[is_told].assign(series=say("Contribution")),
                converted[is_told].assign(series=say("Conversions")),
                chance.assign(series=say("At random")),
            ],
            ignore_index=True,
        ),
        x_unit="share", x_label=say("Share of prospects called"),
    )  # fmt: skip


def policy_table(rows: pd.DataFrame, totals: Mapping) -> pd.DataFrame:
    """One row a way to choose: policy, label, converted (share of calls), contribution and expected (currency a call; the latter
    as expected when chosen), value (times the contribution of chance) with low, high of all ways at once, is_noise, base."""
    made = []
    for policy in POLICIES:
        against = times(totals, policy, "random", "contribution", len(rows))
        brought = {name: float(totals[policy, name][0]) for name in OUTCOMES}
        made.append({"policy": policy, "label": NAMES[policy], **brought, **against._asdict()})
    table = pd.DataFrame(made)
    is_chance = table["policy"] == "random"
    with np.errstate(divide="ignore"):
        at_once = np.exp(simultaneous(np.log(table.loc[~is_chance, ["value", "low", "high"]].astype(float))))
    table[["value", "low", "high"]] = at_once.reindex(table.index)
    return table.assign(is_noise=(table["low"] <= 1) & (table["high"] >= 1))


def policy_exhibit(rows: pd.DataFrame, totals: Mapping | None, capacity: int, currency: str) -> Exhibit:
    """Ways to choose, side by side."""
    if totals is None:
        return Exhibit(
            "policies", say("Ways to choose"), absent=say("The ways to choose could not be compared, for the reason given above.")
        )
    table = policy_table(rows, totals)
    better = table[table["low"] > 1]
    title = (
        say("No way to choose brought more contribution a call than chance, beyond noise")
        if better.empty
        else say(
            "Ways to choose that brought more contribution a call than chance, beyond noise: {count:count} of {all:count}",
            count=len(better),
            all=len(POLICIES) - 1,
        )
    )
    return Exhibit(
        name="policies",
        title=title,
        subtitle=say(
            "Up to {capacity:count} calls a month to that month's new prospects, {months:count} months together; conversions and contribution of the first year a call; times chance: contribution a call against that at random, with 95% intervals of the three ways at once (bootstrap of prospects within months, on the log scale; Bonferroni); grey: within noise. {base:count} prospects, {converted:count} of whom became customers",
            capacity=capacity, months=rows["day"].nunique(), base=len(rows), converted=int(rows["converted"].sum()),
        ),
        frame=table,
        columns=(
            Column("label", say("Chosen")),
            Column("converted", say("Converted"), "share", say("% of calls")),
            Column("expected", say("Expected when chosen"), "amount", say("{currency} a call", currency=currency)),
            Column("contribution", say("Contribution"), "amount", say("{currency} a call", currency=currency)),
            Column("value", say("Times chance"), "ratio", say("contribution")),
            Column("low", say("From"), "ratio", say("95% interval")),
            Column("high", say("To"), "ratio", say("95% interval")),
        ),
    )  # fmt: skip


def record_words(record: Estimate | None) -> Message | str:
    """How much of what was expected of them those chosen earlier brought, where it is known."""
    if record is None or record.low is None:
        return ""
    return say(
        "; those chosen earlier brought {value:share} of what was expected of them (interval {low:share} to {high:share})",
        value=record.value, low=record.low, high=record.high,
    )  # fmt: skip


def today_exhibit(made: Outlook, record: Estimate | None, capacity: int, horizon_months: int, currency: str) -> Exhibit:
    """What is expected of the prospects that are open now, and how much of such expectations came earlier (`record`)."""
    count = len(made.open)
    heading = say("Open prospects")
    if not is_tellable(count) or count == 0:
        return Exhibit("today", heading, absent=say("Too few prospects are open."))
    rest = count - capacity
    shown = ["best", "all"] if rest > 0 and is_tellable(rest) else ["all"]
    names = {
        "best": say("The {capacity:count} of highest expected contribution", capacity=capacity),
        "all": say("All open prospects"),
    }
    rows = [
        {
            "label": names[who], "open": made.conversions[who].base, "is_total": who == "all",
            **{f"conversions_{key}": number for key, number in made.conversions[who]._asdict().items()},
            **{f"contribution_{key}": number for key, number in made.contribution[who]._asdict().items()},
        }
        for who in shown
    ]  # fmt: skip
    return Exhibit(
        name="today",
        title=_today_title(made, shown, capacity),
        subtitle=say(
            "Open: first seen within the last {months:count} months and not yet customers. Conversions expected within {months:count} months of first sight, and contribution expected in the first year of those who convert; 95% prediction intervals: within them lie the sums to be seen in 95 of 100 cases, if the models hold{record}",
            months=horizon_months,
            record=record_words(record),
        ),
        frame=pd.DataFrame(rows),
        columns=(
            Column("label", say("Prospects")),
            Column("open", say("Open"), "count", say("number")),
            Column("conversions_value", say("Conversions expected"), "number.1", say("number")),
            Column("conversions_low", say("From"), "number.1", say("95% prediction")),
            Column("conversions_high", say("To"), "number.1", say("95% prediction")),
            Column("contribution_value", say("Contribution expected"), "amount", say("{currency}", currency=currency)),
            Column("contribution_low", say("From"), "amount", say("95% prediction")),
            Column("contribution_high", say("To"), "amount", say("95% prediction")),
        ),
    )


def _today_title(made: Outlook, shown: list[str], capacity: int) -> Message:
    total = made.contribution["all"].value
    numbers = {"open": len(made.open), "conversions": made.conversions["all"].value}
    if "best" not in shown or total <= 0:
        return say("{open:count} prospects are open; {conversions:number.1} conversions are expected", **numbers)
    return say(
        "{open:count} prospects are open; {conversions:number.1} conversions are expected. The best {capacity:count} stand for {share:share} of the expected contribution",
        capacity=capacity, share=made.contribution["best"].value / total, **numbers,
    )  # fmt: skip
