"""Whether one set of coefficients serves all steps of a scale: Brant's test of parallel lines."""

from dataclasses import dataclass

import numpy as np
import pandas as pd
from scipy.special import chdtrc

from analysis.stats.logistic import INTERCEPT, LogisticFit, NotEstimable, fit_logistic


@dataclass(frozen=True)
class ParallelLines:
    """Wald test that the coefficients are the same at every level: `statistic` (chi-square), `degrees` and `p` of all terms
    together; `by_term`: term, statistic, degrees, p. `fits`: the logistic model of each level or more."""

    statistic: float
    degrees: int
    p: float
    by_term: pd.DataFrame
    fits: dict[float, LogisticFit]


def parallel_lines(design: pd.DataFrame, outcome: pd.Series) -> ParallelLines:
    """Brant's test (Brant 1990, Biometrics 46): a logistic model of each level or more of `outcome` on the columns of `design`, the
    joint covariance of their coefficients, and a Wald test that these are equal, of all terms and of each.

    For many rows: `ordinal.merged_levels` joins levels of few. NotEstimable where there are fewer than three levels, or one of
    the logistic models has no finite coefficients."""
    levels = sorted(outcome.unique())[1:]
    if len(levels) < 2:
        raise NotEstimable("the outcome has fewer than three levels, so that no lines can be compared")
    deviation = design.std(ddof=0)
    scaled = (design - design.mean()) / deviation.where(deviation > 0, 1)
    fits = {level: fit_logistic(design, (outcome >= level).astype(int)) for level in levels}
    slopes = np.array([fit.coefficients.drop(INTERCEPT) * deviation for fit in fits.values()])
    covariance = _joint_covariance(scaled, np.column_stack([fit.predict(design) for fit in fits.values()]))
    rows = [{"term": name, **_equality(slopes, covariance, [place])} for place, name in enumerate(design.columns)]
    whole = _equality(slopes, covariance, list(range(design.shape[1])))
    return ParallelLines(**whole, by_term=pd.DataFrame(rows), fits=fits)


def _joint_covariance(scaled: pd.DataFrame, chance: np.ndarray) -> np.ndarray:
    """Of the slopes, level × level × term × term. `chance` (row × level) is that of each level or more; of a row's outcomes at two
    levels the covariance is the chance of the higher × (1 − the chance of the lower)."""
    x = np.column_stack([np.ones(len(scaled)), scaled.to_numpy(dtype=float)])

    def product(lower: int, higher: int) -> np.ndarray:
        return (x * (chance[:, higher] * (1 - chance[:, lower]))[:, None]).T @ x

    size = chance.shape[1]
    inverse = [np.linalg.inv(product(level, level)) for level in range(size)]
    result = np.empty((size, size, scaled.shape[1], scaled.shape[1]))
    for lower in range(size):
        for higher in range(lower, size):
            part = (inverse[lower] @ product(lower, higher) @ inverse[higher])[1:, 1:]
            result[lower, higher], result[higher, lower] = part, part.T
    return result


def _equality(slopes: np.ndarray, covariance: np.ndarray, terms: list[int]) -> dict[str, float]:
    """Chi-square of the differences of the slopes of `terms` at each level from those at the first."""
    size, count = len(slopes), len(terms)
    joint = covariance[:, :, terms][..., terms].transpose(0, 2, 1, 3).reshape(size * count, size * count)
    contrast = np.kron(np.column_stack([-np.ones(size - 1), np.eye(size - 1)]), np.eye(count))
    gap = contrast @ slopes[:, terms].ravel()
    statistic = float(gap @ np.linalg.solve(contrast @ joint @ contrast.T, gap))
    return {"statistic": statistic, "degrees": len(gap), "p": float(chdtrc(len(gap), statistic))}
