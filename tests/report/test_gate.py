"""The gate: what falls short, and how a page opens that rests on it."""

import math

import nbformat.v4 as nb
import pytest
from bs4 import BeautifulSoup

from analysis.bank import contracts
from analysis.report.gate import HIDDEN, RESTS_ON, SHOWN, Score, lead_to_trust, notice, reservations, score_names, summary
from analysis.report.inspection import faults
from analysis.report.page import Setting, render_page, stylesheet_hash

SETTING = Setting("Demo Bank", "simulated", "2025-06-30", "en", prepared_by="")
TABLES = {"balances", "customers", "parties", "tariffs", "consents"}
BELOW = Score(0.931, 0.929, 0.933, 142030)


def found(floors=None, scores=None, tables=TABLES):
    return reservations(floors or {"quality.balances": 0.98}, {"quality.balances": BELOW} if scores is None else scores, tables)


def words(node):
    return node.get_text(" ", strip=True)


def page(short):
    cells = [nb.new_markdown_cell("# Churn\n\nWho leaves?"), nb.new_markdown_cell("## Main findings")]
    return render_page(nb.new_notebook(cells=cells), SETTING, short).html


def test_what_lies_below_its_floor_in_the_order_of_the_floors():
    floors = {"identity.recall": 0.95, "quality.customers": 0.95, "quality.balances": 0.98}
    scores = {"quality.balances": BELOW, "identity.recall": Score(0.9, base=7), "quality.customers": Score(0.96)}
    assert found(floors, scores) == [
        {"score": "identity.recall", "value": 0.9, "low": None, "high": None, "base": 7, "floor": 0.95},
        {"score": "quality.balances", "value": 0.931, "low": 0.929, "high": 0.933, "base": 142030, "floor": 0.98},
    ]


@pytest.mark.parametrize(("value", "falls_short"), [(0.98, False), (0.979999, True), (1, False), (0, True)])
def test_the_floor_itself_is_enough_and_the_interval_does_not_excuse(value, falls_short):
    assert bool(found(scores={"quality.balances": Score(value, 0.5, 1.0, 100)})) is falls_short


@pytest.mark.parametrize("table", ["balances", "parties"])
def test_a_table_that_the_bank_does_not_bring_is_not_held_against_it(table):
    floors = {"quality.balances": 0.98, "identity.precision": 0.99}
    assert [one["score"] for one in found(floors, {}, {table})] == [
        {"balances": "quality.balances", "parties": "identity.precision"}[table]
    ]
    assert found(floors, {}, set()) == []


@pytest.mark.parametrize("scores", [{}, {"quality.balances": Score()}, {"quality.balances": Score(math.nan, math.nan, math.nan)}])
def test_what_could_not_be_measured_falls_short(scores):
    short = found(scores=scores)
    assert (short[0]["value"], short[0]["low"]) == (None, None)
    assert notice(short, "en")["items"][0]["why"] == "Quality of table balances: could not be measured; the floor is 98.0%."


def test_every_table_of_the_contract_has_a_score_and_every_consequence_belongs_to_one():
    assert set(score_names()) == {"identity.precision", "identity.recall", *(f"quality.{table}" for table in contracts.TABLES)}
    assert set(RESTS_ON) <= set(score_names())


def test_the_notice_says_what_cannot_be_relied_on_and_why():
    floors = {"quality.balances": 0.98, "identity.recall": 0.95, "quality.consents": 0.9}
    scores = {"quality.balances": BELOW, "identity.recall": Score(0.9, 0.88, 0.92, 2210), "quality.consents": Score(0.5, base=8)}
    assert [tuple(item.values()) for item in notice(found(floors, scores), "en")["items"]] == [
        ("Not to be relied on: assets, tiers, run-off.",
         "Quality of table balances: 93.1% (95% interval 92.9% to 93.3%; 142,030 rows), below the floor of 98.0%."),
        ("Not to be relied on: numbers of customers, as one may be counted twice.",
         "Records of one customer that were joined (recall): 90.0% (95% interval 88.0% to 92.0%; 2,210 pairs of records), "
         "below the floor of 95.0%."),
        ("Not to be relied on: whatever is computed from table consents.",
         "Quality of table consents: 50.0% (8 rows), below the floor of 90.0%."),
    ]  # fmt: skip
    assert summary(found(floors, scores)).render() == (
        "quality of table balances 93.1% (floor 98.0%); records of one customer that were joined (recall) 90.0% (floor 95.0%); "
        "quality of table consents 50.0% (floor 90.0%)"
    )


@pytest.mark.parametrize(("value", "shown"), [(0.9796, "97.96% (floor 98.00%)"), (0.97996, "97.996% (floor 98.000%)")])
def test_a_value_just_below_the_floor_is_not_rounded_up_to_it(value, shown):
    assert summary(found(scores={"quality.balances": Score(value)})).render() == f"quality of table balances {shown}"


def test_the_page_opens_with_the_notice_and_the_first_step_leads_to_it():
    shown = BeautifulSoup(page(found()), "html.parser")
    section = shown.select_one("section.gate")
    assert words(section.h2) == "Read with reservation: the data fall short of what this report needs"
    assert section["aria-labelledby"] == section.h2["id"]
    assert shown.select_one(".skip")["href"] == f"#{section.h2['id']}"
    assert section.find_previous_sibling("header")
    assert section.find_next_sibling("div").select_one("nav, main")
    assert "With reservation · Internal · Simulated data" in shown.style.string
    assert faults(str(shown)) == []
    assert f"style-src '{stylesheet_hash(shown.style.string)}'" in str(shown)


def test_a_page_without_reservation_shows_no_trace_of_it():
    shown = BeautifulSoup(page([]), "html.parser")
    assert not shown.select(".gate, .trust, #gate")
    assert "reservation" not in words(shown.body)
    assert shown.select_one(".skip")["href"] == "#main"
    assert "With reservation" not in shown.style.string


def test_the_same_gate_gives_the_same_bytes():
    assert page(found()) == page(found())


def test_the_way_to_the_report_on_the_data_opens_and_shuts():
    made = page(found())
    assert HIDDEN in made
    opened = lead_to_trust(made, True)
    assert SHOWN in opened
    assert BeautifulSoup(opened, "html.parser").select_one(".gate .trust a")["href"] == "data_trust.html"
    assert lead_to_trust(opened, True) == opened
    assert lead_to_trust(opened, False) == made
