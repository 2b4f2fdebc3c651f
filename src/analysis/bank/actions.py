"""Tables of actions beside a `bank.yaml`, which the bank edits: what it does differently for which customers
(`segment_actions.csv`), what it does about which category of complaints (`complaint_actions.csv`), and what it does when a
customer may leave, by the first reason code (`warning_actions.csv`)."""

from itertools import pairwise
from pathlib import Path

import pandas as pd

from analysis.bank.edited import is_amount, is_day, read_rows
from analysis.errors import UserError

ACTION = ("action", "action_zh", "owner", "owner_zh")
SEGMENTS, COMPLAINTS, WARNINGS = "segment_actions.csv", "complaint_actions.csv", "warning_actions.csv"
COLUMNS = {
    SEGMENTS: ("when", *ACTION),
    COMPLAINTS: ("category", *ACTION, "due"),
    WARNINGS: ("reason", *ACTION, "days", "cost"),
}
MOST_DAYS = 365


def read_actions(path: Path) -> pd.DataFrame | None:
    """The rows of the table in their order, its columns (COLUMNS by the file's name; text, empty where not stated) and place
    (file and line); None where there is no such file.

    The first column says what a row is for: `when` names traits, joined by `+` (`digital_high+assets_low`), `category` a category of
    complaints, `reason` a reason code. The first row that fits is the one that counts, and an empty cell fits all. `days` is the limit
    within which to act, `cost` that of one contact in the bank's currency. UserError, with the line: not UTF-8, a column unknown or
    missing, an action missing, more values than columns, a due date, a limit or a cost that is none, a row below one that fits
    all."""
    if not path.is_file():
        return None
    columns = COLUMNS[path.name]
    rows = [_checked(row) for row in read_rows(path, columns, (columns[0], ACTION[0]))]
    _refuse_unreachable(rows, columns[0])
    return pd.DataFrame(rows, columns=[*columns, "place"])


def _checked(row: dict[str, str]) -> dict[str, str]:
    place = row["place"]
    if not row["action"]:
        raise UserError(f"{place}: the action is empty; state one, or take the row out.")
    if row.get("due") and not is_day(row["due"]):
        raise UserError(f"{place}: the due date '{row['due']}' is none; write it as YYYY-MM-DD.")
    if row.get("days") and not (row["days"].isdecimal() and int(row["days"]) <= MOST_DAYS):
        raise UserError(f"{place}: the limit '{row['days']}' is none; write whole days from 0 to {MOST_DAYS}.")
    if row.get("cost") and not is_amount(row["cost"]):
        raise UserError(
            f"{place}: the cost '{row['cost']}' is none; write an amount of 0 or more without separators, such as 30."
        )
    return row


def _refuse_unreachable(rows: list[dict[str, str]], key: str) -> None:
    for above, row in pairwise(rows):
        if not above[key]:
            raise UserError(
                f"{row['place']}: the row above has an empty '{key}' and fits all, so that this one never applies; change their order."
            )
