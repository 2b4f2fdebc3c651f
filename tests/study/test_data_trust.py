"""The report on the data, from counters written out by hand: scores, the worst defects, what got worse, who is who."""

import dataclasses
import datetime as dt

import pandas as pd
import pytest

from analysis.errors import NotProduced
from analysis.finding import Exhibit
from analysis.report import charts, tables
from analysis.stats.intervals import difference_of_shares, wilson
from analysis.study import trust_defects, trust_records, trust_scores
from analysis.study.data_trust import DataTrust, Measured, data_trust
from analysis.wording import render, say

AS_OF = dt.date(2025, 6, 30)
LATE, EARLY = dt.date(2025, 5, 31), dt.date(2025, 2, 28)
COLUMNS = ["rule", "table", "column", "dimension", "source", "branch_id", "month", "checked", "failed"]
WORDS = {
    "parties.phone.empty": say("telephone number is empty"),
    "parties.phone.disagrees": say("{column} differs", column="phone"),
    "balances.month.gap": say("the month before is missing"),
}
SECRETS = ("P000123", "C00001", "赵敏")


def counted(*rows: tuple) -> pd.DataFrame:
    """Counters from (rule or table, dimension, source, branch_id, month, checked, failed)."""
    frame = pd.DataFrame(rows, columns=["rule", "dimension", "source", "branch_id", "month", "checked", "failed"])
    parts = frame["rule"].str.split(".", expand=True)
    return frame.assign(table=parts[0], column=parts.get(1))[COLUMNS].astype({"month": "datetime64[us]"})


@pytest.fixture
def quality() -> pd.DataFrame:
    own = [
        ("parties", "rows", source, f"B{branch}", month, 40, failed + (8 if branch == 0 and source == "core" else 0))
        for branch in range(6)
        for month in (EARLY, LATE)
        for source, failed in (("core", 2), ("cards", 20))
    ]
    return counted(
        *own,
        ("parties", "rows", "survey", "B0", LATE, 4, 1),
        ("parties.phone.empty", "completeness", "cards", "B0", EARLY, 500, 20),
        ("parties.phone.empty", "completeness", "cards", "B0", LATE, 500, 60),
        ("parties.phone.disagrees", "consistency", "cards", "B1", LATE, 400, 40),
        ("parties.phone.disagrees", "consistency", "cards", "B1", EARLY, 400, 38),
        ("balances", "rows", None, None, EARLY, 1000, 0),
        ("balances", "rows", None, None, LATE, 1000, 5),
        ("balances", "rows", None, None, dt.date(2025, 4, 30), 5, 5),
        ("balances.month.gap", "timeliness", None, None, LATE, 1000, 5),
    )


@pytest.fixture
def touched() -> pd.DataFrame:
    rows = [("parties.phone.empty", number) for number in range(20)] + [
        ("parties.phone.disagrees", number) for number in range(10, 22)
    ]
    rows += [("balances.month.gap", number) for number in range(5)]
    frame = pd.DataFrame(rows, columns=["rule", "number"])
    return frame.assign(customer_id=frame["number"].map("C{:05}".format), month=LATE, failed=1).drop(columns="number")


@pytest.fixture
def customers() -> pd.DataFrame:
    """Forty open customers; those from the tenth on hold nearly all."""
    assets = [1.0] * 10 + [100.0] * 30
    return pd.DataFrame({"customer_id": [f"C{number:05}" for number in range(40)], "assets_3m": assets})


@pytest.fixture
def identity() -> pd.DataFrame:
    """Sixty customers of two departments; the first fifteen are held twice by cards."""
    rows = [(source, f"{source}{number}", f"C{number:05}", 0.99) for number in range(60) for source in ("core", "cards")]
    rows += [("cards", f"P{number:06}", f"C{number:05}", 0.9) for number in range(15)]
    return pd.DataFrame(rows, columns=["source", "source_id", "customer_id", "probability"])


