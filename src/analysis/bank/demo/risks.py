"""Who may leave, how likely it is, and what a crude comparison says of it: one block of customers at one landmark."""

from dataclasses import dataclass

import numpy as np
import pandas as pd

from analysis.bank.demo.calendar import NEVER, last_day
from analysis.bank.demo.history import KINDS, STAYS, VOLUNTARY_REASONS, History
from analysis.bank.demo.outcomes import WAYS, Horizon, expected, settled
from analysis.bank.demo.people import Traits
from analysis.bank.demo.state import Held, draw
from analysis.bank.demo.worlds import LEVERS, World

REPLICATES = 4
ESTABLISHED_MONTHS, DAYS_PER_MONTH = 6, 30.4375
DORMANT_DAYS, RUN_OFF_SHARE, SMALLEST_ASSETS = 180, 0.8, 100


@dataclass(frozen=True)
class Seen:
    """What an analyst sees of these customers, by customer and month: day of the last own booking (NaT), assets averaged over
    three months, contribution of twelve months up to as_of."""

    last_own: np.ndarray
    assets_3m: np.ndarray
    contribution_12m: np.ndarray


def tenure_years(month: int, traits: Traits) -> np.ndarray:
    """Years with the bank at a month's end."""
    return (last_day(month) - traits.opened).astype(float) / 365.25


def at_risk(landmark: int, traits: Traits, history: History, seen: Seen) -> np.ndarray:
    """Rows of the customers who could leave by the report's default rule: open, established, active, with assets."""
    present = history.snapshots[landmark].present
    established = tenure_years(landmark, traits) * 365.25 / DAYS_PER_MONTH >= ESTABLISHED_MONTHS
    recent = last_day(landmark) - seen.last_own[:, landmark] < np.timedelta64(DORMANT_DAYS, "D")
    return np.flatnonzero(present & established & recent & (seen.assets_3m[:, landmark] >= SMALLEST_ASSETS))


def chances(rng, horizon: Horizon, rows: np.ndarray, traits: Traits, held: Held, stage, world: World, history: History) -> tuple:
    """REPLICATES × WAYS × customers: the chances of these rows to leave within the horizon; and by customer the chance to leave
    at all of one who knows everything but the plans already made."""
    at = history.snapshots[horizon.landmark].take(rows)
    some = traits.take(rows)
    ways = np.repeat(settled(horizon, some, at)[None], REPLICATES, axis=0)
    hazard = ways[0, :3].sum(axis=0)
    stays = np.flatnonzero(at.status == STAYS)
    is_free = at.leaves[stays] == NEVER
    hazard[stays] = 0.0
    those, own, state = some.take(stays), held.take(rows[stays]), at.state.take(stays)
    for replicate in range(REPLICATES):
        chance = [draw(rng, len(stays)) for _ in horizon.inside]
        drawn = expected(horizon, those, own, stage, world, state, chance)
        hazard[stays] += drawn[:3].sum(axis=0) / REPLICATES
        ways[replicate][:, stays] += drawn * is_free
    return ways, hazard


def risk_rows(customer_id: np.ndarray, landmark: int, ways: np.ndarray, hazard: np.ndarray) -> pd.DataFrame:
    """customer_id, landmark (date), any, each of WAYS, hazard."""
    named = dict(zip((KINDS[way] for way in WAYS), ways, strict=True))
    rows = {"customer_id": customer_id, "landmark": last_day(landmark), "any": ways[:3].sum(axis=0), **named, "hazard": hazard}
    return pd.DataFrame(rows)


def crude_counts(horizon: Horizon, rows: np.ndarray, history: History, seen: Seen) -> np.ndarray:
    """Levers × 4: of these customers those whom the lever did not strike within the horizon, how many of them left by the
    report's rule, and the same of all."""
    end = horizon.end
    closed = history.closed[rows] <= last_day(end)
    left = closed & np.isin(history.exit_reason[rows], VOLUNTARY_REASONS)
    silent = ~(last_day(end) - seen.last_own[rows, end] < np.timedelta64(DORMANT_DAYS, "D"))
    emptied = seen.assets_3m[rows, end] <= (1 - RUN_OFF_SHARE) * seen.assets_3m[rows, horizon.landmark]
    left |= ~closed & (silent | emptied)
    spared = ~history.struck[:, rows][:, :, horizon.landmark + 1 : end + 1].any(axis=2)
    everybody = np.ones(len(LEVERS), int)
    return np.column_stack([spared.sum(axis=1), (spared & left).sum(axis=1), len(rows) * everybody, left.sum() * everybody])


def crude_share(counts: np.ndarray) -> float | None:
    """1 − rate of the spared ÷ rate of all: what a comparison without any adjustment says."""
    spared, spared_left, everybody, left = counts
    return float(1 - (spared_left / spared) / (left / everybody)) if spared and left else None


def expected_auc(score: np.ndarray, risk: np.ndarray) -> float:
    """Expected AUC of a score where each customer leaves with chance `risk`: pairs weighted by p_i (1 − p_j), ties by half."""
    values, place = np.unique(score, return_inverse=True)
    leaves, stays = np.bincount(place, risk, len(values)), np.bincount(place, 1 - risk, len(values))
    below = np.concatenate([[0.0], np.cumsum(stays)[:-1]])
    whole = leaves.sum() * stays.sum()
    return float((leaves * (below + stays / 2)).sum() / whole) if whole > 0 else 0.5
