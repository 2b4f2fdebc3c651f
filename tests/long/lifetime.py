"""Do intervals of what follows from BG/NBD and Gamma-Gamma cover the truth as often as they say?

200 data sets (seeds 1 to 200) of 2,000 customers in each of four worlds; in the last one customers drop out all with the same
probability, the limit of the model. Expectations (delta method; in one world also the percentiles of 200 draws of parameters) are
held against those under the true parameters, given the same histories; outcomes against what the simulated customers then did.
Writes docs/studies/lifetime.json.
"""

import argparse
import json
import sys
import time
from pathlib import Path

import numpy as np
import pandas as pd
from scipy.stats import binomtest

from analysis.stats.lifetime import (
    expected_purchases,
    fit_bg_nbd,
    probability_alive,
    probability_of_purchase,
    simulate_histories,
    simulate_purchases,
)
from analysis.stats.likelihood import delta_method, drawn_parameters
from analysis.stats.logistic import NotEstimable
from analysis.stats.spending import expected_amount, fit_gamma_gamma, simulate_spending

RESULT = Path(__file__).parents[2] / "docs" / "studies" / "lifetime.json"
WORLDS = {
    "shop": pd.Series({"r": 0.243, "alpha": 4.414, "a": 0.793, "b": 2.426}),
    "between": pd.Series({"r": 0.9, "alpha": 6.0, "a": 0.8, "b": 3.5}),
    "bank": pd.Series({"r": 3.3, "alpha": 4.6, "a": 0.6, "b": 40.0}),
    "alike": pd.Series({"r": 3.0, "alpha": 3.0, "a": 2e4, "b": 1e6}),
}
AMOUNTS = pd.Series({"p": 2.0, "q": 3.5, "v": 40.0})
HORIZON = 52.0
DRAWS = 200
TAILS = [0.025, 0.975]
COMPARED = "shop"
ONE = pd.DataFrame({"frequency": [4.0], "recency": [20.0], "age": [30.0]})


def quantities(parameters: pd.Series, histories: pd.DataFrame) -> tuple[np.ndarray, np.ndarray]:
    """Shares, and positive quantities: of all customers, of the frequent half, and of one history."""
    often = histories["frequency"] >= max(1, histories["frequency"].median())
    bought = expected_purchases(parameters, histories, HORIZON)
    shares = [
        probability_alive(parameters, histories).mean(),
        probability_of_purchase(parameters, histories, HORIZON).mean(),
        probability_alive(parameters, ONE)[0],
    ]
    return np.array(shares), np.array([bought.sum(), bought[often].sum(), expected_purchases(parameters, ONE, HORIZON)[0]])


NAMES = ("p_alive_all", "buys_again_all", "p_alive_one", "purchases_all", "purchases_frequent", "purchases_one")


def one_data_set(truth: pd.Series, customers: int, seed: int, is_compared: bool) -> dict[str, tuple[bool, float]]:
    """By quantity and method: whether the interval covers, and its width relative to the true value."""
    random = np.random.default_rng(seed)
    histories = simulate_histories(truth, random.uniform(10, 104, customers), random)
    fit = fit_bg_nbd(histories)
    true = np.concatenate(quantities(truth, histories))
    tables = [delta_method(lambda at, k=k: quantities(at, histories)[k], fit, scale=("share", "positive")[k]) for k in (0, 1)]
    ends = {"delta": pd.concat(tables)[["low", "high"]].to_numpy().T}
    if is_compared:
        drawn = [np.concatenate(quantities(row, histories)) for _, row in drawn_parameters(fit, DRAWS, random).iterrows()]
        ends["draws"] = np.quantile(drawn, TAILS, axis=0, method="weibull")
    told = {
        f"{method} {name}": (bool(low <= at <= high), float((high - low) / at))
        for method, (lows, highs) in ends.items()
        for name, low, high, at in zip(NAMES, lows, highs, true, strict=True)
    }
    return {**told, **_outcomes(fit, histories, random)}


