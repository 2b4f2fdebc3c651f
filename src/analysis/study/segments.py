"""Data-driven segments of personal customers: what they are grouped by, and how a segment gets its plain name."""

from dataclasses import dataclass

import numpy as np
import pandas as pd
from scipy.special import logit

from analysis.stats.cluster_choice import Clustering, choose_clusters
from analysis.stats.clusters import Scaling, scaling_of
from analysis.study.tiers import is_active, open_customers
from analysis.wording import Message, listed, say

TRAITS = {
    "age": (say("older"), say("younger")),
    "transactions": (say("busy"), say("quiet")),
    "assets": (say("large balances"), say("small balances")),
    "wealth": (say("invests"), say("deposits only")),
    "loans": (say("borrows"), say("no loans")),
    "digital": (say("digital"), say("seldom digital")),
    "branch": (say("visits branches"), say("seldom in a branch")),
    "products": (say("many products"), say("few products")),
    "payment": (say("large payments"), say("small payments")),
}
TRAIT_NAMES = {
    "age": say("Age"), "transactions": say("Transactions a month"), "assets": say("Assets"), "wealth": say("Wealth share"),
    "loans": say("Loans"), "digital": say("Digital share"), "branch": say("Branch share"), "products": say("Products held"),
    "payment": say("Mean payment"),
}  # fmt: skip
THEMES = ("age", "assets", "digital", "products")
NAMED_TRAITS, CLEAR, AVERAGE = 2, 0.5, "average"
CUSTOMERS_NEEDED = 300
LEAST_SHARE = 0.01
YEAR_MONTHS = 12
CORPORATE = "corporate"
OFFLINE = ("branch", "atm", "phone")


@dataclass(frozen=True)
class Segments:
    """`clustering` of personal customers in the scaled THEMES; all scaled `traits` (customer × trait, median 0) on their
    `scaling`; `labels` by customer_id; `names` and `keys` by label."""

    clustering: Clustering
    scaling: Scaling
    traits: pd.DataFrame
    labels: pd.Series
    names: dict[int, Message]
    keys: dict[int, str]

    @property
    def space(self) -> pd.DataFrame:
        """Customers in the space in which each goes to the nearest centre."""
        return self.clustering.space(self.traits)


def find_segments(customers: pd.DataFrame, k_max: int, seed: int, bootstraps: int) -> Segments:
    """Segments of open, active personal customers (feature rows; companies among them are left out) by k-means on THEMES; one
    segment named "all customers" where there is no stable structure.

    One trait a theme (life stage, wealth, channel, breadth of the relation). The others describe the segments found: the branch's
    share is what the digital one leaves, k-means cuts a trait of mostly zeros (loans, wealth products) at the zero, and how
    often and how much a customer pays is mostly noise within every segment, which makes segments found anew differ."""
    raw = raw_traits(persons(customers))
    scaling = scaling_of(raw)
    traits = scaling.of(raw)
    themes = [name for name in THEMES if name in traits]
    clustering = choose_clusters(
        traits[themes if len(themes) > 1 else list(traits)],
        range(2, k_max + 1),
        bootstraps=bootstraps,
        seed=seed,
    )
    labels = clustering.labels.rename("segment")
    if clustering.k > 1:
        names, keys = _named(traits.groupby(labels).mean() - traits.mean())
    else:
        names, keys = {0: say("All customers")}, {0: "all"}
    return Segments(clustering, scaling, traits, labels, names, keys)


def persons(customers: pd.DataFrame) -> pd.DataFrame:
    """The rows of customers who are not companies: those form groups of their own, by other traits."""
    return customers[customers["kind"].ne(CORPORATE)]


def space_at(customers: pd.DataFrame, found: Segments) -> pd.DataFrame:
    """Personal customers of any date in the space of the segments found, on the scale of their date; by customer_id."""
    return found.clustering.space(found.scaling.of(raw_traits(persons(customers))))


def assign_segments(customers: pd.DataFrame, found: Segments) -> pd.Series:
    """The segment (label) of each personal customer of any date by its traits then, by customer_id."""
    return found.clustering.assign(found.scaling.of(raw_traits(persons(customers)))).rename("segment")


