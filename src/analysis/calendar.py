"""Days and months as reports count them."""

import calendar
import datetime as dt

LANDMARK_STEP_MONTHS = 3
LOOKBACK_MONTHS = 6
MOST_LANDMARKS = 9


def month_end(day: dt.date) -> dt.date:
    """The last day of the day's month."""
    return day.replace(day=calendar.monthrange(day.year, day.month)[1])


def months_before(day: dt.date, months: int) -> dt.date:
    """The day `months` earlier; a month's last day stays a month's last day, and no day leaves its month."""
    year, month = divmod(day.year * 12 + day.month - 1 - months, 12)
    last = month_end(dt.date(year, month + 1, 1))
    return last if day == month_end(day) else last.replace(day=min(day.day, last.day))


def landmark_grid(
    as_of: dt.date, first: dt.date, step_months: int = LANDMARK_STEP_MONTHS, most: int = MOST_LANDMARKS
) -> list[dt.date]:
    """Landmarks back from `as_of` (which is the first) with at least LOOKBACK_MONTHS of data before each."""
    days = [months_before(as_of, step_months * step) for step in range(most)]
    return [day for day in days if day == as_of or months_before(day, LOOKBACK_MONTHS) >= months_before(first, 1)]
