"""Early warning: who is on the list, what that is worth, and whether it works. The page shows counts, never a customer."""

import datetime as dt
from collections.abc import Mapping
from dataclasses import dataclass, replace

import pandas as pd

from analysis.errors import NotProduced
from analysis.finding import Exhibit, Finding
from analysis.study.churn import PARTS, ChurnRule, at_risk, unseen
from analysis.study.disclosed import told
from analysis.study.experiment_exhibits import holdout_exhibit
from analysis.study.experiments import experiments
from analysis.study.hazard_challenger import shown_model
from analysis.study.lost_customers import lost_customers, lost_findings, lost_reasons_exhibit, winback_exhibit
from analysis.study.model_exhibits import calibration_exhibit, lift_exhibit, why_no_model
from analysis.study.warning_exhibits import (
    funnel_exhibit,
    list_reasons_exhibit,
    list_tiers_exhibit,
    listed,
    owners_exhibit,
    policies_exhibit,
    power_exhibit,
)
from analysis.study.warning_findings import ListFound, list_findings, policy_findings, trial_findings
from analysis.study.warning_holdout import kept_share
from analysis.study.warning_leaks import refuse_leaks
from analysis.study.warning_list import Brought, Plan, call_pool
from analysis.study.warning_model import WarningModel, reason_words
from analysis.study.warning_policy import judged_policies
from analysis.wording import say

CUSTOMERS_NEEDED = 30
LISTS = ("funnel", "list_tiers", "list_reasons", "owners", "power")
NO_CONSENTS = say("The bank brings no consents (table consents): who may be called is not known, so that nobody is listed.")


@dataclass(frozen=True)
class EarlyWarning:
    """What the report shows."""

    findings: list[Finding]
    funnel: Exhibit
    list_tiers: Exhibit
    list_reasons: Exhibit
    owners: Exhibit
    policies: Exhibit
    calibration: Exhibit
    lift: Exhibit
    holdout: Exhibit
    power: Exhibit
    lost_reasons: Exhibit
    winback: Exhibit


def make_list(
    history: Mapping[dt.date, pd.DataFrame], as_of: dt.date, rule: ChurnRule, brought: Brought, plan: Plan, bank: str
) -> pd.DataFrame:
    """The customers listed, best first, held out or not (see `warning_list.call_pool`), with the reason in `words`: for the list's
    file, which only those may enter who are not held out."""
    fit = _model(history, as_of, rule).scoring
    rows = listed(call_pool(fit, at_risk(history[as_of], rule), brought, plan, as_of, bank)).reset_index(drop=True)
    words = {term: reason_words(fit, term) for term in rows["reason"].unique()}
    return rows.assign(words=[words[term] for term in rows["reason"]])


def early_warning(
    history: Mapping[dt.date, pd.DataFrame],
    as_of: dt.date,
    rule: ChurnRule,
    brought: Brought,
    plan: Plan,
    bank: str,
    tiers: Mapping[str, float],
    currency: str,
    branch_names: Mapping[str, str],
) -> EarlyWarning:
    """`history` holds the features of each landmark, `as_of` among them; `bank` names the lot. NotProduced: no model, for a stated
    reason, or too few customers at risk. UserError: a feature knows what came later."""
    model = _model(history, as_of, rule)
    risk = at_risk(history[as_of], rule)
    if len(risk) < CUSTOMERS_NEEDED:
        raise NotProduced(
            say("Established, active customers on {day:date}: {n}; needed: {needed:count}.", day=as_of, n=told(len(risk)), needed=CUSTOMERS_NEEDED)
        )  # fmt: skip
    pool = call_pool(model.scoring, risk, brought, plan, as_of, bank)
    found = ListFound(model, pool, judged_policies(model.validation, history, plan.capacity))
    tried = experiments(brought.alerts, _other_days(brought.earlier, as_of), None, history, rule)
    lost = lost_customers(history, as_of, rule, brought.consents)
    made = EarlyWarning(
        findings=[
            *_list_findings(found, brought, kept_share(tried.alerts), plan, as_of, currency),
            *policy_findings(found, plan, currency),
            *trial_findings(found, tried, plan, rule),
            *lost_findings(lost, currency),
        ],
        funnel=funnel_exhibit(pool, plan, as_of),
        list_tiers=list_tiers_exhibit(pool, tiers, plan, currency),
        list_reasons=list_reasons_exhibit(pool, model.scoring),
        owners=owners_exhibit(pool, branch_names),
        policies=policies_exhibit(found.policies, plan, currency),
        calibration=calibration_exhibit(model),
        lift=lift_exhibit(model),
        holdout=holdout_exhibit(tried, rule),
        power=power_exhibit(pool, plan, rule.horizon_months),
        lost_reasons=lost_reasons_exhibit(lost),
        winback=winback_exhibit(lost, currency),
    )
    return made if brought.consents is not None else replace(made, **{name: _unknown(getattr(made, name)) for name in LISTS})


def _list_findings(found: ListFound, brought: Brought, measured, plan: Plan, as_of: dt.date, currency: str) -> list[Finding]:
    if brought.consents is not None:
        return list_findings(found, measured, plan, as_of, currency)
    text = say(
        "On {day:date} **none** of {all:count} customers at risk is listed: the bank brings no consents (table consents), so that nobody may be called before they are brought.",
        day=as_of, all=len(found.pool),
    )  # fmt: skip
    return [Finding("warning.listed", text, 0, len(found.pool), "count", exhibit="funnel")]


def _unknown(exhibit: Exhibit) -> Exhibit:
    return Exhibit(exhibit.name, exhibit.title, absent=NO_CONSENTS)


def _model(history: Mapping[dt.date, pd.DataFrame], as_of: dt.date, rule: ChurnRule) -> WarningModel:
    if set(unseen(history, rule)) >= set(PARTS):
        raise NotProduced(
            say("The bank's data cannot tell who left: no closings are recorded, and no balances or silences show it.")
        )
    if not any(rule.end(day) in history for day in history):
        raise NotProduced(
            say(
                "No landmark's horizon of {months:count} months has ended by {day:date}: the data begin too late.",
                months=rule.horizon_months, day=as_of,
            )
        )  # fmt: skip
    refuse_leaks(history, as_of, rule)
    model, _ = shown_model(dict(history), as_of, rule)
    if model.fit is None:
        raise NotProduced(say("There is no model: {reason}.", reason=why_no_model(model)))
    return model


def _other_days(earlier: pd.DataFrame | None, as_of: dt.date) -> pd.DataFrame | None:
    return None if earlier is None else earlier[pd.to_datetime(earlier["raised_date"]).lt(pd.Timestamp(as_of))]
