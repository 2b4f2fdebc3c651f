import json
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from scipy.stats import chi2_contingency

from analysis.stats.intervals import wilson
from analysis.stats.transitions import as_array, forecast, homogeneity, homogeneity_test, order_test, transition_matrix

STUDY = Path(__file__).parents[2] / "docs" / "studies" / "transitions.json"
SHARES = np.array([[0.8, 0.15, 0.05], [0.2, 0.7, 0.1], [0.0, 0.0, 1.0]])


def chains(size, periods, shares=SHARES, seed=1):
    """Codes of states: subject × (periods + 1)."""
    random = np.random.default_rng(seed)
    path = np.zeros((size, periods + 1), dtype=int)
    path[:, 0] = random.integers(0, 2, size)
    for period in range(periods):
        drawn = random.random((size, 1)) > np.cumsum(shares, axis=1)[path[:, period]]
        path[:, period + 1] = np.minimum(drawn.sum(axis=1), 2)
    return path


def pairs(path):
    return path[:, :-1].ravel(), path[:, 1:].ravel(), np.repeat(np.arange(len(path)), path.shape[1] - 1)


def cell(matrix, one, other):
    return matrix[matrix["from"].eq(one) & matrix["to"].eq(other)].iloc[0]


def test_shares_of_a_few_moves_by_hand():
    matrix = transition_matrix([*"aaaab", None, "x"], [*"aabbb", "a", "a"], ["a", "b", "c"])
    move = cell(matrix, "a", "b")
    assert (move["count"], move["base"], move["value"]) == (2, 4, 0.5)
    assert move["se"] == pytest.approx(0.25)
    assert (move["low"], move["high"]) == pytest.approx(wilson(2, 4)[1:3])
    assert np.isnan(cell(matrix, "c", "a")["value"])
    assert cell(matrix, "c", "a")["base"] == 0


def test_each_subject_once_gives_the_multinomial_errors_and_all_twice_gives_wider_ones():
    before, after = np.repeat([0, 1], 50), np.tile([0, 1], 50)
    plain, once = transition_matrix(before, after, [0, 1]), transition_matrix(before, after, [0, 1], range(100))
    assert once["se"].to_numpy() == pytest.approx(plain["se"].to_numpy() * np.sqrt(50 / 49))
    twice = transition_matrix(np.tile(before, 2), np.tile(after, 2), [0, 1], np.tile(np.arange(100), 2))
    assert twice["se"].to_numpy() == pytest.approx(once["se"].to_numpy())
    assert (twice["low"] - once["low"]).abs().max() < 0.005


def test_standard_errors_are_the_spread_over_chains_also_where_half_never_move():
    values, errors, plain = [], [], []
    for seed in range(200):
        path = chains(150, 5, seed=seed)
        never = np.random.default_rng(1000 + seed).random(150) < 0.5
        path[never] = path[never, :1]
        before, after, subject = pairs(path)
        clustered = transition_matrix(before, after, [0, 1, 2], subject)
        values.append(clustered["value"])
        errors.append(clustered["se"])
        plain.append(transition_matrix(before, after, [0, 1, 2])["se"])
    spread = np.std(values, axis=0, ddof=1)[:6]
    assert np.abs(np.mean(errors, axis=0)[:6] / spread - 1).max() < 0.15
    assert (np.mean(plain, axis=0)[:6] / spread).min() < 0.9


def test_the_order_test_is_that_of_independence_within_each_middle_state():
    random = np.random.default_rng(3)
    first, second, third = random.integers(0, 2, (3, 400))
    each = [chi2_contingency(pd.crosstab(first[second == code], third[second == code]), correction=False) for code in (0, 1)]
    test = order_test(first, second, third, [0, 1])
    assert test.statistic == pytest.approx(sum(one.statistic for one in each))
    assert test.degrees == 2


