"""What a fee rise that came branch by branch accounts for: holders after the rise against what holders without it did."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from analysis.stats.attributable import FEWEST_CLUSTERS, LeverShare
from analysis.stats.did import Imputed, impute, jackknife_influence, moves
from analysis.stats.wild import wild_df

if TYPE_CHECKING:
    from analysis.bank.levers import Struck

LEVER = "fee_rise"
EVENTS_NEEDED = 15
FEW_CLUSTERS = 15
FREE = 1e-4
SPREADS = {"branch": 0.5, "area": 0.5, "area_quarter": 0.2, "holder_quarter": 0.2, "trait_half": 0.3}
TRAITS = {"tenure_months": np.log1p, "assets_3m": np.log1p, "products_held": None, "digital_share": None, "age_years": None}
QUARTER, HALF = 3, 6
CUSTOMERS_AT_MOST = 20_000


@dataclass(frozen=True)
class Panel:
    """Customers (CUSTOMERS_AT_MOST by lot) × months at risk: `rows` (customer_id, branch_id, area, window, month, time, card, cohort (the month of the branch's rise;
    0: none), rise (the month in which the customer was struck; NaN), is_exposed, gone), one row a customer and month until it is
    gone; `design` and `penalty` of the model without the rise; `last`: the window's last month."""

    rows: pd.DataFrame
    design: np.ndarray
    penalty: np.ndarray
    last: int


@dataclass(frozen=True)
class FeeFound:
    """`share` of those who left (None with the `reason`: "central", "events", "exposed"); the `panel` and the fit behind it."""

    share: LeverShare | None
    reason: str
    panel: Panel | None = None
    imputed: Imputed | None = None


def fee_found(struck: Struck, before: Struck | None = None) -> FeeFound | None:
    """None where the bank tells of no fees and cards. `before`: the same of the twelve months before the window, in which no branch had risen yet:
    it shows how branches differed. "central": all branches rose in the same month and so nobody is left to compare with."""
    if LEVER not in struck.levers:
        return None
    frame = struck.levers[LEVER]
    if not frame["struck"].any():
        return FeeFound(None, "exposed")
    if not _is_staggered(frame):
        return FeeFound(None, "central")
    panel = fee_panel(struck, before)
    rows = panel.rows
    if min(int((rows["gone"] & rows["is_exposed"]).sum()), int((rows["gone"] & ~rows["is_exposed"]).sum())) < EVENTS_NEEDED:
        return FeeFound(None, "events", panel)
    imputed = impute(panel.design, rows["gone"].to_numpy(), (~rows["is_exposed"] & rows["is_at_risk"]).to_numpy(), panel.penalty)
    return FeeFound(_share(struck, panel, imputed), "", panel, imputed)


def _is_staggered(frame: pd.DataFrame) -> bool:
    """Whether the branches of some holders rise later than others', or never."""
    holders = frame[frame["card"].astype(bool)]
    cohorts = holders.groupby("unit")["cohort"].first().astype("Float64").astype(float)
    first = holders.loc[holders["struck"].astype(bool), "month"].min()
    return bool((cohorts.isna() | (cohorts > first)).any())


def fee_panel(struck: Struck, before: Struck | None = None) -> Panel:
    """The panel of the window and, where given, of the year before it (`window` 1 and 0; `time` counts on from −11)."""
    parts = [_months(_some(struck), 1)]
    if before is not None and LEVER in before.levers and not before.levers[LEVER]["struck"].any():
        parts.append(_months(_some(before), 0))
    rows = pd.concat(parts, ignore_index=True)
    cohorts = struck.levers[LEVER].groupby("branch_id")["cohort"].first()
    rows["cohort"] = rows["branch_id"].map(cohorts.astype("Float64").astype(float)).fillna(0).astype(int)
    # who paid more before the window began has no month without it
    rows = rows[~rows["branch_id"].isin(cohorts.index[cohorts.le(0).fillna(False)])].reset_index(drop=True)
    rows["is_exposed"] = (rows["time"] > rows["rise"]).to_numpy(dtype=bool, na_value=False)
    design, penalty = _design(rows)
    return Panel(rows, design, penalty, struck.months)


def _some(struck: Struck) -> Struck:
    """The same of CUSTOMERS_AT_MOST customers chosen by lot."""
    people = struck.people
    if len(people) <= CUSTOMERS_AT_MOST:
        return struck
    chosen = np.sort(np.random.default_rng(len(people)).permutation(len(people))[:CUSTOMERS_AT_MOST])
    people = people.iloc[chosen].reset_index(drop=True)
    frame = struck.levers[LEVER]
    return replace(struck, people=people, levers={LEVER: frame[frame["customer_id"].isin(people["customer_id"])]})


def _months(struck: Struck, window: int) -> pd.DataFrame:
    """A row a customer and month until it is gone; of who was struck, also of the months after."""
    frame = struck.levers[LEVER]
    people = _with_card(struck.people, frame)
    rise = frame[frame["struck"].astype(bool)].groupby("customer_id")["month"].min().rename("rise")
    people = people.join(rise, on="customer_id").astype({"rise": float})
    gone = people["gone_month"].astype("Float64").astype(float).where(people["left"].astype(bool))
    until = gone.where(people["rise"].isna() | (window == 0)).fillna(struck.months).clip(1, struck.months).astype(int)
    rows = people.assign(gone_in=gone).loc[people.index.repeat(until)].reset_index(drop=True)
    rows["month"] = rows.groupby("customer_id").cumcount() + 1
    rows["window"], rows["time"] = window, rows["month"] - (0 if window else struck.months)
    rows["gone"] = rows["gone_in"].eq(rows["month"])
    rows["is_at_risk"] = ~rows["gone_in"].lt(rows["month"])
    rows["rise"] = rows["rise"] if window else np.nan
    return rows


