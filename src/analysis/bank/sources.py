"""From raw files to canonical relations: each table of `bank.yaml` is one SELECT over the files it names."""

import contextlib
import json
import re
from collections.abc import Iterator
from pathlib import Path

import duckdb

from analysis.bank.config import BankConfig
from analysis.bank.contracts import TABLES, Table
from analysis.bank.delivery import files_of, used_files
from analysis.bank.rawfiles import first_line, load, locate
from analysis.bank.sql import literal, quoted
from analysis.errors import UserError
from analysis.project import suggestion

ROW = "_row"
DELIVERED = "delivered"
MISSING_COLUMN = re.compile(r'column "([^"]+)" not found|does not have a column named "([^"]+)"', re.IGNORECASE)
MISSING_TABLE = re.compile(r"Table with name (.+) does not exist")
VALUE = re.compile(r"""(?<=['"]).*(?=['"] (?:to|according|as|when) )|(?<=['"]).*(?=['"])|\d{6,}""")
SHORTEST_SHOWN, MOST_STARS = 6, 16
VALUE_ERRORS = (duckdb.DataError, duckdb.InvalidInputException)


def load_files(connection: duckdb.DuckDBPyConnection, config: BankConfig, raw: Path) -> None:
    """Makes one relation of text columns for each file that is used, in a schema of their own: a file may bear a table's name."""
    connection.execute(f"CREATE SCHEMA {DELIVERED}")
    with _among_files(connection):
        for name in used_files(config):
            load(connection, name, config.files[name], raw)


def confine(connection: duckdb.DuckDBPyConnection, config: BankConfig, raw: Path, folder: Path) -> None:
    """From here on the connection reads the declared files and works in `folder`, and nothing else: what a SELECT read
    beside them would be missing from the record of inputs."""
    paths = ", ".join(literal(path) for name in used_files(config) for path in locate(raw, config.files[name]))
    connection.execute(f"SET allowed_paths = [{paths}]")
    connection.execute(f"SET allowed_directories = [{literal(f'{folder}/')}]")
    connection.execute("SET enable_external_access = false")


@contextlib.contextmanager
def _among_files(connection: duckdb.DuckDBPyConnection) -> Iterator[None]:
    connection.execute(f"SET search_path = '{DELIVERED}'")
    try:
        yield
    finally:
        connection.execute("SET search_path = 'main'")


def select_table(connection: duckdb.DuckDBPyConnection, config: BankConfig, definition: Path, contract: Table) -> str:
    """Runs the table's SELECT into `raw_<table>` (with a row number); returns that name. Columns of the contract that the
    SELECT leaves out are null; one that the contract does not know, or that no file has, is refused with its line."""
    name = f"raw_{contract.name}"
    line = config.line_of("tables", contract.name)
    with _among_files(connection):
        _run(
            connection,
            f"CREATE TABLE main.{name} AS SELECT row_number() OVER () AS {ROW}, * FROM (\n",
            config,
            definition,
            contract,
        )
    columns = [row[0] for row in connection.execute(f"DESCRIBE {quoted(name)}").fetchall() if row[0] != ROW]
    for column in columns:
        if column not in contract.column_names:
            at = config.line_of("tables", contract.name, after=_until_alias(config.tables[contract.name], column))
            raise UserError(
                f"{definition}, line {at}: table {contract.name} has no column '{column}'{suggestion(column, list(contract.column_names))}"
                f" Its columns are in docs/data.md."
            )
    _refuse_without_required(columns, contract, definition, line)
    if connection.execute(f"SELECT count(*) FROM {quoted(name)}").fetchall()[0][0] == 0:
        files = ", ".join(config.files[file].path for file in files_of(config, contract.name))
        raise UserError(
            f"{files}: table {contract.name} has no rows (0); deliver the file anew, or take the table out of {definition}."
        )
    return name


