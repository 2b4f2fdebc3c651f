"""The last look at a page: each fault makes it fail, and what only looks like one does not."""

import pytest
from stdnum import luhn
from stdnum.cn import uscc

from analysis.report.inspection import faults, faults_in_results, faults_in_text, revealed, shows_any

CLEAN = """<!doctype html><html lang="en"><head><meta charset="utf-8"><link rel="icon" href="data:,">
<style>body { background: url("data:image/png;base64,AAAA") }</style><title>Page</title></head><body>
<section><h2>Assets</h2><p>13,912,345,678 in all, 13912345678.50 at most; see <a href="https://example.org/method">the method</a>
and <a href="#s1">above</a>.</p>
<figure><svg role="img"><title>Two tiers</title><desc>1 and 2</desc><use href="#dot"/></svg></figure>
<img alt="A curve that falls" src="data:image/png;base64,AAAA"></section>
<section><h2>Sources</h2><details><pre>say("{n:count} left"), Message(template="x")</pre></details>
<table><tr><td>13912345678abcdef013912345678abcdef013912345678abcdef013912345678</td></tr></table></section></body></html>"""


def page(inside: str) -> str:
    return f"<html><body><section><h2>Assets</h2>{inside}</section></body></html>"


def test_a_clean_page_has_no_fault():
    assert faults(CLEAN, frozenset({"K000001", "Anna Alpha"})) == []


@pytest.mark.parametrize(
    ("inside", "fault"),
    [
        ('<img alt="x" src="https://example.org/a.png">', "it would load img from src"),
        ('<img alt="x" src="a.png">', "it would load img from src"),
        ('<img alt="x" src="data:," srcset="//example.org/a.png 2x">', "it would load img from srcset"),
        ('<link rel="stylesheet" href="style.css">', "it would load link from href"),
        ('<svg><image xlink:href="http://example.org/a.png"/></svg>', "it would load image from xlink:href"),
        ('<svg><use href="other.svg#a"/></svg>', "it would load use from href"),
        ('<video poster="a.png"></video>', "it would load video from poster"),
        ('<form action="https://example.org/"></form>', "it would load form from action"),
        ("<style>@import 'a.css';</style>", "its style would load something"),
        ('<p style="background: url(https://example.org/a.png)">x</p>', "its style would load something"),
        ('<base href="https://example.org/">', "its base would lead elsewhere"),
        ('<meta http-equiv="Refresh" content="0; url=https://example.org/">', "its meta would lead elsewhere"),
        ("<script>alert(1)</script>", "it holds a script"),
        ('<iframe srcdoc="x"></iframe>', "it holds an iframe"),
        ('<p onclick="alert(1)">x</p>', "its p would run a script"),
        ('<a href=" javascript:alert(1)">x</a>', "its a would run a script"),
        ('<img src="data:,">', "an image has no alt text"),
        ('<img alt=" " src="data:,">', "an image has no alt text"),
        ('<img alt="No description has been provided for this image" src="data:,">', "an image has no alt text"),
        ('<svg role="img"><desc>1</desc></svg>', "a figure has no title"),
        ("<p>{rate:share} of them left</p>", "text was left unrendered in section 'Assets'"),
        ("<p>{ratio:ratio.1} times the average</p>", "text was left unrendered in section 'Assets'"),
        ("<p>{{ page.title }}</p>", "text was left unrendered in section 'Assets'"),
        ("<pre>&lt;bound method Book.table of 1&gt;</pre>", "text was left unrendered in section 'Assets'"),
        ("<p>&lt;analysis.finding.Finding object at 0x7f&gt;</p>", "text was left unrendered in section 'Assets'"),
        ("<p>call 13912345678.</p>", "it shows what looks like a mobile telephone number in section 'Assets'"),
        ("<td>139-1234-5678</td>", "it shows what looks like a mobile telephone number in section 'Assets'"),
        ("<pre>0  13912345678</pre>", "it shows what looks like a mobile telephone number in section 'Assets'"),
        ('<svg role="img" aria-label="13912345678"><title>x</title></svg>', "it shows what looks like a mobile telephone number in section 'Assets'"),
        ("<p>11010519491231002X</p>", "it shows what looks like an identity number in section 'Assets'"),
        ("<p>110105 19491231 002X</p>", "it shows what looks like an identity number in section 'Assets'"),
        ("<p>+86 139 1234 5678</p>", "it shows what looks like a mobile telephone number in section 'Assets'"),
        ("<p>010-62781234</p>", "it shows what looks like a telephone number in section 'Assets'"),
        ("<p>电话（0755）26781234</p>", "it shows what looks like a telephone number in section 'Assets'"),
        ("<p>card 4111 1111 1111 1111</p>", "it shows what looks like the number of a bank card in section 'Assets'"),
        ("<p>account 1234567890123</p>", "it shows what looks like an account number in section 'Assets'"),
        ("<p>91310000775785552L</p>", "it shows what looks like a company's credit code in section 'Assets'"),
        ("<p>anna@example.org</p>", "it shows what looks like an e-mail address in section 'Assets'"),
        ("<p>worst: K000001.</p>", "it shows a customer's name or number in section 'Assets'"),
        ("<td>Anna\n Alpha</td>", "it shows a customer's name or number in section 'Assets'"),
        ("<p>最大客户是北桥众信农业有限公司的分公司</p>", "it shows a customer's name or number in section 'Assets'"),
    ],
)  # fmt: skip
def test_each_fault_is_told_and_nothing_secret_repeated(inside, fault):
    assert faults(page(inside), frozenset({"K000001", "Anna Alpha", "北桥众信农业有限公司"})) == [fault]


