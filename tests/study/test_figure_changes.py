import datetime as dt

import numpy as np
import pandas as pd
import pytest

from analysis.study.figure_changes import by_month, direction, figure_changes, january_february, moved, noise_note
from analysis.wording import LANGUAGES


def monthly(events, base, last="2025-06-30", figure="x"):
    months = pd.date_range(end=last, periods=len(events), freq="ME").date
    rows = pd.DataFrame({"figure": figure, "month": months, "numerator": events, "denominator": base})
    half = rows.assign(numerator=rows["numerator"] / 2, denominator=rows["denominator"] / 2)
    return pd.concat([half.assign(stratum=name) for name in ("mass", "affluent")], ignore_index=True)


def noisy(months=24, level=0.9, base=1000, seed=1):
    return np.random.default_rng(seed).binomial(base, level, months)


def test_changes_on_the_month_since_the_years_start_and_on_the_year():
    events = 1000.0 + np.arange(14) ** 2
    changes = figure_changes(monthly(events, 2000.0), "x", "count", "up")
    assert (changes.month.to_json()["from"], changes.month.value) == ("2025-05-31", 25)
    assert changes.month.relative == pytest.approx(25 / 1144)
    assert (changes.year_start.since, changes.year_start.value) == (dt.date(2024, 12, 31), 169 - 49)
    assert (changes.year.since, changes.year.value) == (dt.date(2024, 6, 30), 169 - 1)
    share = figure_changes(monthly(events, 2000.0), "x", "share", "down")
    assert share.month.value == pytest.approx(25 / 2000)
    assert share.month.relative is None


def test_in_january_the_years_start_is_the_month_before():
    changes = figure_changes(monthly(noisy(14), 1000.0, "2025-01-31"), "x", "share", "up")
    assert changes.year_start == changes.month
    assert changes.month.since == dt.date(2024, 12, 31)


@pytest.mark.parametrize(("last", "better", "judgement"), [(910, "up", "within"), (700, "up", "worse"), (700, "down", "better")])
def test_beyond_what_the_months_before_foretell_is_better_or_worse(last, better, judgement):
    found = figure_changes(monthly([*noisy(), last], 1000.0), "x", "share", better)
    assert (found.is_beyond, found.judgement) == (judgement != "within", judgement)
    assert found.month.is_beyond == found.is_beyond


def test_a_change_over_several_months_is_held_against_what_was_known_at_its_start():
    events = [*noisy(24), *noisy(6, level=0.7)]
    found = figure_changes(monthly(events, 1000.0), "x", "share", "up")
    assert not found.month.is_beyond
    assert found.year.is_beyond
    assert found.year_start.is_beyond


def test_few_months_are_not_judged_and_few_cases_not_told():
    assert figure_changes(monthly(noisy(8), 1000.0), "x", "share", "up").judgement == "unknown"
    months = by_month(monthly([4, 20, 0, 29, 29], [30.0, 40, 50, 29, 38]), "x", "share")
    assert months["value"].isna().tolist() == [True, False, False, True, True]
    assert by_month(monthly([4.0, 20], 50.0), "x", "count")["value"].isna().tolist() == [True, False]


def test_a_month_that_is_missing_has_no_change():
    series = monthly(noisy(24), 1000.0)
    series = series[series["month"] != dt.date(2025, 5, 31)]
    found = figure_changes(series, "x", "share", "up")
    assert found.month.to_json() == {"from": "2025-05-31", "value": None, "relative": None, "is_beyond": None}
    assert len(found.months) == 24
    assert found.is_beyond is False


def test_a_flow_is_judged_on_january_and_february_together():
    events = noisy(25).astype(float)
    events[-2:] = 400, 1240
    series = monthly(events, [*[1000.0] * 23, 600, 1250], "2025-02-28")
    flow = figure_changes(series, "x", "share", "up", is_flow=True)
    assert flow.is_beyond is False
    assert flow.festival["now"] == pytest.approx(1640 / 1850)
    assert flow.festival["from"] == "2024-02-29"
    before = series[series["month"] < dt.date(2025, 2, 1)]
    assert figure_changes(before, "x", "share", "up").judgement == "worse"
    assert figure_changes(before, "x", "share", "up", is_flow=True).judgement == "unknown"


@pytest.mark.parametrize("unit", ["share", "count", "money", "score"])
def test_a_flow_of_a_few_months_without_january_and_february_is_told(unit):
    changes = figure_changes(monthly(np.array([20.0, 30.0, 40.0]), 100.0), "x", unit, "up", is_flow=True)
    assert changes.month.value is not None
    assert changes.year is None or changes.year.value is None


def test_both_months_of_a_count_add_up_and_do_not_give_away_one_that_is_hidden():
    both = january_february(monthly([50, 20, 30, *[40] * 10, 3, 60], 100.0, "2025-02-28"), "x", "count")
    assert both["value"].tolist()[0] == 50
    assert np.isnan(both["value"].iloc[1])


def test_ranges_stay_where_a_value_can_be():
    found = figure_changes(monthly(noisy(20, level=0.985), 1000.0), "x", "share", "up")
    assert found.months["expected_high"].max() == 1


def test_words_say_rise_or_fall_and_whether_it_is_noise():
    found = figure_changes(monthly([*noisy(), 700], 1000.0), "x", "share", "up")
    assert str(direction(found, "share")).startswith("fell by ")
    assert str(direction(found, "share")).endswith(" percentage points on the month, beyond the normal range, for the worse")
    assert [str(moved(x, "count")) for x in (3, -3, 0, 0.2)] == [
        "rose by 3 customers",
        "fell by 3 customers",
        "did not change",
        "hardly changed",
    ]
    assert [str(moved(-1, "count")), str(moved(2.414e9, "money", "CNY"))] == ["fell by 1 customer", "rose by CNY 2.41 billion"]
    assert all(noise_note().render(language) for language in LANGUAGES)
