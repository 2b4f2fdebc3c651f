"""Oaxaca-Blinder: how much of a change of means goes with other characteristics, how much with other coefficients."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import product

import numpy as np
import pandas as pd
from scipy.special import expit

from analysis.stats.decomposition import Clusters, cluster_counts, cluster_sums, coalitions, shapley_weights
from analysis.stats.logistic import fit_logistic

MIX, RATE, UNEXPLAINED = "mix", "rate", "unexplained"
CHUNK, GRID = 20_000, 96
BACKGROUND, SLOPE_ROWS, SLOPE_STEP = 4_000, 3_000, 0.02
Pair = tuple[np.ndarray, np.ndarray]
Tables = list[tuple[float, float, np.ndarray]]
Mean = Callable[[np.ndarray], np.ndarray]


@dataclass(frozen=True)
class ModelSplit:
    """`parts`: block (mix, rate, unexplained), group, value; they add up to `change`. `replicates` (draws × parts): the same in
    each draw of the clusters, `change_replicates` their sums. `residual`: what the model's own change lacks of the observed one,
    which is in the unexplained part."""

    parts: pd.DataFrame
    change: float
    replicates: np.ndarray
    change_replicates: np.ndarray
    residual: float


@dataclass(frozen=True)
class Reference:
    """What all draws share: the `centre` of the columns (mean of both periods' means: nothing hangs on which category is left
    out, nor on where a scale has its zero), rows of both periods as `background`, and each group's columns."""

    centre: np.ndarray
    background: np.ndarray
    groups: tuple[np.ndarray, ...]

    def indices(self, rows: np.ndarray, coefficients: np.ndarray) -> np.ndarray:
        """Level and each group's part of the linear predictor, one row each (1 + groups, rows)."""
        centred = rows - self.centre
        level = coefficients[0] + self.centre @ coefficients[1:]
        parts = [centred[:, own] @ coefficients[1:][own] for own in self.groups]
        return np.vstack([np.full(len(rows), level), *parts])


def twofold(means: Pair, coefficients: Pair, reference: np.ndarray) -> tuple[float, float]:
    """Linear twofold split of `means[1]·coefficients[1] − means[0]·coefficients[0]`: explained = Δmeans · reference, and the
    rest (Oaxaca 1973). Vectors hold the constant too. `reference`: coefficients of all rows together (Neumark 1988), or the mean
    of both weighted by numbers of rows (Cotton 1988) or evenly (Reimers 1983)."""
    whole = means[1] @ coefficients[1] - means[0] @ coefficients[0]
    explained = (means[1] - means[0]) @ reference
    return float(explained), float(whole - explained)


