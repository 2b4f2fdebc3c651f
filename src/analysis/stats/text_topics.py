"""Topics of texts by non-negative matrix factorisation of TF-IDF, as many as come back in halves of the subjects."""

import warnings
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd
from scipy.optimize import linear_sum_assignment
from scipy.sparse import csr_matrix
from sklearn.decomposition import NMF
from sklearn.exceptions import ConvergenceWarning

STABLE = 0.7
CLEAR = 0.5
SPLITS = 4
STEPS, TOLERANCE = 100, 1e-3
CHOICE_SAMPLE, FIT_SAMPLE = 4_000, 15_000


@dataclass(frozen=True)
class Topics:
    """`table`: k, stable (topics that come back), least and mean stability, of each number tried; `stability` of each
    topic (mean over halves of the cosine with its match: 1 comes back exactly); `components` (topics × terms)."""

    table: pd.DataFrame
    k: int
    stability: np.ndarray
    components: np.ndarray
    model: NMF

    def of(self, tfidf: csr_matrix) -> np.ndarray:
        """Each text's topic; −1 where none has at least half of the weight of all."""
        weights = self.model.transform(tfidf)
        total = weights.sum(axis=1)
        first = weights.argmax(axis=1)
        is_clear = (total > 0) & (weights[np.arange(len(first)), first] >= CLEAR * total)
        return np.where(is_clear, first, -1)


def find_topics(tfidf: csr_matrix, subjects: Sequence, ks: Sequence[int], seed: int = 7, splits: int = SPLITS) -> Topics:
    """The number of topics of `ks` that gives most stable ones (the fewest topics at a tie), and the topics themselves.

    Stability (after Greene, O'Callaghan and Cunningham 2014, on weights in place of ranks): subjects are parted in halves
    `splits` times, each half is factorised anew, and a topic of all texts is matched with one of each half (Hungarian
    method); the cosine of their terms' weights, averaged. STABLE and more counts as coming back. Chosen on a sample of
    CHOICE_SAMPLE texts, fitted on one of FIT_SAMPLE."""
    random = np.random.default_rng(seed)
    codes = pd.factorize(np.asarray(subjects, dtype=object))[0]
    kept = _sample(random, np.flatnonzero(np.diff(tfidf.indptr) > 0), FIT_SAMPLE)
    some = _sample(random, kept, CHOICE_SAMPLE)
    halves = [half for _ in range(splits) for half in _halves(random, codes[some])]
    judged = {k: _stability(tfidf[some], halves, k, seed) for k in ks}
    rows = [(k, int((own >= STABLE).sum()), own.min(), own.mean()) for k, own in judged.items()]
    table = pd.DataFrame(rows, columns=["k", "stable", "least", "mean"])
    k = int(table.sort_values(["stable", "k"], ascending=[False, True])["k"].iloc[0])
    model = _factorise(tfidf[some], k, seed)
    components = model.components_
    if len(kept) > len(some):
        model = _factorise(tfidf[kept], k, seed)
        order, _ = _matched(components, model.components_)
        judged[k], components = judged[k][np.argsort(order)], model.components_
    return Topics(table, k, judged[k], components, model)


def _stability(tfidf: csr_matrix, halves: list[np.ndarray], k: int, seed: int) -> np.ndarray:
    whole = _factorise(tfidf, k, seed).components_
    return np.mean([_matched(whole, _factorise(tfidf[half], k, seed).components_)[1] for half in halves], axis=0)


def _matched(one: np.ndarray, other: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """For each topic of `one` its match in `other` and their cosine."""
    cosine = _unit(one) @ _unit(other).T
    _, match = linear_sum_assignment(-cosine)
    return match, cosine[np.arange(len(cosine)), match]


def _unit(rows: np.ndarray) -> np.ndarray:
    length = np.linalg.norm(rows, axis=1, keepdims=True)
    return np.divide(rows, length, out=np.zeros_like(rows), where=length > 0)


def _factorise(tfidf: csr_matrix, k: int, seed: int) -> NMF:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", ConvergenceWarning)
        return NMF(k, init="nndsvd", max_iter=STEPS, tol=TOLERANCE, random_state=seed).fit(tfidf)


def _halves(random: np.random.Generator, codes: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    side = random.permutation(codes.max() + 1) % 2
    return np.flatnonzero(side[codes] == 0), np.flatnonzero(side[codes] == 1)


def _sample(random: np.random.Generator, rows: np.ndarray, size: int) -> np.ndarray:
    return rows if len(rows) <= size else np.sort(random.choice(rows, size, replace=False))
