"""Amounts of groups that one customer makes up are not told."""

import numpy as np
import pandas as pd

from analysis.study.relation_sizes import _without_dominated
from analysis.study.relation_value import number_and_mean
from analysis.study.value_dominance import told_edges

EDGES = {"affluent": 100.0, "private_banking": 1000.0}


def customers(highest: list[float]) -> pd.DataFrame:
    return pd.DataFrame({"assets_3m": [*[10.0] * 40, *[200.0] * 20, *highest], "loans": [0.0] * 60 + [5.0] * len(highest)})


def test_a_tier_that_one_customer_makes_up_is_told_with_the_tier_below():
    assert told_edges(customers([1500.0] * 12), EDGES) == EDGES
    assert told_edges(customers([1000.0] * 10 + [90_000.0]), EDGES) == {}
    assert told_edges(customers([1000.0] * 3 + [10_500.0]), EDGES) == {"affluent": 100.0}


def test_only_the_measures_asked_for_count():
    held = customers([1500.0] * 12).assign(loans=lambda rows: np.where(rows.index == 60, 900.0, rows["loans"]))
    assert told_edges(held, EDGES) == EDGES
    assert told_edges(held, EDGES, ("loans",)) == {}


def test_a_group_of_one_great_holder_takes_the_smallest_other_with_it():
    groups = pd.Series([*["a"] * 20, *["b"] * 20, *["c"] * 20])
    held = pd.DataFrame({"customers": 1.0, "assets": [*[10.0] * 19, 900.0, *[20.0] * 20, *[90.0] * 20]})
    told = _without_dominated(held.groupby(groups).sum(), held, groups)
    assert told["assets"].isna().tolist() == [True, True, False]
    assert told["customers"].tolist() == [20, 20, 20]
    ways = pd.Series([*["x"] * 10, *["y"] * 10]).reindex(range(60))
    assert _without_dominated(held.groupby(ways).sum(), held, ways, told.loc["a"].isna())["assets"].isna().all()


def test_means_are_hidden_with_the_sums_that_they_tell():
    """One of twenty returned customers holds nine tenths of what they hold."""
    people = pd.DataFrame({
        "left": ["established"] * 40 + ["lost"] * 40, "right": ["established"] * 40 + ["returned"] * 20 + ["lost"] * 20,
        "before": [100.0] * 40 + [2.0] * 40, "now": [100.0] * 40 + [900.0] + [5.0] * 19 + [20.0] * 20,
    })  # fmt: skip
    told = number_and_mean(people).set_index("group")
    assert told["mean_now"].isna().to_dict() == {"established": False, "returned": True, "lost": True, "all": False}
    assert told.loc["returned", "customers_now"] == 20
