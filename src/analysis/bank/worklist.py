"""The work list (补录清单): which records somebody should complete or correct, as an Excel workbook for the departments."""

import datetime as dt
import os
from itertools import chain, count
from pathlib import Path

import duckdb
import pandas as pd
import xlsxwriter

from analysis.bank.quality import COUNTERS, failing, words_of
from analysis.bank.sources import mask
from analysis.bank.sql import literal
from analysis.wording import Message

HEADS = (
    "department 部门",
    "branch 机构",
    "record 记录",
    "field 字段",
    "to do 问题",
    "问题",
    "now (masked) 现值",
    "seen since 起始月",
)
WIDTHS = (14, 12, 24, 16, 48, 40, 22, 14)
MOST_ROWS = 100_000
MADE = dt.datetime(2000, 1, 1)
MODE, FOLDER_MODE = 0o600, 0o700


def make_worklist(processed: Path, as_of: dt.date, path: Path) -> int:
    """Writes the list of a prepared bank as seen on a day to `path` (mode 0600), a sheet a department; returns its rows. Each line
    is one defect of one record: the department's own number, so that it can be found there; the value that stands is masked."""
    rows = defects(processed, as_of)
    path.parent.mkdir(parents=True, exist_ok=True, mode=FOLDER_MODE)
    beside = path.with_name(f".{path.name}.partial")
    os.close(os.open(beside, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, MODE))
    with xlsxwriter.Workbook(beside, {"strings_to_formulas": False, "strings_to_urls": False}) as book:
        book.set_properties({"created": MADE})
        taken: set[str] = set()
        for department, own in rows.groupby("department", sort=True):
            _write_sheet(book, _sheet_name(department, taken), own.head(MOST_ROWS))
    os.chmod(beside, MODE)
    beside.replace(path)
    return len(rows)


def defects(processed: Path, as_of: dt.date) -> pd.DataFrame:
    """department, branch_id, record, column, words (Message), value (masked), month: the failing rows of the rules on departments'
    records (in a bank without, on customers) in months up to `as_of`, by department, branch, record and field."""
    table = "parties" if (processed / "parties.parquet").is_file() else "customers"
    counted = pd.read_parquet(processed / f"{COUNTERS}.parquet", columns=["rule", "table", "column", "failed"])
    broken = counted[counted["table"].eq(table) & counted["failed"].gt(0) & counted["column"].notna()]
    words = words_of()
    with duckdb.connect() as con:
        parts = [_of_rule(con, processed, rule, words[rule.rule], as_of) for rule in broken.drop_duplicates("rule").itertuples()]
    found = (
        pd.concat(parts, ignore_index=True) if parts else pd.DataFrame(columns=["department", "branch_id", "record", "column"])
    )
    return found.sort_values(["department", "branch_id", "record", "column"], kind="stable", ignore_index=True)


def _of_rule(con: duckdb.DuckDBPyConnection, processed: Path, rule, words: Message, as_of: dt.date) -> pd.DataFrame:
    select = failing(con, processed, rule.rule)
    until = f"month IS NULL OR month <= DATE {literal(as_of)}"
    rows = con.execute(f"SELECT row_key, source, branch_id, month, value FROM ({select}) WHERE {until}").df()
    return pd.DataFrame(
        {
            "department": rows["source"].fillna(rule.table),
            "branch_id": rows["branch_id"],
            "record": rows["row_key"].str.partition("|")[2 if rule.table == "parties" else 0],
            "column": rule.column,
            "words": [words] * len(rows),
            "value": [mask(None if pd.isna(value) else str(value)) for value in rows["value"]],
            "month": rows["month"].astype(str).str[:7].where(rows["month"].notna()),
        }
    )


def _write_sheet(book: xlsxwriter.Workbook, name: str, rows: pd.DataFrame) -> None:
    sheet = book.add_worksheet(name)
    sheet.write_row(0, 0, HEADS, book.add_format({"bold": True}))
    for column, width in enumerate(WIDTHS):
        sheet.set_column(column, column, width)
    for place, row in enumerate(rows.itertuples(), 1):
        cells = (row.department, row.branch_id, row.record, row.column, *_said(row.words), row.value, row.month)
        sheet.write_row(place, 0, [None if pd.isna(cell) else cell for cell in cells])
    sheet.freeze_panes(1, 0)
    sheet.autofilter(0, 0, len(rows), len(HEADS) - 1)


def _said(words: Message) -> tuple[str, str]:
    return words.render("en"), words.render("zh")


def _sheet_name(department: str, taken: set[str]) -> str:
    """At most 31 characters, none that Excel forbids; in Excel's eyes capitals make no difference."""
    plain = "".join("_" if char in "[]:*?/\\'" else char for char in department) or "_"
    names = (plain[: 31 - len(end)] + end for end in chain([""], (f" {number}" for number in count(2))))
    name = next(name for name in names if name.lower() not in taken)
    taken.add(name.lower())
    return name
