"""Which groups are told to have changed: all of them where something did, hardly any where nothing did."""

import numpy as np
import pandas as pd

from analysis.study.satisfaction_changes import changes, changes_exhibit, changes_findings
from analysis.wording import render, say

HALVES = {say("Half"): pd.Series({number: say("One") if number % 2 else say("Two") for number in range(2000)})}


def answered(seed: int, size: int = 800, worse: str | None = None, drop: float = 1.5) -> pd.DataFrame:
    random = np.random.default_rng(seed)
    branch = np.array([f"B{number % 8}" for number in range(size)])
    overall = np.clip(np.round(7.7 - drop * (branch == worse) + 1.4 * random.standard_normal(size)), 1, 10)
    return pd.DataFrame({"customer_id": np.arange(size), "branch_id": branch, "overall": overall, "recommend": overall})


def test_a_branch_that_fell_is_told_first():
    found = changes(answered(1, worse="B3"), answered(2), HALVES, {"B3": "River Street"})
    assert len(found.table) == (8 + 2) * 3
    assert found.found["label"].map(str).tolist()[:3] == ["Branch: River Street"] * 3
    (finding,) = changes_findings(found)
    assert (finding.value, finding.compare_to) == (len(found.found), 30)
    assert "the clearest: Branch: River Street, " in finding.text.render()
    assert ", fallen from " in finding.text.render()
    assert finding.text.render().endswith("Of those told, at most 10% are expected to be chance.")
    shown = changes_exhibit(found).frame
    assert shown["is_noise"].tolist() == (~found.table["is_found"]).head(len(shown)).tolist()


def test_an_interval_leaves_out_nothing_exactly_where_a_change_is_told():
    table = changes(answered(1, worse="B3"), answered(2), HALVES, {}).table
    assert ((table["low"] > 0) | (table["high"] < 0)).tolist() == table["is_found"].tolist()
    assert table["is_found"].any() and not table["is_found"].all()  # noqa: PT018


def test_where_nothing_changed_hardly_anything_is_told():
    """Twenty pairs of periods drawn alike: at most the 99.9th percentile of a binomial with 10 % tell a change."""
    runs = [changes(answered(seed, 400), answered(seed + 100, 400), HALVES, {}) for seed in range(1, 21)]
    assert sum(len(found.found) > 0 for found in runs) <= 7
    quiet = next(found for found in runs if found.found.empty)
    (finding,) = changes_findings(quiet)
    assert finding.text.render() == (
        f"None of {len(quiet.table)} comparisons of groups and scores changed beyond noise since the period before."
    )
    frame = changes_exhibit(quiet).frame
    assert (len(frame), set(frame["verdict"].map(render, language="en"))) == (5, {"within noise"})


def test_groups_of_few_are_not_compared():
    now, before = answered(1, 239), answered(2, 240)
    assert set(changes(now, before, {}, {}).table["label"].map(str)) == {f"Branch: B{number}" for number in range(7)}
    assert changes(now.head(200), before, {}, {}) is None
    assert changes_findings(None) == []
    assert "thirty answers" in changes_exhibit(None).absent.render()


def test_branches_of_one_name_are_not_taken_together():
    table = changes(answered(1), answered(2), {}, {"B1": "River Street", "B2": "River Street", "B3": "Hill"}).table
    labels = set(table["label"].map(str))
    assert {"Branch: River Street (B1)", "Branch: River Street (B2)", "Branch: Hill", "Branch: B0"} <= labels
    assert len(table) == 8 * 3
