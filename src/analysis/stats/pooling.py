"""Means of many groups read together: how far groups differ, each group's own mean drawn towards the whole, possible ranks."""

from typing import NamedTuple

import numpy as np
import pandas as pd
from scipy.optimize import brentq
from scipy.special import fdtri
from scipy.stats import studentized_range

from analysis.stats.intervals import Estimate

DRAWS = 4000
GRID = 400
MOST_RATIO = 1e6


class Groups(NamedTuple):
    """`labels` of the groups, how many answers (`sizes`) and which `means`; `within` is the variance inside a group, common to
    all, on `degrees` of freedom."""

    labels: pd.Index
    sizes: np.ndarray
    means: np.ndarray
    within: float
    degrees: int

    @property
    def variances(self) -> np.ndarray:
        """Sampling variance of each mean."""
        return self.within / self.sizes


def grouped(groups: pd.Series, values: pd.Series) -> Groups | None:
    """The `values` of each group; rows without the one or the other are left out. None where no group has two values, there are
    fewer than four groups, or no group's values vary."""
    known = pd.DataFrame({"label": groups, "value": values.astype("Float64").astype(float)}).dropna()
    by = known.groupby("label", observed=True)["value"]
    means, sizes = by.mean(), by.size()
    degrees = len(known) - len(means)
    within = float(((known["value"] - by.transform("mean")) ** 2).sum() / degrees) if degrees else 0.0
    if len(means) < 4 or within <= 0:
        return None
    return Groups(means.index, sizes.to_numpy(dtype=float), means.to_numpy(), within, degrees)


def between_share(of: Groups) -> Estimate:
    """Share of an answer's variance that lies between groups (intraclass correlation).

    The ratio r of the variances between and within at which the groups' weighted squares equal their expectation (Paule and
    Mandel 1982); the interval holds the ratios that the F test of unequal groups does not reject (Wald 1940), exact for
    normal answers. Share = r / (1 + r), at least 0."""
    least = len(of.means) - 1
    targets = [1.0, fdtri(least, of.degrees, 0.975), fdtri(least, of.degrees, 0.025)]
    value, low, high = (_ratio(of, target) for target in targets)
    shares = [ratio / (1 + ratio) for ratio in (value, low, high)]
    return Estimate(shares[0], shares[1], shares[2], int(of.sizes.sum()))


def _ratio(of: Groups, target: float) -> float:
    def excess(ratio: float) -> float:
        weights = 1 / (ratio + 1 / of.sizes)
        centre = weights @ of.means / weights.sum()
        return float(weights @ (of.means - centre) ** 2 / of.within / (len(of.means) - 1)) - target

    return 0.0 if excess(0.0) <= 0 else float(brentq(excess, 0.0, MOST_RATIO))


def pooled_draws(means: np.ndarray, variances: np.ndarray, draws: int = DRAWS, seed: int = 1, flat_in: int = 2) -> np.ndarray:
    """Draws × groups: what the groups' true means may be, given their observed `means` and sampling `variances`.

    Normal hierarchical model, true means scattered normally round a common one (Rubin 1981), with a flat prior on it. How
    far they scatter is not fixed at an estimate but drawn, with a flat prior on the variance (`flat_in` 2), whose intervals hold the
    truth as often as they say in repeated samples (Morris and Tang 2011), or on the standard deviation (1: Gelman 2006), whose
    intervals are too narrow where groups differ little. At least four groups."""
    random = np.random.default_rng(seed)
    between, chance = _between(means, variances, flat_in)
    spread = random.choice(between, draws, p=chance)[:, None] ** 2
    total = variances + spread
    precision = (1 / total).sum(axis=1)
    centre = ((means / total).sum(axis=1) + random.standard_normal(draws) * np.sqrt(precision)) / precision
    keep = spread / total
    expected = keep * means + (1 - keep) * centre[:, None]
    return expected + np.sqrt(keep * variances) * random.standard_normal(total.shape)


def _between(means: np.ndarray, variances: np.ndarray, flat_in: int) -> tuple[np.ndarray, np.ndarray]:
    """A grid of standard deviations between groups from 0 to without end, and the chance of each."""
    step = (np.arange(GRID) + 0.5) / GRID
    between = np.sqrt(np.median(variances)) * step / (1 - step)
    total = variances + between[:, None] ** 2
    precision = (1 / total).sum(axis=1)
    centre = (means / total).sum(axis=1) / precision
    squares = ((means - centre[:, None]) ** 2 / total).sum(axis=1)
    log = -0.5 * (np.log(precision) + np.log(total).sum(axis=1) + squares)
    log += (flat_in - 1) * np.log(between) - 2 * np.log1p(-step)
    chance = np.exp(log - log.max())
    return between, chance / chance.sum()


def rank_ranges(of: Groups) -> pd.DataFrame:
    """first, last: between which ranks each group's true mean lies (1: lowest), for all groups at once in 95 %.

    A group stands above another where Tukey and Kramer's test of all pairs says so (Mohamad, Goeman and van Zwet 2019)."""
    size = len(of.means)
    gap = of.means[:, None] - of.means
    error = np.sqrt((of.variances[:, None] + of.variances) / 2)
    above = gap > studentized_range.ppf(0.95, size, of.degrees) * error
    return pd.DataFrame({"first": 1 + above.sum(axis=1), "last": size - above.sum(axis=0)}, index=of.labels)


def lowest_chance(draws: np.ndarray, share: float) -> np.ndarray:
    """Chance of each group to be among the lowest `share` of groups (rounded up to whole groups)."""
    count = int(np.ceil(share * draws.shape[1]))
    rank = draws.argsort(axis=1).argsort(axis=1)
    return (rank < count).mean(axis=0)
