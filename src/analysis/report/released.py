"""The cells that each day's release tells, kept for the releases beside it: one file a day in the bank's lasting folder, for its
owner alone, never published."""

import json
import os
import re
from collections.abc import Iterable, Mapping
from pathlib import Path

from nbformat import NotebookNode

from analysis.errors import UserError
from analysis.report.display import EXHIBIT_MIME

FOLDER = "released"
FILE_MODE, FOLDER_MODE = 0o600, 0o700
DAY = re.compile(r"\d{4}-\d{2}-\d{2}")

Sheets = dict[str, dict]
Rows = dict[str, list[str]]


def sheets_in(notebook: NotebookNode) -> Sheets:
    """Exhibit → its cells (`privacy.sheet`), of an executed notebook."""
    outputs = (output for cell in notebook.cells for output in cell.get("outputs", ()))
    shown = (output["data"][EXHIBIT_MIME] for output in outputs if EXHIBIT_MIME in output.get("data", {}))
    return {one["name"]: one["cells"] for one in shown if one.get("cells")}


def told(state: Path, day: str) -> dict[str, dict]:
    """Report → `sheets` (exhibit → cells) and `hidden` (exhibit → rows that the publisher had hidden); empty where no file is."""
    path = state / FOLDER / f"{day}.json"
    if not path.is_file():
        return {}
    try:
        return json.loads(path.read_text(encoding="utf-8"))
    except ValueError:
        raise UserError(
            f"{path}: what the release of {day} told cannot be read; bring it back from a backup, or remove it."
        ) from None


def neighbours(state: Path, day: str) -> list[str]:
    """The days of the releases before and after `day`, those that there are."""
    return _beside(day, (path.stem for path in (state / FOLDER).glob("*.json") if DAY.fullmatch(path.stem)))


def forgotten(state: Path, day: str, published: Iterable[str]) -> list[str]:
    """The days published next to `day` of which no cells are kept: what they and `day` give away together cannot be seen."""
    return [one for one in _beside(day, published) if not (state / FOLDER / f"{one}.json").is_file()]


def _beside(day: str, days: Iterable[str]) -> list[str]:
    found = sorted(days)
    before, after = [one for one in found if one < day], [one for one in found if one > day]
    return [*before[-1:], *after[:1]]


def keep(state: Path, day: str, reports: Mapping[str, dict]) -> None:
    """Writes what the release of `day` tells, at one stroke."""
    path = state / FOLDER / f"{day}.json"
    path.parent.mkdir(parents=True, exist_ok=True)
    path.parent.chmod(FOLDER_MODE)
    beside = path.with_suffix(".partial")
    beside.unlink(missing_ok=True)
    with open(os.open(beside, os.O_WRONLY | os.O_CREAT | os.O_EXCL, FILE_MODE), "w", encoding="utf-8") as file:
        json.dump(reports, file, ensure_ascii=False, separators=(",", ":"))
        file.flush()
        os.fsync(file.fileno())
    os.replace(beside, path)
