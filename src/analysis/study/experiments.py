"""Experiments: what a lot decided, read by intention to treat. The hold-out of alerts, and campaigns that held customers out."""

from dataclasses import dataclass, replace

import numpy as np
import pandas as pd
from scipy.special import stdtr, stdtrit

from analysis.stats.intervals import Estimate
from analysis.stats.multiple import discoveries
from analysis.study.churn import ChurnRule
from analysis.study.warning_holdout import Arms, History, assignments_of, followed, left_effect

CAMPAIGN_MONTHS = 12
CUSTOMERS_NEEDED = 30


@dataclass(frozen=True)
class ExperimentsFound:
    """`alerts`: the arms of the hold-out of alerts, `left` its effect on leaving (None where too few left). `campaigns`: a row a campaign
    and outcome: campaign, outcome (leaving, contribution), value, low, high, base, is_noise (all at once), is_by_lot. `single`:
    campaigns in which nobody was held out; `few`: those with too few customers or leavers for both outcomes."""

    alerts: Arms
    left: Estimate | None
    campaigns: pd.DataFrame
    single: int
    few: int


def experiments(
    alerts: pd.DataFrame | None,
    earlier: pd.DataFrame | None,
    campaigns: pd.DataFrame | None,
    history: History,
    rule: ChurnRule,
) -> ExperimentsFound:
    """The canonical alerts and campaigns (None where the bank brings none), the project's own earlier lists (customer_id, raised_date,
    held_out) and the features by landmark → what the lots tell."""
    arms = followed(assignments_of(alerts, earlier), history, rule)
    table, single, few = _campaign_table(campaigns, history, rule)
    return ExperimentsFound(arms, left_effect(arms), table, single, few)


def _campaign_table(campaigns: pd.DataFrame | None, history: History, rule: ChurnRule) -> tuple[pd.DataFrame, int, int]:
    rows, single, few = [], 0, 0
    year = replace(rule, horizon_months=CAMPAIGN_MONTHS)
    for name, own in [] if campaigns is None else campaigns.groupby("campaign_id", sort=True):
        if set(own["arm"].dropna()) != {"treated", "held_out"}:
            single += 1
            continue
        made = _one_campaign(str(name), own, history, year)
        few += not made
        rows += made
    table = pd.DataFrame(rows, columns=["campaign", "outcome", *Estimate._fields, "p", "is_by_lot"])
    return table.assign(is_noise=~discoveries(table["p"].to_numpy(float)).is_found), single, few


def _one_campaign(name: str, own: pd.DataFrame, history: History, rule: ChurnRule) -> list[dict]:
    """The effects on leaving and on contribution that can be told, each with its p-value."""
    assigned = own.dropna(subset=["arm"]).assign(raised_date=own["offered_date"], held_out=own["arm"].eq("held_out"))
    arms = followed(assigned[["customer_id", "raised_date", "held_out"]], history, rule)
    if min(arms.size(False), arms.size(True)) < CUSTOMERS_NEEDED:
        return []
    effects = {"leaving": (left_effect(arms), _p_of_shares(arms)), "contribution": contribution_effect(arms, history)}
    return [
        {"campaign": name, "outcome": outcome, **value._asdict(), "p": p, "is_by_lot": arms.is_by_lot}
        for outcome, (value, p) in effects.items()
        if value is not None
    ]


def _p_of_shares(arms: Arms) -> float:
    """Pearson's chi-square test of two shares, as |z|."""
    sizes = np.array([arms.size(False), arms.size(True)])
    left = np.array([arms.left(False), arms.left(True)])
    pooled = left.sum() / sizes.sum()
    spread = np.sqrt(pooled * (1 - pooled) * (1 / sizes).sum())
    return float(2 * stdtr(np.inf, -abs(np.subtract(*(left / sizes))) / spread)) if spread > 0 else 1.0


def contribution_effect(arms: Arms, history: History) -> tuple[Estimate | None, float]:
    """By how much the contribution of the twelve months to each customer's end differs for being offered, a customer, and its
    p-value. Regression on the arm, the twelve months before, and both together, centred (Lin 2013), with the HC3 covariance (MacKinnon and
    White 1985): consistent however contribution depends on the year before. Who has left brings nothing."""
    if "contribution_12m" not in history[max(history)]:
        return None, 1.0
    before, after = (contribution_at(arms.rows, history, name) for name in ("start", "end"))
    treated = (~arms.rows["held_out"]).to_numpy(float)
    centred = before - before.mean()
    x = np.column_stack([np.ones(len(after)), treated, centred, treated * centred])
    inverse = np.linalg.pinv(x.T @ x)
    beta = inverse @ x.T @ after
    leverage = np.einsum("ij,jk,ik->i", x, inverse, x)
    scaled = ((after - x @ beta) / np.clip(1 - leverage, 1e-9, None)) ** 2
    spread = np.sqrt((inverse @ (x.T * scaled) @ x @ inverse)[1, 1])
    degrees = min(arms.size(False), arms.size(True)) - 2
    half = stdtrit(degrees, 0.975) * spread
    estimate = Estimate(float(beta[1]), float(beta[1] - half), float(beta[1] + half), len(after))
    return estimate, float(2 * stdtr(degrees, -abs(beta[1]) / spread)) if spread > 0 else 1.0


def contribution_at(rows: pd.DataFrame, history: History, moment: str) -> np.ndarray:
    """Contribution of the twelve months to each row's `start` or `end`; 0 where there is none."""
    made = pd.Series(0.0, rows.index)
    for day, own in rows.groupby(moment, sort=False):
        earned = history[pd.Timestamp(day).date()].set_index("customer_id")["contribution_12m"]
        made.loc[own.index] = earned.reindex(own["customer_id"]).fillna(0.0).to_numpy()
    return made.to_numpy()
