"""Where the book will stand in twelve months."""

import datetime as dt

import numpy as np
import pandas as pd

from analysis.calendar import LANDMARK_STEP_MONTHS, months_before
from analysis.finding import Column, Exhibit, Finding
from analysis.study.disclosed import hidden
from analysis.study.lifecycle_projection import CUSTOMERS, is_lossless, told_rows
from analysis.study.lifecycle_stages import LOST, STAGE_NAMES, WITH_THE_BANK, few_returned_as_mature
from analysis.wording import Message, say

ROW_NAMES = {**STAGE_NAMES, CUSTOMERS: say("All with the bank"), LOST: say("Lost, of those with the bank")}


def forecast_findings(table: pd.DataFrame, tried: pd.Series | None = None) -> list[Finding]:
    """How many customers the bank will have, how many of today's it will have lost, and the share of each stage. `tried`: how the
    number forecast a year ago fared (see `lifecycle_backtest.latest_number`)."""
    told = table[told_rows(table)].set_index("row")
    today = int(table.loc[table["row"].eq(CUSTOMERS), "now"].iloc[0])
    rest = {"base": today, "exhibit": "forecast"}
    made = [_book_finding(told.loc[CUSTOMERS], tried, rest)] if CUSTOMERS in told.index else []
    for row, numbers in told.drop(index=CUSTOMERS, errors="ignore").iterrows():
        made.append(
            Finding(
                f"forecast.{row}.share", _share_text(row, numbers), numbers["share"], unit="share", low=numbers["share_low"],
                high=numbers["share_high"], compare_to=None if row == LOST else numbers["now_share"], is_headline=row == LOST, **rest,
            )
        )  # fmt: skip
    return made


def _book_finding(whole: pd.Series, tried: pd.Series | None, rest: dict) -> Finding:
    text = say(
        "In twelve months the bank has **{value:count} customers** ({low:count} to {high:count}), after {today:count} today, if customers move and come as they did{fared}.",
        value=whole["value"], low=whole["low"], high=whole["high"], today=whole["now"], fared=_fared(tried),
    )  # fmt: skip
    ends = {"low": whole["low"], "high": whole["high"], "compare_to": whole["now"]}
    return Finding("forecast.customers", text, whole["value"], unit="count", **ends, **rest)


def _fared(tried: pd.Series | None) -> Message | str:
    if tried is None:
        return ""
    numbers = {"low": tried["low"], "high": tried["high"], "came": tried["count"]}
    if tried["inside"]:
        return say("; a year ago this interval held: {low:count} to {high:count}, {came:count} came", **numbers)
    return say("; a year ago this interval was **missed**: {low:count} to {high:count}, {came:count} came", **numbers)


def _share_text(row: str, numbers: pd.Series) -> Message:
    bounds = {"share": numbers["share"], "low": numbers["share_low"], "high": numbers["share_high"]}
    if row == LOST:
        return say(
            "Of today's customers **{share:share}** ({low:share} to {high:share}) are lost in twelve months, if they move as they did.",
            **bounds,
        )
    return say(
        "{stage}: **{share:share}** of customers in twelve months ({low:share} to {high:share}), after {now:share} today.",
        stage=STAGE_NAMES[row], now=numbers["now_share"], **bounds,
    )  # fmt: skip


def forecast_exhibit(table: pd.DataFrame, as_of: dt.date, quarters: int) -> Exhibit:
    """The book today and in twelve months, from the moves of so many quarters."""
    shown = table[told_rows(table)]
    return Exhibit(
        name="forecast",
        title=_forecast_title(table),
        subtitle=say(
            "Customers on {now:date} and as expected on {then:date}, with 95% intervals: for the uncertain matrix, for quarters that differ, and for chance in a book of this size; from the moves of {quarters:count} quarters, newcomers as in the last year",
            now=as_of, then=months_before(as_of, -12), quarters=quarters,
        ),
        frame=shown.assign(label=shown["row"].map(ROW_NAMES), is_total=shown["row"].eq(CUSTOMERS)).reset_index(drop=True),
        columns=(
            Column("label", say("Stage")),
            Column("now", say("Today"), "count", say("number")),
            Column("value", say("Expected"), "count", say("number")),
            Column("low", say("from"), "count", say("95% interval")),
            Column("high", say("to"), "count", say("95% interval")),
            Column("now_share", say("Share today"), "share"),
            Column("share", say("Share expected"), "share"),
        ),
    )  # fmt: skip


def _forecast_title(table: pd.DataFrame) -> Message:
    if is_lossless(table):
        return say("The data show no loss of customers, so that the size of the book cannot be forecast, only its shares")
    whole = table.set_index("row").loc[CUSTOMERS]
    numbers = {"value": whole["value"], "low": whole["low"], "high": whole["high"]}
    if whole["low"] > whole["now"]:
        return say("The book grows: {value:count} customers in twelve months ({low:count} to {high:count})", **numbers)
    if whole["high"] < whole["now"]:
        return say("The book shrinks: {value:count} customers in twelve months ({low:count} to {high:count})", **numbers)
    return say("Whether the book grows or shrinks is open: {low:count} to {high:count} customers in twelve months", **numbers)


def outlook_exhibit(stages: pd.DataFrame, ahead: list[pd.DataFrame]) -> Exhibit:
    """Shares of the stages so far, and as expected quarter by quarter (`ahead`: what `project` says of each)."""
    days = list(stages.columns)
    told = ahead[-1].loc[told_rows(ahead[-1]), "row"]
    counts = stages.apply(pd.Series.value_counts).reindex(list(WITH_THE_BANK)).fillna(0)
    past = [_hidden_shares(few_returned_as_mature(counts[day])) for day in days]
    lines = []
    for stage in [name for name in WITH_THE_BANK if name in set(told)]:
        rows = [{"x": day, "value": share[stage], "low": np.nan, "high": np.nan} for day, share in zip(days, past, strict=True)]
        for step, table in enumerate(ahead, start=1):
            row = table.set_index("row").loc[stage]
            rows.append(
                {
                    "x": months_before(days[-1], -LANDMARK_STEP_MONTHS * step),
                    "value": row["share"],
                    "low": row["share_low"],
                    "high": row["share_high"],
                }
            )
        lines.append(pd.DataFrame(rows).assign(series=STAGE_NAMES[stage]))
    return Exhibit(
        name="outlook",
        title=_outlook_title(ahead[-1], set(told)),
        subtitle=say(
            "Share of customers with the bank in each stage, in %; after {now:date} as expected, with 95% intervals as bands; the returned of dates at which they are few are counted as mature; the axis need not start at 0",
            now=days[-1],
        ),
        frame=pd.concat(lines, ignore_index=True),
        x_unit="date",
    )  # fmt: skip


def _hidden_shares(counts: pd.Series) -> pd.Series:
    return (counts / max(counts.sum(), 1)).mask(hidden(counts.fillna(0)))


def _outlook_title(table: pd.DataFrame, told: set[str]) -> Message:
    rows = table[table["row"].isin(told & set(WITH_THE_BANK))]
    apart = rows[(rows["now_share"] < rows["share_low"]) | (rows["now_share"] > rows["share_high"])]
    if apart.empty:
        return say("In twelve months every stage's share may be what it is today: no interval leaves it out")
    row = apart.loc[(apart["share"] - apart["now_share"]).abs().idxmax()]
    return say(
        "{stage}: from {now:share} today to {share:share} in twelve months ({low:share} to {high:share})",
        stage=STAGE_NAMES[row["row"]], now=row["now_share"], share=row["share"], low=row["share_low"], high=row["share_high"],
    )  # fmt: skip
