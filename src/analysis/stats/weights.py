"""Weights that let those who answered stand for all: raking, response propensity, and what the weights cost in precision."""

from collections.abc import Mapping
from typing import NamedTuple

import numpy as np
import pandas as pd
from scipy.special import stdtrit

from analysis.stats.intervals import Estimate, nps, wilson
from analysis.stats.logistic import NotEstimable

TOLERANCE = 1e-10
MOST_ROUNDS = 2000
MOST_STEPS = 100
LARGEST_LOG_ODDS = 30.0
LEAST_FREEDOM = 0.1


class Weighted(NamedTuple):
    """A weighted `value`, its standard `error` on `degrees` of freedom, and the number of answers `base` it rests on."""

    value: float
    error: float
    degrees: int
    base: int

    def as_mean(self) -> Estimate:
        """With Student's t interval."""
        half = stdtrit(self.degrees, 0.975) * self.error
        return Estimate(self.value, float(self.value - half), float(self.value + half), self.base)

    def as_share(self) -> Estimate:
        """With Wilson's interval at the number of independent answers that would have the same standard error (Korn and
        Graubard 1998)."""
        size = self._like(self.value * (1 - self.value))
        low, high = wilson(min(max(self.value, 0.0), 1.0) * size, size)[1:3]
        return Estimate(self.value, low, high, self.base)

    def as_nps(self, promoters: float) -> Estimate:
        """A net promoter score (value and error in points, weighted share of `promoters`) with the adjusted Wald interval at the
        number of independent answers that would have the same standard error."""
        balance = self.value / 100
        detractors = max(promoters - balance, 0.0)
        size = self._like(1e4 * (promoters + detractors - balance**2))
        passives = max(1 - promoters - detractors, 0.0)
        low, high = nps(promoters * size, passives * size, detractors * size)[1:3]
        return Estimate(self.value, low, high, self.base)

    def _like(self, variance: float) -> float:
        return min(variance / self.error**2, self.base) if self.error > 0 and variance > 0 else float(self.base)


def rake(rows: pd.DataFrame, totals: Mapping[str, pd.Series], most: float | None = None) -> np.ndarray:
    """A weight for each of `rows` (a column of labels a margin) so that the weighted counts of every margin are its `totals`
    (column → total by label; all add up to the same): iterative proportional fitting (Deming and Stephan 1940), which keeps the odds
    ratios of the rows. With `most` no weight exceeds that multiple of their mean, as long as margins allow it.

    ValueError: a total that is not a number from 0 on, totals that do not add up alike, a label without a total. NotEstimable: a
    class that has a total but no row, margins that contradict one another or the limit."""
    coded = [_coded(rows[name], margin) for name, margin in totals.items()]
    sums = np.array([wanted.sum() for _, wanted in coded])
    if np.ptp(sums) > 1e-9 * sums.max():
        raise ValueError(f"the totals of {', '.join(totals)} do not add up to the same number")
    mean = sums[0] / len(rows)
    weights = np.full(len(rows), mean)
    for _ in range(MOST_ROUNDS):
        for codes, wanted in coded:
            weights = weights * (wanted / np.bincount(codes, weights, len(wanted)))[codes]
        if most is not None:
            weights = np.minimum(weights, most * mean)
        if all(np.abs(np.bincount(codes, weights) / wanted - 1).max() <= TOLERANCE for codes, wanted in coded):
            return weights
    limit = "" if most is None else f" with no weight above {most:g} times their mean"
    raise NotEstimable(f"no weights meet the totals of {', '.join(totals)} at once{limit}")


def _coded(labels: pd.Series, totals: pd.Series) -> tuple[np.ndarray, np.ndarray]:
    wanted = totals.astype(float)
    if not (np.isfinite(wanted) & (wanted >= 0)).all():
        raise ValueError(f"the totals of {labels.name} must be numbers from 0 on")
    wanted = wanted[wanted > 0]
    codes = wanted.index.get_indexer(labels)
    if (codes < 0).any():
        raise ValueError(f"{labels.name}: a row in class '{labels[codes < 0].iloc[0]}', which has no total")
    if len(empty := wanted.index[np.bincount(codes, minlength=len(wanted)) == 0]):
        raise NotEstimable(f"{labels.name}: nobody who answered is in class '{empty[0]}'; join it with another")
    return codes, wanted.to_numpy()


def propensity_weights(x: np.ndarray, answered: np.ndarray, offset: np.ndarray | float = 0.0) -> np.ndarray:
    """Inverse chances of answering, 0 for who did not: 1 + exp(−(x'b + offset)), a logistic model whose coefficients (intercept
    added) are fitted so that the weighted traits `x` of those who `answered` add up to those of all rows (Kim and Riddles 2012;
    Tan 2020). The weights add up to the number of rows. `offset` (log odds of answering, known) is for `stats.missing`.

    NotEstimable: nobody answered, or a trait parts those who did from those who did not."""
    answered = np.asarray(answered, dtype=bool)
    if not answered.any():
        raise NotEstimable("nobody answered: there is nothing to weight")
    if answered.all():
        return np.ones(len(answered))
    design = with_intercept(x)
    inside, silent = design[answered], design[~answered].sum(axis=0)
    shift = np.broadcast_to(np.asarray(offset, dtype=float), answered.shape)[answered]
    odds = _silent_odds(inside, silent, shift)
    weights = np.zeros(len(answered))
    weights[answered] = 1 + odds
    return weights