def reference_of(designs: Pair, groups: Sequence[Sequence[int]]) -> Reference:
    """The reference of two periods' rows; `groups` are columns' numbers."""
    centre = (designs[0].mean(axis=0) + designs[1].mean(axis=0)) / 2
    some = [rows[:: max(len(rows) // BACKGROUND, 1)] for rows in designs]
    least = min(map(len, some))
    even = [rows[np.linspace(0, len(rows) - 1, least).astype(int)] for rows in some]
    return Reference(centre, np.concatenate(even), tuple(np.asarray(own, dtype=int) for own in groups))


def row_parts(rows: np.ndarray, coefficients: Pair, reference: Reference, mean: Mean = expit) -> np.ndarray:
    """Rows → by row: each group's part of the prediction (mean of both periods' coefficients), then what the change of each
    group's coefficients and of the level does to it (rows × (2 groups + 1)).

    The first are Shapley values of the predicted mean against the background (Lundberg and Lee 2017; of an identity link
    coefficient × (value − mean)); a period's mean of them less the other's is the group's mix part. The others are Shapley values
    over the groups' coefficients and the level; their mean over both periods, evenly weighed, is the rate part."""
    tables = [_background_means(reference, own, mean) for own in coefficients]
    return _row_parts(rows, coefficients, reference, tables, mean)


def _row_parts(rows: np.ndarray, coefficients: Pair, reference: Reference, tables: list[Tables], mean: Mean) -> np.ndarray:
    made = []
    for start in range(0, len(rows), CHUNK):
        some = rows[start : start + CHUNK]
        then, now = (reference.indices(some, own) for own in coefficients)
        share = sum(_prediction_parts(index, table, mean) for index, table in zip((then, now), tables, strict=True)) / 2
        made.append(np.vstack([share, _coefficient_parts(then, now, mean)]).T)
    return np.concatenate(made)


def parts_of_means(then: np.ndarray, now: np.ndarray) -> np.ndarray:
    """Means of `row_parts` of each period (…, 2 groups + 1) → mix of each group, rate of each group, level."""
    groups = (then.shape[-1] - 1) // 2
    mix, rate = (now - then)[..., :groups], ((now + then) / 2)[..., groups:]
    return np.concatenate([mix, rate[..., 1:], rate[..., :1]], axis=-1)


def model_split(
    designs: tuple[pd.DataFrame, pd.DataFrame], outcomes: tuple[pd.Series, pd.Series], groups: Mapping[str, Sequence[str]],
    codes: Pair, clusters: Clusters, draws: int = 500, seed: int = 0,
) -> ModelSplit:  # fmt: skip
    """The change of the mean of `outcomes` (0/1) split on a logistic model of each period (Fairlie 2005; Yun 2004, without their
    order or their linear weights): mix by group of columns, rate by group, and the level, called unexplained: the change that is
    alike for all whatever their characteristics. Mix and rate are exchanged in both orders and averaged.

    `codes`: each row's cluster by period. Intervals: clusters are drawn, counts alone; the coefficients of a draw are one Newton step
    away from the fit, the parts follow to first order in them (and in what they make together with the draw's means), and the level
    takes what is left of the draw's observed change.
    NotEstimable as in `fit_logistic`."""
    names = list(designs[0].columns)
    rows = tuple(design[names].to_numpy(dtype=float) for design in designs)
    y = tuple(np.asarray(outcome, dtype=float) for outcome in outcomes)
    fits = tuple(
        fit_logistic(design[names], outcome).coefficients.to_numpy() for design, outcome in zip(designs, outcomes, strict=True)
    )
    reference = reference_of(rows, [[names.index(name) for name in own] for own in groups.values()])
    by_row = tuple(row_parts(own, fits, reference) for own in rows)
    values = parts_of_means(*(own.mean(axis=0) for own in by_row))
    change = y[1].mean() - y[0].mean()
    residual = float(change - values.sum())
    values[-1] += residual
    counts = cluster_counts(clusters.count, draws, seed)
    means = [
        _cluster_means(np.column_stack([part, x, own]), code, counts)
        for part, x, own, code in zip(by_row, rows, y, codes, strict=True)
    ]
    steps = [one_steps(x, own, beta, code, counts) for x, own, beta, code in zip(rows, y, fits, codes, strict=True)]
    size, some = by_row[0].shape[1], _evenly(rows)
    replicates = parts_of_means(means[0][:, :size], means[1][:, :size]) + np.hstack(steps) @ slopes(some, fits, reference).T
    moved = [made[:, size:-1] - x.mean(axis=0) for made, x in zip(means, some, strict=True)]
    replicates[:, :-1] += _together(moved, [step[:, 1:] for step in steps], _variances(rows, fits), reference)
    changes = means[1][:, -1] - means[0][:, -1]
    replicates[:, -1] = changes - replicates[:, :-1].sum(axis=1)
    blocks = [*((MIX, name) for name in groups), *((RATE, name) for name in groups), (UNEXPLAINED, UNEXPLAINED)]
    parts = pd.DataFrame(blocks, columns=["block", "group"]).assign(value=values)
    return ModelSplit(parts, float(change), replicates, changes, residual)


def _together(moved: list[np.ndarray], steps: list[np.ndarray], variances: list[float], reference: Reference) -> np.ndarray:
    """What a draw's other means (`moved` from those on which the slopes were taken) and other coefficients make together: it counts
    where the periods' means hardly differ, so that a slope is close to nothing. Mix of each group, then rate (draws × parts)."""
    mix = (variances[0] * steps[0] + variances[1] * steps[1]) / 2 * (moved[1] - moved[0])
    rate = np.mean(variances) * (steps[1] - steps[0]) * (moved[0] + moved[1]) / 2
    return np.column_stack([made[:, own].sum(axis=1) for made in (mix, rate) for own in reference.groups])


def _evenly(rows: Pair) -> Pair:
    size = min(SLOPE_ROWS, *map(len, rows))
    return tuple(own[np.linspace(0, len(own) - 1, size).astype(int)] for own in rows)


def _variances(rows: Pair, coefficients: Pair) -> list[float]:
    """By period's coefficients the mean of p (1 − p), over the rows of both periods, evenly weighed."""
    fitted = [[expit(own[0] + x @ own[1:]) for x in rows] for own in coefficients]
    return [float(np.mean([(chance * (1 - chance)).mean() for chance in both])) for both in fitted]


def one_steps(x: np.ndarray, y: np.ndarray, beta: np.ndarray, codes: np.ndarray, counts: np.ndarray) -> np.ndarray:
    """How far one Newton step from the fit `beta` leads when each cluster weighs its count (draws × coefficients): scores and
    information are summed by cluster once, so that a draw costs no pass over the rows."""
    design = np.column_stack([np.ones(len(x)), x])
    scale = np.maximum(np.abs(design).max(axis=0), 1e-12)
    design = design / scale
    fitted = expit(design @ (beta * scale))
    clusters, size = counts.shape[1], design.shape[1]
    score = cluster_sums(design * (y - fitted)[:, None], codes, clusters)
    first, second = np.triu_indices(size)
    weighed = design * (fitted * (1 - fitted))[:, None]
    triangle = np.column_stack(
        [cluster_sums((weighed[:, a] * design[:, b])[:, None], codes, clusters) for a, b in zip(first, second, strict=True)]
    )
    information = np.empty((len(counts), size, size))
    information[:, first, second] = information[:, second, first] = counts @ triangle
    return np.linalg.solve(information, (counts @ score)[:, :, None])[:, :, 0] / scale


def slopes(rows: Pair, coefficients: Pair, reference: Reference, mean: Mean = expit) -> np.ndarray:
    """Change of each part by each coefficient, those of the first period first (parts × coefficients), by differences. Both periods
    have the same number of rows."""
    reference = replace(reference, background=reference.background[::2])
    both = np.concatenate(rows)
    steps = SLOPE_STEP / np.concatenate([[1.0], np.maximum(both.std(axis=0), 1e-9)])
    tables = [_background_means(reference, own, mean) for own in coefficients]

    def parts(own: Pair, made: list[Tables]) -> np.ndarray:
        then, now = np.split(_row_parts(both, own, reference, made, mean), 2)
        return parts_of_means(then.mean(axis=0), now.mean(axis=0))

    still, columns = parts(coefficients, tables), []
    for period, place in product((0, 1), range(len(steps))):
        moved, made = [own.copy() for own in coefficients], list(tables)
        moved[period][place] += steps[place]
        made[period] = _background_means(reference, moved[period], mean)
        columns.append((parts(tuple(moved), made) - still) / steps[place])
    return np.array(columns).T


def _cluster_means(values: np.ndarray, codes: np.ndarray, counts: np.ndarray) -> np.ndarray:
    sums = cluster_sums(np.column_stack([values, np.ones(len(values))]), codes, counts.shape[1])
    drawn = counts @ sums
    return drawn[:, :-1] / drawn[:, -1:]


def _background_means(reference: Reference, coefficients: np.ndarray, mean: Mean) -> Tables:
    """For each set of groups: the first point and the step of a grid of the set's own part of the linear predictor, and there
    the mean prediction when the others' parts are those of the background."""
    index = reference.indices(reference.background, coefficients)
    tables = []
    for members in coalitions(len(reference.groups)):
        own, others = members @ index[1:], index[0] + ~members @ index[1:]
        low, step = own.min() - 1, (np.ptp(own) + 2) / (GRID - 1)
        at, weight = _binned(others)
        tables.append((low, step, mean((low + step * np.arange(GRID))[:, None] + at) @ weight))
    return tables


def _binned(values: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Values as GRID points and their weights, linearly shared between neighbours so that the mean is kept."""
    low, step = values.min(), max(np.ptp(values), 1e-12) / (GRID - 1)
    left, part = _place(values, low, step)
    weight = np.bincount(left, 1 - part, GRID) + np.bincount(left + 1, part, GRID)
    return low + step * np.arange(GRID), weight / len(values)


def _place(values: np.ndarray, low: float, step: float) -> tuple[np.ndarray, np.ndarray]:
    """The grid point at or below each value, and how far on the way to the next it lies; beyond the ends on the line of the last two."""
    place = (values - low) / step
    left = np.clip(place, 0, GRID - 2).astype(np.intp)
    return left, place - left


def _prediction_parts(index: np.ndarray, tables: Tables, mean: Mean) -> np.ndarray:
    worth = coalitions(len(index) - 1) @ index[1:]
    for values, (low, step, table) in zip(worth, tables, strict=True):
        left, part = _place(values, low, step)
        values[:] = table[left] + part * np.diff(table)[left]
    worth[-1] = mean(index.sum(axis=0))
    return shapley_weights(len(index) - 1) @ worth


def _coefficient_parts(then: np.ndarray, now: np.ndarray, mean: Mean) -> np.ndarray:
    sets = coalitions(len(then))
    return shapley_weights(len(then)) @ mean(then.sum(axis=0) + sets @ (now - then))
