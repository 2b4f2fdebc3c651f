"""The engine beneath: DuckDB in this process, with bounded memory; canonical Parquet in, sorted frames out."""

import datetime as dt
import tempfile
from pathlib import Path

import ibis
import pandas as pd

from analysis.bank.asof import asof_select, parent_of
from analysis.bank.contracts import TABLES
from analysis.bank.features import features
from analysis.bank.sql import literal

MEMORY_LIMIT = "1200MB"


def connect(database: Path | None = None) -> ibis.BaseBackend:
    """A DuckDB connection; with `database`, tables and spill files lie beside that file."""
    connection = ibis.duckdb.connect(str(database) if database else ":memory:")
    connection.raw_sql(f"SET memory_limit = '{MEMORY_LIMIT}'")
    connection.raw_sql("SET preserve_insertion_order = true")
    if database:
        connection.raw_sql(f"SET temp_directory = {literal(database.parent / 'spill')}")
    return connection


def views(connection: ibis.BaseBackend, processed: Path, day: dt.date) -> dict[str, ibis.Table]:
    """The bank's canonical tables as known at the end of `day`."""
    available = [name for name in TABLES if (processed / f"{name}.parquet").is_file()]
    for name in available:
        connection.read_parquet(str(processed / f"{name}.parquet"), table_name=f"whole_{name}")
    for name in available:
        parent = parent_of(name, available)
        select = asof_select(TABLES[name], f"whole_{name}", day, f"whole_{parent}" if parent else None)
        connection.raw_sql(f"CREATE OR REPLACE VIEW {name} AS {select}")
    return {name: connection.table(name) for name in available}


def feature_frame(processed: Path, landmark: dt.date) -> pd.DataFrame:
    """The features of every customer known at the landmark, sorted by customer_id."""
    with tempfile.TemporaryDirectory(prefix=".features-", dir=processed) as work:
        connection = connect(Path(work) / "work.duckdb")
        try:
            return features(views(connection, processed, landmark), landmark).to_pandas()
        finally:
            connection.disconnect()
