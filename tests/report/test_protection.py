"""Before a release is published: what gives a small number away is made again with rows hidden, and kept for the next release."""

import json
import os
import stat
from pathlib import Path

import nbformat.v4 as nb
import pytest

from analysis.errors import UserError
from analysis.report.display import EXHIBIT_MIME
from analysis.report.execute import Outcome
from analysis.report.privacy import HIDE
from analysis.report.protection import Protection
from analysis.report.released import forgotten, neighbours, told

COUNTS = {"A": 40, "B": 30, "C": None, "All": 77}


def played(name: str) -> Outcome:
    """A report with one table, whose kernel hides what it is asked to."""
    path = os.environ.get(HIDE)
    rows = json.loads(Path(path).read_text()).get("tiers", []) if path else []
    values = [None if key in rows else count for key, count in COUNTS.items()]
    cells = {"keys": list(COUNTS), "total": [3], "columns": {"customers": {"unit": "count", "values": values}}}
    shown = {EXHIBIT_MIME: {"name": "tiers", "kind": "table", "content": {}, "cells": cells}}
    cell = nb.new_code_cell("x", outputs=[nb.new_output("display_data", data=shown)])
    return Outcome(name, "published", notebook=nb.new_notebook(cells=[cell]))


def test_a_report_is_made_again_with_the_rows_hidden_and_kept_for_its_owner(tmp_path):
    protection = Protection(tmp_path, "2025-06-30", ("first", "second"))
    protection.see(played("first"))
    again = list(protection.again(lambda name: [played(name)]))
    protection.keep()
    assert [outcome.name for outcome in again] == ["first"]
    kept = told(tmp_path, "2025-06-30")
    assert kept["first"]["hidden"] == {"tiers": ["B"]}
    assert kept["first"]["sheets"]["tiers"]["columns"]["customers"]["values"] == [40, None, None, 77]
    path = tmp_path / "released" / "2025-06-30.json"
    assert [stat.S_IMODE(place.stat().st_mode) for place in (path, path.parent)] == [0o600, 0o700]


def test_a_report_that_stands_keeps_its_cells_and_one_no_longer_listed_is_dropped(tmp_path):
    for names in (("first", "second"), ("second", "third")):
        protection = Protection(tmp_path, "2025-06-30", names)
        protection.see(played(names[-1]))
        protection.keep()
    assert list(told(tmp_path, "2025-06-30")) == ["second", "third"]


def test_of_a_report_that_failed_the_cells_of_the_page_that_stands_are_kept(tmp_path):
    protection = Protection(tmp_path, "2025-06-30", ("first",))
    protection.see(played("first"))
    protection.see(Outcome("first", "failed"))
    assert list(protection.reports) == ["first"]
    protection.see(Outcome("first", "not produced"))
    assert not protection.reports


def test_where_hiding_does_not_help_the_run_ends_and_says_so(tmp_path, caplog):
    protection = Protection(tmp_path, "2025-06-30", ("first",))
    stubborn = played("first")
    protection.see(stubborn)
    assert len(list(protection.again(lambda name: [stubborn]))) == 1
    assert "can still be worked out" in caplog.text


def test_the_releases_beside_a_day_are_the_nearest_before_and_after(tmp_path):
    for day in ("2025-03-31", "2025-04-30", "2025-06-30", "2025-07-31"):
        Protection(tmp_path, day, ()).keep()
    assert neighbours(tmp_path, "2025-05-31") == ["2025-04-30", "2025-06-30"]
    assert neighbours(tmp_path, "2025-03-31") == ["2025-04-30"]


def test_a_release_beside_a_day_of_which_nothing_is_kept_or_that_cannot_be_read_is_named(tmp_path):
    for day in ("2025-03-31", "2025-05-31"):
        Protection(tmp_path, day, ()).keep()
    published = ["2025-07-31", "2025-03-31", "2025-04-30", "2025-06-30"]
    assert forgotten(tmp_path, "2025-05-31", published) == ["2025-04-30", "2025-06-30"]
    assert forgotten(tmp_path, "2025-04-30", published) == ["2025-06-30"]
    (tmp_path / "released" / "2025-03-31.json").write_text("{")
    with pytest.raises(UserError, match="the release of 2025-03-31 told cannot be read"):
        told(tmp_path, "2025-03-31")


def test_what_was_hidden_before_stays_so_where_more_is(tmp_path):
    protection = Protection(tmp_path, "2025-06-30", ("first",))
    protection.see(played("first"), {"tiers": ["B"]})
    assert protection._joined("first", {"tiers": ["A"], "moves": ["C"]}) == {"tiers": ["B", "A"], "moves": ["C"]}
