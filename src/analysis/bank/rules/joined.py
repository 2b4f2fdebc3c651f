"""What other tables say of a row, by the names that rules use."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING

from analysis.bank.contracts import TABLES
from analysis.bank.rules.agreed import agreed_select, compared_names

if TYPE_CHECKING:
    from analysis.bank.rules.views import Bank

OF_CUSTOMERS = tuple(name for name, table in TABLES.items() if "customer_id" in table.column_names and name != "customers")
NUMBER_HOLDS = (
    "coalesce({0}.id_fault, 'spaced') IN ('spaced', 'full_width') AND regexp_matches({0}.id_number, '^[1-9][0-9]{{16}}[0-9X]$')"
)


@dataclass(frozen=True)
class Join:
    """`make` gives (name → SQL, the JOIN) for a bank and table; `needs`: `relation` or `relation.column` that must be there."""

    tables: tuple[str, ...]
    needs: tuple[str, ...]
    make: Callable[[Bank, str], tuple[dict[str, str], str]]
    is_always: bool = False

    def is_possible(self, columns: dict[str, set[str]]) -> bool:
        asked = [need.partition(".") for need in self.needs]
        return all(name in columns and (not column or column in columns[name]) for name, _, column in asked)

    def names(self, bank: Bank, table: str) -> dict[str, str]:
        return self.make(bank, table)[0]

    def select(self, bank: Bank, table: str) -> str:
        return self.make(bank, table)[1]


def _customer(bank: Bank, table: str) -> tuple[dict[str, str], str]:
    names = [
        name
        for name in ("opened_date", "closed_date", "kind", "branch_id")
        if name == "kind" or name in bank.columns["customers"]
    ]
    key = "i.customer_id" if table == "parties" else "t.customer_id"
    return {
        f"customer_{name}": f"c.{name}" for name in names
    }, f"LEFT JOIN {bank.files['customers']} AS c ON c.customer_id = {key}"


def _identity(bank: Bank, table: str) -> tuple[dict[str, str], str]:
    number = "row_number() OVER (PARTITION BY i.customer_id, t.source ORDER BY t.opened_date NULLS LAST, t.source_id)"
    named = {"customer_id": "i.customer_id", "record_of_customer": number, "is_core": f"coalesce(t.source = {bank.core}, FALSE)"}
    return named, f"LEFT JOIN {bank.files['identity']} AS i ON i.source = t.source AND i.source_id = t.source_id"


def _standards(relation: str, key: str) -> tuple[dict[str, str], str]:
    holds = NUMBER_HOLDS.format("s")
    day = "TRY_CAST(substr(s.id_number, 7, 4) || '-' || substr(s.id_number, 11, 2) || '-' || substr(s.id_number, 13, 2) AS DATE)"
    born = f"CASE WHEN {holds} AND substr(s.id_number, 7, 4) >= '1900' THEN {day} END"
    sex = f"CASE WHEN {born} IS NULL THEN NULL WHEN substr(s.id_number, 17, 1) IN ('1', '3', '5', '7', '9') THEN 'male' ELSE 'female' END"
    named = {f"{name}_fault": f"s.{name}_fault" for name in ("name", "phone", "id")}
    return named | {"birth_of_number": born, "sex_of_number": sex}, f"LEFT JOIN {relation} AS s ON {key}"


def _of_parties(bank: Bank, table: str) -> tuple[dict[str, str], str]:
    return _standards(bank.files["standards"], "s.source = t.source AND s.source_id = t.source_id")


def _held(bank: Bank, table: str) -> tuple[dict[str, str], str]:
    """Which columns a department holds at all."""
    columns = [column.name for column in TABLES["parties"].columns if not column.required]
    counts = ", ".join(f"count({name}) > 0 AS {name}" for name in columns)
    select = f"SELECT source, {counts} FROM {bank.files['parties']} GROUP BY source"
    return {f"holds_{name}": f"h.{name}" for name in columns}, f"LEFT JOIN ({select}) AS h ON h.source = t.source"


def _agreed(bank: Bank, table: str) -> tuple[dict[str, str], str]:
    key = "a.source = t.source AND a.source_id = t.source_id"
    return {name: f"a.{name}" for name in compared_names()}, f"LEFT JOIN ({agreed_select(bank)}) AS a ON {key}"


def _phones(bank: Bank, table: str) -> tuple[dict[str, str], str]:
    select = f"""
        SELECT s.phone, count(DISTINCT i.customer_id) AS customers, max(p.opened_date) AS seen
        FROM {bank.files["standards"]} AS s JOIN {bank.files["identity"]} AS i USING (source, source_id)
        JOIN {bank.files["parties"]} AS p USING (source, source_id) WHERE s.phone IS NOT NULL GROUP BY s.phone"""
    return {"phone_customers": "ph.customers", "phone_seen": "ph.seen"}, f"LEFT JOIN ({select}) AS ph ON ph.phone = s.phone"


def _shared(column: str, alias: str) -> Callable[[Bank, str], tuple[dict[str, str], str]]:
    def make(bank: Bank, table: str) -> tuple[dict[str, str], str]:
        select = f"SELECT {column}, count(*) AS customers, max(opened_date) AS seen FROM {bank.files['customers']} WHERE {column} IS NOT NULL GROUP BY {column}"
        named = {f"{column}_customers": f"{alias}.customers", f"{column}_seen": f"{alias}.seen"}
        return named, f"LEFT JOIN ({select}) AS {alias} ON {alias}.{column} = t.{column}"

    return make


def _of_customers(bank: Bank, table: str) -> tuple[dict[str, str], str]:
    return _standards("customer_standards", "s.customer_id = t.customer_id")


def _months(bank: Bank, table: str) -> tuple[dict[str, str], str]:
    select = f"SELECT customer_id, count(DISTINCT month) AS months FROM {bank.files['balances']} GROUP BY customer_id"
    every = f"SELECT date_trunc('month', min(month)) AS first, max(month) AS last FROM {bank.files['balances']}"
    ended = "t.closed_date" if "closed_date" in bank.columns["customers"] else "CAST(NULL AS DATE)"
    named = {"balance_months": "b.months", "balances_from": "e.first", "balances_until": "e.last", "ended_date": ended}
    return named, f"LEFT JOIN ({select}) AS b ON b.customer_id = t.customer_id LEFT JOIN ({every}) AS e ON TRUE"


def _bookings(bank: Bank, table: str) -> tuple[dict[str, str], str]:
    select = f"SELECT customer_id, count(*) AS bookings FROM {bank.files['transactions']} GROUP BY customer_id"
    return {"transactions_count": "x.bookings"}, f"LEFT JOIN ({select}) AS x ON x.customer_id = t.customer_id"


def _previous(part: tuple[str, ...], order: str, columns: tuple[str, ...]) -> Callable[[Bank, str], tuple[dict[str, str], str]]:
    """The values of the row before, among those of the same `part`."""
    window = f"OVER (PARTITION BY {', '.join(f't.{name}' for name in part)} ORDER BY t.{order})"
    named = {f"previous_{name}": f"lag(t.{name}) {window}" for name in columns}
    return lambda bank, table: (named, "")


def _other(relation: str, on: str, named: dict[str, str]) -> Callable[[Bank, str], tuple[dict[str, str], str]]:
    alias = f"o_{relation}"
    columns = {name: f"{alias}.{column}" for name, column in named.items()}
    return lambda bank, table: (columns, f"LEFT JOIN {bank.files[relation]} AS {alias} ON {alias}.{on} = t.{on}")


def _shares(bank: Bank, table: str) -> tuple[dict[str, str], str]:
    running = "t.kind = 'equity' AND t.until_date IS NULL"
    shares = f"sum(CASE WHEN {running} THEN t.share END) OVER (PARTITION BY t.child_id)"
    return {"running_shares": f"CASE WHEN {running} AND t.share IS NOT NULL THEN {shares} END"}, ""


RESPONSE = {"known_response_id": "response_id", "answered_date": "answered_date", "response_customer_id": "customer_id"}
CONTACT = {"contact_started_at": "started_at", "contact_customer_id": "customer_id"}
ANSWERED = {"response_answered_date": "answered_date", "customer_id": "customer_id"}
JOINS = (
    Join(("parties",), ("identity",), _identity, is_always=True),
    Join(OF_CUSTOMERS, ("customers",), _customer, is_always=True),
    Join(("parties",), ("identity", "customers"), _customer, is_always=True),
    Join(("parties",), ("standards",), _of_parties, is_always=True),
    Join(("parties",), (), _held),
    Join(("parties",), ("identity",), _agreed),
    Join(("parties",), ("identity", "standards"), _phones),
    Join(("customers",), ("customer_standards",), _of_customers),
    Join(("customers",), ("customers.phone",), _shared("phone", "ph")),
    Join(("customers",), ("customers.id_number",), _shared("id_number", "idn")),
    Join(("customers",), ("balances",), _months),
    Join(("customers",), ("transactions",), _bookings),
    Join(("balances",), (), _previous(("customer_id", "basis"), "month", ("month", "deposits", "wealth", "loans"))),
    Join(("contributions",), (), _previous(("customer_id",), "month", ("month",))),
    Join(("market_rates",), (), _previous(("area", "product"), "month", ("month",))),
    Join(("exposures",), (), _previous(("customer_id", "lender"), "reported_date", ("credit_line",))),
    Join(("assignments",), (), _previous(("customer_id",), "from_date", ("from_date", "until_date"))),
    Join(("ownership",), (), _shares),
    Join(("tariffs",), ("branches",), _other("branches", "branch_id", {"known_branch_id": "branch_id"})),
    Join(("invitations",), ("surveys",), _other("surveys", "response_id", RESPONSE)),
    Join(("invitations",), ("contacts",), _other("contacts", "contact_id", CONTACT)),
    Join(("answers",), ("surveys",), _other("surveys", "response_id", ANSWERED), is_always=True),
)
