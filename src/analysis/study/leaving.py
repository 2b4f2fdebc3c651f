"""Who leaves, when, and in which way first; do the rules agree, and who comes back: the report on leaving."""

import datetime as dt
from collections.abc import Mapping
from dataclasses import dataclass

import pandas as pd

from analysis.errors import NotProduced
from analysis.finding import Exhibit, Finding
from analysis.study.churn import PARTS, ChurnRule, unseen
from analysis.study.churn_agreement import agreement, agreement_exhibit, agreement_findings
from analysis.study.churn_cohorts import (
    balance_cells,
    balance_findings,
    cohort_findings,
    cohorts,
    cohorts_exhibit,
    heat_exhibit,
    kept_cells,
)
from analysis.study.churn_curves import (
    CUSTOMERS_FOR_CURVE,
    few_findings,
    first_day,
    overstated_exhibit,
    overstated_findings,
    ways_exhibit,
    ways_findings,
)
from analysis.study.churn_groups import (
    BY_COHORT,
    BY_KIND,
    BY_TIER,
    comparisons,
    grouped,
    groups_exhibit,
    kept_exhibit,
    kept_findings,
)
from analysis.study.churn_lives import History, lives
from analysis.study.churn_returns import return_findings, return_shares, returns, returns_exhibit
from analysis.study.churn_tenure import tenure_exhibit, tenure_findings
from analysis.study.disclosed import told
from analysis.wording import say


@dataclass(frozen=True)
class Leaving:
    """What the report shows."""

    findings: list[Finding]
    ways: Exhibit
    overstated: Exhibit
    agreement: Exhibit
    returns: Exhibit
    kept_by_kind: Exhibit
    kept_by_tier: Exhibit
    kept_by_cohort: Exhibit
    groups: Exhibit
    tenure: Exhibit
    customers_kept: Exhibit
    balances_kept: Exhibit
    cohorts: Exhibit


def leaving(
    history: History, as_of: dt.date, tiers: Mapping[str, float], rule: ChurnRule, balances: pd.DataFrame | None = None
) -> Leaving:
    """`history` holds the features of each landmark (see `bank.features`); `tiers` the bank's edges; `balances` is the table of that
    name, where the bank brings one. NotProduced where the data cannot tell who left, or follow nobody for a horizon."""
    hidden_rules = unseen(history, rule)
    if set(hidden_rules) >= set(PARTS):
        raise NotProduced(
            say("The bank's data cannot tell who left: no closings are recorded, and no balances or silences show it.")
        )
    if len(history) < 2:
        raise NotProduced(say("The data show one landmark only: nobody was followed."))
    people = lives(history, as_of, rule)
    if len(people) < CUSTOMERS_FOR_CURVE:
        raise NotProduced(
            say(
                "Established, active customers who were followed: {n}; needed: {needed:count}.",
                n=told(len(people)), needed=CUSTOMERS_FOR_CURVE,
            )
        )  # fmt: skip
    cohort = grouped(first_day(people), tiers)
    tests = comparisons(cohort)
    agreed = agreement(history, as_of, rule, hidden_rules, people)
    back = returns(history, as_of, rule, hidden_rules)
    shares = return_shares(back)
    by_opening, opening_findings = _by_opening(history, as_of, balances, hidden_rules)
    return Leaving(
        findings=[
            *ways_findings(cohort, hidden_rules), *few_findings(people, hidden_rules), *agreement_findings(agreed), *return_findings(shares, back), *tenure_findings(people),
            *opening_findings, *kept_findings(cohort), *overstated_findings(cohort),
        ],
        ways=ways_exhibit(cohort, rule, hidden_rules),
        overstated=overstated_exhibit(cohort),
        agreement=agreement_exhibit(agreed, rule),
        returns=returns_exhibit(shares, rule),
        kept_by_kind=kept_exhibit(cohort, BY_KIND, tests),
        kept_by_tier=kept_exhibit(cohort, BY_TIER, tests),
        kept_by_cohort=kept_exhibit(cohort, BY_COHORT, tests),
        groups=groups_exhibit(cohort, tests),
        tenure=tenure_exhibit(people),
        **by_opening,
    )  # fmt: skip


def _by_opening(
    history: History, as_of: dt.date, balances: pd.DataFrame | None, hidden_rules: Mapping
) -> tuple[dict[str, Exhibit], list[Finding]]:
    """The exhibits by opening cohort. The data begin with the balances, or else with the first landmark."""
    has_balances = balances is not None and len(balances) > 0
    begin = balances["month"].min().date().replace(day=1) if has_balances else min(history) + dt.timedelta(days=1)
    members = cohorts(history[max(history)], begin, as_of)
    kept = kept_cells(members.iloc[:0] if "closed" in hidden_rules else members)
    held = balance_cells(members, balances) if has_balances else kept_cells(members.iloc[:0])
    no_closings = say("The bank's data record no closings.") if "closed" in hidden_rules else None
    no_balances = None if has_balances else say("The bank brings no balances.")
    exhibits = {
        "customers_kept": heat_exhibit("customers_kept", kept, begin, as_of, no_closings),
        "balances_kept": heat_exhibit("balances_kept", held, begin, as_of, no_balances),
        "cohorts": cohorts_exhibit(kept, held, begin, as_of),
    }
    return exhibits, [*cohort_findings(kept, begin, as_of), *balance_findings(held, begin, as_of)]
