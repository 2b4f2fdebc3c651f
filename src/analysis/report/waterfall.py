"""A waterfall on its side: from one total over its parts to another, each with its interval; it reads as a table without its marks."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from analysis.finding import Exhibit
from analysis.report.row_layout import (
    AXIS_DROP,
    AXIS_HEIGHT,
    COLUMN_GAP,
    HEAD_HEIGHT,
    HEAD_LINE,
    LABEL_WIDTHS,
    LEAST_PLOT,
    MOST_TICKS,
    ROW_HEIGHT,
    TALL_ROW,
    Row,
    TextColumn,
    make_rows,
    write_lines,
)
from analysis.report.scales import extent, finite, fitting_ticks
from analysis.report.texts import bare, interval_text, is_missing, plain, reading, text_width
from analysis.report.theme import (
    BASELINE,
    BLUE_3,
    HAIR,
    INK,
    INK_2,
    INK_3,
    PAPER,
    RULE,
    is_narrow,
    panel,
    rule,
    sheet,
    write,
    write_small,
)
from analysis.wording import say

INDENT = 12
BAR_HEIGHT = 14
TOTAL, HEAD, PART = "total", "head", "part"
PARTS_UNIT = "points.2"


def draw_waterfall(exhibit: Exhibit, width: int, language: str) -> Figure:
    """Totals as dots, parts as bars from where the part before ends, an interval over each; sums of parts as text alone."""
    narrow = is_narrow(width)
    frame = placed(exhibit.frame)
    indents = [INDENT if kind == PART else 0 for kind in frame["kind"]]
    widest = max(
        text_width(plain(label, language), bold=True) + indent for label, indent in zip(frame["label"], indents, strict=True)
    )
    label_width = min(LABEL_WIDTHS[narrow][1], widest)
    rows = make_rows(frame, language, label_width - INDENT, narrow, least=TALL_ROW if narrow else ROW_HEIGHT)
    columns, plot_right = _columns(rows, exhibit.unit, width, language, narrow)
    plot_left = label_width + COLUMN_GAP[narrow] * 0.7
    figure, paper = sheet(width, rows[-1].bottom + AXIS_HEIGHT)
    limits = extent(finite(*(frame[name] for name in ("start", "end", "from", "to"))))
    plot = panel(figure, plot_left, HEAD_HEIGHT, max(plot_right, plot_left + LEAST_PLOT), rows[-1].bottom, limits)
    _draw_grid(plot, exhibit, language, rows, plot_right - plot_left)
    _draw_table(paper, rows, columns, indents, width)
    for before, row in zip([None, *rows], rows, strict=False):
        _draw_mark(plot, row, before, rows)
    return figure


def describe_waterfall(exhibit: Exhibit, language: str) -> Iterator[str]:
    """`Mix +0.30 points (+0.03 to +0.57)`, row by row."""
    for cells in exhibit.frame.to_dict("records"):
        is_total = cells["kind"] == TOTAL
        words = reading(
            cells["label"],
            cells["value"],
            cells.get("low"),
            cells.get("high"),
            exhibit.unit if is_total else PARTS_UNIT,
            language,
        )
        yield words if is_total else plain(say("{reading} points", reading=words), language)


def placed(frame: pd.DataFrame) -> pd.DataFrame:
    """Where each row's mark starts and ends, and its interval (from, to): a part starts where those before it have led; a sum of
    parts has no mark."""
    reached, made = 0.0, []
    for cells in frame.to_dict("records"):
        start = 0.0 if cells["kind"] == TOTAL else reached
        end = start + cells["value"]
        low, high = (np.nan if is_missing(cells.get(name)) else start + cells[name] for name in ("low", "high"))
        if cells["kind"] == HEAD:
            start = end = low = high = np.nan
        else:
            reached = end
        made.append({"start": end if cells["kind"] == TOTAL else start, "end": end, "from": low, "to": high})
    return pd.concat([frame.reset_index(drop=True), pd.DataFrame(made)], axis=1)


def _columns(rows: list[Row], total_unit: str, width: int, language: str, narrow: bool) -> tuple[list[TextColumn], float]:
    """Value and interval, each row in its own unit; on the telephone the interval stands below the value."""
    units = [total_unit if row.is_total else PARTS_UNIT for row in rows]
    values = [
        bare(row.get("value"), unit, language) + ("%" if row.is_total else "") for row, unit in zip(rows, units, strict=True)
    ]
    intervals = [interval_text(row.get("low"), row.get("high"), unit, language) for row, unit in zip(rows, units, strict=True)]
    head, interval_head = plain(say("points"), language), plain(say("95% interval"), language)
    if narrow:
        column = TextColumn("value", [head, plain(say("95% int."), language)], values, float(width), tuple(intervals))
        return [column], width - column.width - COLUMN_GAP[narrow]
    if not any(intervals):
        return [TextColumn("value", [head], values, float(width))], width - LEAST_PLOT - COLUMN_GAP[narrow]
    last = TextColumn("interval", [interval_head], intervals, float(width))
    first = TextColumn("value", [head], values, width - last.width - COLUMN_GAP[narrow])
    return [first, last], first.right - first.width - COLUMN_GAP[narrow]


def _draw_table(paper: Axes, rows: list[Row], columns: list[TextColumn], indents: list[int], width: int) -> None:
    for column in columns:
        for line, text in enumerate(reversed(column.head)):
            write_small(paper, column.right, HEAD_HEIGHT - 10 - HEAD_LINE * line, text, "right")
    for number, row in enumerate(rows):
        kind = row.get("kind")
        rule(paper, row.top, 0, width, INK if not number else HAIR if kind == PART else RULE)
        write_lines(paper, indents[number], row, bold=kind != PART)
        color = INK_3 if row.get("is_noise") and kind != TOTAL else INK
        for column in columns:
            below = column.below[number] if column.below else ""
            y = row.y + BASELINE - (HEAD_LINE / 2 if below else 0)
            is_bold = column.name == "value" and kind != PART and color == INK
            write(paper, column.right, y, column.texts[number], color if column.name == "value" else INK_2, "right", bold=is_bold)
            if below:
                write_small(paper, column.right, row.y + BASELINE + HEAD_LINE / 2, below, "right")
    rule(paper, rows[-1].bottom, 0, width, INK)


def _draw_grid(plot: Axes, exhibit: Exhibit, language: str, rows: list[Row], room: float) -> None:
    at, labels = fitting_ticks(plot.get_xlim(), room, exhibit.unit, language, MOST_TICKS)
    plot.vlines(at, HEAD_HEIGHT, rows[-1].bottom, color=HAIR, linewidth=1, zorder=0, clip_on=False)
    for tick, label in zip(at, labels, strict=True):
        write_small(plot, tick, rows[-1].bottom + AXIS_DROP, label, "center")


def _draw_mark(plot: Axes, row: Row, before: Row | None, rows: list[Row]) -> None:
    if row.get("kind") == HEAD:
        return
    marked = [other for other in rows if other.y < row.y and other.get("kind") != HEAD]
    if before is not None and marked:
        plot.vlines(marked[-1].get("end"), marked[-1].y, row.y, color=INK_3, linewidth=1, zorder=1, clip_on=False)
    noise = bool(row.get("is_noise")) and not row.is_total
    if not row.is_total:
        plot.barh(
            row.y, row.get("end") - row.get("start"), BAR_HEIGHT, left=row.get("start"), color=PAPER if noise else BLUE_3,
            edgecolor=INK_3, linewidth=1 if noise else 0, clip_on=False, zorder=2,
        )  # fmt: skip
    if row.get("from") is not None:
        plot.hlines(row.y, row.get("from"), row.get("to"), color=INK_3 if noise else INK, linewidth=1.5, clip_on=False, zorder=3)
    if row.is_total:
        plot.plot(
            row.get("end"),
            row.y,
            linestyle="none",
            marker="o",
            markersize=10,
            color=INK,
            markeredgewidth=0,
            clip_on=False,
            zorder=4,
        )
