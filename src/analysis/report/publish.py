"""From publication list to release: decides what must be executed, executes it, inspects its pages and writes the release."""

import logging
import shutil
from collections.abc import Set
from dataclasses import dataclass
from pathlib import Path

from analysis import digest
from analysis.errors import UserError
from analysis.report import release
from analysis.report.publication import Publication, Source, check_parameters
from analysis.wording import say, translate

LOG = logging.getLogger("crm")


@dataclass(frozen=True)
class Edition:
    """What one run is to publish. `languages`: the site's own first; `provenance`: the audit record of `report.provenance`;
    `identifiers`: names and numbers of customers that no page may show."""

    bank: str
    labels: dict[str, str]
    prepared_by: dict[str, str]
    kind_of_data: str
    as_of: str
    languages: list[str]
    tables: Set[str]
    notebooks: Path
    published: Path
    logs: Path
    provenance: dict

    def subsite(self, language: str) -> str:
        """The folder of a language within a release: its root for the site's own."""
        return "" if language == self.languages[0] else language


def digest_of(edition: Edition, entry: Publication) -> str:
    """What a report's page hangs on: data, definition, code, versions, day, languages, its notebook and parameters."""
    common = {name: value for name, value in edition.provenance.items() if name not in ("commit", "tables")}
    return digest.of_value(
        [common, edition.languages, edition.labels, entry.model_dump(), digest.of_file(edition.notebooks / entry.notebook)]
    )


def outdated(edition: Edition, reports: dict[str, Publication], force: bool) -> dict[str, Publication]:
    """The reports that must be made anew: those whose digest differs from the current release's, or that failed there."""
    current = edition.published / edition.as_of
    results = release.read_results(current)
    if (
        force
        or results is None
        or any(release.read_results(current, edition.subsite(name)) is None for name in edition.languages)
    ):
        return reports
    return {
        name: entry
        for name, entry in reports.items()
        if not _stands(results["reports"].get(name), digest_of(edition, entry), current)
    }


def _stands(entry: dict | None, wanted: str, current: Path) -> bool:
    if entry is None or entry["status"] == "failed" or entry["digest"] != wanted:
        return False
    return entry["page"] is None or (current / entry["page"]).is_file()


def make(
    edition: Edition, due: dict[str, Publication], listed: dict[str, Publication], jobs: int, identifiers: Set[str]
) -> tuple[Path, bool]:
    """Executes the due reports and publishes a release in which the others stand as they were.
    Returns its place and whether any report failed."""
    for name, entry in due.items():
        check_parameters(name, edition.notebooks / entry.notebook, {**entry.parameters})
    with release.staging(edition.published) as staged:
        entries = {language: _kept(edition, language, listed, due, staged) for language in edition.languages}
        for outcome in _outcomes(edition, due, jobs):
            _enter(edition, due[outcome.name], outcome, staged, entries, identifiers)
        for language in edition.languages:
            ordered = {name: entries[language][name] for name in listed if name in entries[language]}
            _write_site(edition, language, ordered, staged)
        place = release.publish(staged, edition.published, edition.as_of)
    return place, any(entry["status"] == "failed" for entry in entries[edition.languages[0]].values())


def _kept(edition: Edition, language: str, listed: dict, due: dict, staged: Path) -> dict[str, dict]:
    """Entries of reports that are not made anew, their pages copied from the day's current release."""
    folder = edition.published / edition.as_of
    results = release.read_results(folder, edition.subsite(language)) or {"reports": {}}
    kept = {name: entry for name, entry in results["reports"].items() if name in listed and name not in due}
    for entry in kept.values():
        if entry["page"]:
            _copy(folder / edition.subsite(language) / entry["page"], staged / edition.subsite(language) / entry["page"])
    return kept


def _copy(source: Path, target: Path) -> None:
    target.parent.mkdir(parents=True, exist_ok=True)
    shutil.copyfile(source, target)
    target.chmod(0o644)


def _outcomes(edition: Edition, due: dict[str, Publication], jobs: int):
    from analysis.report.execute import Job, Outcome, execute_all

    ready = []
    for name, entry in due.items():
        if missing := [table for table in entry.tables if table not in edition.tables]:
            reason = say("The bank brings no table {tables}, which this report needs.", tables=", ".join(missing))
            yield Outcome(name, "not produced", "\n".join(reason.render(language) for language in edition.languages), 0.0, None)
        else:
            parameters = {"bank": edition.bank, "as_of": edition.as_of, **entry.parameters}
            ready.append(Job(name, edition.notebooks / entry.notebook, parameters, entry.time_limit_seconds))
    if ready:
        yield from execute_all(ready, edition.languages, jobs)


