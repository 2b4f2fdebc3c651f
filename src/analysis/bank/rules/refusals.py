"""What acceptance refused (`rejected/<table>.parquet`), as the rules see it."""

from pathlib import Path

from analysis.bank.contracts import TABLES, Column
from analysis.bank.rules.rule import Rule
from analysis.bank.sql import literal, parquet
from analysis.wording import Message, say

WORDS = {
    "type": say("{column} cannot be read"),
    "allowed": say("{column} is none of the allowed values"),
    "range": say("{column} lies outside its range"),
    "required": say("{column} is empty, and the row is refused"),
    "reference": say("{column} names nothing that there is"),
    "duplicate": say("the key repeats one that stands already"),
}
DIMENSION = {
    "type": "validity", "allowed": "validity", "range": "validity", "required": "completeness", "reference": "consistency",
    "duplicate": "uniqueness",
}  # fmt: skip


def refused_path(processed: Path, table: str) -> Path:
    return processed / "rejected" / f"{table}.parquet"


def accepted_rule(table: str, column: str, rule: str, nulls: bool) -> Rule:
    """A contract's rule as a quality rule. Where a refusal set the field to null (`nulls`), it is seen at the accepted row; a
    refused row is none of the table's, and counted beside."""
    words: Message = WORDS[rule].filled(column=column)
    held = f"list_contains(_refused, '{column}.{rule}')"
    name = f"{table}.{column}.{rule}"
    if nulls:
        return Rule(name, table, column, DIMENSION[rule], words, held, f"{column} IS NOT NULL OR {held}")
    return Rule(name, table, column, DIMENSION[rule], words, "FALSE")


def nulled_select(processed: Path, table: str, identity: str | None) -> str | None:
    """By the accepted row's key (_key0, … as text): `_refused`, a list of `column.rule`, and `_refused_columns`. None where no field was set to null."""
    path = refused_path(processed, table)
    if not path.is_file():
        return None
    parts = [_part(TABLES[table].column(key), place, len(TABLES[table].key)) for place, key in enumerate(TABLES[table].key)]
    keys = ", ".join(
        f"{_known(part, key, identity)} AS _key{place}"
        for place, (part, key) in enumerate(zip(parts, TABLES[table].key, strict=True))
    )
    join = ""
    if identity and "customer_id" in TABLES[table].key:
        place = TABLES[table].key.index("customer_id")
        join = f"LEFT JOIN {identity} AS i ON {parts[place]} = i.source || ':' || i.source_id"
    return f"""
        SELECT {keys}, list(DISTINCT r."column" || '.' || r.rule) AS _refused, list(DISTINCT r."column") AS _refused_columns
        FROM {parquet(path)} AS r {join} WHERE r.effect = 'field set to null' GROUP BY ALL"""


def refused_select(processed: Path, table: str, bank_files: dict[str, str], far: str) -> str | None:
    """Refused rows, one a broken rule: `_rule`, `_row` (row_key and record), `_original`, `_customer`, `_source`, `_branch`, `_month`."""
    path = refused_path(processed, table)
    if not path.is_file():
        return None
    contract = TABLES[table]
    written = _written("customer_id") if "customer_id" in contract.column_names else "NULL"
    identity, customers = bank_files.get("identity"), bank_files.get("customers")
    customer, joins = written, ""
    if identity:
        customer, joins = "i.customer_id", f"LEFT JOIN {identity} AS i ON {written} = i.source || ':' || i.source_id"
    branch = _written("branch_id") if "branch_id" in contract.column_names else "NULL"
    if customers:
        joins += f" LEFT JOIN {customers} AS c ON c.customer_id = {customer}"
        branch = f"coalesce({branch}, c.branch_id)"
    day = f"last_day(TRY_CAST({_written(contract.dated)} AS DATE))" if contract.dated else "CAST(NULL AS DATE)"
    return f"""
        SELECT '{table}.' || r."column" || '.' || r.rule AS _rule, r.row_key AS _key, r.row_key || chr(0) || r.record AS _row, r.original AS _original,
               {customer} AS _customer, {_written("source") if table == "parties" else "NULL"} AS _source, {branch} AS _branch,
               CASE WHEN {day} <= {far} THEN {day} END AS _month
        FROM {parquet(path)} AS r {joins} WHERE r.effect = 'row rejected'"""


def _part(key: Column, place: int, parts: int) -> str:
    part = f"split_part(r.row_key, '|', {place + 1})" if parts > 1 else "r.row_key"
    if key.name == "month":
        return f"CAST(last_day(TRY_CAST({part} AS DATE)) AS VARCHAR)"
    return f"CAST(TRY_CAST({part} AS DATE) AS VARCHAR)" if key.type == "date" else f"trim({part})"


def _known(part: str, key: str, identity: str | None) -> str:
    return f"coalesce(i.customer_id, {part})" if key == "customer_id" and identity else part


def _written(name: str) -> str:
    """A field's text in the record of a refused row."""
    return f"nullif(trim(regexp_extract(r.record, {literal(f'(?:^|; ){name}=([^;]*)')}, 1)), '')"
