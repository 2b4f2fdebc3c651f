"""What may be told on the front page: findings and key figures that are held against something, made comparable in size."""

import html
import math
from collections.abc import Iterator
from dataclasses import dataclass

from analysis.finding import DISCLOSURE_THRESHOLD
from analysis.stats.intervals import Z95
from analysis.stats.normal_range import LEVEL
from analysis.stats.selection import NORMAL, SCALES, normal_distance
from analysis.wording import say

KEY_FIGURES = "key_figures"
WEIGHTS = {"description": 0.5, "association": 0.6, "adjusted": 0.7, "assumed-causal": 0.85, "experiment": 1.0}
PEOPLE = ("customers", "answers", "lost", "complaints")
SUMS = ("money", "count")
RANGES = {"share": 1.0, "points": 1.0, "mark": 9.0, "score": 200.0}
PER = {"complaints.per_10000": 10_000.0}
OF_LEAVERS = ("cause", "cause_alone", "cause_joint")
LEAVING = "churn_rate.any"
SAME_TOPIC = {
    "assets_lost": "churn_rate", "change": "churn_rate", "leaving": "churn_rate", "resolved_in_time": "complaints",
    "cause": "cause_joint", "cause_alone": "cause_joint", "overall_mean": "nps", "top_two_box": "nps", "effort_mean": "nps",
    "effort_easy": "nps", "average_aum": "assets",
}  # fmt: skip
YARDSTICKS = (
    "auc", "average_precision", "backtest", "brier", "calibration", "complaint_text", "data_value", "hidden_strength", "identity",
    "lever_control", "lever_controls", "lifecycle", "lifetime", "lift", "lead_days", "map", "model", "odds.parallel_p", "precision",
    "prospects", "quality", "reliability", "scores", "segments", "staying", "unasked.kind", "unasked.mean", "unasked.r_squared",
    "unasked.region", "unasked.segment", "unasked.sex", "unasked.tier", "unasked.age", "unasked.use_of_channels", "validity",
    "value", "warning", "nps.weighted", "overall_mean.weighted", "top_two_box.weighted",
)  # fmt: skip


@dataclass(frozen=True)
class Candidate:
    """One claim that might be told: `value` with its 95 % interval `low`-`high` (of a key figure: the range that the months before
    foretell, which holds with the chance `held` by Student's t of `degrees`) against `compare_to`. `distance`: their difference in
    standard errors; `size`: the difference as a share (see `_size`); `concerned`: the share of customers on whom it was seen."""

    report: str
    id: str
    html: str
    unit: str
    value: float
    low: float
    high: float
    compare_to: float
    scale: str
    distance: float
    size: float
    concerned: float
    evidence: str
    base: int
    base_of: str
    page: str
    exhibit: dict | None
    title: str
    is_headline: bool = True
    is_figure: bool = False
    held: float = 0.95
    degrees: float = NORMAL
    currency: str | None = None

    @property
    def groups(self) -> set[str]:
        """Of which no two may be told: its topic and, but for a key figure, its report."""
        family = self.id.partition(".")[0]
        topic = {f"topic {SAME_TOPIC.get(family, family)}"}
        return topic if self.is_figure else topic | {f"report {self.report}"}

    @property
    def weight(self) -> float:
        """What its size counts for: customers × evidence."""
        return self.concerned * WEIGHTS[self.evidence]


def candidates(reports: dict, customers: int, as_of: str) -> list[Candidate]:
    """What the reports of `as_of` say that has an interval and a comparison other than a yardstick, on the threshold of customers or
    more. Out are reports that failed, are not of this day or are published with reservation, and sizes that cannot be put beside
    others. `reports`: those of results.json; `customers`: how many the bank has."""
    sound = {name: entry for name, entry in reports.items() if _is_sound(entry, as_of)}
    assets = _figure_value(sound, "average_aum")
    found = [
        made
        for name, entry in sound.items()
        if name != KEY_FIGURES
        for finding in entry["findings"]
        if (made := _of_finding(name, entry, finding, customers, assets)) is not None
    ]
    return [*_of_figures(sound, customers, assets), *found]


def _is_sound(entry: dict, as_of: str) -> bool:
    return entry["status"] == "published" and entry["page_as_of"] == as_of and not entry.get("gate")


def _figures(reports: dict) -> list[dict]:
    return (reports.get(KEY_FIGURES) or {}).get("figures") or []


def _figure_value(reports: dict, name: str) -> float | None:
    return next((figure["value"] for figure in _figures(reports) if figure["id"] == name), None)


