"""Ordered logit against UCLA's figures and statsmodels, effects against differences and a bootstrap, and what has no answer."""

import numpy as np
import pandas as pd
import pytest
from statsmodels.discrete.discrete_model import Logit
from statsmodels.miscmodels.ordinal_model import OrderedModel
from statsmodels.miscmodels.tests.results.results_ordinal_model import data_store, res_ord_logit

from analysis.stats.logistic import NotEstimable, fit_logistic
from analysis.stats.ordinal import fit_ordered, merged_levels

TERMS = ["pared", "public", "gpa"]


@pytest.fixture(scope="module")
def ucla():
    return data_store.df[TERMS].astype(float), data_store.df["apply"].cat.codes.astype(float)


def marks(seed: int = 1, size: int = 400, levels=(-3.0, -1.0, 0.5, 2.0), strength: float = 1.0):
    rng = np.random.default_rng(seed)
    common = rng.normal(size=size)
    design = pd.DataFrame(
        {"a": common + rng.normal(size=size), "b": common + rng.normal(size=size), "c": rng.integers(0, 2, size)}
    )
    latent = strength * (0.8 * design["a"] - 0.3 * design["b"] + 0.5 * design["c"]) + rng.logistic(size=size)
    return design, pd.Series(np.digitize(latent, levels) + 6.0)


def test_ucla_graduate_school_as_published(ucla):
    """UCLA OARC, R data analysis examples: ordinal logistic regression (MASS polr); its search stops a little before the maximum."""
    fit = fit_ordered(*ucla)
    assert fit.coefficients.to_numpy() == pytest.approx([1.04769, -0.05879, 0.61594], abs=5e-4)
    assert fit.cuts.to_numpy() == pytest.approx([2.2039, 4.2994], rel=5e-4)
    assert fit.standard_errors[TERMS].to_numpy() == pytest.approx(res_ord_logit.coefficients_stdE, abs=5e-4)
    assert fit.predict(ucla[0].head(7)).to_numpy() == pytest.approx(res_ord_logit.prob_pred, abs=1e-4)


def test_the_likelihood_is_that_of_statsmodels_and_greatest(ucla):
    fit = fit_ordered(*ucla)
    model = OrderedModel(ucla[1], ucla[0], distr="logit")
    point = np.array([*fit.coefficients, fit.cuts.iloc[0], np.log(np.diff(fit.cuts))[0]])
    assert fit.log_likelihood == pytest.approx(model.loglike(point), abs=1e-9)
    assert np.abs(model.score(point)).max() < 1e-3
    slopes = np.linalg.inv(-model.hessian(point))[:3, :3]
    assert fit.covariance.loc[TERMS, TERMS].to_numpy() == pytest.approx(slopes, rel=1e-3, abs=1e-6)


def test_with_two_levels_it_is_the_logistic_model_robust_covariance_too():
    design, outcome = marks()
    fit = fit_ordered(design, (outcome >= 9) * 1.0, is_robust=True)
    known = Logit((outcome >= 9) * 1.0, design.assign(intercept=1.0)).fit(disp=False, cov_type="HC0")
    assert fit.coefficients.to_numpy() == pytest.approx(known.params[:3].to_numpy(), abs=1e-6)
    assert fit.covariance.loc[["a", "b", "c"], ["a", "b", "c"]].to_numpy() == pytest.approx(
        known.cov_params().iloc[:3, :3].to_numpy(), rel=1e-4
    )
    assert fit.cuts.iloc[0] == pytest.approx(-known.params["intercept"], abs=1e-6)
    effects = fit_logistic(design, (outcome >= 9) * 1.0).average_marginal_effects()
    assert fit.average_marginal_effects(1)["value"].to_numpy() == pytest.approx(effects["value"].to_numpy(), abs=1e-6)