def test_what_stands_outside_every_section_is_looked_at():
    assert faults("<header><h1>13912345678</h1></header>" + page("")) == [
        "it shows what looks like a mobile telephone number in section 'masthead'"
    ]


@pytest.mark.parametrize(
    "text",
    [
        "13,912,345,678",
        "1.39123456789",
        "13912345678.50",
        "13912345678,50",
        "139123456789",
        "a13912345678",
        "139\n1234\n5678",
        "1,139 1234 56789",
        "20250630 and 110105194912310021234",
        "4111 1111 1111 1112",
        "91310000775785552M",
        "1,234,567,890,123,456",
        "0.1234567890123456",
        "2024-06-30 2025-06-30",
        "2010-2023 4567",
        "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855",
    ],
)
def test_amounts_hashes_and_neighbouring_cells_are_no_identifiers(text):
    assert revealed(text) == []


@pytest.mark.parametrize(
    ("text", "is_shown"),
    [
        ("customer 100200 left", True),
        ("customer 1002003 left", False),
        ("customer 2100200 left", False),
        ("X100200", False),
        ("(100200)", True),
        ("100,200", False),
        ("客户100200流失", True),
    ],
)
def test_an_identifier_is_found_as_a_word_of_its_own(text, is_shown):
    assert shows_any(text, frozenset({"100200"})) is is_shown


def test_hostile_text_of_the_bank_shown_as_text_is_no_fault():
    assert faults(page("<p>Branch {{7*7}} &lt;script&gt;alert(1)&lt;/script&gt; javascript:alert(1) %s ${x}</p>")) == []


def test_check_digits_are_those_of_the_standards():
    cards = [f"622202{number:012d}7" for number in range(40)]
    spaced = [" ".join(card[start : start + 4] for start in range(0, 19, 4)) for card in cards]
    assert [bool(revealed(text)) for text in spaced] == [luhn.is_valid(card) for card in cards]
    codes = [f"91310000775785{number:03d}L" for number in range(500, 590)]
    assert [bool(revealed(code)) for code in codes] == [uscc.is_valid(code) for code in codes]
    assert any(map(uscc.is_valid, codes))


def test_results_and_printed_text_are_looked_at_with_their_place():
    findings = [{"text": "K000001 left", "value": 13912345678}, {"text": "call 13912345678"}]
    results = {"reports": {"churn": {"findings": findings}}, "as_of": "2025-06-30"}
    assert faults_in_results(results, frozenset({"K000001"})) == [
        "it shows a customer's name or number in results.json, reports, churn, findings, text",
        "it shows what looks like a mobile telephone number in results.json, reports, churn, findings, text",
    ]
    assert faults_in_results({"reports": {"churn": {"value": 13912345678}}}) == []
    assert faults_in_text("anna@example.org", "page 2") == ["it shows what looks like an e-mail address in page 2"]
