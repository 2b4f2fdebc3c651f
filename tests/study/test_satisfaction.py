import datetime as dt

import pandas as pd
import pytest

from analysis.errors import NotProduced
from analysis.study.drivers import drivers
from analysis.study.opinions import branch_findings, branch_table, groups_exhibit
from analysis.study.satisfaction import satisfaction
from analysis.study.satisfaction_measures import PROMOTERS
from analysis.study.satisfaction_trend import trend_exhibit
from analysis.study.survey import Questionnaire, driver_frame, last_answers, windows
from analysis.wording import say

AS_OF = dt.date(2025, 6, 30)
ASKED = Questionnaire({name: say(name) for name in ("waiting", "staff", "app")}, {}, frozenset())


def responses(*rows):
    frame = pd.DataFrame(rows, columns=["response_id", "customer_id", "answered_date"])
    return frame.assign(answered_date=pd.to_datetime(frame["answered_date"]), overall=8.0, recommend=9.0, branch_id="B")


def test_promoter_score_by_hand():
    """measuringu.com: adjusted Wald. 5 promoters, 3 passives, 2 detractors: (5 − 2) / 10 = 30."""
    score = PROMOTERS.estimate(pd.DataFrame({"recommend": [10, 9, 9, 9, 10, 8, 7, 7, 6, 0, None]}))
    assert (score.value, score.base) == (30, 10)
    p, d = 5.75 / 13, 2.75 / 13
    half = 1.959964 * ((p + d - (p - d) ** 2) / 13) ** 0.5
    assert score[1:3] == pytest.approx((100 * (p - d - half), 100 * (p - d + half)), abs=1e-4)


def test_windows_lie_next_to_each_other_and_end_at_as_of():
    surveys = responses(
        ("r1", "a", "2025-07-01"), ("r2", "b", "2025-06-30"), ("r3", "c", "2024-07-01"), ("r4", "d", "2024-06-30"),
        ("r5", "e", "2023-07-01"), ("r6", "f", "2023-06-30"),
    )  # fmt: skip
    recent, before = windows(surveys, AS_OF, 12)
    assert recent["response_id"].tolist() == ["r2", "r3"]
    assert before["response_id"].tolist() == ["r4", "r5"]


def test_of_each_customer_the_last_answer_counts_and_nameless_ones_all():
    surveys = responses(
        ("r1", "a", "2025-05-01"),
        ("r2", "a", "2025-03-01"),
        ("r3", "b", "2025-01-01"),
        ("r4", None, "2025-01-01"),
        ("r5", None, "2025-01-01"),
    )
    assert last_answers(surveys)["response_id"].tolist() == ["r1", "r3", "r4", "r5"]


def test_without_dates_all_answers_are_recent():
    recent, before = windows(responses(("r1", "a", None), ("r2", "b", None)), AS_OF, 12)
    assert (len(recent), len(before)) == (2, 0)


def test_drivers_are_the_items_that_do_not_measure_the_outcome():
    wide = pd.DataFrame({"waiting": [1.0, 2.0, None], "staff": [3.0, 4.0, 5.0], "sat": [5.0, 5.0, 5.0]}, index=["r1", "r2", "r3"])
    asked = Questionnaire({name: say(name) for name in wide}, {}, frozenset(["sat"]))
    assert driver_frame(wide, asked).to_dict("index") == {"r1": {"waiting": 1, "staff": 3}, "r2": {"waiting": 2, "staff": 4}}


def test_many_items_go_by_the_means_of_their_constructs():
    items = [f"q{number}" for number in range(14)]
    wide = pd.DataFrame({item: [float(number), 8.0] for number, item in enumerate(items)}, index=["r1", "r2"])
    constructs = {
        "A": (say("A"), items[:7]),
        "B": (say("B"), items[7:13]),
        "OUT": (say("Out"), items[13:]),
        "C": (say("C"), ["never asked"]),
    }
    asked = Questionnaire({item: say(item) for item in items}, constructs, frozenset(["OUT"]))
    assert driver_frame(wide, asked).to_dict("list") == {"A": [3.0, 8.0], "B": [9.5, 8.0]}


@pytest.fixture(scope="module")
def report(simulate_survey):
    surveys, _ = simulate_survey()
    half = {f"C{number:05}": say("One") if number % 2 else say("Two") for number in range(800)}
    groups = {say("Half"): pd.Series(half)}
    return satisfaction(surveys, groups, {"B0": "First branch"}, AS_OF)


