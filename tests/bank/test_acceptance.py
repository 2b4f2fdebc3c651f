"""Each rule planted once, with what becomes of its row."""

import datetime as dt
import uuid

import pandas as pd
import pytest

from analysis.bank import acceptance
from analysis.bank.contracts import TABLES
from analysis.bank.engine import connect

REFUSAL = ["row_key", "column", "rule", "reason", "effect", "original"]
NULLED, REJECTED = "field set to null", "row rejected"


@pytest.fixture(scope="module")
def engine():
    connection = connect()
    yield connection
    connection.disconnect()


@pytest.fixture
def judge(engine):
    """Rows as delivered (dicts) → frames of the accepted and of the refused."""

    def run(table, rows, **parents):
        contract = TABLES[table]
        name = f"raw_{uuid.uuid4().hex}"
        engine.con.register("_given", pd.DataFrame([{"_row": number, **row} for number, row in enumerate(rows, 1)]))
        engine.con.execute(f"CREATE TABLE {name} AS SELECT * FROM _given")
        known = {}
        for parent, keys in parents.items():
            engine.con.register("_keys", pd.DataFrame({TABLES[parent].key[0]: keys}))
            engine.con.execute(f"CREATE OR REPLACE TABLE known_{parent} AS SELECT * FROM _keys")
            known[parent] = engine.table(f"known_{parent}")
        raw = engine.table(name)
        checked = engine.create_table(f"checked_{name}", acceptance.check(raw, contract, known))
        repeated = engine.create_table(f"repeated_{name}", acceptance.duplicates(checked, contract))
        kept = acceptance.accepted(checked, repeated, contract).order_by(list(contract.key)).to_pandas()
        refused = acceptance.rejected(raw, checked, repeated, contract).order_by(["row_key", "column", "rule"]).to_pandas()
        assert tuple(refused.columns) == acceptance.REJECTED_SCHEMA
        return kept, refused

    return run


def contact(number, **fields):
    return {"contact_id": str(number), "customer_id": "A", "started_at": "2024-01-31 09:00:00", **fields}


def test_a_row_without_fault_is_accepted_in_the_contracts_types(judge):
    kept, refused = judge("contacts", [contact(1, channel=" phone ", wait_minutes="3.5", abandoned="false", purpose="")])
    assert refused.empty
    assert list(kept.columns) == list(TABLES["contacts"].column_names)
    row = kept.iloc[0]
    assert (row.contact_id, row.started_at, row.channel, row.wait_minutes) == (
        "1",
        pd.Timestamp("2024-01-31 09:00"),
        "phone",
        3.5,
    )
    assert bool(row.abandoned) is False
    assert kept[["purpose", "branch_id", "handled_minutes", "outcome"]].isna().all(axis=None)


BAD_OPTIONAL = [
    ("wait_minutes", "quick", "type", "is not a number"),
    ("wait_minutes", "nan", "type", "is not a number"),
    ("wait_minutes", "inf", "type", "is not a number"),
    ("wait_minutes", "-1", "range", "lies outside the allowed range"),
    ("wait_minutes", "1440.5", "range", "lies outside the allowed range"),
    ("channel", "pigeon", "allowed", "is none of the allowed values"),
    ("channel", "Phone", "allowed", "is none of the allowed values"),
    ("abandoned", "perhaps", "type", "is not true or false"),
    ("branch_id", "9", "reference", "names nothing in branches.branch_id"),
]
GOOD = {"wait_minutes": "1440", "channel": "phone", "abandoned": "true", "branch_id": "1"}


def test_a_bad_optional_field_becomes_null_and_its_original_is_kept(judge):
    rows = [contact(number, **{**GOOD, column: original}) for number, (column, original, _, _) in enumerate(BAD_OPTIONAL)]
    kept, refused = judge("contacts", [*rows, contact(9, **GOOD)], branches=["1"], customers=["A"])
    assert refused[REFUSAL].to_numpy().tolist() == [
        [str(number), column, rule, reason, NULLED, original]
        for number, (column, original, rule, reason) in enumerate(BAD_OPTIONAL)
    ]
    assert refused.record.isna().all()
    nulls = [[column for column in GOOD if pd.isna(row[column])] for _, row in kept.iterrows()]
    assert nulls == [[column] for column, *_ in BAD_OPTIONAL] + [[]]


BAD_REQUIRED = [
    ({"started_at": "31.13.2024"}, "0", "started_at", "type", "is not a time (YYYY-MM-DD hh:mm:ss)"),
    ({"started_at": "infinity"}, "1", "started_at", "type", "is not a time (YYYY-MM-DD hh:mm:ss)"),
    ({"started_at": ""}, "2", "started_at", "required", "is missing"),
    ({"customer_id": "Z"}, "3", "customer_id", "reference", "names nothing in customers.customer_id"),
    ({"customer_id": " "}, "4", "customer_id", "required", "is missing"),
    ({"contact_id": ""}, "", "contact_id", "required", "is missing"),
]


