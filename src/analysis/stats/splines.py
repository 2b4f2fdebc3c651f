"""Natural cubic splines: a smooth curve that is a straight line beyond its outer knots."""

import numpy as np

KNOTS_AT = (0.10, 0.50, 0.90)
FEWEST_KNOTS = 3


def knots_of(values, at: tuple[float, ...] = KNOTS_AT) -> np.ndarray:
    """Knots at the quantiles `at` (Harrell 2015, section 2.4.6: three knots, one bend), equal ones once. Fewer than three allow no curve:
    then none."""
    knots = np.unique(np.quantile(np.asarray(values, dtype=float), at))
    return knots if len(knots) >= FEWEST_KNOTS else np.empty(0)


def natural_curves(values, knots: np.ndarray) -> np.ndarray:
    """values × (knots − 2): what bends the line. With a constant and the values themselves these columns span the natural cubic
    splines with these knots (Hastie, Tibshirani and Friedman 2009, equations 5.4 and 5.5), divided by the squared distance of
    the outer knots, so that they are in the values' unit (Harrell 2015, equation 2.25)."""
    values, knots = np.asarray(values, dtype=float), np.asarray(knots, dtype=float)
    if len(knots) < FEWEST_KNOTS:
        return np.empty((len(values), 0))
    width = knots[-1] - knots[0]
    bends = np.clip(values[:, None] - knots, 0, None) ** 3
    slopes = (bends[:, :-1] - bends[:, -1:]) / (knots[-1] - knots[:-1])
    return (slopes[:, :-1] - slopes[:, -1:]) * (knots[-1] - knots[:-2]) / width**2
