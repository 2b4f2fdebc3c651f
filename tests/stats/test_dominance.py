"""When a sum tells what one member has."""

import pandas as pd

from analysis.stats.dominance import hidden_amounts, is_sensitive


def test_the_second_largest_must_not_tell_the_largest_to_within_a_tenth():
    """p% rule: 100 and 50 with 10 others' worth beside them are just safe, with 9.9 they are not."""
    assert not is_sensitive([100, 50, 5, 5])
    assert is_sensitive([100, 50, 5, 4.9])
    assert is_sensitive([5, -50, 4.9, -100])


def test_one_must_not_hold_more_than_three_quarters():
    assert not is_sensitive([75, 10, 8, 7])
    assert is_sensitive([75.1, 9.9, 8, 7])


def test_nothing_is_nobodys_and_one_is_its_own():
    assert not is_sensitive([])
    assert not is_sensitive([0.0, 0.0, float("nan")])
    assert is_sensitive([7.0])


def test_a_sensitive_sum_takes_others_with_it_until_what_is_left_tells_of_nobody():
    amounts = pd.Series([90.0, 5, 5, *[10] * 4, *[100] * 5])
    groups = pd.Series([*"aaa", *"bbbb", *"ccccc"])
    assert hidden_amounts(amounts, groups) == {"a", "b"}
    assert hidden_amounts(amounts[3:], groups[3:]) == set()
    assert hidden_amounts(amounts[3:], groups[3:], already={"c"}) == {"b", "c"}
