"""An estimate beside its truth, what is naive, and how narrow an oracle's interval is."""

import datetime as dt

import numpy as np
import pandas as pd
import pytest

from analysis.bank.config import read_config
from analysis.errors import NotProduced, UserError
from analysis.finding import Finding
from analysis.stats.intervals import wilson
from analysis.study.churn import ChurnRule
from analysis.study.survey import Questionnaire
from analysis.validation import rows as module
from analysis.validation import studies
from analysis.validation.bank import validate_bank
from analysis.validation.naive import Naive, naive_churn, naive_drivers, naive_scores, window_answers
from analysis.validation.oracle import mean_width, nps_width, oracle_widths, share_width
from analysis.validation.rows import bank_rows, compare, covers
from analysis.validation.truth import Truth, read_truth
from analysis.wording import say

DAY = dt.date(2025, 6, 30)


def finding(name: str, value, low=None, high=None, unit="share", base=100) -> Finding:
    return Finding(name, say("It."), value, base, unit, low=low, high=high)


@pytest.mark.parametrize(
    ("low", "high", "truth", "expected"),
    [(0.1, 0.3, 0.2, True), (0.1, 0.3, 0.1, True), (0.1, 0.3, 0.31, False), (None, 0.3, 0.2, None), (0.1, 0.3, None, None)],
)
def test_covered(low, high, truth, expected):
    assert covers(low, high, truth) is expected


def test_each_estimate_meets_its_truth_by_id_and_what_is_lacking_is_said():
    findings = {
        "nps": finding("nps", 20.0, 10.0, 30.0, "score"),
        "active_customers": finding("active_customers", 0.8),
        "rfm.best.share": finding("rfm.best.share", 0.1),
        "churn_rate.closed": finding("churn_rate.closed", np.nan),
    }
    facts = {
        "nps": {"value": 31, "unit": "score", "mc_error": 0.5},
        "active_customers": {"value": 0.81, "unit": "share", "mc_error": 0.0},
        "churn_rate.closed": {"value": 0.02, "unit": "share", "mc_error": 0.0},
        "cause.fee_rise": {"value": 0.07, "unit": "share", "mc_error": 0.001},
    }
    made = compare(findings, facts, {"nps": Naive(25.0, "x"), "cause.fee_rise": Naive(-0.1, "y")}, {"nps": 15.0}, "default", 7)
    by_id = {row.id: row for row in made}
    assert list(by_id) == [*findings, "cause.fee_rise"]
    assert by_id["nps"].to_json() == {
        "id": "nps", "truth": 31.0, "value": 20.0, "low": 10.0, "high": 30.0, "covered": False, "world": "default", "seed": 7,
        "unit": "score", "base": 100, "naive": 25.0, "naive_is": "x", "oracle_width": 15.0, "mc_error": 0.5, "ceiling": None,
        "note": None,
    }  # fmt: skip
    assert (by_id["active_customers"].covered, by_id["active_customers"].note) == (None, None)
    assert (by_id["rfm.best.share"].truth, by_id["rfm.best.share"].note) == (None, "no truth is stated")
    assert (by_id["churn_rate.closed"].value, by_id["churn_rate.closed"].note) == (None, "the study gives no value")
    cause = by_id["cause.fee_rise"]
    assert (cause.truth, cause.value, cause.naive, cause.covered, cause.note) == (
        0.07,
        None,
        -0.1,
        None,
        "the study gives no value",
    )


class FakeBook:
    """A bank without tables, seen as of DAY."""

    as_of, tables = DAY, ()


def test_a_truth_of_another_day_is_not_held_against_the_estimate(monkeypatch):
    monkeypatch.setitem(studies.STUDIES, "segmentation", lambda book, values: [finding("active_customers", 0.8)])
    truth = Truth({"active_customers": {"value": 0.7, "unit": "share", "as_of": "2024-06-30", "mc_error": 0}}, "default", 7)
    (row,), _ = bank_rows(FakeBook(), truth, {"segmentation": {}})
    assert (row.truth, row.value, row.note) == (None, 0.8, "the truth is of 2024-06-30")


def test_a_model_that_is_not_produced_abstains_and_the_ceiling_stands_beside(monkeypatch):
    def refuse(book, values):
        raise NotProduced("Too few.")

    monkeypatch.setitem(studies.STUDIES, "churn_model", refuse)
    truth = Truth({"auc": {"value": 0.83, "unit": "number", "as_of": str(DAY), "mc_error": 0}}, "default", 7)
    made, answered = bank_rows(FakeBook(), truth, {"churn_model": {}})
    assert answered.refused == {"churn_model": "Too few."}
    assert [(row.id, row.truth, row.value, row.ceiling) for row in made] == [
        ("auc", None, None, 0.83), ("lift.top_tenth", None, None, None), ("calibration.slope", None, None, None),
        ("ame.<attribute>", None, None, None),
    ]  # fmt: skip


def test_the_fitted_truths_replace_the_ceiling_and_only_the_published_effect_is_compared(monkeypatch):
    published = [finding("auc", 0.7, 0.6, 0.8, "number"), finding("ame.products", -0.02, -0.03, -0.01, "points")]
    monkeypatch.setitem(studies.STUDIES, "churn_model", lambda book, values: published)
    side = ({"auc": 0.72, "ame.products": -0.025, "ame.assets": 0.01}, {})
    monkeypatch.setattr(module, "_churn_side", lambda *_: side)
    made, _ = bank_rows(FakeBook(), Truth({"auc": {"value": 0.83}}, "default", 7), {"churn_model": {}})
    by_id = {row.id: row for row in made}
    assert (by_id["auc"].truth, by_id["auc"].covered, by_id["auc"].ceiling) == (0.72, True, 0.83)
    assert (by_id["ame.products"].truth, by_id["ame.products"].covered) == (-0.025, True)
    assert set(by_id) == {"auc", "ame.products", "lift.top_tenth", "calibration.slope"}


