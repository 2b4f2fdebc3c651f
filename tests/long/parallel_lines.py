"""How often the test of parallel lines rejects when the lines are parallel (400 data sets) and when one is not, and how often the 95 %
intervals of the effects of one mark more, and of the slope of waiting, hold what is true (200 surveys each). Seeds 1..n, none
chosen. Writes docs/studies/parallel_lines.json.

    python tests/long/parallel_lines.py [--sets 400] [--surveys 200]
"""

import argparse
import json
import sys
from pathlib import Path

import numpy as np
import pandas as pd
from scipy.special import expit
from scipy.stats import binomtest

ROOT = Path(__file__).parents[2]
sys.path.insert(0, str(ROOT / "tests" / "study"))

from test_satisfaction_dose import AS_OF, bank  # noqa: E402

from analysis.stats.logistic import NotEstimable  # noqa: E402
from analysis.stats.multiple import discoveries  # noqa: E402
from analysis.stats.ordinal import fit_ordered, merged_levels  # noqa: E402
from analysis.stats.parallel_lines import parallel_lines  # noqa: E402
from analysis.study.satisfaction_dose import dose  # noqa: E402

OUT = ROOT / "docs" / "studies" / "parallel_lines.json"
ITEMS = 8
TOP = 9
SLOPES = np.linspace(0.2, 0.9, ITEMS)
CUTS = np.array([-9, -7.5, -6, -4.6, -3.3, -1.8, 0, 2.3, 4.6])
ROWS_A_TERM = 10
LEVEL = 0.05
LEAST_CHANCE = 0.01


def survey(seed: int, size: int, bend: float = 0.0) -> tuple[pd.DataFrame, pd.Series]:
    """Eight items marked 1 to 10 that share a halo, and an overall mark; the last item's slope is `bend` more from 9 on."""
    rng = np.random.default_rng(seed)
    own = 0.65 * rng.normal(size=(size, 1)) + 0.85 * rng.normal(size=(size, ITEMS))
    design = pd.DataFrame(np.clip(np.round(7.6 + 1.3 * own), 1, 10), columns=[f"item_{number}" for number in range(ITEMS)])
    centred = design.to_numpy() - 7.6
    score = (centred @ SLOPES)[:, None] - CUTS
    score[:, 7:] += bend * centred[:, [-1]]
    chance = np.minimum.accumulate(expit(score), axis=1)
    return design, pd.Series((rng.random((size, 1)) < chance).sum(axis=1) + 1.0)


def rejections(size: int, bend: float, sets: int) -> dict:
    """How often all terms together are found not to be parallel, and how often the bent item, or another, is then named."""
    counts = dict.fromkeys(("rejected", "named", "misnamed", "no_test"), 0)
    for seed in range(1, sets + 1):
        design, outcome = survey(seed, size, bend)
        levels = merged_levels(outcome, ROWS_A_TERM * ITEMS, TOP)
        try:
            found = None if levels is None else parallel_lines(design, levels)
        except NotEstimable:
            found = None
        if found is None:
            counts["no_test"] += 1
        elif found.p < LEVEL:
            told = discoveries(found.by_term["p"].to_numpy(), LEVEL).is_found
            counts["rejected"] += 1
            counts["named"] += int(told[-1])
            counts["misnamed"] += int(told[:-1].any())
    tested = sets - counts["no_test"]
    row = {"what": "parallel_lines", "answers": size, "bend": bend, "seeds": sets, **counts}
    return row if bend else {**row, **bound(counts["rejected"], tested, LEVEL)}


def effects(size: int, surveys: int) -> dict:
    """Truth: the mean of the derivative over a million simulated answers."""
    large, _ = survey(0, 1_000_000)
    chance = expit((large.to_numpy() - 7.6) @ SLOPES - CUTS[TOP - 2])
    truth = (chance * (1 - chance)).mean() * SLOPES
    held = np.zeros(ITEMS, dtype=int)
    for seed in range(1, surveys + 1):
        design, outcome = survey(seed, size)
        levels = merged_levels(outcome, ROWS_A_TERM * ITEMS, TOP)
        found = fit_ordered(design, levels).average_marginal_effects(TOP)
        held += (found["low"] <= truth) & (truth <= found["high"])
    return {
        "what": "coverage",
        "of": "effect of one mark more",
        "answers": size,
        "seeds": surveys,
        **of_all(held.tolist(), surveys),
    }


def of_all(held: list[int], surveys: int) -> dict:
    """By item, of all together, and whether the worst of the items is consistent with 95 %, as many being read."""
    least = min(bound(count, surveys, 0.95)["p"] for count in held)
    items = {f"item_{number}": count for number, count in enumerate(held)}
    share = round(sum(held) / len(held) / surveys, 4)
    return {**items, "share": share, "least_p": least, "is_consistent": least >= LEAST_CHANCE / len(held)}


def slopes(size: int, branches: int, surveys: int) -> dict:
    """The adjusted slope of waiting, in branches that differ."""
    held = 0
    for seed in range(1, surveys + 1):
        found = dose(*bank(seed=seed, size=size, branches=branches), AS_OF).adjusted
        held += found.low <= -0.2 <= found.high
    row = {"what": "coverage", "of": "slope of waiting", "answers": size, "branches": branches, "seeds": surveys, "held": held}
    return {**row, **bound(held, surveys, 0.95)}


def bound(count: int, of: int, expected: float) -> dict:
    """Whether the count is consistent with the expected share (binomial test at 1 %)."""
    p = float(binomtest(count, of, expected).pvalue)
    return {"share": round(count / of, 4), "p": round(p, 4), "is_consistent": p >= LEAST_CHANCE}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--sets", type=int, default=400)
    parser.add_argument("--surveys", type=int, default=200)
    asked = parser.parse_args()
    rows = [rejections(size, 0.0, asked.sets) for size in (600, 1200)]
    rows += [rejections(1200, bend, asked.sets // 4) for bend in (0.4, 0.8)]
    rows += [effects(size, asked.surveys) for size in (600, 1200)]
    rows += [slopes(size, branches, asked.surveys) for size, branches in ((400, 30), (1200, 45), (400, 12))]
    OUT.write_text(
        json.dumps(
            {"seeds": "1..n, not chosen", "bound": "binomial test at 1 %, of eight items at once at 1/8 %", "rows": rows},
            indent=1,
        )
        + "\n",
        "utf-8",
    )
    for row in rows:
        sys.stdout.write(f"{row}\n")
    if not all(row.get("is_consistent", True) for row in rows):
        raise SystemExit(1)


if __name__ == "__main__":
    main()