STATED = {
    "records": 135, "customers": 60, "to_review": 7, "threshold": 0.8, "overrides": 0, "groups_held_back": [],
    "accuracy": {name: {"value": 0.99, "low": 0.98, "high": 1.0, "base": 75} for name in ("precision", "recall", "blocking")},
}  # fmt: skip


@pytest.fixture
def report(quality, touched, identity, simulate_history) -> DataTrust:
    measured = Measured(quality, touched, WORDS, identity, STATED)
    return data_trust(measured, simulate_history(300), {"B0": "First Branch"}, {}, AS_OF)


def test_a_table_s_score_is_its_rows_without_a_defect_and_the_least_sound_leads(quality):
    scores = trust_scores.by_table(quality)
    assert scores["table"].tolist() == ["parties", "balances"]
    parties = scores.iloc[0]
    rows = quality[quality["table"].eq("parties") & quality["dimension"].eq("rows")]
    checked, failed = int(rows["checked"].sum()), int(rows["failed"].sum())
    assert (parties["value"], parties["low"], parties["high"], parties["base"]) == wilson(checked - failed, checked)
    assert parties["completeness"] == pytest.approx(1 - 80 / 1000)
    assert pd.isna(parties["uniqueness"])
    first, second = trust_scores.table_findings(scores)
    assert (first.id, first.is_headline, first.base_of) == ("quality.parties", True, "rows")
    assert (second.id, second.is_headline) == ("quality.balances", False)
    assert first.low < first.value < first.high


def test_departments_are_compared_where_they_hold_enough(quality):
    shown = trust_scores.departments_exhibit(quality)
    assert shown.frame["label"].tolist() == ["cards", "core"]
    assert shown.frame["value"].tolist() == pytest.approx([0.5, 1 - 40 / 480])
    assert not shown.frame["is_noise"].any()
    assert trust_scores.departments_exhibit(quality[quality["source"].ne("cards")]).absent is not None


def test_a_department_within_noise_of_the_whole_is_told_as_such():
    """Of 400 records each, 40 failing against 28.3 on average: beyond 95% alone, within it with three compared."""
    rows = [("parties", "rows", source, "B0", LATE, 400, failed) for source, failed in (("core", 23), ("cards", 22), ("web", 40))]
    assert wilson(360, 400).high < 1 - 85 / 1200
    assert trust_scores.departments_exhibit(counted(*rows)).frame.set_index("label")["is_noise"].to_dict() == {
        "web": True, "core": True, "cards": True,
    }  # fmt: skip


def test_a_branch_outside_the_limits_is_named_and_the_others_are_not_ranked(quality):
    worse = quality.copy()
    worse.loc[worse["branch_id"].eq("B3") & worse["dimension"].eq("rows"), "failed"] = 30
    units = trust_scores.branches_exhibit(worse, {"B3": "Third Branch"}).frame.query("part == 'unit'")
    assert units.loc[units["outside"].eq("below"), "label"].tolist() == ["Third Branch"]
    between = trust_scores.branches_exhibit(quality, {}).frame
    own = between[between["label"].eq("B0")].iloc[0]
    limits = between[between["part"].eq("limit") & between["size"].eq(own["size"])].iloc[0]
    assert limits["low998"] < own["value"] < limits["low95"]
    assert own["outside"] == ""
    few = quality[quality["branch_id"].isin(["B0", "B1"])]
    assert trust_scores.branches_exhibit(few, {}).absent is not None


def test_a_month_of_few_rows_is_not_drawn(quality):
    frame = trust_scores.months_exhibit(quality).frame
    assert frame["x"].tolist() == [EARLY, LATE, EARLY, LATE]
    assert frame["value"].tolist() == pytest.approx([1, 0.995, 1 - 140 / 480, 1 - 141 / 484])