def test_a_markov_chain_passes_and_one_with_memory_does_not():
    p = [order_test(*(chains(300, 2, seed=seed)[:, place] for place in range(3)), [0, 1, 2]).p for seed in range(100)]
    assert 0 <= np.mean(np.array(p) < 0.05) < 0.13
    memory = chains(300, 2)
    memory[:, 2] = np.where(memory[:, 0] == 0, 0, memory[:, 2])
    assert order_test(*memory.T, [0, 1, 2]).p < 1e-6


def test_periods_that_differ_are_found_and_alike_ones_have_a_dispersion_of_one():
    path = chains(4000, 6)
    before, after, _ = pairs(path)
    period = np.tile(np.arange(6), len(path))
    alike = homogeneity(before, after, period, [0, 1, 2])
    assert homogeneity_test(alike).p > 0.01
    assert alike["base"].sum() == pytest.approx(4000)
    assert alike["dispersion"].tolist()[2] == 1.0
    after = np.where((period == 2) & (before == 0), 1, after)
    assert homogeneity_test(homogeneity(before, after, period, [0, 1, 2])).p < 1e-6


def test_a_forecast_expects_the_matrix_power_and_adds_newcomers():
    before, after, subject = pairs(chains(2000, 5))
    matrix = transition_matrix(before, after, [0, 1, 2], subject)
    now, came = pd.DataFrame([[500, 300, 0]], index=["today"]), pd.DataFrame([[10, 0, 0], [14, 0, 0]])
    made = forecast(now, matrix, came, steps=3, replicates=3000)
    share = as_array(matrix, [0, 1, 2])
    assert made.expected.loc["today"].to_numpy() == pytest.approx(now.to_numpy()[0] @ np.linalg.matrix_power(share, 3))
    arrived = sum(np.array([12, 0, 0]) @ np.linalg.matrix_power(share, step) for step in range(3))
    assert made.expected.loc["arrivals"].to_numpy() == pytest.approx(arrived)
    assert made.draws[:, 0].sum(axis=1).tolist() == [800] * 3000
    assert made.draws.mean(axis=0) == pytest.approx(made.expected.to_numpy(), abs=1.5)


def test_a_forecast_of_certain_shares_spreads_as_the_multinomial_and_unsteady_periods_widen_it():
    exact = transition_matrix(np.repeat([0, 1], 10**6), np.tile([0, 1], 10**6), [0, 1])
    now, nobody = pd.DataFrame([[400, 0]]), pd.DataFrame([[0, 0]])
    made = forecast(now, exact, nobody, replicates=2000)
    assert made.draws[:, 0, 0].std() == pytest.approx(10, rel=0.07)
    wild = pd.DataFrame({"from": [0, 1], "dispersion": [5.0, 5.0], "base": [400.0, 400.0]})
    assert forecast(now, exact, nobody, between=wild, replicates=2000).draws[:, 0, 0].std() == pytest.approx(
        10 * 5**0.5, rel=0.08
    )


def test_few_moves_make_a_wide_forecast():
    now, nobody = pd.DataFrame([[400, 0]]), pd.DataFrame([[0, 0]])
    few = transition_matrix([0] * 20, [0] * 10 + [1] * 10, [0, 1])
    assert forecast(now, few, nobody, replicates=2000).draws[:, 0, 0].std() == pytest.approx(
        np.hypot(10, 400 * 0.5 / np.sqrt(22)), rel=0.1
    )


def test_the_long_study_found_what_the_methods_state():
    study = json.loads(STUDY.read_text(encoding="utf-8"))
    for world in ("alike", "stayers"):
        ratio = study["standard_errors"][world]["clustered"]
        assert 0.9 <= ratio["least"] <= ratio["most"] <= 1.1
    assert study["standard_errors"]["stayers"]["multinomial"]["least"] < 0.9
    assert study["coverage"]["alike, chain"]["least_p"] > 0.01
    assert study["segments"] == 200
    assert study["chains"] == 400
