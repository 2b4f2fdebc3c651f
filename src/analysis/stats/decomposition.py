"""Why a rate changed between two periods: mix and rate by group, shares of a change that hang on no order, and their intervals."""

from dataclasses import dataclass

import numpy as np
from scipy.special import stdtrit

from analysis.stats.intervals import Estimate

FEWEST_CLUSTERS = 8
RANDOM_GROUPS = 200
MOST_PLAYERS = 8


@dataclass(frozen=True)
class Clusters:
    """What is drawn together: `codes`, each subject's cluster, 0 to `count` − 1. `are_subjects` where the clusters given were
    fewer than FEWEST_CLUSTERS, so that subjects themselves are drawn."""

    codes: np.ndarray
    count: int
    are_subjects: bool


def kitagawa(sizes: np.ndarray, events: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Sizes and events of two periods by group (…, 2, groups) → mix and rate part of each group (…, groups).

    Averaged weights (Kitagawa 1955): mix = Δshare × (mean rate of the group − mean rate of all), rate = Δrate × mean share. Their sum
    over groups is the change of the rate of all. That shares add up to 1 leaves the mean rate of all without weight in the sum; it
    makes a group's mix part zero where its rate is that of all. A group empty in one period has there the rate of the other."""
    sizes, events = np.asarray(sizes, dtype=float), np.asarray(events, dtype=float)
    share = sizes / sizes.sum(axis=-1, keepdims=True)
    own = events / np.where(sizes > 0, sizes, 1)
    rate = np.where(sizes > 0, own, own[..., ::-1, :])
    of_all = (events.sum(axis=-1) / sizes.sum(axis=-1)).mean(axis=-1, keepdims=True)
    mix = (share[..., 1, :] - share[..., 0, :]) * (rate.mean(axis=-2) - of_all)
    return mix, (rate[..., 1, :] - rate[..., 0, :]) * share.mean(axis=-2)


def coalitions(players: int) -> np.ndarray:
    """All sets of `players`: one row a set, a column a player (bool); the set of none first, that of all last."""
    if players > MOST_PLAYERS:
        raise ValueError(f"{players} parts have {2**players} sets; at most {MOST_PLAYERS} parts are told apart")
    return (np.arange(2**players)[:, None] >> np.arange(players) & 1).astype(bool)


def shapley_weights(players: int) -> np.ndarray:
    """The matrix (players × sets, in the order of `coalitions`) that turns the worth of every set into each player's share of
    worth(all) − worth(none): its gain on joining, averaged over all orders (Shapley 1953)."""
    sets = coalitions(players)
    size = sets.sum(axis=1)
    factorial = np.cumprod([1, *range(1, players + 1)]).astype(float)
    joined = factorial[np.maximum(size - 1, 0)] * factorial[players - size]
    left = factorial[size] * factorial[np.maximum(players - size - 1, 0)]
    return np.where(sets, joined[:, None], -left[:, None]).T / factorial[players]


def clusters_of(labels: np.ndarray, seed: int = 0) -> Clusters:
    """Each subject's label → clusters. Below FEWEST_CLUSTERS labels subjects are the units: put at random into RANDOM_GROUPS groups,
    or as many as there are subjects (random groups: Wolter 2007, chapter 2)."""
    names, codes = np.unique(np.asarray(labels, dtype=str), return_inverse=True)
    if len(names) >= FEWEST_CLUSTERS:
        return Clusters(codes, len(names), are_subjects=False)
    count = min(RANDOM_GROUPS, len(codes))
    return Clusters(np.random.default_rng(seed).permutation(len(codes)) % count, count, are_subjects=True)


def cluster_counts(clusters: int, draws: int, seed: int) -> np.ndarray:
    """How often each cluster is in each of the `draws` of a cluster bootstrap (draws × clusters)."""
    return np.random.default_rng(seed).multinomial(clusters, np.full(clusters, 1 / clusters), size=draws).astype(float)


def cluster_sums(values: np.ndarray, codes: np.ndarray, clusters: int) -> np.ndarray:
    """Sum of the rows of `values` (rows × columns) by cluster."""
    return np.column_stack(
        [np.bincount(codes, weights=column, minlength=clusters) for column in np.asarray(values, dtype=float).T]
    )


def cluster_interval(value: float, replicates: np.ndarray, clusters: int, base: int) -> Estimate:
    """`value` ± t(G − 1) standard errors, those of the bootstrap's replicates × √(G ÷ (G − 1)) for G clusters. Percentiles of few
    clusters are too narrow (Cameron, Gelbach and Miller 2008)."""
    half = stdtrit(clusters - 1, 0.975) * np.std(replicates) * np.sqrt(clusters / (clusters - 1))
    return Estimate(float(value), float(value - half), float(value + half), int(base))
