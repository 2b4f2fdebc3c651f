import numpy as np
import pandas as pd
import pytest

from analysis.stats.nested import TooFewEvents, dummies, holm, nested_test


def drawn(effect, seed=2, size=1500):
    random = np.random.default_rng(seed)
    tier = pd.Series(random.choice(["a", "b"], size))
    group = pd.Series(random.integers(0, 3, size))
    log_odds = -1.5 + 0.7 * (tier == "b") + effect * (group == 1)
    return dummies(tier), dummies(group), random.random(size) < 1 / (1 + np.exp(-log_odds))


def result_of(effect, **rest):
    known, added, outcome = drawn(effect, **rest)
    return nested_test(known, added, outcome, np.arange(len(outcome)))


def test_groups_without_an_effect_beyond_the_known_are_told_as_such():
    found = result_of(0.0)
    assert (found.degrees, found.base) == (2, 1500)
    assert found.p > 0.05
    assert found.gain.low < 0


def test_a_planted_effect_is_found_with_its_gain():
    found = result_of(1.0)
    assert found.p < 0.001
    assert 0.01 < found.gain.low < found.gain.value < 0.15


def test_the_statistic_is_that_of_a_table_written_out():
    """Without `known` the ratio is G of the table: 30 of 100 against 60 of 120 (Agresti 2013, section 3.2)."""
    groups = pd.Series([0] * 100 + [1] * 120)
    outcome = np.r_[np.ones(30), np.zeros(70), np.ones(60), np.zeros(60)]
    seen, expected = np.array([30, 70, 60, 60]), np.array([90 * 100, 130 * 100, 90 * 120, 130 * 120]) / 220
    found = nested_test(pd.DataFrame(index=groups.index), dummies(groups), outcome, groups.index)
    assert found.statistic == pytest.approx(2 * (seen * np.log(seen / expected)).sum())


def test_a_group_without_events_leaves_the_test_finite():
    known, added, outcome = drawn(0.0)
    found = nested_test(known, added, outcome & (added[1] == 0), np.arange(len(outcome)))
    assert found.p < 1e-6
    assert found.gain.low > 0


def test_too_few_events_are_refused():
    known, added, _ = drawn(0.0)
    outcome = np.arange(1500) < 29
    with pytest.raises(TooFewEvents, match="29 events; 30 are needed"):
        nested_test(known, added, outcome, np.arange(1500))


def test_columns_that_follow_from_the_known_add_no_degree_of_freedom():
    known, _, outcome = drawn(0.0)
    found = nested_test(known, 1 - known, outcome, np.arange(1500))
    assert (found.degrees, found.p) == (0, 1.0)


def test_holm_written_out():
    assert holm([0.01, 0.04, 0.03]) == pytest.approx([0.03, 0.06, 0.06])
    assert len(holm([])) == 0
