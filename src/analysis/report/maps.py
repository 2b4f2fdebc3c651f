"""Maps of two figures with intervals on both axes: which items lie in which quadrant round two averages."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property

import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.patches import Rectangle

from analysis.finding import Exhibit
from analysis.report.curves import draw_x_axis, draw_y_grid
from analysis.report.places import TEXT_HEIGHT, Box, near, place_names
from analysis.report.scales import finite, round_out, tick_labels
from analysis.report.texts import AXIS_SIZE, is_missing, plain, reading, shorten, text_width, with_unit, wrap
from analysis.report.theme import (
    BASELINE,
    BLUE,
    BRICK,
    DASH_LIMIT,
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
from analysis.wording import say

HEIGHTS = {False: 330, True: 280}
HEAD, LINE, AXIS = 20, 15, 46
MOST_TICKS, MOST_LINES = 5, 3
EDGE = 1.08
KEY_ROW, KEY_NUMBER, KEY_GAP = 24, 24, 14


@dataclass(frozen=True)
class Map:
    """An exhibit's rows laid out on a sheet of so many px: `room` is the plot's, between strips for the quadrants' names."""

    exhibit: Exhibit
    rows: list[dict]
    language: str
    width: int
    ticks: list[float]
    across: tuple[float, float]
    corners: list[list[str]]
    room: Box

    @property
    def foot(self) -> float:
        """The lower edge of the strip below the plot, where the axis stands."""
        return self.room.bottom + _strip(self.corners[2:])

    @cached_property
    def names(self) -> list[str]:
        return [plain(row["label"], self.language) for row in self.rows]

    @property
    def dots(self) -> list[tuple[float, float]]:
        return [(self.x(row["x"]), self.y(row["value"])) for row in self.rows]

    def x(self, value: float) -> float:
        low, high = self.across
        return self.room.left + (self.room.right - self.room.left) * (value - low) / (high - low)

    def y(self, value: float) -> float:
        low, high = self.ticks[0], self.ticks[-1]
        return self.room.bottom - (self.room.bottom - self.room.top) * (value - low) / (high - low)

    @cached_property
    def named(self) -> list[Box] | None:
        """Where the names stand; None where they have no room."""
        return place_names(self.names, self.dots, self.room)

    def is_watched(self, row: dict) -> bool:
        """Whether the row surely lies in the quadrant that needs attention."""
        watched = self.exhibit.options.get("watched")
        return watched is not None and not _is_noise(row) and row.get("quadrant") == watched

    def color(self, row: dict) -> str:
        return INK_2 if _is_noise(row) else BRICK if self.is_watched(row) else BLUE


def draw_map(exhibit: Exhibit, width: int, language: str) -> Figure:
    """Hollow grey dots not told apart; blue dots in a quadrant for sure, brick squares in the one to watch. Names beside the dots,
    or numbers with a key below where the names have no room."""
    made = _map(exhibit, width, language)
    room, is_keyed = made.room, made.named is None
    figure, paper = sheet(width, made.foot + AXIS + (KEY_ROW * (len(made.rows) + 1) + 12 if is_keyed else 0))
    labels = tick_labels(made.ticks, exhibit.unit, language)
    ends = made.ticks[0], made.ticks[-1]
    draw_y_grid(panel(figure, 0, room.top, room.right, room.bottom, (0, room.right), ends), made.ticks, labels)
    plot = panel(figure, room.left, room.top, room.right, room.bottom, made.across, ends)
    axis = panel(figure, room.left, room.top, room.right, made.foot, made.across)
    _draw_averages(plot, axis, exhibit)
    draw_x_axis(axis, paper, exhibit, language, MOST_TICKS)
    rule(paper, made.foot, room.left, room.right, INK)
    _write_heads(paper, made)
    _draw_points(plot, made)
    _write_names(paper, made)
    if is_keyed:
        _draw_key(paper, made)
    return figure


def describe_map(exhibit: Exhibit, language: str) -> Iterator[str]:
    """`Staff 19.4% (15.0% to 23.9%), 7.67 (7.56 to 7.78): important, marked low`, item by item, then the averages."""
    for row in _rows(exhibit.frame):
        up = reading(row["label"], row["value"], row.get("low"), row.get("high"), exhibit.unit, language)
        across = reading("", row["x"], row.get("x_low"), row.get("x_high"), exhibit.x_unit, language).strip()
        both = say("{first}, {second}", first=up, second=across)
        quadrant = plain(row.get("quadrant"), language)
        yield (say("{label}: {points}", label=both, points=quadrant) if quadrant else both).render(language)
    middle = exhibit.options.get("x_reference")
    if exhibit.reference is not None and middle is not None:
        up, across = with_unit(exhibit.reference, exhibit.unit, language), with_unit(middle, exhibit.x_unit, language)
        yield say("Averages {up}, {across}", up=up, across=across).render(language)


def _rows(frame: pd.DataFrame) -> list[dict]:
    return frame[frame["value"].notna() & frame["x"].notna()].to_dict("records")


def _map(exhibit: Exhibit, width: int, language: str) -> Map:
    rows = _rows(exhibit.frame)
    ticks = round_out(*_ends(rows, exhibit.reference, "value", "low", "high"), exhibit.unit, MOST_TICKS)
    left = max(text_width(label, AXIS_SIZE) for label in tick_labels(ticks, exhibit.unit, language)) + 10
    right = width - 1.0
    named = [plain(name, language) for name in exhibit.options.get("corners", ())]
    corners = [wrap(name, (right - left) / 2 - 6, AXIS_SIZE, MOST_LINES) for name in named]
    top = HEAD + _strip(corners[:2])
    room = Box(left, top, right, top + HEIGHTS[is_narrow(width)])
    return Map(exhibit, rows, language, width, ticks, _across(rows, exhibit), corners, room)


