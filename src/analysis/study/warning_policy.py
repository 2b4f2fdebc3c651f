"""By what to choose whom to call: expected value, risk alone or value alone, held against each other on what then happened.

Those most likely to leave need not be those for whom a call is worth most (Ascarza 2018, Journal of Marketing Research 55)."""

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
import pandas as pd
from scipy.special import stdtrit

from analysis.stats.disclosure import dominates
from analysis.stats.intervals import Estimate
from analysis.study.disclosed import is_tellable
from analysis.study.prospect_policy import chosen, log_interval

POLICIES = ("expected", "risk", "value")
REPLICATES = 1000
SEED = 7
LEAST = 1e-9
WIDEST = 100


@dataclass(frozen=True)
class PolicyFound:
    """Lists of `capacity` customers at each of `landmarks` later landmarks, chosen by each of POLICIES from scores that saw nothing
    later. By policy: `lost`, contribution a year that went with listed customers who then left (currency a list); `left`, how many of
    them left, all landmarks together; `overlap`, share of its list that is on the list by expected value. `gain`: `lost` by expected
    value ÷ by risk alone. `record`: contribution lost ÷ foretold, of the list by expected value; `foretold`: share of its customers
    foretold to leave. `base`: customers × landmarks."""

    lost: dict[str, float]
    left: dict[str, int]
    overlap: dict[str, float]
    gain: Estimate
    record: Estimate
    foretold: float
    capacity: int
    landmarks: int
    base: int
    is_dominated: dict[str, bool]

    @property
    def is_told(self) -> bool:
        """Whether the two lists that matter can be told: by expected value and by risk."""
        return says_something(self.gain) and all(self.tells(policy) for policy in ("expected", "risk"))

    def tells(self, policy: str) -> bool:
        """Whether enough listed customers left, no few of whom make up the amount."""
        return self.left[policy] > 0 and is_tellable(self.left[policy]) and not self.is_dominated[policy]


def says_something(ratio: Estimate) -> bool:
    """False without an interval, and where it spans more than WIDEST times its lower end: too few carry the amounts."""
    return ratio.low is not None and np.isfinite(ratio.value) and ratio.high <= WIDEST * ratio.low


def at_stake(features: pd.DataFrame) -> pd.Series:
    """Contribution a year that would go with each customer: that of the last twelve months, scaled down where business has gone
    already, by assets and loans of now ÷ their mean of the year (never up). Contributions not known count as none."""
    earned = features["contribution_12m"].fillna(0.0).astype(float)
    if not {"assets_3m", "assets_12m"} <= set(features):
        return earned
    loans = features["loans"].fillna(0.0) if "loans" in features else 0.0
    now, year = features["assets_3m"].fillna(0.0) + loans, features["assets_12m"].fillna(0.0) + loans
    return earned * (now / year.where(year > 0)).clip(0, 1).fillna(1.0)


def with_value(validation: pd.DataFrame, history: Mapping) -> pd.DataFrame:
    """Predictions at later landmarks (landmark, customer_id, probability, outcome) → landmark, customer_id, outcome, risk, value
    (see `at_stake`), expected (risk × value) and lost (value where the customer left)."""
    parts = []
    for day, own in validation.groupby("landmark", sort=True):
        features = history[day]
        value = pd.Series(at_stake(features).to_numpy(), features["customer_id"]).reindex(own["customer_id"]).to_numpy()
        parts.append(own[["landmark", "customer_id", "outcome"]].assign(risk=own["probability"].to_numpy(float), value=value))
    rows = pd.concat(parts, ignore_index=True)
    return rows.assign(expected=rows["risk"] * rows["value"], lost=rows["outcome"].astype(float) * rows["value"])


