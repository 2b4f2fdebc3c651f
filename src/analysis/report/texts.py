"""Words and numbers as a chart or table prints them: cleaned, measured, wrapped, without a unit declared elsewhere."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable

import pandas as pd

from analysis.wording import NO_VALUE, Message, format_value, render, say

LABEL_SIZE = 13
AXIS_SIZE = 12
UNPRINTABLE = re.compile("[^\t\n\r\x20-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")
BIDI_CONTROLS = re.compile("[\u200e\u200f\u202a-\u202e\u2066-\u2069]")
NARROW_LETTERS = "fijlrt.,:;'()|! "
BROAD_LETTERS = "%@mwMW—…"
EM_WIDE, EM_BROAD, EM_DIGIT, EM_USUAL, EM_CAPITAL, EM_NARROW = 1.0, 0.97, 0.63, 0.6, 0.72, 0.36
EM_BOLD = 1.14
ELLIPSIS = "…"


def clean(text: str) -> str:
    """One line of text without characters that XML 1.0 forbids or that turn the direction of writing."""
    return " ".join(BIDI_CONTROLS.sub("", UNPRINTABLE.sub("", text)).split())


def plain(text: Message | str | None, language: str) -> str:
    """A Message or a string from data as one clean line."""
    return clean(render(text, language))


def is_missing(value: object) -> bool:
    """None, NaN, NaT and NA: a cell that has no number to print."""
    return not isinstance(value, str | Message) and bool(pd.isna(value))


def with_unit(value: object, unit: str, language: str) -> str:
    """The number with its unit's sign, a dash where it is missing."""
    return NO_VALUE if is_missing(value) else format_value(value, unit, language)


def bare(value: object, unit: str, language: str) -> str:
    """The number alone: its unit is declared once, in the column's head."""
    return with_unit(value, unit, language).removesuffix("%")


def interval_text(low: object, high: object, unit: str, language: str) -> str:
    """`0.3 to 0.7`, bare; empty for a census."""
    if is_missing(low) or is_missing(high):
        return ""
    ends = {name: bare(end, unit, language).removeprefix("+") for name, end in (("low", low), ("high", high))}
    return say("{low} to {high}", **ends).render(language)


def reading(label: object, value: object, low: object, high: object, unit: str, language: str) -> str:
    """A mark in words: its label, its value and, unless it is a census, its interval."""
    words = {"label": plain(label, language), "value": with_unit(value, unit, language)}
    if is_missing(low) or is_missing(high):
        return say("{label} {value}", **words).render(language)
    ends = {"low": with_unit(low, unit, language), "high": with_unit(high, unit, language)}
    return say("{label} {value} ({low} to {high})", **words, **ends).render(language)


def listing(parts: Iterable[str], language: str) -> str:
    """Readings one after the other, as one sentence."""
    ends = ("；", "。") if language == "zh" else ("; ", ".")
    return ends[0].join(parts) + ends[1]


def text_width(text: str, size: float = LABEL_SIZE, bold: bool = False) -> float:
    """About how many px the text takes: the reader's font is not known, so letters are counted by kind."""
    return size * sum(map(_em, text)) * (EM_BOLD if bold else 1)


def _em(letter: str) -> float:
    if unicodedata.east_asian_width(letter) in "WF":
        return EM_WIDE
    if letter in NARROW_LETTERS:
        return EM_NARROW
    if letter in BROAD_LETTERS:
        return EM_BROAD
    if letter.isdigit():
        return EM_DIGIT
    return EM_CAPITAL if letter.isupper() else EM_USUAL


def wrap(text: str, width: float, size: float = LABEL_SIZE, lines: int = 2) -> list[str]:
    """The text in at most `lines` lines of `width` px, broken at spaces and hyphens, or anywhere where there are none; what
    does not fit ends in an ellipsis."""
    made, rest = [], text
    while rest and len(made) < lines - 1 and text_width(rest, size) > width:
        cut = _break_at(rest, width, size)
        made, rest = [*made, rest[:cut].rstrip()], rest[cut:].lstrip()
    return [*made, shorten(rest, width, size)] if rest or not made else made


def shorten(text: str, width: float, size: float = LABEL_SIZE) -> str:
    """The text, or its beginning and an ellipsis."""
    if text_width(text, size) <= width:
        return text
    return text[: _fitting(text, width - size, size)].rstrip() + ELLIPSIS


def _break_at(text: str, width: float, size: float) -> int:
    fitting = _fitting(text, width, size)
    last = max(text.rfind(" ", 0, fitting + 1), text.rfind("-", 0, fitting) + 1)
    return last if last > 0 else fitting


def _fitting(text: str, width: float, size: float) -> int:
    fits = (count for count in range(len(text), 1, -1) if text_width(text[:count], size) <= width)
    return next(fits, 1)
