"""What is said more often now than before: many phrases tested at once, with a false-discovery control."""

import numpy as np
import pandas as pd
from scipy.stats import beta, false_discovery_control, hypergeom

LEVEL = 0.05


def more_often(now, before, now_size: int, before_size: int, level: float = LEVEL, told_from: int = 0) -> pd.DataFrame:
    """For each phrase, held by `now` of `now_size` subjects and by `before` of `before_size` earlier ones: now, before, ratio of the
    shares (infinite: none before) with low and high, p and is_new.

    p: Fisher's exact test, one-sided and doubled. is_new: Benjamini and Hochberg (1995) at `level` over all the phrases; they
    hold for tests that go together positively too, as nested phrases do (Benjamini and Yekutieli 2001). Interval of the ratio:
    exact, given both counts (Przyborowski and Wilenski 1940; Clopper and Pearson 1934) and, for the selected, widened so that
    95 % of the intervals shown hold (Benjamini and Yekutieli 2005). Where `before` lies between 0 and `told_from`, so that it must
    not be worked out, low is that of `told_from` − 1, which is lower, and high is infinite."""
    x, y = np.asarray(now, dtype=float), np.asarray(before, dtype=float)
    p = np.minimum(2 * hypergeom.sf(x - 1, now_size + before_size, x + y, now_size), 1.0)
    is_new = false_discovery_control(p) <= level if len(p) else np.zeros(0, dtype=bool)
    tail = np.where(is_new, level / 2 * is_new.sum() / max(len(p), 1), level / 2)
    with np.errstate(divide="ignore", invalid="ignore"):
        is_few = (y > 0) & (y < told_from)
        low = np.where(x > 0, beta.ppf(tail, x, np.where(is_few, told_from - 1, y) + 1), 0.0)
        high = np.where((y > 0) & ~is_few, beta.ppf(1 - tail, x + 1, y), 1.0)
        ratio, low, high = (share / (1 - share) * before_size / now_size for share in (x / (x + y), low, high))
    columns = {"now": x.astype(int), "before": y.astype(int), "ratio": ratio, "low": low, "high": high}
    return pd.DataFrame({**columns, "p": p, "is_new": is_new})
