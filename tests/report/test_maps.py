import itertools
import re
from xml.etree import ElementTree

import numpy as np
import pandas as pd
import pytest

from analysis.finding import Exhibit
from analysis.report import charts
from analysis.report.places import Box, place_names
from analysis.report.texts import text_width
from analysis.wording import say

WATCHED, OTHER = say("important, marked low"), say("less important, marked high")
FRAME = pd.DataFrame(
    {
        "label": [say("Waiting time"), "Staff", "Fees"],
        "x": [6.5, 7.9, 7.6], "x_low": [6.2, 7.7, 7.3], "x_high": [6.8, 8.1, 7.9],
        "value": [0.5, 0.2, 0.3], "low": [0.42, 0.15, 0.2], "high": [0.58, 0.25, 0.4],
        "quadrant": [WATCHED, OTHER, say("not told apart from the average")], "is_noise": [False, False, True],
    }
)  # fmt: skip
OPTIONS = {
    "x_reference": 7.33, "y_label": say("Share of R²"), "watched": WATCHED,
    "corners": [WATCHED, say("important, marked high"), say("less important, marked low"), OTHER],
}  # fmt: skip


def drawings(frame=FRAME, options=OPTIONS, reference=0.333):
    exhibit = Exhibit("map", say("T"), frame=frame, reference=reference, x_label=say("Mean mark"), x_unit="mark", options=options)
    return list(ElementTree.fromstring(charts.map(exhibit).content["en"]["body"]))


def texts(svg):
    return [element.text for element in svg.iter("text")]


def test_names_quadrants_and_axes_stand_at_both_widths():
    for svg in drawings():
        words = " ".join(texts(svg))
        for name in ("Waiting time", "Staff", "Fees", "Mean mark", "Share of R²", "important, marked low"):
            assert name in words


def test_the_description_holds_the_numbers_and_the_quadrants():
    assert drawings()[0].find("desc").text == (
        "Waiting time 50.0% (42.0% to 58.0%), 6.50 (6.20 to 6.80): important, marked low; "
        "Staff 20.0% (15.0% to 25.0%), 7.90 (7.70 to 8.10): less important, marked high; "
        "Fees 30.0% (20.0% to 40.0%), 7.60 (7.30 to 7.90): not told apart from the average; Averages 33.3%, 7.33."
    )


def test_what_is_told_apart_differs_in_shape_and_filling_not_in_colour_alone():
    wide = drawings()[0]
    marks = [(use.get("fill"), use.get("href")) for use in wide.iter("use")]
    dots = [mark for mark in marks if mark[0] in ("#a3301a", "#14508c", "#ffffff")]
    assert [fill for fill, _ in dots] == ["#a3301a", "#14508c", "#ffffff"]
    assert dots[0][1] != dots[1][1]
    colours = {element.text: element.get("fill") for element in wide.iter("text")}
    assert (colours["Waiting time"], colours["Fees"]) == ("#a3301a", "#46525e")


def crowded(items):
    random = np.random.default_rng(1)
    x, value = 7.7 + 0.02 * random.normal(size=items), 0.08 + 0.01 * random.normal(size=items)
    names = [f"Attribute of the service no. {number}" for number in range(items)]
    return pd.DataFrame({"label": names, "x": x, "value": value, "x_low": x - 0.1, "x_high": x + 0.1, "is_noise": True})


def test_names_without_room_become_numbers_with_a_key():
    narrow = texts(drawings(crowded(12))[1])
    assert all(narrow.count(str(number)) >= 2 for number in range(1, 13))
    assert sum(name.startswith("Attribute of") for name in narrow) == 12


@pytest.mark.parametrize("seed", range(5))
def test_placed_names_touch_neither_each_other_nor_a_dot(seed):
    random = np.random.default_rng(seed)
    room = Box(40, 30, 700, 360)
    dots = [(random.uniform(100, 640), random.uniform(60, 330)) for _ in range(9)]
    names = [f"Name {number}" for number in range(9)]
    places = place_names(names, dots, room)
    assert all(place.lies_in(room) for place in places)
    assert not any(one.touches(other) for one, other in itertools.combinations(places, 2))
    assert not any(place.left < x < place.right and place.top < y < place.bottom for place in places for x, y in dots)
    assert all(place.right - place.left >= text_width(name) for place, name in zip(places, names, strict=True))


def test_names_that_fit_nowhere_are_not_forced():
    assert place_names(["A very long name indeed"] * 3, [(50, 50)] * 3, Box(0, 0, 100, 100)) is None


def test_hostile_text_stays_text():
    hostile = '<script>alert(1)</script> & "$x^2$" \x01\u202e{{7*7}}'
    html = ElementTree.tostring(drawings(FRAME.assign(label=[hostile, "Staff", "Fees"]))[0], encoding="unicode")
    assert "<script" not in html
    assert not re.search("[\x00-\x08\u202e]", html)


def test_one_item_missing_numbers_and_no_options_can_be_drawn():
    assert drawings(FRAME.head(1))
    assert "Staff" not in " ".join(texts(drawings(FRAME.assign(value=[0.5, np.nan, 0.3]))[0]))
    bare = drawings(FRAME[["label", "x", "value"]], {}, None)
    assert bare[0].find("desc").text == "Waiting time 50.0%, 6.50; Staff 20.0%, 7.90; Fees 30.0%, 7.60."
