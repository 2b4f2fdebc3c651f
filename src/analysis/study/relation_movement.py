"""Who moved from which group to which between two landmarks, and what of it may be told."""

import datetime as dt

import numpy as np
import pandas as pd

from analysis.finding import DISCLOSURE_THRESHOLD
from analysis.stats.intervals import Estimate, wilson
from analysis.study.churn import ESTABLISHED_MONTHS, ChurnRule
from analysis.study.disclosed import hidden, is_tellable
from analysis.study.relations import (
    BOTH,
    ESTABLISHED,
    LOST,
    NEW,
    OUTSIDE,
    PROSPECT,
    RETURNED,
    History,
    prospects_at,
    relation,
    together,
)

GROUPS = (NEW, ESTABLISHED, RETURNED, BOTH, LOST, PROSPECT, OUTSIDE)
NEVER_LOST = (NEW, ESTABLISHED, RETURNED, BOTH)


def moves(
    history: History,
    prospects: pd.DataFrame | None,
    before: dt.date,
    now: dt.date,
    rule: ChurnRule,
    new_months: int = ESTABLISHED_MONTHS,
) -> pd.DataFrame:
    """Customers and prospects known at `now` → left (the group at `before`; OUTSIDE for who was neither a customer nor a
    prospect) and right (the group at `now`), by customer_id or prospect_id. A prospect who became a customer in between is
    one row, under the customer's number."""
    today = relation(history, now, rule, new_months)
    then = relation(history, before, rule, new_months).reindex(today.index)
    known = prospects_at(prospects, before) if prospects is not None else pd.DataFrame({"converted_customer_id": []})
    came_from = np.where(today.index.isin(known["converted_customer_id"].dropna()), PROSPECT, OUTSIDE)
    people = pd.DataFrame({"left": then.where(then.notna(), came_from), "right": today})
    if prospects is None:
        return people
    waiting = prospects_at(prospects, now)["prospect_id"]
    left = np.where(waiting.isin(known["prospect_id"]), PROSPECT, OUTSIDE)
    return pd.concat([people, pd.DataFrame({"left": left, "right": PROSPECT}, index=waiting.to_numpy())])


def returned_are_few(people: pd.DataFrame) -> bool:
    """Whether the returned of either date are too few to be told."""
    return not all(is_tellable(people[side].eq(RETURNED).sum()) for side in ("left", "right"))


def movement_cells(people: pd.DataFrame) -> pd.DataFrame:
    """Moves → one row a pair of groups that occur, in the order of GROUPS: left, right, count, base (all of the left group),
    secret (may not be shown). Where too few of the returned went one way, they stand with the established at the left."""
    few = not people.loc[people["left"].eq(RETURNED), "right"].value_counts().map(is_tellable).all()
    people = people.assign(left=together(people["left"])) if few else people
    counts = people.groupby(["left", "right"]).size().unstack(fill_value=0)
    counts = counts.reindex(
        index=[name for name in GROUPS if name in counts.index], columns=[name for name in GROUPS if name in counts.columns]
    )
    cells = counts.stack().rename("count").reset_index()
    cells["base"] = cells.groupby("left")["count"].transform("sum")
    return cells.assign(secret=secret_cells(cells))


def movement_table(cells: pd.DataFrame) -> pd.DataFrame:
    """Movement cells → one row a movement that occurs and may be told: left, right, count, base, value (share of the left group),
    low, high (Wilson: for customers like these). Movements that may not be told apart are one row, whose `right` joins the
    groups by "+"; such a row that is its whole group has no
    share, since it would tell nothing, nor have those of who was unknown before, since it would be a share of nobody."""
    merged = _one_column(cells) if cells.loc[cells["right"].eq(RETURNED), "secret"].any() else cells
    joined = [_joined(rows) for _, rows in merged[merged["secret"]].groupby("left", sort=False)]
    table = pd.concat([merged[~merged["secret"]], *joined], ignore_index=True)
    table = table[table["count"].gt(0)].sort_values("left", key=lambda names: names.map(GROUPS.index), kind="stable")
    says_all = table["right"].str.contains("+", regex=False) & table["count"].eq(table["base"])
    shares = [
        (np.nan, np.nan, np.nan) if is_empty else wilson(count, base)[:3]
        for count, base, is_empty in zip(table["count"], table["base"], table["left"].eq(OUTSIDE) | says_all, strict=True)
    ]
    numbers = pd.DataFrame(shares, columns=["value", "low", "high"], index=table.index)
    return pd.concat([table.drop(columns="secret"), numbers], axis=1).reset_index(drop=True)


