"""What a release holds besides its reports: the monthly report, on screen and on paper, and the results it is made from."""

from __future__ import annotations

from collections.abc import Callable, Sequence, Set
from dataclasses import replace
from pathlib import Path

from analysis.errors import UserError
from analysis.report import release
from analysis.report.edition import Edition
from analysis.report.gate import TRUST_REPORT, lead_to_trust

Complete = Callable[[dict], dict]


def write_site(
    edition: Edition,
    language: str,
    entries: dict[str, dict],
    earlier: Sequence[str],
    staged: Path,
    identifiers: Set[str],
    complete: Complete | None,
) -> None:
    """Writes a language's results, its monthly report and, where this machine can print it, that on paper. `entries`: the reports;
    `earlier`: the days before that stay published; `complete`: what the results hold besides, conclusions and decisions."""
    from analysis.report.index import site_index

    links = {day: _link_to(edition, language, day) for day in earlier}
    results = _results(edition, language, entries, earlier)
    folder = staged / edition.subsite(language)
    _settle_links(entries, folder)
    if complete is not None:
        results |= complete(results)
    setting = replace(edition.setting(language, "index.html"), version=edition.number)
    page = site_index(results, setting, links)
    _refuse_revealing(page, results, identifiers)
    if paper := _write_paper(edition, language, page, folder):
        page = site_index(results, setting, links, paper)
    release.write_text(folder / "index.html", page)
    release.write_results(folder, results)


def _results(edition: Edition, language: str, entries: dict[str, dict], earlier: Sequence[str]) -> dict:
    return {
        "bank": edition.bank,
        "as_of": edition.as_of,
        "language": language,
        "earlier": list(earlier),
        "reports": entries,
        "provenance": edition.provenance,
    }


def _refuse_revealing(page: str, results: dict, identifiers: Set[str]) -> None:
    """The monthly report is looked at like any page, and so is what results.json says; with a fault in either nothing is published."""
    from analysis.report.inspection import faults, faults_in_results

    if found := faults(page, identifiers) or faults_in_results(results, identifiers):
        raise UserError(f"The monthly report was refused: {'; '.join(found)}. What was published stands as it was.")


def _write_paper(edition: Edition, language: str, page: str, folder: Path) -> str | None:
    """Prints the monthly report beside its page; returns the file's name, or None where it could not be printed."""
    from analysis.report.paper import paper_name, printed

    pdf = printed(page, edition.as_of, language, edition.browser)
    if pdf is None:
        return None
    release.write_bytes(folder / paper_name(edition.as_of), pdf)
    return paper_name(edition.as_of)


def _settle_links(entries: dict[str, dict], folder: Path) -> None:
    """A page with a reservation leads to the report on the data only where this release holds one."""
    is_published = entries.get(TRUST_REPORT, {}).get("status") == "published"
    for name, entry in entries.items():
        if entry.get("gate") and entry["page"] and name != TRUST_REPORT:
            page = (folder / entry["page"]).read_bytes().decode()
            release.write_text(folder / entry["page"], lead_to_trust(page, is_published))


def _link_to(edition: Edition, language: str, day: str) -> str:
    """From a page of this edition to the index of another day, in the same language where it has one."""
    home, _ = release.find_results(edition.published / day, language) or (edition.published / day, None)
    up = "../../" if edition.subsite(language) else "../"
    return f"{up}{home.relative_to(edition.published).as_posix()}/index.html"
