import numpy as np
import pytest

from analysis.stats.shrinkage import coefficient_draws, fit_shrunk


def made(seed, rows=400, terms=6, groups=20, spread=(0.1, 0.5), recurring=1, together=0.0):
    random = np.random.default_rng(seed)
    subject = np.repeat(np.arange(rows // recurring), recurring)
    x = random.standard_normal((rows, terms))
    group = random.integers(groups, size=rows // recurring)[subject]
    effects = np.r_[7.5, spread[0] * random.standard_normal(terms), spread[1] * random.standard_normal(groups)]
    fixed, blocks = np.ones((rows, 1)), [x, np.eye(groups)[group]]
    noise = together * random.standard_normal(rows // recurring)[subject] + random.standard_normal(rows)
    y = np.column_stack([fixed, *blocks]) @ effects + noise
    return fixed, blocks, y, effects, subject


def test_as_statsmodels_mixed_model():
    """Two-level model by restricted likelihood: spreads are averaged here, so effects agree closely, not exactly."""
    from statsmodels.regression.mixed_linear_model import MixedLM

    fixed, (_, groups), y, _, _ = made(3, rows=1000)
    fit = fit_shrunk(fixed, [groups], y)
    other = MixedLM(y, fixed, groups.argmax(axis=1)).fit(reml=True)
    assert fit.coefficients[0] == pytest.approx(other.fe_params[0], abs=0.01)
    theirs = np.array([float(other.random_effects[place].iloc[0]) for place in range(20)])
    assert fit.coefficients[1:] == pytest.approx(theirs, rel=0.03, abs=0.01)
    assert fit.residual == pytest.approx(other.scale, rel=0.01)


def test_effects_that_are_not_there_are_drawn_to_zero():
    fixed, blocks, y, _, _ = made(4, spread=(0.0, 0.0))
    fit = fit_shrunk(fixed, blocks, y)
    free = np.linalg.lstsq(np.column_stack([fixed, *blocks])[:, :-1], y, rcond=None)[0]
    assert np.abs(fit.coefficients[1:]).max() < 0.15 < np.abs(free[1:]).max()
    assert fit.chance @ fit.ratios[:, 1] < 0.15


def test_draws_cover_means_of_groups():
    """Simulated: 95 % intervals of 20 groups' expected values in 16 samples whose subjects recur; 3 errors of a clustered share."""
    hits = []
    for seed in range(16):
        fixed, blocks, y, effects, subject = made(seed, recurring=2, together=0.5)
        fit = fit_shrunk(fixed, blocks, y)
        draws = coefficient_draws(fit, fixed, blocks, subject, 50, seed)
        rows = np.column_stack([np.ones(20), np.zeros((20, 6)), np.eye(20)])
        low, high = np.quantile(draws @ rows.T, [0.025, 0.975], axis=0)
        hits.append(np.mean((low <= rows @ effects) & (rows @ effects <= high)))
        assert np.mean(high - low) < 1.4
    error = np.std(hits) / np.sqrt(len(hits))
    assert abs(np.mean(hits) - 0.94) < 3 * error + 0.01


def test_fixed_columns_must_not_follow_from_one_another():
    with pytest.raises(ValueError, match="follow from one another"):
        fit_shrunk(np.ones((30, 2)), [np.eye(30)], np.arange(30.0))
