"""What the tables of a release, and of one beside it, give away together, and which cells must be hidden for it."""

import math
import re
from collections.abc import Hashable, Iterator, Mapping
from dataclasses import dataclass, field

from analysis.finding import DISCLOSURE_THRESHOLD
from analysis.report.populations import EVENTS, GROWS, OPEN_ENDED, PARTS_OF, POPULATIONS, ROW_SUMS, STOCKS, WHOLE_OF_DAY, WHOLES
from analysis.report.released import Sheets
from analysis.stats.disclosure_attack import LEAST_WIDTH, Sum, exposed, feasible_ranges, protected

MONTHS = "January|February|March|April|May|June|July|August|September|October|November|December"
DATED = re.compile(rf"\b\d{{4}}-\d{{2}}-\d{{2}}\b|\b(?:{MONTHS}) \d{{4}}\b")
ALL = "all"
Release = Mapping[str, Sheets]
Place = tuple[str, str, str, str]  # report, exhibit, column, row


@dataclass
class System:
    """Cells as a reader has them: `told` (cell → count, NaN where hidden), the `sums` they form, `free` cells that no page shows
    (differences), and `places`, where each cell stands. A cell is (day, population, dimension, member); what a row dates itself has
    no day, so that two releases tell the same cell."""

    told: dict[Hashable, float] = field(default_factory=dict)
    sums: list[Sum] = field(default_factory=list)
    free: set[Hashable] = field(default_factory=set)
    places: dict[Hashable, set[Place]] = field(default_factory=dict)

    def enter(self, cell: Hashable, count: float, place: Place | None = None) -> None:
        """A number wins over a hidden one: who has seen it once knows it."""
        if math.isnan(self.told.get(cell, math.nan)):
            self.told[cell] = count
        if place:
            self.places.setdefault(cell, set()).add(place)

    def add(self, total: Hashable, parts: tuple[Hashable, ...]) -> None:
        """A sum, unless what is told of it contradicts it: it is none then, or was revised between two releases."""
        known = [self.told[part] for part in parts if not math.isnan(self.told[part])]
        hidden = sum(math.isnan(self.told[part]) and part not in self.free for part in parts)
        whole = self.told[total]
        fits = math.isnan(whole) or (sum(known) + hidden <= whole if len(known) < len(parts) else sum(known) == whole)
        if fits and (total, parts) not in self.sums:
            self.sums.append((total, parts))

    def let_free(self, cell: Hashable) -> Hashable:
        """A number that no page need show."""
        if cell not in self.told:
            self.told[cell] = math.nan
            self.free.add(cell)
        return cell

    def differ(self, whole: Hashable, part: Hashable) -> None:
        """What the whole has beyond a part of it is a number of customers too, though no page shows it."""
        if self.told.get(whole, 0) < self.told.get(part, 0):
            return
        self.sums.append((whole, (part, self.let_free(("beyond", whole, part)))))


def exposures(
    release: Release, day: str, beside: Release | None = None, day_beside: str = ""
) -> dict[Hashable, tuple[float, float]]:
    """Cells that a reader of the release, or of both, can tell as a number below the threshold: cell → least and greatest."""
    found = {}
    for system in _systems(release, day, beside or {}, day_beside):
        rows = exposed(feasible_ranges(system.told, system.sums, system.free, LEAST_WIDTH))
        found |= {cell: (row.low, row.high) for cell, row in zip(rows.index, rows.itertuples(), strict=True)}
    return found


def to_hide(release: Release, day: str, beside: Release | None = None, day_beside: str = "") -> set[Place]:
    """Where further cells of the release must be hidden so that none is exposed, those apart that the release beside told. Where
    the release by itself gives something away, only for that: what both give away is seen when it is mended."""
    places = set(_small_events(release))
    for system in _systems(release, day, beside or {}, day_beside):
        hidden = {cell for cell, count in system.told.items() if math.isnan(count) and cell not in system.free}
        own = {cell for cell, where in system.places.items() if where}
        known = {cell for cell in system.told if cell not in own} | _told_beside(beside or {}, day_beside)
        more = protected(system.told, hidden, system.sums, known=known, free=system.free) - hidden
        places |= {place for cell in more for place in system.places[cell]}
        if more:
            break
    return places


def _small_events(release: Release) -> Iterator[Place]:
    """Rows in which a share and its base tell that 1 to 9 customers did something, or that 1 to 9 did not."""
    for (report, exhibit), (share, base) in EVENTS.items():
        if (sheet := release.get(report, {}).get(exhibit)) and {share, base} <= {*sheet["columns"]}:
            shares, bases = (sheet["columns"][name]["values"] for name in (share, base))
            for key, part, whole in zip(sheet["keys"], shares, bases, strict=True):
                if part is not None and whole is not None and _is_small(part * whole, whole):
                    yield report, exhibit, share, key


def _is_small(events: float, whole: float) -> bool:
    """Whether the whole number next to `events`, or what it leaves of the whole, lies between 1 and the threshold."""
    count = round(events)
    return 0 < count < DISCLOSURE_THRESHOLD or 0 < whole - count < DISCLOSURE_THRESHOLD


