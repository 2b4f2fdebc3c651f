"""The Chinese catalogue as a banker reads it: no English left over, full-width punctuation, the glossary's words."""

import re

import pytest

from analysis.wording import catalogue

PLACEHOLDER = re.compile(r"\{[^}]*\}|%d")
CODE = re.compile(
    r"bank\.yaml|(segment|complaint|warning)_actions\.csv|(when|category)、action、action_zh、owner、owner_zh(、due)?|docs/(assumptions|methods)\.md|dormant_days|run_off_share|crm report 0|`crm worklist`"
)
NOT_ENGLISH = {"crm", "worklist",
    "A", "AUC", "Ascarza", "Benjamini-Hochberg", "Blinder", "Brier", "CES", "DeLong", "F", "FTP", "Jaccard", "Johnson", "K", "Kaplan-Meier", "Kitagawa", "LMG", "NPS", "Newcombe", "Oaxaca-Blinder", "PR-AUC", "R", "SHA-", "Shapley", "Wald", "Wilson", "p",
}  # fmt: skip
CHINESE = "\u4e00-\u9fff"
HALF_WIDTH = re.compile(rf"[{CHINESE}）”][,;:?!()]|[,;:?!()][{CHINESE}（“]|[{CHINESE}]\.|\. ?[{CHINESE}]")
RIDICULOUS = ["休眠", "挤兑", "驱动因素", "漏斗图", "治疗组", "抵抗组", "迁址", "主要发现", "贡献占比", "属性"]


@pytest.fixture(scope="module")
def sentences() -> list[str]:
    """Each translation, what is filled in replaced by a digit."""
    return [PLACEHOLDER.sub("0", text) for text in catalogue("zh").values()]


def test_no_english_word_is_left_over(sentences):
    words = {word for text in sentences for word in re.findall(r"[A-Za-z][A-Za-z-]*", CODE.sub("", text))}
    assert words - NOT_ENGLISH == set()


def test_punctuation_between_chinese_is_full_width(sentences):
    assert [text for text in sentences if HALF_WIDTH.search(text)] == []


def test_no_word_that_a_banker_would_find_ridiculous(sentences):
    assert [(word, text) for text in sentences for word in RIDICULOUS if word in text] == []


def test_no_space_beside_a_chinese_character(sentences):
    beside = re.compile(rf"[{CHINESE}，。；：、] +[^ ]|[^-# ] +[{CHINESE}]")
    assert [text for text in sentences if beside.search(text.replace("\n", "|"))] == []


def test_brackets_and_quotes_are_closed(sentences):
    for opening, closing in ("（）", "“”"):
        assert [text for text in sentences if text.count(opening) != text.count(closing) and "：{0" not in text] == []
