"""Shapley's split: the axioms, and sets of causes that multiply each other."""

from itertools import permutations

import numpy as np
import pytest

from analysis.stats.shapley import set_values, shapley

RANDOM = np.random.default_rng(3)
VALUES = RANDOM.normal(size=16)


def test_the_parts_add_up_to_the_value_of_all_less_that_of_none():
    assert shapley(VALUES, 4).sum() == pytest.approx(VALUES[-1] - VALUES[0], abs=1e-12)


def test_a_part_is_what_the_cause_adds_averaged_over_all_orders():
    def added(order, cause):
        before = sum(1 << one for one in order[: order.index(cause)])
        return VALUES[before | 1 << cause] - VALUES[before]

    by_order = [np.mean([added(order, cause) for order in permutations(range(4))]) for cause in range(4)]
    assert shapley(VALUES, 4) == pytest.approx(by_order, abs=1e-12)


def test_a_cause_that_adds_nothing_has_nothing_and_alike_causes_have_alike_parts():
    spared = np.array([[0.5, 1.0, 0.5], [0.8, 1.0, 0.8], [1.0, 1.0, 1.0]])
    parts = shapley(set_values(spared, 4.0), 3)
    assert parts[1] == pytest.approx(0, abs=1e-12)
    assert parts[0] == pytest.approx(parts[2], abs=1e-12)


def test_parts_of_a_sum_of_games_are_the_sums_of_the_parts():
    other = RANDOM.normal(size=16)
    assert shapley(VALUES + 2 * other, 4) == pytest.approx(shapley(VALUES, 4) + 2 * shapley(other, 4), abs=1e-12)


def test_one_event_with_two_causes_counts_once():
    values = set_values(np.array([[0.5, 0.5]]), 1.0)
    assert values == pytest.approx([0, 0.5, 0.5, 0.75])
    assert shapley(values, 2) == pytest.approx([0.375, 0.375])
