"""Which prospects are worth pursuing: propensity × expected contribution under a capacity, judged on later prospects."""

import datetime as dt
from dataclasses import dataclass

import pandas as pd

from analysis.errors import NotProduced, UserError
from analysis.finding import DISCLOSURE_THRESHOLD, Exhibit, Finding
from analysis.study.disclosed import told
from analysis.study.prospect_exhibits import calibration_exhibit, model_exhibit, source_exhibit, trend_exhibit
from analysis.study.prospect_facts import (
    filled_in_later,
    is_converted,
    is_mature,
    monthly_contribution,
    prospect_facts,
    usable_factors,
)
from analysis.study.prospect_findings import gain_finding, outlook_findings, ranking_findings, rate_finding, relation_finding
from analysis.study.prospect_model import CONVERSIONS_NEEDED
from analysis.study.prospect_outlook import outlook
from analysis.study.prospect_policy import brought_of_expected, judged, model_at, policy_totals
from analysis.study.prospect_policy_exhibits import gain_exhibit, policy_exhibit, today_exhibit, why_not_judged
from analysis.wording import say

LONGEST_HORIZON = 24


@dataclass(frozen=True)
class Prospects:
    """What the report shows."""

    findings: list[Finding]
    sources: Exhibit
    trend: Exhibit
    model: Exhibit
    calibration: Exhibit
    gain: Exhibit
    policies: Exhibit
    today: Exhibit


def prospects(
    prospects: pd.DataFrame, contributions: pd.DataFrame, as_of: dt.date, currency: str,
    capacity: int = 20, horizon_months: int = 6, seed: int = 7,
) -> Prospects:  # fmt: skip
    """Canonical `prospects` and `contributions` as known at `as_of` → the report. `capacity`: calls a month;
    `horizon_months`: within so many months of being first seen a prospect converts or counts as not converted."""
    _check(capacity, horizon_months)
    facts = prospect_facts(prospects, as_of)
    _require(facts, as_of, horizon_months)
    late = filled_in_later(facts[is_mature(facts, as_of, horizon_months)], horizon_months)
    factors = usable_factors(facts, late)
    monthly = monthly_contribution(contributions)
    model = model_at(facts, monthly, as_of, horizon_months, factors)
    if model is None:
        raise NotProduced(
            say("The prospects who became customers, or what these brought, allow no model of conversion and contribution.")
        )
    rows = judged(facts, monthly, as_of, horizon_months, factors)
    valued = rows.dropna(subset=["contribution"])
    totals = None if why_not_judged(valued, capacity) else policy_totals(valued, capacity, seed)
    record = None if totals is None else brought_of_expected(valued, totals, capacity)
    now = outlook(model, facts, as_of, capacity, seed)
    return Prospects(
        findings=[
            *rate_finding(facts, as_of, horizon_months),
            *ranking_findings(rows),
            *gain_finding(valued, totals, record, capacity, currency),
            *relation_finding(valued, seed),
            *outlook_findings(now, record, capacity, horizon_months, currency),
        ],
        sources=source_exhibit(facts, as_of, horizon_months),
        trend=trend_exhibit(facts, as_of, horizon_months),
        model=model_exhibit(model, late),
        calibration=calibration_exhibit(rows),
        gain=gain_exhibit(valued, capacity, seed),
        policies=policy_exhibit(valued, totals, capacity, currency),
        today=today_exhibit(now, record, capacity, horizon_months, currency),
    )


def _check(capacity: int, horizon_months: int) -> None:
    if capacity < DISCLOSURE_THRESHOLD:
        raise UserError(f"capacity is {capacity}; it must be at least {DISCLOSURE_THRESHOLD} calls a month, such as 20.")
    if not 1 <= horizon_months <= LONGEST_HORIZON:
        raise UserError(f"horizon_months is {horizon_months}; it must lie between 1 and {LONGEST_HORIZON}, such as 6.")


def _require(facts: pd.DataFrame, as_of: dt.date, horizon_months: int) -> None:
    converted = int(is_converted(facts[is_mature(facts, as_of, horizon_months)], horizon_months).sum())
    if converted < CONVERSIONS_NEEDED:
        raise NotProduced(
            say(
                "Prospects who became customers in time: {n}; a model needs {needed:count}.",
                n=told(converted),
                needed=CONVERSIONS_NEEDED,
            )
        )
