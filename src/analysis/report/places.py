"""Where names may stand beside their dots without touching one another."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from analysis.report.texts import LABEL_SIZE, text_width

TEXT_HEIGHT = LABEL_SIZE + 3
DOT = 7  # from a dot's middle to where a name may begin
REACHES = (1, 9, 20)
ASLANT, STRAIGHT = ((1, -1), (-1, -1), (1, 1), (-1, 1)), ((1, 0), (-1, 0), (0, -1), (0, 1))


@dataclass(frozen=True)
class Box:
    """A place on the sheet in px."""

    left: float
    top: float
    right: float
    bottom: float

    def touches(self, other: Box) -> bool:
        """Whether the two overlap."""
        across = self.left < other.right and other.left < self.right
        return across and self.top < other.bottom and other.top < self.bottom

    def lies_in(self, other: Box) -> bool:
        """Whether it lies wholly in the other."""
        across = other.left <= self.left and self.right <= other.right
        return across and other.top <= self.top and self.bottom <= other.bottom


def place_names(names: Sequence[str], dots: Sequence[tuple[float, float]], room: Box) -> list[Box] | None:
    """A place in the room for each name near its dot, touching no other name and no dot; None where one finds none."""
    taken = [Box(x - DOT, y - DOT, x + DOT, y + DOT) for x, y in dots]
    places: dict[int, Box] = {}
    for number in sorted(range(len(names)), key=lambda one: -text_width(names[one])):
        free = (
            place
            for place in near(names[number], dots[number])
            if place.lies_in(room) and not any(place.touches(other) for other in (*taken, *places.values()))
        )
        if (place := next(free, None)) is None:
            return None
        places[number] = place
    return [places[number] for number in range(len(names))]


def near(name: str, dot: tuple[float, float]) -> Iterator[Box]:
    """Places beside a dot, near ones first; those aslant lie beside its intervals' lines, the others on them."""
    wide = text_width(name, bold=True)
    for reach in REACHES:
        for across, down in (*ASLANT, *STRAIGHT):
            left = dot[0] + across * (DOT + reach) + (across - 1) * wide / 2
            top = dot[1] + down * (DOT + reach) + (down - 1) * TEXT_HEIGHT / 2
            yield Box(left, top, left + wide, top + TEXT_HEIGHT)
