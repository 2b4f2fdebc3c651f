"""Who did not answer and whom nobody asked: the report on what the scores would be of all customers."""

import datetime as dt
from collections.abc import Mapping
from dataclasses import dataclass, replace

import pandas as pd

from analysis.errors import NotProduced
from analysis.finding import DISCLOSURE_THRESHOLD, Exhibit, Finding
from analysis.study.parameters import refuse_odd
from analysis.study.satisfaction_response import response, response_exhibit, response_findings, triggers_exhibit
from analysis.study.satisfaction_unasked import unasked
from analysis.study.satisfaction_unasked_exhibits import (
    unasked_beside_exhibit,
    unasked_exhibit,
    unasked_findings,
    unasked_validation_exhibit,
    unasked_where_exhibit,
)
from analysis.study.satisfaction_unasked_groups import unasked_by_group, unasked_groups
from analysis.study.satisfaction_weighted import TILT, WeightedScores, weighted_scores
from analysis.study.satisfaction_weighted_exhibits import bounds_exhibit, weighted_exhibit, weighted_findings, weights_exhibit
from analysis.wording import Message, say

ONLY_ANSWERED = say(
    "All customers on record answered, or all but a few: the data hold nobody who did not, so nothing can be said of all customers."
)


@dataclass(frozen=True)
class Nonresponse:
    """What the report shows."""

    findings: list[Finding]
    response: Exhibit
    triggers: Exhibit
    weighted: Exhibit
    weights: Exhibit
    bounds: Exhibit
    unasked: Exhibit
    unasked_beside: Exhibit
    unasked_validation: Exhibit
    unasked_where: Exhibit


@dataclass(frozen=True)
class Survey:
    """The canonical tables; `invitations` and `branches` are None where the bank brings none."""

    surveys: pd.DataFrame
    invitations: pd.DataFrame | None = None
    branches: pd.DataFrame | None = None


def satisfaction_nonresponse(
    survey: Survey,
    history: Mapping[dt.date, pd.DataFrame],
    groups: Mapping[Message, pd.Series],
    tiers: Mapping[str, float],
    as_of: dt.date,
    window_months: int = 12,
    tilt: float = TILT,
    replicates: int = 400,
    seed: int = 7,
) -> Nonresponse:
    """`history` holds the features of each landmark, `groups` ways to divide customers (a heading → label by customer_id), `tiers` the
    bank's edges. `tilt`: the most by which the odds of silence may differ for each point that a mark is lower (see
    `weighted_scores`). Nothing can be said where answers bear no customer, nor of all customers where the data hold those who
    answered alone."""
    refuse_odd(window_months=window_months, replicates=replicates, seed=seed)
    surveys, invitations = survey.surveys, survey.invitations
    answered = response(invitations, surveys, groups, as_of, window_months)
    weighted = weighted_scores(invitations, surveys, history, tiers, as_of, window_months, tilt)
    hears_all = weighted is not None and hold_only_answers(weighted)
    weighted = None if hears_all else weighted
    model = unasked(surveys, invitations, history, replicates, seed)
    if answered is None and weighted is None and model is None:
        if hears_all:
            raise NotProduced(ONLY_ANSWERED)
        raise NotProduced(
            say("Neither invitations nor answers that can be traced to customers are numerous enough to tell who did not answer.")
        )
    every = {**groups, **unasked_groups(history[max(history)], survey.branches)}
    by_group = unasked_by_group(model, every, surveys, invitations, as_of, window_months, seed)
    return Nonresponse(
        findings=[*weighted_findings(weighted), *response_findings(answered), *unasked_findings(model, by_group)],
        response=response_exhibit(answered),
        triggers=triggers_exhibit(answered),
        weighted=_told(weighted_exhibit(weighted), hears_all),
        weights=_told(weights_exhibit(weighted), hears_all),
        bounds=_told(bounds_exhibit(weighted), hears_all),
        unasked=unasked_exhibit(model, by_group),
        unasked_beside=unasked_beside_exhibit(model, by_group),
        unasked_validation=unasked_validation_exhibit(model),
        unasked_where=unasked_where_exhibit(model, by_group),
    )


def hold_only_answers(found: WeightedScores) -> bool:
    """Whether nobody, or hardly anybody, is on record who did not answer: without invitations, an extract of the survey's own customers.
    Its scores are no scores of all customers, whatever the weights, and its bounds would be as narrow as if all had been heard."""
    return not found.is_by_lot and found.asked - found.answered < DISCLOSURE_THRESHOLD


def _told(exhibit: Exhibit, hears_all: bool) -> Exhibit:
    return replace(exhibit, absent=ONLY_ANSWERED) if hears_all else exhibit
