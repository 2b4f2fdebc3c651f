"""The six figures agree with the reports that state them, see nothing that came later, and tell of nobody."""

import datetime as dt

import numpy as np
import pandas as pd
import pytest

from analysis.calendar import months_before
from analysis.errors import UserError
from analysis.study.churn import ChurnRule, outcomes_by_landmark, unseen
from analysis.study.churn_rates import rate_findings
from analysis.study.complaint_frame import described
from analysis.study.complaint_limits import Limit, complaint_limits
from analysis.study.key_figures import KeyFigures, counted_as_then, key_figures, parts_of
from analysis.study.key_figures_counts import at_month_end, counted, leavers_of
from analysis.study.key_figures_frame import Rules, brought_together, with_rules
from analysis.study.key_figures_words import definitions
from analysis.study.satisfaction_scores import scores
from analysis.study.survey import windows
from analysis.wording import Message

AS_OF = dt.date(2025, 6, 30)
RULE = ChurnRule()
TIERS = {"affluent": 100_000.0}
LIMITS = [Limit((15, 30), dt.date(2020, 1, 1))]
CUSTOMERS = [f"C{number:03}" for number in range(200)]


class Ends(dict):
    """Features by day as `bank.month_ends` gives them."""

    def __init__(self, frames, first=dt.date(2022, 7, 1), basis="average"):
        super().__init__(frames)
        self.days, self.first, self.basis = tuple(frames), first, basis
        self.begins = {"transactions": first, "balances": first}
        self.people = next(iter(frames.values()))[["customer_id"]] if frames else pd.DataFrame({"customer_id": []})


def month(day, leave=0, **more):
    """200 customers; the first `leave` are closed by the day."""
    frame = pd.DataFrame({"customer_id": CUSTOMERS, "closed_date": pd.NaT, "exit_reason": None, "tenure_months": 60.0})
    frame = frame.assign(recency_days=5.0, assets=1000.0, assets_3m=1000.0 + np.arange(200), **more)
    frame.loc[: leave - 1, "closed_date"] = pd.Timestamp(day)
    return frame.assign(closed_date=pd.to_datetime(frame["closed_date"]))


def bank(leave=None, months=18, **more):
    days = [months_before(AS_OF, back) for back in range(months)]
    return Ends({day: month(day, 0 if leave is None else max(leave - 2 * place, 0), **more) for place, day in enumerate(days)})


def answers(seed=1, size=900):
    random = np.random.default_rng(seed)
    day = pd.Timestamp(AS_OF) - pd.to_timedelta(random.integers(0, 900, size), "D")
    return pd.DataFrame(
        {"response_id": range(size), "customer_id": random.choice(CUSTOMERS, size), "answered_date": day.date, "overall": 8.0,
         "recommend": random.integers(0, 11, size).astype(float)}
    )  # fmt: skip


def received(seed=2, size=1500):
    random = np.random.default_rng(seed)
    day = pd.Timestamp("2023-01-01") + pd.to_timedelta(random.uniform(0, 900, size), "D")
    resolved = (day + pd.to_timedelta(random.exponential(20, size), "D")).where(random.random(size) < 0.95)
    late = pd.Series(pd.NaT, range(size))
    return pd.DataFrame(
        {"complaint_id": [f"K{n}" for n in range(size)], "customer_id": random.choice(CUSTOMERS, size), "received_at": day,
         "resolved_at": resolved, "reopened_at": late, "extension_approved_at": late, "extended_until": late}
    )  # fmt: skip


def brought(ends, surveys=None, complaints=None, rules=None, limits=LIMITS):
    return brought_together(ends, TIERS, rules or Rules(RULE), surveys, complaints, limits)


def at(found, day=AS_OF):
    here = at_month_end(found, day)
    return counted(here, leavers_of(here))


