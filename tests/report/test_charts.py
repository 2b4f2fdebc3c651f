"""Every mark at both widths and in both languages: its bytes, its words, and what a hostile text does to it."""

import itertools
import re
from xml.etree import ElementTree

import numpy as np
import pandas as pd
import pytest

from analysis.finding import Exhibit
from analysis.report import charts
from analysis.report.display import EXHIBIT_MIME
from analysis.report.texts import text_width
from analysis.wording import say

ZH = {
    "{label} {value} ({low} to {high})": "{label}{value}（{low}至{high}）",
    "{low} to {high}": "{low}至{high}",
    "95% interval": "95%置信区间",
    "Mass": "大众客户",
    "The takeaway": "结论",
}
HOSTILE = '<script>alert(1)</script> & "$x^2$" \x01\x0b\u202e{{7*7}} 城东支行'
ROWS = pd.DataFrame(
    {
        "label": [say("Mass"), "Affluent"],
        "value": [0.075, 0.104],
        "low": [0.072, 0.098],
        "high": [0.078, 0.11],
        "base": [1012300, 166210],
    }
)
CURVES = pd.DataFrame(
    {
        "series": ["Mass"] * 3 + ["Affluent"] * 3,
        "time": [0, 6, 12] * 2,
        "value": [1, 0.95, 0.9, 1, 0.93, 0.85],
        "low": [1, 0.94, 0.88, 1, 0.92, 0.83],
        "high": [1, 0.96, 0.92, 1, 0.94, 0.87],
    }
)
UNITS = pd.DataFrame(
    {
        "part": "unit",
        "label": ["Chengdong", "Binjiang", "Gaoxin"],
        "size": [900, 500, 700],
        "value": [0.112, 0.041, 0.08],
        "outside": ["above", "below", ""],
    }
)
LIMITS = pd.DataFrame(
    {
        "part": "limit",
        "size": [400, 1000],
        "value": 0.079,
        "low95": [0.05, 0.06],
        "high95": [0.11, 0.1],
        "low998": [0.04, 0.05],
        "high998": [0.12, 0.11],
    }
)
HEAT = pd.DataFrame(
    {
        "row": ["Savers", "Savers", "Young", "Young"],
        "column": ["Age", "Assets"] * 2,
        "value": [0.4, 2.1, -1.5, -0.8],
        "text": ["+0.4", "+2.1", "−1.5", "−0.8"],
    }
)
PAIRS = pd.DataFrame({"label": ["Mass", "Affluent"], "left": [0.853, 0.147], "right": [0.27, 0.73]})
RANGES = pd.DataFrame(
    {"label": [say("Cost"), "Fees"], "low": [0.41, 0.46], "high": [0.52, 0.44], "value": 0.45, "low_label": [None, "0.46!"]}
)
FLOW = pd.DataFrame(
    {
        "left": ["New", "New", "Established", "Established"],
        "right": ["Established", "Lost", "Established", "Lost"],
        "value": [300, 40, 2500, 130],
    }
)
PATH = pd.DataFrame(
    {
        "part": ["node"] * 3 + ["arrow"] * 3,
        "source": ["image", "price", "loyalty", "image", "image", "price"],
        "target": [None] * 3 + ["price", "loyalty", "loyalty"],
        "label": [say("Image"), "Price", "Loyalty", None, None, None],
        "value": [np.nan, 0.36, 0.5, 0.6, 0.02, -0.3],
        "low": [np.nan, 0.3, 0.42, 0.5, -0.06, -0.4],
        "high": [np.nan, 0.42, 0.58, 0.7, 0.1, -0.2],
        "is_noise": [None, None, None, False, True, False],
    }
)
SIDES = {"left_label": say("Customers"), "right_label": say("Assets")}
TREND = CURVES.assign(x=pd.to_datetime(["2024-06-30", "2024-12-31", "2025-06-30"] * 2)).drop(columns="time")
MARKS = {
    "intervals": (ROWS, {}),
    "bars": (ROWS, {}),
    "paired_bars": (PAIRS, {"options": SIDES}),
    "steps": (CURVES, {"x_unit": "months", "x_label": say("Months")}),
    "lines": (TREND, {"x_unit": "month"}),
    "funnel": (pd.concat([UNITS, LIMITS]), {"x_unit": "count", "options": {"worse": "above"}}),
    "heat": (HEAT, {"unit": "number"}),
    "ranges": (RANGES, {}),
    "flow": (FLOW, {"options": {"left_label": say("Customers"), "right_label": say("Assets")}}),
    "path": (PATH, {"unit": "number"}),
}


