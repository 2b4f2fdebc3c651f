"""Groups of alike rows, found only where they are stable and more separate than chance makes them."""

from collections.abc import Callable, Iterable
from dataclasses import dataclass

import numpy as np
import pandas as pd
from scipy.spatial.distance import cdist
from sklearn.cluster import KMeans
from sklearn.preprocessing import PowerTransformer
from threadpoolctl import threadpool_limits

STABLE = 0.75
REFERENCES = 15
REFERENCE_DEVIATIONS = 3.0
LARGEST_SCALED = 3.0
STARTS = 10
BOOTSTRAP_STARTS = 2
THREADS = 1
SILHOUETTE_ROWS = 800


@dataclass(frozen=True)
class Clustering:
    """`k` clusters (1: no stable segments), `labels` by row (0 is the largest cluster), `centres` (cluster × column),
    `stability` (mean bootstrap Jaccard by cluster, 0-1; empty if k is 1) and `table`, a row for each k that was tried:
    k, separation, reference, margin, mean_stability, min_stability, is_acceptable."""

    k: int
    labels: pd.Series
    centres: pd.DataFrame
    stability: pd.Series
    table: pd.DataFrame


def robust_scale(frame: pd.DataFrame) -> pd.DataFrame:
    """(value − median) / interquartile range × 1.349, drawn in to ±3: a normal column gets deviation 1.

    Where the middle half is one value, the standard deviation scales. Columns that do not vary are left out.
    Skewed amounts should be put on a log scale first."""
    varied = frame.loc[:, frame.nunique() > 1].astype(float)
    spread = (varied.quantile(0.75) - varied.quantile(0.25)) / 1.349
    scale = spread.where(spread > 0, varied.std())
    return ((varied - varied.median()) / scale).clip(-LARGEST_SCALED, LARGEST_SCALED)


@threadpool_limits.wrap(limits=THREADS)
def choose_clusters(
    frame: pd.DataFrame, k_range: Iterable[int] = range(2, 8), bootstraps: int = 25, seed: int = 0, sample: int = 1500
) -> Clustering:
    """k-means with the k whose separation most exceeds that of data without structure, among the stable ones.

    A k is acceptable if every cluster's bootstrap Jaccard is at least .75 (Hennig 2007; fpc's clusterboot) and its mean
    silhouette exceeds, by 3 of their standard deviations, those of one cloud of the same covariance and skewness and
    of a uniform box along the same axes (as Tibshirani, Walther and Hastie 2001). If no k is, k is 1.
    k is chosen on a random `sample` of rows; all rows then get labels. `frame`: scaled, nothing missing."""
    data = _checked(frame)
    random = np.random.default_rng(seed)
    rows = data if len(data) <= sample else data[np.sort(random.choice(len(data), sample, replace=False))]
    ks = [k for k in k_range if k < len(np.unique(rows, axis=0))]
    separation = _silhouettes(rows, ks, random)
    references = [
        np.array([_silhouettes(draw(random), ks, random) for _ in range(REFERENCES)])
        for draw in (_skewed_cloud(rows), _uniform_box(rows))
    ]
    stability = {k: jaccard_stability(rows, k, bootstraps, seed) for k in ks}
    table = _judged(ks, separation, references, stability)
    acceptable = table[table["is_acceptable"]]
    k = int(acceptable.loc[acceptable["margin"].idxmax(), "k"]) if len(acceptable) else 1
    return _labelled(frame, rows, k, seed, stability, table)


@threadpool_limits.wrap(limits=THREADS)
def jaccard_stability(x: np.ndarray | pd.DataFrame, k: int, bootstraps: int = 50, seed: int = 0) -> np.ndarray:
    """Mean over resamples of each k-means cluster's best Jaccard agreement with a cluster found anew (0-1).

    Clusters as k-means with this seed numbers them, compared on the rows that were drawn (Hennig 2007, Computational
    Statistics & Data Analysis 52). At most .5: dissolved; below .6: not to be trusted; .75 stable; .85 highly
    stable."""
    rows = np.asarray(x, dtype=float)
    labels = _fit(rows, k, seed)[1]
    random = np.random.default_rng(seed)
    agreement = np.zeros((bootstraps, k))
    for number in range(bootstraps):
        drawn, counts = np.unique(random.integers(len(rows), size=len(rows)), return_counts=True)
        again = _fit(rows[drawn], k, seed + number + 1, BOOTSTRAP_STARTS, weights=counts)[1]
        agreement[number] = _best_jaccard(labels[drawn], again, k)
    return agreement.mean(axis=0)


