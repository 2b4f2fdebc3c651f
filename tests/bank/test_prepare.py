import datetime as dt
import json

import pandas as pd
import pytest
from tests.conftest import BANK_YAML, BOOKINGS, CLIENTS

from analysis.bank.config import read_config
from analysis.bank.prepare import prepare_features
from analysis.errors import UserError
from analysis.project import folders


def contents(folder):
    return {str(path.relative_to(folder)): path.read_bytes() for path in sorted(folder.rglob("*")) if path.is_file()}


def times(folder):
    return {path: path.stat().st_mtime_ns for path in folder.rglob("*")}


def test_files_become_tables_and_a_manifest(project):
    project.add()
    prepared = project.prepare()
    assert (prepared.is_new, prepared.as_of) == (True, dt.date(2024, 3, 31))
    customers = project.read("customers")
    assert customers[["customer_id", "name"]].to_numpy().tolist() == [["A", "Anna Alpha"], ["B", "Bert Beta"]]
    assert customers.birth_date.map(str).tolist() == ["1980-02-29", "1990-12-31"]
    transactions = project.read("transactions")
    assert transactions[["transaction_id", "customer_id", "amount"]].to_numpy().tolist() == [
        ["1", "A", 100.5],
        ["2", "B", -20.0],
        ["3", "A", 7.0],
    ]
    assert transactions.booked_at.max() == pd.Timestamp("2024-03-31")
    counts = {"delivered": 2, "accepted": 2, "rejected": 0, "fields_set_to_null": 0, "bad_rows": 0, "rules": []}
    brought = ["customer_id", "name", "birth_date", "phone", "opened_date"]
    assert prepared.manifest["tables"]["customers"] == counts | {"columns": brought}
    assert prepared.manifest["span"] == ["2024-01-31", "2024-03-31"]
    assert {name: len(digest) for name, digest in prepared.manifest["inputs"].items()} == {"clients": 64, "bookings": 64}
    assert json.loads((project.processed() / "prepared.json").read_text()) == prepared.manifest
    assert project.rejected("customers").empty


def test_a_second_run_does_nothing(project):
    project.add()
    prepare_features(project.prepare(), folders("mybank"))
    before = times(project.processed())
    prepared = project.prepare()
    prepare_features(prepared, folders("mybank"))
    assert not prepared.is_new
    assert times(project.processed()) == before


def test_two_preparations_give_the_same_bytes(project):
    project.add(clients__csv=CLIENTS + "A,Anna Again,x,1980-02-30,\n", definition=BANK_YAML + "max_rejected_share: 0.9\n")
    prepare_features(project.prepare(), folders("mybank"))
    before = contents(project.processed())
    assert project.prepare(force=True).is_new
    prepare_features(project.prepare(), folders("mybank"))
    assert contents(project.processed()) == before
    assert "features/2024-03-31.parquet" in before


@pytest.mark.parametrize(
    "change",
    [
        {"bookings__csv": BOOKINGS + "4,B,2024-04-30 12:00:00,5\n"},
        {"definition": BANK_YAML.replace("booked AS booked_at", "booked AS booked_at, 'app' AS channel")},
    ],
)
def test_a_changed_file_or_definition_is_prepared_again(project, change):
    project.add()
    prepare_features(project.prepare(), folders("mybank"))
    project.add(**change)
    assert project.prepare().is_new
    assert not (project.processed() / "features").exists()


def test_a_table_that_was_deleted_is_made_again(project):
    project.add()
    project.prepare()
    (project.processed() / "transactions.parquet").unlink()
    assert project.prepare().is_new
    assert len(project.read("transactions")) == 3


def test_raw_files_are_only_read(project):
    raw = project.add()
    for path in raw.iterdir():
        path.chmod(0o444)
    before, stamps = contents(raw), times(raw)
    project.prepare()
    assert (contents(raw), times(raw)) == (before, stamps)


def test_files_may_lie_elsewhere(project, tmp_path):
    elsewhere = project.add().rename(tmp_path / "elsewhere it's")
    project.add(bookings__csv="", clients__csv="")
    from analysis.bank.prepare import prepare

    assert len(prepare(folders("mybank", elsewhere)).manifest["tables"]) == 2


MANY_BAD = "client_id,name,phone,birth_date,opened\n" + "".join(
    f"{number},Secret Name,1380000000{number},1980-01-01,2020-01-01\n" for number in range(8)
)
TOO_MANY = [
    ({"clients__csv": MANY_BAD + "8,Secret Name,13800000008,1980-02-30,2020-01-01\n9,Secret Name,13800000009,30.1.1980,2020-01-01\n"}, "customers",
     r"^clients\.csv: table customers: 2 of 10 rows are bad, more than max_rejected_share \(5%\) allows; most often column birth_date \(2 rows\): '1\*+0' is not a day \(YYYY-MM-DD\)\. Mend the file or the SELECT, or raise max_rejected_share; all bad rows are in .*customers\.parquet\.$"),
    ({"clients__csv": MANY_BAD + "1,Secret Name,13800000011,,\n"}, "customers",
     r"1 of 9 rows are bad, .* most often column customer_id \(1 row\), which repeats a key that stands already\. Mend"),
    ({"clients__csv": MANY_BAD + ",Secret Name,13800000011,,\n"}, "customers",
     r"most often column customer_id \(1 row\), which is missing\. Mend"),
    ({"bookings__csv": BOOKINGS + "4,SECRET,2024-01-01,1\n5,SECRET,2024-01-01,2\n6,A,2024-02-30,1\n"}, "transactions",
     r"^bookings\.csv: table transactions: 3 of 6 rows are bad, .* most often column customer_id \(2 rows\): 'S\*+T' names nothing in customers\.customer_id\. Mend"),
    ({"bookings__csv": BOOKINGS.replace("2024", "2O24")}, "transactions",
     r"3 of 3 rows are bad, .* column booked_at \(3 rows\): '2O24-01-31 09:00:00' is not a time \(YYYY-MM-DD hh:mm:ss\)\. Mend"),
]  # fmt: skip