@pytest.fixture(autouse=True)
def both_languages(monkeypatch):
    monkeypatch.setenv("CRM_LANGUAGES", "en,zh")
    monkeypatch.setattr("analysis.wording.catalogue", lambda language: ZH)


def exhibit(frame, **more):
    return Exhibit("churn by_tier", say("The takeaway"), frame=frame, **more)


def body(mark, frame, language="en", **more):
    return getattr(charts, mark)(exhibit(frame, **more)).content[language]["body"]


def drawings(html):
    """The wide and the narrow SVG; raises where the markup is not well-formed."""
    chart = ElementTree.fromstring(html)
    assert chart.get("class") == "chart"
    return list(chart)


def texts(svg):
    return [element.text for element in svg.iter("text")]


def desc(html):
    return drawings(html)[0].find("desc").text


@pytest.mark.parametrize("mark", MARKS)
def test_every_mark_at_both_widths_in_both_languages(mark):
    frame, more = MARKS[mark]
    shown = getattr(charts, mark)(exhibit(frame, **more))
    assert shown.kind == "figure"
    assert list(shown.content) == ["en", "zh"]
    for language, title in (("en", "The takeaway"), ("zh", "结论")):
        wide, narrow = drawings(shown.content[language]["body"])
        assert [(svg.get("class"), svg.get("viewBox").split()[2]) for svg in (wide, narrow)] == [
            ("wid", "720"),
            ("nar", "342"),
        ]
        assert wide.find("title").text == title


@pytest.mark.parametrize("mark", MARKS)
def test_the_markup_passes_a_strict_page(mark):
    frame, more = MARKS[mark]
    html = body(mark, frame, **more)
    assert not re.search(r"style|font-family|<image|metadata|\b\d+pt\b|xmlns", html)
    ids = [element.get("id") for svg in drawings(html) for element in svg.iter() if element.get("id")]
    assert len(ids) == len(set(ids))
    assert all(name.startswith("churn-by_tier-") for name in ids)
    for svg in drawings(html):
        assert svg.get("role") == "img"
        assert set(svg.get("aria-labelledby").split()) <= set(ids)
        used = [element.get("href")[1:] for element in svg.iter("use")]
        assert set(used) <= set(ids)


@pytest.mark.parametrize("mark", MARKS)
def test_the_same_input_gives_the_same_bytes(mark):
    frame, more = MARKS[mark]
    assert body(mark, frame, **more) == body(mark, frame.copy(), **more)


@pytest.mark.parametrize(
    ("mark", "words"),
    [
        ("intervals", "Mass 7.5% (7.2% to 7.8%), base 1,012,300; Affluent 10.4% (9.8% to 11.0%), base 166,210."),
        ("paired_bars", "Mass: Customers 85.3%, Assets 27.0%; Affluent: Customers 14.7%, Assets 73.0%."),
        ("steps", "Mass: 0 100.0% (100.0% to 100.0%); 12 90.0% (88.0% to 92.0%); "
                  "Affluent: 0 100.0% (100.0% to 100.0%); 12 85.0% (83.0% to 87.0%)."),
        ("funnel", "All 7.9%; Above the limits: Chengdong 11.2%; Below the limits: Binjiang 4.1%; Within the limits: 1."),
        ("heat", "Savers: Age +0.4, Assets +2.1; Young: Age −1.5, Assets −0.8."),
        ("ranges", "Cost: 41.0% to 52.0%, base 45.0%; Fees: 46.0% to 44.0%, base 45.0%."),
        ("flow", "New to Established: 300; New to Lost: 40; Established to Established: 2,500; Established to Lost: 130."),
        ("path", "Image → Price 0.60 (0.50 to 0.70); Image → Loyalty 0.02 (−0.06 to 0.10); Price → Loyalty −0.30 (−0.40 to −0.20); "
                 "R² of Price 36.0% (30.0% to 42.0%); R² of Loyalty 50.0% (42.0% to 58.0%)."),
    ],
)  # fmt: skip
def test_the_description_holds_the_numbers(mark, words):
    frame, more = MARKS[mark]
    assert desc(body(mark, frame, **more)) == words


