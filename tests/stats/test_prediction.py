import numpy as np
import pandas as pd
import pytest
from scipy.special import expit
from sklearn.metrics import brier_score_loss, roc_auc_score

from analysis.stats.intervals import wilson
from analysis.stats.prediction import auc, brier, calibration_slope, calibration_table, lift_at, lift_table

SCORES = np.array([0.9, 0.8, 0.7, 0.7, 0.6, 0.5, 0.4, 0.3, 0.2, 0.1])
OUTCOMES = np.array([1, 1, 0, 1, 0, 0, 1, 0, 0, 0])


def delong_by_definition(score, outcome):
    """The variance of DeLong, DeLong and Clarke-Pearson 1988, equations 4-6, pair by pair."""
    case, control = score[outcome == 1], score[outcome == 0]
    wins = (case[:, None] > control) + 0.5 * (case[:, None] == control)
    return wins.mean(), wins.mean(axis=1).var(ddof=1) / len(case) + wins.mean(axis=0).var(ddof=1) / len(control)


def test_auc_follows_delongs_definition_also_with_ties():
    random = np.random.default_rng(1)
    outcome = random.integers(0, 2, 300)
    score = np.round(outcome + random.normal(0, 1.5, 300), 1)
    value, variance = delong_by_definition(score, outcome)
    half = 1.959964 * variance**0.5
    assert auc(score, outcome) == pytest.approx((value, value - half, value + half, 300), abs=1e-6)
    assert value == pytest.approx(roc_auc_score(outcome, score), abs=1e-12)


def test_rows_counted_twice_do_not_narrow_the_interval_of_their_subjects():
    subject = np.arange(10)
    once = auc(SCORES, OUTCOMES, subject)
    twice = auc(np.tile(SCORES, 2), np.tile(OUTCOMES, 2), np.tile(subject, 2))
    assert twice[:3] == pytest.approx(once[:3], abs=1e-12)
    naive = auc(np.tile(SCORES, 2), np.tile(OUTCOMES, 2))
    assert naive.value - naive.low < 0.75 * (twice.value - twice.low)


def test_intervals_of_recurring_subjects_cover_as_often_as_they_say():
    truth, held, naive = 0.76025, [], []  # P(N(1, 2) > N(0, 2)): normal distribution function at 1 / sqrt(2)
    for seed in range(300):
        random = np.random.default_rng(seed)
        subject = np.repeat(np.arange(120), 4)
        outcome = np.repeat(random.integers(0, 2, 120), 4)
        score = outcome + np.repeat(random.normal(size=120), 4) * 0.9**0.5 + random.normal(size=480) * 0.1**0.5
        robust, plain = auc(score, outcome, subject), auc(score, outcome)
        held.append(robust.low <= truth <= robust.high)
        naive.append(plain.low <= truth <= plain.high)
    assert 0.91 < np.mean(held) < 0.98
    assert np.mean(naive) < 0.75


def test_brier_agrees_with_scikit_learn():
    assert brier(SCORES, OUTCOMES) == pytest.approx(brier_score_loss(OUTCOMES, SCORES))


def test_calibration_table_holds_predicted_against_observed():
    table = calibration_table(SCORES, OUTCOMES, bins=2)
    low, high = wilson(1, 5), wilson(3, 5)
    expected = pd.DataFrame(
        {
            "predicted": [0.3, 0.74],
            "observed": [0.2, 0.6],
            "low": [low.low, high.low],
            "high": [low.high, high.high],
            "base": [5, 5],
        }
    )
    pd.testing.assert_frame_equal(table, expected)


def test_equal_probabilities_stay_in_one_group():
    assert calibration_table([0.2] * 50, [0, 1] * 25)["base"].tolist() == [50]


def test_calibration_slope_of_doubled_log_odds_is_one_half():
    odds = np.log(0.8 / 0.2)
    probability = expit(2 * odds * np.repeat([-1, 1], 100))
    outcome = np.repeat([1, 0, 1, 0], [20, 80, 80, 20])
    estimate = calibration_slope(probability, outcome)
    assert estimate.value == pytest.approx(0.5, abs=1e-6)
    # each cell's log odds have variance 1/20 + 1/80 (Woolf 1955), and lie 4 log odds apart
    half = 1.959964 * (2 * (1 / 20 + 1 / 80)) ** 0.5 / (4 * odds)
    assert (estimate.low, estimate.high) == pytest.approx((0.5 - half, 0.5 + half), abs=1e-5)


def test_lift_is_precision_over_the_overall_share():
    precision = wilson(2, 2)
    assert lift_at(SCORES, OUTCOMES, 0.2) == pytest.approx((2.5, precision.low / 0.4, 2.5, 2))


def test_ties_at_the_edge_count_in_proportion():
    assert lift_at(SCORES, OUTCOMES, 0.3).value == pytest.approx(2.5 / 3 / 0.4)
    assert lift_at(np.ones(10), OUTCOMES, 0.5).value == pytest.approx(1)


def test_lift_table_has_a_row_for_each_share():
    table = lift_table(SCORES, OUTCOMES, (0.2, 1.0))
    assert table.loc[0, ["precision", "captured", "lift", "base"]].tolist() == [1.0, 0.5, 2.5, 2]
    assert table.loc[1, ["precision", "captured", "lift", "base"]].tolist() == [0.4, 1.0, 1.0, 10]


def test_faulty_predictions_are_refused_in_a_sentence():
    with pytest.raises(ValueError, match="the outcome takes one value only"):
        auc(SCORES, OUTCOMES * 0)
    with pytest.raises(ValueError, match="outcomes must be 0 or 1"):
        auc(SCORES, OUTCOMES + 1)
    with pytest.raises(ValueError, match="probabilities must lie between 0 and 1"):
        brier(SCORES * 2, OUTCOMES)
    with pytest.raises(ValueError, match="a top share lies above 0 and at most at 1, not at 10"):
        lift_at(SCORES, OUTCOMES, 10)
    with pytest.raises(ValueError, match="10 scores do not match 9 outcomes"):
        auc(SCORES, OUTCOMES[1:])
