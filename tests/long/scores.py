"""Whether the scores' intervals hold the truth in small samples, whether pooled branches do, and how often a change is told where
nothing changed. Writes docs/studies/scores.json.

    python tests/long/scores.py [--sets 200] [--runs 400]
"""

import argparse
import json
import sys
from pathlib import Path

import numpy as np
import pandas as pd
from scipy.stats import binom, multinomial

from analysis.stats.intervals import nps, wilson
from analysis.stats.overlap import change_of_means
from analysis.stats.pooling import between_share, grouped, pooled_draws, rank_ranges
from analysis.study.satisfaction_changes import changes
from analysis.wording import say

ROOT = Path(__file__).parents[2]
SIZES = (15, 20, 30, 50)
PROMOTERS = {"even": (0.4, 0.3, 0.3), "usual": (0.5, 0.3, 0.2), "skewed": (0.7, 0.2, 0.1), "very skewed": (0.85, 0.1, 0.05)}
SHARES = (0.3, 0.1, 0.05)
BRANCHES, TYPICAL, SCATTER = 44, 16, 0.8
LEVEL, SPREAD = 7.8, 1.45
CUSTOMERS, ANSWERING = 2500, 0.4
SETS_SEED, RUNS_SEED = 0, 10_000


def nps_coverage() -> list[dict]:
    """Exact: every possible sample of n answers, weighted by its chance."""
    rows = []
    for name, chances in PROMOTERS.items():
        truth = 100 * (chances[0] - chances[2])
        for n in SIZES:
            counts = [(p, n - p - d, d) for p in range(n + 1) for d in range(n + 1 - p)]
            held = [found.low <= truth <= found.high for found in (nps(*count) for count in counts)]
            rows.append({"what": "NPS", "answers": name, "n": n, "coverage": _share(multinomial.pmf(counts, n, chances) @ held)})
    return rows


def share_coverage() -> list[dict]:
    """Exact, Wilson's interval."""
    rows = []
    for share in SHARES:
        for n in SIZES:
            counts = np.arange(n + 1)
            held = [found.low <= share <= found.high for found in (wilson(count, n) for count in counts)]
            rows.append({"what": "share", "share": share, "n": n, "coverage": _share(binom.pmf(counts, n, share) @ held)})
    return rows


def marks(random: np.random.Generator, level, size=None) -> np.ndarray:
    """Whole marks from 1 to 10 round a `level`, with a ceiling."""
    return np.clip(np.round(level + SPREAD * random.standard_normal(size or np.shape(level))), 1, 10)


def true_moments(level: np.ndarray, is_share: bool) -> np.ndarray:
    """Expected mark, or share of 9 and 10, of branches of these levels."""
    steps = np.linspace(-5, 5, 2001)
    weight = np.exp(-(steps**2) / 2) / np.exp(-(steps**2) / 2).sum()
    given = np.clip(np.round(level[:, None] + SPREAD * steps), 1, 10)
    return ((given >= 9) if is_share else given) @ weight


