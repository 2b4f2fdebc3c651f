"""Tables that a bank edits by hand beside its `bank.yaml`: CSV in UTF-8, every complaint naming file and line."""

import csv
import datetime as dt
import io
import re
from collections.abc import Sequence
from pathlib import Path

from analysis.errors import UserError
from analysis.project import suggestion

CONTROL = re.compile(r"[\x00-\x08\x0b\x0c\x0e-\x1f\x7f]")


def read_rows(path: Path, columns: Sequence[str], required: Sequence[str]) -> list[dict[str, str]]:
    """The rows in their order: each of `columns` (text, empty where not stated) and place (file and line). UserError, with the line: not
    UTF-8, not CSV, a column unknown, twice or (of `required`) missing, more values than columns."""
    lines = csv.reader(io.StringIO(_text(path), newline=""), strict=True)
    try:
        header = [name.strip() for name in next(lines, [])]
        _refuse_header(path, header, columns, required)
        return [_row(path, lines.line_num, header, columns, cells) for cells in lines if any(cell.strip() for cell in cells)]
    except csv.Error as error:
        raise UserError(f"{path}, line {lines.line_num}: not valid CSV ({error}); mend its quotation marks.") from None


def is_day(text: str) -> bool:
    """Whether the text is a day, YYYY-MM-DD."""
    try:
        return re.fullmatch(r"\d{4}-\d{2}-\d{2}", text) is not None and dt.date.fromisoformat(text) is not None
    except ValueError:
        return False


def is_amount(text: str) -> bool:
    """Whether the text is an amount of 0 or more without separators."""
    return re.fullmatch(r"[0-9]{1,12}(\.[0-9]+)?", text) is not None


def _text(path: Path) -> str:
    data = path.read_bytes()
    try:
        text = data.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        line = data.count(b"\n", 0, error.start) + 1
        raise UserError(f"{path}, line {line}: not UTF-8 text; save the file as UTF-8.") from None
    if found := CONTROL.search(text):
        line = text.count("\n", 0, found.start()) + 1
        raise UserError(f"{path}, line {line}: a control character (code {ord(found[0])}) is no text; take it out.")
    return text


def _refuse_header(path: Path, header: list[str], columns: Sequence[str], required: Sequence[str]) -> None:
    where = f"{path}, line 1"
    for name in header:
        if name not in columns:
            hint = suggestion(name, list(columns))
            raise UserError(f"{where}: unknown column '{name}'{hint} The columns are {', '.join(columns)}, separated by commas.")
    if len(set(header)) < len(header):
        raise UserError(f"{where}: a column stands twice; take one of the two out.")
    for name in required:
        if name not in header:
            raise UserError(f"{where}: the column '{name}' is missing; the columns are {', '.join(columns)}.")


def _row(path: Path, line: int, header: list[str], columns: Sequence[str], cells: list[str]) -> dict[str, str]:
    place = f"{path}, line {line}"
    if len(cells) > len(header):
        raise UserError(
            f"{place}: {len(cells)} values in {len(header)} columns; put a text that holds a comma in quotation marks."
        )
    return dict.fromkeys(columns, "") | dict(zip(header, map(str.strip, cells), strict=False)) | {"place": place}
