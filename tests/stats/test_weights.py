"""Weights meet what they promise, and their intervals hold what they are to hold."""

import numpy as np
import pandas as pd
import pytest

from analysis.stats.intervals import nps, wilson
from analysis.stats.logistic import NotEstimable
from analysis.stats.weights import (
    Weighted,
    kish_design_effect,
    propensity_mean,
    propensity_weights,
    rake,
    raked_mean,
    trimmed,
)


@pytest.fixture
def rows():
    random = np.random.default_rng(1)
    age = random.choice(["young", "middle", "old"], 400, p=[0.5, 0.3, 0.2])
    tier = np.where(random.random(400) < np.where(age == "old", 0.6, 0.2), "high", "low")
    return pd.DataFrame({"age": age, "tier": tier})


TOTALS = {
    "age": pd.Series({"young": 300.0, "middle": 350.0, "old": 350.0}),
    "tier": pd.Series({"high": 550.0, "low": 450.0}),
}


def crossed(rows, weights):
    return pd.crosstab(rows["age"], rows["tier"], weights, aggfunc="sum").to_numpy()


def odds_ratios(table):
    return table[1:, 0] * table[0, 1] / (table[1:, 1] * table[0, 0])


def test_raking_meets_margins_and_keeps_odds_ratios(rows):
    """Deming and Stephan 1940: margins at 1e-8, interactions as observed."""
    weights = rake(rows, TOTALS)
    for name, wanted in TOTALS.items():
        met = pd.Series(weights).groupby(rows[name]).sum()
        assert met[wanted.index].to_numpy() == pytest.approx(wanted.to_numpy(), rel=1e-8)
    assert odds_ratios(crossed(rows, weights)) == pytest.approx(odds_ratios(crossed(rows, np.ones(400))), rel=1e-8)


def test_a_limit_on_weights_holds_and_margins_are_still_met(rows):
    free = rake(rows, TOTALS)
    most = 0.95 * free.max() / free.mean()
    weights = rake(rows, TOTALS, most)
    assert weights.max() <= most * weights.mean() * (1 + 1e-9)
    for name, wanted in TOTALS.items():
        assert pd.Series(weights).groupby(rows[name]).sum()[wanted.index].to_numpy() == pytest.approx(wanted.to_numpy(), rel=1e-8)
    with pytest.raises(NotEstimable, match="no weight above"):
        rake(rows, TOTALS, 1.1)


def test_a_margin_that_cannot_be_met_is_a_sentence(rows):
    with pytest.raises(NotEstimable, match="age: nobody who answered is in class 'unborn'"):
        rake(rows, {"age": pd.Series({"young": 1.0, "middle": 1.0, "old": 1.0, "unborn": 1.0})})
    with pytest.raises(ValueError, match="age: a row in class 'old', which has no total"):
        rake(rows, {"age": pd.Series({"young": 1.0, "middle": 1.0})})
    with pytest.raises(ValueError, match="do not add up"):
        rake(rows, {"age": TOTALS["age"], "tier": TOTALS["tier"] * 2})
    with pytest.raises(ValueError, match="numbers from 0 on"):
        rake(rows, {"age": TOTALS["age"] - 320})


def test_design_effect_of_kish():
    assert kish_design_effect([1, 1, 2, 0]) == pytest.approx(3 * 6 / 16)
    assert kish_design_effect([3, 3]) == 1


def test_propensity_in_classes_is_asked_over_answered():
    """With one 0/1 trait the model is saturated: each answer stands for as many as were asked in its class for each answer."""
    trait = np.repeat([0, 1], [60, 40])
    answered = np.r_[np.arange(60) < 20, np.arange(40) < 25]
    weights = propensity_weights(trait, answered)
    assert weights[answered & (trait == 0)] == pytest.approx(3)
    assert weights[answered & (trait == 1)] == pytest.approx(1.6)
    assert (weights[~answered] == 0).all()


def test_propensity_weights_balance_every_trait():
    random = np.random.default_rng(2)
    x = random.normal(size=(500, 3))
    answered = random.random(500) < 1 / (1 + np.exp(0.7 - x @ [0.8, -0.5, 0.2]))
    weights = propensity_weights(x, answered)
    assert weights.sum() == pytest.approx(500)
    assert weights @ x == pytest.approx(x.sum(axis=0), abs=1e-6)


