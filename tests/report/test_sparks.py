"""The line of 13 months beside a key figure."""

import re

import pandas as pd
import pytest
from bs4 import BeautifulSoup
from tests.report.monthly_example import monthly_results

from analysis.report.magnitudes import magnitude
from analysis.report.sparks import WIDTH, spark


def figure(place=2, **more):
    return {**monthly_results()["reports"]["key_figures"]["figures"][place], **more}


def drawn(one, language="en"):
    return BeautifulSoup(spark(one, magnitude(one, language), "Beyond noise, worse", "Churn, 13 months", language), "html.parser")


def test_a_month_beyond_noise_and_worse_ends_in_a_square_and_better_in_a_full_dot():
    assert drawn(figure()).select_one("svg.worse rect.end")
    assert drawn(figure(5)).select_one("svg.better circle.end")
    within = drawn(figure(0))
    assert not within.select(".end")
    assert len(within.select("circle.mark")) == 2


def test_target_and_value_are_written_at_the_lines_end_and_never_touch():
    places = [float(label["y"]) for label in drawn(figure(5)).select(".now, text.goal")]
    assert len(places) == 2
    assert abs(places[0] - places[1]) >= 16
    assert [label.text for label in drawn(figure()).select(".now, text.goal")] == ["7.9", "7.0"]
    assert not drawn(figure(target=None)).select(".goal")


def test_the_words_tell_every_month_with_its_unit():
    told = drawn(figure()).desc.text
    assert told.startswith("June 2024: 5.9%; July 2024")
    assert told.endswith("June 2025: 7.9%; Beyond noise, worse")


def test_a_month_without_value_breaks_the_line_and_a_line_needs_two():
    points = figure()["points"]
    gap = [{**point, "value": None} if place == 4 else point for place, point in enumerate(points)]
    assert len(drawn(figure(points=gap)).select("path.line")) == 2
    assert not drawn(figure(points=[{**point, "value": None} for point in points[:-1]] + points[-1:])).svg


@pytest.mark.parametrize(
    ("last", "is_shown"),
    [("2025-02-28", False), ("2025-04-30", True), ("2025-07-31", True), ("2025-09-30", False), ("2025-12-31", False)],
)
def test_decembers_word_stands_only_where_it_has_room(last, is_shown):
    ends = [str(day.date()) for day in pd.date_range(end=last, periods=13, freq="ME")]
    one = figure(points=[{**point, "month": day} for point, day in zip(figure()["points"], ends, strict=True)])
    assert (drawn(one).find("text", string="Dec") is not None) == is_shown


def test_it_has_no_style_and_keeps_to_its_own_ids():
    text = spark(figure(), magnitude(figure(), "zh"), "x", "<b>&", "zh")
    assert "style=" not in text
    assert "fill=" not in text
    assert "&lt;b&gt;&amp;" in text
    assert set(re.findall(r'id="([^"]+)"', text)) == {"sp-churn-rate-t", "sp-churn-rate-d"}
    assert f'viewBox="0 0 {WIDTH} 84"' in text
