"""How good are predictions of a number, judged on rows that they were not made from?"""

from typing import NamedTuple

import numpy as np
import pandas as pd

from analysis.stats.intervals import Z95, Estimate, bootstrap, percentile_interval
from analysis.stats.weights import error_of_mean


class Accuracy(NamedTuple):
    """Root mean squared error, and the share of the squared error of a `reference` prediction that is saved (R² out of sample)."""

    rmse: Estimate
    r_squared: Estimate


def accuracy(predicted, observed, reference, subjects, replicates: int = 500, seed: int = 7) -> Accuracy:
    """Error of `predicted`, alone and against that of `reference` (say, the mean of earlier rows): R² = 1 − Σ(observed − predicted)² ÷
    Σ(observed − reference)² (Campbell and Thompson 2008), below 0 where the reference is better. Intervals by percentiles over
    resampled `subjects` (each row's subject), the predictions being as they are."""
    observed = np.asarray(observed, dtype=float)
    squares = {"made": (observed - predicted) ** 2, "reference": (observed - reference) ** 2, "rows": 1.0}
    sums = pd.DataFrame(squares, index=range(len(observed))).groupby(np.asarray(subjects)).sum().to_numpy()

    def measures(counts: np.ndarray) -> np.ndarray:
        made, other, rows = counts @ sums
        return np.array([np.sqrt(made / rows), 1 - made / other])

    value = measures(np.ones(len(sums)))
    drawn = bootstrap(len(sums), replicates, seed, measures)
    return Accuracy(*(percentile_interval(value[place], drawn[:, place], len(observed)) for place in (0, 1)))


def mean_error(predicted, observed, subjects) -> Estimate:
    """Mean of observed less predicted (calibration in the large: 0 is right), robust to subjects that recur."""
    gap = np.asarray(observed, dtype=float) - np.asarray(predicted, dtype=float)
    value, (error, _) = float(gap.mean()), error_of_mean(gap - gap.mean(), subjects)
    return Estimate(value, value - Z95 * error, value + Z95 * error, len(gap))


def forecast_slope(predicted, observed, subjects) -> Estimate:
    """Slope of the least-squares line of observed on predicted (Mincer and Zarnowitz 1969): 1 is calibrated, below 1 the predictions
    differ too much, above 1 too little; robust to subjects that recur. None where predictions do not vary."""
    predicted, observed = np.asarray(predicted, dtype=float), np.asarray(observed, dtype=float)
    apart = predicted - predicted.mean()
    spread = float(np.mean(apart**2))
    if spread == 0:
        return Estimate(None, None, None, len(observed))
    value = float(np.mean(apart * observed) / spread)
    error = error_of_mean(apart * (observed - observed.mean() - value * apart) / spread, subjects)[0]
    return Estimate(value, value - Z95 * error, value + Z95 * error, len(observed))


def forecast_table(predicted, observed, subjects, bins: int = 10) -> pd.DataFrame:
    """Means of predicted and observed in `bins` groups of equal size by prediction (equal ones stay together): predicted, observed,
    low, high (of observed, robust to subjects that recur), base."""
    rows = pd.DataFrame({"predicted": predicted, "observed": observed, "subject": subjects}).reset_index(drop=True)
    place = np.ceil(rows["predicted"].rank() * bins / len(rows))
    made = []
    for _, own in rows.groupby(place):
        gap = mean_error(np.zeros(len(own)), own["observed"], own["subject"])
        made.append((own["predicted"].mean(), *gap))
    return pd.DataFrame(made, columns=["predicted", "observed", "low", "high", "base"])
