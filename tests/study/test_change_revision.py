import datetime as dt

import pytest

from analysis.study.change_revision import (
    Reported,
    features_then,
    find_revision,
    reported_rate,
    revision_exhibit,
    revision_findings,
)
from analysis.study.churn import MAIN_RULE, ChurnRule, outcomes
from analysis.wording import Message

DAY, LAST = dt.date(2024, 12, 31), dt.date(2024, 9, 30)
TOLD = dt.date(2025, 3, 31)
RULE, OLD_RULE = ChurnRule(6), ChurnRule(6, dormant_days=90)


@pytest.fixture(scope="module")
def history(simulate_history):
    return simulate_history(size=3000, monthly_hazard=0.02)


def rate(history, day, rule):
    return float(outcomes(history[day], history[rule.end(day)], rule)[MAIN_RULE].mean())


def results(**changed):
    finding = {"id": "churn_rate.any", "value": 0.08, "base": 2000}
    entry = {"status": "published", "findings": [finding]} | changed
    parameters = {"churn_attribution": {"horizon_months": 6, "dormant_days": 90, "run_off_share": 0.8}}
    return {
        "as_of": "2025-03-31",
        "reports": {"churn_attribution": entry},
        "provenance": {"definitions": "a", "parameters": parameters},
    }


def test_what_the_last_report_said_is_read_from_its_results():
    assert reported_rate(results()) == Reported(0.08, 2000, TOLD, LAST, OLD_RULE, "a")
    assert reported_rate(results(status="failed")) is None
    assert reported_rate(results(findings=[])) is None
    assert reported_rate({}) is None


def test_revision_definition_and_rate_add_up_and_are_told_apart(history):
    found = find_revision(Reported(0.08, 2000, TOLD, LAST, OLD_RULE, "a"), history, DAY, RULE, "b")
    parts = found.parts
    assert sum(parts.values()) == pytest.approx(rate(history, DAY, RULE) - 0.08, abs=1e-12)
    assert parts["data"] == pytest.approx(rate(history, LAST, OLD_RULE) - 0.08)
    assert parts["definition"] == pytest.approx(rate(history, LAST, RULE) - rate(history, LAST, OLD_RULE))
    data, definition, other = revision_findings(found)
    assert "bank.yaml that reads the data is another" in str(data.text)
    assert (definition.id, other.id) == ("change.revision.definition", "change.revision.rate")
    assert revision_exhibit(found).frame["value"].iloc[[0, -1]].tolist() == [0.08, pytest.approx(rate(history, DAY, RULE))]


def test_the_same_data_and_definition_leave_the_rate_alone(history):
    base = len(outcomes(history[LAST], history[RULE.end(LAST)], RULE))
    found = find_revision(Reported(rate(history, LAST, RULE), base, TOLD, LAST, RULE, "a"), history, DAY, RULE, "a")
    assert found.parts["data"] == 0
    assert found.parts["definition"] == 0


def test_a_revision_of_few_customers_is_not_told_apart(history):
    table = outcomes(history[LAST], history[RULE.end(LAST)], RULE)
    reported = Reported((table[MAIN_RULE].sum() - 3) / len(table), len(table), TOLD, LAST, RULE, "a")
    found = find_revision(reported, history, DAY, RULE, "a")
    assert found.parts["data"] is None
    assert sum(part for part in found.parts.values() if part) == pytest.approx(found.now.value - reported.value, abs=1e-12)
    assert "fewer than 10" in str(revision_findings(found)[0].text)
    assert len(revision_exhibit(found).frame) == 4


@pytest.mark.parametrize(
    ("reported", "words"),
    [
        (None, "no earlier report"),
        (Reported(0.08, 2000, RULE.end(DAY), DAY, RULE, "a"), "same period, by the same definition"),
        (Reported(0.08, 2000, dt.date(2020, 12, 31), dt.date(2020, 6, 30), RULE, "a"), "cannot be counted anew"),
    ],
)
def test_without_a_comparison_the_reason_is_said(history, reported, words):
    found = find_revision(reported, history, DAY, RULE, "a")
    assert isinstance(found, Message)
    assert words in str(found)
    assert revision_findings(found) == []
    assert revision_exhibit(found).absent == found


def test_the_report_of_a_month_ago_is_compared_with_though_its_day_is_no_landmark_of_today(history):
    told = dt.date(2025, 5, 31)
    stated = {**results(), "as_of": str(told)}
    reported = reported_rate(stated)

    class Book:
        as_of = dt.date(2025, 6, 30)

        def features(self, day):
            return history[LAST if day < DAY else RULE.end(LAST)]

    then = features_then(Book(), history, reported, ChurnRule(9))
    assert sorted(then) == [dt.date(2024, 11, 30), told]
    found = find_revision(reported, {**history, **then}, DAY, RULE, "a")
    assert found.parts["data"] == pytest.approx(rate(history, LAST, OLD_RULE) - 0.08)
    assert "the report of 31 May 2025" in str(revision_findings(found)[0].text)
    assert "report of 31 May 2025 told" in str(find_revision(reported, history, DAY, RULE, "a"))