def branches(between: float, is_share: bool, sets: int) -> dict:
    """Forty-four branches of very different sizes: how often the pooled intervals hold each branch's true value, how often a branch
    is told apart from all, and all possible ranks hold at once."""
    held, apart, runs_apart, ranked, spread = [], 0, 0, 0, []
    for seed in range(SETS_SEED + 1, SETS_SEED + sets + 1):
        random = np.random.default_rng(seed)
        sizes = np.maximum(1, random.lognormal(np.log(TYPICAL), SCATTER, BRANCHES).astype(int))
        level = LEVEL + between * random.standard_normal(BRANCHES)
        truth, label = true_moments(level, is_share), np.repeat(np.arange(BRANCHES), sizes)
        given = marks(random, level[label])
        of = grouped(pd.Series(label), pd.Series((given >= 9).astype(float) if is_share else given))
        draws = pooled_draws(of.means, of.variances, seed=seed)
        low, high = np.quantile(draws, [0.025, 0.975], axis=0)
        held.append(((low <= truth) & (truth <= high)).mean())
        below, above = np.quantile(draws - (draws @ of.sizes / of.sizes.sum())[:, None], [0.025, 0.975], axis=0)
        apart, runs_apart = apart + int(((below > 0) | (above < 0)).sum()), runs_apart + bool(((below > 0) | (above < 0)).any())
        rank, possible = truth.argsort(kind="stable").argsort() + 1, rank_ranges(of)
        tied = np.ptp(truth) < 1e-12
        ranked += bool(tied and (possible["first"] == 1).all()) or (
            not tied and bool(((possible["first"] <= rank) & (rank <= possible["last"])).all())
        )
        share = between_share(of)
        spread.append((share.low, share.high, share.value, truth.var(ddof=1), of.within))
    variance, within = np.mean([row[3:] for row in spread], axis=0)
    true_share = variance / (variance + within)
    return {
        "what": "branches", "measure": "top-two-box" if is_share else "mean", "between": between, "sets": sets,
        "coverage_pooled": _share(np.mean(held)), "told_apart_a_set": _share(apart / sets), "sets_with_any_told_apart": runs_apart,
        "sets_all_ranks_held": ranked, "spread_true": _share(true_share), "spread_mean": _share(np.mean([row[2] for row in spread])),
        "sets_spread_held": int(sum(low <= true_share <= high for low, high, *_ in spread)),
    }  # fmt: skip


def survey(random: np.random.Generator, halo: np.ndarray, drop: np.ndarray) -> pd.DataFrame:
    """One period's answers of customers with a lasting `halo`, marks lower by `drop`."""
    view = LEVEL - 0.1 + halo - drop
    overall = np.clip(np.round(view + 1.2 * random.standard_normal(len(halo))), 1, 10)
    recommend = np.clip(np.round(overall + 0.3 + 0.8 * random.standard_normal(len(halo))), 0, 10)
    effort = np.clip(np.round(5.1 + 0.3 * (overall - 7.6) + 0.9 * random.standard_normal(len(halo))), 1, 7)
    frame = pd.DataFrame(
        {
            "customer_id": np.arange(len(halo)), "branch_id": np.arange(len(halo)) % 40, "overall": overall, "recommend": recommend,
            "effort": np.where(random.random(len(halo)) < 0.4, effort, np.nan),
            "channel": random.choice(["app", "sms", "phone", "branch"], len(halo), p=[0.4, 0.3, 0.15, 0.15]),
        }
    )  # fmt: skip
    return frame[random.random(len(halo)) < ANSWERING].astype({"branch_id": str})


def false_changes(overlap: float, planted: float, runs: int) -> dict:
    """Two periods: how often any change is told where nothing changed; with marks `planted` lower in an eighth of the branches
    alone, which share of what is told is false and which share of these branches is told."""
    any_told = told = 0
    false_share, power = [], []
    labels = {
        say("Tier"): pd.Series(np.random.default_rng(1).choice(["mass", "affluent"], CUSTOMERS, p=[0.8, 0.2])),
        say("Segment"): pd.Series(np.random.default_rng(2).choice(list("abcd"), CUSTOMERS)),
        say("Sex"): pd.Series(np.random.default_rng(3).choice(["women", "men"], CUSTOMERS)),
    }
    for seed in range(RUNS_SEED + 1, RUNS_SEED + runs + 1):
        random = np.random.default_rng(seed)
        size = CUSTOMERS * (4 if planted else 1)
        halo = np.sqrt(overlap) * SPREAD * random.standard_normal(size)
        before = survey(random, halo, np.zeros(size))
        now = survey(random, halo, planted * (np.arange(size) % 8 == 0))
        ways = {} if planted else labels
        frames = [frame.drop(columns="channel") if planted else frame for frame in (now, before)]
        found = changes(*frames, ways, {})
        any_told, told = any_told + bool(found.found.shape[0]), told + len(found.found)
        if planted:
            worse = found.table["label"].map(lambda label: int(str(label).rpartition(" ")[2]) % 8 == 0).to_numpy()
            is_found = found.table["is_found"].to_numpy()
            false_share.append((is_found & ~worse).sum() / max(is_found.sum(), 1))
            power.append((is_found & worse).sum() / worse.sum())
    row = {
        "what": "changes", "lasting_share": overlap, "planted": planted, "runs": runs, "comparisons": len(found.table),
        "runs_with_any": any_told, "told": told,
    }  # fmt: skip
    return row | ({"false_share": _share(np.mean(false_share)), "power": _share(np.mean(power))} if planted else {})


