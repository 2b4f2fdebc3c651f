"""Prospects: what is known at first sight, the two models, ways to choose, what is told."""

import datetime as dt
from itertools import combinations

import numpy as np
import pandas as pd
import pytest

from analysis.bank.demo import prospects as demo
from analysis.errors import NotProduced, UserError
from analysis.stats.intervals import Estimate
from analysis.study import prospect_facts as facts_of
from analysis.study.prospect_exhibits import conversion_table, model_exhibit
from analysis.study.prospect_facts import (
    FACTORS,
    UNKNOWN,
    filled_in_later,
    first_year,
    monthly_contribution,
    prospect_facts,
    usable_factors,
)
from analysis.study.prospect_findings import relation_finding
from analysis.study.prospect_model import (
    chances_of,
    drawn_in,
    expected_value,
    fit_prospects,
    months_left,
    propensity,
    prospect_months,
)
from analysis.study.prospect_outlook import outlook
from analysis.study.prospect_policy import brought_of_expected, chosen, gain_curve, judged, log_interval, policy_totals, times
from analysis.study.prospect_policy_exhibits import gain_exhibit, record_words, why_not_judged
from analysis.study.prospects import prospects

AS_OF = dt.date(2025, 6, 30)
LOG_ODDS = {"A": 0.0, "B": 1.2, "C": -1.0}
COMPANY_LOG_ODDS, COMPANY_VALUE = -0.6, 5.0
MONTH = facts_of.DAYS_PER_MONTH


