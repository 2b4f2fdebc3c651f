"""One customer's rows, and nobody else's, as known at a day and without what tells who it is."""

import datetime as dt

import pandas as pd
import pytest

from analysis.bank.book import Book
from analysis.bank.config import BankConfig
from analysis.bank.customer import compare, identifiers, open_customer, resolve
from analysis.bank.pseudonyms import pseudonym, read_key
from analysis.errors import UserError

RULES_FAILED = ["customers.phone.type", "x.late", "parties.name.hostile", "x.other"]
AS_OF = dt.date(2025, 6, 30)
CONFIG = BankConfig(name="My Bank", files={"a": {"path": "a.csv"}}, tables={"customers": "SELECT 1"})
CUSTOMERS = [
    {
        "customer_id": "1000001",
        "name": "Anna Alpha",
        "phone": "13800000001",
        "opened_date": "2020-01-15",
        "closed_date": "2025-07-01",
    },
    {"customer_id": "1000002", "name": "李明", "opened_date": "2021-06-30"},
    {"customer_id": "1000003", "name": "Late Comer", "opened_date": "2025-07-02"},
    {"customer_id": "cards:C9", "name": "Carl Gamma"},
]
PARTIES = [
    {"source": "core", "source_id": "1000001", "core_number": "1000001", "name": "Anna Alpha", "phone": "13800000001"},
    {"source": "cards", "source_id": "C1234567", "name": "A. Alpha", "address": "7 Hill Street"},
    {"source": "core", "source_id": "1000002", "name": "李明"},
    {"source": "web", "source_id": "W1", "name": "Anna Alpha", "opened_date": "2025-08-01"},
]
OWNERS = ["1000001", "1000001", "1000002", "1000001"]
SURVEYS = [
    {"response_id": "R1", "customer_id": "1000001", "answered_date": "2025-01-01"},
    {"response_id": "R2", "customer_id": "1000002"},
]
ANSWERS = [{"response_id": "R1", "item": "fees", "value": 3}, {"response_id": "R2", "item": "fees", "value": 9}]
COMPLAINTS = [
    {"complaint_id": "G1", "customer_id": "1000001", "received_at": "2025-06-30 23:59", "text": "Anna is angry", "resolved_at": "2025-07-05"},
    {"complaint_id": "G2", "customer_id": "1000001", "received_at": "2025-07-01 00:00"},
    {"complaint_id": "G3", "customer_id": "1000002", "received_at": "2025-01-01 00:00"},
]  # fmt: skip


@pytest.fixture
def book(project, write_processed):
    folder = write_processed(customers=CUSTOMERS, parties=PARTIES, surveys=SURVEYS, answers=ANSWERS, complaints=COMPLAINTS)
    keys = pd.DataFrame(PARTIES)[["source", "source_id"]]
    keys.assign(customer_id=OWNERS, probability=0.9).to_parquet(folder / "identity.parquet")
    standards = {name: pd.DataFrame(PARTIES)[name] for name in ("name", "phone", "address")}
    faults = dict.fromkeys(("name_fault", "phone_fault", "id_fault", "id_number", "birth_date"))
    keys.assign(**standards, **faults).to_parquet(folder / "standards.parquet")
    months = pd.to_datetime(["2025-06-30", "2025-07-31", None, "2025-06-30"])
    owners = ["1000001", "1000001", "1000001", "1000002"]
    pd.DataFrame({"rule": RULES_FAILED, "customer_id": owners, "month": months, "failed": 1}).to_parquet(
        folder / "quality_customers.parquet"
    )
    project.add("processed")
    return Book(CONFIG, AS_OF, folder, None, {})


@pytest.fixture
def key(book, project):
    return read_key(project.root / "data" / "state" / "processed")


def test_it_holds_one_customers_rows_as_known_on_the_day(book, key):
    shown = pseudonym(key, "1000001")
    record = open_customer(book, shown.lower())
    assert record.pseudonym == shown
    assert record.tables["customers"]["closed_date"].isna().tolist() == [True]
    assert record.tables["complaints"]["complaint_id"].tolist() == ["G1"]
    assert record.tables["complaints"]["resolved_at"].isna().all()
    assert record.tables["answers"]["value"].tolist() == [3]
    assert record.features["customer_id"].tolist() == [shown]
    assert record.parties["source"].tolist() == ["cards", "core"]
    assert record.quality["rule"].tolist() == ["customers.phone.type", "parties.name.hostile"]
    assert [words.render() for words in record.quality["words"]] == [
        "phone cannot be read", "name bears markup, a formula or control characters",
    ]  # fmt: skip


