"""What an exposure at a point goes with, others being alike: augmented inverse probability weighting, overlap and balance."""

from dataclasses import dataclass

import numpy as np
import pandas as pd
from scipy.special import stdtrit

from analysis.stats.intervals import Estimate
from analysis.stats.logistic import fit_logistic

TRIMMED_BELOW = 0.1
FEWEST_CLUSTERS = 8
BALANCED = 0.1


@dataclass(frozen=True)
class Contrast:
    """Mean outcome if all rows were exposed minus if none were: `crude`, and `adjusted` for the columns of the design (None
    where no interval can be told), over the rows with overlap. `overlap` is the share of rows kept; `balance` has term, crude,
    weighted: standardised differences of means between the exposed and the others; `propensity` and `is_exposed` by row, those set
    aside among them."""

    crude: Estimate
    adjusted: Estimate | None
    exposed: int
    overlap: float
    balance: pd.DataFrame
    propensity: pd.Series
    is_exposed: pd.Series


def contrast(outcome: pd.Series, exposed: pd.Series, design: pd.DataFrame, clusters: pd.Series | None = None) -> Contrast:
    """Crude and adjusted difference of the mean `outcome` between rows that are `exposed` (bool) and rows that are not.

    Rows whose propensity lies outside 0.1-0.9 are set aside first (Crump and others 2009), and all is fitted anew on the rest.
    Adjusted: augmented weighting (Robins, Rotnitzky and Zhao 1994), logistic propensity and linear outcome in each arm, both on
    `design`; consistent if either is right and nothing else that bears on both is left out. `clusters` names the unit by which
    the exposure comes; below FEWEST_CLUSTERS of them there is no adjusted interval. NotEstimable: the design foretells the
    exposure perfectly."""
    first = _propensity(exposed, design)
    kept = first.between(TRIMMED_BELOW, 1 - TRIMMED_BELOW)
    y, a, x = outcome[kept].astype(float), exposed[kept], _varying(design[kept])
    units = pd.Series(np.arange(len(y)), y.index) if clusters is None else clusters[kept]
    chance = _propensity(a, x) if a.nunique() == 2 else first[kept]
    return Contrast(
        crude=_interval(_difference(outcome.astype(float), exposed), exposed.index if clusters is None else clusters),
        adjusted=_adjusted(y, a, x, chance, units) if _is_estimable(a, x) else None,
        exposed=int(a.sum()),
        overlap=float(kept.mean()),
        balance=balance(x, a, chance),
        propensity=first,
        is_exposed=exposed.astype(bool),
    )


def augmented(outcome: pd.Series, exposed: pd.Series, design: pd.DataFrame, propensity: pd.Series) -> pd.Series:
    """Each row's part in the augmented estimate, whose mean is the average effect: m1 − m0 + (a − e)/(e(1 − e)) × (y − m_a)."""
    y, a, e = outcome.to_numpy(dtype=float), exposed.to_numpy(dtype=bool), propensity.to_numpy(dtype=float)
    x = np.column_stack([np.ones(len(y)), design.to_numpy(dtype=float)])
    with_it, without = (x @ np.linalg.lstsq(x[arm], y[arm], rcond=None)[0] for arm in (a, ~a))
    residual = np.where(a, (y - with_it) / e, -(y - without) / (1 - e))
    return pd.Series(with_it - without + residual, index=outcome.index, name="part")


def balance(design: pd.DataFrame, exposed: pd.Series, propensity: pd.Series) -> pd.DataFrame:
    """Standardised difference of each column's mean between exposed and others, before and after weighting by the inverse
    probability of what happened (Austin 2011): term, crude, weighted. Below 0.1 in size is taken as balanced."""
    a = exposed.to_numpy(dtype=bool)
    weight = np.where(a, 1 / propensity, 1 / (1 - propensity))
    x = design.to_numpy(dtype=float)
    if not 0 < a.sum() < len(a):
        return pd.DataFrame({"term": design.columns, "crude": np.nan, "weighted": np.nan})
    spread = np.sqrt((x[a].var(axis=0) + x[~a].var(axis=0)) / 2)
    spread = np.where(spread > 0, spread, 1)
    crude = (x[a].mean(axis=0) - x[~a].mean(axis=0)) / spread
    weighted = (np.average(x[a], axis=0, weights=weight[a]) - np.average(x[~a], axis=0, weights=weight[~a])) / spread
    return pd.DataFrame({"term": design.columns, "crude": crude, "weighted": weighted})


def _adjusted(y, a, x, chance, units) -> Estimate | None:
    found = _interval(augmented(y, a, x, chance), units)
    return found if units.nunique() >= FEWEST_CLUSTERS else None


def _is_estimable(exposed: pd.Series, design: pd.DataFrame) -> bool:
    smallest = min(int(exposed.sum()), int((~exposed).sum()))
    return smallest > design.shape[1] + 1


def _propensity(exposed: pd.Series, design: pd.DataFrame) -> pd.Series:
    return fit_logistic(_varying(design), exposed.astype(int)).predict(_varying(design))


def _varying(design: pd.DataFrame) -> pd.DataFrame:
    return design.loc[:, design.nunique() > 1]


def _difference(y: pd.Series, exposed: pd.Series) -> pd.Series:
    """Parts whose mean is the crude difference of means and whose spread is that of its estimate."""
    a = exposed.to_numpy(dtype=bool)
    means = y[a].mean(), y[~a].mean()
    part = np.where(a, (y - means[0]) / a.mean(), -(y - means[1]) / (~a).mean())
    return pd.Series(part + means[0] - means[1], index=y.index)


def _interval(parts: pd.Series, units) -> Estimate:
    """Mean of the parts with a t interval of G − 1 degrees of freedom over the G units' sums (Liang and Zeger 1986)."""
    value, count = float(parts.mean()), len(parts)
    sums = (parts - value).groupby(np.asarray(units)).sum()
    size = len(sums)
    half = stdtrit(size - 1, 0.975) * np.sqrt((sums**2).sum() * size / (size - 1)) / count if size > 1 else np.nan
    return Estimate(value, value - half, value + half, count)
