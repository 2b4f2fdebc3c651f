"""How easy the bank made it: the customer effort score, where the survey asks it."""

import datetime as dt

import pandas as pd

from analysis.finding import Exhibit, Finding
from analysis.study.opinions import Groups, measure_exhibit
from analysis.study.satisfaction_measures import EASY, EFFORT
from analysis.study.satisfaction_scores import Score
from analysis.study.satisfaction_trend import trend_exhibit
from analysis.study.survey import ANSWERS_NEEDED
from analysis.wording import say

ABSENT = say("The survey did not ask how easy the bank made it, or too few answered.")


def is_effort_asked(recent: pd.DataFrame) -> bool:
    """Whether enough answered the question of ease."""
    return int(EFFORT.answers(recent).notna().sum()) >= ANSWERS_NEEDED


def effort_findings(scores: list[Score]) -> list[Finding]:
    """Mean ease, and the share who found it easy (6 or 7)."""
    by_id = {score.measure.id: score for score in scores}
    if EFFORT.id not in by_id:
        return []
    mean, easy = by_id[EFFORT.id], by_id[EASY.id]
    text = say(
        "Those asked how easy the bank made it give **{value:mark}** of 7 on average (interval {low:mark} to {high:mark}){then}.",
        **mean.numbers, then=mean.then,
    )  # fmt: skip
    share = say(
        "Of those asked, **{value:share}** say 6 or 7: the bank made it easy (interval {low:share} to {high:share}).",
        **easy.numbers,
    )
    return [
        mean.finding(text, "effort", is_headline=False),
        easy.finding(share, "effort", is_headline=False),
    ]


def effort_exhibit(recent: pd.DataFrame, groups: Groups) -> Exhibit:
    """Mean ease of each group."""
    if not is_effort_asked(recent):
        return Exhibit("effort", say("Ease"), absent=ABSENT)
    subtitle = say("Mean ease, 1 (very hard) to 7 (very easy); lines, 95% intervals; base: customers who answered")
    return measure_exhibit("effort", recent, groups, EFFORT, subtitle)


def effort_trend_exhibit(surveys: pd.DataFrame, recent: pd.DataFrame, as_of: dt.date) -> Exhibit:
    """Mean ease by month or quarter."""
    if not is_effort_asked(recent):
        return Exhibit("effort_trend", say("Ease"), absent=ABSENT)
    return trend_exhibit(surveys, as_of, EFFORT)
