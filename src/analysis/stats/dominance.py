"""When an amount of a group tells what one of its members has (Hundepool and others, Statistical Disclosure Control, 2012, section
4.2)."""

import numpy as np
import pandas as pd

P = 0.10
N, K = 1, 0.75


def is_sensitive(amounts, p: float = P, n: int = N, k: float = K) -> bool:
    """Whether the sum of `amounts`, one a member, must not be shown: by the p% rule the second largest could tell the largest to
    within `p` of it (what all the others have is less than `p` of the largest), or by the (n, k) rule the `n` largest hold more
    than `k` of the whole. By size, whatever the sign; missing ones hold nothing; a sum of nothing is nobody's."""
    size = np.sort(np.abs(np.nan_to_num(np.asarray(amounts, dtype=float))))[::-1]
    if not size.sum():
        return False
    return bool(size[2:].sum() < p * size[0] or size[:n].sum() > k * size.sum())


def hidden_amounts(amounts: pd.Series, groups: pd.Series, already=frozenset()) -> set:
    """Groups whose sum must not be shown where the sum of all is: the sensitive ones, those `already` hidden, and the groups with the
    least in them until those hidden together are neither one nor sensitive as a whole."""
    sizes = amounts.abs().groupby(groups, observed=True).sum()
    held = {group: part.to_numpy(float) for group, part in amounts.groupby(groups, observed=True)}
    out = {group for group, part in held.items() if group in already or is_sensitive(part)}
    for group in sizes[sizes > 0].sort_values(kind="stable").index:
        if not out or (len(out) > 1 and not is_sensitive(np.concatenate([held[one] for one in out]))):
            break
        out.add(group)
    return out
