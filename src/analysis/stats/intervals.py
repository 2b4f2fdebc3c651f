"""Estimates with 95 % intervals: shares, means, net promoter scores, differences, control limits."""

from collections.abc import Callable
from typing import NamedTuple

import numpy as np
import pandas as pd
from scipy.special import bdtr, bdtrik, ndtri, stdtrit

Z95 = 1.959963984540054
NPS_ADDED_ANSWERS = 3.0
PROMOTER_FROM = 9
PASSIVE_FROM = 7
FUNNEL_TAILS = {"low95": 0.025, "high95": 0.975, "low998": 0.001, "high998": 0.999}


class Estimate(NamedTuple):
    """`value` with its 95 % interval `low`-`high` and the number of observations `base` it rests on.

    None where it cannot be had: a value without observations, an interval from a single one."""

    value: float | None
    low: float | None
    high: float | None
    base: int


def wilson(successes: float, n: float) -> Estimate:
    """Share `successes / n` with Wilson's score interval (Wilson 1927; Newcombe 1998, method 3)."""
    if not 0 <= successes <= n:
        raise ValueError(f"{successes} successes out of {n} are not a share")
    if n == 0:
        return Estimate(None, None, None, 0)
    low, high = _wilson_limits(np.float64(successes), np.float64(n))
    return Estimate(successes / n, float(low), float(high), int(n))


def nps(promoters: float, passives: float, detractors: float) -> Estimate:
    """Net promoter score, -100 to 100: 100 (promoters − detractors) / answers.

    The interval is the adjusted Wald: n + 3 answers, promoters and detractors + 3/4 each
    (measuringu.com; Rocks, arXiv 1601.07235), widened where it would miss the value itself."""
    if min(promoters, passives, detractors) < 0:
        raise ValueError("the numbers of promoters, passives and detractors cannot be negative")
    n = promoters + passives + detractors
    if n == 0:
        return Estimate(None, None, None, 0)
    value, low, high = _nps_limits(np.float64(promoters), np.float64(detractors), np.float64(n))
    return Estimate(float(value), float(low), float(high), int(n))


def mean_t(values: pd.Series | np.ndarray) -> Estimate:
    """Mean with Student's t interval; missing values are left out; no interval below two values."""
    known = np.asarray(values, dtype=float)
    known = known[~np.isnan(known)]
    if len(known) < 2:
        return Estimate(float(known[0]) if len(known) else None, None, None, len(known))
    half = stdtrit(len(known) - 1, 0.975) * known.std(ddof=1) / np.sqrt(len(known))
    return Estimate(float(known.mean()), float(known.mean() - half), float(known.mean() + half), len(known))


def difference_of_shares(successes: float, n: float, other_successes: float, other_n: float) -> Estimate:
    """`successes / n − other_successes / other_n` with Newcombe's hybrid score interval (Newcombe 1998, method 10)."""
    return difference(wilson(successes, n), wilson(other_successes, other_n))


def difference(one: Estimate, other: Estimate) -> Estimate:
    """`one − other` of two independent estimates, its interval recovered from theirs (Zou and Donner 2008)."""
    if None in (*one[:3], *other[:3]):
        return Estimate(None, None, None, one.base + other.base)
    value = one.value - other.value
    low = value - np.hypot(one.value - one.low, other.high - other.value)
    high = value + np.hypot(one.high - one.value, other.value - other.low)
    return Estimate(value, float(low), float(high), one.base + other.base)


def simultaneous(table: pd.DataFrame) -> pd.DataFrame:
    """`table` of estimates (value, low, high: 95 % each) with intervals that hold for all rows at once in 95 %: limits
    moved away from the value as Bonferroni's normal quantile asks. For reading the most extreme of several rows."""
    factor = ndtri(1 - 0.025 / max(len(table), 1)) / Z95
    value = table["value"]
    return table.assign(low=value - factor * (value - table["low"]), high=value + factor * (table["high"] - value))


def design_effect(residual: np.ndarray, groups) -> float:
    """How many times the variance of a sum of `residual` grows as rows of one subject (`groups`) go together; at least 1
    (Kish 1965), and rows a subject where no residual differs from 0. A share's interval is Wilson's at n ÷ design
    effect (Korn and Graubard 1998)."""
    residual = np.asarray(residual, dtype=float)
    by_subject = pd.Series(residual).groupby(np.asarray(groups)).sum()
    alone = (residual**2).sum()
    if alone == 0 or len(by_subject) == len(residual):
        return len(residual) / len(by_subject)
    return max(float((by_subject**2).sum() / alone), 1.0)


def funnel_limits(share: float, sizes: pd.Series | np.ndarray) -> pd.DataFrame:
    """Between which limits 95 % and 99.8 % of units of each size lie if all have the same `share`.

    Exact binomial quantiles, interpolated (Spiegelhalter 2005, Statistics in Medicine 24, appendix A.1).
    Returns size, low95, high95, low998, high998 (shares), a row for each size as given."""
    if not 0 <= share <= 1:
        raise ValueError(f"a share lies between 0 and 1, not at {share}")
    size = np.asarray(sizes, dtype=int)
    limits = {name: _binomial_quantile(tail, size, share) / size for name, tail in FUNNEL_TAILS.items()}
    return pd.DataFrame({"size": size, **{name: np.clip(limit, 0, 1) for name, limit in limits.items()}})


