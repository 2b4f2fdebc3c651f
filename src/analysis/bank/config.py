"""`bank.yaml`: what is the bank's own. An unknown key is refused, and every complaint names its line."""

import datetime as dt
import json
import re
from collections.abc import Iterator
from dataclasses import dataclass
from graphlib import CycleError, TopologicalSorter
from itertools import pairwise
from pathlib import Path
from typing import Literal

import yaml
from pydantic import BaseModel, ConfigDict, Field, PrivateAttr, ValidationError, field_validator, model_validator

from analysis.bank.contracts import TABLES
from analysis.bank.targets import Share, Targets
from analysis.errors import UserError
from analysis.project import suggestion

BEGINNING = re.compile(r"^\w+ should")
MARKS = ("overall", "recommend")


class _Strict(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class RawFile(_Strict):
    """One delivered file, or several of one form by a glob. Everything but Parquet arrives as text."""

    path: str
    sep: str = Field(default=",", min_length=1, max_length=1)
    encoding: str = "utf-8"
    sheet: str | int = 0
    format: Literal["csv", "excel", "parquet", "jsonl"] | None = None


class Labels(_Strict):
    """A label in each language."""

    en: str
    zh: str | None = None


class Construct(_Strict):
    label: Labels
    items: list[str] = Field(min_length=1)


class Survey(_Strict):
    """The items of the bank's survey; `outcome` (items or constructs) measures the satisfaction that the others are to explain;
    `paths` are arrows from construct to construct. A construct may hold MARKS, which every response bears."""

    items: dict[str, Labels] = Field(default_factory=dict)
    constructs: dict[str, Construct] = Field(default_factory=dict)
    paths: list[tuple[str, str]] = Field(default_factory=list)
    outcome: list[str] = Field(default_factory=list)

    @model_validator(mode="after")
    def _must_be_declared(self) -> "Survey":
        for name, construct in self.constructs.items():
            for item in construct.items:
                if self.items and item not in {*self.items, *MARKS}:
                    raise ValueError(f"constructs.{name} holds the item '{item}', which is not among the items")
        for name in (end for path in self.paths for end in path):
            if name not in self.constructs:
                raise ValueError(f"paths name '{name}', which is not among the constructs")
        for name in self.outcome:
            if self.items and name not in {*self.items, *self.constructs, *MARKS}:
                raise ValueError(f"outcome names '{name}', which is neither an item nor a construct")
        _refuse_circle(self.paths)
        return self


def _refuse_circle(paths: list[tuple[str, str]]) -> None:
    into: dict[str, set[str]] = {}
    for start, end in paths:
        into.setdefault(end, set()).add(start)
    try:
        TopologicalSorter(into).prepare()
    except CycleError as error:
        raise ValueError(f"paths lead in a circle ({' → '.join(error.args[1])})") from None


class ComplaintLimit(_Strict):
    """Days within which a complaint that is received from `effective` on is to be resolved, shortest first."""

    days: list[int] = Field(min_length=1)
    effective: dt.date

    @field_validator("days")
    @classmethod
    def _must_rise(cls, days: list[int]) -> list[int]:
        if days[0] < 1 or any(later <= earlier for earlier, later in pairwise(days)):
            raise ValueError("the days must be positive and rise")
        return days


class BankConfig(_Strict):
    """A bank's definition; see docs/data.md for the tables that `tables` may fill."""

    name: str
    names: dict[Literal["zh"], str] = Field(default_factory=dict)
    kind_of_data: Literal["real", "simulated", "research"] = "real"
    prepared_by: Labels | None = None
    classification: Labels | None = None
    version: str | None = Field(default=None, min_length=1)
    currency: str = Field(default="CNY", pattern="^[A-Z]{3}$")
    as_of: dt.date | None = None
    tiers: dict[Literal["affluent", "private_banking"], float] = Field(default_factory=dict)
    max_rejected_share: Share = 0.05
    wanted: Targets = Field(default=Targets(), alias="targets")
    survey: Survey = Survey()
    complaint_limits: list[ComplaintLimit] = Field(default_factory=list)
    files: dict[str, RawFile] = Field(min_length=1)
    tables: dict[str, str] = Field(min_length=1)
    _places: dict[tuple, "_Place"] = PrivateAttr(default_factory=dict)

    @field_validator("tiers")
    @classmethod
    def _must_rise(cls, tiers: dict[str, float]) -> dict[str, float]:
        if len(tiers) == 2 and tiers["affluent"] >= tiers["private_banking"]:
            raise ValueError("private_banking must begin above affluent")
        return tiers

    def line_of(self, *path: str, after: str = "") -> int:
        """The line of `bank.yaml` on which the value at `path` begins, or on which it goes on `after` its first words."""
        place = self._places.get(path)
        return place.line_after(after) if place else 1

    @property
    def targets(self) -> dict[str, float]:
        """Key figure → what the bank wants it to be, of those that it states."""
        return self.wanted.model_dump(exclude_none=True)

    def label(self, language: str) -> str:
        return self.names.get(language, self.name)


@dataclass(frozen=True)
class _Place:
    """Where a value is written: its line and, for a scalar, its source text."""

    line: int
    source: str = ""

    def line_after(self, words: str) -> int:
        """YAML may fold, quote and indent a text, but keeps its printing characters in order: the line of the one that follows
        `words`."""
        place = 0
        for char in filter(str.strip, words):
            place = max(self.source.find(char, place) + 1, place)
        rest = self.source[place:]
        blank = rest[: len(rest) - len(rest.lstrip())]
        return self.line + self.source.count("\n", 0, place) + (blank.count("\n") if rest.strip() else 0)


def read_config(path: Path) -> BankConfig:
    """The bank's definition; refuses, in one sentence with the line, what is not YAML, not known or not possible."""
    try:
        text = path.read_text(encoding="utf-8")
        node = yaml.compose(text, yaml.SafeLoader)
        content = yaml.safe_load(text)
    except UnicodeDecodeError:
        raise UserError(f"{path}: not UTF-8 text; save it as UTF-8.") from None
    except ValueError as error:
        raise UserError(f"{path}: a date in it is none ({error}); write dates as YYYY-MM-DD.") from None
    except yaml.YAMLError as error:
        mark = getattr(error, "problem_mark", None)
        where = f", line {mark.line + 1}" if mark else ""
        raise UserError(f"{path}{where}: not valid YAML ({getattr(error, 'problem', error)}); mend that line.") from None
    if not isinstance(content, dict):
        raise UserError(f"{path}: it holds no keys; write at least name, files and tables.")
    keys = list(_keys(node))
    _refuse_repeated_key(path, keys)
    lines = {place: key.start_mark.line + 1 for place, key, _ in keys}
    try:
        config = BankConfig.model_validate(content)
    except ValidationError as error:
        first = min(error.errors(), key=lambda found: found["type"] != "extra_forbidden")
        raise UserError(_sentence(path, first, lines)) from None
    for name in config.tables:
        if name not in TABLES:
            raise UserError(
                f"{path}, line {lines['tables', name]}: unknown table '{name}' under tables{suggestion(name, list(TABLES))}"
                f" Tables are listed in docs/data.md."
            )
    config._places.update({place: _place(text, value) for place, _, value in keys})
    return config


def _keys(node: yaml.Node, path: tuple = ()) -> Iterator[tuple[tuple, yaml.Node, yaml.Node]]:
    if isinstance(node, yaml.MappingNode):
        for key, value in node.value:
            inner = (*path, str(key.value))
            yield inner, key, value
            yield from _keys(value, inner)


def _refuse_repeated_key(path: Path, keys: list[tuple]) -> None:
    seen: dict[tuple, int] = {}
    for place, key, _ in keys:
        line = key.start_mark.line + 1
        if place in seen:
            raise UserError(
                f"{path}, line {line}: the key '{'.'.join(place)}' stands on line {seen[place]} already; take one of the two out."
            )
        seen[place] = line


def _place(text: str, value: yaml.Node) -> _Place:
    line, source = value.start_mark.line + 1, text[value.start_mark.index : value.end_mark.index]
    if isinstance(value, yaml.ScalarNode) and value.style in ("|", ">"):
        return _Place(line + 1, source.partition("\n")[2])
    return _Place(line, source if isinstance(value, yaml.ScalarNode) else "")


def _sentence(path: Path, error: dict, lines: dict[tuple, int]) -> str:
    place = tuple(str(part) for part in error["loc"] if part != "[key]")
    line = next((lines[place[:length]] for length in range(len(place), 0, -1) if place[:length] in lines), 1)
    where = f"{path}, line {line}"
    key = ".".join(place)
    if error["type"] == "extra_forbidden":
        return f"{where}: unknown key '{key}'{suggestion(place[-1], _known_keys(place[:-1]))} Take it out or mend its name."
    if error["type"] == "missing":
        return f"{where}: the key '{key}' is missing; add it."
    if error["type"] == "model_type":
        return f"{where}: '{key}' needs keys of its own; write it as {{{', '.join(f'{name}: …' for name in _required(place) or _known_keys(place))}}}."
    if error["type"] == "value_error":
        return f"{where}: {key}: {error['ctx']['error']}; mend it."
    given = json.dumps(error["input"], ensure_ascii=False, default=str)
    return f"{where}: '{key}' is {given}, but {BEGINNING.sub('it should', error['msg']).rstrip('.')}; mend it."


def _known_keys(place: tuple[str, ...]) -> list[str]:
    return [field.alias or name for name, field in _model(place).model_fields.items()]


def _required(place: tuple[str, ...]) -> list[str]:
    return [name for name, field in _model(place).model_fields.items() if field.is_required()]


def _model(place: tuple[str, ...]) -> type[BaseModel]:
    by_key = {"files": RawFile, "prepared_by": Labels, "classification": Labels, "targets": Targets, "survey": Survey}
    by_section = {"items": Labels, "constructs": Labels if place[-1:] == ("label",) else Construct}
    inner = by_section.get(place[1]) if len(place) > 2 and place[0] == "survey" else None
    return inner or (by_key.get(place[0], BankConfig) if place else BankConfig)
