"""Who answered: rates by trigger and group, what staff chose, and what is not told."""

import datetime as dt

import numpy as np
import pandas as pd
import pytest

from analysis.study.satisfaction_frame import age_groups, asked_rows
from analysis.study.satisfaction_response import response, response_exhibit, response_findings, triggers_exhibit
from analysis.wording import say

AS_OF = dt.date(2025, 6, 30)


@pytest.fixture
def asked():
    """Invitations by trigger → (invitations, surveys); every `every`-th is answered, with `marks`."""

    def make(plan: dict, sent: str = "2025-01-10"):
        parts, answers, number = [], [], 0
        for trigger, (count, every, marks) in plan.items():
            for row in range(count):
                number += 1
                response = f"R{number}" if row % every == 0 else None
                parts.append((f"V{number}", f"C{number:04}", pd.Timestamp(sent), "sms", trigger, response))
                if response:
                    answers.append((response, f"C{number:04}", pd.Timestamp(sent), marks[row // every % len(marks)], 9.0))
        names = ["invitation_id", "customer_id", "sent_date", "channel", "trigger", "response_id"]
        surveys = pd.DataFrame(answers, columns=["response_id", "customer_id", "answered_date", "overall", "recommend"])
        return pd.DataFrame(parts, columns=names), surveys

    return make


PLAN = {"random": (300, 3, [6, 7, 8]), "contact": (200, 4, [6, 7, 8]), "staff": (60, 2, [9, 10, 9])}


def test_rates_by_trigger_and_the_gap_of_those_whom_staff_chose(asked):
    found = response(*asked(PLAN), {}, AS_OF)
    findings = {finding.id: finding for finding in response_findings(found)}
    assert {name: finding.value for name, finding in findings.items() if name != "response.staff_gap"} == pytest.approx(
        {"response.rate": 180 / 560, "response.rate.random": 1 / 3, "response.rate.contact": 0.25, "response.rate.staff": 0.5}
    )
    gap = findings["response.staff_gap"]
    assert gap.value == pytest.approx(28 / 3 - 6.99, abs=0.01)
    assert 2.0 < gap.low < gap.value < gap.high < 2.7
    assert "marks higher" in str(gap.text)
    assert findings["response.rate"].base == 560


def test_an_invitation_that_may_yet_be_answered_does_not_count(asked):
    invitations, surveys = asked(PLAN, "2025-06-15")
    assert asked_rows(invitations, surveys, AS_OF, 12).empty
    invitations, surveys = asked(PLAN, "2025-06-09")
    assert len(asked_rows(invitations, surveys, AS_OF, 12)) == 560
    assert asked_rows(*asked(PLAN, "2024-06-30"), AS_OF, 12).empty


def test_an_answer_not_known_yet_counts_as_none(asked):
    invitations, surveys = asked(PLAN)
    rows = asked_rows(invitations, surveys.iloc[1:], AS_OF, 12)
    assert rows["is_answered"].sum() == 179


def test_recurring_customers_widen_the_interval(asked):
    invitations, surveys = asked(PLAN)
    wide = response(
        invitations.assign(customer_id=lambda t: (t.index // 3 % 2 + 3 * t["response_id"].notna()).astype(str)),
        surveys,
        {},
        AS_OF,
    )
    once = response(invitations, surveys, {}, AS_OF)
    assert wide.whole.high - wide.whole.low > 2 * (once.whole.high - once.whole.low)


def test_groups_of_few_are_not_told_nor_can_be_worked_out(asked):
    invitations, surveys = asked(PLAN)
    names = [f"C{number:04}" for number in range(1, 561)]
    size = np.array([say("Many")] * 200 + [say("Some")] * 85 + [say("Few")] * 15 + [say("Others")] * 260, dtype=object)
    found = response(invitations, surveys, {say("Group"): pd.Series(size, index=names)}, AS_OF)
    assert "Few" not in {str(label) for label in found.groups["label"]}
    assert len(found.groups) == 0 or len(found.groups) == 1
    three = np.array([say("Many")] * 100 + [say("Some")] * 100 + [say("More")] * 100 + [say("Others")] * 260, dtype=object)
    found = response(invitations, surveys, {say("Group"): pd.Series(three, index=names)}, AS_OF)
    assert [str(label) for label in found.groups["label"]] == ["Many", "More", "Some"]
    assert found.groups["is_noise"].all()


def test_a_group_that_answers_less_stands_out(asked):
    invitations, surveys = asked({"random": (600, 2, [7, 8])})
    silent = pd.Series(
        [say("Quiet") if n > 400 else say("Loud") for n in range(1, 601)], index=[f"C{n:04}" for n in range(1, 601)]
    )
    keep = invitations.assign(response_id=lambda t: t["response_id"].where((t.index < 400) | (t.index % 8 == 0)))
    exhibit = response_exhibit(response(keep, surveys, {say("Noise"): silent}, AS_OF))
    assert "Quiet" in str(exhibit.title)
    assert "beyond noise" in str(exhibit.title)


def test_what_is_not_recorded_is_absent_with_a_reason(asked):
    invitations, surveys = asked(PLAN)
    for found in (response(None, surveys, {}, AS_OF), response(invitations.head(20), surveys, {}, AS_OF)):
        assert found is None
        assert response_findings(found) == []
        assert "no invitations" in str(response_exhibit(found).absent)
        assert triggers_exhibit(found).absent is not None
    untold = response(invitations.assign(trigger=None, channel=None), surveys, {}, AS_OF)
    assert [finding.id for finding in response_findings(untold)] == ["response.rate"]
    assert response_exhibit(untold).absent is not None
    assert triggers_exhibit(untold).absent is not None


def test_age_groups_are_in_their_order():
    features = pd.DataFrame({"customer_id": list("abcd"), "age_years": [29.9, 30.0, 70.0, np.nan]})
    found = age_groups(features)
    assert [str(label) for label in found.dropna()] == ["Under 30", "30 to 44", "60 and over"]
    assert [str(label) for label in found.cat.categories] == ["Under 30", "30 to 44", "45 to 59", "60 and over"]
