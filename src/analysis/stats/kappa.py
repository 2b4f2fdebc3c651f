"""How far two yes-or-no judgements of the same rows agree beyond chance."""

import numpy as np
import pandas as pd

from analysis.stats.intervals import Z95, Estimate


def kappa(one, other, subject=None) -> Estimate:
    """Cohen's kappa (1960) of two boolean judgements: 0 agreement by chance, 1 full. Its interval is the delta method's (Fleiss, Cohen
    and Everitt 1969), robust to rows of one `subject`, cut to −1 to 1. No value where both judge all rows alike."""
    a, b = np.asarray(one, dtype=float), np.asarray(other, dtype=float)
    n = len(a)
    if not n or np.unique(np.concatenate([a, b])).size < 2:
        return Estimate(None, None, None, n)
    p, q, agreed = a.mean(), b.mean(), a == b
    observed, chance = agreed.mean(), p * q + (1 - p) * (1 - q)
    value = (observed - chance) / (1 - chance)
    drift = (2 * q - 1) * (a - p) + (2 * p - 1) * (b - q)
    influence = (agreed - observed) / (1 - chance) - (1 - observed) * drift / (1 - chance) ** 2
    by_subject = influence if subject is None else pd.Series(influence).groupby(np.asarray(subject)).sum().to_numpy()
    half = Z95 * np.sqrt((by_subject**2).sum()) / n
    return Estimate(float(value), float(max(value - half, -1)), float(min(value + half, 1)), n)
