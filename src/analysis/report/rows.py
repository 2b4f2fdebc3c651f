"""Row charts, which read as tables: label left, mark in the middle, value and interval in right-aligned columns."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace

import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.patches import Rectangle

from analysis.finding import Exhibit
from analysis.report.row_layout import (
    AXIS_DROP,
    AXIS_HEIGHT,
    COLUMN_GAP,
    HEAD_HEIGHT,
    HEAD_LINE,
    HEAD_LINES,
    LABEL_WIDTHS,
    LEAST_PLOT,
    LINE_HEIGHT,
    MOST_TICKS,
    ROW_HEIGHT,
    TALL_ROW,
    Row,
    TextColumn,
    make_rows,
    one_base,
    write_lines,
)
from analysis.report.scales import extent, finite, fitting_ticks
from analysis.report.texts import AXIS_SIZE, bare, interval_text, is_missing, plain, reading, text_width, wrap
from analysis.report.theme import (
    BASELINE,
    BLUE,
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
)  # fmt: skip
from analysis.wording import Message, say

VALUE_HEADS = {"share": say("%"), "points": say("points"), "score": say("Score"), "mark": say("Mean"),
               "ratio": say("Ratio"), "days": say("days"), "months": say("months")}  # fmt: skip


def draw_intervals(exhibit: Exhibit, width: int, language: str) -> Figure:
    """Dots with their intervals."""
    return _draw(exhibit, width, language, is_bars=False)


def draw_bars(exhibit: Exhibit, width: int, language: str) -> Figure:
    """Bars from zero, an interval drawn over them."""
    return _draw(exhibit, width, language, is_bars=True)


def describe_rows(exhibit: Exhibit, language: str) -> Iterator[str]:
    """`Affluent 10.4% (9.8% to 11.0%)`, row by row."""
    for cells in exhibit.frame.to_dict("records"):
        words = reading(cells["label"], cells["value"], cells.get("low"), cells.get("high"), exhibit.unit, language)
        base, note = cells.get("base"), cells.get("note")
        if not is_missing(base):
            words = say("{reading}, base {base:count}", reading=words, base=base).render(language)
        noted = say("{label}: {points}", label=words, points=plain(note, language))
        yield words if note is None or is_missing(note) else noted.render(language)


def _draw(exhibit: Exhibit, width: int, language: str, is_bars: bool) -> Figure:
    frame, narrow = exhibit.frame, is_narrow(width)
    least, most = LABEL_WIDTHS[narrow]
    labels = [plain(label, language) for label in frame["label"]]
    label_width = min(most, max(least, *map(text_width, labels)))
    plot_left = label_width + COLUMN_GAP[narrow] * 0.7
    rows = make_rows(frame, language, label_width, narrow, HEAD_HEIGHT - _head_overlap(exhibit))
    columns, plot_right = _place(_columns(exhibit, rows, language, narrow), width, plot_left, narrow)
    if any(column.below for column in columns):
        rows = make_rows(frame, language, label_width, narrow, rows[0].top, TALL_ROW)
    bottom = rows[-1].bottom
    base = _base_text(frame, language)
    is_base_below = text_width(base, AXIS_SIZE) > plot_left - COLUMN_GAP[narrow]
    figure, paper = sheet(width, bottom + AXIS_HEIGHT + (LINE_HEIGHT if is_base_below else 0))
    is_log = bool(exhibit.options.get("log"))
    values = _numbers(frame, exhibit.reference)
    limits = extent(values[values > 0] if is_log else values, from_zero=is_bars, is_log=is_log)
    plot = panel(figure, plot_left, HEAD_HEIGHT, plot_right, bottom, limits)
    if is_log:
        plot.set_xscale("log")
    _draw_table(paper, rows, columns, width, exhibit.reference)
    _draw_grid(plot, paper, exhibit, language, rows)
    for row in rows:
        if row.get("note") is not None and row.get("value") is None:
            _write_note(paper, plain(row.get("note"), language), plot_left, width, row)
        elif row.get("value") is not None:
            (_draw_bar if is_bars else _draw_dot)(plot, row, exhibit.reference)
    rule(paper, bottom, 0, width, INK)
    write_small(paper, 0, bottom + AXIS_DROP + (LINE_HEIGHT if is_base_below else 0), base)
    return figure


def _base_text(frame: pd.DataFrame, language: str) -> str:
    base = one_base(frame)
    return "" if base is None else plain(say("Base {n:count} each", n=base), language)


def _head_overlap(exhibit: Exhibit) -> float:
    """The first group's heading stands beside the columns' heads, unless the reference's label stands there."""
    is_grouped = "group" in exhibit.frame and not is_missing(exhibit.frame["group"].iloc[0])
    return ROW_HEIGHT if is_grouped and exhibit.reference_label is None else 0


