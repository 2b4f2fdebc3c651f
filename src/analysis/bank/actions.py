"""Tables of actions beside a `bank.yaml`, which the bank edits: what it does differently for which customers
(`segment_actions.csv`), what it does about which category of complaints (`complaint_actions.csv`), and what it does when a
customer may leave, by the first reason code (`warning_actions.csv`)."""

import csv
import datetime as dt
import io
import re
from itertools import pairwise
from pathlib import Path

import pandas as pd

from analysis.errors import UserError
from analysis.project import suggestion

ACTION = ("action", "action_zh", "owner", "owner_zh")
SEGMENTS, COMPLAINTS, WARNINGS = "segment_actions.csv", "complaint_actions.csv", "warning_actions.csv"
COLUMNS = {
    SEGMENTS: ("when", *ACTION),
    COMPLAINTS: ("category", *ACTION, "due"),
    WARNINGS: ("reason", *ACTION, "days", "cost"),
}
MOST_DAYS = 365


def read_actions(path: Path) -> pd.DataFrame | None:
    """The rows of the table in their order, its columns (COLUMNS by the file's name; text, empty where not stated) and place
    (file and line); None where there is no such file.

    The first column says what a row is for: `when` names traits, joined by `+` (`digital_high+assets_low`), `category` a category of
    complaints, `reason` a reason code. The first row that fits is the one that counts, and an empty cell fits all. `days` is the limit
    within which to act, `cost` that of one contact in the bank's currency. UserError, with the line: not UTF-8, a column unknown or
    missing, an action missing, more values than columns, a due date, a limit or a cost that is none, a row below one that fits
    all."""
    if not path.is_file():
        return None
    lines = csv.reader(io.StringIO(_text(path), newline=""), strict=True)
    try:
        header, columns = [name.strip() for name in next(lines, [])], COLUMNS[path.name]
        _refuse_header(path, header, columns)
        rows = [_row(path, lines.line_num, header, columns, cells) for cells in lines if any(cell.strip() for cell in cells)]
    except csv.Error as error:
        raise UserError(f"{path}, line {lines.line_num}: not valid CSV ({error}); mend its quotation marks.") from None
    _refuse_unreachable(rows, columns[0])
    return pd.DataFrame(rows, columns=[*columns, "place"])


def _text(path: Path) -> str:
    data = path.read_bytes()
    try:
        return data.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        line = data.count(b"\n", 0, error.start) + 1
        raise UserError(f"{path}, line {line}: not UTF-8 text; save the file as UTF-8.") from None


def _refuse_header(path: Path, header: list[str], columns: tuple[str, ...]) -> None:
    where = f"{path}, line 1"
    for name in header:
        if name not in columns:
            hint = suggestion(name, list(columns))
            raise UserError(f"{where}: unknown column '{name}'{hint} The columns are {', '.join(columns)}, separated by commas.")
    if len(set(header)) < len(header):
        raise UserError(f"{where}: a column stands twice; take one of the two out.")
    for name in (columns[0], ACTION[0]):
        if name not in header:
            raise UserError(f"{where}: the column '{name}' is missing; the columns are {', '.join(columns)}.")


def _row(path: Path, line: int, header: list[str], columns: tuple[str, ...], cells: list[str]) -> dict[str, str]:
    place = f"{path}, line {line}"
    if len(cells) > len(header):
        raise UserError(
            f"{place}: {len(cells)} values in {len(header)} columns; put a text that holds a comma in quotation marks."
        )
    row = dict.fromkeys(columns, "") | dict(zip(header, map(str.strip, cells), strict=False))
    if not row["action"]:
        raise UserError(f"{place}: the action is empty; state one, or take the row out.")
    if row.get("due") and not _is_day(row["due"]):
        raise UserError(f"{place}: the due date '{row['due']}' is none; write it as YYYY-MM-DD.")
    if row.get("days") and not (row["days"].isdecimal() and int(row["days"]) <= MOST_DAYS):
        raise UserError(f"{place}: the limit '{row['days']}' is none; write whole days from 0 to {MOST_DAYS}.")
    if row.get("cost") and not _is_cost(row["cost"]):
        raise UserError(
            f"{place}: the cost '{row['cost']}' is none; write an amount of 0 or more without separators, such as 30."
        )
    return {**row, "place": place}


def _is_day(text: str) -> bool:
    try:
        return dt.date.fromisoformat(text) is not None
    except ValueError:
        return False


def _is_cost(text: str) -> bool:
    return re.fullmatch(r"[0-9]{1,12}(\.[0-9]+)?", text) is not None


def _refuse_unreachable(rows: list[dict[str, str]], key: str) -> None:
    for above, row in pairwise(rows):
        if not above[key]:
            raise UserError(
                f"{row['place']}: the row above has an empty '{key}' and fits all, so that this one never applies; change their order."
            )
