"""Path diagrams: constructs as boxes down a staircase; an arrow leaves its box to the right, turns, and comes down on its end.

Each arrow so has a bend of its own, where its number stands, and no line crosses a number."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property
from itertools import accumulate

import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.patches import Polygon, Rectangle

from analysis.finding import Exhibit
from analysis.report.texts import AXIS_SIZE, EM_BOLD, bare, interval_text, is_missing, plain, reading, text_width, wrap
from analysis.report.theme import BLUE, INK, INK_2, INK_3, OCHRE, PAPER, is_narrow, sheet, write, write_small
from analysis.wording import say

LABEL_MOST, COLUMN_MOST = {False: 170, True: 76}, {False: 170, True: 128}
LANE, INSET, PAD, TEXT_GAP = {False: 10, True: 6}, {False: 12, True: 7}, {False: 10, True: 6}, 5
LINE, GAP, HEAD = 16, 22, 7
THIN, THICKEST, DASH = 1.2, 4.5, (0, (4, 3))


@dataclass(frozen=True)
class Arrow:
    """An arrow between the constructs of two rows, its lanes (0: the highest of its row, the rightmost of its column) and words."""

    start: int
    end: int
    level: int
    lane: int
    words: list[str]
    value: float
    is_noise: bool


@dataclass(frozen=True)
class Staircase:
    """Where everything stands, in px: a row for each construct, a column for each to which an arrow leads."""

    labels: list[list[str]]
    feet: list[str]
    rights: list[float]
    widths: list[float]
    is_narrow: bool

    def right(self, row: int) -> float:
        """The right edge of a construct's box."""
        return self.rights[row]

    def turn(self, end: int, lane: int) -> float:
        """Where an arrow comes down."""
        return self.right(end) - INSET[self.is_narrow] - LANE[self.is_narrow] * lane

    def room(self, end: int, lane: int) -> float:
        """How wide an arrow's words may be."""
        return self.widths[end] - INSET[self.is_narrow] - LANE[self.is_narrow] * lane - 2 * TEXT_GAP

    def drop(self, level: int) -> float:
        """How far below the top of its row an arrow leaves."""
        return INSET[self.is_narrow] + LANE[self.is_narrow] * level

    def box(self, row: int, arrows: list[Arrow]) -> tuple[float, float]:
        """Width and height of a construct's box: for its words, and the arrows that come and go."""
        lines, foot = self.labels[row], self.feet[row]
        widest = max([text_width(line, bold=True) for line in lines] + [text_width(foot, AXIS_SIZE)])
        coming = max((self.right(row) - self.turn(row, arrow.lane) for arrow in arrows if arrow.end == row), default=0)
        going = max((self.drop(arrow.level) for arrow in arrows if arrow.start == row), default=0)
        wide = max(widest + 2 * PAD[self.is_narrow], coming + INSET[self.is_narrow])
        return min(wide, self.right(row)), max(LINE * (len(lines) + bool(foot)) + 12, going + INSET[self.is_narrow])


@dataclass(frozen=True)
class Drawing:
    """A staircase with its arrows, and the top of each row (the last: the foot of all)."""

    stairs: Staircase
    arrows: list[Arrow]

    @cached_property
    def tops(self) -> list[float]:
        tops = [1.0]
        for row in range(len(self.stairs.labels)):
            own = [arrow for arrow in self.arrows if arrow.start == row]
            words = max((self.stairs.drop(arrow.level) + LINE * len(arrow.words) + 4 for arrow in own), default=0)
            tops.append(tops[-1] + max(self.stairs.box(row, self.arrows)[1], words) + GAP)
        return tops


def draw_path(exhibit: Exhibit, width: int, language: str) -> Figure:
    """Boxes with R²; arrows as thick as their coefficient, which stands with its interval in the bend; thin, grey and dashed
    within noise, ochre below zero."""
    drawing = _drawing(exhibit, width, language)
    figure, paper = sheet(width, drawing.tops[-1] - GAP + 2)
    for arrow in drawing.arrows:
        _draw_arrow(paper, drawing, arrow)
    for row in range(len(drawing.stairs.labels)):
        _draw_box(paper, drawing, row)
    return figure


def describe_path(exhibit: Exhibit, language: str) -> Iterator[str]:
    """`Image → Expectation 0.58 (0.46 to 0.66)`, arrow by arrow, then `R² of Expectation 33.5% (…)`."""
    nodes, arrows = _split(exhibit.frame)
    labels = {row["source"]: plain(row["label"], language) for row in nodes}
    for row in arrows:
        ends = {"start": labels.get(row["source"], row["source"]), "end": labels.get(row["target"], row["target"])}
        label = say("{start} → {end}", **ends)
        yield reading(label, row["value"], row.get("low"), row.get("high"), exhibit.unit, language)
    for row in nodes:
        if not is_missing(row["value"]):
            label = say("R² of {label}", label=labels[row["source"]])
            yield reading(label, row["value"], row.get("low"), row.get("high"), "share", language)


def _split(frame: pd.DataFrame) -> tuple[list[dict], list[dict]]:
    rows = frame.to_dict("records")
    nodes, arrows = ([row for row in rows if row["part"] == part] for part in ("node", "arrow"))
    known = [row["source"] for row in nodes]
    missing = dict.fromkeys(row[end] for row in arrows for end in ("source", "target") if row[end] not in known)
    return nodes + [{"source": name, "label": name, "value": None} for name in missing], arrows