def test_a_trait_that_parts_those_who_answered_is_a_sentence():
    answered = np.arange(50) < 20
    with pytest.raises(NotEstimable, match="part them"):
        propensity_weights(np.where(answered, 1.0, 0.0), answered)
    with pytest.raises(NotEstimable, match="nobody answered"):
        propensity_weights(np.zeros(50), np.zeros(50, bool))


def test_where_all_answered_nothing_is_weighted():
    x = np.arange(20.0)
    weights = propensity_weights(x, np.ones(20, bool))
    assert (weights == 1).all()
    found = propensity_mean(x, weights, x, np.arange(20))
    assert (found.value, found.error) == pytest.approx((9.5, x.std(ddof=1) / np.sqrt(20)))


def test_trimming_keeps_the_sum():
    weights = np.array([0, 1, 1, 1, 9.0])
    result = trimmed(weights, 2)
    assert result.sum() == pytest.approx(12)
    assert result == pytest.approx([0, 2, 2, 2, 6])


def survey(seed, size=600):
    """Customers asked once or twice: `y` goes with x, and so does answering."""
    random = np.random.default_rng(seed)
    subject = random.integers(0, int(size * 0.7), size)
    own = random.normal(size=size)[subject]
    x = 0.8 * own + 0.6 * random.normal(size=size)
    y = 7 + x + 0.8 * random.normal(size=size)[subject] + 0.6 * random.normal(size=size)
    return x, y, random.random(size) < 1 / (1 + np.exp(0.5 - x)), subject


def test_intervals_hold_the_truth_in_95_percent_and_raw_means_do_not():
    """The truth is 7. Within the binomial bounds at 1 % of 200 surveys."""
    found, raw = [], []
    for seed in range(1, 201):
        x, y, answered, subject = survey(seed)
        found.append(propensity_mean(y, propensity_weights(x, answered), x, subject))
        raw.append(abs(y[answered].mean() - 7) < 2 * y[answered].std() / np.sqrt(answered.sum()))
    inside = [estimate.low <= 7 <= estimate.high for estimate in (mean.as_mean() for mean in found)]
    assert 0.905 <= np.mean(inside) <= 0.985
    assert np.mean(raw) < 0.1
    assert np.mean([mean.error for mean in found]) == pytest.approx(np.std([mean.value for mean in found]), rel=0.12)


def test_raked_intervals_hold_the_truth_in_95_percent():
    inside = []
    for seed in range(1, 101):
        random = np.random.default_rng(seed)
        rows = pd.DataFrame({"a": random.choice(["x", "y"], 300, p=[0.7, 0.3]), "b": random.choice(["u", "v"], 300)})
        y = 1.0 * (rows["a"] == "x") + 2.0 * (rows["b"] == "v") + random.normal(size=300)
        totals = {"a": pd.Series({"x": 50.0, "y": 50.0}), "b": pd.Series({"u": 60.0, "v": 40.0})}
        estimate = raked_mean(y, rake(rows, totals), rows, np.arange(300)).as_mean()
        inside.append(estimate.low <= 0.5 + 0.8 <= estimate.high)
    assert 0.89 <= np.mean(inside) <= 0.995


def test_what_the_margins_determine_has_no_error(rows):
    y = (rows["age"] == "old") * 1.0
    found = raked_mean(y, rake(rows, TOTALS), rows, np.arange(400))
    assert found[:2] == pytest.approx((0.35, 0), abs=1e-9)


def test_intervals_of_shares_and_scores_are_the_plain_ones_without_weights():
    share = Weighted(0.25, np.sqrt(0.25 * 0.75 / 200), 199, 200).as_share()
    assert share == pytest.approx(wilson(50, 200))
    balance = Weighted(20.0, 100 * np.sqrt((0.5 + 0.3 - 0.04) / 200), 199, 200).as_nps(0.5)
    assert balance == pytest.approx(nps(100, 40, 60))
    assert Weighted(0.0, 0.0, 9, 10).as_share().high == pytest.approx(0.2775, abs=1e-4)
