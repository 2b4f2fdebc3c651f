"""How many clusters there are: those that are stable and part the rows better than chance does, or none."""

from collections.abc import Callable, Iterable
from dataclasses import dataclass, replace

import numpy as np
import pandas as pd
from scipy.spatial.distance import cdist
from scipy.special import ndtri
from scipy.stats import rankdata
from threadpoolctl import threadpool_limits

from analysis.stats.clusters import BOOTSTRAP_STARTS, THREADS, Fit, assign, fit_clusters, jaccard_stability, silhouette

STABLE = 0.75
REFERENCES = 15
REFERENCE_DEVIATIONS = 3.0
LEAST_MARGIN = 0.07  # of log-likelihood a row
SILHOUETTE_ROWS = 800


@dataclass(frozen=True)
class Clustering:
    """`k` clusters (1: no stable segments), `labels` by row (0 is the largest cluster), `centres` (cluster × column, in the units
    of the rows), `stability` (mean bootstrap Jaccard by cluster, 0-1; empty if k is 1), `table`, a row for each k that was
    tried: k, silhouette (in the metric found), separation (log-likelihood a row gained over one cluster), reference (the
    same of data without structure, mean), deviation (of that), margin, mean_stability, min_stability, is_acceptable; and the
    `metric` (column × coordinate): see `clusters.Fit`."""

    k: int
    labels: pd.Series
    centres: pd.DataFrame
    stability: pd.Series
    table: pd.DataFrame
    metric: pd.DataFrame

    def space(self, frame: pd.DataFrame) -> pd.DataFrame:
        """Rows, scaled as those that were clustered, in the space in which each belongs to the nearest centre."""
        return frame[self.metric.index] @ self.metric

    def assign(self, frame: pd.DataFrame) -> pd.Series:
        """The cluster of each row, scaled as those that were clustered."""
        return assign(self.space(frame), self.space(self.centres))


@threadpool_limits.wrap(limits=THREADS)
def choose_clusters(
    frame: pd.DataFrame, k_range: Iterable[int] = range(2, 8), bootstraps: int = 25, seed: int = 0, sample: int = 1500
) -> Clustering:
    """Clusters (`fit_clusters`, adapting): the steadiest of the numbers that gain about as much over data without structure as any.

    A k is acceptable if every cluster's bootstrap Jaccard is at least .75 (Hennig 2007; fpc's clusterboot) and its likelihood
    gains more over one cluster, by LEAST_MARGIN and by 3 of their standard deviations, than it does in data with the same
    columns and the same rank correlations but nothing else in common (the gap of Tibshirani, Walther and Hastie 2001, with a
    normal copula for the reference). Of those whose margin comes within LEAST_MARGIN of the greatest the k is taken whose
    least stable cluster is the most stable. If none is acceptable, k is 1. k is chosen on a random `sample` of rows; all rows
    then get labels. `frame`: scaled, nothing missing."""
    data = _checked(frame)
    random = np.random.default_rng(seed)
    rows = data if len(data) <= sample else data[np.sort(random.choice(len(data), sample, replace=False))]
    ks = [k for k in k_range if k < len(np.unique(rows, axis=0))]
    fits = {k: fit_clusters(rows, k, seed, adapts=True) for k in ks}
    draw = _unstructured(rows)
    references = np.array([_gains(draw(random), ks) for _ in range(REFERENCES)])
    stability = {k: jaccard_stability(rows, k, bootstraps, seed, adapts=True) for k in ks}
    table = _judged(rows, fits, references, stability)
    k = _steadiest(table[table["is_acceptable"]])
    return _labelled(frame, fits[k] if k > 1 else _one(rows), stability.get(k), table)


def _steadiest(acceptable: pd.DataFrame) -> int:
    if acceptable.empty:
        return 1
    close = acceptable[acceptable["margin"] >= acceptable["margin"].max() - LEAST_MARGIN]
    return int(close.loc[close["min_stability"].idxmax(), "k"])


