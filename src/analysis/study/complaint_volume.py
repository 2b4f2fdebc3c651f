"""How many complaints there are for 10,000 customers, month by month, held against chance and against the period before."""

import datetime as dt
from dataclasses import dataclass

import numpy as np
import pandas as pd
from scipy.special import ndtr, ndtri

from analysis.calendar import month_end, months_before
from analysis.finding import Exhibit, Finding
from analysis.stats.control import Chart, log_error, rate_by_subject, u_chart
from analysis.stats.intervals import Estimate
from analysis.study.complaint_frame import window
from analysis.study.disclosed import hidden
from analysis.wording import Message, listed, say

PER = 10_000
MONTHS_SHOWN, MONTHS_NEEDED = 24, 6


@dataclass(frozen=True)
class Volume:
    """`months`: month (its last day), complaints, exposure (customers), value, low998, high998 (per 10,000 customers), outside
    ("", "above", "below"), is_shown; `chart` its limits' basis; `rate` and `before` per 10,000 customers and month, of the window
    and of the one before (None where the data do not reach it), `change` their ratio."""

    months: pd.DataFrame
    chart: Chart
    rate: Estimate
    before: Estimate | None
    change: Estimate | None
    window_months: int


def on_books(customers: pd.DataFrame, day: dt.date) -> pd.Series:
    """Which customers were open on the day; those without an opening date always were."""
    end = pd.Timestamp(day)
    opened, closed = (
        pd.to_datetime(customers[name]) if name in customers else pd.Series(pd.NaT, customers.index)
        for name in ("opened_date", "closed_date")
    )
    return (opened.isna() | (opened <= end)) & ~(closed <= end)


def exposure(customers: pd.DataFrame, as_of: dt.date, months: int) -> pd.DataFrame:
    """Months that each customer was on the books, of the `months` up to `as_of`, half a month where only at one of its ends:
    month (the last day, latest first) × customer_id."""
    ends = [months_before(as_of, back) for back in range(months + 1)]
    present = np.array([on_books(customers, day) for day in ends], dtype=float)
    return pd.DataFrame((present[:-1] + present[1:]) / 2, index=pd.to_datetime(ends[:-1]), columns=customers["customer_id"])


def complaint_volume(rows: pd.DataFrame, customers: pd.DataFrame, as_of: dt.date, window_months: int) -> Volume | None:
    """`rows` are described complaints, `customers` the canonical table. The chart shows at most MONTHS_SHOWN months that end as
    `as_of` does, after the month of the first complaint, and none before the bank had customers; None below MONTHS_NEEDED. The
    window is shortened to the months known."""
    known_months = _months_peopled(customers, as_of, months_known(rows, as_of))
    if known_months < MONTHS_NEEDED:
        return None
    span = min(window_months, known_months)
    has_before = known_months >= 2 * span
    months = min(MONTHS_SHOWN, known_months)
    known = exposure(customers, as_of, max(months, (1 + has_before) * span))
    by_month, chart = _by_month(rows, known.head(months), span)
    now, before = (
        by_customer(window(rows, as_of, span, back), known.iloc[back * span : (back + 1) * span]) if back <= has_before else None
        for back in (0, 1)
    )
    return Volume(
        by_month,
        chart,
        per_month(rate_by_subject(*now)),
        None if before is None else per_month(rate_by_subject(*before)),
        None if before is None else ratio(now, before)[0],
        span,
    )


def months_known(rows: pd.DataFrame, as_of: dt.date) -> int:
    """Months up to `as_of` after the month of the first complaint."""
    first = rows["received_at"].min()
    return (as_of.year - first.year) * 12 + as_of.month - first.month - (as_of != month_end(as_of))


def _months_peopled(customers: pd.DataFrame, as_of: dt.date, months: int) -> int:
    """How many of the `months` up to `as_of` have customers, back to the first that has none."""
    peopled = [on_books(customers, months_before(as_of, back)).any() for back in range(months + 1)]
    return next((back for back in range(months) if not (peopled[back] or peopled[back + 1])), months)


def _by_month(rows: pd.DataFrame, known: pd.DataFrame, span: int) -> tuple[pd.DataFrame, Chart]:
    ends = known.index.sort_values()
    place = np.searchsorted(ends.to_numpy(), rows["day"].to_numpy(), side="left")
    inside = rows[(place < len(ends)) & (rows["day"] > months_before(ends[0].date(), 1).isoformat())]
    by_month = inside.groupby(ends[np.searchsorted(ends.to_numpy(), inside["day"].to_numpy(), side="left")])
    counts = by_month.size().reindex(ends, fill_value=0)
    exposed = known.sum(axis=1).reindex(ends)
    chart = u_chart(counts, exposed)
    value = counts / exposed
    outside = np.select(
        [value > chart.limits["high998"].to_numpy(), value < chart.limits["low998"].to_numpy()], ["above", "below"], ""
    )
    few = by_month["customer_id"].nunique().reindex(ends, fill_value=0)
    table = pd.DataFrame(
        {"month": ends, "complaints": counts.to_numpy(), "exposure": exposed.to_numpy(), "value": PER * value.to_numpy()}
    )
    for name in ("low998", "high998"):
        table[name] = PER * chart.limits[name]
    return table.assign(outside=outside, is_shown=_is_shown(few.to_numpy(), span)), chart


def _is_shown(customers: np.ndarray, span: int) -> np.ndarray:
    """Which months may be shown: the rate of each period of `span` months is told, so that no single one may be missing from it."""
    period = np.arange(len(customers))[::-1] // span
    shown = np.empty(len(customers), dtype=bool)
    for number in np.unique(period):
        shown[period == number] = ~hidden(customers[period == number])
    return shown


