"""Pairs of records counted by hand."""

import pandas as pd

from analysis.validation.identified import identity_facts


def given(**customers: str) -> pd.DataFrame:
    """A customer's records, `source.source_id` each."""
    rows = [(*record.split("."), customer) for customer, records in customers.items() for record in records.split()]
    return pd.DataFrame(rows, columns=["source", "source_id", "customer_id"])


TRUTH = given(Anna="core.1 cards.1 calls.1", Bert="core.2 cards.2")


def facts(mapping: pd.DataFrame, truth: pd.DataFrame = TRUTH) -> list:
    found = identity_facts(mapping, truth)
    assert all(set(fact) == {"value"} for fact in found.values())
    return [found[f"identity.{name}"]["value"] for name in ("precision", "recall", "customers")]


def test_shares_of_pairs():
    """Three pairs are joined, four are true, one is both."""
    assert facts(given(X="core.1 cards.1 core.2", Y="calls.1", Z="cards.2")) == [1 / 3, 1 / 4, 2]


def test_what_a_customer_is_called_is_of_no_account():
    assert facts(given(Bert="core.1 cards.1 calls.1", C="core.2 cards.2")) == [1, 1, 2]


def test_all_taken_for_one():
    assert facts(given(X="core.1 cards.1 calls.1 core.2 cards.2")) == [4 / 10, 1, 2]


def test_nothing_joined_has_no_precision_and_recalls_nothing():
    assert facts(given(A="core.1", B="cards.1", C="calls.1", D="core.2", E="cards.2")) == [None, 0, 2]


def test_nothing_to_join_has_no_recall():
    assert facts(given(A="core.1", B="core.2"), given(A="core.1", B="core.2")) == [None, None, 2]


def test_records_that_preparation_refused_are_of_no_account():
    assert facts(given(X="core.1 cards.1", Y="core.2")) == [1, 1, 2]
