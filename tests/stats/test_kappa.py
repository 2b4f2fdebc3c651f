import numpy as np
import pytest
from scipy.special import ndtri
from statsmodels.stats.inter_rater import cohens_kappa

from analysis.stats.kappa import kappa


def judged(both: int, one: int, other: int, neither: int) -> tuple[np.ndarray, np.ndarray]:
    cells = np.repeat(np.arange(4), [both, one, other, neither])
    return cells < 2, np.isin(cells, [0, 2])


def test_value_and_interval_are_those_of_fleiss_cohen_and_everitt_1969_in_statsmodels():
    found, theirs = kappa(*judged(20, 10, 5, 165)), cohens_kappa([[20, 10], [5, 165]])
    assert found.value == pytest.approx(theirs.kappa, abs=1e-12)
    assert (found.high - found.low) / 2 / ndtri(0.975) == pytest.approx(theirs.std_kappa, rel=1e-9)


def test_rows_of_one_customer_count_once():
    one, other = judged(20, 10, 5, 165)
    single = kappa(one, other)
    twice = kappa(np.tile(one, 2), np.tile(other, 2), np.tile(np.arange(200), 2))
    assert twice[:3] == pytest.approx(single[:3], abs=1e-12)
    assert kappa(np.tile(one, 2), np.tile(other, 2)).low > single.low


def test_where_all_are_judged_alike_there_is_no_value():
    assert kappa([False] * 5, [False] * 5) == (None, None, None, 5)
    assert kappa([], []).value is None
    assert kappa([True, False, False], [False, True, False]).value == pytest.approx(-0.5)
