"""Logistic regression whose intervals are robust to rows of the same subject."""

import warnings
from dataclasses import dataclass

import numpy as np
import pandas as pd
from scipy.special import expit

from analysis.stats.intervals import Z95

INTERCEPT = "intercept"
LARGEST_STANDARD_ERROR = 10.0  # of a column with deviation 1
MOST_STEPS = 60


class NotEstimable(ValueError):
    """The rows are sound, but no finite set of coefficients answers to them."""


@dataclass(frozen=True)
class LogisticFit:
    """A fitted model: `coefficients` (log odds, by term, `intercept` first), their `covariance` (term × term), the
    `design` it was fitted on, the numbers of rows `base` and `events`; where subjects recur, `errors` (row × term) is what each
    row adds to the coefficients' error, and `subjects` numbers each row's subject."""

    coefficients: pd.Series
    covariance: pd.DataFrame
    design: pd.DataFrame
    base: int
    events: int
    errors: np.ndarray | None = None
    subjects: np.ndarray | None = None

    def predict(self, design: pd.DataFrame) -> pd.Series:
        """Probability of the outcome for each row of `design`, which has the columns that were fitted."""
        return pd.Series(expit(self.linear_predictor(design)), index=design.index, name="probability")

    def linear_predictor(self, design: pd.DataFrame) -> pd.Series:
        """Log odds of the outcome for each row of `design`."""
        terms = self.design.columns
        if absent := [str(name) for name in terms.difference(design.columns)]:
            raise ValueError(f"the design lacks {', '.join(absent)}, on which the model was fitted")
        log_odds = design[terms].to_numpy(dtype=float) @ self.coefficients[terms].to_numpy()
        return pd.Series(log_odds + self.coefficients[INTERCEPT], index=design.index, name="log_odds")

    def odds_ratios(self) -> pd.DataFrame:
        """Odds ratio of one unit more of each term, other terms equal: term, value, low, high."""
        value = self.coefficients.drop(INTERCEPT)
        half = Z95 * np.sqrt(np.diag(self.covariance))[1:]
        columns = {"value": np.exp(value), "low": np.exp(value - half), "high": np.exp(value + half)}
        return pd.DataFrame(columns).rename_axis("term").reset_index()

    def average_marginal_effects(self) -> pd.DataFrame:
        """Mean change of the probability, rows as fitted: term, value, low, high (differences of shares).

        For a 0/1 column from 0 to 1, for another by one unit at the margin. Intervals by the delta method: for these very rows
        where each is a subject of its own; where subjects recur, for subjects like these, robust, that others would have been
        averaged over being in them (Wooldridge 2010, section 12.4)."""
        rows = np.column_stack([np.ones(self.base), self.design.to_numpy(dtype=float)])
        beta = self.coefficients.to_numpy()
        effects = [_row_effects(rows, beta, term) for term in range(1, len(beta))]
        value = np.array([effect.mean() for effect, _ in effects])
        half = Z95 * np.array([self._spread(effect, gradient) for effect, gradient in effects])
        return pd.DataFrame({"term": self.design.columns, "value": value, "low": value - half, "high": value + half})

    def _spread(self, effect: np.ndarray, gradient: np.ndarray) -> float:
        """Standard error of the mean of the rows' `effect`, whose gradient by the coefficients is `gradient`."""
        if self.errors is None:
            return float(np.sqrt(gradient @ self.covariance.to_numpy() @ gradient))
        by_subject = np.bincount(self.subjects, (effect - effect.mean()) / len(effect) + self.errors @ gradient)
        return float(np.sqrt((by_subject**2).sum() * len(by_subject) / max(len(by_subject) - 1, 1)))


def fit_logistic(design: pd.DataFrame, outcome: pd.Series, clusters: pd.Series | None = None) -> LogisticFit:
    """Maximum likelihood fit of `outcome` (0/1) on the columns of `design` and an intercept, which is added.

    With `clusters` (each row's subject) the covariance is the cluster-robust sandwich (Liang and Zeger 1986).
    Missing values and columns that do not vary are ValueErrors that name the terms; columns that follow from others, and
    outcomes of one value or that a term separates perfectly (whose odds ratio would be infinite), are NotEstimable."""
    x, y = _checked(design, outcome)
    mean, deviation = x.mean(axis=0), x.std(axis=0)
    scaled = np.column_stack([np.ones(len(x)), (x - mean) / deviation])
    if dependent := _dependent(scaled, design.columns):
        raise NotEstimable(f"{dependent} follows from the columns before it: leave it out")
    subjects = None if clusters is None else pd.factorize(np.asarray(clusters))[0]
    beta, covariance = _fit_scaled(scaled, y, design.columns, subjects)
    unscale = np.diag(np.concatenate([[1.0], 1 / deviation]))
    unscale[0, 1:] = -mean / deviation
    terms = pd.Index([INTERCEPT, *design.columns], name="term")
    return LogisticFit(
        coefficients=pd.Series(unscale @ beta, index=terms, name="coefficient"),
        covariance=pd.DataFrame(unscale @ covariance @ unscale.T, index=terms, columns=terms),
        design=design,
        base=len(y),
        events=int(y.sum()),
        errors=None if subjects is None else _errors(scaled, y, beta) @ unscale.T,
        subjects=subjects,
    )