def simulated(n: int = 1800, seed: int = 3) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Prospects of 36 months who convert with known odds a month, and contributions log-normal with known means."""
    rng = np.random.default_rng(seed)
    source, company = rng.choice(list(LOG_ODDS), n), rng.random(n) < 0.25
    seen = pd.Timestamp("2022-07-01") + pd.to_timedelta(np.sort(rng.integers(0, 36 * 30, n)), unit="D")
    base = -3.4 + pd.Series(source).map(LOG_ODDS).to_numpy() + COMPANY_LOG_ODDS * company
    chance = 1 / (1 + np.exp(-(base[:, None] - 0.2 * np.arange(6))))
    hit = rng.random((n, 6)) < chance
    month = np.where(hit.any(axis=1), hit.argmax(axis=1), np.nan)
    converted = seen + pd.to_timedelta(np.floor((month + rng.random(n)) * MONTH), unit="D")
    converted = pd.Series(converted).where(converted <= pd.Timestamp(AS_OF))
    ids = np.array([f"Y{number:05d}" for number in range(n)])
    table = pd.DataFrame(
        {
            "prospect_id": ids, "source": source, "first_seen_date": seen, "converted_date": converted,
            "birth_year": pd.Series(rng.integers(1950, 2003, n), dtype="Int64").mask(company),
            "industry": pd.Series(np.where(company, "Trade", None), dtype=object), "city": rng.choice(["X", "Y"], n),
            "converted_customer_id": pd.Series(ids).where(converted.notna()),
        }
    )  # fmt: skip
    value = 1000 * np.where(company, COMPANY_VALUE, 1) * np.exp(0.8 * rng.standard_normal(n) - 0.32)
    return table, booked(table, value)


def booked(table: pd.DataFrame, value: np.ndarray) -> pd.DataFrame:
    rows = table.assign(value=value).dropna(subset=["converted_date"])
    first = rows["converted_date"].dt.to_period("M")
    months = [
        pd.DataFrame({"customer_id": rows["prospect_id"], "month": (first + ahead).dt.to_timestamp(how="end").dt.normalize()})
        .assign(ftp_interest=rows["value"] / 6, cost=rows["value"] / 12)
        for ahead in range(14)
    ]  # fmt: skip
    made = pd.concat(months)
    return made[made["month"] <= pd.Timestamp(AS_OF)].reset_index(drop=True)


@pytest.fixture(scope="module")
def world():
    return simulated()


@pytest.fixture(scope="module")
def facts(world):
    return prospect_facts(world[0], AS_OF)


@pytest.fixture(scope="module")
def monthly(world):
    return monthly_contribution(world[1])


@pytest.fixture(scope="module")
def model(facts, monthly):
    return fit_prospects(facts, monthly, AS_OF, 6, list(FACTORS))


@pytest.fixture(scope="module")
def rows(facts, monthly):
    return judged(facts, monthly, AS_OF, 6, list(FACTORS))


def test_the_model_recovers_the_odds_and_the_values(model, facts):
    ratios = model.hazard.odds_ratios().set_index("term")
    reference = LOG_ODDS[model.levels.reference["source"]]
    truth = {f"source:{name}": odds - reference for name, odds in LOG_ODDS.items() if odds != reference}
    for term, odds in {**truth, "kind:company": COMPANY_LOG_ODDS, "city:Y": 0.0, "month": -0.2}.items():
        if term in ratios.index:
            wide = 1.5 * (np.log(ratios.loc[term, "high"]) - np.log(ratios.loc[term, "value"])) + 0.02
            assert np.log(ratios.loc[term, "value"]) == pytest.approx(odds, abs=wide), term
    value, company = expected_value(model, facts), facts["kind"].eq("company")
    assert value[company].mean() / value[~company].mean() == pytest.approx(COMPANY_VALUE, rel=0.4)
    assert value[~company].mean() == pytest.approx(1000, rel=0.25)


def test_the_demo_banks_stated_log_odds_come_back():
    """docs/demo-bank.md: SOURCE_LOG_ODDS, YOUNG_LOG_ODDS, COMPANY_LOG_ODDS, HOME_LOG_ODDS."""
    rng, n = np.random.default_rng(5), 3500
    company = rng.random(n) < 0.15
    people = pd.DataFrame(
        {
            "kind": np.where(company, "corporate", "personal"), "branch": rng.integers(0, 4, n),
            "opened": np.datetime64("2022-07-01") + rng.integers(0, 35 * 30, n).astype("timedelta64[D]"),
            "birth_date": pd.Timestamp("1960-01-01") + pd.to_timedelta(rng.integers(0, 44 * 365, n), unit="D"),
            "industry": pd.Series(np.where(company, "Trade", None), dtype=object),
        }
    )  # fmt: skip
    branches = pd.DataFrame({"city": ["Home", "North", "South", "East"]})
    made = demo.make_prospects(rng, people, branches)
    table = made.rename(columns={"first_seen": "first_seen_date", "converted": "converted_date"})
    table = table.assign(converted_customer_id=table["prospect_id"].where(table["converted_date"].notna()))
    table = table[table["first_seen_date"] <= "2024-12-31"].reset_index(drop=True)
    facts = prospect_facts(table, AS_OF)
    monthly = monthly_contribution(booked(table, np.full(len(table), 1000.0)))
    model = fit_prospects(facts, monthly, AS_OF, 6, list(FACTORS))
    chance = propensity(model, facts.assign(seen=pd.Timestamp(AS_OF)), AS_OF)
    truth = demo.log_odds(table[table["prospect_id"].isin(facts["prospect_id"])], branches)
    slope, _ = np.polyfit(truth, np.log(chance / (1 - chance)), 1)
    assert np.corrcoef(truth, np.log(chance / (1 - chance)))[0, 1] > 0.93
    assert slope == pytest.approx(1, abs=0.2)


def test_nothing_later_than_a_month_end_enters_its_scores(world, facts, monthly, rows):
    day = dt.date(2024, 3, 31)
    late = facts["seen"] + pd.to_timedelta(facts["days"], unit="D") > pd.Timestamp(day)
    changed = facts.assign(days=facts["days"].mask(late, facts["days"] + 25))
    worth = monthly.assign(contribution=monthly["contribution"].where(monthly["month"] <= pd.Timestamp(day), 1e6))
    again = judged(changed, worth, AS_OF, 6, list(FACTORS))
    columns = ["prospect_id", "propensity", "value"]
    one, other = (table.loc[table["day"] <= day, columns].reset_index(drop=True) for table in (rows, again))
    assert len(one) > 300
    pd.testing.assert_frame_equal(one, other)
    assert not rows["prospect_id"].duplicated().any()


def test_a_prospect_is_judged_only_on_conversion_after_the_month_end(rows, facts):
    known = facts.set_index("prospect_id").loc[rows["prospect_id"]].reset_index()
    at = known["seen"] + pd.to_timedelta(known["days"], unit="D")
    assert not (at <= pd.to_datetime(rows["day"])).any()
    assert (rows["converted"] == known["days"].lt(6 * MONTH)).all()
    whole = rows["contribution"].notna()
    assert rows.loc[whole, "day"].max() == dt.date(2023, 12, 31)
    assert (rows.loc[whole & rows["converted"].eq(0), "contribution"] == 0).all()


def test_an_attribute_beyond_the_contracts_first_sight_columns_cannot_enter(world):
    leaky = world[0].assign(visits_after_opening=world[0]["converted_date"].notna().astype(int))
    pd.testing.assert_frame_equal(prospect_facts(leaky, AS_OF), prospect_facts(world[0], AS_OF))


def test_an_attribute_filled_in_at_conversion_is_found_and_left_out(world, facts, monthly):
    assert filled_in_later(facts, 6) == []
    later = prospect_facts(world[0].assign(city=world[0]["city"].where(world[0]["converted_date"].notna())), AS_OF)
    late = filled_in_later(later, 6)
    used = usable_factors(later, late)
    assert (late, used) == (["city"], ["source", "kind", "industry"])
    made = model_exhibit(fit_prospects(later, monthly, AS_OF, 6, used), late)
    assert not made.frame["term"].str.startswith("city").any()
    assert "City" in made.subtitle.render()


def test_months_at_risk_count_those_lived_through():
    table = pd.DataFrame({"seen": pd.to_datetime(["2025-01-01", "2025-01-01", "2025-05-20"]), "days": [40.0, np.nan, 5.0]})
    months = prospect_months(table, dt.date(2025, 4, 10), 6)
    assert months.groupby("row")["converted"].agg(["size", "sum"]).to_numpy().tolist() == [[2, 1], [3, 0]]
    assert prospect_months(table, dt.date(2025, 2, 5), 6)["converted"].sum() == 0  # the month of conversion has not ended


def test_the_chance_left_shrinks_with_the_months_gone():
    coefficients = pd.Series({"intercept": np.log(0.1 / 0.9), "month": 0.0, "month_squared": 0.0})
    table = pd.DataFrame({"seen": pd.to_datetime(["2025-06-30", "2025-03-31", "2024-06-30"])})
    left = months_left(table, AS_OF, 6)
    chance = chances_of(coefficients, pd.DataFrame(index=table.index), left)
    assert chance == pytest.approx([1 - 0.9**6, 1 - 0.9 ** (6 - 91 / MONTH), 0.0], abs=1e-9)


def test_coefficients_are_drawn_in_and_the_level_kept(model):
    made, fitted = drawn_in(model.hazard), model.hazard.coefficients
    terms = [name for name in fitted.index if ":" in name]
    shrunk = (made[terms] / fitted[terms]).to_numpy()
    assert 0.5 < shrunk[0] < 1
    assert shrunk == pytest.approx(shrunk[0])
    design = model.hazard.design
    log_odds = design.to_numpy() @ made[design.columns].to_numpy() + made["intercept"]
    assert (1 / (1 + np.exp(-log_odds))).sum() == pytest.approx(model.hazard.events)


def test_the_first_year_is_that_of_twelve_month_ends_from_opening():
    table = pd.DataFrame({"seen": pd.to_datetime(["2023-01-10", "2025-04-01"]), "days": [5.0, 3.0], "customer_id": ["a", "b"]})
    table["seen"] = table["seen"].astype("datetime64[us]")
    months = pd.date_range("2023-01-31", "2025-06-30", freq="ME")
    monthly = pd.concat([pd.DataFrame({"customer_id": who, "month": months, "contribution": 1.0}) for who in "ab"])
    assert first_year(table, monthly, AS_OF).to_numpy().tolist() == [[12, 12], [3, 3]]
    assert first_year(table, monthly, dt.date(2023, 3, 31)).to_numpy().tolist() == [[3, 3], [0, 0]]


def test_choosing_at_random_is_the_mean_of_all_choices():
    brought = np.array([3.0, 0.0, 10.0, 1.0, 4.0])
    every = [brought[list(some)].sum() for some in combinations(range(5), 2)]
    assert chosen(np.zeros(5), 2) @ brought == pytest.approx(np.mean(every), abs=1e-12)
    assert chosen([5, 1, 1, 1, 0], 2).tolist() == pytest.approx([1, 1 / 3, 1 / 3, 1 / 3, 0])
    again = chosen(np.array([5.0, 1, 1, 0]), 2, np.array([[0, 1, 1, 2], [3, 0, 0, 1]]))
    assert again.tolist() == [[0, 1, 1, 0], [2, 0, 0, 0]]


def test_choosing_by_value_beats_chance_where_value_is_known(rows):
    valued = rows.dropna(subset=["contribution"])
    totals = policy_totals(valued, 10, seed=1, replicates=200)
    by_hand = sum(min(10, len(pool)) * pool["contribution"].mean() for _, pool in valued.groupby("day"))
    calls = sum(min(10, len(pool)) for _, pool in valued.groupby("day"))
    assert totals["random", "contribution"][0] == pytest.approx(by_hand / calls)
    gain = times(totals, "expected", "random", "contribution", len(valued))
    assert 1 < gain.low < gain.value < gain.high
    share = brought_of_expected(valued, totals, 10)
    assert share.low < 1 < share.high
    assert share.value == pytest.approx(totals["expected", "contribution"][0] / totals["expected", "expected"][0])
    curve = gain_curve(valued, "expected", "contribution", seed=1, replicates=50)
    assert curve["value"].iloc[[0, -1]].tolist() == pytest.approx([0, 1])
    assert (curve["value"].iloc[1:-1] > curve["x"].iloc[1:-1]).all()


def test_a_ratio_has_an_interval_that_is_symmetric_on_the_log_scale():
    made = log_interval(np.r_[2.0, np.exp(np.random.default_rng(1).normal(0, 0.3, 4000))], 50)
    assert made.high / made.value == pytest.approx(made.value / made.low) == pytest.approx(np.exp(1.96 * 0.3), rel=0.03)
    assert log_interval(np.r_[2.0, np.zeros(5), np.ones(95)], 50).low == 0
    assert log_interval(np.zeros(9), 50).low is None


def test_the_outlook_counts_the_open_and_its_interval_holds_its_value(model, facts):
    made = outlook(model, facts, AS_OF, 15, seed=1)
    assert made.open["days"].isna().all()
    assert (made.open["seen"] > pd.Timestamp("2024-12-28")).all()
    assert made.open["is_best"].sum() == pytest.approx(15)
    assert made.conversions["all"].value == pytest.approx(made.open["propensity"].sum())
    assert made.open.loc[made.open["is_best"] > 0, "expected"].min() >= made.open.loc[made.open["is_best"] == 0, "expected"].max()
    for estimate in (*made.conversions.values(), *made.contribution.values()):
        assert estimate.low < estimate.value < estimate.high


def test_small_numbers_of_converted_are_not_shown_also_not_by_subtraction():
    groups = pd.Series(np.repeat(["a", "b", "c"], [100, 100, 100]))
    converted = pd.Series(np.tile(np.arange(100), 3) < np.repeat([4, 20, 30], 100))
    assert list(conversion_table(groups, converted)["label"]) == ["c"]


@pytest.fixture(scope="module")
def report(world):
    return prospects(*world, AS_OF, "CNY")


def test_the_report_states_what_it_found(report):
    found = {finding.id: finding for finding in report.findings}
    assert {"prospects.conversion_rate", "prospects.auc", "prospects.gain", "prospects.expected_conversions"} <= set(found)
    assert found["prospects.auc"].low > 0.5
    assert all(finding.low <= finding.value <= finding.high for finding in report.findings)
    assert report.policies.frame.loc[report.policies.frame["policy"] == "random", "value"].isna().all()
    assert set(report.model.frame["term"].str.split(":").str[0]) <= set(FACTORS)


def test_what_is_expected_stands_beside_what_came_of_such_expectations(report):
    found = {finding.id: finding for finding in report.findings}
    record = f"brought {found['prospects.foretold'].value:.1%} of what was expected of them"
    assert record in report.today.subtitle.render()
    assert record in found["prospects.expected_contribution"].text.render()
    assert "if the models hold" in report.today.subtitle.render()
    assert record_words(None) == record_words(Estimate(0.0, None, None, 9)) == ""


def test_open_is_defined_where_it_is_told(report):
    found = {finding.id: finding for finding in report.findings}
    assert "first seen within the last 6 months" in found["prospects.expected_conversions"].text.render()
    assert report.today.subtitle.render().startswith("Open: first seen within the last 6 months and not yet customers.")


def test_a_correlation_claims_nothing_of_ways_to_choose():
    rng = np.random.default_rng(1)
    chance = rng.random(200)
    rows = pd.DataFrame({"converted": 1, "propensity": chance, "contribution": rng.random(200) - chance})
    text = relation_finding(rows, 1)[0].text.render()
    assert "bring less" in text
    assert "would miss" not in text


def test_what_cannot_be_answered_is_said_in_one_sentence(world):
    table, contributions = world
    with pytest.raises(NotProduced, match="50"):
        prospects(table.iloc[:150], contributions, AS_OF, "CNY")
    with pytest.raises(NotProduced):
        prospects(table.assign(converted_date=pd.NaT, converted_customer_id=None), contributions, AS_OF, "CNY")
    with pytest.raises(NotProduced):
        prospects(table, contributions.iloc[:0], AS_OF, "CNY")
    with pytest.raises(UserError, match="capacity"):
        prospects(table, contributions, AS_OF, "CNY", capacity=5)


def test_without_attributes_everybody_has_the_same_chance(world, monthly):
    nothing = pd.array([None] * len(world[0]), dtype="Int64")
    bare = prospect_facts(world[0].assign(source=None, city=None, birth_year=nothing, industry=None), AS_OF)
    assert bare["kind"].eq(UNKNOWN).all()
    model = fit_prospects(bare, monthly, AS_OF, 6, [])
    assert np.ptp(expected_value(model, bare)) == 0
    assert model_exhibit(model, []).absent is not None


def test_a_capacity_that_reaches_everybody_leaves_nothing_to_choose(rows):
    valued = rows.dropna(subset=["contribution"])
    assert why_not_judged(valued, 10) is None
    assert "nothing to choose" in why_not_judged(valued, 1000).render()
    assert gain_exhibit(valued, 1000, 1).absent is not None


def test_a_contribution_that_two_customers_carry_is_not_shown(rows):
    valued = rows.dropna(subset=["contribution"])
    first = valued.index[valued["converted"] == 1][:2]
    carried = valued.assign(contribution=valued["contribution"].where(~valued.index.isin(first), 1e9))
    assert "few customers" in why_not_judged(carried, 10).render()


def test_no_relation_is_told_where_all_bring_the_same():
    converts = pd.DataFrame({"propensity": np.linspace(0.01, 0.3, 60), "contribution": 0.0, "converted": 1})
    assert relation_finding(converts, 7) == []
