"""Why the rate changed: how much of it is another mix of customers, how much another rate of customers alike."""

import datetime as dt
from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
import pandas as pd

from analysis.calendar import months_before
from analysis.stats.decomposition import (
    Clusters,
    cluster_counts,
    cluster_interval,
    cluster_sums,
    clusters_of,
    kitagawa,
)
from analysis.stats.intervals import Estimate
from analysis.study.churn import MAIN_RULE, ChurnRule, at_risk, matured
from analysis.study.disclosed import hidden, told
from analysis.study.warning_model import panel
from analysis.wording import Message, say

YEAR_MONTHS = 12
EVENTS_NEEDED = 30
DRAWS, SEED = 500, 0
TENURE_EDGES = (2, 5, 10)
PRODUCT_EDGES = (2, 3, 4)
TENURE, PRODUCTS, KIND, TIER = "tenure", "products", "kind", "tier"
GROUPINGS = {
    TENURE: say("years with the bank"),
    PRODUCTS: say("products held"),
    KIND: say("persons and companies"),
    TIER: say("tiers of assets"),
}
BANDS = (
    say("under 2 years with the bank"),
    say("2 to 5 years with the bank"),
    say("5 to 10 years with the bank"),
    say("10 years or more with the bank"),
)


@dataclass(frozen=True)
class Periods:
    """Two periods of the same season: `rows`, one a customer at risk and period: landmark, customer_id, outcome (0/1), the terms of
    `warning_model.design`, group_<grouping> (number of the group), branch_id; `days`, at which they open; `rule`."""

    rows: pd.DataFrame
    days: tuple[dt.date, dt.date]
    rule: ChurnRule

    def of(self, period: int) -> pd.DataFrame:
        """The rows of the first period (0) or the second (1)."""
        return self.rows[self.rows["landmark"] == self.days[period]]

    @property
    def customers(self) -> int:
        return int(self.rows["customer_id"].nunique())


@dataclass(frozen=True)
class Drawn:
    """What intervals rest on: `clusters` of customers (branches, each with all who were its customers in either period), `codes`,
    each row's cluster by period, `counts` of the draws."""

    clusters: Clusters
    codes: tuple[np.ndarray, np.ndarray]
    counts: np.ndarray


@dataclass(frozen=True)
class Change:
    """The change by groups: `total` = `mix` + `rate`; `rates` of both periods. `table`, a row a group: group, share_then, share_now,
    rate_then, rate_now, mix, rate, with low and high of the last two as mix_low …, is_hidden (too few customers to tell)."""

    periods: Periods
    drawn: Drawn
    rates: tuple[Estimate, Estimate]
    total: Estimate
    mix: Estimate
    rate: Estimate
    table: pd.DataFrame


def periods_of_change(
    history: Mapping[dt.date, pd.DataFrame], as_of: dt.date, tiers: Mapping[str, float], rule: ChurnRule
) -> Periods | Message:
    """The latest period that has ended and the one that opened a year before it; else the reason why there is no comparison."""
    days = matured(list(history), as_of, rule)
    pairs = [(months_before(day, YEAR_MONTHS), day) for day in days if months_before(day, YEAR_MONTHS) in days]
    if not pairs:
        return say(
            "A comparison needs two periods of {months:count} months, a year apart, that have ended by {day:date}: the data begin too late.",
            months=rule.horizon_months, day=as_of,
        )  # fmt: skip
    then, now = pairs[-1]
    rows = panel(dict(history), [then, now], rule, MAIN_RULE)
    more = [_groups(at_risk(history[day], rule), tiers).assign(landmark=day) for day in (then, now)]
    periods = Periods(rows.merge(pd.concat(more), on=["landmark", "customer_id"], validate="1:1"), (then, now), rule)
    left = [int(periods.of(period)["outcome"].sum()) for period in (0, 1)]
    if min(left) < EVENTS_NEEDED:
        return say(
            "Customers who left: {then} in the first period, {now} in the second; needed: {needed:count} in each.",
            then=told(left[0]), now=told(left[1]), needed=EVENTS_NEEDED,
        )  # fmt: skip
    return periods


def drawn_clusters(periods: Periods) -> Drawn:
    """Branches as clusters, a customer's being that of the later period; where they are fewer than eight, or not recorded for
    anybody, customers."""
    last = periods.rows.sort_values("landmark").groupby("customer_id")["branch_id"].last().fillna("")
    clusters = clusters_of(last.to_numpy(), SEED)
    place = pd.Series(clusters.codes, last.index)
    codes = tuple(place[periods.of(period)["customer_id"]].to_numpy() for period in (0, 1))
    return Drawn(clusters, codes, cluster_counts(clusters.count, DRAWS, SEED))


