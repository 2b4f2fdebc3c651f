"""The stylesheet as a page inlines it: with plain values before each variable, and its boxes on paper."""

from __future__ import annotations

import re
from functools import cache
from pathlib import Path

from analysis.wording import say

SOURCE = Path(__file__).parent / "assets" / "style.css"
TOKEN = re.compile(r"(--[\w-]+):\s*([^;]+);")
VARIABLE = re.compile(r"var\((--[\w-]+)\)")
DECLARATION = re.compile(r"[\w-]+:\s*[^;{}]*var\([^;{}]*(?=;)")
PAPER_FONTS = {
    "en": '"Segoe UI", "Noto Sans", system-ui, sans-serif',
    "zh": '"PingFang SC", "Microsoft YaHei", "Noto Sans CJK SC", SimSun, sans-serif',
}
PAPER_INK = "#616c77"


def stylesheet(language: str, running_head: str, classification: str, version_line: str) -> str:
    """The text of a page's one `<style>`: on paper `running_head` and `classification` stand above, `version_line`
    and the page's number below. The same arguments give the same bytes."""
    return _with_fallbacks(SOURCE.read_text(encoding="utf-8")) + _page_boxes(language, running_head, classification, version_line)


@cache
def _with_fallbacks(css: str) -> str:
    """Each declaration that uses a variable is preceded by itself with the variable's value, for old engines."""
    tokens = dict(TOKEN.findall(css))
    root, _, rest = css.partition("}")

    def doubled(declaration: re.Match) -> str:
        return VARIABLE.sub(lambda name: tokens[name[1]], declaration[0]) + "; " + declaration[0]

    return root + "}" + DECLARATION.sub(doubled, rest)


def _page_boxes(language: str, running_head: str, classification: str, version_line: str) -> str:
    boxes = {
        "top-left": _quoted(running_head),
        "top-right": _quoted(classification),
        "bottom-left": _quoted(version_line),
        "bottom-right": _page_number(language),
    }
    font = f"font: 8pt {PAPER_FONTS[language]}; color: {PAPER_INK};"
    lines = "\n".join(f"  @{place} {{ content: {content}; {font} }}" for place, content in boxes.items())
    return f"\n@page {{\n  size: A4 portrait; margin: 17mm 15mm 17mm;\n{lines}\n}}\n@page land {{ size: A4 landscape; }}\n"


def _page_number(language: str) -> str:
    text = say("Page {page} of {pages}", page="\0page\0", pages="\0pages\0").render(language)
    counters = {"page": "counter(page)", "pages": "counter(pages)"}
    return " ".join(counters.get(part) or _quoted(part) for part in text.split("\0") if part)


def _quoted(text: str) -> str:
    """A CSS string: what could end the string or the style element is escaped by its number."""
    return '"' + re.sub(r"[^\w ,.:;·–—-]", lambda letter: f"\\{ord(letter[0]):x} ", text) + '"'
