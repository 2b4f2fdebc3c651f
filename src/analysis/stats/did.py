"""Difference-in-differences where units are exposed one cohort after the other: what the exposed would have done is imputed from rows not
yet or never exposed, and what they did is held against it, by cohort and period (Callaway and Sant'Anna 2021; Wooldridge 2023, for a
logit link; Borusyak, Jaravel and Spiess 2024)."""

from dataclasses import dataclass

import numpy as np
import pandas as pd
from scipy.special import expit

MOST_STEPS = 40
SETTLED = 1e-8


@dataclass(frozen=True)
class Imputed:
    """`chance`: by row, the probability of the event without exposure; `information`: of the fit (terms × terms, penalty among it); `score`: by
    row, what it adds to the residual (0 for rows not fitted on); `weight`: by row, its part in the information; `coefficients`."""

    chance: np.ndarray
    information: np.ndarray
    score: np.ndarray
    weight: np.ndarray
    coefficients: np.ndarray


def impute(
    design: np.ndarray, event: np.ndarray, is_free: np.ndarray, penalty: np.ndarray, start: np.ndarray | None = None
) -> Imputed:
    """Logistic model of `event` (bool) on `design` (rows × terms, its intercept among them), fitted on the rows that are free of the exposure
    and at risk (`is_free`), and read off for all. `penalty` by term is 1 ÷ the variance that its coefficient is taken to have
    beforehand; next to 0: any. `start`: coefficients to begin from. Parallel trends are those of the log odds. ValueError: no free row, or none with an event."""
    x, y, free = np.asarray(design, float), np.asarray(event, float), np.asarray(is_free, bool)
    if not y[free].any():
        raise ValueError("nothing to compare with: no event among the rows without exposure")
    beta = fit_penalised(x[free], y[free], penalty, start)
    chance = expit(x @ beta)
    weight = chance * (1 - chance) * free
    information = x.T @ (x * weight[:, None]) + np.diag(penalty)
    return Imputed(chance, information, (y - chance) * free, weight, beta)


def fit_penalised(x: np.ndarray, y: np.ndarray, penalty: np.ndarray, start: np.ndarray | None = None) -> np.ndarray:
    """Coefficients of a logistic regression with a normal prior around 0 (ridge; le Cessie and van Houwelingen 1992), by Newton's method."""
    beta = _first_step(x, y, penalty) if start is None else np.array(start, float)
    for _ in range(MOST_STEPS):
        chance = expit(x @ beta)
        gradient = x.T @ (y - chance) - penalty * beta
        step = np.linalg.solve(x.T @ (x * (chance * (1 - chance))[:, None]) + np.diag(penalty), gradient)
        beta += step / max(1.0, np.abs(step).max() / 3)
        if gradient @ step < SETTLED:
            break
    return beta


def _first_step(x: np.ndarray, y: np.ndarray, penalty: np.ndarray) -> np.ndarray:
    """Of iterated weighted least squares, from the same risk for all."""
    mean = y.mean()
    slope = mean * (1 - mean)
    return np.linalg.solve(slope * (x.T @ x) + np.diag(penalty), x.T @ (slope * np.log(mean / (1 - mean)) + y - mean))


def moves(design: np.ndarray, found: Imputed, groups: np.ndarray) -> np.ndarray:
    """By how much the coefficients move if each group of rows (numbered from 0) is left out: groups × terms, one Newton step from all
    rows (the cluster jackknife: MacKinnon, Nielsen and Webb 2023)."""
    result = []
    for number in range(int(groups.max()) + 1):
        own = groups == number
        rows = design[own]
        less = found.information - rows.T @ (rows * found.weight[own][:, None])
        result.append(-np.linalg.solve(less, rows.T @ found.score[own]))
    return np.array(result)


def jackknife_influence(without: np.ndarray) -> np.ndarray:
    """Estimates without each cluster → what each adds to the error: sums to 0; variance = G ÷ (G − 1) × the sum of squares, which is
    the jackknife's (G − 1) ÷ G × the squared deviations from their mean (CR3)."""
    size = len(without)
    return (size - 1) / size * (without.mean() - without)


def aggregate(effects: pd.DataFrame) -> dict[str, pd.DataFrame | float]:
    """Effects by cohort and period (cohort, period: numbers, a period from its cohort on is exposed; value; size: of the cohort) →
    `simple`: their mean over all exposed, weighted by size; `by_time`: event_time, value; `by_cohort`: cohort, value (Callaway and
    Sant'Anna 2021, section 3)."""
    rows = effects[effects["period"] >= effects["cohort"]]
    rows = rows.assign(event_time=rows["period"] - rows["cohort"], total=rows["value"] * rows["size"])
    sums = {name: rows.groupby(name)[["total", "size"]].sum() for name in ("event_time", "cohort")}
    by_time, by_cohort = ((part["total"] / part["size"]).rename("value").reset_index() for part in sums.values())
    return {"simple": float(rows["total"].sum() / rows["size"].sum()), "by_time": by_time, "by_cohort": by_cohort}
