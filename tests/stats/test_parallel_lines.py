"""Brant's test against its published figures, a table worked by hand, and data in which the lines are parallel or not."""

import numpy as np
import pandas as pd
import pytest
from scipy.special import expit, logit
from statsmodels.miscmodels.tests.results.results_ordinal_model import data_store

from analysis.stats.logistic import NotEstimable
from analysis.stats.parallel_lines import parallel_lines


def answers(seed: int, size: int = 500, above: float = 0.6):
    """Lines are parallel, but for that of the first item at the top level, where `above` is not 0.6."""
    rng = np.random.default_rng(seed)
    design = pd.DataFrame(rng.normal(size=(size, 3)), columns=["a", "b", "c"])
    score = design.to_numpy() @ [0.6, 0.4, 0.0]
    reached = [expit(score + cut) for cut in (2.0, 0.5)] + [expit(score + (above - 0.6) * design["a"].to_numpy() - 1.0)]
    chance = np.minimum.accumulate(reached, axis=0)
    return design, pd.Series((rng.random(size) < chance).sum(axis=0) + 7.0)


def test_ucla_graduate_school_as_published():
    """UCLA OARC, Stata data analysis examples: ordered logistic regression, output of `brant`."""
    design = data_store.df[["pared", "public", "gpa"]].astype(float)
    found = parallel_lines(design, data_store.df["apply"].cat.codes.astype(float))
    assert (found.statistic, found.degrees, found.p) == (pytest.approx(4.34, abs=0.005), 3, pytest.approx(0.227, abs=5e-4))
    assert found.by_term["statistic"].to_numpy() == pytest.approx([0.13, 3.44, 0.18], abs=0.005)
    assert found.by_term["p"].to_numpy() == pytest.approx([0.716, 0.064, 0.672], abs=1e-3)


def test_of_two_groups_and_three_levels_it_is_the_difference_of_two_log_odds_ratios():
    counts = np.array([[30, 50, 20], [15, 40, 45]])
    rows = [(group, level) for group in (0, 1) for level in (0, 1, 2) for _ in range(counts[group, level])]
    design, outcome = pd.DataFrame({"x": [float(group) for group, _ in rows]}), pd.Series([float(level) for _, level in rows])
    p1, p2 = (counts[:, start:].sum(axis=1) / 100 for start in (1, 2))
    gap = np.diff(logit(p2) - logit(p1))[0]
    variance = (1 / (100 * p1 * (1 - p1)) + 1 / (100 * p2 * (1 - p2)) - 2 / (100 * p1 * (1 - p2))).sum()
    assert parallel_lines(design, outcome).statistic == pytest.approx(gap**2 / variance, rel=1e-6)


def test_it_rejects_about_one_time_in_twenty_when_the_lines_are_parallel_and_mostly_when_one_is_not():
    p = np.array([parallel_lines(*answers(seed)).p for seed in range(1, 61)])
    assert (p < 0.05).sum() <= 8  # 99 % of binomial(60, 0.05)
    assert 0.3 < p.mean() < 0.7
    found = [parallel_lines(*answers(seed, above=1.6)) for seed in range(1, 11)]
    assert sum(one.p < 0.05 for one in found) >= 8
    assert all(one.by_term["p"].idxmin() == 0 for one in found)


@pytest.mark.filterwarnings("error")
def test_two_levels_and_separation_have_no_lines_to_compare():
    design, outcome = answers(1)
    with pytest.raises(NotEstimable, match="fewer than three levels"):
        parallel_lines(design, (outcome > 8) * 1.0)
    with pytest.raises(NotEstimable, match="separated perfectly by a"):
        parallel_lines(design, outcome.mask(design["a"] > 0.5, 11.0).mask(design["a"] <= 0.5, outcome.clip(upper=9)))
