"""Departments' records as the linkage compares them: one row a party, numbered, each field in its standard form."""

import duckdb
import pandas as pd

from analysis.bank.sql import literal, quoted
from analysis.errors import UserError

KINDS = {
    "core_number": "key",
    "id_number": "number",
    "phone": "phone",
    "name": "name",
    "birth_date": "date",
    "address": "address",
    "sex": "category",
    "kind": "category",
}
SOUND = ("spaced", "full_width")  # faults of an identity number that leave it what it is
IN_ANOTHERS_PLACE = {"name": "looks_like_address", "id_number": "phone_in_id"}


def make_records(connection: duckdb.DuckDBPyConnection, core: str) -> None:
    """From the relations `parties` and `standards` the table `records`: rid (0 … n − 1, by source and source_id), source,
    source_id, opened_date, a text for each of KINDS, and sound_number: the identity number where it holds. The core's own number counts as the core number that it holds; a
    value that stands in another field's place doesn't count."""
    standard = {name: f"standards.{name}" for name in ("id_number", "phone", "name", "address")}
    for name, fault in IN_ANOTHERS_PLACE.items():
        known_as = "id_fault" if name == "id_number" else f"{name}_fault"
        standard[name] = f"CASE WHEN standards.{known_as} IS DISTINCT FROM {literal(fault)} THEN standards.{name} END"
    own = f"CASE WHEN parties.source = {literal(core)} THEN parties.source_id ELSE trim(parties.core_number) END"
    fields = {
        "core_number": own,
        **standard,
        "birth_date": "CAST(standards.birth_date AS VARCHAR)",
        "sex": "parties.sex",
        "kind": "parties.kind",
    }
    columns = ", ".join(f"nullif({fields[name]}, '') AS {name}" for name in KINDS)
    connection.execute(f"""
        CREATE TABLE records AS
        SELECT row_number() OVER (ORDER BY parties.source, parties.source_id) - 1 AS rid, parties.source, parties.source_id,
               parties.opened_date, {columns},
               CASE WHEN coalesce(standards.id_fault, 'spaced') IN {SOUND} THEN standards.id_number END AS sound_number
        FROM parties JOIN standards USING (source, source_id)""")


def usable(connection: duckdb.DuckDBPyConnection) -> dict[str, str]:
    """The fields that can tell records apart, with their kinds: those with more than one value, some value more than once."""
    found = {}
    for name, kind in KINDS.items():
        column = quoted(name)
        values, held = connection.execute(f"SELECT count(DISTINCT {column}), count({column}) FROM records").fetchall()[0]
        if 1 < values < held:
            found[name] = kind
    return found


def refuse_nothing_shared(connection: duckdb.DuckDBPyConnection, where: str) -> None:
    """UserError where there are several departments and no field that tells customers apart is filled by two of them."""
    telling = [name for name, kind in KINDS.items() if kind != "category"]
    counts = ", ".join(f"count({name}) AS {name}" for name in telling)
    by_source = (
        connection.execute(f"SELECT source, {counts} FROM records GROUP BY source ORDER BY source").df().set_index("source")
    )
    if len(by_source) < 2 or (by_source > 0).sum().ge(2).any():
        return
    held = "; ".join(f"{source}: {', '.join(_filled(row)) or 'nothing'}" for source, row in by_source.iterrows())
    raise UserError(
        f"{where}: its {len(by_source):,} departments share no filled column, so that no record of one can be found in another"
        f" ({held}). Bring a column that two of them hold, such as core_number or id_number."
    )


def _filled(row: pd.Series) -> list[str]:
    return row.index[row > 0].tolist()