def silhouette(distances: np.ndarray, labels: np.ndarray) -> float:
    """Mean silhouette width (Rousseeuw 1987), -1 to 1, of labelled rows with these pairwise distances."""
    member = np.eye(labels.max() + 1)[labels]
    size = member.sum(axis=0)
    to_cluster = distances @ member
    rows = np.arange(len(labels))
    within = to_cluster[rows, labels] / np.maximum(size[labels] - 1, 1)
    away = np.where(size > 0, to_cluster / np.maximum(size, 1), np.inf)
    away[rows, labels] = np.inf
    nearest = away.min(axis=1)
    width = (nearest - within) / np.maximum(np.maximum(nearest, within), np.finfo(float).tiny)
    return float(np.where(size[labels] > 1, width, 0).mean())


def _judged(ks, separation, references, stability) -> pd.DataFrame:
    means = np.max([drawn.mean(axis=0) for drawn in references], axis=0)
    limits = [drawn.mean(axis=0) + REFERENCE_DEVIATIONS * drawn.std(axis=0, ddof=1) for drawn in references]
    table = pd.DataFrame(
        {
            "k": ks,
            "separation": separation,
            "reference": means,
            "margin": separation - means,
            "mean_stability": [stability[k].mean() for k in ks],
            "min_stability": [stability[k].min() for k in ks],
        }
    )
    beyond = separation > np.max(limits, axis=0)
    return table.assign(is_acceptable=beyond & (table["min_stability"] >= STABLE))


def _labelled(frame, rows, k, seed, stability, table) -> Clustering:
    centres, labels = _fit(frame.to_numpy(dtype=float), k, seed, centres=_fit(rows, k, seed)[0])
    order = np.argsort(-np.bincount(labels, minlength=k), kind="stable")
    clusters = pd.RangeIndex(k, name="cluster")
    return Clustering(
        k=k,
        labels=pd.Series(np.argsort(order)[labels], index=frame.index, name="cluster"),
        centres=pd.DataFrame(centres[order], index=clusters, columns=frame.columns),
        stability=pd.Series(stability[k][order] if k > 1 else [], clusters[: k if k > 1 else 0], float, "stability"),
        table=table,
    )


def _silhouettes(rows: np.ndarray, ks: list[int], random: np.random.Generator) -> np.ndarray:
    shown = rows if len(rows) <= SILHOUETTE_ROWS else rows[random.choice(len(rows), SILHOUETTE_ROWS, replace=False)]
    distances = cdist(shown, shown)
    return np.array([silhouette(distances, _fit(shown, k, 0, BOOTSTRAP_STARTS)[1]) for k in ks])


def _skewed_cloud(rows: np.ndarray) -> Callable[[np.random.Generator], np.ndarray]:
    """Draws from one normal cloud under a Yeo-Johnson transformation of each column, within the data's range."""
    shape = PowerTransformer().fit(rows)
    normal = shape.transform(rows)
    covariance = np.atleast_2d(np.cov(normal.T))

    def draw(random: np.random.Generator) -> np.ndarray:
        cloud = random.multivariate_normal(normal.mean(axis=0), covariance, len(rows), method="svd")
        return shape.inverse_transform(np.clip(cloud, normal.min(axis=0), normal.max(axis=0)))

    return draw


def _uniform_box(rows: np.ndarray) -> Callable[[np.random.Generator], np.ndarray]:
    """Draws evenly from the box along the data's principal axes that holds them."""
    centred = rows - rows.mean(axis=0)
    axes = np.linalg.svd(centred, full_matrices=False)[2]
    turned = centred @ axes.T
    return lambda random: random.uniform(turned.min(axis=0), turned.max(axis=0), turned.shape) @ axes


def _best_jaccard(labels: np.ndarray, again: np.ndarray, k: int) -> np.ndarray:
    both = np.bincount(labels * k + again, minlength=k * k).reshape(k, k)
    either = both.sum(axis=1, keepdims=True) + both.sum(axis=0, keepdims=True) - both
    return (both / np.maximum(either, 1)).max(axis=1)


def _fit(rows, k, seed, starts=STARTS, weights=None, centres=None) -> tuple[np.ndarray, np.ndarray]:
    """Centres and labels of k-means, from `starts` beginnings or from given `centres`."""
    begin = {"n_init": starts} if centres is None else {"n_init": 1, "init": centres}
    model = KMeans(k, random_state=seed, **begin).fit(rows, sample_weight=weights)
    return model.cluster_centers_, model.labels_


def _checked(frame: pd.DataFrame) -> np.ndarray:
    data = frame.to_numpy(dtype=float)
    if not data.size:
        raise ValueError("there is nothing to cluster: no rows, or no column that varies")
    if np.isnan(data).any():
        raise ValueError(f"{int(np.isnan(data).any(axis=1).sum())} rows have missing values: fill or leave them out")
    return data
