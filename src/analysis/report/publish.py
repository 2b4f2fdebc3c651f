"""From publication list to release: decides what must be executed, executes it, inspects its pages and writes the release."""

from __future__ import annotations

import logging
import os
import traceback
from collections.abc import Iterator, Mapping, Set
from pathlib import Path
from typing import TYPE_CHECKING

from analysis import digest
from analysis.errors import UserError
from analysis.report import release
from analysis.report.edition import Edition
from analysis.report.gate import SHORT, summary
from analysis.report.paper import can_print, paper_name
from analysis.report.provenance import table_labels
from analysis.report.publication import Publication, Source
from analysis.report.retention import kept_days
from analysis.report.site import Complete, write_site
from analysis.wording import Message, render, say, translate

if TYPE_CHECKING:
    from analysis.report.execute import Outcome
    from analysis.report.page import Page

LOG = logging.getLogger("crm")
LOG_MODE, LOG_FOLDER_MODE = 0o600, 0o700
Reports = Mapping[str, Publication]
Entries = dict[str, dict[str, dict]]


def outdated(edition: Edition, reports: Reports, force: bool) -> dict[str, Publication]:
    """The reports that must be made anew: those whose digest differs from the current release's, or that failed there."""
    found = [release.find_results(edition.current, language) for language in edition.languages]
    if force or None in found:
        return dict(reports)
    return {
        name: entry
        for name, entry in reports.items()
        if not all(_stands(results["reports"].get(name), edition.digest_of(entry), home) for home, results in found)
    }


def _stands(entry: dict | None, wanted: str, home: Path) -> bool:
    if entry is None or entry["status"] == "failed" or entry["digest"] != wanted:
        return False
    return entry["page"] is None or (home / entry["page"]).is_file()


def is_current(edition: Edition, listed: Reports) -> bool:
    """Whether the site as it stands, its index too, is what these reports and the other days would give."""
    found = [release.find_results(edition.current, language) for language in edition.languages]
    return (
        None not in found
        and release.is_latest_right(edition.published)
        and all(list(results["reports"]) == list(listed) and results.get("earlier") == _earlier(edition) for _, results in found)
        and all(results.get("provenance", {}).get("decisions") == edition.provenance.get("decisions") for _, results in found)
        and all(home == edition.current / edition.subsite(results["language"]) for home, results in found)
        and not any(_lacks_paper(edition, results["language"], home) for home, results in found)
    )


def _lacks_paper(edition: Edition, language: str, home: Path) -> bool:
    """Whether a PDF is missing that could be printed by now: the browser failed, or was not there yet."""
    return not (home / paper_name(edition.as_of)).is_file() and can_print(language, edition.browser)


def has_failed(edition: Edition) -> bool:
    """Whether the day's release holds a failed report."""
    found = release.find_results(edition.current, edition.languages[0])
    return found is not None and any(entry["status"] == "failed" for entry in found[1]["reports"].values())


def make(
    edition: Edition, due: Reports, listed: Reports, jobs: int, identifiers: Set[str], complete: Complete | None = None
) -> Path:
    """Executes the due reports and publishes a release in which the others stand as they were. Returns its place. `complete`
    gives, from a language's results, what the monthly report says besides: conclusions and decisions."""
    with release.staging(edition.published) as staged:
        entries = {language: _kept(edition, language, listed, due, staged) for language in edition.languages}
        for outcome in _protected(edition, due, listed, jobs):
            _enter(edition, listed[outcome.name], outcome, staged, entries, identifiers)
        for language in edition.languages:
            found = {name: _marked(edition, listed[name], entries[language][name]) for name in listed}
            write_site(edition, language, found, _earlier(edition), staged, identifiers, complete)
        return release.publish(staged, edition.published, edition.as_of)


def _protected(edition: Edition, due: Reports, listed: Reports, jobs: int) -> Iterator[Outcome]:
    """The due reports' outcomes, and those of reports made again since their tables together gave a small number away."""
    if not due:
        return
    from analysis.report.protection import Protection
    from analysis.report.released import forgotten

    for day in forgotten(edition.state, edition.as_of, release.days(edition.published)):
        LOG.warning("what the release of %s told is not kept: this one cannot be held against it; see docs/privacy.md", day)
    protection = Protection(edition.state, edition.as_of, tuple(listed))
    for outcome in _outcomes(edition, due, jobs):
        protection.see(outcome)
        yield outcome
    yield from protection.again(lambda name: _outcomes(edition, {name: listed[name]}, 1))
    protection.keep()


def _kept(edition: Edition, language: str, listed: Reports, due: Reports, staged: Path) -> dict[str, dict]:
    """Entries of reports that are not made anew: as in the day's current release, their pages copied, or not produced."""
    home, results = release.find_results(edition.current, language) or (edition.current, {"reports": {}})
    kept = {}
    for name in (name for name in listed if name not in due):
        entry = results["reports"].get(name) or _not_asked_for(edition, listed[name], language)
        if entry["page"]:
            release.copy_page(home / entry["page"], staged / edition.subsite(language) / entry["page"])
        kept[name] = entry
    return kept


def _marked(edition: Edition, entry: Publication, made: dict) -> dict:
    """A published page that stands from an earlier run is stale where this run would have made it from something else."""
    return made | {"is_stale": made["status"] == "published" and made["digest"] != edition.digest_of(entry)}


def _not_asked_for(edition: Edition, entry: Publication, language: str) -> dict:
    reason = say("It was not asked for when this day was published; crm report {bank} makes it.", bank=edition.bank)
    return _entry(edition, entry, language, "not produced", reason) | {"digest": None}


