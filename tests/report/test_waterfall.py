from xml.etree import ElementTree

import matplotlib
import pandas as pd
import pytest

from analysis.finding import Exhibit
from analysis.report.svg import to_svg
from analysis.report.theme import RC
from analysis.report.waterfall import describe_waterfall, draw_waterfall, placed
from analysis.wording import say

FRAME = pd.DataFrame(
    [
        ("total", say("Rate to June 2024"), 0.092, 0.080, 0.104, False),
        ("head", say("Mix"), 0.003, 0.001, 0.005, False),
        ("part", say("Time with the bank"), 0.004, 0.002, 0.006, False),
        ("part", say("Assets"), -0.001, -0.003, 0.001, True),
        ("alone", say("Unexplained"), 0.021, 0.007, 0.035, False),
        ("total", say("Rate to June 2025"), 0.116, 0.102, 0.130, False),
    ],
    columns=["kind", "label", "value", "low", "high", "is_noise"],
)


def drawing(frame=FRAME, width=720):
    exhibit = Exhibit("change", say("T"), frame=frame)
    with matplotlib.rc_context(RC):
        return ElementTree.fromstring(to_svg(draw_waterfall(exhibit, width, "en"), "change", "wid", "T", "D"))


def texts(svg):
    return [element.text for element in svg.iter("text")]


def test_each_part_starts_where_the_one_before_has_led():
    rows = placed(FRAME)
    assert rows["start"].tolist() == pytest.approx([0.092, float("nan"), 0.092, 0.096, 0.095, 0.116], nan_ok=True)
    assert rows["end"].iloc[4] == pytest.approx(rows["end"].iloc[5])
    assert rows["from"].tolist()[2:5] == pytest.approx([0.094, 0.093, 0.102])


@pytest.mark.parametrize("width", [720, 342])
def test_it_reads_as_a_table_at_both_widths(width):
    words = " ".join(texts(drawing(width=width)))
    for part in ("9.2%", "+0.30", "+0.40", "−0.10", "+2.10", "11.6%", "8.0 to 10.4", "0.20 to 0.60", "Mix", "Unexplained"):
        assert part in words


def test_what_lies_within_noise_is_hollow_and_grey():
    svg = drawing()
    fills = [path.get("fill") for path in svg.iter("path")]
    assert fills.count("#8db1d6") == 2
    colours = {element.text: element.get("fill") for element in svg.iter("text")}
    assert (colours["−0.10"], colours["+0.40"]) == ("#616c77", "#16202b")


def test_the_description_holds_all_numbers():
    described = list(describe_waterfall(Exhibit("change", say("T"), frame=FRAME), "en"))
    assert described[0] == "Rate to June 2024 9.2% (8.0% to 10.4%)"
    assert described[3] == "Assets −0.10 (−0.30 to +0.10) points"


def test_without_intervals_it_stands_too():
    words = texts(drawing(FRAME.drop(columns=["low", "high"])))
    assert "+2.10" in words
