"""Ordered logistic regression: one set of coefficients for all steps of a scale (proportional odds)."""

from dataclasses import dataclass

import numpy as np
import pandas as pd
from scipy.special import expit, log_expit, logit

from analysis.stats.intervals import Z95
from analysis.stats.logistic import LARGEST_STANDARD_ERROR, NotEstimable

MOST_STEPS = 60
MOST_HALVINGS = 40
NEGLIGIBLE_GAIN = 1e-9  # of log likelihood, that a further Newton step would bring


@dataclass(frozen=True)
class OrderedFit:
    """Log odds of a level or more are `coefficients` (by term) × design − the level's cut; `cuts` (by level, all but the lowest)
    increase. `covariance` is that of both, terms first; `influence` (row × terms and cuts) is what each row adds to their error;
    `design` and `outcome` are as fitted."""

    coefficients: pd.Series
    cuts: pd.Series
    covariance: pd.DataFrame
    influence: pd.DataFrame
    log_likelihood: float
    design: pd.DataFrame
    outcome: pd.Series

    @property
    def standard_errors(self) -> pd.Series:
        """Of terms and cuts."""
        return pd.Series(np.sqrt(np.diag(self.covariance)), index=self.covariance.index)

    def predict(self, design: pd.DataFrame) -> pd.DataFrame:
        """Probability of each level (a column each, lowest first) for each row of `design`, which has the columns that were fitted."""
        score = design[self.coefficients.index].to_numpy(dtype=float) @ self.coefficients.to_numpy()
        reached = expit(score[:, None] - self.cuts.to_numpy())
        ends = np.column_stack([np.ones(len(design)), reached, np.zeros(len(design))])
        return pd.DataFrame(ends[:, :-1] - ends[:, 1:], index=design.index, columns=sorted(self.outcome.unique()))

    def average_marginal_effects(self, level: float) -> pd.DataFrame:
        """Mean change of the probability of `level` or more (one of `cuts`): term, value, low, high (differences of shares).

        For a 0/1 column from 0 to 1, for another by one unit at the margin. Intervals by the delta method, robust, for rows like these:
        that other rows would have been averaged over is in them (Wooldridge 2010, chapter 12)."""
        point = np.array([*self.coefficients, self.cuts[level]])
        rows = np.column_stack([self.design.to_numpy(dtype=float), -np.ones(len(self.design))])
        errors = self.influence[[*self.coefficients.index, level]].to_numpy()
        value, half = [], []
        for term in range(len(self.coefficients)):
            effect, gradient = _row_effects(rows, point, term)
            value.append(effect.mean())
            half.append(Z95 * np.sqrt((((effect - effect.mean()) / len(rows) + errors @ gradient) ** 2).sum()))
        value, half = np.array(value), np.array(half)
        return pd.DataFrame({"term": self.coefficients.index, "value": value, "low": value - half, "high": value + half})


def _row_effects(rows: np.ndarray, point: np.ndarray, term: int) -> tuple[np.ndarray, np.ndarray]:
    """Each row's effect, and the gradient of their mean with respect to `point`."""
    if np.isin(rows[:, term], (0, 1)).all():
        with_it, without = rows.copy(), rows.copy()
        with_it[:, term], without[:, term] = 1, 0
        high, low = expit(with_it @ point), expit(without @ point)
        gradient = (high * (1 - high)) @ with_it - (low * (1 - low)) @ without
        return high - low, gradient / len(rows)
    chance = expit(rows @ point)
    slope = chance * (1 - chance)
    gradient = point[term] * (slope * (1 - 2 * chance)) @ rows / len(rows)
    gradient[term] += slope.mean()
    return point[term] * slope, gradient


