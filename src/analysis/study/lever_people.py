"""Whom the levers could strike in a window: the customers at risk at its opening, what became of them and what they were like."""

import datetime as dt

import pandas as pd

from analysis.study.churn import PARTS, ChurnRule, at_risk, outcomes

TRAITS = ("tenure_months", "age_years", "assets_3m", "loans", "products_held", "recency_days", "transactions_90d", "contacts_365d",
          "complaints_365d", "assets_trend")  # fmt: skip


def lever_people(before: pd.DataFrame, after: pd.DataFrame, opened: dt.date, rule: ChurnRule) -> pd.DataFrame:
    """Features at the window's opening and at its end → one row a customer at risk: customer_id, branch_id, left, closed, dormant,
    run_off, involuntary (bool), closed_date, last_own_date (of the end's features), and of the opening TRAITS, kind,
    holds_<product> and digital_share (of the own transactions by app or web), as far as the features have them."""
    risk = at_risk(before, rule).set_index("customer_id")
    outcome = outcomes(before, after, rule).set_index("customer_id").rename(columns={"any": "left"})
    later = after.set_index("customer_id").reindex(risk.index)
    names = [name for name in ("kind", *TRAITS, *(name for name in risk if name.startswith("holds_"))) if name in risk]
    shares = [name for name in ("app_share", "web_share") if name in risk]
    people = risk[["branch_id"]].join(outcome[["left", *PARTS, "involuntary"]]).join(risk[names])
    if shares:
        people["digital_share"] = risk[shares].fillna(0.0).sum(axis=1)
    people["closed_date"] = later["closed_date"]
    silent = later["recency_days"] if "recency_days" in later else pd.Series(float("nan"), risk.index)
    people["last_own_date"] = pd.Timestamp(rule.end(opened)) - pd.to_timedelta(silent, unit="D")
    return people.reset_index()
