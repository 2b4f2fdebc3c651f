"""Who is in another group than before: what of it is noise of measurement, and what of the grouping itself."""

from typing import NamedTuple

import numpy as np
import pandas as pd
from sklearn.cluster import KMeans
from threadpoolctl import threadpool_limits

from analysis.stats.clusters import assign, matched
from analysis.stats.intervals import Estimate, percentile_interval

MOST_REFITTED, MOST_JUDGED = 5000, 50_000
STARTS = 10


class Movement(NamedTuple):
    """Share of subjects in another group than at the occasion before (`moved`), and its parts: `real` and `noise`."""

    moved: Estimate
    real: Estimate
    noise: Estimate


def three_waves(groups: np.ndarray, replicates: int = 1000, seed: int = 0) -> Movement:
    """The move from the second to the third of three equally distant occasions, parted by what the first one tells.

    `groups`: subject × 3, whole numbers from 0. Noise of measurement lowers the agreement (Cohen's kappa) of any two occasions
    alike, however far apart they lie; real movement adds up. So the part that truly stayed is κ(1, 3) ÷ κ(1, 2) (Heise 1969,
    American Sociological Review 34, whose correlations are kappas here), and `real` is what is then missing to all, less
    what agrees by chance. It assumes noise that is as strong at each occasion and independent between them, and movement that
    does not hang on earlier movement. Drift to and fro across a border counts as noise. Both parts are drawn in to
    0-`moved`. Intervals: percentile bootstrap of subjects. No value where the first agreement is not above chance."""
    number = int(groups.max()) + 1
    counts = np.bincount(groups @ np.array([number**2, number, 1]), minlength=number**3)
    drawn = np.random.default_rng(seed).multinomial(len(groups), counts / len(groups), replicates)
    values, others = _parted(counts[None], number), _parted(drawn, number)
    known = ~np.isnan(others[1])
    if np.isnan(values[1, 0]) or known.mean() < 0.975:
        unknown = Estimate(None, None, None, len(groups))
        return Movement(percentile_interval(values[0, 0], others[0], len(groups)), unknown, unknown)
    return Movement(
        *(percentile_interval(value[0], other[known], len(groups)) for value, other in zip(values, others, strict=True))
    )


@threadpool_limits.wrap(limits=1)
def regrouped(frame: pd.DataFrame, labels: pd.Series, replicates: int = 20, seed: int = 0) -> np.ndarray:
    """Share of rows that another cluster holds when as many clusters (k-means) are found anew on rows drawn with replacement
    (at most 5,000) and matched to `labels`: what the grouping owes to who happens to be in it. One number a replicate. Of more
    than 50,000 rows a random sample is judged."""
    random = np.random.default_rng(seed)
    frame = _at_most(frame, MOST_JUDGED, seed)
    labels = labels.loc[frame.index]
    shares = []
    for number in range(replicates):
        drawn = random.integers(len(frame), size=min(len(frame), MOST_REFITTED))
        shares.append(np.mean(refitted(frame.iloc[drawn], frame, labels, seed + number) != labels))
    return np.array(shares)


def refitted(rows: pd.DataFrame, frame: pd.DataFrame, labels: pd.Series, seed: int = 0) -> pd.Series:
    """Labels of all of `frame` by clusters found on `rows` (on 5,000 of more), numbered as `labels` are where they match."""
    data = _at_most(rows, MOST_REFITTED, seed).to_numpy(dtype=float)
    model = KMeans(labels.nunique(), n_init=STARTS, random_state=seed).fit(data)
    again = assign(frame, pd.DataFrame(model.cluster_centers_, columns=frame.columns))
    return again.map(matched(again, labels))


def _at_most(rows: pd.DataFrame, most: int, seed: int) -> pd.DataFrame:
    return rows if len(rows) <= most else rows.sample(most, random_state=seed)


def _parted(counts: np.ndarray, number: int) -> np.ndarray:
    """Rows of counts of the three occasions' groups → moved, real, noise (a row each)."""
    cube = counts.reshape(-1, number, number, number) / counts.sum(axis=1)[:, None, None, None]
    first, both, last = (_agreement(cube.sum(axis=axis)) for axis in (3, 2, 1))
    moved = 1 - last[0]
    with np.errstate(divide="ignore", invalid="ignore"):
        stayed = np.where((first[2] > 0) & (last[2] > 0), both[2] / first[2], np.nan)
    real = np.clip((1 - last[1]) * (1 - stayed), 0, moved)
    return np.array([moved, real, moved - real])


def _agreement(table: np.ndarray) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Share that agrees, share that agrees by chance, Cohen's kappa."""
    agree = np.trace(table, axis1=1, axis2=2)
    chance = (table.sum(axis=1) * table.sum(axis=2)).sum(axis=1)
    with np.errstate(divide="ignore", invalid="ignore"):
        return agree, chance, (agree - chance) / (1 - chance)
