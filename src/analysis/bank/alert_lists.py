"""The lists of early warning: a file for those who call, and the lots, which no list shows.

The list lies in `data/processed/<bank>/lists` as Excel and CSV and holds only those to be called. Who was held out stands in
`data/state/<bank>/alerts`, with those listed, and lasts: later lists keep the cool-down by it, and the hold-out is judged by it."""

import csv
import datetime as dt
import io
import os
from dataclasses import dataclass
from pathlib import Path

import pandas as pd
import xlsxwriter

from analysis.bank.book import Book, parse_day
from analysis.bank.pseudonyms import pseudonym, read_key
from analysis.errors import UserError
from analysis.project import folders

HEADS = {
    "rank": "rank 序号",
    "customer_id": "customer 客户号",
    "pseudonym": "pseudonym 客户代码",
    "branch_id": "branch 机构",
    "owner": "who calls: the customer's manager, else the branch 联系人（客户经理，没有的为网点）",
    "owner_group": "who answers for the action",
    "owner_group_zh": "措施责任部门",
    "reason_en": "reason code (an association)",
    "reason_zh": "风险提示因素（仅为相关关系）",
    "action": "action",
    "action_zh": "措施",
    "due": "due 办理期限",
    "score": "probability of leaving 流失概率",
    "value": "contribution at stake 涉及综合贡献度",
    "expected": "expected value kept 预期挽回价值",
    "open_complaint": "open complaint 未办结投诉",
}
WIDTHS = (8, 16, 18, 10, 24, 18, 14, 28, 28, 44, 40, 14, 14, 16, 16, 28)
UNKNOWN = "not known: ask before the call 未知，联系前先核实"
NUMBERS = {"score": 3, "value": 0, "expected": 0}
FORMULA_MARKS = ("=", "+", "-", "@", "＝", "＋", "－", "＠")  # the wide ones begin a formula in Chinese and Japanese editions
BREAKS = ("\t", "\r", "\n")
MADE = dt.datetime(2000, 1, 1)
MODE, FOLDER_MODE = 0o600, 0o700
LOTS = ["customer_id", "raised_date", "held_out", "reason", "score", "value", "expected"]


@dataclass(frozen=True)
class Written:
    """The list's files, the file of lots, and how many customers are to be called and are held out."""

    workbook: Path
    table: Path
    lots: Path
    called: int
    held_out: int


def write_alert_lists(book: Book, listed: pd.DataFrame) -> Written:
    """Writes the list of a prepared bank and keeps its lots. `listed`: customers listed, best first, held out or not (see
    `study.early_warning.make_list`)."""
    place = folders(book.processed.name)
    if later := [path.stem for path in lots_until(place.state, dt.date.max) if path.stem > str(book.as_of)]:
        raise UserError(
            f"A list of {later[-1]} has been drawn already: one of {book.as_of} would call customers whom that one holds out. Lists follow each other in time."
        )
    lots = keep_lots(listed, place.state, book.as_of)
    called = listed[~listed["held_out"].astype(bool)].reset_index(drop=True)
    key = read_key(place.state)
    named = called.assign(pseudonym=[pseudonym(key, str(customer)) for customer in called["customer_id"]])
    workbook, table = write_lists(named, book.processed / "lists", book.as_of)
    return Written(workbook, table, lots, len(called), len(listed) - len(called))


def earlier_lists(state: Path, as_of: dt.date) -> pd.DataFrame | None:
    """The lots of all lists up to `as_of`: customer_id, raised_date, held_out; None where there is no list yet."""
    parts = [read_lots(path) for path in lots_until(state, as_of)]
    return pd.concat(parts, ignore_index=True)[LOTS[:3]] if parts else None


def lots_until(state: Path, as_of: dt.date) -> list[Path]:
    """The files of lots of all lists up to `as_of`, earliest first."""
    return [path for path in sorted((state / "alerts").glob("????-??-??.csv")) if _day_of(path) <= as_of]


def _day_of(path: Path) -> dt.date:
    try:
        return parse_day(path.stem)
    except UserError:
        raise UserError(f"{path}: lots bear the day of their list, and {path.stem} is none; mend the file's name.") from None


def read_lots(path: Path) -> pd.DataFrame:
    """A file of lots; UserError where it was altered or cut short."""
    try:
        text = path.read_text(encoding="utf-8")
        rows = pd.read_csv(io.StringIO(text), dtype={"customer_id": "string"}, float_precision="round_trip")
        known = text.endswith("\n") and rows["held_out"].isin([True, False]).all() and rows["customer_id"].notna().all()
        known = known and rows["customer_id"].is_unique
        rows = rows[LOTS].assign(raised_date=pd.to_datetime(rows["raised_date"], format="%Y-%m-%d"))
    except (ValueError, KeyError, OSError):
        known = False
    if not known:
        raise UserError(
            f"{path}: the lots of this list cannot be read; bring the file back from a backup: without it nobody can be judged."
        )
    return rows.assign(customer_id=rows["customer_id"].astype(object), held_out=rows["held_out"].astype(bool))


