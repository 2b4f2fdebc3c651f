"""How long BG/NBD takes to fit on 29,000 and 289,000 customers (the size at which lifetimes issue #405 did not converge), beside a
plain fit: Nelder-Mead on the uncollapsed rows of the smaller number, from the same start.

Histories are in whole days: as the model makes them with a shop's parameters (few purchases) and a bank's (many payments), and daily
ones much like those that the issue describes, which the model does not make: two thirds of customers as old as the data, up to one
purchase on each of 501 days. CPU seconds.
"""

import argparse
import sys
import time

import numpy as np
import pandas as pd
from scipy.optimize import minimize
from scipy.special import gammaln

from analysis.stats.lifetime import HISTORY, fit_bg_nbd, simulate_histories

WORLDS = {
    "shop": pd.Series({"r": 0.243, "alpha": 4.414 * 7, "a": 0.793, "b": 2.426}),
    "bank": pd.Series({"r": 3.3, "alpha": 4.6 * 7, "a": 0.6, "b": 40.0}),
}
MOST_DAYS = 1095


def daily_histories(customers: int) -> pd.DataFrame:
    """A purchase or none each day, with a chance of the customer's own, for as long as it stays."""
    random = np.random.default_rng(7)
    is_old = random.random(customers) < 2 / 3
    age = np.where(is_old, random.integers(497, 502, customers), random.integers(0, 497, customers) ** 0.85 * 497**0.15).round()
    life = np.where(random.random(customers) < 0.6, age, random.integers(0, 502, customers).clip(0, age))
    daily = random.beta(0.7, 0.9, customers).clip(1e-3)
    frequency = random.binomial(life.astype(int), daily).astype(float)
    recency = np.where(frequency > 0, np.maximum(life - random.geometric(daily) + 1, frequency), 0.0)
    return pd.DataFrame({"frequency": frequency, "recency": recency, "age": age})


def histories_of(world: str, customers: int) -> pd.DataFrame:
    """Customers of all ages up to three years; times are whole days, a purchase at most one day."""
    if world == "daily":
        return daily_histories(customers)
    random = np.random.default_rng(7)
    made = simulate_histories(WORLDS[world], random.integers(30, MOST_DAYS, customers), random)
    recency = np.ceil(made["recency"])
    return made.assign(recency=recency, frequency=np.minimum(made["frequency"], recency))[HISTORY]


def plain_log_likelihood(theta: np.ndarray, x: np.ndarray, recency: np.ndarray, age: np.ndarray) -> float:
    """Mean negative log likelihood, each row by itself (Fader, Hardie, Lee 2005)."""
    r, alpha, a, b = np.exp(theta)
    value = gammaln(r + x) - gammaln(r) + r * np.log(alpha) + gammaln(a + b) + gammaln(b + x) - gammaln(b) - gammaln(a + b + x)
    later = np.maximum(x, 1) - 1
    gone = np.where(x > 0, np.log(a) - np.log(b + later) - (r + x) * np.log(alpha + recency), -np.inf)
    return -(value + np.logaddexp(-(r + x) * np.log(alpha + age), gone)).mean()


def plain_fit(histories: pd.DataFrame) -> tuple[np.ndarray, float, bool]:
    """Parameters, log likelihood, and whether the search says that it settled."""
    rows = [histories[name].to_numpy(dtype=float) for name in HISTORY]
    start = np.log([1.0, histories["age"].mean() / histories["frequency"].mean(), 1.0, 1.0 + histories["frequency"].mean()])
    options = {"maxiter": 5000, "maxfev": 5000, "xatol": 1e-6, "fatol": 1e-10}
    found = minimize(plain_log_likelihood, start, args=tuple(rows), method="Nelder-Mead", options=options)
    return np.exp(found.x), -found.fun * len(histories), found.success


def timed(function, *arguments):
    before = time.process_time()
    result = function(*arguments)
    return result, time.process_time() - before


def main() -> None:
    options = argparse.ArgumentParser(description=__doc__)
    options.add_argument("--large", type=int, default=289_000)
    options.add_argument("--small", type=int, default=29_000)
    asked = options.parse_args()
    for world in (*WORLDS, "daily"):
        large, small = histories_of(world, asked.large), histories_of(world, asked.small)
        fit, seconds = timed(fit_bg_nbd, large)
        fit_small, seconds_small = timed(fit_bg_nbd, small)
        (_, value, settled), plain = timed(plain_fit, small)
        sys.stdout.write(
            f"{world}: {asked.large:,} customers {seconds:.2f} s, {asked.small:,} customers {seconds_small:.2f} s: {seconds / seconds_small:.1f} "
            f"times as long for {asked.large / asked.small:.1f} times as many\n"
            f"  estimated {fit.parameters.round(3).to_dict()}{f', true {WORLDS[world].round(3).to_dict()}' if world in WORLDS else ''}\n"
            f"  plain, {asked.small:,}: {plain:.2f} s, {plain / seconds_small:.0f} times as long; {'settled' if settled else 'not settled'}; "
            f"log likelihood {value - fit_small.log_likelihood:+.6f} against ours\n"
        )


if __name__ == "__main__":
    main()
