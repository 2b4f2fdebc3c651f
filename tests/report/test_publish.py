"""What is executed, what stands, and what a release holds; the notebooks' execution itself is played here."""

import json
import os
import re
from dataclasses import replace
from pathlib import Path

import nbformat
import nbformat.v4 as nb
import pytest

from analysis import wording
from analysis.errors import UserError
from analysis.finding import Finding
from analysis.report import execute, gate, page, release
from analysis.report.display import FINDINGS_MIME
from analysis.report.edition import Edition
from analysis.report.execute import Outcome
from analysis.report.gate import Score
from analysis.report.publication import Publication
from analysis.report.publish import has_failed, is_current, make, outdated
from analysis.wording import say

TABLE = {"delivered": 40, "rejected": 1, "fields_set_to_null": 0}
REPORTS = {name: Publication(notebook=f"{name}.ipynb", tables=["customers"]) for name in ("first", "second", "third")}


class Press:
    """A publisher whose notebooks are played: `says` holds each report's finding, or the outcome it ends with."""

    def __init__(self, home: Path):
        self.notebooks, self.published = home / "notebooks", home / "reports"
        self.notebooks.mkdir()
        self.executed: list[str] = []
        self.says: dict[str, object] = {}
        for name in REPORTS:
            self.write(name)
        self.edition = Edition(
            bank="mine", labels={"en": "My bank", "zh": "我行"}, prepared_by={}, kind_of_data="real", as_of="2025-06-30",
            languages=["en"], tables=frozenset({"customers"}), notebooks=self.notebooks, published=self.published,
            logs=home / "processed" / "logs", state=home / "state",
            provenance={"commit": "abc", "code": "c", "inputs": {"clients": "i"}, "definitions": "d", "tables": {"customers": TABLE},
                        "as_of": "2025-06-30", "parameters": {}, "packages": {}},
        )  # fmt: skip

    def write(self, name: str, question: str = "Who?") -> None:
        cells = [{"cell_type": "markdown", "metadata": {}, "source": f"# Report {name}\n\n{question}"}]
        (self.notebooks / f"{name}.ipynb").write_text(json.dumps({"cells": cells}))

    def change(self, **fields: object) -> None:
        self.edition = replace(self.edition, **fields)

    def record(self, **fields: object) -> None:
        self.change(provenance={**self.edition.provenance, **fields})

    def at(self, day: str) -> None:
        self.change(as_of=day)
        self.record(as_of=day)

    def execute_all(self, jobs, languages, workers):
        for job in jobs:
            self.executed.append(job.name)
            said = self.says.get(job.name, "Forty customers.")
            yield (
                replace(said, name=job.name)
                if isinstance(said, Outcome)
                else Outcome(job.name, "published", notebook=played(said, languages))
            )

    def run(self, only=(), force=False, reports=REPORTS, identifiers=frozenset()) -> list[str]:
        """Publishes as `crm report` would; returns the names of what was executed."""
        self.executed.clear()
        chosen = {name: entry for name, entry in reports.items() if not only or name in only}
        due = outdated(self.edition, chosen, force)
        if due or not is_current(self.edition, reports):
            make(self.edition, due, reports, 2, identifiers)
        return list(self.executed)

    def results(self, day: str = "latest", language: str = "en") -> dict:
        return release.find_results(self.published / day, language)[1]["reports"]

    def statuses(self) -> dict[str, str]:
        return {name: entry["status"] for name, entry in self.results(self.edition.as_of).items()}

    def site(self) -> dict[str, bytes]:
        folder = self.published / "latest"
        return {str(path.relative_to(folder)): path.read_bytes() for path in sorted(folder.rglob("*")) if path.is_file()}


def played(text: str, languages) -> nbformat.NotebookNode:
    finding = Finding("n", say("{text}", text=text), 40, 40, "count").to_json(languages)
    output = nb.new_output("display_data", {FINDINGS_MIME: {"findings": [finding]}})
    return nb.new_notebook(
        cells=[
            nb.new_markdown_cell("# Report\n\nWho?"),
            nb.new_markdown_cell("## Main findings"),
            nb.new_code_cell("findings", outputs=[output]),
        ]
    )


FAILED = Outcome("", "failed", say("Cell 3 failed with ValueError."), log="ValueError: Anna Alpha")


@pytest.fixture
def press(tmp_path, monkeypatch) -> Press:
    made = Press(tmp_path)
    monkeypatch.setattr(execute, "execute_all", made.execute_all)
    return made


