"""What a notebook opens: a prepared bank, seen as of one day."""

from __future__ import annotations

import contextlib
import datetime as dt
import json
import os
import re
import tempfile
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from analysis.bank.asof import asof_select, parent_of
from analysis.bank.config import BankConfig, read_config
from analysis.bank.contracts import TABLES
from analysis.bank.sql import parquet
from analysis.calendar import landmark_grid, month_end, months_before
from analysis.errors import NotProduced, UserError
from analysis.project import folders
from analysis.wording import Message, say

if TYPE_CHECKING:
    from collections.abc import Iterator

    import duckdb
    import pandas as pd

    from analysis.bank.levers import Struck
    from analysis.bank.month_ends import MonthEnds

MANIFEST = "prepared.json"
WRITTEN_DAY = re.compile(r"\d{4}-\d{2}-\d{2}")


@dataclass(frozen=True)
class Book:
    """A bank's canonical tables and features, as known at the end of `as_of`; `sources` is its manifest."""

    config: BankConfig
    as_of: dt.date
    processed: Path
    first_date: dt.date | None
    sources: dict

    @property
    def tables(self) -> list[str]:
        """Names of the canonical tables that the bank brings."""
        return [name for name in TABLES if (self.processed / f"{name}.parquet").is_file()]

    @property
    def landmarks(self) -> list[dt.date]:
        """The days, latest first, at which features are kept: `as_of` and every third month before it."""
        return landmark_grid(self.as_of, self.first_date or self.as_of)

    def table(self, name: str) -> pd.DataFrame:
        """A canonical table with the columns of its contract, sorted by key; nothing dated after `as_of` is in it."""
        import duckdb

        if name not in self.tables:
            raise NotProduced(say("The bank brings no table {name}.", name=name))
        with duckdb.connect() as connection:
            return connection.sql(f"{self._as_known(name)} ORDER BY {', '.join(TABLES[name].key)}").df()

    def table_if_any(self, name: str) -> pd.DataFrame | None:
        """The same; None where the bank does not bring the table."""
        return self.table(name) if name in self.tables else None

    @property
    def branch_names(self) -> dict[str, str]:
        """branch_id → the branch's name; empty where the bank brings no branches."""
        if "branches" not in self.tables:
            return {}
        named = self.table("branches").dropna(subset=["name"])
        return dict(zip(named["branch_id"], named["name"], strict=True))

    def features(self, landmark: dt.date | None = None, of: pd.Series | None = None) -> pd.DataFrame:
        """One row a customer at the landmark (default: `as_of`), with `of`, these alone; the columns are those of
        `bank.features.features`. Those of all customers are kept."""
        import pandas as pd

        day = landmark or self.as_of
        if day > self.as_of:
            raise UserError(f"The landmark {day} lies after as_of {self.as_of}: nothing later than as_of is read.")
        if "customers" not in self.tables:
            raise NotProduced(say("The bank brings no table {name}.", name="customers"))
        path = feature_path(self.processed, day)
        if of is not None and not path.is_file():
            from analysis.bank.engine import feature_frame

            return feature_frame(self.processed, day, of)
        if not path.is_file():
            write_features(self.processed, day)
        whole = pd.read_parquet(path)
        return whole if of is None else whole[whole["customer_id"].isin(of)].reset_index(drop=True)

    def feature_history(self) -> dict[dt.date, pd.DataFrame]:
        """Landmark → its features, for every landmark, latest first."""
        return {day: self.features(day) for day in self.landmarks}

    def struck(self, people: pd.DataFrame, opened: dt.date, months: int) -> Struck:
        """What struck whom in the months after `opened` (see `levers.Struck`); `people`: see `levers.people_from`."""
        from analysis.bank.levers import MEMORY_LIMIT, struck

        with self._as_known_relations(MEMORY_LIMIT) as (connection, relations):
            return struck(connection, relations, people, opened, months)

    def month_ends(self) -> MonthEnds:
        """What was known of each customer at `as_of` and at the ends of the months before it (see `month_ends.MonthEnds`)."""
        from analysis.bank.month_ends import MEMORY_LIMIT, month_ends

        with self._as_known_relations(MEMORY_LIMIT) as (connection, relations):
            return month_ends(connection, relations, self.as_of, self.first_date or self.as_of)

    @contextlib.contextmanager
    def _as_known_relations(self, memory_limit: str) -> Iterator[tuple[duckdb.DuckDBPyConnection, dict[str, str]]]:
        """A connection of bounded memory, which spills beside the tables, and name → SQL of each table as known at `as_of`."""
        import duckdb

        relations = {name: f"({self._as_known(name)})" for name in self.tables}
        with (
            tempfile.TemporaryDirectory(prefix=".spilled-", dir=self.processed) as work,
            duckdb.connect(
                config={"memory_limit": memory_limit, "temp_directory": work, "preserve_insertion_order": "false"}
            ) as connection,
        ):
            yield connection, relations

    def identity(self, of_all: bool = False) -> pd.DataFrame:
        """Which record is which customer's: source, source_id, customer_id, probability, of the records known at `as_of` or of all
        that were delivered; empty in a bank without parties."""
        made = self._made("identity", ["source", "source_id", "customer_id", "probability"])
        return (
            made
            if made.empty or of_all
            else made.merge(self.table("parties")[["source", "source_id"]], on=["source", "source_id"])
        )

    @property
    def linkage(self) -> dict:
        """What identity states of itself (see `identity.linking.Linked.stated`), records and customers as known at `as_of`; empty in
        a bank without parties."""
        stated, known = self.sources.get("identity") or {}, self.identity()
        return stated and {**stated, "records": len(known), "customers": known["customer_id"].nunique()}

    def pseudonyms(self) -> pd.DataFrame:
        """customer_id and pseudonym of each customer known at `as_of`, in the order of pseudonyms."""
        from analysis.bank.pseudonyms import pseudonyms, read_key

        return pseudonyms(read_key(folders(self.processed.name).state), self.table("customers")["customer_id"])

    def quality(self) -> pd.DataFrame:
        """Counters of the quality rules in months up to `as_of`: rule, table, column, dimension, source, branch_id, month,
        checked, failed (rows)."""
        return self._until_now(self._made("quality", ["rule", "month"]))

    def quality_customers(self) -> pd.DataFrame:
        """Which customers' rows fail a rule, in months up to `as_of`: rule, customer_id, month (the first), failed (rows)."""
        return self._until_now(self._made("quality_customers", ["rule", "customer_id", "month", "failed"]))

    def quality_words(self) -> dict[str, Message]:
        """What the rows that fail a rule have, by the rule's name."""
        from analysis.bank.quality import words_of

        return words_of()

    def masked_example(self, rule: str) -> str | None:
        """A value that fails the rule, all but its ends masked."""
        from analysis.bank.quality import masked_example

        return masked_example(self.processed, rule, self.as_of)

    @property
    def column_names(self) -> dict[str, Message | str]:
        """`table.column` → what a page calls the column."""
        from analysis.bank.quality import names_of_columns

        return names_of_columns()

    def segment_actions(self) -> pd.DataFrame | None:
        """The bank's table of what it does differently by segment (see `actions.read_actions`); None where it states none."""
        from analysis.bank.actions import SEGMENTS

        return self._actions(SEGMENTS)

    def complaint_actions(self) -> pd.DataFrame | None:
        """The bank's table of what it does about each category of complaints (see `actions.read_actions`); None where it states none."""
        from analysis.bank.actions import COMPLAINTS

        return self._actions(COMPLAINTS)

    def warning_actions(self) -> pd.DataFrame | None:
        """The bank's table of what it does when a customer may leave (see `actions.read_actions`); None where it states none."""
        from analysis.bank.actions import WARNINGS

        return self._actions(WARNINGS)

    def earlier_lists(self) -> pd.DataFrame | None:
        """Whom the lists of early warning up to `as_of` held: customer_id, raised_date, held_out; None where there is no list yet."""
        from analysis.bank.alert_lists import earlier_lists

        return earlier_lists(folders(self.processed.name).state, self.as_of)

    def _actions(self, name: str) -> pd.DataFrame | None:
        from analysis.bank.actions import read_actions

        return read_actions(folders(self.processed.name).definition.with_name(name))

    def _made(self, name: str, columns: list[str]) -> pd.DataFrame:
        import pandas as pd

        path = self.processed / f"{name}.parquet"
        return pd.read_parquet(path) if path.is_file() else pd.DataFrame(columns=columns)

    def _until_now(self, rows: pd.DataFrame) -> pd.DataFrame:
        import pandas as pd

        month = pd.to_datetime(rows["month"])
        return rows[month.isna() | (month <= pd.Timestamp(self.as_of))].reset_index(drop=True)

    def _as_known(self, name: str) -> str:
        """A SELECT of the table as known at `as_of`."""
        parent = parent_of(name, self.tables)
        return asof_select(TABLES[name], self._relation(name), self.as_of, self._relation(parent) if parent else None)

    def _relation(self, name: str) -> str:
        return parquet(self.processed / f"{name}.parquet")


