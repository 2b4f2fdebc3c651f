"""A key figure against the last report's: data revised, definition changed, population changed, rate changed."""

import datetime as dt
from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
import pandas as pd

from analysis.calendar import month_end
from analysis.finding import DISCLOSURE_THRESHOLD
from analysis.stats.decomposition import kitagawa
from analysis.study.disclosed import is_tellable
from analysis.study.figure_changes import (
    ADDED,
    SAME_AS_ZERO,
    as_judged,
    by_month,
    expected_now,
    in_currency,
    lies_beyond,
    moved,
    signed,
)
from analysis.wording import Message, listed, say

REPORT = "key_figures"
PARTS = {
    "revision": say("data revised"),
    "redefinition": say("definition changed"),
    "population": say("population changed"),
    "rate": say("rate changed"),
}
BOTH = say("data revised or definition changed, which cannot be told apart")
WITH_FEW = say("population changed or fewer than {count:count} customers revised", count=DISCLOSURE_THRESHOLD)


@dataclass(frozen=True)
class Reported:
    """What an earlier report said of a figure: its `value` and `base` at `as_of`, by a `definition` (rule and parameters)."""

    as_of: dt.date
    value: float
    base: int | None
    definition: str | None


@dataclass(frozen=True)
class Since:
    """`then`: as reported; `now`: the last month. now − then = revision + redefinition + population + rate, all in the figure's unit, a part
    that is None counting as nothing; all four are None where the report's month is not among today's. `revision` is None where few
    customers differ: then it is in `population`. `definition`: whether it changed; where it did and `redefinition` is None, `revision` holds both. `is_beyond`: whether `now` lies beyond what today's data up to the
    report's month foretell."""

    as_of: dt.date
    then: float
    now: float | None
    is_beyond: bool | None = None
    revision: float | None = None
    definition: bool = False
    redefinition: float | None = None
    population: float | None = None
    rate: float | None = None

    def to_json(self) -> dict:
        """As it stands in results.json."""
        return {name: str(value) if name == "as_of" else value for name, value in vars(self).items()}

    @property
    def parts(self) -> dict[str, float]:
        """The parts that are told, by name."""
        return {name: value for name in PARTS if (value := getattr(self, name)) is not None}


def reported(results: Mapping, figure: str) -> Reported | None:
    """An earlier report's results.json → what it said of the figure; None where it said nothing."""
    entry = results.get("reports", {}).get(REPORT, {})
    own = next((one for one in entry.get("figures") or [] if one["id"] == figure and one.get("value") is not None), None)
    if own is None:
        return None
    day = own["points"][-1]["month"] if own.get("points") else results["as_of"]
    return Reported(dt.date.fromisoformat(day), float(own["value"]), own.get("base"), own.get("definition"))


def since(
    series: pd.DataFrame,
    figure: str,
    unit: str,
    then: Reported | None,
    definition: str | None,
    by_old_rule: pd.DataFrame | None = None,
    is_flow: bool = False,
) -> Since | None:
    """`series` and `is_flow` as in `figure_changes`, by today's `definition`; `by_old_rule`: the same by the report's definition, where it can be made.

    Revised: the report's month on today's data less what was reported; where the definition differs and `by_old_rule` is there, by the
    report's definition, and redefined is the rest. From that month to the last: `change_parts`. None where there is no report to compare with."""
    if then is None:
        return None
    months = by_month(series, figure, unit)
    now, is_changed = months["value"].iloc[-1], then.definition != definition
    found = {"as_of": then.as_of, "then": then.value, "now": None if np.isnan(now) else float(now), "definition": is_changed}
    place = np.flatnonzero(months["month"] == month_end(then.as_of))
    if np.isnan(now) or not len(place) or np.isnan(months["value"].iloc[place[0]]):
        return Since(**found)
    found |= _before(months.iloc[place[0]], then, unit, _of_old_rule(by_old_rule, figure, unit, then) if is_changed else None)
    population, rate = change_parts(series, figure, unit, month_end(then.as_of), months["month"].iloc[-1])
    untold = months["value"].iloc[place[0]] - then.value - sum(found[name] or 0 for name in ("revision", "redefinition"))
    steps = len(months) - 1 - int(place[0])
    return Since(
        **found,
        population=population + float(untold),
        rate=rate,
        is_beyond=_is_beyond(as_judged(series, figure, unit, is_flow)["value"], steps, unit),
    )


