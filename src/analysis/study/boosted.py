"""The challenger: gradient-boosted trees of one term each, so that a score is a sum of the terms' parts, however bent they are."""

from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np
import pandas as pd

from analysis.study.warning_model import TERMS

SETTINGS = {"learning_rate": 0.05, "max_iter": 250, "max_leaf_nodes": 3, "min_samples_leaf": 50, "l2_regularization": 5.0}
SEED = 7


@dataclass(frozen=True)
class BoostedFit:
    """`trees` on `rows` of terms; `start`, the row from which a term's part is measured."""

    trees: Any
    rows: pd.DataFrame
    start: pd.Series

    @property
    def terms(self) -> list[str]:
        """The model's terms."""
        return list(self.rows)

    @cached_property
    def average(self) -> pd.Series:
        """Each term's mean part over the rows of the fit."""
        return self._own_parts.mean()

    @cached_property
    def coefficients(self) -> pd.Series:
        """The slope of each term's part over the rows of the fit: in which direction it goes on the whole."""
        centred = self.rows - self.rows.mean()
        return (centred * self._own_parts).sum() / (centred**2).sum().replace(0, np.inf)

    @cached_property
    def _own_parts(self) -> pd.DataFrame:
        return _parts(self.trees, self.rows, self.start)

    def predict(self, rows: pd.DataFrame) -> pd.Series:
        """Probability to leave within the horizon."""
        return pd.Series(self.trees.predict_proba(rows[self.terms].to_numpy())[:, 1], index=rows.index, name="probability")

    def contributions(self, rows: pd.DataFrame) -> pd.DataFrame:
        """Each term's part in a row's log odds against the average over the rows of the fit: exact, as no tree joins two terms."""
        return _parts(self.trees, rows[self.terms], self.start) - self.average


def boosted(rows: pd.DataFrame) -> BoostedFit:
    """Trees on the terms and `outcome` of these rows (scikit-learn; Friedman 2001; of one term each: Lou, Caruana and Gehrke 2012):
    small, of one seed and one thread, the same in every run."""
    from sklearn.ensemble import HistGradientBoostingClassifier
    from threadpoolctl import threadpool_limits

    terms = [term for term in TERMS if term in rows]
    trees = HistGradientBoostingClassifier(**SETTINGS, interaction_cst="no_interactions", early_stopping=False, random_state=SEED)
    with threadpool_limits(1):
        trees.fit(rows[terms].to_numpy(), rows["outcome"])
    return BoostedFit(trees, rows[terms], rows[terms].median())


def _parts(trees: Any, rows: pd.DataFrame, start: pd.Series) -> pd.DataFrame:
    """What each term adds to the log odds as it moves from the start to the row's own value."""
    parts = {}
    for place, name in enumerate(rows):
        values, row = np.unique(rows[name].to_numpy(dtype=float), return_inverse=True)
        moved = np.tile(start.to_numpy(dtype=float), (len(values) + 1, 1))
        moved[1:, place] = values
        odds = trees.decision_function(moved)
        parts[name] = (odds[1:] - odds[0])[row]
    return pd.DataFrame(parts, index=rows.index)
