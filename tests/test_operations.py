"""What a scheduler, a monitor and an auditor meet: exit codes with their status, months kept, messages, and `crm verify`. The notebooks'
execution itself is played here."""

import json
import logging
import shutil
import signal
import sys
from pathlib import Path

import nbformat.v4 as nb
import pytest

from analysis import cli, digest, pipeline, status
from analysis.bank import prepare
from analysis.errors import Interrupted, UserError
from analysis.finding import Finding
from analysis.report import execute, provenance
from analysis.report.display import FINDINGS_MIME
from analysis.report.execute import Outcome
from analysis.wording import say

FILES = {
    "bank.yaml": """\
name: My Bank
files: {clients: {path: clients.csv}, bookings: {path: bookings.csv}}
tables:
  customers: SELECT client_id AS customer_id, name, phone, opened AS opened_date FROM clients
  transactions: SELECT txn_id AS transaction_id, client_id AS customer_id, booked AS booked_at, amount FROM bookings
""",
    "clients.csv": "client_id,name,phone,opened\nA,Anna Alpha,13800000001,2020-01-15\nB,Bert Beta,13800000002,2021-06-30\n",
    "bookings.csv": "txn_id,client_id,booked,amount\n1,A,2024-01-31 09:00:00,100.5\n2,B,2024-03-31 00:00:00,7\n",
}
LIST = "reports:\n  good: {notebook: good.ipynb, tables: [customers], parameters: {level: 3}}\n"
PARAMETERS = 'bank: str = "mybank"\nas_of: str = ""\nlevel: int = 3'
COPY_TO_PDF = 'for one; do case $one in --print-to-pdf=*) printf "%%PDF-\\n%%%%EOF\\n" > "${one#*=}";; esac; done'
FAILS = Outcome("good", "failed", say("Cell 3 failed with ValueError."))


class Office:
    """A project whose crm runs in this process; `outcome` is what becomes of its notebook."""

    def __init__(self, root: Path, caplog=None):
        self.root, self.caplog, self.outcome = root, caplog, None
        self.raw = self.root / "data" / "raw" / "mybank"

    def enter(self, surroundings: pytest.MonkeyPatch) -> None:
        """Runs take place here: in this folder, with a played execution, without a printer or signal handlers."""
        surroundings.setenv("CRM_HOME", str(self.root))
        surroundings.setenv("CRM_CHROMIUM", "")
        surroundings.chdir(self.root)
        surroundings.setattr(sys, "argv", sys.argv)
        surroundings.setattr(cli.signal, "signal", lambda *_: None)
        surroundings.setattr(execute, "execute_all", self.execute_all)
        surroundings.setattr(provenance, "code_digest", lambda: "c" * 64)
        surroundings.setattr(prepare, "prepare_features", lambda *_: None)  # no notebook is executed that would read them

    def add_bank(self) -> None:
        for folder in (self.raw, self.root / "notebooks"):
            folder.mkdir(parents=True)
        for name, text in FILES.items():
            (self.raw / name).write_text(text)
        self.write_notebook()
        self.write_list(LIST)

    def write_list(self, text: str) -> None:
        (self.root / "reports.yaml").write_text(text)

    def write_notebook(self, question: str = "Who?") -> None:
        cells = [
            {"cell_type": "markdown", "metadata": {}, "source": f"# Good\n\n{question}"},
            {"cell_type": "code", "metadata": {"tags": ["parameters"]}, "source": PARAMETERS},
        ]
        (self.root / "notebooks" / "good.ipynb").write_text(json.dumps({"cells": cells}))

    def execute_all(self, jobs, languages, workers):
        finding = Finding("n", say("There are forty customers."), 40, 40, "count").to_json(languages)
        cells = [
            nb.new_markdown_cell("# Good\n\nWho?"),
            nb.new_markdown_cell("## Main findings"),
            nb.new_code_cell("findings", outputs=[nb.new_output("display_data", {FINDINGS_MIME: {"findings": [finding]}})]),
        ]
        yield self.outcome or Outcome("good", "published", notebook=nb.new_notebook(cells=cells))

    def crm(self, *words: str) -> int:
        sys.argv = ["crm", *words]
        with pytest.raises(SystemExit) as ended:
            cli.main()
        return int(ended.value.code or 0)

    def tried(self, *words: str) -> tuple[int, str]:
        """Exit code and what was said."""
        self.caplog.clear()
        return self.crm(*words), self.caplog.text

    def status(self) -> dict:
        return status.read("mybank")

    @property
    def site(self) -> Path:
        return self.root / "reports" / "mybank"


