import numpy as np
import pandas as pd
import pytest
from scipy.stats import multinomial

from analysis.stats.intervals import (
    Estimate,
    difference_of_shares,
    funnel_limits,
    mean_by_group,
    mean_t,
    nps,
    nps_by_group,
    percentile_interval,
    share_by_group,
    wilson,
)

SLEEP_GAIN = [1.2, 2.4, 1.3, 1.3, 0.0, 1.0, 1.8, 0.8, 4.6, 1.4]


@pytest.mark.parametrize(
    ("successes", "n", "low", "high"),
    [(81, 263, 0.2553, 0.3662), (15, 148, 0.0624, 0.1605), (0, 20, 0.0, 0.1611), (1, 29, 0.0061, 0.1718)],
)
def test_wilson_reproduces_newcombe_1998_table_1(successes, n, low, high):
    estimate = wilson(successes, n)
    assert estimate.value == successes / n
    assert (estimate.low, estimate.high) == pytest.approx((low, high), abs=5e-5)
    assert estimate.base == n


@pytest.mark.parametrize(
    ("counts", "low", "high"),
    [((56, 70, 48, 80), 0.0524, 0.3339), ((9, 10, 3, 10), 0.1705, 0.8090), ((10, 10, 0, 20), 0.6791, 1.0)],
)
def test_difference_of_shares_reproduces_newcombe_1998_method_10(counts, low, high):
    estimate = difference_of_shares(*counts)
    assert (estimate.low, estimate.high) == pytest.approx((low, high), abs=5e-5)
    assert estimate.base == counts[1] + counts[3]


def test_mean_t_reproduces_r_t_test_of_students_sleep_data():
    estimate = mean_t(pd.Series([*SLEEP_GAIN, None]))
    assert estimate == pytest.approx((1.58, 0.7001142, 2.4598858, 10), abs=5e-8)


def test_one_value_has_no_interval_and_none_has_no_mean():
    assert mean_t(np.array([7.0])) == Estimate(7.0, None, None, 1)
    assert mean_t(np.array([])) == Estimate(None, None, None, 0)
    assert wilson(0, 0) == nps(0, 0, 0) == difference_of_shares(0, 0, 0, 0) == Estimate(None, None, None, 0)


def test_nps_adds_three_answers_to_its_interval():
    centre, variance = (50.75 - 20.75) / 103, (71.5 / 103 - (30 / 103) ** 2) / 103
    half = 1.959964 * variance**0.5
    assert nps(50, 30, 20) == pytest.approx((30, 100 * (centre - half), 100 * (centre + half), 100), abs=1e-5)


@pytest.mark.parametrize("answers", [(1, 0, 0), (0, 0, 1), (40, 0, 0), (0, 40, 0)])
def test_the_interval_of_a_score_holds_the_score_and_stays_on_the_scale(answers):
    estimate = nps(*answers)
    assert -100 <= estimate.low <= estimate.value <= estimate.high <= 100
    assert estimate.low < estimate.high


@pytest.mark.parametrize("shares", [(0.5, 0.3, 0.2), (0.7, 0.2, 0.1), (0.3, 0.4, 0.3), (0.2, 0.6, 0.2)])
def test_nps_intervals_cover_as_often_as_they_say_by_exact_enumeration(shares):
    n = 60
    answers = [(p, n - p - d, d) for p in range(n + 1) for d in range(n - p + 1)]
    chance = multinomial.pmf(answers, n, shares)
    truth = 100 * (shares[0] - shares[2])
    held = [estimate.low <= truth <= estimate.high for estimate in (nps(*counts) for counts in answers)]
    assert 0.93 < chance[held].sum() < 0.97


def test_funnel_limits_are_interpolated_binomial_quantiles():
    # two throws of a coin: P(0) = .25, P(1) = .75, P(2) = 1; the 97.5 % point lies a tenth below 2
    limits = funnel_limits(0.5, [2]).loc[0]
    assert limits.to_dict() == pytest.approx(
        {"size": 2, "low95": 0.0, "high95": 0.95, "low998": 0.0, "high998": (2 - 0.001 / 0.25) / 2}
    )


def test_funnel_limits_approach_the_normal_ones_and_keep_the_order_of_sizes():
    limits = funnel_limits(0.1, pd.Series([1_000_000, 100]))
    assert limits["size"].tolist() == [1_000_000, 100]
    assert limits["high95"][0] == pytest.approx(0.1 + 1.96 * 0.0003, abs=2e-6)
    assert limits["low998"][0] == pytest.approx(0.1 - 3.09 * 0.0003, abs=2e-6)
    assert limits["high95"][1] > limits["high95"][0]


def test_shares_by_group_agree_with_wilson_and_leave_out_the_unknown():
    groups = pd.Series(["b", "a", "b", "b", None, "a"])
    frame = share_by_group(groups, pd.Series([True, False, True, False, True, None]))
    assert frame.columns.tolist() == ["label", "value", "low", "high", "base"]
    assert frame["label"].tolist() == ["a", "b"]
    assert frame.iloc[0, 1:].tolist() == pytest.approx(list(wilson(0, 1)))
    assert frame.iloc[1, 1:].tolist() == pytest.approx(list(wilson(2, 3)))


def test_means_by_group_agree_with_mean_t():
    frame = mean_by_group(pd.Series(["x"] * 10 + ["y", "z"]), pd.Series([*SLEEP_GAIN, 3.0, None]))
    assert frame["label"].tolist() == ["x", "y"]
    assert frame.loc[0, ["value", "low", "high", "base"]].tolist() == pytest.approx(list(mean_t(np.array(SLEEP_GAIN))))
    assert frame.loc[1, "value"] == 3.0
    assert frame.loc[1, ["low", "high"]].isna().all()


def test_scores_by_group_count_9_as_promoter_and_6_as_detractor():
    frame = nps_by_group(pd.Series(["a"] * 5 + ["b"]), pd.Series([10, 9, 8, 7, 6, None], dtype="Int64"))
    assert frame["label"].tolist() == ["a"]
    assert frame.loc[0, ["value", "low", "high", "base"]].tolist() == pytest.approx(list(nps(2, 2, 1)))


def test_groups_keep_the_order_of_their_categories_and_show_only_those_seen():
    tiers = pd.Categorical(["low", "high", "low"], categories=["low", "middle", "high"], ordered=True)
    assert mean_by_group(pd.Series(tiers), pd.Series([1, 2, 3]))["label"].tolist() == ["low", "high"]


def test_percentiles_of_replicates_bound_the_value():
    assert percentile_interval(5, np.arange(1001), 40) == pytest.approx((5, 25, 975, 40))


def test_impossible_counts_are_refused():
    with pytest.raises(ValueError, match="11 successes out of 10 are not a share"):
        wilson(11, 10)
    with pytest.raises(ValueError, match="cannot be negative"):
        nps(-1, 2, 3)
    with pytest.raises(ValueError, match="a share lies between 0 and 1, not at 12"):
        funnel_limits(12, [10])