def _drawing(exhibit: Exhibit, width: int, language: str) -> Drawing:
    nodes, rows = _split(exhibit.frame)
    place = {row["source"]: number for number, row in enumerate(nodes)}
    ends = [(place[row["source"]], place[row["target"]]) for row in rows]
    if backward := [row["source"] for row, (start, end) in zip(rows, ends, strict=True) if start >= end]:
        raise ValueError(f"exhibit {exhibit.name}: arrows lead back from {', '.join(map(str, backward))}")
    coming = [sum(end == row for _, end in ends) for row in range(len(nodes))]
    stairs = _staircase(nodes, coming, width, language)
    return Drawing(stairs, [_arrow(row, end, ends, stairs, exhibit.unit, language) for row, end in zip(rows, ends, strict=True)])


def _staircase(nodes: list[dict], coming: list[int], width: int, language: str) -> Staircase:
    """`coming`: how many arrows come to each construct; the column of those with any is as wide as its lanes and words."""
    narrow = is_narrow(width)
    names = [plain(row["label"], language) for row in nodes]
    feet = ["" if is_missing(row["value"]) else plain(say("R² {value:share}", value=row["value"]), language) for row in nodes]
    left = [
        line for name, many in zip(names, coming, strict=True) if not many for line in wrap(name, LABEL_MOST[narrow], lines=3)
    ]
    first = max((text_width(line, bold=True) for line in left), default=0.0) + 2 * PAD[narrow]
    lanes = [LANE[narrow] * max(many - 1, 0) for many in coming]
    shared = (width - first - 1 - sum(lanes)) / max(sum(many > 0 for many in coming), 1)
    widths = [lane + min(shared, COLUMN_MOST[narrow]) if many else 0.0 for lane, many in zip(lanes, coming, strict=True)]
    rights = [first + right for right in accumulate(widths)]
    rights = [right if many else first for right, many in zip(rights, coming, strict=True)]
    room = [
        min(LABEL_MOST[False], (right - 2 * PAD[narrow]) / EM_BOLD) if many else LABEL_MOST[narrow]
        for right, many in zip(rights, coming, strict=True)
    ]
    labels = [wrap(name, most, lines=3) for name, most in zip(names, room, strict=True)]
    return Staircase(labels, feet, rights, widths, narrow)


def _arrow(row: dict, own: tuple[int, int], ends: list[tuple[int, int]], stairs: Staircase, unit: str, language: str) -> Arrow:
    level = sum(start == own[0] and end > own[1] for start, end in ends)
    lane = sum(end == own[1] and start < own[0] for start, end in ends)
    value, low, high = (bare(row.get(name), unit, language) for name in ("value", "low", "high"))
    interval = interval_text(row.get("low"), row.get("high"), unit, language)
    fits = text_width(interval, AXIS_SIZE) <= stairs.room(own[1], lane)
    words = [value] if not interval else [value, interval] if fits else [value, low, high]
    is_noise = row.get("is_noise")
    number = 0.0 if is_missing(row["value"]) else float(row["value"])
    return Arrow(*own, level, lane, words, number, not is_missing(is_noise) and bool(is_noise))


def _draw_arrow(paper: Axes, drawing: Drawing, arrow: Arrow) -> None:
    stairs = drawing.stairs
    level, end = drawing.tops[arrow.start] + stairs.drop(arrow.level), drawing.tops[arrow.end]
    turn = stairs.turn(arrow.end, arrow.lane)
    color = INK_3 if arrow.is_noise else OCHRE if arrow.value < 0 else BLUE
    thick = THIN if arrow.is_noise else THIN + (THICKEST - THIN) * min(abs(arrow.value), 1)
    line = (stairs.right(arrow.start), turn, turn), (level, level, end - HEAD + 1)
    paper.plot(*line, color=color, linewidth=thick, linestyle=DASH if arrow.is_noise else "-", clip_on=False)
    half = HEAD / 2 + thick / 4
    paper.add_patch(
        Polygon([(turn - half, end - HEAD - 1), (turn + half, end - HEAD - 1), (turn, end)], facecolor=color, linewidth=0)
    )
    first, *others = arrow.words
    write(paper, turn - TEXT_GAP, level + LINE, first, INK_3 if arrow.is_noise else INK, "right", bold=not arrow.is_noise)
    for number, text in enumerate(others, 2):
        write_small(paper, turn - TEXT_GAP, level + LINE * number - number, text, "right", INK_2)


def _draw_box(paper: Axes, drawing: Drawing, row: int) -> None:
    stairs, top = drawing.stairs, drawing.tops[row]
    width, height = stairs.box(row, drawing.arrows)
    left = stairs.right(row) - width if stairs.widths[row] else 1.0
    width = stairs.right(row) - left
    paper.add_patch(Rectangle((left, top), width, height, facecolor=PAPER, edgecolor=INK, linewidth=1.2))
    lines, foot = stairs.labels[row], stairs.feet[row]
    y = top + (height - LINE * (len(lines) + bool(foot))) / 2 + LINE - 4
    for number, line in enumerate(lines):
        write(paper, left + width / 2, y + LINE * number, line, INK, "center", bold=True)
    if foot:
        write_small(paper, left + width / 2, y + LINE * len(lines), foot, "center", INK_2)