def test_words_and_numbers_are_the_languages_own():
    html = body("intervals", ROWS, "zh")
    assert desc(html).startswith("大众客户7.5%（7.2%至7.8%）")
    assert {"大众客户", "95%置信区间", "7.2至7.8", "7.5"} <= set(texts(drawings(html)[0]))


@pytest.mark.parametrize(
    ("mark", "frame", "more"),
    [
        ("intervals", ROWS.assign(label=[HOSTILE, "Affluent"], group=HOSTILE), {}),
        ("bars", ROWS.assign(label=[HOSTILE, "Affluent"]), {}),
        ("paired_bars", PAIRS.assign(label=[HOSTILE, "Affluent"]), {"options": SIDES}),
        ("steps", CURVES.assign(series=HOSTILE), {"x_unit": "months"}),
        ("funnel", pd.concat([UNITS.assign(label=HOSTILE), LIMITS]), {"x_unit": "count"}),
        ("ranges", RANGES.assign(label=[HOSTILE, "Fees"]), {}),
        ("flow", FLOW.assign(left=[HOSTILE] * 2 + ["Young"] * 2), {}),
        ("path", PATH.assign(label=[HOSTILE, "Price", "Loyalty", None, None, None]), {"unit": "number"}),
        ("heat", HEAT.assign(row=[HOSTILE] * 2 + ["Young"] * 2, text=[HOSTILE, "1", "2", "3"]), {}),
    ],
)
def test_hostile_text_stays_text(mark, frame, more):
    html = body(mark, frame, **more)
    assert "<script" not in html
    assert not re.search("[\x00-\x08\x0b\x0c\x0e-\x1f\u202e]", html)
    assert '<script>alert(1)</script> & "$x^2$" {{7*7}} 城东支行' in desc(html)


def test_dollar_signs_are_no_formula():
    frame = ROWS.assign(label=["Fee $5 to **$6**", "高新 $x^2$"])
    assert {"Fee $5 to **$6**", "高新 $x^2$"} <= set(texts(drawings(body("intervals", frame))[0]))


def test_a_lone_surrogate_does_not_break_the_page():
    assert "Branch" in body("bars", ROWS.assign(label=pd.Series(["Branch \ud800", "B"], dtype=object))).encode().decode()


def test_within_noise_is_hollow_and_grey():
    frame = pd.DataFrame({"label": ["Fee rise", "Long wait"], "value": [0.08, 0.02], "low": [0.05, -0.01],
                          "high": [0.11, 0.05]})  # fmt: skip
    wide = drawings(body("intervals", frame, reference=0.0))[0]
    marks = [(use.get("fill"), use.get("stroke")) for use in wide.iter("use")]
    assert [fill for fill, _ in marks] == ["#14508c", "#ffffff"]
    assert marks[1][1] == "#616c77"
    colours = {element.text: element.get("fill") for element in wide.iter("text")}
    assert (colours["8.0"], colours["2.0"]) == ("#16202b", "#616c77")


def test_a_census_has_dots_and_no_interval_column():
    wide = drawings(body("intervals", ROWS[["label", "value"]]))[0]
    assert "95% interval" not in texts(wide)
    assert len(list(wide.iter("use"))) == 2


def test_a_row_without_value_says_why_and_one_without_reason_a_dash():
    frame = pd.DataFrame({"label": ["App outage", "Fee rise", "Wait"], "value": [np.nan, 0.084, np.nan],
                          "note": [say("No estimate"), None, None]})  # fmt: skip
    wide = drawings(body("intervals", frame))[0]
    assert "No estimate" in texts(wide)
    assert texts(wide).count("–") == 1
    assert "App outage –: No estimate" in desc(body("intervals", frame))


