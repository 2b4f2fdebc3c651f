import numpy as np
import pandas as pd
import pytest

from analysis.study.satisfaction_path import satisfaction_path
from analysis.study.satisfaction_reliability import (
    _reaches,
    reliability,
    reliability_exhibit,
    reliability_findings,
    validity,
    validity_exhibit,
    validity_findings,
)
from analysis.study.survey import Questionnaire
from analysis.wording import say

CONSTRUCTS = {
    "good": (say("Good"), ["g1", "g2", "g3"]),
    "poor": (say("Poor"), ["p1", "p2"]),
    "twin": (say("Twin"), ["t1", "t2", "t3"]),
    "loyalty": (say("Loyalty"), ["recommend"]),
}
ASKED = Questionnaire({}, CONSTRUCTS, frozenset(), (("good", "loyalty"),))


def answers(rows=400, seed=1, poor=2.0):
    """Three good items of one factor and three of the same under another name; two items that hardly go together."""
    random = np.random.default_rng(seed)
    one, other = random.standard_normal((2, rows))
    parts = {"g": (one, 0.5, 3), "p": (other, poor, 2), "t": (one, 0.5, 3)}
    columns = {
        f"{name}{number + 1}": np.clip(np.round(7 + 1.5 * (factor + noise * random.standard_normal(rows))), 1, 10)
        for name, (factor, noise, many) in parts.items()
        for number in range(many)
    }
    index = pd.Index([f"r{number}" for number in range(rows)], name="response_id")
    recommend = np.where(one > 0.8, 10, np.where(one < -1.2, 0, 8)).astype(float)
    return pd.DataFrame(columns, index=index), pd.DataFrame({"response_id": index, "recommend": recommend})


@pytest.fixture(scope="module")
def table():
    wide, recent = answers()
    return reliability(wide, recent, ASKED, satisfaction_path(wide, recent, ASKED, 20), replicates=200)


def test_items_that_go_together_are_told_from_those_that_do_not(table):
    rows = table.set_index("construct")
    assert rows["reaches"].to_dict() == {"good": True, "poor": False, "twin": True, "loyalty": None}
    assert rows["value"].isna().tolist() == [False, False, False, True]
    assert (rows.loc["good", "low"], rows.loc["poor", "high"]) == (pytest.approx(0.9, abs=0.05), pytest.approx(0.4, abs=0.15))
    assert rows.loc["good", "without"] < rows.loc["good", "value"]
    assert np.isnan(rows.loc["poor", "without"])
    assert rows["ave"].isna().to_dict() == {"good": False, "poor": True, "twin": True, "loyalty": True}


def test_a_single_item_has_floor_and_ceiling_on_its_own_scale(table):
    _, recent = answers()
    row = table.set_index("construct").loc["loyalty"]
    assert row["ceiling"] == pytest.approx((recent["recommend"] == 10).mean())
    assert row["floor"] == pytest.approx((recent["recommend"] == 0).mean())
    title = reliability_exhibit(table, ASKED.labels).title.render()
    assert title == "Constructs that reach the usual mark of 0.7, beyond noise: 2 of 3; at the ceiling: Loyalty"


def test_findings_bring_poor_blocks_to_the_front(table):
    told = {finding.id: finding for finding in reliability_findings(table, ASKED.labels)}
    assert list(told) == ["reliability.good", "reliability.poor", "reliability.twin"]
    assert [finding.is_headline for finding in told.values()] == [False, True, False]
    assert told["reliability.poor"].text.render().endswith("below the usual mark of 0.7: the items are better read one by one.")
    assert told["reliability.good"].text.render().endswith("above the usual mark of 0.7.")


def test_whether_the_mark_is_reached_is_left_open_near_it():
    row = reliability(*answers(100, poor=0.9), ASKED, replicates=100).set_index("construct").loc["poor"]
    assert row["low"] < 0.7 < row["high"]
    assert row["reaches"] is None


def test_two_names_for_one_thing_are_not_told_apart():
    found = validity(*answers(), ASKED, replicates=100)
    pairs, base = found
    assert base == 400
    assert pairs["value"].is_monotonic_decreasing
    worst = pairs.iloc[0]
    assert {worst["first"], worst["second"]} == {"good", "twin"}
    exhibit = validity_exhibit(found, ASKED.labels)
    assert exhibit.title.render() == "Pairs of constructs that the survey tells apart: 2 of 3"
    assert exhibit.frame["verdict"].map(str).tolist() == ["no", "clearly", "clearly"]
    (told,) = validity_findings(found, ASKED.labels)
    assert (told.id, told.value, told.compare_to) == ("validity.apart", 2, 3)
    assert "the highest ratio is that of Good and Twin" in told.text.render()


def test_limits_hold_for_all_pairs_at_once():
    wide, recent = answers()
    alone = Questionnaire({}, {name: CONSTRUCTS[name] for name in ("good", "poor")}, frozenset())
    single, many = (validity(wide, recent, chosen, 100)[0] for chosen in (alone, ASKED))
    row = many[(many["first"] == "good") & (many["second"] == "poor")].iloc[0]
    assert row["value"] == pytest.approx(single["value"].iloc[0])
    assert row["high"] - row["value"] > 1.1 * (single["high"] - single["value"]).iloc[0]


def test_where_nothing_can_be_said_the_reason_stands():
    wide, recent = answers()
    bare = Questionnaire({}, {}, frozenset())
    assert reliability(wide, recent, bare) is None
    assert reliability(wide, recent.head(29), ASKED) is None
    assert reliability_findings(None, {}) == validity_findings(None, {}) == []
    assert reliability_exhibit(None, {}).absent.render().endswith("fewer than 30 customers answered all items of one.")
    assert validity(wide, recent.head(99), ASKED) is None
    assert validity(wide, recent, bare) is None
    assert (
        validity_exhibit(None, {})
        .absent.render()
        .startswith("Two constructs of two or more items each, answered by at least 100")
    )


def test_constructs_that_were_not_asked_are_left_out():
    wide, recent = answers()
    table = reliability(wide.drop(columns=["p1", "p2"]).assign(t1=5.0), recent.drop(columns="recommend"), ASKED, replicates=20)
    assert table.set_index("construct")["items"].to_dict() == {"good": 3, "twin": 2}


def test_constructs_are_judged_at_once():
    row = {"value": 0.76, "low": 0.71, "high": 0.80}
    assert _reaches(pd.DataFrame([row])) == [True]
    assert _reaches(pd.DataFrame([row] * 4 + [{"value": np.nan}])) == [None] * 5
