"""Late answers and hand-offs: what comes before, what counts, and that a planted difference is found and a confounded one is not."""

import datetime as dt

import numpy as np
import pandas as pd

from analysis.study.churn import ChurnRule
from analysis.study.complaint_effect_exhibits import effect_exhibit, effect_findings, overlap_exhibit
from analysis.study.complaint_effects import complaint_effects

AS_OF = dt.date(2025, 6, 30)
LANDMARKS = [dt.date(2024, 9, 30), dt.date(2024, 12, 31), dt.date(2025, 6, 30)]
RULE = ChurnRule()


def bank(seed: int = 1, size: int = 600, lower: float = 1.0, by_severity: float = 1.0):
    """Grave complaints are answered late more often and lower the mark by `by_severity`; being late lowers it by `lower`."""
    rng = np.random.default_rng(seed)
    severity = rng.integers(1, 6, size)
    late = rng.random(size) < 0.1 + 0.15 * severity
    received = pd.Timestamp("2024-10-15") + pd.to_timedelta(rng.integers(0, 40, size), "D")
    customer = [f"C{number:04d}" for number in range(size)]
    complaints = pd.DataFrame(
        {
            "complaint_id": range(size), "customer_id": customer, "received_at": received,
            "resolved_at": received + pd.to_timedelta(np.where(late, 20, 5), "D"), "severity": severity, "handoffs": rng.integers(0, 2, size),
            "branch_id": [f"B{number % 30}" for number in range(size)], "category": "service", "channel": "phone",
        }
    )  # fmt: skip
    marks = 9 - by_severity * severity * 0.8 - lower * late + 0.5 * rng.normal(size=size)
    surveys = pd.DataFrame(
        {"response_id": range(size), "customer_id": customer, "answered_date": received + pd.Timedelta(days=60), "overall": marks}
    )
    features = pd.DataFrame(
        {"customer_id": customer, "closed_date": pd.NaT, "exit_reason": None, "tenure_months": 50.0, "recency_days": 5, "assets_3m": 1e4}
    )  # fmt: skip
    gone = rng.random(size) < np.where(late, 0.3, 0.1)
    after = features.assign(closed_date=pd.Series(pd.NaT, features.index).mask(gone, pd.Timestamp("2025-03-01")))
    return complaints, surveys, dict(zip(LANDMARKS, (features, features, after), strict=True))


def effects(**changed):
    complaints, surveys, history = bank(**changed)
    return {(one.exposure, one.outcome): one for one in complaint_effects(complaints, surveys, None, history, AS_OF, RULE)}


def test_a_planted_difference_is_found_in_marks_and_in_leaving():
    found = effects()
    marks = found["slow", "satisfaction"].found.adjusted
    assert marks.high < -0.8
    assert marks.low < -1 < marks.high
    left = found["slow", "churn"].found.adjusted
    assert left.low > 0.05
    assert left.low < 0.2 < left.high
    assert any(finding.is_headline and finding.evidence == "adjusted" for finding in effect_findings(list(found.values())))


def test_severity_alone_is_no_difference_once_like_is_compared_with_like():
    one = effects(lower=0.0)["slow", "satisfaction"].found
    assert one.crude.high < -0.5
    assert one.adjusted.low < 0 < one.adjusted.high


def test_answers_before_the_exposure_is_known_or_asked_by_staff_do_not_count():
    complaints, surveys, history = bank()
    early = surveys.assign(answered_date=complaints["received_at"] + pd.Timedelta(days=10))
    one = complaint_effects(complaints, early, None, history, AS_OF, RULE)[0]
    assert one.base == 0
    assert one.reason is not None
    invitations = pd.DataFrame({"response_id": surveys["response_id"][:200], "trigger": "staff"})
    assert complaint_effects(complaints, surveys, invitations, history, AS_OF, RULE)[0].base == 400


def test_a_complaint_resolved_after_as_of_day_is_open_for_the_exposure():
    complaints, surveys, history = bank()
    never = complaints.assign(resolved_at=complaints["resolved_at"].where(complaints.index > 300))
    assert complaint_effects(never, surveys, None, history, AS_OF, RULE)[0].found.exposed > 250


def test_too_few_are_said_in_place_of_a_number():
    found = list(effects(size=60).values())
    assert all(one.reason is not None for one in found)
    assert effect_exhibit(found, "churn").absent is not None
    assert overlap_exhibit(found).absent is not None
    assert effect_findings(found) == []


def test_exhibits_show_crude_beside_adjusted():
    found = list(effects().values())
    frame = effect_exhibit(found, "satisfaction").frame
    assert [str(label) for label in frame["label"][:2]] == ["Nothing held equal", "Like complaints"]
    assert overlap_exhibit(found).frame[["exposed", "others"]].sum().sum() <= 2 * 600
