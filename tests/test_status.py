"""The status file tells how a run ended, whatever the end, and never hides a run that is at work."""

import contextlib
import json
import os
import platform
import signal
import subprocess
import sys

import pytest

from analysis import status
from analysis.errors import Interrupted, UserError


@pytest.fixture(autouse=True)
def home(tmp_path, monkeypatch):
    monkeypatch.setenv("CRM_HOME", str(tmp_path))
    return tmp_path


def ended(error: BaseException | None = None, begins: bool = True, **facts: object) -> dict:
    with contextlib.suppress(type(error)) if error else contextlib.nullcontext(), status.told("mine") as run:
        if begins:
            run.begin()
        run.add(**facts)
        if error:
            raise error
    return status.read("mine")


@pytest.mark.parametrize(
    ("error", "facts", "state", "code", "sentence"),
    [
        (None, {"failed": []}, "ok", 0, None),
        (None, {"failed": ["churn"]}, "failed reports", 1, None),
        (UserError("There is no file."), {}, "refused", 2, "There is no file."),
        (KeyError("Anna Alpha"), {}, "error", 3, "The program itself met an error (KeyError); its log says where."),
        (Interrupted(signal.SIGINT), {}, "interrupted", 130, None),
        (Interrupted(signal.SIGTERM), {}, "interrupted", 143, None),
    ],
)
def test_each_end_is_told_with_its_exit_code(error, facts, state, code, sentence):
    told = ended(error, **facts)
    assert (told["state"], told["exit_code"], told["sentence"]) == (state, code, sentence)
    assert told["started"] <= told["ended"]
    assert (told["pid"], told["host"], told["bank"]) == (os.getpid(), platform.node(), "mine")
    assert "Anna" not in json.dumps(told)


def test_a_run_at_work_is_told_and_a_killed_one_stays_so(home):
    with status.told("mine") as run:
        run.begin()
        assert (status.read("mine")["state"], "ended" in status.read("mine")) == ("running", False)
    killed = "from analysis import status\nimport os, signal\nwith status.told('mine') as run:\n    run.begin()\n    os.kill(os.getpid(), signal.SIGKILL)"
    process = subprocess.run([sys.executable, "-c", killed], env={**os.environ, "CRM_HOME": str(home)}, check=False)
    assert process.returncode == -signal.SIGKILL
    assert (status.read("mine")["state"], "exit_code" in status.read("mine")) == ("running", False)
    assert not os.path.exists(f"/proc/{status.read('mine')['pid']}")


def test_the_last_success_outlives_a_failure():
    success = ended(as_of="2025-06-30", release="2025-06-30-a")["last_success"]
    assert (success["as_of"], success["release"]) == ("2025-06-30", "2025-06-30-a")
    assert ended(UserError("No."))["last_success"] == success
    assert ended(failed=["churn"], as_of="2025-07-31")["last_success"] == success


def test_a_refusal_does_not_hide_another_run_that_is_at_work():
    other = {"state": "running", "host": platform.node(), "pid": os.getppid()}
    status.write_notice("mine", "status.json", json.dumps(other))
    assert ended(UserError("No."), begins=False) == other
    status.write_notice("mine", "status.json", json.dumps({**other, "pid": 2**22 + 1}))
    assert ended(UserError("No."), begins=False)["state"] == "refused"


def test_monitoring_may_read_it_whatever_the_umask_and_finds_no_half_file(home):
    before = os.umask(0o077)
    try:
        ended()
    finally:
        os.umask(before)
    folder = home / "data" / "notices" / "mine"
    assert os.listdir(folder) == ["status.json"]
    assert (folder / "status.json").stat().st_mode & 0o777 == 0o644
    assert {path.stat().st_mode & 0o777 for path in (folder, folder.parent)} == {0o755}


def test_what_could_tell_who_somebody_is_stays_in_the_log():
    assert "13800000001" not in json.dumps(ended(UserError("clients.csv, row 7: '13800000001' is no date.")))


def test_a_status_that_cannot_be_written_ends_nothing(home, caplog):
    (home / "data").write_text("in the way")
    assert ended(failed=[]) == {}
    assert "the status file could not be written" in caplog.text


@pytest.mark.parametrize("text", ["", "[]", "{broken"])
def test_a_spoilt_file_is_written_anew(text):
    status.write_notice("mine", "status.json", text)
    assert ended(failed=[])["state"] == "ok"
