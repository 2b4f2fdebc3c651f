import datetime as dt

import numpy as np
import pandas as pd
import pytest

from analysis.study.figure_since import Reported, change_parts, reported, since, why

THEN, NOW = dt.date(2025, 5, 31), dt.date(2025, 6, 30)
STRATA = ("mass", "affluent")


@pytest.fixture(scope="module")
def series():
    """24 months of two strata; the last month's customers by stratum 700 and 300, of whom 70 and 6."""
    random = np.random.default_rng(1)
    months = pd.date_range(end="2025-06-30", periods=24, freq="ME").date
    rows = [("x", month, name, random.binomial(500, 0.1), 500) for month in months for name in STRATA]
    frame = pd.DataFrame(rows, columns=["figure", "month", "stratum", "numerator", "denominator"])
    frame.loc[frame["month"] == NOW, ["numerator", "denominator"]] = [[70, 700], [6, 300]]
    frame.loc[frame["month"] == THEN, ["numerator", "denominator"]] = [[50, 500], [15, 500]]
    return frame


def parts(found):
    return sum(found.parts.values())


@pytest.mark.parametrize("unit", ["share", "score", "count", "money"])
@pytest.mark.parametrize("definition", ["a", "b"])
def test_parts_add_up_exactly(series, unit, definition):
    found = since(series, "x", unit, Reported(THEN, 0.5, 950, "a"), definition)
    assert parts(found) == pytest.approx(found.now - 0.5, abs=1e-12)
    assert found.definition == (definition == "b")
    assert found.redefinition is None


def test_mix_and_rate_by_hand(series):
    population, rate = change_parts(series, "x", "share", THEN, NOW)
    assert rate == pytest.approx((0.02 - 0.03) * 0.4)
    assert population == pytest.approx(0.2 * (0.1 - 0.025))
    population, rate = change_parts(series, "x", "count", THEN, NOW)
    assert (population, rate) == (pytest.approx(1000 * 0.2 * 0.075), pytest.approx(-4.0))


def test_more_customers_are_population_in_a_sum(series):
    more = series.copy()
    more.loc[more["month"] == NOW, ["numerator", "denominator"]] = [[100, 1000], [30, 1000]]
    assert change_parts(more, "x", "count", THEN, NOW) == (pytest.approx(65), pytest.approx(0))
    assert change_parts(more, "x", "share", THEN, NOW) == (pytest.approx(0), pytest.approx(0))
    more.loc[more["month"] == NOW, ["numerator", "denominator"]] = [[160, 1500], [10, 500]]
    assert sum(change_parts(more, "x", "money", THEN, NOW)) == pytest.approx(170 - 65)


def test_data_revised_is_the_reports_month_on_todays_data(series):
    found = since(series, "x", "share", Reported(THEN, 0.05, 900, "a"), "a")
    assert found.revision == pytest.approx(0.065 - 0.05)
    assert since(series, "x", "share", Reported(THEN, 0.065, 1000, "a"), "a").revision == 0


def test_a_changed_definition_is_told_apart_where_the_old_one_can_be_counted(series):
    old = series.assign(numerator=series["numerator"] * 2)
    found = since(series, "x", "share", Reported(THEN, 0.12, 900, "a"), "b", by_old_rule=old)
    assert found.revision == pytest.approx(0.13 - 0.12)
    assert found.redefinition == pytest.approx(0.065 - 0.13)
    assert parts(found) == pytest.approx(found.now - 0.12)
    alone = since(series, "x", "share", Reported(THEN, 0.12, 900, "a"), "b")
    assert "data revised or definition changed, which cannot be told apart" in str(why(alone, "share"))
    assert str(why(alone, "share")).endswith(" The definition has changed since that report.")
    assert "definition changed −6.50" in str(why(found, "share"))


def test_a_revision_of_few_customers_is_not_told_apart(series):
    found = since(series, "x", "share", Reported(THEN, 0.066, 1004, "a"), "a")
    assert found.revision is None
    assert parts(found) == pytest.approx(found.now - 0.066)
    assert "population changed or fewer than 10 customers revised +1.40" in str(why(found, "share"))
    assert since(series, "x", "count", Reported(THEN, 60.0, None, "a"), "a").revision is None
    assert since(series, "x", "count", Reported(THEN, 50.0, None, "a"), "a").revision == 15


def test_noise_is_what_todays_data_up_to_the_reports_month_foretell(series):
    assert since(series, "x", "share", Reported(THEN, 0.065, 1000, "a"), "a").is_beyond is False
    far = series.copy()
    far.loc[far["month"] == NOW, "numerator"] = 250
    assert since(far, "x", "share", Reported(THEN, 0.065, 1000, "a"), "a").is_beyond is True
    assert since(series, "x", "share", Reported(NOW, 0.07, 900, "a"), "a").is_beyond is None


def test_a_flow_is_not_judged_in_january(series):
    january = series[series["month"] <= dt.date(2025, 1, 31)]
    then = Reported(dt.date(2024, 12, 31), 0.1, 1000, "a")
    assert since(january, "x", "share", then, "a").is_beyond is False
    assert since(january, "x", "share", then, "a", is_flow=True).is_beyond is None


def test_a_report_of_a_month_that_is_not_there_leaves_only_then_and_now(series):
    found = since(series, "x", "share", Reported(dt.date(2020, 1, 31), 0.07, 900, "a"), "a")
    assert (found.then, found.now, found.parts) == (0.07, 0.076, {})
    assert "cannot be told from today's data" in str(why(found, "share"))


def test_what_the_last_report_said_is_read_from_its_results():
    figure = {"id": "x", "value": 0.08, "base": 2000, "definition": "a", "points": [{"month": "2025-05-31"}]}
    results = {"as_of": "2025-05-31", "reports": {"key_figures": {"figures": [figure]}}}
    assert reported(results, "x") == Reported(THEN, 0.08, 2000, "a")
    assert reported(results, "y") is None
    assert reported({}, "x") is None
    assert since(pd.DataFrame(), "x", "share", None, "a") is None
    assert str(why(None, "share")) == "There is no earlier report to compare with."


def test_the_reason_names_the_largest_part_first(series):
    said = str(why(since(series, "x", "share", Reported(THEN, 0.07, 1100, "a"), "a"), "share"))
    assert said == (
        "Since the report of 31 May 2025 it rose by 0.60 percentage points, within the normal range, so that changes of population and rate "
        "may be chance. Of this, the largest part first: population changed +1.50 percentage points, data revised −0.50 percentage points, "
        "rate changed −0.40 percentage points."
    )
