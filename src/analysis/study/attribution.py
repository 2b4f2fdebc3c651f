"""Who leaves, and what goes with it: the churn report."""

import datetime as dt
from collections.abc import Mapping
from dataclasses import dataclass

import pandas as pd

from analysis.errors import NotProduced
from analysis.finding import Exhibit, Finding
from analysis.study.churn import PARTS, ChurnRule, at_risk, matured, outcomes, unseen
from analysis.study.churn_rates import by_rule_exhibit, history_exhibit, rate_findings
from analysis.study.disclosed import told
from analysis.study.model_exhibits import (
    calibration_exhibit,
    effects_exhibit,
    lift_exhibit,
    odds_exhibit,
    validation_exhibit,
)
from analysis.study.model_findings import model_findings
from analysis.study.reasons import first_reasons, reason_findings, reasons_exhibit
from analysis.study.retention import retention_exhibit
from analysis.study.warning_model import reason_codes, warning_model
from analysis.wording import say

CUSTOMERS_NEEDED = 30


@dataclass(frozen=True)
class Attribution:
    """What the report shows."""

    findings: list[Finding]
    by_rule: Exhibit
    history: Exhibit
    retention: Exhibit
    odds: Exhibit
    effects: Exhibit
    validation: Exhibit
    calibration: Exhibit
    lift: Exhibit
    reasons: Exhibit


def churn_attribution(
    history: dict[dt.date, pd.DataFrame], as_of: dt.date, tiers: Mapping[str, float], rule: ChurnRule
) -> Attribution:
    """`history` holds the features of each landmark (see `bank.features`); `tiers` the bank's edges. Needs a landmark whose
    horizon has ended, with CUSTOMERS_NEEDED customers at risk."""
    hidden_rules = unseen(history, rule)
    if set(hidden_rules) >= set(PARTS):
        raise NotProduced(
            say("The bank's data cannot tell who left: no closings are recorded, and no balances or silences show it.")
        )
    by_day = outcomes_by_landmark(history, as_of, rule)
    day = max(by_day)
    model = warning_model(history, as_of, rule)
    others = {name: warning_model(history, as_of, rule, name) for name in PARTS if name not in hidden_rules}
    risk = at_risk(history[max(history)], rule)
    codes = first_reasons(reason_codes(model.fit, risk)) if model.fit and len(risk) else pd.DataFrame()
    return Attribution(
        findings=[
            *rate_findings(by_day, hidden_rules, rule),
            *model_findings(model, others),
            *reason_findings(model.fit, codes, as_of),
        ],
        by_rule=by_rule_exhibit(by_day[day], hidden_rules, rule, day),
        history=history_exhibit(by_day, rule),
        retention=retention_exhibit(history, as_of, tiers, rule, hidden_rules),
        odds=odds_exhibit(model),
        effects=effects_exhibit(model),
        validation=validation_exhibit(model),
        calibration=calibration_exhibit(model),
        lift=lift_exhibit(model),
        reasons=reasons_exhibit(model.fit, codes, as_of),
    )


def outcomes_by_landmark(history: dict[dt.date, pd.DataFrame], as_of: dt.date, rule: ChurnRule) -> dict[dt.date, pd.DataFrame]:
    """Landmark → its outcomes, for every landmark whose horizon has ended by `as_of`; NotProduced without any, or where
    the latest has too few customers at risk."""
    days = matured(list(history), as_of, rule)
    if not days:
        raise NotProduced(
            say(
                "No landmark's horizon of {months:count} months has ended by {day:date}: the data begin too late.",
                months=rule.horizon_months, day=as_of,
            )
        )  # fmt: skip
    by_day = {day: outcomes(history[day], history[rule.end(day)], rule) for day in days}
    if len(by_day[days[-1]]) < CUSTOMERS_NEEDED:
        raise NotProduced(
            say(
                "Established, active customers on {day:date}: {n}; needed: {needed:count}.",
                day=days[-1], n=told(len(by_day[days[-1]])), needed=CUSTOMERS_NEEDED,
            )
        )  # fmt: skip
    return by_day
