import numpy as np
import pytest
from patsy import dmatrix

from analysis.stats.splines import knots_of, natural_curves


def test_columns_span_the_same_curves_as_patsys_natural_splines():
    values = np.sort(np.random.default_rng(1).gamma(2, 3, 400))
    knots = np.quantile(values, [0.0, 0.3, 0.6, 1.0])
    ours = np.column_stack([np.ones(len(values)), values, natural_curves(values, knots)])
    theirs = np.asarray(dmatrix("cr(x, knots=inner) - 1", {"x": values, "inner": knots[1:-1]}))
    fitted = theirs @ np.linalg.lstsq(theirs, ours, rcond=None)[0]
    assert fitted == pytest.approx(ours, abs=1e-8)


def test_beyond_the_outer_knots_the_curve_is_a_line():
    knots = np.array([1.0, 2.0, 4.0, 7.0])
    outside = natural_curves(np.array([-3.0, -2.0, -1.0, 8.0, 9.0, 10.0]), knots)
    assert np.diff(outside[:3], 2, axis=0) == pytest.approx(0, abs=1e-12)
    assert np.diff(outside[3:], 2, axis=0) == pytest.approx(0, abs=1e-9)
    assert np.abs(np.diff(natural_curves(np.array([2.0, 3.0, 4.0]), knots), 2, axis=0)).min() > 0.01


def test_the_shape_is_the_same_in_any_unit():
    values, knots = np.linspace(0, 10, 50), np.array([1.0, 4.0, 6.0, 9.0])
    assert natural_curves(values * 30, knots * 30) == pytest.approx(30 * natural_curves(values, knots))


def test_values_that_hardly_differ_allow_no_curve():
    assert len(knots_of(np.repeat([0.0, 1.0], [95, 5]))) == 0
    assert natural_curves(np.zeros(3), knots_of(np.zeros(9))).shape == (3, 0)
    assert knots_of(np.arange(101.0)).tolist() == [10, 50, 90]
