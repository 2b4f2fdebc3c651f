"""Ways to divide customers into groups that any study may show."""

from collections.abc import Mapping

import pandas as pd

from analysis.study.segments import CUSTOMERS_NEEDED, find_segments
from analysis.study.tiers import TIERS, is_active, open_customers, tier_of
from analysis.wording import Message, say

SEXES = {"female": say("Women"), "male": say("Men")}
KINDS = {"personal": say("Personal customers"), "corporate": say("Corporate customers")}


def customer_groups(
    features: pd.DataFrame, tiers: Mapping[str, float], k_max: int = 7, bootstraps: int = 25, seed: int = 7
) -> dict[Message, pd.Series]:
    """Features of one landmark → a heading and each customer's label (Message, by customer_id), for each way that the data
    allow: tier, segment, kind, sex. A way with one label only is left out."""
    held = features.set_index("customer_id")
    ways = {say("Kind"): held["kind"].map(KINDS), say("Sex"): held["sex"].map(SEXES)}
    if tiers and "assets_3m" in held:
        ways = {say("Tier"): tier_of(held["assets_3m"], tiers).astype(str).map(TIERS), **ways}
    if "recency_days" in held:
        customers = open_customers(features)
        active = customers[is_active(customers)]
        if len(active) >= CUSTOMERS_NEEDED:
            found = find_segments(active, k_max, seed, bootstraps)
            ways[say("Segment")] = found.labels.map(found.names)
    return {heading: labels for heading, labels in ways.items() if labels.dropna().map(str).nunique() > 1}
