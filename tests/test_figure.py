"""A key figure as it travels to the monthly report."""

import datetime as dt
import json

import numpy as np
import pytest

from analysis.figure import Figure, Part, Point, in_language
from analysis.wording import say

POINTS = (Point(dt.date(2025, 5, 31), np.nan), Point(dt.date(2025, 6, 30), 0.0693, 0.06, 0.08, 3523, np.nan, 0.08))


def figure(**more):
    return Figure("churn_rate", say("Run-off"), say("who left & why"), "share", "down", "horizon 6", POINTS, **more)


def test_its_json_is_json_and_holds_each_text_once_a_language():
    made = figure(target=0.07, parts=(Part(say("Closed"), 0.04), Part(say("Dormant"), np.nan)), why=say("Nothing."))
    found = json.loads(json.dumps(made.to_json(), allow_nan=False))
    assert found["rule"]["en"] == "who left &amp; why"
    assert [point["value"] for point in found["points"]] == [None, 0.0693]
    assert found["points"][1]["expected_low"] is None
    assert "base" not in found["points"][1]
    assert (found["value"], found["base"], found["points"][0]["month"]) == (0.0693, 3523, "2025-05-31")
    one = in_language(found, "zh")
    assert (one["title"], one["parts"][0]["label"], one["absent"]) == ("资产流失", "销户", None)


@pytest.mark.parametrize(("better", "target", "is_met"), [("down", 0.07, True), ("down", 0.06, False), ("up", 0.07, False)])
def test_a_target_is_met_on_the_good_side(better, target, is_met):
    made = Figure("x", say("X"), say("x"), "share", better, "", POINTS, target=target)
    assert made.against_target["is_met"] is is_met
    assert made.against_target["gap"] == pytest.approx(0.0693 - target)


def test_no_target_is_told_without_a_value():
    made = Figure("x", say("X"), say("x"), "share", "up", "", POINTS[:1], target=0.07)
    assert made.against_target is None


def test_what_is_none_of_the_known_is_refused():
    with pytest.raises(ValueError, match="figure churn_rate: judgement 'good' is none of"):
        figure(judgement="good")
