"""Customers by months before and after a branch's fee rose, and the model of their leaving without the rise."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

if TYPE_CHECKING:
    from analysis.bank.levers import Struck

LEVER = "fee_rise"
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


def fee_panel(struck: Struck, before: Struck | None = None) -> Panel:
    """The panel of the window and, where given, of the year before it (`window` 1 and 0; `time` counts on from −11)."""
    parts = [_months(some(struck), 1)]
    if before is not None and LEVER in before.levers and not before.levers[LEVER]["struck"].any():
        parts.append(_months(some(before), 0))
    rows = pd.concat(parts, ignore_index=True)
    cohorts = struck.levers[LEVER].groupby("branch_id")["cohort"].first()
    rows["cohort"] = rows["branch_id"].map(cohorts.astype("Float64").astype(float)).fillna(0).astype(int)
    # who paid more before the window began has no month without it
    rows = rows[~rows["branch_id"].isin(cohorts.index[cohorts.le(0).fillna(False)])].reset_index(drop=True)
    rows["is_exposed"] = (rows["time"] > rows["rise"]).to_numpy(dtype=bool, na_value=False)
    design, penalty = _design(rows)
    return Panel(rows, design, penalty, struck.months)


def some(struck: Struck) -> Struck:
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
