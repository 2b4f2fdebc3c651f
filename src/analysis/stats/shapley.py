"""Shapley's split of what several causes make together, over all their sets."""

from math import comb

import numpy as np


def set_values(spared: np.ndarray, events: float) -> np.ndarray:
    """Rows (events) × causes: the chance that the event would have come without the cause, causes multiplying each other → the share of
    `events` that would not have come without each of the 2^k sets. The set's number has bit j set if it holds cause j."""
    rows, causes = spared.shape
    kept = np.ones((rows, 1))
    for cause in range(causes):
        kept = np.concatenate([kept, kept * spared[:, [cause]]], axis=1)
    return (rows - kept.sum(axis=0)) / events if events else np.zeros(2**causes)


def shapley(values: np.ndarray, causes: int) -> np.ndarray:
    """The value of each of the 2^k sets (numbered by bits) → each cause's part: what it adds to a set, averaged over all orders in which
    causes may come (Shapley 1953). The parts add up to the value of all minus that of none; alike causes have alike parts; one that
    adds nothing to any set has 0."""
    codes = np.arange(2**causes)
    size = np.array([int(code).bit_count() for code in codes])
    parts = np.empty(causes)
    for cause in range(causes):
        without = codes[(codes >> cause & 1) == 0]
        weight = np.array([1 / (causes * comb(causes - 1, int(size[code]))) for code in without])
        parts[cause] = weight @ (values[without | 1 << cause] - values[without])
    return parts
