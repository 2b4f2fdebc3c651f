import numpy as np
import pytest

from analysis.stats.wild import WEBB, wild_df, wild_p, wild_weights


def test_few_clusters_are_enumerated_and_more_are_drawn_from_webbs_points():
    signs = wild_weights(8)
    assert len({tuple(row) for row in signs}) == 256
    assert WEBB.mean() == pytest.approx(0)
    assert (WEBB**2).mean() == pytest.approx(1)
    assert np.isin(wild_weights(14, replicates=50), WEBB).all()


def test_one_cluster_that_carries_the_error_widens_the_interval():
    even = np.array([1.0, -1.0] * 6)
    uneven = np.array([8.0, *[-8 / 11] * 11])
    assert wild_df(even) > 9
    assert wild_df(uneven) <= 11
    assert wild_p(20.0, even) < wild_p(1.0, even)


def test_under_no_effect_it_rejects_about_as_often_as_it_says():
    # ten clusters of unequal size; the sum of a cluster's values spreads with the root of its size
    random = np.random.default_rng(0)
    size = np.array([1, 1, 2, 2, 3, 3, 4, 4, 6, 8.0])
    rejected = []
    for _ in range(300):
        sums = np.sqrt(size) * random.standard_normal(10)
        value = sums.sum() / size.sum()
        rejected.append(wild_p(value, (sums - value * size) / size.sum()) < 0.05)
    assert 0.02 < np.mean(rejected) < 0.10
