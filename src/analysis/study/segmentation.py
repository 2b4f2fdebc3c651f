"""Who the customers are and what they are worth: tiers, RFM, data-driven segments."""

from collections.abc import Mapping
from dataclasses import dataclass

import pandas as pd

from analysis.errors import NotProduced, UserError
from analysis.finding import Exhibit, Finding
from analysis.study.disclosed import is_tellable, told
from analysis.study.rfm import rfm_exhibit, rfm_findings, rfm_scores
from analysis.study.segment_exhibits import choice_exhibit, profile_exhibit, segment_exhibit, segment_findings, segment_table
from analysis.study.segments import CUSTOMERS_NEEDED, find_segments
from analysis.study.tiers import ACTIVE_DAYS, is_active, open_customers, pyramid, tier_exhibit, tier_findings, tier_table
from analysis.wording import say


@dataclass(frozen=True)
class Segmentation:
    """What the report shows."""

    findings: list[Finding]
    pyramid: Exhibit
    tiers: Exhibit
    rfm: Exhibit
    choice: Exhibit
    profile: Exhibit
    segments: Exhibit


def segmentation(
    features: pd.DataFrame, tiers: Mapping[str, float], currency: str, k_max: int = 7, bootstraps: int = 25, seed: int = 7
) -> Segmentation:
    """`features` of one landmark (see `bank.features`) → the report. `tiers` are the bank's edges in its currency.
    Needs balances, transactions and at least CUSTOMERS_NEEDED active customers."""
    if k_max < 2 or bootstraps < 2:
        raise UserError(f"k_max is {k_max} and bootstraps {bootstraps}; each must be at least 2.")
    customers = open_customers(features)
    active = customers[is_active(customers)]
    if len(active) < CUSTOMERS_NEEDED:
        raise NotProduced(
            say("Active customers: {n}; segments need {needed:count}.", n=told(len(active)), needed=CUSTOMERS_NEEDED)
        )
    scores = rfm_scores(active)
    found = find_segments(active, k_max, seed, bootstraps)
    table = segment_table(active, found)
    by_tier = tier_table(customers, tiers) if tiers else None
    return Segmentation(
        findings=[
            *_active_findings(customers, active),
            *([] if by_tier is None else tier_findings(by_tier)),
            *rfm_findings(scores),
            *segment_findings(found, table, len(active)),
        ],
        pyramid=_without_tiers("pyramid") if by_tier is None else pyramid(by_tier, customers, tiers, currency),
        tiers=_without_tiers("tiers") if by_tier is None else tier_exhibit(by_tier, currency),
        rfm=rfm_exhibit(scores),
        choice=choice_exhibit(found),
        profile=profile_exhibit(found, table),
        segments=segment_exhibit(table, found, currency),
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


def _without_tiers(name: str) -> Exhibit:
    return Exhibit(name, say("Tiers"), absent=say("The bank's bank.yaml states no edges of tiers."))
