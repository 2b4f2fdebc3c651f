"""The words of complaints, read once for all questions that are put to them."""

import datetime as dt
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd

from analysis.finding import DISCLOSURE_THRESHOLD
from analysis.stats.text import Read, read_all
from analysis.stats.text_terms import common_phrases

OTHER_CAUSES = ("other", "其他", "")
MINED = 20_000
SEED = 7


@dataclass(frozen=True)
class ComplaintTexts:
    """`frame`: subject (the customer, or the complaint where none is known), received_at, cause (the bank's category; NA: none),
    a row each complaint that says something, by day of receipt; `read`: its clauses, row by row (an object array)."""

    frame: pd.DataFrame
    read: np.ndarray

    def where(self, rows: pd.Series | np.ndarray) -> "ComplaintTexts":
        """Those of the rows alone."""
        kept = np.asarray(rows, dtype=bool)
        return ComplaintTexts(self.frame[kept].reset_index(drop=True), self.read[kept])


def complaint_texts(complaints: pd.DataFrame, as_of: dt.date, names: Sequence[str] = ()) -> ComplaintTexts | None:
    """The texts of `complaints` (canonical: complaint_id, customer_id, received_at, text, and category where the bank has it) up to
    `as_of`, without those logged twice (one customer's same words on one day). `names` (of branches) are taken out of them.
    None: the bank brings no texts."""
    if "text" not in complaints or "received_at" not in complaints:
        return None
    received = pd.to_datetime(complaints["received_at"])
    rows = complaints.assign(received_at=received)[received.dt.normalize() <= pd.Timestamp(as_of)]
    rows = rows[rows["text"].notna()].sort_values(["received_at", "complaint_id"], kind="stable")
    subject = rows["customer_id"].astype(object).where(rows["customer_id"].notna(), rows["complaint_id"])
    cause = rows["category"] if "category" in rows else pd.Series(pd.NA, rows.index)
    frame = pd.DataFrame(
        {"subject": subject, "received_at": rows["received_at"], "cause": cause.astype(object).where(cause.notna(), None)}
    )
    is_first = ~pd.DataFrame({"s": subject, "d": frame["received_at"].dt.normalize(), "t": rows["text"]}).duplicated().to_numpy()
    read = _array(read_all(rows["text"][is_first], names))
    says = np.array([bool(one) for one in read], dtype=bool)
    return ComplaintTexts(frame[is_first][says].reset_index(drop=True), read[says]) if says.any() else None


def shown_phrases(texts: ComplaintTexts, least: int = DISCLOSURE_THRESHOLD) -> list[str]:
    """The phrases that at least `least` different customers wrote: the only words of customers that a page may show. Of many
    complaints they are sought in a sample of MINED."""
    rows = np.arange(len(texts.read))
    if len(rows) > MINED:
        rows = np.sort(np.random.default_rng(SEED).choice(rows, MINED, replace=False))
    return sorted(common_phrases(list(texts.read[rows]), texts.frame["subject"].to_numpy()[rows].tolist(), least))


def months_before(as_of: dt.date, months: int) -> pd.Timestamp:
    """The first moment of the `months` that end with `as_of`."""
    day = pd.Timestamp(as_of) + pd.Timedelta(days=1)
    return day - pd.DateOffset(months=months)


def _array(read: list[Read]) -> np.ndarray:
    made = np.empty(len(read), dtype=object)
    made[:] = read
    return made
