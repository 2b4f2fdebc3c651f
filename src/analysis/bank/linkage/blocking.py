"""Which pairs of records are compared at all: those that agree on a field, or on two, as far as these are few enough."""

from collections.abc import Mapping, Sequence
from itertools import combinations

import duckdb

from analysis.bank.sql import quoted

PAIRS_PER_RECORD = 5
FEWEST_PAIRS = 100_000
ALONE = ("key", "number", "phone", "email")
Rule = tuple[str, ...]


def choose_rules(connection: duckdb.DuckDBPyConnection, relation: str, kinds: Mapping[str, str]) -> list[Rule]:
    """Fields that must agree for a pair to be compared, a rule each: single fields, and pairs of those that are too common
    alone. A rule is taken where it makes at most PAIRS_PER_RECORD pairs a record (FEWEST_PAIRS in a small bank)."""
    records = connection.execute(f"SELECT count(*) FROM {relation}").fetchall()[0][0]
    limit = max(PAIRS_PER_RECORD * records, FEWEST_PAIRS)
    chosen = [(column,) for column in kinds if 0 < count_pairs(connection, relation, (column,)) <= limit]
    common = [column for column, kind in kinds.items() if (column,) not in chosen and kind != "category"]
    several = list(combinations(common, 2))
    return chosen + [rule for rule in several if 0 < count_pairs(connection, relation, rule) <= limit]


def count_pairs(connection: duckdb.DuckDBPyConnection, relation: str, rule: Rule) -> int:
    """How many pairs of records agree on these fields."""
    columns = ", ".join(map(quoted, rule))
    held = " AND ".join(f"{quoted(column)} IS NOT NULL" for column in rule)
    grouped = f"SELECT count(*) AS n FROM {relation} WHERE {held} GROUP BY {columns} HAVING count(*) > 1"
    return int(connection.execute(f"SELECT coalesce(sum(n * (n - 1) // 2), 0) FROM ({grouped})").fetchall()[0][0])


def training_rules(rules: Sequence[Rule], kinds: Mapping[str, str]) -> list[Rule]:
    """The rules whose pairs are matches often enough to learn from, so many that every field is left free by one of them."""
    learned = [rule for rule in rules if _tells(rule, kinds)]
    for column in kinds:
        if all(column in rule for rule in learned):
            others = [rule for rule in rules if column not in rule and any(kinds[name] != "category" for name in rule)]
            learned += others[:1]
    return learned


def _tells(rule: Rule, kinds: Mapping[str, str]) -> bool:
    found = [kinds[column] for column in rule]
    return any(kind in (*ALONE, "date") for kind in found) or sum(kind != "category" for kind in found) > 1


def pairs_of(relation: str, rules: Sequence[Rule]) -> str:
    """A SELECT of the pairs that some rule lets through, each once: match_key, join_key_l, join_key_r (`rid`)."""
    parts = [
        f"SELECT l.rid AS join_key_l, r.rid AS join_key_r FROM {relation} AS l JOIN {relation} AS r"
        f" ON {' AND '.join(f'l.{quoted(column)} = r.{quoted(column)}' for column in rule)} AND l.rid < r.rid"
        for rule in rules
    ]
    return f"SELECT '0' AS match_key, join_key_l, join_key_r FROM ({' UNION '.join(parts)})"
