import numpy as np
import pandas as pd
import pytest

from analysis.report import charts
from analysis.stats.importance import relative_importance
from analysis.study.drivers import Drivers
from analysis.study.satisfaction_map import QUADRANTS, importance_map, map_exhibit, map_findings
from analysis.wording import say

MEANS = {"waiting": 6.0, "staff": 8.0, "app": 6.2, "fees": 8.2}
SLOPES = {"waiting": 1.0, "staff": 1.0, "app": 0.2, "fees": 0.2}
LABELS = {name: say(name) for name in MEANS}


def placed(means=MEANS, rows=1500, seed=1):
    random = np.random.default_rng(seed)
    x = pd.DataFrame({item: mean + random.normal(size=rows) for item, mean in means.items()})
    y = sum(SLOPES[item] * x[item] for item in means) + random.normal(size=rows)
    return importance_map(Drivers(relative_importance(x, y, 200, seed), rows))


def test_items_told_apart_on_both_axes_lie_in_their_quadrants():
    made = placed()
    assert made.table.set_index("item")["quadrant"].to_dict() == {
        "waiting": ("important", "low"), "staff": ("important", "high"), "app": ("less", "low"), "fees": ("less", "high"),
    }  # fmt: skip
    assert made.even == 0.25
    assert made.average == pytest.approx(7.1, abs=0.05)
    (finding,) = map_findings(made, LABELS)
    assert (finding.id, finding.unit, finding.evidence) == ("map.waiting", "mark", "association")
    assert finding.high < finding.compare_to
    assert map_exhibit(made, LABELS).title.render() == "waiting is important and marked low, beyond noise on both"


def test_an_item_whose_interval_holds_an_average_lies_in_no_quadrant():
    made = placed({**MEANS, "waiting": 7.4, "staff": 7.3}, rows=200)
    quadrants = made.table.set_index("item")["quadrant"]
    assert quadrants[["waiting", "staff"]].isna().all()
    assert quadrants["fees"] == ("less", "high")
    (finding,) = map_findings(made, LABELS)
    assert (finding.id, finding.value) == ("map.none", 0)
    assert "told apart on both axes: 2 of 4" in map_exhibit(made, LABELS).title.render()


def test_marks_are_read_against_the_average_with_its_own_uncertainty():
    """Items that rise and fall together stray little from their average, however much the average itself strays."""
    random = np.random.default_rng(2)
    mood = 3 * random.normal(size=300)
    x = pd.DataFrame({item: mean + mood + 0.3 * random.normal(size=300) for item, mean in MEANS.items()})
    table = importance_map(Drivers(relative_importance(x, x.sum(axis=1), 100, 1), 300)).table
    assert (table["mark_high"] - table["mark_low"]).max() < 0.2


def test_items_that_are_alike_are_seldom_told_apart():
    same = dict.fromkeys(MEANS, 7.0)
    told = [placed(same, rows=150, seed=seed).table["quadrant"].notna().any() for seed in range(15)]
    assert np.mean(told) < 0.2


def test_the_map_is_drawn_and_absent_with_its_reason():
    exhibit = map_exhibit(placed(rows=200), LABELS)
    assert charts.map(exhibit).kind == "figure"
    assert [str(name) for name in exhibit.options["corners"]] == [str(name) for name in QUADRANTS.values()]
    assert importance_map(None) is None
    assert map_findings(None, LABELS) == []
    assert "too few complete answers" in map_exhibit(None, LABELS).absent.render()
