import dataclasses
import datetime as dt

import numpy as np
import pandas as pd
import pytest

from analysis.calendar import months_before
from analysis.errors import NotProduced
from analysis.finding import DISCLOSURE_THRESHOLD
from analysis.study.churn import ChurnRule
from analysis.study.churn_agreement import agreement, agreement_findings, signs
from analysis.study.churn_cohorts import balance_cells, cohorts, kept_cells
from analysis.study.churn_curves import first_day, incidence, monthly, overstated, ways_findings
from analysis.study.churn_groups import ANY, _groups_title, comparisons, grouped, groups_exhibit, shown_groups
from analysis.study.churn_lives import lives, months_between
from analysis.study.churn_returns import return_findings, return_shares, returns
from analysis.study.churn_tenure import tenure_findings, tenures
from analysis.study.leaving import Leaving, leaving

AS_OF = dt.date(2025, 6, 30)
DAYS = [months_before(AS_OF, 3 * step) for step in range(8, -1, -1)]
RULE = ChurnRule(horizon_months=6, dormant_days=180, run_off_share=0.8)
EDGES = {"affluent": 100000.0}


@pytest.fixture
def followed(customers):
    """History of customers told by what changes, and from which landmark on (1 is the second)."""

    def make(**changes: tuple[int, dict]) -> dict:
        return {
            day: customers(**{name: row if number >= since else {} for name, (since, row) in changes.items()})
            for number, day in enumerate(DAYS)
        }

    return make


@pytest.fixture(scope="module")
def history(simulate_history):
    made = simulate_history(size=1500, seed=4)
    opened = {day: pd.Timestamp(day) - pd.to_timedelta(frame["tenure_months"] * 30.4375, unit="D") for day, frame in made.items()}
    return {day: frame.assign(opened_date=opened[min(made)].to_numpy()) for day, frame in made.items()}


def way_of(table: pd.DataFrame, name: str):
    row = table.set_index("customer_id").loc[name]
    return row["way"], row["left_on"].date()


def test_each_customer_leaves_once_in_the_way_and_on_the_day_that_came_first(followed):
    closes = {"closed_date": "2024-01-15", "exit_reason": "fees"}
    table = lives(
        followed(
            stays=(9, {}), closes=(3, closes), moves=(3, {**closes, "exit_reason": "relocation"}),
            sleeps=(4, {"recency_days": 200.0}), drains=(2, {"assets_3m": 2000.0}), nearly=(2, {"assets_3m": 2001.0}),
        ),
        AS_OF, RULE,
    )  # fmt: skip
    assert way_of(table, "stays") == (None, AS_OF)
    assert way_of(table, "closes") == ("closed", dt.date(2024, 1, 15))
    assert way_of(table, "moves") == ("involuntary", dt.date(2024, 1, 15))
    assert way_of(table, "sleeps") == ("dormant", DAYS[4] - dt.timedelta(days=20))
    assert way_of(table, "drains") == ("run_off", DAYS[2])
    assert way_of(table, "nearly") == (None, AS_OF)


def test_a_dormant_customer_cleared_later_left_when_it_fell_silent(followed, customers):
    made = followed(cleared=(3, {"recency_days": 180.0}))
    made[DAYS[-1]] = customers(cleared={"closed_date": "2025-06-01", "exit_reason": "cleared", "recency_days": 800.0})
    assert way_of(lives(made, AS_OF, RULE), "cleared") == ("dormant", DAYS[3])


def test_customers_enter_at_the_first_landmark_at_which_they_are_at_risk(followed, customers):
    made = followed(old=(9, {}), late=(9, {}))
    for day in DAYS[:2]:
        made[day] = customers(old={}, late={"tenure_months": 3.0})
    table = lives(made, AS_OF, RULE).set_index("customer_id")
    assert table["entered"].dt.date.to_dict() == {"old": DAYS[0], "late": DAYS[2]}


def test_months_from_a_months_end_to_another_are_whole_numbers():
    start, end = pd.Series(pd.to_datetime(["2023-06-30", "2024-02-29"])), pd.Series(pd.to_datetime(["2025-06-30", "2024-03-31"]))
    assert months_between(start, end).tolist() == pytest.approx([24, 1])