def test_scale_and_origin_of_a_column_do_not_matter():
    design, outcome = marks()
    plain, moved = (
        fit_ordered(design, outcome, is_robust=True),
        fit_ordered(design.assign(a=design["a"] * 1e4 + 1e6), outcome, is_robust=True),
    )
    assert moved.coefficients["a"] * 1e4 == pytest.approx(plain.coefficients["a"], rel=1e-6)
    effects = [fit.average_marginal_effects(9).set_index("term") for fit in (plain, moved)]
    assert effects[1].loc["b"].to_numpy() == pytest.approx(effects[0].loc["b"].to_numpy(), rel=1e-4)


def test_average_marginal_effects_are_differences_of_predictions_and_their_intervals_those_of_a_bootstrap():
    design, outcome = marks(strength=3.0)
    fit = fit_ordered(design, outcome)
    effects = fit.average_marginal_effects(9).set_index("term")

    def share(changed: pd.DataFrame, of=fit) -> float:
        return of.predict(changed).loc[:, 9.0:].sum(axis=1).mean()

    slope = (share(design.assign(a=design["a"] + 1e-4)) - share(design.assign(a=design["a"] - 1e-4))) / 2e-4
    step = share(design.assign(c=1)) - share(design.assign(c=0))
    assert effects.loc[["a", "c"], "value"].to_numpy() == pytest.approx([slope, step], abs=1e-7)
    rng = np.random.default_rng(0)
    drawn = []
    for _ in range(200):
        rows = rng.integers(len(design), size=len(design))
        again = fit_ordered(design.iloc[rows].reset_index(drop=True), outcome.iloc[rows].reset_index(drop=True))
        drawn.append(again.average_marginal_effects(9)["value"])
    half = (effects["high"] - effects["low"]).to_numpy() / 2 / 1.96
    assert np.std(drawn, axis=0) == pytest.approx(half, rel=0.15)


def test_coefficients_come_back_from_many_answers_with_rare_levels():
    design, outcome = marks(size=20_000, levels=(-9.0, -6.5, -3.0, -1.0, 0.5, 2.0, 5.0))
    fit = fit_ordered(design, outcome)
    assert fit.coefficients.to_numpy() == pytest.approx([0.8, -0.3, 0.5], abs=0.1)
    assert (outcome.value_counts().min() < 10) & (np.diff(fit.cuts) > 0).all()
    assert fit.predict(design).to_numpy().mean(axis=0) == pytest.approx(
        outcome.value_counts(normalize=True).sort_index(), abs=1e-3
    )


@pytest.mark.filterwarnings("error")
def test_what_has_no_answer_is_named():
    design, outcome = marks()
    for changed, y, reason in (
        (design, pd.Series(np.digitize(design["a"], [-1, 1]) * 1.0), "a follows from other columns or separates"),
        (design.assign(d=design["a"] + design["b"]), outcome, "follows from other columns or separates"),
        (design, outcome * 0, "one value only"),
    ):
        with pytest.raises(NotEstimable, match=reason):
            fit_ordered(changed, y)
    for changed, y, reason in (
        (design.assign(b=3.0), outcome, "b does not vary"),
        (design.mask(design["a"] > 2), outcome, "a, b, c has missing"),
        (design, outcome.mask(outcome > 8), "outcome has missing"),
        (design.head(9), outcome, "do not match"),
    ):
        with pytest.raises(ValueError, match=reason):
            fit_ordered(changed, y)


def test_rare_levels_are_joined_but_never_across_the_threshold():
    outcome = pd.Series([2] + [3] * 3 + [5] * 40 + [6] * 9 + [7] * 60 + [8] * 7 + [9] * 5 + [10] * 30, dtype=float)
    joined = merged_levels(outcome, 10, keep=9)
    assert joined.groupby(outcome).first().to_dict() == {2: 2, 3: 2, 5: 2, 6: 6, 7: 6, 8: 6, 9: 9, 10: 9}
    assert merged_levels(outcome, 36, keep=9) is None
    assert merged_levels(outcome, 1, keep=9).equals(outcome)
