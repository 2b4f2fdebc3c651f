"""Notebooks in real kernels: what becomes of one that fails, hangs, dies, or has nothing to say."""

import json
import os
import tempfile
import threading
import time
from pathlib import Path

import psutil
import pytest

from analysis.report.execute import Job, execute_all

PARAMETERS = 'bank: str = "demo"\nas_of: str = ""'
HEAVY_C_LOOP = "sum(range(10**12))"  # holds the interpreter's lock: no thread of the kernel can do anything


@pytest.fixture(autouse=True)
def _own_scratch(tmp_path, monkeypatch):
    """Temporary folders of other runs on the machine lie elsewhere, and no language is set."""
    (tmp_path / "scratch").mkdir()
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path / "scratch"))
    monkeypatch.delenv("CRM_LANGUAGES", raising=False)


@pytest.fixture
def run(tmp_path):
    def execute(languages=("en",), limit=60.0, workers=2, **sources: str) -> dict:
        jobs = [Job(name, _notebook(tmp_path, name, source), {"bank": "mine"}, limit) for name, source in sources.items()]
        return {outcome.name: outcome for outcome in execute_all(jobs, list(languages), workers)}

    return execute


def _notebook(folder: Path, name: str, source: str) -> Path:
    cell = {"cell_type": "code", "execution_count": None, "outputs": [], "metadata": {}}
    cells = [
        {**cell, "id": "a", "source": PARAMETERS, "metadata": {"tags": ["parameters"]}},
        {**cell, "id": "b", "source": source},
    ]
    metadata = {
        "kernelspec": {"display_name": "Python 3", "language": "python", "name": "python3"},
        "language_info": {"name": "python"},
    }
    path = folder / f"{name}.ipynb"
    path.write_text(json.dumps({"cells": cells, "metadata": metadata, "nbformat": 4, "nbformat_minor": 5}))
    return path


def kernels() -> list[psutil.Process]:
    """Kernels whose connection file lies in this test's scratch folder: other tests may run theirs beside it."""
    return [child for child in psutil.Process().children(recursive=True) if tempfile.gettempdir() in " ".join(_command(child))]


def _command(process: psutil.Process) -> list[str]:
    try:
        return process.cmdline()
    except psutil.Error:
        return []


def workers() -> set[threading.Thread]:
    return {thread for thread in threading.enumerate() if "ThreadPool" in thread.name}


def left_behind() -> set[str]:
    return {name for name in os.listdir(tempfile.gettempdir()) if name.startswith("crm-")}


def test_an_executed_notebook_saw_its_parameters_and_surroundings(run):
    before = left_behind()
    source = "import os, sys\nprint(bank, repr(as_of), os.environ['CRM_LANGUAGES'], os.environ['OMP_NUM_THREADS'])"
    outcome = run(("zh", "en"), good=source)["good"]
    assert (outcome.status, outcome.reason, outcome.log) == ("published", None, None)
    assert outcome.notebook.cells[-1].outputs[0].text == "mine '' zh,en 1\n"
    assert "CRM_LANGUAGES" not in os.environ
    assert left_behind() <= before
    assert kernels() == []


def test_each_way_to_end_has_its_reason_and_stops_nobody_else(run):
    told = "from analysis.errors import NotProduced, UserError\nfrom analysis.wording import say\n"
    outcomes = run(
        raises="raise ValueError('Anna Alpha, 13912345678')",
        user_error=f"{told}raise UserError('The landmark 2025-06-30 lies after as_of 2025-05-31.')",
        not_produced=f"{told}raise NotProduced(say('{{n:count}} events; 50 are needed.', n=7))",
        dies="import os; os._exit(7)",
        good="1 + 1",
    )
    assert {name: (outcome.status, outcome.reason and str(outcome.reason)) for name, outcome in outcomes.items()} == {
        "raises": ("failed", "Cell 3 failed with ValueError."),
        "user_error": ("failed", "Cell 3 stopped: The landmark 2025-06-30 lies after as_of 2025-05-31."),
        "not_produced": ("not produced", "7 events; 50 are needed."),
        "dies": ("failed", "Its kernel ended without a word, as it does where memory runs out."),
        "good": ("published", None),
    }
    assert "Anna Alpha" in outcomes["raises"].log
    assert "\x1b" not in outcomes["raises"].log
    assert kernels() == []


def test_a_reason_comes_in_each_language(run):
    source = "from analysis.errors import NotProduced\nfrom analysis.wording import Label\nraise NotProduced(Label('Too few.', others={'zh': '太少。'}))"
    reason = run(("zh", "en"), few=source)["few"].reason
    assert (reason.render("en"), reason.render("zh")) == ("Too few.", "太少。")


@pytest.mark.parametrize("source", ["import time; time.sleep(600)", HEAVY_C_LOOP, "while True: pass"])
def test_a_notebook_past_its_time_limit_is_stopped_whatever_it_does(run, source):
    started = time.monotonic()
    outcome = run(limit=3, slow=source)["slow"]
    assert (outcome.status, str(outcome.reason)) == (
        "failed",
        "It ran past its time limit of 3 seconds and was stopped.",
    )
    assert time.monotonic() - started < 12
    assert kernels() == []


def test_a_time_limit_shorter_than_a_kernel_s_start_is_kept_too(run):
    outcome = run(limit=0.05, slow="import time; time.sleep(600)")["slow"]
    assert str(outcome.reason).startswith("It ran past its time limit")
    assert kernels() == []


def test_an_interruption_ends_every_kernel_before_it_is_passed_on(tmp_path):
    before, others = left_behind(), workers()
    names = ("sleeping", "looping", "waiting")
    sources = dict(zip(names, ("import time; time.sleep(600)", HEAVY_C_LOOP, "1"), strict=True))
    jobs = [Job("quick", _notebook(tmp_path, "quick", "1"), {}, 60)]
    jobs += [Job(name, _notebook(tmp_path, name, source), {}, 60) for name, source in sources.items()]
    outcomes = execute_all(jobs, ["en"], 2)
    assert next(outcomes).name == "quick"
    time.sleep(1)
    started = time.monotonic()
    with pytest.raises(KeyboardInterrupt):
        outcomes.throw(KeyboardInterrupt)
    assert time.monotonic() - started < 8
    assert kernels() == []
    assert left_behind() <= before
    assert workers() <= others
