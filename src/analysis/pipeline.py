"""The whole run, as a table of contents: prepare → decide → execute → publish."""

import contextlib
import errno
import fcntl
import logging
from collections.abc import Iterator, Set
from pathlib import Path
from typing import TYPE_CHECKING

from analysis import status
from analysis.beside import decisions_digest, kept_beside
from analysis.errors import UserError
from analysis.project import Folders, folders, root, suggestion
from analysis.report import release
from analysis.report.edition import Edition
from analysis.report.paper import find_browser
from analysis.report.provenance import record
from analysis.report.publication import Publication, PublicationList, check_publication, parameters_in_force, read_publications
from analysis.report.publish import has_failed, is_current, make, outdated
from analysis.report.retention import prune
from analysis.scores import scores

if TYPE_CHECKING:
    import pandas as pd

    from analysis.bank.config import Labels
    from analysis.bank.prepare import Prepared

LOG = logging.getLogger("crm")
DISK_FULL = (errno.ENOSPC, errno.EDQUOT, errno.EFBIG)
DISK_FULL_WORDS = ("No space left on device", "File too large", "Disk quota exceeded")
NOT_WRITABLE = (errno.EACCES, errno.EPERM, errno.EROFS, errno.ENOTDIR, errno.EISDIR)
IDENTIFYING = ("customers", "parties", "holdings", "prospects")
SHORTEST_IDENTIFIER = 6
OWNER_ALONE = 0o700  # canonical tables and rejected rows hold names
STATES = ("published", "not produced", "failed")


def prepare_bank(bank: str, raw: Path | None, as_of: str, force: bool) -> "Prepared":
    """Brings a bank's canonical tables and features up to date."""
    from analysis.bank.prepare import prepare, prepare_features

    places = _places(bank, raw, as_of)
    with exclusive(places), writing(places.processed):
        prepared = prepare(places, as_of, force)
        prepare_features(prepared, places)
    return prepared


def report(
    bank: str, raw: Path | None, as_of: str, only: list[str], language: str | None, jobs: int, force: bool
) -> tuple[Path, bool]:
    """Prepares what changed, makes the reports that are out of date and publishes them. Returns the release's place and
    whether any report failed. A UserError leaves everything published as it was."""
    from analysis.bank.decisions import DECISIONS, read_decisions
    from analysis.bank.prepare import prepare, prepare_features

    places = _places(bank, raw, as_of)
    with status.told(bank) as run:
        publications = read_publications(root() / "reports.yaml")
        chosen = publications.chosen(only)
        for name, entry in publications.reports.items():
            check_publication(name, entry, root() / "notebooks")
        _refuse_unknown_tables(publications)
        with exclusive(places):
            run.begin()
            with writing(places.processed):
                prepared = prepare(places, as_of)
            release.clear(places.published)
            edition = _edition(prepared, places, publications, language)
            due = outdated(edition, chosen, force)
            if not due:
                LOG.info("nothing changed: no notebook executed; the pages of %s stand", edition.as_of)
            if due or not is_current(edition, publications.reports):
                with writing(places.processed):
                    prepare_features(prepared, places)
                rows = read_decisions(places.definition.with_name(DECISIONS), prepared.config.currency)
                identifiers = _identifiers(places, edition)
                _refuse_revealing(rows, identifiers)
                with writing(places.published):
                    run.add(**_publish(edition, due, publications, jobs, identifiers, rows))
            run.add(**_outcome(edition))
            return edition.current, has_failed(edition)


def _publish(
    edition: Edition,
    due: dict[str, Publication],
    publications: PublicationList,
    jobs: int,
    identifiers: Set[str],
    decisions: "pd.DataFrame | None",
) -> dict:
    """Makes the release, removes what is kept no longer and tells what changed, if anything did; returns what became of the message."""
    from analysis.message import before_this, tell
    from analysis.monthly import complete
    from analysis.study.decisions import unknown_findings

    before = before_this(edition)
    make(edition, due, publications.reports, jobs, identifiers, lambda results: complete(results, decisions, results["language"]))
    for day in prune(edition.published, edition.keep, edition.as_of, edition.languages):
        LOG.info("the pages of %s were removed: those of %d months are kept", day, edition.keep)
    for sentence in unknown_findings(decisions, _results(edition), edition.as_of):
        LOG.warning("%s", sentence)
    if before.release == edition.current.resolve().name:
        return {}
    return {"message": tell(edition, before, publications.message, identifiers)}


def _refuse_revealing(decisions: "pd.DataFrame | None", identifiers: Set[str]) -> None:
    """A decision that names a customer is refused with its line before a notebook is executed: the page would be refused after."""
    from analysis.report.inspection import revealed

    for row in () if decisions is None else decisions.to_dict("records"):
        said = "\n".join(text for name, text in row.items() if name not in ("place", "currency"))
        if found := revealed(said, identifiers):
            raise UserError(
                f"{row['place']}: the row shows {' and '.join(found)}; take it out, since the first page would show it."
            )


