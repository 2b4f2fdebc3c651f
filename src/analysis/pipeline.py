"""The whole run, as a table of contents: prepare → decide → execute → publish."""

import contextlib
import datetime as dt
import errno
import fcntl
import logging
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

from analysis import digest
from analysis.errors import UserError
from analysis.project import Folders, folders, root, suggestion
from analysis.report import release
from analysis.report.edition import Edition
from analysis.report.provenance import record
from analysis.report.publication import PublicationList, check_publication, parameters_in_force, read_publications
from analysis.report.publish import has_failed, is_current, make, outdated
from analysis.scores import scores

if TYPE_CHECKING:
    from analysis.bank.prepare import Prepared

LOG = logging.getLogger("crm")
DISK_FULL = (errno.ENOSPC, errno.EDQUOT, errno.EFBIG)
DISK_FULL_WORDS = ("No space left on device", "File too large", "Disk quota exceeded")
NOT_WRITABLE = (errno.EACCES, errno.EPERM, errno.EROFS, errno.ENOTDIR, errno.EISDIR)
IDENTIFYING = ("customers", "parties")
SHORTEST_IDENTIFIER = 6


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
    from analysis.bank.prepare import prepare, prepare_features

    publications = read_publications(root() / "reports.yaml")
    chosen = publications.chosen(only)
    for name, entry in publications.reports.items():
        check_publication(name, entry, root() / "notebooks")
    _refuse_unknown_tables(publications)
    places = _places(bank, raw, as_of)
    with exclusive(places):
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
            with writing(places.published):
                make(edition, due, publications.reports, jobs, _identifiers(places, edition))
        return edition.current, has_failed(edition)


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
    makers = config.prepared_by
    parameters = {name: parameters_in_force(entry, root() / "notebooks") for name, entry in publications.reports.items()}
    return Edition(
        bank=places.name,
        labels={name: config.label(name) for name in languages},
        prepared_by={name: getattr(makers, name) or makers.en for name in languages} if makers else {},
        kind_of_data=config.kind_of_data,
        as_of=as_of,
        languages=languages,
        tables=frozenset(prepared.manifest["tables"]),
        notebooks=root() / "notebooks",
        published=places.published,
        logs=places.processed / "logs",
        provenance=record(prepared.manifest, as_of, parameters, _kept(places, as_of)),
        scores=scores(places.processed, prepared.manifest, prepared.as_of),
    )


def _kept(places: Folders, as_of: str) -> dict[str, str]:
    """What pages speak of and is neither delivered nor computed: digests of the tables that the bank keeps beside its bank.yaml and
    of the lots of its lists of early warning, and the name of the release before."""
    from analysis.bank.actions import COLUMNS
    from analysis.bank.alert_lists import lots_until
    from analysis.report.earlier import last_release

    edited = [path for name in COLUMNS if (path := places.definition.with_name(name)).is_file()]
    before = last_release(places.published, dt.date.fromisoformat(as_of))
    kept = {path.name: digest.of_file(path) for path in [*edited, *lots_until(places.state, dt.date.fromisoformat(as_of))]}
    return kept | ({"last release": before.name} if before else {})


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
        yield


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
