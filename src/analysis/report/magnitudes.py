"""Numbers as the monthly report prints them: one scale and one number of decimals for all that is said of a figure."""

from __future__ import annotations

from dataclasses import dataclass

from analysis.wording import MINUS, NO_VALUE, Message, currency_name, format_value, say

LARGE_COUNT = 1e6
MONEY_STEPS = {
    "en": ((1e9, "{currency} bn"), (1e6, "{currency} m"), (1.0, "{currency}")),
    "zh": ((1e8, "亿{currency}"), (1e4, "万{currency}"), (1.0, "{currency}")),
}
COUNT_UNITS = {"en": "customers", "zh": "户"}
COUNT_STEPS = {"en": (1e6, "million", 3), "zh": (1e4, "万户", 1)}
UNCHANGED = say("unchanged")


@dataclass(frozen=True)
class Magnitude:
    """How the numbers of one figure are written: divided by `divisor`, with `decimals`, in `word`, the unit as a tile shows it."""

    unit: str
    divisor: float
    decimals: int
    word: str

    def number(self, value: float | None, sign: bool = False) -> str:
        """The number without its unit; a dash where it is missing."""
        if value is None:
            return NO_VALUE
        return format_value(value / self.divisor, f"number.{self.decimals}", sign=sign)

    def full(self, value: float | None) -> str:
        """The number with its unit, as a sentence says it."""
        if value is None:
            return NO_VALUE
        if self.unit == "share":
            return self.number(value) + "%"
        gap = "" if self.word[:1] > "\u2e7f" else " "
        if self.unit == "money" and self.word.isascii():
            currency = self.word.removesuffix("bn").removesuffix("m").strip()
            return f"{currency} {self.number(value)}{self.word[len(currency) :]}".strip()
        return f"{self.number(value)}{gap}{self.word}".rstrip()

    def gap(self, value: float, language: str) -> str:
        """How far two values are apart, without a sign."""
        words = {"share": "个百分点"}.get(self.unit, self.word) if language == "zh" else ""
        return self.number(abs(value)) + words

    @property
    def column(self) -> str:
        """The unit as a table's column declares it."""
        return self.word or "%"


def magnitude(figure: dict, language: str) -> Magnitude:
    """The scale that suits a figure's greatest number: value, points and target are written in it alike."""
    unit, top = figure["unit"], _top(figure)
    if unit == "share":
        return Magnitude(unit, 0.01, 1, "%")
    if unit == "score":
        return Magnitude(unit, 1, 0, say("NPS points").render(language))
    if unit == "count":
        if top >= LARGE_COUNT:
            divisor, word, decimals = COUNT_STEPS[language]
            return Magnitude(unit, divisor, decimals, word)
        return Magnitude(unit, 1, 0, COUNT_UNITS[language])
    divisor, word = next(step for step in MONEY_STEPS[language] if top >= step[0] or step[0] == 1)
    decimals = 0 if divisor == 1 else 2 if top < 10 * divisor else 1
    currency = figure.get("currency") or ""
    return Magnitude(unit, divisor, decimals, word.format(currency=currency_name(currency, language)).strip())


def direction(text: str) -> Message:
    """The rise or fall that a printed number with its sign shows, in words."""
    if not any(digit in text for digit in "123456789"):
        return UNCHANGED
    return say("down") if text.startswith(MINUS) else say("up")


def _top(figure: dict) -> float:
    points = [point["value"] for point in figure.get("points") or () if point["value"] is not None]
    return max((abs(value) for value in [*points[-1:], figure.get("value")] if value is not None), default=0.0)
