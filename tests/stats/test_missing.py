"""Bounds of a mean with missing answers: what they say by hand, and what they hold."""

import numpy as np
import pytest

from analysis.stats.missing import imbens_manski, tilted_bounds, tilted_mean, worst_case
from analysis.stats.weights import propensity_mean, propensity_weights


def test_the_interval_runs_from_two_sided_to_one_sided():
    """Imbens and Manski 2004: 1.96 where the mean is identified, 1.645 where the bounds lie far apart."""
    assert imbens_manski(0, 0, 1, 1) == pytest.approx((-1.959964, 1.959964), abs=1e-6)
    assert imbens_manski(0, 50, 1, 1) == pytest.approx((-1.644854, 51.644854), abs=1e-6)
    assert imbens_manski(2, 3, 0, 0) == (2, 3)
    with pytest.raises(ValueError, match="below"):
        imbens_manski(1, 0, 1, 1)


def test_worst_case_by_hand():
    """Four of ten answered, 8 on average: from 0.4 · 8 + 0.6 · 1 to 0.4 · 8 + 0.6 · 10."""
    y, answered = np.array([7, 8, 8, 9, *[np.nan] * 6]), np.arange(10) < 4
    found = worst_case(y, answered, (1, 10), np.arange(10))
    assert found[:2] == pytest.approx((3.8, 9.2))
    assert found.interval_low < 3.8 < 9.2 < found.interval_high <= 10
    assert found.base == 4


def test_the_interval_covers_the_end_of_the_bounds_in_95_percent():
    """The truth at the lower end of the worst case, where coverage is least."""
    inside = []
    for seed in range(1, 201):
        random = np.random.default_rng(seed)
        answered = random.random(200) < 0.6
        y = np.where(answered, random.binomial(1, 0.7, 200), 0)
        found = worst_case(y, answered, (0, 1), np.arange(200))
        inside.append(found.interval_low <= 0.42 <= found.interval_high)
    assert 0.905 <= np.mean(inside) <= 0.985


def test_without_traits_the_silent_are_those_who_answered_tilted():
    y, answered = np.array([4.0, 6, 9, 0, 0, 0]), np.arange(6) < 3
    x, given = np.zeros((6, 0)), np.array([4.0, 6, 9])
    weight = 1.5**-given
    silent = weight @ given / weight.sum()
    assert tilted_mean(y, y, answered, x, 1.5, np.arange(6)).value == pytest.approx((given.sum() + 3 * silent) / 6)


def simulated(seed, size=4000, log_odds=0.4):
    random = np.random.default_rng(seed)
    x = random.normal(size=(size, 2))
    y = np.clip(np.round(7.5 + x @ [0.5, -0.3] + 1.2 * random.normal(size=size)), 1, 10)
    return x, y, random.random(size) < 1 / (1 + np.exp(0.8 - log_odds * (y - 7.5) - 0.3 * x[:, 0]))


def test_the_true_tilt_gives_the_true_mean_and_no_tilt_does_not():
    x, y, answered = simulated(1)
    found = tilted_mean(y, y, answered, x, np.exp(0.4), np.arange(len(y)))
    assert abs(found.value - y.mean()) < 3 * found.error
    weighted = propensity_mean(y, propensity_weights(x, answered), x, np.arange(len(y)))
    assert weighted.value - y.mean() > 5 * weighted.error


def test_bounds_hold_the_mean_of_a_tilt_at_their_edge_in_95_percent():
    """Of the population; the declared tilt is the true one, so that coverage is least."""
    truth, inside = simulated(0, 200_000)[1].mean(), []
    for seed in range(1, 101):
        x, y, answered = simulated(seed, 2000)
        found = tilted_bounds(y, y, answered, x, np.exp(0.4), (1, 10), np.arange(2000))
        inside.append(found.interval_low <= truth <= found.interval_high)
    assert 0.89 <= np.mean(inside) <= 0.995


def test_bounds_widen_with_the_tilt_and_stay_within_the_worst_case():
    x, y, answered = simulated(3, 500)
    top, who = (y >= 9).astype(float), np.arange(500)
    found = [tilted_bounds(top, y, answered, x, factor, (0, 1), who) for factor in (1, 1.5, 3)]
    widths = [bound.high - bound.low for bound in found]
    worst = worst_case(top, answered, (0, 1), who)
    assert found[1].low < found[0].low - 0.02 < found[0].high + 0.02 < found[1].high
    assert widths[0] == pytest.approx(0, abs=1e-9)
    assert widths[0] < widths[1] < widths[2] < worst.high - worst.low
    with pytest.raises(ValueError, match="1 or more"):
        tilted_bounds(top, y, answered, x, 0.5, (0, 1), who)
