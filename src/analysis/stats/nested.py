"""Does a set of columns tell an outcome apart beyond others? Nested logistic models."""

import warnings
from typing import NamedTuple

import numpy as np
import pandas as pd
from scipy.stats import chi2

from analysis.stats.comparison import auc_difference
from analysis.stats.intervals import Estimate

FOLDS = 5
EVENTS_PER_TERM = 10
LARGEST = 30.0  # log odds beyond which groups without events need not be told apart


class TooFewEvents(ValueError):
    """The outcome occurs, or fails to occur, too seldom: `events` (the rarer of the two), where `needed` are."""

    def __init__(self, events: int, needed: int):
        super().__init__(f"{events} events; {needed} are needed")
        self.events, self.needed = events, needed


class Nested(NamedTuple):
    """Likelihood-ratio `statistic` with `degrees` of freedom and `p`; `gain` in AUC, cross-fitted; `base` rows, `events`."""

    statistic: float
    degrees: int
    p: float
    gain: Estimate
    base: int
    events: int


def nested_test(known: pd.DataFrame, added: pd.DataFrame, outcome, subjects, seed: int = 0) -> Nested:
    """Whether the columns `added` tell the 0/1 `outcome` apart beyond the columns `known` (an intercept is added).

    Twice the difference of the log likelihoods of the two logistic models against chi-squared (Wilks 1938); finite also where
    a group has no events. The gain is the AUC of the larger model less that of the smaller one, within each of `FOLDS` folds of
    subjects scored by a model of the others (scores of different models are not ranked together: Parker, Günter and Bedo
    2007), averaged, with the interval of `auc_difference`, widened as the folds' models share their rows (Nadeau and
    Bengio 2003).
    TooFewEvents below 10 events a column, of either outcome (Peduzzi and others 1996). One row a subject is assumed by `p`."""
    y = np.asarray(outcome, dtype=float)
    smaller, larger = _varied(known), _varied(pd.concat([known, added], axis=1))
    degrees = int(np.linalg.matrix_rank(larger) - np.linalg.matrix_rank(smaller))
    events, needed = int(min(y.sum(), len(y) - y.sum())), EVENTS_PER_TERM * (larger.shape[1] - 1)
    if events < needed or events == 0:
        raise TooFewEvents(events, max(needed, EVENTS_PER_TERM))
    statistic = max(_deviance(smaller, y) - _deviance(larger, y), 0.0)
    gain = _gain(smaller, larger, y, np.asarray(subjects), seed)
    return Nested(statistic, degrees, float(chi2.sf(statistic, degrees)) if degrees else 1.0, gain, len(y), int(y.sum()))


def holm(values) -> np.ndarray:
    """p-values of several tests, raised so that each below 5 % holds for all at once (Holm 1979)."""
    from statsmodels.stats.multitest import multipletests

    return multipletests(values, method="holm")[1] if len(values) else np.array([])


def dummies(groups: pd.Series) -> pd.DataFrame:
    """A 0/1 column for each group but the first."""
    return pd.get_dummies(groups, drop_first=True).astype(float)


def _varied(columns: pd.DataFrame) -> np.ndarray:
    x = columns.to_numpy(dtype=float)
    return np.column_stack([np.ones(len(x)), x[:, np.ptp(x, axis=0) > 0]])


def _fit(x: np.ndarray, y: np.ndarray):
    import statsmodels.api as sm

    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # a group without events drives a coefficient away, but not the likelihood
        return sm.GLM(y, x, family=sm.families.Binomial()).fit()


def _deviance(x: np.ndarray, y: np.ndarray) -> float:
    return float(_fit(x, y).deviance)


def _folds(subjects: np.ndarray, y: np.ndarray, seed: int) -> np.ndarray:
    """The fold of each row: subjects dealt out at random, those with the outcome first, so that each fold has its share."""
    codes, unique = pd.factorize(subjects)
    has = np.bincount(codes, weights=y) > 0
    dealt = np.random.default_rng(seed).permutation(len(unique))
    fold = np.empty(len(unique), dtype=int)
    fold[dealt[np.argsort(~has[dealt], kind="stable")]] = np.arange(len(unique)) % FOLDS
    return fold[codes]


def _gain(smaller: np.ndarray, larger: np.ndarray, y: np.ndarray, subjects: np.ndarray, seed: int) -> Estimate:
    folds = _folds(subjects, y, seed)
    weights, gains = [], []
    for fold in range(FOLDS):
        out = folds == fold
        scores = [x[out] @ np.clip(_fit(x[~out], y[~out]).params, -LARGEST, LARGEST) for x in (larger, smaller)]
        gains.append(auc_difference(*scores, y[out], subjects[out]))
        weights.append(y[out].sum() * (1 - y[out]).sum())
    weight = np.array(weights) / np.sum(weights)
    value = float(weight @ [gain.value for gain in gains])
    alone = np.sqrt(weight**2 @ np.square([gain.high - gain.value for gain in gains]))
    half = float(alone * np.sqrt(1 + FOLDS / (FOLDS - 1)))
    return Estimate(value, value - half, value + half, len(y))
