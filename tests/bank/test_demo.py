import errno
import hashlib
import re

import duckdb
import numpy as np
import pandas as pd
import pytest
import yaml

from analysis.bank.config import read_config
from analysis.bank.contracts import TABLES
from analysis.bank.demo import calendar, extracts, make_demo_bank, texts
from analysis.bank.demo.folder import MARKER
from analysis.bank.sources import load_files, select_table
from analysis.errors import UserError

CUSTOMERS = 2000
DELIVERED = [
    "customers",
    "branches",
    "holdings",
    "balances",
    "transactions",
    "contacts",
    "complaints",
    "surveys",
    "answers",
    "contributions",
]


def hashes(folder):
    files = [path for path in folder.rglob("*") if path.is_file()]
    return {str(path.relative_to(folder)): hashlib.sha256(path.read_bytes()).hexdigest() for path in files}


@pytest.fixture(scope="module")
def smallest(tmp_path_factory):
    folder = tmp_path_factory.mktemp("small") / "demo"
    make_demo_bank(folder, customers=300, seed=7)
    return folder


@pytest.fixture(scope="module")
def bank(tmp_path_factory):
    """The raw_ relations of a bank of 2,000, and its truth."""
    folder = tmp_path_factory.mktemp("bank") / "demo"
    make_demo_bank(folder, customers=CUSTOMERS, seed=7)
    config = read_config(folder / "bank.yaml")
    connection = duckdb.connect()
    load_files(connection, config, folder)
    for name in config.tables:
        select_table(connection, config, folder / "bank.yaml", TABLES[name])
    connection.register("truth", pd.read_parquet(folder / "truth" / "customers.parquet"))
    return connection


def ask(connection, sql):
    return connection.execute(sql).fetchall()[0]


def test_same_seed_gives_the_same_bytes_of_every_file(smallest, tmp_path):
    make_demo_bank(tmp_path / "elsewhere", customers=300, seed=7)
    assert hashes(tmp_path / "elsewhere") == hashes(smallest)
    make_demo_bank(tmp_path / "elsewhere", customers=300, seed=8)
    changed = {name for name, digest in hashes(tmp_path / "elsewhere").items() if digest != hashes(smallest)[name]}
    assert set(hashes(smallest)) - changed == {"bank.yaml", MARKER, "core/branches.csv", "truth/truth.json"}


def test_departments_deliver_these_files(smallest):
    names = {re.sub(r"\d{4}(-\d\d)?", "#", name) for name in hashes(smallest)}
    assert names == {
        MARKER, "bank.yaml", "core/客户信息.csv", "core/branches.csv", "core/accounts.csv", "core/balances-#.csv",
        "wealth/理财.csv", "ebank/transactions-#.parquet", "callcenter/contacts.csv", "complaints/complaints.jsonl",
        "survey/满意度调查.xlsx", "finance/contributions.parquet", "truth/customers.parquet", "truth/truth.json",
    }  # fmt: skip
    assert len(list((smallest / "ebank").iterdir())) == 48
    assert "truth" not in (smallest / "bank.yaml").read_text(encoding="utf-8")
    assert (smallest / "core" / "branches.csv").read_bytes().startswith(b"\xef\xbb\xbf")


def test_bank_definition_delivers_the_contract_s_columns(bank):
    for name in DELIVERED:
        columns = {row[0] for row in bank.execute(f"DESCRIBE raw_{name}").fetchall()}
        required = {column.name for column in TABLES[name].columns if column.required}
        assert required <= columns - {"_row"} <= set(TABLES[name].column_names), name


@pytest.mark.parametrize("name", DELIVERED)
def test_codes_become_the_contract_s_values(bank, name):
    present = {row[0] for row in bank.execute(f"DESCRIBE raw_{name}").fetchall()}
    for column in TABLES[name].columns:
        if column.allowed and column.name in present:
            found = {value for (value,) in bank.execute(f"SELECT DISTINCT {column.name} FROM raw_{name}").fetchall()}
            assert found - {None} <= set(column.allowed), column.name
            assert found - {None}, f"{column.name} is always null"


def test_voluntary_churn_is_near_six_percent_a_half_year(bank):
    rates = []
    for start, end in zip(
        ("2023-06-30", "2023-12-31", "2024-06-30", "2024-12-31"),
        ("2023-12-31", "2024-06-30", "2024-12-31", "2025-06-30"),
        strict=True,
    ):
        rates.append(
            ask(
                bank,
                f"""SELECT avg(coalesce(churn_month <= '{end}' AND churn_kind <> 'involuntary', false)::INT), count(*)
                FROM truth JOIN (SELECT DISTINCT customer_id, opened_date::DATE AS opened_date FROM raw_customers)
                USING (customer_id)
                WHERE opened_date <= '{start}' AND (churn_month IS NULL OR churn_month > '{start}')""",
            )
        )
    pooled = np.average([rate for rate, _ in rates], weights=[base for _, base in rates])
    assert 0.045 < pooled < 0.085


