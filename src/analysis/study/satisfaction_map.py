"""The importance-performance map: what goes with satisfaction against how it is marked, with uncertainty on both axes."""

from dataclasses import dataclass

import numpy as np
import pandas as pd

from analysis.finding import Exhibit, Finding
from analysis.study.drivers import Drivers, Labels
from analysis.wording import Message, say

WATCHED = ("important", "low")
QUADRANTS = {
    ("important", "low"): say("important, marked low"),
    ("important", "high"): say("important, marked high"),
    ("less", "low"): say("less important, marked low"),
    ("less", "high"): say("less important, marked high"),
}
NOT_TOLD = say("not told apart from the average")


@dataclass(frozen=True)
class ImportanceMap:
    """`table`: item, share with share_low, share_high; mark (mean) with mark_low, mark_high; quadrant (a key of QUADRANTS, or None),
    first the greatest share. The intervals hold for all items on both axes at once (95 %), those of marks being of the
    distance to the `average` mark. `even`: the average share, 1 ÷ items. `base`: complete answers."""

    table: pd.DataFrame
    even: float
    average: float
    base: int

    @property
    def watched(self) -> pd.DataFrame:
        """The items that are surely important and marked low."""
        return self.table[[quadrant == WATCHED for quadrant in self.table["quadrant"]]]


def importance_map(found: Drivers | None) -> ImportanceMap | None:
    """Each driver's place; None where there is nothing to share out. Martilla and James 1977 (Journal of Marketing 41), lines
    at the averages; an item lies in a quadrant only if its intervals on both axes leave the lines out."""
    if found is None or not found.is_told:
        return None
    importance, at_once = found.importance, 2 * len(found.importance.items)
    mean, drawn = importance.whole.mean[0], importance.drawn.mean
    average = float(mean.mean())
    low, high = importance.differences(mean - average, drawn - drawn.mean(axis=1, keepdims=True), at_once)
    shares = importance.shares("lmg", at_once).rename(columns={"low": "share_low", "high": "share_high"})
    even = 1 / len(shares)
    placed = shares.assign(mark=mean, mark_low=average + low, mark_high=average + high)
    important = _side(placed["share_low"], placed["share_high"], even, ("less", "important"))
    marked = _side(placed["mark_low"], placed["mark_high"], average, ("low", "high"))
    quadrant = [(one, other) if one and other else None for one, other in zip(important, marked, strict=True)]
    table = placed.assign(quadrant=quadrant).sort_values("share", ascending=False, kind="stable", ignore_index=True)
    return ImportanceMap(table, even, average, importance.base)


def _side(low: pd.Series, high: pd.Series, line: float, sides: tuple[str, str]) -> np.ndarray:
    return np.select([high < line, low > line], sides, default="")


def map_findings(placed: ImportanceMap | None, labels: Labels) -> list[Finding]:
    """The items that are surely important and marked low; that there is none."""
    if placed is None:
        return []
    rest = {"evidence": "association", "exhibit": "map", "base_of": "answers"}
    if placed.watched.empty:
        text = say(
            "**No** attribute is both important (goes with overall satisfaction more than the average attribute) and marked low beyond noise, {all:count} attributes read at once.",
            all=len(placed.table),
        )  # fmt: skip
        return [Finding("map.none", text, 0, placed.base, "count", is_headline=False, **rest)]
    return [_watched(row, placed, labels, rest) for _, row in placed.watched.iterrows()]


def _watched(row: pd.Series, placed: ImportanceMap, labels: Labels, rest: dict) -> Finding:
    text = say(
        "**{item}** is important and marked low: {share:share} of what the attributes explain together (the average attribute {even:share}), mean mark {mark:mark} (the average {average:mark}); beyond noise on both, {all:count} attributes read at once.",
        item=labels.get(row["item"], row["item"]), share=row["share"], even=placed.even, mark=row["mark"], average=placed.average,
        all=len(placed.table),
    )  # fmt: skip
    return Finding(
        f"map.{row['item']}", text, row["mark"], placed.base, "mark", low=row["mark_low"], high=row["mark_high"],
        compare_to=placed.average, **rest,
    )  # fmt: skip


def map_exhibit(placed: ImportanceMap | None, labels: Labels) -> Exhibit:
    """The map: marks across, importance up; an item whose intervals leave both averages out bears its quadrant's colour."""
    if placed is None:
        absent = say("There are too few complete answers, or the attributes do not go with overall satisfaction beyond noise.")
        return Exhibit("map", say("Importance and marks"), absent=absent)
    table = placed.table
    frame = pd.DataFrame(
        {
            "label": [labels.get(item, item) for item in table["item"]],
            "x": table["mark"], "x_low": table["mark_low"], "x_high": table["mark_high"],
            "value": table["share"], "low": table["share_low"], "high": table["share_high"],
            "quadrant": [QUADRANTS.get(quadrant, NOT_TOLD) for quadrant in table["quadrant"]],
            "is_noise": [quadrant is None for quadrant in table["quadrant"]],
        }
    )  # fmt: skip
    subtitle = say(
        "Share of R² (Shapley) against mean mark; lines, 95% intervals for all attributes on both axes at once, those of marks for the distance to the average; dashed: averages; hollow: not told apart from one of them; base: customers who answered every item, {base:count}",
        base=placed.base,
    )  # fmt: skip
    return Exhibit(
        name="map", title=_title(placed, labels), subtitle=subtitle, frame=frame, reference=placed.even,
        x_label=say("Mean mark"), x_unit="mark",
        options={"x_reference": placed.average, "y_label": say("Share of R²"), "corners": [QUADRANTS[key] for key in QUADRANTS],
                 "watched": QUADRANTS[WATCHED]},
    )  # fmt: skip


def _title(placed: ImportanceMap, labels: Labels) -> Message:
    watched = placed.watched
    if watched.empty:
        told = int(placed.table["quadrant"].notna().sum())
        return say(
            "No attribute is surely both important and marked low; told apart on both axes: {told:count} of {all:count}",
            told=told, all=len(placed.table),
        )  # fmt: skip
    first = labels.get(watched["item"].iloc[0], watched["item"].iloc[0])
    if len(watched) == 1:
        return say("{item} is important and marked low, beyond noise on both", item=first)
    return say(
        "Important and marked low, beyond noise on both: {item} and {others:count} more", item=first, others=len(watched) - 1
    )