def test_the_four_tables_with_the_most_defects_are_drawn_for_two_years():
    failing = {"contacts": 5, "balances": 1, "parties": 9, "surveys": 3, "complaints": 2, "branches": 0}
    days = (dt.date(2023, 5, 31), dt.date(2023, 6, 30), LATE)
    rows = [(table, "rows", None, None, day, 100, failed) for table, failed in failing.items() for day in days]
    frame = trust_scores.months_exhibit(counted(*rows)).frame
    assert {name.render() for name in frame["series"]} == {"Contacts", "Departments' records", "Surveys", "Complaints"}
    assert sorted(set(frame["x"])) == list(days[1:])
    sound = counted(*(row for row in rows if row[-1] == 0))
    assert trust_scores.months_exhibit(sound).absent is not None


def test_the_worst_defect_touches_the_most_assets_and_few_customers_are_not_told(quality, touched, customers):
    found = trust_defects.defects(quality, touched, customers).set_index("rule")
    assert found.index.tolist() == ["parties.phone.disagrees", "parties.phone.empty", "balances.month.gap"]
    whole = customers["assets_3m"].sum()
    assert found.loc["parties.phone.disagrees", "assets_share"] == pytest.approx(1200 / whole)
    assert found.loc["parties.phone.empty", "customers_share"] == 0.5
    assert (found.loc["parties.phone.empty", "failed"], found.loc["parties.phone.empty", "checked"]) == (80, 1000)
    assert found.loc["balances.month.gap", ["customers_share", "assets_share"]].isna().all()
    shown = trust_defects.worst_exhibit(found.reset_index(), WORDS).frame.set_index("rule")
    assert shown.loc["balances.month.gap", "touched"].render() == "few"
    assert shown.loc["parties.phone.empty", ["touched", "failed"]].tolist() == [say("{n:count}", n=20), 80]
    assert pd.isna(shown.loc["balances.month.gap", "failed"])
    assert pd.isna(shown.loc["balances.month.gap", "share"])


def test_the_worst_finding_is_a_share_of_all_open_customers(quality, touched, customers):
    (told,) = trust_defects.worst_finding(trust_defects.defects(quality, touched, customers), WORDS)
    assert (told.id, told.value, told.base) == ("quality.worst", 12 / 40, 40)
    assert "39.9% of assets" in told.text.render()
    without = trust_defects.defects(quality, touched, customers.drop(columns="assets_3m"))
    assert "of assets" not in trust_defects.worst_finding(without, WORDS)[0].text.render()
    assert without["rule"].iloc[0] == "parties.phone.empty"


def test_nobody_is_touched_in_a_bank_without_customers(quality, touched):
    nobody = trust_defects.defects(quality, touched, pd.DataFrame({"customer_id": []}, dtype="string"))
    assert nobody["customers"].eq(0).all()
    assert trust_defects.worst_finding(nobody, WORDS) == []


def test_what_got_worse_is_told_with_all_defects_compared_at_once(quality):
    found = trust_defects.changes(quality)
    assert found["rule"].tolist() == ["parties.phone.empty", "parties.phone.disagrees"]
    alone = difference_of_shares(60, 500, 20, 500)
    first = found.iloc[0]
    assert (first["before"], first["now"], first["value"]) == pytest.approx((0.04, 0.12, 0.08))
    assert first["low"] < alone.low < alone.high < first["high"]
    (told,) = trust_defects.change_finding(found, WORDS)
    assert (told.id, told.value) == ("quality.worse", 1)
    assert "12.00% after 4.00%" in told.text.render()


def test_the_last_three_months_are_held_against_the_three_before_where_ten_rows_fail():
    months = pd.date_range("2024-10-31", "2025-05-31", freq="ME")
    failing = {"parties.phone.empty": (90, 90, 1, 2, 3, 20, 20, 20), "parties.phone.disagrees": (90, 90, 1, 2, 3, 1, 3, 5)}
    rows = [
        (rule, "validity", "core", None, month, 100, failed)
        for rule, counts in failing.items()
        for month, failed in zip(months, counts, strict=True)
    ]
    (row,) = trust_defects.changes(counted(*rows)).itertuples()
    assert (row.rule, row.before, row.now, row.base) == ("parties.phone.empty", 6 / 300, 60 / 300, 300)
    assert (row.value, row.low, row.high) == pytest.approx(difference_of_shares(60, 300, 6, 300)[:3])


