"""Axes of values that do not differ, and of units with decimals of their own."""

import numpy as np
import pytest

from analysis.report.scales import extent, fitting_ticks, round_out, tick_labels, ticks


@pytest.mark.parametrize("value", [0.0, 8.0, -3.0, 0.07])
def test_an_axis_has_two_ends_where_all_values_are_one_but_for_rounding(value):
    for low, high in ((value, value), sorted((value, value * (1 + 1e-12)))):
        made = round_out(low, high, "number")
        assert made[0] < made[-1]
        start, end = extent(np.array([low, high]))
        assert start < end


@pytest.mark.parametrize("unit", ["number", "share", "points", "count"])
def test_an_axis_finds_its_own_decimals_whatever_those_of_its_values(unit):
    at = round_out(0.1, 0.46, unit)
    assert round_out(0.1, 0.46, f"{unit}.1") == at
    assert ticks(0.1, 0.46, 4, f"{unit}.1") == ticks(0.1, 0.46, 4, unit)
    assert tick_labels(at, f"{unit}.1", "en") == tick_labels(at, unit, "en")


def test_amounts_on_an_axis_have_no_decimals_that_none_of_them_needs():
    assert tick_labels([2.1e9, 2.2e9], "money", "zh") == ["21亿", "22亿"]
    assert tick_labels([2e9, 2.5e9], "money", "en") == ["2.0 billion", "2.5 billion"]


def test_ticks_that_do_not_fit_leave_the_outermost_two():
    assert fitting_ticks((0.6, 1.29), 45, "share", "en", 5) == ([0.6, 1.2], ["60", "120%"])
    assert len(fitting_ticks((0.6, 1.29), 300, "share", "en", 5)[0]) > 2
