"""The complaint reports on banks of few customers and odd data: nothing told of few, no trace of a fault."""

import datetime as dt

import numpy as np
import pandas as pd
import pytest

from analysis.errors import NotProduced, UserError
from analysis.stats.text_drift import more_often
from analysis.study.churn import ChurnRule
from analysis.study.complaint_backlog import backlog_exhibit, backlog_findings, complaint_backlog
from analysis.study.complaint_branches import complaint_branches, silence_exhibit
from analysis.study.complaint_causes import Received, complaint_causes
from analysis.study.complaint_frame import Process, described, id_of
from analysis.study.complaint_limits import Limit
from analysis.study.complaint_parts import complaint_parts
from analysis.study.complaint_process import complaint_course
from analysis.study.complaint_repeats import complaint_repeats
from analysis.study.complaint_rules import complaint_rules
from analysis.study.complaint_stakes import ALL, complaint_stakes
from analysis.study.complaint_time import complaint_times
from analysis.study.complaint_volume import complaint_volume
from analysis.study.complaints import complaints
from analysis.study.parameters import refuse_odd

pytestmark = pytest.mark.filterwarnings("error")
AS_OF = dt.date(2025, 6, 30)
LIMITS = [Limit((15, 30, 60), dt.date(2020, 3, 1))]
PLAIN = {
    "channel": "phone", "category": "service", "severity": 2, "first_handler": "S1", "handler": "S1", "handoffs": 0,
    "escalated_at": None, "resolved_at": None, "reopened_at": None, "revisited_at": None, "extension_approved_at": None,
    "extended_until": None, "referred_by_regulator": False,
}  # fmt: skip


def bank(size: int, seed: int = 1, monthly: float = 0.03, months: int = 30):
    """Customers of eight branches, and their complaints at random, which are resolved after a week or so or never."""
    random = np.random.default_rng(seed)
    ids = [f"C{number:05}" for number in range(size)]
    customers = pd.DataFrame({"customer_id": ids, "branch_id": random.choice([f"B{n}" for n in range(8)], size)}).assign(
        opened_date=pd.Timestamp("2015-01-01"), closed_date=pd.NaT
    )
    count = random.poisson(size * monthly * months)
    received = pd.Timestamp("2025-07-01") - pd.to_timedelta(random.uniform(0, months * 30.4, count), unit="D")
    took = np.where(random.random(count) < 1 / 12, np.nan, random.lognormal(np.log(8), 0.8, count))
    table = pd.DataFrame(PLAIN, index=range(count)).assign(
        complaint_id=[f"G{number:05}" for number in range(count)], customer_id=random.choice(ids, count), received_at=received,
        resolved_at=received + pd.to_timedelta(took, unit="D"), category=random.choice(["service", "pricing", "system"], count),
        severity=random.integers(1, 6, count), handoffs=random.poisson(0.5, count), referred_by_regulator=random.random(count) < 0.05,
    )  # fmt: skip
    return table, customers


def rows_of(received, **columns) -> pd.DataFrame:
    """Described complaints received on these days, each its own customer's unless columns say otherwise."""
    table = pd.DataFrame(PLAIN, index=range(len(received))).assign(
        complaint_id=[f"G{n:05}" for n in range(len(received))], customer_id=[f"C{n:05}" for n in range(len(received))],
        received_at=pd.to_datetime(received), **columns,
    )  # fmt: skip
    dates = [name for name in table if name.endswith(("_at", "_until"))]
    return described(table.assign(**{name: pd.to_datetime(table[name]) for name in dates}), AS_OF)


def test_few_open_complaints_of_an_earlier_month_are_not_told_nor_few_resolved_in_one():
    old = ["2024-01-05"] * 4 + ["2024-03-05"] * 40
    resolved = ["2024-12-01"] * 4 + ["2024-06-10"] * 40
    lately = rows_of(old + ["2025-06-10"] * 30, resolved_at=resolved + [None] * 30)
    found = complaint_backlog(lately, AS_OF)
    first, before_last, last = found.table.iloc[0], found.table.iloc[-2], found.table.iloc[-1]
    assert np.isnan(first["open"])
    assert last["open"] == 30
    assert before_last["open"] == 0
    assert "twelve months" not in str(backlog_findings(found)[0].text)
    assert "30 complaints are open" in str(backlog_exhibit(found).title)
    some = rows_of(["2024-01-05"] * 60, resolved_at=["2025-06-10"] * 7 + [None] * 53)
    assert np.isnan(complaint_backlog(some, AS_OF).table.iloc[-1]["left"])
    assert np.isnan(complaint_backlog(some, AS_OF).table.iloc[-1]["received"])


