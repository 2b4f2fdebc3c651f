import datetime as dt

import pytest
from tests.conftest import BANK_YAML, BOOKINGS

from analysis.bank.book import choose_as_of, open_bank, parse_day
from analysis.bank.config import BankConfig
from analysis.errors import NotProduced, UserError

DAY = dt.date
CONFIG = BankConfig(name="My Bank", files={"a": {"path": "a.csv"}}, tables={"customers": "SELECT 1"})


def test_a_book_shows_what_was_known(project):
    project.add(definition=BANK_YAML.replace("opened AS opened_date", "opened AS opened_date, '2024-03-01' AS closed_date"))
    project.prepare()
    book = open_bank("mybank", "2024-02-29")
    assert book.tables == ["customers", "transactions"]
    assert (book.as_of, book.first_date) == (DAY(2024, 2, 29), DAY(2024, 1, 31))
    assert book.table("transactions").transaction_id.tolist() == ["1", "2"]
    assert book.table("customers").closed_date.isna().all()
    assert book.features()[["customer_id", "transactions_30d"]].to_numpy().tolist() == [["A", 1], ["B", 1]]
    assert book.features(DAY(2024, 1, 31)).transactions_30d.tolist() == [1, 0]
    assert list(book.feature_history()) == book.landmarks == [DAY(2024, 2, 29)]
    assert book.sources["tables"]["transactions"]["delivered"] == 3
    assert open_bank("mybank").as_of == DAY(2024, 3, 31)


def test_features_are_kept(project):
    project.add()
    project.prepare()
    book = open_bank("mybank")
    first = book.features()
    path = project.processed() / "features" / "2024-03-31.parquet"
    stamp = path.stat().st_mtime_ns
    assert book.features().equals(first)
    assert path.stat().st_mtime_ns == stamp
    assert [file.name for file in path.parent.iterdir()] == [path.name]


def test_what_a_book_has_not(project, told):
    project.add(
        definition=BANK_YAML.replace("customers:", "branches:").replace(
            "client_id AS customer_id, name, phone, birth_date, opened AS opened_date", "client_id AS branch_id"
        )
    )
    project.prepare()
    book = open_bank("mybank")
    with pytest.raises(NotProduced, match=r"^The bank brings no table complaints\.$"):
        book.table("complaints")
    with pytest.raises(NotProduced, match=r"^The bank brings no table customers\.$"):
        book.features()
    with pytest.raises(
        UserError, match=r"^The landmark 2024-04-30 lies after as_of 2024-03-31: nothing later than as_of is read\.$"
    ):
        book.features(DAY(2024, 4, 30))


def test_a_bank_that_is_not_prepared(project):
    project.add()
    with pytest.raises(UserError, match=r"^The bank 'mybank' is not prepared: run 'crm prepare mybank'"):
        open_bank("mybank")


@pytest.mark.parametrize(
    ("asked", "first", "last", "day"),
    [
        ("", DAY(2023, 1, 5), DAY(2024, 3, 31), DAY(2024, 3, 31)),
        ("", DAY(2023, 1, 5), DAY(2024, 3, 30), DAY(2024, 2, 29)),
        ("", DAY(2024, 3, 5), DAY(2024, 3, 30), DAY(2024, 3, 30)),
        ("2024-03-31", DAY(2023, 1, 5), DAY(2024, 3, 15), DAY(2024, 3, 31)),
        ("2023-01-05", DAY(2023, 1, 5), DAY(2024, 3, 15), DAY(2023, 1, 5)),
        ("2023-01-05", None, None, DAY(2023, 1, 5)),
    ],
)
def test_the_day_a_bank_is_seen_from(asked, first, last, day):
    assert choose_as_of(asked, CONFIG, first, last) == day


def test_the_banks_own_day():
    config = CONFIG.model_copy(update={"as_of": DAY(2023, 6, 30)})
    assert choose_as_of("", config, DAY(2023, 1, 1), DAY(2024, 1, 1)) == DAY(2023, 6, 30)
    assert choose_as_of("2023-07-31", config, DAY(2023, 1, 1), DAY(2024, 1, 1)) == DAY(2023, 7, 31)


def test_a_day_outside_the_data_suggests_one_inside():
    with pytest.raises(
        UserError,
        match=r"^as_of 2025-01-01 lies after all data \(2024-03-05 to 2024-03-30\); choose a day between them, such as 2024-03-30\.$",
    ):
        choose_as_of("2025-01-01", CONFIG, DAY(2024, 3, 5), DAY(2024, 3, 30))


@pytest.mark.parametrize("text", ["2024-02-30", "20240229", "2024-2-9", "2024-W09-4", "yesterday", "２０２４-02-01"])
def test_what_is_no_day(text):
    with pytest.raises(UserError, match=r"' is not a day; write it as YYYY-MM-DD, such as 2025-06-30\.$"):
        parse_day(text)


def test_rows_come_sorted_by_key(project):
    header, *rows = BOOKINGS.splitlines()
    project.add(bookings__csv="\n".join([header, *reversed(rows)]) + "\n")
    project.prepare()
    assert open_bank("mybank").table("transactions").transaction_id.tolist() == ["1", "2", "3"]


def test_a_table_that_is_not_brought_is_none_where_it_may_be(project):
    project.add()
    project.prepare()
    book = open_bank("mybank")
    assert book.table_if_any("surveys") is None
    assert len(book.table_if_any("customers")) == 2
