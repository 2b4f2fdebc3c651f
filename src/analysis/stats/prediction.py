"""How good are scores and probabilities? Ranking, calibration and what the highest scores catch."""

from collections.abc import Sequence

import numpy as np
import pandas as pd

from analysis.stats.intervals import Z95, Estimate, design_effect, wilson
from analysis.stats.logistic import fit_logistic

TOP_SHARES = (0.01, 0.02, 0.05, 0.10, 0.20, 0.30, 0.50)
CERTAINTY = 1e-9


def auc(score, outcome, groups=None) -> Estimate:
    """Chance that one with the outcome has the higher score than one without, ties counted half (0.5 = no use).

    The interval is DeLong's (DeLong, DeLong and Clarke-Pearson 1988, by ranks as Sun and Xu 2014). Where subjects
    recur, `groups` names each row's subject and the interval is robust to that (Obuchowski 1997). Base: rows."""
    score, outcome = _scored(score, outcome)
    events, others = int(outcome.sum()), int((~outcome).sum())
    rank = pd.Series(score).rank().to_numpy()
    own_rank = pd.Series(score).groupby(outcome).rank().to_numpy()
    placement = np.where(outcome, (rank - own_rank) / others, 1 - (rank - own_rank) / events)
    value = float(placement[outcome].mean())
    if groups is None:
        variance = sum(np.var(placement[own], ddof=1) / own.sum() for own in (outcome, ~outcome) if own.sum() > 1)
    else:
        influence = (placement - value) / np.where(outcome, events, others)
        by_subject = pd.Series(influence).groupby(np.asarray(groups)).sum()
        variance = (by_subject**2).sum() * len(by_subject) / max(len(by_subject) - 1, 1)
    half = Z95 * np.sqrt(variance)
    return Estimate(value, float(max(value - half, 0)), float(min(value + half, 1)), len(score))


def brier(probability, outcome) -> float:
    """Mean squared difference of probability and outcome (Brier 1950): 0 is perfect."""
    probability, outcome = _forecast(probability, outcome)
    return float(np.mean((probability - outcome) ** 2))


def calibration_table(probability, outcome, bins: int = 10, groups=None) -> pd.DataFrame:
    """Predicted against observed shares in `bins` groups of equal size by probability (equal ones stay together).

    Returns predicted (mean probability), observed (share), low, high (Wilson's interval of observed), base. Where
    subjects recur, `groups` names each row's subject and the interval is that of the effective number of rows."""
    probability, outcome = _forecast(probability, outcome)
    subject = np.arange(len(outcome)) if groups is None else np.asarray(groups)
    place = np.ceil(pd.Series(probability).rank() * bins / len(probability)).to_numpy()
    members = [place == group for group in np.unique(place)]
    shares = [_share(outcome[own], np.ones(own.sum()), subject[own]) for own in members]
    observed = pd.DataFrame(shares).set_axis(["observed", "low", "high", "base"], axis=1)
    predicted = [probability[own].mean() for own in members]
    return observed.assign(predicted=predicted)[["predicted", "observed", "low", "high", "base"]]


def observed_share(outcome, groups=None) -> Estimate:
    """Share of rows with the outcome, its interval robust to subjects (`groups`) that recur."""
    outcome = np.asarray(outcome, dtype=float)
    return _share(outcome, np.ones(len(outcome)), np.arange(len(outcome)) if groups is None else np.asarray(groups))


def calibration_slope(probability, outcome, groups=None) -> Estimate:
    """Slope of the outcome's log odds on the predicted ones (Cox 1958): 1 is calibrated, below 1 overconfident.

    The interval is Wald's from the logistic regression, robust to subjects (`groups`) that recur. Probabilities of 0
    and 1 are drawn in by 1e-9."""
    probability, outcome = _forecast(probability, outcome)
    inside = np.clip(probability, CERTAINTY, 1 - CERTAINTY)
    fit = fit_logistic(pd.DataFrame({"log_odds": np.log(inside / (1 - inside))}), pd.Series(outcome), groups)
    value, half = fit.coefficients["log_odds"], Z95 * np.sqrt(fit.covariance.loc["log_odds", "log_odds"])
    return Estimate(float(value), float(value - half), float(value + half), len(outcome))


