"""Which share of the events goes back to a cause: its estimate, and how several are put together."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd
from scipy.special import stdtr, stdtrit

from analysis.stats.intervals import Estimate
from analysis.stats.shapley import set_values, shapley

FEWEST_CLUSTERS = 8
FEWEST_EVENTS = 10


@dataclass(frozen=True)
class LeverShare:
    """The share of those who left who would not have left without the lever.

    `value`: the share (0-1; negative where those struck left less), None with its `failure` ("overlap", "events" or "clusters").
    `influence`: by cluster (the unit by which the lever strikes), what each cluster adds to the error of the share: its sum is 0 and
    the variance is G / (G − 1) × the sum of squares. `by_unit`: the same error by customer, for covariances with other shares.
    `clusters` and `df`: G, and the degrees of freedom of Student's t. `base`: customers of the population; `leavers` of them left;
    `struck`: customers struck, `leavers_struck` of these left later. `overlap`: the share of strikes whose propensity lies within the
    limits. `by_customer`: for each who left, by customer, the chance that it would not have left without the lever (sums to value ×
    leavers). `balance`: term, crude, weighted (standardised differences), None where not weighted."""

    lever: str
    value: float | None
    influence: pd.Series
    clusters: int
    df: float
    base: int
    struck: int
    leavers_struck: int
    overlap: float
    by_customer: pd.Series
    leavers: int = 0
    by_unit: pd.Series | None = None
    balance: pd.DataFrame | None = None
    failure: str = ""
    is_count: bool = False

    @property
    def variance(self) -> float:
        """Of the share, robust to clusters; never below what a count of so many events among the struck has by itself, nor below that of
        FEWEST_EVENTS: of fewer the spread cannot be told, and its size would tell how few they were."""
        size = len(self.influence)
        robust = float((self.influence**2).sum() * size / (size - 1)) if size > 1 else np.nan
        return float(np.fmax(robust, max(self.leavers_struck, FEWEST_EVENTS) * self.step**2)) if self.step else robust

    @property
    def step(self) -> float:
        """The share that one event more would make, by which the variance grows with the share (Poisson); 0: it does not."""
        return 1 / self.leavers if self.is_count and self.leavers else 0.0

    @property
    def imbalance(self) -> float:
        """The greatest standardised difference that is left between struck and spared; NaN where it is not told."""
        return float(self.balance["weighted"].abs().max()) if self.balance is not None else np.nan

    @property
    def estimate(self) -> Estimate:
        """The share with its t interval; no interval below FEWEST_CLUSTERS."""
        return interval(self.value, self.variance, self.df, self.base, self.clusters, self.step)

    @property
    def p(self) -> float:
        """Two-sided p of no share; NaN where there is no interval."""
        return p_value(self.value, self.variance, self.df, self.step) if self.estimate.low is not None else np.nan


@dataclass(frozen=True)
class Joint:
    """Several shares at once: `sets`, the share of every set of levers (frozenset → share); `joint` of all; `split`: Shapley's parts by
    lever, which add up to `joint`; each an Estimate."""

    sets: dict[frozenset, float]
    joint: Estimate
    split: dict[str, Estimate]


def interval(value: float | None, variance: float, df: float, base: int, clusters: int, step: float = 0.0) -> Estimate:
    """Interval by Student's t of `df` degrees of freedom; none below FEWEST_CLUSTERS.

    All true shares s with (value − s)² ≤ t² × (variance + step × (s − value)): the score interval of a count (Rao's, as Wilson's is of a
    share), which does not shrink to nothing where no struck customer left. With step 0 it is value ± t × √variance."""
    if value is None or not np.isfinite(variance) or clusters < FEWEST_CLUSTERS:
        return Estimate(value, None, None, base)
    t = float(stdtrit(max(df, 1.0), 0.975))
    shift, half = t * t * step / 2, t * np.sqrt(variance + (t * step / 2) ** 2)
    return Estimate(float(value), float(value + shift - half), float(value + shift + half), base)


def p_value(value: float | None, variance: float, df: float, step: float = 0.0) -> float:
    """Two-sided p of a share of 0, which the interval leaves out where it is below 0.05."""
    if value is None or not variance > 0:
        return np.nan
    at_zero = max(variance - step * value, 1e-12)
    return float(2 * stdtr(max(df, 1.0), -abs(value) / np.sqrt(at_zero)))


def joint_share(shares: Sequence[LeverShare]) -> Joint:
    """The share of all levers together and its split.

    Of one who left, the chance to have left without the levers of a set is the product of the chances without each: levers multiply
    the risk (Greenland and Robins 1988, on excess fractions). One who was struck by two levers is counted once that way. The error
    follows by the delta method from the errors of the single shares: within a lever by cluster, between levers by customer."""
    names = [share.lever for share in shares]
    spared = pd.concat({share.lever: 1 - share.by_customer for share in shares}, axis=1).fillna(1.0).to_numpy()
    leavers = max(share.leavers for share in shares)
    values = set_values(spared, leavers)
    split = shapley(values, len(names))
    gradient = _gradient(spared, leavers, shares)
    covariance = _covariance(shares)
    base, clusters = max(share.base for share in shares), min(share.clusters for share in shares)
    found = {}
    for place, name in enumerate([*names, None]):
        slope = gradient[place]
        variance = float(slope @ covariance @ slope)
        value = float(values[-1]) if name is None else float(split[place])
        degrees = _satterthwaite(slope, covariance, shares)
        found[name] = interval(value, variance, degrees, base, clusters, _step(slope, shares))
    sets = {frozenset(n for bit, n in enumerate(names) if code >> bit & 1): float(v) for code, v in enumerate(values)}
    return Joint(sets, found.pop(None), found)


def _gradient(spared: np.ndarray, leavers: int, shares: Sequence[LeverShare], step: float = 1e-4) -> np.ndarray:
    """(levers + 1) × levers: by how much Shapley's parts and, last, the joint share move with each single share."""
    columns = []
    for place, share in enumerate(shares):
        moved = []
        for sign in (1, -1):
            changed = spared.copy()
            hit = _struck_leavers(share, spared[:, place])
            changed[:, place] -= sign * step * leavers * hit / max(hit.sum(), 1e-12)
            values = set_values(changed, leavers)
            moved.append(np.append(shapley(values, len(shares)), values[-1]))
        columns.append((moved[0] - moved[1]) / (2 * step))
    return np.column_stack(columns)


