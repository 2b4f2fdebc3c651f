"""The Chinese catalogue as a banker reads it: no English left over, full-width punctuation, the glossary's words."""

import re

import pytest

from analysis.wording import catalogue

PLACEHOLDER = re.compile(r"\{[^}]*\}|%d")
CODE = re.compile(
    r"bank\.yaml|(segment|complaint|warning)_actions\.csv|(when|category)、action、action_zh、owner、owner_zh(、due)?|docs/(assumptions|methods)\.md|dormant_days|run_off_share|crm report 0|`crm worklist`"
)
NOT_ENGLISH = {"consents", "crm", "worklist",
    "A", "AUC", "Ascarza", "Benjamini-Hochberg", "Blinder", "Brier", "CES", "DeLong", "F", "FTP", "Jaccard", "Johnson", "K", "Kaplan-Meier", "Kitagawa", "LMG", "NPS", "Newcombe", "Oaxaca-Blinder", "PR-AUC", "R", "SHA-", "Shapley", "Wald", "Wilson", "p",
}  # fmt: skip
CHINESE = "\u4e00-\u9fff"
HALF_WIDTH = re.compile(rf"[{CHINESE}）”][,;:?!()]|[,;:?!()][{CHINESE}（“]|[{CHINESE}]\.|\. ?[{CHINESE}]")
SPACED = re.compile(rf"[{CHINESE}，。；：、] +[^ ]|[^-# ] +[{CHINESE}]")
RIDICULOUS = ["休眠", "挤兑", "驱动因素", "漏斗图", "治疗组", "抵抗组", "迁址", "主要发现", "贡献占比", "属性"]


@pytest.fixture(scope="module")
def sentences() -> list[str]:
    """Each translation, what is filled in replaced by a digit, the currency by its name."""
    return [PLACEHOLDER.sub("0", text.replace("{currency}", "元")) for text in catalogue("zh").values()]


def test_no_english_word_is_left_over(sentences):
    words = {word for text in sentences for word in re.findall(r"[A-Za-z][A-Za-z-]*", CODE.sub("", text))}
    assert words - NOT_ENGLISH == set()


def test_punctuation_between_chinese_is_full_width(sentences):
    assert [text for text in sentences if HALF_WIDTH.search(text)] == []


def test_no_word_that_a_banker_would_find_ridiculous(sentences):
    assert [(word, text) for text in sentences for word in RIDICULOUS if word in text] == []


def test_no_space_beside_a_chinese_character(sentences):
    assert [text for text in sentences if SPACED.search(text.replace("\n", "|"))] == []


def test_brackets_and_quotes_are_closed(sentences):
    for opening, closing in ("（）", "“”"):
        assert [text for text in sentences if text.count(opening) != text.count(closing) and "：{0" not in text] == []


def test_shares_of_rates_differ_in_points_never_in_per_cent():
    """A difference of rates is told in percentage points: `{x:points}` never stands before a per cent sign."""
    assert [text for text in catalogue("zh").values() if re.search(r":points(\.\d)?\}\**%", text)] == []


@pytest.mark.parametrize(
    ("rule", "fault"),
    [
        (HALF_WIDTH, "流失率,上升"), (HALF_WIDTH, "流失(主动)"), (HALF_WIDTH, "上升."), (HALF_WIDTH, "规则:销户"),
        (SPACED, "共 12户"), (SPACED, "AUC 较高"), (SPACED, "流失率 上升"), (SPACED, "户， 流失"),
    ],
)  # fmt: skip
def test_a_fault_would_be_seen(rule, fault):
    assert rule.search(fault)
    assert not rule.search("流失率（主动）上升1.5个百分点，共1,234户：AUC较高。")
