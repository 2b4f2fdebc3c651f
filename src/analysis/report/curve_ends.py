"""What stands at the end of a curve, so that it needs no legend."""

from __future__ import annotations

from dataclasses import dataclass

from analysis.report.texts import shorten, text_width, wrap

NAME_LINES = 2  # of a name below its number


@dataclass(frozen=True)
class End:
    """What stands at a curve's end: its last number, and its name beside it or, for want of room, below it."""

    number: str
    name: str
    most: float

    @property
    def beside(self) -> float:
        return text_width(self.number, bold=True) + (7 if self.number else 0)

    @property
    def is_tall(self) -> bool:
        return bool(self.number) and self.beside + text_width(self.name) > self.most

    @property
    def below(self) -> list[str]:
        """The name's lines below the number; the last is cut where they are too few."""
        return wrap(self.name, self.most, lines=NAME_LINES) if self.is_tall else []

    @property
    def lines(self) -> int:
        return 1 + len(self.below)

    @property
    def width(self) -> float:
        if self.is_tall:
            return max([self.beside, *map(text_width, self.below)])
        return self.beside + text_width(shorten(self.name, self.most))
