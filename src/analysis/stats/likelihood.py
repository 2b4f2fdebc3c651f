"""Maximum likelihood for models of few positive parameters, and intervals of what follows from them (delta method)."""

import warnings
from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd
from scipy.optimize import minimize
from scipy.special import expit, logit

from analysis.stats.intervals import Z95
from analysis.stats.logistic import NotEstimable

LARGEST_STANDARD_ERROR = 4.0  # of the logarithm of a parameter
LARGEST_LOGARITHM = 25.0
NEGLIGIBLE_GAIN = 1e-7  # of log likelihood, that a further Newton step would bring
MOST_NEWTON_STEPS = 30
STEP = 1e-4  # of numerical derivatives, in the logarithm of a parameter
SCALES = {"positive": (np.log, np.exp), "share": (logit, expit)}

LogLikelihood = Callable[[np.ndarray], tuple[float, np.ndarray]]


@dataclass(frozen=True)
class LikelihoodFit:
    """`parameters` (by name), the `covariance` of their logarithms (inverse of the observed information; 0 for one that is held
    fixed), the `log_likelihood` at the maximum, and the number of subjects `base`."""

    parameters: pd.Series
    covariance: pd.DataFrame
    log_likelihood: float
    base: int

    def standard_errors(self) -> pd.Series:
        """Standard errors of the parameters themselves (delta method)."""
        return self.parameters * np.sqrt(np.diag(self.covariance))


def maximise(log_likelihood: LogLikelihood, start: Sequence[float], names: Sequence[str], base: int) -> LikelihoodFit:
    """The parameters that make `log_likelihood` greatest. It takes their logarithms and returns its value and gradient.

    BFGS, then Newton's method until a step gains nothing. NotEstimable names the parameter where the likelihood has no maximum
    at finite values, or is so flat that the data do not tell it, and says so where the search does not settle."""
    scale = max(base, 1)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", RuntimeWarning)  # trial steps far away; where they matter they end in a sentence below
        found = minimize(lambda theta: _negative(log_likelihood, theta, scale), start, jac=True, method="BFGS")
        theta, information = _polish(log_likelihood, found.x, names)
    covariance = pd.DataFrame(np.linalg.inv(information), index=names, columns=names)
    _refuse_flat(np.sqrt(np.diag(covariance)), names)
    return LikelihoodFit(pd.Series(np.exp(theta), index=names), covariance, float(log_likelihood(theta)[0]), base)


def _negative(log_likelihood: LogLikelihood, theta: np.ndarray, scale: float) -> tuple[float, np.ndarray]:
    if np.abs(theta).max() > LARGEST_LOGARITHM:
        return np.inf, np.zeros_like(theta)
    value, gradient = log_likelihood(theta)
    return -value / scale, -gradient / scale


def _polish(log_likelihood: LogLikelihood, theta: np.ndarray, names: Sequence[str]) -> tuple[np.ndarray, np.ndarray]:
    """Newton steps from near the maximum → the maximum, and the information there."""
    for _ in range(MOST_NEWTON_STEPS):
        if not (np.isfinite(theta).all() and np.abs(theta).max() < LARGEST_LOGARITHM - 1):
            raise NotEstimable(
                f"the likelihood grows without end in {names[int(np.nan_to_num(np.abs(theta), nan=np.inf).argmax())]}"
            )
        gradient, information = log_likelihood(theta)[1], -_slope(lambda at: log_likelihood(at)[1], theta)
        information = (information + information.T) / 2
        size, direction = np.linalg.eigh(information)
        if not size[0] > 1e-9 * size[-1]:
            raise NotEstimable(f"the likelihood is flat in {names[int(np.abs(direction[:, 0]).argmax())]}")
        step = np.linalg.solve(information, gradient)
        if gradient @ step < NEGLIGIBLE_GAIN:
            return theta, information
        theta = theta + step / max(1.0, np.abs(step).max())
    raise NotEstimable(f"the search for {', '.join(names)} did not settle in {MOST_NEWTON_STEPS} steps")


def _refuse_flat(spread: np.ndarray, names: Sequence[str]) -> None:
    if (widest := int(spread.argmax())) >= 0 and not spread[widest] < LARGEST_STANDARD_ERROR:
        raise NotEstimable(f"the data do not tell {names[widest]}: it may be many times greater or smaller")


def _slope(function: Callable[[np.ndarray], np.ndarray], theta: np.ndarray) -> np.ndarray:
    """Central differences: (length of the function's value) × (length of theta)."""
    moves = STEP * np.eye(len(theta))
    return np.stack([(np.asarray(function(theta + move)) - function(theta - move)) / (2 * STEP) for move in moves], axis=-1)


def delta_method(quantity: Callable[..., np.ndarray], *fits: LikelihoodFit, scale: str) -> pd.DataFrame:
    """`quantity(parameters, …)` (one series of parameters for each of the independent `fits`, returning a vector) with 95 %
    intervals of its expectation: value, low, high, a row an element.

    Their width is the uncertainty of the parameters alone, to first order; intervals are symmetric on the `scale`: logarithm of
    "positive" values, or logit of "share"s. A value at the scale's end gets no interval (NaN)."""
    to_scale, from_scale = SCALES[scale]
    split = np.cumsum([len(fit.parameters) for fit in fits])[:-1]

    def at(theta: np.ndarray) -> np.ndarray:
        parts = zip(np.split(theta, split), fits, strict=True)
        return np.asarray(quantity(*(pd.Series(np.exp(part), index=fit.parameters.index) for part, fit in parts)), dtype=float)

    theta = np.concatenate([np.log(fit.parameters.to_numpy()) for fit in fits])
    with np.errstate(divide="ignore", invalid="ignore"):
        value, slope = at(theta), _slope(lambda moved: to_scale(at(moved)), theta)
        variance, place = np.zeros(len(value)), 0
        for fit in fits:
            part = slope[:, place : place + len(fit.parameters)]
            variance += np.einsum("qi,ij,qj->q", part, fit.covariance.to_numpy(), part)
            place += len(fit.parameters)
        half = Z95 * np.sqrt(variance)
        ends = {name: from_scale(to_scale(value) + sign * half) for name, sign in (("low", -1), ("high", 1))}
    return pd.DataFrame({"value": value, **ends})


def drawn_parameters(fit: LikelihoodFit, draws: int, random: np.random.Generator) -> pd.DataFrame:
    """Parameters drawn from their asymptotic distribution (log-normal), a row a draw."""
    centre = np.log(fit.parameters.to_numpy())
    drawn = random.multivariate_normal(centre, fit.covariance.to_numpy(), size=draws, method="eigh")
    return pd.DataFrame(np.exp(drawn), columns=fit.parameters.index)
