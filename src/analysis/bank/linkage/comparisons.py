"""How two values of a field are compared, by the field's kind: levels from exact agreement down to none."""

from collections.abc import Mapping

import splink.comparison_level_library as levels
from splink.comparison_library import CustomComparison
from splink.internals.comparison_creator import ComparisonCreator
from splink.internals.comparison_level_creator import ComparisonLevelCreator

from analysis.bank.sql import quoted

BEGINS = "least(length({l}), length({r})) >= 4 AND {l} <> {r} AND (starts_with({l}, {r}) OR starts_with({r}, {l}))"
DAY_AND_MONTH_SWAPPED = (
    "substr({l}, 1, 4) = substr({r}, 1, 4) AND substr({l}, 6, 2) = substr({r}, 9, 2) AND substr({l}, 9, 2) = substr({r}, 6, 2)"
)
AGREES = "agrees"
DIFFERS = "differs"
# Each kind's levels between agreement and difference, strongest first: what is measured, and its limit.
CLOSENESS: Mapping[str, tuple[tuple[str, str, float], ...]] = {
    "key": (),
    "number": (("one place differs", "edits", 1), ("two places differ", "edits", 2)),
    "phone": (("one place differs", "edits", 1),),
    "email": (("much alike", "alike", 0.9), ("alike", "alike", 0.75)),
    "date": (("day and month in each other's place", DAY_AND_MONTH_SWAPPED, 0), ("one place differs", "edits", 1), ("two places differ", "edits", 2)),
    "name": (("one begins the other", BEGINS, 0), ("much alike", "alike", 0.92), ("one character differs", "edits", 1), ("alike", "alike", 0.8)),
    "address": (("much alike", "alike", 0.9), ("alike", "alike", 0.75)),
    "category": (),
}  # fmt: skip
WEIGHED_BY_FREQUENCY = ("phone", "name", "address", "category")


def comparison(column: str, kind: str) -> ComparisonCreator:
    """The comparison of a column of that kind (a key of CLOSENESS). Agreement on a rare value counts more than on a common
    one where the kind is WEIGHED_BY_FREQUENCY. Edits are Damerau-Levenshtein's, likeness is Jaro-Winkler's."""
    agreement = levels.ExactMatchLevel(column)
    if kind in WEIGHED_BY_FREQUENCY:
        agreement = agreement.configure(tf_adjustment_column=column, tf_minimum_u_value=1e-6)
    between = [_level(column, measure, limit).configure(label_for_charts=label) for label, measure, limit in CLOSENESS[kind]]
    ends = [agreement.configure(label_for_charts=AGREES), *between, levels.ElseLevel().configure(label_for_charts=DIFFERS)]
    return CustomComparison([levels.NullLevel(column), *ends], output_column_name=column)


def _level(column: str, measure: str, limit: float) -> ComparisonLevelCreator:
    if measure == "edits":
        return levels.DamerauLevenshteinLevel(column, int(limit))
    if measure == "alike":
        return levels.JaroWinklerLevel(column, limit)
    both = {"l": quoted(f"{column}_l"), "r": quoted(f"{column}_r")}
    return levels.CustomLevel(measure.format(**both))