def change_coverage(unit: str, n: int, overlap: float, runs: int) -> dict:
    """A change of nothing between two samples that share half of their subjects: how often the interval holds 0."""
    held = 0
    added = {"score": (-100.0, 0.0, 100.0), "share": (0.0, 1.0), "mark": ()}[unit]
    for seed in range(1, runs + 1):
        random = np.random.default_rng(seed)
        halo = np.sqrt(overlap) * SPREAD * random.standard_normal(3 * n // 2 + 1)
        samples = []
        for subjects in (np.arange(n), np.arange(n // 2, n // 2 + n)):
            given = np.clip(np.round(8.3 + halo[subjects] + SPREAD * np.sqrt(1 - overlap) * random.standard_normal(n)), 0, 10)
            value = {"score": 100.0 * (given >= 9) - 100.0 * (given < 7), "share": (given >= 9).astype(float), "mark": given}[
                unit
            ]
            samples.append(pd.Series(value, subjects))
        found = change_of_means(*samples, added).estimate()
        held += found.low <= 0 <= found.high
    return {"what": "change", "unit": unit, "n": n, "lasting_share": overlap, "runs": runs, "coverage": _share(held / runs)}


def _share(value: float) -> float:
    return round(float(value), 4)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--sets", type=int, default=200)
    parser.add_argument("--runs", type=int, default=400)
    asked = parser.parse_args()
    exact = [*nps_coverage(), *share_coverage()]
    pooled = [branches(b, is_share, asked.sets) for is_share in (False, True) for b in (0.0, 0.15, 0.4)]
    paired = [change_coverage(unit, n, o, 2000) for unit in ("mark", "score", "share") for n in (30, 100) for o in (0.0, 0.5)]
    null = [false_changes(overlap, 0.0, asked.runs) for overlap in (0.0, 0.3)]
    planted = [false_changes(0.3, 0.8, max(asked.runs // 4, 1))]
    rows = [*exact, *pooled, *paired, *null, *planted]
    least, most = (int(binom.ppf(tail, asked.sets, 0.95)) for tail in (0.005, 0.995))
    false_most = int(binom.ppf(0.99, asked.runs, 0.10))
    covered = [row["coverage"] for row in exact if row["what"] == "NPS"]
    bound = {
        "nps_coverage": [min(covered), max(covered)], "pooled_coverage_least": min(row["coverage_pooled"] for row in pooled),
        "spread_held_least": min(row["sets_spread_held"] for row in pooled), "held_bound": [least, most],
        "false_alarms": [row["runs_with_any"] for row in null], "false_alarms_most": false_most,
    }  # fmt: skip
    sys.stdout.write("\n".join("  ".join(f"{name} {value}" for name, value in row.items()) for row in [*rows, bound]) + "\n")
    target = ROOT / "docs" / "studies" / "scores.json"
    target.write_text(
        json.dumps({"seeds": "1..n (of changes 10001..10000 + n), not chosen", "rows": rows, "bound": bound}, indent=1) + "\n",
        encoding="utf-8",
    )


if __name__ == "__main__":
    main()
