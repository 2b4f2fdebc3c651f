"""The scores of a survey: how each is read from an answer, estimated with its interval, and compared with the period before."""

from collections.abc import Sequence
from dataclasses import dataclass

import pandas as pd

from analysis.stats.intervals import (
    PASSIVE_FROM,
    PROMOTER_FROM,
    Estimate,
    mean_by_group,
    mean_t,
    nps,
    nps_by_group,
    share_by_group,
    wilson,
)
from analysis.stats.overlap import Change, change_of_means
from analysis.study.survey import TOP_BOX_FROM
from analysis.wording import Message, say

EASY_FROM = 6
READINGS = {
    "mark": say("{value:mark} ({low:mark} to {high:mark})"),
    "score": say("{value:score} ({low:score} to {high:score})"),
    "share": say("{value:share} ({low:share} to {high:share})"),
    "points": say("{value:points} points ({low:points} to {high:points})"),
}
VALUES = {"mark": say("{value:mark}"), "score": say("{value:score}"), "share": say("{value:share}")}


@dataclass(frozen=True)
class Measure:
    """A score made of the answers to one question (`column` of surveys): its finding's id, its `label`, its `unit` (score, mark
    or share) and, for a share, from which mark on an answer counts."""

    id: str
    label: Message
    column: str
    unit: str
    counts_from: int | None = None

    def answers(self, surveys: pd.DataFrame) -> pd.Series:
        """The answers to its question; none where it was not asked."""
        if self.column not in surveys:
            return pd.Series(float("nan"), surveys.index)
        return surveys[self.column].astype("Float64").astype(float)

    def values(self, surveys: pd.DataFrame) -> pd.Series:
        """What each answer adds to the score, which is their mean: −100, 0 or 100, the mark, 0 or 1; missing where unanswered."""
        given = self.answers(surveys)
        if self.unit == "score":
            return (100.0 * (given >= PROMOTER_FROM) - 100.0 * (given < PASSIVE_FROM)).where(given.notna())
        return given if self.counts_from is None else (given >= self.counts_from).astype(float).where(given.notna())

    def estimate(self, surveys: pd.DataFrame) -> Estimate:
        """The score: adjusted Wald interval (NPS), Wilson's (share), Student's t (mean)."""
        values = self.values(surveys).dropna()
        if self.unit == "score":
            return nps(*(int((values == value).sum()) for value in (100, 0, -100)))
        return mean_t(values) if self.counts_from is None else wilson(int(values.sum()), len(values))

    def by_group(self, keys: pd.Series, surveys: pd.DataFrame) -> pd.DataFrame:
        """The score of each group: label, value, low, high, base."""
        given = self.answers(surveys)
        if self.unit == "score":
            return nps_by_group(keys, given)
        if self.counts_from is None:
            return mean_by_group(keys, given)
        return share_by_group(keys, (given >= self.counts_from).astype("Float64").where(given.notna()))

    def by_customer(self, surveys: pd.DataFrame) -> pd.Series:
        """The known `values`, by customer_id in place of the row."""
        values = self.values(surveys)
        return values.set_axis(surveys["customer_id"])[values.notna().to_numpy()]

    def change(self, now: pd.Series, before: pd.Series) -> Change | None:
        """The score of `now` less that of `before`, values by customer, one each; who answered in both is taken into account."""
        added = {"score": (-100.0, 0.0, 100.0), "share": (0.0, 1.0), "mark": ()}[self.unit]
        return change_of_means(now, before, added)

    @property
    def change_unit(self) -> str:
        """The unit of a difference of two scores."""
        return "points" if self.unit == "share" else self.unit


PROMOTERS = Measure("nps", say("Net promoter score (−100 to 100)"), "recommend", "score")
OVERALL = Measure("overall_mean", say("Overall satisfaction, mean (1 to 10)"), "overall", "mark")
TOP_TWO_BOX = Measure("top_two_box", say("Top-two-box share (9 or 10)"), "overall", "share", TOP_BOX_FROM)
EFFORT = Measure("effort_mean", say("Ease, mean (1 to 7)"), "effort", "mark")
EASY = Measure("effort_easy", say("Ease, share of 6 or 7"), "effort", "share", EASY_FROM)
MEASURES = (PROMOTERS, OVERALL, TOP_TWO_BOX, EFFORT, EASY)
COMPARED = (PROMOTERS, OVERALL, TOP_TWO_BOX, EFFORT)


def read(estimate: Estimate | Sequence, unit: str) -> Message:
    """`7.78 (7.70 to 7.86)`; the value alone where there is no interval."""
    value, low, high = estimate[:3]
    return VALUES[unit].filled(value=value) if low is None else READINGS[unit].filled(value=value, low=low, high=high)
