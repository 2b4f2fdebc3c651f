"""How many had left by when, and in which way first: competing risks, the groups compared, and customers by years with the bank."""

from collections.abc import Mapping

import numpy as np
import pandas as pd

from analysis.finding import DISCLOSURE_THRESHOLD, Column, Exhibit, Finding
from analysis.stats.competing import aalen_johansen, incidence_at, one_minus_survival
from analysis.stats.intervals import Estimate
from analysis.stats.survival import kaplan_meier, survival_at
from analysis.study.churn import ChurnRule
from analysis.study.churn_lives import WAY_NAMES, WAYS, months_between, not_counted
from analysis.study.disclosed import hidden, is_tellable
from analysis.wording import Message, listed, say

CUSTOMERS_FOR_CURVE = 30
CHECKED_MONTHS = (12, 24)
ANY = "any"


def first_day(people: pd.DataFrame) -> pd.DataFrame:
    """Those of `churn_lives.lives` who were at risk at the first landmark at which CUSTOMERS_FOR_CURVE were, with months (from
    it until they left, or were last seen); nobody where there is no such landmark."""
    counts = people["entered"].value_counts().sort_index()
    enough = counts[counts >= CUSTOMERS_FOR_CURVE]
    if enough.empty:
        return people.iloc[:0].assign(months=pd.Series(dtype=float))
    cohort = people[people["entered"].eq(enough.index[0])]
    return cohort.assign(months=months_between(cohort["entered"], cohort["left_on"]))


def told_ways(cohort: pd.DataFrame) -> list[str]:
    """The ways whose number of customers may be told, the total being known."""
    counts = [int(cohort["way"].eq(name).sum()) for name in WAYS]
    return [name for name, hides, count in zip(WAYS, hidden(counts), counts, strict=True) if count and not hides]


def incidence(cohort: pd.DataFrame, months: float, later: dict[str, int] | None = None) -> pd.DataFrame:
    """Way → share that had left so, first, by `months`: way, value, low, high, base, events; a row a way that may be told. `later` are
    the numbers told for later months: a difference of few is not told, and the numbers told here take their place in it."""
    curves, rows = aalen_johansen(cohort["months"], cohort["way"]), []
    for name in told_ways(cohort):
        events = int((cohort["way"].eq(name) & cohort["months"].le(months)).sum())
        rows.append({"way": name, **incidence_at(curves[name], months)._asdict(), "events": events})
    table = pd.DataFrame(rows, columns=["way", "value", "low", "high", "base", "events"]).dropna(subset="value")
    small = [later is not None and not is_tellable(later[row.way] - row.events) for row in table.itertuples()]
    table = table[~hidden(table["events"], np.array(small, dtype=bool))].reset_index(drop=True) if len(table) else table
    if later is not None:
        later |= dict(zip(table["way"], table["events"], strict=True))
    return table


def ways_findings(cohort: pd.DataFrame, unseen: Mapping[str, Message]) -> list[Finding]:
    """Shares that had left in each way, and in any, by CHECKED_MONTHS as far as they were seen."""
    findings: list[Finding] = []
    later = {name: int(cohort["way"].eq(name).sum()) for name in WAYS} | {ANY: int(cohort["way"].notna().sum())}
    for months in reversed(_seen(cohort)):
        left = _complement(survival_at(kaplan_meier(cohort["months"], cohort["way"].notna()), months))
        events = int((cohort["way"].notna() & cohort["months"].le(months)).sum())
        told = [_way(row, months) for row in incidence(cohort, months, later).dropna(subset="low").to_dict("records")]
        if left.low is not None and all(map(is_tellable, (events, later[ANY] - events, len(cohort) - events))):
            later[ANY] = events
            told = [_left(cohort, months, left, months == max(_seen(cohort)), unseen), *told]
        findings = [*told, *findings]
    return findings


def few_findings(people: pd.DataFrame, unseen: Mapping[str, Message]) -> list[Finding]:
    """That so few left in the time seen that there is nothing to tell, where it is so."""
    left = int(people["way"].notna().sum())
    if left >= DISCLOSURE_THRESHOLD:
        return []
    text = say(
        "Of {base:count} customers followed for some time or other **fewer than {threshold:count}** were seen to leave: too few for curves{unseen}.",
        base=len(people), threshold=DISCLOSURE_THRESHOLD, unseen=not_counted(unseen),
    )  # fmt: skip
    return [Finding("leaving.few", text, None, len(people), "share", exhibit="ways")]


def _seen(cohort: pd.DataFrame) -> list[int]:
    last = float(cohort["months"].max()) if len(cohort) else 0.0
    return [months for months in CHECKED_MONTHS if months <= last]


def _complement(kept: Estimate) -> Estimate:
    if kept.value is None or kept.low is None:
        return kept
    return Estimate(1 - kept.value, 1 - kept.high, 1 - kept.low, kept.base)


def _left(cohort: pd.DataFrame, months: int, left: Estimate, is_headline: bool, unseen: Mapping[str, Message]) -> Finding:
    text = say(
        "Of the established customers of {start:date}, **{value:share}** had left within {months:count} months, involuntary exits among them (interval {low:share} to {high:share}){unseen}.",
        start=cohort["entered"].iloc[0].date(), months=months, value=left.value, low=left.low, high=left.high,
        unseen=not_counted(unseen),
    )  # fmt: skip
    return Finding(
        f"leaving.any.{months}m", text, left.value, len(cohort), "share", low=left.low, high=left.high, exhibit="ways",
        is_headline=is_headline,
    )  # fmt: skip


