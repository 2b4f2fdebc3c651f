"""Rows under departments' numbers become rows under customer_ids, and what thereby falls together becomes one row."""

import duckdb

from analysis.bank.contracts import Table
from analysis.bank.identity.numbers import customer_column, given_numbers

# How the values of rows that fall together become one, where it is not the first that is held.
MERGED = {
    "balances": dict.fromkeys(("deposits", "wealth", "loans"), "sum({})"),
    "contributions": dict.fromkeys(("ftp_interest", "fees", "expected_loss", "cost", "capital_charge"), "sum({})"),
    "exposures": dict.fromkeys(("credit_line", "drawn", "collateral"), "sum({})"),
    "campaigns": {"arm": "max({})", "responded": "bool_or({})", "cost": "sum({})", "revenue": "sum({})"},  # treated > held_out
    "consents": {"withdrawn_date": "max({})"},
    "customers": {
        "opened_date": "min({})",
        "closed_date": "CASE WHEN count({0}) = count(*) THEN max({0}) END",
        "exit_reason": "CASE WHEN count(closed_date) = count(*) THEN arg_max({0}, closed_date) END",
    },
}
CORE_FIRST = "_is_other, opened_date NULLS LAST, _written"


def select_mapped(con: duckdb.DuckDBPyConnection, contract: Table, kept: str) -> str:
    """A SELECT of the rows of `kept` under customer_ids, one row a key. `customers` gets the customers that no row of the core's
    describes, from the records of `parties`."""
    numbers = given_numbers(con, contract)
    if not numbers:
        return f"SELECT * FROM {kept}"
    mapped = _mapped(contract, kept, numbers)
    if contract.name == "customers":
        mapped = f"SELECT *, false AS _is_other FROM ({mapped}) UNION ALL {_undescribed(contract)}"
    return _one_row_a_key(contract, mapped) if set(numbers) & set(contract.key) else mapped


def _mapped(contract: Table, kept: str, numbers: list[str]) -> str:
    columns = [
        f"coalesce(of_{name}.customer_id, kept.{name}) AS {name}" if name in numbers else f"kept.{name}"
        for name in contract.column_names
    ]
    written = [f"kept.{name} AS _written" for name in numbers if name == customer_column(contract) and name in contract.key]
    joins = [f"LEFT JOIN leads_{contract.name}_{name} AS of_{name} ON of_{name}.written = kept.{name}" for name in numbers]
    return f"SELECT {', '.join(columns + written)} FROM {kept} AS kept {' '.join(joins)}"


def _undescribed(contract: Table) -> str:
    """The records of customers to whom no accepted row of `customers` leads."""
    columns = [f"parties.{name}" for name in contract.column_names if name not in contract.key]
    return f"""
        SELECT identity.customer_id, {", ".join(columns)}, parties.source || ':' || parties.source_id AS _written,
               parties.source NOT IN (SELECT source FROM numbers_customers_customer_id) AS _is_other
        FROM parties JOIN identity USING (source, source_id)
        WHERE identity.customer_id NOT IN (
            SELECT leads.customer_id FROM leads_customers_customer_id AS leads JOIN kept_customers ON kept_customers.customer_id = leads.written)"""


def _one_row_a_key(contract: Table, mapped: str) -> str:
    order = "_written" if customer_column(contract) in contract.key else ", ".join(contract.key)
    order = CORE_FIRST if contract.name == "customers" else order
    how = MERGED.get(contract.name, {})
    columns = [
        name
        if name in contract.key
        else f"{how[name].format(name)} AS {name}"
        if name in how
        else f"first({name} ORDER BY {order}) FILTER ({name} IS NOT NULL) AS {name}"
        for name in contract.column_names
    ]
    return f"SELECT {', '.join(columns)} FROM ({mapped}) GROUP BY {', '.join(contract.key)}"
