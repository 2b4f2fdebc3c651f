"""Who rose and who fell: the tiers of the same customers at two dates, twelve months apart."""

import datetime as dt
from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
import pandas as pd

from analysis.calendar import months_before
from analysis.finding import Column, Exhibit, Finding
from analysis.stats.intervals import Estimate, wilson
from analysis.study.disclosed import is_tellable
from analysis.study.tiers import LOWEST, TIERS, TIERS_SHOWN, joined_label, open_customers, tier_of
from analysis.wording import Message, say

MONTHS = 12
OUTSIDE, LOST = "outside", "lost"
NEAR = 0.8


def dates_of_movement(history: Mapping[dt.date, pd.DataFrame]) -> tuple[dt.date, dt.date] | None:
    """The landmark MONTHS before the latest, and the latest; None where the data do not reach back so far."""
    latest = max(history)
    earlier = months_before(latest, MONTHS)
    return (earlier, latest) if earlier in history else None


def moves(before: pd.DataFrame, after: pd.DataFrame, edges: Mapping[str, float], measure: str = "assets_3m") -> pd.DataFrame:
    """Feature rows at two dates → one row a customer open at either: customer_id, before and after (tier by `measure`; or
    'outside', not a customer at the first date; or 'lost', no longer one at the second), step (tiers risen, below zero
    fallen; missing unless open at both), reach (`measure` at the first date ÷ the edge above)."""
    earlier, later = (open_customers(frame).set_index("customer_id")[measure] for frame in (before, after))
    tiers = [tier_of(values, edges) for values in (earlier, later)]
    both = pd.DataFrame({"before": tiers[0].astype(str), "after": tiers[1].astype(str)})
    ranks = {name: rank for rank, name in enumerate(tiers[0].cat.categories)}
    limits = dict(zip(ranks, [*sorted(edges.values()), np.nan], strict=True))
    return both.assign(
        step=both["after"].map(ranks) - both["before"].map(ranks),
        reach=earlier.reindex(both.index) / both["before"].map(limits),
        before=both["before"].fillna(OUTSIDE),
        after=both["after"].fillna(LOST),
    ).reset_index()


@dataclass(frozen=True)
class Movement:
    """`moved` (see `moves`) in the finest tiers that may be told, their `labels` by state, the two `days`, and the `table`
    of transitions: before, after, customers, base (all of `before`), value (share of base), low and high (Wilson); the name of
    tiers that were `merged` into one, if any."""

    moved: pd.DataFrame
    labels: dict[str, Message]
    days: tuple[dt.date, dt.date]
    table: pd.DataFrame
    merged: Message | None


def find_movement(history: Mapping[dt.date, pd.DataFrame], edges: Mapping[str, float]) -> Movement | Message:
    """The movement over the latest MONTHS in the finest form in which no number of customers is too small to be told: all
    tiers, or two of them counted together; with those who came and went by tier, or without. Else the reason why not."""
    days = dates_of_movement(history)
    if not edges or "assets_3m" not in history[max(history)]:
        return say("The bank's bank.yaml states no edges of tiers, or the bank brings no balances.")
    if days is None:
        return say("The data do not reach back {months:count} months before the latest date.", months=MONTHS)
    coarse = [moves(history[days[0]], history[days[1]], kept) for kept in _coarser(edges)]
    for whole in (True, False):
        for kept, moved in zip(_coarser(edges), coarse, strict=True):
            counted = moved if whole else moved.dropna(subset="step")
            table = transition_table(counted)
            is_divided = table["before"].isin(TIERS_SHOWN) & ~table["before"].duplicated()
            if is_divided.sum() > 1 and table["customers"].map(is_tellable).all():
                return _movement(moved, kept, edges, days, table)
    return say("Too few customers changed their tier within {months:count} months to be told.", months=MONTHS)


def _coarser(edges: Mapping[str, float]) -> list[dict[str, float]]:
    ordered = sorted(edges, key=edges.get)
    fewer = [{name: edges[name]} for name in ordered] if len(ordered) > 1 else []
    return [dict(edges), *fewer]


def _movement(moved: pd.DataFrame, kept: Mapping, edges: Mapping, days: tuple[dt.date, dt.date], table: pd.DataFrame) -> Movement:
    labels = _labels(kept, edges)
    merged = next((labels[name] for name in TIERS_SHOWN if name in labels and labels[name] != TIERS[name]), None)
    return Movement(moved, labels, days, table, merged)


def _labels(kept: Mapping[str, float], edges: Mapping[str, float]) -> dict[str, Message]:
    labels, together = {}, []
    for name in (name for name in TIERS_SHOWN if name in {LOWEST, *edges}):
        together.append(name)
        if name in {LOWEST, *kept}:
            labels[name], together = joined_label(together), []
    return {**labels, OUTSIDE: say("Not a customer"), LOST: say("Relation ended")}


def transition_table(moved: pd.DataFrame) -> pd.DataFrame:
    """One row each pair of states that occurs, the highest tier first: before, after, customers, base (all of `before`),
    value (share of base) with Wilson limits low and high for customers like these."""
    counts = moved.groupby(["before", "after"]).size()
    order = [*TIERS_SHOWN, OUTSIDE, LOST]
    rows = []
    for before in order:
        for after in order:
            if count := int(counts.get((before, after), 0)):
                share = wilson(count, int(counts[before].sum()))
                rows.append({"before": before, "after": after, "customers": count, **share._asdict()})
    return pd.DataFrame(rows, columns=["before", "after", "customers", "value", "low", "high", "base"])


