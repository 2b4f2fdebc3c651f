"""Linear regression whose effects are drawn towards zero, block by block, as far as the data ask: a linear mixed model."""

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import product

import numpy as np
import pandas as pd

RATIOS = np.geomspace(0.003, 3.0, 13)  # spread of a block's effects ÷ residual deviation


@dataclass(frozen=True)
class ShrunkFit:
    """`coefficients`: those of the fixed columns, then of each block's. `chance` of each row of `ratios` (block's spread ÷ residual
    deviation), `variances` of the residual at each, `residual` their mean; `residuals` of the rows."""

    coefficients: np.ndarray
    ratios: np.ndarray
    chance: np.ndarray
    variances: np.ndarray
    residual: float
    residuals: np.ndarray


def fit_shrunk(fixed: np.ndarray, blocks: Sequence[np.ndarray], y: np.ndarray) -> ShrunkFit:
    """`y` on the columns of `fixed` (as they are; an intercept among them) and of `blocks`, the effects of each block scattered
    normally round 0 with a spread of its own (Henderson 1975; with one block ridge regression).

    The spreads are not fixed at an estimate: coefficients are averaged over a grid of RATIOS, each weighted by its restricted
    likelihood (Harville 1974) and a flat prior on the spread (Gelman 2006). ValueError: fixed columns that follow from one
    another, or too few rows."""
    design = np.column_stack([fixed, *blocks]).astype(float)
    if np.linalg.matrix_rank(fixed) < fixed.shape[1] or len(y) <= fixed.shape[1] + 1:
        raise ValueError("the fixed columns follow from one another, or the rows are too few")
    y = np.asarray(y, dtype=float)
    ratios = np.array(list(product(RATIOS, repeat=len(blocks))))
    penalties = _penalties(ratios, fixed.shape[1], [block.shape[1] for block in blocks])
    degrees = len(y) - fixed.shape[1]
    moments = (design.T @ design, (design.T @ y)[:, None], np.array([y @ y]))
    coefficients, chance, squares = _averaged(*moments, penalties, ratios, degrees)
    variances = squares[:, 0] / degrees
    residuals = y - design @ coefficients[:, 0]
    return ShrunkFit(coefficients[:, 0], ratios, chance[:, 0], variances, float(chance[:, 0] @ variances), residuals)


def coefficient_draws(
    fit: ShrunkFit, fixed: np.ndarray, blocks: Sequence[np.ndarray], subjects, replicates: int, seed: int
) -> np.ndarray:
    """Replicates × coefficients: what the true ones may be. Each replicate draws effects from their blocks, makes answers with them,
    refits, and moves the coefficients by the refit's error (parametric bootstrap of a predictor's error: Hall and Maiti 2006).
    Residuals take one sign for each of the `subjects` (wild cluster bootstrap: Cameron, Gelbach and Miller 2008), so that rows of one
    subject may go together, and are enlarged by √(subjects ÷ (subjects − effective coefficients))."""
    random = np.random.default_rng(seed)
    design = np.column_stack([fixed, *blocks]).astype(float)
    sizes, inside = [block.shape[1] for block in blocks], fixed.shape[1]
    drawn = random.choice(len(fit.ratios), replicates, p=fit.chance)
    spreads = np.repeat(fit.ratios[drawn] * np.sqrt(fit.variances[drawn])[:, None], sizes, axis=1)
    truth = np.column_stack(
        [np.tile(fit.coefficients[:inside], (replicates, 1)), spreads * random.standard_normal(spreads.shape)]
    )
    codes = pd.factorize(np.asarray(subjects))[0]
    used = len(codes) - np.sum(fit.residuals**2) / fit.residual
    size = fit.residuals * np.sqrt((codes.max() + 1) / max(codes.max() + 1 - used, 1.0))
    sums, squares = np.empty((design.shape[1], replicates)), np.empty(replicates)
    for replicate, effects in enumerate(truth):
        made = design @ effects + size * random.choice((-1.0, 1.0), codes.max() + 1)[codes]
        sums[:, replicate], squares[replicate] = design.T @ made, made @ made
    penalties = _penalties(fit.ratios, inside, sizes)
    refitted = _averaged(design.T @ design, sums, squares, penalties, fit.ratios, len(size) - inside)[0]
    return fit.coefficients + truth - refitted.T


def _penalties(ratios: np.ndarray, fixed: int, sizes: Sequence[int]) -> np.ndarray:
    """Grid × coefficients: how strongly each is drawn to 0."""
    return np.column_stack([np.zeros((len(ratios), fixed)), np.repeat(1 / ratios**2, sizes, axis=1)])


def _averaged(gram, sums, squares, penalties, ratios, degrees) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Coefficients × replicates averaged over the grid, the grid's chances and residual sums (grid × replicates)."""
    left = np.empty((len(penalties), len(squares)))
    log = np.empty_like(left)
    for row, penalty in enumerate(penalties):
        system = gram + np.diag(penalty)
        left[row] = np.maximum(squares - np.einsum("ij,ij->j", sums, np.linalg.solve(system, sums)), np.finfo(float).tiny)
        volume = np.linalg.slogdet(system)[1] - np.log(penalty[penalty > 0]).sum()
        log[row] = -0.5 * (degrees * np.log(left[row]) + volume) + np.log(ratios[row]).sum()
    chance = np.exp(log - log.max(axis=0))
    chance /= chance.sum(axis=0)
    coefficients = np.zeros_like(sums)
    for penalty, weight in zip(penalties, chance, strict=True):
        if weight.max() > 1e-9:
            coefficients += weight * np.linalg.solve(gram + np.diag(penalty), sums)
    return coefficients, chance, left
