import numpy as np
import pandas as pd
import pytest
from sklearn.datasets import load_wine
from sklearn.metrics import adjusted_rand_score

from analysis.stats.cluster_choice import LEAST_MARGIN, STABLE, _steadiest, choose_clusters
from analysis.stats.clusters import robust_scale


def blobs(seed, sizes=(150, 100, 50)):
    random = np.random.default_rng(seed)
    centres = [(0, 0), (6, 0), (0, 6)]
    truth = np.repeat(range(len(sizes)), sizes)
    rows = np.concatenate([random.normal(centre, 1, (n, 2)) for centre, n in zip(centres, sizes, strict=True)])
    return pd.DataFrame(rows, columns=["x", "y"], index=range(1000, 1000 + len(rows))), truth


def test_three_separate_clouds_are_found_and_numbered_by_size():
    frame, truth = blobs(0)
    found = choose_clusters(frame, range(2, 6), bootstraps=15)
    assert found.k == 3
    assert found.labels.index.equals(frame.index)
    assert (found.labels == truth).mean() > 0.98
    assert (found.stability > 0.9).all()
    np.testing.assert_allclose(found.centres, [(0, 0), (6, 0), (0, 6)], atol=0.5)
    assert found.table["k"].tolist() == [2, 3, 4, 5]


def test_rows_outside_the_sample_get_the_same_clusters():
    frame, truth = blobs(1, (600, 500, 400))
    found = choose_clusters(frame, [2, 3, 4], bootstraps=10, sample=300)
    assert found.k == 3
    assert adjusted_rand_score(truth, found.labels) > 0.97


def test_wines_three_cultivars_are_found_without_being_told():
    rows, truth = load_wine(return_X_y=True)
    found = choose_clusters(robust_scale(pd.DataFrame(rows)), range(2, 6), bootstraps=20)
    assert found.k == 3
    assert adjusted_rand_score(truth, found.labels) > 0.85


STRUCTURELESS = {
    "normal": lambda random: random.normal(size=(400, 4)),
    "correlated": lambda random: random.normal(size=(400, 3)) @ np.array([[1, 0.9, 0.8], [0, 0.5, 0.2], [0, 0, 0.4]]),
    "uniform": lambda random: random.uniform(size=(400, 3)),
    "skewed": lambda random: random.exponential(size=(400, 3)),
    "counts": lambda random: random.poisson(2, size=(400, 3)),
}


@pytest.mark.parametrize("kind", STRUCTURELESS)
@pytest.mark.parametrize("seed", [0, 1])
def test_data_without_structure_yield_no_stable_segments(kind, seed):
    frame = pd.DataFrame(STRUCTURELESS[kind](np.random.default_rng(seed)))
    found = choose_clusters(robust_scale(frame), range(2, 6), bootstraps=8, seed=seed)
    assert found.k == 1
    assert set(found.labels) == {0}
    assert found.stability.empty
    assert len(found.centres) == 1


def test_the_same_seed_gives_the_same_clusters():
    frame, _ = blobs(2)
    one, two = (choose_clusters(frame, [3], bootstraps=5, seed=9) for _ in range(2))
    pd.testing.assert_frame_equal(one.table, two.table, check_exact=True)
    pd.testing.assert_frame_equal(one.centres, two.centres, check_exact=True)


def test_what_cannot_be_clustered_is_refused_in_a_sentence():
    with pytest.raises(ValueError, match="1 rows have missing values: fill or leave them out"):
        choose_clusters(pd.DataFrame({"a": [1.0, None, 3.0]}))
    with pytest.raises(ValueError, match="no rows, or no column that varies"):
        choose_clusters(robust_scale(pd.DataFrame({"a": [1.0, 1.0]})))


def tried(**rows):
    """k → (margin, stability of the least stable)."""
    pairs = [(int(name[1:]), *pair) for name, pair in rows.items()]
    return pd.DataFrame(pairs, columns=["k", "margin", "min_stability"])


def test_of_numbers_that_gain_alike_the_steadiest_is_taken():
    assert _steadiest(tried(k2=(0.10, 0.99), k4=(0.30, 0.90), k5=(0.30 + LEAST_MARGIN / 2, STABLE))) == 4
    assert _steadiest(tried(k4=(0.30, 0.90), k5=(0.30 + 2 * LEAST_MARGIN, STABLE))) == 5
    assert _steadiest(tried()) == 1


def test_columns_of_any_shape_without_ties_between_them_but_correlation_are_no_structure():
    """Two values, a mass at zero, a heavy tail, correlated: k-means cuts them, the reference does so as well."""
    random = np.random.default_rng(5)
    normal = random.multivariate_normal([0, 0, 0], [[1, 0.6, 0.3], [0.6, 1, 0.3], [0.3, 0.3, 1]], 800)
    frame = pd.DataFrame({"two": normal[:, 0] > 0.8, "zero": np.clip(normal[:, 1], 0, None), "tail": np.exp(normal[:, 2])})
    found = choose_clusters(robust_scale(frame.astype(float)), range(2, 5), bootstraps=8)
    assert found.k == 1


def test_the_space_of_a_clustering_is_that_of_its_labels():
    frame, _ = blobs(4)
    found = choose_clusters(frame, [3], bootstraps=5)
    assert found.assign(frame).tolist() == found.labels.tolist()
    assert found.labels.value_counts().is_monotonic_decreasing
