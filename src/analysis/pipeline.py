"""The whole run, as a table of contents: prepare → decide → execute → publish."""

import contextlib
import errno
import fcntl
import logging
from collections.abc import Iterator
from pathlib import Path

from analysis.bank.book import parse_day
from analysis.bank.prepare import Prepared, prepare, prepare_features
from analysis.errors import UserError
from analysis.project import Folders, folders, root
from analysis.report.provenance import record
from analysis.report.publication import PublicationList, read_publications
from analysis.report.publish import Edition, make, outdated

LOG = logging.getLogger("crm")
DISK_FULL = (errno.ENOSPC, errno.EDQUOT, errno.EFBIG)
SHORTEST_IDENTIFIER = 6


def prepare_bank(bank: str, raw: Path | None, as_of: str, force: bool) -> Prepared:
    """Brings a bank's canonical tables and features up to date."""
    places = _places(bank, raw, as_of)
    with exclusive(places), disk_full(places.processed):
        prepared = prepare(places, as_of, force)
        prepare_features(prepared, places)
    return prepared


def report(
    bank: str, raw: Path | None, as_of: str, only: list[str], language: str | None, jobs: int, force: bool
) -> tuple[Path, bool]:
    """Prepares what changed, makes the reports that are out of date and publishes them. Returns the release's place and
    whether any report failed. A UserError leaves everything published as it was."""
    publications = read_publications(root() / "reports.yaml")
    chosen = publications.chosen(only)
    places = _places(bank, raw, as_of)
    with exclusive(places), disk_full(places.published):
        prepared = prepare(places, as_of)
        edition = _edition(prepared, places, publications, language)
        due = outdated(edition, chosen, force)
        if not due:
            LOG.info("nothing changed: no notebook executed; the pages of %s stand", edition.as_of)
            return edition.published / edition.as_of, False
        prepare_features(prepared, places)
        return make(edition, due, publications.reports, jobs, _identifiers(places, edition))


def _places(bank: str, raw: Path | None, as_of: str) -> Folders:
    if as_of:
        parse_day(as_of)
    return folders(bank, raw)


def _edition(prepared: Prepared, places: Folders, publications: PublicationList, language: str | None) -> Edition:
    config, as_of = prepared.config, str(prepared.as_of)
    languages = list(dict.fromkeys([language or publications.languages[0], *publications.languages]))
    return Edition(
        bank=places.name,
        labels={name: config.label(name) for name in languages},
        prepared_by={name: getattr(config.prepared_by, name) or config.prepared_by.en for name in languages}
        if config.prepared_by
        else {},
        kind_of_data=config.kind_of_data,
        as_of=as_of,
        languages=languages,
        tables=frozenset(prepared.manifest["tables"]),
        notebooks=root() / "notebooks",
        published=places.published,
        logs=places.processed / "logs",
        provenance=record(prepared.manifest, as_of, {name: entry.parameters for name, entry in publications.reports.items()}),
    )


def _identifiers(places: Folders, edition: Edition) -> frozenset[str]:
    """Names and numbers of the bank's customers that are long enough to be told from other words."""
    if "customers" not in edition.tables:
        return frozenset()
    import duckdb

    path = str(places.processed / "customers.parquet").replace("'", "''")
    columns = ("customer_id", "name", "id_number", "phone")
    union = " UNION ".join(f"SELECT {column} AS word FROM read_parquet('{path}')" for column in columns)
    with duckdb.connect() as connection:
        words = connection.sql(f"SELECT word FROM ({union}) WHERE length(word) >= {SHORTEST_IDENTIFIER}").fetchall()
    return frozenset(word for (word,) in words)


@contextlib.contextmanager
def exclusive(places: Folders) -> Iterator[None]:
    """One run for a bank at a time; a second one says that it waits."""
    places.state.mkdir(parents=True, exist_ok=True)
    with open(places.state / ".lock", "w") as lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            LOG.info("another run for %s is at work: waiting for it", places.name)
            fcntl.flock(lock, fcntl.LOCK_EX)
        yield


@contextlib.contextmanager
def disk_full(place: Path) -> Iterator[None]:
    """A full disk is told in a sentence, wherever it is met."""
    try:
        yield
    except OSError as error:
        if error.errno in DISK_FULL:
            raise UserError(_disk_sentence(place)) from None
        raise
    except Exception as error:
        if any(word in str(error) for word in ("No space left on device", "File too large", "Disk quota exceeded")):
            raise UserError(_disk_sentence(place)) from None
        raise


def _disk_sentence(place: Path) -> str:
    return f"The disk is full: {place} could not be written; make room and run again. What was published stands as it was."
