"""Data-driven segments: what customers are grouped by, and how a segment gets its plain name."""

from dataclasses import dataclass

import numpy as np
import pandas as pd

from analysis.stats.clusters import Clustering, choose_clusters, robust_scale
from analysis.wording import Message, say

TRAITS = {
    "transactions": (say("busy"), say("quiet")),
    "assets": (say("large balances"), say("small balances")),
    "wealth": (say("invests"), say("deposits only")),
    "loans": (say("borrows"), say("no loans")),
    "digital": (say("digital"), say("seldom digital")),
    "branch": (say("visits branches"), say("seldom in a branch")),
    "products": (say("many products"), say("few products")),
    "outflow": (say("large payments"), say("small payments")),
}
TRAIT_NAMES = {
    "transactions": say("Transactions, 90 days"), "assets": say("Assets"), "wealth": say("Wealth share"), "loans": say("Loans"),
    "digital": say("Digital share"), "branch": say("Branch share"), "products": say("Products held"), "outflow": say("Payments, 90 days"),
}  # fmt: skip
NAMED_TRAITS = 2
CUSTOMERS_NEEDED = 300


@dataclass(frozen=True)
class Segments:
    """`clustering` of the scaled `traits` (customer × trait, mean 0); `labels` by customer_id; `names` by label."""

    clustering: Clustering
    traits: pd.DataFrame
    labels: pd.Series
    names: dict[int, Message]
    keys: dict[int, str]


def find_segments(customers: pd.DataFrame, k_max: int, seed: int, bootstraps: int) -> Segments:
    """Segments of open, active customers (feature rows) by k-means on what they do and hold; one segment named "all
    customers" where there is no stable structure."""
    traits = segment_traits(customers)
    clustering = choose_clusters(traits, range(2, k_max + 1), bootstraps=bootstraps, seed=seed)
    labels = clustering.labels.rename("segment")
    profile = traits.groupby(labels).mean() - traits.mean()
    names, keys = _named(profile) if clustering.k > 1 else ({0: say("All customers")}, {0: "all"})
    return Segments(clustering, traits, labels, names, keys)


def segment_traits(customers: pd.DataFrame) -> pd.DataFrame:
    """Feature rows → scaled traits, indexed by customer_id; amounts and counts on a log scale; a trait that the bank's
    data cannot tell is left out."""
    held = customers.set_index("customer_id")
    assets = held["assets_3m"].clip(lower=0) if "assets_3m" in held else pd.Series(0.0, held.index)
    raw = pd.DataFrame(
        {
            "transactions": np.log1p(held["transactions_90d"]),
            "outflow": np.log1p(held["outflow_90d"]),
            "assets": np.log1p(assets.fillna(0)),
            "wealth": (held["wealth"] / held["assets"].where(held["assets"] > 0)).fillna(0) if "wealth" in held else 0.0,
            "loans": np.log1p(held["loans"].clip(lower=0).fillna(0)) if "loans" in held else 0.0,
            "digital": (held["app_share"] + held["web_share"]).fillna(0),
            "branch": held["branch_share"].fillna(0),
            "products": held["products_held"].fillna(0) if "products_held" in held else 0.0,
        }
    )
    return robust_scale(raw.astype(float))


def _named(profile: pd.DataFrame) -> tuple[dict[int, Message], dict[int, str]]:
    names, keys = {}, {}
    for label, row in profile.iterrows():
        strongest = row.abs().sort_values(ascending=False, kind="stable").index
        for count in range(NAMED_TRAITS, len(strongest) + 1):
            chosen = list(strongest[:count])
            key = "_".join(f"{trait}_{'high' if row[trait] > 0 else 'low'}" for trait in chosen)
            if key not in keys.values():
                break
        keys[label] = key
        names[label] = _joined([TRAITS[trait][0 if row[trait] > 0 else 1] for trait in chosen])
    return names, keys


def _joined(words: list[Message]) -> Message:
    *most, last = words
    return say("{first:capital}, {second}", first=_joined(most), second=last) if most else last
