"""The book so many quarters on: stages as a chain, with newcomers."""

from collections.abc import Sequence
from itertools import pairwise

import numpy as np
import pandas as pd

from analysis.stats.transitions import REPLICATES, Forecast, forecast, homogeneity, transition_matrix
from analysis.study.disclosed import hidden
from analysis.study.lifecycle_moves import pairs
from analysis.study.lifecycle_stages import ACQUIRED, LOST, RETURNED, STAGES, WITH_THE_BANK

YEAR = 4
MOST_QUARTERS = {ACQUIRED: 2, RETURNED: 4}
STATES = tuple(
    state
    for stage in STAGES
    for state in ([f"{stage} {quarter}" for quarter in range(1, MOST_QUARTERS[stage] + 1)] if stage in MOST_QUARTERS else [stage])
)
CUSTOMERS = "customers"
STAYING = "with the bank"


def project(stages: pd.DataFrame, steps: Sequence[int], seed: int, replicates: int = REPLICATES) -> list[pd.DataFrame]:
    """Stages by landmark → the book so many quarters after the last, a table for each of `steps`: row (a stage with the bank,
    CUSTOMERS, LOST: how many of those with the bank will be lost), now, value, low, high (customers), share, share_low,
    share_high (of those with the bank then; of LOST: of those with it now), now_share. 95 % of futures, if customers move as in
    the past and newcomers come as in the last year, lie within each interval. Stages that end by rule are told apart by the
    quarters in them (`aged`)."""
    detailed = aged(stages)
    states, moves, last = list(STATES), pairs(detailed), detailed.iloc[:, -1]
    now = pd.DataFrame(
        [last[last.ne(LOST)].value_counts(), last[last.eq(LOST)].value_counts()], index=[STAYING, LOST], columns=states
    ).fillna(0).astype(int)  # fmt: skip
    matrix = transition_matrix(moves["before"], moves["after"], states, moves["customer_id"])
    between = homogeneity(moves["before"], moves["after"], moves["quarter"], states)
    came = arrivals(stages, detailed)
    return [_table(now, forecast(now, matrix, came, step, between, replicates, seed)) for step in steps]


def aged(stages: pd.DataFrame) -> pd.DataFrame:
    """Stages by landmark → the same with acquired and returned split by the quarters spent in them (STATES), since they end by rule;
    missing where a spell of acquired was under way at the first landmark."""
    result, age = {}, pd.Series(0, stages.index)
    before = pd.Series(None, stages.index, dtype=object)
    for place, day in enumerate(stages.columns):
        age = (age + 1).where(stages[day].eq(before), 1)
        limit = stages[day].map(MOST_QUARTERS)
        split = stages[day] + " " + age.clip(upper=limit.fillna(1)).astype(int).astype(str)
        state = stages[day].where(limit.isna(), split)
        result[day] = state.where(state.ne(f"{ACQUIRED} 1"), None) if place == 0 else state
        before = stages[day]
    return pd.DataFrame(result)


def arrivals(stages: pd.DataFrame, detailed: pd.DataFrame) -> pd.DataFrame:
    """Newcomers of each quarter of the last year (fewer where there are fewer): a row a quarter, a column a state."""
    days = list(stages.columns)[-YEAR - 1 :]
    came = [detailed.loc[stages[before].isna(), after].value_counts() for before, after in pairwise(days)]
    return pd.DataFrame(came, columns=list(STATES)).fillna(0).reset_index(drop=True)


def _table(now: pd.DataFrame, made: Forecast) -> pd.DataFrame:
    stage_of = np.array([state.partition(" ")[0] for state in STATES])
    here = np.array([stage_of == stage for stage in WITH_THE_BANK], dtype=float).T
    drawn, expected = made.draws.sum(axis=1) @ here, pd.Series(made.expected.sum().to_numpy() @ here, list(WITH_THE_BANK))
    held = pd.Series(now.loc[STAYING].to_numpy() @ here, list(WITH_THE_BANK)).astype(int)
    whole, today = drawn.sum(axis=1), int(held.sum())
    gone = made.draws[:, 0, STATES.index(LOST)]
    gone_expected = float(made.expected.loc[STAYING, LOST])
    rows = [
        (stage, held[stage], expected[stage], drawn[:, place], expected[stage] / expected.sum(), drawn[:, place] / np.fmax(whole, 1))
        for place, stage in enumerate(WITH_THE_BANK)
    ]  # fmt: skip
    rows.append((CUSTOMERS, today, expected.sum(), whole, 1.0, np.ones(len(whole))))
    rows.append((LOST, None, gone_expected, gone, gone_expected / today, gone / today))
    table = pd.DataFrame([_of_row(*row) for row in rows])
    return table.assign(now_share=table["now"] / today)


def _of_row(row: str, now: int | None, value: float, counts: np.ndarray, share: float, shares: np.ndarray) -> dict:
    low, high = np.quantile(counts, [0.025, 0.975])
    share_low, share_high = np.quantile(shares, [0.025, 0.975])
    return {
        "row": row, "now": now, "value": float(value), "low": low, "high": high,
        "share": float(share), "share_low": min(share_low, share), "share_high": max(share_high, share),
    }  # fmt: skip


def told_rows(table: pd.DataFrame) -> pd.Series:
    """Which rows of `project` may be told: stages of few customers today, and one more that would tell them, may not; where the
    data show no loss, neither how many are lost nor how many are left."""
    stages = table["row"].isin(WITH_THE_BANK)
    told = pd.Series(True, table.index)
    told[stages] = ~hidden(table.loc[stages, "now"]) & table.loc[stages, "value"].gt(0)
    return told & ~(table["row"].isin([LOST, CUSTOMERS]) & is_lossless(table))


def is_lossless(table: pd.DataFrame) -> bool:
    """Whether nobody was ever lost in the data that `project` saw."""
    return bool(table.set_index("row").loc[LOST, "value"] == 0)