def _one_column(cells: pd.DataFrame) -> pd.DataFrame:
    """Established and returned at the later date as one; told where nothing of it is secret, or all that is in the row."""
    hidden_in_row = cells.groupby("left")["secret"].transform("sum")
    summed = cells.assign(right=together(cells["right"]), hidden_in_row=hidden_in_row).groupby(["left", "right"], sort=False)
    table = summed.agg(count=("count", "sum"), base=("base", "first"), secret=("secret", "sum"), row=("hidden_in_row", "first"))
    return table.assign(secret=table["secret"].gt(0) & table["secret"].lt(table["row"])).drop(columns="row").reset_index()


def _joined(rows: pd.DataFrame) -> pd.DataFrame:
    """The secret cells of a row as one; nothing where they are too few even so."""
    some = rows[rows["count"].gt(0)]
    row = rows.iloc[[0]].assign(right="+".join(some["right"]), count=some["count"].sum(), secret=False)
    return row if is_tellable(some["count"].sum()) else row.iloc[:0]


def secret_cells(cells: pd.DataFrame, axes: tuple[str, str] = ("left", "right")) -> np.ndarray:
    """Which `count`s of a grid, whose rows and columns have known sums, may not be shown, lest a small one follow. In a row of
    customers that hides something, who stayed is hidden first: the others tell more. Columns of small sums come first."""
    grid = cells.pivot(index=axes[0], columns=axes[1], values="count").fillna(0)
    size, secret = grid.to_numpy(), np.zeros(grid.shape, dtype=bool)
    stayed = np.array([[_is_stay(left, right) for right in grid.columns] for left in grid.index]) & (size > 0)
    rows = [(row, slice(None)) for row in range(len(size))]
    lines = rows + [(slice(None), column) for column in size.sum(axis=0).argsort(kind="stable")]
    while True:
        secret |= _shared(grid, secret)
        for line in lines:
            few = secret[line] | ((size[line] > 0) & (size[line] < DISCLOSURE_THRESHOLD))
            out = hidden(size[line], few | (stayed[line] & few.any() & (line in rows)))
            if (out != secret[line]).any():
                secret[line] = out
                break
        else:
            places = grid.index.get_indexer(cells[axes[0]]), grid.columns.get_indexer(cells[axes[1]])
            return secret[places]


def _shared(grid: pd.DataFrame, secret: np.ndarray) -> np.ndarray:
    """What is secret of the prospects' row or of those not yet known is so in both: the lifecycle tells their sum."""
    rows = grid.index.isin((PROSPECT, OUTSIDE))
    if rows.sum() < 2:
        return np.zeros_like(secret)
    return secret[rows].any(axis=0) & rows[:, None] & (grid.columns != PROSPECT) & (grid.to_numpy() > 0)


def _is_stay(left: str, right: str) -> bool:
    return left != PROSPECT and left in (right, {ESTABLISHED: BOTH}.get(right))


def lost_share(people: pd.DataFrame) -> Estimate:
    """Of the customers not lost at first, the share who are lost at the later landmark (Wilson)."""
    at_risk = people[people["left"].isin(NEVER_LOST)]
    return wilson(int(at_risk["right"].eq(LOST).sum()), len(at_risk))
