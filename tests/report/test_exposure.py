"""Releases whose tables give a small number away together, and what is hidden for it."""

import pytest

from analysis.report import exposure, populations
from analysis.report.exposure import exposures, to_hide

DAY, BEFORE = "2025-06-30", "2025-05-31"


def sheet(counts: dict[str, int | None], total: str | None = None, column: str = "customers") -> dict:
    keys = list(counts)
    return {
        "keys": keys,
        "total": [] if total is None else [keys.index(total)],
        "columns": {column: {"unit": "count", "values": list(counts.values())}},
    }


def rows_hidden(*arguments) -> set[tuple[str, str]]:
    return {(exhibit, row) for _, exhibit, _, row in to_hide(*arguments)}


def test_within_a_table_the_total_tells_of_one_hidden_cell():
    release = {"any": {"tiers": sheet({"A": 40, "B": 30, "C": None, "All": 77}, total="All")}}
    assert list(exposures(release, DAY).values()) == [(7, 7)]
    assert rows_hidden(release, DAY) == {("tiers", "B")}


def test_a_table_that_hides_two_gives_nothing_away():
    release = {"any": {"tiers": sheet({"A": 40, "B": None, "C": None, "All": 77}, total="All")}}
    assert exposures(release, DAY) == {}
    assert to_hide(release, DAY) == set()


def test_a_month_hidden_in_one_release_and_told_in_the_next_is_told():
    before = {"any": {"months": sheet({"May 2025 | A": None, "May 2025 | B": None, "May 2025 | all": 60}, "May 2025 | all")}}
    now = {"any": {"months": sheet({"May 2025 | A": 55, "May 2025 | B": None, "May 2025 | all": 60}, "May 2025 | all")}}
    only_told_now = {"any": {"months": sheet({"May 2025 | A": 55})}}
    assert exposures(only_told_now, DAY) == {}
    assert list(exposures(only_told_now, DAY, before, BEFORE).values()) == [(5, 5)]
    assert rows_hidden(only_told_now, DAY, before, BEFORE) == {("months", "May 2025 | A")}
    assert rows_hidden(now, DAY, before, BEFORE) == {("months", "May 2025 | A")}


def test_what_the_release_before_told_cannot_be_taken_back():
    before = {"any": {"months": sheet({"May 2025 | A": 55})}}
    now = {"any": {"months": sheet({"May 2025 | A": None, "May 2025 | B": None, "May 2025 | all": 60}, "May 2025 | all")}}
    assert len(exposures(now, DAY, before, BEFORE)) == 1
    assert ("months", "May 2025 | A") not in rows_hidden(now, DAY, before, BEFORE)


def test_a_count_as_of_another_day_is_another_count():
    before = {"any": {"tiers": sheet({"A": 40, "B": 37})}}
    now = {"any": {"tiers": sheet({"A": None, "B": None, "All": 80}, "All")}}
    assert exposures(now, DAY, before, BEFORE) == {}


def test_a_revised_month_ties_nothing_together():
    before = {"any": {"months": sheet({"May 2025 | A": 70, "May 2025 | B": None, "May 2025 | all": 61}, "May 2025 | all")}}
    now = {"any": {"months": sheet({"May 2025 | A": None, "May 2025 | B": None, "May 2025 | all": 60}, "May 2025 | all")}}
    assert exposures(now, DAY, before, BEFORE) == {}


def test_two_reports_that_divide_one_population_are_laid_beside_each_other():
    release = {
        "value": {"balances": sheet({"A": 19, "B": 255, "C": 918, "All customers": 1192}, "All customers")},
        "satisfaction_nonresponse": {"unasked": sheet({"A (Tier)": 19, "B (Tier)": 248, "C (Tier)": 900}, column="base")},
    }
    assert (7, 7) in exposures(release, DAY).values()
    hidden = to_hide(release, DAY)
    assert {(exhibit, row) for _, exhibit, _, row in hidden} >= {("unasked", "B (Tier)")}
    for report, exhibit, column, row in hidden:
        told = release[report][exhibit]
        told["columns"][column]["values"][told["keys"].index(row)] = None
    assert exposures(release, DAY) == {}


def test_a_key_figure_tells_the_whole_of_the_day():
    release = {
        "value": {"balances": sheet({"A": 19, "B": 255, "C": 918, "All customers": 1192}, "All customers")},
        "satisfaction_nonresponse": {"unasked": sheet({"A (Tier)": 19, "B (Tier)": None, "C (Tier)": 847}, column="base")},
    }
    assert exposures(release, DAY) == {}
    release["key_figures"] = {"active_customers": sheet({f"Active | {BEFORE}": 1127, f"Active | {DAY}": 1120}, column="value")}
    assert (1, 1) in exposures(release, DAY).values()
    assert rows_hidden(release, DAY) == {("unasked", "C (Tier)")}


def test_who_was_open_a_year_before_is_not_laid_beside_who_is_now():
    release = {
        "value": {"balances": sheet({"A": 19, "B": 255, "C": 918, "All customers": 1192}, "All customers")},
        "lifetime": {"silence": sheet({"up to 29 days": 1018, "30 to 89 days": 111, "90 days and more": 56})},
    }
    assert exposures(release, DAY) == {}


def test_a_window_that_grows_tells_what_came_to_it(monkeypatch):
    monkeypatch.setattr(exposure, "GROWS", {("any.since", "customers")})
    before, now = ({"any": {"since": sheet({"A": count, "B": 100})}} for count in (50, 53))
    assert list(exposures(now, DAY, before, BEFORE).values()) == [(3, 3)]
    assert rows_hidden(now, DAY, before, BEFORE) == {("since", "A")}


@pytest.mark.parametrize(("share", "is_told"), [(0.0, True), (0.05, False), (0.5, True), (0.95, False), (1.0, True)])
def test_a_share_and_its_base_tell_who_did_and_who_did_not(share, is_told):
    (report, exhibit), (part, base) = next(iter(populations.EVENTS.items()))
    rates = {
        "keys": ["Any rule"],
        "total": [],
        "columns": {part: {"unit": "share", "values": [share]}, base: {"unit": "count", "values": [100]}},
    }
    assert bool(to_hide({report: {exhibit: rates}}, DAY)) is not is_told


def test_a_last_row_that_is_no_sum_of_the_others_binds_nothing():
    """20 of 89, the others not shown: hiding the 20 must not make it 89."""
    release = {
        "any": {"today": sheet({"the highest": 20, "All": 89}, "All"), "tiers": sheet({"A": 40, "B": 60, "All": 100}, "All")}
    }
    assert [parts for _, parts in exposure._system([(release, DAY)]).sums] == [
        ((DAY, "any.tiers", "customers", "A"), (DAY, "any.tiers", "customers", "B"))
    ]
