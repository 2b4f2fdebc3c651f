"""What all customers would say, not only those who answered: weighted scores, and how far the truth may lie."""

import datetime as dt
from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
import pandas as pd

from analysis.errors import UserError
from analysis.stats.intervals import PASSIVE_FROM, PROMOTER_FROM, Estimate, mean_t, nps, wilson
from analysis.stats.logistic import NotEstimable
from analysis.stats.missing import Bounds, tilted_bounds, worst_case
from analysis.stats.weights import (
    Weighted,
    error_of_mean,
    kish_design_effect,
    propensity_mean,
    propensity_weights,
    rake,
    raked_mean,
    trimmed,
)
from analysis.study.satisfaction_frame import Sample, joined, sample, usable
from analysis.study.survey import ANSWERS_NEEDED, TOP_BOX_FROM, windows

TILT = 1.25
TILTS_SHOWN = (1.0, 1.25, 1.5, 2.0, 3.0)
MOST_WEIGHT = 5.0
METHODS = ("answered", "lot", "raked", "propensity")


@dataclass(frozen=True)
class Score:
    """A score of the survey: what it is made of (`mark`), how, and the ends of its scale."""

    mark: str
    unit: str
    scale: tuple[float, float]

    def of(self, marks: np.ndarray) -> np.ndarray:
        """What each mark counts."""
        if self.unit == "share":
            return (marks >= TOP_BOX_FROM).astype(float)
        if self.unit == "score":
            return 100.0 * ((marks >= PROMOTER_FROM).astype(float) - (marks < PASSIVE_FROM))
        return marks


SCORES = {
    "overall_mean": Score("overall", "mark", (1.0, 10.0)),
    "top_two_box": Score("overall", "share", (0.0, 1.0)),
    "nps": Score("recommend", "score", (-100.0, 100.0)),
}


@dataclass(frozen=True)
class WeightedScores:
    """`table`: a row each score and method: score, method (of METHODS), value, low, high, base (answers), design_effect,
    effective (answers); `bounds`: score → tilt (inf: nothing assumed) → Bounds; `asked` and `answered`: how many rows were asked by lot
    (or customers, where `is_by_lot` is False) and answered; `tilt`: the declared one; `traits`: how many things known they were weighted
    by."""

    table: pd.DataFrame
    bounds: Mapping[str, Mapping[float, Bounds]]
    asked: int
    answered: int
    is_by_lot: bool
    tilt: float
    traits: int

    def row(self, score: str, method: str) -> pd.Series | None:
        """One row of the table."""
        found = self.table[(self.table["score"] == score) & (self.table["method"] == method)]
        return None if found.empty else found.iloc[0]


def weighted_scores(
    invitations: pd.DataFrame | None,
    surveys: pd.DataFrame,
    history: Mapping[dt.date, pd.DataFrame],
    tiers: Mapping[str, float],
    as_of: dt.date,
    months: int = 12,
    tilt: float = TILT,
) -> WeightedScores | None:
    """Invitations (None: not recorded) and responses (canonical tables), features by landmark → scores of those who answered and
    weighted to all customers active in the window. None where the answers bear no customer, fewer than ANSWERS_NEEDED
    of those asked by lot answered, or no weights let them stand for all.

    `tilt`: the most by which, for each point that the mark is lower, the odds of not answering may differ. UserError: below 1."""
    if tilt < 1:
        raise UserError(f"tilt is {tilt:g}; it must be 1 or more, such as {TILT:g}.")
    if not history or "customer_id" not in surveys or surveys["customer_id"].isna().all() or "overall" not in surveys:
        return None
    asked = sample(invitations, surveys, history, tiers, as_of, months)
    recent = windows(surveys, as_of, months)[0]
    parts, bounds, traits = [], {}, 0
    for name, score in SCORES.items():
        marks = asked.rows[score.mark].to_numpy(dtype=float) if score.mark in asked.rows else np.array([])
        if np.isfinite(marks).sum() >= ANSWERS_NEEDED and (found := _weighted(name, score, asked, marks, tilt)):
            as_answered = _plain(score, recent[score.mark].dropna().to_numpy(dtype=float))
            parts += [_row(name, "answered", as_answered), *found[0]]
            bounds[name], traits = found[1], max(traits, found[2])
    if "overall_mean" not in bounds:
        return None
    answered = int(asked.rows["overall"].notna().sum())
    return WeightedScores(pd.DataFrame(parts), bounds, len(asked.rows), answered, asked.is_by_lot, tilt, traits)