@pytest.mark.parametrize(("files", "table", "sentence"), TOO_MANY)
def test_too_many_bad_rows_stop_the_run(project, files, table, sentence, told):
    project.add(**files)
    with pytest.raises(UserError, match=sentence) as caught:
        project.prepare()
    told(caught.value, "Secret", "SECRET", "1380000")
    assert [path.name for path in project.processed().parent.iterdir()] == ["mybank"]
    assert [path.name for path in project.processed().iterdir()] == ["rejected-last-run"]
    assert len(pd.read_parquet(project.processed() / "rejected-last-run" / f"{table}.parquet")) >= 1


def test_bad_rows_of_a_stopped_run_lie_beside_what_was_prepared_until_the_next(project):
    project.add()
    project.prepare()
    before = contents(project.processed())
    project.add(bookings__csv=BOOKINGS.replace("2024", "never"))
    with pytest.raises(UserError, match="3 of 3 rows are bad"):
        project.prepare()
    after = contents(project.processed())
    assert set(after) - set(before) == {"rejected-last-run/customers.parquet", "rejected-last-run/transactions.parquet"}
    assert {name: after[name] for name in before} == before
    project.add()
    project.prepare(force=True)
    assert not (project.processed() / "rejected-last-run").exists()


def test_rows_are_counted_not_fields(project):
    rows = MANY_BAD + "8,x,1,never,never\n" + "".join(f"{number},x,1,,\n" for number in range(9, 20))
    project.add(clients__csv=rows, bookings__csv=BOOKINGS.replace(",A,", ",1,").replace(",B,", ",2,"))
    counts = project.prepare().manifest["tables"]["customers"]
    assert (counts["delivered"], counts["rejected"], counts["fields_set_to_null"], counts["bad_rows"]) == (20, 0, 2, 1)
    assert counts["rules"] == [
        {"column": "birth_date", "rule": "type", "count": 1},
        {"column": "opened_date", "rule": "type", "count": 1},
    ]


BAD_INPUT = [
    ({"definition": BANK_YAML.replace("clients.csv", "client.csv")}, {}, r"there is no file 'client\.csv'; did you mean 'clients\.csv'\? Deliver it"),
    ({"definition": BANK_YAML.replace("SELECT client_id", "SELECT clientid")}, {}, r"bank\.yaml, line 7: table customers: there is no column 'clientid' in clients\.csv; did you mean 'client_id'\?"),
    ({"clients__csv": "client_id,name,phone,birth_date,opened\n"}, {}, r"^clients\.csv: table customers has no rows \(0\); deliver the file anew"),
    ({"clients__csv": CLIENTS.replace("Anna Alpha", "张三丰").encode("gb18030")}, {}, "it is not utf-8 text; it reads as gb18030"),
    ({}, {"as_of": "2024-01-30"}, r"^as_of 2024-01-30 lies before all data \(2024-01-31 to 2024-03-31\); choose a day between them, such as 2024-03-31\.$"),
    ({}, {"as_of": "2024-04-01"}, r"^as_of 2024-04-01 lies after all data \(2024-01-31 to 2024-03-31\)"),
    ({}, {"as_of": "31.3.2024"}, r"^'31\.3\.2024' is not a day; write it as YYYY-MM-DD, such as 2025-06-30\.$"),
    ({"definition": BANK_YAML.split("  transactions:")[0]}, {}, r"^My Bank: the data have no dates, and bank\.yaml states no as_of; add one there, such as as_of: 2025-06-30\.$"),
]  # fmt: skip


@pytest.mark.parametrize(("files", "options", "sentence"), BAD_INPUT)
def test_bad_input_is_told_in_one_sentence(project, files, options, sentence, told):
    project.add(**files)
    with pytest.raises(UserError, match=sentence) as caught:
        project.prepare(**options)
    told(caught.value, "Anna", "13800000001")


@pytest.mark.parametrize(("files", "options", "sentence"), BAD_INPUT[:4])
def test_a_failure_leaves_what_was_prepared_as_it_was(project, files, options, sentence):
    project.add()
    prepare_features(project.prepare(), folders("mybank"))
    before = times(project.processed())
    project.add(**files)
    with pytest.raises(UserError, match=sentence):
        project.prepare(**options)
    assert times(project.processed()) == before
    assert [path.name for path in project.processed().parent.iterdir()] == ["mybank"]


def test_an_interruption_leaves_what_was_prepared_as_it_was(project, monkeypatch):
    project.add()
    project.prepare()
    before = times(project.processed())

    def interrupted(*_):
        raise KeyboardInterrupt

    monkeypatch.setattr("analysis.bank.build._span", interrupted)
    with pytest.raises(KeyboardInterrupt):
        project.prepare(force=True)
    assert times(project.processed()) == before
    assert [path.name for path in project.processed().parent.iterdir()] == ["mybank"]


def test_the_definition_is_read_anew(project):
    raw = project.add(definition=BANK_YAML + "as_of: 2024-02-29\n")
    assert project.prepare().as_of == read_config(raw / "bank.yaml").as_of == dt.date(2024, 2, 29)
