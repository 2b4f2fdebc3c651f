"""Branches read together: only those that chance cannot explain have a name."""

import numpy as np
import pandas as pd

from analysis.study.satisfaction_branches import pooled_branches, pooled_exhibit, pooled_findings
from analysis.wording import render


def answered(drop: float, seed: int = 1, size: int = 40) -> pd.DataFrame:
    random = np.random.default_rng(seed)
    branch = np.repeat([f"B{number}" for number in range(9)] + ["low"], size)
    overall = np.clip(np.round(7.7 - drop * (branch == "low") + 1.4 * random.standard_normal(len(branch))), 1, 10)
    return pd.DataFrame({"branch_id": branch, "overall": overall})


def test_a_low_branch_is_named_and_drawn_towards_the_whole():
    found = pooled_branches(answered(1.5), {"low": "Low Street"})
    low = found.table.set_index("label").loc["Low Street"]
    assert low["value"] < low["pooled"] < 7
    assert low["lowest_chance"] > 0.95
    assert (low["first"], low["base"]) == (1, 40)
    assert 0 < found.spread.low < found.spread.value < found.spread.high < 1
    exhibit = pooled_exhibit(found)
    assert exhibit.title.render() == ("Chance taken off, 1 of 10 branches can be told apart from all (above: 0, below: 1)")
    assert exhibit.frame["label"].map(render, language="en").tolist() == ["Low Street", "Others, not told apart: 9"]
    assert exhibit.frame["base"].sum() == 400


def test_where_branches_do_not_differ_none_has_a_name():
    found = pooled_branches(answered(0.0, seed=3), {})
    (finding,) = pooled_findings(found)
    assert finding.low == 0
    assert finding.text.render().endswith("differences between branches may be chance.")
    exhibit = pooled_exhibit(found)
    assert exhibit.title.render() == "Chance taken off, none of 10 branches can be told apart from all"
    assert len(exhibit.frame) == 1


def test_branches_of_few_answers_are_neither_shown_nor_ranked():
    few = pd.DataFrame({"branch_id": ["tiny"] * 9, "overall": [1.0, 2.0] * 4 + [1.0]})
    found = pooled_branches(pd.concat([answered(0.0), few]), {})
    assert "tiny" not in set(found.table["label"])
    assert found.table["last"].max() <= 10
    assert found.spread.base == 409


def test_without_branches_there_is_a_reason():
    assert pooled_branches(answered(0.0).query("branch_id in ['B0', 'B1', 'B2', 'B3']"), {}) is None
    assert pooled_branches(answered(0.0).drop(columns="branch_id"), {}) is None
    assert pooled_findings(None) == []
    assert pooled_exhibit(None).absent.render().startswith("The survey names no branches")
