"""Are the standard errors of transitions right, and do forecast intervals cover? Run: python tests/long/transitions.py

Chains of a known matrix: all customers alike; movers and stayers (a share of customers never moves: Blumen, Kogan, McCarthy
1955); periods that differ (the matrix is drawn anew each period). Writes docs/studies/transitions.json."""

import json
import sys
from pathlib import Path

import numpy as np
import pandas as pd
from scipy.stats import binomtest

from analysis.stats.transitions import forecast, homogeneity, transition_matrix

STATES = ["a", "b", "c", "d"]
SHARES = np.array([[0.80, 0.10, 0.07, 0.03], [0.12, 0.75, 0.10, 0.03], [0.05, 0.15, 0.75, 0.05], [0.02, 0.00, 0.00, 0.98]])
START = np.array([0.3, 0.4, 0.2, 0.1])
PERIODS, STEPS, NEWCOMERS = 8, 4, 12.0
STAYERS, FIRMNESS = 0.5, 60.0
WORLDS = ("alike", "stayers", "periods")


def simulate(size: int, world: str, seed: int, periods: int = PERIODS) -> np.ndarray:
    """Codes of states, customer × (periods + 1); −1 before a newcomer came."""
    random = np.random.default_rng(seed)
    come = random.poisson(NEWCOMERS, periods)
    born = np.concatenate([np.zeros(size, int), np.repeat(np.arange(1, periods + 1), come)])
    stays = (random.random(len(born)) < STAYERS) & (world == "stayers")
    path = np.full((len(born), periods + 1), -1)
    for period in range(periods + 1):
        shares = SHARES
        if world == "periods":
            shares = np.array([random.dirichlet(np.fmax(row, 1e-12) * FIRMNESS) for row in SHARES])
        fresh = born == period
        path[fresh, period] = random.choice(4, size=fresh.sum(), p=START) if period == 0 else 0
        here = born < period
        if period:
            drawn = (random.random((len(born), 1)) > np.cumsum(shares, axis=1)[path[:, period - 1]]).sum(axis=1).clip(max=3)
            path[here, period] = np.where(stays, path[:, period - 1], drawn)[here]
    return path


def pairs_of(path: np.ndarray, step: int = 1) -> tuple:
    """before, after, subject, period of all pairs `step` periods apart."""
    names = np.array([*STATES, None], dtype=object)
    last = path.shape[1] - step
    subject, period = (part.ravel() for part in np.indices((len(path), last)))
    before, after = names[path[:, :last].ravel()], names[path[:, step:].ravel()]
    return before, after, subject, period


def standard_errors(world: str, chains: int, size: int = 400) -> pd.DataFrame:
    """Mean stated standard error ÷ spread of the estimates over chains, by pair of states: clustered, and multinomial."""
    made = [pairs_of(simulate(size, world, seed)) for seed in range(1, chains + 1)]
    value, clustered = (np.array([transition_matrix(*one[:2], STATES, one[2])[name] for one in made]) for name in ("value", "se"))
    plain = np.array([transition_matrix(*one[:2], STATES)["se"] for one in made])
    spread = value.std(axis=0, ddof=1)
    kept = spread > 0
    return pd.DataFrame(
        {"clustered": clustered.mean(axis=0)[kept] / spread[kept], "multinomial": plain.mean(axis=0)[kept] / spread[kept]}
    )


def coverage(world: str, segments: int, size: int = 500, how: str = "chain", replicates: int = 1000) -> pd.DataFrame:
    """Share of segments whose number in a state, STEPS periods on, lies within the forecast's 95 % interval; a row a state, and the
    mean width and error, in customers."""
    rows = []
    for seed in range(1, segments + 1):
        path = simulate(size, world, 10_000 + seed, PERIODS + STEPS)
        known, later = path[:, : PERIODS + 1], path[:, PERIODS + STEPS]
        truth = np.bincount(later[later >= 0], minlength=4)
        made = project(known[(known >= 0).any(axis=1)], how, seed, replicates)
        total = made.draws.sum(axis=1)
        low, high = np.quantile(total, [0.025, 0.975], axis=0)
        error = made.expected.sum().to_numpy() - truth
        rows.append(
            pd.DataFrame({"state": STATES, "inside": (low <= truth) & (truth <= high), "width": high - low, "error": error})
        )
    return pd.concat(rows).groupby("state").mean().reset_index()


def project(known: np.ndarray, how: str, seed: int, replicates: int):
    """The forecast from the known part of the paths: by the chain's power, or by the pairs STEPS periods apart."""
    step = STEPS if how == "direct" else 1
    before, after, subject, period = pairs_of(known, step)
    fresh = [known[known[:, at - step] < 0, at] for at in range(step, known.shape[1])]
    arrivals = pd.DataFrame([np.bincount(one[one >= 0], minlength=4) for one in fresh], columns=STATES)
    if how == "chain":
        arrivals = pd.DataFrame(
            [
                np.bincount(known[(known[:, at - 1] < 0) & (known[:, at] >= 0), at], minlength=4)
                for at in range(1, known.shape[1])
            ],
            columns=STATES,
        )
    last = known[:, -1]
    now = pd.DataFrame([np.bincount(last[last >= 0], minlength=4)], columns=STATES)
    between = homogeneity(before, after, period, STATES) if how == "chain" else None
    matrix = transition_matrix(before, after, STATES, subject)
    return forecast(now, matrix, arrivals, STEPS // step, between, replicates, seed)


def main(chains: int = 400, segments: int = 200) -> None:
    """Prints both tables and writes them."""
    result: dict = {"chains": chains, "segments": segments, "customers_of_a_chain": 400, "customers_of_a_segment": 500, "periods": PERIODS,
              "steps": STEPS, "seeds": f"1..{chains}, 10001..{10000 + segments}", "standard_errors": {}, "coverage": {}}  # fmt: skip
    for world in WORLDS[:2]:
        ratio = standard_errors(world, chains)
        result["standard_errors"][world] = {
            name: {
                "least": round(ratio[name].min(), 3),
                "mean": round(ratio[name].mean(), 3),
                "most": round(ratio[name].max(), 3),
            }
            for name in ratio
        }
    for world in WORLDS:
        for how in ("chain", "direct"):
            table = coverage(world, segments, how=how)
            hits = (table["inside"] * segments).round().astype(int)
            p = [float(binomtest(hit, segments, 0.95).pvalue) for hit in hits]
            result["coverage"][f"{world}, {how}"] = {
                "by_state": dict(zip(STATES, table["inside"].round(3), strict=True)), "least_p": round(min(p), 4),
                "width": table["width"].round(1).tolist(), "mean_error": table["error"].round(1).tolist(),
            }  # fmt: skip
    sys.stdout.write(json.dumps(result, indent=1) + "\n")
    target = Path(__file__).parents[2] / "docs" / "studies" / "transitions.json"
    target.parent.mkdir(exist_ok=True)
    target.write_text(json.dumps(result, indent=1) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main(*[int(value) for value in sys.argv[1:]])