def _with_card(people: pd.DataFrame, frame: pd.DataFrame) -> pd.DataFrame:
    """The people with `card`, whether one was held at the opening. Who was gone in the first month is in no opportunity: where the traits do
    not tell of cards, it is left out, lest all of them count as without."""
    if "holds_card" in people:
        return people.assign(card=people["holds_card"].astype("boolean").fillna(False).astype(bool))
    first = frame.sort_values("month").groupby("customer_id")["card"].first()
    card = people["customer_id"].map(first)
    return people[card.notna()].assign(card=card.dropna().astype(bool))


def _design(rows: pd.DataFrame) -> tuple[np.ndarray, np.ndarray]:
    """Months, cohorts and holding a card are free; branches, areas, their quarters and the quarters of holders are drawn to 0 by their
    SPREADS (standard deviations of log odds)."""
    quarter, late = (rows["time"] - 1) // QUARTER, (rows["month"] > HALF).astype(float)
    card = rows["card"].astype(float)
    traits = traits_of(rows)
    blocks = [
        (pd.get_dummies(rows["time"], dtype=float), FREE),
        (pd.get_dummies(rows["cohort"], dtype=float).iloc[:, 1:], FREE),
        (card.to_frame(), FREE),
        (traits, FREE),
        (pd.get_dummies(rows["branch_id"].astype(str), dtype=float), SPREADS["branch"] ** -2),
        (pd.get_dummies(rows["area"].astype(str), dtype=float), SPREADS["area"] ** -2),
        (pd.get_dummies(rows["area"].astype(str) + "/" + quarter.astype(str), dtype=float), SPREADS["area_quarter"] ** -2),
        (pd.get_dummies(quarter, dtype=float).mul(card, axis=0), SPREADS["holder_quarter"] ** -2),
        (traits.mul(late, axis=0), SPREADS["trait_half"] ** -2),
    ]
    return np.column_stack([part.to_numpy(dtype=float) for part, _ in blocks]), np.concatenate(
        [np.full(part.shape[1], size) for part, size in blocks]
    )


def traits_of(rows: pd.DataFrame) -> pd.DataFrame:
    """TRAITS that the rows have, as standard deviations from the mean; a missing one counts as the mean."""
    kept = {}
    for name, change in TRAITS.items():
        if name in rows:
            values = rows[name].astype("Float64").astype(float)
            values = values if change is None else change(values.clip(lower=0))
            spread = values.std()
            if spread > 0:
                kept[name] = ((values - values.mean()) / spread).fillna(0.0)
    return pd.DataFrame(kept, index=rows.index)


def _share(struck: Struck, panel: Panel, imputed: Imputed) -> LeverShare:
    everybody, people = struck.people, _some(struck).people
    leavers = int(people["left"].sum())
    treated, slope = _treated(panel, imputed)
    value = float(treated["excess"].sum() / leavers)
    influence = _by_branch(people, panel, imputed, treated, slope)
    frame = struck.levers[LEVER]
    ids = frame.loc[frame["struck"], "customer_id"].unique()
    hit = everybody.loc[everybody["left"] & everybody["customer_id"].isin(ids), "customer_id"].to_numpy()
    everyone = int(everybody["left"].sum())
    size = len(influence)
    return LeverShare(
        lever=LEVER, value=value, influence=influence, clusters=size,
        df=wild_df(influence.to_numpy()) if FEWEST_CLUSTERS <= size <= FEW_CLUSTERS else size - 1.0,
        base=len(everybody), struck=len(ids), leavers_struck=len(hit), overlap=1.0,
        by_customer=pd.Series(value * everyone / max(len(hit), 1), hit), leavers=everyone,
        by_unit=_by_customer(people, panel, imputed, treated, slope, value),
    )  # fmt: skip


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


def _by_branch(people, panel: Panel, imputed: Imputed, treated: pd.DataFrame, slope: np.ndarray) -> pd.Series:
    """Influence of each branch on the share: the jackknife without it."""
    branches = pd.Index(sorted(panel.rows["branch_id"].astype(str).unique()))
    size = len(branches)
    total = np.bincount(branches.get_indexer(treated["branch_id"].astype(str)), treated["excess"], size)
    place = branches.get_indexer(people["branch_id"].astype(str))
    left = np.bincount(place[place >= 0], people["left"].to_numpy(dtype=float)[place >= 0], size)
    by_branch = np.zeros((size, slope.shape[1]))
    np.add.at(by_branch, branches.get_indexer(treated["branch_id"].astype(str)), slope)
    moved = moves(panel.design, imputed, branches.get_indexer(panel.rows["branch_id"].astype(str)))
    others = slope.sum(axis=0) - by_branch
    without = (total.sum() - total - (others * moved).sum(axis=1)) / np.maximum(left.sum() - left, 1)
    return pd.Series(jackknife_influence(without), branches)


def _by_customer(people, panel: Panel, imputed: Imputed, treated: pd.DataFrame, slope: np.ndarray, value: float) -> pd.Series:
    """The same error by customer, to first order."""
    direction = np.linalg.solve(imputed.information, slope.sum(axis=0))
    through_fit = pd.Series((panel.design @ direction) * imputed.score).groupby(panel.rows["customer_id"].to_numpy()).sum()
    own = treated.set_index("customer_id")["excess"]
    ids = pd.Index(people["customer_id"])
    left = pd.Series(people["left"].to_numpy(dtype=float), ids)
    parts = own.reindex(ids).fillna(0.0) - through_fit.reindex(ids).fillna(0.0) - value * left
    return (parts - parts.mean()) / left.sum()
