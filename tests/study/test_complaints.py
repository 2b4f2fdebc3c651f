"""The complaints report on planted complaints: what is counted, when, and what is not shown."""

import datetime as dt

import numpy as np
import pandas as pd
import pytest

from analysis.errors import NotProduced, UserError
from analysis.study.complaint_backlog import backlog_findings, complaint_backlog, open_at
from analysis.study.complaint_branches import branch_findings, complaint_branches, silence_exhibit, silence_table
from analysis.study.complaint_frame import Process, described, share
from analysis.study.complaint_limits import Limit, complaint_limits, with_due_days
from analysis.study.complaint_parts import complaint_parts, part_findings
from analysis.study.complaint_process import complaint_course, with_first_contact
from analysis.study.complaint_repeats import complaint_repeats, with_repeats
from analysis.study.complaint_rules import complaint_rules
from analysis.study.complaint_time import complaint_times
from analysis.study.complaint_volume import complaint_volume, exposure, volume_findings
from analysis.study.complaints import complaints

AS_OF = dt.date(2025, 6, 30)
LIMITS = [Limit((15, 30, 60), dt.date(2020, 3, 1))]
PLAIN = {
    "channel": "phone", "category": "service", "severity": 2, "first_handler": "S1", "handler": "S1", "handoffs": 0,
    "escalated_at": None, "resolved_at": None, "reopened_at": None, "revisited_at": None, "extension_approved_at": None,
    "extended_until": None, "referred_by_regulator": False,
}  # fmt: skip


def frame(*rows: dict) -> pd.DataFrame:
    """Described complaints, what is left out being ordinary; each its own customer's."""
    made = [{"complaint_id": f"G{n:05}", "customer_id": f"C{n:05}", **PLAIN, **row} for n, row in enumerate(rows)]
    table = pd.DataFrame(made)
    dates = [name for name in table if name.endswith(("_at", "_until"))]
    return described(table.assign(**{name: pd.to_datetime(table[name], format="ISO8601") for name in dates}), AS_OF)


def bank(size: int = 600, seed: int = 1, monthly: float = 0.03, months: int = 30):
    """Customers and complaints at random: a twelfth never resolved, the others after 8 days in the middle."""
    random = np.random.default_rng(seed)
    ids = [f"C{number:05}" for number in range(size)]
    branches = random.choice([f"B{number}" for number in range(8)], size)
    customers = pd.DataFrame(
        {"customer_id": ids, "branch_id": branches, "opened_date": pd.Timestamp("2015-01-01"), "closed_date": pd.NaT}
    )
    count = random.poisson(size * monthly * months)
    received = pd.Timestamp("2025-07-01") - pd.to_timedelta(random.uniform(0, months * 30.4, count), unit="D")
    took = np.where(random.random(count) < 1 / 12, np.nan, random.lognormal(np.log(8), 0.8, count))
    resolved = received + pd.to_timedelta(took, unit="D")
    table = pd.DataFrame(PLAIN, index=range(count)).assign(
        complaint_id=[f"G{number:05}" for number in range(count)],
        customer_id=random.choice(ids, count),
        received_at=received,
        resolved_at=resolved,
        category=random.choice(["service", "pricing", "system"], count),
        severity=random.integers(1, 6, count),
        handoffs=random.poisson(0.5, count),
        escalated_at=(received + pd.Timedelta(days=2)).where(random.random(count) < 0.3),
        revisited_at=(resolved + pd.Timedelta(days=3)).where(random.random(count) < 0.5),
        reopened_at=(resolved + pd.Timedelta(days=9)).where(random.random(count) < 0.1),
        referred_by_regulator=random.random(count) < 0.05,
    )
    return table, customers


@pytest.fixture(scope="module")
def report():
    received, customers = bank(1500)
    return complaints(received, customers, None, {}, LIMITS, AS_OF)


def test_nothing_dated_after_as_of_is_known_and_a_reopened_one_is_not_settled():
    rows = frame(
        {"received_at": "2025-06-01", "resolved_at": "2025-07-02"},
        {"received_at": "2025-06-01", "resolved_at": "2025-06-10", "reopened_at": "2025-06-20"},
        {"received_at": "2025-06-01", "resolved_at": "2025-06-25", "reopened_at": "2025-06-20"},
        {"received_at": "2025-07-01"},
    )
    assert len(rows) == 3
    assert rows["resolved_at"].isna().tolist() == [True, False, False]
    assert rows["settled_at"].isna().tolist() == [True, True, False]


