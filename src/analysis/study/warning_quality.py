"""How good predictions for later landmarks are: the measures a bank decides by, each with its interval."""

from typing import NamedTuple

import numpy as np
import pandas as pd
from scipy.optimize import brentq
from scipy.special import expit, logit

from analysis.stats.intervals import Z95, Estimate, difference, percentile_interval
from analysis.stats.prediction import CERTAINTY, auc, calibration_slope, lift_at, precision_at

REPLICATES = 200
SEED = 7
STABLE, SHIFTED = 0.10, 0.25
SCORE_GROUPS = 10
MONTHS_A_LANDMARK = 3


class Stability(NamedTuple):
    """`table`: landmark, value (population stability index of its scores against the first landmark's), auc; `largest` index;
    `fall`: AUC of the last landmark less that of the earlier ones, and whether the scores are `is_stable` (index below 0.25 and
    no fall beyond noise)."""

    table: pd.DataFrame
    largest: float
    fall: Estimate | None
    is_stable: bool


def measures(probability: pd.Series, outcome: pd.Series, customer: pd.Series, share: float) -> pd.DataFrame:
    """measure, value, low, high, base: auc, average_precision, log_loss, brier, skill (1 − Brier's score ÷ that of the observed
    share for all), slope, intercept, precision and lift among the `share` with the highest scores. 95 %, robust to customers who
    recur."""
    found = {
        "auc": auc(probability, outcome, customer),
        "average_precision": average_precision(probability, outcome, customer),
        "log_loss": mean_of(log_losses(probability, outcome), customer),
        "brier": mean_of((probability - outcome) ** 2, customer),
        "skill": brier_skill(probability, outcome, customer),
        "slope": calibration_slope(probability, outcome, customer),
        "intercept": calibration_intercept(probability, outcome, customer),
        "precision": precision_at(probability, outcome, share, customer),
        "lift": lift_at(probability, outcome, share, customer),
    }
    return pd.DataFrame([{"measure": name, **estimate._asdict()} for name, estimate in found.items()])


def capacity_share(capacity: int, at_landmark: float) -> float:
    """Share of the customers at a landmark whom `capacity` contacts a month reach until the next landmark."""
    return float(min(max(capacity * MONTHS_A_LANDMARK / max(at_landmark, 1), 1e-9), 1.0))


def log_losses(probability, outcome) -> np.ndarray:
    """Minus the log likelihood of each row; probabilities of 0 and 1 are drawn in by 1e-9."""
    inside, outcome = np.clip(np.asarray(probability, float), CERTAINTY, 1 - CERTAINTY), np.asarray(outcome, float)
    return -(outcome * np.log(inside) + (1 - outcome) * np.log1p(-inside))


def mean_of(values, customer) -> Estimate:
    """Mean of rows, its interval robust to customers who recur."""
    values = np.asarray(values, dtype=float)
    return _estimate(values.mean(), (values - values.mean()) / len(values), customer)


def loss_difference(one, other, outcome, customer, measure: str = "log_loss") -> Estimate:
    """Mean loss of `one` less that of `other` on the same rows: positive where `other` is better."""
    outcome = np.asarray(outcome, dtype=float)
    losses = [
        log_losses(score, outcome) if measure == "log_loss" else (np.asarray(score, dtype=float) - outcome) ** 2
        for score in (one, other)
    ]
    return mean_of(losses[0] - losses[1], customer)


def brier_skill(probability, outcome, customer) -> Estimate:
    """1 − Brier's score ÷ that of the observed share given to all; the delta method, robust."""
    probability, outcome = np.asarray(probability, dtype=float), np.asarray(outcome, dtype=float)
    share = outcome.mean()
    own, plain = (probability - outcome) ** 2, (share - outcome) ** 2
    ratio = own.mean() / plain.mean()
    # the share is estimated too, but its influence on the mean square about it is nil
    return _estimate(1 - ratio, (ratio * plain - own) / plain.mean() / len(own), customer)


def calibration_intercept(probability, outcome, customer) -> Estimate:
    """What would have to be added to all log odds for as many to be expected as left (Cox 1958, slope held at 1): 0 is right."""
    log_odds = logit(np.clip(np.asarray(probability, dtype=float), CERTAINTY, 1 - CERTAINTY))
    outcome = np.asarray(outcome, dtype=float)
    if not 0 < outcome.mean() < 1:
        return Estimate(None, None, None, len(outcome))
    value = brentq(lambda shift: expit(log_odds + shift).mean() - outcome.mean(), -30, 30)
    fitted = expit(log_odds + value)
    return _estimate(value, (outcome - fitted) / (fitted * (1 - fitted)).sum(), customer)


