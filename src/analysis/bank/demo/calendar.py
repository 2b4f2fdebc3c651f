"""The 48 months of the demo bank, and days drawn within them."""

import numpy as np

FIRST_MONTH = np.datetime64("2022-07", "M")
MONTHS = 48
AS_OF_MONTH = 35
NEVER = 10_000


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
