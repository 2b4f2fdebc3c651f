import numpy as np
import pytest
from scipy.special import expit

from analysis.stats.hidden import Hidden, hidden_band, hidden_ratio, strength_to_vanish
from analysis.stats.intervals import Estimate


def test_where_both_are_rare_the_ratio_is_the_exponential_of_the_product():
    assert hidden_ratio(Hidden(0.8, 0.5, 0.001, 0.001)) == pytest.approx(np.exp(0.4), rel=5e-3)
    assert hidden_ratio(Hidden(0.8, 0.0, 0.3, 0.1)) == pytest.approx(1)
    assert hidden_ratio(Hidden(0.8, -0.5, 0.3, 0.1)) < 1


def test_the_quadrature_agrees_with_a_simulation():
    random = np.random.default_rng(2)
    u = random.standard_normal(400_000)
    exposure, outcome = expit(-0.6 + 0.9 * u), expit(-2.0 + 0.8 * u)
    crude = np.average(outcome, weights=exposure) / np.average(outcome, weights=1 - exposure)
    hidden = Hidden(0.8, 0.9, float(exposure.mean()), float(outcome.mean()))
    assert hidden_ratio(hidden) == pytest.approx(crude, rel=5e-3)


def test_the_band_at_the_true_strength_holds_a_truth_that_the_interval_misses():
    # nothing is due to the lever; a hidden quantity alone makes the struck leave more: of 1000 who left 300 were struck
    hidden = Hidden(0.8, 0.5, 0.1, 0.08)
    ratio = hidden_ratio(hidden)
    value = 0.3 - 0.3 / ratio
    found = Estimate(value, value - 0.03, value + 0.03, 1000)
    low, high = hidden_band(found, 0.3, hidden)
    assert found.low > 0
    assert low < 0 < value < found.high < high < 0.3
    assert hidden_band(Estimate(value, value, value, 9), 0.3, hidden)[0] == pytest.approx(0)


def test_the_strength_that_it_takes_brings_the_nearer_end_to_zero():
    found, hidden = Estimate(0.07, 0.03, 0.11, 1000), Hidden(0.5, 0.3, 0.1, 0.08)
    times = strength_to_vanish(found, 0.2, hidden)
    assert hidden_band(found, 0.2, hidden.times(times))[0] == pytest.approx(0, abs=1e-4)
    assert strength_to_vanish(Estimate(0.01, -0.02, 0.04, 9), 0.2, hidden) == 0
    assert strength_to_vanish(found, 0.2, Hidden(0.01, 0.01, 0.1, 0.08)) == np.inf
    below = Estimate(-0.07, -0.11, -0.03, 1000)
    assert hidden_band(below, 0.2, hidden.times(strength_to_vanish(below, 0.2, hidden)))[1] == pytest.approx(0, abs=1e-4)