def _outcomes(fit, histories: pd.DataFrame, random: np.random.Generator) -> dict[str, tuple[bool, float]]:
    """Purchases and amounts that come: totals, against the outcome interval, and against that of the expectation."""
    size = len(histories)
    lasts = random.geometric(histories["leaves"].clip(lower=1e-12))
    came = np.where(histories["is_alive"], np.minimum(random.poisson(histories["rate"] * HORIZON), lasts), 0.0)
    price, count = random.gamma(AMOUNTS["q"], 1 / AMOUNTS["v"], size), histories["frequency"].to_numpy() + 1
    spendings = pd.DataFrame({"purchases": count, "mean": random.gamma(AMOUNTS["p"] * count) / price / count})
    amounts = fit_gamma_gamma(spendings)
    spent = random.gamma(AMOUNTS["p"] * came) / price

    def value(at: pd.Series, amount: pd.Series) -> list[float]:
        return [(expected_purchases(at, histories, HORIZON) * expected_amount(amount, spendings)).sum()]

    bought = list(simulate_purchases(fit, histories, HORIZON, DRAWS, random))
    worth = [simulate_spending(amounts, spendings, purchases, random) for purchases in bought]
    mean = delta_method(value, fit, amounts, scale="positive").iloc[0]
    cases = {
        "outcome purchases_all": (came.sum(), *np.quantile(np.sum(bought, axis=1), TAILS, method="weibull")),
        "outcome value_all": (spent.sum(), *np.quantile(np.sum(worth, axis=1), TAILS, method="weibull")),
        "delta value_all, held against the outcome": (spent.sum(), mean["low"], mean["high"]),
    }
    return {name: (bool(low <= at <= high), float((high - low) / at)) for name, (at, low, high) in cases.items()}


def run(world: str, sets: int, customers: int) -> tuple[dict, int]:
    told, refused = {}, 0
    for seed in range(1, sets + 1):
        try:
            for name, case in one_data_set(WORLDS[world], customers, seed, world == COMPARED).items():
                told.setdefault(name, []).append(case)
        except NotEstimable:
            refused += 1
    rows = {}
    for name, cases in told.items():
        covered, number = sum(is_covered for is_covered, _ in cases), len(cases)
        rows[name] = {
            "covered": covered, "of": number, "coverage": round(covered / number, 4),
            "p_of_0.95": round(binomtest(covered, number, 0.95).pvalue, 4),
            "mean_relative_width": round(float(np.mean([width for _, width in cases])), 4),
        }  # fmt: skip
    return rows, refused


def main() -> None:
    options = argparse.ArgumentParser(description=__doc__)
    options.add_argument("--sets", type=int, default=200)
    options.add_argument("--customers", type=int, default=2000)
    options.add_argument("--to", type=Path, default=RESULT)
    asked = options.parse_args()
    result = {"what": "coverage of 95 % intervals, BG/NBD and Gamma-Gamma", "data_sets": asked.sets, "customers": asked.customers,
              "seeds": f"1..{asked.sets}", "horizon": HORIZON, "draws": DRAWS,
              "bound": "of each world, delta intervals of expectations and intervals of outcomes: coverage consistent with 0.95 (exact binomial test, each at 1 %)",
              "worlds": {}}  # fmt: skip
    for world, truth in WORLDS.items():
        began = time.process_time()
        rows, refused = run(world, asked.sets, asked.customers)
        held = {name: row for name, row in rows.items() if name.startswith(("delta", "outcome")) and "held" not in name}
        result["worlds"][world] = {
            "truth": truth.to_dict(), "not_estimable": refused, "is_within_bound": all(row["p_of_0.95"] >= 0.01 for row in held.values()),
            "cpu_seconds": round(time.process_time() - began, 1), "quantities": rows,
        }  # fmt: skip
        for name, row in rows.items():
            sys.stdout.write(
                f"{world:8} {name:45} {row['coverage']:.3f} (p {row['p_of_0.95']:.3f}), width {row['mean_relative_width']:.3f}\n"
            )
        sys.stdout.flush()
    asked.to.parent.mkdir(parents=True, exist_ok=True)
    asked.to.write_text(json.dumps(result, indent=1) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