def fit_ordered(design: pd.DataFrame, outcome: pd.Series, is_robust: bool = False) -> OrderedFit:
    """Maximum likelihood fit of the proportional odds model (McCullagh 1980) of `outcome` (numbers, two levels or more) on the
    columns of `design`, by Newton's method: the log likelihood is concave (Pratt 1981).

    `is_robust`: the covariance is the sandwich (White 1982), which holds for the closest coefficients where the model is wrong too.
    Missing values and columns that do not vary are ValueErrors that name the terms; columns that follow from others, and
    outcomes of one level or that are separated perfectly, are NotEstimable."""
    x, codes, levels = _checked(design, outcome)
    mean, deviation = x.mean(axis=0), x.std(axis=0)
    rows = _Rows((x - mean) / deviation, codes, len(levels))
    theta, covariance = _maximise(rows, [str(name) for name in design.columns])
    influence = rows.scores(theta) @ covariance
    if is_robust:
        covariance = influence.T @ influence
    size = x.shape[1]
    unscale = np.diag(np.concatenate([1 / deviation, np.ones(len(levels) - 1)]))
    unscale[size:, :size] = mean / deviation
    terms = pd.Index([*design.columns, *levels[1:]], name="term")
    found = unscale @ theta
    return OrderedFit(
        coefficients=pd.Series(found[:size], index=design.columns, name="coefficient"),
        cuts=pd.Series(found[size:], index=levels[1:], name="cut"),
        covariance=pd.DataFrame(unscale @ covariance @ unscale.T, index=terms, columns=terms),
        influence=pd.DataFrame(influence @ unscale.T, index=design.index, columns=terms),
        log_likelihood=rows.log_likelihood(theta),
        design=design,
        outcome=outcome,
    )


def merged_levels(outcome: pd.Series, least: int, keep: float) -> pd.Series | None:
    """The outcome with levels of fewer than `least` rows joined with their neighbours, each written as the lowest of its group; levels
    below `keep` and those from `keep` on are not joined. None where either side has fewer than `least` rows."""
    counts = outcome.value_counts().sort_index()
    first: dict[float, float] = {}
    for part in (counts[counts.index < keep], counts[counts.index >= keep]):
        if part.sum() < least:
            return None
        left, group, inside = int(part.sum()), part.index[0], 0
        for level, rows in part.items():
            if inside >= least and left >= least:
                group, inside = level, 0
            first[level], inside, left = group, inside + rows, left - rows
    return outcome.map(first)


