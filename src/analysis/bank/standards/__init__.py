"""Names, numbers, addresses, dates and amounts in one spelling each, the original kept beside.

Each is a function over a text array, total (null in, null out; nothing raises) and a function of the same name in SQL.
What cannot be had without a guess is marked, never repaired.
"""

import duckdb

from analysis.bank.standards.amounts import standard_amount
from analysis.bank.standards.chinese import simplified, simplified_forms
from analysis.bank.standards.dates import standard_date
from analysis.bank.standards.id_numbers import birth_of_id, id_fault, sex_of_id, standard_id
from analysis.bank.standards.phones import phone_fault, standard_phone
from analysis.bank.standards.texts import name_fault, plain, standard_address, standard_name

FUNCTIONS = {
    plain: "VARCHAR",
    standard_name: "VARCHAR",
    name_fault: "VARCHAR",
    standard_phone: "VARCHAR",
    phone_fault: "VARCHAR",
    standard_id: "VARCHAR",
    id_fault: "VARCHAR",
    birth_of_id: "DATE",
    sex_of_id: "VARCHAR",
    standard_address: "VARCHAR",
    standard_date: "VARCHAR",
    standard_amount: "DOUBLE",
}

__all__ = [
    *[function.__name__ for function in FUNCTIONS],
    "of_customers",
    "of_parties",
    "register",
    "simplified",
    "simplified_forms",
]


def register(connection: duckdb.DuckDBPyConnection) -> None:
    """Makes the functions known to a connection's SQL, each under its own name: of one text to a text, DATE or DOUBLE."""
    for function, returned in FUNCTIONS.items():
        connection.create_function(
            function.__name__, function, ["VARCHAR"], returned, type="arrow", null_handling="special", side_effects=False
        )


def of_parties(relation: str) -> str:
    """The SELECT that makes `standards` from a relation with the columns of `parties`: source, source_id, name, name_fault, phone,
    phone_fault, id_number, id_fault, address, birth_date (DATE)."""
    return _select(relation, "source, source_id")


def of_customers(relation: str) -> str:
    """The same of a relation with the columns of `customers`, by customer_id."""
    return _select(relation, "customer_id")


def _select(relation: str, keys: str) -> str:
    return f"""SELECT {keys}, standard_name(name) AS name, name_fault(name) AS name_fault, standard_phone(phone) AS phone,
        phone_fault(phone) AS phone_fault, standard_id(id_number) AS id_number, id_fault(id_number) AS id_fault,
        standard_address(address) AS address, birth_date FROM {relation}"""
