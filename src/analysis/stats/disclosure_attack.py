"""What a reader can work out of counts that were hidden: the attacker's problem of cell suppression, and what it takes to foil it
(Fischetti and Salazar-González 2001; Hundepool and others, Statistical Disclosure Control, 2012, chapter 4)."""

from collections.abc import Collection, Hashable, Iterator, Mapping, Sequence

import numpy as np
import pandas as pd
from scipy.optimize import Bounds, LinearConstraint, milp

THRESHOLD = 10
LEAST_WIDTH = 3  # sliding protection: a reader is left with at least four whole numbers
TOLERANCE = 1e-6
LARGEST_EXACT = 400  # unknowns of a system up to which whole numbers are asked for, beyond it the wider range of the relaxation
SECONDS = 10.0  # for one whole number; where it takes longer, the relaxation's is taken
INFEASIBLE = 2  # status of scipy.optimize.milp

Key = Hashable
Sum = tuple[Key, tuple[Key, ...]]


def feasible_ranges(
    told: Mapping[Key, float], sums: Sequence[Sum], free: Collection[Key] = (), enough: float = np.inf
) -> pd.DataFrame:
    """The least and the greatest whole number that each hidden cell can be, given everything told.

    `told`: cell → count, NaN where hidden; `sums`: (total, its exclusive parts), every cell of `told`. A hidden cell is 1 or more, since
    nothing is hidden of a 0; one of `free`, which no page shows (a difference of two that are shown), 0 or more. Columns low and
    high by hidden cell, or two numbers between them that lie `enough` apart: inf where nothing bounds it, both NaN where what is told contradicts itself (a revision between two
    releases)."""
    found = {}
    for unknown, rows in _systems(told, sums):
        found |= _ranges(unknown, rows, told, set(free), enough)
    lone = [key for key, count in told.items() if np.isnan(count) and key not in found]
    found |= {key: (0.0 if key in free else 1.0, np.inf) for key in lone}
    return pd.DataFrame.from_dict(found, orient="index", columns=["low", "high"], dtype=float)


def exposed(ranges: pd.DataFrame, threshold: int = THRESHOLD, width: float = LEAST_WIDTH) -> pd.DataFrame:
    """The rows of `feasible_ranges` of which a reader learns a number between 1 and `threshold` − 1 to less than `width`."""
    is_narrow = ranges["high"] - ranges["low"] < width
    return ranges[is_narrow & (ranges["high"] >= 1) & (ranges["low"] < threshold)]


def protected(
    counts: Mapping[Key, float], hidden: Collection[Key], sums: Sequence[Sum],
    known: Collection[Key] = (), free: Collection[Key] = (), threshold: int = THRESHOLD,
) -> set[Key]:  # fmt: skip
    """Which cells must be hidden so that none of them is exposed: the `hidden` ones and, one by one, the smallest told cell that hangs
    together with an exposed one; what proves needless in the end is told again, the largest first. Cells that are `known` from elsewhere cannot be taken
    back, nor those of `free`, which no page shows; where only such are left the cell stays exposed, and `feasible_ranges` says so."""

    def told(added: Collection[Key]) -> dict[Key, float]:
        return {key: np.nan if key in free or key in hidden or key in added else count for key, count in counts.items()}

    def bare(added: Collection[Key], about: Collection[Key]) -> set[Key]:
        seen = told(added)
        near = [one for inside in _about(seen, sums, {*about, *added}) for one in inside]
        cells = {key: seen[key] for one in near for key in _cells(one)}
        return set(exposed(feasible_ranges(cells, near, free, LEAST_WIDTH), threshold).index)

    first = found = set(exposed(feasible_ranges(told(()), sums, free, LEAST_WIDTH), threshold).index)
    added: list[Key] = []
    while found:
        choice = _smallest(told(added), _about(told(added), sums, found), set(known))
        if choice is None:
            break
        added.append(choice)
        found = bare(added, first)
    for key in reversed(added.copy()):
        if bare([other for other in added if other != key], {*first, key}) <= found:
            added.remove(key)
    return {*hidden, *added}


def _about(told: Mapping[Key, float], sums: Sequence[Sum], keys: Collection[Key]) -> list[list[Sum]]:
    """The systems of sums in which any of the keys stands."""
    return [inside for _, inside in _systems(told, sums) if any(set(keys) & set(_cells(one)) for one in inside)]


def _smallest(told: Mapping[Key, float], systems: Sequence[Sequence[Sum]], known: set[Key]) -> Key | None:
    """The told cell of the systems with the least count, 0 and the known ones left out."""
    cells = {key for inside in systems for one in inside for key in _cells(one)} - known
    return min((key for key in cells if told[key] > 0), key=lambda key: (told[key], str(key)), default=None)


def _systems(told: Mapping[Key, float], sums: Sequence[Sum]) -> Iterator[tuple[list[Key], list[Sum]]]:
    """Hidden cells that hang together, with the sums that bind them."""
    open_sums = [one for one in sums if any(np.isnan(told[key]) for key in _cells(one))]
    while open_sums:
        inside, unknown = [open_sums.pop(0)], set()
        while True:
            unknown = {key for one in inside for key in _cells(one) if np.isnan(told[key])}
            joined = [one for one in open_sums if unknown & set(_cells(one))]
            if not joined:
                break
            inside += joined
            open_sums = [one for one in open_sums if one not in joined]
        yield sorted(unknown, key=str), inside


def _cells(one: Sum) -> tuple[Key, ...]:
    return (one[0], *one[1])


def _ranges(
    unknown: list[Key], rows: list[Sum], told: Mapping[Key, float], free: set[Key], enough: float
) -> dict[Key, tuple[float, float]]:
    matrix, right, cap = _equations(unknown, rows, told)
    least = np.array([0.0 if key in free else 1.0 for key in unknown])
    greatest = cap + len(unknown)
    constraint, bounds = LinearConstraint(matrix, right, right), Bounds(least, greatest)
    whole = np.full(len(unknown), int(len(unknown) <= LARGEST_EXACT))
    low, high = np.full(len(unknown), np.inf), np.full(len(unknown), -np.inf)
    for place in range(len(unknown)):
        for sign in (1.0, -1.0):
            if high[place] - low[place] >= enough:
                continue
            aim = np.zeros(len(unknown))
            aim[place] = sign
            found = milp(aim, constraints=constraint, bounds=bounds, integrality=whole, options={"time_limit": SECONDS})
            if found.x is None and found.status != INFEASIBLE:
                found = milp(aim, constraints=constraint, bounds=bounds)
            if found.x is None:
                return dict.fromkeys(unknown, (np.nan, np.nan))
            low, high = np.minimum(low, found.x), np.maximum(high, found.x)
    low, high = np.ceil(low - TOLERANCE) + 0.0, np.floor(high + TOLERANCE) + 0.0
    return dict(zip(unknown, zip(low, np.where(high >= greatest, np.inf, high), strict=True), strict=True))


def _equations(unknown: list[Key], rows: list[Sum], told: Mapping[Key, float]) -> tuple[np.ndarray, np.ndarray, float]:
    """Matrix and right side of the sums over the unknown, and more than any of them can be where something bounds it."""
    place = {key: position for position, key in enumerate(unknown)}
    matrix, right, cap = np.zeros((len(rows), len(unknown))), np.zeros(len(rows)), 1.0
    for line, (total, parts) in enumerate(rows):
        for key, sign in [(total, -1.0), *((part, 1.0) for part in parts)]:
            if key in place:
                matrix[line, place[key]] += sign
            else:
                right[line] -= sign * told[key]
                cap += told[key]
    return matrix, right, cap
