"""Before a release is published: its tables are attacked together, with those of the releases beside it, and what gives a small
number away is hidden."""

from __future__ import annotations

import json
import logging
import tempfile
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

from analysis.project import environment
from analysis.report.exposure import Place, exposures, to_hide
from analysis.report.privacy import HIDE
from analysis.report.released import Rows, keep, neighbours, sheets_in, told

if TYPE_CHECKING:
    from analysis.report.execute import Outcome

LOG = logging.getLogger("crm")
ROUNDS = 3


@dataclass
class Protection:
    """The cells of the release of `day` as they are made, those of reports that stand as they were kept."""

    state: Path
    day: str
    listed: Iterable[str]
    reports: dict[str, dict] = field(init=False)

    def __post_init__(self) -> None:
        self.reports = {name: entry for name, entry in told(self.state, self.day).items() if name in set(self.listed)}

    def see(self, outcome: Outcome, hidden: Mapping[str, list[str]] | None = None) -> None:
        """Takes in what an executed report tells; of one that failed the day's earlier page stands, one not produced tells nothing."""
        if outcome.status != "failed":
            self.reports.pop(outcome.name, None)
        if outcome.notebook is not None:
            self.reports[outcome.name] = {"sheets": sheets_in(outcome.notebook), "hidden": dict(hidden or {})}

    def again(self, execute: Callable[[str], Iterable[Outcome]]) -> Iterator[Outcome]:
        """Executes the reports anew of which rows must be hidden, until nothing more need be; what stays exposed is logged."""
        for _ in range(ROUNDS):
            if not (found := self._found()):
                break
            for name, rows in found.items():
                hidden = self._joined(name, rows)
                LOG.info("%s: made again with %d rows hidden, which would give a small number away", name, _size(rows))
                with hiding(hidden):
                    for outcome in execute(name):
                        self.see(outcome, hidden)
                        yield outcome
        if left := self._exposed():
            LOG.warning(
                "%d small numbers can still be worked out from this release and those beside it; see docs/privacy.md", left
            )

    def keep(self) -> None:
        keep(self.state, self.day, self.reports)

    def _found(self) -> dict[str, Rows]:
        """Report → exhibit → rows to be hidden beyond those that are."""
        places: set[Place] = set()
        for release, day in self._beside():
            places |= to_hide(self._sheets, self.day, release, day)
        found: dict[str, Rows] = {}
        for report, exhibit, _, row in sorted(places):
            if row not in self.reports[report]["hidden"].get(exhibit, ()):
                found.setdefault(report, {}).setdefault(exhibit, []).append(row)
        return found

    def _exposed(self) -> int:
        return max(len(exposures(self._sheets, self.day, release, day)) for release, day in self._beside())

    @property
    def _sheets(self) -> dict[str, dict]:
        return {name: entry["sheets"] for name, entry in self.reports.items()}

    def _beside(self) -> list[tuple[dict, str]]:
        days = neighbours(self.state, self.day)
        return [({name: one["sheets"] for name, one in told(self.state, day).items()}, day) for day in days] or [({}, "")]

    def _joined(self, name: str, rows: Rows) -> Rows:
        before = self.reports[name]["hidden"]
        return {exhibit: [*before.get(exhibit, ()), *rows.get(exhibit, ())] for exhibit in {**before, **rows}}


@contextmanager
def hiding(rows: Mapping[str, list[str]]) -> Iterator[None]:
    """Kernels started within hide these rows of their report's exhibits."""
    with tempfile.NamedTemporaryFile("w", suffix=".json", encoding="utf-8") as file:
        json.dump(rows, file, ensure_ascii=False)
        file.flush()
        with environment(**{HIDE: file.name}):
            yield


def _size(rows: Rows) -> int:
    return len({(exhibit, row) for exhibit, keys in rows.items() for row in keys})