def _row(score: str, method: str, estimate: Estimate, effect: float = 1.0) -> dict:
    spread = {"design_effect": effect, "effective": estimate.base / effect}
    return {"score": score, "method": method, **estimate._asdict(), **spread}


def _plain(score: Score, marks: np.ndarray) -> Estimate:
    """The score of independent answers, with the interval that the report gives it everywhere."""
    values = score.of(marks)
    if score.unit == "share":
        return wilson(values.sum(), len(values))
    if score.unit == "score":
        return nps((values > 0).sum(), (values == 0).sum(), (values < 0).sum())
    return mean_t(values)


def _weighted(name: str, score: Score, asked: Sample, marks: np.ndarray, tilt: float) -> tuple[list[dict], dict, int] | None:
    """Rows of the table, bounds by tilt and number of traits; None where no weights can be had."""
    is_answered = np.isfinite(marks)
    known, subjects = usable(asked.traits, is_answered), pd.factorize(asked.rows["customer_id"])[0]
    filled = np.where(is_answered, marks, 0.0)
    values, x = score.of(filled), known.to_numpy(dtype=float)
    try:
        weights = trimmed(propensity_weights(x, is_answered), MOST_WEIGHT)
        bounds = {
            factor: tilted_bounds(values, filled, is_answered, x, factor, score.scale, subjects)
            for factor in {*TILTS_SHOWN, tilt}
        }
    except NotEstimable:
        return None
    bounds[np.inf] = worst_case(values, is_answered, score.scale, subjects)
    by_propensity = _estimate(score, propensity_mean(values, weights, x, subjects), marks, weights)
    rows = [_row(name, "lot", _unweighted(score, marks, subjects))] if asked.is_by_lot else []
    rows += _raked(name, score, asked, marks, subjects)
    return [*rows, _row(name, "propensity", by_propensity, kish_design_effect(weights))], bounds, known.shape[1]


def _unweighted(score: Score, marks: np.ndarray, subjects: np.ndarray) -> Estimate:
    used = np.isfinite(marks)
    values = score.of(marks[used])
    error, degrees = error_of_mean(values - values.mean(), subjects[used])
    return _estimate(score, Weighted(float(values.mean()), error, degrees, len(values)), marks, used.astype(float))


def _raked(name: str, score: Score, asked: Sample, marks: np.ndarray, subjects: np.ndarray) -> list[dict]:
    """The row of raking; none where no margin is known or the margins cannot be met."""
    used = np.isfinite(marks)
    labels, totals = joined(asked.classes[used], asked.margins)
    if not totals:
        return []
    try:
        weights = rake(labels, totals, MOST_WEIGHT)
    except NotEstimable:
        return []
    whole = np.zeros(len(marks))
    whole[used] = weights
    estimate = _estimate(score, raked_mean(score.of(marks[used]), weights, labels, subjects[used]), marks, whole)
    return [_row(name, "raked", estimate, kish_design_effect(weights))]


def _estimate(score: Score, found: Weighted, marks: np.ndarray, weights: np.ndarray) -> Estimate:
    if score.unit == "share":
        return found.as_share()
    if score.unit == "score":
        used = np.isfinite(marks)
        return found.as_nps(float(weights[used] @ (marks[used] >= PROMOTER_FROM) / weights[used].sum()))
    return found.as_mean()
