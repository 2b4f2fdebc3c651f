"""Gamma-Gamma: what customers spend a purchase (Fader, Hardie 2013, "The Gamma-Gamma model of monetary value").

Amounts of a customer are gamma distributed (shape p, rate its own, itself gamma distributed: shape q, rate v) and independent of
how often it buys. Spendings are frames with the columns purchases (how many amounts were seen) and mean (of these amounts).
"""

import numpy as np
import pandas as pd
from scipy.special import digamma, gammaln

from analysis.stats.likelihood import LikelihoodFit, LogLikelihood, drawn_parameters, maximise
from analysis.stats.logistic import NotEstimable

PARAMETERS = ("p", "q", "v")


def fit_gamma_gamma(spendings: pd.DataFrame) -> LikelihoodFit:
    """Maximum likelihood estimates of p, q, v (`base`: customers); customers without a purchase are left out.

    ValueError where a mean is not positive; NotEstimable without two customers, or see `likelihood.maximise`."""
    known = spendings[spendings["purchases"] > 0]
    if len(known) < 2:
        raise NotEstimable("fewer than two customers bought anything")
    if not (known["mean"] > 0).all():
        raise ValueError("the mean amount must be positive for each customer with a purchase")
    unit = float(np.exp(np.log(known["mean"]).mean()))
    count, mean = known["purchases"].to_numpy(dtype=float), known["mean"].to_numpy(dtype=float) / unit
    fit = maximise(_log_likelihood(count, mean), np.log([2.0, 2.0, 1.0]), PARAMETERS, len(known))
    value = fit.log_likelihood - len(known) * np.log(unit)
    return LikelihoodFit(fit.parameters * [1.0, 1.0, unit], fit.covariance, value, fit.base)


def _log_likelihood(count: np.ndarray, mean: np.ndarray) -> LogLikelihood:
    log_mean, log_sum = np.log(mean), np.log(mean * count)

    def evaluate(theta: np.ndarray) -> tuple[float, np.ndarray]:
        p, q, v = np.exp(theta)
        shape, rate = p * count, v + mean * count
        log_rate = np.log(rate)
        value = gammaln(shape + q) - gammaln(shape) - gammaln(q) + q * theta[2] + shape * log_sum - log_mean
        value = value - (shape + q) * log_rate
        both = digamma(shape + q)
        gradient = [
            count @ (both - digamma(shape) + log_sum - log_rate),
            (both - digamma(q) + theta[2] - log_rate).sum(),
            (q / v - (shape + q) / rate).sum(),
        ]
        return float(value.sum()), np.array(gradient) * [p, q, v]

    return evaluate


def expected_amount(parameters: pd.Series, spendings: pd.DataFrame) -> np.ndarray:
    """Expected mean amount of each customer's future purchases, given those seen: between its own mean and that of all
    (Fader, Hardie 2013, equation 5). NaN where it is infinite (p × purchases + q at most 1)."""
    p, q, v = parameters[list(PARAMETERS)]
    count = spendings["purchases"].to_numpy(dtype=float)
    seen = np.where(count > 0, count * spendings["mean"].fillna(0).to_numpy(dtype=float), 0.0)
    weight = p * count + q - 1
    return np.where(weight > 0, p * (v + seen) / np.where(weight > 0, weight, 1.0), np.nan)


def simulate_spending(
    fit: LikelihoodFit, spendings: pd.DataFrame, purchases: np.ndarray, random: np.random.Generator
) -> np.ndarray:
    """What each customer spends in so many further `purchases`, as it may turn out: parameters from their asymptotic
    distribution, then the customer's own rate given what it spent, then the amounts."""
    p, q, v = drawn_parameters(fit, 1, random)[list(PARAMETERS)].to_numpy()[0]
    count = spendings["purchases"].to_numpy(dtype=float)
    seen = np.where(count > 0, count * spendings["mean"].fillna(0).to_numpy(dtype=float), 0.0)
    rate = random.gamma(q + p * count, 1 / (v + seen))
    return random.gamma(p * purchases) / rate.clip(1e-300)
