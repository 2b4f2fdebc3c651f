"""Companies: where they stand on four axes, what the data make of them, who manages them, and how much hangs on few."""

import datetime as dt
from collections.abc import Mapping
from dataclasses import dataclass

import pandas as pd

from analysis.errors import NotProduced, UserError
from analysis.finding import Exhibit, Finding
from analysis.study.company_axes import CompanyRules, companies_of, company_rows
from analysis.study.company_classes import class_exhibit, class_findings
from analysis.study.company_concentration import (
    concentration_exhibit,
    concentration_findings,
    hhi_trend_exhibit,
    industry_exhibit,
    trend_exhibit,
    trend_table,
)
from analysis.study.company_disagreement import agreement_exhibit, agreement_findings, cross_exhibit, disagreement_exhibit
from analysis.study.company_disclosed import may_tell_sum
from analysis.study.company_groups import find_groups, group_exhibit, group_findings
from analysis.study.company_levels import level_exhibit, level_findings, misplaced_exhibit
from analysis.study.company_matrix import matrix_exhibit, matrix_findings, profit_risk_exhibit
from analysis.study.disclosed import is_tellable, told
from analysis.study.tiers import open_customers
from analysis.wording import say

COMPANIES_NEEDED = 30
BOOTSTRAPS = 25


@dataclass(frozen=True)
class Companies:
    """What the report shows."""

    findings: list[Finding]
    matrix: Exhibit
    profit_risk: Exhibit
    classes: Exhibit
    groups: Exhibit
    agreement: Exhibit
    cross: Exhibit
    disagreement: Exhibit
    levels: Exhibit
    misplaced: Exhibit
    concentration: Exhibit
    industries: Exhibit
    trend: Exhibit
    hhi_trend: Exhibit


def companies(
    history: Mapping[dt.date, pd.DataFrame],
    branches: pd.DataFrame | None,
    exposures: pd.DataFrame | None,
    currency: str,
    rules: CompanyRules,
    k_max: int = 6,
    seed: int = 7,
    bootstraps: int = BOOTSTRAPS,
) -> Companies:
    """`history`: landmark → features (see `bank.features`); `branches` and `exposures` are the bank's tables, or None → the
    report on the companies open at the latest landmark. Needs COMPANIES_NEEDED of them."""
    if k_max < 2 or bootstraps < 2:
        raise UserError(f"k_max is {k_max} and bootstraps {bootstraps}; each must be at least 2.")
    features = history[max(history)]
    count = len(companies_of(features))
    if count < COMPANIES_NEEDED:
        raise NotProduced(say("Open companies: {n}; the report needs {needed:count}.", n=told(count), needed=COMPANIES_NEEDED))
    rows = company_rows(history, branches, exposures, rules)
    found = find_groups(rows, k_max, bootstraps, seed)
    trend = trend_table(history)
    return Companies(
        findings=[
            *_share_finding(features, rows),
            *concentration_findings(rows, trend),
            *matrix_findings(rows),
            *class_findings(rows),
            *group_findings(found),
            *agreement_findings(rows, found),
            *level_findings(rows, rules),
        ],
        matrix=matrix_exhibit(rows),
        profit_risk=profit_risk_exhibit(rows),
        classes=class_exhibit(rows, currency),
        groups=group_exhibit(rows, found, currency),
        agreement=agreement_exhibit(rows, found),
        cross=cross_exhibit(rows, found),
        disagreement=disagreement_exhibit(rows, found, currency),
        levels=level_exhibit(rows, currency),
        misplaced=misplaced_exhibit(rows, rules, currency),
        concentration=concentration_exhibit(rows),
        industries=industry_exhibit(rows),
        trend=trend_exhibit(trend),
        hhi_trend=hhi_trend_exhibit(trend),
    )


def _share_finding(features: pd.DataFrame, rows: pd.DataFrame) -> list[Finding]:
    customers = open_customers(features)
    others = customers[customers["kind"].ne("corporate")]
    if "contribution" not in rows or not is_tellable(len(others)) or not may_tell_sum(rows["contribution"]):
        return []
    gained = [frame.fillna(0).sum() for frame in (rows["contribution"], others["contribution_12m"])]
    if min(gained) <= 0:
        return []
    value, share = float(gained[0] / sum(gained)), len(rows) / len(customers)
    text = say(
        "Companies are {share:share} of open customers and bring **{value:share}** of contribution.", share=share, value=value
    )
    return [Finding("companies.contribution_share", text, value, len(customers), "share", compare_to=share, exhibit="matrix")]
