"""Curves over time or over a number: survival steps, trends, calibration; each named at its end."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from analysis.finding import Exhibit
from analysis.report.curve_ends import End
from analysis.report.scales import DATE_UNITS, as_numbers, finite, fitting_ticks, round_out, tick_labels
from analysis.report.texts import AXIS_SIZE, listing, plain, reading, shorten, text_width, with_unit
from analysis.report.theme import (
    BAND,
    BASELINE,
    BLUE,
    BLUE_2,
    DASH_LIMIT,
    DASH_SERIES,
    HAIR,
    INK,
    INK_2,
    INK_3,
    OCHRE,
    OCHRE_2,
    held_within,
    is_narrow,
    panel,
    rule,
    sheet,
    spread,
    write,
    write_small,
)  # fmt: skip
from analysis.wording import say

STYLES = (
    (BLUE, BLUE_2, 2.75, "-"), (OCHRE, OCHRE_2, 2, "-"), (INK_2, BAND, 1.75, DASH_SERIES), (INK, BAND, 1.75, "-"),
    (BLUE, BLUE_2, 1.75, DASH_LIMIT), (OCHRE, OCHRE_2, 1.75, DASH_LIMIT),
)  # fmt: skip
LIMITS = (INK_3, BAND, 1, DASH_LIMIT)  # the range that chance explains is no series of its own
TOP, LABEL_GAP, END_GAP = 26, 16, 10
HEIGHTS = {False: 290, True: 260}
END_WIDTHS = {False: 190, True: 112}
ALL_POINTS = 24  # a line of at most so many points is told point by point in its description
MOST_DATES, MOST_TICKS = 5, 9


@dataclass(frozen=True)
class Curve:
    """A series: its name, its style, and x, value, low and high as arrays of one length."""

    name: str
    style: tuple
    x: np.ndarray
    value: np.ndarray
    low: np.ndarray
    high: np.ndarray

    @property
    def last(self) -> float:
        shown = self.value[np.isfinite(self.value)]
        return float(shown[-1]) if len(shown) else float("nan")


def draw_steps(exhibit: Exhibit, width: int, language: str) -> Figure:
    """Steps that hold their value until the next time."""
    return _draw(exhibit, width, language, is_steps=True)


def draw_lines(exhibit: Exhibit, width: int, language: str) -> Figure:
    """Straight lines; with `options["diagonal"]`, dots against the line on which both axes agree."""
    return _draw(exhibit, width, language, is_steps=False)


def describe_curves(exhibit: Exhibit, language: str) -> Iterator[str]:
    """Each series' points, or where there are many of them the first and the last."""
    x_name = _x_name(exhibit)
    for series, frame in exhibit.frame.groupby("series", sort=False, dropna=False):
        shown = frame[frame["value"].notna()]
        shown = shown if len(shown) <= ALL_POINTS and x_name == "x" else shown.iloc[[0, -1]] if len(shown) else shown
        points = [
            reading(with_unit(row[x_name], exhibit.x_unit, language), row["value"], row.get("low"), row.get("high"),
                    exhibit.unit, language)
            for row in shown.to_dict("records")
        ]  # fmt: skip
        words = listing(points, language).rstrip(".。")
        yield say("{label}: {points}", label=plain(series, language), points=words).render(language)


def _x_name(exhibit: Exhibit) -> str:
    return "time" if "time" in exhibit.frame else "x"


def _curves(exhibit: Exhibit, language: str) -> list[Curve]:
    groups = list(exhibit.frame.groupby("series", sort=False, dropna=False))
    if len(groups) > len(STYLES):
        raise ValueError(f"exhibit {exhibit.name}: {len(groups)} series, but at most {len(STYLES)} can be told apart")
    x_name = _x_name(exhibit)
    made, styles = [], iter(STYLES)
    for series, frame in groups:
        style = LIMITS if "is_limits" in frame and frame["is_limits"].all() else next(styles)
        frame = frame.assign(x=as_numbers(frame[x_name], exhibit.x_unit)).sort_values("x")
        ends = (_floats(frame, name) for name in ("value", "low", "high"))
        made.append(Curve(plain(series, language), style, frame["x"].to_numpy(float), *ends))
    return made


def _floats(frame: pd.DataFrame, name: str) -> np.ndarray:
    column = frame[name] if name in frame else pd.Series(np.nan, index=frame.index)
    return pd.to_numeric(column).to_numpy(float)


def _draw(exhibit: Exhibit, width: int, language: str, is_steps: bool) -> Figure:
    narrow, curves = is_narrow(width), _curves(exhibit, language)
    ends = _ends(curves, exhibit, language, narrow)
    bottom = TOP + HEIGHTS[narrow]
    figure, paper = sheet(width, bottom + (46 if exhibit.x_label else 28))
    at = _y_ticks(exhibit, curves)
    labels = tick_labels(at, exhibit.unit, language)
    left, right = (
        max(text_width(label, AXIS_SIZE) for label in labels) + 10,
        width - END_GAP - max(end.width for _, _, end in ends),
    )
    x_limits = _x_limits(exhibit, curves)
    grid = panel(figure, 0, TOP, right, bottom, (0, right), (at[0], at[-1]))
    plot = panel(figure, left, TOP, right, bottom, x_limits, (at[0], at[-1]))
    draw_y_grid(grid, at, labels)
    if exhibit.reference is not None:
        grid.plot((0, right), (exhibit.reference,) * 2, color=INK_3, linewidth=1, linestyle=DASH_LIMIT, clip_on=False)
    draw_x_axis(plot, paper, exhibit, language, MOST_DATES if exhibit.x_unit in DATE_UNITS else MOST_TICKS)
    _draw_curves(plot, curves, is_steps, bool(exhibit.options.get("diagonal")))
    _write_ends(plot, paper, ends)
    return figure


