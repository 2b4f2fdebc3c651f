"""What one run is to publish, and what each report's page hangs on."""

from __future__ import annotations

from collections.abc import Mapping, Set
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

from analysis import digest
from analysis.report.gate import Score, reservations
from analysis.report.publication import Publication

if TYPE_CHECKING:
    from analysis.report.page import Setting

# commit and tables follow from the rest; a report's own parameters count; of decisions the monthly report alone speaks
NOT_IN_DIGEST = ("commit", "tables", "parameters", "decisions")


@dataclass(frozen=True)
class Edition:
    """What one run is to publish. `languages`: the site's own first; `provenance`: the audit record of `report.provenance`;
    `state`: the bank's lasting folder;
    `scores`: how far the data can be trusted, by score id; `keep`: how many months stay published (None: all); `version` and
    `classification`, by language, as the bank gives them; `browser`: the Chromium that prints the monthly report, if there is one."""

    bank: str
    labels: dict[str, str]
    prepared_by: dict[str, str]
    kind_of_data: str
    as_of: str
    languages: list[str]
    tables: Set[str]
    notebooks: Path
    published: Path
    logs: Path
    state: Path
    provenance: dict
    scores: Mapping[str, Score] = field(default_factory=dict)
    keep: int | None = None
    version: str = ""
    classification: dict[str, str] = field(default_factory=dict)
    browser: Path | None = None

    @property
    def current(self) -> Path:
        """Where the day's release lies, if there is one."""
        return self.published / self.as_of

    @property
    def made_from(self) -> dict[str, str | None]:
        """The code and the inputs of what is made in this run: what stands from an earlier one keeps its own."""
        record = self.provenance
        return {"commit": record["commit"], "code": record["code"], "inputs": digest.of_value(record["inputs"])}

    @property
    def number(self) -> str:
        """The version of the monthly report: the bank's own, else eight digits that change with the data, their definition, the
        decisions asked for or the code, and with nothing else."""
        record = self.provenance
        told = [record.get(name) for name in ("code", "inputs", "definitions", "kept", "decisions")]
        return self.version or digest.of_value(told)[:8]

    def subsite(self, language: str) -> str:
        """The folder of a language within a release: its root for the site's own."""
        return "" if language == self.languages[0] else language

    def gate(self, entry: Publication) -> list[dict]:
        """Where the data fall short of the report's floors (`gate.reservations`); empty where all is well."""
        return reservations(entry.floors, self.scores, self.tables)

    def digest_of(self, entry: Publication) -> str:
        """What a report's page hangs on: data, definition, code, versions, day, languages, its notebook, parameters and gate."""
        common = {name: value for name, value in self.provenance.items() if name not in NOT_IN_DIGEST}
        said = [self.languages, self.labels, self.prepared_by, self.kind_of_data, self.version, self.classification]
        notebook = digest.of_file(self.notebooks / entry.notebook)
        return digest.of_value([common, said, entry.model_dump(), notebook, self.gate(entry)])

    def parameters_of(self, entry: Publication) -> dict:
        """All parameters that the report's notebook is executed with."""
        return {"bank": self.bank, "as_of": self.as_of, **entry.parameters}

    def setting(self, language: str, page: str) -> Setting:
        """What the pages of this edition say round their matter."""
        from analysis.report.page import Setting, language_tag

        return Setting(
            bank=self.labels[language],
            kind_of_data=self.kind_of_data,
            as_of=self.as_of,
            language=language,
            prepared_by=self.prepared_by.get(language, ""),
            other_languages={
                language_tag(other): self._link(language, other, page) for other in self.languages if other != language
            },
            version=self.version,
            classification=self.classification.get(language, ""),
        )

    def _link(self, language: str, other: str, page: str) -> str:
        up = "../" if self.subsite(language) else ""
        return f"{up}{self.subsite(other)}/{page}" if self.subsite(other) else f"{up}{page}"
