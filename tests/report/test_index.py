"""The front page, from `results.json` alone."""

import json

import pytest
from bs4 import BeautifulSoup

from analysis.report.index import site_index
from analysis.report.page import Setting, stylesheet_hash

SETTING = Setting("Demo Bank", "simulated", "2025-06-30", "en", prepared_by="Research")
FINDING = {
    "id": "churn", "text": "7.9% of <customers> left", "html": "<b>7.9%</b> of &lt;customers&gt; left", "value": 0.079, "unit": "share",
    "base": 1000, "base_of": "customers", "evidence": "association", "is_headline": True,
    "exhibit": {"anchor": "e-rates", "number": "Figure 1"},
}  # fmt: skip
TABLES = {"customers": {"delivered": 900, "rejected": 9}, "branches": {"delivered": 100, "rejected": 0}}


def entry(status="published", **more):
    page = {"page": "churn.html", "page_as_of": "2025-06-30"} if status == "published" else {"page": None, "page_as_of": None}
    found = [FINDING] if status == "published" else []
    return {"status": status, "reason": None, "title": "Churn", "question": "Who leaves?", "findings": found, **page, **more}


def index(reports=None, tables=None, setting=SETTING, earlier=None):
    results = {"reports": reports or {"churn": entry()}, "provenance": {"tables": TABLES if tables is None else tables}}
    return site_index(json.loads(json.dumps(results)), setting, earlier or {})


def soup(*args, **more):
    return BeautifulSoup(index(*args, **more), "html.parser")


def words(node):
    return node.get_text(" ", strip=True)


def test_an_older_release_without_figures_conclusions_and_decisions_still_has_its_page():
    shown = soup()
    assert [words(heading) for heading in shown.find_all("h2")] == ["Data and report status", "Reports", "Definitions"]
    assert words(shown.h1) == "Monthly customer report June 2025"
    assert words(shown.select_one(".lead")) == (
        "This month's data were not checked: no report on their quality was made from them. All 1 reports are published."
    )


@pytest.mark.parametrize(
    ("trust", "said"),
    [
        (entry(title="Data quality"), "This month's data can be relied on: they reach every floor"),
        (entry(title="Data quality", is_stale=True), "This month's data were not checked"),
        (entry("not produced", title="Data quality", reason="No rows."), "This month's data were not checked"),
    ],
)
def test_data_are_relied_on_only_where_they_were_checked(trust, said):
    assert words(soup({"churn": entry(), "data_trust": trust}).select_one(".lead")).startswith(said)


def test_the_data_in_three_facts():
    assert [words(fact) for fact in soup().select(".two > div")[0].select("li")] == [
        "Tables delivered: 2, with 1,000 rows in all",
        "Rows rejected: 9, 0.90%; each is kept with its reason",
        "Most of them in proportion: table customers, 1.00%",
    ]


@pytest.mark.parametrize("tables", [{"surveys": {"delivered": 0, "rejected": 0}}, {}])
def test_nothing_rejected_or_nothing_delivered_is_said_plainly(tables):
    assert words(soup(tables=tables).select(".two li")[1]) == "No row was rejected"


def test_a_report_that_was_not_produced_is_no_alarm():
    shown = soup(
        {"data_trust": entry(), "offers": entry("not produced", title="Offers", reason="The bank brings no table campaigns.")}
    )
    assert (
        words(shown.select_one(".lead"))
        == "This month's data can be relied on: they reach every floor that a report sets. 1 of 2 reports published, 1 not produced."
    )
    assert words(shown.select(".two > div")[1].li) == "Not produced: Offers. The bank brings no table campaigns."
    assert not shown.select(".bad, .bad-word, .lead b")
    assert words(shown.select("tbody tr")[1]) == "Offers Who leaves? Not produced –"
    assert shown.select("tbody tr")[1].a is None


def test_a_failed_report_is_red_with_its_reason_and_the_last_good_pages_own_date():
    failed = entry("failed", reason="It ran past its time limit of 900 s.", page="churn-2025-05-31.html", page_as_of="2025-05-31")
    shown = soup({"churn": failed, "segments": entry(), "offers": entry("not produced")})
    assert words(shown.select_one(".lead")).endswith("1 of 3 reports published, 1 failed , 1 not produced.")
    assert words(shown.select_one("li.bad")) == "Failed: Churn. It ran past its time limit of 900 s."
    row = shown.select("tbody tr")[0]
    assert words(row) == "Churn Who leaves? Failed , the last one is shown 31 May 2025"
    assert row.a["href"] == "churn-2025-05-31.html"
    assert row.select_one(".bad-word") is not None


def test_a_report_with_reservation_is_marked_before_anybody_opens_it():
    short = [{"score": "quality.balances", "value": 0.93, "low": None, "high": None, "base": 40, "floor": 0.98}]
    shown = soup({"churn": entry(gate=short), "data_trust": entry(title="Segments", gate=[])})
    assert words(shown.select_one(".lead")) == (
        "The data can be relied on except for 1 reports with reservation : they fall short of a floor. All 2 reports are published."
    )
    assert [words(fact) for fact in shown.select(".two > div")[1].select("li.bad")] == [
        "With reservation: Churn: quality of table balances 93.0% (floor 98.0%)"
    ]
    assert words(shown.select("tbody tr")[0].select_one(".bad-word")) == "Published, with reservation"
    assert not shown.select("tbody tr")[1].select(".bad-word")


def test_the_reservation_of_a_failed_reports_last_page_is_not_this_releases():
    shown = soup(
        {"churn": entry("failed", page="churn-2025-05-31.html", page_as_of="2025-05-31", gate=[{"score": "quality.balances"}])}
    )
    assert "reservation" not in words(shown)


def test_a_failed_report_without_an_earlier_page_has_no_link():
    row = soup({"churn": entry("failed", reason="It failed.")}).select("tbody tr")[0]
    assert row.a is None
    assert words(row).endswith("–")


def test_earlier_periods_are_linked():
    found = soup(earlier={"2025-05-31": "../2025-05-31/zh/index.html"}).select_one("[aria-labelledby=periods] a")
    assert (found["href"], words(found)) == ("../2025-05-31/zh/index.html", "31 May 2025")


def test_hostile_titles_stay_text():
    shown = soup({"churn": entry("failed", title="<script>x</script>", question='"><img src=x>', reason="</style>{{7*7}}")})
    assert not shown.select("script, img")
    assert "</style>{{7*7}}" in shown.get_text()


def test_the_policy_lets_its_own_style_through():
    shown = soup()
    assert stylesheet_hash(shown.style.string) in shown.find("meta", attrs={"http-equiv": "Content-Security-Policy"})["content"]


def test_the_same_results_give_the_same_bytes():
    assert index() == index()