def test_the_churn_rate_is_that_of_its_report(simulate_history):
    history = simulate_history(size=600)
    ends = Ends(history, first=dt.date(2022, 12, 1))
    found = at(brought(ends))["churn_rate"]
    by_day = outcomes_by_landmark(history, AS_OF, RULE)
    stated = rate_findings(by_day, unseen(history, RULE), RULE)[0]
    assert found.estimate == (stated.value, stated.low, stated.high, stated.base)
    assert found.by["numerator"].sum() / found.by["denominator"].sum() == stated.value


def test_the_score_is_that_of_its_report():
    surveys = answers()
    stated = scores(*windows(surveys, AS_OF, 12))[0].now
    assert at(brought(bank(), surveys))["nps"].estimate == stated


def test_the_months_of_complaints_add_up_to_their_report():
    rows = received()
    stated = complaint_limits(described(rows, AS_OF), LIMITS, AS_OF, 12).in_time
    found = brought(bank(), complaints=rows)
    year = [at(found, day)["resolved_in_time"].by.sum() for day in found.ends.days[:12]]
    assert sum(one["denominator"] for one in year) == stated.base
    assert sum(one["numerator"] for one in year) / stated.base == pytest.approx(stated.value)


def test_a_month_is_what_it_was_though_the_data_go_on():
    surveys, rows, ends = answers(), received(), bank(leave=40)
    day = ends.days[3]
    cut = Ends({one: frame for one, frame in ends.items() if one <= day})
    then = brought(cut, surveys[pd.to_datetime(surveys["answered_date"]) <= pd.Timestamp(day)], rows)
    now = brought(ends, surveys, rows)
    for name, month in at(now, day).items():
        assert month.estimate == at(then, day)[name].estimate, name


def test_assets_lost_are_what_leavers_no_longer_hold():
    ends = bank()
    before, after = month(AS_OF), month(AS_OF, leave=20)
    after.loc[30:49, "assets_3m"] = 100.0
    after.loc[50:69, ["recency_days", "assets_3m"]] = [200.0, 5000.0]
    ends.update({RULE.before(AS_OF): before, AS_OF: after})
    found = at(brought(ends))["assets_lost"].estimate
    gone = before.loc[:19, "assets_3m"].sum() + before.loc[30:49, "assets_3m"].sum() - 20 * 100.0
    assert found.value == pytest.approx(gone)
    known = brought(ends)
    parts = {part.label.template: part.value for part in parts_of(known, leavers_of(at_month_end(known, AS_OF)))["assets_lost"]}
    assert parts["Dormant"] == 0
    assert parts["Closed"] + parts["Run-off"] == pytest.approx(gone)


def test_few_customers_are_not_told():
    ends = bank()
    ends[AS_OF] = month(AS_OF, leave=9)
    ends[AS_OF].loc[100:104, "recency_days"] = 95.0
    few = at(brought(ends))
    assert all(isinstance(few[name], Message) for name in ("churn_rate", "assets_lost", "active_customers"))
    ends[AS_OF] = month(AS_OF, leave=10).assign(recency_days=np.where(np.arange(200) < 30, 95.0, 5.0))
    told = at(brought(ends))
    assert (told["churn_rate"].estimate.value, told["active_customers"].estimate[::3]) == (0.05, (170, 190))
    ends[AS_OF].loc[199, "assets"] = 1e9
    assert isinstance(at(brought(ends))["average_aum"], Message)


def test_a_missing_table_is_a_reason_and_no_failure():
    bare = Ends(
        {day: frame[["customer_id", "closed_date", "exit_reason", "tenure_months"]] for day, frame in bank(months=7).items()}
    )
    found = key_figures(brought(bare, limits=[]), "CNY")
    assert [figure.absent is not None for figure in found.figures] == [True] * 6
    assert [str(figure.absent) for figure in found.figures[:3]] == [
        "The bank brings no transactions.", "The bank brings no balances.", "The bank's data cannot tell who left."
    ]  # fmt: skip
    assert found.findings == []
    nobody = Ends({day: frame.iloc[:0] for day, frame in bank(months=7).items()})
    assert str(at(brought(nobody, answers()))["active_customers"]) == "The bank brings no customers."


