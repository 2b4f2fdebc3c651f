"""What struck whom, by month: the six levers' opportunities in the months after a day, from the canonical tables.

A lever is one of six events that may make a customer leave and that the bank can do something about. An opportunity is a
customer and month in which it could have struck a customer who was not yet gone. docs/demo-bank.md, section 5, says why each
adjustment set blocks."""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass
from typing import TYPE_CHECKING

from analysis.bank.levers_sql import NEEDED, SELECTS, UNITS
from analysis.calendar import months_before

if TYPE_CHECKING:
    from collections.abc import Mapping

    import duckdb
    import pandas as pd
    import pyarrow as pa

LEVERS = tuple(SELECTS)
RUN_OFF_BEGINS = 0.5
MEMORY_LIMIT = "3GB"
TEXTS = ("customer_id", "branch_id", "area")


@dataclass(frozen=True)
class Struck:
    """The window of `months` months after `opened`; month 1 is the first.

    `people`, one row a customer, sorted by customer_id: what was given (see `people_from`) with `area` (text; the city of its
    branch), `gone_month` and `closed_month` (Int64; 1 … months, <NA>: not).

    `levers`, lever → one row a customer and month, sorted by both: customer_id, month (int64), struck (bool), unit (text: the unit
    of assignment), branch_id, area (text) and (int is int32)
    unresolved_complaint: severity (int, 0: none given; the gravest), complaints (int), received_month (int, 0 or less: before
    the window); unit: area and month;
    long_wait: visits, visits_opening (before 10), visits_midday (10-13), visits_afternoon (13-16), visits_late (from 16; ints);
    unit: branch;
    fee_rise: card (bool), cohort (Int64: month of the branch's rise, 0 or less before the window, <NA> none); unit: branch;
    manager_left: manager_id, reason (text), push (share a year; NaN: not known); unit: manager;
    app_outage: incident_id, logins_matched (int: tries in the windows of the outage's month); unit: incident;
    competitor_rate: matures, pushed (bool), gap (share a year), term_held, wealth_held (contracts, int), amount_class (int, 1 … 4:
    quarters of the holders by assets_3m; float with NaN where any is not known), tenure (months at the opening), due (contracts expected to mature in a month by their terms, float); months in which a contract
    could mature; unit: area and month.
    A lever whose tables the bank does not bring, or that had no opportunity, is not in it.
    """

    opened: dt.date
    months: int
    people: pd.DataFrame
    levers: dict[str, pd.DataFrame]


def struck(
    connection: duckdb.DuckDBPyConnection, relations: Mapping[str, str], people: pd.DataFrame, opened: dt.date, months: int
) -> Struck:
    """`relations`: canonical table → what stands in FROM (a view, a registered frame, a SELECT in brackets)."""
    everybody = people_from(connection, relations, people, opened, months)
    return Struck(opened, months, everybody, struck_from(connection, relations, everybody, opened, months))


def people_from(
    connection: duckdb.DuckDBPyConnection, relations: Mapping[str, str], people: pd.DataFrame, opened: dt.date, months: int
) -> pd.DataFrame:
    """People (customer_id, branch_id, left, closed, dormant, run_off, involuntary, closed_date, last_own_date, assets_3m, and
    traits, which stay) with area, gone_month and closed_month; without closed_date and last_own_date.

    gone_month, of those who left, is the month in which the leaving began to be seen: that of the closing; the first
    month of the silence, which is the one after the last own transaction; the first month of the last unbroken run of months
    with average assets below RUN_OFF_BEGINS times those at the opening. Who closed after such a run was gone with its beginning."""
    _register(connection, people, opened, months)
    runs = _run_off(relations)
    area = relations.get("branches")
    found = connection.sql(f"""
        WITH {runs}, seen AS (
            SELECT p.customer_id, {"b.city" if area else "NULL::VARCHAR"} AS area, c.month AS closed_month,
                   coalesce(t.month, 0) + 1 AS silent_month, r.run_month
            FROM people AS p {f"LEFT JOIN {area} AS b ON b.branch_id = p.branch_id" if area else ""}
            LEFT JOIN days AS c ON c.day = p.closed_date::DATE LEFT JOIN days AS t ON t.day = p.last_own_date::DATE
            LEFT JOIN runs AS r USING (customer_id))
        SELECT s.customer_id, s.area,
               CASE WHEN NOT p."left" THEN NULL WHEN p.closed THEN least(s.closed_month, s.run_month)
                    WHEN p.dormant THEN least(s.silent_month, {months}) ELSE coalesce(s.run_month, {months}) END AS gone_month,
               s.closed_month
        FROM seen AS s JOIN people AS p USING (customer_id)""").df()
    kept = people.drop(columns=[name for name in ("closed_date", "last_own_date", "area") if name in people])
    whole = {name: found[name].astype("Int64") for name in ("gone_month", "closed_month")}
    return kept.merge(found.assign(**whole), on="customer_id").sort_values("customer_id", ignore_index=True)


