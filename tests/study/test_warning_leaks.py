import datetime as dt

import numpy as np
import pandas as pd
import pytest

from analysis.errors import UserError
from analysis.study.churn import ChurnRule, outcomes
from analysis.study.warning_leaks import dated_later, knowing, refuse_leaks

RULE = ChurnRule()
AS_OF = dt.date(2025, 6, 30)


@pytest.fixture(scope="module")
def history(simulate_history):
    return simulate_history(800, seed=3)


def with_leak(history: dict, known: float, column: str = "retention_code") -> dict:
    """A column that is filled for the share `known` of those who will leave."""
    random, made = np.random.default_rng(1), {}
    for day, features in history.items():
        leaves = pd.Series(False, index=features["customer_id"])
        if RULE.end(day) in history:
            leaves[outcomes(features, history[RULE.end(day)], RULE).query("any")["customer_id"]] = True
        told = leaves.to_numpy() & (random.random(len(leaves)) < known)
        made[day] = features.assign(**{column: np.where(told, 1.0, np.nan)})
    return made


def test_a_clean_bank_goes_on(history):
    refuse_leaks(history, AS_OF, RULE)
    found = knowing(history, AS_OF, RULE)
    assert not found["is_leak"].any()
    assert {"products_held", "kind"} <= set(found["feature"])


def test_a_feature_that_is_filled_because_one_left_stops_the_run_by_name(history):
    with pytest.raises(UserError, match="retention_code alone"):
        refuse_leaks(with_leak(history, 0.97), AS_OF, RULE)


def test_a_good_sign_is_no_leak(history):
    found = knowing(with_leak(history, 0.5), AS_OF, RULE).set_index("feature")
    assert 0.7 < found.loc["retention_code", "value"] < 0.8
    assert not found["is_leak"].any()


def test_a_date_after_the_landmark_stops_the_run_by_name(history):
    day = min(history)
    later = history[day].assign(last_call=pd.Timestamp(day) + pd.Timedelta(days=1))
    assert dated_later(history[day].assign(last_call=pd.Timestamp(day)), day) == []
    with pytest.raises(UserError, match=f"last_call at {day}"):
        refuse_leaks({**history, day: later}, AS_OF, RULE)


def test_too_few_leavers_accuse_nobody(simulate_history):
    few = simulate_history(200, seed=2, monthly_hazard=0.001)
    assert knowing(with_leak(few, 1.0), AS_OF, RULE).empty