def test_shares_of_ways_are_counts_where_all_are_seen_to_the_end_and_add_up_to_those_who_left(history):
    cohort = first_day(lives(history, AS_OF, RULE))
    table = incidence(cohort, 24).set_index("way")
    for name, row in table.iterrows():
        assert row["value"] == pytest.approx(cohort["way"].eq(name).mean(), abs=1e-12)
    assert table["value"].sum() == pytest.approx(cohort["way"].notna().mean(), abs=1e-12)
    total = overstated(cohort).iloc[-1]
    assert total["alone"] > total["value"] + 0.01


def test_two_dates_whose_difference_is_few_are_not_both_told():
    def told(after_a_year: int) -> set[str]:
        months, way = [6.0] * 12 + [18.0] * after_a_year + [24.0] * 200, ["closed"] * (12 + after_a_year) + [None] * 200
        frame = pd.DataFrame({"months": months, "way": way, "entered": pd.Timestamp("2023-06-30")})
        return {finding.id for finding in ways_findings(frame, {})}

    assert told(9) == {"leaving.any.24m", "leaving.closed.24m"}
    assert told(10) == {"leaving.any.12m", "leaving.closed.12m", "leaving.any.24m", "leaving.closed.24m"}


def test_a_monthly_curve_keeps_no_single_day():
    curve = pd.DataFrame({"time": [0.5, 1.0, 2.2], "value": [0.1, 0.2, 0.3], "low": [0.05] * 3, "high": [0.4] * 3})
    shown = monthly(curve, 3.0, 0.0)
    assert shown["time"].tolist() == [0, 1, 2, 3]
    assert shown["value"].tolist() == [0, 0.2, 0.2, 0.3]


def test_dormant_who_pay_again_come_back_and_who_closes_does_not(followed):
    made = followed(
        back=(4, {"recency_days": 10.0}), away=(9, {}), gone=(4, {"closed_date": "2024-06-01", "recency_days": 5.0}),
        half=(5, {"assets_3m": 6000.0}), less=(5, {"assets_3m": 5999.0}),
    )  # fmt: skip
    for number in range(3, 9):
        frame = made[DAYS[number]].set_index("customer_id")
        if number == 3:
            frame.loc[["back", "gone"], "recency_days"] = 185.0
        frame.loc["away", "recency_days"] = 185.0 + 91 * (number - 3)
        if number in (3, 4):
            frame.loc[["half", "less"], "assets_3m"] = 1000.0
        made[DAYS[number]] = frame.reset_index()
    table = returns(made, AS_OF, RULE, {}).set_index(["customer_id", "rule"])
    assert table.loc[("back", "dormant"), ["what", "months"]].tolist() == ["returned", 3]
    assert table.loc[("away", "dormant"), ["what", "months"]].tolist() == ["none", 15]
    assert table.loc[("gone", "dormant"), ["what", "months"]].tolist() == ["ended", 3]
    assert table.loc[("half", "run_off"), ["what", "months"]].tolist() == ["returned", 6]
    assert table.loc[("less", "run_off"), "what"] == "none"


def test_few_who_came_back_are_not_told():
    def lost(returned: int, size: int = 60) -> pd.DataFrame:
        what = ["returned"] * returned + ["none"] * (size - returned)
        return pd.DataFrame({"rule": "dormant", "months": np.where(np.array(what) == "returned", 3.0, 15.0), "what": what})

    assert return_shares(lost(9))["value"].isna().all()
    assert return_findings(return_shares(lost(9)), lost(9))[0].value is None
    assert return_shares(lost(12))["value"].tolist() == pytest.approx([0.2, 0.2])
    assert return_shares(lost(12, 29)).empty


def test_rules_are_evaluated_each_on_its_own_and_horizons_do_not_overlap(followed):
    made = followed(both=(7, {"recency_days": 200.0, "assets_3m": 0.0}), one=(7, {"recency_days": 200.0}), none=(9, {}))
    table = signs(made, AS_OF, RULE)
    assert sorted(table["day"].unique()) == [DAYS[2], DAYS[4], DAYS[6], DAYS[8]]
    last = table[table["day"].eq(AS_OF)].set_index("customer_id")
    assert last.loc["both", ["dormant", "run_off"]].tolist() == [True, True]
    assert last.loc["one", ["dormant", "run_off"]].tolist() == [True, False]
    assert last["ended"].isna().all()


