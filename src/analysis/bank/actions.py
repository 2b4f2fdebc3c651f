"""`segment_actions.csv` beside a `bank.yaml`: what the bank does differently for which customers. The bank edits it."""

import csv
import io
from itertools import pairwise
from pathlib import Path

import pandas as pd

from analysis.errors import UserError
from analysis.project import suggestion

FILE = "segment_actions.csv"
REQUIRED = ("when", "action")
COLUMNS = ("when", "action", "action_zh", "owner", "owner_zh")


def read_actions(path: Path) -> pd.DataFrame | None:
    """The rows of the table in their order: when, action, action_zh, owner, owner_zh (text, empty where not stated), place (file
    and line); None where there is no such file.

    `when` names traits, joined by `+` (`digital_high+assets_low`); the first row that fits a segment is its own, and an empty
    `when` fits all. UserError, with the line: not UTF-8, a column unknown or missing, an action missing, more values
    than columns, a row below one that fits all."""
    if not path.is_file():
        return None
    lines = csv.reader(io.StringIO(_text(path), newline=""), strict=True)
    try:
        header = [name.strip() for name in next(lines, [])]
        _refuse_header(path, header)
        rows = [_row(path, lines.line_num, header, cells) for cells in lines if any(cell.strip() for cell in cells)]
    except csv.Error as error:
        raise UserError(f"{path}, line {lines.line_num}: not valid CSV ({error}); mend its quotation marks.") from None
    _refuse_unreachable(rows)
    return pd.DataFrame(rows, columns=[*COLUMNS, "place"])


def _text(path: Path) -> str:
    data = path.read_bytes()
    try:
        return data.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        line = data.count(b"\n", 0, error.start) + 1
        raise UserError(f"{path}, line {line}: not UTF-8 text; save the file as UTF-8.") from None


def _refuse_header(path: Path, header: list[str]) -> None:
    where = f"{path}, line 1"
    for name in header:
        if name not in COLUMNS:
            hint = suggestion(name, list(COLUMNS))
            raise UserError(f"{where}: unknown column '{name}'{hint} The columns are {', '.join(COLUMNS)}, separated by commas.")
    if len(set(header)) < len(header):
        raise UserError(f"{where}: a column stands twice; take one of the two out.")
    for name in REQUIRED:
        if name not in header:
            raise UserError(f"{where}: the column '{name}' is missing; the columns are {', '.join(COLUMNS)}.")


def _row(path: Path, line: int, header: list[str], cells: list[str]) -> dict[str, str]:
    place = f"{path}, line {line}"
    if len(cells) > len(header):
        raise UserError(
            f"{place}: {len(cells)} values in {len(header)} columns; put a text that holds a comma in quotation marks."
        )
    row = dict.fromkeys(COLUMNS, "") | dict(zip(header, map(str.strip, cells), strict=False))
    if not row["action"]:
        raise UserError(f"{place}: the action is empty; state one, or take the row out.")
    return {**row, "place": place}


def _refuse_unreachable(rows: list[dict[str, str]]) -> None:
    for above, row in pairwise(rows):
        if not above["when"]:
            raise UserError(
                f"{row['place']}: the row above has an empty 'when' and fits all, so that this one never applies; change their order."
            )
