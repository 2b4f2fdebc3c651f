from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from scipy.stats import beta, gamma

from analysis.stats import lifetime, spending
from analysis.stats.lifetime import (
    expected_purchases,
    fit_bg_nbd,
    probability_alive,
    probability_of_purchase,
    simulate_histories,
    simulate_purchases,
)
from analysis.stats.likelihood import delta_method
from analysis.stats.logistic import NotEstimable
from analysis.stats.spending import expected_amount, fit_gamma_gamma, simulate_spending

CDNOW = Path(__file__).parents[3] / "shared" / "data" / "cdnow" / "CDNOW_sample.txt"
TRUTH = pd.Series({"r": 0.9, "alpha": 6.0, "a": 0.8, "b": 3.5})


@pytest.fixture(scope="module")
def cdnow() -> pd.DataFrame:
    """One row a customer and day of the first 39 weeks."""
    if not CDNOW.exists():
        pytest.skip(f"the CDNOW sample is not at {CDNOW}")
    rows = pd.read_csv(
        CDNOW, sep=r"\s+", header=None, names=["master", "customer", "date", "discs", "value"], dtype={"date": str}
    )
    days = rows.assign(date=pd.to_datetime(rows["date"])).groupby(["customer", "date"], as_index=False)["value"].sum()
    return days[days["date"] <= "1997-09-30"]


@pytest.fixture(scope="module")
def cdnow_histories(cdnow) -> pd.DataFrame:
    dates = cdnow.groupby("customer")["date"].agg(["min", "max", "size"])
    return pd.DataFrame(
        {
            "frequency": dates["size"] - 1,
            "recency": (dates["max"] - dates["min"]).dt.days / 7,
            "age": (pd.Timestamp("1997-09-30") - dates["min"]).dt.days / 7,
        }
    )


@pytest.fixture(scope="module")
def simulated() -> pd.DataFrame:
    random = np.random.default_rng(1)
    return simulate_histories(TRUTH, random.uniform(20, 104, 3000), random)


def test_bg_nbd_reproduces_fader_hardie_lee_2005_on_the_cdnow_sample(cdnow_histories):
    fit = fit_bg_nbd(cdnow_histories)
    assert fit.base == 2357
    assert fit.parameters[["r", "alpha", "a", "b"]].tolist() == pytest.approx([0.243, 4.414, 0.793, 2.426], abs=2e-3)
    assert fit.log_likelihood == pytest.approx(-9582.429, abs=0.01)
    assert expected_purchases(fit.parameters, cdnow_histories.loc[[1]], 39)[0] == pytest.approx(1.226, abs=5e-4)


def test_gamma_gamma_reproduces_the_figures_of_lifetimes_on_the_946_repeaters(cdnow):
    later = cdnow[cdnow["date"] > cdnow.groupby("customer")["date"].transform("min")]
    fit = fit_gamma_gamma(later.groupby("customer")["value"].agg(purchases="size", mean="mean"))
    assert fit.base == 946
    assert fit.parameters[["p", "q", "v"]].tolist() == pytest.approx([6.25, 3.74, 15.44], abs=0.01)


@pytest.mark.parametrize(("module", "start"), [(lifetime, [0.9, 6.0, 0.8, 3.5]), (spending, [0.5, 1.4, 40.0])])
def test_the_gradients_are_those_of_the_likelihoods(module, start, simulated):
    if module is lifetime:
        evaluate = lifetime._log_likelihood(simulated.head(50).assign(customers=np.arange(1.0, 51.0)))
    else:
        evaluate = spending._log_likelihood(np.arange(1.0, 51.0), np.linspace(5, 400, 50))
    theta, step = np.log(start), 1e-6
    numeric = [(evaluate(theta + step * e)[0] - evaluate(theta - step * e)[0]) / (2 * step) for e in np.eye(len(theta))]
    assert evaluate(theta)[1] == pytest.approx(numeric, rel=1e-5)


@pytest.mark.parametrize(("a", "b"), [(0.3, 3.5), (1.0, 3.5), (2.5, 3.5), (120.0, 5000.0), (2e4, 1e6)])
@pytest.mark.parametrize(("x", "recency", "age"), [(0, 0.0, 5.0), (3, 4.0, 30.0), (400, 100.0, 104.0)])
def test_expectations_agree_with_integrals_over_rate_and_dropping_out(a, b, x, recency, age):
    parameters, history = TRUTH.copy(), pd.DataFrame({"frequency": [x], "recency": [recency], "age": [age]})
    parameters[["a", "b"]] = a, b
    node, weight = np.polynomial.legendre.leggauss(150)
    at, weight = (node + 1) / 2, weight / 2
    rate = gamma(0.9 + x, scale=1 / (6.0 + age)).ppf(at)[:, None]
    leaves = beta(a, b + x).ppf(at)[None, :].clip(1e-12)
    by_hand = weight @ (-np.expm1(-rate * leaves * 52) / leaves) @ weight
    alive = probability_alive(parameters, history)[0]
    assert expected_purchases(parameters, history, 52.0)[0] == pytest.approx(alive * by_hand, rel=1e-3)
    silent = weight @ np.exp(-52 * rate[:, 0])
    assert probability_of_purchase(parameters, history, 52.0)[0] == pytest.approx(alive * (1 - silent), rel=1e-3)


