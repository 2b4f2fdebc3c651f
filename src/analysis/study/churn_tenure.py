"""How long a customer stays with the bank, by years since opening: those who were there before the data begin enter late."""

import numpy as np
import pandas as pd

from analysis.finding import DISCLOSURE_THRESHOLD, Exhibit, Finding
from analysis.stats.survival import kaplan_meier, survival_at
from analysis.study.churn_curves import CUSTOMERS_FOR_CURVE, monthly
from analysis.study.churn_lives import months_between
from analysis.study.disclosed import is_tellable
from analysis.wording import Message, say

CHECKED_YEARS = (2, 5, 10)
NOTABLE = 0.01


def tenures(people: pd.DataFrame) -> pd.DataFrame:
    """`churn_lives.lives` → entry and time (years from opening until they came under watch, and
    until they left or were last seen), left; only over the stretch of years in which CUSTOMERS_FOR_CURVE were under watch."""
    entry = people["tenure_months"].astype(float) / 12
    watched = months_between(people["entered"], people["left_on"]) / 12
    table = pd.DataFrame({"entry": entry, "time": entry + watched, "left": people["way"].notna()})
    table = table[table["time"] > table["entry"]]
    start, end = _stretch(table)
    table = table[(table["time"] > start) & (table["entry"] < end)]
    return pd.DataFrame(
        {
            "entry": table["entry"].clip(lower=start), "time": table["time"].clip(upper=end),
            "left": table["left"] & table["time"].le(end),
        }
    )  # fmt: skip


def _stretch(table: pd.DataFrame) -> tuple[float, float]:
    """From when to when at least CUSTOMERS_FOR_CURVE are under watch: the longest such stretch."""
    times = np.unique(np.concatenate([table["entry"], table["time"]]))
    watched = np.searchsorted(np.sort(table["entry"]), times, "right") - np.searchsorted(np.sort(table["time"]), times, "right")
    enough = np.concatenate([[0], (watched >= CUSTOMERS_FOR_CURVE).astype(int), [0]])
    begins, ends = np.flatnonzero(np.diff(enough) == 1), np.flatnonzero(np.diff(enough) == -1)
    if not len(begins):
        return np.inf, -np.inf
    lengths = times[np.minimum(ends, len(times) - 1)] - times[begins]
    best = int(lengths.argmax())
    return float(times[begins[best]]), float(times[min(ends[best], len(times) - 1)])


def is_enough(table: pd.DataFrame) -> bool:
    """Whether there is a curve to show."""
    return bool(len(table)) and table["left"].sum() >= DISCLOSURE_THRESHOLD and is_tellable(int((~table["left"]).sum()))


def tenure_findings(people: pd.DataFrame) -> list[Finding]:
    """Share still with the bank after CHECKED_YEARS at the rates seen, beside what would be read without late entry."""
    table = tenures(people)
    if not is_enough(table):
        return []
    curve, start = kaplan_meier(table["time"], table["left"], table["entry"]), float(table["entry"].min())
    naive = kaplan_meier(table["time"] - start, table["left"])
    findings = []
    for years in (years for years in CHECKED_YEARS if start < years <= curve["time"].max()):
        found, wrong = survival_at(curve, years), survival_at(naive, years - start)
        if found.low is not None:
            findings.append(_finding(years, start, found, wrong.value, len(table)))
    return findings


def _finding(years: int, start: float, found, wrong: float | None, base: int) -> Finding:
    text = say(
        "At the rates seen, of customers who have been with the bank for {start:months} months **{value:share}** have left in no way by the end of year {years:count} (interval {low:share} to {high:share}).",
        start=12 * start, years=years, value=found.value, low=found.low, high=found.high,
    )  # fmt: skip
    return Finding(
        f"staying.{years}y", text, found.value, base, "share", low=found.low, high=found.high, compare_to=wrong, exhibit="tenure",
        is_headline=years == CHECKED_YEARS[1],
    )  # fmt: skip


def tenure_exhibit(people: pd.DataFrame) -> Exhibit:
    """The curve by years since opening with late entry, and the one that would be drawn without."""
    table = tenures(people)
    if not is_enough(table):
        absent = say(
            "Too few left to tell how long customers stay: {needed:count} under watch at a time and {events:count} who left are needed.",
            needed=CUSTOMERS_FOR_CURVE, events=DISCLOSURE_THRESHOLD,
        )  # fmt: skip
        return Exhibit("tenure", say("How long does a customer stay?"), absent=absent)
    start, end = float(table["entry"].min()), float(table["time"].max())
    curve = kaplan_meier(table["time"], table["left"], table["entry"])
    naive = kaplan_meier(table["time"], table["left"]).assign(low=np.nan, high=np.nan)
    frame = pd.concat(
        [
            _yearly(curve, start, end).assign(series=say("Late entry counted")),
            _yearly(naive, start, end).assign(series=say("As if watched from opening")),
        ],
        ignore_index=True,
    )
    subtitle = say(
        "Share who have left in no way, by years since opening, of customers who reached {start:months} months, at the rates seen from {first:date} on (Kaplan-Meier), in %; each customer counts from the year in which it came under watch, {least:count} or more at a time; band, 95% interval, for customers like these; the second line leaves that out and is wrong",
        start=12 * start, first=people["entered"].min().date(), least=CUSTOMERS_FOR_CURVE,
    )  # fmt: skip
    title = _title(curve, naive, start, end)
    return Exhibit("tenure", title, subtitle, frame, x_label=say("Years since opening"), x_unit="count")


def _title(curve: pd.DataFrame, naive: pd.DataFrame, start: float, end: float) -> Message:
    years = max((years for years in CHECKED_YEARS if years <= end), default=max(np.floor(end), start))
    right, wrong = (float(one.loc[one["time"] <= years, "survival"].iloc[-1]) for one in (curve, naive))
    plain = say(
        "At the rates seen {share:share} of customers have left in no way by year {years:count}", share=right, years=years
    )
    if wrong - right < NOTABLE:
        return plain
    return say("{claim}; with late entry left out {wrong:share} would be read", claim=plain, wrong=wrong)


def _yearly(curve: pd.DataFrame, start: float, end: float) -> pd.DataFrame:
    """The curve at each quarter of a year from `start` on."""
    shown = monthly(curve.rename(columns={"survival": "value"}).assign(time=(curve["time"] - start) * 4), (end - start) * 4, 1.0)
    return shown.assign(time=start + shown["time"] / 4)
