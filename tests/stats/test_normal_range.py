import warnings

import numpy as np
import pytest
import statsmodels.api as sm
from scipy.stats import t

from analysis.stats.normal_range import AT_LEAST, LEVEL, WALK_TO_NOISE, _fitted, expected, foretold


def walk(random, months, series):
    return np.cumsum(random.normal(0.3, 1, (months, series)), axis=0)


def noise(random, months, series):
    return 10 + random.normal(size=(months, series))


def rolling(random, months, series):
    sums = np.cumsum(random.normal(size=(months + 12, series)), axis=0)
    return sums[12:] - sums[:-12]


@pytest.mark.parametrize("kind", [walk, noise, rolling])
def test_the_range_holds_the_next_month_as_often_as_it_says(kind):
    series = kind(np.random.default_rng(1), 17, 800)
    low, high = foretold(series[:-1], level=0.95)
    assert 0.93 < np.mean((low <= series[-1]) & (series[-1] <= high)) < 0.98


def test_six_figures_at_once_raise_any_false_alarm_in_a_twentieth_of_quiet_months():
    random = np.random.default_rng(8)
    series = np.column_stack([kind(random, 17, 600) for kind in (walk, noise, rolling)])
    low, high = foretold(series[:-1])
    alarms = ((series[-1] < low) | (series[-1] > high)).reshape(3, 2, 300).any(axis=(0, 1))
    assert alarms.mean() == pytest.approx(0.05, abs=0.03)


def test_noise_round_a_level_has_a_narrower_range_than_a_chart_of_changes_gives():
    series = noise(np.random.default_rng(2), 24, 500)
    low, high = foretold(series)
    changes = np.diff(series, axis=0)
    chart = 2 * t.ppf((1 + LEVEL) / 2, 22) * changes.std(axis=0, ddof=1) * np.sqrt(1 + 1 / 23)
    assert np.mean(high - low) < 0.85 * chart.mean()


def test_a_pure_walk_is_the_drift_method_of_hyndman_and_athanasopoulos():
    y = walk(np.random.default_rng(3), 15, 1)
    middle, scale, _ = _fitted(y, np.arange(15), 17, np.inf)
    changes = np.diff(y[:, 0])
    assert middle[0] == pytest.approx(y[-1, 0] + 3 * (y[-1, 0] - y[0, 0]) / 14)
    assert scale[0] == pytest.approx(changes.std(ddof=1) * np.sqrt(3 * (1 + 3 / 14)))


def test_no_walk_is_the_prediction_of_a_straight_line():
    y = noise(np.random.default_rng(4), 12, 1)
    middle, scale, _ = _fitted(y, np.arange(12), 12, 0.0)
    line = sm.OLS(y[:, 0], sm.add_constant(np.arange(12.0))).fit().get_prediction([[1, 12.0]])
    assert (middle[0], scale[0]) == (pytest.approx(line.predicted_mean[0]), pytest.approx(line.se_obs[0]))


def test_between_them_it_is_the_kalman_filter_of_a_local_level_with_drift():
    y = sm.datasets.nile.load_pandas().data["volume"].to_numpy()[:30, None]
    middle, _, _ = _fitted(y, np.arange(30), 30, 0.3)
    model = sm.tsa.UnobservedComponents(y[:, 0], "local linear deterministic trend", use_exact_diffuse=True)
    assert middle[0] == pytest.approx(model.smooth([1.0, 0.3]).forecast(1)[0], rel=1e-6)


def test_the_nile_is_as_durbin_and_koopman_have_it():
    y = sm.datasets.nile.load_pandas().data["volume"].to_numpy()[:, None]
    likelihood = [_fitted(y, np.arange(100), 100, ratio)[2][0] for ratio in WALK_TO_NOISE]
    assert WALK_TO_NOISE[int(np.argmax(likelihood))] == 0.1, "their ratio (2012, section 2.10): 1,469.1 / 15,099"


def test_each_month_is_foretold_by_those_before_it_alone():
    y = walk(np.random.default_rng(5), 20, 1)[:, 0]
    ranges = expected(y)
    assert ranges["low"].isna().tolist() == [place < AT_LEAST for place in range(20)]
    y[12:] += 100
    later = expected(y)
    assert ranges[:13].equals(later[:13])
    assert y[12] > later["high"][12]
    assert not ranges[13:].equals(later[13:])
    later = expected(y[:12], steps=3)
    assert later["low"].isna().sum() == AT_LEAST + 2
    assert (later["high"] - later["low"]).iloc[-1] > 1.4 * (ranges["high"] - ranges["low"]).iloc[9]


def test_a_missing_month_leaves_a_gap_and_a_series_without_noise_is_not_judged():
    y = walk(np.random.default_rng(6), 14, 1)[:, 0]
    y[3] = np.nan
    assert expected(y)["low"].isna().sum() == AT_LEAST + 1
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        assert expected(np.full(14, 0.97))["low"].isna().all()
        assert expected(np.arange(14.0))["low"].isna().all()
        assert expected([])["low"].empty


def test_scale_and_place_change_nothing_else():
    y = noise(np.random.default_rng(7), 14, 3)
    low, high = foretold(y)
    other_low, other_high = foretold(5e9 + 1e7 * y)
    assert other_low == pytest.approx(5e9 + 1e7 * low)
    assert other_high == pytest.approx(5e9 + 1e7 * high)