def _of_finding(report: str, entry: dict, finding: dict, customers: int, assets: float | None) -> Candidate | None:
    value, low, high, compare_to = (finding[name] for name in ("value", "low", "high", "compare_to"))
    if None in (value, low, high, compare_to) or not low < high or not _is_of_people(finding) or _is_yardstick(finding["id"]):
        return None
    one = _size(finding["unit"], finding["id"], customers, assets)
    if one is None:
        return None
    scale = _scale(finding["unit"], low, high, compare_to)
    return Candidate(
        report, finding["id"], finding["html"], finding["unit"], value, low, high, compare_to, scale,
        distance=_distance(value, low, high, compare_to, scale), size=(value - compare_to) / one,
        concerned=_concerned(entry, finding, customers),
        evidence=finding["evidence"], base=finding["base"], base_of=finding["base_of"], page=entry["page"],
        exhibit=finding["exhibit"], title=entry["title"], is_headline=finding["is_headline"],
    )  # fmt: skip


def _is_of_people(finding: dict) -> bool:
    return finding["base"] is not None and finding["base"] >= DISCLOSURE_THRESHOLD and finding["base_of"] in PEOPLE


def _is_yardstick(name: str) -> bool:
    return any(name == family or name.startswith(f"{family}.") for family in YARDSTICKS) or name.endswith(".contribution_share")


def _size(unit: str, name: str, customers: int, assets: float | None) -> float | None:
    """What a difference in the unit is divided by to be a share: points of a share as they are, scores and marks over their range,
    numbers of customers over all, money over the bank's assets under management. None: a unit that cannot be put beside others."""
    if unit in ("money", "amount"):
        return None if not assets else assets if unit == "money" else assets / customers
    return float(customers) if unit == "count" else RANGES.get(unit, PER.get(name))


def _concerned(entry: dict, finding: dict, customers: int) -> float:
    """The share of customers on whom it was seen; 1 for sums, which are held against the whole bank already."""
    if finding["unit"] in SUMS:
        return 1.0
    leaving = next((other["value"] for other in entry["findings"] if other["id"] == LEAVING), None)
    share = leaving or 0.0 if finding["id"].partition(".")[0] in OF_LEAVERS else 1.0
    return min(finding["base"] * share / customers, 1.0)


def _scale(unit: str, low: float, high: float, compare_to: float) -> str:
    return "logit" if unit == "share" and low > 0 and high < 1 and 0 < compare_to < 1 else "linear"


def _distance(value: float, low: float, high: float, compare_to: float, scale: str) -> float:
    """Difference in standard errors. That of the value: by the side of its interval that faces the comparison, or by half of the interval if
    that is wider. A comparison other than 0 or 1 is taken for an estimate on as many customers, with an error of its own."""
    own, theirs = (value * (1 - value), compare_to * (1 - compare_to)) if scale == "logit" else (1.0, 1.0)
    spread = 1.0 if compare_to in (0, 1) else math.sqrt(1 + own / theirs)
    value, low, high, other = (float(SCALES[scale][0](number)) for number in (value, low, high, compare_to))
    side = max(value - low if other < value else high - value, (high - low) / 2)
    return (value - other) * Z95 / (side * spread)


def _of_figures(reports: dict, customers: int, assets: float | None) -> Iterator[Candidate]:
    entry = reports.get(KEY_FIGURES)
    sentences = {} if entry is None else {finding["id"]: finding for finding in entry["findings"]}
    for figure in _figures(reports):
        sentence, last = sentences.get(f"figure.{figure['id']}"), (figure["points"] or [{}])[-1]
        low, high, value = last.get("expected_low"), last.get("expected_high"), _judged(figure)
        one = _size(figure["unit"], figure["id"], customers, assets)
        if None in (value, low, high, one, figure["is_beyond"], sentence) or not low < high or not _is_of_people(sentence):
            continue
        middle, half = (low + high) / 2, (high - low) / 2
        degrees = max(sum(point["value"] is not None for point in figure["points"]) - 3, 1)
        yield Candidate(
            KEY_FIGURES, figure["id"], sentence["html"], figure["unit"], value, low, high, middle, "linear",
            distance=normal_distance((value - middle) / half, LEVEL, degrees), size=(value - middle) / one,
            concerned=1.0 if figure["unit"] in SUMS else min(sentence["base"] / customers, 1.0), evidence=sentence["evidence"],
            base=sentence["base"], base_of=sentence["base_of"], page=entry["page"], exhibit=sentence["exhibit"], title=entry["title"],
            is_headline=figure["is_beyond"], is_figure=True, held=LEVEL, degrees=degrees, currency=figure.get("currency"),
        )  # fmt: skip


def _judged(figure: dict) -> float | None:
    """The value that is held against its range: in February, of what is counted within a month, that of January and February."""
    both = figure.get("festival")
    return figure["value"] if both is None else both["now"] / (2 if figure["unit"] in SUMS else 1)


def place_of(candidate: Candidate, language: str) -> dict[str, str]:
    """Where it is shown: `link` and `place`, HTML."""
    if candidate.exhibit is None:
        return {"link": candidate.page, "place": html.escape(candidate.title)}
    place = say("{report}, {number}", report=candidate.title, number=candidate.exhibit["number"])
    return {"link": f"{candidate.page}#{candidate.exhibit['anchor']}", "place": place.html(language)}
