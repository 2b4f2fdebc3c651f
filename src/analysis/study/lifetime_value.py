"""Which customers still pay, and what they will pay in the next twelve months: a lifetime model, held against a year it did not see.

The model speaks of payments, not of profit: whether contribution goes with them is tested, not supposed.
"""

import datetime as dt
from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
import pandas as pd

from analysis.calendar import months_before
from analysis.errors import NotProduced
from analysis.finding import Exhibit, Finding
from analysis.study.disclosed import told_base
from analysis.study.lifetime_alive import alive_exhibit, early_findings
from analysis.study.lifetime_contribution import contribution_exhibit, contribution_findings
from analysis.study.lifetime_holdout import held_out, holdout_exhibit, holdout_findings, silence_exhibit
from analysis.study.lifetime_model import (
    DAYS_PER_WEEK,
    HORIZON_MONTHS,
    LifetimeModel,
    expectations,
    fit_model,
    payers,
    why_no_model,
)  # fmt: skip
from analysis.study.lifetime_year import lifetime_exhibit, lifetime_findings, next_year, with_bases, with_errors
from analysis.study.tiers import open_customers
from analysis.wording import Message, say

TITLES = {
    "holdout": say("Did the lifetime model hold?"),
    "silence": say("Do silent customers come back?"),
    "contribution": say("Does contribution go with payments?"),
}


@dataclass(frozen=True)
class LifetimeValue:
    """What the report shows."""

    findings: list[Finding]
    holdout: Exhibit
    silence: Exhibit
    alive: Exhibit
    lifetime: Exhibit
    contribution: Exhibit


def lifetime_value(
    history: Mapping[dt.date, pd.DataFrame], as_of: dt.date, tiers: Mapping[str, float], currency: str, seed: int = 7
) -> LifetimeValue:
    """Features by landmark (see `bank.features`; the latest is `as_of`) → findings and exhibits. `tiers` are the bank's edges in its
    currency; `seed` is that of the outcomes drawn. Without a model there is no report; without a year to hold out, what rests on it is
    absent, with its reason."""
    ahead = _ahead(history[as_of], as_of, tiers)
    if isinstance(ahead, Message):
        raise NotProduced(ahead)
    model, customers, weeks = ahead
    opened = open_customers(history[as_of])
    table = with_bases(next_year(model, customers, weeks, np.random.default_rng(seed)), customers, opened, tiers)
    base = told_base(len(customers), len(opened))
    checked = held_out(history, as_of, tiers)
    if isinstance(checked, Message):
        exhibits = _absent(checked)
        findings = [*lifetime_findings(customers, table, currency), *early_findings(customers, None, base)]
    else:
        table = with_errors(table, customers, checked)
        exhibits = {
            "holdout": holdout_exhibit(checked, as_of),
            "silence": silence_exhibit(checked, as_of),
            "contribution": contribution_exhibit(checked, as_of, currency),
        }
        findings = [
            *lifetime_findings(customers, table, currency, checked), *early_findings(customers, checked, base),
            *holdout_findings(checked, as_of), *contribution_findings(checked),
        ]  # fmt: skip
    alive, lifetime = alive_exhibit(customers, as_of), lifetime_exhibit(table, currency, as_of)
    return LifetimeValue(findings, alive=alive, lifetime=lifetime, **exhibits)


def _absent(reason: Message) -> dict[str, Exhibit]:
    return {name: Exhibit(name, title, absent=reason) for name, title in TITLES.items()}


def _ahead(
    features: pd.DataFrame, as_of: dt.date, tiers: Mapping[str, float]
) -> tuple[LifetimeModel, pd.DataFrame, float] | Message:
    """The model at `as_of`, the open payers with what it expects of them, and the weeks of the twelve months ahead."""
    if reason := why_no_model(features):
        return reason
    everybody = payers(features, tiers)
    model = fit_model(everybody)
    if isinstance(model, Message):
        return model
    weeks = (months_before(as_of, -HORIZON_MONTHS) - as_of).days / DAYS_PER_WEEK
    customers = everybody[everybody["is_open"]]
    return model, customers.join(expectations(model, customers, weeks)), weeks
