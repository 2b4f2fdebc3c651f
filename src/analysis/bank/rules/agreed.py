"""What departments agree on of each customer: the value that most of them hold; where as many hold another, the core's."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from analysis.bank.rules.views import Bank

COSMETIC = "coalesce(s.{0}_fault, 'spaced') IN ('spaced', 'full_width')"
STANDARD = {
    "name": f"CASE WHEN {COSMETIC.format('name')} THEN s.name END",
    "sex": "p.sex",
    "birth_date": "p.birth_date",
    "id_number": f"CASE WHEN {COSMETIC.format('id')} THEN s.id_number END",
    "phone": "s.phone",
    "address": f"CASE WHEN {COSMETIC.format('name')} THEN s.address END",
}
COMPARED = tuple(STANDARD)
CORE_WEIGHT = 0.5


def compared_names() -> list[str]:
    """The columns of `agreed_select` but its keys."""
    return [f"{kind}_{name}" for name in COMPARED for kind in ("compared", "agreed", "seen")]


def agreed_select(bank: Bank) -> str:
    """source, source_id and for each compared field: compared_ (the record's standard value), agreed_ (the customer's; null where
    only one department holds the field, or no value has most) and seen_ (the last day on which one of them was recorded)."""
    fields = {name: sql if "standards" in bank.files else f"p.{name}" for name, sql in STANDARD.items()}
    values = ", ".join(f"{sql} AS {name}" for name, sql in fields.items())
    standards = f"JOIN {bank.files['standards']} AS s USING (source, source_id)" if "standards" in bank.files else ""
    agreed = ", ".join(
        f"r.{name} AS compared_{name}, a_{name}.agreed AS agreed_{name}, a_{name}.seen AS seen_{name}" for name in COMPARED
    )
    joins = " ".join(f"LEFT JOIN ({_vote(name)}) AS a_{name} ON a_{name}.customer_id = r.customer_id" for name in COMPARED)
    return f"""
        WITH r AS MATERIALIZED (
            SELECT p.source, p.source_id, i.customer_id, p.opened_date, p.source = {bank.core} AS is_core, {values}
            FROM {bank.files["parties"]} AS p JOIN {bank.files["identity"]} AS i USING (source, source_id) {standards})
        SELECT r.source, r.source_id, {agreed} FROM r {joins}"""


def _vote(name: str) -> str:
    """Each department has one vote for each value that it holds."""
    return f"""
        SELECT customer_id, max(seen) AS seen,
               CASE WHEN sum(votes) > 1 AND (count(*) = 1 OR max(weight, 2)[1] > max(weight, 2)[2]) THEN arg_max(value, weight) END AS agreed
        FROM (SELECT customer_id, {name} AS value, max(opened_date) AS seen, count(DISTINCT source) AS votes,
                     count(DISTINCT source) + CASE WHEN bool_or(is_core) THEN {CORE_WEIGHT} ELSE 0 END AS weight
              FROM r WHERE {name} IS NOT NULL GROUP BY customer_id, {name})
        GROUP BY customer_id"""