@dataclass(frozen=True)
class _Rows:
    """The standardised design `x`, each row's level (`codes`, from 0) and their number.

    With u and l the cuts above and below a row's level, each less its score, log(F(u) − F(l)) = log F(u) + log F(−l) +
    log(1 − e^(l − u)): the last part hangs on the cuts alone, the others on one cut each. Points are slopes, then cuts."""

    x: np.ndarray
    codes: np.ndarray
    levels: int

    def log_likelihood(self, theta: np.ndarray) -> float:
        """Minus infinity where the cuts do not increase."""
        gaps = np.diff(self._split(theta)[1])
        if (gaps <= 0).any():
            return -np.inf
        upper, lower = self._limits(theta)
        inner = np.bincount(self.codes, minlength=self.levels)[1:-1]
        return float((log_expit(upper) + log_expit(-lower)).sum() + inner @ np.log(-np.expm1(-gaps)))

    def scores(self, theta: np.ndarray) -> np.ndarray:
        """Each row's part in the gradient."""
        upper, lower = (expit(limit) for limit in self._limits(theta))
        bond = self._bond(theta)[self.codes]
        return np.column_stack([self.x * (upper + lower - 1)[:, None], self._at_cuts(1 - upper + bond, -lower - bond)])

    def information(self, theta: np.ndarray) -> np.ndarray:
        """Minus the second derivatives."""
        upper, lower = (expit(limit) for limit in self._limits(theta))
        upper, lower, bond = upper * (1 - upper), lower * (1 - lower), self._bond(theta)
        at_cuts = self._at_cuts(upper, lower)
        tie = (np.bincount(self.codes, minlength=self.levels) * bond * (1 + bond))[1:-1]
        ties = np.diag(np.append(tie, 0) + np.append(0, tie)) - np.diag(tie, 1) - np.diag(tie, -1)
        slopes = (self.x * (upper + lower)[:, None]).T @ self.x
        cross = -at_cuts.T @ self.x
        return np.block([[slopes, cross.T], [cross, np.diag(at_cuts.sum(axis=0)) + ties]])

    def _split(self, theta: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        return theta[: self.x.shape[1]], theta[self.x.shape[1] :]

    def _limits(self, theta: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        slopes, cuts = self._split(theta)
        ends, score = np.concatenate([[-np.inf], cuts, [np.inf]]), self.x @ slopes
        return ends[self.codes + 1] - score, ends[self.codes] - score

    def _bond(self, theta: np.ndarray) -> np.ndarray:
        """By level, 1 / (e^gap − 1) of the gap between its cuts; 0 at the ends."""
        return np.concatenate([[0.0], 1 / np.expm1(np.diff(self._split(theta)[1])), [0.0]])

    def _at_cuts(self, upper: np.ndarray, lower: np.ndarray) -> np.ndarray:
        """Row × cut: the values at the cut above and at the cut below each row's level."""
        placed, row = np.zeros((len(self.codes), self.levels + 1)), np.arange(len(self.codes))
        placed[row, self.codes + 1], placed[row, self.codes] = upper, lower
        return placed[:, 1:-1]


def _maximise(rows: _Rows, names: list[str]) -> tuple[np.ndarray, np.ndarray]:
    """The maximum, and the inverse of the information there; `names` are those of the slopes."""
    shares = np.cumsum(np.bincount(rows.codes, minlength=rows.levels))[:-1] / len(rows.codes)
    theta = np.concatenate([np.zeros(rows.x.shape[1]), logit(shares)])
    for _ in range(MOST_STEPS):
        covariance = _inverse(rows.information(theta), names)
        gradient = rows.scores(theta).sum(axis=0)
        step = covariance @ gradient
        if gradient @ step < NEGLIGIBLE_GAIN:
            return theta, covariance
        theta = _climbed(rows, theta, step)
    raise NotEstimable(f"the fit on {', '.join(names)} did not settle in {MOST_STEPS} steps")


def _climbed(rows: _Rows, theta: np.ndarray, step: np.ndarray) -> np.ndarray:
    """The step, halved until it does not lose."""
    start = rows.log_likelihood(theta)
    for _ in range(MOST_HALVINGS):
        if rows.log_likelihood(theta + step) >= start:
            break
        step = step / 2
    return theta + step


def _inverse(information: np.ndarray, names: list[str]) -> np.ndarray:
    """Where the data say next to nothing in some direction, a slope has no finite value, or none of its own."""
    flatness, direction = np.linalg.eigh(information)
    with np.errstate(divide="ignore", invalid="ignore"):
        covariance = (direction / flatness) @ direction.T
        spread = np.sqrt(np.diag(covariance))[: len(names)]
    if not (spread < LARGEST_STANDARD_ERROR).all():
        term = names[int(np.abs(direction[: len(names), 0]).argmax())]
        raise NotEstimable(f"{term} follows from other columns or separates the outcome perfectly: it has no finite coefficient")
    return covariance


def _checked(design: pd.DataFrame, outcome: pd.Series) -> tuple[np.ndarray, np.ndarray, list[float]]:
    if len(design) != len(outcome):
        raise ValueError(f"{len(design)} rows of the design do not match {len(outcome)} outcomes")
    x, y = design.to_numpy(dtype=float), outcome.to_numpy(dtype=float)
    if missing := [str(name) for name, absent in zip(design.columns, np.isnan(x).any(axis=0), strict=True) if absent]:
        raise ValueError(f"{', '.join(missing)} has missing values: fill or leave them out first")
    if np.isnan(y).any():
        raise ValueError("the outcome has missing values: leave them out first")
    if constant := [str(name) for name, width in zip(design.columns, np.ptp(x, axis=0), strict=True) if width == 0]:
        raise ValueError(f"{', '.join(constant)} does not vary: leave it out")
    levels, codes = np.unique(y, return_inverse=True)
    if len(levels) < 2:
        raise NotEstimable("the outcome takes one value only, so that there is nothing to explain")
    return x, codes, levels.tolist()
