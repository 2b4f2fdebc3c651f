"""Makes the mapping of a bank's records to its customers, and writes what is to be read of it."""

import os
from dataclasses import dataclass
from pathlib import Path

import duckdb
import pandas as pd

from analysis import digest
from analysis.bank.identity.given import FILE as GIVEN
from analysis.bank.identity.given import assign, keep_given, read_given
from analysis.bank.identity.linking import DIGITS, Linked, link
from analysis.bank.identity.overrides import FILE as OVERRIDES
from analysis.bank.identity.overrides import read_overrides
from analysis.bank.identity.records import make_records, refuse_nothing_shared
from analysis.bank.identity.review import write_review
from analysis.bank.sql import literal, parquet

MAPPING = "identity.parquet"
STANDARDS = "standards.parquet"
LINKS = "identity_links.parquet"
REVIEW = "identity_review.xlsx"
MEMORY_LIMIT = "3GB"
KEYS = ["source", "source_id"]


@dataclass(frozen=True)
class Places:
    """Where the bank's raw files lie, what lasts of it, and where this run's tables are made."""

    raw: Path
    state: Path
    staging: Path


def identify(places: Places, core: str, where: str) -> dict:
    """From `parties.parquet` and `standards.parquet` of the staging folder: identity.parquet (source, source_id, customer_id,
    probability), the links with their evidence, and the list for review. Returns what the page states of it. UserError: the
    departments share no column, or overrides that don't hold."""
    with duckdb.connect(str(places.staging / "work.duckdb-linkage")) as connection:
        connection.execute(
            f"SET enable_progress_bar = false; SET memory_limit = '{MEMORY_LIMIT}'; SET temp_directory = {literal(places.staging / 'spill')}"
        )
        connection.execute(f"CREATE VIEW parties AS SELECT * FROM {parquet(places.staging / 'parties.parquet')}")
        connection.execute(f"CREATE TABLE core AS SELECT {literal(core)} AS source")
        _standardise(connection, places.staging)
        make_records(connection, core)
        refuse_nothing_shared(connection, where)
        records = connection.execute("SELECT * EXCLUDE (rid) FROM records ORDER BY rid").df()
        found = link(connection, read_overrides(places.raw / OVERRIDES, records))
    mapping = _mapping(records, found, core, read_given(places.state))
    mapping.to_parquet(places.staging / MAPPING, index=False)
    links = _named(found.links, records)
    links.to_parquet(places.staging / LINKS, index=False)
    write_review(places.staging / REVIEW, found.links[found.links["is_open"]], records)
    return {**found.stated, "to_review": int(links["is_open"].sum())}


def keep(state: Path, processed: Path) -> str:
    """Writes down for later runs which customer_id each record has been given; returns the digest of what was written."""
    state.mkdir(parents=True, exist_ok=True)
    mapping = pd.read_parquet(processed / MAPPING)
    beside = state / f".{GIVEN}.partial"
    keep_given(read_given(state), mapping).to_parquet(beside, index=False)
    os.chmod(beside, 0o600)
    beside.replace(state / GIVEN)
    return digest.of_file(state / GIVEN)


def _standardise(connection: duckdb.DuckDBPyConnection, staging: Path) -> None:
    from analysis.bank import standards

    standards.register(connection)
    path = staging / STANDARDS
    ordered = f"{standards.of_parties('parties')} ORDER BY source, source_id"
    connection.execute(f"COPY ({ordered}) TO {literal(path)} (FORMAT parquet, COMPRESSION zstd)")
    connection.execute(f"CREATE VIEW standards AS SELECT * FROM {parquet(path)}")


def _mapping(records: pd.DataFrame, found: Linked, core: str, given: pd.DataFrame) -> pd.DataFrame:
    """A record's probability is that of its surest link to another record of its customer; 1 where it is the only one."""
    inside = found.links[found.links["decision"].eq("same")]
    ends = pd.concat([inside.set_index(end)["probability"].fillna(1.0) for end in ("rid_l", "rid_r")])
    probability = ends.groupby(level=0).max().reindex(records.index).fillna(1.0)
    return records[KEYS].assign(
        customer_id=assign(records, found.labels.to_numpy(), core, given), probability=probability.round(DIGITS)
    )


def _named(links: pd.DataFrame, records: pd.DataFrame) -> pd.DataFrame:
    """The links by department and number instead of place."""
    left, right = (records[KEYS].iloc[links[end].to_numpy(int)].reset_index(drop=True) for end in ("rid_l", "rid_r"))
    other = right.rename(columns={"source": "other_source", "source_id": "other_source_id"})
    return pd.concat([left, other, links.drop(columns=["rid_l", "rid_r"]).reset_index(drop=True)], axis=1)
