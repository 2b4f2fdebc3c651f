"""Which conclusions about the groups hold under other rules."""

import datetime as dt
from collections.abc import Mapping
from dataclasses import replace

import numpy as np
import pandas as pd

from analysis.calendar import LANDMARK_STEP_MONTHS
from analysis.finding import DISCLOSURE_THRESHOLD, Column, Exhibit
from analysis.stats.intervals import difference_of_shares, simultaneous
from analysis.study.churn import ESTABLISHED_MONTHS, SHORTEST_MONTH_OF_A_HORIZON, ChurnRule
from analysis.study.disclosed import is_tellable
from analysis.study.relation_movement import NEVER_LOST, lost_share, moves
from analysis.study.relation_value import LEAVERS, NEWCOMERS, value_moves
from analysis.study.relations import LOST, NEW, History
from analysis.wording import Message, say

OTHER_DORMANT_DAYS = (90, 180, 270)
OTHER_NEW_MONTHS = 12


def rule_table(history: History, before: dt.date, now: dt.date, rule: ChurnRule) -> pd.DataFrame:
    """The report's rule first, then others → label, lost (how many), value, low, high (share of the customers at first who are
    lost since), assets_share (of assets at first that they held), newcomers, leavers (change of assets they make, as a share of
    assets at first), difference, difference_low, difference_high (lost share of the new less that of all others)."""
    rows = [{"label": label, **_of_rule(*arguments, before, now)} for label, *arguments in _variants(history, rule)]
    return pd.DataFrame(rows)


def _variants(history: History, rule: ChurnRule) -> list[tuple]:
    variants = [(say("As in this report"), history, rule, ESTABLISHED_MONTHS)]
    if "recency_days" in history[max(history)]:
        variants += [
            (say("Dormant after {days:count} days", days=days), history, silent_after(rule, days), ESTABLISHED_MONTHS)
            for days in OTHER_DORMANT_DAYS
            if days != rule.dormant_days
        ]
    if history[max(history)]["closed_date"].notna().any():
        variants.append((say("Lost by closing alone"), never_silent(history), rule, ESTABLISHED_MONTHS))
    return [*variants, (say("New for {months:count} months", months=OTHER_NEW_MONTHS), history, rule, OTHER_NEW_MONTHS)]


def never_silent(history: History) -> History:
    """The same features, nobody ever silent: closings alone are losses."""
    return {
        day: features.drop(columns="recency_days", errors="ignore").assign(recency_days=np.nan)
        for day, features in history.items()
    }


def silent_after(rule: ChurnRule, days: int) -> ChurnRule:
    """The rule with so many days of silence, its horizon long enough for them."""
    step = LANDMARK_STEP_MONTHS * SHORTEST_MONTH_OF_A_HORIZON
    horizon = max(rule.horizon_months, LANDMARK_STEP_MONTHS * -(-days // step))
    return replace(rule, dormant_days=days, horizon_months=horizon)


def _of_rule(history: History, rule: ChurnRule, new_months: int, before: dt.date, now: dt.date) -> dict:
    people = value_moves(moves(history, None, before, now, rule, new_months), history[before], history[now])
    share, whole, change = lost_share(people), people["before"].sum(), people.groupby("part")["change"].sum()
    at_risk = people[people["left"].isin(NEVER_LOST)]
    is_lost = at_risk["right"].eq(LOST)
    is_new = at_risk["left"].eq(NEW)
    new, old = int(is_lost[is_new].sum()), int(is_lost[~is_new].sum())
    is_told = is_tellable(new) and is_tellable(old)
    apart = difference_of_shares(new, is_new.sum(), old, (~is_new).sum())[:3] if is_told else [None] * 3
    return {
        "lost": int(is_lost.sum()), "value": share.value, "low": share.low, "high": share.high,
        "assets_share": at_risk.loc[is_lost, "before"].sum() / at_risk["before"].sum(),
        "newcomers": change.get(NEWCOMERS, 0.0) / whole, "leavers": change.get(LEAVERS, 0.0) / whole,
        **dict(zip(("difference", "difference_low", "difference_high"), apart, strict=True)),
    }  # fmt: skip


def rules_exhibit(table: pd.DataFrame, before: dt.date, now: dt.date) -> Exhibit:
    """The conclusions under each rule; the title says under how many they hold."""
    apart = abs(table["lost"] - table["lost"].iloc[0])
    few = apart.between(1, DISCLOSURE_THRESHOLD - 1) | ~table["lost"].map(is_tellable)
    numbers = ["value", "low", "high", "assets_share", "newcomers", "leavers", "difference"]
    shown = table.assign(**{name: table[name].astype(float).mask(few) for name in numbers})
    return Exhibit(
        name="rules",
        title=_rules_title(shown.dropna(subset="value")),
        subtitle=say(
            "Customers of {before:date}, until {now:date}; intervals 95%, for customers like these; assets in % of, and changes in points of, the assets of {before:date}; the last column: share lost of the new less that of the established and returned; – where few customers would be given away",
            before=before, now=now,
        ),
        frame=shown.assign(is_total=shown.index == 0),
        columns=(
            Column("label", say("Rule")),
            Column("value", say("Lost since"), "share"),
            Column("low", say("From"), "share", say("95% interval")),
            Column("high", say("To"), "share", say("95% interval")),
            Column("assets_share", say("They held, of assets"), "share"),
            Column("newcomers", say("Change by newcomers"), "points", say("points")),
            Column("leavers", say("Change by the lost"), "points", say("points")),
            Column("difference", say("New less established"), "points", say("points")),
        ),
    )  # fmt: skip


def _rules_title(table: pd.DataFrame) -> Message:
    if table.empty:
        return say("Too few customers are lost to compare rules")
    return say(
        "Of {tried:count} rules: those lost held a smaller share of assets than of customers under {less:count}; newcomers bring more assets than the lost took under {more:count}; the new are lost more often than the established, beyond noise, under {apart:count}",
        tried=len(table), **_holding(table),
    )  # fmt: skip


def _holding(table: pd.DataFrame) -> Mapping[str, int]:
    """Under how many rules each conclusion holds, with intervals that hold for all rules at once."""
    apart = table[["difference", "difference_low", "difference_high"]].astype(float).set_axis(["value", "low", "high"], axis=1)
    return {
        "less": int((table["assets_share"] < simultaneous(table[["value", "low", "high"]])["low"]).sum()),
        "more": int((table["newcomers"] > -table["leavers"]).sum()),
        "apart": int((simultaneous(apart)["low"] > 0).sum()),
    }
