"""Is noise told from movement, and beyond-tier from nothing? Simulated groups with known movers; nested tests with and without an
effect. Seeds 1..n, none chosen. Writes docs/studies/segment_moves.json.

    python tests/long/segment_moves.py [--runs N]
"""

import argparse
import json
import platform
import sys
from pathlib import Path

import numpy as np
import pandas as pd
from scipy.stats import binom
from sklearn.cluster import KMeans

from analysis.stats.movement import three_waves
from analysis.stats.nested import dummies, nested_test

OUT = Path(__file__).parents[2] / "docs" / "studies" / "segment_moves.json"
CUSTOMERS, GROUPS, TRAITS, SPREAD = 1500, 4, 5, 2.0
SIZES = (0.4, 0.3, 0.2, 0.1)
WORLDS = {
    "nobody moves": {"moving": 0.0, "noise": 0.5}, "nobody moves, much noise": {"moving": 0.0, "noise": 1.0},
    "5% move a year": {"moving": 0.05, "noise": 0.5}, "20% move a year": {"moving": 0.2, "noise": 0.5},
    "20% move a year, much noise": {"moving": 0.2, "noise": 1.0}, "20% move in the last year alone": {"moving": 0.2, "noise": 0.5, "before": 0.0},
    "10% move, one way": {"moving": 0.1, "noise": 0.5, "one_way": True}, "all drift a little": {"moving": 0.0, "noise": 0.5, "drift": 0.3},
}  # fmt: skip
EFFECTS = (0.0, 0.35, 0.7)


def groups_at_three_dates(seed, moving, noise, before=None, one_way=False, drift=0.0):
    """Groups as measured (customers × 3, by k-means of the last date), and the share whose true place crossed a border last."""
    random = np.random.default_rng(seed)
    centres = random.normal(0, SPREAD, (GROUPS, TRAITS))
    kind = random.choice(GROUPS, CUSTOMERS, p=SIZES)
    places = [centres[kind] + random.normal(0, 1, (CUSTOMERS, TRAITS))]
    for share in (moving if before is None else before, moving):
        moves = random.random(CUSTOMERS) < share
        step = np.ones(CUSTOMERS, dtype=int) if one_way else random.integers(1, GROUPS, CUSTOMERS)
        kind = np.where(moves, (kind + step) % GROUPS, kind)
        place = np.where(moves[:, None], centres[kind] + random.normal(0, 1, (CUSTOMERS, TRAITS)), places[-1])
        places.append(place + random.normal(0, drift, (CUSTOMERS, TRAITS)) if drift else place)
    seen = [place + random.normal(0, noise, (CUSTOMERS, TRAITS)) for place in places]
    model = KMeans(GROUPS, n_init=4, random_state=seed).fit(seen[2])
    truly = np.mean(model.predict(places[1]) != model.predict(places[2]))
    return np.column_stack([model.predict(measured) for measured in seen]), truly


def movement(runs):
    rows = []
    for name, world in WORLDS.items():
        found = []
        for seed in range(1, runs + 1):
            groups, truly = groups_at_three_dates(seed, **world)
            parts = three_waves(groups, replicates=400, seed=seed)
            found.append((parts.moved.value, truly, parts.real.value, parts.real.low <= truly <= parts.real.high))
        moved, truly, real, inside = np.array(found, dtype=float).mean(axis=0)
        rows.append({"world": name, "moved": moved, "truly": truly, "real": real, "coverage": inside})
    return pd.DataFrame(rows)


def tests(runs):
    """How often the likelihood-ratio test of three groups beyond two tiers is below 5 %; the mean gain and how often its interval
    holds it."""
    rows = []
    for effect in EFFECTS:
        found = []
        for seed in range(1, runs + 1):
            random = np.random.default_rng(seed)
            tier = pd.Series(random.choice(["a", "b"], CUSTOMERS))
            group = pd.Series(np.where(random.random(CUSTOMERS) < 0.6, tier == "b", random.integers(0, 3, CUSTOMERS)).astype(int))
            log_odds = -2 + 0.7 * (tier == "b") + effect * (group == 2)
            outcome = random.random(CUSTOMERS) < 1 / (1 + np.exp(-log_odds))
            result = nested_test(dummies(tier), dummies(group), outcome, np.arange(CUSTOMERS), seed)
            found.append((result.p < 0.05, *result.gain[:3]))
        below, value, low, high = np.array(found, dtype=float).T
        mean = value.mean()
        covered, above = np.mean((low <= mean) & (mean <= high)), np.mean(low > 0)
        rows.append({"effect": effect, "below_5_percent": below.mean(), "gain": mean, "coverage": covered, "gain_above_0": above})
    return pd.DataFrame(rows)


def main():
    arguments = argparse.ArgumentParser(description=__doc__)
    arguments.add_argument("--runs", type=int, default=200)
    runs = arguments.parse_args().runs
    parted, tested = movement(runs), tests(runs)
    sys.stdout.write(f"{parted.round(3).to_string(index=False)}\n\n{tested.round(3).to_string(index=False)}\n")
    bounds = {"null rejected at most (99 % of binomial at 5 %)": float(binom.ppf(0.99, runs, 0.05) / runs)}
    told = {
        "what": "three_waves and nested_test on simulated customers", "runs": runs, "seeds": f"1..{runs}, none chosen",
        "customers": CUSTOMERS, "groups": GROUPS, "python": platform.python_version(), "bounds": bounds,
        "movement": parted.round(4).to_dict("records"), "tests": tested.round(4).to_dict("records"),
    }  # fmt: skip
    OUT.parent.mkdir(parents=True, exist_ok=True)
    OUT.write_text(json.dumps(told, indent=1, ensure_ascii=False) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
