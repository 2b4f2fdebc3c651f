import numpy as np
import pandas as pd
import pytest
from statsmodels.api import Logit, add_constant
from statsmodels.datasets import spector

from analysis.stats.logistic import fit_logistic


@pytest.fixture
def grades():
    data = spector.load_pandas()
    return data.exog[["GPA", "TUCE", "PSI"]], data.endog


def test_fit_reproduces_greenes_table_of_spector_and_mazzeo(grades):
    fit = fit_logistic(*grades)
    assert fit.coefficients.round(3).to_dict() == {"intercept": -13.021, "GPA": 2.826, "TUCE": 0.095, "PSI": 2.379}
    errors = np.sqrt(np.diag(fit.covariance))
    assert errors.tolist() == pytest.approx([4.931, 1.263, 0.142, 1.065], abs=5e-4)
    assert (fit.base, fit.events) == (32, 11)


def test_odds_ratio_of_a_two_by_two_table_is_woolfs():
    # 30 of 100 exposed, 10 of 100 others: odds ratio (30 · 90) / (70 · 10)
    exposed = pd.DataFrame({"exposed": np.repeat([1, 0], 100)})
    outcome = pd.Series(np.repeat([1, 0, 1, 0], [30, 70, 10, 90]))
    fit = fit_logistic(exposed, outcome)
    half = 1.959964 * (1 / 30 + 1 / 70 + 1 / 10 + 1 / 90) ** 0.5
    ratio = 2700 / 700
    expected = pd.DataFrame(
        {"term": ["exposed"], "value": [ratio], "low": [ratio / np.exp(half)], "high": [ratio * np.exp(half)]}
    )
    pd.testing.assert_frame_equal(fit.odds_ratios(), expected, rtol=1e-5)
    effect = fit.average_marginal_effects().loc[0]
    width = 1.959964 * (0.3 * 0.7 / 100 + 0.1 * 0.9 / 100) ** 0.5
    assert effect[["value", "low", "high"]].tolist() == pytest.approx([0.2, 0.2 - width, 0.2 + width], abs=1e-6)
    assert fit.predict(exposed).iloc[[0, -1]].tolist() == pytest.approx([0.3, 0.1], abs=1e-7)


def test_average_marginal_effects_agree_with_statsmodels(grades):
    design, outcome = grades
    theirs = Logit(outcome, add_constant(design)).fit(disp=False).get_margeff(dummy=True)
    ours = fit_logistic(design, outcome).average_marginal_effects()
    assert ours["term"].tolist() == ["GPA", "TUCE", "PSI"]
    assert ours["value"].tolist() == pytest.approx(theirs.margeff.tolist(), abs=1e-7)
    assert ours[["low", "high"]].to_numpy() == pytest.approx(theirs.conf_int(), abs=1e-6)


def test_cluster_robust_covariance_agrees_with_statsmodels_whatever_the_units(grades):
    design, outcome = grades
    clusters = np.arange(32) // 2
    theirs = Logit(outcome, add_constant(design)).fit(disp=False, cov_type="cluster", cov_kwds={"groups": clusters})
    ours = fit_logistic(design.assign(TUCE=design["TUCE"] * 1e9), outcome, pd.Series(clusters).map("c{}".format))
    scale = np.array([1, 1, 1e9, 1])
    rescaled = ours.covariance.to_numpy() * np.outer(scale, scale)
    assert rescaled == pytest.approx(theirs.cov_params().to_numpy(), rel=1e-5)


def test_counting_every_row_twice_does_not_narrow_clustered_intervals(grades):
    design, outcome = grades
    twice = pd.concat([design, design], ignore_index=True), pd.concat([outcome, outcome], ignore_index=True)
    subject = pd.Series(np.tile(np.arange(32), 2))
    once = fit_logistic(design, outcome, pd.Series(range(32))).covariance.loc["GPA", "GPA"]
    assert fit_logistic(*twice, subject).covariance.loc["GPA", "GPA"] == pytest.approx(once, rel=0.1)
    plain = fit_logistic(design, outcome).covariance.loc["GPA", "GPA"]
    assert fit_logistic(*twice).covariance.loc["GPA", "GPA"] == pytest.approx(plain / 2, rel=1e-6)


def test_intervals_cover_the_true_slope_of_recurring_subjects():
    held = []
    for seed in range(120):
        random = np.random.default_rng(seed)
        subject = np.repeat(np.arange(150), 3)
        x = pd.DataFrame({"x": np.repeat(random.normal(size=150), 3)})
        outcome = np.repeat(random.random(150), 3) < 1 / (1 + np.exp(1 - 0.8 * x["x"]))
        ratio = fit_logistic(x, outcome.astype(int), pd.Series(subject)).odds_ratios().loc[0]
        held.append(ratio["low"] <= np.exp(0.8) <= ratio["high"])
    assert 0.89 < np.mean(held) < 0.99


def test_separation_is_refused_and_named():
    x = pd.DataFrame({"flag": [1] * 5 + [0] * 45, "size": np.tile([0.0, 1, 2, 3, 4], 10)})
    some = pd.Series([1] * 5 + [0, 1, 0, 0, 0, 1, 0, 0, 1] * 5)
    for outcome in (some, x["flag"], 1 - x["flag"]):
        with pytest.raises(ValueError, match="separated perfectly by flag: its odds ratio has no finite value"):
            fit_logistic(x, outcome)


def test_designs_that_cannot_be_fitted_are_refused_and_named(grades):
    design, outcome = grades
    with pytest.raises(ValueError, match="same does not vary: leave it out"):
        fit_logistic(design.assign(same=1.0), outcome)
    with pytest.raises(ValueError, match="sum follows from the columns before it: leave it out"):
        fit_logistic(design.assign(sum=design["GPA"] + design["PSI"]), outcome)
    with pytest.raises(ValueError, match="GPA has missing values"):
        fit_logistic(design.assign(GPA=design["GPA"].where(design["PSI"] == 1)), outcome)
    with pytest.raises(ValueError, match="the outcome must be 0 or 1"):
        fit_logistic(design, outcome + 1)
    with pytest.raises(ValueError, match="the design lacks TUCE, on which the model was fitted"):
        fit_logistic(design, outcome).predict(design.drop(columns="TUCE"))


def test_effects_of_recurring_subjects_are_for_subjects_like_these():
    """Against a bootstrap of subjects, rows and fit anew: the delta method with rows fixed is too narrow here."""
    random, subjects = np.random.default_rng(8), 400
    x = np.repeat(random.normal(0, 2, subjects), 2)
    y = (random.random(2 * subjects) < 1 / (1 + np.exp(2 - 1.5 * x))).astype(float)
    design, who = pd.DataFrame({"x": x}), np.repeat(np.arange(subjects), 2)
    found = fit_logistic(design, pd.Series(y), who).average_marginal_effects().loc[0]
    drawn = []
    for _ in range(150):
        rows = (2 * random.integers(subjects, size=subjects)[:, None] + [0, 1]).ravel()
        drawn.append(fit_logistic(design.iloc[rows], pd.Series(y[rows])).average_marginal_effects().loc[0, "value"])
    assert (found["high"] - found["low"]) / 3.92 == pytest.approx(np.std(drawn), rel=0.15)
