import pytest

from analysis.stats.sensitivity import e_value, e_value_of_limit, risk_ratio_of


def test_published_e_values():
    """VanderWeele and Ding 2017: risk ratio 3.9 (1.8 to 8.7) has the E-value 7.26, its lower limit 3.0."""
    assert e_value(3.9) == pytest.approx(7.26, abs=0.005)
    assert e_value_of_limit(3.9, 1.8, 8.7) == pytest.approx(3.0, abs=0.005)


def test_a_ratio_below_one_is_read_from_the_other_side():
    assert e_value(0.5) == pytest.approx(e_value(2.0))
    assert e_value_of_limit(0.5, 0.3, 0.8) == pytest.approx(e_value(1.25))
    assert e_value_of_limit(1.2, 0.9, 1.6) == 1.0


def test_at_the_e_value_the_bound_is_the_ratio_itself():
    """Ding and VanderWeele 2016: a common cause with both associations at a moves a risk ratio by a² ÷ (2a − 1) at most."""
    strong = e_value(2.4)
    assert strong**2 / (2 * strong - 1) == pytest.approx(2.4)


def test_odds_of_a_frequent_outcome_are_drawn_in():
    assert risk_ratio_of(4.0, 0.10) == 4.0
    assert risk_ratio_of(4.0, 0.40) == 2.0
