"""How a figure has changed: on the month, since the year's start, on the year, and whether that is more than noise."""

import datetime as dt
from dataclasses import dataclass

import numpy as np
import pandas as pd

from analysis.stats.normal_range import AT_LEAST, FIGURES, expected, foretold
from analysis.study.disclosed import is_tellable
from analysis.wording import Message, say

ADDED = ("count", "money")
BOUNDS = {"share": (0.0, 1.0), "score": (-100.0, 100.0), "count": (0.0, np.inf), "money": (0.0, np.inf)}
FEWEST = 30
JANUARY, FEBRUARY = 1, 2
SAME_AS_ZERO = {"share": 0.00005, "score": 0.05, "count": 0.5, "money": 0.5}


@dataclass(frozen=True)
class Change:
    """`value`: the difference since the month end `since`, in the figure's unit; `relative`: as a share of what it was (count, money).
    `is_beyond`: whether the last month lies beyond what the months up to `since` foretell. None where it cannot be told."""

    since: dt.date | None = None
    value: float | None = None
    relative: float | None = None
    is_beyond: bool | None = None

    def to_json(self) -> dict:
        """As it stands in results.json."""
        day = None if self.since is None else str(self.since)
        return {"from": day, "value": self.value, "relative": self.relative, "is_beyond": self.is_beyond}


@dataclass(frozen=True)
class Changes:
    """Of the last month. `months`: month, value, base, expected_low, expected_high. `judgement`: better, worse, within, unknown. `festival`:
    January and February together, now and the year before (a flow in a February)."""

    months: pd.DataFrame
    month: Change
    year_start: Change
    year: Change
    is_beyond: bool | None
    judgement: str
    festival: dict | None = None

    def to_json(self) -> dict:
        """The keys of a figure that tell of change."""
        changes = {name: getattr(self, name).to_json() for name in ("month", "year_start", "year")}
        return {"is_beyond": self.is_beyond, "judgement": self.judgement, "changes": changes, "festival": self.festival}


def figure_changes(series: pd.DataFrame, figure: str, unit: str, better: str, is_flow: bool = False) -> Changes:
    """`series`: figure, month (a month end), stratum, numerator, denominator, of months one after another → changes of `figure` in its
    last month. The value is Σ numerator ÷ Σ denominator (share, score) or Σ numerator (count, money); `better`: up or down. A flow is
    counted within its month: of it January and February are judged together in February, since the Spring Festival lies in either."""
    months = by_month(series, figure, unit)
    judged = as_judged(series, figure, unit, is_flow)
    low, high = (column.to_numpy() for _, column in expected(judged["value"]).clip(*BOUNDS[unit]).items())
    months = months.assign(expected_low=low, expected_high=high)
    is_beyond = lies_beyond(judged["value"].iloc[-1], low[-1], high[-1])
    last = months["month"].iloc[-1]
    starts = {"month": _back(last, 1), "year_start": _back(last, last.month), "year": _back(last, 12)}
    return Changes(
        months=months,
        **{name: _change(months, judged, start, unit) for name, start in starts.items()},
        is_beyond=is_beyond,
        judgement=_judgement(judged["value"].iloc[-1], high[-1], is_beyond, better),
        festival=_festival(series, figure, unit, last) if is_flow else None,
    )


def by_month(series: pd.DataFrame, figure: str, unit: str) -> pd.DataFrame:
    """→ month, value, base of every month from the first to the last; value NaN where the month is missing or tells of too few: a base
    below FEWEST (share, score), or fewer than ten customers counted (`study.disclosed`)."""
    sums = _sums(series, figure)
    return pd.DataFrame({"month": sums.index.date, "value": _values(sums, unit), "base": sums["denominator"].to_numpy()})


def january_february(series: pd.DataFrame, figure: str, unit: str) -> pd.DataFrame:
    """→ year, value, base: both months of each year together (their sum; of a share or score, of both months' base). Not told where one
    of them is told and the other is not, which would follow."""
    sums = _sums(series, figure)
    sums = sums[sums.index.month <= FEBRUARY]
    is_told = pd.Series(~np.isnan(_values(sums, unit)), sums.index).groupby(sums.index.year).sum()
    both = sums.groupby(sums.index.year).sum(min_count=2).where(is_told != 1)
    return pd.DataFrame({"year": both.index, "value": _values(both, unit), "base": both["denominator"].to_numpy()})


def as_judged(series: pd.DataFrame, figure: str, unit: str, is_flow: bool) -> pd.DataFrame:
    """The months as they are judged: of a flow none in January, and both months together in February (the mean of a count or of money)."""
    months = by_month(series, figure, unit)
    if not is_flow:
        return months
    both = january_february(series, figure, unit).set_index("year")["value"] / (2 if unit in ADDED else 1)
    when = pd.to_datetime(months["month"])
    value = months["value"].mask(when.dt.month == JANUARY)
    return months.assign(value=value.mask(when.dt.month == FEBRUARY, when.dt.year.map(both)))


def moved(value: float, unit: str, currency: str | None = None) -> Message:
    """A difference in words: rose by, fell by; money in its `currency`."""
    if value == 0:
        return say("did not change")
    if abs(value) < SAME_AS_ZERO[unit]:
        return say("hardly changed")
    points = 100 * abs(value)
    size = {
        "share": say("{x:number.1} percentage points", x=points)
        if points >= 1
        else say("{x:number.2} percentage points", x=points),
        "score": say("{x:score.1} points", x=abs(value)),
        "count": say("{x:count} customer", x=abs(value)) if round(abs(value)) == 1 else say("{x:count} customers", x=abs(value)),
        "money": in_currency(abs(value), currency),
    }[unit]
    return say("rose by {size}", size=size) if value > 0 else say("fell by {size}", size=size)


