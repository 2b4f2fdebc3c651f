import datetime as dt

import duckdb
import pandas as pd
import pytest

from analysis.bank.asof import asof_select, parent_of
from analysis.bank.contracts import TABLES
from analysis.bank.engine import connect, views

DAY = dt.date(2024, 3, 31)


def seen(folder, table, day=DAY):
    connection = connect()
    try:
        return views(connection, folder, day)[table].to_pandas()
    finally:
        connection.disconnect()


def test_customers_as_known_at_a_day(write_processed):
    folder = write_processed(
        customers=[
            {"customer_id": "A", "opened_date": "2020-01-01", "closed_date": "2024-03-31", "exit_reason": "fees"},
            {"customer_id": "B", "opened_date": "2020-01-01", "closed_date": "2024-04-01", "exit_reason": "fees"},
            {"customer_id": "C", "opened_date": "2024-04-01"},
            {"customer_id": "D"},
        ]
    )
    view = seen(folder, "customers")
    assert view.customer_id.tolist() == ["A", "B", "D"]
    assert view.closed_date.dropna().to_dict() == {0: pd.Timestamp("2024-03-31")}
    assert view.exit_reason.fillna("").tolist() == ["fees", "", ""]


def test_complaints_as_known_at_a_day(write_processed):
    row = {"customer_id": "A", "received_at": "2024-03-31 23:59:59"}
    folder = write_processed(
        complaints=[
            {**row, "complaint_id": "1", "resolved_at": "2024-03-31 23:59:59", "reopened_at": "2024-04-01 00:00:00"},
            {
                **row,
                "complaint_id": "2",
                "resolved_at": "2024-04-01 00:00:00",
                "escalated_at": "2024-03-31 12:00:00",
                "revisited_at": "2024-05-01",
            },
            {**row, "complaint_id": "3", "received_at": "2024-04-01 00:00:00"},
        ]
    )
    view = seen(folder, "complaints")
    assert view.complaint_id.tolist() == ["1", "2"]
    times = view[["escalated_at", "resolved_at", "reopened_at", "revisited_at"]].notna()
    assert times.to_numpy().tolist() == [[False, True, False, False], [True, False, False, False]]


def test_answers_follow_their_survey(write_processed):
    answers = [{"response_id": number, "item": "wait", "value": 5} for number in ("1", "2", "3")]
    surveys = [
        {"response_id": "1", "answered_date": "2024-03-31"},
        {"response_id": "2", "answered_date": "2024-04-01"},
        {"response_id": "3"},
    ]
    assert seen(write_processed(answers=answers, surveys=surveys), "answers").response_id.tolist() == ["1", "3"]


def test_answers_without_surveys_are_not_dated(write_processed):
    assert seen(write_processed(answers=[{"response_id": "1", "item": "wait", "value": 5}]), "answers").response_id.tolist() == [
        "1"
    ]
    assert parent_of("answers", ["surveys"]) == "surveys"
    assert parent_of("answers", []) is None
    assert parent_of("customers", ["surveys"]) is None


@pytest.mark.parametrize("table", [table for table in TABLES.values() if table.dated], ids=lambda table: table.name)
def test_nothing_dated_after_the_day_is_seen(table):
    """One row dated on the day, one dated the day after: the first is seen, without what became known later."""
    types = {"text": "'x'", "int": "1", "number": "1.0", "bool": "true"}
    later = DAY + dt.timedelta(days=1)

    def row(day):
        values = []
        for column in table.columns:
            value = types.get(column.type) or (f"TIMESTAMP '{day} 00:00:00'" if column.type == "timestamp" else f"DATE '{day}'")
            if column.known == column.name and day == DAY:
                value = value.replace(str(DAY), str(later))
            values.append(f"{value} AS {column.name}")
        return f"SELECT {', '.join(values)}"

    with duckdb.connect() as connection:
        connection.execute(f"CREATE TABLE it AS {row(DAY)} UNION ALL {row(later)}")
        rows = connection.sql(asof_select(table, "it", DAY)).df()
    assert len(rows) == 1
    for column in table.columns:
        assert rows[column.name].isna().all() == (column.known is not None), column.name