def _columns(exhibit: Exhibit, rows: Sequence[Row], language: str, narrow: bool) -> list[TextColumn]:
    head = exhibit.options.get("value_label") or VALUE_HEADS.get(exhibit.unit)
    made = [_column("value", head, [_value_text(row, exhibit.unit, language) for row in rows], language, narrow)]
    intervals = [interval_text(row.get("low"), row.get("high"), exhibit.unit, language) for row in rows]
    if any(intervals):
        made.append(_column("interval", say("95% int.") if narrow else say("95% interval"), intervals, language, narrow))
    if "base" in exhibit.frame and not narrow and one_base(exhibit.frame) is None:
        bases = ["" if row.get("base") is None else bare(row.get("base"), "count", language) for row in rows]
        made.append(_column("base", say("Base"), bases, language, narrow))
    return made


def _column(name: str, head: Message | None, texts: list[str], language: str, narrow: bool) -> TextColumn:
    """A head wider than the numbers below it takes two lines on the telephone."""
    words = plain(head, language)
    least = max(text_width(word, AXIS_SIZE) for word in words.split() or [""])
    width = max(least, *map(text_width, texts))
    return TextColumn(name, wrap(words, width, AXIS_SIZE, HEAD_LINES) if narrow else [words], texts)


def _value_text(row: Row, unit: str, language: str) -> str:
    if row.cells is None or (row.get("value") is None and row.get("note") is not None):
        return ""
    return bare(row.get("value"), unit, language)


def _place(columns: list[TextColumn], width: int, plot_left: float, narrow: bool) -> tuple[list[TextColumn], float]:
    gap, right, placed = COLUMN_GAP[narrow], float(width), []
    for column in reversed(columns):
        placed.insert(0, replace(column, right=right))
        right -= column.width + gap
    if right - plot_left < LEAST_PLOT and len(columns) > 1:
        return _place(_fewer(columns), width, plot_left, narrow)
    return placed, right


def _fewer(columns: list[TextColumn]) -> list[TextColumn]:
    """Where columns have no room, the last goes; an interval goes below its value."""
    *others, last = columns
    if last.name != "interval":
        return others
    value = others[-1]
    head = [*value.head, *last.head]
    return [replace(value, head=head if len(head) <= HEAD_LINES else value.head, below=tuple(last.texts))]


def _numbers(frame: pd.DataFrame, reference: float | None):
    columns = [frame[name] for name in ("value", "low", "high") if name in frame]
    return finite(*columns, [] if reference is None else [reference])


def _draw_table(paper: Axes, rows: Sequence[Row], columns: Sequence[TextColumn], width: int, reference) -> None:
    for column in columns:
        for line, text in enumerate(reversed(column.head)):
            write_small(paper, column.right, HEAD_HEIGHT - 10 - HEAD_LINE * line, text, "right")
    for number, row in enumerate(rows):
        is_quiet = row.is_noise(reference) and not row.is_total
        if not row.is_heading:
            is_first = not any(not earlier.is_heading for earlier in rows[:number])
            rule(paper, row.top, 0, width, INK if is_first else RULE if row.opens or rows[number - 1].is_total else HAIR)
        write_lines(paper, row.indent, row, bold=row.is_heading or row.is_total)
        for column in columns:
            color = INK_3 if is_quiet else INK if column.name == "value" else INK_2
            is_bold = row.is_total and column.name == "value"
            below = column.below[number] if column.below else ""
            if column.texts[number]:
                y = row.y + BASELINE - (HEAD_LINE / 2 if below else 0)
                write(paper, column.right, y, column.texts[number], color, "right", bold=is_bold)
            if below:
                write_small(paper, column.right, row.y + BASELINE + HEAD_LINE / 2, below, "right")


