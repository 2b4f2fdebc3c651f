"""The scores of those who answered, and whether they changed since the period before."""

from dataclasses import dataclass

import numpy as np
import pandas as pd

from analysis.finding import Column, Exhibit, Finding
from analysis.stats.intervals import Estimate
from analysis.stats.multiple import Z95_LEVEL
from analysis.stats.overlap import Change
from analysis.study.satisfaction_measures import MEASURES, OVERALL, PROMOTERS, TOP_TWO_BOX, Measure, read
from analysis.study.survey import ANSWERS_NEEDED
from analysis.wording import NO_VALUE, Message, listed, say

SAME = {
    "score": say("; {value:score} in the period before: no change beyond noise"),
    "mark": say("; {value:mark} in the period before: no change beyond noise"),
    "share": say("; {value:share} in the period before: no change beyond noise"),
}
CHANGED = {
    "score": say("; {value:score} in the period before: a change beyond noise (interval {low:score} to {high:score})"),
    "mark": say("; {value:mark} in the period before: a change beyond noise (interval {low:mark} to {high:mark})"),
    "share": say("; {value:share} in the period before: a change beyond noise (interval {low:points} to {high:points} points)"),
}
VERDICTS = {1: say("risen"), -1: say("fallen"), 0: say("within noise")}


@dataclass(frozen=True)
class Score:
    """One score: `now` and `before` with their intervals (None before: too few answers), the `change` and whether it `is_beyond`
    noise, all scores read at once."""

    measure: Measure
    now: Estimate
    before: Estimate | None
    change: Change | None
    is_beyond: bool

    @property
    def numbers(self) -> dict[str, float | None]:
        """value, low and high, as a template takes them."""
        return {"value": self.now.value, "low": self.now.low, "high": self.now.high}

    @property
    def then(self) -> Message | str:
        """What it was in the period before."""
        if self.change is None:
            return ""
        _, low, high, _ = self.change.estimate()
        words = CHANGED if self.is_beyond else SAME
        return words[self.measure.unit].filled(value=self.before.value, low=low, high=high)

    @property
    def verdict(self) -> Message:
        """Risen, fallen, within noise, or why it cannot be said."""
        if self.change is None:
            return say("no period before, or too few answers in it")
        return VERDICTS[int(np.sign(self.change.value)) if self.is_beyond else 0]

    def finding(self, text: Message, exhibit: str, is_headline: bool = True) -> Finding:
        """The score as a finding held against the period before."""
        numbers = {**self.numbers, "compare_to": self.before.value if self.before else None}
        found = {"base": self.now.base, "unit": self.measure.unit, "base_of": "answers"}
        return Finding(self.measure.id, text, exhibit=exhibit, is_headline=is_headline, **numbers, **found)


def scores(recent: pd.DataFrame, before: pd.DataFrame) -> list[Score]:
    """Each score that ANSWERS_NEEDED customers or more gave answers to, each customer's last answer of the period."""
    asked = [measure for measure in MEASURES if measure.answers(recent).notna().sum() >= ANSWERS_NEEDED]
    then = [measure.estimate(before) for measure in asked]
    compared = [score.base >= ANSWERS_NEEDED for score in then]
    level = Z95_LEVEL / max(sum(compared), 1)
    made = []
    for measure, earlier, is_compared in zip(asked, then, compared, strict=True):
        change = measure.change(measure.by_customer(recent), measure.by_customer(before)) if is_compared else None
        is_beyond = change is not None and not change.estimate(level).low <= 0 <= change.estimate(level).high
        made.append(Score(measure, measure.estimate(recent), earlier if is_compared else None, change, is_beyond))
    return made


def score_findings(made: list[Score]) -> list[Finding]:
    """Net promoter score, mean and top-two-box share of those who answered."""
    by_id = {score.measure.id: score for score in made}
    texts = {
        PROMOTERS.id: say("Of those who answered, the net promoter score is **{value:score} points** (interval {low:score} to {high:score}){then}."),
        OVERALL.id: say("Of those who answered, overall satisfaction is **{value:mark}** of 10 on average (interval {low:mark} to {high:mark}){then}."),
        TOP_TWO_BOX.id: say("Top-two-box share of those who answered: **{value:share}** give a 9 or a 10 (interval {low:share} to {high:share}){then}."),
    }  # fmt: skip
    shown = {PROMOTERS.id: "promoters", OVERALL.id: "groups", TOP_TWO_BOX.id: "scores"}
    return [
        by_id[name].finding(text.filled(**by_id[name].numbers, then=by_id[name].then), shown[name], name != TOP_TWO_BOX.id)
        for name, text in texts.items()
        if name in by_id
    ]


def scores_exhibit(made: list[Score]) -> Exhibit:
    """All scores in one table: this period, the period before, the change and whether it lies beyond noise."""
    columns = (
        Column("label", say("Which score")), Column("now", say("This period"), "number"), Column("base", say("Answers"), "count"),
        Column("then", say("Period before"), "number"), Column("change", say("Change"), "number"), Column("verdict", say("Beyond noise?")),
    )  # fmt: skip
    subtitle = say(
        "Of those who answered, with 95% intervals in brackets; a change is beyond noise where its interval, widened for the number of scores, leaves out 0"
    )
    frame = pd.DataFrame([_row(score) for score in made])
    return Exhibit("scores", _title(made), subtitle, frame, columns=columns)


def _row(score: Score) -> dict[str, object]:
    unit = score.measure.unit
    return {
        "label": score.measure.label,
        "now": read(score.now, unit),
        "base": score.now.base,
        "then": read(score.before, unit) if score.before else NO_VALUE,
        "change": read(score.change.estimate(), score.measure.change_unit) if score.change else NO_VALUE,
        "verdict": score.verdict,
    }


def _title(made: list[Score]) -> Message:
    moved = [say("{label} {verdict}", label=score.measure.label, verdict=score.verdict) for score in made if score.is_beyond]
    if moved:
        return say("Beyond noise since the period before: {moved}", moved=listed(moved))
    known = sum(score.change is not None for score in made)
    if known:
        return say("No score changed beyond noise since the period before, {all:count} compared at once", all=known)
    return say("The scores of those who answered; there is no period before to compare with")
