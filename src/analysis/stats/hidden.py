"""What a cause that nobody recorded could do to an attributable share, from how strongly it acts on both sides."""

from typing import NamedTuple

import numpy as np
from scipy.optimize import brentq
from scipy.special import expit

from analysis.stats.intervals import Estimate

NODES = 61
STRONGEST = 10.0


class Hidden(NamedTuple):
    """A standard normal quantity: `on_outcome` and `on_exposure`, log odds a standard deviation; `exposed`: share exposed of those who
    could be; `risk`: share of the others with the outcome."""

    on_outcome: float
    on_exposure: float
    exposed: float
    risk: float

    def times(self, factor: float) -> "Hidden":
        """As many times as strong on both sides."""
        return self._replace(on_outcome=factor * self.on_outcome, on_exposure=factor * self.on_exposure)


def hidden_ratio(hidden: Hidden) -> float:
    """How many times the risk of those exposed is that of the others on account of the hidden quantity alone: E[h(U) | exposed] ÷ E[h(U) |
    not exposed], both logistic in U ~ N(0, 1), by Gauss-Hermite quadrature (the bias factor of Schlesselman 1978, Lin, Psaty and Kronmal
    1998); close to exp(on_outcome × on_exposure) where both are rare."""
    nodes, weights = np.polynomial.hermite_e.hermegauss(NODES)
    weights = weights / weights.sum()
    exposure = _logistic_of_mean(hidden.exposed, hidden.on_exposure, nodes, weights)
    outcome = _logistic_of_mean(hidden.risk, hidden.on_outcome, nodes, weights)
    among = (weights * exposure * outcome).sum() / (weights * exposure).sum()
    others = (weights * (1 - exposure) * outcome).sum() / (weights * (1 - exposure)).sum()
    return float(among / others)


def hidden_band(found: Estimate, struck: float, hidden: Hidden) -> tuple[float, float]:
    """Where the share may lie if the hidden quantity acts as stated, in either direction: the interval's ends moved as far as it would move
    them. `struck`: the exposed among those with the outcome, a share; of them `struck` − share would have had it anyway by the estimate,
    and ratio × as many if the exposed are those on whom the hidden quantity weighs, 1 ÷ ratio × as many if they are the others."""
    ratio = hidden_ratio(hidden)
    ratio = max(ratio, 1 / ratio)
    return _moved(found.low, struck, ratio), _moved(found.high, struck, 1 / ratio)


def strength_to_vanish(found: Estimate, struck: float, hidden: Hidden) -> float:
    """How many times as strong as stated the quantity must be, on both sides, for the interval to reach 0: 0 where it does already,
    infinite where STRONGEST times does not suffice."""
    if found.low is None or found.low <= 0 <= found.high:
        return 0.0

    def nearest(factor: float) -> float:
        low, high = hidden_band(found, struck, hidden.times(factor))
        return low if found.low > 0 else -high

    if nearest(STRONGEST) > 0:
        return float("inf")
    return float(brentq(nearest, 0.0, STRONGEST, xtol=1e-4))


def _moved(end: float, struck: float, ratio: float) -> float:
    return struck - ratio * (struck - end) if struck > end else end


def _logistic_of_mean(mean: float, slope: float, nodes: np.ndarray, weights: np.ndarray) -> np.ndarray:
    """expit(a + slope × U) with `a` such that its mean is `mean`."""
    mean = float(np.clip(mean, 1e-9, 1 - 1e-9))
    middle = brentq(lambda a: (weights * expit(a + slope * nodes)).sum() - mean, -60, 60)
    return expit(middle + slope * nodes)
