"""The six key figures of the monthly report, month by month: what each is, what has changed, and whether that is more than noise."""

import datetime as dt
from collections.abc import Mapping
from dataclasses import dataclass

import pandas as pd

from analysis.calendar import month_end
from analysis.errors import UserError
from analysis.figure import Figure, Part, Point
from analysis.finding import Exhibit, Finding
from analysis.stats.dominance import hidden_amounts
from analysis.stats.intervals import Estimate
from analysis.study.churn import MAIN_RULE, PARTS, RULES, ChurnRule
from analysis.study.churn_rates import shown_rates
from analysis.study.figure_changes import Changes, figure_changes
from analysis.study.figure_since import REPORT, Since, reported, since, why
from analysis.study.key_figures_counts import Leavers, at_month_end, counted, leavers_of
from analysis.study.key_figures_exhibits import line_exhibit, months_exhibit, since_exhibit
from analysis.study.key_figures_festival import festival_exhibit
from analysis.study.key_figures_findings import figure_findings
from analysis.study.key_figures_frame import Brought, Month, Rules, with_rules
from analysis.study.key_figures_words import KINDS, Kind, definitions, is_flow, rules_in_words, titles_in_words
from analysis.study.parameters import LONGEST_MONTHS
from analysis.wording import Message, say

MONTHS_SHOWN, MONTHS_JUDGED = 13, 37
SERIES = ["figure", "month", "stratum", "numerator", "denominator"]


@dataclass(frozen=True)
class KeyFigures:
    """What the report shows, and the figures that it hands to the monthly report."""

    findings: list[Finding]
    figures: list[Figure]
    active_customers: Exhibit
    average_aum: Exhibit
    churn_rate: Exhibit
    assets_lost: Exhibit
    nps: Exhibit
    resolved_in_time: Exhibit
    months: Exhibit
    since: Exhibit
    festival: Exhibit


@dataclass(frozen=True)
class Told:
    """A figure with what its exhibits and its finding need besides: changes and since are None where it has no months."""

    figure: Figure
    changes: Changes | None
    since: Since | None


def key_figures(
    brought: Brought, currency: str, last: Mapping | None = None, targets: Mapping[str, float] | None = None
) -> KeyFigures:
    """`brought`: see `key_figures_frame`; `last`: results.json of the release before; `targets`: figure → the bank's target."""
    _refuse_odd(brought)
    days = brought.ends.days[:MONTHS_JUDGED]
    made = {day: counted(at := at_month_end(brought, day), leavers_of(at)) for day in days}
    parts = parts_of(brought, leavers_of(at_month_end(brought, max(days))))
    series = as_series(made)
    last, targets = last or {}, targets or {}
    before = counted_as_then(brought, last)
    told = [
        _told(kind, brought, made, series, last, before.get(kind.id), parts.get(kind.id, ()), currency, targets) for kind in KINDS
    ]
    figures = [one.figure for one in told]
    return KeyFigures(
        findings=figure_findings(figures, [one.changes for one in told]),
        figures=figures,
        **{one.figure.id: line_exhibit(one.figure, one.changes) for one in told},
        months=months_exhibit(figures),
        since=since_exhibit(figures, [one.since for one in told]),
        festival=festival_exhibit(brought, made, currency),
    )


def _refuse_odd(brought: Brought) -> None:
    for name in ("window_months", "complaint_months"):
        value = getattr(brought.rules, name)
        if not 1 <= value <= LONGEST_MONTHS:
            raise UserError(f"{name} is {value}; it must lie between 1 and {LONGEST_MONTHS}.")


def as_series(made: Mapping[dt.date, Mapping[str, Month | Message]]) -> pd.DataFrame:
    """Figure, month (its last day), stratum, numerator, denominator of the months that can be told, earliest first. The value is Σ numerator ÷
    Σ denominator of a share and of a score, Σ numerator of a count and of an amount."""
    rows = [
        month.by.reset_index().assign(figure=name, month=month_end(day))
        for day in sorted(made)
        for name, month in made[day].items()
        if isinstance(month, Month)
    ]
    return pd.concat(rows, ignore_index=True)[SERIES] if rows else pd.DataFrame(columns=SERIES)