def _y_ticks(exhibit: Exhibit, curves: list[Curve]) -> list[float]:
    reference = [] if exhibit.reference is None else [exhibit.reference]
    columns = [column for curve in curves for column in (curve.value, curve.low, curve.high)]
    values = finite(*columns, reference)
    if exhibit.options.get("diagonal"):
        values = finite(values, *[curve.x for curve in curves])
    if not len(values):
        return [0.0, 1.0]
    return round_out(float(values.min()), float(values.max()), exhibit.unit)


def _x_limits(exhibit: Exhibit, curves: list[Curve]) -> tuple[float, float]:
    if exhibit.options.get("diagonal"):
        at = _y_ticks(exhibit, curves)
        return at[0], at[-1]
    every = finite(*[curve.x for curve in curves])
    low, high = float(every.min()), float(every.max())
    return (low, high) if high > low else (low - 1, high + 1)


def draw_y_grid(grid: Axes, at: list[float], labels: list[str]) -> None:
    """Horizontal lines with their labels above them at the left end; the lowest is the axis."""
    left, right = grid.get_xlim()
    up = 5 * (at[-1] - at[0]) / grid.bbox.height
    for tick, label in zip(at, labels, strict=True):
        rule(grid, tick, left, right, INK if tick == at[0] else HAIR)
        write_small(grid, left, tick + up, label)


def draw_x_axis(plot: Axes, paper: Axes, exhibit: Exhibit, language: str, most: int) -> None:
    """Short strokes and labels below `plot`, and what they measure."""
    limits, width, bottom = plot.get_xlim(), paper.get_xlim()[1], paper.bbox.height - plot.bbox.y0
    at, labels = fitting_ticks(limits, plot.bbox.width, exhibit.x_unit, language, most)
    for tick, label in zip(at, labels, strict=True):
        x = plot.transData.transform((tick, 0))[0]
        paper.vlines(x, bottom, bottom + 5, color=INK, linewidth=1, clip_on=False)
        write_small(paper, held_within(x, label, width), bottom + 19, label, "center")
    if exhibit.x_label is not None:
        write_small(paper, 0, bottom + 39, plain(exhibit.x_label, language))


def _draw_curves(plot: Axes, curves: list[Curve], is_steps: bool, is_diagonal: bool) -> None:
    if is_diagonal:
        plot.plot(plot.get_xlim(), plot.get_xlim(), color=INK_3, linewidth=1, linestyle=DASH_LIMIT, clip_on=False)
    for curve in reversed(curves):
        _draw_band(plot, curve, is_steps, is_diagonal)
    for curve in reversed(curves):
        color, _, weight, dash = curve.style
        where = {"drawstyle": "steps-post"} if is_steps else {}
        if len(curve.x) > 1:
            plot.plot(
                curve.x,
                curve.value,
                color=color,
                linewidth=1.5 if is_diagonal else weight,
                linestyle=dash,
                clip_on=False,
                **where,
            )
        if is_diagonal or len(curve.x) == 1:
            plot.plot(curve.x, curve.value, "o", color=color, markersize=7, markeredgewidth=0, clip_on=False)


def _draw_band(plot: Axes, curve: Curve, is_steps: bool, is_diagonal: bool) -> None:
    if is_diagonal:
        plot.vlines(curve.x, curve.low, curve.high, color=curve.style[0], linewidth=1.5, clip_on=False)
    elif np.isfinite(curve.low).any():
        step = "post" if is_steps else None
        plot.fill_between(curve.x, curve.low, curve.high, step=step, color=curve.style[1], alpha=0.7, linewidth=0, clip_on=False)


def _ends(curves: list[Curve], exhibit: Exhibit, language: str, narrow: bool) -> list[tuple[float, str, End]]:
    is_diagonal = bool(exhibit.options.get("diagonal"))
    is_named = is_diagonal or not narrow or len(curves) > 1
    most = END_WIDTHS[narrow]
    made = []
    for curve in curves:
        number = "" if is_diagonal else with_unit(curve.last, exhibit.unit, language)
        made.append((curve.last, curve.style[0], End(number, curve.name if is_named else "", most)))
    if exhibit.reference is None or exhibit.reference_label is None:
        return made
    return [*made, (exhibit.reference, INK_3, End("", plain(exhibit.reference_label, language), most))]


def _write_ends(plot: Axes, paper: Axes, placed: list[tuple[float, str, End]]) -> None:
    """The texts of `placed` (value, colour, end) beside the plot, moved apart where they would touch."""
    shown = [each for each in placed if np.isfinite(each[0])]
    height = paper.bbox.height
    wanted = [height - plot.transData.transform((0, value))[1] for value, _, _ in shown]
    most = max((end.lines for _, _, end in shown), default=1)
    x, lowest = plot.bbox.x1 + END_GAP, height - plot.bbox.y0 - 6 - (LABEL_GAP - 1) * (most - 1)
    for (_, color, end), y in zip(shown, spread(wanted, LABEL_GAP * most, TOP, lowest), strict=True):
        if end.number:
            write(paper, x, y + BASELINE, end.number, color, bold=True)
        for number, line in enumerate(end.below, 1):
            write(paper, x, y + BASELINE + (LABEL_GAP - 1) * number, line, color)
        if not end.is_tall:
            write(paper, x + end.beside, y + BASELINE, shorten(end.name, end.most), color)
