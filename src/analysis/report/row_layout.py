"""The rows of a chart that reads as a table: where each stands, how high it is, and its label."""

from __future__ import annotations

from dataclasses import dataclass

import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from analysis.report.texts import AXIS_SIZE, is_missing, plain, text_width, wrap
from analysis.report.theme import BASELINE, HAIR, INK, is_narrow, rule, sheet, write, write_small
from analysis.wording import say

ROW_HEIGHT, TALL_ROW, LINE_HEIGHT, GROUP_GAP = 31, 41, 17, 12
HEAD_HEIGHT, AXIS_HEIGHT, AXIS_DROP = 34, 30, 19
LABEL_WIDTHS = {False: (110, 230), True: (64, 118)}
LABEL_LINES = {False: 3, True: 4}
HEAD_LINE, HEAD_LINES = 14, 2
INDENT = 16  # of the parts of a total that stands above them
COLUMN_GAP = {False: 24, True: 10}
LEAST_PLOT, MOST_TICKS = 70, 5
FOOT = 8


@dataclass(frozen=True)
class Row:
    """One row of the sheet: `y` is its middle in px, `height` its own; a group's heading has no `cells`. `foot` is a small
    line beneath the label; a part below its total is indented."""

    lines: list[str]
    y: float
    height: float
    cells: dict[str, object] | None
    opens: bool = False
    foot: str = ""
    indent: int = 0

    def get(self, name: str) -> object:
        """The row's value, None where the frame has no such column or nothing in it."""
        value = (self.cells or {}).get(name)
        return None if is_missing(value) else value

    @property
    def top(self) -> float:
        return self.y - self.height / 2

    @property
    def bottom(self) -> float:
        return self.y + self.height / 2

    @property
    def is_heading(self) -> bool:
        return self.cells is None

    @property
    def is_total(self) -> bool:
        return self.get("kind") == "total"

    def is_noise(self, reference: float | None) -> bool:
        """Whether the row lies within noise: as its study says (`is_noise`), else where its interval contains the reference."""
        if (said := self.get("is_noise")) is not None:
            return bool(said)
        low, high = self.get("low"), self.get("high")
        return None not in (reference, low, high) and low <= reference <= high


@dataclass(frozen=True)
class TextColumn:
    """A right-aligned column of texts whose right edge stands at `right` px, the lines of its head above it; `below` each text
    may stand a small one."""

    name: str
    head: list[str]
    texts: list[str]
    right: float = 0.0
    below: tuple[str, ...] = ()

    @property
    def width(self) -> float:
        return max([*(text_width(line, AXIS_SIZE) for line in (*self.head, *self.below)), *map(text_width, self.texts)])


def ruled_sheet(frame: pd.DataFrame, width: int, language: str) -> tuple[Figure, Axes, list[Row], float]:
    """A sheet with a line of text and rules for each row, nothing drawn in them yet; its paper, rows and width of labels in px."""
    narrow = is_narrow(width)
    label_width = min(LABEL_WIDTHS[narrow][1], max(text_width(plain(label, language)) for label in frame["label"]))
    rows = make_rows(frame, language, label_width, narrow)
    figure, paper = sheet(width, rows[-1].bottom + FOOT)
    for number, row in enumerate(rows):
        rule(paper, row.top, 0, width, HAIR if number else INK)
        write_lines(paper, 0, row, bold=row.is_heading)
    rule(paper, rows[-1].bottom, 0, width, INK)
    return figure, paper, rows, label_width


def make_rows(
    frame: pd.DataFrame, language: str, label_width: float, narrow: bool, top: float = HEAD_HEIGHT, least: float = ROW_HEIGHT
) -> list[Row]:
    """The frame's rows one under the other, each `least` px high, a heading before each group's first."""
    rows, y, group, indent = [], top, "", 0
    for cells in frame.to_dict("records"):
        name = plain(None if is_missing(cells.get("group")) else cells.get("group"), language)
        if name and name != group:
            y += GROUP_GAP if rows else 0
            rows.append(Row([name], y + ROW_HEIGHT / 2, ROW_HEIGHT, None))
            y += ROW_HEIGHT
        indent = INDENT if indent and cells.get("kind") == "part" else 0
        lines = wrap(plain(cells["label"], language), label_width - indent, lines=LABEL_LINES[narrow])
        foot = _own_base(frame, cells, language) if narrow else ""
        height = max(least, ROW_HEIGHT + LINE_HEIGHT * (len(lines) - 1 + bool(foot)))
        rows.append(Row(lines, y + height / 2, height, cells, opens=not rows or name != group, foot=foot, indent=indent))
        y, group, indent = y + height, name, INDENT if indent or cells.get("kind") == "total" else 0
    return rows


def _own_base(frame: pd.DataFrame, cells: dict[str, object], language: str) -> str:
    """On the telephone a row's base stands beneath its label: there is no room for a column."""
    if "base" not in frame or one_base(frame) is not None or is_missing(cells["base"]):
        return ""
    return plain(say("Base {n:count}", n=cells["base"]), language)


def one_base(frame: pd.DataFrame) -> float | None:
    """The base that all of several rows share: said once, below them."""
    bases = frame["base"].unique() if "base" in frame else []
    return bases[0] if len(bases) == 1 and len(frame) > 1 and not is_missing(bases[0]) else None


def write_lines(paper: Axes, x: float, row: Row, bold: bool = False) -> None:
    """A row's label, its lines centred on the row."""
    first = row.y - LINE_HEIGHT * (len(row.lines) - 1 + bool(row.foot)) / 2 + BASELINE
    for number, line in enumerate(row.lines):
        write(paper, x, first + number * LINE_HEIGHT, line, INK, bold=bold)
    if row.foot:
        write_small(paper, x, first + len(row.lines) * LINE_HEIGHT, row.foot)