def counted_as_then(brought: Brought, last: Mapping) -> dict[str, pd.DataFrame]:
    """Figure → its month of the last report, from today's data by that report's parameters, as in `as_series`: where they differ from
    today's and make the definition that the report stated, and the month can be told."""
    rules = rules_then(last)
    stated = {kind.id: then for kind in KINDS if (then := reported(last, kind.id)) is not None}
    if rules is None or rules == brought.rules or not stated:
        return {}
    end = month_end(next(iter(stated.values())).as_of)
    day = next((day for day in brought.ends.days if month_end(day) == end), None)
    if day is None:
        return {}
    old = with_rules(brought, rules)
    series, made_by = as_series({day: counted(at := at_month_end(old, day), leavers_of(at))}), definitions(old)
    return {name: rows for name, rows in series.groupby("figure") if name in stated and made_by[name] == stated[name].definition}


def rules_then(last: Mapping) -> Rules | None:
    """The parameters of the last report's key figures; None where it does not hold all of them."""
    told = last.get("provenance", {}).get("parameters", {}).get(REPORT)
    try:
        churn = ChurnRule(told["horizon_months"], told["dormant_days"], told["run_off_share"])
        return Rules(churn, told["window_months"], told["complaint_months"])
    except (KeyError, TypeError, UserError):
        return None


def parts_of(brought: Brought, leavers: Leavers | Message) -> dict[str, list[Part]]:
    """The ways of leaving, involuntary exits apart, of the churn rate and of the assets lost; None where few customers left so."""
    if isinstance(leavers, Message):
        return {}
    rates = shown_rates(leavers.outcome, brought.unseen).set_index("rule")
    names = {**{name: RULES[name] for name in PARTS}, "involuntary": say("Involuntary exits (not counted)")}
    parts = {"churn_rate": [Part(label, rates.loc[name, "value"]) for name, label in names.items()]}
    if leavers.lost is None or rates["value"].isna()[MAIN_RULE]:
        return parts
    way = leavers.outcome.loc[leavers.lost.index, list(PARTS)].idxmax(axis=1)
    few = hidden_amounts(leavers.lost, way, frozenset(name for name in PARTS if pd.isna(rates.loc[name, "value"])))
    sums = leavers.lost.groupby(way).sum().reindex(PARTS, fill_value=0.0)
    shown = {name: None if name in few else float(sums[name]) for name in PARTS}
    return {**parts, "assets_lost": [Part(RULES[name], value) for name, value in shown.items()]}


def _told(
    kind: Kind, brought: Brought, made: Mapping, series: pd.DataFrame, last: Mapping, before: pd.DataFrame | None,
    parts: list[Part], currency: str, targets: Mapping[str, float],
) -> Told:  # fmt: skip
    rule, definition = rules_in_words(brought)[kind.id], definitions(brought)[kind.id]
    own = series[series["figure"] == kind.id]
    then, counts_in_month = reported(last, kind.id), is_flow(kind, brought)
    changes = figure_changes(own, kind.id, kind.unit, kind.better, counts_in_month) if len(own) else None
    points = _points(brought, made, kind.id, changes)
    now = made[max(made)][kind.id]
    absent = now if isinstance(now, Message) else None
    found = since(own, kind.id, kind.unit, then, definition, before, is_flow=counts_in_month) if absent is None else None
    judged = _on_days(changes.to_json(), brought) if changes is not None and absent is None else {}
    figure = Figure(
        kind.id, titles_in_words(brought)[kind.id], rule, kind.unit, kind.better, definition, points, kind.base_of,
        currency=currency if kind.unit == "money" else None, target=targets.get(kind.id),
        parts=parts if absent is None else (), since=found.to_json() if found else None,
        why=why(found, kind.unit, currency) if absent is None else None, absent=absent, **judged,
    )  # fmt: skip
    return Told(figure, changes if absent is None else None, found)


def _on_days(judged: dict, brought: Brought) -> dict:
    """The changes with the days on which they begin, which are no months' ends where the last day observed is none."""
    days = {str(month_end(day)): str(day) for day in brought.ends.days}
    changes = {name: {**change, "from": days.get(change["from"])} for name, change in judged["changes"].items()}
    return {**judged, "changes": changes}


def _points(brought: Brought, made: Mapping, figure: str, changes: Changes | None) -> list[Point]:
    expected = {} if changes is None else changes.months.set_index("month")[["expected_low", "expected_high"]].to_dict("index")
    nothing = Estimate(None, None, None, None)
    days = sorted(brought.ends.days[:MONTHS_SHOWN])
    estimates = [month.estimate if isinstance(month := made[day][figure], Month) else nothing for day in days]
    return [Point(day, *estimate, **expected.get(month_end(day), {})) for day, estimate in zip(days, estimates, strict=True)]