def _told_beside(beside: Release, day: str) -> set[Hashable]:
    return {cell for cell, count, _ in _cells(beside, day) if not math.isnan(count)}


def _systems(release: Release, day: str, beside: Release, day_beside: str) -> Iterator[System]:
    """The release by itself, then both: a revision between them would hide from the second what the first gives away."""
    yield _system([(release, day)])
    if beside:
        yield _system([(release, day), (beside, day_beside)])


def _system(releases: list[tuple[Release, str]]) -> System:
    made = System()
    for position, (release, day) in enumerate(releases):
        for cell, count, place in _cells(release, day):
            made.enter(cell, count, None if position else place)
    for release, day in releases:
        _add_wholes(made, release, day)
        _add_totals(made, release, day)
        _add_within_rows(made, release, day)
        _add_partitions(made, day)
    if len(releases) == 2:
        _add_growth(made, *(day for _, day in releases))
    return made


def _cells(release: Release, day: str) -> Iterator[tuple[Hashable, float, Place]]:
    for report, sheets in release.items():
        for exhibit, sheet in sheets.items():
            for column in _counts(sheet):
                for row, value in enumerate(sheet["columns"][column]["values"]):
                    count = math.nan if value is None else float(value)
                    yield _cell(report, exhibit, column, sheet, row, day), count, (report, exhibit, column, sheet["keys"][row])


def _counts(sheet: dict) -> list[str]:
    return [name for name, column in sheet["columns"].items() if column["unit"] == "count"]


def _cell(report: str, exhibit: str, column: str, sheet: dict, row: int, day: str) -> Hashable:
    key = sheet["keys"][row]
    if (declared := POPULATIONS.get((report, exhibit, column))) is None:
        return ("" if DATED.search(key) else day, f"{report}.{exhibit}", column, key)
    member, *rest = key.removesuffix(")").split(" (" if " (" in key and " | " not in key else " | ")
    dimension = declared[1] or rest[0].lower()
    return (day, declared[0], *((ALL, ALL) if member in WHOLES else (dimension, member)))


def _add_wholes(made: System, release: Release, day: str) -> None:
    """Whole populations that a figure of months tells for the day; nothing can be hidden of them there."""
    for (report, exhibit, column), population in WHOLE_OF_DAY.items():
        sheet = release.get(report, {}).get(exhibit)
        for key, value in zip(sheet["keys"], sheet["columns"][column]["values"], strict=True) if sheet else ():
            if day in key and value is not None:
                made.enter((day, population, ALL, ALL), float(value))


def _add_totals(made: System, release: Release, day: str) -> None:
    for report, sheets in release.items():
        for exhibit, sheet in sheets.items():
            for column in _counts(sheet) if len(sheet["total"]) == 1 else ():
                cells = [_cell(report, exhibit, column, sheet, row, day) for row in range(len(sheet["keys"]))]
                total = cells.pop(sheet["total"][0])
                if len(set(cells)) == len(cells):
                    made.add(total, tuple(cells))


def _add_within_rows(made: System, release: Release, day: str) -> None:
    """Columns that add up in a row, and stocks that follow from the month before by what came in and went out."""
    for (report, exhibit), (total, parts) in ROW_SUMS.items():
        if (sheet := release.get(report, {}).get(exhibit)) and {total, *parts} <= {*sheet["columns"]}:
            for row in range(len(sheet["keys"])):
                cells = [_cell(report, exhibit, column, sheet, row, day) for column in (total, *parts)]
                made.add(cells[0], tuple(cells[1:]))
    for (report, exhibit), columns in STOCKS.items():
        if (sheet := release.get(report, {}).get(exhibit)) and set(columns) <= {*sheet["columns"]}:
            for row in range(len(sheet["keys"]) - 1):
                now, gained, lost = (_cell(report, exhibit, column, sheet, row, day) for column in columns)
                then = _cell(report, exhibit, columns[0], sheet, row + 1, day)
                both = made.let_free(("through", now))
                made.add(both, (now, lost))
                made.add(both, (then, gained))


def _add_partitions(made: System, day: str) -> None:
    """Each declared dimension of a population sums to all of it; a population that is part of another is so member by member."""
    members: dict[tuple[str, str], list[Hashable]] = {}
    declared = {population for population, _ in POPULATIONS.values()}
    for cell in made.told:
        if cell[0] == day and cell[1] in declared and cell[2] != ALL:
            members.setdefault((cell[1], cell[2]), []).append(cell)
    for (population, dimension), cells in members.items():
        total = (day, population, ALL, ALL)
        made.let_free(total)
        if dimension in OPEN_ENDED:
            cells.append(made.let_free((day, population, dimension, "others")))
        made.add(total, tuple(cells))
    for part, whole in PARTS_OF.items():
        for cell in [cell for cell in made.told if cell[:2] == (day, part)]:
            if (bigger := (day, whole, *cell[2:])) in made.told:
                made.differ(bigger, cell)


def _add_growth(made: System, *days: str) -> None:
    """What is counted since a fixed day only grows: the new beyond the old is a number of customers."""
    for cell in [cell for cell in made.told if cell[0] == max(days) and (cell[1], cell[2]) in GROWS]:
        if (old := (min(days), *cell[1:])) in made.told:
            made.differ(cell, old)
