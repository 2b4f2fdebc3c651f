"""What goes with leaving, and how far a model of it can be believed: the layer of associations."""

import datetime as dt
from dataclasses import dataclass

import pandas as pd

from analysis.errors import NotProduced, UserError
from analysis.finding import Exhibit, Finding
from analysis.study.churn import PARTS, ChurnRule, at_risk, matured, outcomes_by_landmark, unseen
from analysis.study.churn_rates import history_exhibit
from analysis.study.hazard import hazard_model
from analysis.study.hazard_challenger import shown_model
from analysis.study.hazard_exhibits import (
    models_exhibit,
    months_exhibit,
    quality,
    quality_exhibit,
    quality_findings,
    stability_exhibit,
)
from analysis.study.model_exhibits import (
    calibration_exhibit,
    effects_exhibit,
    lift_exhibit,
    odds_exhibit,
    validation_exhibit,
)
from analysis.study.model_findings import model_findings
from analysis.study.reasons import first_reasons, reason_findings, reasons_exhibit
from analysis.study.warning_drift import drift_exhibit, drift_findings, warning_drift
from analysis.study.warning_leaks import refuse_leaks
from analysis.study.warning_model import reason_codes, warning_model
from analysis.wording import say


@dataclass(frozen=True)
class ChurnModel:
    """What the report shows."""

    findings: list[Finding]
    history: Exhibit
    odds: Exhibit
    effects: Exhibit
    months: Exhibit
    models: Exhibit
    validation: Exhibit
    calibration: Exhibit
    quality: Exhibit
    lift: Exhibit
    reasons: Exhibit
    stability: Exhibit
    drift: Exhibit


def churn_model(history: dict[dt.date, pd.DataFrame], as_of: dt.date, rule: ChurnRule, capacity: int) -> ChurnModel:
    """`history` holds the features of each landmark (see `bank.features`); `capacity`: customers a month whom the bank can call.
    NotProduced where the data cannot tell who left; UserError where a feature knows what came later."""
    if capacity < 1:
        raise UserError(f"capacity is {capacity}; it must be a number of customers a month from 1 on, such as 100.")
    hidden_rules = unseen(history, rule)
    if set(hidden_rules) >= set(PARTS):
        raise NotProduced(
            say("The bank's data cannot tell who left: no closings are recorded, and no balances or silences show it.")
        )
    by_day = outcomes_by_landmark(history, as_of, rule)
    refuse_leaks(history, as_of, rule)
    model, compared = shown_model(history, as_of, rule)
    others = {name: warning_model(history, as_of, rule, name) for name in PARTS if name not in hidden_rules}
    judged, drifted = quality(compared, capacity), warning_drift(history, as_of, rule)
    risk = at_risk(history[max(history)], rule)
    codes = first_reasons(reason_codes(model.scoring, risk)) if model.fit and len(risk) else pd.DataFrame()
    return ChurnModel(
        findings=[
            *model_findings(model, others), *quality_findings(compared, judged), *reason_findings(model.scoring, codes, as_of),
            *drift_findings(drifted),
        ],
        history=history_exhibit(by_day, rule),
        odds=odds_exhibit(model),
        effects=effects_exhibit(model),
        months=months_exhibit(hazard_model(history, matured(list(history), as_of, rule), rule) if model.fit else None),
        models=models_exhibit(compared, judged),
        validation=validation_exhibit(model),
        calibration=calibration_exhibit(model),
        quality=quality_exhibit(judged),
        lift=lift_exhibit(model),
        reasons=reasons_exhibit(model.scoring, codes, as_of),
        stability=stability_exhibit(judged),
        drift=drift_exhibit(drifted),
    )  # fmt: skip