def lift_at(score, outcome, share: float, groups=None) -> Estimate:
    """How many times more often than overall the outcome occurs among the `share` with the highest scores.

    Wilson's interval of the precision (robust to subjects, `groups`, that recur), divided by the overall share. Base:
    how many are in the top. Rows that tie at the edge count in proportion."""
    score, outcome = _scored(score, outcome)
    return _lift(_precision(score, outcome, share, groups), outcome)


def precision_at(score, outcome, share: float, groups=None) -> Estimate:
    """Share with the outcome among the `share` with the highest scores, Wilson's interval (robust to subjects, `groups`, that
    recur). Base: rows in the top, those that tie at its edge counted in proportion."""
    return _precision(*_scored(score, outcome), share, groups)


def lift_table(score, outcome, shares: Sequence[float] = TOP_SHARES, groups=None) -> pd.DataFrame:
    """What the highest scores catch: share (of rows, by score), precision, captured (share of all outcomes),
    lift with low, high, and base (rows in the top), a row for each of `shares`."""
    score, outcome = _scored(score, outcome)
    rows = []
    for share in shares:
        precision = _precision(score, outcome, share, groups)
        captured = precision.value * precision.base / outcome.sum()
        rows.append((share, precision.value, captured, *_lift(precision, outcome)))
    return pd.DataFrame(rows, columns=["share", "precision", "captured", "lift", "low", "high", "base"])


def _lift(precision: Estimate, outcome: np.ndarray) -> Estimate:
    return Estimate(*(limit / outcome.mean() for limit in precision[:3]), precision.base)


def _precision(score: np.ndarray, outcome: np.ndarray, share: float, groups) -> Estimate:
    weight = _top(score, share)
    inside = weight > 0
    subject = np.arange(len(score)) if groups is None else np.asarray(groups)
    return _share(outcome[inside], weight[inside], subject[inside])


def _share(outcome: np.ndarray, weight: np.ndarray, subject: np.ndarray) -> Estimate:
    size, hits = weight.sum(), float((weight * outcome).sum())
    effect = design_effect(weight * (outcome - hits / size), subject)
    return wilson(hits / effect, size / effect)._replace(value=hits / size, base=round(size))


def _top(score: np.ndarray, share: float) -> np.ndarray:
    """Each row's weight among the `share` with the highest scores: 1, 0, or a part where rows tie at the edge."""
    if not 0 < share <= 1:
        raise ValueError(f"a top share lies above 0 and at most at 1, not at {share}")
    size = max(round(share * len(score)), 1)
    edge = np.partition(score, len(score) - size)[len(score) - size]
    above, tied = score > edge, score == edge
    return above + tied * (size - above.sum()) / tied.sum()


def _scored(score, outcome) -> tuple[np.ndarray, np.ndarray]:
    score, outcome = np.asarray(score, dtype=float), np.asarray(outcome, dtype=float)
    if len(score) != len(outcome):
        raise ValueError(f"{len(score)} scores do not match {len(outcome)} outcomes")
    if np.isnan(score).any() or not np.isin(outcome, (0, 1)).all():
        raise ValueError("scores must be known and outcomes must be 0 or 1")
    if not 0 < outcome.sum() < len(outcome):
        raise ValueError("the outcome takes one value only, so that there is nothing to tell apart")
    return score, outcome.astype(bool)


def _forecast(probability, outcome) -> tuple[np.ndarray, np.ndarray]:
    probability, outcome = np.asarray(probability, dtype=float), np.asarray(outcome, dtype=float)
    if len(probability) != len(outcome):
        raise ValueError(f"{len(probability)} probabilities do not match {len(outcome)} outcomes")
    if not ((probability >= 0) & (probability <= 1)).all() or not np.isin(outcome, (0, 1)).all():
        raise ValueError("probabilities must lie between 0 and 1 and outcomes must be 0 or 1")
    return probability, outcome
