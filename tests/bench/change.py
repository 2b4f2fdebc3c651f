"""What it costs to split a change of the rate with bootstrap intervals by branch: counts by branch and one-step fits, beside the plain
way, which draws the rows of each bootstrap sample, fits both models anew and computes every part again.

    python tests/bench/change.py [--customers 200000] [--branches 1000] [--bootstraps 500]
"""

import argparse
import resource
import sys
import time

import numpy as np
import pandas as pd
from scipy.special import expit

from analysis.stats.decomposition import cluster_counts, cluster_sums, clusters_of, kitagawa
from analysis.stats.logistic import fit_logistic
from analysis.stats.oaxaca import model_split, parts_of_means, reference_of, row_parts

GROUPS = {"a": [0], "b": [1, 2], "c": [3, 4, 5, 6], "d": [7], "e": [8, 9, 10], "f": [11]}
TIMED_DRAWS = 2
BANDS = 4


def book(customers: int, branches: int, seed: int = 1) -> list[tuple[pd.DataFrame, pd.Series, np.ndarray]]:
    """Two periods of the same customers, twelve attributes, about a tenth who leave, more in the second."""
    random = np.random.default_rng(seed)
    branch = random.integers(branches, size=customers)
    lasting = random.standard_normal((customers, 12))
    made = []
    for period in (0, 1):
        x = lasting + 0.5 * random.standard_normal((customers, 12)) + 0.05 * period
        x[:, ::3] = x[:, ::3] > 1
        left = random.random(customers) < expit(-2.6 + 0.2 * period + x @ np.linspace(-0.4, 0.4, 12))
        made.append((pd.DataFrame(x).rename(columns=str), pd.Series(left.astype(float)), branch))
    return made


def whole(made: list, draws: int) -> None:
    """The decomposition as the report makes it: by group, and on the model."""
    (x0, y0, code), (x1, y1, _) = made
    clusters = clusters_of(code)
    bands = [np.digitize(x["1"], [-1, 0, 1]) for x in (x0, x1)]
    counts = cluster_counts(clusters.count, draws, 0)
    tables = [np.eye(BANDS)[band] for band in bands]
    sums = [
        counts @ cluster_sums(np.hstack([table, table * y.to_numpy()[:, None]]), code, clusters.count)
        for table, y in zip(tables, (y0, y1), strict=True)
    ]
    both = np.stack(sums, axis=1)
    kitagawa(both[:, :, :BANDS], both[:, :, BANDS:])
    groups = {name: [str(place) for place in places] for name, places in GROUPS.items()}
    model_split((x0, x1), (y0, y1), groups, (code, code), clusters, draws)


def plain(made: list, seed: int) -> None:
    """One draw of branches with all of their rows, both models fitted anew, all parts from all rows."""
    branch = made[0][2]
    count = np.bincount(np.random.default_rng(seed).integers(branch.max() + 1, size=branch.max() + 1), minlength=branch.max() + 1)
    drawn = np.repeat(np.arange(len(branch)), count[branch])
    parts = [(x.iloc[drawn].reset_index(drop=True), y.iloc[drawn].reset_index(drop=True)) for x, y, _ in made]
    fits = tuple(fit_logistic(x, y).coefficients.to_numpy() for x, y in parts)
    rows = tuple(x.to_numpy() for x, _ in parts)
    reference = reference_of(rows, list(GROUPS.values()))
    parts_of_means(*(row_parts(own, fits, reference).mean(axis=0) for own in rows))


def timed(call, *given) -> float:
    """Seconds."""
    begun = time.monotonic()
    call(*given)
    return time.monotonic() - begun


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--customers", type=int, default=200_000)
    parser.add_argument("--branches", type=int, default=1000)
    parser.add_argument("--bootstraps", type=int, default=500)
    asked = parser.parse_args()
    made = book(asked.customers, asked.branches)
    ours = timed(whole, made, asked.bootstraps)
    theirs = np.mean([timed(plain, made, seed) for seed in range(TIMED_DRAWS)]) * asked.bootstraps
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 2**20
    sys.stdout.write(
        f"{asked.bootstraps} cluster bootstraps of the decomposition, {asked.customers:,} customers: {ours:.1f} s, {theirs / ours:.0f} times "
        f"as fast as drawing rows (that: {theirs:.0f} s, {TIMED_DRAWS} draws measured); peak {peak:.2f} GiB\n"
    )


if __name__ == "__main__":
    main()