def share_by_group(groups: pd.Series, success: pd.Series) -> pd.DataFrame:
    """Share of true `success` in each group, Wilson intervals: label, value, low, high, base, sorted by label.

    Rows whose group or success is missing are left out."""
    known = pd.DataFrame({"label": groups, "success": success.astype("Float64")}).dropna()
    counts = known.groupby("label", observed=True)["success"].agg(["sum", "size"]).astype(float)
    low, high = _wilson_limits(counts["sum"], counts["size"])
    return _labelled(counts, counts["sum"] / counts["size"], low, high)


def mean_by_group(groups: pd.Series, values: pd.Series) -> pd.DataFrame:
    """Mean of `values` in each group, Student's t intervals: label, value, low, high, base, sorted by label.

    Rows whose group or value is missing are left out; a group of one has no interval (NaN)."""
    known = pd.DataFrame({"label": groups, "value": values.astype("Float64").astype(float)}).dropna()
    moments = known.groupby("label", observed=True)["value"].agg(["mean", "std", "size"])
    half = stdtrit(moments["size"] - 1.0, 0.975) * moments["std"] / np.sqrt(moments["size"])
    return _labelled(moments, moments["mean"], moments["mean"] - half, moments["mean"] + half)


def nps_by_group(groups: pd.Series, recommend: pd.Series) -> pd.DataFrame:
    """Net promoter score of the answers `recommend` (0-10) in each group: label, value, low, high, base, sorted.

    9-10 are promoters, 0-6 detractors (Reichheld 2003); rows whose group or answer is missing are left out."""
    known = pd.DataFrame({"label": groups, "answer": recommend.astype("Float64").astype(float)}).dropna()
    kinds = known.assign(promoter=known["answer"] >= PROMOTER_FROM, detractor=known["answer"] < PASSIVE_FROM)
    counts = kinds.groupby("label", observed=True).agg(
        promoters=("promoter", "sum"), detractors=("detractor", "sum"), size=("answer", "size")
    )
    value, low, high = _nps_limits(counts["promoters"], counts["detractors"], counts["size"])
    return _labelled(counts, value, low, high)


def percentile_interval(value: float, replicates: np.ndarray, base: int) -> Estimate:
    """`value` with the 2.5 and 97.5 percentiles of its bootstrap `replicates` (Efron 1979)."""
    low, high = np.quantile(replicates, [0.025, 0.975])
    return Estimate(float(value), float(low), float(high), int(base))


def bootstrap(rows: int, replicates: int, seed: int, statistic: Callable[[np.ndarray], np.ndarray]) -> np.ndarray:
    """`statistic(counts)` for each replicate, `counts` saying how often each of the `rows` was drawn."""
    random = np.random.default_rng(seed)
    draws = (random.integers(rows, size=rows) for _ in range(replicates))
    return np.array([statistic(np.bincount(draw, minlength=rows)) for draw in draws])


def _wilson_limits(successes, n):
    centre = (successes + Z95**2 / 2) / (n + Z95**2)
    half = Z95 / (n + Z95**2) * np.sqrt(successes * (n - successes) / n + Z95**2 / 4)
    low = np.where(successes == 0, 0.0, centre - half)
    high = np.where(successes == n, 1.0, centre + half)
    return low, high


def _nps_limits(promoters, detractors, n):
    value = 100 * (promoters - detractors) / n
    size = n + NPS_ADDED_ANSWERS
    promoter = (promoters + NPS_ADDED_ANSWERS / 4) / size
    detractor = (detractors + NPS_ADDED_ANSWERS / 4) / size
    centre = promoter - detractor
    half = Z95 * np.sqrt((promoter + detractor - centre**2) / size)
    low = np.clip(np.minimum(100 * (centre - half), value), -100, 100)
    high = np.clip(np.maximum(100 * (centre + half), value), -100, 100)
    return value, low, high


def _binomial_quantile(tail: float, size: np.ndarray, share: float) -> np.ndarray:
    if share in (0, 1):
        return size * share
    guess = np.ceil(np.nan_to_num(bdtrik(tail, size, share)))
    lower = np.maximum(guess - 1, 0)
    count = np.where(bdtr(lower, size, share) >= tail, lower, guess)
    reached = bdtr(count, size, share)
    before = np.where(count > 0, bdtr(np.maximum(count - 1, 0), size, share), 0.0)
    return count - (reached - tail) / (reached - before)


def _labelled(by: pd.DataFrame, value, low, high) -> pd.DataFrame:
    columns = {"value": value, "low": low, "high": high, "base": by["size"].astype(int)}
    return pd.DataFrame(columns, index=by.index).rename_axis("label").reset_index()
