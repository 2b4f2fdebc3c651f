"""The comparator that fails: one regression of the year's leaving on the year's counts of exposures."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
import pandas as pd
from scipy.special import expit

from analysis.stats.intervals import Z95, Estimate
from analysis.stats.logistic import INTERCEPT, LogisticFit, NotEstimable, fit_logistic
from analysis.study.lever_effects import trait_design

STRUCK_NEEDED = 30


def one_shot_shares(people: pd.DataFrame, levers: Mapping[str, pd.DataFrame], outcome: str = "left") -> dict[str, Estimate]:
    """Lever → 1 − leavers foretold with the lever's count at 0 ÷ leavers, from one logistic regression on all counts and the traits at
    the opening; interval by the delta method. Shown only to be held against `lever_effects`: who stays longer has longer to be
    struck, and what changed within the year is not held equal. Empty where the regression cannot be made."""
    counts = {name: _count(people, rows) for name, rows in levers.items()}
    counts = {name: count for name, count in counts.items() if (count > 0).sum() >= STRUCK_NEEDED and count.nunique() > 1}
    traits = trait_design(people)
    traits = traits.loc[:, traits.nunique() > 1].astype(float)
    try:
        fit = fit_logistic(pd.concat([pd.DataFrame(counts), traits], axis=1), people[outcome].astype(int))
    except NotEstimable:
        return {}
    return {name: _without(fit, name) for name in counts}


def _count(people: pd.DataFrame, rows: pd.DataFrame) -> pd.Series:
    struck = rows[rows["struck"].astype(bool)]
    return people["customer_id"].map(struck.groupby("customer_id").size()).fillna(0).astype(float)


def _without(fit: LogisticFit, lever: str) -> Estimate:
    rows = np.column_stack([np.ones(fit.base), fit.design.assign(**{lever: 0.0}).to_numpy(dtype=float)])
    chance = expit(rows @ fit.coefficients[[INTERCEPT, *fit.design.columns]].to_numpy())
    whole = np.column_stack([np.ones(fit.base), fit.design.to_numpy(dtype=float)])
    factual = expit(whole @ fit.coefficients.to_numpy())
    ratio = chance.sum() / factual.sum()
    slope = ((chance * (1 - chance)) @ rows - ratio * ((factual * (1 - factual)) @ whole)) / factual.sum()
    half = Z95 * float(np.sqrt(slope @ fit.covariance.to_numpy() @ slope))
    return Estimate(float(1 - ratio), float(1 - ratio - half), float(1 - ratio + half), fit.base)
