"""Paired AUCs against pairs counted one by one, a hand-computed example and simulated subjects."""

import numpy as np
import pandas as pd
import pytest
from scipy.special import ndtr

from analysis.stats.comparison import auc_difference
from analysis.stats.intervals import Z95
from analysis.stats.prediction import auc

OUTCOME = [1, 1, 0, 0]
SCORE, OTHER = [4, 2, 3, 1], [1, 4, 2, 3]


def delong(score, other, outcome) -> tuple[float, float]:
    """Difference and variance of two paired AUCs by their U-statistics, pair by pair (DeLong et al. 1988, equations 4-6)."""
    is_event = np.asarray(outcome, dtype=bool)
    wins = [
        np.array([[(one > two) + (one == two) / 2 for two in values[~is_event]] for one in values[is_event]])
        for values in map(np.asarray, (score, other))
    ]
    change = wins[0] - wins[1]
    variance = sum(change.mean(axis=axis).var(ddof=1) / change.shape[1 - axis] for axis in (0, 1))
    return change.mean(), variance


def test_four_rows_by_hand():
    """AUCs 3/4 and 1/2; the rows move the difference by 3/8, -3/8, -1/8 and 1/8."""
    found = auc_difference(SCORE, OTHER, OUTCOME, list("abcd"))
    half = Z95 * np.sqrt(20 / 64 * 4 / 3)
    assert found == pytest.approx((0.25, 0.25 - half, 0.25 + half, 4))


def test_rows_of_one_subject_move_together():
    found = auc_difference(SCORE, OTHER, OUTCOME, list("xyxy"))
    assert found.high - found.value == pytest.approx(Z95 * np.sqrt(2 * (2 / 8) ** 2 * 2))


@pytest.mark.parametrize("grain", [0.01, 1.0], ids=["no ties", "ties"])
def test_pairs_counted_one_by_one(grain):
    random = np.random.default_rng(4)
    outcome = (np.arange(160) % 4 == 0).astype(int)
    base = random.normal(0, 1, 160) + outcome
    score, other = (np.round((base + random.normal(0, width, 160)) / grain) for width in (0.5, 1.5))
    change, variance = delong(score, other, outcome)
    found = auc_difference(score, other, outcome, range(160))
    assert found.value == pytest.approx(change, abs=1e-12)
    assert found.value == pytest.approx(auc(score, outcome).value - auc(other, outcome).value)
    assert found.high - found.value == pytest.approx(Z95 * np.sqrt(variance), rel=0.02)
    turned = auc_difference(other, score, outcome, range(160))
    assert turned[:3] == pytest.approx((-found.value, -found.high, -found.low))


def test_the_same_order_makes_no_difference_and_leaves_no_doubt():
    score = np.array([1.0, 5.0, 2.0, 2.0, 9.0, 3.0])
    assert auc_difference(score, np.exp(score), [0, 1, 0, 1, 0, 1], range(6)) == (0.0, 0.0, 0.0, 6)


def test_the_interval_covers_the_truth_where_subjects_recur():
    """Each of 60 subjects is seen four times; scores of events lie one, and a half, standard deviation higher."""
    random = np.random.default_rng(8)
    truth = ndtr(1 / np.sqrt(2)) - ndtr(0.5 / np.sqrt(2))
    subject = np.repeat(np.arange(60), 4)
    outcome = (subject % 3 == 0).astype(int)
    robust, naive = (np.array(held) for held in zip(*(_covers(random, subject, outcome, truth) for _ in range(250)), strict=True))
    assert 0.91 <= robust.mean() <= 0.985
    assert naive.mean() < 0.8


def _covers(random, subject: np.ndarray, outcome: np.ndarray, truth: float) -> tuple[bool, bool]:
    scores = [
        shift * outcome + np.sqrt(0.9) * random.normal(0, 1, 60)[subject] + np.sqrt(0.1) * random.normal(0, 1, len(subject))
        for shift in (1.0, 0.5)
    ]
    found = [auc_difference(*scores, outcome, groups) for groups in (subject, pd.RangeIndex(len(subject)))]
    return tuple(one.low <= truth <= one.high for one in found)
