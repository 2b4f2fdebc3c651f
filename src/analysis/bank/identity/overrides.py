"""What somebody has decided: `identity_overrides.csv` among the raw files, one pair of records a line, same or different."""

import csv
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pandas as pd

from analysis.bank.rawfiles import first_line
from analysis.bank.sources import mask
from analysis.errors import UserError
from analysis.project import suggestion

FILE = "identity_overrides.csv"
PAIR = ("source", "source_id", "other_source", "other_source_id")
DECISIONS = ("same", "different")
OPTIONAL = ("reason", "decided_by", "decided_date")


@dataclass(frozen=True)
class Overrides:
    """`same` and `different`: pairs of records by their place (rid_l, rid_r); `unknown`: lines that name a record which no
    department delivers any more."""

    same: pd.DataFrame
    different: pd.DataFrame
    unknown: int = 0

    def __len__(self) -> int:
        return len(self.same) + len(self.different)


def read_overrides(path: Path, records: pd.DataFrame) -> Overrides:
    """The decisions on `records` (source, source_id, in the order of their places). No file, no decisions. UserError: not CSV in
    UTF-8, a column missing, another decision than same or different, a record paired with itself, decisions that contradict."""
    if not path.is_file():
        return Overrides(_pairs([]), _pairs([]))
    place = {key: rid for rid, key in enumerate(zip(records["source"], records["source_id"], strict=True))}
    known, unknown = [], 0
    for line, row in _rows(path):
        left, right = place.get((row[0], row[1])), place.get((row[2], row[3]))
        if left is None or right is None:
            unknown += 1
        elif left == right:
            raise UserError(
                f"{path}, line {line}: it pairs a record ('{row[0]}', '{mask(row[1])}') with itself; name two records."
            )
        else:
            known.append((min(left, right), max(left, right), row[4], line))
    _refuse_contradictions(path, known)
    chosen = {decision: _pairs([row[:2] for row in known if row[2] == decision]) for decision in DECISIONS}
    return Overrides(chosen["same"], chosen["different"], unknown)


def _rows(path: Path) -> list[tuple[int, tuple[str, ...]]]:
    try:
        with path.open(encoding="utf-8-sig", newline="") as file:
            reader = csv.DictReader(file, strict=True)
            columns = [name.strip() for name in reader.fieldnames or []]
            _refuse_columns(path, columns)
            reader.fieldnames = columns
            found = [(reader.line_num, tuple((row[name] or "").strip() for name in (*PAIR, "decision"))) for row in reader]
    except (UnicodeDecodeError, csv.Error) as error:
        raise UserError(f"{path}: not CSV in UTF-8 ({first_line(str(error))}); save it as CSV, UTF-8.") from None
    found = [(line, (*row[:4], row[4].lower())) for line, row in found]
    for line, row in found:
        if row[4] not in DECISIONS:
            raise UserError(f"{path}, line {line}: its decision is '{mask(row[4])}'; write same or different.")
    return found


def _refuse_columns(path: Path, columns: list[str]) -> None:
    for name in (*PAIR, "decision"):
        if name not in columns:
            raise UserError(
                f"{path}: it lacks the column '{name}'{suggestion(name, columns)} Its columns are {', '.join((*PAIR, 'decision'))}"
                f" and, as you like, {', '.join(OPTIONAL)}."
            )


def _refuse_contradictions(path: Path, decisions: list[tuple[int, int, str, int]]) -> None:
    """A pair that is parted may not be joined, neither by another line nor by a chain of lines."""
    leader: dict[int, int] = {}

    def head(record: int) -> int:
        while leader.get(record, record) != record:
            record = leader[record]
        return record

    for left, right, decision, _ in decisions:
        if decision == "same":
            leader[head(left)] = head(right)
    for left, right, decision, line in decisions:
        if decision == "different" and head(left) == head(right):
            joined = sorted(at for one, _, said, at in decisions if said == "same" and head(one) == head(left))
            raise UserError(
                f"{path}, line {line}: it says different of two records that line{'s' * (len(joined) > 1)}"
                f" {', '.join(map(str, joined))} say{'s' * (len(joined) == 1)} are the same; take one of these lines out."
            )


def _pairs(rows: list[tuple[int, int]]) -> pd.DataFrame:
    return pd.DataFrame(np.array(sorted(set(rows)), dtype=np.int64).reshape(-1, 2), columns=["rid_l", "rid_r"])
