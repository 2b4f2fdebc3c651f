"""The wild cluster bootstrap: an interval where the units by which an exposure comes are few."""

from itertools import product

import numpy as np
from scipy.optimize import brentq
from scipy.special import stdtrit

REPLICATES = 9999
ENUMERATED_UP_TO = 12
WEBB = np.array([-np.sqrt(1.5), -1.0, -np.sqrt(0.5), np.sqrt(0.5), 1.0, np.sqrt(1.5)])
LEVEL = 0.05


def wild_weights(clusters: int, replicates: int = REPLICATES, seed: int = 0) -> np.ndarray:
    """Replicates × clusters: every combination of signs (Rademacher) for up to ENUMERATED_UP_TO clusters, where these are enough to tell
    (8 and more); else Webb's six points at random (Webb 2023, of mean 0 and variance 1)."""
    if 8 <= clusters <= ENUMERATED_UP_TO:
        return np.array(list(product((-1.0, 1.0), repeat=clusters)))
    return np.random.default_rng(seed).choice(WEBB, (replicates, clusters))


def wild_t(influence: np.ndarray, seed: int = 0) -> np.ndarray:
    """The t statistics that chance alone would give: each cluster's part of the error keeps its size and gets a sign by lot (Cameron,
    Gelbach and Miller 2008, in its score form: Kline and Santos 2012). `influence` sums to 0; variance G ÷ (G − 1) × sum of squares."""
    parts = np.asarray(influence, float)
    size = len(parts)
    drawn = wild_weights(size, seed=seed) * parts
    spread = np.sqrt(((drawn - drawn.mean(axis=1, keepdims=True)) ** 2).sum(axis=1) * size / (size - 1))
    with np.errstate(divide="ignore", invalid="ignore"):
        return np.nan_to_num(drawn.sum(axis=1) / spread, nan=0.0, posinf=np.inf, neginf=-np.inf)


def wild_p(value: float, influence: np.ndarray, seed: int = 0) -> float:
    """Two-sided p of no effect."""
    size = len(influence)
    spread = np.sqrt((np.asarray(influence, float) ** 2).sum() * size / (size - 1))
    return float((np.abs(wild_t(influence, seed)) >= abs(value) / spread - 1e-12).mean()) if spread > 0 else np.nan


def wild_df(influence: np.ndarray, seed: int = 0) -> float:
    """The degrees of freedom at which Student's t has the bootstrap's 95 % quantile: between 1 and G − 1, so that an interval is never
    narrower than with t of G − 1."""
    quantile = float(np.quantile(np.abs(wild_t(influence, seed)), 1 - LEVEL))
    largest = len(influence) - 1.0
    if quantile <= stdtrit(largest, 1 - LEVEL / 2):
        return largest
    if quantile >= stdtrit(1.0, 1 - LEVEL / 2):
        return 1.0
    return float(brentq(lambda df: stdtrit(df, 1 - LEVEL / 2) - quantile, 1.0, largest))
