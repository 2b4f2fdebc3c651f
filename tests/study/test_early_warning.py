"""The report: what it counts, what it hides, and how lists are judged."""

import datetime as dt

import numpy as np
import pandas as pd
import pytest

from analysis.errors import NotProduced, UserError
from analysis.finding import Finding
from analysis.stats.intervals import Estimate, wilson
from analysis.study import early_warning as report
from analysis.study.churn import ChurnRule
from analysis.study.early_warning import early_warning, make_list
from analysis.study.experiments import experiments
from analysis.study.lost_customers import LostFound, lost_customers, lost_findings, reason_table, told_returns, winback_table
from analysis.study.warning_exhibits import counted, funnel_exhibit, list_tiers_exhibit, policies_exhibit
from analysis.study.warning_findings import ListFound, _so_amounts, list_findings, trial_findings
from analysis.study.warning_holdout import kept_share
from analysis.study.warning_list import LISTED, Brought, Plan
from analysis.study.warning_model import warning_model
from analysis.study.warning_policy import _quantile, _resampled, judged_policies, says_something, with_value

AS_OF, RULE = dt.date(2025, 6, 30), ChurnRule()


@pytest.fixture(scope="module")
def history(simulate_history):
    return simulate_history(size=1500, monthly_hazard=0.02)


@pytest.fixture(scope="module")
def model(history):
    return warning_model(history, AS_OF, RULE)


@pytest.fixture(scope="module")
def brought(history):
    rows = [(one, purpose, "2020-01-01", None) for one in history[AS_OF]["customer_id"] for purpose in ("marketing", "profiling")]
    return Brought(consents=pd.DataFrame(rows, columns=["customer_id", "purpose", "given_date", "withdrawn_date"]))


@pytest.fixture(scope="module")
def page(history, model):
    """The report of what a bank brings."""

    def produced(brought):
        with pytest.MonkeyPatch.context() as patched:
            patched.setattr(report, "shown_model", lambda *_: (model, None))
            patched.setattr(report, "refuse_leaks", lambda *_: None)
            return early_warning(history, AS_OF, RULE, brought, Plan(), "bank", {"affluent": 100_000.0}, "CNY", {})

    return produced


@pytest.fixture(scope="module")
def made(page, brought):
    return page(brought)


def test_the_report_has_its_findings_and_no_customer(made, history):
    ids = [finding.id for finding in made.findings]
    assert ids[:2] == ["warning.listed", "warning.expected_kept"]
    assert "warning.months_until" in ids
    assert all(isinstance(finding, Finding) for finding in made.findings)
    shown = " ".join(str(value) for value in vars(made).values())
    assert not any(customer in shown for customer in history[AS_OF]["customer_id"])


def test_the_list_is_that_of_the_page(made, history, model, brought, monkeypatch):
    monkeypatch.setattr(report, "shown_model", lambda *_: (model, None))
    rows = make_list(history, AS_OF, RULE, brought, Plan(), "bank")
    assert len(rows) == made.findings[0].value == 100
    assert rows["words"].map(str).ne("").all()


def test_without_consents_nobody_is_listed_and_the_page_says_why(page):
    made = page(Brought())
    first = made.findings[0]
    assert (first.id, first.value) == ("warning.listed", 0)
    assert "no consents (table consents)" in str(first.text)
    assert not {"warning.expected_kept", "warning.months_until"} & {finding.id for finding in made.findings}
    lists = [made.funnel, made.list_tiers, made.list_reasons, made.owners, made.power]
    assert all("who may be called is not known" in str(exhibit.absent) for exhibit in lists)
    assert str(made.winback.title).endswith("none may be called before the bank brings consents")
    assert made.policies.absent is None


def test_a_leak_stops_the_page_and_the_list(history, model, brought, monkeypatch):
    monkeypatch.setattr(report, "shown_model", lambda *_: (model, None))
    told = {day: features.assign(left_on=pd.Timestamp("2030-01-01")) for day, features in history.items()}
    with pytest.raises(UserError, match="The feature left_on"):
        make_list(told, AS_OF, RULE, brought, Plan(), "bank")
    with pytest.raises(UserError, match="The feature left_on"):
        early_warning(told, AS_OF, RULE, brought, Plan(), "bank", {}, "CNY", {})