def by_customer(rows: pd.DataFrame, known: pd.DataFrame) -> tuple[np.ndarray, np.ndarray]:
    """Complaints and months on the books, a row each customer."""
    counts = rows["customer_id"].value_counts().reindex(known.columns, fill_value=0)
    return counts.to_numpy(dtype=float), known.sum().to_numpy()


def per_month(rate: Estimate) -> Estimate:
    return Estimate(*(None if number is None else PER * number for number in rate[:3]), rate.base)


def ratio(now: tuple, before: tuple, level: float = 0.05) -> tuple[Estimate, float]:
    """Rate now ÷ rate before (pairs as `by_customer` gives them) with an interval of error `level`, and the chance of a ratio as
    far from 1. The periods are taken as independent: customers who complain in both make the interval too wide, not too
    narrow."""
    one, other = (rate_by_subject(*part) for part in (now, before))
    if not one.value or not other.value:
        return Estimate(None, None, None, one.base), 1.0
    error, log = float(np.hypot(log_error(*now), log_error(*before))), float(np.log(one.value / other.value))
    half = -ndtri(level / 2) * error
    numbers = (float(np.exp(log + step)) for step in (0, -half, half))
    return Estimate(*numbers, one.base), float(2 * ndtr(-abs(log) / error))


def volume_findings(found: Volume | None) -> list[Finding]:
    """The rate against the period before, and how many months lie outside the limits."""
    if found is None or found.rate.low is None:
        return []
    text = say(
        "Complaints per 10,000 customers and month: **{value:number.1}** (interval for customers like these {low:number.1} to {high:number.1}){then}.",
        value=found.rate.value, low=found.rate.low, high=found.rate.high, then=_then(found),
    )  # fmt: skip
    numbers = {"low": found.rate.low, "high": found.rate.high, "compare_to": found.before and found.before.value}
    rate = Finding("complaints.per_10000", text, found.rate.value, found.rate.base, "number", **numbers, exhibit="volume")
    return [rate, *_control_findings(found.months[found.months["is_shown"]])]


def _control_findings(shown: pd.DataFrame) -> list[Finding]:
    if len(shown) < MONTHS_NEEDED:
        return []
    outside, base = int(shown["outside"].ne("").sum()), int(shown["complaints"].sum())
    text = (
        say(
            "Months whose volume of complaints lies outside the limits of chance (99.8%): **{outside:count}** of {all:count}: {which}.",
            outside=outside, all=len(shown), which=_which(shown),
        )
        if outside
        else say(
            "**None** of {all:count} months up to {last:month} has a volume of complaints outside the limits of chance (99.8%).",
            all=len(shown), last=shown["month"].max(),
        )
    )  # fmt: skip
    numbers = {"exhibit": "volume", "base_of": "complaints", "is_headline": outside > 0}
    return [Finding("complaints.out_of_control", text, outside, base, "count", **numbers)]


def _then(found: Volume) -> Message | str:
    if found.change is None or found.change.value is None:
        return ""
    numbers = {"value": found.before.value, "change": found.change.value, "low": found.change.low, "high": found.change.high}
    if found.change.low <= 1 <= found.change.high:
        return say("; {value:number.1} in the period before: no change beyond noise", **numbers)
    return say(
        "; {value:number.1} in the period before: {change:ratio} times as many (interval {low:ratio} to {high:ratio})", **numbers
    )


def _which(shown: pd.DataFrame) -> Message | None:
    sides = {"above": say("{month:month} (above)"), "below": say("{month:month} (below)")}
    apart = shown[shown["outside"] != ""]
    return listed(sides[side].filled(month=month.date()) for month, side in zip(apart["month"], apart["outside"], strict=True))


def volume_exhibit(found: Volume | None) -> Exhibit:
    """u-chart: the months' rates, and the centre with its limits as a band."""
    heading = say("Volume of complaints by month")
    if found is None or found.months["is_shown"].sum() < MONTHS_NEEDED:
        absent = say("Fewer than {needed:count} whole months of complaints can be shown.", needed=MONTHS_NEEDED)
        return Exhibit("volume", heading, absent=absent)
    table = found.months.rename(columns={"month": "x"})
    rates = table[["x"]].assign(series=say("Complaints"), value=table["value"].where(table["is_shown"]), is_limits=False)
    limits = table[["x"]].assign(
        series=say("Mean and limits of chance"),
        value=PER * found.chart.centre,
        low=table["low998"],
        high=table["high998"],
        is_limits=True,
    )
    shown = table[table["is_shown"]]
    outside = int(shown["outside"].ne("").sum())
    title = (
        say("In {outside:count} of {all:count} months there were more or fewer complaints than chance explains", outside=outside, all=len(shown))
        if outside
        else say("The volume of complaints stays within what chance explains in all {all:count} months", all=len(shown))
    )  # fmt: skip
    return Exhibit(
        "volume", title, _basis(found.chart), pd.concat([rates, limits], ignore_index=True), unit="number.1", x_unit="month"
    )


def _basis(chart: Chart) -> Message:
    if chart.spread > 1:
        return say(
            "Complaints per 10,000 customers by month; band, limits of chance (99.8%), {spread:ratio} times as wide as if complaints came singly, since months differ more than that",
            spread=chart.spread,
        )  # fmt: skip
    return say("Complaints per 10,000 customers by month; band, limits of chance (99.8%, Poisson)")