def test_nothing_in_it_tells_who_it_is(book, key):
    record = open_customer(book, pseudonym(key, "1000001"))
    frames = [*record.tables.values(), record.features, record.parties, record.quality]
    text = " ".join(frame.to_csv() for frame in frames)
    assert not [word for word in ("1000001", "Alpha", "Anna", "13800000001", "Hill", "C1234567", "李明") if word in text]


def test_without_a_pseudonym_it_is_the_first_in_their_order(book, key):
    known = [row["customer_id"] for row in CUSTOMERS if row["customer_id"] != "1000003"]
    assert open_customer(book).pseudonym == min(pseudonym(key, customer) for customer in known)


def test_who_is_not_known_yet_or_never_gets_a_sentence(book, key, told):
    with pytest.raises(UserError, match="began later") as later:
        open_customer(book, pseudonym(key, "1000003"))
    with pytest.raises(UserError, match="no customer with this pseudonym") as unknown:
        open_customer(book, "P-0000-0000-0000")
    for error in (later, unknown):
        told(error.value, "1000003", "P-0000-0000-0000")


@pytest.mark.parametrize(
    ("written", "customer"),
    [
        ("1000001", "1000001"),
        ("cards:C1234567", "1000001"),
        ("core:1000002", "1000002"),
        ("cards:C9", "cards:C9"),
        (" 1000002\n", "1000002"),
    ],
)
def test_a_customer_may_be_named_by_number(book, project, written, customer):
    state = project.root / "data" / "state" / "processed"
    assert resolve(book.processed, state, written) == customer
    assert resolve(book.processed, state, pseudonym(read_key(state), customer)) == customer


@pytest.mark.parametrize(
    "written", ["13800000001", "cards:C1234568", "P-0000-0000-0000", "Anna Alpha", "' OR 1=1 --", "web:W1' OR ''='"]
)
def test_who_names_nobody_is_told_without_the_number(book, project, told, written):
    with pytest.raises(UserError, match=r"no customer with this .* lists all pseudonyms\.$") as refused:
        resolve(book.processed, project.root / "data" / "state" / "processed", written)
    told(refused.value, written)
    with pytest.raises(UserError, match="No customer is named"):
        resolve(book.processed, project.root / "data" / "state" / "processed", " ")


def test_a_bank_without_departments_says_so(book, project, told):
    (book.processed / "identity.parquet").unlink()
    (book.processed / "parties.parquet").unlink()
    with pytest.raises(UserError, match="no departments' lists") as refused:
        resolve(book.processed, project.root / "data" / "state" / "processed", "core:1000001")
    told(refused.value, "1000001")
    assert open_customer(book).parties is None
    assert identifiers(book.processed, "1000002") == {"1000002", "李明"}


def test_identifiers_are_the_customers_own_of_every_department(book):
    assert identifiers(book.processed, "1000001") == {
        "1000001",
        "Anna Alpha",
        "13800000001",
        "A. Alpha",
        "C1234567",
        "7 Hill Street",
    }
    assert identifiers(book.processed, "1000002") == {"1000002", "李明"}


def test_records_are_compared_with_what_most_of_them_hold():
    records = pd.DataFrame({
        "source": list("abcd"), "probability": 1.0,
        "name": ["Ann", "Anna", "Anna", None], "name_fault": [None, None, None, "hostile"],
        "id_number": ["7", "8", None, None], "id_fault": ["check_digit", None, None, None],
        "birth_date": pd.to_datetime(["1980-01-01", None, "1980-01-01", "1980-01-02"]), "sex": None,
        "phone": None, "phone_fault": ["form", None, None, None], "address": ["x", None, None, None],
    })  # fmt: skip
    found = compare(records)
    assert {name: found[name].tolist() for name in ("name", "id_number", "birth_date", "sex", "phone", "address")} == {
        "name": ["other", "same", "same", "unfit"], "id_number": ["same", "other", "none", "none"],
        "birth_date": ["same", "none", "same", "other"], "sex": ["none"] * 4, "phone": ["unfit", "none", "none", "none"],
        "address": ["only", "none", "none", "none"],
    }  # fmt: skip
