"""How strong a common cause that nobody recorded would have to be to make an association of nothing."""

import numpy as np

RARE = 0.15


def e_value(ratio: float) -> float:
    """Least risk ratio that a hidden cause must have with both sides to explain a risk `ratio` away: r + √(r (r − 1)), of a ratio
    below 1 that of its inverse (VanderWeele and Ding 2017, Annals of Internal Medicine 167)."""
    strong = max(ratio, 1 / ratio)
    return float(strong + np.sqrt(strong * (strong - 1)))


def e_value_of_limit(ratio: float, low: float, high: float) -> float:
    """The same for the limit of the interval that lies nearer to 1: what would move the interval to hold 1; 1 where it does."""
    if low <= 1 <= high:
        return 1.0
    return e_value(low if ratio > 1 else high)


def risk_ratio_of(odds_ratio: float, share: float) -> float:
    """An odds ratio read as a risk ratio: itself where the outcome is rare (`share` up to RARE), else its root (VanderWeele 2017)."""
    return float(odds_ratio if share <= RARE else np.sqrt(odds_ratio))
