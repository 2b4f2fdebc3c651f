import numpy as np
import pytest
from scipy.stats import norm

from analysis.stats.concentration import (
    cumulated_from_top,
    gini,
    gini_estimate,
    hhi,
    lorenz,
    top_fraction_estimate,
    top_share,
)

INCOMES = [541, 1463, 2445, 3438, 4437, 5401, 6392, 8304, 11904, 22261]


def test_gini_of_the_ten_incomes_in_r_ineq():
    """R package ineq (Zeileis), example of `ineq`: 0.4620911, there over all pairs, a unit with itself among them."""
    assert gini(INCOMES) * 9 / 10 == pytest.approx(0.4620911, abs=5e-8)


def test_hhi_of_four_firms_in_the_merger_guidelines():
    """U.S. Department of Justice and FTC, Horizontal Merger Guidelines: shares of 30, 30, 20, 20 give 2,600 points."""
    assert hhi([30, 30, 20, 20]) * 10_000 == pytest.approx(2600)


def test_with_negative_amounts_gini_is_the_mean_difference_over_the_mean_size_and_ends_at_one():
    amounts = np.array([-3.0, -1, 2, 5, 10])
    differences = np.abs(amounts[:, None] - amounts).sum()
    assert gini(amounts) == pytest.approx(differences / (2 * 4 * np.abs(amounts).sum()))
    assert gini([0, 0, 0, 8]) == gini([-4, 0, 0, 8]) == pytest.approx(1)


def test_the_curves_of_negative_amounts_leave_the_unit_square():
    curve, whale = lorenz([-1, 1, 2, 2], 5), cumulated_from_top([-1, 1, 2, 2], 5)
    assert curve["total_share"].tolist() == [0, -0.25, 0, 0.5, 1]
    assert whale["total_share"].tolist() == [0, 0.5, 1, 1.25, 1]
    assert lorenz([3, 3, 3], 4)["total_share"].tolist() == pytest.approx([0, 1 / 3, 2 / 3, 1])


def test_top_share_takes_the_largest():
    assert top_share([1, 5, 2, 2], 1) == 0.5
    assert top_share([-2, 4, 4, 4], 2) == 0.8
    assert top_fraction_estimate([1, 5, 2, 2], 0.3).value == 0.7
    with pytest.raises(ValueError, match="largest 5 of 4"):
        top_share([1, 5, 2, 2], 5)


def test_what_has_no_concentration_is_refused():
    for amounts in ([], [1, np.nan], [1, -1]):
        with pytest.raises(ValueError, match="concentration needs"):
            gini(amounts)
    with pytest.raises(ValueError, match="negative"):
        hhi([3, -1])


def test_intervals_cover_the_values_of_lognormal_amounts():
    """G = 2Φ(σ/√2) − 1; the largest p hold 1 − Φ(Φ⁻¹(1 − p) − σ) (Aitchison and Brown 1957)."""
    random, sigma = np.random.default_rng(1), 0.8
    truth = [2 * norm.cdf(sigma / np.sqrt(2)) - 1, 1 - norm.cdf(norm.ppf(0.9) - sigma)]
    covered = np.zeros(2)
    for _ in range(200):
        amounts = random.lognormal(0, sigma, 400)
        found = gini_estimate(amounts), top_fraction_estimate(amounts, 0.1)
        covered += [low <= true <= high for (_, low, high, _), true in zip(found, truth, strict=True)]
    assert (covered / 200 > 0.9).all()
    assert (covered / 200 < 0.99).all()