def test_a_bad_key_reference_or_required_field_rejects_the_row(judge):
    rows = [contact(number, **fields) for number, (fields, *_) in enumerate(BAD_REQUIRED)]
    kept, refused = judge("contacts", [*rows, contact(9)], customers=["A"])
    assert kept.contact_id.tolist() == ["9"]
    found = {row[0]: row for row in refused[[*REFUSAL, "record"]].to_numpy().tolist()}
    assert len(found) == len(refused) == len(BAD_REQUIRED)
    for row, (fields, key, column, rule, reason) in zip(rows, BAD_REQUIRED, strict=True):
        record = "; ".join(f"{name}={value}" for name, value in row.items())
        assert found[key] == [key, column, rule, reason, REJECTED, fields[column], record]


def test_of_rows_with_one_key_the_first_in_order_stays(judge):
    rows = [contact(1, purpose="z"), contact(1, purpose="a"), contact(1, purpose="m"), contact(2)]
    for order in (rows, rows[::-1]):
        kept, refused = judge("contacts", order)
        assert kept[["contact_id", "purpose"]].fillna("").to_numpy().tolist() == [["1", "a"], ["2", ""]]
        assert (
            refused[REFUSAL].to_numpy().tolist()
            == [["1", "contact_id", "duplicate", "repeats a key that stands already", REJECTED, "1"]] * 2
        )
        assert sorted(refused.record.str[-1]) == ["m", "z"]


def test_a_rejected_row_takes_no_good_row_of_its_key_along(judge):
    rows = [contact(1, customer_id="0"), contact(1)]
    kept, refused = judge("contacts", rows, customers=["A"])
    assert kept.customer_id.tolist() == ["A"]
    assert refused.rule.tolist() == ["reference"]


def test_rows_alike_in_every_column_are_kept_once(judge):
    kept, refused = judge("contacts", [contact(1), contact(1)])
    assert len(kept) == 1
    assert refused.rule.tolist() == ["duplicate"]


def test_a_key_of_several_columns(judge):
    rows = [
        {"customer_id": "A", "month": month, "basis": basis}
        for month, basis in [("2024-01-31", "end"), ("2024-01-15", "end"), ("2024-01-31", "average")]
    ]
    kept, refused = judge("balances", rows)
    assert kept[["month", "basis"]].astype(str).to_numpy().tolist() == [["2024-01-31", "average"], ["2024-01-31", "end"]]
    assert refused[["row_key", "column", "rule"]].to_numpy().tolist() == [["A|2024-01-15|end", "customer_id", "duplicate"]]


def test_a_whole_number_is_not_rounded(judge):
    rows = [
        {"complaint_id": str(number), "customer_id": "A", "received_at": "2024-01-31", "severity": severity}
        for number, severity in enumerate(["2", "2.0", "2.5", "0", "6", "two"])
    ]
    kept, refused = judge("complaints", rows)
    assert kept.severity.fillna(-1).tolist() == [2, 2, -1, -1, -1, -1]
    assert refused[["row_key", "rule"]].to_numpy().tolist() == [["2", "type"], ["3", "range"], ["4", "range"], ["5", "type"]]


def test_days_that_are_none(judge):
    days = [
        "2024-02-29",
        "2023-02-29",
        "2024-02-30",
        "20240229",
        "29/02/2024",
        "0000-00-00",
        "epoch",
        "infinity",
        "2024-02-29 00:00:00",
    ]
    kept, refused = judge("customers", [{"customer_id": str(number), "birth_date": day} for number, day in enumerate(days)])
    assert [str(day)[:10] for day in kept.birth_date.dropna()] == ["2024-02-29"] * 2
    assert kept.birth_date.notna().tolist() == [True] + [False] * 7 + [True]
    assert refused.original.tolist() == days[1:-1]


def test_a_month_is_kept_as_its_last_day(judge):
    kept, _ = judge("balances", [{"customer_id": "A", "month": "2024-02-01", "basis": "end"}])
    assert [str(day)[:10] for day in kept.month] == ["2024-02-29"]


def test_typed_columns_of_parquet(judge):
    rows = [
        {"transaction_id": 1, "customer_id": 7, "booked_at": dt.datetime(2024, 1, 31, 9), "amount": 1.5},
        {"transaction_id": 2, "customer_id": 7, "booked_at": dt.datetime(2024, 1, 31, 9), "amount": float("inf")},
        {"transaction_id": 3, "customer_id": 8, "booked_at": dt.datetime(2024, 1, 31, 9), "amount": 2.0},
    ]
    kept, refused = judge("transactions", rows, customers=["7"])
    assert kept[["transaction_id", "customer_id", "amount"]].to_numpy().tolist() == [["1", "7", 1.5]]
    assert refused[["row_key", "column", "rule", "original"]].to_numpy().tolist() == [
        ["2", "amount", "type", "inf"],
        ["3", "customer_id", "reference", "8"],
    ]


def test_a_reference_to_a_table_that_the_bank_does_not_bring_is_not_checked(judge):
    kept, refused = judge("contacts", [contact(1, branch_id="9")])
    assert kept.branch_id.tolist() == ["9"]
    assert refused.empty


def test_one_row_may_break_several_rules(judge):
    kept, refused = judge("contacts", [contact(1, channel="pigeon", wait_minutes="-5", started_at="never")])
    assert kept.empty
    assert refused[["column", "rule", "effect"]].to_numpy().tolist() == [
        ["channel", "allowed", NULLED],
        ["started_at", "type", REJECTED],
        ["wait_minutes", "range", NULLED],
    ]
