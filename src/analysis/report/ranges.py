"""Range bars: how far a figure moves, row by row, from one common base (a tornado)."""

from __future__ import annotations

from collections.abc import Iterator

from matplotlib.axes import Axes
from matplotlib.figure import Figure

from analysis.finding import Exhibit
from analysis.report.pyramid import BAR_HEIGHT, LEFT_FILL, VALUE_GAP
from analysis.report.row_layout import HEAD_HEIGHT, LEAST_PLOT, Row, ruled_sheet
from analysis.report.scales import finite
from analysis.report.texts import is_missing, plain, shorten, text_width, with_unit
from analysis.report.theme import (
    BASELINE,
    BLUE,
    INK,
    INK_2,
    held_within,
    panel,
    write,
    write_small,
)
from analysis.wording import say

ENDS = ("low", "high")


def draw_ranges(exhibit: Exhibit, width: int, language: str) -> Figure:
    """Bars from the base (`value`) to `low` in grey and to `high` in blue, their numbers at the ends, the base at the top."""
    figure, paper, rows, label_width = ruled_sheet(exhibit.frame, width, language)
    bottom = rows[-1].bottom
    widest = max(text_width(_told(exhibit, row, end, language)) for row in rows for end in ENDS)
    room = min(widest, (width - label_width - 14 - LEAST_PLOT) / 2 - VALUE_GAP) + VALUE_GAP
    left, right = label_width + 14 + room, width - room
    low, high = _extent(exhibit)
    plot = panel(figure, left, HEAD_HEIGHT, right, bottom, (low, high))
    for row in rows:
        _draw_row(plot, exhibit, row, language, VALUE_GAP * (high - low) / (right - left), room - VALUE_GAP)
    _draw_base(paper, exhibit, language, (left, right), (low, high), bottom, width)
    return figure


def describe_ranges(exhibit: Exhibit, language: str) -> Iterator[str]:
    """`Cost: 42.1% to 47.9%, base 45.0%`, row by row."""
    for row in exhibit.frame.to_dict("records"):
        told = {name: with_unit(row[name], exhibit.unit, language) for name in ("low", "high", "value")}
        yield plain(say("{label}: {low} to {high}, base {value}", label=row["label"], **told), language)


def _extent(exhibit: Exhibit) -> tuple[float, float]:
    numbers = finite(*(exhibit.frame[name] for name in (*ENDS, "value")))
    low, high = min(numbers, default=0.0), max(numbers, default=1.0)
    return (low, high) if high > low else (low - 1, high + 1)


def _told(exhibit: Exhibit, row: Row, end: str, language: str) -> str:
    given = row.get(f"{end}_label")
    return (
        "" if row.is_heading else plain(given, language) if given is not None else with_unit(row.get(end), exhibit.unit, language)
    )


def _draw_row(plot: Axes, exhibit: Exhibit, row: Row, language: str, gap: float, room: float) -> None:
    if row.is_heading or is_missing(row.get("value")):
        return
    base = row.get("value")
    reach = {end: base if row.get(end) is None else row.get(end) for end in ENDS}
    for end, color in zip(ENDS, (LEFT_FILL, BLUE), strict=True):
        plot.barh(row.y, reach[end] - base, BAR_HEIGHT, left=base, color=color, linewidth=0, clip_on=False)
    places = (min(base, *reach.values()) - gap, "right"), (max(base, *reach.values()) + gap, "left")
    first_end = min(ENDS, key=reach.get)
    for end in ENDS:
        x, anchor = places[0 if end == first_end else 1]
        write(plot, x, row.y + BASELINE, shorten(_told(exhibit, row, end, language), room + 1), INK, anchor)


def _draw_base(paper: Axes, exhibit: Exhibit, language: str, across: tuple, scale: tuple, bottom: float, width: int) -> None:
    base = exhibit.reference if exhibit.reference is not None else float(exhibit.frame["value"].iloc[0])
    x = across[0] + (across[1] - across[0]) * (base - scale[0]) / (scale[1] - scale[0])
    paper.vlines(x, HEAD_HEIGHT, bottom, color=INK, linewidth=1)
    head = plain(say("Base {value}", value=with_unit(base, exhibit.unit, language)), language)
    write_small(paper, held_within(x, head, width), HEAD_HEIGHT - 10, head, "center", INK_2)
