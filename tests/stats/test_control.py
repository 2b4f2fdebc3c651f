import numpy as np
import pytest
from scipy.stats import binomtest

from analysis.stats.control import dispersion_p, funnel_of_rates, rate_by_subject, rate_limits, u_chart

DEATHS_BY_HORSE_KICK = np.repeat([0, 1, 2, 3, 4], [109, 65, 22, 3, 1])


def test_limits_are_exact_poisson_quantiles_as_tables_give_them_interpolated():
    """Poisson's table for mean 10: P(X ≤ 3) = 0.0103, P(X ≤ 4) = 0.0293; P(X ≤ 20) = 0.9984, P(X ≤ 21) = 0.9993."""
    limits = rate_limits(0.1, [100]).iloc[0] * 100
    assert limits["low95"] == pytest.approx(4 - (0.0293 - 0.025) / (0.0293 - 0.0103), abs=0.01)
    assert limits["high998"] == pytest.approx(21 - (0.9993 - 0.999) / (0.9993 - 0.9984), abs=0.05)
    assert (rate_limits(0.1, [1, 10])[["low95", "low998"]] == 0).all(axis=None)


def test_deaths_by_horse_kick_are_poisson_as_bortkewitsch_found_in_1898():
    assert dispersion_p(DEATHS_BY_HORSE_KICK, np.ones(200)) == pytest.approx(0.48, abs=0.01)
    assert u_chart(DEATHS_BY_HORSE_KICK, np.ones(200)).spread == 1


def test_months_in_control_fall_outside_as_often_as_the_limits_say_and_a_shift_is_seen():
    random = np.random.default_rng(1)
    exposure = random.integers(3000, 6000, 24)
    charts = [(counts, u_chart(counts, exposure)) for counts in random.poisson(0.016 * exposure, (200, 24))]
    false = sum(int(_outside(counts / exposure, chart.limits).sum()) for counts, chart in charts)
    assert false / (200 * 24) <= 0.003
    assert binomtest(sum(chart.p < 0.05 for _, chart in charts), 200, 0.05).pvalue > 0.01
    counts = random.poisson(0.016 * exposure)
    counts[-1] *= 2
    assert _outside(counts / exposure, rate_limits(0.016, exposure))[-1]


def _outside(rate, limits):
    return ((rate > limits["high998"]) | (rate < limits["low998"])).to_numpy()


def test_over_dispersed_months_get_laneys_wider_limits():
    counts, exposure = np.array([40, 90, 45, 95, 50, 88]), np.full(6, 1000.0)
    chart, centre = u_chart(counts, exposure), 68 / 1000
    z = (counts / exposure - centre) / np.sqrt(centre / exposure)
    assert chart.centre == pytest.approx(centre)
    assert chart.spread == pytest.approx(np.abs(np.diff(z)).mean() / 1.128)
    assert chart.limits["high998"].iloc[0] == pytest.approx(centre + 3.0902 * chart.spread * np.sqrt(centre / 1000), abs=1e-5)


def test_a_funnel_is_widened_by_all_units_but_not_by_one_that_stands_apart():
    exposure = np.full(40, 500.0)
    alone = np.random.default_rng(3).poisson(10, 40)
    alone[0] = 60
    chart = funnel_of_rates(alone, exposure)
    assert chart.spread < 1.3
    assert alone[0] / 500 > chart.limits["high998"].iloc[0]
    uneven = np.random.default_rng(4).negative_binomial(4, 4 / 14, 1000)
    assert funnel_of_rates(uneven, np.full(1000, 500.0)).spread == pytest.approx(np.sqrt(1 + 10 / 4), rel=0.1)


def test_intervals_of_rates_cover_where_some_subjects_have_many_events():
    random = np.random.default_rng(5)
    hits, runs = 0, 400
    for _ in range(runs):
        exposure = random.choice([6.0, 12.0], 600)
        counts = random.poisson(0.02 * exposure * random.gamma(0.25, 4, 600))
        estimate = rate_by_subject(counts, exposure)
        hits += estimate.low <= 0.02 <= estimate.high
    assert binomtest(hits, runs, 0.95).pvalue > 0.01


def test_no_event_has_no_interval_and_a_faulty_exposure_is_refused():
    assert rate_by_subject([0, 0], [1, 1]) == (0, None, None, 2)
    with pytest.raises(ValueError, match="exposure above 0"):
        u_chart([1, 2], [1, 0])
    with pytest.raises(ValueError, match="do not match"):
        u_chart([1, 2], [1])
