"""What the rules of a table see: its rows, and beside them what other tables say. SELECTs over the prepared Parquet files.

Each row also bears `_customer`, `_source` (the department, of parties), `_branch` (its own, else its customer's), `_month` (of the
day that dates it; null where it has none, or one so far in the future that it would never be seen) and
`_refused` (`column.rule`, and `_refused_columns`, of its fields that acceptance set to null).
"""

import datetime as dt
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path

import duckdb

from analysis.bank.contracts import TABLES
from analysis.bank.rules.delivery import far_future, held_columns, last_month
from analysis.bank.rules.joined import JOINS, Join
from analysis.bank.rules.refusals import nulled_select
from analysis.bank.rules.rule import Rule
from analysis.bank.sql import literal, parquet

REFUSED = ("_refused", "_refused_columns")
OWN_CUSTOMER = {"ownership": "child_id", "prospects": "converted_customer_id"}


@dataclass(frozen=True)
class Bank:
    """A prepared bank as the rules see it: its folder, manifest, and a connection that reads it."""

    con: duckdb.DuckDBPyConnection = field(repr=False)
    processed: Path
    manifest: dict

    @cached_property
    def files(self) -> dict[str, str]:
        """The relations there are, as SQL, by name: canonical tables, standards and identity."""
        names = [*TABLES, "standards", "identity"]
        return {name: parquet(path) for name in names if (path := self.processed / f"{name}.parquet").is_file()}

    @cached_property
    def columns(self) -> dict[str, set[str]]:
        """The columns of each relation that the bank delivers."""
        stated = self.manifest.get("tables", {})
        return {name: held_columns(self.con, self.processed, name, stated.get(name, {}).get("columns")) for name in self.files}

    @cached_property
    def until(self) -> dt.date:
        """The end of the last delivered month."""
        return last_month(self.con, self.files)

    @cached_property
    def far(self) -> str:
        """The last day that is not far in the future, as SQL."""
        return f"DATE '{far_future(self.until)}'"

    @cached_property
    def core(self) -> str:
        """The department whose numbers are customer_ids, as SQL; null where none is."""
        if "identity" not in self.files:
            return "NULL"
        found = self.con.execute(
            f"SELECT source FROM {self.files['identity']} WHERE source_id = customer_id GROUP BY source ORDER BY count(*) DESC, source LIMIT 1"
        ).fetchall()
        return literal(found[0][0]) if found else "NULL"

    def joins(self, table: str) -> list[Join]:
        """The joins to which the bank has what they need."""
        return [join for join in JOINS if table in join.tables and join.is_possible(self.columns)]

    def rules_of(self, table: str, rules: tuple[Rule, ...]) -> list[Rule]:
        """The rules of the table that can be asked with what the bank delivers."""
        if table not in self.files:
            return []
        joined = {name for join in self.joins(table) for name in join.names(self, table)} | {"delivered_until", "future_from"}
        there, null = self.columns[table] | joined, set(TABLES[table].column_names)
        return [rule for rule in rules if rule.table == table and rule.needs <= there and rule.reads <= there | null]


def view(bank: Bank, table: str, rules: list[Rule]) -> str:
    """A SELECT of the table's rows with all that these rules read."""
    wanted = frozenset().union(*(rule.reads for rule in rules)) | {"_customer"}
    joins = [join for join in bank.joins(table) if join.is_always or wanted & set(join.names(bank, table))]
    named = {name: sql for join in joins for name, sql in join.names(bank, table).items() if name in wanted or join.is_always}
    extra = "".join(f", {sql} AS {name}" for name, sql in named.items() if name not in TABLES[table].column_names)
    joined = " ".join(join.select(bank, table) for join in joins)
    refused = nulled_select(bank.processed, table, "identity" in bank.files and bank.files["identity"])
    keys = " AND ".join(f"CAST(t.{key} AS VARCHAR) = n._key{place}" for place, key in enumerate(TABLES[table].key))
    joined += f" LEFT JOIN ({refused}) AS n ON {keys}" if refused else ""
    return f"""
        SELECT t.*{extra}, DATE '{bank.until}' AS delivered_until, {bank.far} AS future_from, {", ".join(f"{'n.' + name if refused else 'CAST(NULL AS VARCHAR[])'} AS {name}" for name in REFUSED)},
               {_customer(table, named)} AS _customer, {"t.source" if table == "parties" else "CAST(NULL AS VARCHAR)"} AS _source,
               {_branch(table, named)} AS _branch, {month_of(_dated(table, named), bank.far)} AS _month
        FROM {bank.files[table]} AS t {joined}"""


def month_of(day: str, far: str) -> str:
    """The month end of a day, null where it lies far in the future."""
    return f"CASE WHEN CAST({day} AS DATE) <= {far} THEN last_day(CAST({day} AS DATE)) END"


def _dated(table: str, named: dict[str, str]) -> str:
    if TABLES[table].dated:
        return f"t.{TABLES[table].dated}"
    return named.get("response_answered_date", "NULL")


def _customer(table: str, named: dict[str, str]) -> str:
    if "customer_id" in named:
        return named["customer_id"]
    own = OWN_CUSTOMER.get(table, "customer_id")
    return f"t.{own}" if own in TABLES[table].column_names else "CAST(NULL AS VARCHAR)"


def _branch(table: str, named: dict[str, str]) -> str:
    own = "t.branch_id" if "branch_id" in TABLES[table].column_names else "NULL"
    return f"coalesce({own}, {named.get('customer_branch_id', 'NULL')}, CAST(NULL AS VARCHAR))"
