"""The key figures as findings: value, interval or census, what it did on the month and whether that is more than noise."""

from collections.abc import Sequence

import pandas as pd

from analysis.figure import Figure
from analysis.finding import Finding
from analysis.study.figure_changes import Changes, direction
from analysis.study.key_figures_words import limit_in_words, value_in_words
from analysis.wording import Message, say


def figure_findings(figures: Sequence[Figure], changes: Sequence[Changes | None]) -> list[Finding]:
    """`figure.<id>` for each figure that has a value."""
    return [_finding(figure, own) for figure, own in zip(figures, changes, strict=True) if figure.absent is None]


def _finding(figure: Figure, changes: Changes | None) -> Finding:
    now = figure.now
    then = None if changes is None or changes.year.value is None else now.value - changes.year.value
    text = say(
        "{title}: **{value}** ({counted}){direction}{year}.",
        title=figure.title, value=value_in_words(now.value, figure.unit, figure.currency or ""), counted=_counted(figure),
        direction="" if changes is None else say("; {direction}", direction=direction(changes, figure.unit, figure.currency)),
        year=_year(figure, changes),
    )  # fmt: skip
    return Finding(
        f"figure.{figure.id}", text, now.value, now.base, figure.unit, low=now.low, high=now.high, compare_to=then,
        exhibit=figure.id, base_of=figure.base_of,
    )  # fmt: skip


def _counted(figure: Figure) -> Message:
    now, currency = figure.now, figure.currency or ""
    if now.low is None or pd.isna(now.low):
        return say("{rule}; all counted, no interval", rule=figure.rule)
    low, high = (limit_in_words(value, figure.unit, currency) for value in (now.low, now.high))
    return say("{rule}; interval {low} to {high}", rule=figure.rule, low=low, high=high)


def _year(figure: Figure, changes: Changes | None) -> Message | str:
    if changes is None or changes.year.value is None:
        return ""
    before = value_in_words(figure.now.value - changes.year.value, figure.unit, figure.currency or "")
    return say("; a year before it was {before}", before=before)
