"""crm as a user and a scheduler meet it: a real process on a tiny bank, with real kernels."""

import json
import os
import resource
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import psutil
import pytest

import analysis

SLEEP, C_LOOP = "import time; time.sleep(600)", "sum(range(10**12))"
DEFINITION = """\
name: Tiny
files:
  clients: {path: clients.csv}
  bookings: {path: bookings.csv}
tables:
  customers: SELECT client_id AS customer_id, name, phone, opened AS opened_date FROM clients
  transactions: SELECT txn_id AS transaction_id, client_id AS customer_id, booked AS booked_at, amount FROM bookings
"""
LIST = "reports:\n  good: {notebook: good.ipynb, tables: [customers]}\n  other: {notebook: other.ipynb}\n"
FINDINGS = """\
from analysis.finding import Finding
from analysis.report import display
from analysis.wording import say
display.findings([Finding("n", say("There are {n:count} customers.", n=40), 40, 40, "count")])"""


class Trial:
    """A project of its own with one tiny bank, whose crm runs a copy of the package with a TMPDIR of its own."""

    def __init__(self, home: Path, package: Path, scratch: Path):
        self.home, self.scratch = home, scratch
        self.site = home / "reports" / "tiny"
        self.environment = {
            **os.environ, "CRM_HOME": str(home), "PYTHONPATH": str(package), "TMPDIR": str(scratch), "COLUMNS": "200",
        }  # fmt: skip

    def write_notebook(self, name: str, source: str = FINDINGS) -> None:
        cell = {"cell_type": "code", "execution_count": None, "outputs": [], "metadata": {}}
        parameters = 'bank: str = "tiny"\nas_of: str = ""\nlevel: int = 3'
        cells = [
            {"cell_type": "markdown", "id": "a", "metadata": {}, "source": f"# {name.capitalize()}\n\nIs it {name}?"},
            {**cell, "id": "b", "metadata": {"tags": ["parameters"]}, "source": parameters},
            {"cell_type": "markdown", "id": "c", "metadata": {}, "source": "## Main findings"},
            {**cell, "id": "d", "source": source},
        ]
        kernel = {
            "kernelspec": {"display_name": "Python 3", "language": "python", "name": "python3"},
            "language_info": {"name": "python"},
        }
        content = {"cells": cells, "metadata": kernel, "nbformat": 4, "nbformat_minor": 5}
        (self.home / "notebooks" / f"{name}.ipynb").write_text(json.dumps(content))

    def write_list(self, text: str) -> None:
        (self.home / "reports.yaml").write_text(text)

    def crm(self, *words: str, **options) -> subprocess.CompletedProcess:
        command = [sys.executable, "-m", "analysis.cli", *words]
        return subprocess.run(
            command, env=self.environment, cwd=self.home, capture_output=True, text=True, timeout=120, **options
        )

    def start(self, *words: str) -> subprocess.Popen:
        command = [sys.executable, "-m", "analysis.cli", *words]
        return subprocess.Popen(command, env=self.environment, cwd=self.home, stderr=subprocess.PIPE, text=True)

    def kernels(self) -> list[psutil.Process]:
        return [process for process in psutil.process_iter() if self._is_kernel(process)]

    def _is_kernel(self, process: psutil.Process) -> bool:
        try:
            return "analysis.report.kernel" in process.cmdline() and str(self.scratch) in " ".join(process.cmdline())
        except psutil.Error:
            return False

    def wait_for_kernels(self, number: int) -> None:
        wait_until(lambda: len(self.kernels()) == number, 30)
        time.sleep(1.5)

    def pages(self) -> dict[str, bytes]:
        """All that is published: every file, and where the links lead."""
        files = {str(path.relative_to(self.site)): path.read_bytes() for path in sorted(self.site.rglob("*")) if path.is_file()}
        links = {path.name: os.readlink(path).encode() for path in self.site.iterdir() if path.is_symlink()}
        return files | links

    def status(self) -> tuple[str, int | None]:
        """State and exit code as monitoring reads them."""
        told = json.loads((self.home / "data" / "notices" / "tiny" / "status.json").read_text())
        return told["state"], told.get("exit_code")

    def results(self) -> dict:
        return json.loads((self.site / "latest" / "results.json").read_text())["reports"]


def wait_until(is_so, seconds: float) -> None:
    limit = time.monotonic() + seconds
    while not is_so():
        assert time.monotonic() < limit, "it did not come about in time"
        time.sleep(0.05)


@pytest.fixture(scope="module")
def package(tmp_path_factory) -> Path:
    copy = tmp_path_factory.mktemp("package")
    shutil.copytree(Path(analysis.__file__).parent, copy / "analysis", ignore=shutil.ignore_patterns("__pycache__"))
    return copy


