"""Truths that hang on a fitted model, against brute force and against the simulation they come from."""

import datetime as dt

import numpy as np
import pandas as pd
import pytest
from tests.study.conftest import AS_OF, simulate_history  # noqa: F401 — a fixture

from analysis.stats.logistic import fit_logistic
from analysis.stats.prediction import auc, calibration_slope, lift_at
from analysis.study.churn import ChurnRule
from analysis.study.warning_model import warning_model
from analysis.validation.fitted import (
    expected_auc,
    expected_effects,
    expected_lift,
    expected_slope,
    fitted_truths,
    fractional_logit,
    with_risks,
)

SCORE, RISK = [0.1, 0.4, 0.4, 0.4, 0.9], [0.2, 0.5, 0.1, 0.7, 0.9]


def brute_force(score, risk) -> float:
    pairs = [(i, j) for i in range(len(score)) for j in range(len(score)) if i != j]
    weight = [risk[i] * (1 - risk[j]) for i, j in pairs]
    won = [1.0 if score[i] > score[j] else 0.5 if score[i] == score[j] else 0.0 for i, j in pairs]
    return sum(w * part for w, part in zip(weight, won, strict=True)) / sum(weight)


def test_expected_auc_is_that_of_all_weighted_pairs():
    assert expected_auc(SCORE, RISK) == pytest.approx(brute_force(SCORE, RISK), abs=1e-12)
    random = np.random.default_rng(1)
    score, risk = random.integers(0, 8, 60) / 8, random.random(60)
    assert expected_auc(score, risk) == pytest.approx(brute_force(score, risk), abs=1e-12)


def test_with_certain_outcomes_each_is_what_the_report_computes():
    random = np.random.default_rng(2)
    score = random.integers(1, 20, 200) / 21
    outcome = (random.random(200) < score).astype(float)
    assert expected_auc(score, outcome) == pytest.approx(auc(score, outcome).value)
    assert expected_lift(score, outcome, 0.1) == pytest.approx(lift_at(score, outcome, 0.1).value)
    assert expected_slope(score, outcome) == pytest.approx(calibration_slope(score, outcome).value, abs=1e-5)
    design = pd.DataFrame({"x": random.normal(size=200), "flag": random.integers(0, 2, 200).astype(float)})
    effects = fit_logistic(design, pd.Series(outcome)).average_marginal_effects().set_index("term")["value"]
    assert expected_effects(design, outcome) == pytest.approx(effects.to_dict(), abs=1e-6)


def test_true_probabilities_are_calibrated_and_keep_their_model():
    random = np.random.default_rng(3)
    design = pd.DataFrame({"x": random.normal(size=500)})
    risk = 1 / (1 + np.exp(-(0.7 * design["x"] - 2)))
    assert fractional_logit(design, risk).to_list() == pytest.approx([-2, 0.7], abs=1e-6)
    assert expected_slope(risk, risk) == pytest.approx(1, abs=1e-6)
    assert expected_lift(risk, risk, 1.0) == pytest.approx(1)
    assert expected_lift(risk, risk, 0.1) == pytest.approx(risk.nlargest(50).mean() / risk.mean())


def test_what_cannot_be_had_is_none():
    assert expected_auc([0.1, 0.2], [0.0, 0.0]) is None
    assert expected_lift([0.1, 0.2], [0.0, 0.0]) is None
    assert expected_slope([0.3, 0.3], [0.1, 0.2]) is None


def test_risks_meet_rows_by_customer_and_day():
    rows = pd.DataFrame(
        {"customer_id": ["A", "A", "B"], "landmark": [dt.date(2024, 3, 31), dt.date(2024, 6, 30), dt.date(2024, 3, 31)]}
    )
    risks = pd.DataFrame({"customer_id": ["A", "A"], "landmark": pd.to_datetime(["2024-06-30", "2024-03-31"]), "any": [0.2, 0.1]})
    met = with_risks(rows, risks)
    assert met[["customer_id", "risk"]].to_numpy().tolist() == [["A", 0.1], ["A", 0.2]]


def risks_of(history) -> pd.DataFrame:
    """The probability of closing within six months that tests/study/conftest.py simulates from, where all leavers close."""
    parts = []
    for day, features in history.items():
        hazard = np.clip(0.012 * np.exp(-0.8 * (features["products_held"] - 3)), 1e-4, 0.5)
        risk = 1 - (1 - hazard) ** 6
        parts.append(pd.DataFrame({"customer_id": features["customer_id"], "landmark": pd.Timestamp(day), "any": risk}))
    return pd.concat(parts, ignore_index=True)


def test_the_model_s_truths_lie_near_what_the_report_finds(simulate_history):  # noqa: F811
    history, rule = simulate_history(only="closed"), ChurnRule()
    model = warning_model(history, AS_OF, rule)
    truths = fitted_truths(model, history, AS_OF, rule, risks_of(history))
    found = auc(model.validation["probability"], model.validation["outcome"], groups=model.validation["customer_id"])
    assert abs(truths["auc"] - found.value) < 2 * (found.high - found.low) / 3.92
    assert 0.8 < truths["calibration.slope"] < 1.25
    assert truths["lift.top_tenth"] > 1.5
    effects = model.fit.average_marginal_effects().set_index("term")["value"]
    assert truths["ame.products"] == pytest.approx(effects["products"], abs=0.02)
    assert truths["ame.products"] < 0
    assert fitted_truths(model, history, AS_OF, rule, risks_of(history).head(0)) == {}
