"""The long studies, run by hand: each has its committed result, which says what was run and is cited where the method is described."""

import json
import re
from pathlib import Path

import pytest

PROJECT = Path(__file__).parents[1]
HELPERS = {"archetypes", "bank_frames", "judging"}
STUDIES = sorted(path.stem for path in (PROJECT / "tests" / "long").glob("*.py") if path.stem not in HELPERS)
DOCUMENTS = ("docs/methods.md", "docs/assumptions.md")


@pytest.mark.parametrize("study", STUDIES)
def test_a_study_has_a_committed_result_that_the_documents_cite(study):
    result = json.loads((PROJECT / "docs" / "studies" / f"{study}.json").read_text(encoding="utf-8"))
    assert "seeds" in json.dumps(result)
    cited = "".join((PROJECT / name).read_text(encoding="utf-8") for name in DOCUMENTS)
    assert f"studies/{study}.json" in cited


def test_make_validate_runs_every_study():
    line = re.search(r"for study in ([a-z_ ]+);", (PROJECT / "Makefile").read_text(encoding="utf-8"))[1]
    assert sorted(line.split()) == STUDIES


def test_no_result_is_left_without_its_study():
    assert sorted(path.stem for path in (PROJECT / "docs" / "studies").glob("*.json")) == STUDIES
