"""Nothing is said of all customers where the data hold those who answered alone."""

import datetime as dt

import numpy as np
import pandas as pd
import pytest

from analysis.errors import NotProduced
from analysis.study.satisfaction_nonresponse import ONLY_ANSWERED, Survey, satisfaction_nonresponse

AS_OF = dt.date(2025, 6, 30)


@pytest.fixture(scope="module")
def history(simulate_history):
    whole = simulate_history(300, seed=5, monthly_hazard=0.001)
    return {AS_OF: whole[AS_OF]}


def answers(customers) -> pd.DataFrame:
    marks = np.random.default_rng(1).integers(1, 11, len(customers)).astype(float)
    return pd.DataFrame(
        {"response_id": [f"R{row}" for row in range(len(customers))], "customer_id": list(customers), "overall": marks}
    )


@pytest.mark.parametrize("silent", [0, 9])
def test_an_extract_of_those_who_answered_says_nothing_of_others(history, silent):
    active = history[AS_OF].query("closed_date.isna() and recency_days <= 90")
    known = {AS_OF: active}
    surveys = answers(active["customer_id"].iloc[silent:])
    with pytest.raises(NotProduced, match="the data hold nobody who did not"):
        satisfaction_nonresponse(Survey(surveys), known, {}, {}, AS_OF)
    # Invitations of other customers bring a page; its weighted exhibits stay absent, with the same reason.
    sent = pd.DataFrame(
        {
            "invitation_id": [f"V{row}" for row in range(60)], "customer_id": [f"X{row}" for row in range(60)], "channel": "sms",
            "sent_date": pd.Timestamp("2025-03-01"), "trigger": "contact", "response_id": [f"R{row}" for row in range(30)] + [None] * 30,
        }
    )  # fmt: skip
    made = satisfaction_nonresponse(Survey(surveys, sent), known, {}, {}, AS_OF)
    for exhibit in (made.weighted, made.weights, made.bounds):
        assert exhibit.absent is ONLY_ANSWERED
    assert not [found for found in made.findings if found.id.endswith((".weighted", ".bounds"))]
    assert made.response.absent is None


def test_where_some_are_silent_the_scores_of_all_are_told(history):
    active = history[AS_OF].query("closed_date.isna() and recency_days <= 90")
    made = satisfaction_nonresponse(Survey(answers(active["customer_id"].iloc[10:])), {AS_OF: active}, {}, {}, AS_OF)
    assert made.bounds.absent is None
    assert {"overall_mean.weighted", "overall_mean.bounds"} <= {found.id for found in made.findings}
