"""Measures a prepared bank by the quality rules: counters by rule, department, branch and month, and who is touched.

The score of a table is the share of its delivered rows in which no rule finds a defect: it has rows as its base, so that an
interval means something, and neither a rule that never fails nor one split in two moves it. It weighs no defect against
another, and a table of many columns scores lower than one of few; a rule's own share tells which.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Collection
from pathlib import Path
from typing import TYPE_CHECKING

import duckdb

from analysis.bank.book import read_manifest
from analysis.bank.contracts import TABLES
from analysis.bank.rules import RULES, Rule, counters
from analysis.bank.rules.delivery import MONTHLY
from analysis.bank.rules.labels import column_label, labelled
from analysis.bank.rules.refusals import WORDS, accepted_rule, refused_path, refused_select
from analysis.bank.rules.views import Bank, view
from analysis.bank.sources import mask
from analysis.bank.sql import literal, parquet
from analysis.errors import UserError
from analysis.project import suggestion
from analysis.wording import Message, say

if TYPE_CHECKING:
    import pandas as pd

COUNTERS, CUSTOMERS = "quality", "quality_customers"
MEMORY_LIMIT = "1200MB"
STALE_MONTHS = 3


def write(processed: Path, manifest: dict) -> None:
    """Writes quality.parquet and quality_customers.parquet into the folder of a bank's canonical tables."""
    with duckdb.connect() as con:
        spill = literal(processed / "spill")
        con.execute(f"SET enable_progress_bar = false; SET memory_limit = '{MEMORY_LIMIT}'; SET temp_directory = {spill}")
        measure(con, processed, manifest)
        for name, order in (
            (COUNTERS, "rule, source, branch_id, month, checked, failed"),
            (CUSTOMERS, "rule, customer_id, month, failed"),
        ):
            path = literal(processed / f"{name}.parquet")
            con.execute(f"COPY (SELECT * FROM {name} ORDER BY {order}) TO {path} (FORMAT parquet, COMPRESSION zstd)")


def measure(con: duckdb.DuckDBPyConnection, processed: Path, manifest: dict, tables: Collection[str] = tuple(TABLES)) -> None:
    """Makes two temporary tables of the connection. `quality`: rule, table, column, dimension, source, branch_id, month (DATE, month
    end; null: undated), checked and failed (rows); a table's own counter bears its name as rule, the dimension `rows` and no
    column. `quality_customers`: rule, customer_id, month (the first in which it fails), failed (rows)."""
    con.execute(f"""CREATE OR REPLACE TEMP TABLE {COUNTERS} (rule VARCHAR, "table" VARCHAR, "column" VARCHAR, dimension VARCHAR,
        source VARCHAR, branch_id VARCHAR, month DATE, checked BIGINT, failed BIGINT)""")
    con.execute(f"CREATE OR REPLACE TEMP TABLE {CUSTOMERS} (rule VARCHAR, customer_id VARCHAR, month DATE, failed BIGINT)")
    bank = _bank(con, processed, manifest, tables)
    for table in tables:
        if table in bank.files:
            _measure_table(bank, table)
            _measure_staleness(bank, table)


def rules_of(bank: Bank, table: str) -> list[Rule]:
    """The rules that can be asked of the table in this bank: the declared ones, and those of the contract that acceptance found broken."""
    return [*bank.rules_of(table, RULES), *_accepted(bank, table)]


def failing(con: duckdb.DuckDBPyConnection, processed: Path, rule_name: str) -> str:
    """A SELECT of a rule's failing rows: row_key, customer_id, source, branch_id, month, value (the column's, as text: mask it before
    it is shown). UserError: the bank has no such rule."""
    table = rule_name.partition(".")[0]
    bank = _bank(con, processed, read_manifest(processed) or {}, [table])
    rules = rules_of(bank, table) if table in bank.files else []
    rule = next((one for one in rules if one.name == rule_name), None)
    if rule is None:
        raise UserError(f"The bank has no quality rule '{rule_name}'{suggestion(rule_name, [one.name for one in rules])}")
    key = " || '|' || ".join(f"coalesce(CAST({name} AS VARCHAR), '')" for name in TABLES[table].key)
    value = f"CAST({rule.column} AS VARCHAR)" if rule.column in TABLES[table].column_names else "NULL"
    rows = f"""
        SELECT {key} AS row_key, _customer AS customer_id, _source AS source, _branch AS branch_id, {counters.month(rule, bank.far)} AS month, {value} AS value
        FROM ({view(bank, table, [rule])}) WHERE {counters.fails(rule)}"""
    refused = refused_select(processed, table, bank.files, bank.far)
    if refused:
        rows += f""" UNION ALL SELECT _key, _customer, _source, _branch, _month, _original FROM ({refused}) WHERE _rule = {literal(rule.name)}"""
    return rows


