"""Who the customers are: RFM and data-driven segments, what segments are good for, and who moves between them."""

import datetime as dt
from collections.abc import Mapping
from dataclasses import dataclass

import pandas as pd

from analysis.errors import NotProduced, UserError
from analysis.finding import Exhibit, Finding
from analysis.study.churn import ChurnRule
from analysis.study.disclosed import is_tellable, told
from analysis.study.rfm import rfm_exhibit, rfm_findings, rfm_scores
from analysis.study.segment_actions import action_exhibit
from analysis.study.segment_exhibits import choice_exhibit, profile_exhibit, segment_exhibit, segment_findings, segment_table
from analysis.study.segment_moves import segment_moves
from analysis.study.segment_uses import segment_uses
from analysis.study.segments import CUSTOMERS_NEEDED, find_segments, persons
from analysis.study.tiers import ACTIVE_DAYS, is_active, open_customers
from analysis.wording import say


@dataclass(frozen=True)
class Segmentation:
    """What the report shows."""

    findings: list[Finding]
    rfm: Exhibit
    choice: Exhibit
    profile: Exhibit
    segments: Exhibit
    segment_actions: Exhibit
    segment_churn: Exhibit
    segment_satisfaction: Exhibit
    segment_tests: Exhibit
    segment_moves: Exhibit
    segment_transitions: Exhibit


@dataclass(frozen=True)
class Tables:
    """What the report reads beside features; None where the bank brings none: `surveys`, `campaigns` (canonical), and the bank's own
    `actions` (see `Book.segment_actions`)."""

    surveys: pd.DataFrame | None = None
    campaigns: pd.DataFrame | None = None
    actions: pd.DataFrame | None = None


def segmentation(
    history: Mapping[dt.date, pd.DataFrame],
    tables: Tables,
    tiers: Mapping[str, float],
    currency: str,
    rule: ChurnRule | None = None,
    k_max: int = 7,
    bootstraps: int = 25,
    seed: int = 7,
) -> Segmentation:
    """`history`: features by landmark (see `bank.features`), the latest of which is the report's day. `tiers` are the bank's edges in
    its currency. Needs balances, transactions and at least CUSTOMERS_NEEDED active personal customers."""
    if k_max < 2 or bootstraps < 2:
        raise UserError(f"k_max is {k_max} and bootstraps {bootstraps}; each must be at least 2.")
    as_of = max(history)
    customers = open_customers(history[as_of])
    active = customers[is_active(customers)]
    people = persons(active)
    if len(people) < CUSTOMERS_NEEDED:
        raise NotProduced(
            say("Active personal customers: {n}; segments need {needed:count}.", n=told(len(people)), needed=CUSTOMERS_NEEDED)
        )
    scores = rfm_scores(active)
    found = find_segments(people, k_max, seed, bootstraps)
    table = segment_table(people, found)
    uses = segment_uses(found, history, tables.surveys, tables.campaigns, rule or ChurnRule(), tiers, as_of, seed)
    moved = segment_moves(history, found, as_of, seed)
    return Segmentation(
        findings=[
            *_active_findings(customers, active),
            *rfm_findings(scores),
            *segment_findings(found, table, len(people)),
            *uses.findings,
            *moved.findings,
        ],
        rfm=rfm_exhibit(scores),
        choice=choice_exhibit(found),
        profile=profile_exhibit(found, table),
        segments=segment_exhibit(table, found, currency),
        segment_actions=action_exhibit(found, table, tables.actions),
        segment_churn=uses.churn,
        segment_satisfaction=uses.satisfaction,
        segment_tests=uses.tests,
        segment_moves=moved.parts,
        segment_transitions=moved.transitions,
    )


def _active_findings(customers: pd.DataFrame, active: pd.DataFrame) -> list[Finding]:
    never, silent = int(customers["recency_days"].isna().sum()), len(customers) - len(active)
    if not is_tellable(silent):
        return []
    share = len(active) / len(customers)
    is_told = never > 0 and is_tellable(never) and is_tellable(silent - never)
    text = say(
        "**{share:share}** of open customers are active: they made a transaction of their own within {days:count} days{never}.",
        share=share, days=ACTIVE_DAYS,
        never=say("; {share:share} have none in the data at all", share=never / len(customers)) if is_told else "",
    )  # fmt: skip
    return [Finding("active_customers", text, share, len(customers), "share")]