def test_churn_comes_in_every_kind_and_leaves_its_trace(bank):
    kinds = dict(bank.execute("SELECT churn_kind, count(*) FROM truth GROUP BY 1").fetchall())
    assert set(kinds) == {None, "closed", "dormant", "run_off", "involuntary"}
    assert kinds["closed"] > kinds["dormant"] > kinds["involuntary"] > 0
    closed = ask(
        bank,
        """SELECT count(*) FILTER (closed_date IS NULL), count(*) FILTER (exit_reason IN ('relocation', 'death',
        'loan_repaid', 'cleared')) FROM truth JOIN raw_customers USING (customer_id) WHERE churn_kind = 'closed'""",
    )
    assert closed == (0, 0)
    own_bookings_after = ask(
        bank,
        """SELECT count(*) FROM truth JOIN raw_transactions USING (customer_id)
        WHERE churn_kind = 'dormant' AND booked_at > churn_month AND initiated_by = 'customer'""",
    )
    assert own_bookings_after == (0,)
    shrunk = ask(
        bank,
        """SELECT median(after.total / before.total) FROM truth
        JOIN (SELECT customer_id, month::DATE AS month, deposits::DOUBLE + wealth::DOUBLE AS total
              FROM raw_balances WHERE basis = 'average') AS before
          ON before.customer_id = truth.customer_id AND before.month = last_day(churn_month - INTERVAL 7 MONTH)
        JOIN (SELECT customer_id, month::DATE AS month, deposits::DOUBLE + wealth::DOUBLE AS total
              FROM raw_balances WHERE basis = 'average') AS after
          ON after.customer_id = truth.customer_id AND after.month = last_day(churn_month + INTERVAL 1 MONTH)
        WHERE churn_kind = 'run_off'""",
    )
    assert shrunk[0] < 0.2


def test_nothing_is_booked_before_opening_or_after_closing(bank):
    outside = ask(
        bank,
        """SELECT count(*) FROM raw_transactions JOIN (SELECT DISTINCT customer_id, opened_date, closed_date
        FROM raw_customers) USING (customer_id) WHERE booked_at::DATE NOT BETWEEN opened_date::DATE
        AND coalesce(closed_date::DATE, DATE '2026-06-30')""",
    )
    assert outside == (0,)


def test_a_quarter_of_customers_answers_a_survey_a_year(bank):
    answered = ask(
        bank,
        """SELECT count(*) / (SELECT count(*) / 12 FROM raw_balances WHERE basis = 'average' AND month::DATE
        BETWEEN '2024-07-01' AND '2025-06-30') FROM raw_surveys WHERE answered_date BETWEEN '2024-07-01' AND '2025-06-30'""",
    )
    assert 0.18 < answered[0] < 0.33


def test_waiting_weighs_more_than_the_branch_environment(bank):
    weights = ask(
        bank,
        """SELECT corr(overall::DOUBLE, value::DOUBLE) FILTER (item = 'waiting'),
        corr(overall::DOUBLE, value::DOUBLE) FILTER (item = 'branch_environment')
        FROM raw_surveys JOIN raw_answers USING (response_id) WHERE overall::DOUBLE <= 10""",
    )
    assert weights[0] > weights[1] > 0.2


@pytest.mark.parametrize(
    ("sql", "low", "high"),
    [
        ("SELECT 1 - count(DISTINCT customer_id) / count(*) FROM raw_customers", 0.001, 0.012),
        ("SELECT avg((try_cast(birth_date AS DATE) IS NULL)::INT) FROM raw_customers WHERE birth_date <> ''", 0.001, 0.015),
        ("SELECT avg((phone IS NULL)::INT) FROM raw_customers", 0.02, 0.049),
        ("SELECT avg((phone SIMILAR TO '154[0-9]{8}')::INT) FROM raw_customers WHERE phone IS NOT NULL", 1, 1),
        ("SELECT avg((customer_id LIKE '99%')::INT) FROM raw_transactions", 0.002, 0.004),
        ("SELECT avg((wait_minutes::DOUBLE < 0)::INT) FROM raw_contacts", 0.001, 0.006),
        ("SELECT avg((overall::DOUBLE > 10)::INT) FROM raw_surveys", 0.0005, 0.012),
        ("SELECT 1 - count(DISTINCT (customer_id, month, basis)) / count(*) FROM raw_balances", 0.001, 0.006),
    ],
)
def test_dirt_is_there_and_stays_below_five_percent(bank, sql, low, high):
    assert low <= ask(bank, sql)[0] <= high


def test_hostile_words_stand_in_names_complaints_and_a_branch(bank):
    for hostile in texts.HOSTILE:
        assert bank.execute("SELECT count(*) FROM raw_customers WHERE name = ?", [hostile]).fetchall()[0][0] >= 1
        found = bank.execute("SELECT count(*) FROM raw_complaints WHERE starts_with(text, ?)", [hostile])
        assert found.fetchall()[0][0] >= 1
    assert ask(bank, "SELECT count(*) FROM raw_branches WHERE name LIKE '%<script>%'") == (1,)


