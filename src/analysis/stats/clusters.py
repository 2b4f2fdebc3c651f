"""Groups of alike rows by k-means, in plain distances or in those of the spread within groups; and how stable they are."""

from dataclasses import dataclass

import numpy as np
import pandas as pd
from scipy.optimize import linear_sum_assignment
from sklearn.cluster import KMeans
from threadpoolctl import threadpool_limits

LARGEST_SCALED = 3.0
STARTS, BOOTSTRAP_STARTS = 10, 2
THREADS = 1
MOST_STEPS = 60
RIDGE = 1e-3
ROWS_AT_ONCE = 100_000


@dataclass(frozen=True)
class Scaling:
    """What brings columns to one scale: `middle` (median) and `spread` by column (see `robust_scale`)."""

    middle: pd.Series
    spread: pd.Series

    def of(self, frame: pd.DataFrame) -> pd.DataFrame:
        """The columns of `frame` on this scale, drawn in to ±3."""
        known = frame[self.middle.index].astype(float)
        return ((known - self.middle) / self.spread).clip(-LARGEST_SCALED, LARGEST_SCALED)


def scaling_of(frame: pd.DataFrame) -> Scaling:
    """The scaling that `robust_scale` gives this frame; columns that do not vary have none."""
    varied = frame.loc[:, frame.nunique() > 1].astype(float)
    spread = (varied.quantile(0.75) - varied.quantile(0.25)) / 1.349
    return Scaling(varied.median(), spread.where(spread > 0, varied.std()))


def robust_scale(frame: pd.DataFrame) -> pd.DataFrame:
    """(value − median) / interquartile range × 1.349, drawn in to ±3: a normal column gets deviation 1.

    Where the middle half is one value, the standard deviation scales. Columns that do not vary are left out.
    Skewed amounts should be put on a log scale first."""
    return scaling_of(frame).of(frame)


@dataclass(frozen=True)
class Fit:
    """`labels` by row, `centres` (cluster × column, in the rows' own units) and the `metric` (column × column): rows @ metric is the
    space in which each row goes to its nearest centre. `criterion` is what was made small: the sum of squares for plain
    k-means, else half the log determinant of the covariance within clusters (a row's loss of log-likelihood)."""

    labels: np.ndarray
    centres: np.ndarray
    metric: np.ndarray
    criterion: float


def fit_clusters(rows: np.ndarray, k: int, seed: int, starts: int = STARTS, weights=None, adapts: bool = False) -> Fit:
    """k-means of scaled rows; if it `adapts`, with the pooled covariance within clusters for its distances, found together with the
    clusters: the partition with the least determinant of that covariance (Friedman and Rubin 1967). Columns that say the same
    twice then count once, and one that does not part the clusters blurs them less. The best of several `starts` is kept."""
    if not adapts:
        model = KMeans(k, n_init=starts, random_state=seed).fit(rows, sample_weight=weights)
        return Fit(model.labels_, model.cluster_centers_, np.eye(rows.shape[1]), float(model.inertia_))
    weights = np.ones(len(rows)) if weights is None else np.asarray(weights, dtype=float)
    begun = [KMeans(k, n_init=1, random_state=seed + number).fit(rows, sample_weight=weights).labels_ for number in range(starts)]
    return min((_adapted(rows, weights, labels, k) for labels in begun), key=lambda fit: fit.criterion)


def _adapted(rows: np.ndarray, weights: np.ndarray, labels: np.ndarray, k: int) -> Fit:
    """Assigning and refitting in turn until nothing moves."""
    for _ in range(MOST_STEPS):
        fit = _refitted(rows, weights, labels, k)
        again = nearest(rows @ fit.metric, fit.centres @ fit.metric)
        if (again == labels).all() or len(np.unique(again)) < k:
            break
        labels = again
    return fit


def _refitted(rows: np.ndarray, weights: np.ndarray, labels: np.ndarray, k: int) -> Fit:
    member = np.eye(k)[labels] * weights[:, None]
    size = member.sum(axis=0)
    centres = member.T @ rows / size[:, None]
    deviation = rows - centres[labels]
    within = (deviation * weights[:, None]).T @ deviation / size.sum() + RIDGE * np.eye(rows.shape[1])
    return Fit(labels, centres, np.linalg.cholesky(np.linalg.inv(within)), float(np.linalg.slogdet(within)[1] / 2))


def nearest(rows: np.ndarray, centres: np.ndarray) -> np.ndarray:
    """The number of the centre that lies nearest to each row."""
    return ((centres**2).sum(axis=1) - 2 * rows @ centres.T).argmin(axis=1)


@threadpool_limits.wrap(limits=THREADS)
def assign(frame: pd.DataFrame, centres: pd.DataFrame) -> pd.Series:
    """The cluster (index of `centres`) whose centre lies nearest to each row of `frame`, which has its columns; in pieces, so that
    a million rows need little more room than they take."""
    names, middle = centres.index.to_numpy(), centres.to_numpy(dtype=float)
    pieces = [
        nearest(frame[centres.columns].iloc[start : start + ROWS_AT_ONCE].to_numpy(dtype=float), middle)
        for start in range(0, len(frame), ROWS_AT_ONCE)
    ]
    return pd.Series(names[np.concatenate(pieces)] if pieces else [], index=frame.index, name="cluster")


def matched(labels: pd.Series, reference: pd.Series) -> dict[int, int]:
    """Which cluster of `reference` each cluster of `labels` is: the pairing with the most rows in common (Kuhn 1955). A cluster
    without a partner gets a new number."""
    common = pd.crosstab(labels, reference)
    rows, columns = linear_sum_assignment(common.to_numpy(), maximize=True)
    pairs = {common.index[row]: common.columns[column] for row, column in zip(rows, columns, strict=True)}
    new = iter(range(int(reference.max()) + 1, int(reference.max()) + 1 + len(common)))
    return {cluster: pairs[cluster] if cluster in pairs else next(new) for cluster in common.index}


@threadpool_limits.wrap(limits=THREADS)
def jaccard_stability(
    x: np.ndarray | pd.DataFrame, k: int, bootstraps: int = 50, seed: int = 0, adapts: bool = False
) -> np.ndarray:
    """Mean over resamples of each cluster's best Jaccard agreement with a cluster found anew (0-1), metric and all.

    Clusters as `fit_clusters` with this seed numbers them, compared on the rows that were drawn (Hennig 2007, Computational
    Statistics & Data Analysis 52). At most .5: dissolved; below .6: not to be trusted; .75 stable; .85 highly
    stable."""
    rows = np.asarray(x, dtype=float)
    fit = fit_clusters(rows, k, seed, adapts=adapts)
    random = np.random.default_rng(seed)
    agreement = np.zeros((bootstraps, k))
    for number in range(bootstraps):
        drawn, counts = np.unique(random.integers(len(rows), size=len(rows)), return_counts=True)
        again = fit_clusters(rows[drawn], k, seed + number + 1, BOOTSTRAP_STARTS, counts, adapts).labels
        agreement[number] = _best_jaccard(fit.labels[drawn], again, k)
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


def _best_jaccard(labels: np.ndarray, again: np.ndarray, k: int) -> np.ndarray:
    both = np.bincount(labels * k + again, minlength=k * k).reshape(k, k)
    either = both.sum(axis=1, keepdims=True) + both.sum(axis=0, keepdims=True) - both
    return (both / np.maximum(either, 1)).max(axis=1)