def with_intercept(x: np.ndarray) -> np.ndarray:
    """The traits, each to mean 0 and deviation 1, and a column of ones before them."""
    x = np.asarray(x, dtype=float).reshape(len(x), -1)
    spread = x.std(axis=0)
    return np.column_stack([np.ones(len(x)), (x - x.mean(axis=0)) / np.where(spread > 0, spread, 1.0)])


def _silent_odds(inside: np.ndarray, silent: np.ndarray, offset: np.ndarray) -> np.ndarray:
    """exp(−(x'b + offset)) of the rows `inside`, so that their sum weighted by it is `silent`: Newton's steps, halved while the
    convex objective does not fall."""
    beta = np.zeros(inside.shape[1])
    beta[0] = np.log(np.exp(-offset).sum() / silent[0])
    value, odds = _objective(inside, silent, offset, beta)
    for _ in range(MOST_STEPS):
        gap = inside.T @ odds - silent
        if np.abs(gap).max() <= TOLERANCE * silent[0]:
            return odds
        try:
            step = np.linalg.solve(inside.T @ (inside * odds[:, None]), gap)
        except np.linalg.LinAlgError:
            break
        for _ in range(MOST_STEPS):
            trial, new = _objective(inside, silent, offset, beta + step)
            if trial <= value + 1e-9 * abs(value):
                break
            step = step / 2
        beta, value, odds = beta + step, trial, new
        if np.abs(beta).max() > LARGEST_LOG_ODDS:
            break
    raise NotEstimable("no weights let those who answered stand for all: a trait, or several together, part them")


def _objective(inside, silent, offset, beta) -> tuple[float, np.ndarray]:
    odds = np.exp(np.clip(-(inside @ beta + offset), None, 700.0))
    return float(odds.sum() + silent @ beta), odds


def trimmed(weights: np.ndarray, most: float) -> np.ndarray:
    """The weights, none above `most` (over 1) times the mean of those above 0; what is cut off goes to the others in proportion."""
    if most <= 1:
        raise ValueError(f"the limit must exceed the mean weight: {most:g} times it does not")
    result = np.asarray(weights, dtype=float).copy()
    limit = most * result[result > 0].mean()
    while (result > limit * (1 + 1e-12)).any():
        over = result >= limit
        result[over], rest = limit, result[~over].sum()
        result[~over] *= (np.sum(weights) - limit * over.sum()) / rest
    return result


def kish_design_effect(weights: np.ndarray) -> float:
    """How many times the variance of a mean grows as its weights differ: n Σw² ÷ (Σw)² (Kish 1965). Weights of 0 are left out;
    n ÷ design effect is the effective number of answers."""
    used = np.asarray(weights, dtype=float)
    used = used[used > 0]
    return float(len(used) * (used**2).sum() / used.sum() ** 2)


def raked_mean(y: np.ndarray, weights: np.ndarray, rows: pd.DataFrame, subjects) -> Weighted:
    """Mean of `y` at weights raked to the margins `rows`; its error is that of the residuals from them (Deville and Särndal 1992),
    robust to `subjects` that recur."""
    y, weights = np.asarray(y, dtype=float), np.asarray(weights, dtype=float)
    design = np.column_stack([np.ones(len(y)), *[pd.get_dummies(rows[name], drop_first=True).to_numpy(float) for name in rows]])
    root = np.sqrt(weights)
    beta = np.linalg.lstsq(design * root[:, None], y * root, rcond=None)[0]
    value = float(weights @ y / weights.sum())
    error, degrees = error_of_mean(weights * (y - design @ beta) * len(y) / weights.sum(), subjects)
    return Weighted(value, error, degrees, len(y))


def propensity_mean(y: np.ndarray, weights: np.ndarray, x: np.ndarray, subjects) -> Weighted:
    """Mean of `y` over all rows at `propensity_weights` (0: no answer, `y` is not looked at); its error takes into account that
    chances were estimated on `x` (Kim and Riddles 2012), that a row pulls its own expectation towards itself (residual ÷ (1 − leverage):
    MacKinnon and White 1985, HC3) and that `subjects` recur."""
    weights = np.asarray(weights, dtype=float)
    used, design = weights > 0, with_intercept(x)
    y, size = np.where(used, y, 0.0).astype(float), len(weights)
    root = np.sqrt(np.where(used, np.maximum(weights - 1, 0.0), 0.0))
    inverse = np.linalg.pinv(design * root[:, None])
    expected = design @ (inverse @ (y * root))
    leverage = np.einsum("ij,ji->i", design * root[:, None], inverse)
    residual = (y - expected) / np.maximum(1 - leverage, LEAST_FREEDOM)
    value = float(weights @ y / weights.sum())
    error, degrees = error_of_mean(weights * residual * size / weights.sum() + expected - value, subjects)
    return Weighted(value, error, degrees, int(used.sum()))


def error_of_mean(influence: np.ndarray, subjects) -> tuple[float, int]:
    """Standard error of a mean of which each row moves `influence` ÷ rows, and its degrees of freedom; robust to recurring
    subjects (Liang and Zeger 1986)."""
    codes = pd.factorize(np.asarray(subjects))[0]
    by_subject = np.bincount(codes, np.asarray(influence, dtype=float))
    count = len(by_subject)
    return float(np.sqrt((by_subject**2).sum() * count / max(count - 1, 1)) / len(influence)), max(count - 1, 1)
