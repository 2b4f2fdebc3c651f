"""Axes: where they begin and end, their round ticks, and the ticks' labels."""

from __future__ import annotations

import math
import re
from collections.abc import Iterable, Sequence

import numpy as np
import pandas as pd
from matplotlib.dates import date2num, num2date
from matplotlib.ticker import LogLocator, MaxNLocator

from analysis.report.texts import AXIS_SIZE, bare, text_width, with_unit

PERCENT_UNITS = ("share", "points")
WHOLE_UNITS = ("count", "days", "amount", "months")
DATE_UNITS = ("date", "month")
ROUND_STEPS = (1, 2, 5, 10)
LOG_STEPS = ((1,), (1, 3), (1, 3), (1, 2, 5))
MONTH_STEPS = (1, 2, 3, 6, 12, 24, 36, 60, 120)
TIME_STEPS = {"months": MONTH_STEPS, "days": (1, 7, 30, 60, 90, 180, 365, 730)}
NEAR_ZERO = 0.3  # an axis whose lowest value is below this part of the highest begins at zero
MONTH_NAME = re.compile(r"\b([A-Z][a-z]{2})[a-z]+")
FRACTION = re.compile(r"\.0*[1-9]")  # of an amount of money, which is told with at least one decimal
MARGIN = 0.04
SAME = 1e-9  # values that differ by less than this part of themselves are one
LABEL_GAP = 14


def finite(*columns: Iterable[object]) -> np.ndarray:
    """All numbers of these columns that are there."""
    numbers = np.concatenate([pd.to_numeric(pd.Series(column, dtype=object)).to_numpy(float) for column in columns])
    return numbers[np.isfinite(numbers)]


def extent(values: np.ndarray, from_zero: bool = False, is_log: bool = False) -> tuple[float, float]:
    """Lowest and highest value with a little margin; from zero where asked for or near it."""
    if not np.any(values):
        return 0.0, 1.0
    low, high = float(values.min()), float(values.max())
    if is_log:
        return low / 1.15, high * 1.15
    near_zero = from_zero or 0 < low < NEAR_ZERO * high
    low, high = (min(low, 0.0) if near_zero else low), (max(high, 0.0) if from_zero else high)
    margin = MARGIN * (high - low) or 0.5 * abs(high) or 0.5
    return (low if low == 0 else low - margin), (high if high == 0 else high + margin)


def ticks(low: float, high: float, count: int, unit: str, is_log: bool = False) -> list[float]:
    """Round values within low-high, about `count` of them."""
    unit = _kind(unit)
    if unit in TIME_STEPS:
        return _time_ticks(low, high, count, TIME_STEPS[unit])
    if unit in DATE_UNITS:
        return _calendar_ticks(low, high, count)
    if is_log:
        locator = LogLocator(subs=LOG_STEPS[min(count, len(LOG_STEPS)) - 1], numticks=20)
        return _inside(locator.tick_values(low, high), low, high)
    scale = 100 if unit in PERCENT_UNITS else 1
    locator = MaxNLocator(nbins=count, steps=ROUND_STEPS, integer=unit in WHOLE_UNITS)
    return _inside(locator.tick_values(low * scale, high * scale) / scale, low, high)


def fitting_ticks(
    limits: tuple[float, float], room: float, unit: str, language: str, most: int, is_log: bool = False
) -> tuple[list[float], list[str]]:
    """At most about `most` ticks and their labels, so few that the labels do not touch on `room` px."""
    at, labels = [], []
    for count in range(most, 0, -1):
        at = ticks(*limits, count, unit, is_log)
        labels = tick_labels(at, unit, language)
        if _gap(at, limits, room, is_log) >= max((text_width(label, AXIS_SIZE) for label in labels), default=0):
            return at, labels
    at = at[:: max(len(at) - 1, 1)]
    return at, tick_labels(at, unit, language)


