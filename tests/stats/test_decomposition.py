from itertools import permutations

import numpy as np
import pytest

from analysis.stats.decomposition import (
    cluster_counts,
    cluster_interval,
    cluster_sums,
    clusters_of,
    coalitions,
    kitagawa,
    shapley_weights,
)


def test_mix_and_rate_add_up_to_the_change_whatever_the_groups():
    random = np.random.default_rng(1)
    sizes = random.integers(0, 50, (200, 2, 5)) + np.eye(1, 5, dtype=int)
    events = random.binomial(sizes, 0.2)
    mix, rate = kitagawa(sizes, events)
    of_all = events.sum(axis=-1) / sizes.sum(axis=-1)
    assert np.abs(mix.sum(axis=-1) + rate.sum(axis=-1) - (of_all[:, 1] - of_all[:, 0])).max() < 1e-12


def test_two_groups_by_hand():
    mix, rate = kitagawa([[50, 50], [70, 30]], [[10, 5], [21, 3]])
    assert mix == pytest.approx([0.2 * (0.25 - 0.195), -0.2 * (0.10 - 0.195)])
    assert rate == pytest.approx([0.1 * 0.6, 0.0])


def test_equal_shares_leave_no_mix_and_equal_rates_nothing_else():
    mix, _ = kitagawa([[100, 300], [50, 150]], [[10, 90], [9, 40]])
    _, rate = kitagawa([[100, 300], [200, 100]], [[10, 90], [20, 30]])
    assert np.abs(mix).max() < 1e-15
    assert np.abs(rate).max() < 1e-15


def test_a_group_that_is_new_counts_as_mix_alone():
    _, rate = kitagawa([[100, 0], [100, 50]], [[10, 0], [10, 20]])
    assert rate == pytest.approx([0, 0])


def test_shapley_shares_are_the_mean_over_all_orders():
    worth = np.random.default_rng(2).normal(size=16)
    place = {tuple(row): number for number, row in enumerate(coalitions(4))}
    gains = np.zeros((24, 4))
    for number, order in enumerate(permutations(range(4))):
        members = [False] * 4
        for player in order:
            before = worth[place[tuple(members)]]
            members[player] = True
            gains[number, player] = worth[place[tuple(members)]] - before
    assert shapley_weights(4) @ worth == pytest.approx(gains.mean(axis=0), abs=1e-14)


def test_more_parts_than_can_be_told_apart_are_refused():
    with pytest.raises(ValueError, match="9 parts have 512 sets; at most 8"):
        coalitions(9)


def test_few_branches_make_customers_the_units():
    assert not clusters_of(np.arange(80) % 8).are_subjects
    few = clusters_of(np.arange(1000) % 7)
    assert few.are_subjects
    assert few.count == 200
    assert np.bincount(few.codes).tolist() == [5] * 200


def test_the_interval_of_a_mean_is_that_of_the_cluster_robust_formula():
    random = np.random.default_rng(3)
    codes = np.repeat(np.arange(10), 20)
    values = random.normal(size=10)[codes] + random.normal(size=200)
    counts = cluster_counts(10, 20_000, seed=4)
    means = counts @ cluster_sums(values[:, None], codes, 10)[:, 0] / (counts.sum(axis=1) * 20)
    found = cluster_interval(values.mean(), means, 10, 200)
    standard_error = values.reshape(10, 20).mean(axis=1).std(ddof=1) / np.sqrt(10)
    assert found.high - found.value == pytest.approx(2.26216 * standard_error, rel=0.02)