def _write_note(paper: Axes, note: str, left: float, width: float, row: Row) -> None:
    lines = wrap(note, width - left)
    paper.add_patch(Rectangle((left - 4, row.top + 1), width - left + 4, row.height - 2, color=PAPER, linewidth=0))
    for number, line in enumerate(lines):
        write(paper, left, row.y + BASELINE + (number - (len(lines) - 1) / 2) * 14, line, INK_3)


def _draw_grid(plot: Axes, paper: Axes, exhibit: Exhibit, language: str, rows: Sequence[Row]) -> None:
    left, right = (plot.transAxes.transform((end, 0))[0] for end in (0, 1))
    is_log = bool(exhibit.options.get("log"))
    at, labels = fitting_ticks(plot.get_xlim(), right - left, exhibit.unit, language, MOST_TICKS, is_log)
    for top, bottom in _runs(rows):
        plot.vlines(at, top, bottom, color=HAIR, linewidth=1, zorder=0, clip_on=False)
        if exhibit.reference is not None:
            plot.vlines(exhibit.reference, top, bottom, color=INK_3, linewidth=1, zorder=1, clip_on=False)
    for tick, label in zip(at, labels, strict=True):
        write_small(plot, tick, rows[-1].bottom + AXIS_DROP, label, "center")
    if exhibit.reference is not None and exhibit.reference_label is not None:
        x = plot.transData.transform((exhibit.reference, 0))[0]
        text = plain(exhibit.reference_label, language)
        half = text_width(text, AXIS_SIZE) / 2
        anchor, at_x = ("right", right) if x + half > right else ("center", max(x, half))
        write_small(paper, at_x, HEAD_HEIGHT - 10, text, anchor)


def _runs(rows: Sequence[Row]) -> list[tuple[float, float]]:
    """Where rows follow each other without a heading between: the vertical lines stop at a heading."""
    runs: list[tuple[float, float]] = []
    for row, before in zip(rows, [None, *rows], strict=False):
        if row.is_heading:
            continue
        joined = before is not None and not before.is_heading
        runs = [*runs[:-1], (runs[-1][0], row.bottom)] if joined else [*runs, (row.top, row.bottom)]
    return runs


def _draw_dot(plot: Axes, row: Row, reference: float | None) -> None:
    noise = row.is_noise(reference)
    color = INK_3 if noise else INK if row.is_total else BLUE
    if row.get("low") is not None:
        weight = 1.5 if noise else 2.5 if row.is_total else 2
        plot.hlines(row.y, row.get("low"), row.get("high"), color=color, linewidth=weight, clip_on=False)
    plot.plot(
        row.get("value"), row.y, linestyle="none", marker="D" if row.is_total else "o", markersize=9 if noise or row.is_total else 10,
        markerfacecolor=PAPER if noise else color, markeredgecolor=color, markeredgewidth=1.5 if noise else 0, clip_on=False,
    )  # fmt: skip


def _draw_bar(plot: Axes, row: Row, reference: float | None) -> None:
    noise = row.is_noise(reference)
    fill = PAPER if noise else INK_3 if row.is_total else BLUE_3
    plot.barh(row.y, row.get("value"), 14, color=fill, edgecolor=INK_3, linewidth=1 if noise else 0, clip_on=False)
    if row.get("low") is not None:
        color = INK_3 if noise else INK
        plot.hlines(row.y, row.get("low"), row.get("high"), color=color, linewidth=1.5, clip_on=False)
