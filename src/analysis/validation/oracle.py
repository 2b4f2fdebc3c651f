"""How narrow an interval could be: that of somebody who drew as many customers at random and knew the truth's spread."""

import numpy as np
import pandas as pd
from scipy.special import stdtrit

from analysis.stats.intervals import PASSIVE_FROM, PROMOTER_FROM, nps, wilson


def share_width(truth: float, base: int) -> float | None:
    """Width of Wilson's interval of `base` customers drawn at random, where exactly the true share shows."""
    if not base or not 0 <= truth <= 1:
        return None
    found = wilson(truth * base, base)
    return found.high - found.low


def mean_width(deviation: float, base: int) -> float | None:
    """Width of Student's interval of `base` customers' mean whose standard deviation is `deviation`."""
    return float(2 * stdtrit(base - 1, 0.975) * deviation / np.sqrt(base)) if base > 1 and np.isfinite(deviation) else None


def nps_width(truth: float, decided: float, base: int) -> float | None:
    """Width of the adjusted Wald interval at a true NPS (-100 to 100), `decided` being the share of promoters and detractors
    together."""
    if not base or abs(truth) > 100:
        return None
    decided = max(decided, abs(truth) / 100)
    promoters = (decided + truth / 100) / 2 * base
    found = nps(promoters, (1 - decided) * base, max(decided * base - promoters, 0.0))
    return found.high - found.low


def oracle_widths(truths: dict[str, float], bases: dict[str, int], recent: pd.DataFrame | None) -> dict[str, float]:
    """Id → the oracle's width, for means, shares, NPS and churn rates. `truths` and `bases` (customers behind the estimate) are
    by id; spread and share of passives are taken from the answers that count, `recent`, since the truth states neither."""
    widths = {
        name: share_width(truth, bases[name])
        for name, truth in truths.items()
        if name in bases and (name.startswith("churn_rate.") or name == "top_two_box")
    }
    if recent is not None and "overall_mean" in truths and "overall_mean" in bases:
        widths["overall_mean"] = mean_width(recent["overall"].astype(float).std(), bases["overall_mean"])
    if recent is not None and "nps" in truths and "nps" in bases:
        marks = recent["recommend"].dropna()
        decided = ((marks >= PROMOTER_FROM) | (marks < PASSIVE_FROM)).mean()
        widths["nps"] = nps_width(truths["nps"], float(decided), bases["nps"])
    return {name: width for name, width in widths.items() if width is not None}
