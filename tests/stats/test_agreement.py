import numpy as np
import pytest
from scipy.stats import chi2_contingency

from analysis.stats.agreement import cramers_v, standing_out


def test_the_interval_is_that_of_a_published_example():
    """statpsych 1.6.0 (Bonett), ci.cramer(.05, 19.21, 2, 3, 200): 0.1601 to 0.4417; V itself 0.3099 before correction."""
    table = np.array([[47.0, 20.0, 33.0], [20.637492, 43.726257, 35.636251]])
    assert chi2_contingency(table, correction=False).statistic == pytest.approx(19.21, abs=1e-4)
    found = cramers_v(table)
    assert (found.low, found.high) == pytest.approx((0.1601, 0.4417), abs=1e-4)
    assert found.value == pytest.approx(np.sqrt(0.3099**2 - 2 / 200), abs=1e-4)


def test_independent_groupings_have_none_and_equal_ones_have_all():
    assert cramers_v([[20, 30], [40, 60]])[:2] == (0.0, 0.0)
    assert cramers_v(np.diag([300, 300, 300])).value == pytest.approx(1, abs=2e-3)
    assert cramers_v([[5, 7]])[:3] == (None, None, None)


@pytest.mark.parametrize("joint", [np.outer([0.5, 0.3, 0.2], [0.4, 0.6]), np.array([[0.3, 0.2], [0.1, 0.2], [0.02, 0.18]])])
def test_intervals_hold_the_true_value_in_about_95_percent(joint):
    expected = np.outer(joint.sum(axis=1), joint.sum(axis=0))
    truth = np.sqrt(((joint - expected) ** 2 / expected).sum())
    random = np.random.default_rng(1)
    found = [cramers_v(random.multinomial(400, joint.ravel()).reshape(joint.shape)) for _ in range(400)]
    covered = np.mean([one.low - 1e-9 <= truth <= one.high for one in found])
    assert 0.92 <= covered <= 0.99


def test_several_comparisons_widen_the_interval():
    one, five = cramers_v([[30, 20], [20, 40]]), cramers_v([[30, 20], [20, 40]], 5)
    assert five.low <= one.low < one.value == five.value < one.high < five.high


def test_cells_stand_out_only_beyond_chance():
    assert (standing_out([[50, 52], [49, 50]]) == 0).all()
    found = standing_out([[80, 20], [20, 80]])
    assert found[0, 0] == pytest.approx(8.485, abs=1e-3)
    assert found[0, 1] == -found[0, 0]
