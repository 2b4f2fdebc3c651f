"""Words and numbers as a chart or table prints them: cleaned, measured, wrapped, without a unit declared elsewhere."""

from __future__ import annotations

import math
import re
import unicodedata
from collections.abc import Iterable
from itertools import accumulate

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
UNIT_LABELS = {"share": say("%"), "points": say("points"), "days": say("days"), "months": say("months")}
PAUSES = "、，；： -"
OPENING, CLOSING = "（《「『“‘", "、，。；：！？）》」』”’%％…"


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


def series(parts: Iterable[str], language: str) -> str:
    """Parts of one reading, one after the other."""
    return ("、" if language == "zh" else ", ").join(parts)


def text_width(text: str, size: float = LABEL_SIZE, bold: bool = False) -> float:
    """About how many px the text takes: the reader's font is not known, so letters are counted by kind."""
    return size * sum(map(_em, text)) * (EM_BOLD if bold else 1)


def _em(letter: str) -> float:
    if _is_wide(letter):
        return EM_WIDE
    if letter in NARROW_LETTERS:
        return EM_NARROW
    if letter in BROAD_LETTERS:
        return EM_BROAD
    if letter.isdigit():
        return EM_DIGIT
    return EM_CAPITAL if letter.isupper() else EM_USUAL


def wrap(text: str, width: float, size: float = LABEL_SIZE, lines: int = 2) -> list[str]:
    """The text in at most `lines` lines of `width` px; what does not fit ends in an ellipsis. Lines end at spaces, hyphens
    and Chinese pauses where the rest has room, else between Chinese characters, else anywhere."""
    made, rest = [], text
    while rest and len(made) < lines - 1 and text_width(rest, size) > width:
        needed = math.ceil(text_width(rest, size) / width)
        cut = _break_at(rest, width, size, min(lines - len(made), needed) - 1)
        made, rest = [*made, rest[:cut].rstrip()], rest[cut:].lstrip()
    return [*made, shorten(rest, width, size)] if rest or not made else made


def shorten(text: str, width: float, size: float = LABEL_SIZE) -> str:
    """The text, or its beginning and an ellipsis."""
    if text_width(text, size) <= width:
        return text
    return text[: _fitting(text, width - size, size)].rstrip() + ELLIPSIS


def _break_at(text: str, width: float, size: float, lines_left: int) -> int:
    fitting = _fitting(text, width, size)
    places = [place for place in range(1, fitting + 1) if _may_break(text[place - 1], text[place])]
    pauses = [place for place in places if text[place - 1] in PAUSES or text[place] in f" {OPENING}"]
    roomy = [place for place in pauses if text_width(text[place:], size) <= lines_left * width]
    no_orphan = [place for place in places if len(text) - place > 1]
    return next((found[-1] for found in (roomy, no_orphan, places) if found), fitting)


def _may_break(before: str, after: str) -> bool:
    """Whether a line may end between two characters: a number keeps its unit, a closing mark what it closes."""
    if after == " " or before in " -":
        return True
    if after in CLOSING or before in OPENING or (before.isdigit() and _is_wide(after)):
        return False
    return _is_wide(before) or _is_wide(after)


def _is_wide(letter: str) -> bool:
    return unicodedata.east_asian_width(letter) in "WF"


def _fitting(text: str, width: float, size: float) -> int:
    """How many letters of a text that is wider have room; one in any case."""
    reach = accumulate(map(_em, text[:-1]))
    return max(1, sum(size * ems <= width for ems in reach))