def _struck_leavers(share: LeverShare, spared: np.ndarray) -> np.ndarray:
    """How the share's change is spread over those who left: as the share itself is."""
    part = np.abs(1 - spared)
    return part if part.sum() > 0 else np.ones_like(part)


def _covariance(shares: Sequence[LeverShare]) -> np.ndarray:
    size = len(shares)
    result = np.diag([share.variance for share in shares])
    for one in range(size):
        for other in range(one):
            first, second = shares[one].by_unit, shares[other].by_unit
            if first is not None and second is not None:
                shared = first.index.intersection(second.index)
                result[one, other] = result[other, one] = float((first.loc[shared] * second.loc[shared]).sum())
    return result


def _step(slope: np.ndarray, shares: Sequence[LeverShare]) -> float:
    """By how much the variance of a sum of counts grows with the sum: its third moment over its variance."""
    variance = np.array([share.variance for share in shares])
    below = (slope**2 * variance).sum()
    return max(float((slope**3 * variance * [share.step for share in shares]).sum() / below), 0.0) if below > 0 else 0.0


def _satterthwaite(slope: np.ndarray, covariance: np.ndarray, shares: Sequence[LeverShare]) -> float:
    """Degrees of freedom of a sum of shares of different ones (Satterthwaite 1946)."""
    parts = slope**2 * np.diag(covariance)
    below = sum(part**2 / max(share.df, 1.0) for part, share in zip(parts, shares, strict=True))
    return float(parts.sum() ** 2 / below) if below > 0 else 1.0