def struck_from(
    connection: duckdb.DuckDBPyConnection, relations: Mapping[str, str], people: pd.DataFrame, opened: dt.date, months: int
) -> dict[str, pd.DataFrame]:
    """Lever → its opportunities (see `Struck.levers`). `people`: customer_id, branch_id, area, gone_month, closed_month,
    tenure_months, assets_3m; nobody else is in the result, and no month from gone_month or closed_month on."""
    _register(connection, _there(people, months), opened, months)
    found = {}
    for lever, select in SELECTS.items():
        if all(table in relations for table in NEEDED[lever]):
            rows = connection.sql(
                f"SELECT customer_id, month, struck, {UNITS[lever]} AS unit, * EXCLUDE (customer_id, month, struck) "
                f"FROM ({select(**relations)}) WHERE {UNITS[lever]} IS NOT NULL ORDER BY customer_id, month"
            ).to_arrow_table()
            if len(rows):
                found[lever] = _typed(rows)
    return found


def _there(people: pd.DataFrame, months: int) -> pd.DataFrame:
    first_gone = people[["gone_month", "closed_month"]].min(axis=1).fillna(months + 1)
    kept = people.reindex(columns=[*TEXTS, "tenure_months", "assets_3m"])
    return kept.assign(**{name: kept[name].astype("string") for name in TEXTS}, last_month=first_gone.astype("int64") - 1)


def _typed(rows: pa.Table) -> pd.DataFrame:
    frame = rows.to_pandas(split_blocks=True, self_destruct=True)
    frame["month"] = frame["month"].astype("int64")
    if "cohort" in frame:
        frame["cohort"] = frame["cohort"].astype("Int64")
    return frame


def _register(connection: duckdb.DuckDBPyConnection, people: pd.DataFrame, opened: dt.date, months: int) -> None:
    connection.register("people", people)
    connection.register("days", window_days(opened, months))


def window_days(opened: dt.date, months: int) -> pd.DataFrame:
    """day (date), month (int): the days of the window, months counted from the day after `opened`."""
    import pandas as pd

    ends = [months_before(opened, -month) for month in range(months + 1)]
    parts = [
        pd.DataFrame({"day": pd.date_range(ends[n - 1] + dt.timedelta(days=1), ends[n]), "month": n})
        for n in range(1, months + 1)
    ]
    days = pd.concat(parts, ignore_index=True)
    return days.assign(day=days["day"].dt.date)


def _run_off(relations: Mapping[str, str]) -> str:
    """run_month: the month after the last one with assets of RUN_OFF_BEGINS times those at the opening (1: none)."""
    balances = relations.get("balances")
    if not balances:
        return "runs AS (SELECT NULL::VARCHAR AS customer_id, NULL::INTEGER AS run_month WHERE FALSE)"
    return f"""basis AS (SELECT CASE WHEN count(*) FILTER (basis = 'average') > 0 THEN 'average' ELSE 'end' END AS chosen FROM {balances}),
        runs AS (
            SELECT p.customer_id, coalesce(max(d.month) FILTER (
                coalesce(b.deposits, 0) + coalesce(b.wealth, 0) >= {RUN_OFF_BEGINS} * p.assets_3m), 0) + 1 AS run_month
            FROM people AS p JOIN {balances} AS b USING (customer_id) JOIN days AS d ON d.day = b.month::DATE
            WHERE p."left" AND b.basis = (SELECT chosen FROM basis) GROUP BY p.customer_id)"""