def _entry(edition: Edition, entry: Publication, language: str, status: str, reason: Message | None) -> dict:
    title, question = translated_heading(Source(edition.notebooks / entry.notebook), language)
    return {
        "status": status,
        "reason": None if reason is None else render(reason, language),
        "title": title,
        "question": question,
        "page": None,
        "page_as_of": None,
        "digest": edition.digest_of(entry),
        "made_from": {**edition.made_from, "notebook": digest.of_file(edition.notebooks / entry.notebook)},
        "gate": [],
        "findings": [],
    }


def translated_heading(source: Source, language: str) -> tuple[str, str]:
    """Title and question of a notebook, from its first cell as translated."""
    title, _, question = translate(source.prose[0].strip() if source.prose else source.title, language).partition("\n")
    return title.removeprefix("# ").strip(), " ".join(question.split())


def _outcomes(edition: Edition, due: Reports, jobs: int) -> Iterator[Outcome]:
    if not due:
        return
    from analysis.report.execute import Job, Outcome, execute_all

    ready = []
    for name, entry in due.items():
        if missing := [table for table in entry.tables if table not in edition.tables]:
            yield Outcome(name, "not produced", _lacks(missing))
        else:
            ready.append(Job(name, edition.notebooks / entry.notebook, edition.parameters_of(entry), entry.time_limit_seconds))
    if ready:
        yield from execute_all(ready, edition.languages, jobs)


def _lacks(tables: list[str]) -> Message:
    return say("The bank brings no {tables}, which this report needs.", tables=table_labels(tables))


def _enter(edition: Edition, entry: Publication, outcome: Outcome, staged: Path, entries: Entries, identifiers: Set[str]) -> None:
    """Renders, inspects and enters one report in every language; a page with a fault is a failed report in all of them."""
    status, reason, log = outcome.status, outcome.reason, outcome.log
    pages: dict[str, Page] = {}
    gate = edition.gate(entry)
    if status == "published":
        pages, reason, log = _pages(edition, outcome, gate, identifiers)
        status = "failed" if reason else status
    if reason and _reveals(reason, edition.languages, identifiers):
        reason, log = say("Its reason names a customer and is not shown here."), "\n".join(filter(None, (str(reason), log)))
    if log:
        reason = say("{reason} The log is {log}.", reason=reason, log=_write_log(edition, outcome.name, log))
    _tell(outcome, status, reason, gate if status == "published" else [])
    for language in edition.languages:
        made = _entry(edition, entry, language, status, reason)
        folder = staged / edition.subsite(language)
        if status == "published":
            release.write_text(folder / f"{outcome.name}.html", pages[language].html)
            made |= {"page": f"{outcome.name}.html", "page_as_of": edition.as_of, "gate": gate}
            made |= {"findings": pages[language].findings}
            made |= {"figures": pages[language].figures} if pages[language].figures else {}
        elif status == "failed":
            made |= _last_good(edition, outcome.name, language, folder)
        entries[language][outcome.name] = made


def _pages(
    edition: Edition, outcome: Outcome, gate: list[dict], identifiers: Set[str]
) -> tuple[dict[str, Page], Message | None, str | None]:
    """The report's page in each language, or why it may not be published, and what only the log may hold."""
    from analysis.report.inspection import faults
    from analysis.report.page import render_page

    try:
        settings = {language: edition.setting(language, f"{outcome.name}.html") for language in edition.languages}
        pages = {language: render_page(outcome.notebook, setting, gate) for language, setting in settings.items()}
        found = sorted({fault for page in pages.values() for fault in faults(page.html, identifiers)})
    except UserError as error:
        return {}, say("Its page could not be made: {sentence}.", sentence=str(error).rstrip(".")), None
    except Exception as error:
        return {}, say("Its page could not be made ({error}).", error=type(error).__name__), traceback.format_exc()
    if found:
        return {}, say("Its page was refused: {faults}.", faults="; ".join(found)), None
    return pages, None, None


def _reveals(reason: Message, languages: list[str], identifiers: Set[str]) -> bool:
    from analysis.report.inspection import revealed

    return any(revealed(render(reason, language), identifiers) for language in languages)


def _tell(outcome: Outcome, status: str, reason: Message | None, gate: list[dict]) -> None:
    told = f": {reason}" if reason else f"; {SHORT.render().lower()}: {summary(gate)}" if gate else ""
    level = logging.ERROR if status == "failed" else logging.WARNING if gate else logging.INFO
    LOG.log(level, "%s: %s (%.1f s)%s", outcome.name, status, outcome.seconds, told)


def _write_log(edition: Edition, name: str, text: str) -> str:
    """Keeps what may hold data where only its owner reads it; returns the place to name."""
    path = edition.logs / edition.as_of / f"{name}.log"
    path.parent.mkdir(parents=True, exist_ok=True, mode=LOG_FOLDER_MODE)
    path.unlink(missing_ok=True)
    with open(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, LOG_MODE), "w", encoding="utf-8") as file:
        file.write(text.rstrip("\n") + "\n")
    return f"data/processed/{edition.bank}/{path.relative_to(edition.logs.parent)}"


def _last_good(edition: Edition, name: str, language: str, folder: Path) -> dict:
    """The last page of this report that was published, on this day or before, copied in under its own date."""
    for day in [edition.as_of, *_earlier(edition)]:
        home, results = release.find_results(edition.published / day, language) or (None, {"reports": {}})
        entry = results["reports"].get(name)
        if entry and entry["page"] and (home / entry["page"]).is_file():
            target = f"{name}-{entry['page_as_of']}.html"
            release.copy_page(home / entry["page"], folder / target)
            return {"page": target, "page_as_of": entry["page_as_of"], "gate": entry.get("gate", [])}
    return {}


def _earlier(edition: Edition) -> list[str]:
    found = {*release.days(edition.published), edition.as_of}
    return [day for day in kept_days(found, edition.keep) if day < edition.as_of]
