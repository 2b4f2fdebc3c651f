"""What passes between study and report: a finding (one claim with its number) and an exhibit (its evidence)."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from analysis.wording import DECIMALS, LANGUAGES, Message, say

if TYPE_CHECKING:
    import pandas as pd

EVIDENCE = ("description", "association", "adjusted", "assumed-causal", "experiment")
UNITS = (*DECIMALS, "money")
DISCLOSURE_THRESHOLD = 10
BASES = {
    "customers": say("{base:count} customers"),
    "answers": say("{base:count} answers"),
    "lost": say("{base:count} lost customers"),
    "complaints": say("{base:count} complaints"),
    "invitations": say("{base:count} invitations"),
    "records": say("{base:count} records"),
    "pairs": say("{base:count} pairs of records"),
    "prospects": say("{base:count} prospects"),
    "rows": say("{base:count} rows"),
    "observations": say("{base:count} observations (customers × landmarks; customers recur)"),
}


@dataclass(frozen=True)
class Finding:
    """One claim: stable `id`, computed `text`, its number `value` in `unit` with interval `low`-`high` (None for a
    census), the `base` it rests on (how many of `base_of`) and the kind of `evidence`. `exhibit` names the exhibit
    that shows it; `compare_to` is the value it is held against. `is_headline` findings open the page, the others follow
    folded away, those apart that a row of their exhibit tells in full (`is_row`); all are published in results.json."""

    id: str
    text: Message
    value: float | None
    base: int | None
    unit: str
    evidence: str = "description"
    low: float | None = None
    high: float | None = None
    compare_to: float | None = None
    exhibit: str | None = None
    base_of: str = "customers"
    is_headline: bool = True
    is_row: bool = False

    def __post_init__(self) -> None:
        if self.evidence not in EVIDENCE:
            raise ValueError(f"finding {self.id}: evidence {self.evidence!r} is none of {', '.join(EVIDENCE)}")
        if self.base_of not in BASES:
            raise ValueError(f"finding {self.id}: base_of {self.base_of!r} is none of {', '.join(BASES)}")
        if self.unit not in UNITS:
            raise ValueError(f"finding {self.id}: unit {self.unit!r} is none of {', '.join(UNITS)}")

    @property
    def is_disclosable(self) -> bool:
        """False where fewer customers stand behind it than the disclosure threshold."""
        return self.base is None or self.base >= DISCLOSURE_THRESHOLD

    def to_json(self, languages: Sequence[str] = LANGUAGES) -> dict:
        """The finding as it travels from notebook to publisher; `text` and `html` hold one sentence a language."""
        numbers = {name: _plain(getattr(self, name)) for name in ("value", "low", "high", "base", "compare_to")}
        return {
            "id": self.id,
            "text": {language: self.text.render(language) for language in languages},
            "html": {language: self.text.html(language) for language in languages},
            **numbers,
            "unit": self.unit,
            "evidence": self.evidence,
            "exhibit": self.exhibit,
            "base_of": self.base_of,
            "is_headline": bool(self.is_headline),
            "is_row": bool(self.is_row),
        }


def _plain(number: float | None) -> float | int | None:
    if number is None or math.isnan(number):
        return None
    return int(number) if float(number).is_integer() else float(number)


@dataclass(frozen=True)
class Column:
    """A column of a table exhibit: the frame's column `name`, its heading, and the unit of all its numbers."""

    name: str
    label: Message
    unit: str | None = None
    unit_label: Message | None = None


@dataclass(frozen=True)
class Exhibit:
    """A tidy frame and what to say about it. `title` is the takeaway, computed; `subtitle` says what, period, unit and
    interval. `frame` has the columns that its mark fixes (see `report.charts`) or those of `columns` (a table).
    Where the bank's data do not allow it, `absent` says why, and nothing else is shown."""

    name: str
    title: Message
    subtitle: Message | None = None
    frame: pd.DataFrame | None = None
    unit: str = "share"
    columns: tuple[Column, ...] = ()
    x_label: Message | None = None
    x_unit: str = "number"
    reference: float | None = None
    reference_label: Message | None = None
    absent: Message | None = None
    options: dict = field(default_factory=dict)
