"""Which counts may be shown: small ones are hidden, and so many others that no difference gives a small one away."""

import numpy as np


def hidden(counts, threshold: int, already=False) -> np.ndarray:
    """Which of the exclusive `counts`, whose sum is known, must not be shown: those between 1 and `threshold` − 1, and
    then the smallest others, until at least two are hidden and together they reach the threshold (secondary
    suppression: Willenborg and de Waal 2001), those `already` hidden for another sum among them. A 0 is shown.
    Where all are hidden the sum itself may still be small."""
    size = np.asarray(counts, dtype=float)
    out = ((size > 0) & (size < threshold)) | already
    while out.any() and not out[size > 0].all() and (out.sum() < 2 or size[out].sum() < threshold):
        out[np.where(out | (size == 0), np.inf, size).argmin()] = True
    return out


def hidden_cells(counts, threshold: int, already=False) -> np.ndarray:
    """Which cells of a table of exclusive counts, whose sums by row and by column are known, must not be shown: those that are
    `hidden` in a row or a column, in turn until no line gives one away. Those `already` hidden stay so."""
    size = np.asarray(counts, dtype=float)
    out = np.zeros(size.shape, dtype=bool) | already
    while True:
        rows = np.array([hidden(row, threshold, own) for row, own in zip(size, out, strict=True)])
        both = np.array([hidden(column, threshold, own) for column, own in zip(size.T, rows.T, strict=True)]).T
        if (both == out).all():
            return out
        out = both


def dominates(amounts, n: int = 2, share: float = 0.85) -> bool:
    """Whether the `n` largest units hold more than `share` of a total, so that it tells about what they hold themselves (the
    (n, k) rule: Willenborg and de Waal 2001; Hundepool and others 2012). By size, whatever the sign; a total of nothing is
    nobody's."""
    size = np.sort(np.abs(np.asarray(amounts, dtype=float)))[::-1]
    return bool(size[:n].sum() > share * size.sum())