def change_by_group(periods: Periods, drawn: Drawn, grouping: str = TENURE) -> Change:
    """Kitagawa's split by one of GROUPINGS, each part with an interval over the draws."""
    count = int(periods.rows[f"group_{grouping}"].max()) + 1
    cells = np.stack([_cells(periods.of(period), drawn.codes[period], drawn, grouping, count) for period in (0, 1)], axis=1)
    whole = cells.sum(axis=0)
    draws = (drawn.counts @ cells.reshape(len(cells), -1)).reshape(-1, 2, 2 * count)

    def estimate(statistic) -> Estimate:
        return cluster_interval(statistic(whole), statistic(draws), drawn.clusters.count, periods.customers)

    def rate(period: int):
        return lambda made: made[..., period, count:].sum(axis=-1) / made[..., period, :count].sum(axis=-1)

    def part(number: int, group: int | None = None):
        own = slice(None) if group is None else slice(group, group + 1)
        return lambda made: kitagawa(made[..., :count], made[..., count:])[number][..., own].sum(axis=-1)

    table = [_row(group, whole, estimate(part(0, group)), estimate(part(1, group))) for group in range(count)]
    bases = [int(whole[period, :count].sum()) for period in (0, 1)]
    return Change(
        periods, drawn,
        rates=tuple(estimate(rate(period))._replace(base=bases[period]) for period in (0, 1)),
        total=estimate(lambda made: rate(1)(made) - rate(0)(made)), mix=estimate(part(0)), rate=estimate(part(1)),
        table=pd.DataFrame(table).assign(is_hidden=_secret(whole, count)),
    )  # fmt: skip


def is_noise(one: Estimate) -> bool:
    """Whether the interval contains 0."""
    return one.low <= 0 <= one.high


def units_words(drawn: Drawn) -> Message:
    """What intervals take as their unit."""
    if drawn.clusters.are_subjects:
        return say("95% intervals by customer, since branches are too few")
    return say("95% intervals by branch ({clusters:count} of them)", clusters=drawn.clusters.count)


def numbers(one: Estimate) -> dict[str, object]:
    """Value and interval for a sentence, and the words for what lies within noise."""
    return {
        "value": one.value,
        "low": one.low,
        "high": one.high,
        "noise": say(", within noise") if is_noise(one) else "",
    }


def _groups(features: pd.DataFrame, tiers: Mapping[str, float]) -> pd.DataFrame:
    made = {
        "customer_id": features["customer_id"],
        "branch_id": features.get("branch_id"),
        f"group_{TENURE}": np.digitize(features["tenure_months"] / YEAR_MONTHS, TENURE_EDGES),
        f"group_{KIND}": features["kind"].eq("corporate").to_numpy(dtype=int),
    }
    if "products_held" in features:
        made[f"group_{PRODUCTS}"] = np.digitize(features["products_held"].fillna(0).astype(float), PRODUCT_EDGES)
    if "assets_3m" in features and tiers:
        made[f"group_{TIER}"] = np.digitize(features["assets_3m"].astype(float), sorted(tiers.values()))
    return pd.DataFrame(made)


def _cells(rows: pd.DataFrame, codes: np.ndarray, drawn: Drawn, grouping: str, count: int) -> np.ndarray:
    """Customers of each group, then leavers of each, by cluster."""
    member = np.eye(count)[rows[f"group_{grouping}"].to_numpy(dtype=int)]
    both = np.hstack([member, member * rows["outcome"].to_numpy()[:, None]])
    return cluster_sums(both, codes, drawn.clusters.count)


def _row(group: int, whole: np.ndarray, mix: Estimate, rate: Estimate) -> dict[str, float]:
    count = whole.shape[1] // 2
    sizes, left = whole[:, :count], whole[:, count:]
    share, own = sizes[:, group] / sizes.sum(axis=1), left[:, group] / np.maximum(sizes[:, group], 1)
    return {
        "group": group, "share_then": share[0], "share_now": share[1], "rate_then": own[0], "rate_now": own[1],
        "mix": mix.value, "mix_low": mix.low, "mix_high": mix.high, "rate": rate.value, "rate_low": rate.low, "rate_high": rate.high,
    }  # fmt: skip


def _secret(whole: np.ndarray, count: int) -> np.ndarray:
    secret = np.zeros(count, dtype=bool)
    for period in (0, 1):
        sizes, left = whole[period, :count], whole[period, count:]
        for counts in (left, sizes - left):
            secret |= hidden(counts.astype(int))
    return secret
