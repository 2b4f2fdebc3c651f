"""What is new in the complaints of the last months: phrases that more customers write than in the year before."""

import datetime as dt
from dataclasses import dataclass

import numpy as np
import pandas as pd
from scipy.sparse import csr_matrix

from analysis.finding import DISCLOSURE_THRESHOLD, Column, Exhibit, Finding
from analysis.stats.text import shown
from analysis.stats.text_drift import LEVEL, more_often
from analysis.stats.text_terms import phrases_in
from analysis.study.complaint_texts import ComplaintTexts, months_before, shown_phrases
from analysis.study.disclosed import is_tellable
from analysis.wording import Message, Quote, say

MONTHS_BEFORE = 12
MONTHS_TRIED = (1, 3)
CUSTOMERS_NEEDED = 100
ROWS_SHOWN = 10
SAME_CUSTOMERS = 0.7


@dataclass(frozen=True)
class DriftFound:
    """`table`: phrase (as shown), now, before (customers; before is NA where few), value (ratio of shares; NA where none or few
    wrote it before) with low and high, where few did those of one fewer than may be told and of none, most certain first, phrases of
    mostly the same customers once; `tested` phrases; the last `months`, `customers` who complained in them and `customers_before` in
    the twelve months before."""

    table: pd.DataFrame
    tested: int
    months: int
    customers: int
    customers_before: int


def complaint_drift(texts: ComplaintTexts | None, as_of: dt.date, months: int | None = None) -> DriftFound | None:
    """Phrases whose share of the customers who complained in the last `months` up to `as_of` exceeds that of the twelve months before
    beyond noise, and that ten of them or more wrote. Without `months`: one month, or three where in one fewer than
    CUSTOMERS_NEEDED complained. None: too few even so, or before."""
    if texts is None:
        return None
    for length in (months,) if months else MONTHS_TRIED:
        now, before = _windows(texts, as_of, length)
        sizes = [int(part.frame["subject"].nunique()) for part in (now, before)]
        if min(sizes) >= CUSTOMERS_NEEDED:
            return _found(now, before, sizes, length)
    return None


def drift_findings(found: DriftFound | None) -> list[Finding]:
    """How many phrases are new."""
    if found is None:
        return []
    count = len(found.table)
    numbers = {"count": count, "tested": found.tested, "months": found.months, "before": MONTHS_BEFORE}
    text = (
        say(
            "New in the words of the complaints: **{count:count}** of {tested:count} phrases tested are written by a larger share of customers in the last {months:count} months than in the {before:count} months before, beyond noise.",
            **numbers,
        )
        if count
        else say(
            "**Nothing new** in the words of the complaints: none of {tested:count} phrases is written by a larger share of customers in the last {months:count} months than in the {before:count} months before, beyond noise.",
            **numbers,
        )
    )  # fmt: skip
    return [Finding("complaint_text.new", text, count, found.customers, "count", exhibit="new")]


def new_exhibit(found: DriftFound | None) -> Exhibit:
    """The new phrases, with customers now and before and the ratio of their shares."""
    if found is None:
        absent = say("Too few customers complained in the last three months or before: {needed:count} are needed in each.", needed=CUSTOMERS_NEEDED)  # fmt: skip
        return Exhibit("new", say("New in the words of the complaints"), absent=absent)
    if found.table.empty:
        absent = say("No phrase is more frequent than before beyond noise, {tested:count} tested at once.", tested=found.tested)
        return Exhibit("new", say("New in the words of the complaints"), absent=absent)
    subtitle = say(
        "Phrases that ten customers or more wrote in the last {months:count} months; of {now:count} customers who complained then and {before:count} in the twelve months before; ratio of the shares; … for a number or a name; false discoveries held at {level:share}",
        months=found.months, now=found.customers, before=found.customers_before, level=LEVEL,
    )  # fmt: skip
    columns = (
        Column("phrase", say("Phrase")),
        Column("now", say("Customers now"), "count", say("in number")),
        Column("before", say("Customers before"), "count", say("in number")),
        Column("value", say("Ratio of shares"), "ratio", say("times")),
        Column("interval", say("95% interval, for the phrases shown")),
    )
    first = found.table.iloc[0]
    least = say(", at least {low:ratio.1} times as frequent as before", low=first["low"]) if first["low"] > 1 else ""
    title = say("New: “{phrase}”, by {now:count} customers{least}", **first[["phrase", "now"]], least=least)
    frame = found.table.assign(interval=[_range(row.low, row.high) for row in found.table.itertuples()])
    return Exhibit("new", title, subtitle, frame.head(ROWS_SHOWN), columns=columns)


def _windows(texts: ComplaintTexts, as_of: dt.date, months: int) -> tuple[ComplaintTexts, ComplaintTexts]:
    received, since = texts.frame["received_at"], months_before(as_of, months)
    earliest = months_before(as_of, months + MONTHS_BEFORE)
    return texts.where(received >= since), texts.where((received >= earliest) & (received < since))


def _found(now: ComplaintTexts, before: ComplaintTexts, sizes: list[int], months: int) -> DriftFound:
    both = ComplaintTexts(pd.concat([before.frame, now.frame], ignore_index=True), np.concatenate([before.read, now.read]))
    phrases = shown_phrases(both)
    held = [_by_subject(part, phrases) for part in (now, before)]
    counts = [np.asarray(part.sum(axis=0)).ravel() for part in held]
    tested = more_often(*counts, *sizes, told_from=DISCLOSURE_THRESHOLD).assign(phrase=phrases, place=range(len(phrases)))
    told = tested[tested["is_new"] & (tested["now"] >= DISCLOSURE_THRESHOLD)]
    table = _once(told.sort_values(["p", "phrase"], kind="stable"), held[0].tocsc()).rename(columns={"ratio": "value"})
    table = table.assign(
        value=table["value"].where(np.isfinite(table["value"]) & table["before"].map(is_tellable)),
        phrase=[Quote(shown(str(phrase))) for phrase in table["phrase"]],
        before=table["before"].astype("Int64").where(table["before"].map(is_tellable)),
    )
    return DriftFound(
        table[["phrase", "now", "before", "value", "low", "high"]].reset_index(drop=True), len(phrases), months, *sizes
    )


def _by_subject(texts: ComplaintTexts, phrases: list[str]) -> csr_matrix:
    """Who (rows) wrote which phrase (columns): 1 or 0."""
    codes, who = pd.factorize(texts.frame["subject"])
    rows = csr_matrix((np.ones(len(codes)), (codes, np.arange(len(codes)))), shape=(len(who), len(codes)))
    return ((rows @ phrases_in(texts.read, phrases)) > 0).astype(np.float64)


def _once(table: pd.DataFrame, held) -> pd.DataFrame:
    """Without phrases that mostly the same customers wrote as one before."""
    kept: list[int] = []
    for row in table.itertuples():
        own = held[:, row.place].toarray().ravel() > 0
        others = [held[:, place].toarray().ravel() > 0 for place in kept]
        if not any((own & other).sum() > SAME_CUSTOMERS * min(own.sum(), other.sum()) for other in others):
            kept.append(row.place)
    return table[table["place"].isin(kept)]


def _range(low: float, high: float) -> Message:
    if np.isinf(high):
        return say("at least {low:ratio.1}", low=low)
    return say("{low:ratio.1} to {high:ratio.1}", low=low, high=high)