def test_wealth_in_ten_thousands_becomes_yuan(smallest):
    raw = pd.read_csv(smallest / "wealth" / "理财.csv", encoding="gb18030", dtype={"客户号": str})
    first = raw.iloc[0]
    connection, config = duckdb.connect(), read_config(smallest / "bank.yaml")
    load_files(connection, config, smallest)
    select_table(connection, config, smallest / "bank.yaml", TABLES["balances"])
    wealth = connection.execute(
        "SELECT wealth FROM raw_balances WHERE customer_id = ? AND strftime(month, '%Y-%m') = ? AND basis = 'average'",
        [first["客户号"], first["月份"]],
    ).fetchall()
    assert wealth[0][0] == pytest.approx(first["日均余额(万元)"] * 10_000)


def test_identity_numbers_bear_the_check_digits_of_their_standards():
    """GB 11643's own example of a number, and the code of GB 32100 checked by its rule: weighted sum + check ≡ 0 (mod 31)."""
    published = "11010519491231002X"
    weighted = sum(int(digit) * 2 ** (17 - place) for place, digit in enumerate(published[:-1]))
    assert "10X98765432"[weighted % 11] == published[-1]
    rng = np.random.default_rng(1)
    kind, sex = np.array(["personal", "personal", "corporate"]), np.array(["male", "female", ""])
    born = np.array(["1980-02-29", "1999-12-31", "NaT"], dtype="datetime64[D]")
    man, woman, company = texts.draw_id_numbers(rng, kind, sex, born)
    for number, day in ((man, "19800229"), (woman, "19991231")):
        values = [10 if digit == "X" else int(digit) for digit in number]
        assert sum(value * 2 ** (17 - place) for place, value in enumerate(values)) % 11 == 1
        assert (number[:2], number[6:14]) == ("99", day)
    assert (int(man[16]) % 2, int(woman[16]) % 2) == (1, 0)
    values = [texts.USCC_ALPHABET.index(letter) for letter in company]
    assert (sum(value * pow(3, place, 31) for place, value in enumerate(values[:17])) + values[17]) % 31 == 0


def test_days_are_drawn_within_the_month_and_the_relation():
    opened = np.array(["2020-01-01", "2022-07-30", "2020-01-01"], dtype="datetime64[D]")
    closed = np.array(["NaT", "NaT", "2022-07-01"], dtype="datetime64[D]")
    days = np.stack([calendar.draw_days(np.random.default_rng(seed), 0, opened, closed) for seed in range(200)])
    assert days.min(axis=0).astype(str).tolist() == ["2022-07-01", "2022-07-30", "2022-07-01"]
    assert days.max(axis=0).astype(str).tolist() == ["2022-07-31", "2022-07-31", "2022-07-01"]


def test_as_of_is_the_36th_month_s_end(smallest):
    stated = yaml.safe_load((smallest / "bank.yaml").read_text(encoding="utf-8"))["as_of"]
    assert str(stated) == str(calendar.last_day(calendar.AS_OF_MONTH)) == "2025-06-30"


def test_too_small_a_bank_is_refused(tmp_path):
    with pytest.raises(UserError, match="needs at least 300 customers, not 299"):
        make_demo_bank(tmp_path / "demo", customers=299)
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("held", ["letter.txt", "bank.yaml"])
def test_a_folder_that_holds_something_else_is_left_as_it_is(tmp_path, held):
    (tmp_path / held).write_text("mine")
    with pytest.raises(UserError, match="holds something other than a demo bank"):
        make_demo_bank(tmp_path, customers=300)
    assert (tmp_path / held).read_text() == "mine"
    assert list(tmp_path.iterdir()) == [tmp_path / held]


def test_a_file_in_the_folder_s_place_is_refused(tmp_path):
    (tmp_path / "demo").write_text("mine")
    with pytest.raises(UserError, match="is not a folder"):
        make_demo_bank(tmp_path / "demo", customers=300)


def test_a_demo_bank_is_replaced_whole(smallest, tmp_path):
    (tmp_path / "demo").mkdir()
    (tmp_path / "demo" / MARKER).touch()
    (tmp_path / "demo" / "core").mkdir()
    (tmp_path / "demo" / "core" / "old.csv").touch()
    make_demo_bank(tmp_path / "demo", customers=300, seed=7)
    assert hashes(tmp_path / "demo") == hashes(smallest)
    assert list(tmp_path.iterdir()) == [tmp_path / "demo"]


@pytest.mark.parametrize("number", [errno.ENOSPC, errno.EFBIG])
def test_a_full_disk_leaves_the_old_bank(monkeypatch, tmp_path, number):
    (tmp_path / "demo").mkdir()
    (tmp_path / "demo" / MARKER).write_text("old")

    def fail(*_):
        raise OSError(number, "full")

    monkeypatch.setattr(extracts, "write_accounts", fail)
    with pytest.raises(UserError, match="No space is left to write the demo bank"):
        make_demo_bank(tmp_path / "demo", customers=300)
    assert hashes(tmp_path / "demo") == {MARKER: hashlib.sha256(b"old").hexdigest()}
    assert list(tmp_path.iterdir()) == [tmp_path / "demo"]
