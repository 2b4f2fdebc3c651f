import numpy as np
import pandas as pd
import pytest
from sklearn.cluster import KMeans
from sklearn.datasets import load_iris, load_wine
from sklearn.metrics import adjusted_rand_score, pairwise_distances, silhouette_score
from sklearn.preprocessing import StandardScaler

from analysis.stats.cluster_choice import choose_clusters
from analysis.stats.clusters import jaccard_stability, robust_scale, silhouette


def blobs(seed, sizes=(150, 100, 50)):
    random = np.random.default_rng(seed)
    centres = [(0, 0), (6, 0), (0, 6)]
    truth = np.repeat(range(len(sizes)), sizes)
    rows = np.concatenate([random.normal(centre, 1, (n, 2)) for centre, n in zip(centres, sizes, strict=True)])
    return pd.DataFrame(rows, columns=["x", "y"], index=range(1000, 1000 + len(rows))), truth


@pytest.mark.parametrize(
    ("load", "standardised", "ari", "inertia"),
    [
        (load_iris, False, 0.7302, 78.851),
        (load_iris, True, 0.6201, None),
        (load_wine, False, 0.3711, None),
        (load_wine, True, 0.8975, 1277.93),
    ],
)
def test_k_means_itself_is_the_known_one(load, standardised, ari, inertia):
    rows, truth = load(return_X_y=True)
    fit = KMeans(3, n_init=50, random_state=0).fit(StandardScaler().fit_transform(rows) if standardised else rows)
    assert adjusted_rand_score(truth, fit.labels_) == pytest.approx(ari, abs=0.005)
    assert inertia is None or fit.inertia_ == pytest.approx(inertia, rel=1e-3)


def test_stability_of_iris_is_that_of_hennigs_clusterboot():
    stability = jaccard_stability(load_iris().data, 3, bootstraps=100, seed=2)
    assert sorted(stability) == pytest.approx([0.890, 0.904, 1.000], abs=0.03)


def test_silhouette_agrees_with_scikit_learn():
    rows, labels = load_iris(return_X_y=True)
    assert silhouette(pairwise_distances(rows), labels) == pytest.approx(silhouette_score(rows, labels), abs=1e-12)
    alone = np.array([0, 0, 1])
    distances = pairwise_distances(rows[[0, 60, 120]])
    assert silhouette(distances, alone) == pytest.approx(silhouette_score(rows[[0, 60, 120]], alone), abs=1e-12)


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


def test_scaling_is_by_median_and_quartiles_and_drops_what_does_not_vary():
    scaled = robust_scale(pd.DataFrame({"a": [1, 2, 3, 4, 1000], "same": [7] * 5, "rare": [0, 0, 0, 0, 1]}))
    assert scaled.columns.tolist() == ["a", "rare"]
    step = 1.349 / 2
    assert scaled["a"].tolist() == pytest.approx([-2 * step, -step, 0, step, 3.0])
    assert scaled["rare"].tolist() == pytest.approx([0, 0, 0, 0, 5**0.5])


def test_what_cannot_be_clustered_is_refused_in_a_sentence():
    with pytest.raises(ValueError, match="1 rows have missing values: fill or leave them out"):
        choose_clusters(pd.DataFrame({"a": [1.0, None, 3.0]}))
    with pytest.raises(ValueError, match="no rows, or no column that varies"):
        choose_clusters(robust_scale(pd.DataFrame({"a": [1.0, 1.0]})))