@pytest.fixture(scope="module")
def issued(tmp_path_factory) -> Path:
    """A project with a release of 31 March 2024, to be copied."""
    with pytest.MonkeyPatch.context() as surroundings:
        made = Office(tmp_path_factory.mktemp("issued"))
        made.enter(surroundings)
        made.add_bank()
        assert made.crm("report", "mybank") == 0
    return made.root


@pytest.fixture
def office(issued, tmp_path, monkeypatch, caplog):
    """A copy of it, which may be published again and altered."""
    caplog.set_level(logging.INFO, "crm")
    made = Office(shutil.copytree(issued, tmp_path / "home", symlinks=True), caplog)
    made.enter(monkeypatch)
    return made


def raising(error: BaseException):
    def make(*_, **__):
        raise error

    return make


@pytest.mark.parametrize(
    ("error", "code", "state"),
    [
        (UserError("The disk is full."), 2, "refused"),
        (KeyError("a"), 3, "error"),
        (Interrupted(signal.SIGINT), 130, "interrupted"),
        (Interrupted(signal.SIGTERM), 143, "interrupted"),
    ],
)
def test_a_run_that_publishes_nothing_ends_in_its_code_and_says_so(office, monkeypatch, error, code, state):
    before = (office.site / "latest").resolve()
    monkeypatch.setattr(pipeline, "make", raising(error))
    assert office.crm("report", "mybank", "--force") == code
    assert (office.status()["exit_code"], office.status()["state"]) == (code, state)
    assert (office.site / "latest").resolve() == before


def test_a_run_that_publishes_ends_in_0_or_1_and_says_so(office):
    assert office.crm("report", "mybank", "--as-of", "2024-02-29") == 0
    told = office.status()
    assert (told["state"], told["exit_code"], told["as_of"]) == ("ok", 0, "2024-02-29")
    assert told["reports"] == {"published": 1, "not produced": 0, "failed": 0}
    assert (office.root / told["pages"]).is_file()
    assert (office.site / ".releases" / told["release"]).is_dir()
    assert (
        (office.root / told["message"]["file"])
        .read_text()
        .startswith("My Bank: monthly customer report as of 29 February 2024\n")
    )
    office.outcome = FAILS
    assert office.crm("report", "mybank", "--as-of", "2024-03-31") == 1
    failed = office.status()
    assert (failed["state"], failed["exit_code"], failed["failed"]) == ("failed reports", 1, ["good"])
    assert failed["last_success"]["release"] == told["release"]
    assert "Its page of 31 March 2024 stands in." in (office.root / failed["message"]["file"]).read_text()


def test_a_refusal_before_anything_is_read_is_told_too(office):
    assert office.crm("report", "mybank", "--only", "goood") == 2
    assert office.status()["sentence"].startswith("There is no report 'goood' in reports.yaml")
    office.write_list(LIST + "keep: few\n")
    assert office.crm("report", "mybank") == 2
    assert office.status()["state"] == "refused"


def test_an_unchanged_run_is_a_success_that_sends_nothing(office):
    shutil.rmtree(status.notices("mybank"))
    code, said = office.tried("report", "mybank")
    assert (code, "nothing changed" in said) == (0, True)
    assert (office.status()["state"], "message" in office.status()) == ("ok", False)
    assert office.crm("report", "mybank", "--force") == 0
    assert [path.name for path in status.notices("mybank").iterdir()] == ["status.json"]