@pytest.fixture(scope="module")
def scratch():
    folder = Path(tempfile.mkdtemp(prefix="t"))  # short: a socket's path holds 107 characters
    yield folder
    shutil.rmtree(folder)


@pytest.fixture(scope="module")
def published(tmp_path_factory, package, scratch) -> Trial:
    made = Trial(tmp_path_factory.mktemp("home"), package, scratch)
    raw = made.home / "data" / "raw" / "tiny"
    raw.mkdir(parents=True)
    (made.home / "notebooks").mkdir()
    for name in ("good", "other"):
        made.write_notebook(name)
    made.write_list(LIST)
    (raw / "bank.yaml").write_text(DEFINITION)
    clients = [f"K{n:06d},Name Number{n},139{n:08d},2024-01-{n % 28 + 1:02d}" for n in range(40)]
    (raw / "clients.csv").write_text("\n".join(["client_id,name,phone,opened", *clients, ""]))
    bookings = [f"{n},K{n % 40:06d},2024-0{n % 4 + 1}-28 09:00:00,{n}" for n in range(200)]
    (raw / "bookings.csv").write_text("\n".join(["txn_id,client_id,booked,amount", *bookings, ""]))
    run = made.crm("report", "tiny")
    assert run.returncode == 0, run.stderr
    return made


@pytest.fixture
def trial(published, package, tmp_path, scratch) -> Trial:
    """A copy of the published project."""
    shutil.copytree(published.home, tmp_path / "home", symlinks=True)
    yield Trial(tmp_path / "home", package, scratch)
    assert os.listdir(scratch) == []


def test_the_help_reads_well_and_costs_nothing(trial):
    run = trial.crm("--help")
    assert run.returncode == 0
    assert "Turns a bank's own extracts into published reports" in run.stdout
    assert "Traceback" not in run.stderr
    bare = trial.crm()
    assert (bare.returncode, bare.stderr) == (2, "")


@pytest.mark.parametrize(
    ("words", "sentence"),
    [
        (("report",), "crm: Missing argument 'bank'. See 'crm report --help'."),
        (("report", "tiny", "--foce"), "crm: No such option: --foce (Possible options: --force) See 'crm report --help'."),
        (("report", "tiny", "--only", "goood"), "crm: There is no report 'goood' in reports.yaml; did you mean 'good'? Reports: good, other."),
        (("report", "tinny"), "crm: There is no bank 'tinny': data/raw/tinny/bank.yaml does not exist; did you mean 'tiny'? Banks here: tiny."),
        (("report", "tiny", "--as-of", "2024-3-31"), "crm: '2024-3-31' is not a day; write it as YYYY-MM-DD, such as 2025-06-30."),
        (("report", "tiny", "--as-of", "2024-02-30"), "crm: '2024-02-30' is not a day; write it as YYYY-MM-DD, such as 2025-06-30."),
        (("report", "tiny", "--as-of", "1999-12-31"), "crm: as_of 1999-12-31 lies before all data (2024-01-28 to 2024-04-28); choose a day between them, such as 2024-03-31."),
        (("report", "tiny", "--as-of", "2030-12-31"), "crm: as_of 2030-12-31 lies after all data (2024-01-28 to 2024-04-28); choose a day between them, such as 2024-03-31."),
    ],
)  # fmt: skip
def test_a_command_that_cannot_be_carried_out_gets_one_sentence(trial, words, sentence):
    before = trial.pages()
    run = trial.crm(*words)
    assert run.stderr == f"{sentence}\n"
    assert run.returncode == 2
    assert trial.pages() == before


@pytest.mark.parametrize(
    ("text", "sentence"),
    [
        (LIST + "    parameters: {level: 3}\n", "reports.yaml, line 4: not valid YAML; mend that line."),
        (LIST.replace("tables: [customers]", "tables: [custmers]"), "reports.yaml, report good: there is no table 'custmers'; did you mean 'customers'? Tables are listed in docs/data.md."),
        (LIST.replace("tables:", "table:"), "reports.yaml: unknown key 'reports.good.table'; did you mean 'tables'? Keys: notebook, tables, floors, parameters, audience, time_limit_seconds."),
        (LIST.replace("other.ipynb", "others.ipynb"), "reports.yaml, report other: there is no notebook 'others.ipynb' in HOME/notebooks; did you mean 'other.ipynb'? Mend its name or put it there."),
        (LIST.replace("other.ipynb", "other.ipynb, parameters: {levle: 3}"), "reports.yaml, report other: other.ipynb has no parameter 'levle'; did you mean 'level'? It takes bank, as_of, level."),
        (LIST.replace("other.ipynb", "other.ipynb, parameters: {level: high}"), "reports.yaml, report other: the parameter 'level' is 'high' (str), but other.ipynb takes int, such as 3."),
        (LIST.replace("other.ipynb", "other.ipynb, parameters: {api_token: x}"), "reports.yaml, report other: the parameter 'api_token' looks like a secret, and parameters are kept in clear text; take it out."),
    ],
)  # fmt: skip
def test_a_list_that_cannot_be_carried_out_gets_one_sentence(trial, text, sentence):
    before = trial.pages()
    trial.write_list(text)
    run = trial.crm("report", "tiny")
    assert run.stderr == f"crm: {sentence.replace('HOME', str(trial.home))}\n"
    assert run.returncode == 2
    assert trial.pages() == before


