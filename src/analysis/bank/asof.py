"""The view of an earlier day: rows that were known by then, and of each row only what was known. Plain SQL, for any engine."""

import datetime as dt
from collections.abc import Iterable

from analysis.bank.contracts import TABLES, Table


def asof_select(contract: Table, relation: str, day: dt.date, parent_relation: str | None = None) -> str:
    """A SELECT of all columns of `relation` as known at the end of `day`; a table that `follows` another needs its relation."""
    limit = f"DATE '{day + dt.timedelta(days=1)}'"
    columns = ", ".join(
        f"CASE WHEN {column.known} < {limit} THEN {column.name} END AS {column.name}" if column.known else column.name
        for column in contract.columns
    )
    return f"SELECT {columns} FROM {relation}{_where(contract, limit, parent_relation)}"


def parent_of(table: str, available: Iterable[str]) -> str | None:
    """The table whose dates an undated table goes by, where the bank brings it."""
    follows = TABLES[table].follows
    return follows if follows in available else None


def _where(contract: Table, limit: str, parent_relation: str | None) -> str:
    if contract.dated:
        return f" WHERE {contract.dated} IS NULL OR {contract.dated} < {limit}"
    if contract.follows and parent_relation:
        parent = TABLES[contract.follows]
        key = parent.key[0]
        known = f"SELECT {key} FROM {parent_relation} WHERE {parent.dated} IS NULL OR {parent.dated} < {limit}"
        return f" WHERE {key} IN ({known})"
    return ""
