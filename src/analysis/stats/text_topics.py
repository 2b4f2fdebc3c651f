"""Topics of texts by non-negative matrix factorisation of TF-IDF, as many as come back in halves of the subjects, and the phrases that name them."""

import warnings
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd
from scipy.optimize import linear_sum_assignment
from scipy.sparse import csr_matrix
from sklearn.decomposition import NMF
from sklearn.exceptions import ConvergenceWarning
from threadpoolctl import threadpool_limits

from analysis.stats.text import NUMBER, STOPS

STABLE = 0.7
CLEAR = 0.5
NAMES = 3
HELD_BY, SAME_TEXTS = 0.4, 0.5
LEAST_LIFT = 5.0
HAN_CHARACTERS, LATIN_WORDS, SAME_CHARACTERS = 4, 2, 2
SPLITS = 4
STEPS, TOLERANCE = 100, 1e-2
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


@threadpool_limits.wrap(limits=1)
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


def names_of(
    held: csr_matrix, topic: np.ndarray, topics: int, subjects: pd.Series, phrases: np.ndarray, least: int
) -> list[list[str]]:
    """The phrases that name each of `topics`: each stands in HELD_BY of its texts and LEAST_LIFT times as often as in others, and
    `least` of its subjects wrote it. The first is the most typical (texts × log of how much more often); the others stand mostly
    in the same texts and share no words with it. Empty where nothing names a topic. `held`: texts × phrases."""
    is_held = (held > 0).astype(np.float32)
    whole = np.asarray(is_held.sum(axis=0)).ravel()
    return [_named(is_held[own := topic == number], whole, len(topic), subjects[own], phrases, least) for number in range(topics)]


def as_written(read: np.ndarray, phrases: list[str]) -> list[str]:
    """The phrases in the order in which the first text that holds them all has them."""
    for one in read:
        text = "\n".join(run if isinstance(run, str) else " ".join(run) for clause in one for run in clause.runs)
        if all(phrase in text for phrase in phrases):
            return sorted(phrases, key=text.index)
    return phrases


def reads_alone(phrase: str) -> bool:
    """Whether a phrase is long enough to say something by itself."""
    if phrase.isascii():
        return len(phrase.replace("_", " ").split()) >= LATIN_WORDS
    return len(phrase.replace(NUMBER, "")) >= HAN_CHARACTERS


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


def _named(inside: csr_matrix, whole: np.ndarray, texts: int, subjects: pd.Series, phrases: np.ndarray, least: int) -> list[str]:
    count, size = np.asarray(inside.sum(axis=0)).ravel(), inside.shape[0]
    share, elsewhere = count / max(size, 1), (whole - count + 0.5) / max(texts - size, 1)
    score = count * np.log(np.maximum(share / elsewhere, 1))
    is_name = (share >= HELD_BY) & (share >= LEAST_LIFT * elsewhere) & (_writers(inside, subjects) >= least)
    chosen: list[int] = []
    for place in sorted(np.flatnonzero(is_name), key=lambda place: -score[place]):
        if len(chosen) < NAMES and all(_go_together(inside, phrases, place, one) for one in chosen):
            chosen.append(int(place))
    return [str(phrases[place]) for place in chosen]


def _writers(held: csr_matrix, subjects: pd.Series) -> np.ndarray:
    """How many different subjects hold each column."""
    codes, names = pd.factorize(subjects)
    by_subject = csr_matrix((np.ones(len(codes)), (codes, np.arange(len(codes)))), shape=(len(names), len(codes)))
    return np.asarray(((by_subject @ held) > 0).sum(axis=0)).ravel()


def _go_together(held: csr_matrix, phrases: np.ndarray, one: int, other: int) -> bool:
    """Whether two phrases are different words of mostly the same texts."""
    first, second = (held[:, place].toarray().ravel() > 0 for place in (one, other))
    return (first & second).sum() > SAME_TEXTS * max(first.sum(), second.sum()) and not _parts(phrases[one]) & _parts(
        phrases[other]
    )


def _parts(phrase: str) -> set[str]:
    if phrase.isascii():
        return set(phrase.replace("_", " ").split()) - STOPS
    return {phrase[place : place + SAME_CHARACTERS] for place in range(len(phrase) - SAME_CHARACTERS + 1)}
