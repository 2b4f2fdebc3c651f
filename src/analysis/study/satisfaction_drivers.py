"""Why customers are satisfied or not: the report on what goes with satisfaction."""

import datetime as dt
from collections.abc import Mapping
from dataclasses import dataclass, replace

import pandas as pd

from analysis.errors import NotProduced
from analysis.finding import Exhibit, Finding
from analysis.study.disclosed import told
from analysis.study.driver_methods import agreement, agreement_exhibit, agreement_findings
from analysis.study.drivers import Drivers, driver_findings, drivers, drivers_exhibit, items_exhibit
from analysis.study.parameters import refuse_odd
from analysis.study.satisfaction_dose import dose, dose_exhibit, dose_findings
from analysis.study.satisfaction_map import importance_map, map_exhibit, map_findings
from analysis.study.satisfaction_odds import odds, odds_exhibit, odds_findings
from analysis.study.satisfaction_path import path_exhibit, path_findings, path_table_exhibit, satisfaction_path
from analysis.study.satisfaction_reliability import (
    USUAL_LIMIT,
    reliability,
    reliability_exhibit,
    reliability_findings,
    validity,
    validity_exhibit,
    validity_findings,
)
from analysis.study.survey import ANSWERS_NEEDED, Questionnaire, answers_by_item, windows
from analysis.wording import say


@dataclass(frozen=True)
class SatisfactionDrivers:
    """What the report shows."""

    findings: list[Finding]
    drivers: Exhibit
    driver_methods: Exhibit
    map: Exhibit
    items: Exhibit
    odds: Exhibit
    dose: Exhibit
    path: Exhibit
    path_table: Exhibit
    reliability: Exhibit
    validity: Exhibit


@dataclass(frozen=True)
class Asked:
    """The canonical tables of a survey; `invitations` and `contacts` are None where the bank brings none."""

    surveys: pd.DataFrame
    answers: pd.DataFrame
    invitations: pd.DataFrame | None = None
    contacts: pd.DataFrame | None = None


def satisfaction_drivers(
    asked: Asked,
    questionnaire: Questionnaire,
    history: Mapping[dt.date, pd.DataFrame],
    as_of: dt.date,
    window_months: int = 12,
    replicates: int = 500,
    seed: int = 7,
) -> SatisfactionDrivers:
    """Each customer's last answer of the last `window_months` counts (of all, where they bear no dates), but for waits, which need more
    answers and go back as far as `dose` does; `history` holds the features of each landmark."""
    refuse_odd(window_months=window_months, replicates=replicates, seed=seed)
    recent, _ = windows(asked.surveys, as_of, window_months)
    known = int(recent["overall"].notna().sum())
    if known < ANSWERS_NEEDED:
        raise NotProduced(
            say("Customers who answered in the period: {n}; needed: {needed:count}.", n=told(known), needed=ANSWERS_NEEDED)
        )
    wide, labels = answers_by_item(asked.answers, recent), questionnaire.labels
    found, ordered = drivers(wide, recent, questionnaire, replicates, seed), odds(wide, recent, questionnaire)
    agreed, placed = agreement(found), importance_map(found)
    waited = dose(asked.surveys, asked.invitations, asked.contacts, history, as_of)
    model = satisfaction_path(wide, recent, questionnaire, replicates, seed)
    measured = reliability(wide, recent, questionnaire, model, replicates, seed)
    apart = validity(wide, recent, questionnaire, replicates, seed)
    return SatisfactionDrivers(
        findings=[
            *driver_findings(found, labels), *agreement_findings(agreed), *map_findings(placed, labels), *odds_findings(ordered, labels), *dose_findings(waited),
            *path_findings(model, labels), *reliability_findings(measured, labels), *validity_findings(apart, labels),
        ],
        drivers=_with_overlap(drivers_exhibit(found, labels), found, apart, questionnaire),
        driver_methods=agreement_exhibit(agreed, labels),
        map=map_exhibit(placed, labels),
        items=items_exhibit(wide, questionnaire),
        odds=odds_exhibit(ordered, labels),
        dose=dose_exhibit(waited),
        path=path_exhibit(model, questionnaire),
        path_table=path_table_exhibit(model, questionnaire),
        reliability=reliability_exhibit(measured, labels),
        validity=validity_exhibit(apart, labels),
    )  # fmt: skip


def _with_overlap(
    exhibit: Exhibit, found: Drivers | None, apart: tuple[pd.DataFrame, int] | None, asked: Questionnaire
) -> Exhibit:
    """The drivers, and whether the first is a construct that the survey does not tell apart from one that measures the outcome."""
    if exhibit.absent or found is None or apart is None:
        return exhibit
    first, table = found.shares["item"].iloc[0], apart[0][apart[0]["high"] >= USUAL_LIMIT]
    pairs = [pair for pair in zip(table["first"], table["second"], strict=True) if first in pair]
    others = [other for pair in pairs for other in pair if other != first and other in asked.outcome]
    if not others:
        return exhibit
    text = say(
        "{said}; {item} and {other} are not surely told apart by this survey (heterotrait-monotrait ratio, below): part of the share may be one thing asked twice",
        said=exhibit.subtitle, item=asked.labels[first], other=asked.labels[others[0]],
    )  # fmt: skip
    return replace(exhibit, subtitle=text)