def change_parts(series: pd.DataFrame, figure: str, unit: str, before: dt.date, after: dt.date) -> tuple[float, float]:
    """Change from the month end `before` to `after` → population, rate; they add up to it.

    A share or score: mix of the strata and rates within them (Kitagawa 1955). A count or money is number of customers × value a customer:
    Δnumber × mean value + mean number × mix is population, mean number × rates within the strata is rate."""
    own = series[series["figure"] == figure].assign(month=lambda rows: pd.to_datetime(rows["month"]).dt.date)
    ends = [own[own["month"] == day].groupby("stratum")[["denominator", "numerator"]].sum() for day in (before, after)]
    both = pd.concat(ends, axis=1, keys=["then", "now"]).fillna(0.0)
    sizes, events = (both.xs(name, axis=1, level=1).to_numpy(dtype=float).T for name in ("denominator", "numerator"))
    mix, rate = (float(part.sum()) for part in kitagawa(sizes, events))
    if unit not in ADDED:
        return mix, rate
    number, mean = sizes.sum(axis=1), events.sum(axis=1) / sizes.sum(axis=1)
    return float((number[1] - number[0]) * mean.mean() + number.mean() * mix), float(number.mean() * rate)


def why(found: Since | None, unit: str, currency: str | None = None) -> Message:
    """What a figure's difference from the last report's is made of, the largest part first."""
    if found is None:
        return say("There is no earlier report to compare with.")
    if found.now is None:
        return say("This month cannot be told, and so not compared with the report of {day:date}.", day=found.as_of)
    change = say(
        "since the report of {day:date} it {moved}", day=found.as_of, moved=moved(found.now - found.then, unit, currency)
    )
    if not found.parts:
        return say("{change:capital}; that report's month cannot be told from today's data, and so not why.", change=change)
    parts = {name: value for name, value in found.parts.items() if abs(value) >= SAME_AS_ZERO[unit]}
    redefined = say(" The definition has changed since that report.") if found.definition else ""
    if not parts:
        return say("{change:capital}; no part changed by more than a rounding.{redefined}", change=change, redefined=redefined)
    ordered = sorted(parts, key=lambda name: -abs(parts[name]))
    return say(
        "{change:capital}, {noise}. Of this, the largest part first: {parts}.{redefined}",
        change=change, noise=_noise(found), parts=listed(_part(found, name, unit, currency) for name in ordered), redefined=redefined,
    )  # fmt: skip


def _before(today: pd.Series, then: Reported, unit: str, by_old_rule: pd.Series | None) -> dict[str, float | None]:
    """Revision and redefinition: from the value reported to that of the same month by today's data and definition."""
    if by_old_rule is not None and _is_told(then.value, then.base, by_old_rule, unit):
        value, base = by_old_rule[["value", "base"]]
        if _is_told(value, base, today, unit):
            return {"revision": float(value - then.value), "redefinition": float(today["value"] - value)}
    is_told = _is_told(then.value, then.base, today, unit)
    return {"revision": float(today["value"] - then.value) if is_told else None, "redefinition": None}


def _is_told(value: float, base: float | None, after: pd.Series, unit: str) -> bool:
    """Whether the numbers of customers behind two values of one month differ by none, or by enough."""
    differences = [] if base is None else [after["base"] - base]
    if unit == "count":
        differences.append(after["value"] - value)
    elif unit == "share" and base is not None:
        differences.append(round(after["value"] * after["base"]) - round(value * base))
    return all(is_tellable(abs(one)) for one in differences)


def _of_old_rule(series: pd.DataFrame | None, figure: str, unit: str, then: Reported) -> pd.Series | None:
    if series is None:
        return None
    months = by_month(series, figure, unit)
    own = months[(months["month"] == month_end(then.as_of)) & months["value"].notna()]
    return None if own.empty else own.iloc[0]


def _is_beyond(values: pd.Series, steps: int, unit: str) -> bool | None:
    if not steps:
        return None
    return lies_beyond(values.iloc[-1], *expected_now(values, steps, unit))


def _part(found: Since, name: str, unit: str, currency: str | None) -> Message:
    value, label = found.parts[name], PARTS[name]
    if name == "revision" and found.definition and found.redefinition is None:
        label = BOTH
    elif name == "population" and found.revision is None:
        label = WITH_FEW
    amount = {
        "share": say("{x:points.2} percentage points", x=value),
        "score": say("+{x:score.1} points", x=value) if value > 0 else say("{x:score.1} points", x=value),
        "count": say("{x:count} customer", x=value) if round(abs(value)) == 1 else say("{x:count} customers", x=value),
        "money": in_currency(value, None if value > 0 else currency),
    }[unit]
    if unit in ADDED and value > 0:
        amount = signed(amount, currency if unit == "money" else None)
    return say("{part} {amount}", part=label, amount=amount)


def _noise(found: Since) -> Message:
    if found.is_beyond is None:
        return say("whether that is more than noise cannot be told")
    if found.is_beyond:
        return say("beyond the normal range")
    return say("within the normal range, so that changes of population and rate may be chance")