def test_a_release_holds_pages_index_and_results_in_the_list_s_order(press):
    assert press.run() == ["first", "second", "third"]
    assert sorted(press.site()) == ["first.html", "index.html", "manifest.json", "results.json", "second.html", "third.html"]
    assert list(press.results()) == ["first", "second", "third"]
    entry = press.results()["first"]
    assert (entry["status"], entry["reason"], entry["page"], entry["page_as_of"]) == (
        "published",
        None,
        "first.html",
        "2025-06-30",
    )
    assert entry["findings"][0]["text"] == "Forty customers."
    assert not has_failed(press.edition)


def test_an_unchanged_run_executes_nothing_and_leaves_the_release(press):
    press.run()
    before = os.readlink(press.published / "2025-06-30")
    press.record(commit="def")
    assert press.run() == []
    assert os.readlink(press.published / "2025-06-30") == before


def test_a_changed_notebook_executes_only_its_report(press):
    press.run()
    press.write("second", "Why?")
    press.says["second"] = "Fifty customers."
    assert press.run() == ["second"]
    assert press.results()["second"]["question"] == "Why?"
    assert press.results()["second"]["findings"][0]["text"] == "Fifty customers."
    assert press.run() == []


def test_a_changed_parameter_executes_only_its_report(press):
    press.run()
    changed = {**REPORTS, "third": REPORTS["third"].model_copy(update={"parameters": {"k": 2}})}
    press.record(parameters={"third": {"k": 2}})
    assert press.run(reports=changed) == ["third"]


@pytest.mark.parametrize(
    "change", [{"inputs": {"clients": "j"}}, {"code": "e"}, {"definitions": "e"}, {"packages": {"pandas": "4"}}]
)
def test_changed_data_code_definition_or_packages_execute_all(press, change):
    press.run()
    press.record(**change)
    assert press.run() == ["first", "second", "third"]


def test_force_executes_all_and_gives_the_same_bytes(press):
    press.run()
    before = press.site()
    assert press.run(force=True) == ["first", "second", "third"]
    assert press.site() == before


def test_a_page_that_is_gone_is_made_again(press):
    press.run()
    (press.published / "latest" / "second.html").unlink()
    assert press.run() == ["second"]


def test_only_keeps_the_others_as_they_are(press):
    press.run()
    page = press.site()["first.html"]
    press.record(code="e", commit="def")
    assert press.run(only=["second"]) == ["second"]
    assert press.site()["first.html"] == page
    assert {name: entry["made_from"]["commit"] for name, entry in press.results().items()} == {
        "first": "abc", "second": "def", "third": "abc",
    }  # fmt: skip
    assert press.run() == ["first", "third"]


def test_only_on_a_fresh_day_lists_the_others_as_not_produced(press):
    press.run(only=["second"])
    assert press.statuses() == {"first": "not produced", "second": "published", "third": "not produced"}
    reason = "It was not asked for when this day was published; crm report mine makes it."
    assert press.results()["first"]["reason"] == reason
    assert reason in press.site()["index.html"].decode()
    assert press.run(only=["second"]) == []
    assert press.run() == ["first", "third"]


def test_a_report_taken_off_the_list_leaves_the_index_without_any_execution(press):
    press.run()
    fewer = {name: REPORTS[name] for name in ("third", "first")}
    assert press.run(reports=fewer) == []
    assert list(press.results()) == ["third", "first"]
    assert "second.html" not in press.site()


def test_a_report_whose_tables_are_missing_is_not_produced_and_not_a_failure(press, caplog):
    caplog.set_level("INFO", "crm")
    press.change(tables=frozenset())
    assert press.run() == []
    assert set(press.statuses().values()) == {"not produced"}
    assert press.results()["first"]["reason"] == "The bank brings no table customers, which this report needs."
    assert not has_failed(press.edition)
    assert "first: not produced (0.0 s): The bank brings no table customers, which this report needs." in caplog.messages
    assert press.run() == []


