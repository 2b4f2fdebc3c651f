"""The banks of the long studies are the banks of `crm demo`."""

import datetime as dt
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from tests.long.bank_frames import simulated

from analysis.bank.book import Book
from analysis.bank.demo.worlds import DEFAULT_SEED

AS_OF = dt.date(2025, 6, 30)


@pytest.fixture(scope="module")
def both(middle, shared_demo):
    with simulated(len(middle.people), DEFAULT_SEED) as bank:
        processed: Path = shared_demo / "data" / "processed" / "demo"
        yield bank, Book(bank.book.config, AS_OF, processed, bank.book.first_date, {})


def test_lives_are_the_same(both, middle):
    bank, _ = both
    truth = pd.read_parquet(middle.folder / "truth" / "customers.parquet")
    kinds = truth.dtypes[["churn_month", "returned_month"]].to_dict()
    pd.testing.assert_frame_equal(bank.fates().astype(kinds), truth, check_dtype=False)


@pytest.mark.parametrize(
    ("table", "columns"),
    [
        ("complaints", ["customer_id", "received_at", "resolved_at", "severity", "branch_id"]),
        ("contacts", ["customer_id", "started_at", "channel", "purpose", "branch_id", "outcome"]),
        ("holdings", ["customer_id", "product", "opened_date", "matures_date", "closed_date"]),
        ("assignments", ["customer_id", "from_date", "manager_id", "until_date", "reason"]),
        ("alerts", ["customer_id", "raised_date", "held_out", "outcome"]),
        ("campaigns", ["customer_id", "campaign_id", "arm", "responded", "revenue"]),
        ("market_rates", ["area", "month", "own_rate", "competitor_rate"]),
        ("tariffs", ["branch_id", "effective_date", "old_fee", "new_fee"]),
        ("incidents", ["incident_id", "started_at", "ended_at", "kind"]),
    ],
)
def test_what_departments_deliver_is_in_the_simulated_tables(both, table, columns):
    """All but the rows that departments soil: numbers of nobody, and customers that linkage takes for another."""
    ours, theirs = (_rows(book.table(table)[columns]) for book in (both[0].book, both[1]))
    assert len(theirs) > 0.95 * len(ours)
    assert len(theirs - ours) <= 0.02 * len(theirs)


def test_features_are_those_of_the_prepared_bank(both):
    ours, theirs = (book.features(AS_OF).set_index("customer_id") for book in (both[0].book, both[1]))
    near = ours.index.intersection(theirs.index)
    assert len(near) > 0.98 * len(ours)
    for name in ("tenure_months", "recency_days", "assets_3m", "products_held", "complaints_365d"):
        assert np.isclose(ours.loc[near, name], theirs.loc[near, name], equal_nan=True).mean() > 0.97


def _rows(table: pd.DataFrame) -> set[tuple]:
    return set(table.astype(str).itertuples(index=False, name=None))