def test_an_unchanged_run_says_so_and_imports_nothing_that_executes(trial):
    before = trial.pages()
    trial.environment["PYTHONVERBOSE"] = ""
    probe = "import sys; from analysis import cli\nsys.argv = ['crm', 'report', 'tiny']\ntry: cli.main()\nfinally: print([name for name in ('papermill', 'nbconvert', 'nbformat', 'jinja2', 'matplotlib', 'ibis', 'zmq') if name in sys.modules])"
    run = subprocess.run([sys.executable, "-c", probe], env=trial.environment, cwd=trial.home, capture_output=True, text=True)
    assert run.returncode == 0
    assert run.stderr.splitlines() == [
        "nothing changed: no notebook executed; the pages of 2024-03-31 stand",
        "the pages: reports/tiny/2024-03-31/index.html",
    ]
    assert run.stdout == "[]\n"
    assert trial.pages() == before


@pytest.mark.slow
def test_the_same_inputs_give_the_same_bytes(trial):
    before = trial.pages()
    run = trial.crm("report", "tiny", "--force")
    assert "good: published" in run.stderr
    assert trial.pages() == before


@pytest.mark.slow
def test_what_changed_is_executed_and_nothing_else(trial, package, tmp_path):
    trial.write_notebook("other", FINDINGS.replace("There are", "We have"))
    run = trial.crm("report", "tiny")
    assert [line for line in run.stderr.splitlines() if "executing" in line] == ["other: executing"]
    with open(trial.home / "data" / "raw" / "tiny" / "bookings.csv", "a") as file:
        file.write("200,K000001,2024-04-28 09:00:00,5\n")
    run = trial.crm("report", "tiny", "--only", "good")
    assert "preparing tiny" in run.stderr
    assert [line for line in run.stderr.splitlines() if "executing" in line] == ["good: executing"]
    changed = tmp_path / "package"
    shutil.copytree(package, changed)
    with open(changed / "analysis" / "calendar.py", "a") as file:
        file.write("# changed\n")
    trial.environment["PYTHONPATH"] = str(changed)
    run = trial.crm("report", "tiny")
    assert sorted(line for line in run.stderr.splitlines() if "executing" in line) == ["good: executing", "other: executing"]


@pytest.mark.slow
def test_a_failed_report_ends_in_exit_1_with_the_others_published(trial):
    good = (trial.site / "latest" / "good.html").read_bytes()
    trial.write_notebook("good", "raise ValueError('Name Number7')")
    trial.write_notebook("other", "from analysis.errors import NotProduced\nraise NotProduced('7 events; 50 are needed.')")
    run = trial.crm("report", "tiny")
    assert run.returncode == 1
    assert run.stderr.splitlines()[-1] == "at least one report failed; the index says which and why"
    log = "data/processed/tiny/logs/2024-03-31/good.log"
    assert trial.results()["good"]["reason"] == f"Cell 3 failed with ValueError. The log is {log}."
    assert (trial.site / "latest" / "good-2024-03-31.html").read_bytes() == good
    assert oct((trial.home / log).stat().st_mode & 0o777) == "0o600"
    assert trial.results()["other"] | {"digest": "", "made_from": ""} == {
        "status": "not produced", "reason": "7 events; 50 are needed.", "title": "Other", "question": "Is it other?", "page": None,
        "page_as_of": None, "digest": "", "made_from": "", "findings": [], "gate": [], "is_stale": False,
    }  # fmt: skip
    assert not any(b"Name Number7" in content for content in trial.pages().values())
    trial.write_notebook("good")
    assert trial.crm("report", "tiny").returncode == 0


@pytest.mark.slow
@pytest.mark.parametrize(("number", "code"), [(signal.SIGINT, 130), (signal.SIGTERM, 143)])
def test_an_interrupted_run_leaves_no_kernel_no_half_page_and_the_old_latest(trial, number, code):
    before = trial.pages()
    trial.write_notebook("good", SLEEP)
    trial.write_notebook("other", C_LOOP)
    run = trial.start("report", "tiny")
    trial.wait_for_kernels(2)
    stopped = time.monotonic()
    run.send_signal(number)
    _, told = run.communicate(timeout=15)
    assert run.returncode == code
    assert trial.status() == ("interrupted", code)
    assert told.splitlines()[-1] == "crm: interrupted; what was published stands as it was"
    assert time.monotonic() - stopped < 8
    assert trial.kernels() == []
    assert trial.pages() == before
    assert not list(trial.home.rglob("*partial*"))


