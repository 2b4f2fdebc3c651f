"""What each lever accounts for: expected churn with every set of levers switched off, and Shapley's split of the joint share."""

from itertools import combinations
from math import comb

import numpy as np

from analysis.bank.demo.calendar import NEVER
from analysis.bank.demo.history import STAYS, Snapshot
from analysis.bank.demo.life import VISITS_AT_LEAST, VISITS_AWAY, grievances, logins, long_share
from analysis.bank.demo.outcomes import WAYS, Horizon, expected, settled
from analysis.bank.demo.people import Traits
from analysis.bank.demo.state import Held, State, draw
from analysis.bank.demo.surroundings import RATE_GAP_FELT, Surroundings
from analysis.bank.demo.worlds import LEVERS, World

REPLICATES = 6
LOWEST_SATISFACTION = -6.0
SETS = tuple(frozenset(chosen) for size in range(len(LEVERS) + 1) for chosen in combinations(LEVERS, size))
BITS = 1 << np.arange(len(LEVERS))
CODES = np.array([sum(1 << LEVERS.index(lever) for lever in off) for off in SETS])


def churn_by_set(
    rng: np.random.Generator, horizon: Horizon, traits: Traits, held: Held, stage: Surroundings, world: World, at: Snapshot
) -> np.ndarray:
    """REPLICATES × SETS × WAYS: the expected number of these customers who leave within the horizon in each way where the
    levers of the set do not strike, everything else evolving anew with the same draws."""
    result = np.zeros((REPLICATES, len(SETS), len(WAYS)))
    result += settled(horizon, traits, at).sum(axis=1)
    free = np.flatnonzero((at.status == STAYS) & (at.leaves == NEVER))
    some, own, state = traits.take(free), held.take(free), at.state.take(free)
    for replicate in range(REPLICATES):
        chance = [draw(rng, len(free)) for _ in horizon.inside]
        reach = within_reach(horizon, some, own, stage, world, state, chance)
        by_set = _by_set(horizon, some, own, stage, world, state, chance, reach)
        result[replicate] += by_set
    return result


def _by_set(horizon, traits, held, stage, world, state, chance, reach) -> np.ndarray:
    """SETS × WAYS. A customer is lived once for each set of levers within its reach; any other set is to it as its part
    within reach."""
    pattern = (reach * BITS[:, None]).sum(axis=0)
    pairs = [np.flatnonzero((pattern & code) == code) for code in CODES]
    rows, code = np.concatenate(pairs), np.repeat(CODES, [len(pair) for pair in pairs])
    some = [({name: drawn[rows] for name, drawn in uniform.items()}, normal[:, rows]) for uniform, normal in chance]
    off = (code & BITS[:, None]) > 0
    ways = expected(horizon, traits.take(rows), held.take(rows), stage, world, state.take(rows), some, off)
    cell = pattern[rows] * len(SETS) + code
    by_cell = np.stack([np.bincount(cell, way, len(SETS) ** 2).reshape(len(SETS), -1) for way in ways], axis=-1)
    patterns = np.arange(len(SETS))
    return np.array([by_cell[patterns, patterns & code].sum(axis=0) for code in CODES])


def within_reach(
    horizon: Horizon, traits: Traits, held: Held, stage: Surroundings, world: World, state: State, chance
) -> np.ndarray:
    """Levers × customers: whom a lever could strike within the horizon with these draws, whatever else is switched off (a
    superset: visits at their most frequent, grievances at the lowest satisfaction)."""
    reach = {**dict.fromkeys(LEVERS, False), "unresolved_complaint": state.pending.copy()}
    visits = (VISITS_AT_LEAST + VISITS_AWAY * (1 - traits.digital)) * 1.5
    worst = np.full(len(traits), LOWEST_SATISFACTION)
    vexing = np.array([[world.grieved.get(lever, 0) > 0] * len(traits) for lever in LEVERS])
    for number, month in enumerate(horizon.inside):
        uniform, _ = chance[number]
        waits = uniform["wait"] < 1 - np.exp(-visits * long_share(month, traits, stage, world))
        out = traits.uses_app & (uniform["login"] < 1 - np.exp(-stage.hours_out[month] * logins(traits)))
        reach["long_wait"] |= waits
        reach["app_outage"] |= out
        told = grievances(month, traits, stage, world, vexing, worst, uniform)
        reach["unresolved_complaint"] |= told["unresolved"]
        reach["fee_rise"] |= (stage.fee_month[traits.branch] == month) & held.card[:, month]
        reach["manager_left"] |= stage.departing[traits.place, month]
        reach["competitor_rate"] |= held.matures[:, month] & (stage.gap[stage.area[traits.branch], month] > RATE_GAP_FELT)
    return np.array([reach[lever] for lever in LEVERS])


def attributable(churn: np.ndarray) -> dict[str, np.ndarray]:
    """Expected churn by replicate and set (as `SETS`) → by finding id the attributable share of each replicate:
    `cause_alone.<lever>`, `cause_joint`, and `cause.<lever>`, Shapley's split of the joint share (Shapley 1953)."""
    at = {off: number for number, off in enumerate(SETS)}
    share = 1 - churn / churn[:, [at[frozenset()]]]
    result = {"cause_joint": share[:, at[frozenset(LEVERS)]]}
    for lever in LEVERS:
        result[f"cause_alone.{lever}"] = share[:, at[frozenset([lever])]]
        others = [off for off in SETS if lever not in off]
        weight = {off: 1 / (len(LEVERS) * comb(len(LEVERS) - 1, len(off))) for off in others}
        result[f"cause.{lever}"] = sum(weight[off] * (share[:, at[off | {lever}]] - share[:, at[off]]) for off in others)
    return result
