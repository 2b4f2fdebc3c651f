"""Lines of labels: where Chinese and English ones may be broken."""

import pytest

from analysis.report.texts import series, text_width, wrap


@pytest.mark.parametrize(
    ("text", "width", "lines"),
    [
        ("支付金额较大、资产较多", 100, ["支付金额较大、", "资产较多"]),
        ("非主动流失（不计入）", 118, ["非主动流失", "（不计入）"]),
        ("三个月内资产下降20%以上", 118, ["三个月内资产下降", "20%以上"]),
        ("线上交易占比高10个百分点", 118, ["线上交易占比高", "10个百分点"]),
        ("平均排队15分钟以上", 118, ["平均排队15分钟", "以上"]),
        ("90天交易笔数", 118, ["90天交易笔数"]),
        ("城东支行", 30, ["城东", "支行"]),
        ("Twice as many transactions in 90 days", 118, ["Twice as many", "transactions in", "90 days"]),
        ("win-back rate", 60, ["win-", "back", "rate"]),
        ("", 100, [""]),
    ],
)
def test_a_label_breaks_where_a_reader_would(text, width, lines):
    assert wrap(text, width, lines=4) == lines


@pytest.mark.parametrize("text", ["客户近期是否交易、交易是否频繁、金额多大", "数据中没有连续180天无主动交易的客户（不计入）"])
@pytest.mark.parametrize("width", [40, 66, 90, 118])
def test_no_line_is_too_wide_or_opens_with_a_closing_mark(text, width):
    made = wrap(text, width, lines=20)
    assert "".join(made) == text
    assert all(text_width(line) <= width for line in made)
    assert not [line for line in made if line[0] in "、，）"]


def test_more_lines_are_not_taken_than_are_needed():
    assert wrap("期望：提供的解决方案与服务", 118, lines=4) == ["期望：提供的解决方", "案与服务"]


def test_parts_of_a_reading_stand_in_a_row():
    assert series(["a 1", "b 2"], "en") == "a 1, b 2"
    assert series(["甲 1", "乙 2"], "zh") == "甲 1、乙 2"
