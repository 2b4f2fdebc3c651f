"""What a page tells as counts, in a form that can be attacked: which cells, beside which sums; and which a release before keeps
hidden."""

from __future__ import annotations

import json
import os
from collections.abc import Collection, Iterator, Sequence
from dataclasses import replace
from pathlib import Path

import pandas as pd

from analysis.finding import DISCLOSURE_THRESHOLD, Exhibit, Finding
from analysis.report.texts import is_missing, plain
from analysis.wording import Message

KEPT_UNITS = ("count", "share")
KEYS = ("label", "series", "x", "time", "row", "column", "left", "right", "group", "part", "kind")
SHARE_DECIMALS = 3
OF_PEOPLE = ("customers", "lost", "prospects")
WHOLE = 1e-6
HIDE = "CRM_HIDE"  # environment: a file that says exhibit → rows that this report must not tell


def sheet(exhibit: Exhibit) -> dict | None:
    """The exhibit's counts and shares as they are printed, or None where it has none: `keys` (one text a row, what the row is
    about), `total` (positions of rows that are a sum of the others) and `columns`: name → unit and values, None where no number
    is shown."""
    if exhibit.absent is not None or exhibit.frame is None or exhibit.frame.empty:
        return None
    frame = exhibit.frame[exhibit.frame["part"] != "limit"] if "part" in exhibit.frame else exhibit.frame
    columns = {name: {"unit": unit, "values": _values(frame[name], unit)} for name, unit in _numbers(exhibit)}
    if not any(column["unit"] == "count" for column in columns.values()):
        return None
    return {"keys": _keys(replace(exhibit, frame=frame)), "total": _totals(frame), "columns": columns}


def gives_few_away(finding: Finding) -> bool:
    """Whether a share of people and its base tell that fewer than the threshold did something, or that fewer did not."""
    if finding.unit != "share" or not finding.base or finding.base_of not in OF_PEOPLE or is_missing(finding.value):
        return False
    count = round(finding.value * finding.base)
    is_count = abs(finding.value * finding.base - count) < WHOLE
    return is_count and (0 < count < DISCLOSURE_THRESHOLD or 0 < finding.base - count < DISCLOSURE_THRESHOLD)


def rounded(finding: dict) -> dict:
    """A finding's numbers as results.json may hold them: shares to a hundredth of a percent, since a fraction told in full tells its
    denominator."""
    if finding["unit"] not in ("share", "points"):
        return finding
    numbers = {name: finding[name] for name in ("value", "low", "high", "compare_to")}
    return finding | {name: None if number is None else _whole(round(float(number), 4)) for name, number in numbers.items()}


def without_hidden(found: Sequence[Finding]) -> list[Finding]:
    """Of findings on an exhibit of which the publisher asked to hide rows, no base and no count: it would tell what is hidden. Nor is
    such a base told by another finding."""
    hidden = _hidden()
    secret = {finding.base for finding in found if finding.exhibit in hidden} - {None}
    is_count = [finding.exhibit in hidden and finding.unit == "count" for finding in found]
    kept = [finding for finding, drop in zip(found, is_count, strict=True) if not drop]
    return [replace(finding, base=None) if finding.base in secret else finding for finding in kept]


def masked(exhibit: Exhibit) -> Exhibit:
    """The exhibit without the numbers of the rows that the publisher asked this report to hide."""
    rows = _hidden().get(exhibit.name, ())
    return without_rows(exhibit, rows) if rows and exhibit.frame is not None and exhibit.absent is None else exhibit


def _hidden() -> dict[str, list[str]]:
    """Exhibit → rows to hide."""
    path = os.environ.get(HIDE)
    return json.loads(Path(path).read_text(encoding="utf-8")) if path else {}


def without_rows(exhibit: Exhibit, rows: Collection[str]) -> Exhibit:
    """A table's rows of these keys with no number left, since a share or an amount would give the count away; a figure without them."""
    is_hidden = pd.Series([key in rows for key in _keys(exhibit)], index=exhibit.frame.index)
    if not exhibit.columns:
        return replace(exhibit, frame=exhibit.frame[~is_hidden])
    named = {column.name for column in exhibit.columns if column.unit}
    numbers = {name: exhibit.frame[name].astype(object).mask(is_hidden) for name in named}
    return replace(exhibit, frame=exhibit.frame.assign(**numbers).convert_dtypes())


def _numbers(exhibit: Exhibit) -> Iterator[tuple[str, str]]:
    """Columns of counts and shares, each with its unit."""
    if exhibit.columns:
        named = [(column.name, (column.unit or "").partition(".")[0]) for column in exhibit.columns]
    else:
        own = exhibit.unit.partition(".")[0]
        named = [(name, "count" if name in ("base", "size") else own) for name in ("value", "left", "right", "base", "size")]
    for name, unit in named:
        if unit in KEPT_UNITS and name in exhibit.frame and pd.api.types.is_numeric_dtype(exhibit.frame[name]):
            yield name, unit


def _values(column: pd.Series, unit: str) -> list[float | None]:
    decimals = SHARE_DECIMALS if unit == "share" else 0
    return [None if is_missing(value) else _whole(round(float(value), decimals)) for value in column]


def _whole(number: float) -> float | int:
    return int(number) if number.is_integer() else number


def _keys(exhibit: Exhibit) -> list[str]:
    """What each row is about, as one text."""
    names = [column.name for column in exhibit.columns if not column.unit][:3] or [name for name in KEYS if name in exhibit.frame]
    names = names or [exhibit.columns[0].name]
    return [" | ".join(_text(row[name]) for name in names) for row in exhibit.frame.to_dict("records")]


def _text(value: object) -> str:
    if isinstance(value, str | Message):
        return plain(value, "en")
    return "" if is_missing(value) else str(value)


def _totals(frame: pd.DataFrame) -> list[int]:
    if "is_total" not in frame:
        return []
    return [place for place, is_total in enumerate(frame["is_total"].fillna(False).astype(bool)) if is_total]