def test_a_rule_within_another_is_not_told_where_what_is_left_between_them_is_few():
    received = ["2025-03-03"] * 60
    escalated = ["2025-03-04"] * 30 + ["2025-03-20"] * 5 + [None] * 25
    rows = rows_of(received, severity=5, escalated_at=escalated)
    table = complaint_rules(rows, LIMITS, AS_OF, 12, Process()).table.set_index("rule")
    assert table.loc["grave_late", "value"] == 0.5
    assert np.isnan(table.loc["grave_never", "value"])
    more = rows_of(received, severity=5, escalated_at=["2025-03-04"] * 30 + ["2025-03-20"] * 12 + [None] * 18)
    table = complaint_rules(more, LIMITS, AS_OF, 12, Process()).table.set_index("rule")
    assert table.loc["grave_never", "value"] == 0.3


def test_a_rule_that_applies_to_few_has_no_row_and_few_repeats_no_base():
    referred = [True] * 4 + [False] * 76
    customers = [f"C{max(n, 3):05}" for n in range(80)]
    rows = (
        rows_of(["2025-03-03"] * 80, referred_by_regulator=referred, customer_id=customers)
        if False
        else rows_of(["2025-03-03"] * 80, referred_by_regulator=referred)
    )
    assert "referred_over_limit" not in complaint_rules(rows, LIMITS, AS_OF, 12, Process()).table["rule"].to_list()
    early = rows_of([f"2023-0{1 + n % 9}-10" for n in range(60)] + ["2025-03-03"] * 60)
    again = early.assign(customer_id=[*early["customer_id"][:-4], *early["customer_id"].iloc[-8:-4]])
    table = complaint_repeats(again, AS_OF, 12, 90).table.set_index("kind")
    assert np.isnan(table.loc["repeat", "value"])
    assert pd.isna(table.loc["repeat_same", "base"])
    assert table.loc["repeat", "base"] == 60


def test_a_share_settled_by_a_day_is_not_told_where_few_were_since_the_last_one_told():
    took = np.repeat([5.0, 20.0, 45.0, np.nan], [60, 4, 30, 40])
    received = pd.Timestamp("2025-01-05")
    rows = rows_of([received] * len(took), resolved_at=received + pd.to_timedelta(took, unit="D"))
    within = complaint_times(rows, AS_OF, 12).within
    assert within[15].value is not None
    assert within[30].value is None
    assert within[60].value is not None


def test_one_group_whose_share_is_not_told_hides_a_second():
    rows = rows_of(
        ["2025-01-05"] * 150, category=["service"] * 60 + ["pricing"] * 50 + ["system"] * 40,
        resolved_at=["2025-01-10"] * 30 + [None] * 30 + ["2025-01-10"] * 25 + [None] * 25 + ["2025-01-10"] * 3 + [None] * 37,
    )  # fmt: skip
    groups = complaint_times(rows, AS_OF, 12).groups.set_index("code")
    assert groups.loc[["service", "pricing", "system"], "within_15"].isna().tolist() == [False, True, True]


def test_a_month_of_few_complainers_hides_another_of_the_same_period():
    received, customers = bank(1500)
    month = received["received_at"].between("2025-03-01", "2025-04-01")
    rows = described(received[~month | (received.index.isin(received.index[month][:5]))], AS_OF)
    shown = complaint_volume(rows, customers, AS_OF, 12).months.set_index("month")["is_shown"]
    assert not shown["2025-03-31"]
    assert (~shown["2024-07-31":]).sum() == 2
    assert shown[:"2024-06-30"].all()


def test_a_change_is_not_told_where_few_complained_so_before():
    received, customers = bank(1500)
    is_few = (received["category"] == "pricing") & (received["received_at"] < "2024-07-01")
    kept = received[~is_few | received.index.isin(received.index[is_few & (received["received_at"] >= "2023-07-01")][:5])]
    rows = described(kept, AS_OF)
    parts = complaint_parts(rows, customers, AS_OF, complaint_volume(rows, customers, AS_OF, 12))
    causes = parts[parts["way"] == "category"].set_index("code")["change"]
    assert np.isnan(causes["pricing"])
    assert causes.isna().sum() == 2


