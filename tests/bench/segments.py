"""What it costs to choose the number of segments and to give every customer one, beside the plain way (k-means on all rows for every k
and every bootstrap sample); and that the sample on which k is chosen is large enough: how far the least stability of a k
strays between samples and between bootstrap drawings, by size of the sample.

    python tests/bench/segments.py [--customers 1000000] [--columns 40] [--bootstraps 50] [--skip-samples]
"""

import argparse
import resource
import sys
import time

import numpy as np
import pandas as pd
from sklearn.cluster import KMeans

from analysis.stats.cluster_choice import choose_clusters
from analysis.stats.clusters import BOOTSTRAP_STARTS, STARTS, assign, jaccard_stability

KS = range(2, 11)
CLOUDS, OWN_COLUMNS, APART, TYING = 6, 4, 2.5, 0.2
PLAIN_CUSTOMERS = (20_000, 100_000)
SIZES, SAMPLES, JUDGED_K, BOOTSTRAPS = (500, 1500, 5000), 8, 6, 25


def customers(size: int, columns: int, seed: int = 1) -> pd.DataFrame:
    """Six clouds that overlap a little: each parted from the others in four columns of its own, all columns tied by a common factor."""
    random = np.random.default_rng(seed)
    centres = APART * (np.arange(columns) // OWN_COLUMNS == np.arange(CLOUDS)[:, None])
    kind = random.choice(CLOUDS, size, p=(0.3, 0.22, 0.18, 0.13, 0.1, 0.07))
    rows = centres[kind] + random.standard_normal((size, columns))
    rows += TYING * random.standard_normal((size, 1))
    return pd.DataFrame(rows, columns=[f"trait_{number}" for number in range(columns)])


def timed(call):
    """Seconds and result."""
    begun = time.monotonic()
    result = call()
    return time.monotonic() - begun, result


def plain_seconds(columns: int, bootstraps: int, size: int) -> float:
    """Seconds of the plain way on so many rows: measured for two k and two bootstrap samples of each, and counted up."""
    rows = customers(size, columns).to_numpy()
    random = np.random.default_rng(0)
    KMeans(2, n_init=1, random_state=0).fit(rows[:1000])
    spent = []
    for k in (KS[0], KS[-1]):
        whole, _ = timed(lambda k=k: KMeans(k, n_init=STARTS, random_state=0).fit(rows))
        drawn = rows[random.integers(size, size=size)]
        again, _ = timed(lambda k=k, drawn=drawn: KMeans(k, n_init=BOOTSTRAP_STARTS, random_state=0).fit(drawn))
        spent.append(whole + bootstraps * again)
    return float(np.mean(spent) * len(KS))


def sample_error(frame: pd.DataFrame, size: int) -> tuple[float, float, float]:
    """Least stability of JUDGED_K clusters on samples of so many rows: mean, spread between samples, and spread between bootstrap
    drawings of one sample."""
    random = np.random.default_rng(size)
    rows = frame.to_numpy()
    samples = [rows[random.choice(len(rows), size, replace=False)] for _ in range(SAMPLES)]
    between = [jaccard_stability(sample, JUDGED_K, BOOTSTRAPS, 0, adapts=True).min() for sample in samples]
    within = [jaccard_stability(samples[0], JUDGED_K, BOOTSTRAPS, seed, adapts=True).min() for seed in range(1, SAMPLES + 1)]
    return float(np.mean(between)), float(np.std(between, ddof=1)), float(np.std(within, ddof=1))


def tell(text: str) -> None:
    sys.stdout.write(text + "\n")
    sys.stdout.flush()


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--customers", type=int, default=1_000_000)
    parser.add_argument("--columns", type=int, default=40)
    parser.add_argument("--bootstraps", type=int, default=50)
    parser.add_argument("--skip-samples", action="store_true")
    asked = parser.parse_args()
    frame = customers(asked.customers, asked.columns)
    chosen, found = timed(lambda: choose_clusters(frame, KS, asked.bootstraps, 7))
    middles = found.space(found.centres)
    scored, _ = timed(lambda: assign(found.space(frame), middles))
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    what = f"{asked.customers:,} customers x {asked.columns} columns"
    tell(
        f"{what}: k = {found.k} of 2-10 with {asked.bootstraps} bootstraps in {chosen:.0f} s, all scored in {scored:.1f} s, peak {peak:,.0f} MiB"
    )
    small, large = (plain_seconds(asked.columns, asked.bootstraps, size) for size in PLAIN_CUSTOMERS)
    grown = np.log(large / small) / np.log(PLAIN_CUSTOMERS[1] / PLAIN_CUSTOMERS[0])
    plain = large * asked.customers / PLAIN_CUSTOMERS[1]
    tell(
        f"the plain way: {large:.0f} s for {PLAIN_CUSTOMERS[1]:,} (grows with the power {grown:.2f} of the size); taken as linear, {plain / 3600:.1f} hours for all: {plain / chosen:,.0f} times as long"
    )
    if not asked.skip_samples:
        tell(
            f"least stability of {JUDGED_K} clusters, {BOOTSTRAPS} bootstraps; spread over {SAMPLES} samples, over {SAMPLES} drawings of one sample:"
        )
        for size in SIZES:
            mean, between, within = sample_error(frame.iloc[:200_000], size)
            tell(f"  sample of {size:>6,}: mean {mean:.3f}, between samples {between:.3f}, between drawings {within:.3f}")


if __name__ == "__main__":
    main()