def _enter(edition: Edition, entry: Publication, outcome, staged: Path, entries: dict, identifiers: Set[str]) -> None:
    """Renders, inspects and enters one report in every language; a page with a fault is a failed report in all of them."""
    from analysis.report.inspection import faults
    from analysis.report.page import render_page

    status, reason, pages = outcome.status, outcome.reason, {}
    if status == "published":
        try:
            pages = {
                language: render_page(outcome.notebook, setting(edition, language, f"{outcome.name}.html"))
                for language in edition.languages
            }
            found = {fault for page in pages.values() for fault in faults(page.html, identifiers)}
            status, reason = ("failed", "its page was refused: " + "; ".join(sorted(found))) if found else (status, reason)
        except UserError as error:
            status, reason = "failed", str(error)
    if status == "failed":
        reason = f"{reason}. {_log(edition, outcome)}".strip()
        LOG.error("%s failed: %s", outcome.name, reason)
    source = Source(edition.notebooks / entry.notebook)
    reasons = (reason or "").split("\n")
    for place, language in enumerate(edition.languages):
        made = {
            "status": status,
            "reason": (reasons[place] if place < len(reasons) else reasons[0]) or None,
            "title": translated_heading(source, language)[0],
            "question": translated_heading(source, language)[1],
            "page": None,
            "page_as_of": None,
            "digest": digest_of(edition, entry),
            "findings": pages[language].findings if status == "published" else [],
        }
        folder = staged / edition.subsite(language)
        if status == "published":
            release.write_text(folder / f"{outcome.name}.html", pages[language].html)
            made |= {"page": f"{outcome.name}.html", "page_as_of": edition.as_of}
        elif status == "failed":
            made |= _last_good(edition, outcome.name, language, folder)
        entries[language][outcome.name] = made


def translated_heading(source: Source, language: str) -> tuple[str, str]:
    """Title and question of a notebook, from its first cell as translated."""
    title, _, question = translate(source.prose[0].strip() if source.prose else source.title, language).partition("\n")
    return title.removeprefix("# ").strip(), " ".join(question.split())


def _last_good(edition: Edition, name: str, language: str, folder: Path) -> dict:
    """The last page of this report that was published, on this day or before, copied in under its own date."""
    for day in release.days(edition.published):
        entry = (release.read_results(edition.published / day, edition.subsite(language)) or {"reports": {}})["reports"].get(name)
        if day > edition.as_of or entry is None or entry["page"] is None:
            continue
        target = f"{name}-{entry['page_as_of']}.html"
        _copy(edition.published / day / edition.subsite(language) / entry["page"], folder / target)
        return {"page": target, "page_as_of": entry["page_as_of"]}
    return {}


def _log(edition: Edition, outcome) -> str:
    if not outcome.log:
        return ""
    path = edition.logs / edition.as_of / f"{outcome.name}.log"
    path.parent.mkdir(parents=True, exist_ok=True)
    path.touch(mode=0o600)
    path.write_text(outcome.log, encoding="utf-8")
    return f"The log is data/processed/{edition.bank}/{path.relative_to(edition.logs.parent)}"


def setting(edition: Edition, language: str, page: str):
    """What the pages of this edition say round their matter."""
    from analysis.report.page import Setting, language_tag

    def link(other: str) -> str:
        up = "../" if edition.subsite(language) else ""
        return f"{up}{edition.subsite(other)}/{page}" if edition.subsite(other) else f"{up}{page}"

    return Setting(
        bank=edition.labels[language],
        kind_of_data=edition.kind_of_data,
        as_of=edition.as_of,
        language=language,
        prepared_by=edition.prepared_by.get(language, ""),
        other_languages={language_tag(other): link(other) for other in edition.languages if other != language},
        is_subsite=bool(edition.subsite(language)),
    )


def _write_site(edition: Edition, language: str, entries: dict[str, dict], staged: Path) -> None:
    from analysis.report.index import site_index

    results = {
        "bank": edition.bank,
        "as_of": edition.as_of,
        "language": language,
        "reports": entries,
        "provenance": edition.provenance,
    }
    folder = staged / edition.subsite(language)
    earlier = [day for day in release.days(edition.published) if day < edition.as_of]
    release.write_text(folder / "index.html", site_index(results, setting(edition, language, "index.html"), earlier))
    release.write_results(folder, results)
