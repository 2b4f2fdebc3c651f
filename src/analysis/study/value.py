"""What customers are worth: the value pyramid, on what its ranking rests, who rises and falls, what holds under other rules."""

import datetime as dt
from collections.abc import Mapping
from dataclasses import dataclass

import pandas as pd

from analysis.errors import NotProduced
from analysis.finding import Exhibit, Finding
from analysis.study.churn import ChurnRule
from analysis.study.disclosed import told
from analysis.study.rfm_assets import rfm_assets_exhibit, rfm_assets_findings, rfm_assets_scores
from analysis.study.tiers import open_customers, pyramid, tier_exhibit, tier_findings, tier_table
from analysis.study.value_components import MEASURES, balance_exhibit, component_exhibit, component_table
from analysis.study.value_concentration import concentration_findings, lorenz_exhibit, whale_exhibit
from analysis.study.value_dominance import told_edges
from analysis.study.value_movement import find_movement, flow_exhibit, movement_exhibit, movement_findings
from analysis.study.value_ranking import NEEDED, SPREAD, can_rank, ranking_exhibit, ranking_findings, rankings, tornado_exhibit
from analysis.study.value_risers import riser_exhibit, riser_findings, risers
from analysis.study.value_rules import rules_exhibit, rules_findings, rules_table
from analysis.wording import say

CUSTOMERS_NEEDED = 100


@dataclass(frozen=True)
class Value:
    """What the report shows."""

    findings: list[Finding]
    pyramid: Exhibit
    tiers: Exhibit
    balances: Exhibit
    components: Exhibit
    rfm_assets: Exhibit
    lorenz: Exhibit
    whale: Exhibit
    tornado: Exhibit
    ranking: Exhibit
    movement: Exhibit
    flow: Exhibit
    risers: Exhibit
    rules: Exhibit


def value(
    history: Mapping[dt.date, pd.DataFrame],
    tiers: Mapping[str, float],
    currency: str,
    spread: float = SPREAD,
    rule: ChurnRule | None = None,
) -> Value:
    """Features by landmark (see `bank.features`) → the report at the latest of them. `tiers` are the bank's edges in its
    currency; `spread` is the share by which each component of contribution is varied. Needs balances, edges and
    CUSTOMERS_NEEDED open customers."""
    customers = open_customers(history[max(history)])
    if not tiers or "assets_3m" not in customers:
        raise NotProduced(say("The bank's bank.yaml states no edges of tiers, or the bank brings no balances."))
    if len(customers) < CUSTOMERS_NEEDED:
        raise NotProduced(say("Open customers: {n}; needed: {needed:count}.", n=told(len(customers)), needed=CUSTOMERS_NEEDED))
    edges, edges_of_means = told_edges(customers, tiers), told_edges(customers, tiers, MEASURES)
    by_tier, means = tier_table(customers, edges), component_table(customers, edges_of_means)
    movement, model = find_movement(history, tiers), risers(history, tiers)
    under_rules = rules_table(history, tiers, rule or ChurnRule(), model)
    scores = rfm_assets_scores(customers)
    ranking, tornado, ranked = _ranking(customers, spread)
    return Value(
        findings=[
            *tier_findings(by_tier),
            *rfm_assets_findings(scores, customers),
            *concentration_findings(customers),
            *ranked,
            *movement_findings(movement),
            *riser_findings(model),
            *rules_findings(under_rules, customers),
        ],
        pyramid=pyramid(by_tier, customers, edges, currency),
        tiers=tier_exhibit(by_tier, currency),
        balances=balance_exhibit(means, currency),
        components=component_exhibit(means, currency),
        rfm_assets=rfm_assets_exhibit(scores, customers),
        lorenz=lorenz_exhibit(customers),
        whale=whale_exhibit(customers),
        tornado=tornado,
        ranking=ranking,
        movement=movement_exhibit(movement),
        flow=flow_exhibit(movement),
        risers=riser_exhibit(model),
        rules=rules_exhibit(under_rules, customers),
    )


def _ranking(customers: pd.DataFrame, spread: float) -> tuple[Exhibit, Exhibit, list[Finding]]:
    table = rankings(customers, spread) if can_rank(customers) else None
    if table is None:
        absent = {"absent": NEEDED}
        return Exhibit("ranking", say("Who changes place"), **absent), Exhibit("tornado", say("What it hangs on"), **absent), []
    base = int(customers["contribution_12m"].notna().sum())
    findings = ranking_findings(table, spread, base, len(customers))
    return ranking_exhibit(table, spread, base), tornado_exhibit(table, spread), findings
