"""Do the intervals of path models, alpha and HTMT hold the population's values? Simulated surveys of a chain of six constructs, marks
rounded and cut to 1-10; the population's value is the estimator applied to the covariance matrix of two million answers.
Seeds 1..n, none chosen. Writes docs/studies/paths.json.

    python tests/long/paths.py [--runs N]
"""

import argparse
import json
import platform
import sys
from pathlib import Path

import numpy as np
import pandas as pd
from scipy.stats import binom

from analysis.stats.paths import Design, path_model_bootstrap, path_model_of_covariance
from analysis.stats.reliability import alpha_bootstrap, cronbach_alpha, htmt

OUT = Path(__file__).parents[2] / "docs" / "studies" / "paths.json"
SIZES = {"image": 5, "expectation": 5, "quality": 5, "value": 4, "satisfaction": 4, "loyalty": 4}
COEFFICIENTS = {
    ("image", "expectation"): 0.6, ("image", "satisfaction"): 0.2, ("image", "loyalty"): 0.3, ("expectation", "quality"): 0.7,
    ("expectation", "value"): 0.1, ("expectation", "satisfaction"): 0.0, ("quality", "value"): 0.6, ("quality", "satisfaction"): 0.15,
    ("value", "satisfaction"): 0.5, ("satisfaction", "loyalty"): 0.5,
}  # fmt: skip
LOADINGS = (0.9, 0.85, 0.8, 0.7, 0.6)
MIDDLE, SPREAD = 7.5, 1.7
WORLDS = {"normal": None, "heavy tails": 5}
CUSTOMERS = (250, 1000)
PEOPLE, PIECES = 2_000_000, 20
REPLICATES, REPLICATES_OF_HTMT = 500, 200
BLOCKS = {name: [f"{name}{number}" for number in range(1, size + 1)] for name, size in SIZES.items()}
DESIGN = Design(BLOCKS, tuple(COEFFICIENTS), scaled=False)


def standard_residuals():
    """Of each construct the standard deviation of what its arrows leave over, so that its variance is 1."""
    names, left = list(SIZES), {}
    correlation = np.eye(len(names))
    for place, name in enumerate(names):
        slopes = np.array([COEFFICIENTS.get((start, name), 0.0) for start in names])
        correlation[place, :place] = correlation[:place, place] = correlation[:place] @ slopes
        left[name] = float(np.sqrt(1 - slopes[:place] @ correlation[:place, place]))
    return left


LEFT = standard_residuals()


def answers(rows, random, degrees):
    """Marks of so many customers: latent chain, items of unequal loadings; with `degrees` some customers spread more than others
    (Student's t)."""
    latent = {}
    for name, left in LEFT.items():
        mean = sum(slope * latent[start] for (start, end), slope in COEFFICIENTS.items() if end == name)
        latent[name] = mean + left * random.standard_normal(rows)
    wide = 1.0 if degrees is None else np.sqrt((degrees - 2) / random.chisquare(degrees, rows))
    columns = {}
    for name, items in BLOCKS.items():
        for item, loading in zip(items, LOADINGS, strict=False):
            own = loading * latent[name] + np.sqrt(1 - loading**2) * random.standard_normal(rows)
            columns[item] = np.clip(np.round(MIDDLE + SPREAD * wide * own), 1, 10)
    return pd.DataFrame(columns)


def population(degrees):
    """Covariance matrix of the items."""
    random, sums, products = np.random.default_rng(0), 0.0, 0.0
    for _ in range(PIECES):
        piece = answers(PEOPLE // PIECES, random, degrees)
        sums, products = sums + piece.sum(), products + piece.T @ piece
    return products / PEOPLE - np.outer(sums, sums) / PEOPLE**2


def htmt_of(correlation, one, other):
    def apart(items):
        return correlation.loc[items, items].to_numpy()[np.triu_indices(len(items), 1)].mean()

    return correlation.loc[one, other].to_numpy().mean() / np.sqrt(apart(one) * apart(other))


def truths(covariance):
    model, spread = path_model_of_covariance(covariance, DESIGN), np.sqrt(np.diag(covariance))
    correlation = covariance / np.outer(spread, spread)
    alpha = {
        name: len(items) / (len(items) - 1) * (1 - len(items) / correlation.loc[items, items].to_numpy().sum())
        for name, items in BLOCKS.items()
    }
    names = list(BLOCKS)
    pairs = [(one, other) for place, one in enumerate(names) for other in names[place + 1 :]]
    return model, pd.Series(alpha), pd.Series({pair: htmt_of(correlation, BLOCKS[pair[0]], BLOCKS[pair[1]]) for pair in pairs})


def inside(frame, truth):
    return ((frame["low"] <= np.asarray(truth)) & (np.asarray(truth) <= frame["high"])).to_numpy()


def survey(seed, customers, degrees, model, alpha, ratio):
    """Which intervals of one survey hold the population's value, by kind."""
    data = answers(customers, np.random.default_rng(seed), degrees)
    found = path_model_bootstrap(data, DESIGN, REPLICATES, seed)
    known = found.constructs["r_squared"].notna()
    feldt = pd.DataFrame([cronbach_alpha(data[items], True) for items in BLOCKS.values()])
    drawn = pd.DataFrame([alpha_bootstrap(data[items], True, REPLICATES, seed) for items in BLOCKS.values()])
    return {
        "path": inside(found.paths, model.paths["value"]), "total effect": inside(found.effects, model.effects["value"]),
        "R²": inside(found.constructs[known], model.constructs.loc[known, "r_squared"]), "alpha, bootstrap": inside(drawn, alpha),
        "alpha, Feldt": inside(feldt, alpha), "HTMT": inside(htmt(data, BLOCKS, REPLICATES_OF_HTMT, seed), ratio),
    }  # fmt: skip


def coverage(runs):
    rows = []
    for world, degrees in WORLDS.items():
        truth = truths(population(degrees))
        for customers in CUSTOMERS:
            surveys = [survey(seed, customers, degrees, *truth) for seed in range(1, runs + 1)]
            for kind in surveys[0]:
                held = np.array([one[kind] for one in surveys])
                each = held.sum(axis=0)
                rows.append(
                    {
                        "world": world, "customers": customers, "interval": kind, "quantities": held.shape[1],
                        "coverage": held.mean(), "lowest": each.min() / runs, "highest": each.max() / runs,
                        "bound": binom.ppf(0.005 / held.shape[1], runs, 0.95) / runs,
                    }
                )  # fmt: skip
    return pd.DataFrame(rows)


def main():
    arguments = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    arguments.add_argument("--runs", type=int, default=200)
    runs = arguments.parse_args().runs
    found = coverage(runs)
    sys.stdout.write(found.round(3).to_string(index=False) + "\n")
    bounds = {
        "one quantity held at least": "binomial test at 1 %: " + str(float(binom.ppf(0.005, runs, 0.95) / runs)),
        "bound": "the least of so many quantities held at least (binomial test at 1 % over all, Bonferroni)",
    }
    told = {
        "what": "path_model_bootstrap, alpha_bootstrap, cronbach_alpha and htmt on simulated surveys", "runs": runs,
        "seeds": f"1..{runs}, none chosen", "replicates": REPLICATES, "replicates_of_htmt": REPLICATES_OF_HTMT, "items": sum(SIZES.values()),
        "python": platform.python_version(), "bounds": bounds, "coverage": found.round(4).to_dict("records"),
    }  # fmt: skip
    OUT.parent.mkdir(parents=True, exist_ok=True)
    OUT.write_text(json.dumps(told, indent=1, ensure_ascii=False) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
