"""`decisions.csv` beside a `bank.yaml`: the measures on which the bank's management is asked to decide, which the bank edits."""

import re
from pathlib import Path

import pandas as pd

from analysis.bank.edited import is_amount, is_day, read_rows
from analysis.errors import UserError

DECISIONS = "decisions.csv"
COLUMNS = (
    "measure", "measure_zh", "owner", "owner_zh", "finding", "customers", "limit", "limit_unit", "limit_unit_zh", "due",
    "outcome", "outcome_zh", "proposed",
)  # fmt: skip
REQUIRED = ("measure",)
FINDING = re.compile(r"[a-z_]+:\S+")


def read_decisions(path: Path, currency: str = "") -> pd.DataFrame | None:
    """The rows of the table in their order: COLUMNS (text, empty where not stated), place (file and line) and `currency`; None where there
    is no such file.

    `finding` names what the measure answers as `report:id`; `customers`: how many it concerns (empty: those that the finding rests
    on); `limit`: what it may cost at most, in `limit_unit` (empty: the bank's `currency`); `due`: the day by
    which to decide; `outcome`: what the last action came to; `proposed`: the day from which the row counts (empty: always).
    UserError, with the line: as `edited.read_rows`, and a measure missing, a finding not so written, a number or day that is none."""
    if not path.is_file():
        return None
    rows = [_checked(row) for row in read_rows(path, COLUMNS, REQUIRED)]
    return pd.DataFrame(rows, columns=[*COLUMNS, "place"]).assign(currency=currency)


def _checked(row: dict[str, str]) -> dict[str, str]:
    place = row["place"]
    if not row["measure"]:
        raise UserError(f"{place}: the measure is empty; state one, or take the row out.")
    if row["finding"] and not FINDING.fullmatch(row["finding"]):
        raise UserError(
            f"{place}: the finding '{row['finding']}' is none; write report:id, such as churn_attribution:churn_rate.any."
        )
    if row["customers"] and not re.fullmatch(r"[1-9][0-9]{0,11}", row["customers"]):
        raise UserError(
            f"{place}: the number of customers '{row['customers']}' is none; write a whole number above 0, or leave it empty."
        )
    if row["limit"] and not is_amount(row["limit"]):
        raise UserError(
            f"{place}: the limit '{row['limit']}' is none; write an amount of 0 or more without separators, such as 30000."
        )
    for name in ("due", "proposed"):
        if row[name] and not is_day(row[name]):
            raise UserError(f"{place}: the {name} date '{row[name]}' is none; write it as YYYY-MM-DD.")
    return row
