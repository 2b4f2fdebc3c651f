"""Is one score better than another on the same rows?"""

import numpy as np
import pandas as pd

from analysis.stats.intervals import Z95, Estimate


def auc_difference(score, other, outcome, groups) -> Estimate:
    """AUC of `score` less that of `other` on the same rows, with the interval for paired scores (DeLong, DeLong and
    Clarke-Pearson 1988), robust to subjects (`groups`) that recur (Obuchowski 1997). Base: rows."""
    outcome = np.asarray(outcome, dtype=float).astype(bool)
    value, influence = _influence(score, outcome)
    other_value, other_influence = _influence(other, outcome)
    by_subject = pd.Series(influence - other_influence).groupby(np.asarray(groups)).sum()
    half = Z95 * np.sqrt((by_subject**2).sum() * len(by_subject) / max(len(by_subject) - 1, 1))
    change = value - other_value
    return Estimate(change, float(change - half), float(change + half), len(outcome))


def _influence(score, outcome: np.ndarray) -> tuple[float, np.ndarray]:
    """The AUC, and how far each row moves it."""
    events, others = int(outcome.sum()), int((~outcome).sum())
    score = pd.Series(np.asarray(score, dtype=float))
    rank, own = score.rank().to_numpy(), score.groupby(outcome).rank().to_numpy()
    placement = np.where(outcome, (rank - own) / others, 1 - (rank - own) / events)
    value = float(placement[outcome].mean())
    return value, (placement - value) / np.where(outcome, events, others)