@pytest.fixture(scope="module")
def known():
    return brought(bank(leave=40), answers(), received())


@pytest.fixture(scope="module")
def then(known):
    return at(known, dt.date(2025, 5, 31))


@pytest.fixture(scope="module")
def whole(known, then) -> KeyFigures:
    said = definitions(known)
    figures = [
        {"id": name, "value": one.estimate.value, "base": one.estimate.base, "definition": said[name]}
        for name, one in then.items()
    ]
    last = {"as_of": "2025-05-31", "reports": {"key_figures": {"status": "published", "figures": figures}}}
    return key_figures(known, "CNY", last, {"nps": 80.0})


def test_six_figures_of_thirteen_months_are_handed_on(whole):
    assert [figure.id for figure in whole.figures] == [
        "active_customers", "average_aum", "churn_rate", "assets_lost", "nps", "resolved_in_time"
    ]  # fmt: skip
    assert {len(figure.points) for figure in whole.figures} == {13}
    assert whole.figures[0].changes["year_start"]["from"] == "2024-12-31"
    assert whole.figures[0].changes["month"]["value"] == -2
    assert (whole.figures[4].against_target["is_met"], whole.figures[0].against_target) == (False, None)
    assert [finding.id for finding in whole.findings] == [f"figure.{figure.id}" for figure in whole.figures]
    assert len(whole.months.frame) == 13
    assert len(whole.festival.frame) == 3


def test_against_its_own_report_of_a_month_ago_the_parts_add_up(then, whole):
    for figure, before in zip(whole.figures, then.values(), strict=True):
        since = figure.since
        parts = [since[name] or 0.0 for name in ("revision", "redefinition", "population", "rate")]
        assert since["then"] == pytest.approx(before.estimate.value)
        assert since["now"] == pytest.approx(figure.now.value)
        assert sum(parts) == pytest.approx(figure.now.value - before.estimate.value)
    assert len(whole.since.frame) == 6


def test_what_a_changed_parameter_does_is_told_apart_from_data_revised():
    known = brought(bank(months=3), answers())
    old, day = with_rules(known, Rules(RULE, 6)), dt.date(2025, 5, 31)
    before, said = at(old, day)["nps"].estimate, definitions(old)["nps"]
    figure = {"id": "nps", "value": before.value - 1, "base": before.base, "definition": said}
    parameters = {**vars(RULE), "window_months": 6, "complaint_months": 1}
    last = {
        "as_of": str(day), "reports": {"key_figures": {"figures": [figure]}}, "provenance": {"parameters": {"key_figures": parameters}}
    }  # fmt: skip
    since = key_figures(known, "CNY", last).figures[4].since
    assert since["revision"] == pytest.approx(1)
    assert since["redefinition"] == pytest.approx(at(known, day)["nps"].estimate.value - before.value)
    assert since["redefinition"]
    assert list(counted_as_then(known, last)) == ["nps"]
    parameters["window_months"] = 12
    assert counted_as_then(known, last) == {}
    parameters["window_months"] = 9
    assert counted_as_then(known, last) == {}


def test_odd_parameters_are_refused():
    with pytest.raises(UserError, match="complaint_months is 0; it must lie between 1 and 240"):
        key_figures(brought(bank(months=3), rules=Rules(RULE, 12, 0)), "CNY")


def test_what_is_counted_within_a_month_is_judged_so_since_the_last_report_too(known, monkeypatch):
    flows = {}
    monkeypatch.setattr("analysis.study.key_figures.since", lambda rows, name, *told, is_flow: flows.update({name: is_flow}))
    key_figures(known, "CNY")
    assert [name for name, is_flow in flows.items() if is_flow] == ["resolved_in_time"]