def catches_sigterm(process: int) -> bool:
    """Whether the process has its own handler by now: before that, the system's default ends it, and says nothing."""
    status = Path(f"/proc/{process}/status").read_text()
    mask = next(line.split()[1] for line in status.splitlines() if line.startswith("SigCgt:"))
    return bool(int(mask, 16) >> (signal.SIGTERM - 1) & 1)


@pytest.mark.slow
@pytest.mark.parametrize("seconds", [0.0, 0.15, 0.4, 0.7])
def test_an_interruption_while_starting_is_no_crash(trial, seconds):
    run = trial.start("report", "tiny", "--force")
    wait_until(lambda: catches_sigterm(run.pid), 15)
    time.sleep(seconds)
    run.send_signal(signal.SIGTERM)
    _, told = run.communicate(timeout=15)
    assert run.returncode == 143
    assert told.splitlines()[-1] == "crm: interrupted; what was published stands as it was"
    assert "Traceback" not in told
    assert trial.kernels() == []


@pytest.mark.slow
def test_a_killed_run_leaves_no_kernel_and_the_next_one_clears_up(trial):
    before = trial.pages()
    trial.write_notebook("good", SLEEP)
    trial.write_notebook("other", C_LOOP)
    run = trial.start("report", "tiny")
    trial.wait_for_kernels(2)
    run.kill()
    run.communicate()
    wait_until(lambda: trial.kernels() == [], 5)
    assert trial.status() == ("running", None)
    assert {name: content for name, content in trial.pages().items() if "partial" not in name} == before
    for name in ("good", "other"):
        trial.write_notebook(name)
    assert trial.crm("report", "tiny").returncode == 0
    assert not list(trial.home.rglob("*partial*"))
    for folder in trial.scratch.iterdir():
        shutil.rmtree(folder)


@pytest.mark.slow
def test_a_second_run_waits_for_the_first_and_says_so(trial):
    trial.write_notebook("good", SLEEP)
    first = trial.start("report", "tiny")
    trial.wait_for_kernels(1)
    second = trial.start("report", "tiny")
    assert second.stderr.readline() == "another run for tiny is at work: waiting for it\n"
    second.send_signal(signal.SIGINT)
    second.communicate(timeout=10)
    assert second.returncode == 130
    assert trial.status() == ("running", None)
    first.send_signal(signal.SIGINT)
    first.communicate(timeout=15)
    assert trial.kernels() == []


@pytest.mark.slow
@pytest.mark.parametrize(("at_most", "place"), [(20_000, "reports/tiny"), (4_000, "data/processed/tiny")])
def test_a_disk_that_fills_is_told_in_a_sentence_and_nothing_changes(trial, at_most, place):
    before = trial.pages()
    trial.write_notebook("good", FINDINGS.replace("There are", "We have"))
    if "processed" in place:
        shutil.rmtree(trial.home / "data" / "processed")
    run = trial.crm("report", "tiny", preexec_fn=lambda: resource.setrlimit(resource.RLIMIT_FSIZE, (at_most, at_most)))
    last = run.stderr.splitlines()[-1]
    assert last.startswith(f"crm: The disk is full: {trial.home}/{place}"), run.stderr
    assert last.endswith(" could not be written; make room and run again. What was published stands as it was.")
    assert "Traceback" not in run.stderr
    assert run.returncode == 2
    assert trial.pages() == before
    assert not list(trial.site.rglob("*partial*"))


@pytest.mark.slow
def test_a_full_file_system_is_told_too(trial):
    """A real full disk, where one can be mounted."""
    before = trial.pages()
    shutil.move(trial.site, trial.home / "kept")
    trial.site.mkdir()
    options = ["mount", "-t", "tmpfs", "-o", "size=300k", "tmpfs", str(trial.site)]
    if subprocess.run(options, capture_output=True, check=False).returncode:
        pytest.skip("only root may mount a file system")
    try:
        shutil.copytree(trial.home / "kept", trial.site, symlinks=True, dirs_exist_ok=True)
        with open(trial.site / "filler", "wb") as filler:
            filler.write(b"x" * (shutil.disk_usage(trial.site).free - 8192))
        trial.write_notebook("good", FINDINGS.replace("There are", "We have"))
        run = trial.crm("report", "tiny")
        (trial.site / "filler").unlink()
        after = trial.pages()
    finally:
        subprocess.run(["umount", str(trial.site)], check=True)
    assert run.stderr.splitlines()[-1].startswith(f"crm: The disk is full: {trial.site}"), run.stderr
    assert run.returncode == 2
    assert after == before