def test_decisions_that_the_bank_edits_alter_the_monthly_report_and_execute_nothing(office):
    (office.raw / "decisions.csv").write_text("measure,owner,due,customers\nCall them,Retail,2024-04-30,40\n")
    code, said = office.tried("report", "mybank")
    assert (code, "no notebook executed" in said) == (0, True)
    assert "Call them" in (office.site / "latest" / "index.html").read_text()
    assert "no notebook executed" in office.tried("report", "mybank")[1]
    assert "Decisions needed: 1" in (status.notices("mybank") / "2024-03-31.txt").read_text()


def test_a_decision_that_names_a_customer_is_refused_with_its_line(office):
    (office.raw / "decisions.csv").write_text("measure,owner\nCall them,Retail\nCall Anna Alpha,Retail\n")
    code, said = office.tried("report", "mybank")
    assert (code, "decisions.csv, line 3: the row shows a customer's name or number; take it out" in said) == (2, True), said
    assert "Anna" not in said
    assert office.status()["sentence"].startswith("data/raw/mybank/decisions.csv, line 3: ")


def test_paper_that_could_not_be_printed_is_made_by_the_next_run(office, monkeypatch, tmp_path):
    browser = tmp_path / "browser"
    browser.write_text(f"#!/bin/sh\n{COPY_TO_PDF}\n")
    browser.chmod(0o755)
    assert not list((office.site / "latest").glob("*.pdf"))
    monkeypatch.setenv("CRM_CHROMIUM", str(browser))
    assert "no notebook executed" in office.tried("report", "mybank")[1]
    assert (office.site / "latest" / "monthly-2024-03-31.pdf").is_file()


def test_a_release_of_another_shape_is_made_anew(office):
    (office.site / "latest" / "results.json").write_text("[1]")
    assert office.crm("report", "mybank") == 0
    assert office.crm("verify", "mybank") == 0


def test_months_that_are_kept_no_longer_go_and_the_next_run_changes_nothing(office):
    for day in ("2024-01-31", "2024-02-29"):
        assert "were removed" not in office.tried("report", "mybank", "--as-of", day)[1]
    office.write_list("keep: 2\n" + LIST)
    assert "the pages of 2024-01-31 were removed: those of 2 months are kept" in office.tried("report", "mybank")[1]
    assert {path.name[:10] for path in (office.site / ".releases").iterdir()} == {"2024-02-29", "2024-03-31"}
    assert "2024-01-31" not in (office.site / "latest" / "index.html").read_text()
    before = (office.site / "latest").resolve()
    assert "nothing changed" in office.tried("report", "mybank")[1]
    assert (office.site / "latest").resolve() == before
    assert "../2024-01-31/index.html" in (office.site / "2024-02-29" / "index.html").read_text()
    assert "The pages of this period were removed" in (office.site / "2024-01-31" / "index.html").read_text()


def test_a_release_that_nobody_touched_is_verified_by_bank_or_folder(office):
    for words in (("mybank",), ("mybank", "--as-of", "2024-03-31"), ("reports/mybank/latest",), ("reports/mybank/2024-03-31",)):
        code, said = office.tried("verify", *words)
        assert (code, "came from these inputs and this code\n" in said) == (0, True), said


