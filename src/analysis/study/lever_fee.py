"""What a fee rise that came branch by branch accounts for: holders after the rise against what holders without it did."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from analysis.stats.attributable import FEWEST_CLUSTERS, LeverShare
from analysis.stats.did import Imputed, impute, jackknife_influence, moves
from analysis.stats.wild import wild_df
from analysis.study.churn import PARTS
from analysis.study.lever_fee_panel import LEVER, Panel, fee_panel, some

if TYPE_CHECKING:
    from analysis.bank.levers import Struck

EVENTS_NEEDED = 15
FEW_CLUSTERS = 15


@dataclass(frozen=True)
class FeeFound:
    """`share` of those who left (without a value where there is a `reason`: "central", "events", "exposed", "clusters"); the `panel` and
    the fit behind it."""

    share: LeverShare
    reason: str
    panel: Panel | None = None
    imputed: Imputed | None = None


def fee_found(struck: Struck, before: Struck | None = None) -> FeeFound | None:
    """None where the bank tells of no fees and cards. `before`: the same of the twelve months before the window, in which no branch had risen yet:
    it shows how branches differed. "central": all branches rose in the same month and so nobody is left to compare with; "clusters":
    below FEWEST_CLUSTERS branches."""
    if LEVER not in struck.levers:
        return None
    frame = struck.levers[LEVER]
    if not frame["struck"].any():
        return FeeFound(_without(struck, "exposed"), "exposed")
    if not _is_staggered(frame):
        return FeeFound(_without(struck, "central"), "central")
    panel = fee_panel(struck, before)
    if panel.rows["branch_id"].nunique() < FEWEST_CLUSTERS:
        return FeeFound(_without(struck, "clusters"), "clusters", panel)
    if not _has_events(panel):
        return FeeFound(_without(struck, "events"), "events", panel)
    imputed = _fit(panel)
    return FeeFound(_share(struck, panel, imputed), "", panel, imputed)


def fee_by_rule(struck: Struck, fee: FeeFound | None) -> dict[str, LeverShare]:
    """Rule of leaving → the fee's share of those who left by it, where enough did; leaving otherwise ends being at risk."""
    if fee is None or fee.imputed is None:
        return {}
    found = {}
    for rule in PARTS:
        rows = fee.panel.rows
        panel = replace(fee.panel, rows=rows.assign(gone=rows["gone"] & rows[rule].astype(bool)))
        if _has_events(panel):
            found[rule] = _share(struck, panel, _fit(panel, fee.imputed.coefficients), rule)
    return found


def _has_events(panel: Panel) -> bool:
    gone, exposed = panel.rows["gone"], panel.rows["is_exposed"]
    return min(int((gone & exposed).sum()), int((gone & ~exposed).sum())) >= EVENTS_NEEDED


def _fit(panel: Panel, start: np.ndarray | None = None) -> Imputed:
    rows = panel.rows
    free = (~rows["is_exposed"] & rows["is_at_risk"]).to_numpy()
    return impute(panel.design, rows["gone"].to_numpy(), free, panel.penalty, start)


def _is_staggered(frame: pd.DataFrame) -> bool:
    """Whether the branches of some holders rise later than others', or never."""
    holders = frame[frame["card"].astype(bool)]
    cohorts = holders.groupby("unit")["cohort"].first().astype("Float64").astype(float)
    first = holders.loc[holders["struck"].astype(bool), "month"].min()
    return bool((cohorts.isna() | (cohorts > first)).any())


def _share(struck: Struck, panel: Panel, imputed: Imputed, outcome: str = "left") -> LeverShare:
    everybody, people = struck.people, some(struck).people
    leavers = int(people[outcome].sum())
    treated, slope = _treated(panel, imputed)
    value = float(treated["excess"].sum() / leavers)
    influence = _by_branch(people[outcome], people["branch_id"], panel, imputed, treated, slope)
    ids, hit = _hit(struck, outcome)
    everyone = int(everybody[outcome].sum())
    size = len(influence)
    return LeverShare(
        lever=LEVER, value=value, influence=influence, clusters=size,
        df=wild_df(influence.to_numpy()) if FEWEST_CLUSTERS <= size <= FEW_CLUSTERS else size - 1.0,
        base=len(everybody), struck=len(ids), leavers_struck=len(hit), overlap=np.nan,
        by_customer=pd.Series(value * everyone / max(len(hit), 1), hit), leavers=everyone,
        by_unit=_by_customer(people.set_index("customer_id")[outcome], panel, imputed, treated, slope, value),
    )  # fmt: skip


