"""Departments' numbers: in a bank with `parties` a customer is written as `source:source_id` and mapped to one `customer_id`.
The core is the department whose numbers the SELECT of `customers` writes."""

import re
import string
from dataclasses import replace
from pathlib import Path

import duckdb
import ibis
import ibis.expr.types as ir

from analysis.bank import acceptance
from analysis.bank.config import BankConfig
from analysis.bank.contracts import Table
from analysis.bank.sources import mask
from analysis.bank.sql import literal
from analysis.errors import UserError
from analysis.project import suggestion

CUSTOMER = "customers.customer_id"
OUTSIDERS_TOO = {"ownership": ("parent_id", "child_id")}
LEADS_NOWHERE = "is a department's number that leads to no customer"
BLANK = literal(string.whitespace)
NUMBER = re.compile(r"\d{4}")


def refuse_without_customers(config: BankConfig, definition: Path) -> None:
    """A bank with `parties` brings `customers` too, by which the core is told; else UserError."""
    if "parties" in config.tables and "customers" not in config.tables:
        raise UserError(
            f"{definition}, line {config.line_of('tables', 'parties')}: table parties needs the table customers, whose customer_id"
            f" (source:source_id) tells which department is the core; add customers, or take parties out."
        )


def collect(con: duckdb.DuckDBPyConnection, config: BankConfig, definition: Path, contract: Table) -> None:
    """Reads the departments' numbers in `raw_<table>`. Raises UserError where a customer is not written as source:source_id,
    or bears a source that no party has."""
    where = place(config, definition, contract.name)
    for column in given_numbers(con, contract):
        _collect(con, contract.name, column)
    customer = customer_column(contract)
    if customer in given_numbers(con, contract):
        _refuse_other_forms(con, contract.name, customer, where)
        _refuse_unknown_sources(con, contract.name, customer, where)


def lead(con: duckdb.DuckDBPyConnection, contract: Table) -> None:
    """Each number that leads to a customer by the relation `identity`, once, in `leads_<table>_<column>`: written, customer_id."""
    for column in given_numbers(con, contract):
        con.execute(f"""
            CREATE TABLE leads_{contract.name}_{column} AS
            SELECT written, customer_id FROM numbers_{contract.name}_{column} JOIN identity USING (source, source_id)""")


def core_of(con: duckdb.DuckDBPyConnection, config: BankConfig, definition: Path) -> str:
    """The department whose numbers `customers` writes; UserError where it writes those of several."""
    sources = con.execute("SELECT DISTINCT source FROM numbers_customers_customer_id").fetchall()
    if len(sources) > 1:
        raise UserError(
            f"{place(config, definition, 'customers')}: its customer_id bears {len(sources):,} sources, but customers come from one"
            f" department, the core, whose numbers the others may hold; write one source before all of them, and the same in parties."
        )
    return sources[0][0] if sources else ""


def place(config: BankConfig, definition: Path, table: str) -> str:
    """How a sentence about a table of bank.yaml begins."""
    return f"{definition}, line {config.line_of('tables', table)}: table {table}"


def given_numbers(con: duckdb.DuckDBPyConnection, contract: Table) -> list[str]:
    """The columns of `raw_<table>` that hold departments' numbers."""
    given = [row[0] for row in con.execute(f"DESCRIBE raw_{contract.name}").fetchall()]
    return [name for name in _number_columns(contract) if name in given]


def checked(connection: ibis.BaseBackend, raw: ir.Table, contract: Table, parents: dict[str, ir.Table]) -> ir.Table:
    """`acceptance.check` of what departments wrote; a number that leads to no customer breaks the rule `reference` (in
    `ownership` it may be an outsider's)."""
    customer = customer_column(contract)
    if customer in raw.columns:
        leads = connection.table(f"leads_{contract.name}_{customer}")
        parents = {**parents, "customers": leads.select(customer_id="written")}
    return acceptance.check(raw, _referring(contract), parents)


def explained(refused: ir.Table, contract: Table) -> ir.Table:
    """Refusals (see `acceptance.rejected`); those of departments' numbers with the reason that is theirs."""
    is_lost = (refused.column == (customer_column(contract) or "")) & (refused.rule == "reference")
    return refused.mutate(reason=ibis.ifelse(is_lost, LEADS_NOWHERE, refused.reason))


def customer_column(contract: Table) -> str | None:
    """The column that names the customer, if the table has one."""
    if contract.name == "customers":
        return contract.key[0]
    return next((column.name for column in contract.columns if column.refers == CUSTOMER), None)


def _number_columns(contract: Table) -> list[str]:
    customer = customer_column(contract)
    return [*([customer] if customer else []), *OUTSIDERS_TOO.get(contract.name, ())]


def _referring(contract: Table) -> Table:
    """The contract, where that of `customers` too refers to what leads to a customer."""
    if contract.name != "customers":
        return contract
    columns = [replace(column, refers=CUSTOMER) if column.name in contract.key else column for column in contract.columns]
    return replace(contract, columns=tuple(columns))


def _collect(con: duckdb.DuckDBPyConnection, table: str, column: str) -> None:
    """Each number once: written, rows, source and source_id (null: not of that form)."""
    con.execute(f"""
        CREATE TABLE numbers_{table}_{column} AS
        SELECT written, rows, CASE WHEN colon > 0 THEN trim(left(written, colon - 1), {BLANK}) END AS source,
               CASE WHEN colon > 0 THEN trim(substr(written, colon + 1), {BLANK}) END AS source_id
        FROM (SELECT trim(CAST({column} AS VARCHAR), {BLANK}) AS written, count(*) AS rows, strpos(written, ':') AS colon
              FROM raw_{table} GROUP BY written)
        WHERE written <> ''""")


def _refuse_other_forms(con: duckdb.DuckDBPyConnection, table: str, column: str, where: str) -> None:
    found = f"SELECT sum(rows), min(written) FROM numbers_{table}_{column} WHERE coalesce(source, '') = ''"
    rows, example = con.execute(found).fetchall()[0]
    if rows:
        raise UserError(
            f"{where}: {_of_all(con, table, rows)} have a {column} that is not written as source:source_id, such as"
            f" '{mask(example)}'; in a bank with parties write the department before its number: 'core:' || customer_no AS {column}."
        )


def _refuse_unknown_sources(con: duckdb.DuckDBPyConnection, table: str, column: str, where: str) -> None:
    unknown = f"""
        SELECT source, sum(rows) AS rows FROM numbers_{table}_{column}
        WHERE source NOT IN (SELECT source FROM parties) GROUP BY source ORDER BY rows DESC, source LIMIT 1"""
    for source, rows in con.execute(unknown).fetchall():
        known = [name for (name,) in con.execute("SELECT DISTINCT source FROM parties ORDER BY source").fetchall()]
        hint = suggestion(source, [name for name in known if not NUMBER.search(name)])
        shown = source if hint.endswith("?") else mask(source)
        raise UserError(
            f"{where}: {_of_all(con, table, rows)} have a {column} of the source '{shown}', which no row of parties has{hint}"
            f" Mend the source in the SELECT, or bring that department's records in parties."
        )


def _of_all(con: duckdb.DuckDBPyConnection, table: str, rows: int) -> str:
    total = con.execute(f"SELECT count(*) FROM raw_{table}").fetchall()[0][0]
    return f"{rows:,} of {total:,} rows"
