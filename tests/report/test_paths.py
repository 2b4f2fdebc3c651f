"""A path diagram: where its lines run and its numbers stand, however many constructs and arrows there are."""

from itertools import combinations, product

import numpy as np
import pandas as pd
import pytest

from analysis.finding import Exhibit
from analysis.report.paths import INSET, TEXT_GAP, _drawing
from analysis.report.texts import AXIS_SIZE, text_width
from analysis.report.theme import NARROW, WIDE
from analysis.wording import say


def exhibit(nodes, arrows):
    rows = [{"part": "node", "source": name, "label": say(name), "value": 0.5} for name in nodes]
    rows += [{"part": "arrow", "source": start, "target": end, **numbers} for start, end, numbers in arrows]
    return Exhibit(
        "path", say("Title"), frame=pd.DataFrame(rows, columns=[*rows[0], "target", "low", "high", "is_noise"]), unit="number"
    )


def diagram(seed, size=6):
    """A random diagram of six constructs in an order of arrows."""
    random = np.random.default_rng(seed)
    names = ["Image", "Expectation", "Quality", "Value for money", "Satisfaction", "Loyalty"][:size]
    pairs = [pair for pair in combinations(names, 2) if random.random() < 0.6] or [tuple(names[:2])]
    return exhibit(names, [(*pair, {"value": -0.25, "low": -0.44, "high": -0.06, "is_noise": False}) for pair in pairs])


def segments(drawing, arrow):
    stairs = drawing.stairs
    level, turn = drawing.tops[arrow.start] + stairs.drop(arrow.level), stairs.turn(arrow.end, arrow.lane)
    right = stairs.right(arrow.start)
    return ((right, level, turn, level), (turn, level, turn, drawing.tops[arrow.end]))


def words_box(drawing, arrow):
    """Left, top, right, bottom of an arrow's words."""
    _, (turn, level, *_) = segments(drawing, arrow)
    wide = max(text_width(text, 13 if place == 0 else AXIS_SIZE) for place, text in enumerate(arrow.words))
    return turn - TEXT_GAP - wide, level + 4, turn - TEXT_GAP, level + 16 * len(arrow.words)


def box(drawing, row):
    width, height = drawing.stairs.box(row, drawing.arrows)
    right, top = drawing.stairs.right(row), drawing.tops[row]
    return right - width, top, right, top + height


def crosses(segment, rectangle):
    (x0, y0, x1, y1), (left, top, right, bottom) = segment, rectangle
    return min(x0, x1) < right and max(x0, x1) > left and min(y0, y1) < bottom and max(y0, y1) > top


@pytest.mark.parametrize("width", [WIDE, NARROW])
def test_no_line_runs_through_a_number_or_a_box(width):
    for seed in range(1, 31):
        drawing = _drawing(diagram(seed), width, "en")
        lines = [(arrow, line) for arrow in drawing.arrows for line in segments(drawing, arrow)]
        for (_, line), arrow in product(lines, drawing.arrows):
            assert not crosses(line, words_box(drawing, arrow)), (seed, arrow)
        for (arrow, line), row in product(lines, range(6)):
            if row not in (arrow.start, arrow.end):
                assert not crosses(line, box(drawing, row)), (seed, arrow, row)
        assert len({(arrow.end, arrow.lane) for arrow in drawing.arrows}) == len(drawing.arrows)
        assert len({(arrow.start, arrow.level) for arrow in drawing.arrows}) == len(drawing.arrows)


@pytest.mark.parametrize("width", [WIDE, NARROW])
def test_everything_lies_on_the_sheet_and_arrows_end_on_their_boxes(width):
    for seed in range(1, 31):
        drawing = _drawing(diagram(seed), width, "en")
        for row in range(6):
            left, _, right, bottom = box(drawing, row)
            assert left + 1 >= 0
            assert right <= width
            assert bottom <= drawing.tops[row + 1]
        for arrow in drawing.arrows:
            left, _, right, _ = box(drawing, arrow.end)
            assert left < drawing.stairs.turn(arrow.end, arrow.lane) <= right - INSET[width == NARROW] + 1e-9
            _, top, _, bottom = box(drawing, arrow.start)
            assert top < drawing.tops[arrow.start] + drawing.stairs.drop(arrow.level) < bottom


def test_an_interval_stands_in_one_line_where_it_fits_else_beneath_itself():
    wide, narrow = (_drawing(diagram(3), width, "en").arrows[0].words for width in (WIDE, NARROW))
    assert wide == ["−0.25", "−0.44 to −0.06"]
    assert narrow == ["−0.25", "−0.44", "−0.06"]


def test_an_arrow_that_leads_back_is_refused():
    with pytest.raises(ValueError, match="exhibit path: arrows lead back from Loyalty"):
        _drawing(exhibit(["Image", "Loyalty"], [("Loyalty", "Image", {"value": 0.1})]), WIDE, "en")