def segments_at(features: pd.DataFrame, found: Segments) -> pd.Series:
    """The segment (label, by customer_id) of each open, active personal customer of the feature rows, by its traits then."""
    customers = open_customers(features)
    return assign_segments(customers[is_active(customers)], found)


def raw_traits(customers: pd.DataFrame) -> pd.DataFrame:
    """Feature rows → traits, indexed by customer_id; amounts and counts on a log scale, shares of channels as log odds; what the
    bank does not bring is 0 throughout."""
    held = customers.set_index("customer_id")
    transactions = held["transactions_365d"] if "transactions_365d" in held else pd.Series(0, held.index)
    brought = {name: held[name].fillna(0) for name in ("wealth", "assets", "loans", "products_held") if name in held}
    none = pd.Series(0.0, held.index)
    raw = pd.DataFrame(
        {
            "age": held["age_years"].fillna(held["age_years"].median()) if "age_years" in held else none,
            "transactions": np.log1p(transactions / held["tenure_months"].fillna(YEAR_MONTHS).clip(1, YEAR_MONTHS)),
            "payment": np.log1p(held["outflow_365d"] / transactions.clip(lower=1)),
            "assets": np.log1p(held["assets_3m"].clip(lower=0).fillna(0)) if "assets_3m" in held else none,
            "wealth": (brought["wealth"] / brought["assets"].where(brought["assets"] > 0)).fillna(0)
            if {"wealth", "assets"} <= set(brought)
            else none,
            "loans": np.log1p(brought.get("loans", none).clip(lower=0)),
            "digital": _digital(held, transactions),
            "branch": shrunk_log_odds(held["branch_share"].fillna(0), transactions),
            "products": brought.get("products_held", none),
        }
    )
    return raw.astype(float)


def _digital(held: pd.DataFrame, transactions: pd.Series) -> pd.Series:
    """App and web among the transactions for which a customer may go either way: a card payment in a shop tells nothing of that,
    and would only add chance."""
    online = (held["app_share"] + held["web_share"]).fillna(0)
    either = online + sum(held[f"{name}_share"].fillna(0) for name in OFFLINE if f"{name}_share" in held)
    return shrunk_log_odds((online / either.where(either > 0)).fillna(0), transactions * either)


def shrunk_log_odds(share: pd.Series, count: pd.Series) -> pd.Series:
    """Log odds of a share of `count` events, drawn towards the mean share of all the more, the fewer the events: a share of few
    events is mostly chance. The strength is that of the beta-binomial model (by moments: Kleinman 1973)."""
    count = count.clip(lower=0).astype(float)
    mean = float((share * count).sum() / max(count.sum(), 1.0))
    some = count > 0
    between = max(float(share[some].var()) - mean * (1 - mean) * float((1 / count[some]).mean()), 1e-6) if some.sum() > 1 else 1.0
    strength = max(mean * (1 - mean) / between - 1, 0.0)
    drawn = (share * count + mean * strength) / (count + strength).where(count + strength > 0, 1.0)
    return pd.Series(logit(drawn.clip(LEAST_SHARE, 1 - LEAST_SHARE)), share.index)


def _named(profile: pd.DataFrame) -> tuple[dict[int, Message], dict[int, str]]:
    """The traits by which a segment clearly differs, two at most, in the order of TRAITS; one more where another segment bears the
    same name already."""
    names, keys = {}, {}
    for label, row in profile.iterrows():
        strongest = list(row.abs().sort_values(ascending=False, kind="stable").index)
        clear = sum(abs(row[trait]) >= CLEAR for trait in strongest[:NAMED_TRAITS])
        for count in range(clear, len(strongest) + 1):
            chosen = sorted(strongest[:count], key=list(TRAITS).index)
            key = "_".join(f"{trait}_{'high' if row[trait] > 0 else 'low'}" for trait in chosen) or AVERAGE
            if key not in keys.values():
                break
        keys[label] = key
        words = [TRAITS[trait][0 if row[trait] > 0 else 1] for trait in chosen] or [say("close to the average")]
        names[label] = say("{name:capital}", name=listed(words))
    return names, keys
