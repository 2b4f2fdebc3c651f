"""The engine beneath: DuckDB in this process, with bounded memory; canonical Parquet in, sorted frames out."""

import datetime as dt
import tempfile
from collections.abc import Iterator
from pathlib import Path

import ibis
import pandas as pd

from analysis.bank.asof import asof_select, parent_of
from analysis.bank.contracts import TABLES
from analysis.bank.features import features
from analysis.bank.sql import literal

MEMORY_LIMIT = "1200MB"
CUSTOMERS_AT_ONCE = 200_000


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


def feature_frame(processed: Path, landmark: dt.date, of: pd.Series | None = None) -> pd.DataFrame:
    """The features of every customer known at the landmark (`of`: of these alone), sorted by customer_id; in a large bank those of all
    are computed for CUSTOMERS_AT_ONCE at a time, which fit into memory."""
    with tempfile.TemporaryDirectory(prefix=".features-", dir=processed) as work:
        connection = connect(Path(work) / "work.duckdb")
        try:
            tables = views(connection, processed, landmark)
            blocks = _blocks(connection, tables) if of is None else [_of_these(connection, tables, of)]
            parts = [features(block, landmark).to_pandas() for block in blocks]
            return pd.concat(parts, ignore_index=True) if len(parts) > 1 else parts[0]
        finally:
            connection.disconnect()


def _of_these(connection: ibis.BaseBackend, tables: dict[str, ibis.Table], of: pd.Series) -> dict[str, ibis.Table]:
    connection.con.register("asked", pd.DataFrame({"customer_id": of.astype(object)}))
    connection.raw_sql("CREATE TABLE these AS SELECT customer_id FROM asked")
    return {name: table.semi_join(connection.table("these"), "customer_id") for name, table in _of_customers(tables).items()}


def _of_customers(tables: dict[str, ibis.Table]) -> dict[str, ibis.Table]:
    """The tables of customers; of balances, those of the basis that counts in the whole bank."""
    if "balances" in tables:
        is_average = tables["balances"].basis == "average"
        tables = tables | {"balances": tables["balances"].filter(is_average == is_average.any().execute())}
    return {name: table for name, table in tables.items() if "customer_id" in table.columns}


def _blocks(connection: ibis.BaseBackend, tables: dict[str, ibis.Table]) -> Iterator[dict[str, ibis.Table]]:
    """The tables, of one range of customer_id after another."""
    numbered = "SELECT customer_id, (row_number() OVER (ORDER BY customer_id) - 1) // ? AS block FROM customers"
    starts = connection.con.execute(f"SELECT min(customer_id) FROM ({numbered}) GROUP BY block ORDER BY 1", [CUSTOMERS_AT_ONCE])
    edges = [row[0] for row in starts.fetchall()]
    if len(edges) < 2:
        yield tables
        return
    tables = _of_customers(tables)
    for low, high in zip(edges, [*edges[1:], None], strict=True):
        yield {name: _between(table, low, high) for name, table in tables.items()}


def _between(table: ibis.Table, low: str, high: str | None) -> ibis.Table:
    later = table.filter(table.customer_id >= low)
    return later if high is None else later.filter(later.customer_id < high)
