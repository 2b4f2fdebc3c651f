"""The 48 months of the demo bank, and days drawn within them."""

import numpy as np

FIRST_MONTH = np.datetime64("2022-07", "M")
MONTHS = 48
AS_OF_MONTH = 35
NEVER = 10_000
CLOSED_DAYS = (
    ("2022-10-01", 3), ("2023-01-21", 4), ("2023-10-01", 3), ("2024-02-10", 4), ("2024-10-01", 3), ("2025-01-28", 4), ("2025-10-01", 3),
    ("2026-02-16", 4),
)  # fmt: skip
SATURDAY_KEPT = 0.4


def month_of(dates: np.ndarray) -> np.ndarray:
    """Index of each date's month, 0 for the first one; negative before it."""
    return (dates.astype("datetime64[M]") - FIRST_MONTH).astype(int)


def first_day(month: int | np.ndarray) -> np.ndarray:
    """First day of the month(s) with this index."""
    return (FIRST_MONTH + month).astype("datetime64[D]")


def last_day(month: int | np.ndarray) -> np.ndarray:
    """Last day of the month(s) with this index."""
    return first_day(month + np.int64(1)) - np.timedelta64(1, "D")


def month_label(month: int) -> str:
    """`YYYY-MM`."""
    return str(FIRST_MONTH + month)


def draw_days(rng: np.random.Generator, month: int, opened: np.ndarray, closed: np.ndarray) -> np.ndarray:
    """A uniform day of the month for each relation, from its opening to its closing (NaT: open)."""
    low = np.maximum(opened, first_day(month))
    high = np.fmin(closed, last_day(month))
    span = np.maximum((high - low).astype(int), 0) + 1
    return low + np.floor(rng.random(len(low)) * span).astype("timedelta64[D]")


def draw_times(rng: np.random.Generator, days: np.ndarray, from_hour: int, to_hour: int) -> np.ndarray:
    """A second of each day between two hours, likelier about their middle."""
    share = (rng.random(len(days)) + rng.random(len(days))) / 2
    seconds = ((from_hour + (to_hour - from_hour) * share) * 3600).astype(int)
    return days.astype("datetime64[s]") + seconds.astype("timedelta64[s]")


def pick(rng: np.random.Generator, shares: np.ndarray, rows: np.ndarray | None = None) -> np.ndarray:
    """One category for each of `rows` (each row of `shares` unless given), with the row's shares (rows × categories)."""
    edges = np.cumsum(shares, axis=1)
    place = np.arange(len(shares)) if rows is None else rows
    aim = rng.random(len(place)) * edges[place, -1]
    return sum((aim > edges[place, column]).astype(np.int64) for column in range(shares.shape[1] - 1))


def _open_days() -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """For each day of the 48 months: whether branches are open (not on Sundays and holidays), the next open day from it on, and
    the last one up to it."""
    days = np.arange(first_day(0), last_day(MONTHS - 1) + 1)
    weekday = (days.astype(int) + 3) % 7
    holiday = np.isin(days, [np.datetime64(day) + ahead for day, length in CLOSED_DAYS for ahead in range(length)])
    is_open = (weekday != 6) & ~holiday
    place = np.arange(len(days))
    following = np.minimum.accumulate(np.where(is_open, place, len(days))[::-1])[::-1]
    preceding = np.maximum.accumulate(np.where(is_open, place, -1))
    return weekday, following, preceding


def to_workday(rng: np.random.Generator, days: np.ndarray, closed: np.ndarray) -> np.ndarray:
    """Each day moved to one on which branches are open: to some day of the week after, in the month and before the relation's end
    (NaT: none), else to the last open one before; of Saturdays SATURDAY_KEPT stay."""
    weekday, following, preceding = _open_days()
    place, last = (days - first_day(0)).astype(int), len(weekday) - 1
    moves = (following[place] != place) | ((weekday[place] == 5) & (rng.random(len(days)) >= SATURDAY_KEPT))
    later = np.where(moves, 7 - weekday[place] + rng.integers(0, 5, len(days)), 0)
    aim = following[np.minimum(place + later, last)]
    moved = first_day(0) + np.minimum(aim, last)
    is_late = (aim > last) | (moved.astype("datetime64[M]") != days.astype("datetime64[M]")) | (moved > closed)
    return np.where(is_late, first_day(0) + np.maximum(preceding[place], 0), moved)


def last_open_day(days: np.ndarray) -> np.ndarray:
    """Each day, or the last open one before it where branches are closed."""
    _, _, preceding = _open_days()
    return first_day(0) + np.maximum(preceding[(days - first_day(0)).astype(int)], 0)
