"""A notebook by papermill's own command line, from a folder that is not the project's, on a small bank: the one that is not published.
The others run when the pages are made (tests/pages, where their findings are read as well)."""

import json
import os
import subprocess
import sys

import pytest
from tests.conftest import PROJECT, copied_project
from tests.study.test_methods import is_documented

from analysis.report.display import EXHIBIT_MIME, FINDINGS_MIME

NOTEBOOKS = [PROJECT / "notebooks" / f"{name}.ipynb" for name in ("one_customer",)]

pytestmark = pytest.mark.slow


@pytest.fixture(scope="module")
def home(shared_demo, tmp_path_factory):
    """A project's root with the demo bank, prepared."""
    return copied_project(shared_demo, tmp_path_factory.mktemp("made") / "home")


@pytest.mark.parametrize("path", NOTEBOOKS, ids=[path.stem for path in NOTEBOOKS])
def test_it_runs_by_the_command_line_from_anywhere(path, home, tmp_path):
    settings = {
        **os.environ,
        "CRM_LANGUAGES": "en,zh",
        "CRM_HOME": str(home),
        "OMP_NUM_THREADS": "1",
        "OPENBLAS_NUM_THREADS": "1",
    }
    command = [sys.executable, "-m", "papermill", str(path), "out.ipynb", "--no-progress-bar", "--log-level", "WARNING"]
    done = subprocess.run(command, cwd=tmp_path, env=settings, capture_output=True, text=True, timeout=300)
    assert done.returncode == 0, done.stderr[-2000:]
    outputs = [
        output["data"]
        for cell in json.loads((tmp_path / "out.ipynb").read_text(encoding="utf-8"))["cells"]
        for output in cell.get("outputs", [])
        if "data" in output
    ]
    findings = [finding for data in outputs for finding in data.get(FINDINGS_MIME, {}).get("findings", [])]
    assert len(findings) >= 3
    assert len({finding["id"] for finding in findings}) == len(findings)
    assert sum(EXHIBIT_MIME in data for data in outputs) >= 3
    assert [finding["id"] for finding in findings if not is_documented(finding["id"])] == []
    exhibits = {data[EXHIBIT_MIME]["name"] for data in outputs if EXHIBIT_MIME in data}
    assert {finding["exhibit"] for finding in findings if finding["exhibit"]} <= exhibits
