"""What is at stake in each cause: shares, assets and leavers of a small bank whose numbers are known."""

import datetime as dt

import pandas as pd
import pytest

from analysis.errors import UserError
from analysis.study.churn import ChurnRule
from analysis.study.complaint_measures import measures_exhibit
from analysis.study.complaint_stakes import ALL, complaint_stakes, pareto_exhibit, stakes_exhibit, stakes_findings

AS_OF, BEFORE = dt.date(2025, 6, 30), dt.date(2024, 12, 31)
RULE = ChurnRule()


def bank(leavers: int = 12, service: int = 60, pricing: int = 40):
    """100 complainers before each landmark; the first `leavers` of those about service have closed by `AS_OF`."""
    customers = [f"C{number:03d}" for number in range(service + pricing)]
    cause = ["service"] * service + ["pricing"] * pricing
    rows = pd.DataFrame({"customer_id": customers, "category": cause, "complaint_id": range(len(customers))})
    complaints = pd.concat(
        [rows.assign(received_at=pd.Timestamp(day)) for day in ("2024-12-01", "2025-06-01")], ignore_index=True
    )
    features = pd.DataFrame(
        {
            "customer_id": customers,
            "closed_date": pd.NaT,
            "exit_reason": None,
            "tenure_months": 50,
            "recency_days": 5,
            "assets_3m": 1000.0,
        }
    )
    gone = features["customer_id"].isin(customers[:leavers])
    after = features.assign(closed_date=pd.Series(pd.NaT, features.index).mask(gone, pd.Timestamp("2025-03-01")))
    return complaints, {BEFORE: features, AS_OF: after}


def test_shares_assets_and_leavers():
    found = complaint_stakes(*bank(), AS_OF, RULE)
    assert found.table["cause"].tolist() == ["service", "pricing"]
    assert found.table["complaints"].tolist() == [120, 80]
    assert found.table["share"].tolist() == [0.6, 0.4]
    assert found.table["assets"].tolist() == [60_000, 40_000]
    left = found.left.set_index("cause")["left"]
    assert left["service"] == pytest.approx(12 / 60)
    assert left["pricing"] == 0
    assert left[ALL] == pytest.approx(12 / 100)
    assert found.left_everybody == pytest.approx(0.12)


def test_few_leavers_are_not_told():
    left = complaint_stakes(*bank(leavers=4), AS_OF, RULE).left
    assert left["cause"].tolist() == ["pricing"]


def test_no_cause_of_few_complaints_is_told_nor_can_be_found_by_subtraction():
    complaints, history = bank(service=60, pricing=40)
    complaints.loc[complaints.index[-4:], "category"] = "returns"
    table = complaint_stakes(complaints, history, AS_OF, RULE).table
    assert table["cause"].tolist() == ["service"]


def test_few_complaints_are_no_report():
    complaints, history = bank()
    assert complaint_stakes(complaints.head(20), history, AS_OF, RULE) is None
    assert pareto_exhibit(None).absent is not None


def test_the_headline_counts_the_causes_that_make_up_most():
    headline = stakes_findings(complaint_stakes(*bank(service=85, pricing=15), AS_OF, RULE))[0]
    assert str(headline.text).startswith("Of 2 categories the 1 commonest make up 85.0%")


def test_every_cause_has_its_measure_and_the_rest_the_common_one():
    found = complaint_stakes(*bank(), AS_OF, RULE)
    actions = pd.DataFrame(
        [
            ("service", "Open a counter", "增开柜台", "Branches", "网点", "2025-09-30", "x"),
            ("", "Answer", "答复", "", "", "", "x"),
        ],
        columns=["category", "action", "action_zh", "owner", "owner_zh", "due", "place"],
    )
    exhibit = measures_exhibit(found, actions)
    assert [str(action) for action in exhibit.frame["action"]] == ["Open a counter", "Answer"]
    assert [row["due"] and str(row["due"]) for _, row in exhibit.frame.iterrows()] == ["30 September 2025", None]
    assert "1 of 2 categories" in str(exhibit.title)
    with pytest.raises(UserError, match="'service' stands twice"):
        measures_exhibit(found, pd.concat([actions.iloc[:1], actions]))


def test_the_table_ends_with_all_causes():
    frame = stakes_exhibit(complaint_stakes(*bank(), AS_OF, RULE)).frame
    assert str(frame["label"].iloc[-1]) == "All categories"
    assert frame["left_base"].iloc[-1] == 100
