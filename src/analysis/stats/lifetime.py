"""BG/NBD: how often customers buy, and whether they still do, from frequency, recency and age (Fader, Hardie, Lee 2005).

A customer buys at its own Poisson rate (gamma distributed: shape r, rate alpha) and after each repeat purchase drops out for good with
its own probability (beta distributed: a, b). Histories are frames with the columns frequency (repeat purchases, the first one not
counted), recency (time from the first to the last purchase) and age (time from the first purchase to the end of observation);
time is in any unit, which is that of alpha and of horizons too.
"""

from collections.abc import Iterator

import numpy as np
import pandas as pd
from scipy.special import digamma, expit, gammaln, hyp2f1

from analysis.stats.likelihood import LikelihoodFit, LogLikelihood, drawn_parameters, maximise
from analysis.stats.logistic import NotEstimable

PARAMETERS = ("r", "alpha", "a", "b")
HISTORY = ["frequency", "recency", "age"]
NEAR_ONE = 1e-5
EQUAL, UNEQUAL = 1e6, 1e2  # b at which customers differ next to nothing, and some, in their probability of dropping out
NARROW = 100.0  # a above which the probability of dropping out differs by less than a tenth of itself
LIKELIHOOD_RATIO_95 = 1.92


def fit_bg_nbd(histories: pd.DataFrame) -> LikelihoodFit:
    """Maximum likelihood estimates of r, alpha, a, b (`base`: customers). Equal histories are counted, not repeated.

    Where customers cannot be seen to differ in their probability of dropping out, so that a and b grow without end, b is held at
    EQUAL. ValueError where a history is impossible; NotEstimable where nobody buys again or drops out, or see
    `likelihood.maximise`."""
    _check(histories)
    if not histories["frequency"].gt(0).any():
        raise NotEstimable("nobody bought a second time")
    unit = float(histories["age"].mean())
    scaled = histories[HISTORY].astype(float).assign(recency=histories["recency"] / unit, age=histories["age"] / unit)
    counted = scaled.groupby(HISTORY, sort=False).size().rename("customers").reset_index()
    purchases = float(scaled["frequency"].mean())
    start = np.log([1.0, 1.0 / purchases, 1.0, 1.0 + purchases])
    evaluate = _log_likelihood(counted)
    try:
        fit = maximise(evaluate, start, PARAMETERS, len(histories))
    except NotEstimable as reason:
        fit = _with_equal_dropout(evaluate, purchases, len(histories), reason)
    repeated = float(scaled["frequency"].sum())
    return LikelihoodFit(
        fit.parameters * [1.0, unit, 1.0, 1.0], fit.covariance, fit.log_likelihood - repeated * np.log(unit), fit.base
    )


def _with_equal_dropout(evaluate: LogLikelihood, purchases: float, base: int, reason: NotEstimable) -> LikelihoodFit:
    """The fit with b held at EQUAL, unless the data speak against it; then the `reason` why all four cannot be had."""

    def held(b: float) -> LikelihoodFit:
        def evaluate_rest(theta: np.ndarray) -> tuple[float, np.ndarray]:
            value, gradient = evaluate(np.append(theta, np.log(b)))
            return value, gradient[:3]

        return maximise(evaluate_rest, np.log([1.0, 1.0 / purchases, b / (1.0 + purchases)]), PARAMETERS[:3], base)

    fit = held(EQUAL)
    if fit.log_likelihood < held(UNEQUAL).log_likelihood - LIKELIHOOD_RATIO_95:
        raise reason
    covariance = fit.covariance.reindex(index=PARAMETERS, columns=PARAMETERS, fill_value=0.0)
    parameters = pd.concat([fit.parameters, pd.Series({"b": EQUAL})])
    return LikelihoodFit(parameters, covariance, fit.log_likelihood, base)


