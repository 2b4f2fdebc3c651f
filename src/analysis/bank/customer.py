"""All that the bank holds of one customer, found by pseudonym and read without what could tell who it is."""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass, field
from pathlib import Path

import duckdb
import pandas as pd

from analysis.bank.asof import asof_select, parent_of
from analysis.bank.book import Book, feature_path, write_features
from analysis.bank.contracts import TABLES
from analysis.bank.pseudonyms import find, is_pseudonym, pseudonym, read_key
from analysis.bank.rules import RULES
from analysis.bank.rules.refusals import WORDS as REFUSED
from analysis.bank.rules.refusals import accepted_rule
from analysis.bank.sources import mask
from analysis.bank.sql import parquet
from analysis.errors import NotProduced, UserError
from analysis.project import folders
from analysis.wording import Message, say

READ = ("customers", "balances", "holdings", "contributions", "transactions", "contacts", "complaints", "surveys", "answers",
        "consents")  # fmt: skip
FIELDS = {"name": "name_fault", "id_number": "id_fault", "birth_date": None, "sex": None, "phone": "phone_fault", "address": None}
MOST_SCORED = 200_000
SHORTEST_NAME, SHORTEST_NUMBER = 2, 6


@dataclass(frozen=True)
class CustomerRecord:
    """One customer. `tables`: canonical tables as known at `as_of`, without the columns that the contracts mark as sensitive.
    `features`: its row at `as_of`, under the pseudonym. `parties`: see `compare`; None where departments keep no lists.
    `quality`: rule, month, failed, words; None where it was not measured. `history`: the whole bank's features by landmark, from which
    a score is learnt; empty in a bank of more than MOST_SCORED customers."""

    pseudonym: str
    as_of: dt.date
    tables: dict[str, pd.DataFrame]
    features: pd.DataFrame
    parties: pd.DataFrame | None
    quality: pd.DataFrame | None
    history: dict[dt.date, pd.DataFrame] = field(repr=False)


def open_customer(book: Book, wanted: str = "") -> CustomerRecord:
    """The customer who bears the pseudonym `wanted`; empty: the first of those known at `as_of`, in the order of pseudonyms.
    UserError: nobody bears it, or its relation began after `as_of`."""
    customer_id, shown = _found(book, wanted)
    with duckdb.connect() as connection:
        tables = {name: _rows(connection, book, name, customer_id) for name in READ if name in book.tables}
        parties = _parties(connection, book, customer_id)
        quality = _quality(connection, book, customer_id)
    count = len(_customer_ids(book.processed))
    return CustomerRecord(
        shown, book.as_of, tables, _features(book, customer_id, shown), parties, quality,
        book.feature_history() if count <= MOST_SCORED else {},
    )  # fmt: skip


def resolve(processed: Path, state: Path, written: str) -> str:
    """The customer_id of the customer whom `written` names: a pseudonym, `department:number` or a customer number. UserError,
    which does not repeat it, where it names nobody."""
    written, customer_ids = written.strip(), _customer_ids(processed)
    if not written:
        raise UserError("No customer is named: give a pseudonym, such as P-7K3M-Q2XA-9TBC.")
    customer_id = find(read_key(state), customer_ids, written)
    if customer_id is None and written in set(customer_ids):
        customer_id = written
    if customer_id is None and ":" in written:
        customer_id = _by_department(processed, written)
    if customer_id is None:
        raise UserError(_unknown(processed, written))
    return customer_id


def identifiers(processed: Path, customer_id: str) -> frozenset[str]:
    """What must not stand on the customer's page: its names, and its numbers and addresses of SHORTEST_NUMBER characters or more,
    as delivered and in standard form."""
    paths = {name: processed / f"{name}.parquet" for name in ("customers", "parties", "standards", "identity")}
    found: set[str] = {customer_id}
    with duckdb.connect() as connection:
        rows = [_sensitive(connection, f"{parquet(paths['customers'])} WHERE customer_id = ?", customer_id)]
        for name in ("parties", "standards"):
            if paths[name].is_file() and paths["identity"].is_file():
                own = f"SELECT source, source_id FROM {parquet(paths['identity'])} WHERE customer_id = ?"
                rows.append(
                    _sensitive(connection, f"{parquet(paths[name])} SEMI JOIN ({own}) USING (source, source_id)", customer_id)
                )
    for frame in rows:
        for column in frame:
            least = SHORTEST_NAME if column == "name" else SHORTEST_NUMBER
            found |= {" ".join(value.split()) for value in frame[column].dropna() if len(value) >= least}
    return frozenset(value for value in found if len(value) >= SHORTEST_NUMBER or not value.isdigit())


def _sensitive(connection: duckdb.DuckDBPyConnection, rows: str, customer_id: str) -> pd.DataFrame:
    names = {
        column.name
        for table in ("customers", "parties")
        for column in TABLES[table].columns
        if column.sensitive and column.type == "text"
    }
    frame = connection.execute(f"SELECT * FROM {rows}", [customer_id]).df()
    return frame[[column for column in frame if column in names]].astype("string")


def compare(records: pd.DataFrame) -> pd.DataFrame:
    """Departments' records of one customer (source, probability, each of FIELDS in its standard form and their faults) → source,
    probability and for each field `same`, `other`, `only` (no other record holds any value), `unfit` (what is held cannot be read) or `none`. What is the same goes by the
    value that most records hold; of two held equally often, by the one that comes first."""
    made = records[["source", "probability"]].copy()
    for name, fault in FIELDS.items():
        values = records[name].astype("string")
        counts = values.value_counts(sort=False)
        usual = max(counts.index, key=lambda value, counts=counts: counts[value], default=None)
        unfit = values.isna() & (records[fault].notna() if fault else False)
        states = pd.Series("other", records.index).mask(values.eq(usual).fillna(False), "same" if counts.sum() > 1 else "only")
        made[name] = states.mask(values.isna(), "none").mask(unfit, "unfit")
    return made


