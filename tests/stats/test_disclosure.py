import itertools

import numpy as np
import pytest

from analysis.stats.disclosure import dominates, hidden


@pytest.mark.parametrize(
    ("counts", "expected"),
    [
        ([40, 30, 11], [False, False, False]),
        ([40, 30, 9], [False, True, True]),
        ([40, 6, 5], [False, True, True]),
        ([40, 3, 4], [True, True, True]),
        ([40, 0, 9], [True, False, True]),
        ([9, 0, 0], [True, False, False]),
        ([0, 0, 0], [False, False, False]),
    ],
)
def test_small_counts_are_hidden_with_those_that_give_them_away(counts, expected):
    assert hidden(counts, 10).tolist() == expected


def test_a_count_hidden_for_another_sum_needs_company():
    assert hidden([40, 30, 20], 10, already=np.array([True, False, False])).tolist() == [True, False, True]


def test_the_whole_less_what_is_shown_is_never_small_unless_the_whole_is():
    for counts in itertools.product([0, 1, 5, 9, 10, 14], repeat=4):
        out = hidden(counts, 10)
        rest = np.array(counts)[out]
        assert not ((np.array(counts) > 0) & (np.array(counts) < 10) & ~out).any()
        assert not len(rest) or (len(rest) > 1 and rest.sum() >= 10) or out[np.array(counts) > 0].all()


def test_two_that_hold_almost_all_dominate_a_total():
    """The (n, k) rule with n = 2 and k = 85 %."""
    assert dominates([50, 36, *[1] * 14])
    assert not dominates([50, 35, *[1] * 15])
    assert dominates([-90, 5, 5])
    assert dominates([7.0])
    assert not dominates([0.0, 0.0])
    assert not dominates([])
    assert dominates([50, 20, 30], n=1, share=0.4)
    assert not dominates([50, 20, 30], n=1, share=0.5)
