"""What was known of each customer at the end of many months: the few columns that key figures need, read in one pass a table."""

import datetime as dt
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field

import duckdb
import numpy as np
import pandas as pd

from analysis.bank.features import DAYS_PER_MONTH
from analysis.calendar import month_end, months_before

MONTHS = 49
MEMORY_LIMIT = "1200MB"
BATCH_ROWS = 1_000_000
EPOCH = dt.date(1970, 1, 1)
NEVER = np.iinfo(np.int32).min
ASSETS_MONTHS = 3
PEOPLE = {"customer_id": "object", "opened_date": "datetime64[us]", "closed_date": "datetime64[us]", "exit_reason": "object"}


@dataclass(frozen=True)
class MonthEnds(Mapping):
    """`days`, latest first → one row a customer known at the end of the day, sorted by customer_id, as `bank.features` has it:
    customer_id, closed_date, exit_reason, tenure_months; recency_days, where the bank brings transactions; assets (the latest
    month's) and assets_3m, where it brings balances. Its index is the customer's place in `people`. A frame is made when it is asked for.
    `first` is the first day of all data, `begins` that of a table by its name; `basis` of the balances: average or end."""

    days: tuple[dt.date, ...]
    people: pd.DataFrame
    first: dt.date
    last_own: np.ndarray | None = None
    assets: Mapping[int, np.ndarray] | None = None
    basis: str | None = None
    begins: Mapping[str, dt.date] = field(default_factory=dict)

    def __getitem__(self, day: dt.date) -> pd.DataFrame:
        place = self.days.index(day) if day in self.days else None
        if place is None:
            raise KeyError(day)
        is_known, end = ~(self.people["opened_date"] > pd.Timestamp(day)), pd.Timestamp(day)
        is_closed = self.people["closed_date"] <= end
        frame = pd.DataFrame(
            {
                "customer_id": self.people["customer_id"],
                "closed_date": self.people["closed_date"].where(is_closed),
                "exit_reason": self.people["exit_reason"].where(is_closed, None),
                "tenure_months": (end - self.people["opened_date"]).dt.days / DAYS_PER_MONTH,
                **self._recency(place),
                **self._assets(day),
            }
        )
        return frame[is_known]

    def __iter__(self) -> Iterator[dt.date]:
        return iter(self.days)

    def __len__(self) -> int:
        return len(self.days)

    def _recency(self, place: int) -> dict[str, np.ndarray]:
        if self.last_own is None:
            return {}
        last = self.last_own[place]
        return {"recency_days": np.where(last == NEVER, np.nan, (self.days[place] - EPOCH).days - last.astype(float))}

    def _assets(self, day: dt.date) -> dict[str, np.ndarray]:
        if self.assets is None:
            return {}
        nothing = np.full(len(self.people), np.nan)
        latest = _latest_month(day)
        months = [self.assets.get(latest - age, nothing) for age in range(ASSETS_MONTHS)]
        known = np.sum([~np.isnan(month) for month in months], axis=0)
        mean = np.sum([np.nan_to_num(month) for month in months], axis=0) / np.where(known, known, np.nan)
        return {"assets": months[0], "assets_3m": mean}


def month_ends(
    connection: duckdb.DuckDBPyConnection, relations: Mapping[str, str], as_of: dt.date, first: dt.date, months: int = MONTHS
) -> MonthEnds:
    """`relations`: table → a relation of it as known at `as_of`. Days: `as_of` and the `months` − 1 months before it, back to
    `first`. Without a table customers the frames are empty."""
    days = tuple(day for day in (months_before(as_of, back) for back in range(months)) if day >= first) or (as_of,)
    if "customers" not in relations:
        return MonthEnds(days, pd.DataFrame({name: pd.Series(dtype=kind) for name, kind in PEOPLE.items()}), first)
    people = _people(connection, relations["customers"])
    last_own = _last_own(connection, relations["transactions"], days, len(people)) if "transactions" in relations else None
    basis = _basis(connection, relations["balances"]) if "balances" in relations else None
    assets = _assets(connection, relations["balances"], basis, days, len(people)) if basis else None
    begins = {name: begin for name in ("transactions", "balances") if (begin := _begin(connection, relations, name))}
    return MonthEnds(days, people, first, last_own, assets, basis, begins)