def test_naive_scores_count_repeats_and_all_of_the_window():
    surveys = pd.DataFrame({
        "customer_id": ["A", "A", "B", "C"], "overall": [10, 8, 9, 1], "recommend": [10, 0, 9, 0],
        "answered_date": pd.to_datetime(["2024-07-01", "2025-06-30", "2025-01-01", "2024-06-30"]),
    })  # fmt: skip
    every = window_answers(surveys, DAY, 12)
    assert every["customer_id"].to_list() == ["A", "A", "B"]
    found = naive_scores(every)
    assert {name: estimate.value for name, estimate in found.items()} == pytest.approx(
        {"nps": 100 / 3, "overall_mean": 9.0, "top_two_box": 2 / 3}
    )


def test_naive_drivers_are_squared_correlations_that_add_up_to_one():
    overall = np.array([1.0, 2, 3, 4, 5, 6])
    marks = {"staff": 2 * overall, "fees": np.array([5.0, 3, 5, 3, 5, 3])}
    every = pd.DataFrame({"response_id": list("abcdef"), "overall": overall})
    answers = pd.concat(
        pd.DataFrame({"response_id": list("abcdef"), "item": item, "value": value}) for item, value in marks.items()
    )
    found = naive_drivers(answers, every, Questionnaire({name: say(name) for name in marks}, {}, frozenset()))
    squared = np.corrcoef(overall, marks["fees"])[0, 1] ** 2
    assert found["driver.staff"].value == pytest.approx(1 / (1 + squared))
    assert sum(estimate.value for estimate in found.values()) == pytest.approx(1)


def test_naive_churn_counts_closings_of_all_on_the_books():
    start, nothing = dt.date(2024, 12, 31), pd.NaT
    before = pd.DataFrame({"customer_id": list("ABCDE"), "closed_date": pd.to_datetime([nothing] * 4 + ["2024-01-05"])})
    after = before.assign(closed_date=pd.to_datetime(["2025-02-01", nothing, nothing, nothing, "2024-01-05"]))
    found = naive_churn({start: before, DAY: after}, DAY, ChurnRule())
    assert {name: estimate.value for name, estimate in found.items()} == {"churn_rate.any": 0.25, "churn_rate.closed": 0.25}
    assert naive_churn({DAY: after}, DAY, ChurnRule()) == {}


def test_an_oracle_s_widths():
    assert share_width(0.1, 400) == pytest.approx(wilson(40, 400).high - wilson(40, 400).low)
    assert mean_width(2.0, 101) == pytest.approx(2 * 1.98397 * 2 / np.sqrt(101), rel=1e-5)
    assert mean_width(2.0, 1) is None
    n, added = 100, 103
    promoters, detractors = (50 + 0.75) / added, (20 + 0.75) / added
    error = np.sqrt((promoters + detractors - (promoters - detractors) ** 2) / added)
    assert nps_width(30.0, 0.7, n) == pytest.approx(2 * 1.959964 * 100 * error, rel=1e-5)
    recent = pd.DataFrame({"overall": [6.0, 8.0], "recommend": [10, 3]})
    truths, bases = (
        {"overall_mean": 7.0, "nps": 0.0, "churn_rate.any": 0.1, "segments.k": 3.0},
        {"overall_mean": 50, "nps": 50, "churn_rate.any": 90},
    )
    assert set(oracle_widths(truths, bases, recent)) == {"overall_mean", "nps", "churn_rate.any"}


def test_truth_is_read_and_a_bank_without_it_is_refused_before_anything_is_computed(project, told):
    raw = project.add()
    with pytest.raises(UserError) as error:
        validate_bank("mybank", {})
    told(error.value)
    assert "mybank has no truth/: only a simulated bank can be validated" in str(error.value)
    assert not project.processed().exists()
    (raw / "truth").mkdir()
    (raw / "truth" / "truth.json").write_text('{"nps": {"value": 3}}')
    (raw / "truth" / "world.json").write_text('{"world": "null", "seed": 9, "customers": 2}')
    truth = read_truth(raw)
    assert (truth.facts, truth.world, truth.seed, truth.customers) == ({"nps": {"value": 3}}, "null", 9, 2)
    assert truth.risks.empty
    (raw / "truth" / "world.json").write_text("{")
    with pytest.raises(UserError) as error:
        read_truth(raw)
    told(error.value)


def test_a_bank_with_truth_is_prepared_and_compared(project):
    raw = project.add()
    (raw / "truth").mkdir()
    (raw / "truth" / "truth.json").write_text('{"cause_joint": {"value": 0.3, "naive": 0.1}}')
    (raw / "truth" / "world.json").write_text('{"world": "null", "seed": 9}')
    found = validate_bank("mybank", {"segmentation": {"k_max": 3, "bootstraps": 5, "seed": 1}})
    assert [(row.id, row.truth, row.naive, row.note) for row in found.rows] == [
        ("cause_joint", 0.3, 0.1, "the study gives no value")
    ]
    assert found.as_of == "2024-03-31"
    assert read_config(raw / "bank.yaml").name == "My Bank"


def test_parameters_are_those_of_the_publication_list():
    asked = studies.parameters()
    assert asked["churn_attribution"] == {"horizon_months": 6, "dormant_days": 180, "run_off_share": 0.8, "grouping": "tenure"}
    assert set(asked["satisfaction_drivers"]) == {"window_months", "replicates", "seed"}
