import datetime as dt
from dataclasses import replace
from itertools import combinations
from math import factorial

import numpy as np
import pandas as pd
import pytest

from analysis.stats.logistic import INTERCEPT
from analysis.study.churn import ChurnRule, at_risk, matured
from analysis.study.warning_model import (
    EVENTS_PER_TERM,
    TERMS,
    design,
    panel,
    reason_codes,
    reason_words,
    sampled,
    validated_auc,
    warning_model,
)

RULE = ChurnRule()
AS_OF = dt.date(2025, 6, 30)


@pytest.fixture(scope="module")
def history(simulate_history):
    return simulate_history()


@pytest.fixture(scope="module")
def model(history):
    return warning_model(history, AS_OF, RULE)


def test_terms_are_in_the_units_their_names_say(customers):
    features = customers(
        plain={},
        other={
            "recency_days": 60.0, "transactions_30d": 1, "transactions_90d": 7, "transactions_365d": 48, "assets_3m": 8.0,
            "assets_trend": -0.2, "products_held": 5, "tenure_months": 32.0, "app_share": 0.3, "web_share": 0.4,
            "open_complaints": 2, "complaints_365d": 3, "wait_minutes_90d": 15.0, "kind": "corporate",
            "assets": 2.0, "assets_12m": 4.0,
        },
    )  # fmt: skip
    terms = design(features).loc["other"]
    assert terms.to_dict() == pytest.approx(
        {
            "days_silent": 2.0, "transactions": 3.0, "slowing": 1.0, "assets": 3.0, "assets_falling": 1.0, "products": 5.0,
            "assets_lately": 2.0, "assets_year": -1.0,
            "tenure": 5.0, "digital": 7.0, "open_complaint": 1.0, "complaint": 1.0, "long_wait": 1.0, "corporate": 1.0,
        }
    )  # fmt: skip
    assert list(design(features)) == list(TERMS)
    flags = ["slowing", "assets_falling", "assets_lately", "assets_year", "open_complaint", "complaint", "long_wait", "corporate"]
    assert design(features).loc["plain", flags].eq(0).all()


def test_terms_whose_columns_the_bank_does_not_bring_are_left_out(customers):
    features = customers(a={}).drop(columns=["recency_days", "assets_3m", "complaints_365d", "wait_minutes_90d", "products_held"])
    assert list(design(features)) == ["tenure", "corporate"]


def test_what_happens_after_a_landmark_changes_no_term_of_it(history):
    first = matured(list(history), AS_OF, RULE)[0]
    later = {day: frame if day == first else frame.assign(recency_days=1e6, assets_3m=0.0) for day, frame in history.items()}
    terms = list(design(history[first]))
    pd.testing.assert_frame_equal(panel(history, [first], RULE)[terms], panel(later, [first], RULE)[terms])


def test_an_earlier_prediction_rests_on_outcomes_known_by_then(history, model):
    """Swapping every outcome that ends after a landmark leaves the predictions made at it as they were."""
    judged = model.by_landmark["landmark"].min()
    known = {day: frame for day, frame in history.items() if day <= judged}
    blind = {day: frame.assign(recency_days=frame["recency_days"] if day <= judged else 500.0) for day, frame in history.items()}
    changed = warning_model(blind, AS_OF, RULE).validation
    before = model.validation[model.validation["landmark"] == judged]
    after = changed[changed["landmark"] == judged]
    assert before["probability"].tolist() == after["probability"].tolist()
    assert not np.array_equal(before["outcome"], after["outcome"])
    assert max(matured(list(known), judged, RULE)) == RULE.before(judged)


def test_a_model_is_judged_only_where_a_horizon_lies_behind_it(history, model):
    days = matured(list(history), AS_OF, RULE)
    assert model.by_landmark["landmark"].tolist() == days[-3:]
    assert model.base == sum(len(at_risk(history[day], RULE)) for day in days)


def test_a_customer_who_leaves_counts_once_however_many_landmarks_see_it(history, model):
    whole = panel(history, matured(list(history), AS_OF, RULE), RULE)
    assert model.events == whole.loc[whole["outcome"] == 1, "customer_id"].nunique() < whole["outcome"].sum()
    assert model.events_needed == EVENTS_PER_TERM * len(model.fit.design.columns)


def test_the_planted_attribute_is_found(simulate_history):
    planted = warning_model(simulate_history(only="closed"), AS_OF, RULE)
    ratios = planted.fit.odds_ratios().set_index("term")
    assert ratios.loc["products", "high"] < 0.6
    others = ratios.drop("products")
    assert ((others["low"] <= 1) & (others["high"] >= 1)).mean() >= 0.7


def test_reason_codes_add_up_to_the_score(history, model):
    codes = reason_codes(model.fit, at_risk(history[AS_OF], RULE))
    terms = [term for term in TERMS if term in codes]
    average = model.fit.coefficients[INTERCEPT] + model.fit.design[terms].mean() @ model.fit.coefficients[terms]
    log_odds = np.log(codes["score"] / (1 - codes["score"]))
    np.testing.assert_allclose(codes[terms].sum(axis=1) + average, log_odds, atol=1e-9)


def test_a_term_without_effect_is_no_reason(history, model):
    idle = replace(model.fit, coefficients=model.fit.coefficients.mask(model.fit.coefficients.index == "digital", 0.0))
    assert reason_codes(idle, at_risk(history[AS_OF], RULE))["digital"].eq(0).all()


def test_a_reason_is_worded_by_the_side_that_raises_the_score(model):
    assert model.fit.coefficients["products"] < 0
    assert reason_words(model.fit, "products").render() == "Few products"


def test_of_pure_noise_the_model_knows_nothing(simulate_history):
    found = validated_auc(warning_model(simulate_history(1200, seed=5, product_effect=0.0, only="closed"), AS_OF, RULE))
    assert found.low < 0.5 < found.high


def test_too_few_leavers_give_no_model(simulate_history):
    few = warning_model(simulate_history(200, seed=2, monthly_hazard=0.002), AS_OF, RULE)
    assert few.fit is None
    assert few.events < few.events_needed
    assert validated_auc(few) is None


def test_contributions_are_shapleys_of_every_order_of_the_terms(model, history):
    """Exact enumeration over the orders in which terms move from the average to the customer's own (Shapley 1953)."""
    terms = [term for term in TERMS if term in model.fit.design][:6]
    start = model.fit.design.mean()
    customer = design(history[AS_OF])[list(model.fit.design)].iloc[[3]]
    codes = reason_codes(model.fit, history[AS_OF].iloc[[3]])

    def log_odds(moved: tuple[str, ...]) -> float:
        row = start.to_frame().T.assign(**{term: customer[term].iloc[0] for term in moved})
        return model.fit.linear_predictor(row).iloc[0]

    for term in terms:
        others = [other for other in terms if other != term]
        value = sum(
            (log_odds((*chosen, term)) - log_odds(chosen))
            * factorial(size)
            * factorial(len(others) - size)
            / factorial(len(terms))
            for size in range(len(terms))
            for chosen in combinations(others, size)
        )
        assert codes[term].iloc[0] == pytest.approx(value, abs=1e-9)


def test_a_large_bank_is_learnt_from_the_same_sample_of_customers_at_every_landmark(history):
    few = sampled(history, 300)
    assert 230 < len(few[AS_OF]) < 370
    assert all(set(frame["customer_id"]) == set(few[AS_OF]["customer_id"]) for frame in few.values())
    assert sampled(history, 10**6) is history