def _latest_month(day: dt.date) -> int:
    """The number of the last month that ends by the day."""
    after = day + dt.timedelta(days=1)
    return after.year * 12 + after.month - 2


def _people(connection: duckdb.DuckDBPyConnection, customers: str) -> pd.DataFrame:
    """Customers by number; leaves the table `numbers` (customer_id, number)."""
    connection.execute(
        f"CREATE TEMP TABLE numbers AS SELECT customer_id, CAST(row_number() OVER (ORDER BY customer_id) - 1 AS INTEGER) AS number, "
        f"CAST(opened_date AS DATE) AS opened_date, CAST(closed_date AS DATE) AS closed_date, exit_reason FROM {customers}"
    )
    people = connection.execute("SELECT * EXCLUDE number FROM numbers ORDER BY number").df()
    return people.assign(**{name: pd.to_datetime(people[name]) for name in ("opened_date", "closed_date")})


def _last_own(connection: duckdb.DuckDBPyConnection, transactions: str, days: tuple[dt.date, ...], customers: int) -> np.ndarray:
    """Days × customers: the day number of the last transaction of the customer's own by then; NEVER without one."""
    last = np.full((len(days), customers), NEVER, dtype=np.int32)
    latest = days[0]
    end_day = 31 if latest == month_end(latest) else latest.day
    index = f"({latest.year * 12 + latest.month} - year(booked) * 12 - month(booked))"
    late = f"CAST(day(booked) > least({end_day}, day(last_day(booked))) AS INTEGER)"
    query = (
        f"WITH own AS (SELECT number, CAST(booked_at AS DATE) AS booked FROM {transactions} JOIN numbers USING (customer_id) "
        f"WHERE coalesce(initiated_by, 'customer') = 'customer') "
        f"SELECT number, CAST(least({index} - {late}, {len(days) - 1}) AS SMALLINT) AS place, "
        f"CAST(max(booked) - DATE '{EPOCH}' AS INTEGER) AS last FROM own GROUP BY ALL"
    )
    for number, place, booked in _batches(connection, query):
        last[place, number] = booked
    return np.maximum.accumulate(last[::-1], axis=0)[::-1]


def _basis(connection: duckdb.DuckDBPyConnection, balances: str) -> str | None:
    """The basis that `bank.features` reads: averages where the bank brings any."""
    found = {row[0] for row in connection.execute(f"SELECT DISTINCT basis FROM {balances}").fetchall()}
    return "average" if "average" in found else "end" if found else None


def _assets(
    connection: duckdb.DuckDBPyConnection, balances: str, basis: str, days: tuple[dt.date, ...], customers: int
) -> dict[int, np.ndarray]:
    """Month number → deposits and wealth of each customer; missing without a balance."""
    earliest = _latest_month(days[-1]) - ASSETS_MONTHS + 1
    index = "CAST(year(month) * 12 + month(month) - 1 AS INTEGER)"
    query = (
        f"SELECT number, {index} AS index, coalesce(deposits, 0) + coalesce(wealth, 0) AS assets "
        f"FROM {balances} JOIN numbers USING (customer_id) WHERE basis = '{basis}' AND {index} >= {earliest}"
    )
    held: dict[int, np.ndarray] = {}
    for number, index, amount in _batches(connection, query):
        for month in np.unique(index):
            own = index == month
            held.setdefault(int(month), np.full(customers, np.nan))[number[own]] = amount[own]
    return held


def _begin(connection: duckdb.DuckDBPyConnection, relations: Mapping[str, str], name: str) -> dt.date | None:
    dated = {"transactions": "booked_at", "balances": "month"}[name]
    return (
        connection.execute(f"SELECT CAST(min({dated}) AS DATE) FROM {relations[name]}").fetchone()[0]
        if name in relations
        else None
    )


def _batches(connection: duckdb.DuckDBPyConnection, query: str) -> Iterator[tuple[np.ndarray, ...]]:
    for batch in connection.sql(query).to_arrow_reader(BATCH_ROWS):
        yield tuple(column.to_numpy(zero_copy_only=False) for column in batch.columns)
