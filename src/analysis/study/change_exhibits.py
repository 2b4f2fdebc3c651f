"""Why the rate changed, as exhibits: waterfall, groups, parts in words, other groupings."""

from collections.abc import Mapping

import pandas as pd

from analysis.finding import Column, Exhibit
from analysis.stats.intervals import simultaneous
from analysis.stats.oaxaca import MIX, RATE, UNEXPLAINED
from analysis.study.change import (
    GROUPINGS,
    TENURE,
    Change,
    Drawn,
    Periods,
    change_by_group,
    is_noise,
    units_words,
)
from analysis.study.change_findings import groups_of, part_words
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
        say("Share of customers, {day:month}", day=first), say("Share of customers, {day:month}", day=second),
        say("Rate, {day:month}", day=first), say("Rate, {day:month}", day=second), say("Mix part"), say("Rate part"),
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


def parts_exhibit(model: ModelChange | Message) -> Exhibit:
    """One sentence a part of the split on the model."""
    heading = say("The parts of the change in words")
    if isinstance(model, Message):
        return Exhibit("change_parts", heading, absent=model)
    rows = [{"part": _label(row), "sentence": part_words(row)} for row in model.table.to_dict("records")]
    subtitle = say("Sums of a block have their own interval; parts within noise are so with all of them read at once")
    columns = (Column("part", say("Part")), Column("sentence", say("What it says")))
    return Exhibit("change_parts", heading, subtitle, pd.DataFrame(rows), columns=columns)


def groupings_exhibit(found: Change | Message, periods: Periods, drawn: Drawn) -> Exhibit:
    """The mix part by each grouping alone. For `charts.intervals`."""
    if isinstance(found, Message):
        return Exhibit("change_groupings", HEADING, absent=found)
    made = {name: _mix_by(found, periods, drawn, name) for name in GROUPINGS if f"group_{name}" in periods.rows}
    frame = pd.DataFrame(
        [{"label": say("{group:capital}", group=GROUPINGS[name]), **one._asdict()} for name, one in made.items()]
    )
    least, most = frame["value"].min(), frame["value"].max()
    return Exhibit(
        "change_groupings",
        say("By other groups mix is {least:points.2} to {most:points.2} of {total:points.2} points", least=least, most=most, total=found.total.value),
        say(
            "Mix part of the change of the rate when customers are grouped in one way at a time, in percentage points; parts of different groupings overlap and do not add up; lines, {units}",
            units=units_words(drawn),
        ),
        frame.drop(columns="base"), "points.2", reference=0.0, reference_label=say("No mix"), options={"value_label": say("points")},
    )  # fmt: skip


def _mix_by(found: Change, periods: Periods, drawn: Drawn, name: str):
    return found.mix if name == TENURE else change_by_group(periods, drawn, name).mix


def _opened(found: Change, period: int) -> Message:
    rule, day = found.periods.rule, found.periods.days[period]
    return say("Rate to {end:month}", end=rule.end(day))


def _plain_parts(found: Change, grouping: str) -> list[dict]:
    made = ((say("Mix by {grouping}", grouping=GROUPINGS[grouping]), found.mix), (say("Rate at equal mix"), found.rate))
    return [{"kind": "alone", "label": label, **one._asdict(), "is_noise": is_noise(one)} for label, one in made]


def _model_parts(model: ModelChange) -> list[dict]:
    return [{"kind": _kind(row), "label": _label(row, short=True), **row} for row in model.table.to_dict("records")]


def _kind(row: Mapping) -> str:
    return "part" if row["group"] != ALL else "alone" if row["block"] == UNEXPLAINED else "head"


def _label(row: Mapping, short: bool = False) -> Message:
    if row["group"] == ALL:
        return BLOCKS[row["block"]]
    part = say("{part:capital}", part=PARTS[row["group"]])
    return part if short else say("{block}: {part}", block=BLOCKS[row["block"]], part=PARTS[row["group"]])


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
        "Of {total:points.2} points, {mix:points.2} is mix of all attributes, {rate:points.2} rate by attribute, {unexplained:points.2} unexplained",
        total=total, **sums,
    )  # fmt: skip


def _subtitle(found: Change, model: ModelChange | Message, grouping: str) -> Message:
    what = (
        say("Mix and rate by {grouping}; why there is no split on a model is said below", grouping=GROUPINGS[grouping])
        if isinstance(model, Message)
        else say(
            "Parts on a logistic model of each period ({terms:count} terms): mix, customers differ; rate by attribute, leaving goes with it more or less; unexplained, alike for all. No order of parts plays a role",
            terms=len(model.terms),
        )
    )  # fmt: skip
    return say(
        "Churn rate of {months:count} months, any rule, in %, parts in percentage points; the axis need not start at 0. {what}. Lines, {units}; hollow: within noise",
        months=found.periods.rule.horizon_months, what=what, units=units_words(found.drawn),
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