def test_where_few_customers_are_both_neither_their_share_nor_kappa_is_told(history):
    found = agreement(history, AS_OF, RULE, {}, lives(history, AS_OF, RULE))
    both = found.rows[found.rows["question"].eq("also")]
    assert both["events"].lt(DISCLOSURE_THRESHOLD).all()
    kappa = agreement_findings(found)[0]
    assert (kappa.value is None) == bool(both["events"].gt(0).any())


def test_groups_are_taken_together_until_none_follows_from_the_others():
    cohort = pd.DataFrame(
        {
            "customer_id": range(400), "kind": ["personal"] * 360 + ["corporate"] * 40, "assets_3m": [1e5] * 50 + [1.0] * 350,
            "tenure_months": 30.0, "entered": pd.Timestamp("2023-06-30"), "months": 24.0, "way": None,
        }
    )  # fmt: skip
    cohort.loc[:3, "way"] = "closed"
    cohort.loc[100:139, "way"] = "closed"
    assert shown_groups(grouped(cohort, EDGES), "tier") == []
    cohort.loc[:9, "way"] = "closed"
    assert shown_groups(grouped(cohort, EDGES), "tier") == ["affluent", "mass"]
    assert shown_groups(grouped(cohort, EDGES), "cohort") == []


def test_no_small_count_of_a_group_and_way_follows_from_what_is_shown(history):
    cohort = grouped(first_day(lives(history, AS_OF, RULE)), EDGES)
    frame = groups_exhibit(cohort, comparisons(cohort)).frame
    told = frame.dropna(subset="value")
    events = (told["value"] * told["base"]).round()
    assert len(told)
    assert ((events == 0) | (events >= DISCLOSURE_THRESHOLD)).all()
    for _, own in frame.groupby(frame["group"].map(str)):
        assert own["value"].isna().sum() != 1


def test_late_entry_recovers_the_stay_that_is_overstated_without_it():
    """Half leave within ln 2 ÷ 0.2 years; watched for two years from a random age of the relation on."""
    random = np.random.default_rng(2)
    age, life = random.uniform(0.5, 15, 12000) * (random.random(12000) < 0.9) + 0.5, random.exponential(5, 12000) + 0.5
    here = life > age
    age, life = age[here], life[here]
    entered = pd.Timestamp("2023-06-30")
    watched = np.minimum(life - age, 2)
    people = pd.DataFrame(
        {
            "tenure_months": age * 12, "entered": entered, "left_on": entered + pd.to_timedelta(watched * 365.25, unit="D"),
            "way": np.where(life - age < 2, "closed", None),
        }
    )  # fmt: skip
    assert tenures(people)["entry"].min() == pytest.approx(0.5, abs=0.05)
    five = next(finding for finding in tenure_findings(people) if finding.id == "staying.5y")
    assert five.low < np.exp(-0.2 * 4.5) < five.high
    assert five.compare_to > 0.6


def test_cohorts_count_what_is_left_once_all_of_the_cohort_have_come_so_far():
    opened = pd.to_datetime(["2023-07-01"] * 40 + ["2023-12-31"] * 20 + ["2020-01-01"] * 40)
    closed = pd.to_datetime(["2024-02-01"] * 12 + [None] * 88)
    latest = pd.DataFrame({"customer_id": range(100), "opened_date": opened, "closed_date": closed})
    members = cohorts(latest, dt.date(2022, 7, 1), AS_OF)
    cells = kept_cells(members).set_index(["cohort", "months"])
    assert cells.loc[("2023-07-01", 6), ["value", "gone"]].tolist() == [1, 0]
    assert cells.loc[("2023-07-01", 12), ["value", "gone"]].tolist() == [0.8, 12]
    assert sorted(cells.loc["2023-07-01"].index) == [6, 12, 18]
    assert cells.loc[("earlier", 36), "value"] == 1
    balances = pd.DataFrame(
        [(who, month, "average", 100.0 if month < pd.Timestamp("2024-03-01") or who >= 12 else np.nan, 0.0)
         for who in range(60) for month in pd.date_range("2023-07-31", "2025-06-30", freq="ME")],
        columns=["customer_id", "month", "basis", "deposits", "wealth"],
    )  # fmt: skip
    held = balance_cells(members, balances).set_index(["cohort", "months"])
    assert held.loc[("2023-07-01", 12), "value"] == pytest.approx(0.8)
    assert held.loc[("2023-07-01", 12), "low"] < 0.8 < held.loc[("2023-07-01", 12), "high"]


