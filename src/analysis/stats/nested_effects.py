"""What a repeated exposure did to those whom it struck: sequential trials, each struck row beside the like that were spared."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pandas as pd
from scipy.special import expit, logit

from analysis.stats.effects import balance

HIGHEST_PROPENSITY = 0.9
FOLDS = 5
PENALTY = 1.0
SMALLEST_CHANCE = 1e-4
LEAST_EXCESS = -0.8


@dataclass(frozen=True)
class Trials:
    """One row an opportunity (a subject and a period in which the exposure could have struck it, before its event): `subject`, `period`,
    `struck` (bool), `outcome` (1: the event came afterwards), `unit` by which the exposure strikes, `design` (what the exposure hung on,
    numbers only), `risk` (columns: log odds of the event as foretold from before the first period, and of the time left) and `cell`, within
    which alone rows are compared (None: all with all)."""

    subject: np.ndarray
    period: np.ndarray
    struck: np.ndarray
    outcome: np.ndarray
    unit: np.ndarray
    design: pd.DataFrame
    risk: np.ndarray
    cell: np.ndarray | None = None


@dataclass(frozen=True)
class Effect:
    """`total`: events among the struck that would not have come had the exposure not struck. `terms`: rows × 5, of whose sums the total is
    made (see `total_of`). `overlap`: the share of struck rows with a propensity up to HIGHEST_PROPENSITY; `propensity` by row;
    `balance`: see `balance_of_struck`."""

    total: float
    terms: np.ndarray
    overlap: float
    propensity: np.ndarray
    balance: pd.DataFrame


def effect_on_struck(trials: Trials, seed: int = 0) -> Effect:
    """The total effect on the struck by a structural nested mean model (Robins 1994; Vansteelandt and Joffe 2014).

    Each period is a trial of those to whom the event has not come: A struck, p its chance given the design, Y whether the event comes
    later. Later strikes are taken out of Y: H = Y − ψ Σ A′m′ over the subject's later rows, m being the chance of the event of a
    spared row, ψ the excess of a strike relative to m. The moment Σ (A − p)/(1 − p) × (H − E[H | spared]) = ψ Σ A m is linear in ψ;
    the total is ψ Σ A m. p and m come from penalised logistic fits on the other FOLDS − 1 folds of subjects (Chernozhukov and others
    2018); the moment is right if either is. Struck rows with a propensity above HIGHEST_PROPENSITY, or in a cell in which nobody was
    spared, have no like: ψ is told without them, and of their own events the share ψ/(1 + ψ) goes back to it."""
    folds = _folds(trials.subject, seed)
    struck, design = trials.struck, _scaled(trials.design)
    propensity = cross_fitted(design, struck, np.ones(len(design), bool), folds)
    propensity = np.where(_is_sure(trials), 1 - SMALLEST_CHANCE, propensity)
    spared = cross_fitted(np.column_stack([trials.risk, design]), trials.outcome > 0, ~struck, folds, free=trials.risk.shape[1])
    kept = propensity <= HIGHEST_PROPENSITY
    inside = struck & kept
    weight = np.where(struck, 1.0, -propensity / (1 - propensity)) * kept
    repeated = _later(trials, spared)
    later = repeated - _linear(np.column_stack([trials.risk, design]), repeated, ~struck & kept)
    outside = struck & ~kept
    terms = np.column_stack(
        [weight * (trials.outcome - spared), weight * later, spared * inside, trials.outcome * outside, repeated * outside]
    )
    overlap = float(inside.sum() / max(struck.sum(), 1))
    told = balance_of_struck(trials.design[kept], struck[kept], propensity[kept])
    return Effect(float(total_of(terms.sum(axis=0))), terms, overlap, propensity, told)


def _is_sure(trials: Trials) -> np.ndarray:
    """Whether all of the row's cell were struck."""
    if trials.cell is None:
        return np.zeros(len(trials.struck), bool)
    return pd.Series(trials.struck).groupby(trials.cell).transform("all").to_numpy()


def total_of(sums: np.ndarray) -> np.ndarray:
    """Sums of the terms over rows (… × 5) → the total effect: the moment and what of it came by later strikes make ψ; it is taken of the events
    that the struck would have had without it: those with their like as foretold, the others by their own events less the effect."""
    first, later, expected, events, repeated = np.moveaxis(np.asarray(sums, float), -1, 0)
    below = expected + later
    excess = np.divide(first, below, out=np.zeros_like(first), where=np.abs(below) > SMALLEST_CHANCE)
    without = (events - excess * repeated) / (1 + np.maximum(excess, LEAST_EXCESS))
    return excess * (expected + without)