def judged_policies(
    validation: pd.DataFrame, history: Mapping, capacity: int, seed: int = SEED, replicates: int = REPLICATES
) -> PolicyFound | None:
    """Lists as they would have been made at earlier landmarks, and what then happened. None without predictions or contributions,
    or where a list would hold everybody. Intervals: bootstrap of customers, with all their landmarks together, in which each
    list is drawn up anew, on the log scale (see `_quantile`); scores are taken as made."""
    if validation.empty or "contribution_12m" not in history[max(history)]:
        return None
    rows = with_value(validation, history)
    if rows.groupby("landmark").size().min() <= capacity:
        return None
    taken = {policy: taken_by(rows, policy, capacity) for policy in POLICIES}
    landmarks = rows["landmark"].nunique()
    sums = _resampled(rows, capacity, seed, replicates)
    lost = {policy: sums[policy, "lost"] / landmarks for policy in POLICIES}
    quantile = _quantile(rows["customer_id"], *(taken[policy] * rows["lost"] for policy in ("expected", "risk")))
    return PolicyFound(
        lost={policy: float(lost[policy][0]) for policy in POLICIES},
        left={policy: round(float(taken[policy] @ rows["outcome"].astype(float))) for policy in POLICIES},
        overlap={policy: _overlap(taken[policy], taken["expected"]) for policy in POLICIES},
        gain=log_interval(lost["expected"] / np.maximum(lost["risk"], LEAST), len(rows), quantile),
        record=log_interval(sums["expected", "lost"] / np.maximum(sums["expected", "expected"], LEAST), len(rows), quantile),
        foretold=float(taken["expected"] @ rows["risk"] / taken["expected"].sum()),
        capacity=capacity,
        landmarks=landmarks,
        base=len(rows),
        is_dominated={policy: dominates(weight * rows["lost"]) for policy, weight in taken.items()},
    )


def _quantile(customers: pd.Series, *parts: pd.Series) -> float:
    """Amounts are skewed, and a sum that few carry misleads about its own spread: Student's quantile, with one degree of freedom less
    than customers of equal size would carry the sum's variance, (Σ d²)² ÷ Σ d⁴ over their parts d, at the fewest of these sums."""
    by_customer = [part.groupby(customers.to_numpy()).sum().to_numpy() for part in parts]
    carriers = min((d**2).sum() ** 2 / max((d**4).sum(), 1e-12) for d in by_customer)
    return float(stdtrit(max(carriers - 1, 1.0), 0.975))


def taken_by(rows: pd.DataFrame, policy: str, capacity: int) -> np.ndarray:
    """How often each row is on the list of its landmark under `policy`: 1, 0, or a part where rows tie at the edge."""
    made = pd.Series(0.0, rows.index)
    for _, own in rows.groupby("landmark", sort=False):
        made.loc[own.index] = chosen(own[policy].to_numpy(float), capacity)
    return made.to_numpy()


def _overlap(one: np.ndarray, other: np.ndarray) -> float:
    return float(np.minimum(one, other).sum() / max(one.sum(), 1e-12))


def _resampled(rows: pd.DataFrame, capacity: int, seed: int, replicates: int) -> dict[tuple[str, str], np.ndarray]:
    """(policy, lost or expected) → sum over all lists, first as observed, then by replicate. Each customer is drawn a Poisson number
    of times; rows too far down to be reached in any replicate are left out."""
    reach = capacity + 10 * int(np.sqrt(capacity)) + 10
    near = {
        (day, policy): own.nlargest(reach, policy, keep="first")
        for day, own in rows.groupby("landmark", sort=True)
        for policy in POLICIES
    }
    ids = pd.Index(pd.concat([own["customer_id"] for own in near.values()]).unique())
    counts = np.ones((replicates + 1, len(ids)), dtype=np.uint8)
    counts[1:] = np.random.default_rng(seed).poisson(1.0, (replicates, len(ids)))
    sums = {(policy, name): np.zeros(replicates + 1) for policy in POLICIES for name in ("lost", "expected")}
    for (_, policy), own in near.items():
        taken = chosen(own[policy].to_numpy(float), capacity, counts[:, ids.get_indexer(own["customer_id"])])
        for name in ("lost", "expected"):
            sums[policy, name] += taken @ own[name].to_numpy(float)
    return sums
