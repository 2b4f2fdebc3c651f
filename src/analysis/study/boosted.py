"""The challenger: gradient-boosted trees of one term each, so that a score is a sum of the terms' parts, however bent they are."""

from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd

from analysis.study.warning_model import TERMS

SETTINGS = {"learning_rate": 0.05, "max_iter": 250, "max_leaf_nodes": 3, "min_samples_leaf": 50, "l2_regularization": 5.0}
SEED = 7


@dataclass(frozen=True)
class BoostedFit:
    """`trees` on `terms`; `start`, the row from which a term's part is measured, and `average`, each term's mean part over the rows
    of the fit; `coefficients`, the slope of each term's part over them: in which direction it goes on the whole."""

    trees: Any
    terms: list[str]
    start: pd.Series
    average: pd.Series
    coefficients: pd.Series

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
    start = rows[terms].median()
    parts, centred = _parts(trees, rows[terms], start), rows[terms] - rows[terms].mean()
    slopes = (centred * parts).sum() / (centred**2).sum().replace(0, np.inf)
    return BoostedFit(trees, terms, start, parts.mean(), slopes)


def _parts(trees: Any, rows: pd.DataFrame, start: pd.Series) -> pd.DataFrame:
    """What each term adds to the log odds as it moves from the start to the row's own value."""
    base = np.tile(start.to_numpy(dtype=float), (len(rows), 1))
    at_start = trees.decision_function(base[:1])[0] if len(rows) else 0.0
    parts = {}
    for place, name in enumerate(rows):
        moved = base.copy()
        moved[:, place] = rows[name]
        parts[name] = trees.decision_function(moved) - at_start if len(rows) else np.empty(0)
    return pd.DataFrame(parts, index=rows.index)
