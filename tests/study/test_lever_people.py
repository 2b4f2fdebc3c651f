import datetime as dt

import pandas as pd

from analysis.study.churn import ChurnRule
from analysis.study.lever_people import lever_people

OPENED = dt.date(2024, 6, 30)


def features(**columns) -> pd.DataFrame:
    given = {
        "customer_id": ["A", "B", "C"], "branch_id": "B1", "closed_date": pd.NaT, "exit_reason": None, "tenure_months": [20.0, 3.0, 90.0],
        "recency_days": [10.0, 10.0, 20.0], "assets_3m": 500.0, "holds_card": [1, 0, 0], "app_share": [0.5, 0.5, None],
        "web_share": [0.25, 0.0, None],
    }  # fmt: skip
    return pd.DataFrame({**given, **columns})


def test_people_are_those_at_risk_with_what_became_of_them():
    closed = pd.to_datetime(pd.Series([None, None, "2025-01-03"]))
    after = features(closed_date=closed, exit_reason=[None, None, "fees"], recency_days=[200.0, 3.0, 178.0])
    people = lever_people(features(), after, OPENED, ChurnRule(12, 180, 0.8))
    assert people["customer_id"].tolist() == ["A", "C"]
    assert people[["left", "dormant", "closed"]].to_numpy().tolist() == [[True, True, False], [True, False, True]]
    assert people["last_own_date"].tolist() == [pd.Timestamp("2024-12-12"), pd.Timestamp("2025-01-03")]
    assert people["closed_date"].tolist() == [pd.NaT, pd.Timestamp("2025-01-03")]
    assert people["digital_share"].tolist() == [0.75, 0.0]
    assert people["tenure_months"].tolist() == [20.0, 90.0]


def test_a_bank_without_transactions_has_no_last_day():
    poor = features().drop(columns=["recency_days", "app_share", "web_share"])
    people = lever_people(poor, poor, OPENED, ChurnRule(12, 180, 0.8))
    assert people["last_own_date"].isna().all()
    assert "digital_share" not in people
