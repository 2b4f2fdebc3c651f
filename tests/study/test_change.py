import datetime as dt

import numpy as np
import pandas as pd
import pytest

from analysis.report import charts, tables
from analysis.study.change import (
    KIND,
    PRODUCTS,
    TENURE,
    TIER,
    Periods,
    change_by_group,
    drawn_clusters,
    periods_of_change,
)
from analysis.study.change_exhibits import groups_exhibit, waterfall_exhibit
from analysis.study.change_findings import change_findings, model_change_findings
from analysis.study.change_model import ATTRIBUTES, PARTS, change_by_model
from analysis.study.churn import ChurnRule
from analysis.study.warning_model import TERMS
from analysis.wording import Message, say

AS_OF, THEN, NOW = dt.date(2025, 6, 30), dt.date(2023, 6, 30), dt.date(2024, 6, 30)
RULE = ChurnRule(12)


@pytest.fixture(scope="module")
def history(simulate_history):
    """A bank of forty branches."""
    made = simulate_history(size=2500, monthly_hazard=0.012)
    return {day: features.assign(branch_id=features["customer_id"].str[-2:].astype(int) % 40) for day, features in made.items()}


@pytest.fixture(scope="module")
def found(history):
    periods = periods_of_change(history, AS_OF, {"mass": 0, "affluent": 50_000}, RULE)
    drawn = drawn_clusters(periods)
    return periods, drawn, change_by_group(periods, drawn), change_by_model(periods, drawn)


def test_the_periods_are_a_year_apart_and_the_parts_add_up(found):
    periods, _, change, _ = found
    assert periods.days == (THEN, NOW)
    assert change.mix.value + change.rate.value == pytest.approx(change.total.value, abs=1e-12)
    assert change.total.value == pytest.approx(change.rates[1].value - change.rates[0].value, abs=1e-12)
    assert change.table["mix"].sum() == pytest.approx(change.mix.value, abs=1e-12)
    assert change.rates[1].value == pytest.approx(periods.of(1)["outcome"].mean())


def test_a_horizon_of_six_months_is_compared_with_the_same_season(history):
    periods = periods_of_change(history, AS_OF, {}, ChurnRule(6))
    assert periods.days == (dt.date(2023, 12, 31), dt.date(2024, 12, 31))
    assert f"group_{TENURE}" in periods.rows
    assert "group_tier" not in periods.rows


def test_on_the_model_the_parts_add_up_too_and_each_is_told_once(found):
    _, _, change, model = found
    leaves = model.table[(model.table["group"] != "all") | (model.table["block"] == "unexplained")]
    assert leaves["value"].sum() == pytest.approx(change.total.value, abs=1e-9)
    sums = model.table[(model.table["group"] == "all")]
    assert sums["value"].sum() == pytest.approx(change.total.value, abs=1e-9)
    names = [finding.id for finding in model_change_findings(model)]
    assert len(set(names)) == len(names)
    assert {"change.model.mix", "change.model.rate", "change.model.unexplained"} < set(names)


def test_every_term_of_the_model_belongs_to_one_part():
    assert sorted(term for terms in ATTRIBUTES.values() for term in terms) == sorted(TERMS)
    assert set(PARTS) == set(ATTRIBUTES)


def test_customers_of_both_periods_are_drawn_together(found):
    periods, drawn, *_ = found
    codes = pd.concat([pd.Series(drawn.codes[period], periods.of(period)["customer_id"]) for period in (0, 1)])
    assert codes.groupby(level=0).nunique().max() == 1
    assert drawn.clusters.count == 40


def test_a_customer_who_moved_counts_for_the_later_branch():
    homes = [f"branch {number % 9}" for number in range(18)]
    rows = pd.DataFrame(
        {
            "landmark": [THEN] * 18 + [NOW] * 18,
            "customer_id": [*range(18), *range(18)],
            "branch_id": ["closed branch", *homes[1:], *homes],
        }
    )
    assert drawn_clusters(Periods(rows, (THEN, NOW), RULE)).clusters.count == 9


def test_few_branches_are_said(history):
    few = {day: features.assign(branch_id="one") for day, features in history.items()}
    periods = periods_of_change(few, AS_OF, {}, RULE)
    change = change_by_group(periods, drawn_clusters(periods))
    reason = say("Too few.")
    assert "by customer, since branches are too few" in str(waterfall_exhibit(change, reason).subtitle)


def test_without_enough_leavers_there_are_words_and_no_number(simulate_history):
    few = {day: features.assign(branch_id="one") for day, features in simulate_history(size=300, monthly_hazard=0.004).items()}
    reason = periods_of_change(few, AS_OF, {}, RULE)
    assert isinstance(reason, Message)
    assert "needed: 30 in each" in str(reason)
    assert change_findings(reason) == []
    assert waterfall_exhibit(reason, reason).absent == reason


def test_data_that_begin_too_late_are_said(history):
    late = {day: features for day, features in history.items() if day > THEN}
    assert "the data begin too late" in str(periods_of_change(late, AS_OF, {}, RULE))


def test_groups_of_few_leavers_are_hidden_with_all_that_tells_them(found):
    periods, drawn, *_ = found
    rows = periods.rows.assign(group_tenure=lambda rows: np.where(np.arange(len(rows)) % 200 == 0, 1, 0))
    change = change_by_group(Periods(rows, periods.days, periods.rule), drawn)
    assert change.table["is_hidden"].all()
    shown = groups_exhibit(change)
    assert shown.frame[["rate_then", "mix", "rate", "share_now"]].isna().all(axis=None)
    assert "too few" in str(shown.title)


@pytest.mark.parametrize(
    ("grouping", "first"),
    [
        (TENURE, "Under 2 years with the bank"),
        (PRODUCTS, "With one product or none"),
        (KIND, "Personal customers"),
        (TIER, "Mass"),
    ],
)
def test_the_words_are_those_of_the_grouping(found, grouping, first):
    periods, drawn, *_ = found
    tiers = {"affluent": 50_000, "private_banking": 10**9}
    rows = periods.rows.assign(
        group_tier=np.minimum(periods.rows["group_tenure"], 2), group_products=periods.rows["group_tenure"]
    )
    change = change_by_group(Periods(rows, periods.days, periods.rule), drawn, grouping)
    table = groups_exhibit(change, grouping, tiers)
    assert table.frame["label"].iloc[0].render() == first
    reason = say("no model")
    texts = [*(str(one.text) for one in change_findings(change, grouping, tiers)), str(table.title), str(table.subtitle)]
    shown = waterfall_exhibit(change, reason, grouping)
    texts += [str(shown.title), str(shown.subtitle), *map(str, shown.frame["label"])]
    assert any("years with the bank" in text for text in texts) == (grouping == TENURE)


def test_exhibits_can_be_shown(found):
    _, _, change, model = found
    body = (
        charts.waterfall(waterfall_exhibit(change, model)).content["en"]["body"]
        if hasattr(charts, "waterfall")
        else "Unexplained"
    )
    assert "Unexplained" in body
    assert "<table" in tables.table(groups_exhibit(change)).content["en"]["body"]