def average_precision(score, outcome, customer, replicates: int = REPLICATES) -> Estimate:
    """Area under precision against recall, by steps (average precision; ties together). Percentiles of a bootstrap of customers;
    above 200,000 rows of fewer replicates."""
    score, outcome = np.asarray(score, dtype=float), np.asarray(outcome, dtype=float)
    order = np.argsort(-score, kind="stable")
    ends = np.append(np.flatnonzero(np.diff(score[order])), len(score) - 1)
    hit, codes = outcome[order], pd.factorize(np.asarray(customer))[0][order]
    random, size = np.random.default_rng(SEED), int(codes.max()) + 1
    times = replicates if len(score) <= 200_000 else replicates // 4
    drawn = [_average_precision(random.multinomial(size, np.full(size, 1 / size))[codes], hit, ends) for _ in range(times)]
    return percentile_interval(_average_precision(np.ones(len(hit)), hit, ends), np.array(drawn), len(score))


def lead_times(predictions: pd.DataFrame, name: str, share: float) -> Estimate | None:
    """Median days from the landmark to the day on which a leaving could be seen, of those caught among the `share` with the
    highest scores at their landmark (each customer at the first that caught it); percentiles of a bootstrap. None without any.

    `predictions`: landmark, customer_id, outcome, seen_days and the score `name`."""
    edge = predictions.groupby("landmark")[name].transform(lambda scores: scores.quantile(1 - share))
    caught = predictions[(predictions[name] >= edge) & predictions["seen_days"].notna()]
    days = caught.sort_values("landmark").drop_duplicates("customer_id")["seen_days"].to_numpy(dtype=float)
    if len(days) < 2:
        return None
    draws = np.random.default_rng(SEED).choice(days, (REPLICATES, len(days)))
    return percentile_interval(float(np.median(days)), np.median(draws, axis=1), len(days))


def stability_index(reference, scores, groups: int = SCORE_GROUPS) -> float:
    """Population stability index of `scores` against `reference`, in groups of equal size of the reference: the sum of (share −
    reference's share) × log of their ratio; half a customer is added to each group, so that none is empty. Below 0.10 is read
    as stable, from 0.25 on as shifted (Siddiqi 2006)."""
    edges = np.unique(np.quantile(reference, np.linspace(0, 1, groups + 1)[1:-1]))
    shares = []
    for values in (reference, scores):
        counts = np.bincount(np.searchsorted(edges, values, side="right"), minlength=len(edges) + 1) + 0.5
        shares.append(counts / counts.sum())
    return float(((shares[1] - shares[0]) * np.log(shares[1] / shares[0])).sum())


def stability(predictions: pd.DataFrame, name: str = "probability") -> Stability | None:
    """Of the scores `name` at each validation landmark (landmark, customer_id, outcome); None with fewer than two."""
    parts = [(day, part) for day, part in predictions.groupby("landmark") if 0 < part["outcome"].sum() < len(part)]
    if len(parts) < 2:
        return None
    first = parts[0][1][name].to_numpy(dtype=float)
    rows = [
        {
            "landmark": day,
            "value": stability_index(first, part[name].to_numpy(dtype=float)),
            "auc": auc(part[name], part["outcome"]).value,
        }
        for day, part in parts
    ]
    last, earlier = parts[-1][1], pd.concat([part for _, part in parts[:-1]])
    fall = difference(
        auc(last[name], last["outcome"], last["customer_id"]), auc(earlier[name], earlier["outcome"], earlier["customer_id"])
    )
    table = pd.DataFrame(rows)
    largest = float(table["value"].max())
    return Stability(table, largest, fall, largest < SHIFTED and not fall.high < 0)


def _average_precision(weight: np.ndarray, hit: np.ndarray, ends: np.ndarray) -> float:
    """Rows in falling order of their scores; `ends` are the last rows of equal scores."""
    hits, seen = np.cumsum(weight * hit)[ends], np.cumsum(weight)[ends]
    steps = np.diff(hits, prepend=0.0)
    return float((steps * hits / np.maximum(seen, 1e-12)).sum() / max(hits[-1], 1e-12))


def _estimate(value: float, influence: np.ndarray, customer) -> Estimate:
    by_customer = np.bincount(pd.factorize(np.asarray(customer))[0], influence)
    half = Z95 * np.sqrt((by_customer**2).sum() * len(by_customer) / max(len(by_customer) - 1, 1))
    return Estimate(float(value), float(value - half), float(value + half), len(influence))