def _strip(corners: list[list[str]]) -> float:
    return max((len(lines) for lines in corners), default=0) * LINE + 6


def _ends(rows: list[dict], line: float | None, *names: str) -> tuple[float, float]:
    values = finite([row[name] for row in rows for name in names if name in row], [] if line is None else [line])
    return (float(values.min()), float(values.max())) if len(values) else (0.0, 1.0)


def _across(rows: list[dict], exhibit: Exhibit) -> tuple[float, float]:
    """As far to the left of the average as to the right, so that all quadrants have room for their names."""
    middle = exhibit.options.get("x_reference")
    low, high = _ends(rows, middle, "x", "x_low", "x_high")
    centre = (low + high) / 2 if middle is None else middle
    half = max(centre - low, high - centre) * EDGE
    half = half if centre + half > centre - half else 1.0
    return centre - half, centre + half


def _is_noise(row: dict) -> bool:
    return not is_missing(row.get("is_noise")) and bool(row["is_noise"])


def _draw_averages(plot: Axes, axis: Axes, exhibit: Exhibit) -> None:
    style = {"color": INK_3, "linewidth": 1, "linestyle": DASH_LIMIT, "clip_on": False}
    if exhibit.reference is not None:
        plot.plot(plot.get_xlim(), (exhibit.reference,) * 2, **style)
    if (middle := exhibit.options.get("x_reference")) is not None:
        bottom, _ = axis.get_ylim()
        axis.plot((middle,) * 2, (bottom, HEAD), **style)


def _write_heads(paper: Axes, made: Map) -> None:
    """What is measured upwards, and the quadrants' names above and below the plot."""
    write_small(paper, 0, AXIS_SIZE, plain(made.exhibit.options.get("y_label"), made.language))
    for number, lines in enumerate(made.corners):
        x, anchor = (made.room.left, "left") if number % 2 == 0 else (made.room.right, "right")
        top = HEAD if number < 2 else made.room.bottom
        for place, line in enumerate(lines, 1):
            write_small(paper, x, top + LINE * place - 1, line, anchor, INK_2)


def _draw_points(plot: Axes, made: Map) -> None:
    for row in made.rows:
        style = {"color": RULE if _is_noise(row) else made.color(row), "linewidth": 1.5, "clip_on": False}
        plot.plot((row.get("x_low"), row.get("x_high")), (row["value"],) * 2, **style)
        plot.plot((row["x"],) * 2, (row.get("low"), row.get("high")), **style)
    for row in made.rows:
        face, edge = (PAPER, INK_3) if _is_noise(row) else (made.color(row),) * 2
        marker, size = ("s", 9) if made.is_watched(row) else ("o", 8)
        style = {"markerfacecolor": face, "markeredgecolor": edge, "markeredgewidth": 1.5, "clip_on": False}
        plot.plot(row["x"], row["value"], marker, markersize=size, **style)


def _write_names(paper: Axes, made: Map) -> None:
    texts, places = made.names, made.named
    if places is None:
        texts = [str(number + 1) for number in range(len(texts))]
        places = place_names(texts, made.dots, made.room) or [next(near(*pair)) for pair in zip(texts, made.dots, strict=True)]
    for row, text, place in zip(made.rows, texts, places, strict=True):
        ground = (place.left, place.top), place.right - place.left, TEXT_HEIGHT
        paper.add_patch(Rectangle(*ground, facecolor=PAPER, alpha=0.8, linewidth=0))
        middle = (place.left + place.right) / 2, (place.top + place.bottom) / 2 + BASELINE
        write(paper, *middle, text, made.color(row), "center", bold=not _is_noise(row))


def _draw_key(paper: Axes, made: Map) -> None:
    """A row each number: name, and its figures at the right."""
    exhibit, language, width, top = made.exhibit, made.language, made.width, made.foot + AXIS
    heads = [plain(head, language) for head in (exhibit.x_label, exhibit.options.get("y_label"))]
    units = {"x": exhibit.x_unit, "value": exhibit.unit}
    texts = [[with_unit(row[name], unit, language) for name, unit in units.items()] for row in made.rows]
    wide = [max(text_width(head, AXIS_SIZE), *map(text_width, column)) for head, *column in zip(heads, *texts, strict=True)]
    rights = width - wide[1] - KEY_GAP, width
    for head, right in zip(heads, rights, strict=True):
        write_small(paper, right, top + KEY_ROW - 7, head, "right")
    for number, (row, name, figures) in enumerate(zip(made.rows, made.names, texts, strict=True), 1):
        y, style = top + KEY_ROW * (number + 0.5), {"color": made.color(row), "bold": not _is_noise(row)}
        rule(paper, y - KEY_ROW / 2, 0, width, HAIR if number > 1 else INK)
        write(paper, 0, y + BASELINE, str(number), **style)
        write(paper, KEY_NUMBER, y + BASELINE, shorten(name, rights[0] - wide[0] - KEY_GAP - KEY_NUMBER), **style)
        for figure, right in zip(figures, rights, strict=True):
            write(paper, right, y + BASELINE, figure, INK, "right")
    rule(paper, top + KEY_ROW * (len(made.rows) + 1), 0, width, INK)
