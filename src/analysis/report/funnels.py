"""Funnel plots: each unit's rate against its size, with the limits within which chance alone would leave it."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from analysis.finding import Exhibit
from analysis.report.curves import HEIGHTS, LABEL_GAP, TOP, draw_x_axis, draw_y_grid
from analysis.report.scales import finite, round_out, tick_labels
from analysis.report.texts import AXIS_SIZE, plain, reading, shorten, text_width, with_unit
from analysis.report.theme import (
    BASELINE,
    BLUE,
    BRICK,
    DASH_LIMIT,
    INK,
    INK_3,
    PAPER,
    is_narrow,
    panel,
    sheet,
    spread,
    write,
)  # fmt: skip
from analysis.wording import say

WITHIN_FILL = "#f1f3f5"
LIMITS = ("low998", "low95", "high95", "high998")
MOST_NAMES = {False: 10, True: 5}
NAME_WIDTHS = {False: 190, True: 120}
NAME_GAP, ABOVE_AXIS = 10, 9  # px from a dot to its name; from the axis to the middle of a name on it
MOST_SIZES, MOST_RATES = 5, 6
RIGHT = {False: 120, True: 56}


def draw_funnel(exhibit: Exhibit, width: int, language: str) -> Figure:
    """Hollow grey dots within the limits; outside them, brick squares on the worse side, blue dots on the other."""
    narrow = is_narrow(width)
    units, limits = _parts(exhibit.frame)
    bottom, right = TOP + HEIGHTS[narrow] + 10, width - RIGHT[narrow]
    figure, paper = sheet(width, bottom + (46 if exhibit.x_label else 28))
    values = finite(units["value"], limits["value"])
    low, high = float(values.min()), float(values.max())
    near = finite(*[column[(column > low - (high - low) / 3) & (column < high + (high - low) / 3)]
                    for column in (limits[name] for name in LIMITS)])  # fmt: skip
    at = round_out(min((low, *near)), max((high, *near)), exhibit.unit, MOST_RATES)
    labels = tick_labels(at, exhibit.unit, language)
    left = max(text_width(label, AXIS_SIZE) for label in labels) + 10
    x_limits = _x_limits(units, limits)
    grid = panel(figure, 0, TOP, right, bottom, (0, right), (at[0], at[-1]))
    plot = panel(figure, left, TOP, right, bottom, x_limits, (at[0], at[-1]))
    draw_y_grid(grid, at, labels)
    _draw_limits(plot, limits)
    _draw_units(plot, units, exhibit.options.get("worse", "above"), narrow)
    draw_x_axis(plot, paper, exhibit, language, MOST_SIZES)
    _name_limits(plot, paper, limits, exhibit.unit, language, right, narrow)
    _name_outliers(plot, paper, units, exhibit, language, narrow)
    return figure


def describe_funnel(exhibit: Exhibit, language: str) -> Iterator[str]:
    """The centre, each outlier with its value, and how many lie within the limits."""
    units, limits = _parts(exhibit.frame)
    yield say("All {value}", value=with_unit(limits["value"].iloc[-1], exhibit.unit, language)).render(language)
    sides = {"above": say("Above the limits"), "below": say("Below the limits")}
    for side, words in sides.items():
        for unit in units[units["outside"] == side].to_dict("records"):
            told = reading(unit["label"], unit["value"], None, None, exhibit.unit, language)
            yield say("{side}: {unit}", side=words, unit=told).render(language)
    within = int((~units["outside"].isin(list(sides))).sum())
    yield say("Within the limits: {n:count}", n=within).render(language)


def _parts(frame: pd.DataFrame) -> tuple[pd.DataFrame, pd.DataFrame]:
    units = frame[(frame["part"] == "unit") & frame["value"].notna()]
    return units, frame[frame["part"] == "limit"].sort_values("size")


def _x_limits(units: pd.DataFrame, limits: pd.DataFrame) -> tuple[float, float]:
    sizes = finite(units["size"], limits["size"])
    return 0.0, float(sizes.max()) * 1.02


def _draw_limits(plot: Axes, limits: pd.DataFrame) -> None:
    low, high = plot.get_ylim()
    size, edges = limits["size"].to_numpy(float), limits[list(LIMITS)].astype(float)
    held = edges.clip(low, high)
    plot.fill_between(size, held["low998"], held["high998"], color=WITHIN_FILL, linewidth=0, zorder=0, clip_on=False)
    for name in LIMITS:
        inside = edges[name].where(edges[name].between(low, high))
        style = DASH_LIMIT if name.endswith("95") else "-"
        plot.plot(size, inside, color=INK_3, linewidth=1, linestyle=style, clip_on=False)
    plot.plot(size, limits["value"], color=INK, linewidth=1, clip_on=False)


def _draw_units(plot: Axes, units: pd.DataFrame, worse: str, narrow: bool) -> None:
    within = units[~units["outside"].isin(("above", "below"))]
    size = 5 if narrow else 6
    plot.plot(
        within["size"], within["value"], "o", markersize=size, markerfacecolor=PAPER, markeredgecolor=INK_3,
        markeredgewidth=1.25, clip_on=False,
    )  # fmt: skip
    for side in ("above", "below"):
        outside = units[units["outside"] == side]
        marker, color = ("s", BRICK) if side == worse else ("o", BLUE)
        plot.plot(outside["size"], outside["value"], marker, color=color, markersize=9, markeredgewidth=0, clip_on=False)


def _name_limits(plot: Axes, paper: Axes, limits: pd.DataFrame, unit: str, language: str, right: float, narrow: bool) -> None:
    last = limits.iloc[-1]
    centre = with_unit(last["value"], unit, language)
    names = {
        "high998": say("99.8%") if narrow else say("99.8% limit"),
        "high95": say("95%") if narrow else say("95% limit"),
        "value": centre if narrow else say("All {value}", value=centre),
    }
    wanted = [_px(plot, last["size"], last[name])[1] for name in names]
    for name, y in zip(names, spread(wanted, LABEL_GAP - 1, TOP), strict=True):
        is_centre = name == "value"
        text = plain(names[name], language)
        write(paper, right + 6, y + BASELINE, text, INK if is_centre else INK_3, size=AXIS_SIZE, bold=is_centre)


def _name_outliers(plot: Axes, paper: Axes, units: pd.DataFrame, exhibit: Exhibit, language: str, narrow: bool) -> None:
    outside = units[units["outside"].isin(("above", "below"))]
    centre = exhibit.frame.loc[exhibit.frame["part"] == "limit", "value"].median()
    farthest = (outside["value"] - centre).abs().sort_values(ascending=False, kind="stable").index[: MOST_NAMES[narrow]]
    worse, width = exhibit.options.get("worse", "above"), paper.get_xlim()[1]
    names = [_name(plot, unit, exhibit.unit, language, width, narrow) for unit in outside.loc[farthest].to_dict("records")]
    lowest = paper.bbox.height - plot.bbox.y0 - ABOVE_AXIS
    for beside in _overlapping(names):
        for name, y in zip(beside, spread([min(name.y, lowest) for name in beside], LABEL_GAP - 1, high=lowest), strict=True):
            color = BRICK if name.side == worse else BLUE
            write(paper, name.x, y + BASELINE, name.text, color, name.anchor, bold=True)


@dataclass(frozen=True)
class Name:
    """An outlier's name: where it is anchored and the px that it covers."""

    text: str
    side: str
    x: float
    y: float
    anchor: str

    @property
    def span(self) -> tuple[float, float]:
        width = text_width(self.text, bold=True)
        return (self.x, self.x + width) if self.anchor == "left" else (self.x - width, self.x)


def _name(plot: Axes, unit: dict, unit_name: str, language: str, width: float, narrow: bool) -> Name:
    name = shorten(plain(unit["label"], language), NAME_WIDTHS[narrow])
    text = f"{name} {with_unit(unit['value'], unit_name, language)}"
    x, y = _px(plot, unit["size"], unit["value"])
    if x + NAME_GAP + text_width(text, bold=True) < width - 8:
        return Name(text, unit["outside"], x + NAME_GAP, y, "left")
    return Name(text, unit["outside"], x - NAME_GAP, y, "right")


def _overlapping(names: list[Name]) -> list[list[Name]]:
    """Names that lie above one another, so that they may have to be moved apart."""
    groups: list[list[Name]] = []
    for name in sorted(names, key=lambda name: name.span):
        if groups and name.span[0] < max(earlier.span[1] for earlier in groups[-1]):
            groups[-1].append(name)
        else:
            groups.append([name])
    return groups


def _px(plot: Axes, x: float, y: float) -> tuple[float, float]:
    across, up = plot.transData.transform((x, y))
    return float(across), float(plot.figure.bbox.height - up)