def feature_path(processed: Path, landmark: dt.date) -> Path:
    """Where the features of a landmark are kept."""
    return processed / "features" / f"{landmark}.parquet"


def write_features(processed: Path, landmark: dt.date) -> None:
    """Computes the features of a landmark and keeps them; a half-written file never bears the name."""
    from analysis.bank.engine import feature_frame

    path = feature_path(processed, landmark)
    path.parent.mkdir(parents=True, exist_ok=True)
    beside = path.with_suffix(f".{os.getpid()}.partial")
    feature_frame(processed, landmark).to_parquet(beside, index=False)
    beside.replace(path)


def open_bank(bank: str = "demo", as_of: str = "") -> Book:
    """The prepared bank as of a day (`YYYY-MM-DD`; empty: the bank's own). Not prepared, or a day before or after all data: a sentence."""
    places = folders(bank)
    manifest = read_manifest(places.processed)
    if manifest is None:
        raise UserError(f"The bank '{bank}' is not prepared: run 'crm prepare {bank}' (for the demo bank first 'crm demo').")
    config = read_config(places.definition)
    first, last = (dt.date.fromisoformat(day) if day else None for day in manifest["span"])
    return Book(config, choose_as_of(as_of, config, first, last), places.processed, first, manifest)


def read_manifest(processed: Path) -> dict | None:
    """What the last preparation left, or None."""
    path = processed / MANIFEST
    return json.loads(path.read_text(encoding="utf-8")) if path.is_file() else None


