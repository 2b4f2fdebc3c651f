"""Waiting and marks: which contact counts, a planted slope that survives adjustment, and curves that are no lines."""

import datetime as dt

import numpy as np
import pandas as pd
import pytest

from analysis.study.satisfaction_dose import dose, dose_exhibit, dose_findings, spline
from analysis.study.satisfaction_waits import after_contact, after_last_contact, answers_given

AS_OF = dt.date(2025, 6, 30)


def bank(seed: int = 1, size: int = 400, slope: float = -0.2, step: float = 0.0, branches: int = 30):
    """Badly run branches let wait and are rated lower for other reasons; each ten minutes go with `slope` marks, from 30 on with `step`."""
    rng = np.random.default_rng(seed)
    quality, branch = rng.normal(size=branches), rng.integers(0, branches, size)
    wait = np.exp(2.3 - 0.4 * quality[branch] + 0.7 * rng.normal(size=size))
    customer = [f"C{number:04d}" for number in range(size)]
    day = pd.Timestamp("2025-01-10") + pd.to_timedelta(rng.integers(0, 120, size), "D")
    contacts = pd.DataFrame(
        {
            "contact_id": [f"K{number:04d}" for number in range(size)], "customer_id": customer, "started_at": day, "channel": "branch",
            "branch_id": [f"B{number}" for number in branch], "purpose": rng.choice(["cash", "loan"], size), "wait_minutes": wait,
        }
    )  # fmt: skip
    mark = 8 + slope * wait / 10 + step * (wait >= 30) + 0.5 * quality[branch] + rng.normal(size=size)
    surveys = pd.DataFrame(
        {"response_id": range(size), "customer_id": customer, "answered_date": day + pd.Timedelta(days=2), "overall": mark}
    )
    invitations = pd.DataFrame({"response_id": range(size), "customer_id": customer, "contact_id": contacts["contact_id"]})
    features = pd.DataFrame(
        {
            "customer_id": customer,
            "branch_id": "B0",
            "kind": "personal",
            "age_years": rng.normal(45, 9, size),
            "tenure_months": 50.0,
        }
    )
    return surveys, invitations, contacts, {dt.date(2024, 12, 31): features, AS_OF: features}


def test_a_planted_slope_is_told_from_that_of_badly_run_branches():
    found = dose(*bank(size=1500), AS_OF)
    assert found.crude.value < -0.3
    assert found.adjusted.low < -0.2 < found.adjusted.high < -0.1
    assert found.has_branch
    assert found.is_invited
    assert found.line_p > 0.01
    headline, crude = dose_findings(found)
    assert (headline.id, headline.evidence, crude.id, crude.evidence) == (
        "dose.waiting", "adjusted", "dose.waiting_crude", "association",
    )  # fmt: skip
    assert "lower" in headline.text.render()
    assert headline.is_headline
    assert not crude.is_headline


def test_without_a_slope_none_is_told_and_with_the_opposite_one_it_is():
    assert "within noise" in dose_findings(dose(*bank(slope=0.0), AS_OF))[0].text.render()
    better = dose(*bank(slope=0.4), AS_OF)
    assert "higher" in dose_findings(better)[0].text.render()
    assert "higher" in dose_exhibit(better).title.render()


def test_a_step_at_half_an_hour_is_no_straight_line():
    found = dose(*bank(size=1500, slope=0.0, step=-2.0), AS_OF)
    assert found.line_p < 0.01
    assert dose_exhibit(found).title.render().endswith("not along a straight line")
    bands = found.bands.set_index("minutes")["alike"]
    assert np.diff(bands)[-1] < -1.2
    assert abs(np.diff(bands)[:-1]).max() < 0.4


def test_bands_are_those_of_the_marks_and_none_holds_fewer_than_ten():
    surveys, invitations, contacts, history = bank(size=300)
    found = dose(surveys, invitations, contacts, history, AS_OF)
    assert found.bands["base"].sum() == 300
    assert found.bands["base"].min() >= 10
    short = contacts["wait_minutes"] < 5
    first = found.bands.iloc[0]
    assert (first["base"], first["value"]) == (short.sum(), pytest.approx(surveys["overall"][short].mean()))
    assert first["minutes"] == pytest.approx(contacts["wait_minutes"][short].mean())
    exhibit = dose_exhibit(found)
    assert exhibit.frame["series"].map(str).nunique() == 2
    assert {"x", "value", "low", "high"} <= set(exhibit.frame)


def test_where_invitations_name_no_contact_the_last_one_before_the_answer_counts():
    surveys, _, contacts, history = bank()
    later = contacts.assign(
        contact_id="L" + contacts["contact_id"], started_at=surveys["answered_date"] + pd.Timedelta(hours=9), wait_minutes=99.0
    )
    given = answers_given(surveys, AS_OF, 24)
    rows = after_last_contact(given, pd.concat([contacts, later])).sort_values("customer_id")
    assert rows["wait_minutes"].to_numpy() == pytest.approx(contacts["wait_minutes"].to_numpy())
    assert after_last_contact(given, contacts.assign(started_at=contacts["started_at"] - pd.Timedelta(days=90))).empty
    assert not dose(surveys, None, contacts, history, AS_OF).is_invited


def test_contacts_of_others_and_after_the_answer_and_answers_out_of_the_period_do_not_count():
    surveys, invitations, contacts, _ = bank(size=20)
    given = answers_given(surveys, AS_OF, 24)
    assert len(after_contact(given, invitations, contacts)) == 20
    assert after_contact(given, invitations, contacts.assign(customer_id="C9999")).empty
    assert after_contact(given, invitations, contacts.assign(started_at=contacts["started_at"] + pd.Timedelta(days=5))).empty
    assert answers_given(surveys, dt.date(2025, 1, 1), 24).empty
    assert answers_given(surveys, dt.date(2028, 1, 1), 24).empty


def test_what_came_after_the_contact_is_not_adjusted_for():
    surveys, invitations, contacts, history = bank()
    early = dose(surveys, invitations, contacts, history, AS_OF)
    after = history[AS_OF].assign(age_years=surveys["overall"])
    assert dose(surveys, invitations, contacts, {**history, AS_OF: after}, AS_OF).adjusted == early.adjusted


def test_too_few_answers_or_no_waits_are_said():
    surveys, invitations, contacts, history = bank(size=90)
    assert dose(surveys, invitations, contacts, history, AS_OF) is None
    assert dose(surveys, invitations, None, history, AS_OF) is None
    surveys, invitations, contacts, history = bank()
    assert dose(surveys, invitations, contacts.assign(wait_minutes=5.0), history, AS_OF) is None
    assert dose_exhibit(None).absent is not None
    assert dose_findings(None) == []


def test_the_spline_is_straight_beyond_its_ends():
    values = np.linspace(0, 10, 101)
    terms = spline(values)
    assert terms.shape[1] == 2
    assert np.abs(np.diff(terms, n=2, axis=0)[-4:]).max() < 1e-12
    assert np.abs(terms.to_numpy()[:5]).max() == 0
    assert spline(np.repeat([1.0, 2.0], 50)).empty
