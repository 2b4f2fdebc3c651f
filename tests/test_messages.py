"""Every sentence that a page may say has a Chinese translation with the same values."""

import string
from pathlib import Path

import pytest

from analysis import messages
from analysis.wording import catalogue, say

PROJECT = Path(__file__).parents[1]


def fields(template: str) -> set[str]:
    return {name for _, name, _, _ in string.Formatter().parse(template) if name}


def test_nothing_that_a_page_may_say_lacks_its_chinese():
    missing = [text for text in messages.wanted(PROJECT) if not catalogue("zh").get(text)]
    assert not missing, f"{len(missing)} untranslated, such as {missing[:3]}; run python -m analysis.messages and fill them in"


def test_the_catalogue_holds_nothing_that_is_no_longer_said():
    assert set(catalogue("zh")) <= set(messages.wanted(PROJECT))


def test_a_translation_fills_in_the_same_values():
    prose = messages.prose(PROJECT / "notebooks")
    for template, translation in catalogue("zh").items():
        if template not in prose:
            assert fields(template) == fields(translation), template


def test_prose_keeps_its_headings_and_terms():
    for text in messages.prose(PROJECT / "notebooks"):
        translated = catalogue("zh")[text]
        for mark in ("## ", "- **"):
            assert text.count(mark) == translated.count(mark), text
        assert text.startswith("# ") == translated.startswith("# ")


def test_update_keeps_translations_and_drops_what_is_gone(tmp_path):
    path = tmp_path / "zh.po"
    messages.update(path, "zh", {"one {n:count}": "a.py", "two": "b.py"})
    path.write_text(path.read_text().replace('msgid "two"\nmsgstr ""', 'msgid "two"\nmsgstr "二"'))
    messages.update(path, "zh", {"two": "b.py", "three": "c.py"})
    text = path.read_text()
    assert 'msgid "two"\nmsgstr "二"' in text
    assert 'msgid "three"\nmsgstr ""' in text
    assert "one" not in text


@pytest.mark.parametrize(
    ("message", "chinese"),
    [
        (say("{share:share} of {all:count} reports", share=0.5, all=1200), "50.0% of 1,200 reports"),
        (say("95% interval"), "95%置信区间"),
    ],
)
def test_numbers_are_written_for_the_language(message, chinese):
    assert message.render("zh") == chinese
