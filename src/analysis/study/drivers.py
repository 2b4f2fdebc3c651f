"""What goes with satisfaction: each attribute's share of R² by two methods, and its marks."""

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property

import pandas as pd

from analysis.finding import DISCLOSURE_THRESHOLD, Column, Exhibit, Finding
from analysis.stats.importance import Importance, relative_importance
from analysis.stats.intervals import Estimate, mean_t
from analysis.study.survey import ANSWERS_NEEDED, TOP_BOX_FROM, Questionnaire, driver_frame
from analysis.wording import Message, say

ANSWERS_PER_DRIVER = 10
METHODS = {"lmg": say("By Shapley (LMG)"), "johnson": say("By Johnson (relative weights)")}

Labels = Mapping[str, Message]


@dataclass(frozen=True)
class Drivers:
    """The drivers' `importance`, and how many `answered` the overall question, of whom those who answered every item are the
    base."""

    importance: Importance
    answered: int

    @cached_property
    def shares(self) -> pd.DataFrame:
        """item, share, low, high (Shapley) and johnson, johnson_low, johnson_high, first the greatest share."""
        other = self.importance.shares("johnson").drop(columns="item")
        other = other.rename(columns={"share": "johnson", "low": "johnson_low", "high": "johnson_high"})
        both = pd.concat([self.importance.shares("lmg"), other], axis=1)
        return both.sort_values("share", ascending=False, kind="stable", ignore_index=True)

    @cached_property
    def explained(self) -> Estimate:
        """R², adjusted."""
        return self.importance.r_squared()

    @property
    def is_told(self) -> bool:
        """Whether there is anything to share out: R² beyond noise."""
        return self.explained.low > 0

    @cached_property
    def leads(self) -> bool:
        """Whether the first item's share exceeds each other's beyond noise, all of them compared at once."""
        return all(self.is_apart("lmg", self.shares["item"].iloc[0], other, len(self.shares) - 1) for other in self._others)

    @property
    def _others(self) -> pd.Series:
        return self.shares["item"].iloc[1:]

    def is_apart(self, way: str, first: str, second: str, comparisons: int) -> bool:
        """Whether two items' shares differ beyond noise, so many pairs compared at once."""
        found, (one, other) = self.importance, (self.importance.items.index(item) for item in (first, second))
        share, drawn = found.whole.shares(way)[0], found.drawn.shares(way)
        low, high = found.differences(share[one] - share[other], drawn[:, one] - drawn[:, other], comparisons)
        return bool(low > 0 or high < 0)


def drivers(
    wide: pd.DataFrame,
    recent: pd.DataFrame,
    asked: Questionnaire,
    replicates: int,
    seed: int,
    weights: pd.Series | None = None,
) -> Drivers | None:
    """Answers by item and the responses → the drivers; None where complete answers are too few or do not vary. `weights` of
    answers, by response_id, are optional."""
    x = driver_frame(wide, asked)
    y = recent.set_index("response_id")["overall"].astype(float).reindex(x.index).dropna()
    x = x.loc[y.index]
    if x.shape[1] < 2 or len(x) < max(ANSWERS_NEEDED, ANSWERS_PER_DRIVER * x.shape[1]) or y.nunique() < 2:
        return None
    own = None if weights is None else weights.reindex(x.index).to_numpy(float)
    return Drivers(relative_importance(x, y, replicates, seed, own), int(recent["overall"].notna().sum()))


def driver_findings(found: Drivers | None, labels: Labels) -> list[Finding]:
    """The first attribute, what all explain together, and the others."""
    if found is None:
        return []
    rest = {"evidence": "association", "exhibit": "drivers", "base_of": "answers"}
    joint = found.explained
    if not found.is_told:
        text = say("The attributes together do not go with overall satisfaction beyond noise.")
        return [Finding("drivers.r_squared", text, joint.value, joint.base, "share", low=joint.low, high=joint.high, **rest)]
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
    """Share of R² of each attribute by both methods, one below the other, and in the title what may be read of it."""
    if found is None:
        return _absent(say("Too few complete answers to the items: ten for each item are needed."))
    if not found.is_told:
        return _absent(
            say("The attributes together do not go with overall satisfaction beyond noise: there is nothing to share out.")
        )
    subtitle = say(
        "Share of R² by attribute and method, in %; each method's add up to 100; R² is {r2:share} of the variation (adjusted); lines, 95% intervals; base: customers who answered every item, {base:count} of {answered:count}",
        r2=found.explained.value, base=found.explained.base, answered=found.answered,
    )  # fmt: skip
    frame = pd.concat([_of_method(found, way, labels) for way in METHODS], ignore_index=True)
    return Exhibit("drivers", _title(found, labels), subtitle, frame, options={"value_label": say("Share of R²")})


def _of_method(found: Drivers, way: str, labels: Labels) -> pd.DataFrame:
    shares = found.importance.shares(way).sort_values("share", ascending=False, kind="stable")
    named = [labels.get(item, item) for item in shares["item"]]
    return shares.rename(columns={"share": "value"}).assign(label=named, group=METHODS[way], base=found.explained.base)


def _title(found: Drivers, labels: Labels) -> Message:
    first = found.shares.iloc[0]
    second = found.shares.loc[found.shares["johnson"].idxmax(), "item"]
    numbers = {"item": labels.get(first["item"], first["item"]), "share": first["share"], "johnson": first["johnson"]}
    if second != first["item"]:
        return say(
            "The two methods disagree on the first: {item} or {other}", item=numbers["item"], other=labels.get(second, second)
        )
    if not found.leads:
        return say(
            "{item} comes first by both methods, with {share:share} and {johnson:share} of what is explained; its lead may be chance",
            **numbers,
        )
    return say(
        "{item} goes most with overall satisfaction by both methods: {share:share} and {johnson:share} of what is explained",
        **numbers,
    )


def _absent(reason: Message) -> Exhibit:
    return Exhibit("drivers", say("Drivers"), absent=reason)


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