def test_a_failed_report_shows_its_last_good_page_under_its_own_date(press):
    press.at("2025-05-31")
    press.run()
    good = press.site()["second.html"]
    press.at("2025-06-30")
    press.says["second"] = FAILED
    press.run()
    entry = press.results()["second"]
    assert (entry["status"], entry["page"], entry["page_as_of"]) == ("failed", "second-2025-05-31.html", "2025-05-31")
    assert entry["findings"] == []
    assert entry["reason"] == "Cell 3 failed with ValueError. The log is data/processed/mine/logs/2025-06-30/second.log."
    assert press.site()["second-2025-05-31.html"] == good
    assert press.statuses() == {"first": "published", "second": "failed", "third": "published"}
    assert has_failed(press.edition)
    assert "Anna" not in str(press.site())


def test_a_failed_report_is_tried_again_and_its_old_page_goes(press):
    press.run()
    press.says["second"] = FAILED
    press.write("second", "Why?")
    press.run()
    assert press.results()["second"]["page"] == "second-2025-06-30.html"
    assert press.run() == ["second"]
    assert press.results()["second"]["page"] == "second-2025-06-30.html"
    del press.says["second"]
    assert press.run() == ["second"]
    assert sorted(press.site()) == ["first.html", "index.html", "manifest.json", "results.json", "second.html", "third.html"]


def test_a_failure_that_has_no_page_yet_shows_none(press):
    press.says["first"] = FAILED
    press.run()
    assert (press.results()["first"]["page"], press.results()["first"]["page_as_of"]) == (None, None)


def test_a_later_day_s_page_never_stands_in_for_an_earlier_one(press):
    press.run()
    press.at("2025-05-31")
    press.says["first"] = FAILED
    press.run()
    assert press.results("2025-05-31")["first"]["page"] is None


def test_a_log_is_its_owner_s_alone(press):
    press.says["first"] = FAILED
    press.run()
    log = press.edition.logs / "2025-06-30" / "first.log"
    assert log.read_text() == "ValueError: Anna Alpha\n"
    log.chmod(0o644)
    press.run()
    assert oct(log.stat().st_mode & 0o777) == "0o600"


def test_a_page_that_shows_a_customer_is_refused_and_the_others_are_published(press):
    press.says["second"] = "Best of all is Anna Alpha."
    press.run(identifiers=frozenset({"Anna Alpha"}))
    assert press.statuses() == {"first": "published", "second": "failed", "third": "published"}
    assert press.results()["second"]["reason"] == (
        "Its page was refused: it shows a customer's name or number in section 'Main findings'."
    )
    assert "Anna" not in str(press.site())


def test_a_reason_that_names_a_customer_goes_to_the_log_alone(press):
    press.says["second"] = Outcome("", "failed", say("Cell 3 stopped: no account of Anna Alpha."))
    press.run(identifiers=frozenset({"Anna Alpha"}))
    assert press.results()["second"]["reason"].startswith("Its reason names a customer and is not shown here. The log is ")
    assert "Anna Alpha" in (press.edition.logs / "2025-06-30" / "second.log").read_text()
    assert "Anna" not in str(press.site())


def test_a_page_that_cannot_be_made_is_a_failed_report(press, monkeypatch):
    broken = nb.new_output("display_data", {FINDINGS_MIME: {"nothing": "Anna Alpha"}})
    press.says["second"] = Outcome("", "published", notebook=nb.new_notebook(cells=[nb.new_code_cell("x", outputs=[broken])]))
    press.run()
    assert press.statuses() == {"first": "published", "second": "failed", "third": "published"}
    assert press.results()["second"]["reason"].startswith("Its page could not be made (KeyError). The log is ")

    def refuse(*_):
        raise UserError("the notebook states no findings.")

    monkeypatch.setattr(page, "render_page", refuse)
    press.run(force=True)
    assert press.results()["first"]["reason"] == "Its page could not be made: the notebook states no findings."


def test_another_language_lies_in_a_subfolder_and_becomes_the_site_s_own_when_asked(press, monkeypatch):
    monkeypatch.setattr(wording, "catalogue", lambda language: {})
    press.change(languages=["en", "zh"])
    press.run()
    assert {"index.html", "zh/index.html", "zh/first.html", "zh/results.json"} < set(press.site())
    press.change(languages=["zh", "en"])
    assert press.run(only=["second"]) == ["second"]
    assert 'lang="zh-CN"' in press.site()["first.html"].decode()
    assert 'lang="en"' in press.site()["en/first.html"].decode()
    press.change(languages=["zh"])
    assert press.run() == ["first", "second", "third"]
    assert not [name for name in press.site() if name.startswith("en/")]


