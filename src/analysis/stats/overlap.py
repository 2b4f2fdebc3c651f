"""Two samples that share some of their subjects: how a mean changed from the one to the other."""

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
import pandas as pd

from analysis.stats.intervals import Estimate
from analysis.stats.multiple import Z95_LEVEL, quantile, two_sided


class Change(NamedTuple):
    """Mean `before` and `now`, their difference `value`; `centre` and `error` (standard error), on `degrees` of freedom, make
    test and intervals."""

    before: float
    now: float
    value: float
    centre: float
    error: float
    degrees: float
    bases: tuple[int, int]

    @property
    def p(self) -> float:
        """Two-sided p-value of no change; 1 where nothing varies and nothing changed."""
        if self.error == 0:
            return float(self.centre == 0)
        return float(two_sided(self.centre / self.error, self.degrees))

    def estimate(self, level: float = Z95_LEVEL) -> Estimate:
        """The change with its interval of 1 − `level`, which always holds the value itself. Base: both samples."""
        half = quantile(level, self.degrees) * self.error
        low, high = min(self.centre - half, self.value), max(self.centre + half, self.value)
        return Estimate(self.value, float(low), float(high), sum(self.bases))


def change_of_means(now: pd.Series, before: pd.Series, added: Sequence[float] = ()) -> Change | None:
    """Mean of `now` less mean of `before`, both indexed by subject (NaN: a subject of its own), one value a subject.

    The standard error is Welch's (1947), the covariance of the subjects in both samples taken off. `added` are the values of a bounded
    scale, of which each sample gets a few more answers, as in the adjusted Wald interval: a quarter of three for each end of
    three levels (Rocks, arXiv 1601.07235), one each of two (Agresti and Caffo 2000). None below two values in a sample."""
    samples = [_known(now), _known(before)]
    if min(len(sample) for sample in samples) < 2:
        return None
    centres, variances = zip(*(_moments(sample.to_numpy(), added) for sample in samples), strict=True)
    spread = sum(variances)
    squares = sum(variance**2 / (len(sample) - 1) for variance, sample in zip(variances, samples, strict=True))
    degrees = np.inf if added or not squares else spread**2 / squares
    error = np.sqrt(max(spread - 2 * _covariance(*samples), 0.0))
    means = [float(sample.mean()) for sample in samples]
    return Change(
        means[1], means[0], means[0] - means[1], centres[0] - centres[1], float(error), float(degrees),
        (len(samples[0]), len(samples[1])),
    )  # fmt: skip


def _known(sample: pd.Series) -> pd.Series:
    return sample.astype(float).dropna()


def _moments(values: np.ndarray, added: Sequence[float]) -> tuple[float, float]:
    """Mean and its variance, as if the answers `added` had been given as well."""
    if not len(added):
        return float(values.mean()), float(values.var(ddof=1) / len(values))
    extra = np.array(added)
    weight = np.array([0.75, 1.5, 0.75]) if len(added) == 3 else np.ones(len(added))
    size = len(values) + weight.sum()
    mean = (values.sum() + weight @ extra) / size
    square = ((values**2).sum() + weight @ extra**2) / size
    return float(mean), float((square - mean**2) / size)


def _covariance(one: pd.Series, other: pd.Series) -> float:
    """Of the two means, by the subjects in both; unbiased."""
    rest = [(sample - sample.mean())[sample.index.notna()] for sample in (one, other)]
    both = rest[0].index.intersection(rest[1].index)
    if both.empty:
        return 0.0
    product = float((rest[0].loc[both] * rest[1].loc[both]).sum())
    return product / (len(one) * len(other) - len(one) - len(other) + len(both))