def test_only_units_outside_the_limits_are_named():
    wide = drawings(body("funnel", *[MARKS["funnel"][0]], **MARKS["funnel"][1]))[0]
    assert {"Chengdong 11.2%", "Binjiang 4.1%"} <= set(texts(wide))
    assert not any("Gaoxin" in text for text in texts(wide))
    colours = {element.text: element.get("fill") for element in wide.iter("text")}
    assert (colours["Chengdong 11.2%"], colours["Binjiang 4.1%"]) == ("#a3301a", "#14508c")


def test_curves_are_named_at_their_ends_with_labels_apart():
    frame = CURVES.assign(value=[1, 0.95, 0.9, 1, 0.93, 0.899])
    wide = drawings(body("steps", frame, x_unit="months"))[0]
    heights = [float(text.get("y")) for text in wide.iter("text") if text.text in ("Mass", "Affluent")]
    assert abs(heights[0] - heights[1]) >= 15


def test_an_axis_of_shares_ends_within_them_and_carries_its_unit_once():
    wide = drawings(body("steps", CURVES, x_unit="months"))[0]
    assert [text for text in texts(wide) if text.endswith("%") and "." not in text] == ["100%"]


def test_a_long_heat_map_is_cut_into_blocks_on_the_telephone():
    names = [f"Feature {number}" for number in range(9)]
    frame = pd.DataFrame(
        [(row, name, 0.1, f"{row}{name[-1]}") for row in names for name in names],
        columns=["row", "column", "value", "text"],
    )
    narrow = drawings(body("heat", frame))[1]
    assert texts(narrow).count("Feature 3") > 1 or texts(narrow).count("Feature") > 1
    assert len([text for text in texts(narrow) if re.fullmatch(r"Feature \d\d", text)]) == 81


def test_bands_of_a_flow_fill_their_groups_and_only_movers_are_blue():
    wide = drawings(body("flow", FLOW))[0]
    bands = [path for path in wide.iter("path") if "C" in path.get("d")]
    blue = {path.get("fill") for path in bands if thickness(path) < 30}
    assert sum(map(thickness, bands)) == pytest.approx(330 - 9, abs=1)
    assert len(bands) == 4
    assert blue == {"#8db1d6"} != {max(bands, key=thickness).get("fill")}
    assert {"New 11.4%", "Lost 5.7%"} <= set(texts(wide))


def thickness(path):
    numbers = [float(number) for number in re.findall(r"-?[\d.]+", path.get("d"))]
    return abs(numbers[-1] - numbers[1]) or abs(numbers[9] - numbers[7])


def test_a_range_is_drawn_from_the_base_towards_both_ends():
    wide = drawings(body("ranges", RANGES))[0]
    assert {"41.0%", "52.0%", "0.46!", "44.0%", "Base 45.0%"} <= set(texts(wide))
    at = {text.text: float(text.get("x")) for text in wide.iter("text") if text.text}
    assert at["44.0%"] < at["Base 45.0%"] < at["0.46!"]


def test_an_absent_exhibit_gives_its_reason_instead():
    shown = charts.heat(Exhibit("nps", say("The takeaway"), absent=say("No surveys <delivered>.")))
    assert shown.kind == "absent"
    assert shown.content["en"]["body"] == '<p class="absent">No surveys &lt;delivered&gt;.</p>'


def test_an_empty_frame_is_absent_too():
    assert charts.bars(exhibit(ROWS.head(0))).kind == "absent"


def test_a_frame_without_the_marks_columns_is_refused():
    with pytest.raises(ValueError, match=r"exhibit churn by_tier: its frame lacks time, value; it needs series, time, value"):
        charts.steps(exhibit(pd.DataFrame({"series": ["A"]})))


def test_more_series_than_can_be_told_apart_are_refused():
    frame = pd.DataFrame({"series": list("ABCDEFG"), "x": 1, "value": 0.5})
    with pytest.raises(ValueError, match="7 series, but at most 6 can be told apart"):
        charts.lines(exhibit(frame))


