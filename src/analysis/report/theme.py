"""The look of all charts: colours, weights, and a sheet of paper measured in px, drawn without any global state."""

from __future__ import annotations

import math
from collections.abc import Iterable

from matplotlib.axes import Axes
from matplotlib.figure import Figure

from analysis.report.texts import AXIS_SIZE, LABEL_SIZE, clean, text_width

INK, INK_2, INK_3 = "#16202b", "#46525e", "#616c77"
RULE, HAIR, WASH, BAND, PAPER = "#c3cad1", "#e3e7eb", "#f4f6f8", "#e6eaee", "#ffffff"
BLUE, BLUE_2, BLUE_3 = "#14508c", "#cfdeed", "#8db1d6"
OCHRE, OCHRE_2, BRICK = "#94640a", "#efe2c8", "#a3301a"

WIDE, NARROW = 720, 342
PX_PER_INCH = 72  # matplotlib writes SVG in points, so that one point is one px of the viewBox
BASELINE = 4.5  # from the middle of a row down to the baseline of its label
DASH_LIMIT, DASH_SERIES = (0, (3, 3)), (0, (6, 3))
RC = {
    "font.family": ["DejaVu Sans"],
    "lines.solid_capstyle": "butt",
    "path.simplify": False,
    "svg.fonttype": "none",
    "svg.hashsalt": "bank-customer-research",
    "text.parse_math": False,
    "text.usetex": False,
}


def is_narrow(width: int) -> bool:
    """Whether this is the telephone's version."""
    return width < (WIDE + NARROW) / 2


def sheet(width: int, height: float) -> tuple[Figure, Axes]:
    """A figure and an empty layer above all panels whose coordinates are px from its top left corner."""
    figure = Figure(figsize=(width / PX_PER_INCH, height / PX_PER_INCH), dpi=PX_PER_INCH, frameon=False)
    paper = _bare_axes(figure, (0, 0, 1, 1), (0, width), (height, 0))
    paper.set_zorder(1)
    return figure, paper


def panel(
    figure: Figure, left: float, top: float, right: float, bottom: float, x: tuple[float, float], y: tuple | None = None
) -> Axes:
    """Axes between these px, `x` from left to right; `y` from bottom to top, or else in px of the sheet."""
    width, height = figure.get_size_inches() * PX_PER_INCH
    box = (left / width, 1 - bottom / height, (right - left) / width, (bottom - top) / height)
    return _bare_axes(figure, box, x, y or (bottom, top))


def _bare_axes(figure: Figure, box: tuple, x: tuple, y: tuple) -> Axes:
    axes = figure.add_axes(box, xlim=x, ylim=y)
    axes.set_axis_off()
    return axes


def write(
    axes: Axes, x: float, y: float, text: str, color: str = INK, anchor: str = "left", size: float = LABEL_SIZE,
    bold: bool = False,
) -> None:  # fmt: skip
    """Text on its baseline, anchored left, center or right: nothing depends on the width of this machine's letters."""
    weight = "bold" if bold else "normal"
    axes.text(x, y, clean(text), color=color, ha=anchor, va="baseline", size=size, weight=weight, clip_on=False)


def write_small(axes: Axes, x: float, y: float, text: str, anchor: str = "left", color: str = INK_3) -> None:
    """An axis label or a column's head."""
    write(axes, x, y, text, color, anchor, AXIS_SIZE)


def rule(axes: Axes, y: float, left: float, right: float, color: str = HAIR) -> None:
    """A horizontal line of one px, in the coordinates of `axes`."""
    axes.plot((left, right), (y, y), color=color, linewidth=1, clip_on=False)


def held_within(x: float, text: str, width: float) -> float:
    """The middle of an axis label: on its tick unless it would leave the sheet."""
    half = text_width(text, AXIS_SIZE) / 2
    return max(half, min(x, width - half))


def spread(wanted: Iterable[float], gap: float, low: float = -math.inf, high: float = math.inf) -> list[float]:
    """The positions moved as little as needed to lie `gap` apart and, where there is room, within low-high."""
    wanted = list(wanted)
    order = sorted(range(len(wanted)), key=wanted.__getitem__)
    groups: list[list[int]] = []
    for index in order:
        groups.append([index])
        while len(groups) > 1 and _start(groups[-1], wanted, gap) < _end(groups[-2], wanted, gap) + gap:
            groups[-2:] = [groups[-2] + groups[-1]]
    placed = dict.fromkeys(order, 0.0)
    for group in groups:
        start = _start(group, wanted, gap)
        placed.update({index: start + gap * place for place, index in enumerate(group)})
    return _held(placed, order, gap, low, high)


def _start(group: list[int], wanted: list[float], gap: float) -> float:
    return sum(wanted[index] for index in group) / len(group) - gap * (len(group) - 1) / 2


def _end(group: list[int], wanted: list[float], gap: float) -> float:
    return _start(group, wanted, gap) + gap * (len(group) - 1)


def _held(placed: dict[int, float], order: list[int], gap: float, low: float, high: float) -> list[float]:
    room = high
    for index in reversed(order):
        placed[index] = min(placed[index], room)
        room = placed[index] - gap
    room = low
    for index in order:
        placed[index] = max(placed[index], room)
        room = placed[index] + gap
    return [placed[index] for index in range(len(order))]
