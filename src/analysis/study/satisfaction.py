"""How customers feel: what the satisfaction report shows."""

import datetime as dt
from collections.abc import Mapping
from dataclasses import dataclass

import pandas as pd

from analysis.errors import NotProduced, UserError
from analysis.finding import Exhibit, Finding
from analysis.stats.multiple import DISCOVERY_RATE
from analysis.study.disclosed import told
from analysis.study.opinions import (
    branch_findings,
    branch_table,
    branches_exhibit,
    groups_exhibit,
    promoters_exhibit,
    top_groups_exhibit,
)
from analysis.study.parameters import refuse_odd
from analysis.study.satisfaction_branches import pooled_branches, pooled_exhibit, pooled_findings
from analysis.study.satisfaction_changes import changes, changes_exhibit, changes_findings
from analysis.study.satisfaction_effort import effort_exhibit, effort_findings, effort_trend_exhibit
from analysis.study.satisfaction_measures import PROMOTERS, TOP_TWO_BOX
from analysis.study.satisfaction_scores import score_findings, scores, scores_exhibit
from analysis.study.satisfaction_trend import trend_exhibit
from analysis.study.survey import ANSWERS_NEEDED, windows
from analysis.wording import Message, say


@dataclass(frozen=True)
class Satisfaction:
    """What the report shows."""

    findings: list[Finding]
    scores: Exhibit
    trend: Exhibit
    promoters_trend: Exhibit
    top_trend: Exhibit
    changes: Exhibit
    groups: Exhibit
    promoters: Exhibit
    top_groups: Exhibit
    effort: Exhibit
    effort_trend: Exhibit
    branches: Exhibit
    pooled: Exhibit


def satisfaction(
    surveys: pd.DataFrame,
    groups: Mapping[Message, pd.Series],
    branch_names: Mapping[str, str],
    as_of: dt.date,
    window_months: int = 12,
    false_discovery_rate: float = DISCOVERY_RATE,
    seed: int = 7,
) -> Satisfaction:
    """`surveys` is the canonical table; `groups` are ways to divide customers: a heading → the group's label
    (Message) by customer_id; `branch_names` by branch_id. Each customer's last answer of the last `window_months` is
    reported (of all, where they bear no dates), beside as long a period before; of the changes of groups that are told, the share
    `false_discovery_rate` may be chance."""
    refuse_odd(window_months=window_months, seed=seed)
    if not 0 < false_discovery_rate < 1:
        raise UserError(
            f"false_discovery_rate is {false_discovery_rate:g}; it must lie between 0 and 1, such as {DISCOVERY_RATE:g}."
        )
    recent, before = windows(surveys, as_of, window_months)
    known = int(recent["overall"].notna().sum())
    if known < ANSWERS_NEEDED:
        raise NotProduced(
            say("Customers who answered in the period: {n}; needed: {needed:count}.", n=told(known), needed=ANSWERS_NEEDED)
        )
    by_branch = branch_table(recent, branch_names)
    pooled = pooled_branches(recent, branch_names, seed)
    made, moved = scores(recent, before), changes(recent, before, groups, branch_names, false_discovery_rate)
    is_asked = any(score.measure is PROMOTERS for score in made)
    return Satisfaction(
        findings=[
            *score_findings(made),
            *changes_findings(moved),
            *branch_findings(by_branch),
            *pooled_findings(pooled),
            *effort_findings(made),
        ],
        scores=scores_exhibit(made),
        trend=trend_exhibit(surveys, as_of),
        promoters_trend=trend_exhibit(surveys, as_of, PROMOTERS),
        top_trend=trend_exhibit(surveys, as_of, TOP_TWO_BOX),
        changes=changes_exhibit(moved),
        groups=groups_exhibit(recent, groups),
        promoters=promoters_exhibit(recent, groups, is_asked),
        top_groups=top_groups_exhibit(recent, groups),
        effort=effort_exhibit(recent, groups),
        effort_trend=effort_trend_exhibit(surveys, recent, as_of),
        branches=branches_exhibit(by_branch),
        pooled=pooled_exhibit(pooled),
    )
