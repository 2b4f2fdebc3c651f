"""The stylesheet that a page inlines."""

import re

from analysis.report.stylesheet import SOURCE, stylesheet


def test_each_variable_has_its_plain_value_before_it():
    css = stylesheet("en", "Demo Bank", "Internal", "Version 1.0")
    assert "color: #14508c; color: var(--blue);" in css
    declarations = re.findall(r"([\w-]+):[^;{}]*var\(", css)
    assert len(declarations) > 50
    assert css.count("{") == css.count("}")


def test_page_boxes_hold_the_texts_and_the_pages_number():
    css = stylesheet("en", "Demo Bank · Churn", "Internal", "Version 1.0")
    assert '@top-left { content: "Demo Bank · Churn";' in css
    assert '@bottom-right { content: "Page " counter(page) " of " counter(pages);' in css


def test_the_pages_number_in_chinese(monkeypatch):
    monkeypatch.setattr("analysis.wording.catalogue", lambda language: {"Page {page} of {pages}": "第{page}页/共{pages}页"})
    css = stylesheet("zh", "示例银行", "内部资料", "版本 1.0")
    assert r'content: "第" counter(page) "页\2f 共" counter(pages) "页";' in css


def test_a_banks_name_cannot_leave_its_string():
    css = stylesheet("en", '"; } body { display: none } </style>\n\\', "Internal", "Version 1.0")
    boxes = css[css.index("@page") :]
    assert "</style" not in css
    assert boxes.count("{") == boxes.count("}") == 6


def test_no_request_is_made_by_it():
    assert not re.search(r"url\(|@import|http", stylesheet("en", "Demo Bank", "Internal", "Version 1.0"))


NEWER_THAN_2018 = (  # what Chromium 70 does not know, and what would go wrong there
    r"(?<![-\w])gap:|row-gap:(?<!grid-row-gap:)", r"\b(clamp|min|max|color-mix|env)\(", r":(is|where|has|focus-visible)\b", r"@(layer|container|supports|property)",
    r"aspect-ratio|\binset\b|(padding|margin)-(inline|block)|place-\w+:|subgrid|accent-color|scrollbar-gutter", r"\d(svh|dvh|lvh|cqw)\b", r"(?m)^\s*&",
)  # fmt: skip
ONLY_FINER = {  # an older engine leaves these out and loses nothing that is to be read
    "text-wrap: pretty", "overflow-wrap: anywhere", "text-underline-offset", "::details-content", "page: land",
}  # fmt: skip


def test_it_asks_for_nothing_that_an_engine_of_2018_lacks():
    css = re.sub(r"/\*.*?\*/", "", SOURCE.read_text(encoding="utf-8"), flags=re.S)
    assert [found[0] for rule in NEWER_THAN_2018 for found in re.finditer(rule, css)] == []
    assert all(part in css for part in ONLY_FINER)


def test_a_selector_of_a_newer_engine_stands_alone():
    """An older engine drops a whole rule for one selector that it does not know."""
    rules = re.findall(r"([^{}]+)\{", SOURCE.read_text(encoding="utf-8"))
    assert [rule for rule in rules if "::details-content" in rule and "," in rule] == []