def test_p_alive_and_expectations_recover_what_was_simulated(simulated):
    fit = fit_bg_nbd(simulated)
    alive, bought = probability_alive(fit.parameters, simulated), expected_purchases(fit.parameters, simulated, 52.0)
    rate, leaves = simulated["rate"], simulated["leaves"]
    future = simulated["is_alive"] * -np.expm1(-rate * leaves * 52) / leaves
    assert np.abs(alive - probability_alive(TRUTH, simulated)).max() < 0.06
    assert alive.mean() == pytest.approx(simulated["is_alive"].mean(), abs=0.03)
    assert bought.sum() == pytest.approx(future.sum(), rel=0.06)


def test_large_counts_and_ages_stay_finite_and_the_unit_of_time_does_not_matter(simulated):
    days = simulated.assign(recency=simulated["recency"] * 7e3, age=simulated["age"] * 7e3)
    one, other = fit_bg_nbd(simulated), fit_bg_nbd(days)
    assert (other.parameters / one.parameters).tolist() == pytest.approx([1, 7e3, 1, 1], rel=1e-4)
    assert np.asarray(other.covariance) == pytest.approx(np.asarray(one.covariance), rel=1e-3)
    huge = pd.DataFrame({"frequency": [20_000, 20_000], "recency": [9_999.0, 4_000.0], "age": [10_000.0, 10_000.0]})
    assert probability_alive(one.parameters, huge) == pytest.approx([1, 0], abs=0.01)
    assert expected_purchases(one.parameters, huge, 10.0) == pytest.approx([20, 0], abs=0.1)


def test_what_is_not_in_the_data_is_said(simulated):
    never = simulated.assign(frequency=0, recency=0.0)
    with pytest.raises(NotEstimable, match="second time"):
        fit_bg_nbd(never)
    faithful = simulate_histories(
        pd.Series({"r": 3.0, "alpha": 3.0, "a": 1e-9, "b": 1.0}), np.full(400, 50.0), np.random.default_rng(2)
    )
    with pytest.raises(NotEstimable, match=r"flat|without end|do not tell"):
        fit_bg_nbd(faithful)
    with pytest.raises(ValueError, match="recency"):
        fit_bg_nbd(simulated.assign(recency=simulated["age"] + 1))


def test_customers_who_all_drop_out_alike_are_fitted_at_the_limit():
    truth = pd.Series({"r": 3.0, "alpha": 3.0, "a": 0.02e7, "b": 0.98e7})
    made = simulate_histories(truth, np.full(700, 60.0), np.random.default_rng(1))
    fit = fit_bg_nbd(made)
    assert fit.parameters["b"] == lifetime.EQUAL
    assert fit.parameters["a"] / fit.parameters["b"] == pytest.approx(0.02, rel=0.15)
    assert probability_alive(fit.parameters, made).mean() == pytest.approx(made["is_alive"].mean(), abs=0.03)
    share = delta_method(lambda at: [probability_alive(at, made).mean()], fit, scale="share").iloc[0]
    assert share["low"] < made["is_alive"].mean() < share["high"]
    assert np.isfinite(expected_purchases(fit.parameters, made, 52.0)).all()


def test_delta_intervals_are_those_of_the_parameters_where_the_quantity_is_one(simulated):
    fit = fit_bg_nbd(simulated)
    spread = np.sqrt(fit.covariance.loc["r", "r"])
    row = delta_method(lambda parameters: [parameters["r"]], fit, scale="positive").iloc[0]
    assert row.tolist() == pytest.approx(fit.parameters["r"] * np.exp(1.959964 * spread * np.array([0, -1, 1])), rel=1e-5)
    assert fit.standard_errors()["r"] == pytest.approx(spread * fit.parameters["r"])


def test_outcomes_spread_round_the_expectation_and_wider_than_it(simulated):
    fit, some = fit_bg_nbd(simulated), simulated.head(300)
    drawn = np.array([came.sum() for came in simulate_purchases(fit, some, 26.0, 400, np.random.default_rng(3))])
    total = delta_method(lambda parameters: [expected_purchases(parameters, some, 26.0).sum()], fit, scale="positive").iloc[0]
    assert drawn.mean() == pytest.approx(total["value"], rel=0.02)
    low, high = np.quantile(drawn, [0.025, 0.975])
    assert high - low > 1.5 * (total["high"] - total["low"])


def test_spending_is_between_ones_own_mean_and_that_of_all():
    parameters = pd.Series({"p": 6.25, "q": 3.74, "v": 15.44})
    spendings = pd.DataFrame({"purchases": [0, 2, 2000], "mean": [np.nan, 100.0, 100.0]})
    everybody = 6.25 * 15.44 / 2.74
    expected = expected_amount(parameters, spendings)
    assert expected[0] == pytest.approx(everybody)
    assert everybody < expected[1] < expected[2] < 100
    assert expected[2] == pytest.approx(100, rel=1e-3)
    assert np.isnan(expected_amount(pd.Series({"p": 0.3, "q": 0.6, "v": 1.0}), spendings.head(1)))[0]


def test_simulated_spending_has_the_expected_mean():
    random = np.random.default_rng(4)
    rates = random.gamma(4.0, 1 / 50.0, 2000)
    counts = random.integers(1, 8, 2000)
    spendings = pd.DataFrame({"purchases": counts, "mean": random.gamma(3.0 * counts) / rates / counts})
    fit = fit_gamma_gamma(spendings)
    drawn = [simulate_spending(fit, spendings, np.full(2000, 3.0), random).sum() for _ in range(200)]
    assert np.mean(drawn) == pytest.approx(3 * expected_amount(fit.parameters, spendings).sum(), rel=0.02)
