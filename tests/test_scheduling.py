"""The examples of docs/scheduling/ work: the script, under a real cron, systemd's units, the DAG, the monitor's check."""

import datetime as dt
import importlib.util
import json
import os
import platform
import re
import shutil
import subprocess
import sys
import time
from pathlib import Path
from types import ModuleType

import pytest

from analysis import status

PROJECT = Path(__file__).parents[1]
EXAMPLES = PROJECT / "docs" / "scheduling"
HOME = "/srv/customer-research"
LAST_MONTH_END = dt.date.today().replace(day=1) - dt.timedelta(days=1)
STUB = '#!/bin/sh\necho "$@ umask $(umask)"\nexit ${STUB_EXIT:-0}\n'


@pytest.fixture
def home(tmp_path):
    """A project whose crm says what it was called with."""
    crm = tmp_path / ".venv" / "bin" / "crm"
    crm.parent.mkdir(parents=True)
    crm.write_text(STUB)
    crm.chmod(0o755)
    shutil.copytree(EXAMPLES, tmp_path / "docs" / "scheduling")
    return tmp_path


def month_end(home: Path, *words: str, **variables: str) -> subprocess.CompletedProcess:
    settings = {"PATH": os.environ["PATH"], "CRM_HOME": str(home), **variables}
    return subprocess.run(
        ["/bin/sh", EXAMPLES / "month_end.sh", *words], env=settings, capture_output=True, text=True, check=False
    )


@pytest.mark.parametrize("code", [0, 1, 2, 143])
def test_the_script_publishes_the_month_that_ended_last_and_passes_its_end_on(home, code):
    run = month_end(home, "mybank", STUB_EXIT=str(code))
    assert run.returncode == code
    assert run.stdout.splitlines()[1] == f"report mybank --as-of {LAST_MONTH_END} umask 0077"


def test_the_script_waits_for_a_delivery_to_be_complete(home):
    run = month_end(home, "mybank", str(home / "complete"))
    assert (run.returncode, "report mybank" in run.stdout) == (75, False)
    (home / "complete").touch()
    assert month_end(home, "mybank", str(home / "complete")).returncode == 0


def test_the_script_asks_for_the_project_s_folder(home):
    assert "CRM_HOME" in month_end(home, "mybank", CRM_HOME="").stderr


def needs(*programs: str):
    lacking = [program for program in programs if not shutil.which(program)]
    return pytest.mark.skipif(bool(lacking), reason=f"{', '.join(lacking)} not installed")


@needs("crontab", "cron")
def test_cron_accepts_the_crontab():
    checked = subprocess.run(["crontab", "-n", EXAMPLES / "crontab"], capture_output=True, text=True, check=False)
    if "invalid option" in checked.stderr:
        pytest.skip("this crontab cannot check a file")
    assert checked.returncode == 0, checked.stderr


@needs("crontab", "cron", "unshare")
def test_a_real_cron_runs_the_crontab_s_commands(home):
    """In a mount and process namespace of its own, whose cron sees this crontab alone; @reboot instead of the times, which would take
    a minute to come."""
    text = (EXAMPLES / "crontab").read_text().replace(HOME, str(home))
    text = re.sub(r"^LOG=.*$", f"LOG={home}/log", text, flags=re.MULTILINE)
    text, entries = re.subn(r"^0 \S+ \S+ \S+ \S+ ", "@reboot ", text, flags=re.MULTILINE)
    (home / "crontab").write_text(text)
    inside = (
        "mount -t tmpfs tmpfs /var/spool/cron && mkdir /var/spool/cron/crontabs && mount -t tmpfs tmpfs /etc/cron.d"
        f" && mount -t tmpfs tmpfs /run && crontab {home}/crontab && echo ready && exec cron -f"
    )
    command = ["unshare", "--mount", "--pid", "--fork", "--kill-child", "sh", "-c", inside]
    cron = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
    try:
        if cron.stdout.readline() != "ready\n":
            pytest.skip(f"only root may mount a file system ({cron.stderr.read().strip()})")
        lines = written(home / "log", 3)
    finally:
        cron.kill()
        cron.communicate()
    assert entries == 2
    assert f"report mybank --as-of {LAST_MONTH_END} umask 0077" in lines
    assert any(line.startswith("verify mybank umask") for line in lines)


def written(log: Path, number: int) -> list[str]:
    limit = time.monotonic() + 30
    while time.monotonic() < limit:
        lines = log.read_text().splitlines() if log.exists() else []
        if len(lines) >= number:
            return lines
        time.sleep(0.1)
    raise AssertionError(f"cron wrote no {number} lines in time")


@needs("systemd-analyze")
def test_systemd_accepts_the_units_and_the_time(tmp_path):
    units = [tmp_path / f"crm-report@mybank.{kind}" for kind in ("service", "timer")]
    for unit in units:
        text = (EXAMPLES / f"crm-report@{unit.suffix}").read_text()
        unit.write_text(text.replace(HOME, str(PROJECT)))
    checked = subprocess.run(["systemd-analyze", "verify", "--man=no", *units], capture_output=True, text=True, check=False)
    assert (checked.returncode, checked.stderr) == (0, "")
    when = re.search(r"^OnCalendar=(.*)$", units[1].read_text(), re.MULTILINE)[1]
    told = subprocess.run(["systemd-analyze", "calendar", when], capture_output=True, text=True, check=True).stdout
    assert re.search(r"Next elapse: \w+ \d{4}-\d\d-(0\d|10) 06:00:00", told)


