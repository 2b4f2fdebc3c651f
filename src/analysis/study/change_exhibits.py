"""Why the rate changed, as exhibits: the waterfall and the groups."""

from collections.abc import Mapping

import pandas as pd

from analysis.finding import Column, Exhibit
from analysis.stats.intervals import simultaneous
from analysis.stats.oaxaca import MIX, RATE, UNEXPLAINED
from analysis.study.change import (
    GROUPINGS,
    TENURE,
    Change,
    is_noise,
    units_words,
)
from analysis.study.change_findings import groups_of
from analysis.study.change_model import ALL, PARTS, ModelChange
from analysis.wording import Message, say

HEADING = say("Why the rate is not what it was")
BLOCKS = {MIX: say("Mix"), RATE: say("Rate by attribute"), UNEXPLAINED: say("Unexplained")}


def waterfall_exhibit(found: Change | Message, model: ModelChange | Message, grouping: str = TENURE) -> Exhibit:
    """From the rate of the first period to that of the second: on the model where there is one, else mix and rate by the grouping.
    For `charts.waterfall`."""
    if isinstance(found, Message):
        return Exhibit("change_waterfall", HEADING, absent=found)
    then, now = (
        {"kind": "total", "label": _opened(found, period), **found.rates[period]._asdict(), "is_noise": False}
        for period in (0, 1)
    )
    parts = _plain_parts(found, grouping) if isinstance(model, Message) else _model_parts(model)
    frame = pd.DataFrame([then, *parts, now])
    return Exhibit(
        "change_waterfall",
        _title(found, model, grouping),
        _subtitle(found, model, grouping),
        frame[["kind", "label", "value", "low", "high", "is_noise"]],
    )


def groups_exhibit(found: Change | Message, grouping: str = TENURE, tiers: Mapping[str, float] | None = None) -> Exhibit:
    """Each group's share and rate then and now, and its part of mix and rate; `tiers`: the bank's edges."""
    if isinstance(found, Message):
        return Exhibit("change_groups", HEADING, absent=found)
    names = ["share_then", "share_now", "rate_then", "rate_now", "mix", "rate"]
    groups = groups_of(grouping, tiers or {})
    table = found.table.assign(label=[say("{group:capital}", group=groups[group]) for group in found.table["group"]])
    secret = [name for name in table if name not in ("group", "label", "is_hidden")]
    table.loc[table["is_hidden"], secret] = float("nan")
    table["note"] = [say("too few customers to tell") if is_hidden else "" for is_hidden in table["is_hidden"]]
    first, second = found.periods.days
    labels = (
        say("Share, {day:month}", day=first), say("Share, {day:month}", day=second),
        _opened(found, 0), _opened(found, 1), say("Mix part"), say("Rate part"),
    )  # fmt: skip
    units = ("share", "share", "share", "share", "points.2", "points.2")
    columns = [
        Column(name, label, unit, say("points") if unit != "share" else None)
        for name, label, unit in zip(names, labels, units, strict=True)
    ]
    noted = (Column("note", say("Note")),) if found.table["is_hidden"].any() else ()
    return Exhibit(
        "change_groups", _groups_title(found, grouping, groups),
        say(
            "Customers by {grouping} at the opening of each period. Mix part: change of the group's share × (its mean rate less that of all); rate part: change of its rate × its mean share; all parts add up to {total:points.2} points",
            grouping=GROUPINGS[grouping], total=found.total.value,
        ),
        table[["label", *names, "note"]],
        columns=(Column("label", say("Customers")), *columns, *noted),
    )  # fmt: skip


def _opened(found: Change, period: int) -> Message:
    months, day = found.periods.rule.horizon_months, found.periods.days[period]
    return say("Rate, {months:count} months from {day:month}", months=months, day=day)


