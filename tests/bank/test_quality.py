"""The quality rules find every planted defect of the demo bank and nothing in a clean one; the counters are those of the rows."""

import datetime as dt
import shutil
from collections import defaultdict

import duckdb
import numpy as np
import pandas as pd
import pytest
import sqlglot
from tests.conftest import project_root

from analysis.bank import build, quality, standards
from analysis.bank.config import read_config
from analysis.bank.contracts import TABLES
from analysis.bank.demo import dirt, make_demo_bank, parties, texts
from analysis.bank.identity import identify
from analysis.bank.prepare import prepare
from analysis.bank.rules import DIMENSIONS, RULES
from analysis.errors import UserError
from analysis.project import folders

BLOCK = 7
# Planted defect of a department's list → the rules that find it, the first of them in every soiled row.
PARTIES = {
    "name_misspelt": {"parties.name.disagrees"},
    "name_spaced": {"parties.name.spaced"},
    "company_shortened": {"parties.name.disagrees"},
    "name_address_swapped": {"parties.name.looks_like_address"},
    "hostile_name": {"parties.name.hostile"},
    "sex_wrong": {"parties.sex.disagrees", "parties.sex.not_in_id"},
    "id_last_digit_wrong": {"parties.id_number.check_digit"},
    "id_spaced": {"parties.id_number.spaced"},
    "id_full_width": {"parties.id_number.full_width"},
    "id_missing": {"parties.id_number.empty"},
    "phone_id_swapped": {"parties.phone.id_in_phone", "parties.id_number.phone_in_id"},
    "phone_old": {"parties.phone.disagrees"},
    "phone_of_another": {"parties.phone.disagrees"},
    "phone_spaced": {"parties.phone.spaced"},
    "phone_full_width": {"parties.phone.full_width"},
    "phone_missing": {"parties.phone.empty"},
    "address_old": {"parties.address.disagrees"},
    "address_missing": {"parties.address.empty"},
    "birth_day_month_swapped": {"parties.birth_date.disagrees", "parties.birth_date.not_in_id"},
    "core_number_missing": {"parties.core_number.empty"},
    "duplicate": {"parties.source_id.repeated"},
}
# Found where acceptance refuses them, or in core banking's list.
FACTS = {
    "birth_impossible": "customers.birth_date.type",
    "IMPOSSIBLE_DATE_SHARE": "customers.birth_date.type",
    "DUPLICATE_CUSTOMER_SHARE": "customers.customer_id.duplicate",
    "MISSING_PHONE_SHARE": "customers.phone.empty",
    "FULL_WIDTH_SHARE": "customers.phone.full_width",
    "UNKNOWN_CUSTOMER_SHARE": "contacts.customer_id.reference",
    "DUPLICATE_SHARE": "contacts.contact_id.duplicate",
    "NEGATIVE_WAIT_SHARE": "contacts.wait_minutes.range",
    "WRONG_MARK_SHARE": "surveys.overall.range",
}
FIRST = 1_000_000
AS_FAR_AS_POSSIBLE = ("name_misspelt", "birth_day_month_swapped", "phone_of_another")  # the change may leave a value as it was
NOT_IN_EVERY_ROW = ("parties.sex.not_in_id",)
BESIDES = {"name_address_swapped": {"parties.address.disagrees"}}
SOME = {"company_shortened": "corporate", "sex_wrong": "personal", "birth_day_month_swapped": "personal"}


def measured(folder, tables=tuple(TABLES), manifest=None) -> tuple[pd.DataFrame, pd.DataFrame]:
    with duckdb.connect() as con:
        quality.measure(con, folder, manifest or {}, tables)
        return con.sql("SELECT * FROM quality").df(), con.sql("SELECT * FROM quality_customers").df()


def failed(counters: pd.DataFrame) -> dict[str, int]:
    """Rule → failed rows; a table's own counter by its table."""
    rows = counters.groupby("rule")["failed"].sum()
    return rows[rows > 0].to_dict()