class Played:
    """Stands for a class of Airflow's: remembers what it was made with."""

    made: list = []  # noqa: RUF012

    def __init__(self, *words, **options):
        self.words, self.options, self.after = words, options, []
        Played.made.append(self)

    def __enter__(self):
        return self

    def __exit__(self, *_):
        return None

    def __rshift__(self, other):
        self.after.append(other)


def stub(monkeypatch, **modules: dict) -> None:
    for name, content in modules.items():
        module = ModuleType(name.replace("__", "."))
        vars(module).update(content)
        monkeypatch.setitem(sys.modules, module.__name__, module)


def test_the_dag_is_imported_and_says_what_to_run(monkeypatch):
    """Where Airflow is not installed, on stand-ins for the three names that the DAG takes from it."""
    if importlib.util.find_spec("airflow") is None:
        packages = ("airflow", "airflow__providers", "airflow__providers__standard", "airflow__providers__standard__operators")
        stub(
            monkeypatch,
            **{name: {} for name in packages},
            airflow__sdk={"DAG": Played},
            pendulum={"datetime": lambda *_, **__: None},
        )
        stub(monkeypatch, airflow__providers__standard__operators__bash={"BashOperator": Played})
    spec = importlib.util.spec_from_file_location("dag", EXAMPLES / "dag.py")
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    if isinstance(module.report, Played):
        assert module.dag.options["schedule"] == "0 6 1-10 * *"
        assert module.report.after == [module.verify]
        command = module.report.options["bash_command"]
        assert command.startswith(f"umask 077 && cd {HOME} && exec .venv/bin/crm report mybank --as-of {{{{ data_interval_end.")
    else:
        assert module.report.downstream_task_ids == {"verify"}


def check(tmp_path, **facts) -> tuple[int, str]:
    now = dt.datetime.now().astimezone().isoformat(timespec="seconds")
    well = {"state": "ok", "exit_code": 0, "sentence": None, "started": now, "ended": now, "pid": os.getpid(), "host": platform.node(),
            "as_of": "2025-06-30", "failed": [], "last_success": {"ended": now}}  # fmt: skip
    (tmp_path / "status.json").write_text(json.dumps(well | facts))
    command = [sys.executable, "-S", EXAMPLES / "check_status.py", tmp_path / "status.json"]
    run = subprocess.run(command, capture_output=True, text=True, check=False)
    return run.returncode, run.stdout


@pytest.mark.parametrize(
    ("facts", "code", "told"),
    [
        ({}, 0, "OK: as of 2025-06-30, all is well"),
        ({"state": "running"}, 0, "OK: running since"),
        ({"state": "running", "started": "2025-07-01T06:00:00+08:00"}, 2, "CRITICAL: running since"),
        ({"state": "running", "pid": 2**22 + 1}, 2, "was killed"),
        ({"state": "failed reports", "failed": ["churn"]}, 1, "WARNING: as of 2025-06-30, failed: churn"),
        ({"state": "refused", "exit_code": 2, "sentence": "No file."}, 2, "No file."),
        ({"state": "interrupted", "exit_code": 143}, 2, "exit code 143"),
        ({"last_success": {"ended": "2025-01-01T06:00:00+08:00"}}, 2, "no success for 35 days"),
        ({"last_success": None}, 2, "the last was never"),
        ({"message": {"problem": "mail:25 could not be used."}}, 1, "mail:25 could not be used."),
    ],
)
def test_the_monitor_s_check_tells_well_from_ill(tmp_path, facts, code, told):
    ended, line = check(tmp_path, **facts)
    assert (ended, told in line) == (code, True)


@pytest.mark.parametrize("content", ["", "[]", "{}"])
def test_the_monitor_s_check_says_so_where_there_is_no_status(tmp_path, content):
    (tmp_path / "status.json").write_text(content)
    command = [sys.executable, "-S", EXAMPLES / "check_status.py", tmp_path / "status.json", "40", "6"]
    run = subprocess.run(command, capture_output=True, text=True, check=False)
    assert (run.returncode, run.stdout.startswith("CRITICAL: "), run.stderr) == (2, True, "")


def test_the_monitor_s_check_reads_what_a_run_writes(tmp_path, monkeypatch):
    monkeypatch.setenv("CRM_HOME", str(tmp_path))
    with status.told("mine") as run:
        run.begin()
        run.add(as_of="2025-06-30", failed=[])
    command = [sys.executable, EXAMPLES / "check_status.py", status.notices("mine") / "status.json"]
    assert subprocess.run(command, capture_output=True, text=True, check=False).stdout == "OK: as of 2025-06-30, all is well\n"


def test_the_document_names_each_example_and_each_key_of_the_status_file():
    text = (PROJECT / "docs" / "scheduling.md").read_text(encoding="utf-8")
    for path in EXAMPLES.iterdir():
        if path.is_file():
            assert f"scheduling/{path.name}" in text, path.name
    for key in ("bank", "state", "host", "pid", "started", "ended", "exit_code", "sentence", "as_of", "release", "pages", "reports",
                "failed", "message", "last_success"):  # fmt: skip
        assert f"`{key}`" in text, key
