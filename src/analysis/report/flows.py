"""Flow between groups at two dates: bands as high as what moves along them."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass

import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.patches import PathPatch, Rectangle
from matplotlib.path import Path

from analysis.finding import Exhibit
from analysis.report.texts import AXIS_SIZE, plain, shorten, text_width, with_unit, wrap
from analysis.report.theme import BASELINE, BLUE_3, INK, INK_2, INK_3, RULE, is_narrow, sheet, spread, write, write_small
from analysis.wording import format_value, say

HEIGHTS = {False: 330, True: 360}
HEAD, FOOT, NODE_GAP, NODE_WIDTH = 30, 10, 9, 9
LABEL_WIDTHS, LABEL_GAP, LABEL_LINE, LABEL_SPACE = {False: 165, True: 96}, 8, 16, 5
STAYS, MOVES, OPACITY = RULE, BLUE_3, 0.75
SIDES = ("left", "right")


@dataclass(frozen=True)
class Node:
    """A group at one date: `top` and `height` in px, `share` of all that flows."""

    top: float
    height: float
    share: float

    @property
    def middle(self) -> float:
        return self.top + self.height / 2


def draw_flow(exhibit: Exhibit, width: int, language: str) -> Figure:
    """Groups as upright bars, the earlier date left; who stays in a group of the same name flows grey, all others blue."""
    frame, narrow = _named(exhibit.frame, language), is_narrow(width)
    labels = {side: _labels(frame, side, narrow, language) for side in SIDES}
    heights = [LABEL_LINE * sum(map(len, lines.values())) + LABEL_SPACE * len(lines) for lines in labels.values()]
    height = max(HEIGHTS[narrow], *heights)
    figure, paper = sheet(width, HEAD + height + FOOT)
    nodes = {side: _nodes(frame, side, height) for side in SIDES}
    room = {side: max(text_width(line) for lines in labels[side].values() for line in lines) + LABEL_GAP for side in SIDES}
    x = {"left": room["left"], "right": width - room["right"] - NODE_WIDTH}
    _draw_bands(paper, frame, nodes, x)
    for side in SIDES:
        _draw_nodes(paper, nodes[side], x[side])
        _write_labels(paper, labels[side], nodes[side], side, x[side], HEAD + height)
        head = plain(exhibit.options.get(f"{side}_label"), language)
        at = 0 if side == "left" else width
        write_small(paper, at, HEAD - 14, shorten(head, width / 2 - 8, AXIS_SIZE), side, INK_2)
    return figure


def describe_flow(exhibit: Exhibit, language: str) -> Iterator[str]:
    """`New to Established: 412`, band by band."""
    for row in exhibit.frame.to_dict("records"):
        told = say("{left} to {right}: {value}", **row | {"value": with_unit(row["value"], "count", language)})
        yield plain(told.filled(left=plain(row["left"], language), right=plain(row["right"], language)), language)


def _named(frame: pd.DataFrame, language: str) -> pd.DataFrame:
    shown = frame.assign(**{side: [plain(name, language) for name in frame[side]] for side in SIDES})
    return shown.assign(value=shown["value"].astype(float).fillna(0.0)).reset_index(drop=True)


def _nodes(frame: pd.DataFrame, side: str, height: float) -> dict[str, Node]:
    shares, top, nodes = _shares(frame, side), float(HEAD), {}
    room = height - NODE_GAP * (max(frame[name].nunique() for name in SIDES) - 1)
    for name, share in shares.items():
        nodes[name] = Node(top, share * room, share)
        top += share * room + NODE_GAP
    return nodes


def _shares(frame: pd.DataFrame, side: str) -> pd.Series:
    sizes = frame.groupby(side, sort=False)["value"].sum()
    return sizes / max(sizes.sum(), 1.0)


def _labels(frame: pd.DataFrame, side: str, narrow: bool, language: str) -> dict[str, list[str]]:
    """Name and share of each group, in lines."""
    shares = {name: format_value(share, "share", language) for name, share in _shares(frame, side).items()}
    return {name: wrap(f"{name} {share}", LABEL_WIDTHS[narrow], lines=3) for name, share in shares.items()}


def _draw_bands(paper: Axes, frame: pd.DataFrame, nodes: Mapping[str, Mapping[str, Node]], x: Mapping[str, float]) -> None:
    thick = frame["value"] * sum(node.height for node in nodes["left"].values()) / max(frame["value"].sum(), 1.0)
    starts = {side: _starts(frame, thick, side, nodes) for side in SIDES}
    for index, row in frame.iterrows():
        color = STAYS if row["left"] == row["right"] else MOVES
        ends = (starts[side][index] for side in SIDES)
        band = _band(x["left"] + NODE_WIDTH, x["right"], *ends, thick[index])
        paper.add_patch(PathPatch(band, facecolor=color, alpha=OPACITY, linewidth=0))


def _starts(frame: pd.DataFrame, thick: pd.Series, side: str, nodes: Mapping[str, Mapping[str, Node]]) -> pd.Series:
    """Where each band begins at this side: one under the other in its group, in the order of the groups at the other side."""
    order = list(nodes["right" if side == "left" else "left"])
    sorted_rows = frame.assign(place=frame["right" if side == "left" else "left"].map(order.index)).sort_values(
        "place", kind="stable"
    )
    above = thick[sorted_rows.index].groupby(sorted_rows[side]).cumsum() - thick[sorted_rows.index]
    return above + sorted_rows[side].map({name: node.top for name, node in nodes[side].items()})


def _band(begin: float, end: float, left: float, right: float, thick: float) -> Path:
    bend = (begin + end) / 2
    points = [
        (begin, left), (bend, left), (bend, right), (end, right),
        (end, right + thick), (bend, right + thick), (bend, left + thick), (begin, left + thick), (begin, left),
    ]  # fmt: skip
    codes = [
        Path.MOVETO,
        Path.CURVE4,
        Path.CURVE4,
        Path.CURVE4,
        Path.LINETO,
        Path.CURVE4,
        Path.CURVE4,
        Path.CURVE4,
        Path.CLOSEPOLY,
    ]
    return Path(points, codes)


def _draw_nodes(paper: Axes, nodes: Mapping[str, Node], x: float) -> None:
    for node in nodes.values():
        paper.add_patch(Rectangle((x, node.top), NODE_WIDTH, node.height, facecolor=INK_3, linewidth=0))


def _write_labels(
    paper: Axes, labels: Mapping[str, list[str]], nodes: Mapping[str, Node], side: str, x: float, bottom: float
) -> None:
    most = max(map(len, labels.values()))
    gap = LABEL_LINE * most + LABEL_SPACE
    middles = spread([nodes[name].middle for name in labels], gap, HEAD + gap / 2, bottom - gap / 2)
    at, anchor = (x - LABEL_GAP, "right") if side == "left" else (x + NODE_WIDTH + LABEL_GAP, "left")
    for lines, middle in zip(labels.values(), middles, strict=True):
        for number, line in enumerate(lines):
            y = middle + (number - (len(lines) - 1) / 2) * LABEL_LINE + BASELINE
            write(paper, at, y, line, INK, anchor)