def _check(histories: pd.DataFrame) -> None:
    x, recency, age = (histories[name].to_numpy(dtype=float) for name in HISTORY)
    if not len(x):
        raise NotEstimable("there are no customers")
    if not (np.isfinite(x).all() and np.isfinite(recency).all() and np.isfinite(age).all()):
        raise ValueError("frequency, recency and age must be known: leave other customers out first")
    if (x < 0).any() or (x % 1 != 0).any():
        raise ValueError("frequency must be a whole number, 0 or more")
    if not ((recency >= 0) & (recency <= age)).all() or not ((recency > 0) == (x > 0)).all() or not (age > 0).any():
        raise ValueError("recency must lie between 0 and age, and be 0 where frequency is 0 and nowhere else")


def _log_likelihood(counted: pd.DataFrame) -> LogLikelihood:
    """Of histories (with their number of customers) given the logarithms of the parameters; its gradient is analytic."""
    x, recency, age, weight = (counted[name].to_numpy(dtype=float) for name in (*HISTORY, "customers"))
    levels, level = np.unique(x, return_inverse=True)
    at_level = np.bincount(level, weight)
    repeats = x > 0

    def evaluate(theta: np.ndarray) -> tuple[float, np.ndarray]:
        r, alpha, a, b = np.exp(theta)
        log_age = np.log(alpha + age)
        lapse = log_age - np.log(alpha + recency)
        odds = np.where(repeats, theta[2] - np.log(np.where(repeats, b + x - 1, 1.0)) + (r + x) * lapse, -np.inf)
        gone = weight * expit(odds)
        at_levels, (d_r, d_a, d_b) = _gamma_terms(levels, r, a, b)
        value = at_level @ at_levels + weight @ (r * theta[1] - (r + x) * log_age + np.logaddexp(0.0, odds))
        inverse_age, inverse_recency = 1 / (alpha + age), 1 / (alpha + recency)
        gradient = [
            at_level @ d_r + weight @ (theta[1] - log_age) + gone @ lapse,
            weight @ (r / alpha - (r + x) * inverse_age) + gone @ ((r + x) * (inverse_age - inverse_recency)),
            at_level @ d_a + gone.sum() / a,
            at_level @ d_b - gone[repeats] @ (1 / (b + x[repeats] - 1)),
        ]
        return float(value), np.array(gradient) * [r, alpha, a, b]

    return evaluate


def _gamma_terms(x: np.ndarray, r: float, a: float, b: float) -> tuple[np.ndarray, tuple[np.ndarray, ...]]:
    """What depends on frequency alone, and its derivatives with respect to r, a, b."""
    value = gammaln(r + x) - gammaln(r) + gammaln(a + b) + gammaln(b + x) - gammaln(b) - gammaln(a + b + x)
    both = digamma(a + b) - digamma(a + b + x)
    return value, (digamma(r + x) - digamma(r), both, both + digamma(b + x) - digamma(b))


def probability_alive(parameters: pd.Series, histories: pd.DataFrame) -> np.ndarray:
    """The probability that each customer has not dropped out by the end of its history; 1 without a repeat purchase
    (Fader, Hardie 2008, "Computing P(alive) using the BG/NBD model", equation 7)."""
    r, alpha, a, b = parameters[list(PARAMETERS)]
    x, recency, age = (histories[name].to_numpy(dtype=float) for name in HISTORY)
    later = np.maximum(x, 1)
    odds = np.log(a) - np.log(b + later - 1) + (r + x) * (np.log(alpha + age) - np.log(alpha + recency))
    return np.where(x > 0, expit(-odds), 1.0)


def probability_of_purchase(parameters: pd.Series, histories: pd.DataFrame, horizon: float) -> np.ndarray:
    """The probability that each customer buys at least once in the `horizon` after its history: it is alive, and its rate (gamma
    distributed given its history) yields a purchase; nobody drops out before buying."""
    r, alpha = parameters[["r", "alpha"]]
    x, age = histories["frequency"].to_numpy(dtype=float), histories["age"].to_numpy(dtype=float)
    none = np.exp(-(r + x) * np.log1p(horizon / (alpha + age)))
    return probability_alive(parameters, histories) * (1 - none)


