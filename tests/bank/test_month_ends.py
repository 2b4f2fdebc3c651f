"""Month ends from one pass agree with the features of each day, and see nothing that came later."""

import datetime as dt

import duckdb
import numpy as np
import pytest

from analysis.bank.asof import asof_select, parent_of
from analysis.bank.contracts import TABLES
from analysis.bank.engine import feature_frame
from analysis.bank.month_ends import month_ends
from analysis.bank.sql import parquet

SHARED = ["closed_date", "exit_reason", "tenure_months", "recency_days", "assets", "assets_3m"]
CUSTOMERS = [
    {"customer_id": "C", "opened_date": "2024-03-15"},
    {"customer_id": "A", "opened_date": "2020-01-01", "closed_date": "2024-02-29", "exit_reason": "fees"},
    {"customer_id": "B"},
]


def booking(number, customer, at, by=None):
    return {"transaction_id": str(number), "customer_id": customer, "booked_at": at, "amount": 1.0, "initiated_by": by}


def balance(customer, month, deposits, wealth=None, basis="average"):
    return {"customer_id": customer, "month": month, "basis": basis, "deposits": deposits, "wealth": wealth}


BOOKINGS = [
    booking(1, "A", "2023-12-31 23:59:59"), booking(2, "A", "2024-01-01 00:00:00"), booking(3, "A", "2024-02-29 08:00:00"),
    booking(4, "B", "2024-01-15 12:00:00", "customer"), booking(5, "B", "2024-03-30 12:00:00", "bank"), booking(6, "C", "2024-03-31 23:00:00"),
    booking(7, "A", "2024-01-31 09:00:00"),
]  # fmt: skip
BALANCES = [
    balance("A", "2023-11-30", 90.0), balance("A", "2023-12-31", 100.0, 1.0), balance("A", "2024-01-31", 200.0),
    balance("A", "2024-01-31", 7.0, basis="end"), balance("A", "2024-03-31", 0.0), balance("B", "2024-02-29", None, 50.0),
]  # fmt: skip


@pytest.fixture
def processed(write_processed):
    return write_processed(customers=CUSTOMERS, transactions=BOOKINGS, balances=BALANCES)


def ends_of(processed, as_of, first=dt.date(2023, 11, 30), months=4):
    names = [name for name in TABLES if (processed / f"{name}.parquet").is_file()]
    files = {name: parquet(processed / f"{name}.parquet") for name in names}
    relations = {name: f"({asof_select(TABLES[name], files[name], as_of, files.get(parent_of(name, names)))})" for name in names}
    with duckdb.connect() as connection:
        return month_ends(connection, relations, as_of, first, months)


@pytest.mark.parametrize("as_of", [dt.date(2024, 3, 31), dt.date(2024, 3, 30)])
def test_each_month_end_is_as_the_features_have_it(processed, as_of):
    ends = ends_of(processed, as_of)
    assert len(ends) > 3
    for day in list(ends)[::2]:
        wanted, found = feature_frame(processed, day), ends[day]
        assert found["customer_id"].tolist() == wanted["customer_id"].tolist()
        texts = ["closed_date", "exit_reason"]
        assert found[texts].astype(str).to_numpy().tolist() == wanted[texts].astype(str).to_numpy().tolist()
        numbers = [name for name in SHARED if name not in texts]
        np.testing.assert_allclose(found[numbers], wanted[numbers].astype(float))


def test_the_days_go_back_to_the_first_and_are_the_latest_first(processed):
    ends = ends_of(processed, dt.date(2024, 3, 31), first=dt.date(2024, 1, 31))
    assert ends.days == (dt.date(2024, 3, 31), dt.date(2024, 2, 29), dt.date(2024, 1, 31))
    assert ends.begins == {"transactions": dt.date(2023, 12, 31), "balances": dt.date(2023, 11, 30)}
    with pytest.raises(KeyError):
        ends[dt.date(2023, 12, 31)]


def test_what_the_bank_does_not_bring_has_no_column(write_processed):
    ends = ends_of(write_processed(customers=CUSTOMERS), dt.date(2024, 3, 31))
    assert list(ends[ends.days[0]]) == ["customer_id", "closed_date", "exit_reason", "tenure_months"]
    nobody = ends_of(write_processed(customers=[]), dt.date(2024, 3, 31))
    assert len(nobody[nobody.days[0]]) == 0


def test_a_bank_with_balances_of_a_months_end_only_has_those(write_processed):
    held = [{**row, "basis": "end"} for row in BALANCES if row["basis"] == "average"]
    ends = ends_of(write_processed(customers=CUSTOMERS, balances=held), dt.date(2024, 1, 31))
    assert ends.basis == "end"
    assert np.nan_to_num(ends[ends.days[0]]["assets"]).tolist() == [200.0, 0.0]
