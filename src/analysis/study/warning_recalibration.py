"""A model held against later rows, part by part: what has changed, how sure one may be, and what could have been seen."""

import numpy as np
import pandas as pd

from analysis.stats.intervals import Z95, simultaneous
from analysis.stats.logistic import LogisticFit

ALARM_LEVEL = 0.05
POWER = 0.8
PARTS = {
    "activity": ("days_silent", "transactions", "slowing"),
    "assets": ("assets", "assets_falling", "assets_lately", "assets_year"),
    "relation": ("products", "tenure", "corporate"),
    "digital": ("digital",),
    "service": ("open_complaint", "complaint", "long_wait"),
}


def by_part(fit: LogisticFit, learnt_of: pd.Series, judged: pd.DataFrame) -> tuple[pd.DataFrame, float]:
    """Each part's coefficient in a recalibration of the level and of what every part adds to the log odds (1: holds), one step of
    Newton's from the fit, and the score test that all are 1 (Rao 1948), the level left free. The covariance is by customer over the
    rows of the fit and of the landmarks together: it holds the error of the fit's coefficients, and customers who recur."""
    terms = {part: [name for name in names if name in fit.design.columns] for part, names in PARTS.items()}
    says = {part: (judged[names] @ fit.coefficients[names]).to_numpy() for part, names in terms.items() if names}
    says = {part: values for part, values in says.items() if np.ptp(values) > 0}
    rows = np.column_stack([np.ones(len(judged)), *says.values()])
    probability = judged["probability"].to_numpy()
    weighted = rows * (probability * (1 - probability))[:, None]
    scores = rows * (judged["outcome"].to_numpy() - probability)[:, None]
    design = np.column_stack([np.ones(len(judged)), judged[fit.design.columns].to_numpy(dtype=float)])
    influence = pd.DataFrame(np.vstack([scores, -fit.errors @ (design.T @ weighted)]))
    customers = np.concatenate([judged["customer_id"].to_numpy(), learnt_of.to_numpy()])
    by_customer = influence.groupby(customers).sum().to_numpy()
    inverse = np.linalg.inv(rows.T @ weighted)
    change = (inverse @ scores.sum(axis=0))[1:]
    covariance = (inverse @ (by_customer.T @ by_customer) @ inverse)[1:, 1:] * len(by_customer) / (len(by_customer) - 1)
    precision = np.linalg.inv(covariance)
    chance = _tail(change @ precision @ change, len(change))
    return _odds_ratios(says, change, np.sqrt(np.diag(covariance)), np.sqrt(np.diag(precision))), chance


def _odds_ratios(says: dict[str, np.ndarray], change: np.ndarray, error: np.ndarray, sharpness: np.ndarray) -> pd.DataFrame:
    """`sharpness` × a part's change: the root of the test's noncentrality, if this part alone moved."""
    spread = np.array([values.std() for values in says.values()])
    logs = pd.DataFrame({"value": 1 + change, "low": 1 + change - Z95 * error, "high": 1 + change + Z95 * error})
    told = np.exp(simultaneous(logs).mul(spread, axis=0))
    p = [_tail(z**2, 1) for z in change / error]
    found = np.exp(spread * (1 - np.sqrt(_noncentrality(len(change))) / sharpness))
    return told.assign(part=list(says), learnt=np.exp(spread), p=p, found=found)[
        ["part", "learnt", "value", "low", "high", "p", "found"]
    ]


def _tail(statistic: float, degrees: int) -> float:
    from scipy.stats import chi2

    return float(chi2.sf(statistic, degrees))


def _noncentrality(degrees: int) -> float:
    """With which the test of ALARM_LEVEL has POWER (Cohen 1988, section 12.7)."""
    from scipy.optimize import brentq
    from scipy.stats import chi2, ncx2

    edge = chi2.isf(ALARM_LEVEL, degrees)
    return float(brentq(lambda lies: ncx2.sf(edge, degrees, lies) - POWER, 1e-6, 1e3))


def errors_of_learning(fit: LogisticFit, judged: pd.DataFrame) -> tuple[float, float, float]:
    """What the error of the fit's coefficients adds: the standard errors of the log of the expected share and of the slope, and by
    how much the slope falls short of 1 on average (van Houwelingen and le Cessie 1990, with the robust covariance)."""
    rows = np.column_stack([np.ones(len(judged)), judged[fit.design.columns].to_numpy(dtype=float)])
    beta, covariance = fit.coefficients.to_numpy(), fit.covariance.to_numpy()
    weight = (judged["probability"] * (1 - judged["probability"])).to_numpy()
    of_level = weight @ rows / judged["probability"].sum()
    centred = rows - weight @ rows / weight.sum()
    spread = (centred * weight[:, None]).T @ centred
    signal = float(beta @ spread @ beta)
    of_slope = spread @ beta / signal
    return (
        float(np.sqrt(of_level @ covariance @ of_level)),
        float(np.sqrt(of_slope @ covariance @ of_slope)),
        float(np.trace(spread @ covariance) / signal),
    )
