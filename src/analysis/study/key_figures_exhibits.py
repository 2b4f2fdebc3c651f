"""The key figures as lines with their normal range, as one table of months, and against the last report."""

import datetime as dt
from collections.abc import Mapping, Sequence

import pandas as pd

from analysis.calendar import month_end
from analysis.figure import Figure
from analysis.finding import Column, Exhibit
from analysis.study.figure_changes import Changes, direction, signed
from analysis.study.figure_since import Since
from analysis.study.key_figures_words import value_in_words
from analysis.wording import NO_VALUE, Message, say

FEWEST_POINTS = 2
NOTHING = {"share": 0.00005, "score": 0.05, "count": 0.5, "money": 0.5}
TABLE_UNITS = {"money": "amount"}
UNIT_LABELS = {"count": say("number of customers"), "score": say("NPS points")}
VERDICTS = {True: say("yes"), False: say("no"), None: say("cannot be judged")}
DIFFERENCES = {
    "count": say("{value:count}"), "money": say("{value:money.2}"), "share": say("{value:points.2} points"),
    "score": say("{value:score.1} points"),
}  # fmt: skip


def line_exhibit(figure: Figure, changes: Changes | None) -> Exhibit:
    """The figure at the month ends shown, with the range that the months before each foretell."""
    points = pd.DataFrame([vars(point) for point in figure.points])
    if figure.absent is not None or points["value"].notna().sum() < FEWEST_POINTS:
        absent = figure.absent or say("Too few months can be shown.")
        return Exhibit(figure.id, figure.title, absent=absent)
    frame = pd.DataFrame(
        {
            "series": figure.title,
            "x": pd.to_datetime(points["month"]),
            "value": points["value"].astype(float),
            "low": points["expected_low"].astype(float),
            "high": points["expected_high"].astype(float),
        }
    )
    title = (
        figure.title
        if changes is None
        else say("{title}: {direction}", title=figure.title, direction=direction(changes, figure.unit, figure.currency))
    )
    subtitle = say(
        "{rule:capital}; band: the normal range that the months before foretell; the axis need not start at 0", rule=figure.rule
    )
    target = {} if figure.target is None else {"reference": figure.target, "reference_label": say("Target")}
    return Exhibit(figure.id, title, subtitle, frame, unit=figure.unit, x_unit="month", **target)


def months_exhibit(figures: Sequence[Figure]) -> Exhibit:
    """All figures at all month ends shown, the latest first."""
    told = [figure for figure in figures if any(_is_known(point.value) for point in figure.points)]
    rows = [
        {"month": _named(point.month), **{one.id: one.points[place].value for one in told}}
        for place, point in reversed(list(enumerate(figures[0].points)))
    ]
    columns = [Column("month", say("End of"))] + [
        Column(one.id, one.title, TABLE_UNITS.get(one.unit, one.unit), UNIT_LABELS.get(one.unit) or _currency(one))
        for one in told
    ]
    title = say("The key figures at {n:count} months' ends", n=len(rows))
    subtitle = say("By today's data, as known at each month's end; a dash: it cannot be told, or of too few customers")
    absent = None if told else say("None of the figures can be told at any month's end.")
    return Exhibit("months", title, subtitle, pd.DataFrame(rows), columns=tuple(columns), absent=absent)


def _currency(figure: Figure) -> Message | None:
    return say("{currency}", currency=figure.currency) if figure.currency else None


def _named(day: dt.date) -> Message:
    return say("{day:month}", day=day) if day == month_end(day) else say("{day:date}", day=day)


def since_exhibit(figures: Sequence[Figure], found: Sequence[Since | None]) -> Exhibit:
    """Then, now, whether it is more than noise, and what the change consists of, for each figure that the last report had."""
    heading = say("What has changed since the last report")
    known = [(figure, own) for figure, own in zip(figures, found, strict=True) if own is not None]
    if not known:
        return Exhibit("since", heading, absent=say("There is no earlier report to compare with."))
    columns = (
        Column("label", say("Figure")), Column("then", say("Then"), "number"), Column("now", say("Now"), "number"),
        Column("beyond", say("More than noise?")), Column("revision", say("Data revised"), "number"),
        Column("definition", say("Definition changed")), Column("population", say("Population changed"), "number"),
        Column("rate", say("Rate changed"), "number"),
    )  # fmt: skip
    subtitle = say(
        "Then: as the report of {day:date} said. Now = then + data revised + definition changed + population changed + rate changed; a dash: nothing, or it cannot be told",
        day=known[0][1].as_of,
    )  # fmt: skip
    return Exhibit("since", _since_title(known), subtitle, pd.DataFrame([_since_row(*one) for one in known]), columns=columns)


def _since_title(known: Sequence[tuple[Figure, Since]]) -> Message:
    beyond = sum(own.is_beyond is True for _, own in known)
    if not beyond:
        return say("Since the last report no figure has changed by more than noise")
    return say("Since the last report {n:count} of {all:count} figures changed by more than noise", n=beyond, all=len(known))


def _since_row(figure: Figure, own: Since) -> Mapping[str, object]:
    def written(value: float | None) -> Message | str:
        return NO_VALUE if value is None else value_in_words(value, figure.unit, figure.currency or "")

    def difference(value: float | None) -> Message | str:
        if value is None or abs(value) < NOTHING[figure.unit]:
            return NO_VALUE
        written = DIFFERENCES[figure.unit].filled(value=value)
        if value > 0 and figure.unit != "share":
            return signed(written, figure.currency)
        return say("{currency} {difference}", currency=figure.currency, difference=written) if figure.currency else written

    unknown = say("yes, too small to tell") if own.revision is None else say("yes, in the amount of data revised")
    definition = difference(own.redefinition) if own.redefinition is not None else unknown if own.definition else say("no")
    return {
        "label": figure.title, "then": written(own.then), "now": written(own.now), "beyond": VERDICTS[own.is_beyond],
        "revision": difference(own.revision), "definition": definition, "population": difference(own.population),
        "rate": difference(own.rate),
    }  # fmt: skip


def _is_known(value: float | None) -> bool:
    return value is not None and not pd.isna(value)