def choose_as_of(asked: str, config: BankConfig, first: dt.date | None, last: dt.date | None) -> dt.date:
    """The day asked for, else the bank's own, else the last month end in the data; it must lie within the data."""
    day = parse_day(asked) if asked else config.as_of or (last and _last_month_end(first or last, last))
    if day is None:
        raise UserError(
            f"{config.name}: the data have no dates, and bank.yaml states no as_of; add one there, such as as_of: 2025-06-30."
        )
    if first and last and not first <= day <= month_end(last):
        side = "before" if day < first else "after"
        raise UserError(
            f"as_of {day} lies {side} all data ({first} to {last}); choose a day between them, such as {_last_month_end(first, last)}."
        )
    return day


def parse_day(text: str) -> dt.date:
    """A date written YYYY-MM-DD."""
    with contextlib.suppress(ValueError):
        if WRITTEN_DAY.fullmatch(text):
            return dt.date.fromisoformat(text)
    raise UserError(f"'{text}' is not a day; write it as YYYY-MM-DD, such as 2025-06-30.")


def _last_month_end(first: dt.date, last: dt.date) -> dt.date:
    """The last month end in the data; their last day where they hold none."""
    end = last if month_end(last) == last else month_end(months_before(last.replace(day=1), 1))
    return end if end >= first else last
