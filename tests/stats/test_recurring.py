"""Intervals where subjects recur, and where the most extreme of several is read."""

import numpy as np
import pandas as pd
import pytest

from analysis.stats.intervals import design_effect, difference, difference_of_shares, mean_t, simultaneous, wilson
from analysis.stats.prediction import calibration_slope, calibration_table, lift_at, lift_table, observed_share

OUTCOMES = np.array([1, 1, 0, 1, 0, 0, 1, 0, 0, 0] * 20)
SCORES = np.tile([0.9, 0.8, 0.7, 0.6, 0.5, 0.4, 0.3, 0.2, 0.15, 0.1], 20) + np.arange(200) * 1e-5


def twice(values):
    return np.repeat(values, 2)


def test_the_design_effect_of_rows_seen_twice_is_two():
    residual = OUTCOMES - OUTCOMES.mean()
    assert design_effect(residual, np.arange(200)) == 1
    assert design_effect(twice(residual), twice(np.arange(200))) == pytest.approx(2)
    assert design_effect(np.zeros(4), [1, 1, 2, 2]) == 2


def test_rows_seen_twice_tell_no_more_than_once():
    """Each estimate on doubled rows has the interval of the rows themselves."""
    subjects = twice(np.arange(200))
    once, again = wilson(OUTCOMES.sum(), 200), observed_share(twice(OUTCOMES), subjects)
    assert again[:3] == pytest.approx(once[:3])
    assert again.base == 400
    assert lift_at(twice(SCORES), twice(OUTCOMES), 0.1, subjects)[:3] == pytest.approx(lift_at(SCORES, OUTCOMES, 0.1)[:3])
    shares = (0.1, 0.5)
    columns = ["precision", "captured", "lift", "low", "high"]
    doubled = lift_table(twice(SCORES), twice(OUTCOMES), shares, subjects)
    pd.testing.assert_frame_equal(doubled[columns], lift_table(SCORES, OUTCOMES, shares)[columns])
    columns = ["predicted", "observed", "low", "high"]
    table = calibration_table(twice(SCORES), twice(OUTCOMES), 4, subjects)
    pd.testing.assert_frame_equal(table[columns], calibration_table(SCORES, OUTCOMES, 4)[columns])
    slope = calibration_slope(twice(SCORES), twice(OUTCOMES), subjects)
    single = calibration_slope(SCORES, OUTCOMES, np.arange(200))
    assert slope[:3] == pytest.approx(single[:3], rel=0.01)


def test_a_difference_recovers_its_interval_from_two():
    """Newcombe 1998, method 10, is the case of two Wilson intervals: 56/70 − 48/80 lies in .0524 to .3339."""
    found = difference(wilson(56, 70), wilson(48, 80))
    assert found[:3] == pytest.approx([0.2, 0.0524, 0.3339], abs=5e-5)
    assert found == difference_of_shares(56, 70, 48, 80)
    assert difference(mean_t([1.0]), mean_t([1.0, 2.0])).value is None


def test_intervals_of_several_at_once_are_bonferronis():
    """Two-sided 95 % for 10 at once: z = 2.8070 (any table of the normal distribution) in place of 1.9600."""
    table = pd.DataFrame({"value": [0.0] * 10, "low": [-1.959964] * 10, "high": [2 * 1.959964] * 10})
    wide = simultaneous(table)
    assert wide["low"].tolist() == pytest.approx([-2.8070] * 10, abs=5e-5)
    assert wide["high"].tolist() == pytest.approx([2 * 2.8070] * 10, abs=1e-4)
    pd.testing.assert_frame_equal(simultaneous(table.head(1)), table.head(1))
