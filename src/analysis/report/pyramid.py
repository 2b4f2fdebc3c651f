"""Paired bars: two shares of each row, back to back."""

from __future__ import annotations

from collections.abc import Iterator

from matplotlib.axes import Axes
from matplotlib.figure import Figure

from analysis.finding import Exhibit
from analysis.report.row_layout import HEAD_HEIGHT, Row, ruled_sheet
from analysis.report.scales import finite
from analysis.report.texts import AXIS_SIZE, is_missing, plain, shorten, text_width, with_unit
from analysis.report.theme import BASELINE, BLUE, INK, INK_2, panel, write, write_small
from analysis.wording import say

LEFT_FILL = "#a9b3bd"
BAR_HEIGHT = 18
VALUE_GAP = 7


def draw_paired_bars(exhibit: Exhibit, width: int, language: str) -> Figure:
    """Left bars grey, right bars blue, on one scale; the number stands at each bar's end."""
    frame = exhibit.frame
    figure, paper, rows, label_width = ruled_sheet(frame, width, language)
    bottom = rows[-1].bottom
    number_width = max(_number_width(exhibit, side, language) for side in ("left", "right")) + VALUE_GAP
    start = label_width + 14
    middle = (start + width) / 2
    longest = max(finite(frame["left"], frame["right"]), default=1) or 1
    half = middle - start - number_width
    plot = panel(figure, middle - half, HEAD_HEIGHT, middle + half, bottom, (-longest, longest))
    for row in rows:
        for side in ("left", "right"):
            _draw_side(plot, row, side, exhibit.unit, language, VALUE_GAP * longest / half)
    plot.vlines(0, HEAD_HEIGHT, bottom, color=INK, linewidth=1, clip_on=False)
    for side, x, room, color in (("right", middle - 8, middle - 8, INK_2), ("left", middle + 8, width - middle - 8, BLUE)):
        head = plain(exhibit.options.get("left_label" if side == "right" else "right_label"), language)
        write_small(paper, x, HEAD_HEIGHT - 10, shorten(head, room, AXIS_SIZE), side, color)
    return figure


def describe_paired_bars(exhibit: Exhibit, language: str) -> Iterator[str]:
    """`Private banking: Customers 1.2%, Assets 20.4%`, row by row."""
    for row in exhibit.frame.to_dict("records"):
        words = {f"{side}_value": with_unit(row[side], exhibit.unit, language) for side in ("left", "right")}
        labels = {side: plain(exhibit.options.get(f"{side}_label"), language) for side in ("left", "right")}
        told = say("{label}: {left} {left_value}, {right} {right_value}", label=row["label"], **labels, **words)
        yield plain(told, language)


def _number_width(exhibit: Exhibit, side: str, language: str) -> float:
    return max(text_width(with_unit(value, exhibit.unit, language)) for value in exhibit.frame[side])


def _draw_side(plot: Axes, row: Row, side: str, unit: str, language: str, gap: float) -> None:
    if row.is_heading:
        return
    is_left = side == "left"
    value = row.get(side)
    length = 0 if is_missing(value) else -value if is_left else value
    plot.barh(row.y, length, BAR_HEIGHT, color=LEFT_FILL if is_left else BLUE, linewidth=0, clip_on=False)
    at, anchor = (length - gap, "right") if is_left else (length + gap, "left")
    write(plot, at, row.y + BASELINE, with_unit(value, unit, language), INK, anchor)
