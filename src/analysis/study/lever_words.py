"""The six levers in words: what would be different, whom it could strike, with whom these are compared, and how far that carries."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import pandas as pd

from analysis.finding import DISCLOSURE_THRESHOLD, Column, Exhibit
from analysis.wording import Message, say

DAYS_TO_RESOLVE, LONG_WAIT_MINUTES, GAP_FELT, MATCHED_WEEKS = 15, 30, 0.003, 4
RECORDED_SHARE = 0.9
ASSUMED, ADJUSTED, ASSOCIATION = "assumed-causal", "adjusted", "association"
EVIDENCE_WORDS = {ASSUMED: say("Assumed-causal"), ADJUSTED: say("Adjusted"), ASSOCIATION: say("Association")}
NOT_BROUGHT = say("the bank's data do not tell whom it struck")

Opportunities = Mapping[str, pd.DataFrame]


@dataclass(frozen=True)
class LeverWords:
    """Words for a lever: its `label`; its `intervention`, after "if"; the `population` that it could strike; `compared`: who stands for
    them, had they been spared; `held`: what is the same on both sides (the adjustment set, docs/demo-bank.md section 5); `units`: how many
    of what it was decided by whom it strikes (fill in `n`)."""

    label: Message
    intervention: Message
    population: Message
    compared: Message
    held: Message
    units: Message


LEVER_WORDS = {
    "unresolved_complaint": LeverWords(
        say("Unresolved complaint"),
        say("no complaint had stayed unresolved beyond {days:count} days, the complaint itself unchanged", days=DAYS_TO_RESOLVE),
        say("customers with a complaint whose day {days:count} falls in the month", days=DAYS_TO_RESOLVE),
        say("customers whose complaint of equal severity, at the same branch in the same month, was resolved in time"),
        say("severity, branch, month"),
        say("{n:count} pairs of area and month"),
    ),
    "long_wait": LeverWords(
        say("Long wait"),
        say("no visit to a branch had waited {minutes:count} minutes or more", minutes=LONG_WAIT_MINUTES),
        say("customers who visited a branch in the month"),
        say("customers with as many visits at the same hours to the same branch in the same month, all of them shorter"),
        say("number and hours of visits, branch, month"),
        say("{n:count} branches"),
    ),
    "fee_rise": LeverWords(
        say("Fee rise"),
        say("the card fee of the branch had stayed as it was"),
        say("customers who hold a card on the day of the rise"),
        say("card holders of branches whose fee had not risen by then, and customers without a card; how these differed before is taken out"),
        say("card, branch, month"),
        say("{n:count} branches"),
    ),
    "manager_left": LeverWords(
        say("Manager left"),
        say("no customer manager had left"),
        say("customers looked after by a manager"),
        say("managed customers whose manager stayed, where the competitor's rate lay as far above ours"),
        say("competitor's rate, area, month"),
        say("{n:count} managers"),
    ),
    "app_outage": LeverWords(
        say("App outage"),
        say("the app had stayed up"),
        say("customers who tried to log in during an outage, or in the same hours of the {weeks:count} weeks before as far as these lie in the same calendar month", weeks=MATCHED_WEEKS),
        say("customers with as many such tries around the same outage, none of them during it; who tried in every window has no like and is taken to be harmed as the others were"),
        say("number of tries around the same outage"),
        say("each customer's own tries, taken together in {n:count} branches"),
    ),
    "competitor_rate": LeverWords(
        say("Competitor's rate"),
        say("no competitor had paid over {gap:number.1} points more than we did when a deposit matured", gap=100 * GAP_FELT),
        say("holders of term deposits or wealth products"),
        say("holders in the same area and month with deposits of like kind and amount and as many years with the bank, none of which matured"),
        say("deposits, years with the bank, area, month"),
        say("{n:count} pairs of area and month"),
    ),
}  # fmt: skip


@dataclass(frozen=True)
class Ceiling:
    """The strongest kind of `evidence` that the data allow for a lever (None: no number at all), and the `reason`."""

    evidence: str | None
    reason: Message


def ceilings(levers: Opportunities) -> dict[str, Ceiling]:
    """Opportunities by lever (see `bank.levers.Struck`) → each lever's ceiling, read from what is recorded. No better than association:
    nobody was spared who could have been struck. No better than adjusted: part of the adjustment set is recorded for less than
    RECORDED_SHARE of the opportunities. None: not told, or fewer struck than may be shown."""
    return {lever: _ceiling(lever, levers.get(lever)) for lever in LEVER_WORDS}


def _ceiling(lever: str, rows: pd.DataFrame | None) -> Ceiling:
    if rows is None:
        return Ceiling(None, NOT_BROUGHT)
    if rows.loc[rows["struck"], "customer_id"].nunique() < DISCLOSURE_THRESHOLD:
        return Ceiling(None, say("it struck fewer than {n:count} customers", n=DISCLOSURE_THRESHOLD))
    return _RULES[lever](rows)


def _by_complaint(rows: pd.DataFrame) -> Ceiling:
    if rows["struck"].all():
        return Ceiling(ASSOCIATION, say("no complaint is recorded as resolved in time, so that nobody is left to compare with"))
    if rows["severity"].gt(0).mean() < RECORDED_SHARE or rows["branch_id"].notna().mean() < RECORDED_SHARE:
        return Ceiling(ADJUSTED, say("severity or branch of complaints is not recorded"))
    return Ceiling(
        ASSUMED, say("among complaints of equal severity, branch and month, how busy the handlers of the area were decides")
    )


def _by_wait(rows: pd.DataFrame) -> Ceiling:
    if rows["struck"].all():
        return Ceiling(ASSOCIATION, say("every customer waited long, so that nobody is left to compare with"))
    if rows["visits_opening"].sum() == rows["visits"].sum():
        return Ceiling(ADJUSTED, say("the hours of visits are not recorded"))
    return Ceiling(ASSUMED, say("given number, hours, branch and month of the visits, the queue of the day decides"))


def _by_fee(rows: pd.DataFrame) -> Ceiling:
    holders = rows[rows["card"]]
    first = holders.loc[holders["struck"], "month"].min()
    cohorts = holders.groupby("unit")["cohort"].first().astype("float64")
    if not (cohorts.isna() | (cohorts > first)).any():
        return Ceiling(ASSOCIATION, say("the fee rose on one date for all branches, so that none is left to compare with"))
    return Ceiling(
        ASSUMED, say("branches rose one after the other; it is taken that without the rise they would have moved alike")
    )


def _by_manager(rows: pd.DataFrame) -> Ceiling:
    if rows["struck"].all():
        return Ceiling(ASSOCIATION, say("every manager left, so that nobody is left to compare with"))
    if rows["push"].notna().mean() < RECORDED_SHARE:
        return Ceiling(ADJUSTED, say("the competitor's rates, with which managers are poached, are not known"))
    return Ceiling(ASSUMED, say("retirement and transfer have nothing to do with a manager's customers; poaching goes with the competitor's rate, which is known"))  # fmt: skip


def _by_outage(rows: pd.DataFrame) -> Ceiling:
    if rows["struck"].all():
        return Ceiling(ASSOCIATION, say("an outage strikes all at once, and log-ins outside its hours are not recorded: nobody is left to compare with"))  # fmt: skip
    return Ceiling(
        ASSUMED,
        say("given how often a customer tried in the windows of the same month, it is chance whether one of them was the outage"),
    )


def _by_rate(rows: pd.DataFrame) -> Ceiling:
    pushed = rows[rows["pushed"]]
    if pushed["struck"].all():
        return Ceiling(
            ASSOCIATION, say("every deposit matured while the competitor paid more, so that nobody is left to compare with")
        )
    if pushed["amount_class"].notna().mean() < RECORDED_SHARE:
        return Ceiling(ADJUSTED, say("the amounts of deposits are not recorded"))
    return Ceiling(ASSUMED, say("among holders of like deposits in an area, the month of maturing is chance"))


_RULES = {
    "unresolved_complaint": _by_complaint,
    "long_wait": _by_wait,
    "fee_rise": _by_fee,
    "manager_left": _by_manager,
    "app_outage": _by_outage,
    "competitor_rate": _by_rate,
}


def lever_rules_exhibit(levers: Opportunities) -> Exhibit:
    """One row a lever: what would be different, whom it could strike, with whom these are compared, the ceiling and why."""
    name, found = "lever_rules", ceilings(levers)
    heading = say("What each lever is held against")
    if not levers:
        return Exhibit(name, heading, absent=say("The bank's data tell of none of the six levers."))
    rows = [
        {"lever": words.label, "different": words.intervention, "whom": words.population, "compared": _diagram(words),
         "ceiling": _ceiling_words(found[lever])}
        for lever, words in LEVER_WORDS.items()
    ]  # fmt: skip
    carried = sum(ceiling.evidence == ASSUMED for ceiling in found.values())
    return Exhibit(
        name,
        say(
            "{n:count} of {all:count} levers struck some customers and spared others who are like them", n=carried, all=len(found)
        ),
        say("What was laid down before any result was seen, and the strongest evidence that this bank's data allow"),
        pd.DataFrame(rows),
        columns=(
            Column("lever", say("Lever")),
            Column("different", say("What would be different")),
            Column("whom", say("Whom it could strike")),
            Column("compared", say("Compared with")),
            Column("ceiling", say("At most")),
        ),
    )


def _diagram(words: LeverWords) -> Message:
    """With whom is compared, and the lever's diagram as text."""
    return say(
        "{compared}. Diagram: {held} → {lever} → leaving ← the same", compared=words.compared, held=words.held, lever=words.label
    )


def _ceiling_words(ceiling: Ceiling) -> Message:
    if ceiling.evidence is None:
        return say("No number: {reason}", reason=ceiling.reason)
    return say("{evidence}: {reason}", evidence=EVIDENCE_WORDS[ceiling.evidence], reason=ceiling.reason)