def in_currency(value: float, currency: str | None) -> Message:
    """An amount in words, with its currency where that is known."""
    return say("{currency} {x:money.2}", x=value, currency=currency) if currency else say("{x:money.2}", x=value)


def signed(amount: Message, currency: str | None = None) -> Message:
    """A rise in words with its sign, within its currency where it has one."""
    rise = say("+{difference}", difference=amount)
    return say("{currency} {difference}", currency=currency, difference=rise) if currency else rise


def direction(changes: Changes, unit: str, currency: str | None = None) -> Message:
    """What the last month did, and whether that is more than noise."""
    noise = noise_words(changes.is_beyond, changes.judgement)
    if changes.month.value is None:
        return say("no change on the month can be told, {noise}", noise=noise)
    return say("{moved} on the month, {noise}", moved=moved(changes.month.value, unit, currency), noise=noise)


def noise_words(is_beyond: bool | None, judgement: str) -> Message:
    """Whether a figure lies within its normal range."""
    if is_beyond is None:
        return say("whether that is more than noise cannot be told")
    if not is_beyond:
        return say("within the normal range")
    return (
        say("beyond the normal range, for the better") if judgement == "better" else say("beyond the normal range, for the worse")
    )


def noise_note() -> Message:
    """What the normal range is, said once a page."""
    return say(
        "Normal range: where the months before say that a month lies if nothing new happens. It is set so that in 95 of 100 such months all {figures:count} figures lie within theirs; judged one by one at 95%, about one month in four would raise a false alarm. At least {months:count} earlier months are needed. January and February are judged together where a figure counts what happened in the month (Spring Festival); no other season is taken out.",
        figures=FIGURES, months=AT_LEAST,
    )  # fmt: skip


def _sums(series: pd.DataFrame, figure: str) -> pd.DataFrame:
    """numerator, denominator by month end (DatetimeIndex), with every month from the first to the last."""
    own = series.loc[series["figure"] == figure]
    if own.empty:
        raise ValueError(f"no rows of figure {figure!r}")
    sums = own.groupby(pd.to_datetime(own["month"]))[["numerator", "denominator"]].agg(lambda rows: rows.sum(skipna=False))
    return sums.reindex(pd.date_range(sums.index.min(), sums.index.max(), freq="ME")).astype(float)


def _values(sums: pd.DataFrame, unit: str) -> np.ndarray:
    events, base = sums["numerator"].to_numpy(), sums["denominator"].to_numpy()
    if unit in ADDED:
        return np.where([is_tellable(count) for count in (events if unit == "count" else base)], events, np.nan)
    told = base >= FEWEST
    if unit == "share":
        pairs = zip(events, base - events, strict=True)
        told &= np.array([is_tellable(one) and is_tellable(rest) for one, rest in pairs], dtype=bool)
    return np.where(told, events / np.where(base > 0, base, np.nan), np.nan)


def _change(months: pd.DataFrame, judged: pd.DataFrame, since: dt.date, unit: str) -> Change:
    before = months.loc[months["month"] == since, "value"]
    now = months["value"].iloc[-1]
    if before.empty or np.isnan(before.iloc[0]) or np.isnan(now):
        return Change(since)
    then, steps = float(before.iloc[0]), len(months) - 1 - int(before.index[0])
    low, high = expected_now(judged["value"], steps, unit)
    relative = float(now / then - 1) if unit in ADDED and then > 0 else None
    return Change(since, float(now - then), relative, lies_beyond(judged["value"].iloc[-1], low, high))


def expected_now(values: pd.Series, steps: int, unit: str) -> tuple[float, float]:
    """Low and high that the months up to `steps` before the last foretell for the last."""
    low, high = np.clip(foretold(values.to_numpy()[:-steps, None], steps), *BOUNDS[unit])
    return float(low[0]), float(high[0])


def lies_beyond(value: float, low: float, high: float) -> bool | None:
    """None where the value or its range is not known."""
    return None if np.isnan(value) or np.isnan(low) else bool(value < low or value > high)


def _judgement(value: float, high: float, is_beyond: bool | None, better: str) -> str:
    if not is_beyond:
        return "unknown" if is_beyond is None else "within"
    return "better" if (value > high) == (better == "up") else "worse"


def _festival(series: pd.DataFrame, figure: str, unit: str, last: dt.date) -> dict | None:
    both = january_february(series, figure, unit).set_index("year")["value"]
    now, before = both.get(last.year, np.nan), both.get(last.year - 1, np.nan)
    if last.month != FEBRUARY or np.isnan(now):
        return None
    change = None if np.isnan(before) else float(now - before)
    return {
        "from": str(_back(last, 12)),
        "now": float(now),
        "before": None if change is None else float(before),
        "value": change,
        "relative": float(change / before) if change is not None and unit in ADDED and before > 0 else None,
    }


def _back(day: dt.date, months: int) -> dt.date:
    """The month end `months` before."""
    return (pd.Timestamp(day) - pd.offsets.MonthEnd(months)).date()
