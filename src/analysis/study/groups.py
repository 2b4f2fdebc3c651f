"""Ways to divide customers into groups that any study may show."""

from collections.abc import Mapping

import pandas as pd

from analysis.study.segments import CUSTOMERS_NEEDED, find_segments, persons
from analysis.study.tiers import TIERS, TIERS_SHOWN, is_active, open_customers, tier_of
from analysis.wording import Message, say

SEXES = {"female": say("Women"), "male": say("Men")}
KINDS = {"personal": say("Personal customers"), "corporate": say("Corporate customers")}


def customer_groups(
    features: pd.DataFrame, tiers: Mapping[str, float], k_max: int = 7, bootstraps: int = 25, seed: int = 7
) -> dict[Message, pd.Series]:
    """Features of one landmark → a heading and each customer's label (a categorical of Messages in the order of showing, by
    customer_id), for each way that the data allow: tier (highest first), segment (largest first), kind, sex. A way with one
    label only is left out."""
    held = features.set_index("customer_id")
    ways = {say("Kind"): _labels(held["kind"], KINDS), say("Sex"): _labels(held["sex"], SEXES)}
    if tiers and "assets_3m" in held:
        by_tier = tier_of(held["assets_3m"], tiers).astype(str)
        ways = {say("Tier"): _labels(by_tier, {name: TIERS[name] for name in TIERS_SHOWN}), **ways}
    if "recency_days" in held:
        customers = open_customers(features)
        people = persons(customers[is_active(customers)])
        if len(people) >= CUSTOMERS_NEEDED:
            found = find_segments(people, k_max, seed, bootstraps)
            ways[say("Segment")] = _labels(found.labels, found.names)
    return {heading: labels for heading, labels in ways.items() if labels.nunique() > 1}


def _labels(keys: pd.Series, names: Mapping) -> pd.Series:
    return keys.astype(pd.CategoricalDtype(list(names))).cat.rename_categories(dict(names))
