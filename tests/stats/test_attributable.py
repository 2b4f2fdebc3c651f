"""Shares of several causes: their intervals, and what they make together."""

from dataclasses import replace

import numpy as np
import pandas as pd
import pytest

from analysis.stats.attributable import LeverShare, interval, joint_share, p_value

RANDOM = np.random.default_rng(5)


def share(lever: str, value: float, bearers: range, leavers: int = 100, clusters: int = 20, **more) -> LeverShare:
    influence = pd.Series(RANDOM.normal(size=clusters) * 0.01)
    return LeverShare(
        lever, value, influence - influence.mean(), clusters, clusters - 1.0, 1000, 50, len(bearers), 1.0,
        pd.Series(value * leavers / len(bearers), bearers), leavers, **more,
    )  # fmt: skip


def test_without_a_step_the_interval_is_student_s():
    found = interval(0.1, 0.04**2, 19, 1000, 20)
    assert (found.low, found.high) == pytest.approx((0.1 - 2.0930 * 0.04, 0.1 + 2.0930 * 0.04), abs=1e-4)


def test_a_count_of_none_has_an_upper_end():
    """Score interval of a Poisson count of 0 (Rao): up to z² = 3.84 events."""
    found = interval(0.0, 0.0, 1e9, 1000, 20, step=0.01)
    assert (found.low, found.high) == pytest.approx((0.0, 0.0384), abs=1e-4)


@pytest.mark.parametrize("value", [-0.03, 0.005, 0.02, 0.09])
def test_the_interval_leaves_out_nothing_exactly_where_p_is_small(value):
    found = interval(value, 0.0004, 30, 1000, 31, step=0.003)
    assert (p_value(value, 0.0004, 30, 0.003) < 0.05) == (not found.low <= 0 <= found.high)


def test_the_width_does_not_tell_how_few_the_events_were():
    alike = replace(share("a", 0.0, range(5), is_count=True), influence=pd.Series(np.zeros(20)))
    few = [replace(alike, leavers_struck=events).variance for events in (0, 4, 10, 20)]
    assert 0 < few[0] == few[1] == few[2] < few[3]


def test_below_eight_clusters_there_is_no_interval():
    assert interval(0.1, 0.01, 6, 1000, 7)[1:3] == (None, None)
    assert np.isnan(share("a", 0.1, range(10), clusters=7).p)


def test_shares_of_different_events_add_up_and_of_the_same_events_do_not():
    apart = joint_share([share("a", 0.1, range(20)), share("b", 0.06, range(20, 40))])
    assert apart.joint.value == pytest.approx(0.16)
    assert {name: part.value for name, part in apart.split.items()} == pytest.approx({"a": 0.1, "b": 0.06})
    same = joint_share([share("a", 0.1, range(20)), share("b", 0.1, range(20))])
    assert same.joint.value == pytest.approx(0.2 * (1 - 0.5**2))
    assert same.sets[frozenset({"a"})] == pytest.approx(0.1)


def test_the_split_adds_up_and_a_negative_share_stands():
    found = joint_share([share("a", 0.1, range(20)), share("b", -0.04, range(10, 30)), share("c", 0.02, range(5))])
    assert sum(part.value for part in found.split.values()) == pytest.approx(found.joint.value, abs=1e-12)
    assert found.split["b"].value < 0


def test_the_joint_error_of_apart_shares_is_the_root_of_the_sum_of_squares_and_grows_with_shared_subjects():
    one, other = share("a", 0.1, range(20)), share("b", 0.06, range(20, 40))
    found = joint_share([one, other]).joint
    width = 2.0 * np.sqrt(one.variance + other.variance)
    assert found.high - found.low == pytest.approx(2 * width, rel=0.08)
    parts = pd.Series(RANDOM.normal(size=50) * 0.01)
    rng = [share(name, 0.1, bearers, by_unit=parts) for name, bearers in (("a", range(20)), ("b", range(20, 40)))]
    alike = joint_share(rng).joint
    assert alike.high - alike.low > 1.2 * 4.1 * np.sqrt((rng[0].variance + rng[1].variance) / 1.0) * 0.9
