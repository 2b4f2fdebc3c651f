"""Tiers whose amounts tell what one customer has are told together with the tier below."""

from collections.abc import Iterable, Mapping

import pandas as pd

from analysis.stats.dominance import is_sensitive
from analysis.study.tiers import tier_of

OF_PYRAMID = ("assets_3m", "contribution_12m")


def told_edges(customers: pd.DataFrame, edges: Mapping[str, float], measures: Iterable[str] = OF_PYRAMID) -> dict[str, float]:
    """The edges of tiers (see `tiers.tier_of`) without the highest ones, as many as it takes until no tier's sum of one of the
    `measures` (columns of the feature rows) tells what one customer has; none where only the whole book is safe."""
    told = dict(edges)
    while told and _tells_of_one(customers, told, measures):
        del told[max(told, key=told.get)]
    return told


def _tells_of_one(customers: pd.DataFrame, edges: Mapping[str, float], measures: Iterable[str]) -> bool:
    tier = tier_of(customers["assets_3m"], edges)
    amounts = (customers[name].fillna(0).groupby(tier, observed=True) for name in measures if name in customers)
    return any(is_sensitive(part) for by_tier in amounts for _, part in by_tier)