def register(customers: int) -> pd.DataFrame:
    rng = np.random.default_rng(5)
    kind = np.where(np.arange(customers) % 2, "personal", "corporate").astype(object)
    is_person = kind == "personal"
    sex = np.where(is_person, np.where(np.arange(customers) % 4 == 1, "male", "female"), "")
    born = np.where(is_person, np.datetime64("1960-02-03") + 401 * np.arange(customers) % 12000, np.datetime64("NaT")).astype(
        "datetime64[D]"
    )
    return pd.DataFrame(
        {
            "customer": np.arange(customers),
            "customer_id": [str(1_000_000 + number) for number in range(customers)],
            "kind": kind,
            "name": texts.draw_names(rng, kind, np.full(customers, "制造")),
            "sex": sex,
            "birth_date": born.astype("datetime64[s]"),
            "id_number": texts.draw_id_numbers(rng, kind, sex, born),
            "phone": texts.draw_phones(rng, customers),
            "address": texts.draw_addresses(rng, pd.Series(["青岚市"] * customers)),
            "branch_id": "B001",
            "opened": np.full(customers, np.datetime64("2023-01-02", "s")),
        }
    )


def soiled_lists(monkeypatch, everyone: pd.DataFrame) -> pd.DataFrame:
    """Every department's list of all customers. In block k only the k-th error is made, in one of the lists that have it, in all
    rows; in the last block none."""
    lists = []
    for place, error in enumerate([*PARTIES, None]):
        block = everyone[everyone["customer"] // BLOCK == place]
        at_fault = next((name for name, errors in parties.ERRORS.items() if error in errors), None)
        for department in parties.ERRORS:
            errors = dict.fromkeys(parties.ERRORS[department], 0)
            if department == at_fault:
                errors[error] = BLOCK if error == "hostile_name" else 1.0
            monkeypatch.setitem(parties.ERRORS, department, errors)
            rng = np.random.default_rng([3, place])
            rows = parties.make_department(rng, department, block.reset_index(drop=True), np.ones(len(block), bool))
            lists.append(
                rows.assign(
                    source=department, number=f"{place}-" + rows["number"], customer=(FIRST + rows["customer"]).astype(str)
                )
            )
            monkeypatch.undo()
    return pd.concat(lists)


def store(folder, name: str, frame: pd.DataFrame) -> None:
    """A canonical table from a frame; columns that it has not are null."""
    kinds = {"text": "VARCHAR", "int": "BIGINT", "number": "DOUBLE", "bool": "BOOLEAN", "date": "DATE", "timestamp": "TIMESTAMP"}
    columns = [(column.name, kinds[column.type]) for column in TABLES[name].columns]
    select = ", ".join(f"CAST({f'nullif({column}, {chr(39) * 2})' if kind == 'VARCHAR' else column} AS {kind}) AS {column}" if column in frame
                       else f"CAST(NULL AS {kind}) AS {column}" for column, kind in columns)  # fmt: skip
    with duckdb.connect() as con:
        con.register("frame", frame)
        con.execute(f"COPY (SELECT {select} FROM frame) TO '{folder}/{name}.parquet'")
        if name == "parties":
            standards.register(con)
            con.execute(f"CREATE VIEW parties AS SELECT * FROM '{folder}/parties.parquet'")
            con.execute(f"COPY ({standards.of_parties('parties')}) TO '{folder}/standards.parquet'")


@pytest.fixture(scope="module")
def departments(tmp_path_factory):
    """A folder with parties, standards, identity and customers, soiled by blocks; and the kind of each customer."""
    folder = tmp_path_factory.mktemp("departments")
    everyone = register(BLOCK * (len(PARTIES) + 1))
    with pytest.MonkeyPatch.context() as changed:
        lists = soiled_lists(changed, everyone)
    ids = everyone["customer_id"]
    core = everyone.assign(
        source="core",
        number=ids,
        core_number=ids,
        customer=ids,
        birth_date=everyone["birth_date"].dt.strftime("%Y-%m-%d").fillna(""),
    )
    rows = pd.concat([core, lists], ignore_index=True).rename(columns={"number": "source_id", "opened": "opened_date"})
    written = rows["birth_date"].str.replace("[年月/]", "-", regex=True).str.removesuffix("日").replace("", None)
    rows["birth_date"] = pd.to_datetime(written, format="mixed")
    store(folder, "parties", rows.drop(columns=["kind", "branch_id"]))
    store(folder, "customers", everyone.rename(columns={"opened": "opened_date"}))
    rows[["source", "source_id"]].assign(customer_id=rows["customer"], probability=1.0).to_parquet(folder / "identity.parquet")
    return folder, everyone.set_index("customer_id")["kind"]


@pytest.fixture(scope="module")
def touched(departments):
    """Rule → the customers whose records fail it, by block."""
    found = defaultdict(set)
    for row in measured(departments[0], ["parties"])[1].itertuples():
        found[block_of(row.customer_id), row.rule].add(row.customer_id)
    return found


def block_of(customer_id: str) -> int:
    return (int(customer_id) - FIRST) // BLOCK


@pytest.mark.parametrize("error", PARTIES)
def test_every_error_planted_in_departments_lists_is_found(error, departments, touched):
    place, kinds = list(PARTIES).index(error), departments[1]
    bearers = {
        customer
        for customer in kinds.index
        if block_of(customer) == place and kinds[customer] == SOME.get(error, kinds[customer])
    }
    for rule in PARTIES[error]:
        found = touched[place, rule]
        assert found <= bearers
        assert len(found) >= (1 if error in AS_FAR_AS_POSSIBLE or rule in NOT_IN_EVERY_ROW else len(bearers)), rule
    others = {rule for block, rule in touched if block == place} - PARTIES[error]
    assert others <= BESIDES.get(error, set())


def test_rows_without_an_error_are_left_alone(touched):
    assert not [rule for block, rule in touched if block == len(PARTIES)]


def test_most_departments_or_the_core_are_agreed_with(tmp_path):
    held = {
        "A": ("core male", "cards female"),
        "B": ("cards male", "ebank female"),
        "C": ("core male", "cards female", "ebank female"),
    }
    rows = [(source, f"{customer}-{source}" if source != "core" else customer, customer, sex)
            for customer, held_by in held.items() for source, sex in map(str.split, held_by)]  # fmt: skip
    frame = pd.DataFrame(rows, columns=["source", "source_id", "customer_id", "sex"]).assign(opened_date="2024-01-01")
    store(tmp_path, "parties", frame)
    frame[["source", "source_id", "customer_id"]].assign(probability=1.0).to_parquet(tmp_path / "identity.parquet")
    with duckdb.connect() as con:
        rows = con.sql(quality.failing(con, tmp_path, "parties.sex.disagrees")).fetchall()
    assert sorted(row[0] for row in rows) == ["cards|A-cards", "core|C"]


def test_every_planted_error_is_in_the_list():
    planted = {error for errors in parties.ERRORS.values() for error in errors}
    shares = {name for name in vars(dirt) if name.endswith("_SHARE")}
    assert planted | shares == {*PARTIES, *FACTS}


def test_a_second_core_number_is_found(departments, tmp_path):
    shutil.copytree(departments[0], tmp_path, dirs_exist_ok=True)
    rows, identity = (pd.read_parquet(tmp_path / f"{name}.parquet") for name in ("parties", "identity"))
    seconds = parties.second_numbers(np.random.default_rng(1), register(20), share=1.0)["customer_id"].to_numpy()
    seconds = [f"9{number}" for number in seconds]
    core = rows[rows["source"] == "core"].head(20)
    store(tmp_path, "parties", pd.concat([rows, core.assign(source_id=seconds)]))
    more = identity[identity["source_id"].isin(core["source_id"])].assign(source_id=seconds)
    pd.concat([identity, more]).to_parquet(tmp_path / "identity.parquet")
    assert failed(measured(tmp_path, ["parties"])[0])["parties.core_number.second"] == 20


BANK = """\
name: Soiled
max_rejected_share: 1
files: {clients: {path: clients.csv}, tickets: {path: tickets.csv}, answers: {path: answers.csv}, log: {path: log.csv}}
tables:
  customers: |
    SELECT 客户号 AS customer_id, 姓名 AS name, nullif(手机号码, '') AS phone, replace(出生日期, '/', '-') AS birth_date, opened AS opened_date FROM clients
  contacts: |
    SELECT ticket_no AS contact_id, customer_no AS customer_id, started AS started_at, wait_minutes, 'phone' AS channel FROM tickets
  surveys: SELECT response AS response_id, answered AS answered_date, 总体满意度 AS overall FROM answers
  complaints: SELECT complaint AS complaint_id, customer AS customer_id, received AS received_at, text FROM log
"""
ROWS = 400


@pytest.fixture(scope="module")
def soiled_bank(tmp_path_factory):
    """A small bank whose files are soiled by the demo bank's own functions; and how often each defect was made."""
    rng, number, root = np.random.default_rng(2), np.arange(ROWS), tmp_path_factory.mktemp("soiled")
    clients = pd.DataFrame({"客户号": [f"c{one}" for one in number], "姓名": "王伟", "手机号码": texts.draw_phones(rng, ROWS),
                            "出生日期": "1980/02/29", "opened": "2020-01-15"})  # fmt: skip
    tickets = pd.DataFrame({"ticket_no": [f"t{one}" for one in number], "started": "2024-01-31 09:00:00", "wait_minutes": 5.0,
                            "customer_no": [f"c{one}" for one in number]})  # fmt: skip
    answers = pd.DataFrame({"response": [f"r{one}" for one in number], "answered": "2024-02-05", "总体满意度": 8})
    log = pd.DataFrame(
        {"complaint": [f"g{one}" for one in number], "customer": "c1", "received": "2024-02-06 10:00:00", "text": "等候太久"}
    )
    with pytest.MonkeyPatch.context() as changed, project_root(root):
        for name in (one for one in FACTS if one.isupper()):
            changed.setattr(dirt, name, 0.05)
        tickets["customer_no"] = dirt.lose_customers(rng, tickets["customer_no"].to_numpy(dtype=object))
        files = {"clients": dirt.soil_customers(rng, clients), "tickets": dirt.soil_contacts(rng, tickets),
                 "answers": dirt.soil_responses(rng, answers), "log": dirt.soil_complaints(rng, log)}  # fmt: skip
        raw = root / "data" / "raw" / "soiled"
        raw.mkdir(parents=True)
        (raw / "bank.yaml").write_text(BANK, encoding="utf-8")
        for name, frame in files.items():
            frame.to_csv(raw / f"{name}.csv", index=False)
        prepare(folders("soiled"))
        processed = folders("soiled").processed
    phone, born = files["clients"].drop_duplicates()["手机号码"], files["clients"].drop_duplicates()["出生日期"]
    ticket = files["tickets"]
    is_again, is_lost = ticket.duplicated("ticket_no"), ticket["customer_no"].str.startswith("99")
    made = {
        "IMPOSSIBLE_DATE_SHARE": (born != "1980/02/29").sum(),
        "DUPLICATE_CUSTOMER_SHARE": len(files["clients"]) - ROWS,
        "MISSING_PHONE_SHARE": (phone == "").sum(),
        "FULL_WIDTH_SHARE": phone.str.contains("[０-９]").sum(),
        "UNKNOWN_CUSTOMER_SHARE": is_lost.sum(),
        "DUPLICATE_SHARE": (is_again & ~is_lost).sum(),
        "NEGATIVE_WAIT_SHARE": ((ticket["wait_minutes"] < 0) & ~is_again & ~is_lost).sum(),
        "WRONG_MARK_SHARE": (files["answers"]["总体满意度"] > 10).sum(),
    }
    return processed, {name: int(count) for name, count in made.items()}


def test_every_error_planted_in_facts_and_cores_list_is_found_as_often_as_it_was_made(soiled_bank):
    processed, made = soiled_bank
    found = failed(measured(processed)[0])
    assert all(made.values())
    assert {name: found[rule] for name, rule in FACTS.items() if name in made} == made
    assert found["customers.name.hostile"] == found["complaints.text.hostile"] == len(texts.HOSTILE)


@pytest.mark.slow
def test_a_clean_demo_bank_raises_none(tmp_path, monkeypatch):
    def by_core_number(places, core, where):
        relation = f"'{places.staging}/parties.parquet'"
        with duckdb.connect() as con:
            standards.register(con)
            con.execute(f"COPY ({standards.of_parties(relation)}) TO '{places.staging}/standards.parquet'")
            select = f"SELECT source, source_id, core_number AS customer_id, 1.0 AS probability FROM {relation}"
            con.execute(f"COPY ({select}) TO '{places.staging}/identity.parquet'")
        return {}

    monkeypatch.setattr(identify, "identify", by_core_number)
    with project_root(tmp_path):
        make_demo_bank(tmp_path / "data" / "raw" / "demo", customers=300, world="clean")
        places = folders("demo")
        manifest = build.build(read_config(places.definition), places, {})
    counters, touched = measured(places.processed, manifest=manifest)
    assert failed(counters) == {}
    assert touched.empty
    assert set(counters["table"]) == set(TABLES)
    asked = set(counters["rule"]) - set(TABLES)
    assert len(asked) > 200
    assert {rule.rpartition(".")[0] for rule in asked} >= {"parties.name", "transactions.booked_at", "balances.month"}


# --- rules


@pytest.mark.parametrize("rule", RULES, ids=lambda rule: rule.name)
def test_a_rule_is_written_for_every_engine(rule):
    for predicate in filter(None, (rule.fails, rule.applies, rule.day)):
        other = sqlglot.transpile(f"SELECT {predicate} AS found FROM rows", read="duckdb", write="spark")[0]
        parsed = sqlglot.parse_one(other, read="spark")
        assert {column.name for column in parsed.find_all(sqlglot.exp.Column)} <= rule.reads
        assert not list(parsed.find_all(sqlglot.exp.Anonymous)), other
    assert rule.name.split(".")[:2] == [rule.table, rule.column]
    assert rule.column in TABLES[rule.table].column_names
    assert rule.dimension in DIMENSIONS


def test_rules_have_names_of_their_own():
    assert len({rule.name for rule in RULES}) == len(RULES)
    assert {rule.table for rule in RULES} == {name for name, table in TABLES.items() if name != "answers"}


# --- counters

OPENED = [{"customer_id": one, "kind": "personal", "branch_id": branch, "opened_date": "2024-01-01", "closed_date": closed}
          for one, branch, closed in (("A", "north", None), ("B", "south", "2024-02-10"))]  # fmt: skip
BOOKINGS = (
    ("1", "A", "2024-01-05 10:00", 5.0),
    ("2", "A", "2024-01-31 10:00", 0.0),
    ("3", "B", "2024-02-11 10:00", 0.0),
    ("4", "B", "2024-03-31 10:00", 1.0),
    ("5", "B", "2031-01-01 10:00", 2.0),
)


def bookings(rows=BOOKINGS) -> list[dict]:
    return [dict(zip(("transaction_id", "customer_id", "booked_at", "amount"), row, strict=True)) for row in rows]


def test_counters_stand_by_branch_and_month(write_processed):
    counters, touched = measured(write_processed(customers=OPENED, transactions=bookings()))
    zero = counters[counters["rule"] == "transactions.amount.zero"].sort_values(["branch_id", "month"])
    found = [(row.branch_id, str(row.month)[:10], row.checked, row.failed) for row in zero.itertuples()]
    assert found == [
        ("north", "2024-01-31", 2, 1),
        ("south", "2024-02-29", 1, 1),
        ("south", "2024-03-31", 1, 0),
        ("south", "2031-01-31", 1, 0),
    ]
    own = counters[counters["rule"] == "transactions"]
    assert (own["checked"].sum(), own["failed"].sum(), own["dimension"].unique().tolist()) == (5, 4, ["rows"])
    late = touched[touched["rule"] == "transactions.booked_at.after_closing"]
    assert late[["customer_id", "failed"]].to_numpy().tolist() == [["B", 3]]
    assert str(late["month"].item())[:10] == "2024-02-29"


def test_a_score_of_a_day_knows_nothing_later(write_processed):
    counters, _ = measured(write_processed(customers=OPENED, transactions=bookings()))
    scores = {day: quality.table_scores(counters, day).set_index("table").loc["transactions"].tolist() for day in
              (dt.date(2024, 1, 31), dt.date(2024, 2, 28), dt.date(2024, 2, 29), dt.date(2030, 1, 1))}  # fmt: skip
    assert list(scores.values()) == [[2, 1, 0.5], [2, 1, 0.5], [3, 2, 1 - 2 / 3], [4, 3, 0.25]]


def test_a_defect_that_shows_later_counts_from_then_on(write_processed):
    complaint = {
        "complaint_id": "1",
        "customer_id": "A",
        "received_at": "2024-01-05",
        "resolved_at": "2024-03-05",
        "reopened_at": "2024-02-01",
    }
    contract = {"holding_id": "1", "customer_id": "B", "product": "demand", "opened_date": "2024-01-01"}
    other = {"holding_id": "2", "customer_id": "A", "product": "demand", "opened_date": "2024-01-01", "closed_date": "2024-01-02"}
    counters, touched = measured(write_processed(customers=OPENED, holdings=[contract, other], complaints=[complaint]))
    months = {row.rule: str(row.month)[:10] for row in touched.itertuples()}
    assert months["complaints.reopened_at.before_resolved_at"] == "2024-03-31"
    assert months["holdings.closed_date.left_open"] == "2024-02-29"
    early, late = (quality.table_scores(counters, dt.date(2024, month, 31)).set_index("table")["failed"] for month in (1, 3))
    assert (early["holdings"], late["holdings"]) == (0, 1)


def test_a_day_in_the_far_future_is_counted_on_every_day(write_processed):
    months = [{"customer_id": "A", "month": month, "basis": "end", "deposits": 1.0} for month in ("2024-02-29", "2024-03-31")]
    rows = bookings((*BOOKINGS[:1], *BOOKINGS[4:]))
    contacts = [{"contact_id": "1", "customer_id": "A", "started_at": "2024-03-05", "channel": "phone"}]
    counters, _ = measured(write_processed(customers=OPENED, transactions=rows, balances=months, contacts=contacts))
    future = counters[(counters["rule"] == "transactions.booked_at.in_future") & (counters["failed"] > 0)]
    assert future["month"].isna().tolist() == [True]
    assert failed(counters)["transactions.booked_at.in_future"] == 1


def test_a_table_that_has_stopped_and_a_month_left_out_are_late(write_processed):
    months = [{"customer_id": "A", "month": month, "basis": "end", "deposits": 1.0} for month in ("2023-06-30", "2023-08-31")]
    facts = {"customers": OPENED, "transactions": bookings(BOOKINGS[:4]), "balances": months}
    contacts = [{"contact_id": "1", "customer_id": "A", "started_at": "2024-03-05", "channel": "phone"}]
    found = failed(measured(write_processed(**facts, contacts=contacts))[0])
    assert (found["balances.month.stale"], found["balances.month.gap"]) == (1, 1)
    assert "transactions.booked_at.stale" not in found


def test_amounts_in_the_wrong_unit_are_seen(write_processed):
    amounts = (50_000.0, 5.0, 52_000.0)
    rows = [
        {"customer_id": "A", "month": f"2024-0{month}-28", "basis": "end", "deposits": amount}
        for month, amount in enumerate(amounts, 1)
    ]
    assert failed(measured(write_processed(customers=OPENED, balances=rows))[0])["balances.deposits.wrong_unit"] == 2


def test_a_column_that_is_not_delivered_is_no_defect_but_an_empty_one_is(write_processed):
    folder = write_processed(customers=OPENED, transactions=bookings())
    assert "transactions.category.empty" not in set(measured(folder)[0]["rule"])
    brought = {"tables": {"transactions": {"columns": ["transaction_id", "customer_id", "booked_at", "amount", "category"]}}}
    assert failed(measured(folder, manifest=brought)[0])["transactions.category.empty"] == 5
    with duckdb.connect() as con:
        assert ("transactions", "category") in quality.not_delivered(con, folder)


def test_empty_tables_and_banks_without_customers_are_measured(write_processed):
    counters, touched = measured(write_processed(transactions=[], customers=[], surveys=[], parties=[]))
    assert counters.empty
    assert touched.empty


def test_failing_rows_are_listed_and_an_unknown_rule_is_told(write_processed, told):
    folder = write_processed(customers=OPENED, transactions=bookings())
    with duckdb.connect() as con:
        rows = con.sql(f"{quality.failing(con, folder, 'transactions.amount.zero')} ORDER BY row_key").fetchall()
        assert [(key, customer, branch, value) for key, customer, _, branch, _, value in rows] == [
            ("2", "A", "north", "0.0"),
            ("3", "B", "south", "0.0"),
        ]
        with pytest.raises(UserError, match=r"did you mean 'transactions\.amount\.zero'") as refused:
            quality.failing(con, folder, "transactions.amount.zeros")
        told(refused.value)


def test_refused_rows_and_fields_are_listed_with_their_originals(soiled_bank):
    processed, made = soiled_bank
    with duckdb.connect() as con:
        waits = con.sql(quality.failing(con, processed, "contacts.wait_minutes.range")).fetchall()
        lost = con.sql(quality.failing(con, processed, "contacts.customer_id.reference")).fetchall()
    assert len(waits) == made["NEGATIVE_WAIT_SHARE"]
    assert len(lost) == made["UNKNOWN_CUSTOMER_SHARE"]
    assert all(row[-1].startswith("99") and str(row[4]) == "2024-01-31" for row in lost)


def test_a_refused_field_is_not_empty_besides(soiled_bank):
    found = failed(measured(soiled_bank[0])[0])
    asked = set(measured(soiled_bank[0])[0]["rule"])
    assert {"customers.birth_date.empty", "contacts.wait_minutes.empty"} <= asked
    assert "customers.birth_date.empty" not in found
    assert "contacts.wait_minutes.empty" not in found


def test_what_is_written_is_what_is_measured(write_processed):
    folder = write_processed(customers=OPENED, transactions=bookings())
    quality.write(folder, {})
    with duckdb.connect() as con:
        quality.measure(con, folder, {})
        for name in ("quality", "quality_customers"):
            differ = f"(FROM {name} EXCEPT ALL FROM '{folder}/{name}.parquet') UNION ALL (FROM '{folder}/{name}.parquet' EXCEPT ALL FROM {name})"
            assert con.sql(differ).fetchall() == []
            assert con.sql(f"SELECT count(*) FROM {name}").fetchall()[0][0] > 0
    assert not (folder / "spill").exists()
