"""A key figure of the monthly report: its value of the day, its months, its changes, and what has changed since the last report."""

import datetime as dt
import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from analysis.finding import BASES
from analysis.wording import LANGUAGES, Message

UNITS = ("count", "money", "share", "score")
BETTER = ("up", "down")
JUDGEMENTS = ("better", "worse", "within", "unknown")


@dataclass(frozen=True)
class Point:
    """A figure at a month end: value, its 95 % interval (None: a census), base, and where the months before it say that it would lie
    (None: too few months). None where it could not be told."""

    month: dt.date
    value: float | None = None
    low: float | None = None
    high: float | None = None
    base: int | None = None
    expected_low: float | None = None
    expected_high: float | None = None

    def to_json(self) -> dict:
        """As it stands in results.json: without the base, since other reports hide how few of a past month's customers they lack."""
        told = {name: plain(value) for name, value in vars(self).items() if name not in ("month", "base")}
        return {"month": str(self.month), **told}


@dataclass(frozen=True)
class Part:
    """A part of a figure in its unit; None where it may not or cannot be told."""

    label: Message
    value: float | None


@dataclass(frozen=True)
class Figure:
    """`rule` says in one line what is counted, `definition` the same with all parameters, for comparing with the last report. `better`:
    which way is good. `points`: month ends, oldest first, the last being the day of the report. `is_beyond`: more than noise against
    the months before (None: too few). `changes`: month, year_start and year, each with from, value (in the unit), relative. `parts` need
    not add up. `why`: what stands behind the change since the last report. `absent`: why there is no value."""

    id: str
    title: Message
    rule: Message
    unit: str
    better: str
    definition: str
    points: Sequence[Point]
    base_of: str = "customers"
    currency: str | None = None
    is_beyond: bool | None = None
    judgement: str = "unknown"
    changes: Mapping[str, Mapping | None] = field(default_factory=dict)
    target: float | None = None
    parts: Sequence[Part] = ()
    festival: Mapping | None = None
    since: Mapping | None = None
    why: Message | None = None
    absent: Message | None = None

    def __post_init__(self) -> None:
        named = {
            "unit": (self.unit, UNITS), "better": (self.better, BETTER), "judgement": (self.judgement, JUDGEMENTS),
            "base_of": (self.base_of, tuple(BASES)),
        }  # fmt: skip
        for name, (value, known) in named.items():
            if value not in known:
                raise ValueError(f"figure {self.id}: {name} {value!r} is none of {', '.join(known)}")

    @property
    def now(self) -> Point:
        """The figure on the day of the report."""
        return self.points[-1]

    @property
    def against_target(self) -> dict | None:
        """value of the target, is_met, and gap (figure less target, in the unit); None without a target or a value."""
        if self.target is None or plain(self.now.value) is None:
            return None
        gap = self.now.value - self.target
        return {"value": plain(self.target), "is_met": gap >= 0 if self.better == "up" else gap <= 0, "gap": plain(gap)}

    def to_json(self, languages: Sequence[str] = LANGUAGES) -> dict:
        """The figure as it travels from notebook to publisher; each text holds one HTML string a language."""

        def said(text: Message | None) -> dict | None:
            return None if text is None else {language: text.html(language) for language in languages}

        now = self.now.to_json()
        names = ("id", "unit", "currency", "better", "definition", "base_of", "is_beyond", "judgement", "festival", "since")
        return {
            **{name: getattr(self, name) for name in names},
            **{name: said(getattr(self, name)) for name in ("title", "rule", "why", "absent")},
            **{name: now[name] for name in ("value", "low", "high")},
            "base": plain(self.now.base),
            "points": [point.to_json() for point in self.points],
            "changes": dict(self.changes),
            "target": self.against_target,
            "parts": [{"label": said(part.label), "value": plain(part.value)} for part in self.parts],
        }


def in_language(figure: Mapping, language: str) -> dict:
    """What `Figure.to_json` gave, each text in one language."""

    def one(text: Mapping | None) -> str | None:
        return None if text is None else text.get(language) or next(iter(text.values()))

    parts = [{**part, "label": one(part["label"])} for part in figure["parts"]]
    return {**figure, **{name: one(figure[name]) for name in ("title", "rule", "why", "absent")}, "parts": parts}


def plain(number: float | None) -> float | int | None:
    """A number as JSON holds it: None for what is missing, whole numbers as such."""
    if number is None or math.isnan(number):
        return None
    return int(number) if float(number).is_integer() else float(number)