def test_lists_are_judged_by_what_then_happened():
    rows = pd.DataFrame(
        {"landmark": AS_OF, "customer_id": list("ABCD"), "probability": [0.9, 0.5, 0.1, 0.2], "outcome": [1, 1, 0, 1]}
    )
    features = pd.DataFrame({"customer_id": list("ABCD"), "contribution_12m": [10.0, 100.0, 400.0, 50.0]})
    found = judged_policies(rows, {AS_OF: features}, 2, replicates=50)
    assert found.lost == {"expected": 100.0, "risk": 110.0, "value": 100.0}
    assert found.left == {"expected": 1, "risk": 2, "value": 1}
    assert found.overlap == {"expected": 1.0, "risk": 0.5, "value": 1.0}
    assert found.gain.value == pytest.approx(100 / 110)
    assert not found.is_told
    assert policies_exhibit(found, Plan(), "CNY").absent is not None
    assert judged_policies(rows, {AS_OF: features}, 4) is None


def test_every_replicate_fills_its_lists(history, model):
    rows = with_value(model.validation, history).assign(lost=1.0)
    sums = _resampled(rows, 50, 1, 200)
    assert all((sums[policy, "lost"] == 50 * rows["landmark"].nunique()).all() for policy in ("expected", "risk", "value"))


def test_a_sum_that_few_carry_has_a_wider_interval():
    ids = pd.Series(list("ABCD") * 50) + pd.Series(range(200)).floordiv(4).astype(str)
    even, few = pd.Series(1.0, ids.index), pd.Series(np.where(np.arange(200) < 3, 1.0, 0.001))
    assert _quantile(ids, even) == pytest.approx(1.97, abs=0.01)
    assert _quantile(ids, even, few) == pytest.approx(4.30, abs=0.01)
    assert _quantile(pd.Series("A", ids.index), even) > 12


def pool(stages, **columns):
    size = len(stages)
    given = {
        "stage": stages,
        "score": 0.2,
        "value": 100.0,
        "expected": 10.0,
        "reason": "products",
        "held_out": False,
        "is_managed": False,
    }
    return pd.DataFrame({"customer_id": [f"C{n}" for n in range(size)], **given, **columns})


def test_small_numbers_and_what_gives_them_away_are_not_shown():
    rows = pool(["cool_down"] * 3 + ["no_consent"] * 40 + ["beyond_capacity"] * 70 + [LISTED] * 100)
    shown = funnel_exhibit(rows, Plan(), AS_OF).frame["value"].tolist()
    assert shown == [70, 100]
    assert funnel_exhibit(pool([LISTED] * 4 + ["cool_down"] * 50), Plan(), AS_OF).absent is not None
    assert counted(pd.Series(["a"] * 30 + ["b"] * 4 + ["c"] * 12))["customers"].tolist() == [30, 16]
    few = pool([LISTED] * 90, held_out=[True] * 9 + [False] * 81)
    found = list_findings(ListFound(None, few.assign(reason=few.index), None), None, Plan(), AS_OF, "CNY")
    assert not any(" 81 " in str(one.text) or " 9 " in str(one.text) for one in found)
    assert (found[1].id, found[1].value) == ("warning.expected_kept", 900)


def test_the_amount_of_the_list_is_told_beside_that_of_those_called():
    rows = pool([LISTED] * 100, held_out=[True] * 10 + [False] * 90)
    kept = list_findings(ListFound(None, rows.assign(reason=rows.index), None), None, Plan(), AS_OF, "CNY")[1]
    assert kept.value == 900
    assert "CNY 1,000 if the held out were called too" in str(kept.text)


def test_what_the_data_do_not_tell_of_a_list_is_said():
    rows = pool(["no_consent"] * 50 + [LISTED] * 100, value=np.nan, assets_3m=1.0)
    assert "no contributions" in str(list_tiers_exhibit(rows, {"affluent": 100.0}, Plan(), "CNY").absent)
    assert "the bank brings no complaints" in str(funnel_exhibit(rows, Plan(), AS_OF).subtitle)
    assert "complaints" not in str(funnel_exhibit(rows.assign(open_complaints=0), Plan(), AS_OF).subtitle)


@pytest.mark.parametrize(
    ("record", "words"),
    [((1.5, 0.8, 2.8), "lies within noise"), ((1.5, 1.2, 1.9), "too low and probably have to be taken 1.50 times"),
     ((0.5, 0.4, 0.7), "too high and probably have to be taken 0.50 times")],
)  # fmt: skip
def test_what_follows_for_the_amounts_is_said(record, words):
    assert words in str(_so_amounts(Estimate(*record, 100)))


