"""Who may leave, how likely it is, and what a crude comparison says of it: one block of customers at one landmark."""

from dataclasses import dataclass

import numpy as np
import pandas as pd

from analysis.bank.demo.calendar import AS_OF_MONTH, NEVER, last_day
from analysis.bank.demo.history import INVOLUNTARY, KINDS, LEAD_SHARES, STAYS, History
from analysis.bank.demo.money import Balances
from analysis.bank.demo.outcomes import WAYS, Horizon, expected, settled
from analysis.bank.demo.people import Traits
from analysis.bank.demo.state import Held, draw
from analysis.bank.demo.worlds import LEVERS, MONTHS_OF_EFFECT, World

REPLICATES = 4
ESTABLISHED_MONTHS, DAYS_PER_MONTH = 6, 30.4375
DORMANT_DAYS, SMALLEST_ASSETS = 180, 100
LEAD_MONTHS = max(LEAD_SHARES)


@dataclass(frozen=True)
class Seen:
    """What an analyst sees of these customers, by customer and month: day of the last own booking (NaT), assets averaged over
    three months, contribution of twelve months up to as_of."""

    last_own: np.ndarray
    assets_3m: np.ndarray
    contribution_12m: np.ndarray


def seen_of(last_own: np.ndarray, balances: Balances, amounts: dict[str, np.ndarray]) -> Seen:
    """What the last own bookings, balances and contributions of these customers show."""
    return Seen(last_own, _mean_of_three(balances), _of_year(amounts))


def _mean_of_three(balances: Balances) -> np.ndarray:
    """customers × 48: average assets of the three months up to each, of those in which the customer had a balance."""
    assets = balances.average_deposits + balances.average_wealth
    held = assets > 0
    total, months = (np.cumsum(np.pad(grid, ((0, 0), (3, 0))), axis=1) for grid in (assets, held))
    return (total[:, 3:] - total[:, :-3]) / np.maximum(months[:, 3:] - months[:, :-3], 1)


def _of_year(amounts: dict[str, np.ndarray]) -> np.ndarray:
    """Contribution of the twelve months to as_of by customer."""
    net = amounts["ftp_interest"] + amounts["fees"] - amounts["expected_loss"] - amounts["cost"] - amounts["capital_charge"]
    return net[:, AS_OF_MONTH - 11 : AS_OF_MONTH + 1].sum(axis=1)


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
    """REPLICATES × WAYS × customers: the chances of these rows to leave within the horizon; and REPLICATES × customers the chance
    to leave at all of one who knows everything but the plans already made."""
    at = history.snapshots[horizon.landmark].take(rows)
    some = traits.take(rows)
    ways = np.repeat(settled(horizon, some, at)[None], REPLICATES, axis=0)
    hazard = ways[:, :3].sum(axis=1)
    stays = np.flatnonzero(at.status == STAYS)
    is_free = at.leaves[stays] == NEVER
    those, own, state = some.take(stays), held.take(rows[stays]), at.state.take(stays)
    for replicate in range(REPLICATES):
        chance = [draw(rng, len(stays)) for _ in horizon.inside]
        drawn = expected(horizon, those, own, stage, world, state, chance)
        hazard[replicate, stays] = drawn[:3].sum(axis=0)
        ways[replicate][:, stays] += drawn * is_free
    return ways, hazard


def risk_rows(customer_id: np.ndarray, landmark: int, ways: np.ndarray) -> pd.DataFrame:
    """customer_id, landmark (date), any, and each of WAYS, averaged over the replicates."""
    mean = ways.mean(axis=0)
    named = dict(zip((KINDS[way] for way in WAYS), mean, strict=True))
    return pd.DataFrame({"customer_id": customer_id, "landmark": last_day(landmark), "any": mean[:3].sum(axis=0), **named})


def halves(ways: np.ndarray, hazard: np.ndarray) -> np.ndarray:
    """4 × customers: hazard and chance to leave by the first half of the replicates, then by the second: a score must not be
    judged by the draws that made it."""
    half, leaves = REPLICATES // 2, ways[:, :3].sum(axis=1)
    return np.array(
        [hazard[:half].mean(axis=0), leaves[:half].mean(axis=0), hazard[half:].mean(axis=0), leaves[half:].mean(axis=0)]
    )


def crude_counts(horizon: Horizon, rows: np.ndarray, history: History) -> np.ndarray:
    """Levers × 4, of these customers' months within the horizon, while they are there: months in which the lever does not act
    and how many of them were followed by leaving within LEAD_MONTHS; the same of all months."""
    gone, kind = history.churn_month[rows], history.churn_kind[rows]
    counts = np.zeros((len(LEVERS), 4))
    for month in horizon.inside:
        there = gone > month
        leaves = there & (gone <= month + LEAD_MONTHS) & (kind != INVOLUNTARY)
        for row, lever in enumerate(LEVERS):
            first = max(month - MONTHS_OF_EFFECT[lever] + 1, 0)
            spared = there & ~history.struck[row, rows, first : month + 1].any(axis=1)
            counts[row] += spared.sum(), (spared & leaves).sum(), there.sum(), leaves.sum()
    return counts


def crude_share(counts: np.ndarray) -> float | None:
    """1 − rate of the spared ÷ rate of all: what a comparison without any adjustment says."""
    spared, spared_left, everybody, left = counts
    return float(1 - (spared_left / spared) / (left / everybody)) if spared and left else None


def expected_auc(score, risk) -> float | None:
    """AUC of `score` in expectation over the outcomes: of all pairs of different rows, each weighted by risk_i (1 − risk_j), the
    share in which i has the higher score, ties counted half; `risk` is the true probability. None without such pairs."""
    score, risk = np.asarray(score, dtype=float), np.asarray(risk, dtype=float)
    values, place = np.unique(score, return_inverse=True)
    leaves, stays = np.bincount(place, risk, len(values)), np.bincount(place, 1 - risk, len(values))
    below = np.cumsum(stays) - stays
    itself = (risk * (1 - risk)).sum()
    pairs = leaves.sum() * stays.sum() - itself
    return float(((leaves * (below + stays / 2)).sum() - itself / 2) / pairs) if pairs > 0 else None