def test_nothing_got_worse_where_nothing_did_or_nothing_can_be_compared(quality):
    steady = quality[quality["rule"].ne("parties.phone.empty")]
    (told,) = trust_defects.change_finding(trust_defects.changes(steady), WORDS)
    assert (told.value, told.text.render()[:9]) == (0, "No defect")
    for nothing in (quality[quality["month"].isna()], quality[quality["month"].dt.date.eq(LATE)]):
        assert trust_defects.changes(nothing).empty
        assert trust_defects.worse_exhibit(trust_defects.changes(nothing), WORDS).absent is not None
    assert trust_defects.change_finding(trust_defects.changes(quality.head(0)), WORDS) == []


def test_departments_agree_as_often_as_records_hold_the_common_value(quality):
    (row,) = trust_records.agreement(quality).itertuples()
    assert (row.value, row.low, row.high, row.base) == wilson(722, 800)
    assert trust_records.agreement_exhibit(quality.query("source != 'cards'")).absent is not None


def test_customers_are_counted_by_their_records_and_doubles_told_from_ten_on(identity):
    shown = trust_records.records_exhibit(identity, STATED)
    assert shown.frame[["size", "customers"]].to_numpy().tolist() == [[2, 45], [3, 15]]
    assert shown.frame["sure"].tolist() == [1.0, 0.0]
    assert "7 pairs wait" in shown.title.render()
    assert trust_records.record_findings(identity, STATED)[-1].value == 15 / 60
    few = identity[~identity["source_id"].isin([f"P{number:06}" for number in range(6, 15)])]
    assert trust_records.records_exhibit(few, STATED).frame.empty
    assert "identity.repeated" not in {told.id for told in trust_records.record_findings(few, STATED)}


def test_the_report_shows_every_exhibit_in_both_languages_and_names_nobody(report):
    marks = {"departments": charts.intervals, "agreement": charts.intervals, "worse": charts.intervals,
             "branches": charts.funnel, "months": charts.lines}  # fmt: skip
    shown = []
    for name in (field.name for field in dataclasses.fields(report)):
        if isinstance(exhibit := getattr(report, name), Exhibit):
            assert exhibit.name == name
            shown.append(str(marks.get(name, tables.table)(exhibit)._repr_mimebundle_()))
            shown += [render(exhibit.title, "zh"), render(exhibit.subtitle, "zh")]
    shown += [told.text.render(language) for told in report.findings for language in ("en", "zh")]
    text = " ".join(shown)
    assert not [secret for secret in SECRETS if secret in text]
    ids = [told.id for told in report.findings]
    assert len(ids) == len(set(ids))
    assert {"quality.parties", "quality.worst", "quality.worse", "identity.precision", "identity.recall"} <= set(ids)
    assert {told.exhibit for told in report.findings} <= {field.name for field in dataclasses.fields(report)}
    assert all(told.is_disclosable and told.base is not None for told in report.findings)


def test_a_bank_without_departments_or_customers_still_has_its_report(quality, touched):
    alone = quality[quality["table"].eq("balances")]
    report = data_trust(Measured(alone, touched.head(0), WORDS, _nobody(), {}), {}, {}, {}, AS_OF)
    assert {told.id for told in report.findings} == {"quality.balances"}
    for name in ("departments", "branches", "agreement", "records"):
        assert getattr(report, name).absent is not None


def test_a_bank_of_which_nothing_was_measured_has_none(quality, touched, told):
    with pytest.raises(NotProduced) as refused:
        data_trust(Measured(quality.head(0), touched, WORDS, _nobody(), {}), {}, {}, {}, AS_OF)
    told(refused.value)


def _nobody() -> pd.DataFrame:
    return pd.DataFrame(columns=["source", "source_id", "customer_id", "probability"])