def test_an_assumption_is_said_to_be_one_and_held_against_the_hold_out(history, model):
    ids = history[dt.date(2024, 6, 30)]["customer_id"]
    alerts = pd.DataFrame(
        {"customer_id": ids, "raised_date": "2024-07-02", "held_out": np.random.default_rng(3).random(len(ids)) < 0.3}
    )
    tried = experiments(alerts, None, None, history, RULE)
    rows = pool([LISTED] * 100)
    found = ListFound(model, rows, None)
    first = list_findings(found, None, Plan(), AS_OF, "CNY")[1]
    assert "an assumption that no hold-out has measured yet" in str(first.text)
    measured = kept_share(tried.alerts)
    told = list_findings(found, measured, Plan(action_effect=0.99), AS_OF, "CNY")[1]
    assert "does not bear out" in str(told.text)
    assert {finding.evidence for finding in trial_findings(found, tried, Plan(), RULE)} == {"experiment", "description"}


def test_without_a_model_the_report_is_not_produced(history):
    days = {day: features for day, features in history.items() if day == AS_OF}
    with pytest.raises(NotProduced, match="the data begin too late"):
        early_warning(days, AS_OF, RULE, Brought(), Plan(), "bank", {}, "CNY", {})


def test_lost_customers_are_counted_by_reason_and_way(history, brought):
    rows = history[AS_OF]
    closed = rows["closed_date"].notna() & rows["exit_reason"].ne("relocation")
    given = np.where(closed, np.where(np.arange(len(rows)) % 3 == 0, "fees", "service"), rows["exit_reason"])
    later = {**history, AS_OF: rows.assign(exit_reason=given)}
    found = lost_customers(later, AS_OF, RULE, brought.consents)
    table = reason_table(found)
    assert table["reason"].tolist() == ["service", "fees"]
    assert table["value"].sum() == pytest.approx(1)
    back = winback_table(found)
    assert back["lost"].sum() == len(found.rows)
    assert back["may_call"].equals(back["lost"])
    assert [finding.id for finding in lost_findings(found, "CNY")][:2] == ["lost.reason.service", "lost.contribution"]
    nobody = pd.DataFrame({"customer_id": [], "purpose": [], "given_date": [], "withdrawn_date": []})
    assert not lost_customers(later, AS_OF, RULE, nobody).rows["may_call"].any()
    assert not lost_customers(later, AS_OF, RULE, None).rows["may_call"].any()
    assert lost_customers({AS_OF: rows}, AS_OF, RULE, None) is None


def test_returns_that_a_sum_would_give_away_are_not_told():
    found = LostFound(pd.DataFrame(), 1000, {"closed": wilson(0, 163), "dormant": wilson(16, 98), "run_off": wilson(6, 44)})
    assert told_returns(found) == ["closed"]


def lost(**reasons):
    """So many lost by way, or closed for a reason (`closed_<reason>`)."""
    rows = [(name.partition("_closed_")[2] or None, "closed" if "_closed_" in name else name, n) for name, n in reasons.items()]
    parts = [pd.DataFrame({"reason": [reason] * n, "way": way}) for reason, way, n in rows]
    made = pd.concat(parts, ignore_index=True)
    return LostFound(made.assign(customer_id=made.index.astype(str), contribution=1.0, assets=1.0, may_call=True), 1000, {})


def test_few_of_a_way_do_not_follow_from_all_and_the_closings():
    assert winback_table(lost(_closed_fees=12, _closed_service=30, dormant=25, run_off=4))["lost"].tolist() == [30, 12]
    assert winback_table(lost(_closed_fees=5, dormant=25, run_off=14))["lost"].tolist() == [25]
    ids = [one.id for one in lost_findings(lost(_closed_fees=12, _closed_service=30, run_off=4), "CNY")]
    assert ids == ["lost.reason.service"]


def test_a_banks_own_reasons_may_be_called_as_ours_are():
    found = lost(_closed_other=30, _closed_fees=4, _closed_dormant=20, dormant=25)
    assert dict(zip(reason_table(found)["reason"], reason_table(found)["customers"], strict=True)) == {"dormant": 20, "other": 34}
    assert winback_table(found)["lost"].tolist() == [20, 34, 25]


def test_a_reason_is_not_told_where_the_rest_are_few(model):
    rows = pool([LISTED] * 17).assign(reason=["tenure"] * 12 + ["assets"] * 5)
    texts = [str(finding.text) for finding in list_findings(ListFound(model, rows, None), None, Plan(), AS_OF, "CNY")]
    assert not any("reason code" in text for text in texts)


def test_an_interval_that_says_nothing_is_not_told():
    assert says_something(Estimate(1.9, 0.5, 6.0, 100))
    assert not says_something(Estimate(1.9, 0.01, 701.7, 100))
    assert not says_something(Estimate(1.9, 0.0, 3.0, 100))
    assert not says_something(Estimate(0.0, None, None, 100))