def _way(row: Mapping, months: int) -> Finding:
    text = say(
        "{way}: first within {months:count} months **{value:share}** (interval {low:share} to {high:share}).",
        way=WAY_NAMES[row["way"]], months=months, value=row["value"], low=row["low"], high=row["high"],
    )  # fmt: skip
    return Finding(
        f"leaving.{row['way']}.{months}m", text, row["value"], int(row["base"]), "share", low=row["low"], high=row["high"],
        exhibit="ways", is_headline=False,
    )  # fmt: skip


def ways_exhibit(cohort: pd.DataFrame, rule: ChurnRule, unseen: Mapping[str, Message]) -> Exhibit:
    """Share that had left in each way, by months since the first day."""
    ways = told_ways(cohort)
    if not ways:
        return Exhibit("ways", say("Who left, and in which way first"), absent=too_few(cohort))
    curves = aalen_johansen(cohort["months"], cohort["way"])
    last = float(cohort["months"].max())
    frame = pd.concat([monthly(curves[name], last, 0.0).assign(series=WAY_NAMES[name]) for name in ways], ignore_index=True)
    ends = {name: float(curves[name]["value"].iloc[-1]) for name in ways}
    shares = listed(
        say("{rule} {share:share}", rule=WAY_NAMES[name], share=ends[name]) for name in sorted(ends, key=ends.get, reverse=True)
    )
    subtitle = say(
        "Share of the {base:count} established customers of {start:date} who had left, by the way that came first (Aalen-Johansen), in %; bands, 95% intervals, for customers like these; dormant from {days:count} days of silence; run-off seen at quarters' ends{unseen}",
        base=len(cohort), start=cohort["entered"].iloc[0].date(), days=rule.dormant_days, unseen=not_counted(unseen),
    )  # fmt: skip
    title = say("Left within {months:count} months: {shares}", months=last, shares=shares)
    return Exhibit("ways", title, subtitle, frame, x_label=say("Months since {start:date}", start=cohort["entered"].iloc[0].date()), x_unit="months")  # fmt: skip


def too_few(cohort: pd.DataFrame) -> Message:
    """Why there is no curve."""
    return say(
        "Too few left: a curve needs {needed:count} customers and {events:count} who left in one way; the curve starts from {base} established customers of its first day.",
        needed=CUSTOMERS_FOR_CURVE, events=DISCLOSURE_THRESHOLD,
        base=say("{count:count}", count=len(cohort)) if is_tellable(len(cohort)) else say("fewer than {count:count}", count=DISCLOSURE_THRESHOLD),
    )  # fmt: skip


def monthly(curve: pd.DataFrame, last: float, start: float) -> pd.DataFrame:
    """A curve (time, value, low, high) as it stood at each whole month, and at its end: single days would tell of single customers."""
    times = np.append(np.arange(np.floor(last) + 1), last) if last % 1 else np.arange(last + 1)
    at = np.searchsorted(curve["time"], times, side="right") - 1
    columns = {
        name: np.where(at < 0, start, curve[name].to_numpy(dtype=float)[np.maximum(at, 0)]) for name in ("value", "low", "high")
    }
    return pd.DataFrame({"time": times, **columns}).fillna(
        {"low": pd.Series(columns["value"]), "high": pd.Series(columns["value"])}
    )


def overstated(cohort: pd.DataFrame) -> pd.DataFrame:
    """What 1 − Kaplan-Meier of each way alone would say at the end, beside the share that did leave so first: way, value, low,
    high, alone, excess; the last row (way "any") adds the alone up, and has the share who left at all."""
    last = float(cohort["months"].max())
    table = incidence(cohort, last)
    if len(table) < 2:
        return table
    alone = [float(one_minus_survival(cohort["months"], cohort["way"], name)["value"].iloc[-1]) for name in table["way"]]
    total = {"way": ANY, "value": table["value"].sum(), "alone": sum(alone)}
    table = pd.concat([table.assign(alone=alone), pd.DataFrame([total])], ignore_index=True)
    return table.assign(excess=table["alone"] - table["value"])


def overstated_exhibit(cohort: pd.DataFrame) -> Exhibit:
    """The table of `overstated`."""
    title = say("Why the ways are not added up one by one")
    table = overstated(cohort) if len(cohort) else pd.DataFrame()
    if len(table) < 3:
        return Exhibit("overstated", title, absent=too_few(cohort))
    names = {**WAY_NAMES, ANY: say("Together")}
    total = table.iloc[-1]
    return Exhibit(
        "overstated",
        say("Counted each as if the others did not exist, the ways would add up to {alone:share} in place of {value:share}", alone=total["alone"], value=total["value"]),
        say("Share of the established customers of {start:date} by {months:count} months; alone: 1 − Kaplan-Meier, every other way taken as the end of observation", start=cohort["entered"].iloc[0].date(), months=float(cohort["months"].max())),
        table.assign(label=table["way"].map(names), is_total=table["way"].eq(ANY)),
        columns=(
            Column("label", say("Way")),
            Column("value", say("Left so first"), "share"),
            Column("low", say("From"), "share", say("95% interval")),
            Column("high", say("To"), "share", say("95% interval")),
            Column("alone", say("Alone"), "share"),
            Column("excess", say("Too much"), "points", say("points")),
        ),
    )  # fmt: skip


def overstated_findings(cohort: pd.DataFrame) -> list[Finding]:
    """By how much the ways would add up to too much."""
    table = overstated(cohort) if len(cohort) else pd.DataFrame()
    if len(table) < 3:
        return []
    total = table.iloc[-1]
    text = say(
        "Added up as if each way were the only one, **{alone:share}** would have left in place of {value:share}.",
        alone=total["alone"], value=total["value"],
    )  # fmt: skip
    return [
        Finding(
            "leaving.overstated", text, float(total["excess"]), len(cohort), "points", exhibit="overstated", is_headline=False
        )
    ]