def _without(struck: Struck, failure: str) -> LeverShare:
    ids, hit = _hit(struck, "left")
    return LeverShare(
        lever=LEVER, value=None, influence=pd.Series(dtype=float), clusters=0, df=np.nan, base=len(struck.people), struck=len(ids),
        leavers_struck=len(hit), overlap=np.nan, by_customer=pd.Series(dtype=float), leavers=int(struck.people["left"].sum()), failure=failure,
    )  # fmt: skip


def _hit(struck: Struck, outcome: str) -> tuple[np.ndarray, np.ndarray]:
    """The customers whose fee rose, and those of them with the outcome."""
    frame, people = struck.levers[LEVER], struck.people
    ids = frame.loc[frame["struck"].astype(bool), "customer_id"].unique()
    return ids, people.loc[people[outcome].astype(bool) & people["customer_id"].isin(ids), "customer_id"].to_numpy()


def _treated(panel: Panel, imputed: Imputed) -> tuple[pd.DataFrame, np.ndarray]:
    """A row a customer struck and not gone by then: customer_id, branch_id, left (in the window, later), free (the chance of that without
    the rise) and excess, the difference; and by how much `free` moves with each coefficient."""
    rows = panel.rows
    exposed = np.flatnonzero(rows["is_exposed"].to_numpy())
    start = np.flatnonzero(np.diff(pd.factorize(rows["customer_id"].to_numpy()[exposed])[0], prepend=-1))
    chance = imputed.chance[exposed]
    free = 1 - np.exp(np.add.reduceat(np.log1p(-chance), start))
    slope = np.add.reduceat(panel.design[exposed] * chance[:, None], start) * (1 - free)[:, None]
    left = np.add.reduceat(rows["gone"].to_numpy()[exposed].astype(int), start) > 0
    there = rows["is_at_risk"].to_numpy()[exposed][start]
    first = rows.iloc[exposed[start]]
    table = first[["customer_id", "branch_id"]].assign(left=left, free=free, excess=left - free).reset_index(drop=True)
    return table[there].reset_index(drop=True), slope[there]


def _by_branch(left, branch, panel: Panel, imputed: Imputed, treated: pd.DataFrame, slope: np.ndarray) -> pd.Series:
    """Influence of each branch on the share: the jackknife without it."""
    branches = pd.Index(sorted(panel.rows["branch_id"].astype(str).unique()))
    size = len(branches)
    total = np.bincount(branches.get_indexer(treated["branch_id"].astype(str)), treated["excess"], size)
    place = branches.get_indexer(branch.astype(str))
    left = np.bincount(place[place >= 0], left.to_numpy(dtype=float)[place >= 0], size)
    by_branch = np.zeros((size, slope.shape[1]))
    np.add.at(by_branch, branches.get_indexer(treated["branch_id"].astype(str)), slope)
    moved = moves(panel.design, imputed, branches.get_indexer(panel.rows["branch_id"].astype(str)))
    others = slope.sum(axis=0) - by_branch
    without = (total.sum() - total - (others * moved).sum(axis=1)) / np.maximum(left.sum() - left, 1)
    return pd.Series(jackknife_influence(without), branches)


def _by_customer(
    left: pd.Series, panel: Panel, imputed: Imputed, treated: pd.DataFrame, slope: np.ndarray, value: float
) -> pd.Series:
    """The same error by customer, to first order."""
    direction = np.linalg.solve(imputed.information, slope.sum(axis=0))
    through_fit = pd.Series((panel.design @ direction) * imputed.score).groupby(panel.rows["customer_id"].to_numpy()).sum()
    own = treated.set_index("customer_id")["excess"]
    ids, left = left.index, left.astype(float)
    parts = own.reindex(ids).fillna(0.0) - through_fit.reindex(ids).fillna(0.0) - value * left
    return (parts - parts.mean()) / left.sum()
