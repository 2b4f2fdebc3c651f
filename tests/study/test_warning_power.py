"""Power of a hold-out, against textbook sizes and simulated draws."""

import numpy as np
import pytest

from analysis.stats.intervals import difference_of_shares
from analysis.study.warning_power import months_until, power, smallest_effect


def test_power_agrees_with_a_textbook_size():
    """Fleiss, Levin and Paik (2003), Statistical Methods for Rates and Proportions, table A.4 (uncorrected: 0.6 against 0.7 needs 356
    in each arm for 80 % at 5 %)."""
    assert power(0.6, 0.7, 356, 356) == pytest.approx(0.80, abs=0.012)


def test_power_is_how_often_the_interval_leaves_out_nothing():
    random = np.random.default_rng(1)
    left = zip(random.binomial(900, 0.12, 800), random.binomial(100, 0.24, 800), strict=True)
    found = [not low <= 0 <= high for _, low, high, _ in (difference_of_shares(x, 900, y, 100) for x, y in left)]
    assert power(0.24, 0.12, 100, 900) == pytest.approx(np.mean(found), abs=4 * 0.5 / np.sqrt(800))


def test_without_an_effect_the_test_rejects_in_about_five_of_a_hundred():
    assert power(0.2, 0.2, 200, 1800) == pytest.approx(0.05, abs=0.012)


def test_the_smallest_effect_is_found_in_eighty_of_a_hundred_and_none_where_the_arm_is_too_small():
    effect = smallest_effect(0.2, 200, 1800)
    assert power(0.2, 0.2 - effect, 200, 1800) == pytest.approx(0.8, abs=0.001)
    assert smallest_effect(0.2, 800, 7200) < effect
    assert smallest_effect(0.02, 20, 180) is None
    assert smallest_effect(0.2, 0, 100) is None


def test_months_are_the_fewest_that_suffice():
    months = months_until(0.2, 0.3, 100, 0.1)
    size = (10 * months, 90 * months)
    assert power(0.2, 0.14, *size) >= 0.8 > power(0.2, 0.14, size[0] - 10, size[1] - 90)
    assert months_until(0.2, 0.3, 100, 0.5) < months
    assert months_until(0.05, 0.05, 20, 0.1) is None
