"""What a path model's bootstrap costs, all samples computed at once from covariance matrices, beside refitting the model to each sample's
rows (both our own estimator, so that the ratio is that of the way and not of the language).

    python tests/bench/paths.py [--rows 250] [--bootstraps 500] [--refits 50]
"""

import argparse
import resource
import sys
import time

import numpy as np
import pandas as pd

from analysis.stats.paths import Design, path_model, path_model_bootstrap

SIZES = (5, 5, 5, 4, 4, 4)
NAMES = ("image", "expectation", "quality", "value", "satisfaction", "loyalty")
ARROWS = ((0, 1), (0, 4), (0, 5), (1, 2), (1, 3), (1, 4), (2, 3), (2, 4), (3, 4), (4, 5))
BLOCKS = {name: [f"{name}{number}" for number in range(size)] for name, size in zip(NAMES, SIZES, strict=True)}
DESIGN = Design(BLOCKS, tuple((NAMES[start], NAMES[end]) for start, end in ARROWS))


def answers(rows: int, seed: int = 1) -> pd.DataFrame:
    """Twenty-seven items of six constructs that follow one another."""
    random = np.random.default_rng(seed)
    latent, columns = np.zeros(rows), {}
    for items in BLOCKS.values():
        latent = 0.7 * latent + 0.7 * random.standard_normal(rows)
        columns |= {item: latent + 0.6 * random.standard_normal(rows) for item in items}
    return pd.DataFrame(columns)


def timed(call):
    """Seconds and result."""
    begun = time.monotonic()
    result = call()
    return time.monotonic() - begun, result


def refit(data: pd.DataFrame, refits: int) -> None:
    random = np.random.default_rng(0)
    for _ in range(refits):
        path_model(data.iloc[random.integers(len(data), size=len(data))], DESIGN)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rows", type=int, default=250)
    parser.add_argument("--bootstraps", type=int, default=500)
    parser.add_argument("--refits", type=int, default=50)
    asked = parser.parse_args()
    data = answers(asked.rows)
    path_model(data, DESIGN)
    spent, model = timed(lambda: path_model_bootstrap(data, DESIGN, asked.bootstraps, 7))
    plain, _ = timed(lambda: refit(data, asked.refits))
    plain *= asked.bootstraps / asked.refits
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    sys.stdout.write(
        f"{asked.rows:,} rows x {data.shape[1]} items, {asked.bootstraps} bootstraps: {spent:.2f} s ({model.replicates} converged), peak {peak:,.0f} MiB; "
        f"refitting each sample ({asked.refits} measured, counted up): {plain:.1f} s, {plain / spent:,.0f} times as long\n"
    )


if __name__ == "__main__":
    main()
