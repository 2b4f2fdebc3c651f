"""What goes with satisfaction: each attribute's share of R², and its marks."""

from collections.abc import Mapping
from dataclasses import dataclass

import pandas as pd

from analysis.finding import DISCLOSURE_THRESHOLD, Column, Exhibit, Finding
from analysis.stats.importance import r_squared, shapley_r2_bootstrap
from analysis.stats.intervals import Estimate, mean_t
from analysis.study.survey import ANSWERS_NEEDED, TOP_BOX_FROM, Questionnaire, driver_frame
from analysis.wording import Message, say

ANSWERS_PER_DRIVER = 10

Labels = Mapping[str, Message]


@dataclass(frozen=True)
class Drivers:
    """`shares` of R² by item (see `shapley_r2_bootstrap`), `explained` R², and how many `answered` the overall question, of
    whom those who answered every item are the base."""

    shares: pd.DataFrame
    explained: Estimate
    answered: int

    @property
    def leads(self) -> bool:
        """Whether the first item's interval lies above all others'."""
        return bool(self.shares["low"].iloc[0] > self.shares["high"].iloc[1:].max())


def drivers(wide: pd.DataFrame, recent: pd.DataFrame, asked: Questionnaire, replicates: int, seed: int) -> Drivers | None:
    """Answers by item and the responses → the drivers; None where complete answers are too few or do not vary."""
    x = driver_frame(wide, asked)
    y = recent.set_index("response_id")["overall"].astype(float).reindex(x.index).dropna()
    x = x.loc[y.index]
    if x.shape[1] < 2 or len(x) < max(ANSWERS_NEEDED, ANSWERS_PER_DRIVER * x.shape[1]) or y.nunique() < 2:
        return None
    answered = int(recent["overall"].notna().sum())
    return Drivers(shapley_r2_bootstrap(x, y, replicates, seed), r_squared(x, y, replicates, seed), answered)


def driver_findings(found: Drivers | None, labels: Labels) -> list[Finding]:
    """The first attribute, what all explain together, and the others."""
    if found is None:
        return []
    rest = {"evidence": "association", "exhibit": "drivers", "base_of": "answers"}
    joint = found.explained
    text = say(
        "The attributes together go with **{value:share}** of the variation of overall satisfaction (interval {low:share} to {high:share}).",
        value=joint.value, low=joint.low, high=joint.high,
    )  # fmt: skip
    first, *others = (row for _, row in found.shares.iterrows())
    return [
        _driver(first, _first_text(found, labels), joint.base, is_headline=True, **rest),
        Finding(
            "drivers.r_squared", text, joint.value, joint.base, "share", low=joint.low, high=joint.high, is_headline=False, **rest
        ),
        *[_driver(row, _other_text(row, labels), joint.base, is_headline=False, **rest) for row in others],
    ]


def _driver(row: pd.Series, text: Message, base: int, **rest) -> Finding:
    return Finding(f"driver.{row['item']}", text, row["share"], base, "share", low=row["low"], high=row["high"], **rest)


def _first_text(found: Drivers, labels: Labels) -> Message:
    row, second = found.shares.iloc[0], found.shares.iloc[1]
    return say(
        "The attribute that goes most with overall satisfaction is **{item}**: {share:share} of what the attributes explain together (interval {low:share} to {high:share}){lead}.",
        item=labels.get(row["item"], row["item"]), share=row["share"], low=row["low"], high=row["high"],
        lead="" if found.leads else say("; its lead over {second} may be chance", second=labels.get(second["item"], second["item"])),
    )  # fmt: skip


def _other_text(row: pd.Series, labels: Labels) -> Message:
    return say(
        "{item}: {share:share} of what the attributes explain together (interval {low:share} to {high:share}).",
        item=labels.get(row["item"], row["item"]), share=row["share"], low=row["low"], high=row["high"],
    )  # fmt: skip


def drivers_exhibit(found: Drivers | None, labels: Labels) -> Exhibit:
    """Share of R² of each attribute."""
    if found is None:
        absent = say("Too few complete answers to the items: ten for each item are needed.")
        return Exhibit("drivers", say("Drivers"), absent=absent)
    shares, base = found.shares, found.explained.base
    first = labels.get(shares["item"].iloc[0], shares["item"].iloc[0])
    numbers = {"item": first, "share": shares["share"].iloc[0]}
    title = (
        say("{item} goes most with overall satisfaction: {share:share} of what is explained", **numbers)
        if found.leads
        else say("{item} comes first with {share:share} of what is explained; its lead may be chance", **numbers)
    )
    subtitle = say(
        "Share of R² by attribute (Shapley), in %; they add up to 100; R² is {r2:share} of the variation; lines, 95% intervals; base: customers who answered every item, {base:count} of {answered:count}",
        r2=found.explained.value, base=base, answered=found.answered,
    )  # fmt: skip
    frame = shares.rename(columns={"share": "value"}).assign(label=[labels.get(item, item) for item in shares["item"]], base=base)
    return Exhibit("drivers", title, subtitle, frame, options={"value_label": say("Share of R²")})


def items_exhibit(wide: pd.DataFrame, asked: Questionnaire) -> Exhibit:
    """Mean mark of each item, lowest first."""
    rows = [
        {
            "label": asked.items.get(item, item),
            **mean_t(wide[item])._asdict(),
            "top": (wide[item].dropna() >= TOP_BOX_FROM).mean(),
        }
        for item in (asked.items or wide.columns)
        if item in wide and wide[item].notna().sum() >= DISCLOSURE_THRESHOLD
    ]
    if not rows:
        return Exhibit("items", say("Marks by item"), absent=say("The survey has no items beside overall satisfaction."))
    table = pd.DataFrame(rows).sort_values("value", ignore_index=True)
    return Exhibit(
        name="items",
        title=_lowest(table),
        subtitle=say("Mean mark of each item with its 95% interval, lowest first"),
        frame=table,
        columns=(
            Column("label", say("Item")),
            Column("value", say("Mean"), "mark", say("of 10")),
            Column("low", say("From"), "mark", say("95% interval")),
            Column("high", say("To"), "mark", say("95% interval")),
            Column("top", say("9 or 10"), "share"),
            Column("base", say("Base"), "count", say("answers")),
        ),
    )


def _lowest(table: pd.DataFrame) -> Message:
    lowest = table.iloc[0]
    if len(table) > 1 and lowest["high"] < table["low"].iloc[1:].min():
        return say("The lowest mark is for {item}: {value:mark}", item=lowest["label"], value=lowest["value"])
    return say("Lowest mark: {item}, {value:mark}; others may be as low", item=lowest["label"], value=lowest["value"])