def _fit_scaled(scaled, y, names, subjects) -> tuple[np.ndarray, np.ndarray]:
    from statsmodels.discrete.discrete_model import Logit
    from statsmodels.tools.sm_exceptions import ConvergenceWarning, PerfectSeparationWarning

    model = Logit(y, scaled)
    with warnings.catch_warnings():
        # what they warn of ends below in a sentence that names the term
        for kind in (ConvergenceWarning, PerfectSeparationWarning, RuntimeWarning):
            warnings.simplefilter("ignore", kind)
        try:
            plain = model.fit(disp=False, maxiter=MOST_STEPS)
        except np.linalg.LinAlgError:
            raise NotEstimable(f"the outcome is separated perfectly by {', '.join(map(str, names))} together") from None
        spread = np.sqrt(np.diag(plain.cov_params()))[1:]
    _refuse_separation(np.abs(plain.params[1:]), spread, names, plain.mle_retvals["converged"])
    if subjects is None:
        return np.asarray(plain.params), np.asarray(plain.cov_params())
    fit = model.fit(start_params=plain.params, disp=False, cov_type="cluster", cov_kwds={"groups": subjects})
    return np.asarray(fit.params), np.asarray(fit.cov_params())


def _errors(scaled: np.ndarray, y: np.ndarray, beta: np.ndarray) -> np.ndarray:
    """Row × coefficient: each row's score, by the inverse of the information."""
    probability = expit(scaled @ beta)
    information = (scaled * (probability * (1 - probability))[:, None]).T @ scaled
    return np.linalg.solve(information, (scaled * (y - probability)[:, None]).T).T


def _refuse_separation(size: np.ndarray, spread: np.ndarray, names: pd.Index, converged: bool) -> None:
    unbounded = ~(spread < LARGEST_STANDARD_ERROR)
    if unbounded.any():
        term = names[int(np.where(unbounded, size, 0).argmax())]
        raise NotEstimable(f"the outcome is separated perfectly by {term}: its odds ratio has no finite value")
    if not converged:
        raise NotEstimable(f"the fit on {', '.join(map(str, names))} did not settle in {MOST_STEPS} steps")


def _row_effects(rows: np.ndarray, beta: np.ndarray, term: int) -> tuple[np.ndarray, np.ndarray]:
    """Each row's effect, and the gradient of their mean by the coefficients."""
    if np.isin(rows[:, term], (0, 1)).all():
        (high, up), (low, down) = (_at_level(rows, beta, term, level) for level in (1, 0))
        return high - low, up - down
    probability = expit(rows @ beta)
    slope = probability * (1 - probability)
    gradient = beta[term] * (slope * (1 - 2 * probability)) @ rows / len(rows)
    gradient[term] += slope.mean()
    return beta[term] * slope, gradient


def _at_level(rows: np.ndarray, beta: np.ndarray, term: int, level: float) -> tuple[np.ndarray, np.ndarray]:
    changed = rows.copy()
    changed[:, term] = level
    probability = expit(changed @ beta)
    return probability, (probability * (1 - probability)) @ changed / len(rows)


def _checked(design: pd.DataFrame, outcome: pd.Series) -> tuple[np.ndarray, np.ndarray]:
    if len(design) != len(outcome):
        raise ValueError(f"{len(design)} rows of the design do not match {len(outcome)} outcomes")
    x, y = design.to_numpy(dtype=float), np.asarray(outcome, dtype=float)
    if missing := [str(name) for name, absent in zip(design.columns, np.isnan(x).any(axis=0), strict=True) if absent]:
        raise ValueError(f"{', '.join(missing)} has missing values: fill or leave them out first")
    if not np.isin(y, (0, 1)).all():
        raise ValueError("the outcome must be 0 or 1")
    if not 0 < y.sum() < len(y):
        raise NotEstimable("the outcome takes one value only, so that there is nothing to explain")
    if constant := [str(name) for name, width in zip(design.columns, np.ptp(x, axis=0), strict=True) if width == 0]:
        raise ValueError(f"{', '.join(constant)} does not vary: leave it out")
    return x, y


def _dependent(scaled: np.ndarray, names: pd.Index) -> str | None:
    diagonal = np.abs(np.diag(np.linalg.qr(scaled, mode="r")))
    weak = np.flatnonzero(diagonal < 1e-8 * np.sqrt(len(scaled)))
    return str(names[weak[0] - 1]) if len(weak) else None