def expected_purchases(parameters: pd.Series, histories: pd.DataFrame, horizon: float) -> np.ndarray:
    """Expected purchases of each customer in the `horizon` after its history (Fader, Hardie, Lee 2005, equation 10).

    Euler's transformation of the hypergeometric function keeps its arguments small where frequency is large, and the
    removable singularity at a = 1 is stepped over."""
    r, alpha, a, b = parameters[list(PARAMETERS)]
    alive = probability_alive(parameters, histories)
    if abs(a - 1) >= NEAR_ONE:
        return alive * _purchases_if_alive(r, alpha, a, b, histories, horizon)
    around = [_purchases_if_alive(r, alpha, 1 + side * NEAR_ONE, b, histories, horizon) for side in (-1, 1)]
    return alive * np.mean(around, axis=0)


def _purchases_if_alive(r, alpha, a, b, histories: pd.DataFrame, horizon: float) -> np.ndarray:
    x, age = histories["frequency"].to_numpy(dtype=float), histories["age"].to_numpy(dtype=float)
    if a > NARROW:
        return _purchases_near_the_mean(r + x, horizon / (alpha + age), a, b + x)
    ahead = horizon / (alpha + age + horizon)
    still = (1 - ahead) ** (a - 1) * hyp2f1(a - 1, a + b - 1 - r, a + b + x - 1, ahead)
    return (a + b + x - 1) / (a - 1) * (1 - still)


def _purchases_near_the_mean(shape: np.ndarray, pace: np.ndarray, a: float, b: np.ndarray) -> np.ndarray:
    """The same where the probability of dropping out is known to be nearly one value: the mean over its beta distribution by two
    points, one standard deviation to either side (Gauss-Hermite), where the hypergeometric function would overflow."""
    mean = a / (a + b)
    spread = np.sqrt(mean * (1 - mean) / (a + b + 1))
    return np.mean([-np.expm1(-shape * np.log1p(leaves * pace)) / leaves for leaves in (mean - spread, mean + spread)], axis=0)


def simulate_purchases(
    fit: LikelihoodFit, histories: pd.DataFrame, horizon: float, draws: int, random: np.random.Generator
) -> Iterator[np.ndarray]:
    """`draws` times the purchases of each customer in the `horizon` as they may turn out: parameters from their asymptotic
    distribution, then each customer's own rate, dropping out, and purchases given its history. For intervals of outcomes, which are
    wider than those of expectations."""
    for _, parameters in drawn_parameters(fit, draws, random).iterrows():
        yield _purchases_drawn(parameters, histories, horizon, random)


def _purchases_drawn(parameters: pd.Series, histories: pd.DataFrame, horizon: float, random: np.random.Generator) -> np.ndarray:
    r, alpha, a, b = parameters[list(PARAMETERS)]
    x, age = histories["frequency"].to_numpy(dtype=float), histories["age"].to_numpy(dtype=float)
    alive = random.random(len(x)) < probability_alive(parameters, histories)
    bought = random.poisson(random.gamma(r + x, horizon / (alpha + age)))
    leaves = random.beta(a, b + x).clip(1e-12)
    last = np.ceil(np.log1p(-random.random(len(x))) / np.log1p(-leaves)).clip(1)
    return np.where(alive, np.minimum(bought, last), 0.0)


def simulate_histories(parameters: pd.Series, ages: np.ndarray, random: np.random.Generator) -> pd.DataFrame:
    """Histories of customers of these ages as the model makes them: frequency, recency, age, and what nobody sees: rate, leaves
    (probability after each purchase), is_alive."""
    r, alpha, a, b = parameters[list(PARAMETERS)]
    ages = np.asarray(ages, dtype=float)
    rate, leaves = random.gamma(r, 1 / alpha, len(ages)), random.beta(a, b, len(ages)).clip(1e-12)
    frequency, recency, alive = np.zeros(len(ages)), np.zeros(len(ages)), np.ones(len(ages), dtype=bool)
    clock, going = np.zeros(len(ages)), np.arange(len(ages))
    while len(going):
        clock[going] += random.exponential(1 / rate[going].clip(1e-300))
        going = going[clock[going] < ages[going]]
        frequency[going] += 1
        recency[going] = clock[going]
        stays = random.random(len(going)) >= leaves[going]
        alive[going[~stays]] = False
        going = going[stays]
    return pd.DataFrame(
        {"frequency": frequency, "recency": recency, "age": ages, "rate": rate, "leaves": leaves, "is_alive": alive}
    )
