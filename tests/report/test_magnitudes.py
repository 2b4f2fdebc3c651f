"""Compact numbers: one scale for all that is said of a figure."""

import pytest

from analysis.report.magnitudes import direction, magnitude


def of(unit, value, language, currency=None):
    scale = magnitude({"unit": unit, "value": value, "currency": currency}, language)
    return scale.full(value)


@pytest.mark.parametrize(
    ("unit", "value", "english", "chinese"),
    [
        ("count", 1_284_000, "1.284 million", "128.4万户"),
        ("count", 4_210, "4,210 customers", "4,210户"),
        ("share", 0.0791, "7.9%", "7.9%"),
        ("score", -4.4, "−4 NPS points", "−4分"),
    ],
)
def test_counts_shares_and_scores(unit, value, english, chinese, monkeypatch):
    monkeypatch.setattr("analysis.wording.catalogue", lambda language: {"NPS points": "分"})
    assert (of(unit, value, "en"), of(unit, value, "zh")) == (english, chinese)


@pytest.mark.parametrize(
    ("value", "english", "chinese"),
    [
        (218_760_000_000, "CNY 218.8 bn", "2,187.6亿元"),
        (9_630_000_000, "CNY 9.63 bn", "96.3亿元"),
        (45_300_000, "CNY 45.3 m", "4,530.0万元"),
        (9_900, "CNY 9,900", "9,900元"),
    ],
)
def test_money(value, english, chinese):
    assert (of("money", value, "en", "CNY"), of("money", value, "zh", "CNY")) == (english, chinese)


def test_a_missing_number_is_a_dash_and_zero_has_no_sign():
    scale = magnitude({"unit": "share", "value": 0.1}, "en")
    assert (scale.number(None), scale.number(0.0001, sign=True), scale.gap(-0.02, "en")) == ("–", "0.0", "2.0")


def test_rise_and_fall_in_words():
    assert [direction(text).render() for text in ("+0.3", "−1", "0.0")] == ["up", "down", "unchanged"]
