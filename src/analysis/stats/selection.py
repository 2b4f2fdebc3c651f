"""The few that are told out of many: which stand apart, with intervals and sizes that allow for their having been picked."""

from collections.abc import Sequence

import numpy as np
from scipy.special import expit, logit, ndtri, stdtr, stdtrit

RATE = 0.05
NORMAL = 1e12  # degrees of freedom at which Student's t is the normal distribution
STEPS, LEAST_SHARE, MOST_DISTANCE = 200, 1e-6, 30.0
SCALES = {"linear": (np.asarray, np.asarray), "log": (np.log, np.exp), "logit": (logit, expit)}


def error_level(told: int, considered: int, rate: float = RATE) -> float:
    """The two-sided error of each interval when `told` of `considered` parameters are told: `rate` × told ÷ considered.

    Of the intervals told, the share that misses the truth is then at most `rate` on average, whatever the rule of picking, for
    estimates that are independent (false coverage-statement rate: Benjamini and Yekutieli 2005, JASA 100, theorem 1)."""
    return rate * told / considered


def picked(distance: np.ndarray, score: np.ndarray, groups: Sequence[set], most: int, rate: float = RATE) -> list[int]:
    """Which are told, the highest `score` first: at most `most`, no two that share a member of their `groups`, and each so far from
    what it is compared with (`distance`: differences in standard errors) that its interval at `error_level` leaves that out.

    Fewer told mean wider intervals, so that the number falls until all that are told hold."""
    order, told = np.argsort(-np.asarray(score), kind="stable"), most
    while told and len(order):
        least = ndtri(1 - error_level(told, len(order), rate) / 2)
        taken = _apart([int(place) for place in order if abs(distance[place]) > least], groups, told)
        if len(taken) == told:
            return taken
        told = len(taken)
    return []


def _apart(ordered: list[int], groups: Sequence[set], most: int) -> list[int]:
    taken: list[int] = []
    for place in ordered:
        if len(taken) < most and all(groups[place].isdisjoint(groups[other]) for other in taken):
            taken.append(place)
    return taken


def widened(
    value: float, low: float, high: float, error: float, scale: str = "linear", held: float = 0.95, degrees: float = NORMAL
) -> tuple[float, float]:
    """The interval `low`-`high`, which holds with the chance `held`, made one that misses with the chance `error`: each limit moved
    away from the value as the quantiles of Student's t ask, on a scale of SCALES (for `logit` all three lie between 0 and 1, for `log`
    above 0)."""
    forth, back = SCALES[scale]
    factor = stdtrit(degrees, 1 - error / 2) / stdtrit(degrees, (1 + held) / 2)
    middle = forth(value)
    return float(back(middle + factor * (forth(low) - middle))), float(back(middle + factor * (forth(high) - middle)))


def normal_distance(share_of_half: float, held: float, degrees: float) -> float:
    """How many normal standard errors are as rare as a value that lies `share_of_half` times the half width from the middle of a range
    that holds with the chance `held`, by Student's t."""
    tail = stdtr(degrees, -abs(share_of_half) * stdtrit(degrees, (1 + held) / 2))
    return float(np.copysign(-ndtri(max(tail, np.finfo(float).tiny)), share_of_half))


def kept_shares(distance: np.ndarray) -> np.ndarray:
    """Which share of each difference (`distance`: in its standard errors) is kept when it is drawn to 0 as far as all of them ask.

    Of the true differences a share is 0, the others scatter normally round 0, in standard errors: a two-group model (Efron 2008)
    fitted by maximum likelihood (EM); the share kept is the chance to be of the others × spread² ÷ (1 + spread²), the posterior mean
    (normal-normal, Efron and Morris 1975). In standard errors, since differences of many kinds have no common spread
    (van Zwet and Cator 2021)."""
    squares = np.minimum(np.asarray(distance, dtype=float) ** 2, MOST_DISTANCE**2)
    if not len(squares):
        return squares
    others, spread = 0.5, max(float(squares.mean()) - 1, 1.0)
    chance = np.full(len(squares), others)
    for _ in range(STEPS):
        odds = others / (1 - others) * np.exp(squares / 2 * spread / (1 + spread)) / np.sqrt(1 + spread)
        chance = odds / (1 + odds)
        others = float(np.clip(chance.mean(), LEAST_SHARE, 1 - LEAST_SHARE))
        spread = max(float(chance @ squares / chance.sum()) - 1, 0.0)
    return chance * spread / (1 + spread)


def drawn_to(value: float, other: float, kept: float, scale: str = "linear") -> float:
    """`value`, of whose difference from `other` the share `kept` is left, on a scale of SCALES."""
    forth, back = SCALES[scale]
    return float(back(forth(other) + kept * (forth(value) - forth(other))))
