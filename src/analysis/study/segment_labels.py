"""The segment of a customer at any landmark."""

import pandas as pd

from analysis.study.segments import Segments, assign_segments
from analysis.study.tiers import is_active, open_customers


def segments_at(features: pd.DataFrame, found: Segments) -> pd.Series:
    """The segment (label, by customer_id) of each open, active customer of the feature rows, by its traits then."""
    customers = open_customers(features)
    return assign_segments(customers[is_active(customers)], found)