def masked_example(processed: Path, rule_name: str, day: dt.date) -> str | None:
    """What stands in the first row, by its key, that fails a rule in months up to a day, all but its ends masked; None where the field
    is empty."""
    with duckdb.connect() as con:
        known = f"(month IS NULL OR month <= DATE {literal(day)}) AND value <> ''"
        value = con.execute(
            f"SELECT min_by(value, row_key) FROM ({failing(con, processed, rule_name)}) WHERE {known}"
        ).fetchall()[0][0]
    return None if value is None else mask(value)


def words_of() -> dict[str, Message]:
    """What the rows that fail a rule have, by the rule's name: of the declared ones, and of all that a contract may refuse."""
    refused = {
        f"{table.name}.{column.name}.{rule}": words.filled(column=column.name)
        for table in TABLES.values()
        for column in table.columns
        for rule, words in WORDS.items()
    }
    stale = {f"{table}.{TABLES[table].dated}.stale": say("nothing was delivered for the last months") for table in MONTHLY}
    every = refused | stale | {rule.name: rule.words for rule in RULES}
    return {name: labelled(words) for name, words in every.items()}


def names_of_columns() -> dict[str, Message | str]:
    """`table.column` → what a page calls the column."""
    return {f"{table.name}.{column.name}": column_label(column.name) for table in TABLES.values() for column in table.columns}


def not_delivered(con: duckdb.DuckDBPyConnection, processed: Path) -> list[tuple[str, str]]:
    """The optional columns (table, column) of the bank's tables that it does not bring: no defect, but nothing is known by them."""
    bank = Bank(con, processed, read_manifest(processed) or {})
    return [
        (name, column)
        for name, table in TABLES.items()
        if name in bank.files
        for column in table.column_names
        if column not in bank.columns[name]
    ]


def table_scores(frame: pd.DataFrame, day: dt.date) -> pd.DataFrame:
    """table, checked, failed (rows) and value (the share without a defect) as seen on a day: from quality.parquet, without the
    months that end after it."""
    import pandas as pd

    known = frame["month"].isna() | (pd.to_datetime(frame["month"]) <= pd.Timestamp(day))
    rows = frame[frame["dimension"].eq(counters.ROWS) & known]
    scores = rows.groupby("table", as_index=False)[["checked", "failed"]].sum()
    return scores.assign(value=1 - scores["failed"] / scores["checked"])


def _bank(con: duckdb.DuckDBPyConnection, processed: Path, manifest: dict, tables: Collection[str]) -> Bank:
    bank = Bank(con, processed, manifest)
    if "customers" in tables and "customers" in bank.files and "parties" not in bank.files:
        _standardise_customers(bank)
    return bank


def _standardise_customers(bank: Bank) -> None:
    """Where no department's records bear faults, the customers' own do."""
    from analysis.bank import standards

    known = bank.con.execute("SELECT count(*) FROM duckdb_functions() WHERE function_name = 'standard_name'").fetchall()[0][0]
    if not known:
        standards.register(bank.con)
    bank.con.execute(f"CREATE OR REPLACE TEMP TABLE customer_standards AS {standards.of_customers(bank.files['customers'])}")
    bank.columns["customer_standards"] = set()


def _accepted(bank: Bank, table: str) -> list[Rule]:
    path = refused_path(bank.processed, table)
    if not path.is_file():
        return []
    found = f"""SELECT "column", rule, bool_or(effect = 'field set to null') FROM {parquet(path)} GROUP BY ALL ORDER BY ALL"""
    return [accepted_rule(table, column, rule, nulls) for column, rule, nulls in bank.con.execute(found).fetchall()]


def _measure_table(bank: Bank, table: str) -> None:
    rules, con = rules_of(bank, table), bank.con
    rows = f"({view(bank, table, rules)})"
    if table == "parties":
        con.execute(f"CREATE OR REPLACE TEMP TABLE measured_parties AS {rows}")
        rows = "measured_parties"
    selects = counters.of_rules(bank, table, rows, rules)
    refused = refused_select(bank.processed, table, bank.files, bank.far)
    if refused:
        selects += counters.of_refused(table, refused, rules)
    for select in selects:
        con.execute(f"INSERT INTO {COUNTERS} {select}")
    found = con.execute(f'SELECT DISTINCT rule FROM {COUNTERS} WHERE failed > 0 AND "table" = ?', [table]).fetchall()
    failed = [rule for rule in rules if (rule.name,) in found]
    for select in counters.of_customers(bank, rows, failed, refused):
        con.execute(f"INSERT INTO {CUSTOMERS} {select}")


def _measure_staleness(bank: Bank, table: str) -> None:
    """Whether a monthly table ends months before the others: one check."""
    if table not in MONTHLY:
        return
    dated = TABLES[table].dated
    bank.con.execute(f"""
        INSERT INTO {COUNTERS} SELECT '{table}.{dated}.stale', '{table}', '{dated}', 'timeliness', NULL, NULL, DATE '{bank.until}', 1,
            CAST(max({dated}) < DATE '{bank.until}' - INTERVAL {STALE_MONTHS} MONTH AS INT)
        FROM {bank.files[table]} HAVING max({dated}) IS NOT NULL""")
