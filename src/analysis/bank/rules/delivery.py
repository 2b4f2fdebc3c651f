"""What of a bank's tables was delivered: which columns, and until which month."""

import datetime as dt
from pathlib import Path

import duckdb

from analysis.bank.contracts import TABLES
from analysis.bank.sql import literal

RELATIONS = ("parties", "customers", "holdings")
FUTURE_DAYS = 366
MONTHLY = ("balances", "transactions", "contacts", "complaints", "surveys", "contributions", "market_rates")


def held_columns(con: duckdb.DuckDBPyConnection, processed: Path, table: str, stated: list[str] | None) -> set[str]:
    """The columns that the SELECT of the table brings, where the manifest states them; else those that hold any value."""
    if stated is not None:
        return set(stated)
    count = f"""
        SELECT path_in_schema, sum(num_values), sum(stats_null_count) FROM parquet_metadata({literal(processed / f"{table}.parquet")})
        GROUP BY path_in_schema"""
    required = {column.name for column in TABLES[table].columns if column.required} if table in TABLES else set()
    return required | {name for name, values, nulls in con.execute(count).fetchall() if nulls is None or values > nulls}


def last_month(con: duckdb.DuckDBPyConnection, files: dict[str, str]) -> dt.date:
    """The end of the month in which most tables end (the upper median): in a bank of three such tables, one day far in the future
    does not move it. dt.date.max where no row is dated."""
    days = [
        con.execute(f"SELECT last_day(CAST(max({TABLES[name].dated}) AS DATE)) FROM {files[name]}").fetchall()[0][0]
        for name in (*RELATIONS, *MONTHLY)
        if name in files
    ]
    known = sorted(day for day in days if day is not None)
    return known[len(known) // 2] if known else dt.date.max


def far_future(until: dt.date) -> dt.date:
    """The last day that a fact may still bear: deliveries of some tables run ahead, but by no more than a year."""
    return until if until == dt.date.max else until + dt.timedelta(days=FUTURE_DAYS)
