"""What somebody in a hurry would say of a lever: months after it struck against all months, without any adjustment."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from analysis.stats.intervals import Z95, Estimate

if TYPE_CHECKING:
    from analysis.bank.levers import Struck

MONTHS_ACTING = 3
MONTHS_AHEAD = 3


def crude_share(struck: Struck, lever: str) -> Estimate | None:
    """1 − rate of the months in which the lever does not act ÷ rate of all months (docs/demo-bank.md, section 7): months of customers
    not yet gone; rate: gone within MONTHS_AHEAD; it acts in the month in which it struck and the MONTHS_ACTING − 1 after. Months
    whose MONTHS_AHEAD end after the window are left out. Interval: delta method, customers as clusters; base: customers. None
    where the lever is not told, or no month of one sort was followed by leaving."""
    if lever not in struck.levers:
        return None
    people, last = struck.people, struck.months - MONTHS_AHEAD
    months = np.arange(1, last + 1)
    gone = people["gone_month"].fillna(struck.months + MONTHS_AHEAD + 1).to_numpy(dtype=int)[:, None]
    closed = people["closed_month"].fillna(struck.months + 1).to_numpy(dtype=int)[:, None]
    there = (gone > months) & (closed > months)
    leaves = there & (gone <= months + MONTHS_AHEAD)
    spared = there & ~acting(people["customer_id"], struck.levers[lever], last)
    return _share(*(part.sum(axis=1).astype(float) for part in (spared, spared & leaves, there, leaves)))


def acting(customer_id: pd.Series, rows: pd.DataFrame, last: int) -> np.ndarray:
    """Customers × months 1 … `last`: whether the lever struck in the month or the MONTHS_ACTING − 1 before."""
    hit = rows.loc[rows["struck"] & (rows["month"] <= last)]
    place = pd.Index(customer_id).get_indexer(hit["customer_id"])
    acts = np.zeros((len(customer_id), last + MONTHS_ACTING), bool)
    for later in range(MONTHS_ACTING):
        acts[place, hit["month"].to_numpy() - 1 + later] = True
    return acts[:, :last]


def _share(spared: np.ndarray, spared_left: np.ndarray, months: np.ndarray, left: np.ndarray) -> Estimate | None:
    if not spared_left.sum() or not left.sum():
        return None
    ratio = (spared_left.sum() / spared.sum()) / (left.sum() / months.sum())
    part = spared_left / spared_left.sum() - spared / spared.sum() - left / left.sum() + months / months.sum()
    half = Z95 * ratio * np.sqrt((part**2).sum())
    return Estimate(float(1 - ratio), float(1 - ratio - half), float(1 - ratio + half), len(months))