def test_thirds_of_branches_whose_marks_few_gave_say_none():
    received, customers = bank(1500)
    many = customers[customers["branch_id"] == "B0"].head(40)
    for home in (many, pd.concat([many, customers[customers["branch_id"] != "B0"].groupby("branch_id").head(2)])):
        ids = home["customer_id"].to_numpy()
        surveys = pd.DataFrame({"response_id": ids, "customer_id": ids, "answered_date": pd.Timestamp(AS_OF), "overall": 8.0})
        found = silence_exhibit(complaint_branches(described(received, AS_OF), customers, surveys, {}, AS_OF))
        assert (found.frame["mark"].notna() == (found.frame["answers"] >= 10)).all()
        assert not found.frame["answers"].between(1, 9).any()
        assert "contented customers?" in str(found.title)


def test_causes_are_hidden_by_customers_not_by_complaints():
    received, _ = bank(1500)
    few = received["category"] == "pricing"
    received.loc[few, "customer_id"] = [f"C{n % 4:05}" for n in range(few.sum())]
    found = complaint_stakes(received, {}, AS_OF, ChurnRule())
    assert "pricing" not in found.table["cause"].to_list()
    assert len(found.table) == 1
    assert complaint_stakes(received[few], {}, AS_OF, ChurnRule()) is None


def test_a_customer_with_two_causes_counts_once_among_those_who_left_in_all(simulate_history):
    history = simulate_history(1500)
    day = sorted(history)[-3]
    customers = history[day]["customer_id"].head(600)
    table = pd.DataFrame(
        {"complaint_id": [f"G{n}" for n in range(1200)], "customer_id": [*customers, *customers], "category": ["service"] * 600 + ["system"] * 600,
         "received_at": [pd.Timestamp(day) - pd.Timedelta(days=3 + n // 600) for n in range(1200)]}
    )  # fmt: skip
    left = complaint_stakes(table, history, max(history), ChurnRule()).left.set_index("cause")
    assert left.loc[ALL, "left_base"] == left.loc["service", "left_base"] == left.loc["system", "left_base"]
    assert left.loc[ALL, "left"] == left.loc["service", "left"]


def test_few_who_wrote_a_phrase_before_cannot_be_worked_out_from_its_limits():
    told = [more_often([30], [before], 300, 1500, told_from=10).iloc[0] for before in (1, 5, 9)]
    assert len({round(row["low"], 9) for row in told}) == 1
    assert all(np.isinf(row["high"]) for row in told)
    assert told[0]["low"] <= more_often([30], [1], 300, 1500).iloc[0]["low"]
    assert np.isfinite(more_often([30], [10], 300, 1500, told_from=10).iloc[0]["high"])


def test_complaints_of_few_customers_or_of_none_end_in_a_sentence():
    received, customers = bank(1500)
    with pytest.raises(NotProduced, match="Fewer than 10 customers complained"):
        complaints(received.assign(customer_id=customers["customer_id"][0]), customers, None, {}, LIMITS, AS_OF)
    assert complaints(received.assign(customer_id=None), customers, None, {}, LIMITS, AS_OF).volume is not None
    assert complaints(received, customers.head(0), None, {}, LIMITS, AS_OF).volume.absent
    assert complaints(received, customers.assign(closed_date=pd.Timestamp("2020-01-01")), None, {}, LIMITS, AS_OF).volume.absent
    one = received.assign(customer_id="C1", text="the queue was far too long again")
    with pytest.raises(NotProduced):
        complaint_causes(Received(one), {}, (), AS_OF, ChurnRule(), 20)
    bare = received[["complaint_id", "customer_id", "received_at"]]
    assert complaint_causes(Received(bare), {}, (), AS_OF, ChurnRule(), 20).complaint_satisfaction.absent


def test_revisits_that_all_came_before_the_resolution_are_none():
    received, _ = bank(1500)
    rows = described(received.assign(resolved_at=pd.Timestamp("2025-06-29"), revisited_at=received["received_at"]), AS_OF)
    assert complaint_course(rows, AS_OF, 12, Process()).revisit.value is None


@pytest.mark.parametrize(
    "odd",
    [{"window_months": 0}, {"window_months": 10**6}, {"replicates": 0}, {"replicates": 1}, {"seed": -1}, {"seed": 2**32}],
    ids=str,
)
def test_a_parameter_that_cannot_be_is_refused_in_one_sentence(odd):
    name = next(iter(odd))
    with pytest.raises(UserError, match=rf"^{name} is -?\d+; it must lie between \d+ and \d+, such as \d+\.$"):
        refuse_odd(**odd)


def test_parameters_that_a_report_does_not_have_are_not_asked_for():
    refuse_odd(window_months=12)
    refuse_odd(replicates=2, seed=0)


def test_a_category_of_any_words_makes_a_plain_id():
    assert (id_of("<script> a.b"), id_of("service"), id_of(""), id_of("服务 形式")) == (
        "script_a_b",
        "service",
        "not_stated",
        "服务_形式",
    )