def keep_lots(listed: pd.DataFrame, state: Path, as_of: dt.date) -> Path:
    """Writes the lots of the day; who has one already keeps it, also where the list no longer holds the customer."""
    path = state / "alerts" / f"{as_of}.csv"
    rows = listed.assign(raised_date=str(as_of))[LOTS]
    if path.is_file():
        before = read_lots(path).assign(raised_date=str(as_of))
        rows = pd.concat([before, rows[~rows["customer_id"].isin(before["customer_id"])]], ignore_index=True)
    _write(path, rows.to_csv(index=False, lineterminator="\n").encode())
    return path


def write_lists(rows: pd.DataFrame, folder: Path, as_of: dt.date) -> tuple[Path, Path]:
    """`rows`: customers to be called, best first: branch_id, owner, owner_group, owner_group_zh, words (a Message), action, action_zh,
    due_date, score, value, expected, customer_id, pseudonym, open_complaints (where the bank brings complaints; else the files say that
    nobody knows) → Excel and CSV, for their owner alone (0600), the same bytes for the
    same rows. A text that a spreadsheet would take for a formula is defused: in CSV by an apostrophe, in Excel as plain text."""
    heads = [name for name in HEADS if name != "open_complaint" or "open_complaints" not in rows]
    cells = [[HEADS[name] for name in heads], *_cells(rows, heads)]
    workbook, table = (folder / f"early_warning-{as_of}.{ending}" for ending in ("xlsx", "csv"))
    _write(workbook, _workbook(cells))
    _write(table, _table(cells))
    return workbook, table


def _cells(rows: pd.DataFrame, heads: list[str]) -> list[list]:
    made = rows.assign(
        open_complaint=UNKNOWN,
        rank=range(1, len(rows) + 1),
        reason_en=[words.render("en") for words in rows["words"]],
        reason_zh=[words.render("zh") for words in rows["words"]],
        due=[str(day)[:10] for day in rows["due_date"]],
        **{name: rows[name].astype(float).round(digits) for name, digits in NUMBERS.items()},
    )[heads]
    return [[None if pd.isna(cell) else cell for cell in row] for row in made.itertuples(index=False, name=None)]


def _workbook(cells: list[list]) -> bytes:
    made = io.BytesIO()
    with xlsxwriter.Workbook(made, {"strings_to_formulas": False, "strings_to_urls": False, "in_memory": True}) as book:
        book.set_properties({"created": MADE})
        sheet = book.add_worksheet("early warning 流失预警")
        sheet.write_row(0, 0, cells[0], book.add_format({"bold": True, "text_wrap": True}))
        for column, width in zip(range(len(cells[0])), WIDTHS, strict=False):
            sheet.set_column(column, column, width)
        for place, row in enumerate(cells[1:], 1):
            for column, cell in enumerate(row):
                if isinstance(cell, str):
                    sheet.write_string(place, column, cell)
                elif cell is not None:
                    sheet.write_number(place, column, cell)
        sheet.freeze_panes(1, 0)
        sheet.autofilter(0, 0, len(cells) - 1, len(cells[0]) - 1)
    return made.getvalue()


def _table(cells: list[list]) -> bytes:
    made = io.StringIO(newline="")
    writer = csv.writer(made, lineterminator="\r\n")
    writer.writerow(cells[0])
    writer.writerows([[defused(cell) for cell in row] for row in cells[1:]])
    return made.getvalue().encode("utf-8-sig")


def defused(cell: object) -> object:
    """A text that begins as a formula does, with an apostrophe before it; blanks and signs that are not seen do not hide it."""
    if not isinstance(cell, str):
        return cell
    first_seen = next((char for char in cell if char.isprintable() and not char.isspace()), "")
    return f"'{cell}" if cell.startswith(BREAKS) or first_seen in FORMULA_MARKS else cell


def _write(path: Path, data: bytes) -> None:
    """A half-written file never bears the name, and nobody but its owner can read it or its folder."""
    path.parent.mkdir(parents=True, exist_ok=True, mode=FOLDER_MODE)
    os.chmod(path.parent, FOLDER_MODE)
    beside = path.with_name(f".{path.name}.{os.getpid()}.partial")
    with open(os.open(beside, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, MODE), "wb") as file:
        os.fchmod(file.fileno(), MODE)
        file.write(data)
    beside.replace(path)