@pytest.mark.parametrize("mark", MARKS)
def test_a_single_row_or_missing_numbers_can_be_drawn(mark):
    frame, more = MARKS[mark]
    numbers = frame.select_dtypes("number").columns.difference(["size", "time", "low95", "high95", "low998", "high998"])
    holes = frame.assign(**{name: frame[name].where(frame.get("part", pd.Series("", frame.index)).eq("limit")) for name in
                            numbers})  # fmt: skip
    assert drawings(body(mark, holes, **more))
    if mark != "funnel":
        assert drawings(body(mark, frame.head(1), **more))


def test_no_global_setting_is_left_behind():
    import matplotlib

    before = dict(matplotlib.rcParams)
    body("heat", HEAT)
    assert dict(matplotlib.rcParams) == before


def test_the_publisher_finds_it_under_its_own_type():
    bundle = charts.bars(exhibit(ROWS))._repr_mimebundle_()
    assert bundle[EXHIBIT_MIME]["kind"] == "figure"
    assert bundle[EXHIBIT_MIME]["content"]["zh"]["title"] == "结论"


def test_a_base_that_all_rows_share_is_said_once():
    for svg in drawings(body("intervals", ROWS.assign(base=719))):
        assert "Base 719 each" in texts(svg)
        assert not {"Base", "719"} & set(texts(svg))
    assert "Base" in texts(drawings(body("intervals", ROWS))[0])


def test_the_telephone_keeps_the_interval_and_the_whole_label():
    long = "Transactions of 30 days below half their usual number"
    frame = ROWS.assign(label=[long, "Affluent"], value=[1.52, 0.9], low=[1.3, 0.8], high=[1.77, 1.1])
    shown = texts(drawings(body("intervals", frame, unit="ratio", reference=1, options={"value_label": say("Odds ratio")}))[1])
    assert {"1.30 to 1.77", "Odds", "ratio", "Transactions of"} <= set(shown)
    assert long in " ".join(shown)
    assert "…" not in "".join(shown)


def test_an_interval_without_room_stands_below_its_value():
    frame = ROWS.assign(label="Those alike who answered", value=[7.65, 7.26], low=[7.53, 3.14], high=[7.77, 9.27])
    more = {"unit": "mark", "options": {"value_label": say("Propensity-weighted")}}
    narrow = drawings(body("intervals", frame, **more))[1]
    at = {text.text: (float(text.get("x")), float(text.get("y"))) for text in narrow.iter("text")}
    assert at["3.14 to 9.27"][0] == pytest.approx(at["7.26"][0])
    assert 10 < at["3.14 to 9.27"][1] - at["7.26"][1] < 20
    rules = [float(path.get("d").split()[2]) for path in narrow.iter("path") if path.get("stroke") == "#16202b"]
    assert all(abs(y - at["3.14 to 9.27"][1]) > 4 for y in rules)


def test_a_long_name_of_a_curve_takes_two_lines_on_the_telephone():
    names = CURVES["series"].map({"Mass": "Not resolved for good", "Affluent": "Not resolved at all yet"})
    narrow = drawings(body("steps", CURVES.assign(series=names, value=0.1), x_unit="months"))[1]
    assert "…" not in "".join(texts(narrow))
    assert "Not resolved for good" in " ".join(texts(narrow))
    lowest = {text.text: float(text.get("y")) for text in narrow.iter("text")}
    assert max(lowest["good"], lowest["all yet"]) < lowest["0"] - 10  # above the dates below the axis


def test_a_name_at_zero_stands_above_the_axis():
    units = UNITS.assign(value=[0.0, *UNITS["value"].iloc[1:]], outside=["below", *UNITS["outside"].iloc[1:]])
    wide = drawings(body("funnel", pd.concat([units, LIMITS]), x_unit="count", options={"worse": "above"}))[0]
    name = next(text for text in wide.iter("text") if text.text.endswith(" 0.0%"))
    zero = next(text for text in wide.iter("text") if text.text == "0")
    assert float(name.get("y")) <= float(zero.get("y")) + 2


