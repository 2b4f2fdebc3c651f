"""A classifier of texts with calibrated probabilities, and how well it tells classes apart on texts of later days."""

import warnings
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd
from scipy.sparse import csr_matrix
from sklearn.exceptions import ConvergenceWarning
from sklearn.feature_extraction.text import TfidfTransformer
from sklearn.linear_model import LogisticRegression
from sklearn.model_selection import GroupKFold

from analysis.stats.intervals import Estimate, percentile_interval
from analysis.stats.prediction import observed_share
from analysis.stats.text import Read, bag_of_words, terms
from analysis.stats.text_terms import Terms, count_matrix, fit_tfidf, vocabulary

STRENGTHS = (5.0, 30.0)
FOLDS = 3
CHOICE_SAMPLE = 4_000
STEPS = 100
NEAR = 0.9
CHUNK = 500
MOST_TRAINED = 10_000


@dataclass(frozen=True)
class TextClassifier:
    """Multinomial logistic regression on TF-IDF of n-grams; `classes` in order."""

    words: list[str]
    of: Terms
    weights: TfidfTransformer
    model: LogisticRegression

    @property
    def classes(self) -> list[str]:
        return list(self.model.classes_)

    def probabilities(self, read: Sequence[Read]) -> np.ndarray:
        """Probability of each class (columns) for each text (rows)."""
        return self.model.predict_proba(self.weights.transform(count_matrix(read, self.words, self.of)))


@dataclass(frozen=True)
class Told:
    """How well classes are told: `classes`: label, base (texts of it), subjects (who wrote them), precision, recall, f1 each with _low
    and _high; and kappa (Cohen 1960) and macro_f1 (mean of the classes' F1) of all texts, none left out. Intervals: bootstrap
    over subjects (percentiles); of precision and recall Wilson's, by the effective number of texts."""

    classes: pd.DataFrame
    kappa: Estimate
    macro_f1: Estimate


def fit_classifier(
    read: Sequence[Read], labels: Sequence[str], subjects: Sequence, of: Terms = terms, strength: float | None = None
) -> TextClassifier:
    """The regularisation, where none is given, is that of STRENGTHS with the least log loss on subjects left out, so that probabilities are calibrated on
    texts not seen. With more than MOST_TRAINED texts the last of them are used."""
    read, labels, subjects = (list(part)[-MOST_TRAINED:] for part in (read, labels, subjects))
    words = vocabulary(read, of, least=2)
    counts = count_matrix(read, words, of)
    weights = fit_tfidf(counts)
    tfidf, target = weights.transform(counts), np.asarray(labels, dtype=object).astype(str)
    groups = pd.factorize(np.asarray(subjects, dtype=object))[0]
    if strength is None:
        some = np.random.default_rng(0).permutation(len(target))[:CHOICE_SAMPLE]
        strength = min(STRENGTHS, key=lambda one: _loss(tfidf[some], target[some], groups[some], one))
    return TextClassifier(words, of, weights, _fit(tfidf, target, strength))


def left_out(found: TextClassifier, read: Sequence[Read], labels: Sequence[str], subjects: Sequence) -> np.ndarray:
    """Probability of each class (columns, as `found.classes`) for each text, from a model that saw no text of its subject."""
    tfidf = found.weights.transform(count_matrix(read, found.words, found.of))
    groups = pd.factorize(np.asarray(subjects, dtype=object))[0]
    return _crossed(tfidf, np.asarray(labels, dtype=object).astype(str), groups, found.model.C, found.classes)


def apart(train: Sequence[Read], train_subjects: Sequence, test: Sequence[Read], test_subjects: Sequence) -> np.ndarray:
    """Which training texts may be used: none of a subject that is tested, and none whose TF-IDF of n-grams is as good as that of a
    tested text (cosine of NEAR or more), so that nothing tested was learnt by heart."""
    is_other = ~pd.Series(list(train_subjects)).isin(set(test_subjects)).to_numpy()
    words = vocabulary(train, least=1)
    counts = count_matrix(train, words)
    weights = fit_tfidf(counts)
    left, right = weights.transform(counts), weights.transform(count_matrix(test, words)).T.tocsc()
    nearest = [_nearest(left[place : place + CHUNK], right) for place in range(0, left.shape[0], CHUNK)]
    return is_other & (np.concatenate(nearest) < NEAR)


