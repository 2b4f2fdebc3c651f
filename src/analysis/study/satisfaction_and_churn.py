"""Do the satisfied recommend the bank, and do they stay? The report on satisfaction, loyalty and leaving."""

import datetime as dt
from collections.abc import Mapping
from dataclasses import dataclass

import pandas as pd

from analysis.errors import NotProduced
from analysis.finding import Exhibit, Finding
from analysis.study.churn import ChurnRule
from analysis.study.parameters import refuse_odd
from analysis.study.satisfaction_churn import churn_by_mark
from analysis.study.satisfaction_churn_exhibits import absent_reason, churn_exhibit, churn_findings
from analysis.study.satisfaction_conditions import conditions_exhibit
from analysis.study.satisfaction_loyalty import loyalty, loyalty_exhibit, loyalty_findings
from analysis.study.survey import windows
from analysis.wording import say


@dataclass(frozen=True)
class SatisfactionAndChurn:
    """What the report shows."""

    findings: list[Finding]
    loyalty: Exhibit
    churn_by_mark: Exhibit
    causal_conditions: Exhibit


def satisfaction_and_churn(
    surveys: pd.DataFrame,
    invitations: pd.DataFrame | None,
    history: Mapping[dt.date, pd.DataFrame],
    as_of: dt.date,
    rule: ChurnRule,
    window_months: int = 12,
) -> SatisfactionAndChurn:
    """The canonical tables and the features of each landmark. Loyalty speaks of the answers of the last `window_months`, leaving of
    all whose horizon has ended."""
    refuse_odd(window_months=window_months)
    willing = loyalty(windows(surveys, as_of, window_months)[0])
    left = churn_by_mark(surveys, invitations, history, as_of, rule)
    if willing is None and left is None:
        raise NotProduced(say("Too few answered both questions, and no answer bears a date after which leaving could be seen."))
    if willing is None and (reason := absent_reason(left)):
        raise NotProduced(say("Too few answered both questions. {reason}", reason=reason))
    return SatisfactionAndChurn(
        findings=[*loyalty_findings(willing), *churn_findings(left)],
        loyalty=loyalty_exhibit(willing),
        churn_by_mark=churn_exhibit(left),
        causal_conditions=conditions_exhibit(left),
    )
