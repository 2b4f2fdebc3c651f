import numpy as np
import pytest
from scipy.special import expit, logit, ndtri, stdtrit

from analysis.stats.selection import drawn_to, error_level, kept_shares, normal_distance, picked, widened


def test_a_published_adjustment():
    """R's chickwts, all 15 pairs of feeds: emmeans' pairs and fcrci's false-coverage-rate intervals (readme of fcrci 0.1.0): casein less
    horsebean 163.38, t 6.957 on 65 degrees of freedom, interval 113.28 to 213.49; eleven of fifteen are told."""
    half = stdtrit(65, 1 - error_level(11, 15) / 2) * 163.38 / 6.957
    assert (163.38 - half, 163.38 + half) == pytest.approx((113.28, 213.49), abs=0.02)
    own = stdtrit(65, 0.975) * 163.38 / 6.957
    made = widened(163.38, 163.38 - own, 163.38 + own, error_level(11, 15), degrees=65)
    assert made == pytest.approx((113.28, 213.49), abs=0.02)


def test_an_interval_leaves_out_its_comparison_exactly_where_the_test_finds_it():
    """Benjamini and Hochberg 1995, section 4.1: of fifteen hypotheses four are rejected at 0.05."""
    p = [0.0001, 0.0004, 0.0019, 0.0095, 0.0201, 0.0278, 0.0298, 0.0344, 0.0459, 0.3240, 0.4262, 0.5719, 0.6528, 0.7590, 1.0]
    distance = -ndtri(np.array(p) / 2)
    assert picked(distance, distance, [set()] * 15, most=15) == [0, 1, 2, 3]
    assert error_level(4, 15) == pytest.approx(0.05 * 4 / 15)


def test_what_is_told_is_the_largest_that_holds_and_one_of_a_kind():
    distance = np.array([9.0, 8.0, 2.0, 7.0, 0.5])
    score = np.array([1.0, 3.0, 9.0, 2.0, 8.0])
    groups = [{"a"}, {"b"}, {"c"}, {"b", "d"}, {"e"}]
    assert picked(distance, score, groups, most=3) == [1, 0]
    assert picked(distance, score, [set()] * 5, most=3) == [1, 3, 0]
    assert picked(distance, score, [set()] * 5, most=1) == [1]
    assert picked(np.array([-9.0, 0.0]), np.array([1.0, 2.0]), [set()] * 2, most=3) == [0]


def test_fewer_told_are_held_to_more():
    """Of ten, three are told at 2.17 standard errors, one alone only at 2.81."""
    assert ndtri(1 - 0.05 * 3 / 10 / 2) == pytest.approx(2.43, abs=0.01)
    three = np.array([2.5, 2.5, 2.5, *[0.0] * 7])
    assert picked(three, three, [set()] * 10, most=3) == [0, 1, 2]
    one = np.array([2.5, *[0.0] * 9])
    assert picked(one, one, [set()] * 10, most=3) == []
    assert picked(np.array([]), np.array([]), [], most=3) == []


def test_intervals_widen_on_their_scale():
    value, low, high = expit(np.array([-2.0, -2.5, -1.5]))
    made = widened(value, low, high, 0.005, "logit")
    factor = ndtri(0.9975) / ndtri(0.975)
    assert logit(np.array(made)) == pytest.approx([-2 - 0.5 * factor, -2 + 0.5 * factor])
    assert widened(3.0, 2.0, 5.0, 0.05) == pytest.approx((2.0, 5.0))
    assert drawn_to(expit(1.0), expit(0.0), 0.5, "logit") == pytest.approx(expit(0.5))


def test_a_range_of_few_months_is_read_with_its_tails():
    assert normal_distance(1.0, 0.95, 1e12) == pytest.approx(1.96, abs=0.001)
    assert normal_distance(-1.0, 0.95, 10) == pytest.approx(-1.96, abs=0.001)
    assert 1.96 < normal_distance(2.0, 0.95, 10) < 2 * 1.96


def test_differences_are_drawn_in_as_far_as_they_ask():
    random = np.random.default_rng(4)
    noise = random.standard_normal(400)
    assert kept_shares(noise).max() < 0.5
    spread = 3.0 * random.standard_normal(400) + noise
    assert kept_shares(spread)[np.abs(spread) > 3].mean() == pytest.approx(0.9, abs=0.04)
    few = np.where(np.arange(400) < 40, 4.0 * random.standard_normal(400), 0.0) + noise
    kept = kept_shares(few)
    assert kept[np.abs(few) > 4].min() > 0.8
    assert kept[np.abs(few) < 1].max() < 0.3
    assert kept_shares(np.array([])).tolist() == []