def judge(actual: Sequence[str], predicted: Sequence[str], subjects: Sequence, replicates: int = 500, seed: int = 7) -> Told:
    """Precision, recall and F1 of each class that occurs, macro-F1 and kappa; subjects are drawn anew `replicates` times."""
    names = sorted(set(actual) | set(predicted))
    place = {name: number for number, name in enumerate(names)}
    cell = np.array([place[a] * len(names) + place[p] for a, p in zip(actual, predicted, strict=True)])
    codes, who = pd.factorize(np.asarray(subjects, dtype=object))
    by_subject = csr_matrix((np.ones(len(cell)), (codes, cell)), shape=(len(who), len(names) ** 2))
    random = np.random.default_rng(seed)
    draws = random.multinomial(len(who), np.full(len(who), 1 / len(who)), size=replicates)
    tables = (by_subject.T @ draws.T).T.reshape(-1, len(names), len(names))
    whole = np.bincount(cell, minlength=len(names) ** 2).reshape(1, len(names), len(names)).astype(float)
    value, drawn = _scores(whole), _scores(tables)
    low, high = pd.DataFrame(drawn["f1"]).quantile([0.025, 0.975]).to_numpy()
    classes = pd.DataFrame(
        {"label": names, "base": whole[0].sum(axis=1).astype(int), "f1": value["f1"][0], "f1_low": low, "f1_high": high}
    )
    rows = pd.DataFrame({"subject": who[codes], "actual": list(actual), "predicted": list(predicted)})
    rows["hit"] = rows["actual"] == rows["predicted"]
    classes["subjects"] = rows.groupby("actual")["subject"].nunique().reindex(names, fill_value=0).to_numpy()
    for measure, side in (("precision", "predicted"), ("recall", "actual")):
        shares = [_hits(rows[rows[side] == name])[:3] for name in names]
        classes[[measure, f"{measure}_low", f"{measure}_high"]] = np.array(shares, dtype=float)
    overall = {name: percentile_interval(value[name][0], drawn[name], len(cell)) for name in ("kappa", "macro_f1")}
    return Told(classes[classes["base"] > 0].reset_index(drop=True), **overall)


def fit_baseline(read: Sequence[Read], labels: Sequence[str], subjects: Sequence) -> TextClassifier:
    """The same model on a bag of words: Latin words and single Chinese characters, blind to order, negation and clause."""
    return fit_classifier(read, labels, subjects, bag_of_words)


def _hits(rows: pd.DataFrame) -> Estimate:
    return observed_share(rows["hit"], rows["subject"]) if len(rows) else Estimate(None, None, None, 0)


def _scores(tables: np.ndarray) -> dict[str, np.ndarray]:
    """F1 of each class, kappa and macro-F1 of confusion tables (replicates × actual × predicted)."""
    hit, actual, predicted = np.einsum("rii->ri", tables), tables.sum(axis=2), tables.sum(axis=1)
    total = tables.sum(axis=(1, 2))
    with np.errstate(divide="ignore", invalid="ignore"):
        f1 = 2 * hit / (actual + predicted)
    chance = (actual * predicted).sum(axis=1) / total**2
    agreed = hit.sum(axis=1) / total
    kappa = np.divide(agreed - chance, 1 - chance, out=np.zeros_like(agreed), where=chance < 1)
    occurs = np.where(actual > 0, np.nan_to_num(f1), 0)
    macro = occurs.sum(axis=1) / np.maximum((actual > 0).sum(axis=1), 1)
    return {"f1": f1, "kappa": kappa, "macro_f1": macro}


def _fit(tfidf: csr_matrix, target: np.ndarray, strength: float) -> LogisticRegression:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", ConvergenceWarning)
        return LogisticRegression(C=strength, max_iter=STEPS, tol=1e-3).fit(tfidf, target)


def _crossed(tfidf: csr_matrix, target: np.ndarray, groups: np.ndarray, strength: float, classes: Sequence[str]) -> np.ndarray:
    place = {name: number for number, name in enumerate(classes)}
    found = np.zeros((len(target), len(classes)))
    for train, test in GroupKFold(min(FOLDS, len(np.unique(groups)))).split(tfidf, target, groups):
        model = _fit(tfidf[train], target[train], strength)
        found[np.ix_(test, [place[name] for name in model.classes_])] = model.predict_proba(tfidf[test])
    return found


def _loss(tfidf: csr_matrix, target: np.ndarray, groups: np.ndarray, strength: float) -> float:
    classes = list(np.unique(target))
    own = _crossed(tfidf, target, groups, strength, classes)[np.arange(len(target)), np.searchsorted(classes, target)]
    return float(-np.log(np.clip(own, 1e-6, 1)).mean())


def _nearest(left: csr_matrix, right: csr_matrix) -> np.ndarray:
    return np.asarray((left @ right).max(axis=1).todense()).ravel()