def _gap(at: Sequence[float], limits: tuple[float, float], room: float, is_log: bool) -> float:
    if len(at) < 2:
        return math.inf
    places, ends = (np.log(at), np.log(limits)) if is_log else (np.asarray(at), np.asarray(limits))
    return float(np.diff(places).min() / (ends[1] - ends[0]) * room) - LABEL_GAP


def round_out(low: float, high: float, unit: str, count: int = 4) -> list[float]:
    """Round ticks that enclose low-high, for an axis that ends on gridlines; a share stays within 0-1."""
    if high - low <= SAME * max(abs(low), abs(high)):
        low, high = low - (abs(low) / 10 or 1), high + (abs(high) / 10 or 1)
    unit = _kind(unit)
    scale = 100 if unit in PERCENT_UNITS else 1
    locator = MaxNLocator(nbins=count, steps=ROUND_STEPS, integer=unit in WHOLE_UNITS, min_n_ticks=2)
    made = locator.tick_values(low * scale, high * scale) / scale
    step = made[1] - made[0]
    enclosing = [tick for tick in made if low - step < tick < high + step]
    if unit == "share":
        enclosing = [tick for tick in enclosing if -1e-9 <= tick <= 1 + 1e-9] or [0.0, 1.0]
    return [round(float(tick), 12) for tick in enclosing]


def tick_labels(at: Sequence[float], unit: str, language: str) -> list[str]:
    """Labels with the fewest decimals that tell the ticks apart; the unit's sign on the last one alone;
    English months are cut to three letters."""
    unit = _kind(unit)
    if unit in DATE_UNITS:
        return [MONTH_NAME.sub(r"\1", with_unit(num2date(tick).date(), unit, language)) for tick in at]
    digits = _digits(at, unit)
    shown_unit = unit if unit == "money" else f"{'number' if unit == 'points' else unit}.{digits}"
    numbers = [tick * 100 for tick in at] if unit == "points" else at
    labels = [bare(0.0 if abs(number) < 1e-12 else number, shown_unit, language) for number in numbers]
    if unit == "money" and not any(FRACTION.search(label) for label in labels):
        labels = [label.replace(".0", "") for label in labels]
    return [*labels[:-1], labels[-1] + ("%" if unit == "share" else "")] if labels else []


def as_numbers(column: pd.Series, unit: str) -> np.ndarray:
    """A column of an axis as numbers: dates and months as matplotlib's days."""
    return date2num(pd.to_datetime(column)) if unit in DATE_UNITS else pd.to_numeric(column).to_numpy(float)


def _inside(values: Iterable[float], low: float, high: float) -> list[float]:
    slack = 1e-9 * (high - low)
    return [round(float(value), 12) for value in values if low - slack <= value <= high + slack]


def _time_ticks(low: float, high: float, count: int, steps: Sequence[int]) -> list[float]:
    step = next((step for step in steps if (high - low) / step <= count), steps[-1])
    return [float(tick) for tick in np.arange(math.ceil(low / step) * step, high + 1e-9, step)]


def _calendar_ticks(low: float, high: float, count: int) -> list[float]:
    """Whole months apart from the first day on; month ends stay month ends."""
    first, last = (pd.Timestamp(num2date(end)).tz_localize(None) for end in (low, high))
    for months in MONTH_STEPS:
        days = pd.date_range(first, last, freq=pd.DateOffset(months=months))
        if len(days) <= max(count, 1):
            break
    return [float(day) for day in date2num(days + pd.offsets.MonthEnd(0) if first.is_month_end else days)]


def _kind(unit: str) -> str:
    """The unit without the decimals that its values are told with: an axis finds its own."""
    return unit.partition(".")[0]


def _digits(at: Sequence[float], unit: str) -> int:
    scale = 100 if unit in PERCENT_UNITS else 1
    return next((digits for digits in range(4) if all(_is_round(tick * scale, digits) for tick in at)), 4)


def _is_round(value: float, digits: int) -> bool:
    return math.isclose(value, round(value, digits), rel_tol=1e-6, abs_tol=1e-9)
