"""Groups by relation: who they are, what they hold, who moved, and what was kept, raised, lost and won."""

import datetime as dt
from dataclasses import dataclass

import pandas as pd

from analysis.errors import NotProduced
from analysis.finding import Exhibit, Finding
from analysis.study.churn import ChurnRule
from analysis.study.disclosed import is_tellable, told
from analysis.study.relation_movement import NEVER_LOST, lost_share, movement_cells, movement_table, moves, returned_are_few
from analysis.study.relation_movement_exhibits import flow_exhibit, movement_exhibit, movement_findings, moves_exhibit
from analysis.study.relation_rules import rule_table, rules_exhibit
from analysis.study.relation_sizes import group_sizes, groups_exhibit, loss_unseen, size_findings, size_table, trend_exhibit
from analysis.study.relation_value import number_and_mean, value_by_group, value_by_kind, value_moves, value_parts
from analysis.study.relation_value_exhibits import (
    split_exhibit,
    value_exhibit,
    value_findings,
    value_groups_exhibit,
    value_kinds_exhibit,
)
from analysis.study.relations import (
    INVOLUNTARY,
    LOST,
    PROSPECT,
    History,
    compared_with,
    holdings_of,
    together,
    way_of_loss,
)
from analysis.wording import Message, say

TITLES = {
    "movement": say("Who moved from which group to which"), "moves": say("Movements in numbers"), "flow": say("Movements between groups"),
    "value_change": say("Where the change of assets comes from"), "value_groups": say("Assets of each group"),
    "value_kinds": say("Deposits, wealth, loans and contribution"), "split": say("Number of customers, and what each holds"),
    "rules": say("What holds under other rules"),
}  # fmt: skip
CUSTOMERS_NEEDED = 100
OF_ASSETS = ("value_change", "value_groups", "value_kinds", "split", "rules")


@dataclass(frozen=True)
class RelationGroups:
    """What the report shows of the groups by relation."""

    findings: list[Finding]
    groups: Exhibit
    movement: Exhibit
    moves: Exhibit
    flow: Exhibit
    value_change: Exhibit
    value_groups: Exhibit
    value_kinds: Exhibit
    split: Exhibit
    trend: Exhibit
    rules: Exhibit


def relation_groups(
    history: History, prospects: pd.DataFrame | None, rule: ChurnRule, currency: str, as_of: dt.date
) -> RelationGroups:
    """Features by landmark, `as_of` among them, and the table `prospects` (None where the bank has none) → the groups at `as_of`,
    and against the landmark twelve months before it, or the earliest there is. Later landmarks are not read. Needs
    CUSTOMERS_NEEDED customers, past ones among them."""
    history = {day: features for day, features in history.items() if day <= as_of}
    if (customers := len(history[as_of])) < CUSTOMERS_NEEDED:
        raise NotProduced(say("Customers: {n}; needed: {needed:count}.", n=told(customers), needed=CUSTOMERS_NEEDED))
    missing, before = loss_unseen(history, rule), compared_with(history, as_of)
    people = moves(history, prospects, before or as_of, as_of, rule)
    is_apart = not returned_are_few(people)
    if not is_apart:
        people = people.assign(left=together(people["left"]), right=together(people["right"]))
    sizes = size_table(history, prospects, as_of, rule, is_apart)
    found, exhibits = (
        ([], _absent(TITLES, say("The data hold one date alone; a comparison needs two.")))
        if before is None
        else _compared(history, people, before, as_of, rule, currency, len(missing) < 2)
    )
    return RelationGroups(
        findings=[*found, *size_findings(sizes, missing)],
        groups=groups_exhibit(sizes, as_of, currency, missing, rule),
        trend=trend_exhibit(group_sizes(history, prospects, rule, is_apart), missing),
        **exhibits,
    )


def _absent(names, reason: Message) -> dict[str, Exhibit]:
    return {name: Exhibit(name, TITLES[name], absent=reason) for name in names}


def _compared(
    history: History, people: pd.DataFrame, before: dt.date, now: dt.date, rule: ChurnRule, currency: str, is_loss_seen: bool
) -> tuple[list[Finding], dict[str, Exhibit]]:
    cells = movement_cells(people)
    table = movement_table(cells)
    findings, exhibits = _assets_compared(history, people, _is_return_told(cells), before, now, currency)
    shown = {
        "movement": movement_exhibit(table, before, now, is_loss_seen),
        "moves": moves_exhibit(table, before, now, is_loss_seen),
        "flow": flow_exhibit(table, before, now, is_loss_seen),
    }
    lost = _lost_findings(people, history, before, now, rule, currency)
    rules = {"rules": _rules(history, people, before, now, rule)} if "rules" not in exhibits else {}
    return [*lost, *findings, *movement_findings(table, before, now)], {**shown, **exhibits, **rules}


