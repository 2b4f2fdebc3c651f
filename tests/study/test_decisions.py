"""The bank's decisions joined with what the reports found."""

import pandas as pd
import pytest

from analysis.study.decisions import decisions, unknown_findings

AS_OF = "2025-06-30"
REPORTS = {
    "churn": {
        "status": "published", "title": "Churn", "page": "churn.html",
        "findings": [
            {"id": "rate", "html": "<b>7%</b>", "base": 400, "base_of": "customers", "evidence": "description", "exhibit": {"anchor": "e-1"}},
            {"id": "cases", "html": "c", "base": 30, "base_of": "complaints", "evidence": "description", "exhibit": None},
            {"id": "few", "html": "f", "base": 9, "base_of": "lost", "evidence": "description", "exhibit": None},
            {"id": "rows", "html": "r", "base": 90, "base_of": "rows", "evidence": "description", "exhibit": None},
            {"id": "trial", "html": "by lot", "base": 200, "base_of": "customers", "evidence": "experiment", "exhibit": None},
        ],
    },
    "late": {"status": "failed", "title": "Late", "page": "late-2025-05-31.html", "findings": []},
}  # fmt: skip
EMPTY = dict.fromkeys(
    ("measure_zh", "owner_zh", "customers", "limit", "limit_unit", "limit_unit_zh", "outcome", "outcome_zh", "proposed"), ""
)
WHOLE = {
    **EMPTY,
    "measure": "Wait",
    "owner": "Retail",
    "finding": "churn:rate",
    "due": "2025-07-10",
    "currency": "CNY",
    "place": "p",
}


def told(language="en", **cells):
    (row,) = decisions(pd.DataFrame([WHOLE | cells]), REPORTS, AS_OF, language)
    return row


def test_a_row_is_joined_with_its_finding():
    assert told(limit="1200000", outcome="First") == {
        "measure": "Wait", "owner": "Retail", "customers": 400, "due": "2025-07-10", "limit": 1200.0, "limit_unit": "CNY thousand",
        "is_overdue": False, "outcome": "First", "finding": "<b>7%</b>", "link": "churn.html#e-1", "missing": [],
    }  # fmt: skip


def test_chinese_has_its_own_words_and_ten_thousands():
    row = told("zh", measure_zh="暂缓", owner_zh="零售", limit="1200000")
    assert (row["measure"], row["owner"], row["limit"]) == ("暂缓", "零售", 120.0)
    row = told("zh", limit="3", limit_unit="people", limit_unit_zh="人")
    assert (row["limit"], row["limit_unit"]) == (3.0, "人")


@pytest.mark.parametrize(
    ("cells", "missing"),
    [
        ({"owner": ""}, ["owner"]),
        ({"due": ""}, ["due"]),
        ({"finding": ""}, ["customers"]),
        ({"finding": "churn:rows"}, ["customers"]),
        ({"finding": "churn:gone"}, ["customers"]),
        ({"finding": "", "owner": "", "due": ""}, ["owner", "customers", "due"]),
        ({"finding": "", "customers": "50"}, []),
    ],
)
def test_no_advice_without_owner_customers_and_date(cells, missing):
    assert told(**cells)["missing"] == missing


def test_how_many_customers_are_told():
    assert told(finding="churn:cases")["customers"] == "at most 30"
    assert told(finding="churn:few")["customers"] == "fewer than 10"
    assert told(customers="9")["customers"] == "fewer than 10"
    assert told(customers="10")["customers"] == 10


def test_what_is_overdue():
    assert told(due="2025-06-29")["is_overdue"]
    assert not told(due="2025-06-30")["is_overdue"]
    assert not told(due="2025-06-29", outcome="Done")["is_overdue"]


def test_a_finding_that_is_not_in_this_release_is_said():
    assert told(finding="gone:rate")["finding"] == "Its finding is not in this release."
    for name in ("churn:gone", "late:rate"):
        assert "does not state it" in told(finding=name)["finding"]
        assert told(finding=name)["link"] is None
    rows = pd.DataFrame([WHOLE, WHOLE | {"finding": "late:rate", "place": "decisions.csv, line 3"}])
    assert unknown_findings(rows, REPORTS, "2025-06-30") == [
        "decisions.csv, line 3: the finding 'late:rate' is not in this release. Is 'churn:rate' meant?"
    ]
    assert "results.json" in unknown_findings(rows.assign(finding="x"), REPORTS, AS_OF)[0]
    assert unknown_findings(rows.assign(proposed="2025-07-01"), REPORTS, "2025-06-30") == []


def test_the_outcome_of_an_experiment_is_what_it_found():
    assert told(finding="churn:trial")["outcome"] == "by lot"
    assert told(finding="churn:trial", outcome="Stopped")["outcome"] == "Stopped"
    assert told()["outcome"] is None


def test_what_was_proposed_later_is_not_told_and_no_table_is_no_decision():
    rows = pd.DataFrame([WHOLE | {"proposed": "2025-07-01"}, WHOLE | {"proposed": AS_OF}])
    assert len(decisions(rows, REPORTS, AS_OF)) == 1
    assert decisions(None, REPORTS, AS_OF) == []


def test_hostile_text_is_escaped_where_html_is_due():
    assert told(outcome="<script>alert(1)</script>")["outcome"] == "&lt;script&gt;alert(1)&lt;/script&gt;"
