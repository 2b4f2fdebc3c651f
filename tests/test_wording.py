import datetime as dt

import pytest

from analysis import wording
from analysis.errors import NotProduced
from analysis.wording import Message, format_value, render, render_html, say, shown_languages


@pytest.mark.parametrize(
    ("value", "unit", "english", "chinese"),
    [
        (1234567, "count", "1,234,567", "1,234,567"),
        (0.1234, "share", "12.3%", "12.3%"),
        (0.1234, "share.2", "12.34%", "12.34%"),
        (0.012, "points", "+1.2", "+1.2"),
        (-0.012, "points", "−1.2", "−1.2"),
        (-0.0001, "points", "0.0", "0.0"),
        (-34.4, "score", "−34", "−34"),
        (7.456, "mark", "7.46", "7.46"),
        (1.5, "ratio", "1.50", "1.50"),
        (12, "days", "12", "12"),
        (1234567.8, "amount", "1,234,568", "1,234,568"),
        (1234567.8, "money", "1.2 million", "123.5万"),
        (-2.5e9, "money", "−2.5 billion", "−25.0亿"),
        (9999, "money", "9,999", "9,999"),
        (2.414e9, "money.2", "2.41 billion", "24.1亿"),
        (-3.456e8, "money.2", "−345.6 million", "−3.46亿"),
        (dt.date(2025, 6, 30), "date", "30 June 2025", "2025年6月30日"),
        ("2025-06-30", "month", "June 2025", "2025年6月"),
        (None, "share", "–", "–"),
        (float("nan"), "count", "–", "–"),
    ],
)
def test_a_value_in_its_unit(value, unit, english, chinese):
    assert (format_value(value, unit), format_value(value, unit, "zh")) == (english, chinese)


def test_a_sentence_with_its_values():
    message = say("**{rate:share}** of {n:count} customers left", rate=0.1234, n=5000)
    assert message == Message("**{rate:share}** of {n:count} customers left", {"rate": 0.1234, "n": 5000})
    assert message.render() == str(message) == "12.3% of 5,000 customers left"
    assert message.html() == "<b>12.3%</b> of 5,000 customers left"


def test_a_currency_has_its_name_in_the_language():
    message = say("{value:amount} {currency} a year", value=1200, currency="CNY")
    assert (message.render(), say("{currency}", currency="CNY").render("zh")) == ("1,200 CNY a year", "元")
    assert say("{currency}", currency="EUR").render("zh") == "EUR"


def test_text_from_data_is_escaped_and_left_as_it_is():
    hostile = "<script>{n}</script>"
    assert say("Item {item}", item=hostile).html() == "Item &lt;script&gt;{n}&lt;/script&gt;"
    assert say("Item {item}", item=hostile).render() == "Item <script>{n}</script>"
    assert (render(hostile, "en"), render_html(hostile, "en")) == (hostile, "&lt;script&gt;{n}&lt;/script&gt;")
    assert render(None, "zh") == render_html(None, "zh") == ""


@pytest.fixture
def catalogue(tmp_path, monkeypatch):
    (tmp_path / "zh.po").write_text(
        'msgid ""\nmsgstr "Content-Type: text/plain; charset=utf-8\\n"\n\n'
        'msgid "{n:count} customers"\nmsgstr "{n:count}名客户"\n\nmsgid "Of {who}, {rate:share} left"\nmsgstr "{who}中{rate:share}流失"\n',
        encoding="utf-8",
    )
    monkeypatch.setattr(wording, "CATALOGUES", tmp_path)
    wording.catalogue.cache_clear()
    yield
    wording.catalogue.cache_clear()


@pytest.mark.usefixtures("catalogue")
def test_one_computation_serves_both_languages():
    message = say("Of {who}, {rate:share} left", who=say("{n:count} customers", n=5000), rate=0.1)
    assert message.render("en") == "Of 5,000 customers, 10.0% left"
    assert message.render("zh") == "5,000名客户中10.0%流失"


@pytest.mark.usefixtures("catalogue")
def test_what_has_no_translation_stays_english():
    assert say("nothing here").render("zh") == "nothing here"


@pytest.mark.usefixtures("catalogue")
def test_a_reason_is_told_in_each_shown_language(monkeypatch):
    monkeypatch.setenv("CRM_LANGUAGES", "en,zh")
    assert str(NotProduced(say("{n:count} customers", n=3))) == "3 customers\n3名客户"


@pytest.mark.parametrize(("asked", "shown"), [("en", ("en",)), ("zh,en", ("zh", "en")), ("xx", ("en",)), ("", ("en",))])
def test_shown_languages(monkeypatch, asked, shown):
    monkeypatch.setenv("CRM_LANGUAGES", asked)
    assert shown_languages() == shown


def test_an_unknown_unit_is_an_error():
    with pytest.raises(KeyError, match="furlongs"):
        say("{x:furlongs}", x=1).render()