def _is_return_told(cells: pd.DataFrame) -> bool:
    """Whether the number of the lost who returned may be told."""
    return not cells.loc[cells["left"].eq(LOST) & cells["right"].ne(LOST), "secret"].any()


def _assets_compared(
    history: History, people: pd.DataFrame, is_return_told: bool, before: dt.date, now: dt.date, currency: str
) -> tuple[list[Finding], dict[str, Exhibit]]:
    then, today = history[before], history[now]
    if "assets_3m" not in then or "assets_3m" not in today:
        return [], _absent(OF_ASSETS, say("The bank brings no balances."))
    customers = people[people["right"].ne(PROSPECT)]
    moved = value_moves(customers, then, today, is_return_told=is_return_told)
    parts = value_parts(moved)
    if parts["before"].sum() <= 0:
        return [], _absent(OF_ASSETS, say("No assets were held at the earlier date."))
    exhibits = {
        "value_change": value_exhibit(parts, before, now),
        "value_groups": value_groups_exhibit(value_by_group(moved), before, now, currency),
        "value_kinds": value_kinds_exhibit(value_by_kind(customers, then, today, is_return_told), before, now, currency),
        "split": split_exhibit(number_and_mean(moved), currency, before, now),
    }
    return value_findings(parts, before, now), exhibits


def _rules(history: History, people: pd.DataFrame, before: dt.date, now: dt.date, rule: ChurnRule) -> Exhibit:
    if not lost_share(people).value:
        return _absent(["rules"], say("Nobody is known to be lost since the earlier date."))["rules"]
    return rules_exhibit(rule_table(history, before, now, rule), before, now)


def _lost_findings(
    people: pd.DataFrame, history: History, before: dt.date, now: dt.date, rule: ChurnRule, currency: str
) -> list[Finding]:
    """Of the customers at first, who is lost since, with what they held then."""
    share = lost_share(people)
    at_risk = people[people["left"].isin(NEVER_LOST)]
    lost = at_risk.index[at_risk["right"].eq(LOST)]
    if not len(lost) or not is_tellable(len(lost)):
        return []
    held, held_share = _held_by(lost, at_risk.index, history[before])
    text = say(
        "**{value:share}** of the customers of {before:date} are lost by {now:date} (interval {low:share} to {high:share}){held}{unwilling}.",
        value=share.value, before=before, now=now, low=share.low, high=share.high,
        held="" if held_share is None else say("; they held {share:share} of assets", share=held_share),
        unwilling=_unwilling(way_of_loss(history, now, rule)[lost]),
    )  # fmt: skip
    found = [Finding("movement.all.lost", text, share.value, share.base, "share", low=share.low, high=share.high, exhibit="flow")]
    if held_share is None:
        return found
    assets = say(
        "Those lost since {before:date} held **{value:money}** {currency} of assets then, {share:share} of what all customers not yet lost held.",
        before=before, value=held, currency=currency, share=held_share,
    )  # fmt: skip
    more = {"exhibit": "value_groups", "base_of": "lost", "is_headline": False}
    return [*found, Finding("group.lost.assets", assets, held, len(lost), "money", **more)]


def _held_by(lost: pd.Index, at_risk: pd.Index, features: pd.DataFrame) -> tuple[float | None, float | None]:
    if "assets_3m" not in features:
        return None, None
    held = holdings_of(features, "assets_3m")
    whole = float(held[at_risk].sum())
    return (float(held[lost].sum()), float(held[lost].sum()) / whole) if whole > 0 else (None, None)


def _unwilling(ways: pd.Series) -> Message | str:
    """How many of those lost left by involuntary exits, where it may be told."""
    count = int(ways.eq(INVOLUNTARY).sum())
    if not count or not is_tellable(count) or not is_tellable(len(ways) - count):
        return ""
    return say(
        "; {share:share} of them by involuntary exits (relocation, death, loan repaid, cleared by the bank)",
        share=count / len(ways),
    )
