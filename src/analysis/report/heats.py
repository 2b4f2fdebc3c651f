"""Heat maps: how far each cell lies from zero, with its text always printed, so that it reads on grey paper."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.colors import LinearSegmentedColormap
from matplotlib.figure import Figure

from analysis.finding import Exhibit
from analysis.report.row_layout import LABEL_WIDTHS
from analysis.report.texts import AXIS_SIZE, is_missing, plain, series, text_width, wrap
from analysis.report.theme import BASELINE, BLUE_3, INK, INK_2, PAPER, is_narrow, panel, rule, sheet, write, write_small
from analysis.wording import say

PALE_OCHRE = "#d9b877"
DIVERGING = LinearSegmentedColormap.from_list("ochre-blue", (PALE_OCHRE, PAPER, BLUE_3))
CELL_HEIGHT, HEAD_LINES, HEAD_LINE, BLOCK_GAP = 31, 4, 15, 22
LABEL_LINE = 14
LEAST_CELL, MOST_CELL = 52, 96
PAUSE = "、"
FAINT = 0.2  # of the limit: below, the colour is hardly seen


def draw_heat(exhibit: Exhibit, width: int, language: str) -> Figure:
    """Rows by columns; turned over, or cut into blocks one under the other, where the columns do not fit."""
    narrow = is_narrow(width)
    values, texts = _grids(exhibit.frame, language)
    label_width = _label_width(values, narrow)
    if values.shape[1] > _fitting(values, width - label_width) and values.shape[0] < values.shape[1]:
        values, texts = values.T, texts.T
        label_width = _label_width(values, narrow)
    fitting = _fitting(values, width - label_width)
    blocks = int(np.ceil(values.shape[1] / fitting))
    parts = np.array_split(np.arange(values.shape[1]), blocks)
    cell = (width - label_width - 12) / max(map(len, parts))
    heads = [_heads(values.iloc[:, part], cell) for part in parts]
    labels = [wrap(name, label_width) for name in values.index]
    row_height = CELL_HEIGHT + LABEL_LINE / 2 * (max(map(len, labels)) - 1)
    heights = [max(map(len, head)) * HEAD_LINE + 12 + row_height * len(values) for head in heads]
    figure, paper = sheet(width, sum(heights) + BLOCK_GAP * (blocks - 1) + 4)
    limit = exhibit.options.get("limit") or max(np.nanmax(np.abs(values.to_numpy(float)), initial=0), 1e-9)
    top = 0.0
    for part, head, height in zip(parts, heads, heights, strict=True):
        start = top + height - row_height * len(values)
        box = (label_width + 12, start, label_width + 12 + cell * len(part), top + height)
        _draw_cells(panel(figure, *box, (0, len(part)), (len(values), 0)), values.iloc[:, part], limit)
        _write_block(paper, labels, head, texts.iloc[:, part], box, cell)
        top += height + BLOCK_GAP
    return figure


def describe_heat(exhibit: Exhibit, language: str) -> Iterator[str]:
    """`Pensioners: age +1.9, balances −0.4`, row by row."""
    for name, frame in exhibit.frame.groupby("row", sort=False, dropna=False):
        pairs = zip(frame["column"], frame["text"], strict=True)
        cells = series((f"{plain(column, language)} {_cell_text(text, language)}" for column, text in pairs), language)
        yield say("{label}: {points}", label=plain(name, language), points=cells).render(language)


def _grids(frame: pd.DataFrame, language: str) -> tuple[pd.DataFrame, pd.DataFrame]:
    shown = frame.assign(
        row=[plain(row, language) for row in frame["row"]],
        column=[plain(column, language) for column in frame["column"]],
        text=[_cell_text(text, language) for text in frame["text"]],
    )
    rows, columns = shown["row"].unique(), shown["column"].unique()
    grids = shown.set_index(["row", "column"])[["value", "text"]].unstack("column").reindex(rows)
    return grids["value"].reindex(columns=columns).astype(float), grids["text"].reindex(columns=columns).fillna("–")


def _cell_text(text: object, language: str) -> str:
    return "–" if is_missing(text) else plain(text, language)


def _label_width(values: pd.DataFrame, narrow: bool) -> float:
    return min(LABEL_WIDTHS[narrow][1], max(map(text_width, values.index)))


def _fitting(values: pd.DataFrame, room: float) -> int:
    """How many columns find room beside each other, the longest word of their heads unbroken where that is possible."""
    longest = max(text_width(word, AXIS_SIZE) for name in values.columns for word in _words(name))
    return max(1, int((room - 12) // min(MOST_CELL, max(LEAST_CELL, longest + 6))))


def _words(name: str) -> list[str]:
    return name.replace("-", "- ").replace(PAUSE, " ").split() or [""]


def _heads(values: pd.DataFrame, cell: float) -> list[list[str]]:
    return [_head(name, cell - 6) for name in values.columns]


def _head(name: str, width: float) -> list[str]:
    """The name in lines; where a line ends at a pause, the end stands for it."""
    lines = wrap(name.replace(PAUSE, " "), width, AXIS_SIZE, HEAD_LINES)
    return [line.replace(" ", PAUSE) for line in lines] if PAUSE in name else lines


def _draw_cells(plot: Axes, values: pd.DataFrame, limit: float) -> None:
    import seaborn as sns

    sns.heatmap(
        values.to_numpy(float), ax=plot, cmap=DIVERGING, vmin=-limit, vmax=limit, cbar=False, linewidths=2,
        linecolor=PAPER, xticklabels=False, yticklabels=False,
    )  # fmt: skip
    _mark_sides(plot, values.to_numpy(float), limit)


def _mark_sides(plot: Axes, values: np.ndarray, limit: float) -> None:
    """On grey paper blue and ochre look alike: where both occur, a coloured cell bears a small triangle, up or down."""
    if not (np.nanmin(values, initial=0) < 0 < np.nanmax(values, initial=0)):
        return
    for marker, is_side in (("^", values >= FAINT * limit), ("v", values <= -FAINT * limit)):
        rows, columns = np.nonzero(is_side)
        plot.plot(columns + 0.92, rows + 0.24, marker, color=INK, markersize=5, markeredgewidth=0, linestyle="none")


def _write_block(
    paper: Axes, labels: list[list[str]], heads: list[list[str]], texts: pd.DataFrame, box: tuple, cell: float
) -> None:
    left, top, right, bottom = box
    for number, head in enumerate(heads):
        for line, text in enumerate(reversed(head)):
            write_small(paper, left + cell * (number + 0.5), top - 10 - HEAD_LINE * line, text, "center", INK_2)
    for number, (lines, cells) in enumerate(zip(labels, texts.to_numpy(), strict=True)):
        middle = top + (bottom - top) / len(labels) * (number + 0.5) + BASELINE
        for line, text in enumerate(lines):
            write(paper, 0, middle + (line - (len(lines) - 1) / 2) * LABEL_LINE, text, INK)
        for column, text in enumerate(cells):
            write(paper, left + cell * (column + 0.5), middle, text, INK, "center")
    for y in (top, bottom):
        rule(paper, y, 0, right, INK)
