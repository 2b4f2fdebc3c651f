import numpy as np
import pandas as pd
import pytest
from sklearn.cluster import KMeans
from sklearn.datasets import load_iris, load_wine
from sklearn.metrics import adjusted_rand_score, pairwise_distances, silhouette_score
from sklearn.preprocessing import StandardScaler

from analysis.stats.clusters import assign, fit_clusters, jaccard_stability, matched, robust_scale, scaling_of, silhouette


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


def test_scaling_is_by_median_and_quartiles_and_drops_what_does_not_vary():
    scaled = robust_scale(pd.DataFrame({"a": [1, 2, 3, 4, 1000], "same": [7] * 5, "rare": [0, 0, 0, 0, 1]}))
    assert scaled.columns.tolist() == ["a", "rare"]
    step = 1.349 / 2
    assert scaled["a"].tolist() == pytest.approx([-2 * step, -step, 0, step, 3.0])
    assert scaled["rare"].tolist() == pytest.approx([0, 0, 0, 0, 5**0.5])


def test_another_date_is_scaled_as_the_first():
    scaling = scaling_of(pd.DataFrame({"a": [1.0, 2.0, 3.0, 4.0, 5.0]}))
    assert scaling.of(pd.DataFrame({"a": [3.0, 5.0, 100.0]}))["a"].tolist() == pytest.approx([0, 2 * 1.349 / 2, 3.0])


def test_distances_within_clusters_see_past_columns_that_vary_together():
    random, truth = np.random.default_rng(3), np.repeat([0, 1], 300)
    along, across = 0.6 * random.normal(size=600), 0.25 * random.normal(size=600)
    rows = np.column_stack([truth * 1.4 + along + across, along - across])
    plain, adapted = (fit_clusters(rows, 2, 0, adapts=adapts) for adapts in (False, True))
    assert adjusted_rand_score(truth, plain.labels) < 0.45
    assert adjusted_rand_score(truth, adapted.labels) > 0.6
    assert adapted.criterion == pytest.approx(min(fit_clusters(rows, 2, seed, 1, adapts=True).criterion for seed in range(4)))


def test_weights_count_rows_as_often():
    rows = np.random.default_rng(1).normal(size=(60, 2)) + np.repeat([[0, 0], [5, 5]], 30, axis=0)
    counts = np.tile([1, 2, 3], 20)
    weighted = fit_clusters(rows, 2, 0, 4, counts, adapts=True)
    repeated = fit_clusters(np.repeat(rows, counts, axis=0), 2, 0, 4, adapts=True)
    np.testing.assert_allclose(np.sort(weighted.centres, axis=0), np.sort(repeated.centres, axis=0))
    assert weighted.criterion == pytest.approx(repeated.criterion)


def test_each_row_goes_to_its_nearest_centre_in_pieces_too(monkeypatch):
    random = np.random.default_rng(0)
    frame = pd.DataFrame(random.normal(size=(1000, 3)), columns=list("abc"), index=range(5, 1005))
    centres = pd.DataFrame(random.normal(size=(4, 3)), columns=list("abc"), index=[3, 1, 7, 0])
    wanted = centres.index.to_numpy()[pairwise_distances(frame, centres).argmin(axis=1)]
    monkeypatch.setattr("analysis.stats.clusters.ROWS_AT_ONCE", 300)
    found = assign(frame, centres)
    assert found.tolist() == wanted.tolist()
    assert found.index.equals(frame.index)


def test_clusters_are_matched_by_the_rows_they_share():
    reference = pd.Series([0] * 5 + [1] * 4 + [2] * 3)
    labels = pd.Series([2] * 5 + [0] * 3 + [3] + [1] * 3)
    assert matched(labels, reference) == {2: 0, 0: 1, 1: 2, 3: 3}
    assert matched(reference, reference) == {0: 0, 1: 1, 2: 2}
