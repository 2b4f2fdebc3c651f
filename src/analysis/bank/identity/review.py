"""The list for a person to look at: pairs of records of which the evidence does not decide, as an Excel workbook. It holds
what departments wrote, so that it is for the eyes of the data office alone: mode 0600, never among the pages."""

import datetime as dt
import os
from pathlib import Path

import pandas as pd
import xlsxwriter

from analysis.bank.identity.records import KINDS

MOST_PAIRS = 2_000
MADE = dt.datetime(2000, 1, 1)
EDGE = 0.8
HEADS = ("source", "source_id", "other_source", "other_source_id", "decision", "reason", "now", "by", "probability")


def write_review(path: Path, links: pd.DataFrame, records: pd.DataFrame) -> None:
    """Pairs nearest to the threshold first, at most MOST_PAIRS. The first columns are those of identity_overrides.csv, decision
    empty; then what stands now and the values of both records, field by field, with the evidence (log2 of odds)."""
    nearest = (links["probability"] - EDGE).abs().sort_values(kind="stable").index[:MOST_PAIRS]
    os.close(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600))
    with xlsxwriter.Workbook(path, {"strings_to_formulas": False, "strings_to_urls": False}) as book:
        book.set_properties({"created": MADE})
        sheet = book.add_worksheet("review")
        fields = [name for name in KINDS if name in records]
        sheet.write_row(0, 0, [*HEADS, *[head for name in fields for head in (name, f"other {name}", f"evidence {name}")]])
        for row, (_, pair) in enumerate(links.loc[nearest].iterrows(), 1):
            for column, value in enumerate(_row(pair, records, fields)):
                sheet.write(row, column, value)
        sheet.freeze_panes(1, 0)
    os.chmod(path, 0o600)


def _row(pair: pd.Series, records: pd.DataFrame, fields: list[str]) -> list:
    one, other = records.iloc[int(pair["rid_l"])], records.iloc[int(pair["rid_r"])]
    ends = [one["source"], one["source_id"], other["source"], other["source_id"]]
    values = [value for name in fields for value in (one[name], other[name], pair.get(name))]
    given = [*ends, None, None, pair["decision"], pair["by"], pair["probability"], *values]
    return [None if pd.isna(value) else _printable(value) for value in given]


def _printable(value: object) -> object:
    return "".join(char if char.isprintable() else "\ufffd" for char in value) if isinstance(value, str) else value
