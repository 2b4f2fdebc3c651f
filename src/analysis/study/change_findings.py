"""What the change of the rate is told as: by groups of customers, and on the model."""

from collections.abc import Mapping

import numpy as np
import pandas as pd

from analysis.finding import Finding
from analysis.stats.oaxaca import MIX, RATE, UNEXPLAINED
from analysis.study.change import BANDS, GROUPINGS, KIND, PRODUCTS, TENURE, Change, is_noise, numbers
from analysis.study.change_model import ALL, PARTS, ModelChange
from analysis.study.tiers import LOWEST, TIERS
from analysis.wording import Message, say

GROUPS = {
    TENURE: BANDS,
    PRODUCTS: (
        say("with one product or none"),
        say("with two products"),
        say("with three products"),
        say("with four products or more"),
    ),
    KIND: (say("Personal customers"), say("Corporate customers")),
}


def groups_of(grouping: str, tiers: Mapping[str, float]) -> tuple[Message, ...]:
    """What the groups of a grouping are called, in their order; `tiers`: the bank's edges."""
    return GROUPS.get(grouping) or tuple(TIERS[name] for name in (LOWEST, *sorted(tiers, key=tiers.get)))


def change_findings(
    found: Change | Message, grouping: str = TENURE, tiers: Mapping[str, float] | None = None, exhibit: str = "change_groups"
) -> list[Finding]:
    """`change.total` = `change.mix` + `change.rate`, by the grouping; `tiers`: the bank's edges."""
    if isinstance(found, Message):
        return []
    rest = {"unit": "points", "exhibit": exhibit, "compare_to": 0.0}
    made = {"change.total": (_total_words(found), found.total), "change.mix": (_mix_words(found, grouping, groups_of(grouping, tiers or {})), found.mix),
            "change.rate": (_rate_words(found), found.rate)}  # fmt: skip
    return [Finding(name, text, one.value, one.base, low=one.low, high=one.high, **rest) for name, (text, one) in made.items()]


def model_change_findings(found: ModelChange | Message) -> list[Finding]:
    """`change.model.mix`, `.rate`, `.unexplained`, and each group's part of the first two as `change.model.mix_<group>` and
    `change.model.rate_<group>`: associations."""
    if isinstance(found, Message):
        return []
    return [
        Finding(
            _name(row), part_words(row), row["value"], int(row["base"]), "points", "association", low=row["low"], high=row["high"],
            compare_to=0.0, exhibit="change_waterfall", is_headline=False, is_row=True,
        )
        for row in found.table.to_dict("records")
    ]  # fmt: skip


def part_words(row: dict) -> Message:
    """One sentence on a row of `ModelChange.table`."""
    told = {name: row[name] for name in ("value", "low", "high")} | {"noise": say(", within noise") if row["is_noise"] else ""}
    if row["is_noise"] and row["group"] != ALL:
        return {
            MIX: say("Mix, {part}: **{value:points.2} points** (interval {low:points.2} to {high:points.2}): within noise."),
            RATE: say("Rate, {part}: **{value:points.2} points** (interval {low:points.2} to {high:points.2}): within noise."),
        }[row["block"]].filled(part=PARTS[row["group"]], **told)  # fmt: skip
    if row["block"] == UNEXPLAINED and row["is_noise"]:
        return say("Unexplained: **{value:points.2} points** (interval {low:points.2} to {high:points.2}): within noise.", **told)
    if row["block"] == UNEXPLAINED:
        return say(
            "Unexplained: **{value:points.2} points** (interval {low:points.2} to {high:points.2}). Customers alike in every attribute of the model left at another rate, all kinds of them by the same odds.",
            **told,
        )
    if row["group"] == ALL:
        return {
            MIX: say("Mix of all attributes of the model together: **{value:points.2} points** (interval {low:points.2} to {high:points.2}{noise})."),
            RATE: say("Rate by attribute, all together: **{value:points.2} points** (interval {low:points.2} to {high:points.2}{noise})."),
        }[row["block"]].filled(**told)  # fmt: skip
    texts = {
        MIX: say("Mix, {part}: the customers of the two periods differ here, which goes with **{value:points.2} points** (interval {low:points.2} to {high:points.2})."),
        RATE: say("Rate, {part}: how strongly leaving goes with it is another, which is **{value:points.2} points** (interval {low:points.2} to {high:points.2})."),
    }  # fmt: skip
    return texts[row["block"]].filled(part=PARTS[row["group"]], **told)


def _name(row: dict) -> str:
    return f"change.model.{row['block']}" + (f"_{row['group']}" if row["group"] != ALL else "")


def _total_words(found: Change) -> Message:
    then, now = found.rates
    if is_noise(found.total):
        direction = say("no change beyond noise")
    elif found.total.value > 0:
        direction = say("worse: over {months:count} months the rise is beyond noise")
    else:
        direction = say("better: over {months:count} months the fall is beyond noise")
    direction = direction.filled(months=found.periods.rule.horizon_months)
    return say(
        "**{now:share}** of the {now_base:count} customers of {second:date} left within {months:count} months, {then:share} of the {then_base:count} of {first:date} ({both:count} in all): **{value:points} points** (interval {low:points} to {high:points}); {direction}.",
        now=now.value, then=then.value, now_base=now.base, then_base=then.base, both=found.total.base, first=found.periods.days[0], second=found.periods.days[1],
        months=found.periods.rule.horizon_months, direction=direction, **numbers(found.total),
    )  # fmt: skip


def _mix_words(found: Change, grouping: str, groups: tuple[Message, ...]) -> Message:
    told_of = found.table[~found.table["is_hidden"]]
    most = "" if told_of.empty or is_noise(found.mix) else _most_words(told_of, found.mix.value, groups)
    return say(
        "Of the {total:points} points, **{value:points}** is mix, other shares of customers by {grouping} (interval {low:points} to {high:points}{noise}){most}.",
        total=found.total.value, grouping=GROUPINGS[grouping], most=most, **numbers(found.mix),
    )  # fmt: skip


def _most_words(table: pd.DataFrame, whole: float, groups: tuple[Message, ...]) -> Message:
    most = table.loc[(table["mix"] * np.sign(whole)).idxmax()]
    return say(
        "; most of it: {group}, {then:share} of customers, now {now:share}",
        group=groups[int(most["group"])], then=most["share_then"], now=most["share_now"],
    )  # fmt: skip


def _rate_words(found: Change) -> Message:
    return say(
        "The rest, **{value:points} points**, is another rate at equal mix (interval {low:points} to {high:points}{noise}). That is not yet behaviour: service, prices and the market are in it too.",
        **numbers(found.rate),
    )  # fmt: skip
