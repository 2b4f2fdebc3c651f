import numpy as np
import pytest

from analysis.stats.forecasts import accuracy, forecast_slope, forecast_table, mean_error
from analysis.stats.intervals import mean_t


def test_error_and_saved_share_by_hand():
    """Campbell and Thompson 2008: R² = 1 − 6 ÷ 12."""
    made = accuracy([6.0, 8.0, 9.0], [7.0, 9.0, 7.0], [5.0, 7.0, 9.0], ["a", "b", "c"], replicates=50)
    assert made.rmse.value == pytest.approx(np.sqrt(2))
    assert made.r_squared.value == pytest.approx(0.5)
    assert (made.rmse.base, made.r_squared.base) == (3, 3)


def test_the_mean_saves_nothing():
    observed = np.random.default_rng(1).normal(7, 1, 50)
    made = accuracy(np.full(50, 7.0), observed, np.full(50, 7.0), range(50), replicates=50)
    assert made.r_squared[:3] == (0, 0, 0)


def test_slope_as_least_squares_with_clusters():
    import statsmodels.api as sm

    random = np.random.default_rng(2)
    subject = np.repeat(np.arange(60), 3)
    predicted = random.normal(7, 0.5, 180)
    observed = predicted * 0.6 + random.normal(0, 1, 60)[subject] + random.normal(0, 1, 180)
    other = sm.OLS(observed, sm.add_constant(predicted)).fit(cov_type="cluster", cov_kwds={"groups": subject})
    slope = forecast_slope(predicted, observed, subject)
    assert slope.value == pytest.approx(other.params[1])
    assert (slope.high - slope.low) / 2 / 1.96 == pytest.approx(other.bse[1], rel=0.01)
    assert forecast_slope([7.0, 7.0], [6.0, 8.0], [1, 2]).value is None


def test_mean_error_and_table():
    observed, predicted = np.arange(20.0), np.arange(20.0) / 2
    gap = mean_error(predicted, observed, range(20))
    assert gap.value == pytest.approx(mean_t(observed - predicted).value)
    table = forecast_table(predicted, observed, range(20), bins=4)
    assert table["base"].tolist() == [5] * 4
    assert table["observed"].tolist() == [2, 7, 12, 17]
    assert mean_error(predicted, observed, [0] * 10 + [1] * 10).high > gap.high
