"""Sentences in two languages: an English template is the key, `locale/zh.po` holds its Chinese.

Templates are `str.format` templates whose format specs are the units of this module:
`"{rate:share} of {n:count} customers left"`; `capital` opens a Message with a capital letter, and a value named `currency` is a
currency's code, told as the language calls it. Values are formatted for the language at the moment of rendering, so one
computation serves every language.
"""

import datetime as dt
import html
import math
import os
import re
import string
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import cache
from pathlib import Path

LANGUAGES = ("en", "zh")
CATALOGUES = Path(__file__).parent / "locale"
MINUS = "\u2212"
NO_VALUE = "\u2013"
DECIMALS = {
    "count": 0,
    "share": 1,
    "points": 1,
    "score": 0,
    "mark": 2,
    "ratio": 2,
    "number": 2,
    "days": 0,
    "months": 0,
    "amount": 0,
}
CURRENCIES = {"zh": {"CNY": "元"}}
BOLD = re.compile(r"\*\*(.+?)\*\*")
HAN = re.compile(r"[\u4e00-\u9fff]")


@dataclass(frozen=True)
class Message:
    """A sentence not yet in a language: an English template and its values (numbers, dates, text or Messages)."""

    template: str
    values: Mapping[str, object] = field(default_factory=dict, hash=False)

    def render(self, language: str = "en") -> str:
        """The sentence as plain text in `language`; emphasis marks (`**`) are left out."""
        return _Formatter(language).vformat(BOLD.sub(r"\1", self.words(language)), (), self.values)

    def html(self, language: str = "en") -> str:
        """The sentence escaped for HTML, `**…**` as `<b>`."""
        marked = BOLD.sub(r"<b>\1</b>", html.escape(self.words(language), quote=False))
        return _Formatter(language, escapes=True).vformat(marked, (), self.values)

    def filled(self, **values: object) -> "Message":
        """The same template with these values."""
        return replace(self, values={**self.values, **values})

    def words(self, language: str) -> str:
        """The template in `language`."""
        return translate(self.template, language)

    def __str__(self) -> str:
        return self.render()


@dataclass(frozen=True)
class Label(Message):
    """A name that a bank gives in each language itself (an item of its survey): nothing to translate, nothing to fill in."""

    others: Mapping[str, str | None] = field(default_factory=dict, hash=False)

    def words(self, language: str) -> str:
        return (self.others.get(language) or self.template).replace("{", "{{").replace("}", "}}").replace("**", "")


@dataclass(frozen=True)
class Quote(Message):
    """Words that customers wrote, in the language in which they wrote them."""

    def words(self, language: str) -> str:
        return self.template.replace("{", "{{").replace("}", "}}").replace("**", "")

    def html(self, language: str = "en") -> str:
        """The words marked with their own language, for those who listen to a page."""
        own = "zh-CN" if HAN.search(self.template) else "en"
        return f'<q lang="{own}">{super().html(language)}</q>'


def say(template: str, **values: object) -> Message:
    """A Message; the template's English is what translators see."""
    return Message(template, values)


def listed(words: Iterable[Message | str], joint: Message | None = None) -> Message | None:
    """Several words as one, `first, second`, or as `joint` joins two of them; None where there is none."""
    made: Message | None = None
    for word in words:
        own = word if isinstance(word, Message) else say("{word}", word=word)
        made = own if made is None else (joint or say("{first}, {second}")).filled(first=made, second=own)
    return made


def render(text: "Message | str | None", language: str) -> str:
    """Plain text of a Message, or of a string from data, which is left as it is."""
    return text.render(language) if isinstance(text, Message) else "" if text is None else str(text)


def render_html(text: "Message | str | None", language: str) -> str:
    """The same, escaped for HTML."""
    return text.html(language) if isinstance(text, Message) else html.escape(render(text, language), quote=False)


def shown_languages() -> tuple[str, ...]:
    """The languages a kernel renders its outputs in: the publisher's choice, else English."""
    asked = tuple(name for name in os.environ.get("CRM_LANGUAGES", "en").split(",") if name in LANGUAGES)
    return asked or ("en",)


def translate(template: str, language: str) -> str:
    """The template in `language`; English where the catalogue has no translation."""
    return template if language == "en" else catalogue(language).get(template, template)


@cache
def catalogue(language: str) -> dict[str, str]:
    """English template → its translation, from `locale/<language>.po`."""
    from babel.messages.pofile import read_po

    with open(CATALOGUES / f"{language}.po", "rb") as file:
        return {entry.id: entry.string for entry in read_po(file, locale=language) if entry.id and entry.string}


def currency_name(code: str, language: str) -> str:
    """What a sentence of `language` calls the currency of an ISO 4217 code: the code where it has no name of its own here."""
    return CURRENCIES.get(language, {}).get(code, code)


def format_value(value: object, unit: str, language: str = "en", sign: bool = False) -> str:
    """A number in a unit: count, share (0-1, shown in %), points (a difference of shares), score (NPS, -100 to 100),
    mark (1-10), ratio, number, days, months, amount (money in full), money (compact; money.2: two decimals below 10 of a scale), date, month."""
    if value is None or (isinstance(value, float) and math.isnan(value)):
        return NO_VALUE
    if unit in ("date", "month"):
        return _format_date(value, unit, language)
    unit, _, digits = unit.partition(".")
    if unit == "money":
        return _format_money(float(value), language, int(digits or 1))
    scaled = float(value) * (100 if unit in ("share", "points") else 1)
    decimals = int(digits) if digits else DECIMALS[unit]
    return _format_number(scaled, decimals, sign or unit == "points") + ("%" if unit == "share" else "")


def _format_number(value: float, decimals: int, sign: bool = False) -> str:
    text = f"{abs(value):,.{decimals}f}"
    if not float(text.replace(",", "")):
        return text
    return MINUS + text if value < 0 else "+" + text if sign else text


def _format_money(value: float, language: str, decimals: int = 1) -> str:
    steps = ((1e8, "亿"), (1e4, "万")) if language == "zh" else ((1e9, " billion"), (1e6, " million"))
    for size, word in steps:
        if abs(value) >= size:
            return _format_number(value / size, decimals if abs(value) < 10 * size else 1) + word
    return _format_number(value, 0)


def _format_date(value: object, unit: str, language: str) -> str:
    day = dt.date.fromisoformat(str(value)[:10])
    if language == "zh":
        return f"{day.year}年{day.month}月" + (f"{day.day}日" if unit == "date" else "")
    return (f"{day.day} " if unit == "date" else "") + f"{day:%B} {day.year}"


class _Formatter(string.Formatter):
    def __init__(self, language: str, escapes: bool = False):
        self.language, self.escapes = language, escapes

    def get_value(self, key: str | int, args: Sequence[object], kwargs: Mapping[str, object]) -> object:
        value = super().get_value(key, args, kwargs)
        return currency_name(value, self.language) if key == "currency" and isinstance(value, str) else value

    def format_field(self, value: object, spec: str) -> str:
        if isinstance(value, Message):
            text = value.html(self.language) if self.escapes else value.render(self.language)
            return text[:1].upper() + text[1:] if spec == "capital" else text
        text = format_value(value, spec, self.language) if spec else str(value)
        return html.escape(text, quote=False) if self.escapes else text