def test_months_on_an_axis_are_short_and_do_not_touch():
    assert {"Jun 2024", "Dec 2024", "Jun 2025"} <= set(texts(drawings(body("lines", TREND, x_unit="month"))[0]))
    narrow = drawings(body("lines", TREND, x_unit="month"))[1]
    marks = [(float(node.get("x")), node.text) for node in narrow.iter("text") if re.fullmatch(r"\w{3} \d{4}", node.text)]
    assert all(right - left > 60 for (left, _), (right, _) in itertools.pairwise(marks))


def test_hairlines_lie_on_whole_pixels_and_slopes_do_not():
    paths = [path for path in drawings(body("lines", TREND, x_unit="month"))[0].iter("path") if path.get("d").count("L") == 1]
    assert {path.get("shape-rendering") for path in paths} == {"crispEdges"}
    slopes = [path for path in drawings(body("lines", TREND, x_unit="month"))[0].iter("path") if path.get("stroke-width")]
    assert {path.get("shape-rendering") for path in slopes} == {None}


def test_a_lone_line_is_not_named_on_the_telephone():
    wide, narrow = drawings(body("lines", TREND[TREND["series"] == "Affluent"], x_unit="month"))
    assert "Affluent" in texts(wide)
    assert "Affluent" not in texts(narrow)


@pytest.mark.parametrize(
    "text", ["Any of the three", "Overall satisfaction", "Odds ratio", "3.53 to 5.02", "No transaction lately"]
)
@pytest.mark.parametrize("weight", ["normal", "bold"])
def test_no_usual_font_is_much_wider_than_reckoned(text, weight):
    """Against DejaVu Sans, the widest of the fonts that readers have."""
    from matplotlib.font_manager import FontProperties
    from matplotlib.textpath import TextPath

    width = TextPath((0, 0), text, size=13, prop=FontProperties(family="DejaVu Sans", weight=weight)).get_extents().width
    assert width < 1.03 * text_width(text, 13, weight == "bold")


def test_the_range_that_chance_explains_is_grey():
    frame = pd.DataFrame({"series": ["Complaints"] * 2 + ["Limits"] * 2, "x": [1, 2] * 2, "value": [3.0, 4, 3, 3], "low": [np.nan, np.nan, 2, 2],
                          "high": [np.nan, np.nan, 5, 5], "is_limits": [False, False, True, True]})  # fmt: skip
    html = body("lines", frame, x_unit="number")
    assert "#e6eaee" in html
    assert "#94640a" not in html
    assert "#94640a" in body("lines", frame.drop(columns="is_limits"), x_unit="number")


def test_chinese_needs_no_chinese_font_where_a_chart_is_built(monkeypatch):
    """The only font that is known here is matplotlib's own; the text stays text, and the page's font draws it."""
    from matplotlib import font_manager

    own = [font for font in font_manager.fontManager.ttflist if "DejaVu" in font.name]
    monkeypatch.setattr(font_manager.fontManager, "ttflist", own)
    html = body("intervals", ROWS.assign(label=say("Mass")), "zh")
    assert "大众客户</text>" in html
    assert "font-family" not in html


def test_parts_below_their_total_are_indented():
    frame = pd.DataFrame({"label": ["Branches", "East", "West"], "value": [3.0, 1, 2], "kind": ["total", "part", "part"]})
    lefts = re.findall(
        r'<text [^>]*?(?:x="([\d.]+)"|translate\(([\d.]+))[^>]*>(Branches|East|West)<', body("bars", frame, unit="count")
    )
    assert [float(x or moved or 0) for x, moved, _ in lefts[:3]] == [0, 16, 16]


def test_a_heat_map_tells_its_sides_apart_in_grey():
    frame = pd.DataFrame({"row": ["a", "b"], "column": ["x", "x"], "value": [2.0, -2.0], "text": ["1", "2"]})
    marks = [
        body("heat", frame.assign(value=values), unit="number").count("<use") for values in ([2.0, -2.0], [2.0, 1.0], [2.0, -0.1])
    ]
    assert marks == [4, 0, 2]
