"""Whom to pursue when not all can be: ways to choose, held against each other on later prospects."""

import contextlib
import datetime as dt
from collections.abc import Mapping

import numpy as np
import pandas as pd
from scipy.special import stdtrit

from analysis.calendar import months_before
from analysis.stats.intervals import Z95, Estimate, bootstrap, percentile_interval
from analysis.stats.logistic import NotEstimable
from analysis.study.prospect_facts import VALUE_MONTHS, first_year, is_converted
from analysis.study.prospect_model import ProspectModel, expected_value, fit_prospects, propensity

REFIT_MONTHS = 3
REPLICATES = 1000
CURVE_REPLICATES = 300
POLICIES = ("expected", "propensity", "first_come", "random")
OUTCOMES = ("contribution", "converted", "expected")
GAIN_STEPS = 10


def model_at(
    facts: pd.DataFrame, monthly: pd.DataFrame, day: dt.date, horizon_months: int, factors: list[str]
) -> ProspectModel | None:
    """The model on what was known at `day`; None where conversions are too few, or allow no single answer."""
    with contextlib.suppress(NotEstimable):
        return fit_prospects(facts, monthly, day, horizon_months, factors)
    return None


def judged(facts: pd.DataFrame, monthly: pd.DataFrame, as_of: dt.date, horizon_months: int, factors: list[str]) -> pd.DataFrame:
    """At each month end whose prospects' horizon has ended by `as_of`: the prospects first seen in that month and not yet
    converted, scored by a model made at most REFIT_MONTHS − 1 months before on what was known by then. Each prospect is
    judged once.

    Columns: day, prospect_id, seen, propensity, value (expected contribution of the first year, should it convert), expected
    (propensity × value), first_come (the earlier, the higher), converted (0/1, after `day` within the horizon), contribution
    (brought in the first year; 0 without conversion; NaN where that year may not have ended by `as_of`)."""
    worth, models, parts = first_year(facts, monthly, as_of)["contribution"], {}, []
    converted = is_converted(facts, horizon_months).astype(float)
    reach = (as_of.year - facts["seen"].min().year) * 12 + 12
    for back in range(reach, horizon_months, -1):
        day, made = months_before(as_of, back), -(-back // REFIT_MONTHS) * REFIT_MONTHS
        pool = facts[facts["seen"].between(pd.Timestamp(months_before(as_of, back + 1)), pd.Timestamp(day), inclusive="right")]
        pool = pool[~(pool["seen"] + pd.to_timedelta(pool["days"], unit="D") <= pd.Timestamp(day))]
        if made not in models:
            models[made] = model_at(facts, monthly, months_before(as_of, made), horizon_months, factors)
        if models[made] is None or pool.empty:
            continue
        is_whole = back >= horizon_months + VALUE_MONTHS
        brought = (worth * converted).loc[pool.index] if is_whole else np.nan
        parts.append(_scored(models[made], pool, day).assign(converted=converted.loc[pool.index], contribution=brought))
    return pd.concat(parts, ignore_index=True) if parts else pd.DataFrame(columns=["day", "propensity", *OUTCOMES])


def _scored(model: ProspectModel, pool: pd.DataFrame, day: dt.date) -> pd.DataFrame:
    chance, value = propensity(model, pool, day), expected_value(model, pool)
    return pool[["prospect_id", "seen"]].assign(
        day=day, propensity=chance, value=value, expected=chance * value, first_come=-pool["seen"].astype("int64"), random=0.0
    )


def chosen(score: np.ndarray, capacity: float, counts: np.ndarray | None = None) -> np.ndarray:
    """How often each row is taken when the `capacity` highest scores are: its count, 0, or a part where rows tie at the edge
    (the mean over all orders of the tied; with one score for all, of all random choices). `counts` (replicates × rows) says
    how often each row is there; once if missing."""
    score = np.asarray(score, dtype=float)
    there = np.ones((1, len(score))) if counts is None else np.asarray(counts, dtype=float)
    order = np.argsort(-score, kind="stable")
    starts = np.flatnonzero(np.r_[True, np.diff(score[order]) != 0])
    size = np.add.reduceat(there[:, order], starts, axis=1)
    room = np.clip(capacity - (np.cumsum(size, axis=1) - size), 0, size)
    share = np.divide(room, size, out=np.zeros_like(room), where=size > 0)
    taken = np.empty(there.shape)
    taken[:, order] = np.repeat(share, np.diff(np.r_[starts, len(score)]), axis=1)
    return (taken * there)[0] if counts is None else taken * there


def policy_totals(
    rows: pd.DataFrame, capacity: int, seed: int, replicates: int = REPLICATES
) -> dict[tuple[str, str], np.ndarray]:
    """(policy, outcome) → what was brought a call, over all months with at most `capacity` calls each: first the value
    itself, then each bootstrap replicate, in which each month's prospects are drawn anew. Scores are taken as made."""
    sums = {(policy, outcome): np.zeros(replicates + 1) for policy in POLICIES for outcome in OUTCOMES}
    calls = 0
    for number, (_, pool) in enumerate(rows.groupby("day")):
        counts = _drawn(len(pool), replicates, seed + number)
        calls += min(capacity, len(pool))
        for policy in POLICIES:
            taken = chosen(pool[policy].to_numpy(float), capacity, counts)
            for outcome in OUTCOMES:
                sums[policy, outcome] += taken @ pool[outcome].to_numpy(float)
    return {key: total / max(calls, 1) for key, total in sums.items()}


def contrast(totals: Mapping, policy: str, other: str, outcome: str, base: int) -> Estimate:
    """How much more a call brought under `policy` than under `other`."""
    apart = totals[policy, outcome] - totals[other, outcome]
    return percentile_interval(apart[0], apart[1:], base)


def times(totals: Mapping, policy: str, other: str, outcome: str, base: int) -> Estimate:
    """How many times as much a call brought under `policy` as under `other`. The interval is normal on the log scale, with the
    bootstrap's standard error: amounts are skewed, and bootstrap intervals of a difference then cover too seldom. How often this
    one covers in simulated books is in docs/studies/prospects.json."""
    return log_interval(totals[policy, outcome] / totals[other, outcome], base)


def brought_of_expected(rows: pd.DataFrame, totals: Mapping, capacity: int) -> Estimate:
    """What those chosen by expected contribution brought ÷ what was expected of them. A numerator that few carry misleads about
    its own spread: the quantile is Student's, with half as many degrees of freedom as customers of equal size would carry it
    (sum² ÷ sum of squares); the half is what trials on skewed amounts ask for (docs/studies/prospects.json holds it up)."""
    amounts = taken_by(rows, "expected", capacity) * rows["contribution"].to_numpy(float)
    carriers = amounts.sum() ** 2 / max((amounts**2).sum(), 1e-12)
    quantile = stdtrit(max(carriers / 2, 1.0), 0.975)
    return log_interval(totals["expected", "contribution"] / totals["expected", "expected"], len(rows), float(quantile))


def log_interval(ratios: np.ndarray, base: int, quantile: float = Z95) -> Estimate:
    """A ratio, first, and its bootstrap replicates → symmetric interval of its logarithm; from 0 where more than 2.5 % of the
    replicates are not above 0."""
    above = ratios[1:][ratios[1:] > 0]
    if ratios[0] <= 0 or len(above) < 2:
        return Estimate(float(ratios[0]), None, None, base)
    factor = np.exp(quantile * np.log(above).std(ddof=1))
    is_open = len(above) < 0.975 * (len(ratios) - 1)
    return Estimate(float(ratios[0]), 0.0 if is_open else float(ratios[0] / factor), float(ratios[0] * factor), base)


def taken_by(rows: pd.DataFrame, policy: str, capacity: float) -> np.ndarray:
    """How often each row is called under `policy` with `capacity` calls a month."""
    parts = [pd.Series(chosen(pool[policy].to_numpy(float), capacity), pool.index) for _, pool in rows.groupby("day")]
    return pd.concat(parts).reindex(rows.index).to_numpy()


def gain_curve(rows: pd.DataFrame, policy: str, outcome: str, seed: int, replicates: int = CURVE_REPLICATES) -> pd.DataFrame:
    """Share of each month's prospects called, in order of `policy`, and the share of the outcome that they bring: x, value, low,
    high (at each x by itself; bootstrap of prospects within months)."""
    shares = np.linspace(0, 1, GAIN_STEPS + 1)
    caught = np.zeros((len(shares), replicates + 1))
    for number, (_, pool) in enumerate(rows.groupby("day")):
        counts = _drawn(len(pool), replicates, seed + number)
        score, brought = pool[policy].to_numpy(float), pool[outcome].to_numpy(float)
        caught += [chosen(score, share * len(pool), counts) @ brought for share in shares]
    caught = caught / caught[-1]
    low, high = np.quantile(caught[:, 1:], [0.025, 0.975], axis=1)
    return pd.DataFrame({"x": shares, "value": caught[:, 0], "low": low, "high": high})


def _drawn(rows: int, replicates: int, seed: int) -> np.ndarray:
    """How often each row is there: once, and then in each bootstrap replicate."""
    return np.vstack([np.ones(rows), bootstrap(rows, replicates, seed, lambda counts: counts)])
