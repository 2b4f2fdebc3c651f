import numpy as np
import pytest

from analysis.stats.multiple import discoveries

THROMBOLYSIS = [
    0.0001, 0.0004, 0.0019, 0.0095, 0.0201, 0.0278, 0.0298, 0.0344, 0.0459, 0.3240, 0.4262, 0.5719, 0.6528, 0.7590, 1.0,
]  # fmt: skip


def test_the_worked_example_of_benjamini_and_hochberg():
    """Benjamini and Hochberg 1995, section 4.1: of fifteen hypotheses four are rejected at 0.05 (Bonferroni: three)."""
    found = discoveries(THROMBOLYSIS, 0.05)
    assert found.is_found.tolist() == [True] * 4 + [False] * 11
    assert found.adjusted[3] == pytest.approx(0.0095 * 15 / 4)
    assert found.level == pytest.approx(0.05 * 4 / 15)


@pytest.mark.parametrize("rate", [0.001, 0.05, 0.10, 0.5])
def test_found_is_what_lies_below_the_intervals_level(rate):
    found = discoveries(THROMBOLYSIS, rate)
    assert (found.is_found == (np.array(THROMBOLYSIS) <= found.level)).all()


def test_nothing_to_compare():
    assert discoveries([]).is_found.tolist() == []