def without_each(terms: np.ndarray, groups: np.ndarray) -> np.ndarray:
    """The total without each group of rows (numbered from 0), the fits kept: for the jackknife."""
    columns = [np.bincount(groups, column) for column in terms.T]
    return total_of(terms.sum(axis=0) - np.column_stack(columns))


def _later(trials: Trials, spared: np.ndarray) -> np.ndarray:
    """By row, the sum of m over the subject's struck rows of later periods."""
    order = np.lexsort([-trials.period, pd.factorize(trials.subject)[0]])
    part = pd.Series((trials.struck * spared)[order])
    after = part.groupby(trials.subject[order], sort=False).cumsum() - part
    result = np.empty(len(order))
    result[order] = after
    return result


def _linear(x: np.ndarray, y: np.ndarray, used: np.ndarray) -> np.ndarray:
    """Least squares of y on x and an intercept over the used rows, told for all."""
    a = np.column_stack([np.ones(len(x)), x])
    gram = a[used].T @ a[used] + PENALTY * np.eye(a.shape[1])
    return a @ np.linalg.solve(gram, a[used].T @ y[used])


def balance_of_struck(design: pd.DataFrame, struck: np.ndarray, propensity: np.ndarray) -> pd.DataFrame:
    """term, crude, weighted: differences of means between struck and spared in standard deviations of the struck, the spared weighted
    to the struck."""
    found = balance(design, pd.Series(struck, design.index), pd.Series(np.full(len(design), 0.5), design.index))
    x = design.to_numpy(dtype=float)
    odds = propensity[~struck] / (1 - propensity[~struck])
    if not struck.any() or not odds.sum() > 0:
        return found
    spread = np.sqrt((x[struck].var(axis=0) + x[~struck].var(axis=0)) / 2)
    gap = x[struck].mean(axis=0) - np.average(x[~struck], axis=0, weights=odds)
    return found.assign(weighted=gap / np.where(spread > 0, spread, 1))


def foretold(traits: pd.DataFrame, outcome: np.ndarray, seed: int = 0) -> np.ndarray:
    """Log odds of the event of each subject from its traits (numbers, one row a subject), fitted on the others' folds."""
    folds = _folds(np.arange(len(traits)), seed)
    return logit(cross_fitted(_scaled(traits), outcome.astype(bool), np.ones(len(traits), bool), folds))


def _folds(subject: np.ndarray, seed: int) -> np.ndarray:
    code, names = pd.factorize(subject, sort=True)
    return np.random.default_rng(seed).permutation(len(names))[code] % FOLDS


def _scaled(design: pd.DataFrame) -> np.ndarray:
    x = design.to_numpy(dtype=float)
    is_flag = np.isin(x, (0, 1)).all(axis=0)
    spread = x.std(axis=0)
    spread = np.where(is_flag | ~(spread > 0), 1.0, spread)
    return (x - x.mean(axis=0)) / spread


def cross_fitted(x: np.ndarray, y: np.ndarray, used: np.ndarray, folds: np.ndarray, free: int = 0) -> np.ndarray:
    """Chance of y by row from a fit on the used rows of other folds; the first `free` columns are not penalised."""
    result = np.empty(len(x))
    for fold in np.unique(folds):
        inside = folds == fold
        learned = used & ~inside
        if not 0 < y[learned].sum() < learned.sum():
            result[inside] = y[learned].mean() if learned.any() else 0.0
            continue
        result[inside] = ridge_logistic(x[learned], y[learned], x[inside], free)
    return np.clip(result, SMALLEST_CHANCE, 1 - SMALLEST_CHANCE)


def ridge_logistic(x: np.ndarray, y: np.ndarray, new: np.ndarray, free: int = 0, steps: int = 30) -> np.ndarray:
    """Penalised maximum likelihood (PENALTY/2 × the sum of squares, neither of the intercept nor of the first `free` columns) by Newton's
    steps → chances of the new rows."""
    a = np.column_stack([np.ones(len(x)), x])
    penalty = np.full(a.shape[1], PENALTY)
    penalty[: free + 1] = 1e-6
    beta = np.zeros(a.shape[1])
    beta[0] = logit(y.mean())
    for _ in range(steps):
        chance = expit(a @ beta)
        gradient = a.T @ (y - chance) - penalty * beta
        hessian = (a * (chance * (1 - chance))[:, None]).T @ a
        hessian[np.diag_indices_from(hessian)] += penalty
        step = np.linalg.solve(hessian, gradient)
        beta += step / max(np.abs(step).max() / 2, 1.0)
        if np.abs(step).max() < 1e-6:
            break
    return expit(np.column_stack([np.ones(len(new)), new]) @ beta)
