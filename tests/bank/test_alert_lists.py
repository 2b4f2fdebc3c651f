"""The files of early warning: whom they name, who may read them, and what a spreadsheet makes of them."""

import csv
import datetime as dt
import stat

import pandas as pd
import pytest
from python_calamine import CalamineWorkbook

from analysis.bank.alert_lists import HEADS, UNKNOWN, earlier_lists, keep_lots, read_lots, write_alert_lists, write_lists
from analysis.bank.book import open_bank
from analysis.errors import UserError
from analysis.wording import say

DAY = dt.date(2025, 6, 30)
FORMULAS = ['=HYPERLINK("http://x.invalid")', "+1+1", "-2", "@SUM(A1)", "\t=1", "\r=1", " =1+1", "＝1+1", "\u200b=1", "\u3000＠A"]


def listed(customers, held_out=(), **columns):
    size = len(customers)
    given = {
        "customer_id": customers, "held_out": [one in held_out for one in customers], "raised_date": pd.Timestamp(DAY),
        "branch_id": "B1", "owner": "M1", "owner_group": "Desk", "owner_group_zh": "客服", "reason": "tenure",
        "words": [say("No transaction lately")] * size, "action": "Call", "action_zh": "致电", "due_date": pd.Timestamp("2025-07-14"),
        "score": 0.25, "value": 1000.0, "expected": 50.0, "open_complaints": 0,
    }  # fmt: skip
    return pd.DataFrame({**given, **columns})


@pytest.fixture
def written(tmp_path):
    rows = listed([f"C{number}" for number in range(len(FORMULAS))], action=FORMULAS, pseudonym="P-1")
    return write_lists(rows, tmp_path / "lists", DAY)


def test_the_files_are_the_owners_alone(written):
    assert {stat.S_IMODE(path.stat().st_mode) for path in written} == {0o600}
    assert stat.S_IMODE(written[0].parent.stat().st_mode) == 0o700
    assert [path.name for path in written] == ["early_warning-2025-06-30.xlsx", "early_warning-2025-06-30.csv"]
    assert sorted(path.name for path in written[0].parent.iterdir()) == sorted(path.name for path in written)


def test_no_cell_is_a_formula(written):
    sheet = CalamineWorkbook.from_path(str(written[0])).get_sheet_by_index(0).to_python()
    assert sheet[0] == [head for name, head in HEADS.items() if name != "open_complaint"]
    at = list(HEADS).index("action")
    assert [row[at].strip() for row in sheet[1:]] == [text.strip() for text in FORMULAS]
    with open(written[1], encoding="utf-8-sig", newline="") as file:
        rows = list(csv.reader(file))
    assert [row[at] for row in rows[1:]] == [f"'{text}" for text in FORMULAS]
    assert b"<f>" not in written[0].read_bytes()


def test_without_complaints_the_list_says_that_an_open_one_is_not_known(tmp_path):
    rows = listed(["A", "B"], pseudonym="P-1").drop(columns="open_complaints")
    workbook, table = write_lists(rows, tmp_path, DAY)
    for lines in (
        CalamineWorkbook.from_path(str(workbook)).get_sheet_by_index(0).to_python(),
        list(csv.reader(table.read_text(encoding="utf-8-sig").splitlines())),
    ):
        assert lines[0] == list(HEADS.values())
        assert [line[-1] for line in lines[1:]] == [UNKNOWN, UNKNOWN]


def test_the_same_rows_give_the_same_bytes(written, tmp_path):
    rows = listed([f"C{number}" for number in range(len(FORMULAS))], action=FORMULAS, pseudonym="P-1")
    again = write_lists(rows, tmp_path / "other", DAY)
    assert [path.read_bytes() for path in again] == [path.read_bytes() for path in written]


def test_the_list_names_nobody_who_is_held_out(project):
    project.add()
    project.prepare()
    book = open_bank("mybank", "2024-03-31")
    made = write_alert_lists(book, listed(["A", "B", "C"], held_out=["B"]))
    assert (made.called, made.held_out) == (2, 1)
    rows = list(csv.reader(made.table.read_text(encoding="utf-8-sig").splitlines()))
    assert [(row[0], row[1]) for row in rows[1:]] == [("1", "A"), ("2", "C")]
    assert rows[1][2].startswith("P-")
    assert made.lots.parent.parent.name == "mybank"
    assert "state" in made.lots.parts
    assert made.lots.parent != made.table.parent
    assert read_lots(made.lots)["held_out"].tolist() == [False, True, False]
    assert stat.S_IMODE(made.lots.stat().st_mode) == 0o600


def test_no_list_is_drawn_for_a_day_before_one_that_was(project):
    project.add()
    project.prepare()
    write_alert_lists(open_bank("mybank", "2024-03-31"), listed(["A", "B"], held_out=["B"]))
    with pytest.raises(UserError, match="A list of 2024-03-31 has been drawn already"):
        write_alert_lists(open_bank("mybank", "2024-02-29"), listed(["B"]))


def test_a_lot_once_drawn_stays(tmp_path):
    keep_lots(listed(["A", "B"], held_out=["B"]), tmp_path, DAY)
    keep_lots(listed(["C", "B"], held_out=["C"]), tmp_path, DAY)
    keep_lots(listed(["D"]), tmp_path, dt.date(2025, 7, 31))
    lots = earlier_lists(tmp_path, DAY)
    assert dict(zip(lots["customer_id"], lots["held_out"], strict=True)) == {"A": False, "B": True, "C": True}
    assert lots["raised_date"].eq(pd.Timestamp(DAY)).all()
    assert len(earlier_lists(tmp_path, dt.date(2025, 7, 31))) == 4
    assert earlier_lists(tmp_path / "none", DAY) is None


@pytest.mark.parametrize(
    "altered",
    [
        lambda text: text.replace("False", "maybe"),
        lambda text: text[:-20],
        lambda text: text + text.splitlines()[1] + "\n",
        lambda text: text.replace("held_out", "held"),
        lambda text: "",
    ],
    ids=["word", "cut", "twice", "column", "empty"],
)
def test_lots_that_were_altered_end_in_a_sentence(tmp_path, altered):
    path = keep_lots(listed(["A"]), tmp_path, DAY)
    path.write_text(altered(path.read_text()))
    with pytest.raises(UserError, match="the lots of this list cannot be read"):
        earlier_lists(tmp_path, DAY)


def test_lots_of_no_day_are_a_sentence(tmp_path):
    path = keep_lots(listed(["A"]), tmp_path, DAY)
    path.rename(path.with_name("2025-13-45.csv"))
    with pytest.raises(UserError, match="2025-13-45 is none; mend the file's name"):
        earlier_lists(tmp_path, DAY)