def test_closings_between_two_columns_are_told_from_ten_on():
    closed = pd.to_datetime(["2024-02-01"] * 12 + ["2024-09-01"] * 5 + ["2025-01-01"] * 5 + [None] * 38)
    latest = pd.DataFrame({"customer_id": range(60), "opened_date": pd.Timestamp("2023-07-01"), "closed_date": closed})
    cells = kept_cells(cohorts(latest, dt.date(2022, 7, 1), AS_OF))
    assert cells[["months", "gone", "told"]].to_numpy().tolist() == [[6, 0, True], [12, 12, True], [18, 22, True]]
    closed = closed.where(closed != pd.Timestamp("2025-01-01"))
    cells = kept_cells(cohorts(latest.assign(closed_date=closed), dt.date(2022, 7, 1), AS_OF))
    assert cells["told"].tolist() == [True, True, False]


def test_the_report_of_a_bank_has_every_exhibit_or_its_reason(history):
    report = leaving(history, AS_OF, EDGES, RULE)
    exhibits = [getattr(report, field.name) for field in dataclasses.fields(Leaving) if field.name != "findings"]
    assert [exhibit.name for exhibit in exhibits if exhibit.frame is None and exhibit.absent is None] == []
    assert "brings no balances" in report.balances_kept.absent.render()
    ids = [finding.id for finding in report.findings]
    assert len(ids) == len(set(ids))
    assert {"leaving.any.24m", "leaving.closed.12m", "leaving.overstated", "staying.5y", "retention.mass.12m"} <= set(ids)
    assert all(finding.is_disclosable and finding.evidence == "description" for finding in report.findings)


def test_without_closings_and_silences_it_says_what_is_not_counted_and_with_few_leavers_that_they_are_few(simulate_history):
    made = simulate_history(size=300, seed=2, monthly_hazard=0.0003, only="run_off")
    made = {
        day: frame.assign(recency_days=5.0, opened_date=pd.Timestamp("2020-01-01"), closed_date=pd.NaT)
        for day, frame in made.items()
    }
    report = leaving(made, AS_OF, EDGES, RULE)
    few = next(finding for finding in report.findings if finding.id == "leaving.few")
    assert few.value is None
    assert "fewer than 10" in few.text.render()
    assert "closings are not recorded" in few.text.render()
    assert "record no closings" in report.customers_kept.absent.render()
    assert None not in [exhibit.absent for exhibit in (report.ways, report.agreement, report.returns, report.tenure)]


def test_a_bank_whose_data_tell_nobody_who_left_gets_no_report(customers):
    blind = {day: customers(a={}).drop(columns=["recency_days", "assets_3m"]) for day in DAYS}
    with pytest.raises(NotProduced, match="cannot tell who left"):
        leaving(blind, AS_OF, EDGES, RULE)
    with pytest.raises(NotProduced, match="needed: 30"):
        leaving({day: customers(a={"closed_date": "2025-01-01"} if day > DAYS[6] else {}) for day in DAYS}, AS_OF, EDGES, RULE)
    with pytest.raises(NotProduced, match="one landmark only"):
        leaving({AS_OF: customers(a={"closed_date": "2025-01-01"})}, AS_OF, EDGES, RULE)


def test_a_title_names_no_difference_whose_rows_are_not_shown():
    tests = pd.DataFrame({"grouping": ["tier", "kind", "tier"], "way": ["closed", "closed", ANY], "p": 0.001, "adjusted": 0.01})
    assert (
        _groups_title(tests, {"Closed, kinds of customer"}).render()
        == "Beyond noise, groups differ in: Closed (kinds of customer)"
    )
    assert _groups_title(tests, {"Dormant, tiers"}).render() == "Who leaves in which way?"
