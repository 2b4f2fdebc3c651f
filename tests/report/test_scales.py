"""Axes of values that do not differ."""

import numpy as np
import pytest

from analysis.report.scales import extent, round_out


@pytest.mark.parametrize("value", [0.0, 8.0, -3.0, 0.07])
def test_an_axis_has_two_ends_where_all_values_are_one_but_for_rounding(value):
    for low, high in ((value, value), sorted((value, value * (1 + 1e-12)))):
        made = round_out(low, high, "number")
        assert made[0] < made[-1]
        start, end = extent(np.array([low, high]))
        assert start < end
