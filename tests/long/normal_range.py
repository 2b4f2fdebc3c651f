"""The normal range of a monthly figure over simulated series: how often it holds the next month, how wide it is, against charts that are
simpler; how often six figures raise a false alarm, and what a real jump does.

`python tests/long/normal_range.py` prints a table and writes docs/studies/normal_range.json (one minute)."""

import argparse
import json
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import numpy as np
from scipy.signal import lfilter
from scipy.stats import norm, t

from analysis.stats.normal_range import FIGURES, LEVEL, foretold

OUT = Path(__file__).parents[2] / "docs/studies/normal_range.json"
MONTHS = (8, 12, 24, 36)
LEVELS = {"95": 0.95, "one_of_six": LEVEL}
SIX = ("walk with drift", "walk with drift", "rolling 12 months", "rolling 12 months", "level and noise", "level and noise")
JUMPS = (3, 4, 5, 6)
Chart = Callable[[np.ndarray, float], tuple[np.ndarray, np.ndarray]]


def worlds(months: int, many: int, random: np.random.Generator) -> dict[str, np.ndarray]:
    """Series in columns, shocks of variance 1 (t with 4 degrees of freedom: 2)."""

    def shocks(more: int = 0) -> np.ndarray:
        return random.normal(size=(months + more, many))

    place = np.arange(months)[:, None]
    season = (place + random.integers(0, 12, many)) % 12
    level = np.cumsum(0.3 * shocks(11), axis=0)
    festive = 2 * ((np.arange(months + 11)[:, None] + random.integers(0, 12, many)) % 12 < 2)
    heavy = random.standard_t(4, (2, months, many))
    return {
        "walk": np.cumsum(shocks(), axis=0),
        "walk with drift": np.cumsum(0.5 + shocks(), axis=0),
        "level and noise": 10 + shocks(),
        "trend and noise": 0.2 * place + shocks(),
        "slow walk and noise": np.cumsum(0.3 * shocks(), axis=0) + shocks(),
        "rolling 12 months": rolling(shocks(11)),
        "rolling 12 months of a slow walk": rolling(level + shocks(11)),
        "rolling 12 months of a season": rolling(festive + shocks(11)),
        "autocorrelated (0.6)": lfilter([1], [1, -0.6], shocks(50), axis=0)[50:],
        "walk whose changes are autocorrelated (0.5)": np.cumsum(lfilter([1], [1, -0.5], shocks(50), axis=0)[50:], axis=0),
        "heavy tails": heavy[0],
        "walk with heavy tails": np.cumsum(heavy[1], axis=0),
        "season in two months, 2 up and 2 down": shocks() + 2.0 * (season == 0) - 2.0 * (season == 1),
        "walk, 3 up in one month of the year": np.cumsum(shocks(), axis=0) + 3.0 * (season == 0),
    }


def rolling(monthly: np.ndarray) -> np.ndarray:
    """Sums of 12 months."""
    sums = np.cumsum(np.vstack([np.zeros_like(monthly[:1]), monthly]), axis=0)
    return sums[12:] - sums[:-12]


def chart_of_changes(values: np.ndarray, level: float) -> tuple[np.ndarray, np.ndarray]:
    """The last value and mean change, Student's t (Hyndman and Athanasopoulos 2021, section 5.5: the drift method)."""
    changes = np.diff(values, axis=0)
    half = t.ppf((1 + level) / 2, len(changes) - 1) * changes.std(axis=0, ddof=1) * np.sqrt(1 + 1 / len(changes))
    return values[-1] + changes.mean(axis=0) - half, values[-1] + changes.mean(axis=0) + half


def chart_of_individuals(values: np.ndarray, level: float) -> tuple[np.ndarray, np.ndarray]:
    """Mean ± 2.66 moving ranges (Montgomery 2013, section 6.4), at the level in place of three standard errors."""
    half = 2.66 / 3 * norm.ppf((1 + level) / 2) * np.abs(np.diff(values, axis=0)).mean(axis=0)
    return values.mean(axis=0) - half, values.mean(axis=0) + half


CHARTS: dict[str, Chart] = {
    "this": lambda values, level: foretold(values, level=level),
    "changes": chart_of_changes,
    "individuals": chart_of_individuals,
}


def judged(many: int, seed: int) -> Iterator[dict]:
    """One row a world, number of months and level: coverage and mean width of each chart."""
    for months in MONTHS:
        for world, series in worlds(months + 1, many, np.random.default_rng([seed, months])).items():
            for name, level in LEVELS.items():
                ranges = {chart: make(series[:-1], level) for chart, make in CHARTS.items()}
                row = {"months": months, "world": world, "level": name}
                for chart, (low, high) in ranges.items():
                    row[f"{chart}_coverage"] = round(float(np.mean((low <= series[-1]) & (series[-1] <= high))), 4)
                    row[f"{chart}_width"] = round(float(np.mean(high - low)), 2)
                yield row


def at_once(many: int, seed: int) -> dict:
    """Six figures, 24 months before: how often any is out, with a range for each alone and with one for all."""
    random = np.random.default_rng([seed, 6])
    series = [worlds(25, many, random)[world] for world in SIX]
    return {name: round(any_out(series, level), 4) for name, level in LEVELS.items()}


def any_out(series: list[np.ndarray], level: float) -> float:
    """Share of sets of series in which the last month of any lies outside."""
    out = np.zeros(series[0].shape[1], dtype=bool)
    for own in series:
        low, high = foretold(own[:-1], level=level)
        out |= (own[-1] < low) | (own[-1] > high)
    return float(out.mean())


def found_jumps(many: int, seed: int) -> list[dict]:
    """How often a jump in the last month, in standard deviations of a month's shock, is beyond the range; 24 months before."""
    rows = []
    for world in ("level and noise", "walk with drift", "rolling 12 months"):
        series = worlds(25, many, np.random.default_rng([seed, 7]))[world]
        for jump in JUMPS:
            row = {"world": world, "jump": jump}
            for chart in ("this", "changes"):
                low, high = CHARTS[chart](series[:-1], LEVEL)
                last = series[-1] + jump
                row[chart] = round(float(np.mean((last < low) | (last > high))), 3)
            rows.append(row)
    return rows


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--series", type=int, default=2000, help="of each world")
    parser.add_argument("--seed", type=int, default=1)
    asked = parser.parse_args()
    report = {
        "what": "the range that the months before foretell for the next, on simulated series, against two charts",
        "series": asked.series,
        "seeds": f"{asked.seed}, not chosen",
        "one_of_six": f"{LEVEL:.4f}: {FIGURES} figures at once at 95 %",
        "any_of_six_out": at_once(asked.series, asked.seed),
        "jumps_found": found_jumps(asked.series, asked.seed),
        "rows": list(judged(asked.series, asked.seed)),
    }
    for row in report["rows"]:
        sys.stdout.write(f"{' | '.join(map(str, row.values()))}\n")
    sys.stdout.write(json.dumps({name: report[name] for name in ("any_of_six_out", "jumps_found")}, indent=1) + "\n")
    OUT.write_text(json.dumps(report, indent=1) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
