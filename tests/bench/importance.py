"""What it costs to share out R² (LMG and Johnson) among attributes with bootstrap intervals, all subsets from one covariance matrix a
sample, beside the plain way: every subset fitted by least squares to every bootstrap sample.

    python tests/bench/importance.py [--answers 50000] [--attributes 12] [--bootstraps 500]
"""

import argparse
import resource
import sys
import time
from itertools import combinations
from math import comb

import numpy as np
import pandas as pd

from analysis.stats.importance import relative_importance

TIMED_FITS = 3


def survey(answers: int, attributes: int, seed: int = 1) -> tuple[pd.DataFrame, pd.Series]:
    """Marks of 1 to 10 that share a halo, and an outcome that goes with some of them more than with others."""
    random = np.random.default_rng(seed)
    halo = random.standard_normal((answers, 1))
    view = halo + random.standard_normal((answers, attributes))
    outcome = view @ np.linspace(0, 0.4, attributes) + 0.6 * random.standard_normal(answers)
    marks = np.clip(np.round(7.6 + 1.3 * view), 1, 10)
    return pd.DataFrame(marks, columns=[f"attribute_{number}" for number in range(attributes)]), pd.Series(7.6 + outcome).round()


def timed(call):
    """Seconds and result."""
    begun = time.monotonic()
    result = call()
    return time.monotonic() - begun, result


def plain_seconds(x: np.ndarray, y: np.ndarray) -> float:
    """Seconds of least squares on every subset for one sample: the mean of a few fits of each size, times the subsets of that size."""
    total, random = 0.0, np.random.default_rng(0)
    for size in range(1, x.shape[1] + 1):
        subsets = list(combinations(range(x.shape[1]), size))
        chosen = random.choice(len(subsets), min(TIMED_FITS, len(subsets)), replace=False)
        spent = [timed(lambda items=subsets[number]: fitted(x[:, items], y))[0] for number in chosen]
        total += float(np.mean(spent)) * comb(x.shape[1], size)
    return total


def fitted(x: np.ndarray, y: np.ndarray) -> float:
    """R² of a fit."""
    design = np.column_stack([np.ones(len(x)), x])
    left = y - design @ np.linalg.lstsq(design, y)[0]
    return 1 - left @ left / ((y - y.mean()) ** 2).sum()


def tell(text: str) -> None:
    sys.stdout.write(text + "\n")
    sys.stdout.flush()


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--answers", type=int, default=50_000)
    parser.add_argument("--attributes", type=int, default=12)
    parser.add_argument("--bootstraps", type=int, default=500)
    asked = parser.parse_args()
    x, y = survey(asked.answers, asked.attributes)
    seconds, found = timed(lambda: relative_importance(x, y, asked.bootstraps, 7))
    told, shares = timed(found.shares)
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    what = f"{asked.answers:,} answers x {asked.attributes} attributes, {asked.bootstraps} bootstraps"
    tell(f"{what}: {seconds + told:.1f} s, peak {peak:,.0f} MiB; shares add up to {shares['share'].sum():.12f}")
    whole = fitted(x.to_numpy(), y.to_numpy())
    tell(f"R² {found.whole.lmg.sum():.10f}, by least squares {whole:.10f}")
    once = plain_seconds(x.to_numpy(), y.to_numpy())
    plain = once * (asked.bootstraps + 1)
    tell(
        f"refitting: {2**asked.attributes - 1:,} subsets take {once:.1f} s a sample ({TIMED_FITS} fits of each size timed, times the subsets of that size); "
        f"times {asked.bootstraps + 1} samples, {plain / 3600:.1f} hours: {plain / (seconds + told):,.0f} times as long"
    )


if __name__ == "__main__":
    main()