def _results(edition: Edition) -> dict[str, dict]:
    """The reports of the release that stands, in the site's own language."""
    found = release.find_results(edition.current, edition.languages[0])
    return found[1]["reports"] if found else {}


def _outcome(edition: Edition) -> dict:
    """What the status file says of the release that stands."""
    reports = _results(edition)
    states = [entry["status"] for entry in reports.values()]
    return {
        "as_of": edition.as_of,
        "release": edition.current.resolve().name,
        "pages": f"reports/{edition.bank}/{edition.as_of}/index.html",
        "reports": {state: states.count(state) for state in STATES},
        "failed": [name for name, entry in reports.items() if entry["status"] == "failed"],
    }


def _refuse_unknown_tables(publications: PublicationList) -> None:
    from analysis.bank.contracts import TABLES

    for name, entry in publications.reports.items():
        for table in entry.tables:
            if table not in TABLES:
                hint = suggestion(table, list(TABLES))
                raise UserError(
                    f"reports.yaml, report {name}: there is no table '{table}'{hint} Tables are listed in docs/data.md."
                )


def _places(bank: str, raw: Path | None, as_of: str) -> Folders:
    from analysis.bank.book import parse_day

    if as_of:
        parse_day(as_of)
    return folders(bank, raw)


def _edition(prepared: "Prepared", places: Folders, publications: PublicationList, language: str | None) -> Edition:
    config, as_of = prepared.config, str(prepared.as_of)
    languages = list(dict.fromkeys([language or publications.languages[0], *publications.languages]))
    parameters = {name: parameters_in_force(entry, root() / "notebooks") for name, entry in publications.reports.items()}
    return Edition(
        bank=places.name,
        labels={name: config.label(name) for name in languages},
        prepared_by=_in_languages(config.prepared_by, languages),
        kind_of_data=config.kind_of_data,
        as_of=as_of,
        languages=languages,
        tables=frozenset(prepared.manifest["tables"]),
        notebooks=root() / "notebooks",
        published=places.published,
        logs=places.processed / "logs",
        state=places.state,
        provenance=record(prepared.manifest, as_of, parameters, kept_beside(places, as_of))
        | {"decisions": decisions_digest(places)},
        scores=scores(places.processed, prepared.manifest, prepared.as_of),
        keep=publications.keep,
        version=config.version or "",
        classification=_in_languages(config.classification, languages),
        browser=find_browser(),
    )


def _in_languages(labels: "Labels | None", languages: list[str]) -> dict[str, str]:
    return {name: getattr(labels, name) or labels.en for name in languages} if labels else {}


def _identifiers(places: Folders, edition: Edition) -> frozenset[str]:
    """Names, numbers and addresses of the bank's customers, as the contracts mark them, that are long enough to be told from
    other words."""
    import duckdb

    from analysis.bank.contracts import TABLES
    from analysis.bank.sql import parquet

    columns = [
        f"SELECT {column.name} AS word FROM {parquet(places.processed / f'{name}.parquet')}"
        for name in IDENTIFYING
        if name in edition.tables
        for column in TABLES[name].columns
        if column.sensitive and column.type == "text"
    ]
    if not columns:
        return frozenset()
    with duckdb.connect() as connection:
        words = connection.sql(f"SELECT word FROM ({' UNION '.join(columns)}) WHERE length(word) >= {SHORTEST_IDENTIFIER}")
        return frozenset(words.to_arrow_table()["word"].to_pylist())


@contextlib.contextmanager
def exclusive(places: Folders) -> Iterator[None]:
    """One run for a bank at a time; a second one says that it waits."""
    with writing(places.state):
        places.state.mkdir(parents=True, exist_ok=True)
        lock = open(places.state / ".lock", "w")  # noqa: SIM115 — held until the run ends
    with lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            LOG.info("another run for %s is at work: waiting for it", places.name)
            fcntl.flock(lock, fcntl.LOCK_EX)
        with writing(places.processed):
            places.processed.mkdir(parents=True, exist_ok=True)
            places.processed.chmod(OWNER_ALONE)
        try:
            yield
        finally:
            with contextlib.suppress(OSError):  # a refused run leaves no empty folder
                places.processed.rmdir()


@contextlib.contextmanager
def writing(place: Path) -> Iterator[None]:
    """A disk that is full, or that may not be written, is told in a sentence wherever it is met below the block."""
    try:
        yield
    except OSError as error:
        if error.errno in DISK_FULL:
            raise UserError(_disk_is_full(error.filename or place)) from None
        if error.errno in NOT_WRITABLE:
            problem = (error.strerror or "not writable").lower()
            raise UserError(f"{error.filename or place} cannot be written ({problem}); mend that and run again.") from None
        raise
    except Exception as error:
        if any(word in str(error) for word in DISK_FULL_WORDS):
            raise UserError(_disk_is_full(place)) from None
        raise


def _disk_is_full(place: object) -> str:
    return f"The disk is full: {place} could not be written; make room and run again. What was published stands as it was."
