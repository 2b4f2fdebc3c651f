"""The attack on published counts, against tables worked out by hand and against every table there could be."""

import numpy as np
import pytest
from scipy.optimize import OptimizeResult

from analysis.stats import disclosure_attack
from analysis.stats.disclosure_attack import exposed, feasible_ranges, protected

HIDDEN = np.nan


def ranges(told, sums, free=()) -> dict:
    found = feasible_ranges(told, sums, free)
    return {key: (row.low, row.high) for key, row in zip(found.index, found.itertuples(), strict=True)}


def square(counts) -> tuple[dict, list]:
    """A table with its sums by row and by column."""
    size = range(len(counts))
    told = {(i, j): float(counts[i][j]) for i in size for j in size}
    rows = [(("row", i), tuple((i, j) for j in size)) for i in size]
    columns = [(("column", j), tuple((i, j) for i in size)) for j in size]
    told |= {total: sum(told[part] for part in parts) for total, parts in rows + columns}
    return told, rows + columns


def test_one_hidden_cell_of_a_known_sum_is_told_by_the_others():
    assert ranges({"all": 50.0, "a": 40.0, "b": 3.0, "c": HIDDEN}, [("all", ("a", "b", "c"))]) == {"c": (7, 7)}


def test_two_hidden_cells_share_what_is_left_and_neither_is_nothing():
    assert ranges({"all": 50.0, "a": 39.0, "b": HIDDEN, "c": HIDDEN}, [("all", ("a", "b", "c"))]) == {"b": (1, 10), "c": (1, 10)}


def test_a_cell_that_stands_in_no_sum_may_be_anything():
    assert ranges({"a": HIDDEN, "b": 4.0}, []) == {"a": (1, np.inf)}


def test_where_whole_numbers_take_too_long_the_relaxation_is_asked(monkeypatch):
    solve = disclosure_attack.milp

    def slow(aim, options=None, **problem):
        return OptimizeResult(x=None, status=1) if options else solve(aim, **problem)

    monkeypatch.setattr(disclosure_attack, "milp", slow)
    assert ranges({"all": 50.0, "a": 40.0, "b": 3.0, "c": HIDDEN}, [("all", ("a", "b", "c"))]) == {"c": (7, 7)}


def test_what_contradicts_itself_tells_nothing():
    found = feasible_ranges({"all": 5.0, "a": 9.0, "b": HIDDEN}, [("all", ("a", "b"))])
    assert found.isna().all(axis=None)
    assert exposed(found).empty


def test_three_small_cells_on_a_diagonal_are_told_by_rows_and_columns_alone():
    told, sums = square([[20, 5, 30], [40, 25, 3], [7, 30, 40]])
    small = [(0, 1), (1, 2), (2, 0)]
    attacked = feasible_ranges({**told, **dict.fromkeys(small, HIDDEN)}, sums)
    assert {key: tuple(attacked.loc[[key]].to_numpy()[0]) for key in small} == {(0, 1): (5, 5), (1, 2): (3, 3), (2, 0): (7, 7)}
    out = protected(told, small, sums)
    assert exposed(feasible_ranges({**told, **dict.fromkeys(out, HIDDEN)}, sums)).empty
    assert out > set(small)


@pytest.mark.parametrize("total", [11, 14, 30])
def test_ranges_are_those_of_every_table_there_could_be(total):
    """Two sums over four cells, three of them hidden, held against trying all whole numbers."""
    sums = [("all", ("a", "b", "c")), ("part", ("a", "d"))]
    told = {"all": float(total), "part": 9.0, "a": HIDDEN, "b": HIDDEN, "c": 4.0, "d": HIDDEN}
    could = [(a, total - 4 - a, 9 - a) for a in range(1, 9) if total - 4 - a >= 1]
    columns = dict(zip("abd", zip(*could, strict=True), strict=True))
    assert ranges(told, sums) == {key: (min(values), max(values)) for key, values in columns.items()}


def test_what_a_window_gained_since_the_release_before_is_a_number_of_customers():
    told, sums, free = {"now": 57.0, "before": 53.0, "gained": HIDDEN}, [("now", ("before", "gained"))], {"gained"}
    assert exposed(feasible_ranges(told, sums, free)).index.tolist() == ["gained"]
    assert exposed(feasible_ranges({**told, "now": 53.0}, sums, free)).empty
    assert exposed(feasible_ranges({**told, "now": 63.0}, sums, free)).empty
    assert protected(told, (), sums, known={"before"}, free=free) == {"now"}
    assert protected(told, (), sums, known={"before", "now"}, free=free) == set()


def test_a_part_of_a_population_needs_a_hidden_cell_in_every_division_of_it():
    """1,192 customers, 1,185 of them told twice by other divisions: the seven others follow until both have a gap."""
    counts = {"open": 1192.0, "seen": HIDDEN, "rest": HIDDEN, "a": 1018.0, "b": 146.0, "c": 21.0, "x": 1105.0, "y": 80.0}
    sums = [("open", ("seen", "rest")), ("seen", ("a", "b", "c")), ("seen", ("x", "y"))]
    free = {"seen", "rest"}
    assert ranges(counts, sums, free)["rest"] == (7, 7)
    assert protected(counts, (), sums, free=free) == {"c", "y"}


@pytest.mark.parametrize(
    "cells", [(2, 9, 15, 15), (9, 15, 15, 2), (15, 2, 0, 15), (9, 0, 0, 15), (2, 2, 15, 15), (15, 15, 15, 9)]
)
def test_protected_tables_give_no_small_cell_away(cells):
    told, sums = square([cells[:2], cells[2:]])
    small = {key for key, count in told.items() if 0 < count < 10}
    out = protected(told, small, sums)
    assert out >= small
    assert exposed(feasible_ranges({key: HIDDEN if key in out else count for key, count in told.items()}, sums)).empty
