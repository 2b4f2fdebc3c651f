import datetime as dt

import numpy as np
import pandas as pd
import pytest
from scipy.stats import norm

from analysis.study.satisfaction_unasked import answered_rows, predict, unasked
from analysis.study.satisfaction_unasked_exhibits import (
    unasked_beside_exhibit,
    unasked_exhibit,
    unasked_findings,
    unasked_validation_exhibit,
    unasked_where_exhibit,
)
from analysis.study.satisfaction_unasked_groups import group_means, low_chance, low_shares, unasked_by_group, unasked_groups
from analysis.wording import say

AS_OF = dt.date(2025, 6, 30)
DAYS = [dt.date(2024, 3, 31), dt.date(2024, 6, 30), dt.date(2024, 9, 30), dt.date(2024, 12, 31), dt.date(2025, 3, 31), AS_OF]
CUSTOMERS, ASKED = 1500, 160
CITIES = pd.DataFrame(
    {"branch_id": [f"B{number}" for number in range(20)], "city": [f"City {number // 5}" for number in range(20)]}
)


def book(seed: int = 1):
    """Features at landmarks that stay as they are, and the true mean mark of each customer: branch, complaint and digital share."""
    random = np.random.default_rng(seed)
    branch = random.integers(20, size=CUSTOMERS)
    features = pd.DataFrame(
        {
            "customer_id": [f"C{number}" for number in range(CUSTOMERS)], "kind": "personal", "closed_date": pd.NaT, "branch_id": [f"B{number}" for number in branch],
            "tenure_months": random.uniform(6, 120, CUSTOMERS), "age_years": random.uniform(20, 80, CUSTOMERS), "recency_days": 5.0,
            "transactions_30d": 4, "transactions_90d": random.poisson(12, CUSTOMERS), "transactions_365d": 48, "app_share": random.uniform(0, 1, CUSTOMERS), "web_share": 0.0,
            "assets_3m": random.lognormal(10, 1, CUSTOMERS), "assets_trend": 0.0, "products_held": random.integers(1, 6, CUSTOMERS),
            "complaints_365d": (random.random(CUSTOMERS) < 0.2).astype(int), "open_complaints": 0, "wait_minutes_90d": np.nan,
        }
    )  # fmt: skip
    true = 6.0 + 0.6 * random.standard_normal(20)[branch] - 0.8 * features["complaints_365d"] + 0.6 * features["app_share"]
    return dict.fromkeys(DAYS, features), pd.Series(true.to_numpy(), index=features["customer_id"])


def survey(true: pd.Series, seed: int = 2):
    """ASKED answers by lot a quarter."""
    random = np.random.default_rng(seed)
    rows = []
    for day in DAYS[:-1]:
        asked = random.choice(true.index, ASKED, replace=False)
        mark = np.clip(np.round(true[asked].to_numpy() + 1.2 * random.standard_normal(ASKED)), 1, 10)
        rows.append(
            pd.DataFrame({"customer_id": asked, "answered_date": pd.Timestamp(day) + pd.Timedelta(days=30), "overall": mark})
        )
    surveys = pd.concat(rows, ignore_index=True)
    surveys = surveys.assign(response_id=[f"R{number}" for number in surveys.index])
    return surveys, surveys[["response_id", "customer_id"]].assign(trigger="random")


@pytest.fixture(scope="module")
def made():
    history, true = book()
    surveys, invitations = survey(true)
    groups = unasked_groups(history[AS_OF], CITIES)
    found = unasked(surveys, invitations, history, replicates=60)
    return found, unasked_by_group(found, groups, surveys, invitations, AS_OF), groups, true


def test_what_behaviour_tells_is_found_and_calibrated(made):
    found, _, _, true = made
    assert found.predicts
    assert found.is_by_lot
    assert found.plain.r_squared.value < found.made.r_squared.low
    assert found.slope.low < 1 < found.slope.high
    assert found.shift.low < 0 < found.shift.high
    assert np.corrcoef(predict(found.model, found.customers), true[found.customers.index])[0, 1] > 0.8


def test_group_means_hold_the_truth_of_all_customers(made):
    """One survey: of 11 intervals at least 9, of all customers three standard errors (40 surveys: 0.98 covered, bias 0.000)."""
    _, told, groups, true = made
    labels = {str(heading): own.astype(str) for heading, own in groups.items()}
    hits = [
        row["low"] <= true[labels[str(row["group"])] == str(row["label"])].mean() <= row["high"]
        for _, row in told.means.iterrows()
    ]
    assert len(hits) == 11
    assert sum(hits) >= 9
    assert abs(told.whole.value - true.mean()) < 3 / 1.96 * (told.whole.high - told.whole.low) / 2
    assert told.means.loc[told.means["group"].map(str) == "Region", "base"].sum() == CUSTOMERS


def test_a_low_mark_is_a_prediction_with_its_scatter_below_six_and_a_half():
    assert low_chance(np.array([7.0, 7.5, 9.0]), np.array([-2.0, -1.0, 0.0, 3.0])).tolist() == [0.5, 0.25, 0.0]


