import numpy as np
import pandas as pd
import pytest
from scipy.stats import binomtest
from statsmodels.duration.survfunc import SurvfuncRight, survdiff

from analysis.stats.survival import cumulative_incidence, kaplan_meier, log_rank, median_survival, survival_at

PLACEBO = [1, 1, 2, 2, 3, 4, 4, 5, 5, 8, 8, 8, 8, 11, 11, 12, 12, 15, 17, 22, 23]
MERCAPTOPURINE = [6, 6, 6, 7, 10, 13, 16, 22, 23, 6, 9, 10, 11, 17, 19, 20, 25, 32, 32, 34, 35]
RELAPSES = 9


@pytest.fixture
def treated():
    return np.array(MERCAPTOPURINE), np.arange(21) < RELAPSES


def test_curve_reproduces_freireichs_6_mp_patients_as_in_kleinbaum_and_klein(treated):
    curve = kaplan_meier(*treated).query("events > 0")
    assert curve["time"].tolist() == [6, 7, 10, 13, 16, 22, 23]
    assert curve["at_risk"].tolist() == [21, 17, 15, 12, 11, 7, 6]
    assert curve["events"].tolist() == [3, 1, 1, 1, 1, 1, 1]
    assert curve["survival"].tolist() == pytest.approx([0.857, 0.807, 0.753, 0.690, 0.627, 0.538, 0.448], abs=5e-4)
    assert curve.iloc[0][["low", "high"]].tolist() == pytest.approx([0.6197, 0.9516], abs=5e-5)
    assert curve.iloc[-1][["low", "high"]].tolist() == pytest.approx([0.1881, 0.6801], abs=5e-5)


def test_medians_of_freireich_1963_are_8_and_23(treated):
    placebo = kaplan_meier(PLACEBO, [True] * 21)
    assert median_survival(placebo) == (8, 4, 11, 21)
    assert median_survival(kaplan_meier(*treated)) == (23, 13, None, 21)


def test_log_rank_of_freireich_1963_is_16_793(treated):
    time = np.concatenate([PLACEBO, treated[0]])
    event = np.concatenate([[True] * 21, treated[1]])
    comparison = log_rank(time, event, ["placebo"] * 21 + ["6-MP"] * 21)
    assert comparison.statistic == pytest.approx(16.793, abs=1e-3)
    assert comparison.p == pytest.approx(4.17e-5, rel=1e-2)


def test_late_entry_agrees_with_statsmodels():
    random = np.random.default_rng(4)
    entry = random.integers(0, 20, 200)
    time, event = entry + random.integers(1, 30, 200), random.random(200) < 0.6
    theirs = SurvfuncRight(time, event.astype(int), entry=entry)
    ours = kaplan_meier(time, event, entry).query("events > 0")
    assert ours["at_risk"].tolist() == theirs.n_risk.tolist()
    assert ours["survival"].tolist() == pytest.approx(theirs.surv_prob.tolist(), abs=1e-12)


def test_log_rank_of_three_groups_with_late_entry_agrees_with_statsmodels():
    random = np.random.default_rng(8)
    entry = random.integers(0, 5, 300)
    time, event, group = entry + random.integers(1, 15, 300), random.random(300) < 0.5, random.integers(0, 3, 300)
    statistic, p = survdiff(time, event.astype(int), group, entry=entry)
    assert log_rank(time, event, group, entry) == pytest.approx((statistic, p), rel=1e-9)


def test_a_curve_goes_on_to_the_last_one_seen_and_has_no_interval_while_nobody_left():
    curve = kaplan_meier([3, 5, 9], [False, True, False])
    expected = pd.DataFrame({"time": [3.0, 5, 9], "at_risk": [3, 2, 1], "events": [0, 1, 0], "survival": [1, 0.5, 0.5]})
    pd.testing.assert_frame_equal(curve[list(expected)], expected)
    assert curve["low"].isna().tolist() == [True, False, False]


def test_more_than_half_remaining_have_no_median():
    assert median_survival(kaplan_meier([1, 2, 3, 3, 3], [True, False, False, False, False])).value is None


def test_faulty_times_are_refused_in_a_sentence():
    with pytest.raises(ValueError, match="1 subjects were last seen at or before their entry"):
        kaplan_meier([3, 5], [True, True], [3, 0])
    with pytest.raises(ValueError, match="1 subjects have a missing time or entry"):
        kaplan_meier([3, np.nan], [True, True])
    with pytest.raises(ValueError, match="a comparison needs at least two groups"):
        log_rank([1, 2], [True, True], ["a", "a"])
    with pytest.raises(ValueError, match="no event was seen"):
        log_rank([1, 2], [False, False], ["a", "b"])


def test_survival_at_a_time_is_the_curves_last_step_and_unknown_after_the_last_one_seen(treated):
    curve = kaplan_meier(*treated)
    assert survival_at(curve, 12.9).value == pytest.approx(0.753, abs=5e-4)
    assert survival_at(curve, 13).value == pytest.approx(0.690, abs=5e-4)
    assert survival_at(curve, 5) == (1, None, None, 21)
    assert survival_at(curve, 36).value is None


def test_incidence_is_not_one_minus_survival_where_another_event_forestalls_it():
    """By hand: at risk 5, 4, 3, 2; S(t−) = 1, 0.8, 0.6, 0.6."""
    found = cumulative_incidence([1, 2, 3, 4, 5], [1, 2, 0, 1, 0])
    assert found["value"].tolist() == pytest.approx([0.2, 0.2, 0.2, 0.5, 0.5])
    alone = cumulative_incidence([1, 2, 3, 4, 5], [1, 0, 0, 1, 0])
    curve = kaplan_meier([1, 2, 3, 4, 5], [True, False, False, True, False])
    assert (1 - alone["value"]).tolist() == pytest.approx(curve["survival"].tolist())
    assert cumulative_incidence([1, 2], [0, 2])["value"].tolist() == [0, 0]


def test_incidence_intervals_cover():
    random = np.random.default_rng(6)
    hits, runs = 0, 200
    for _ in range(runs):
        time, kind, seen = random.exponential(1, 150), random.choice([1, 2], 150, p=[0.4, 0.6]), random.uniform(0.5, 3, 150)
        found = cumulative_incidence(np.minimum(time, seen), np.where(time <= seen, kind, 0))
        row = found[found["time"] <= 1].iloc[-1]
        hits += row["low"] <= 0.4 * (1 - np.exp(-1)) <= row["high"]
    assert binomtest(hits, runs, 0.95).pvalue > 0.01
