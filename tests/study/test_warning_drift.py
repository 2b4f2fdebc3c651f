import datetime as dt

import numpy as np
import pandas as pd
import pytest

from analysis.study.churn import ChurnRule
from analysis.study.warning_drift import drift_exhibit, drift_findings, warning_drift

RULE = ChurnRule()
AS_OF = dt.date(2025, 6, 30)


@pytest.fixture(scope="module")
def history(simulate_history):
    return simulate_history(1500, seed=6, monthly_hazard=0.02)


def test_a_bank_that_stays_as_it_was_raises_no_alarm(history):
    found = warning_drift(history, AS_OF, RULE)
    assert not found.is_alarm
    assert found.learnt == dt.date(2024, 6, 30)
    assert (found.first, found.judged) == (dt.date(2024, 9, 30), dt.date(2024, 12, 31))
    assert drift_findings(found)[0].id == "warning.drift"
    assert drift_exhibit(found).frame["learnt"].iloc[0] == 1


def test_scores_that_no_longer_say_who_leaves_raise_it(history):
    """After the model was learnt, the fewer-products customers no longer leave more: their numbers are dealt anew."""
    random, changed = np.random.default_rng(3), dict(history)
    for day in history:
        if day >= dt.date(2024, 6, 30):
            changed[day] = history[day].assign(products_held=random.permutation(history[day]["products_held"]))
    found = warning_drift(changed, AS_OF, RULE)
    assert found.has_turned
    part = found.parts.loc[found.parts["p"].idxmin()]
    assert part["part"] == "relation"
    assert part["high"] < part["learnt"]
    told = drift_findings(found)[0].text.render()
    assert "alarm rings" in told
    assert "kind of customer" in told
    assert drift_exhibit(found).title.render().startswith("Alarm")


def test_twice_as_many_leavers_raise_it(history):
    random, last = np.random.default_rng(4), history[AS_OF]
    more = last.assign(recency_days=last["recency_days"].where(random.random(len(last)) > 0.3, 400.0))
    found = warning_drift(history | {AS_OF: more}, AS_OF, RULE)
    assert found.is_off_level
    assert "more customers left than it foretold" in drift_findings(found)[0].text.render()


def test_nothing_later_than_as_of_is_read(history):
    early = dt.date(2025, 3, 31)
    cut = {day: frame for day, frame in history.items() if day <= early}
    pd.testing.assert_frame_equal(warning_drift(history, early, RULE).parts, warning_drift(cut, early, RULE).parts)


def test_without_a_model_a_year_old_there_is_no_answer(history):
    assert warning_drift(history, dt.date(2024, 6, 30), RULE) is None
    assert drift_findings(None) == []
    assert drift_exhibit(None).absent is not None