def promoted_and_demoted(moved: pd.DataFrame) -> tuple[Estimate, Estimate]:
    """The shares of customers open at both dates who rose, and who fell."""
    steps = moved["step"].dropna()
    return wilson((steps > 0).sum(), len(steps)), wilson((steps < 0).sum(), len(steps))


def rises_among_moves(moved: pd.DataFrame) -> Estimate:
    """Of those who changed their tier the share that rose: above half, more rise than fall (the sign test, McNemar 1947)."""
    steps = moved["step"].dropna()
    return wilson((steps > 0).sum(), (steps != 0).sum())


def movement_exhibit(found: Movement | Message) -> Exhibit:
    """The transition matrix: where the customers of each tier are twelve months later."""
    if isinstance(found, Message):
        return Exhibit("movement", say("Promotion and demotion"), absent=found)
    table = found.table
    return Exhibit(
        name="movement",
        title=_title(found.moved),
        subtitle=say(
            "Where the customers of each tier on {start:date} stand on {end:date}; share of those who came from the same tier, with its 95% interval for customers like these (Wilson), each by itself{ends}",
            start=found.days[0], end=found.days[1], ends=_ends_words(table),
        ),
        frame=table.assign(**{side: table[side].map(found.labels) for side in ("before", "after")}),
        columns=(
            Column("before", say("{day:date}", day=found.days[0])),
            Column("after", say("{day:date}", day=found.days[1])),
            Column("customers", say("Customers"), "count", say("in number")),
            Column("value", say("Share"), "share"),
            Column("low", say("From"), "share", say("95% interval")),
            Column("high", say("To"), "share", say("95% interval")),
        ),
    )  # fmt: skip


def flow_exhibit(found: Movement | Message) -> Exhibit:
    """The same customers as a flow."""
    if isinstance(found, Message):
        return Exhibit("flow", say("From tier to tier"), absent=say("There is no movement to show, for the reason given above."))
    table = found.table
    frame = pd.DataFrame(
        {"left": table["before"].map(found.labels), "right": table["after"].map(found.labels), "value": table["customers"]}
    )
    return Exhibit(
        name="flow",
        title=_flow_title(found),
        subtitle=say(
            "Customers by tier at the two dates; grey bands stay, blue ones move, come or go{ends}", ends=_ends_words(table)
        ),
        frame=frame,
        unit="count",
        options={"left_label": say("{day:date}", day=found.days[0]), "right_label": say("{day:date}", day=found.days[1])},
    )


def _ends_words(table: pd.DataFrame) -> Message | str:
    if table["before"].eq(OUTSIDE).any() or table["after"].eq(LOST).any():
        return ""
    return say("; customers of both dates only: who came or went is too few in a tier to be told")


def _flow_title(found: Movement) -> Message:
    """Who went and who came, of those open at one of the dates; nothing where the picture leaves them out."""
    states = (("before", OUTSIDE), ("after", LOST))
    entered, left = (int(found.table.loc[found.table[side] == state, "customers"].sum()) for side, state in states)
    if not entered and not left:
        return say("Customers' tiers at two dates")
    return say(
        "{left:count} of the customers open on {start:date} had ended the relation by {end:date}; {entered:count} of those open on {end:date} were not customers on {start:date}",
        start=found.days[0], end=found.days[1], left=left, entered=entered,
    )  # fmt: skip


def movement_findings(found: Movement | Message) -> list[Finding]:
    """The shares promoted and demoted, and how many of the promoted stood close beneath the edge."""
    if isinstance(found, Message):
        return []
    up, down = promoted_and_demoted(found.moved)
    if up.base == 0:
        return []
    promoted = say(
        "{title}{near}{merged}.", title=_title(found.moved, bold=True), near=_near_words(found.moved),
        merged=say("; {tiers} count as one tier here", tiers=found.merged) if found.merged else "",
    )  # fmt: skip
    demoted = say("**{down:share}** of customers fell by a tier or more within twelve months.", down=down.value)
    rest = {"unit": "share", "exhibit": "movement"}
    return [
        Finding("tier.promoted", promoted, up.value, up.base, low=up.low, high=up.high, compare_to=down.value, **rest),
        Finding(
            "tier.demoted",
            demoted,
            down.value,
            down.base,
            low=down.low,
            high=down.high,
            compare_to=up.value,
            is_headline=False,
            **rest,
        ),
    ]


def _near_words(moved: pd.DataFrame) -> Message | str:
    rose = moved[moved["step"] > 0]
    near = int((rose["reach"] >= NEAR).sum())
    if len(rose) == 0 or not is_tellable(near) or not is_tellable(len(rose) - near):
        return ""
    return say(
        "; {share:share} of those who rose already stood within {gap:share.0} of the edge, where a small change suffices",
        share=near / len(rose), gap=1 - NEAR,
    )  # fmt: skip


def _title(moved: pd.DataFrame, bold: bool = False) -> Message:
    up, down = promoted_and_demoted(moved)
    rises = rises_among_moves(moved)
    if rises.base == 0:
        return say("No customer changed its tier within twelve months")
    numbers = {"up": say("**{share:share}**" if bold else "{share:share}", share=up.value), "down": down.value}
    if rises.low > 0.5:
        return say("{up} of customers rose by a tier or more within twelve months, {down:share} fell: more rose", **numbers)
    if rises.high < 0.5:
        return say("{up} of customers rose by a tier or more within twelve months, {down:share} fell: more fell", **numbers)
    return say(
        "{up} of customers rose by a tier or more within twelve months, {down:share} fell: no difference beyond noise", **numbers
    )
