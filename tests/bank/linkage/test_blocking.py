"""Which pairs are compared."""

import duckdb
import pytest

from analysis.bank.linkage import blocking

KINDS = {"number": "number", "name": "name", "birth": "date", "sex": "category"}


@pytest.fixture
def connection():
    rows = [(rid, f"n{rid // 2}", f"name{rid % 50}", f"d{rid % 40}", "mf"[rid % 2]) for rid in range(400)]
    with duckdb.connect() as con:
        con.execute("CREATE TABLE records (rid BIGINT, number VARCHAR, name VARCHAR, birth VARCHAR, sex VARCHAR)")
        con.executemany("INSERT INTO records VALUES (?, ?, ?, ?, ?)", rows)
        yield con


def test_pairs_are_counted_as_they_would_be_made(connection):
    for rule in (("number",), ("name",), ("name", "birth"), ("sex",)):
        made = connection.execute(f"SELECT count(*) FROM ({blocking.pairs_of('records', [rule])})").fetchall()[0][0]
        assert blocking.count_pairs(connection, "records", rule) == made > 0


def test_a_missing_value_agrees_with_nothing(connection):
    connection.execute("UPDATE records SET number = NULL")
    assert blocking.count_pairs(connection, "records", ("number",)) == 0
    assert ("number",) not in blocking.choose_rules(connection, "records", KINDS)


def test_what_is_common_is_asked_for_together_with_something_else(connection, monkeypatch):
    monkeypatch.setattr(blocking, "FEWEST_PAIRS", 0)
    monkeypatch.setattr(blocking, "PAIRS_PER_RECORD", 4)
    assert blocking.count_pairs(connection, "records", ("sex",)) > 4 * 400
    rules = blocking.choose_rules(connection, "records", KINDS)
    assert ("sex",) not in rules
    assert ("number",) in rules
    assert all(blocking.count_pairs(connection, "records", rule) <= 4 * 400 for rule in rules)


def test_each_pair_is_made_once_however_many_rules_let_it_through(connection):
    made = connection.execute(
        f"SELECT join_key_l, join_key_r FROM ({blocking.pairs_of('records', [('number',), ('name',)])})"
    ).fetchall()
    assert len(made) == len(set(made))
    assert all(left < right for left, right in made)


def test_every_field_is_left_free_by_some_rule_to_learn_from():
    rules = [("number",), ("birth",), ("name",), ("name", "sex"), ("sex",)]
    learned = blocking.training_rules(rules, KINDS)
    assert learned[:2] == [("number",), ("birth",)]
    assert ("sex",) not in learned
    assert all(any(column not in rule for rule in learned) for column in KINDS)
    few = {"name": "name", "address": "address", "sex": "category"}
    assert blocking.training_rules([("name",), ("address",), ("sex",)], few) == [("address",), ("name",)]