def test_expected_low_marks_are_as_many_as_would_be_given(made):
    """The truth: with normal scatter of 1.2, rounded, a mark of 6 or less; one survey, three standard errors (20 surveys: 0.94 of the
    intervals hold it, bias 0.002). Among predictions alone low marks gather far more."""
    found, told, _, true = made
    chance = pd.Series(norm.cdf((6.5 - true) / 1.2), index=true.index)
    assert abs(told.all_low.value - chance.mean()) < 3 / 1.96 * (told.all_low.high - told.all_low.low) / 2
    complained = found.customers["complaint"].eq(1.0)
    way = complained.map({False: say("Did not"), True: say("Complained")})
    whole, table = low_shares(found, {say("Complaints"): way})
    row = table[table["label"].map(str) == "Complained"].iloc[0]
    assert row["gap_low"] < chance[complained].mean() - chance.mean() < row["gap_high"]
    assert row["gap"] == pytest.approx(row["value"] - whole.value)
    assert row["gap_low"] > 0
    marks = pd.Series(predict(found.model, found.customers), found.customers.index)
    assert (marks < marks.quantile(0.1))[complained].mean() / 0.1 > 1.5 * row["value"] / whole.value


def test_low_marks_of_groups_add_up_to_those_of_all(made):
    found = made[0]
    halves = pd.Series([say("One"), say("Other")] * (CUSTOMERS // 2), index=found.customers.index)
    whole, table = low_shares(found, {say("Half"): halves})
    assert (table["value"] * table["base"]).sum() == pytest.approx(whole.value * CUSTOMERS)
    assert table["low_share"].sum() == pytest.approx(1)


def test_small_groups_are_not_shown(made):
    found, _, _, _ = made
    few = pd.Series(say("Many"), index=found.customers.index)
    few.iloc[:5] = say("Few")
    nobody = pd.DataFrame({"customer_id": [], "overall": []})
    assert "Few" not in group_means(found, {say("Way"): few}, nobody)["label"].map(str).tolist()
    assert "Few" not in low_shares(found, {say("Way"): few})[1]["label"].map(str).tolist()


def test_sums_of_two_ways_do_not_tell_of_few(made):
    """Four customers whose half is not known would follow from the sum of the halves, or of the thirds of the others."""
    found, _, _, _ = made
    nobody = pd.DataFrame({"customer_id": [], "overall": []})
    number = np.arange(CUSTOMERS)
    half = pd.Series(np.where(number % 5 < 2, say("One"), say("Other")), index=found.customers.index)
    third = pd.Series([say(f"Third {place}") for place in number % 3], index=found.customers.index)
    third.iloc[200:] = np.nan
    for missing, other in ((slice(0, 4), {}), (slice(196, None), {say("Third"): third})):
        way = half.copy()
        way.iloc[missing] = np.nan
        groups = {say("Half"): way, **other}
        shown, low = group_means(found, groups, nobody), low_shares(found, groups)[1]
        assert shown.loc[shown["group"].map(str) == "Half", "label"].map(str).tolist() == ["Other"]
        assert "One" not in low["label"].map(str).tolist()
    assert len(group_means(found, {say("Half"): half}, nobody)) == 2


def test_findings_and_exhibits(made):
    found, told, _, _ = made
    findings = unasked_findings(found, told)
    ids = [one.id for one in findings]
    assert len(ids) == len(set(ids))
    assert {
        "unasked.mean",
        "unasked.r_squared",
        "unasked.slope",
        "unasked.rmse",
        "unasked.low",
        "unasked.region.city_0",
    } <= set(ids)
    assert all(one.low <= one.value <= one.high for one in findings)
    shown = [
        unasked_exhibit(found, told),
        unasked_beside_exhibit(found, told),
        unasked_validation_exhibit(found),
        unasked_where_exhibit(found, told),
    ]
    assert all(exhibit.absent is None for exhibit in shown)
    assert all("nan" not in str(exhibit.title) for exhibit in shown)


def test_marks_that_tell_nothing_are_said_to_tell_nothing(made):
    history, true = book()
    surveys, invitations = survey(true)
    shuffled = surveys.assign(overall=np.random.default_rng(5).permutation(surveys["overall"]))
    found = unasked(shuffled, invitations, history, replicates=20)
    told = unasked_by_group(found, made[2], shuffled, invitations, AS_OF)
    assert told is None
    findings = unasked_findings(found, told)
    assert {one.id for one in findings} <= {"unasked.r_squared", "unasked.rmse", "unasked.shift", "unasked.slope"}
    assert "no better than the mean alone" in str(findings[0].text)
    assert findings[0].is_headline
    assert unasked_exhibit(found, told).absent
    assert unasked_where_exhibit(found, told).absent


def test_behaviour_is_that_before_the_answer_and_staff_choose_nobody():
    history, true = book()
    surveys, invitations = survey(true)
    before = answered_rows(surveys, invitations, history)
    later = {day: frame.assign(products_held=99) if day > DAYS[1] else frame for day, frame in history.items()}
    after = answered_rows(surveys, invitations, later)
    early = before["landmark"] <= DAYS[1]
    pd.testing.assert_frame_equal(before[early], after[early])
    assert (after.loc[~early, "products"] == 99).all()
    by_staff = invitations.assign(trigger=["staff"] * 100 + ["random"] * (len(invitations) - 100))
    assert len(answered_rows(surveys, by_staff, history)) == len(before) - 100


def test_a_customer_unknown_before_the_answer_is_left_out():
    history, true = book()
    surveys, invitations = survey(true)
    stranger = surveys["customer_id"].iloc[0]
    known = {day: frame[frame["customer_id"] != stranger] if day == DAYS[0] else frame for day, frame in history.items()}
    rows = answered_rows(surveys, invitations, known)
    assert stranger not in rows.loc[rows["landmark"] == DAYS[0], "customer_id"].tolist()


def test_without_dates_or_with_few_answers_there_is_no_model():
    history, true = book()
    surveys, invitations = survey(true)
    assert unasked(surveys.assign(answered_date=pd.NaT), invitations, history) is None
    assert unasked(surveys.head(140), None, history) is None
    assert unasked_exhibit(None, None).absent
    assert unasked_findings(None, None) == []