def _plain_parts(found: Change, grouping: str) -> list[dict]:
    made = ((say("Mix by {grouping}", grouping=GROUPINGS[grouping]), found.mix), (say("Rate at equal mix"), found.rate))
    return [{"kind": "alone", "label": label, **one._asdict(), "is_noise": is_noise(one)} for label, one in made]


def _model_parts(model: ModelChange) -> list[dict]:
    return [{"kind": _kind(row), "label": _label(row), **row} for row in model.table.to_dict("records")]


def _kind(row: Mapping) -> str:
    return "part" if row["group"] != ALL else "alone" if row["block"] == UNEXPLAINED else "head"


def _label(row: Mapping) -> Message:
    return BLOCKS[row["block"]] if row["group"] == ALL else say("{part:capital}", part=PARTS[row["group"]])


def _title(found: Change, model: ModelChange | Message, grouping: str) -> Message:
    total = found.total.value
    if is_noise(found.total):
        return say("The rate moved by {total:points} points, within noise", total=total)
    if isinstance(model, Message):
        return say(
            "Of {total:points} points, {mix:points} is mix by {grouping} and {rate:points} another rate at equal mix",
            grouping=GROUPINGS[grouping], total=total, mix=found.mix.value, rate=found.rate.value,
        )  # fmt: skip
    sums = model.table[model.table["group"] == ALL].set_index("block")["value"]
    return say(
        "From {then:share} to {now:share}: mix of all attributes {mix:points.2} points, rate by attribute {rate:points.2}, unexplained {unexplained:points.2}",
        then=found.rates[0].value, now=found.rates[1].value, **sums,
    )  # fmt: skip


def _subtitle(found: Change, model: ModelChange | Message, grouping: str) -> Message:
    what = (
        say("Mix and rate by {grouping}. {reason}", grouping=GROUPINGS[grouping], reason=model)
        if isinstance(model, Message)
        else say(
            "Parts on a logistic model of each period ({terms:count} terms): mix, customers differ; rate by attribute, leaving goes with it more or less; unexplained, alike for all. No order of parts plays a role.{beside}",
            terms=len(model.terms), beside=_beside(found, model, grouping),
        )
    )  # fmt: skip
    return say(
        "Churn rate of {months:count} months, any rule, in %, parts in percentage points; the axis need not start at 0. {what} Lines, {units}; hollow: within noise",
        months=found.periods.rule.horizon_months, what=what, units=units_words(found.drawn),
    )  # fmt: skip


def _beside(found: Change, model: ModelChange, grouping: str) -> Message:
    """How the rate at equal mix of the groups comes of the model's parts."""
    sums = model.table[model.table["group"] == ALL].set_index("block")["value"]
    return say(
        " The table above holds {grouping} alone equal: its rate part of {value:points.2} is rate by attribute {rate:points.2}, unexplained {unexplained:points.2} and the difference of the two mixes {moved:points.2}.",
        grouping=GROUPINGS[grouping], value=found.rate.value, moved=sums[MIX] - found.mix.value, **sums,
    )  # fmt: skip


def _groups_title(found: Change, grouping: str, groups: tuple[Message, ...]) -> Message:
    told = found.table[~found.table["is_hidden"]]
    if told.empty:
        return say("In every group too few customers left to be told")
    at_once = simultaneous(pd.DataFrame({"value": told["rate"], "low": told["rate_low"], "high": told["rate_high"]}))
    beyond = told[(at_once["low"] > 0) | (at_once["high"] < 0)]
    if beyond.empty:
        return say("No group's rate is another beyond noise, all groups read at once")
    most = beyond.loc[beyond["rate"].abs().idxmax()]
    numbers = {"group": groups[int(most["group"])], "then": most["rate_then"], "now": most["rate_now"]}
    if grouping == TENURE:
        return say("The greatest rate part is that of customers {group}: {then:share}, now {now:share}", **numbers)
    return say("The greatest rate part is that of this group: {group}: {then:share}, now {now:share}", **numbers)