def _one(rows: np.ndarray) -> Fit:
    return fit_clusters(rows, 1, 0, 1, adapts=True)


def _gains(rows: np.ndarray, ks: list[int]) -> np.ndarray:
    whole = _one(rows).criterion
    return np.array([whole - fit_clusters(rows, k, 0, BOOTSTRAP_STARTS, adapts=True).criterion for k in ks])


def _judged(rows: np.ndarray, fits: dict[int, Fit], references: np.ndarray, stability: dict[int, np.ndarray]) -> pd.DataFrame:
    whole, mean = _one(rows).criterion, references.mean(axis=0)
    separation = np.array([whole - fit.criterion for fit in fits.values()])
    table = pd.DataFrame(
        {
            "k": list(fits),
            "silhouette": [_silhouette(rows, fit) for fit in fits.values()],
            "separation": separation,
            "reference": mean,
            "deviation": references.std(axis=0, ddof=1),
            "margin": separation - mean,
            "mean_stability": [stability[k].mean() for k in fits],
            "min_stability": [stability[k].min() for k in fits],
        }
    )
    needed = np.maximum(REFERENCE_DEVIATIONS * table["deviation"], LEAST_MARGIN)
    return table.assign(is_acceptable=(table["margin"] > needed) & (table["min_stability"] >= STABLE))


def _silhouette(rows: np.ndarray, fit: Fit) -> float:
    some = slice(None, None, max(len(rows) // SILHOUETTE_ROWS, 1))
    moved = rows[some] @ fit.metric
    return silhouette(cdist(moved, moved), fit.labels[some])


def _labelled(frame: pd.DataFrame, fit: Fit, stability: np.ndarray | None, table: pd.DataFrame) -> Clustering:
    """Numbered by size among all rows, which go to the centres found on the sample."""
    k, columns = len(fit.centres), frame.columns
    numbers = pd.RangeIndex(k, name="cluster")
    found = Clustering(
        k=k,
        labels=pd.Series(dtype=int),
        centres=pd.DataFrame(fit.centres, numbers, columns),
        stability=pd.Series([] if stability is None else stability, numbers[: 0 if stability is None else k], float, "stability"),
        table=table,
        metric=pd.DataFrame(fit.metric, columns, [f"axis {number + 1}" for number in range(len(columns))]),
    )
    labels = found.assign(frame)
    order = np.argsort(-np.bincount(labels, minlength=k), kind="stable")
    return replace(
        found,
        labels=pd.Series(np.argsort(order)[labels], frame.index, name="cluster"),
        centres=found.centres.reindex(order).set_axis(numbers),
        stability=found.stability if stability is None else found.stability.reindex(order).set_axis(numbers),
    )


def _unstructured(rows: np.ndarray) -> Callable[[np.random.Generator], np.ndarray]:
    """Draws rows whose columns are those of the data, each by itself, tied only by their rank correlations: a normal copula."""
    scores = ndtri(np.column_stack([(rankdata(column, "average") - 0.5) / len(rows) for column in rows.T]))
    correlation = np.atleast_2d(np.corrcoef(scores.T))
    columns = np.sort(rows, axis=0)

    def draw(random: np.random.Generator) -> np.ndarray:
        normal = random.multivariate_normal(np.zeros(len(correlation)), correlation, len(rows), method="svd")
        places = normal.argsort(axis=0).argsort(axis=0)
        return np.take_along_axis(columns, places, axis=0)

    return draw


def _checked(frame: pd.DataFrame) -> np.ndarray:
    data = frame.to_numpy(dtype=float)
    if not data.size:
        raise ValueError("there is nothing to cluster: no rows, or no column that varies")
    if np.isnan(data).any():
        raise ValueError(f"{int(np.isnan(data).any(axis=1).sum())} rows have missing values: fill or leave them out")
    return data
