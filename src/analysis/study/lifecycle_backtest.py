"""How forecasts over twelve months fared, made from what was known at their start."""

import datetime as dt

import numpy as np
import pandas as pd

from analysis.calendar import months_before
from analysis.finding import Column, Exhibit, Finding
from analysis.stats.transitions import REPLICATES
from analysis.study.disclosed import hidden, is_tellable
from analysis.study.lifecycle_outlook import ROW_NAMES
from analysis.study.lifecycle_projection import CUSTOMERS, YEAR, project, told_rows
from analysis.study.lifecycle_stages import LOST, WITH_THE_BANK
from analysis.wording import Message, say

FEWEST_MOVES = 2
NUMBERS = {"then": "now", "share": "value", "share_low": "low", "share_high": "high", "seen": "count"}


def seen_shares(stages: pd.DataFrame, before: dt.date, now: dt.date) -> pd.DataFrame:
    """What came: row, count and share at `now`, as in `project` made at `before`; and then (the share at `before`; of LOST: nothing)."""
    counts = {day: stages[day].value_counts().reindex(list(WITH_THE_BANK), fill_value=0) for day in (before, now)}
    stayed = stages[before].isin(WITH_THE_BANK)
    gone = int((stayed & stages[now].eq(LOST)).sum())
    rows = [
        (stage, counts[now][stage], counts[now][stage] / counts[now].sum(), counts[before][stage] / counts[before].sum())
        for stage in WITH_THE_BANK
    ]
    rows.append((CUSTOMERS, counts[now].sum(), 1.0, 1.0))
    rows.append((LOST, gone, gone / stayed.sum(), np.nan))
    return pd.DataFrame(rows, columns=["row", "count", "seen", "then"])


def backtest(stages: pd.DataFrame, seed: int, replicates: int = REPLICATES) -> pd.DataFrame:
    """Forecasts over twelve months, each made from what was known at its start, against what came; a start a landmark with
    FEWEST_MOVES quarters before it and a year after it. Columns of `project` and `seen_shares`, start, inside (of the shares; of
    CUSTOMERS: of the number)."""
    days, made = list(stages.columns), []
    for place in range(FEWEST_MOVES, len(days) - YEAR):
        known = stages[days[: place + 1]].dropna(how="all")
        table = project(known, [YEAR], seed, replicates)[0].merge(seen_shares(stages, days[place], days[place + YEAR]), on="row")
        held = table["seen"].between(table["share_low"], table["share_high"])
        number = table["count"].between(table["low"], table["high"])
        made.append(table.assign(start=days[place], inside=held.where(table["row"].ne(CUSTOMERS), number)))
    return pd.concat(made, ignore_index=True) if made else pd.DataFrame()


def tested_rows(made: pd.DataFrame) -> pd.DataFrame:
    """Rows of a backtest that may be told: stages, all customers and the lost."""
    if made.empty:
        return made
    told = pd.concat([told_rows(own) for _, own in made.groupby("start")])
    few = pd.Series(False, made.index)
    for _, own in made[made["row"].isin(WITH_THE_BANK)].groupby("start"):
        few[own.index] = hidden(own["count"])
    return made[told & ~few & (made["row"].ne(LOST) | made["count"].map(is_tellable))]


def latest_number(made: pd.DataFrame) -> pd.Series | None:
    """How the latest start's forecast of the number of customers fared: its row of the backtest; None where there is none."""
    rows = tested_rows(made)
    rows = rows[rows["row"].eq(CUSTOMERS)] if len(rows) else rows
    return None if rows.empty else rows.loc[rows["start"].idxmax()]


def backtest_findings(made: pd.DataFrame) -> list[Finding]:
    """How many of the forecasts' intervals held what came, and the mean error of shares against no change."""
    rows = tested_rows(made)
    if rows.empty:
        return []
    latest = rows[rows["start"].eq(rows["start"].max())]
    base = int(made.loc[made["start"].eq(made["start"].max()) & made["row"].eq(CUSTOMERS), "now"].iloc[0])
    shares = latest[latest["row"].isin(WITH_THE_BANK)]
    error, naive = float((shares["share"] - shares["seen"]).abs().mean()), float((shares["then"] - shares["seen"]).abs().mean())
    inside = float(rows["inside"].mean())
    held = say(
        "Forecasts made a year and more ago, from what was known then: **{hits:count} of {tried:count}** intervals, of shares and of the number of customers, held what came ({starts:count} starts, which overlap; 95% are meant to).",
        hits=int(rows["inside"].sum()), tried=len(rows), starts=rows["start"].nunique(),
    )  # fmt: skip
    misses = {"error": 100 * error, "naive": 100 * naive}
    text = (
        say(
            "The forecast of a year ago missed a stage's share by **{error:number} points** on average; taking the shares to stay as they were would have missed by {naive:number}.",
            **misses,
        )
        if error < naive
        else say(
            "The forecast of a year ago missed a stage's share by **{error:number} points** on average, no less than taking the shares to stay as they were ({naive:number}): what it adds are losses and intervals.",
            **misses,
        )
    )
    rest = {"base": base, "exhibit": "backtest"}
    return [
        Finding("backtest.coverage", held, inside, unit="share", compare_to=0.95, **rest),
        Finding("backtest.error", text, error, unit="points", compare_to=naive, is_headline=False, **rest),
    ]


def backtest_exhibit(made: pd.DataFrame) -> Exhibit:
    """The latest start whose year is over: forecast, what came, and no change."""
    rows = tested_rows(made)
    if rows.empty:
        reason = say("The history is too short to hold a forecast of twelve months against what came.")
        return Exhibit("backtest", say("How such forecasts fared"), absent=reason)
    start = rows["start"].max()
    latest = rows[rows["start"].eq(start)]
    verdict = {True: say("yes"), False: say("no")}
    hits = int(latest["inside"].sum())
    return Exhibit(
        name="backtest",
        title=_title(hits, latest),
        subtitle=say(
            "Forecast made on {start:date} for {end:date}, from nothing later than {start:date}; shares of customers with the bank, of the lost: of those with it at the start; all with the bank: their number",
            start=start, end=months_before(start, -12),
        ),
        frame=_with_number(latest).assign(label=latest["row"].map(ROW_NAMES), verdict=latest["inside"].map(verdict)).reset_index(drop=True),
        columns=(
            Column("label", say("Stage")),
            Column("then", say("At the start"), "share"),
            Column("share", say("Forecast"), "share"),
            Column("share_low", say("from"), "share", say("95% interval, %")),
            Column("share_high", say("to"), "share", say("95% interval, %")),
            Column("seen", say("What came"), "share"),
            Column("verdict", say("Within")),
        ),
    )  # fmt: skip


def _title(hits: int, latest: pd.DataFrame) -> Message:
    numbers = {"hits": hits, "tried": len(latest)}
    missed = latest[latest["row"].eq(CUSTOMERS) & ~latest["inside"]]
    if missed.empty:
        return say("{hits:count} of {tried:count} intervals of the latest start held what came", **numbers)
    return say(
        "{hits:count} of {tried:count} intervals of the latest start held what came; that of the number of customers did not",
        **numbers,
    )


def _with_number(latest: pd.DataFrame) -> pd.DataFrame:
    """The row of all customers with numbers in place of shares."""
    whole = latest["row"].eq(CUSTOMERS)
    cells = {
        share: [
            say("{count:count}", count=n) if is_number else value
            for value, n, is_number in zip(latest[share], latest[number], whole, strict=True)
        ]
        for share, number in NUMBERS.items()
    }
    return latest.assign(**{name: pd.Series(values, latest.index, dtype=object) for name, values in cells.items()})
