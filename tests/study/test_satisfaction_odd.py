"""The satisfaction reports on surveys that say nothing: a sentence or an absent exhibit, never a trace of a fault."""

import datetime as dt

import numpy as np
import pandas as pd
import pytest

from analysis.errors import NotProduced, UserError
from analysis.study.churn import ChurnRule
from analysis.study.satisfaction import satisfaction
from analysis.study.satisfaction_and_churn import satisfaction_and_churn
from analysis.study.satisfaction_dose import dose
from analysis.study.satisfaction_response import response
from analysis.study.satisfaction_unasked import triggers, unasked
from analysis.wording import say

pytestmark = pytest.mark.filterwarnings("error")
AS_OF = dt.date(2025, 6, 30)


def answers(count: int = 400, **columns) -> pd.DataFrame:
    days = pd.Timestamp("2025-01-01") + pd.to_timedelta(np.arange(count) % 120, unit="D")
    ids = [f"C{n:04}" for n in range(count)]
    return pd.DataFrame(
        {"response_id": [f"R{n}" for n in range(count)], "customer_id": ids, "answered_date": days, "overall": 8.0}
    ).assign(**columns)


def invited(surveys: pd.DataFrame, **columns) -> pd.DataFrame:
    sent = pd.DataFrame(
        {"invitation_id": surveys["response_id"], "customer_id": surveys["customer_id"].astype("str"), "sent_date": surveys["answered_date"],
         "channel": "app", "trigger": "staff", "response_id": surveys["response_id"].where(surveys.index % 3 > 0)}
    )  # fmt: skip
    return sent.assign(**columns)


def test_where_staff_handed_out_every_survey_no_group_of_customers_is_held_apart():
    surveys = answers()
    kinds = pd.CategoricalDtype([say("Men"), say("Women")])
    labels = pd.Series([kinds.categories[n % 2] for n in range(len(surveys))], surveys["customer_id"]).astype(kinds)
    found = response(invited(surveys), surveys, {say("Sex"): labels}, AS_OF)
    assert found.by_lot is None
    assert found.groups.empty


def test_a_trigger_that_is_never_stated_is_no_trigger():
    surveys = answers()
    assert triggers(surveys, invited(surveys, trigger=np.nan)).eq("").all()


def test_answers_without_customers_or_all_alike_tell_nothing_of_waits():
    contacts = pd.DataFrame(
        {"contact_id": ["K1"], "customer_id": ["C0001"], "started_at": pd.Timestamp("2025-01-01"), "channel": "branch",
         "branch_id": "B1", "purpose": "account", "wait_minutes": 5.0}
    )  # fmt: skip
    for surveys in (answers(customer_id=None), answers()):
        assert dose(surveys, None, contacts, {}, AS_OF) is None


def test_marks_that_are_all_alike_are_not_predicted(simulate_history):
    history = simulate_history(600)
    ids = history[min(history)]["customer_id"]
    days = pd.to_datetime(sorted(history))
    surveys = pd.concat(
        [pd.DataFrame({"response_id": [f"R{place}-{n}" for n in range(len(ids))], "customer_id": ids.to_numpy(), "answered_date": day + pd.Timedelta(days=5),
                       "overall": 8.0}) for place, day in enumerate(days)], ignore_index=True
    )  # fmt: skip
    assert unasked(surveys, None, history, 5) is None


def test_a_report_without_anything_to_show_is_not_produced(simulate_history):
    history = simulate_history(300)
    surveys = answers(
        customer_id=[f"C{n % 250:05}" for n in range(400)], answered_date=pd.Timestamp("2024-01-15"), recommend=np.nan
    )
    with pytest.raises(NotProduced):
        satisfaction_and_churn(surveys, None, history, max(history), ChurnRule())


@pytest.mark.parametrize("odd", [{"window_months": 0}, {"seed": -1}, {"false_discovery_rate": 2.0}], ids=str)
def test_odd_parameters_are_refused_in_one_sentence(odd):
    with pytest.raises(UserError, match="it must lie between"):
        satisfaction(answers(), {}, {}, AS_OF, **odd)