def _refuse_without_required(columns: list[str], contract: Table, definition: Path, line: int) -> None:
    for column in contract.columns:
        if column.required and column.name not in columns:
            raise UserError(
                f"{definition}, line {line}: table {contract.name} lacks its required column '{column.name}'"
                f" ({column.meaning}){suggestion(column.name, columns)} Add it to the SELECT."
            )


def _run(connection: duckdb.DuckDBPyConnection, opening: str, config: BankConfig, definition: Path, contract: Table) -> None:
    sql = config.tables[contract.name].rstrip().removesuffix(";")
    connection.execute("SET errors_as_json = true")
    try:
        connection.execute(f"{opening}{sql}\n)")
    except duckdb.Error as error:
        problem = _problem(error)
        place = int(problem.get("position", 0)) - len(opening.encode())
        if place >= len(sql.encode()):
            problem = {"exception_message": "it ends too early"}
        at = config.line_of("tables", contract.name, after=sql.encode()[: max(place, 0)].decode(errors="ignore"))
        near = [column for file in files_of(config, contract.name) for column in _columns(connection, file)]
        where = f"{definition}, line {at}: table {contract.name}"
        raise UserError(f"{where}: {_sentence(error, problem, config, contract.name, near)}") from None
    finally:
        connection.execute("SET errors_as_json = false")


def _problem(error: duckdb.Error) -> dict[str, str]:
    """DuckDB's error: its message and, for most, its position in bytes."""
    message = str(error)
    try:
        return json.loads(message[message.index("{") :])
    except ValueError:
        return {"exception_message": message}


def _columns(connection: duckdb.DuckDBPyConnection, relation: str) -> list[str]:
    return [row[0] for row in connection.execute(f"DESCRIBE {quoted(relation)}").fetchall()]


def _sentence(error: duckdb.Error, problem: dict[str, str], config: BankConfig, table: str, near: list[str]) -> str:
    message = first_line(problem["exception_message"])
    files = ", ".join(config.files[name].path for name in files_of(config, table)) or "what it selects from"
    if missing := MISSING_COLUMN.search(message):
        name = missing.group(1) or missing.group(2)
        return f"there is no column '{name}' in {files}{suggestion(name, near)} Mend its name in the SELECT."
    if missing := MISSING_TABLE.search(message):
        name = missing.group(1).strip('"')
        return f"'{name}' is none of the files{suggestion(name, list(config.files))} Declare it under files."
    if isinstance(error, duckdb.PermissionException):
        return "the SELECT reads a file that is not declared; declare it under files and select from its name."
    if not isinstance(error, VALUE_ERRORS):
        return f"the SQL over {files} fails ({message}); mend that line."
    masked = VALUE.sub(lambda found: mask(found.group()), message, count=1)
    return f"the SQL over {files} fails on a value ({masked}); let try_cast or try_strptime pass what does not fit."


def mask(value: str | None) -> str:
    """A value that may be a customer's: only its ends are shown, of a short one nothing."""
    text = "".join(filter(str.isprintable, value or ""))
    return "*" * len(text) if len(text) < SHORTEST_SHOWN else text[0] + "*" * min(len(text) - 2, MOST_STARS) + text[-1]


def _until_alias(sql: str, column: str) -> str:
    """What stands before a column's name in the SELECT; nothing where it is not written out."""
    found = list(re.finditer(rf"\b{re.escape(column)}\b", sql))
    return sql[: found[0].start()] if found else ""


def contract_order(config: BankConfig) -> list[Table]:
    """The bank's tables, those referred to before those that refer to them."""
    ordered: list[Table] = []

    def visit(name: str) -> None:
        table = TABLES[name]
        for column in table.columns:
            parent = column.refers.split(".")[0] if column.refers else None
            if parent in config.tables and parent != name:
                visit(parent)
        if table not in ordered:
            ordered.append(table)

    for name in config.tables:
        visit(name)
    return ordered
