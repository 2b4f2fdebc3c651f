"""Pooling against published examples and simulated groups."""

import numpy as np
import pandas as pd
import pytest
from scipy.stats import f, f_oneway

from analysis.stats.pooling import between_share, grouped, lowest_chance, pooled_draws, rank_ranges

SCHOOLS = np.array([28.0, 8, -3, 7, -1, 1, 18, 12]), np.array([15.0, 10, 16, 11, 9, 11, 10, 18])
RATINGS = [[9, 2, 5, 8], [6, 1, 3, 2], [8, 4, 6, 8], [7, 1, 2, 6], [10, 5, 6, 9], [6, 2, 4, 7]]


def of(values: list[list[float]]):
    return grouped(
        pd.Series(np.repeat(range(len(values)), [len(row) for row in values])), pd.Series(np.concatenate(values).astype(float))
    )


def test_eight_schools():
    """Gelman and others, Bayesian Data Analysis, table 5.3 (200 simulations, whole points): medians of schools A to H, and the
    2.5 and 97.5 percentiles of A, under the prior of that book."""
    draws = pooled_draws(SCHOOLS[0], SCHOOLS[1] ** 2, 20_000, flat_in=1)
    assert np.median(draws, axis=0) == pytest.approx([10, 8, 7, 7, 5, 6, 10, 8], abs=1.0)
    assert np.quantile(draws[:, 0], [0.025, 0.975]) == pytest.approx([-2, 31], abs=2)


def test_ratings_of_shrout_and_fleiss():
    """Shrout and Fleiss 1979, table 4: ICC(1,1) .17; its exact interval reaches .72 and falls below 0."""
    found = between_share(of(RATINGS))
    assert (found.value, found.low, found.high) == (pytest.approx(0.17, abs=5e-3), 0, pytest.approx(0.72, abs=5e-3))


def test_the_interval_of_groups_of_one_size_in_closed_form():
    """Searle 1971: (F ÷ quantile − 1) ÷ (F ÷ quantile + n − 1) for k groups of n."""
    rows = np.random.default_rng(5).normal(0, 1, (6, 8)) + np.arange(6)[:, None]
    ratio = f_oneway(*rows).statistic / f.ppf([0.975, 0.025], 5, 42)
    assert between_share(of(rows.tolist()))[1:3] == pytest.approx((ratio - 1) / (ratio + 7))


def test_small_groups_are_drawn_further_towards_the_whole():
    means, variances = np.array([9.0, 9.0, 7.0, 7.0, 7.2, 6.8]), np.array([1.0, 0.01, 0.1, 0.1, 0.1, 0.1])
    pooled = pooled_draws(means, variances).mean(axis=0)
    assert 7 < pooled[0] < pooled[1] < 9


def test_pooled_intervals_hold_the_true_means_and_lie_nearer_to_them():
    random, held, better = np.random.default_rng(2), [], []
    for seed in range(60):
        sizes = random.integers(5, 60, 30)
        truth = random.normal(7, 0.2, 30)
        means = random.normal(truth, 1.4 / np.sqrt(sizes))
        draws = pooled_draws(means, 1.4**2 / sizes, 1000, seed)
        low, high = np.quantile(draws, [0.025, 0.975], axis=0)
        held.append(((low <= truth) & (truth <= high)).mean())
        better.append(np.square(draws.mean(axis=0) - truth).mean() < np.square(means - truth).mean())
    assert np.mean(held) == pytest.approx(0.95, abs=0.02)
    assert np.mean(better) > 0.95


def test_ranks_follow_from_the_pairs_that_differ():
    """Two groups far below three equal ones: ranks 1 to 2 and 3 to 5."""
    rows = [[1.0, 2.0, 1.5, 1.7], [1.2, 1.9, 1.4, 1.6], *([[9.0, 8.0, 8.5, 8.2]] * 3)]
    ranks = rank_ranges(of(rows))
    assert ranks["first"].tolist() == [1, 1, 3, 3, 3]
    assert ranks["last"].tolist() == [2, 2, 5, 5, 5]


def test_the_chance_to_be_among_the_lowest():
    draws = np.array([[1.0, 2.0, 3.0, 4.0, 5.0], [2.0, 1.0, 3.0, 4.0, 5.0], [1.0, 2.0, 3.0, 4.0, 5.0], [1.0, 9.0, 9.5, 9.7, 9.9]])
    assert lowest_chance(draws, 0.2).tolist() == [0.75, 0.25, 0, 0, 0]


def test_without_spread_within_groups_there_is_nothing_to_pool():
    assert of([[8.0, 8.0], [8.0, 8.0], [8.0]]) is None
    assert of([[8.0, 7.0], [8.0, 9.0], [8.0, 6.0]]) is None