def test_the_scores_come_first_and_all_parts_are_there(report):
    ids = [found.id for found in report.findings]
    assert ids[:4] == ["nps", "overall_mean", "top_two_box", "changes.found"]
    assert {"branches.outside", "branches.spread"} < set(ids)
    assert report.trend.absent is None
    assert report.branches.absent is None
    assert report.pooled.absent is None
    assert report.changes.absent is None
    assert report.effort.absent.render() == "The survey did not ask how easy the bank made it, or too few answered."


def test_groups_drawn_by_lot_do_not_differ(report):
    assert report.groups.title.render() == "No group differs from the whole beyond noise, 2 groups compared at once"
    assert report.groups.frame["base"].sum() == report.findings[1].base


def test_a_group_apart_is_named_with_how_many_were_compared():
    recent = pd.DataFrame({"customer_id": list(range(100)), "overall": [9.0, 8.0] * 25 + [4.0, 5.0] * 25})
    labels = pd.Series({number: say("Glad") if number < 50 else say("Sad") for number in range(100)})
    exhibit = groups_exhibit(recent, {say("Mood"): labels})
    assert exhibit.title.render() == "Furthest from the whole of 2 groups, beyond noise: Glad, 8.50 against 6.50"
    assert (
        groups_exhibit(recent.head(9), {say("Mood"): labels}).absent.render()
        == "The answers cannot be joined with groups of customers."
    )


def test_groups_keep_the_order_of_their_categories():
    recent = pd.DataFrame({"customer_id": list(range(30)), "overall": [7.0, 8.0] * 15})
    names = [say("Top"), say("Middle"), say("Bottom")]
    labels = pd.Series([names[number // 10] for number in range(30)])
    ordered = groups_exhibit(recent, {say("Tier"): labels.astype(pd.CategoricalDtype(names))}).frame
    assert [label.render() for label in ordered["label"]] == ["Top", "Middle", "Bottom"]
    assert [label.render() for label in groups_exhibit(recent, {say("Tier"): labels}).frame["label"]] == [
        "Bottom",
        "Middle",
        "Top",
    ]


def branch(name, top, others):
    return pd.DataFrame({"branch_id": name, "overall": [10.0] * top + [5.0] * others})


def test_a_branch_outside_the_limits_is_found_and_small_ones_are_not_shown():
    parts = [branch(f"B{number}", 20, 20) for number in range(5)]
    table = branch_table(
        pd.concat([*parts, branch("low", 2, 58), branch("tiny", 0, 9)], ignore_index=True), {"low": "Low Street"}
    )
    assert table["label"].tolist() == ["B0", "B1", "B2", "B3", "B4", "Low Street"]
    assert table.set_index("label")["outside"].to_dict() == {**{f"B{number}": "" for number in range(5)}, "Low Street": "below"}
    (found,) = branch_findings(table)
    assert (
        found.text.render()
        == "Branches whose share of a 9 or a 10 lies outside the limits of chance (99.8%): 1 of 6 (above: 0, below: 1); the others cannot be ranked by it."
    )
    assert branch_table(pd.concat(parts[:4]), {}) is None


def test_what_the_survey_did_not_ask_is_absent_with_its_reason(simulate_survey):
    surveys, _ = simulate_survey(dated=False)
    report = satisfaction(surveys.assign(recommend=None, branch_id=None), {}, {}, AS_OF)
    reasons = {name: getattr(report, name).absent.render() for name in ("trend", "promoters", "branches", "groups")}
    assert reasons["trend"] == "The survey bears no dates, so no trend can be shown."
    assert reasons["promoters"].startswith("The survey did not ask the 0 to 10 question")
    assert reasons["branches"].startswith("The survey names no branches")
    assert [found.id for found in report.findings] == ["overall_mean", "top_two_box"]


def test_one_quarter_makes_no_trend():
    surveys = responses(*[(f"r{number}", f"c{number}", "2025-05-05") for number in range(40)])
    assert trend_exhibit(surveys, AS_OF).absent.render() == "Fewer than two whole quarters have enough answers to compare."


def test_answers_that_do_not_vary_have_no_drivers(simulate_survey):
    surveys, answers = simulate_survey(100)
    wide = answers.pivot(index="response_id", columns="item", values="value")
    assert drivers(wide, surveys.assign(overall=8.0), ASKED, 10, 1) is None


def test_too_few_answers_are_a_sentence_that_gives_nobody_away(simulate_survey):
    surveys, _ = simulate_survey(29, dated=False)
    with pytest.raises(NotProduced, match="Customers who answered in the period: 29; needed: 30"):
        satisfaction(surveys, {}, {}, AS_OF)
    with pytest.raises(NotProduced, match="Customers who answered in the period: fewer than 10; needed: 30"):
        satisfaction(surveys.head(4), {}, {}, AS_OF)
