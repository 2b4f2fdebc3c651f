"""Changes of means between samples with subjects in common, against scipy's tests at the two ends: none shared, all shared."""

import numpy as np
import pandas as pd
import pytest
from scipy.stats import ttest_ind, ttest_rel

from analysis.stats.multiple import two_sided
from analysis.stats.overlap import change_of_means


def sample(seed: int, size: int = 25, first: int = 0) -> pd.Series:
    return pd.Series(np.random.default_rng(seed).normal(7, 1 + seed, size), range(first, first + size))


def test_without_common_subjects_it_is_welchs_test():
    now, before = sample(1), sample(2, 40, first=100)
    found, known = change_of_means(now, before), ttest_ind(now, before, equal_var=False)
    assert found.p == pytest.approx(known.pvalue)
    assert found.estimate()[1:3] == pytest.approx(tuple(known.confidence_interval()))


def test_with_the_same_subjects_it_has_the_error_of_the_paired_test():
    before = sample(1)
    now = before + sample(2) / 5
    known = ttest_rel(now, before)
    found = change_of_means(now, before.sample(frac=1, random_state=1))
    assert found.centre / found.error == pytest.approx(known.statistic)


def test_subjects_without_a_name_are_not_paired():
    now, before = sample(1).set_axis([np.nan] * 25), sample(2).set_axis([np.nan] * 25)
    assert change_of_means(now, before).p == pytest.approx(ttest_ind(now, before, equal_var=False).pvalue)


def test_shares_by_hand():
    """Agresti and Caffo 2000: one success and one failure more in each sample; 7 of 10 against 2 of 10 become 8/12 and 3/12."""
    now, before = (pd.Series([1.0] * hits + [0.0] * (10 - hits), range(first, first + 10)) for hits, first in ((7, 0), (2, 50)))
    found = change_of_means(now, before, (0.0, 1.0))
    half = 1.959964 * (8 / 12 * 4 / 12 / 12 + 3 / 12 * 9 / 12 / 12) ** 0.5
    assert (found.value, found.estimate()[1:3]) == (pytest.approx(0.5), pytest.approx((5 / 12 - half, 5 / 12 + half), abs=1e-6))


def test_an_interval_leaves_out_nothing_exactly_where_p_is_below_its_level():
    now, before = sample(1) + 1.2, sample(2, 40, first=100)
    found = change_of_means(now, before)
    assert two_sided(0.0, 5.0) == pytest.approx(1)
    for level in (found.p * 0.99, found.p * 1.01):
        low, high = found.estimate(level)[1:3]
        assert (not low <= 0 <= high) == (found.p < level)


def test_answers_that_do_not_vary_and_too_few_answers():
    same = pd.Series([8.0] * 30, range(30))
    assert change_of_means(same, same).p == 1
    assert change_of_means(same.head(1), same) is None