@pytest.mark.parametrize(
    ("alter", "sentence"),
    [
        (lambda o: append(o.site / "latest" / "good.html"), "good.html was altered after it was published."),
        (lambda o: (o.site / "latest" / "good.html").unlink(), "good.html is gone."),
        (lambda o: append(o.site / "latest" / "note.txt"), "note.txt was put there later."),
        (lambda o: forge(o.site / "latest"), "manifest.json was altered: the release's name is not that of its contents."),
        (lambda o: append(o.raw / "bookings.csv", "9,A,2024-03-30 00:00:00,1\n"), "inputs: The input bookings is another than then."),
        (lambda o: (o.raw / "clients.csv").unlink(), "inputs: The input clients is gone."),
        (lambda o: append(o.raw / "bank.yaml"), "inputs: bank.yaml is another than then."),
        (lambda o: append(o.raw / "segment_actions.csv"), "inputs: The input segment_actions.csv is read now and was not there then."),
        (lambda o: append(o.raw / "decisions.csv"), "inputs: The file decisions.csv is read now and was not there then."),
        (lambda o: o.write_notebook("Why?"), "The notebook good.ipynb is another than then."),
        (lambda o: o.write_list(LIST.replace("level: 3", "level: 4")), "The parameters of good are others than then."),
        (lambda o: o.write_list(LIST.replace("good:", "other:")), "The report good has no notebook here."),
    ],
)  # fmt: skip
def test_what_differs_is_named(office, alter, sentence):
    alter(office)
    code, said = office.tried("verify", "mybank")
    assert (code, sentence in said) == (1, True), said
    assert said.count("ERROR") == 2


@pytest.mark.parametrize(
    ("name", "content", "told"),
    [
        ("manifest.json", "[1]", "The release has no manifest.json that can be read"),
        (
            "results.json",
            '{"bank": "mybank", "as_of": "2024-03-31", "reports": {}, "provenance": []}',
            "results.json lacks what the rest",
        ),
    ],
)
def test_files_of_another_shape_are_a_sentence(office, name, content, told):
    (office.site / "latest" / name).write_text(content)
    code, said = office.tried("verify", "mybank")
    assert (code, told in said) == (1, True), said


def append(path: Path, text: str = "\n") -> None:
    path.write_text((path.read_text() if path.exists() else "") + text)


def forge(folder: Path) -> None:
    """A page altered, and the list of digests with it."""
    append(folder / "good.html")
    manifest = json.loads((folder / "manifest.json").read_text())
    manifest["files"]["good.html"] = digest.of_file(folder / "good.html")
    (folder / "manifest.json").write_text(json.dumps(manifest, indent=1) + "\n")


def test_other_code_and_packages_are_named(office, monkeypatch):
    monkeypatch.setattr(provenance, "code_digest", lambda: "f" * 64)
    versions = {**digest.package_versions(), "numpy": "0.1"}
    monkeypatch.setattr("analysis.digest.package_versions", lambda: versions)
    code, said = office.tried("verify", "mybank")
    assert code == 1
    assert "The code is another: the release came from no commit, digest " in said
    assert "here is no commit, digest ffffffffffff." in said
    assert " and is 0.1 here." in said


def test_a_release_that_was_moved_is_verified_as_far_as_it_can_be(office, tmp_path, monkeypatch):
    named = tmp_path / "vault" / (office.site / "latest").resolve().name
    shutil.copytree(office.site / "latest", named)
    shutil.copytree(named, tmp_path / "vault" / "copy")
    shutil.rmtree(office.raw)
    code, said = office.tried("verify", str(named))
    assert code == 0
    assert "inputs: The inputs cannot be checked here: There is no bank 'mybank'" in said
    assert "came from these inputs and this code so far as can be checked here" in said
    assert "whether manifest.json itself was altered cannot be told" in office.tried("verify", str(named.with_name("copy")))[1]
    append(named / "good.html")
    assert office.crm("verify", str(named)) == 1


@pytest.mark.parametrize(
    ("words", "sentence"),
    [
        (("reports",), "crm: reports is no release: it holds no results.json; name a day's folder, such as reports/demo/latest."),
        (("reports/mybank/2020-01-31",), "crm: reports/mybank/2020-01-31 is no release: it holds no results.json"),
        (("mybank", "--as-of", "2020-01-31"), "crm: There is no release of mybank as of 2020-01-31. Days: 2024-03-31."),
        (("mybanc",), "crm: There is no bank 'mybanc'"),
        (("reports/mybank/latest", "--as-of", "2024-03-31"), "crm: --as-of goes with a bank's name"),
    ],
)
def test_what_is_no_release_is_a_sentence(office, words, sentence):
    code, said = office.tried("verify", *words)
    assert (code, sentence in said) == (2, True), said
