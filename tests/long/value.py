"""How often the intervals of concentration hold what is true, and how often the hazard model of promotion raises a false
alarm or finds what was planted. Writes docs/studies/value.json.

    python tests/long/value.py [--samples 1000] [--histories 200]
"""

import argparse
import json
import sys
from pathlib import Path

import numpy as np
from scipy.stats import binom, norm

ROOT = Path(__file__).parents[2]
sys.path.insert(0, str(ROOT / "tests" / "study"))

from test_value_risers import EDGES, simulate  # noqa: E402

from analysis.stats.concentration import gini_estimate, top_fraction_estimate  # noqa: E402
from analysis.study.value_risers import riser_findings, risers  # noqa: E402

TOP = 0.1
LARGE = 4000
LEAST = 0.92


def coverage(sigma: float, customers: int, samples: int) -> dict:
    """Lognormal amounts: how often the 95 % intervals of Gini and of the top tenth's share hold the true value."""
    truth = [2 * norm.cdf(sigma / np.sqrt(2)) - 1, 1 - norm.cdf(norm.ppf(1 - TOP) - sigma)]
    held = np.zeros(2, dtype=int)
    for seed in range(1, samples + 1):
        amounts = np.random.default_rng(seed).lognormal(0, sigma, customers)
        found = gini_estimate(amounts), top_fraction_estimate(amounts, TOP)
        held += [low <= true <= high for (_, low, high, _), true in zip(found, truth, strict=True)]
    shares = dict(zip(("gini", "top_tenth"), (held / samples).round(4).tolist(), strict=True))
    return {"what": "coverage", "sigma": sigma, "customers": customers, "seeds": samples, **shares}


def alarms(effect: float, histories: int) -> dict:
    """Nine quarters of 1,200 customers: how often an attribute is told to go with rising."""
    told = {"products": 0, "others": 0, "none": 0, "no_model": 0}
    for seed in range(1, histories + 1):
        names = [
            one.id.removeprefix("rise.") for one in riser_findings(risers(simulate(seed=seed, product_effect=effect), EDGES))
        ]
        told["no_model"] += not names
        told["none"] += names == ["none"]
        told["products"] += "products" in names
        told["others"] += bool(set(names) - {"products", "none"})
    return {"what": "promotion", "product_effect": effect, "customers": 1200, "seeds": histories, **told}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--samples", type=int, default=1000)
    parser.add_argument("--histories", type=int, default=200)
    asked = parser.parse_args()
    rows = [coverage(sigma, customers, asked.samples) for sigma in (0.8, 1.5) for customers in (500, 4000)]
    rows += [alarms(effect, histories) for effect, histories in ((0.0, asked.histories), (0.06, max(asked.histories // 4, 1)))]
    most = int(binom.ppf(0.99, asked.histories, 0.05))
    false = sum(rows[4][name] for name in ("products", "others"))
    large = [row[name] for row in rows[:4] if row["customers"] >= LARGE for name in ("gini", "top_tenth")]
    bound = {
        "false_alarms": false, "false_alarms_most": most, f"least_coverage_from_{LARGE}": min(large), "coverage_least": LEAST,
        "holds": false <= most and min(large) >= LEAST,
    }  # fmt: skip
    sys.stdout.write("\n".join("  ".join(f"{name} {value}" for name, value in row.items()) for row in [*rows, bound]) + "\n")
    target = ROOT / "docs" / "studies" / "value.json"
    target.parent.mkdir(exist_ok=True)
    target.write_text(json.dumps({"seeds": "1..n, not chosen", "rows": rows, "bound": bound}, indent=1) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