def test_shares_are_widened_for_customers_who_complain_often_and_hide_few_customers():
    often = share(pd.Series([True] * 60 + [False] * 60), pd.Series(np.arange(120) // 4))
    once = share(pd.Series([True] * 60 + [False] * 60), pd.Series(range(120)))
    assert (often.value, once.value) == (0.5, 0.5)
    assert often.high - often.low > 1.7 * (once.high - once.low)
    assert share(pd.Series([True] * 12 + [False] * 60), pd.Series([1] * 12 + list(range(2, 62)))).value is None
    assert share(pd.Series([False] * 60), pd.Series(range(60))).value == 0


def test_exposure_counts_half_a_month_for_who_comes_or_goes_in_it():
    dates = {"opened_date": ["2015-01-01", "2025-06-10", "2015-01-01"], "closed_date": [None, None, "2025-05-20"]}
    customers = pd.DataFrame({"customer_id": list("abc"), **{name: pd.to_datetime(days) for name, days in dates.items()}})
    assert exposure(customers, AS_OF, 2).to_numpy().tolist() == [[1, 0.5, 0], [1, 0, 0.5]]


def test_volume_finds_the_planted_rate_and_a_month_of_twice_as_many():
    received, customers = bank(2000)
    found = complaint_volume(described(received, AS_OF), customers, AS_OF, 12)
    assert found.rate.low < 300 < found.rate.high
    assert found.change.low < 1 < found.change.high
    assert found.months["outside"].eq("").all()
    extra = received[received["received_at"].between("2025-03-01", "2025-04-01")]
    doubled = pd.concat([received, extra.assign(complaint_id=extra["complaint_id"] + "x", customer_id=extra["customer_id"])])
    found = complaint_volume(described(doubled, AS_OF), customers, AS_OF, 12)
    assert found.months.loc[found.months["outside"] == "above", "month"].dt.month.tolist() == [3]
    assert "March 2025 (above)" in str(volume_findings(found)[1].text)


def test_data_that_begin_late_shorten_the_window_and_have_no_period_before():
    received, customers = bank(2000, months=8)
    found = complaint_volume(described(received, AS_OF), customers, AS_OF, 12)
    assert (len(found.months), found.window_months, found.before) == (8, 8, None)
    assert found.rate.low < 300 < found.rate.high
    assert complaint_parts(described(received, AS_OF), customers, AS_OF, found)["change"].isna().all()


def test_a_cause_that_became_three_times_as_frequent_is_told_and_no_other():
    received, customers = bank(2000)
    more = received[(received["category"] == "pricing") & (received["received_at"] > "2024-07-01")]
    rows = described(
        pd.concat(
            [received, more.assign(complaint_id=more["complaint_id"] + "x"), more.assign(complaint_id=more["complaint_id"] + "y")]
        ),
        AS_OF,
    )
    parts = complaint_parts(rows, customers, AS_OF, complaint_volume(rows, customers, AS_OF, 12))
    found = part_findings(parts)
    assert [finding.id for finding in found] == ["complaints.change.pricing"]
    assert found[0].low < 3 < found[0].high
    assert parts.loc[parts["way"] == "category", "complaints"].sum() == parts.loc[parts["way"] == "channel", "complaints"].sum()


def test_repeats_are_of_the_same_customer_within_the_days_whatever_the_cause():
    rows = frame(
        {"customer_id": "a", "received_at": "2024-01-01"},
        {"customer_id": "a", "received_at": "2024-03-31", "category": "pricing"},
        {"customer_id": "a", "received_at": "2024-04-05", "category": "pricing"},
        {"customer_id": "a", "received_at": "2024-07-05"},
        {"customer_id": "b", "received_at": "2024-04-06"},
    )
    known = with_repeats(rows, 90)
    assert known["is_repeat"].tolist() == [False, True, True, False, False]
    assert known["is_same"].tolist() == [False, False, True, False, False]
    assert known["is_seen"].tolist() == [False, True, True, True, True]
    assert complaint_repeats(rows, dt.date(2024, 2, 1), 12, 90) is None


def test_branches_of_few_complainers_are_not_drawn_and_quiet_ones_that_grumble_are_told():
    received, customers = bank(2400)
    quiet = customers.loc[customers["branch_id"] == "B3", "customer_id"]
    received = received[~received["customer_id"].isin(quiet)]
    random = np.random.default_rng(2)
    marks = random.normal(8, 1.5, len(customers)) - 3 * customers["branch_id"].eq("B3")
    surveys = pd.DataFrame(
        {"customer_id": customers["customer_id"], "answered_date": pd.Timestamp("2025-05-01"), "overall": marks.clip(1, 10)}
    )
    found = complaint_branches(described(received, AS_OF), customers, surveys, {}, AS_OF)
    assert found.table.loc[found.table["is_quiet"], "branch_id"].tolist() == ["B3"]
    assert {finding.id: finding.value for finding in branch_findings(found)} == {
        "complaints.branches_outside": 1,
        "complaints.silent_branches": 1,
    }
    assert "less satisfied" in str(silence_exhibit(found).title)
    assert silence_table(found)["mark"].iloc[0] < silence_table(found)["mark"].iloc[2]


def test_backlog_adds_up_and_a_reopened_complaint_is_open_again():
    rows = frame(
        {"received_at": "2025-03-01", "resolved_at": "2025-03-10", "reopened_at": "2025-05-20"},
        {"received_at": "2025-05-31", "resolved_at": "2025-06-02"},
        {"received_at": "2025-06-15"},
    )
    assert len(open_at(rows, dt.date(2025, 4, 30))) == 0
    assert open_at(rows, dt.date(2025, 5, 31))["age"].tolist() == [91, 0]
    assert open_at(rows, AS_OF)["age"].tolist() == [121, 15]
    table = complaint_backlog(described(bank()[0], AS_OF), AS_OF).table
    assert (table["open"].diff() - table["received"] + table["left"]).dropna().eq(0).all()
    shown = table[["to_15", "to_30", "to_60", "over_60"]]
    assert (shown.sum(axis=1) == table["open"])[shown.notna().all(axis=1)].all()
    assert not ((shown > 0) & (shown < 10)).any(axis=None)
    assert (shown.isna().sum(axis=1) != 1).all()


def test_the_first_two_months_of_the_data_are_no_backlog_to_compare_with():
    rows = frame({"received_at": "2025-01-15"}, {"received_at": "2025-06-01"})
    assert complaint_backlog(rows, AS_OF).table["day"].iloc[0] == dt.date(2025, 3, 31)
    assert len(complaint_backlog(rows, dt.date(2025, 2, 28)).table) == 1


def test_few_open_complaints_are_not_told():
    rows = frame(*({"received_at": "2025-06-20"} for _ in range(9)))
    assert backlog_findings(complaint_backlog(rows, AS_OF)) == []


def test_time_to_resolution_counts_open_complaints_where_the_mean_of_closed_ones_misleads():
    random = np.random.default_rng(8)
    medians, closed, hits = [], [], 0
    for _ in range(25):
        received = pd.Timestamp("2025-07-01") - pd.to_timedelta(random.uniform(0, 60, 300), unit="D")
        resolved = received + pd.to_timedelta(random.exponential(20 / np.log(2), 300), unit="D")
        ids = [f"C{number:03}" for number in range(300)]
        rows = described(
            pd.DataFrame({"complaint_id": ids, "customer_id": ids, "received_at": received, "resolved_at": resolved}), AS_OF
        )
        found = complaint_times(rows, AS_OF, 12).median
        medians.append(found.value)
        hits += found.low <= 20 <= found.high
        closed.append(((rows["resolved_at"] - rows["received_at"]).dt.total_seconds() / 86400).median())
    assert np.mean(medians) == pytest.approx(20, rel=0.05)
    assert np.mean(closed) < 15
    assert hits >= 20


def test_severity_that_slows_is_told_and_ways_without_a_difference_are_not():
    received, _ = bank(1200, seed=3)
    slow = received["severity"] >= 4
    received["resolved_at"] = received["resolved_at"].mask(
        slow, received["received_at"] + 3 * (received["resolved_at"] - received["received_at"])
    )
    received["reopened_at"] = pd.NaT
    groups = complaint_times(described(received, AS_OF), AS_OF, 12).groups
    assert set(groups.loc[~groups["is_noise"], "way"]) == {"severity"}


def test_an_extension_counts_only_if_approved_before_the_limit_ran_out_and_up_to_the_longest():
    day = {"received_at": "2025-03-01 10:00", "resolved_at": "2025-04-20"}
    rows = with_due_days(
        frame(
            day,
            {**day, "extension_approved_at": "2025-03-16 18:00", "extended_until": "2025-04-30"},
            {**day, "extension_approved_at": "2025-03-17 09:00", "extended_until": "2025-04-30"},
            {**day, "extension_approved_at": "2025-03-10", "extended_until": "2025-12-31"},
            {**day, "extension_approved_at": "2025-03-10", "extended_until": None},
            {**day, "received_at": "2020-02-01"},
        ),
        LIMITS,
    )
    assert rows["due"].dt.strftime("%m-%d").tolist()[1:] == ["03-16", "04-30", "03-16", "04-30", "03-16"]
    assert rows["is_extended"].tolist() == [False, False, True, False, True, False]
    assert rows["is_void"].tolist() == [False, False, False, True, False, True]
    assert rows["due"].isna().tolist() == [True] + [False] * 5


def test_the_limit_in_force_on_receipt_applies_and_the_day_itself_is_in_time():
    rules = [Limit((10, 20), dt.date(2025, 2, 1)), *LIMITS]
    rows = with_due_days(frame({"received_at": "2025-01-31"}, {"received_at": "2025-02-01"}), rules)
    assert rows["limit"].tolist() == [15, 10]
    kept = [{"received_at": "2025-03-01 09:00", "resolved_at": "2025-03-16 23:00"}] * 20
    late = [{"received_at": "2025-03-01 09:00", "resolved_at": "2025-03-17 00:30"}] * 10
    early = [{"received_at": "2025-06-20"}] * 50
    found = complaint_limits(frame(*kept, *late, *early), LIMITS, AS_OF, 12)
    assert (found.in_time.value, found.in_time.base) == (pytest.approx(2 / 3), 30)
    assert complaint_limits(frame(*kept), [], AS_OF, 12) is None


def test_first_contact_asks_for_time_the_same_hands_and_no_return():
    day = {"received_at": "2025-03-01", "resolved_at": "2025-03-10"}
    rows = with_first_contact(
        frame(
            day, {**day, "handoffs": 1}, {**day, "handler": "S2"}, {**day, "resolved_at": "2025-03-20"},
            {**day, "reopened_at": "2025-03-30"}, {**day, "reopened_at": "2025-05-30"}, {"received_at": "2025-03-01"},
        ),
        Process(),
    )  # fmt: skip
    assert rows["is_first_contact"].tolist() == [True, False, False, False, False, True, False]
    course = complaint_course(
        frame(*[day] * 30, *[{**day, "received_at": "2025-06-01", "resolved_at": "2025-06-02"}] * 30), AS_OF, 12, Process()
    )
    assert course.first_contact.base == 30


def test_rules_count_who_broke_them_among_those_they_apply_to():
    grave = {"severity": 5, "received_at": "2025-03-01"}
    rows = frame(
        *[{**grave, "escalated_at": "2025-03-03"}] * 20, *[{**grave, "escalated_at": "2025-03-09"}] * 10,
        *[grave] * 10, *[{**grave, "resolved_at": "2025-03-02"}] * 10, *[{"received_at": "2025-03-01", "handler": "S9"}] * 10,
    )  # fmt: skip
    table = complaint_rules(rows, [], AS_OF, 12, Process()).table.set_index("rule")
    assert table.loc["grave_late", ["base", "value"]].tolist() == [40, 0.5]
    assert table.loc["grave_never", ["base", "value"]].tolist() == [40, 0.25]
    assert table.loc["unrecorded_handoff", "value"] == pytest.approx(10 / 60)
    assert "not_revisited" not in table.index
    assert "over_limit" not in table.index


def test_second_resolutions_are_a_rule_only_where_the_bank_records_them():
    back = {"received_at": "2025-02-01", "resolved_at": "2025-02-05", "reopened_at": "2025-02-10"}
    rules = complaint_rules(frame(*[back] * 30), LIMITS, AS_OF, 12, Process())
    assert "reopened_over_limit" not in set(rules.table["rule"])
    again = {**back, "resolved_at": "2025-02-20"}
    rules = complaint_rules(frame(*[back] * 30, *[again] * 30), LIMITS, AS_OF, 12, Process())
    assert rules.table.set_index("rule").loc["reopened_over_limit", "value"] == 0.5


def test_the_report_shows_every_exhibit_and_each_finding_has_a_base_that_may_be_told(report):
    absent = {name for name, made in vars(report).items() if name != "findings" and made.absent is not None}
    assert absent == {"silence"}
    assert all(finding.base >= 10 and finding.text.render("en") for finding in report.findings)
    assert len({finding.id for finding in report.findings}) == len(report.findings)
    assert {"complaints.per_10000", "complaints.median_days", "complaints.in_time_share", "complaints.first_contact_share"} <= {
        finding.id for finding in report.findings
    }


def test_a_bank_that_brings_dates_alone_still_has_volume_backlog_and_times():
    received, customers = bank(1500)
    made = complaints(received[["complaint_id", "customer_id", "received_at", "resolved_at"]], customers, None, {}, LIMITS, AS_OF)
    absent = {name for name, shown in vars(made).items() if name != "findings" and shown.absent is not None}
    assert absent == {"sources", "silence", "contact", "steps", "times"}


def test_too_few_complaints_and_impossible_parameters_end_in_one_sentence():
    received, customers = bank(40, monthly=0.01)
    with pytest.raises(NotProduced, match="Complaints received in the period"):
        complaints(received, customers, None, {}, LIMITS, AS_OF)
    with pytest.raises(UserError, match=r"escalate_days is 0; it must lie between 1 and 365\."):
        Process(escalate_days=0)