def test_latest_follows_the_greatest_day_and_its_index_links_the_earlier_ones(press):
    press.run()
    press.at("2025-05-31")
    press.run()
    assert os.readlink(press.published / "latest") == "2025-06-30"
    press.at("2025-06-30")
    assert press.run() == []
    assert "../2025-05-31/index.html" in press.site()["index.html"].decode()
    assert press.run() == []


def test_a_latest_that_a_killed_run_left_behind_is_mended(press):
    press.at("2025-05-31")
    press.run()
    press.at("2025-06-30")
    press.run()
    (press.published / "latest").unlink()
    (press.published / "latest").symlink_to("2025-05-31")
    assert press.run() == []
    assert os.readlink(press.published / "latest") == "2025-06-30"


GATED = {"first": REPORTS["first"].model_copy(update={"floors": {"quality.customers": 0.95}}), "second": REPORTS["second"]}
LOW = {"quality.customers": Score(0.9, 0.8, 0.95, 40)}
TRUST = {**GATED, "data_trust": Publication(notebook="third.ipynb")}


def test_a_report_below_a_floor_is_published_with_its_reservation_in_every_language(press, monkeypatch, caplog):
    monkeypatch.setattr(wording, "catalogue", lambda language: {})
    press.change(scores=LOW, languages=["en", "zh"])
    press.run(reports=GATED)
    for language in ("en", "zh"):
        assert press.results(language=language)["first"]["gate"] == [
            {"score": "quality.customers", "value": 0.9, "low": 0.8, "high": 0.95, "base": 40, "floor": 0.95}
        ]
        assert press.results(language=language)["second"]["gate"] == []
    site = press.site()
    assert [name for name in site if b'class="gate"' in site[name]] == ["first.html", "zh/first.html"]
    assert b"Published, with reservation" in site["index.html"]
    assert "first: published (0.0 s); with reservation: quality of table customers 90.0% (floor 95.0%)" in caplog.messages
    assert not has_failed(press.edition)


def test_a_score_that_crosses_the_floor_or_a_changed_floor_executes_its_report_alone(press):
    press.change(scores={"quality.customers": Score(0.96)})
    press.run(reports=GATED)
    press.change(scores={"quality.customers": Score(0.97), "quality.surveys": Score(0.1)})
    assert press.run(reports=GATED) == []
    press.change(scores=LOW)
    assert press.run(reports=GATED) == ["first"]
    assert press.run(reports=GATED) == []
    press.change(scores={"quality.customers": Score(0.91)})
    assert press.run(reports=GATED) == ["first"]
    lower = {**GATED, "first": REPORTS["first"].model_copy(update={"floors": {"quality.customers": 0.9}})}
    assert press.run(reports=lower) == ["first"]
    assert press.results()["first"]["gate"] == []


def test_a_gated_page_leads_to_the_report_on_the_data_while_there_is_one(press):
    press.change(scores=LOW)
    press.run(reports=TRUST)
    opened = press.site()["first.html"]
    assert gate.SHOWN in opened.decode()
    press.says["data_trust"] = FAILED
    press.write("third", "Why?")
    assert press.run(reports=TRUST) == ["data_trust"]
    assert gate.HIDDEN in press.site()["first.html"].decode()
    press.says.clear()
    assert press.run(reports=TRUST) == ["data_trust"]
    assert press.site()["first.html"] == opened


def test_the_last_good_page_of_a_failed_report_keeps_its_reservation(press):
    press.change(scores=LOW)
    press.run(reports=GATED)
    press.change(scores={})
    press.says["first"] = FAILED
    press.run(reports={**GATED, "first": REPORTS["first"]})
    entry = press.results()["first"]
    assert (entry["status"], entry["gate"][0]["value"]) == ("failed", 0.9)


def test_results_hold_no_clock(press):
    press.run()
    text = (press.published / "latest" / "results.json").read_text()
    assert "seconds" not in text
    assert not re.search(r"\d\d:\d\d", text)


def test_an_interruption_while_executing_leaves_what_was_published(press, monkeypatch):
    press.run()
    before = press.site()

    def interrupted(jobs, languages, workers):
        yield Outcome(jobs[0].name, "published", notebook=played("Half.", languages))
        raise KeyboardInterrupt

    monkeypatch.setattr(execute, "execute_all", interrupted)
    with pytest.raises(KeyboardInterrupt):
        press.run(force=True)
    assert press.site() == before
    assert not list(press.published.rglob("*partial*"))