def _found(book: Book, wanted: str) -> tuple[str, str]:
    key = read_key(folders(book.processed.name).state)
    known = _customer_ids(book.processed, book.as_of)
    if not wanted.strip():
        if not known:
            raise NotProduced(say("The bank has no customer on {day:date}.", day=book.as_of))
        shown, customer_id = min((pseudonym(key, customer), customer) for customer in known)
        return customer_id, shown
    customer_id = find(key, known, wanted)
    if customer_id is None and find(key, _customer_ids(book.processed), wanted) is not None:
        raise UserError(
            f"On {book.as_of} the bank did not know this customer yet: its relation began later; choose a later as_of."
        )
    if customer_id is None:
        raise UserError(_unknown(book.processed, wanted))
    return customer_id, pseudonym(key, customer_id)


def _unknown(processed: Path, written: str) -> str:
    kind = "pseudonym" if is_pseudonym(written) else "number"
    remedy = "book.pseudonyms() in JupyterLab lists all pseudonyms"
    return f"The bank '{processed.name}' has no customer with this {kind} ({mask(written)}); {remedy}."


def _customer_ids(processed: Path, as_of: dt.date | None = None) -> list[str]:
    path = processed / "customers.parquet"
    if not path.is_file():
        raise NotProduced(say("The bank brings no table {name}.", name="customers"))
    rows = asof_select(TABLES["customers"], parquet(path), as_of) if as_of else f"SELECT * FROM {parquet(path)}"
    with duckdb.connect() as connection:
        return connection.sql(f"SELECT customer_id FROM ({rows})").to_arrow_table()["customer_id"].to_pylist()


def _by_department(processed: Path, written: str) -> str | None:
    path = processed / "identity.parquet"
    if not path.is_file():
        raise UserError(f"The bank '{processed.name}' has no departments' lists (parties); name the customer by pseudonym.")
    source, _, source_id = written.partition(":")
    query = f"SELECT customer_id FROM {parquet(path)} WHERE source = ? AND source_id = ?"
    with duckdb.connect() as connection:
        found = connection.execute(query, [source, source_id]).fetchall()
    return found[0][0] if found else None


def _rows(connection: duckdb.DuckDBPyConnection, book: Book, name: str, customer_id: str) -> pd.DataFrame:
    """The customer's rows of a canonical table; those of `answers` through `surveys`."""
    contract, parent = TABLES[name], parent_of(name, book.tables)
    select = asof_select(contract, _relation(book, name), book.as_of, _relation(book, parent) if parent else None)
    columns = ", ".join(f'"{column.name}"' for column in contract.columns if not column.sensitive)
    of = "customer_id = ?" if "customer_id" in contract.column_names else _through_surveys(book)
    query = f"SELECT {columns} FROM ({select}) WHERE {of} ORDER BY {', '.join(contract.key)}"
    return connection.execute(query, [customer_id]).df()


def _through_surveys(book: Book) -> str:
    if "surveys" not in book.tables:
        return "false AND ? IS NULL"
    return f"response_id IN (SELECT response_id FROM {_relation(book, 'surveys')} WHERE customer_id = ?)"


def _parties(connection: duckdb.DuckDBPyConnection, book: Book, customer_id: str) -> pd.DataFrame | None:
    """The records of the customer that were opened by `as_of`, earliest first, compared."""
    if not all((book.processed / f"{name}.parquet").is_file() for name in ("parties", "identity", "standards")):
        return None
    known = asof_select(TABLES["parties"], _relation(book, "parties"), book.as_of)
    standard = {"name", "id_number", "birth_date", "phone", "address"}
    columns = ", ".join(f"{'standards' if name in standard else 'parties'}.{name}" for name in FIELDS)
    faults = ", ".join(f"standards.{fault}" for fault in FIELDS.values() if fault)
    query = f"""
        SELECT source, probability, {columns}, {faults}
        FROM ({known}) AS parties
        JOIN {_relation(book, "identity")} AS identity USING (source, source_id)
        JOIN {_relation(book, "standards")} AS standards USING (source, source_id)
        WHERE identity.customer_id = ?
        ORDER BY parties.opened_date NULLS LAST, source, source_id"""
    return compare(connection.execute(query, [customer_id]).df())


def _quality(connection: duckdb.DuckDBPyConnection, book: Book, customer_id: str) -> pd.DataFrame | None:
    path = book.processed / "quality_customers.parquet"
    if not path.is_file():
        return None
    query = f"""
        SELECT rule, month, failed FROM {parquet(path)}
        WHERE customer_id = ? AND (month IS NULL OR month <= last_day(?::DATE)) ORDER BY failed DESC, rule, month"""
    found = connection.execute(query, [customer_id, book.as_of]).df()
    return found.assign(words=[_rule_words(name) for name in found["rule"]])


def _rule_words(name: str) -> Message | str:
    """What rows that fail the rule have; its name where it is none of the declared ones."""
    table, column, kind, *_ = [*name.split("."), "", ""]
    declared = next((rule.words for rule in RULES if rule.name == name), None)
    if declared is not None or kind not in REFUSED:
        return declared or name
    return accepted_rule(table, column, kind, nulls=True).words


def _features(book: Book, customer_id: str, shown: str) -> pd.DataFrame:
    path = feature_path(book.processed, book.as_of)
    if not path.is_file():
        write_features(book.processed, book.as_of)
    return pd.read_parquet(path, filters=[("customer_id", "==", customer_id)]).assign(customer_id=shown)


def _relation(book: Book, name: str) -> str:
    return parquet(book.processed / f"{name}.parquet")
