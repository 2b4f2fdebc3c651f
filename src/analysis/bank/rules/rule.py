"""What a quality rule is, and the shapes that come again."""

import re
from dataclasses import dataclass

from analysis.bank.contracts import TABLES
from analysis.wording import Message, say

UNIT_JUMP = 3000
HOSTILE = r"<[A-Za-z/!]|\{\{|\*\*|\sOR\s+\d+ *=|^\s*[=+@]|[\x00-\x08\x0e-\x1f\x7f\x{202a}-\x{202e}\x{2066}-\x{2069}]"
DIMENSIONS = ("completeness", "validity", "uniqueness", "consistency", "timeliness", "plausibility")
TEXT = re.compile(r"'(?:[^']|'')*'")
NAME = re.compile(r"\b[a-z_][a-z_0-9]*\b(?!\s*\()")


@dataclass(frozen=True)
class Rule:
    """One question to the rows of a table. `fails` and `applies` ('': all rows) are DuckDB predicates over the table's columns
    and those that `rules.views` joins to it; keywords in capitals, names small. A row of which `fails` is null has not failed.
    `day` is the day ('': the one that dates the row) from which the defect can be seen. `words`: what failing rows have.
    `is_limit`: it says what such rows cannot tell, and makes none of them unsound: the table's own score leaves it out."""

    name: str
    table: str
    column: str
    dimension: str
    words: Message
    fails: str
    applies: str = ""
    day: str = ""
    is_limit: bool = False

    @property
    def reads(self) -> frozenset[str]:
        """The columns that the rule reads."""
        return _names(f"{self.fails} {self.applies} {self.day}")

    @property
    def needs(self) -> frozenset[str]:
        """Those without which it cannot be asked: one that only `applies` reads may be null in every row."""
        return _names(f"{self.fails} {self.day}") | {self.column}


def empty(table: str, column: str, applies: str = "", day: str = "") -> Rule:
    """A field that should be filled."""
    words = say("{column} is empty", column=column)
    return Rule(f"{table}.{column}.empty", table, column, "completeness", words, f"{column} IS NULL", applies, day)


def before(table: str, column: str, other: str, dimension: str = "consistency", day: str = "") -> Rule:
    """A day or time that should not lie before another; the start of the relation is compared by days."""
    words = say("{column} lies before {other}", column=column, other=other)
    both = f"{column} IS NOT NULL AND {other} IS NOT NULL"
    own = f"CAST({column} AS DATE)" if _is_time(table, column) and not _is_time(table, other) else column
    return Rule(f"{table}.{column}.before_{other}", table, column, dimension, words, f"{own} < {other}", both, day)


def after_closing(table: str, column: str) -> Rule:
    """A fact dated after the customer's relation ended (a month's last day: after the month in which it ended)."""
    words = say("{column} lies after the end of the customer's relation", column=column)
    end = "last_day(customer_closed_date)" if column == "month" else "customer_closed_date"
    fails, both = f"CAST({column} AS DATE) > {end}", f"{column} IS NOT NULL AND customer_opened_date IS NOT NULL"
    return Rule(f"{table}.{column}.after_closing", table, column, "consistency", words, fails, both)


def before_opening(table: str, column: str) -> Rule:
    """A fact dated before the customer's relation began."""
    words = say("{column} lies before the start of the customer's relation", column=column)
    fails, both = f"CAST({column} AS DATE) < customer_opened_date", f"{column} IS NOT NULL AND customer_opened_date IS NOT NULL"
    return Rule(f"{table}.{column}.before_opening", table, column, "consistency", words, fails, both)


def in_future(table: str, column: str) -> Rule:
    """A fact dated more than a year after what was delivered."""
    words = say("{column} lies more than a year after the last delivered month", column=column)
    fails = f"CAST({column} AS DATE) > future_from"
    return Rule(f"{table}.{column}.in_future", table, column, "plausibility", words, fails, f"{column} IS NOT NULL")


def below_zero(table: str, column: str) -> Rule:
    """An amount that should not be negative."""
    words = say("{column} is negative", column=column)
    return Rule(f"{table}.{column}.negative", table, column, "plausibility", words, f"{column} < 0", f"{column} IS NOT NULL")


def wrong_unit(table: str, column: str) -> Rule:
    """An amount some 10,000 times as large, or as small, as the one before it (元 taken for 万元, or the other way round)."""
    words = say("{column} is some 10,000 times the one before it, or a 10,000th", column=column)
    fails = f"{column} NOT BETWEEN previous_{column} / {UNIT_JUMP} AND previous_{column} * {UNIT_JUMP}"
    both = f"{column} > 0 AND previous_{column} > 0"
    return Rule(f"{table}.{column}.wrong_unit", table, column, "plausibility", words, fails, both)


def month_missing(table: str) -> Rule:
    """A month left out between two that were delivered, seen at the later one."""
    words = say("the month before is missing, though an earlier one is there")
    fails, earlier = "month > last_day(previous_month + INTERVAL 1 MONTH)", "previous_month IS NOT NULL"
    return Rule(f"{table}.month.gap", table, "month", "timeliness", words, fails, earlier)


def hostile(table: str, column: str) -> Rule:
    """Markup, a formula, control or direction characters in a text."""
    words = say("{column} bears markup, a formula or control characters", column=column)
    fails = f"regexp_matches({column}, '{HOSTILE}')"
    return Rule(f"{table}.{column}.hostile", table, column, "validity", words, fails, f"{column} IS NOT NULL")


def _names(sql: str) -> frozenset[str]:
    return frozenset(NAME.findall(TEXT.sub("", sql)))


def _is_time(table: str, column: str) -> bool:
    return column in TABLES[table].column_names and TABLES[table].column(column).type == "timestamp"
