"""Texts that were read (`stats.text`), counted: by their n-grams (a matrix) and by the phrases that many subjects wrote."""

import re
from collections import Counter
from collections.abc import Callable, Iterable, Mapping, Sequence

import numpy as np
import pandas as pd
from scipy.sparse import csr_matrix
from scipy.special import chdtrc
from sklearn.feature_extraction.text import TfidfTransformer

from analysis.stats.text import NUMBER, STOPS, Read, starts, terms

LONGEST_HAN, LONGEST_WORDS = 12, 6
CLOSED, MOSTLY, FEW = 0.7, 0.85, 3
MOST_TERMS = 12_000
LEAST_TEXTS = 4
MOST_SHARE = 0.4
UNEVEN = 0.01
NO_START = frozenset("的了着过们吗呢吧得而但就也都又还把被是和与及之说")
NO_END = frozenset("的在把被和与给就我你他很也都又还这那一不没是从向对将要说让个且并但而先再每")
ENDS_NEGATED = re.compile("(?:没有|不是|并非|没|无|非|未|别)$")
Terms = Callable[[Read], Mapping[str, float]]


def vocabulary(read: Sequence[Read], of: Terms = terms, least: int = LEAST_TEXTS, most: int = MOST_TERMS) -> list[str]:
    """The terms that at least `least` texts and at most MOST_SHARE of them hold (at most all, where else none were left), the
    commonest `most` of them, in order; an empty one, which no text holds, where there is none."""
    held = Counter(term for one in read for term in of(one))
    for ceiling in (max(MOST_SHARE * len(read), least), len(read)):
        common = sorted((-count, term) for term, count in held.items() if least <= count <= ceiling)
        if common:
            break
    return sorted(term for _, term in common[:most]) or [""]


def count_matrix(read: Iterable[Read], words: Sequence[str], of: Terms = terms) -> csr_matrix:
    """Weight of each of `words` (columns) in each text (rows), float32."""
    place = {word: number for number, word in enumerate(words)}
    pointers, columns, weights = [0], [], []
    for one in read:
        for term, weight in of(one).items():
            if (column := place.get(term)) is not None:
                columns.append(column)
                weights.append(weight)
        pointers.append(len(columns))
    held = (np.array(weights, dtype=np.float32), np.array(columns, dtype=np.int32), np.array(pointers))
    return csr_matrix(held, shape=(len(pointers) - 1, len(place)))


def fit_tfidf(counts: csr_matrix) -> TfidfTransformer:
    """TF-IDF, texts of length 1 (Salton and Buckley 1988; scikit-learn's smoothed idf)."""
    return TfidfTransformer().fit(counts)


def uneven_terms(counts: csr_matrix, labels: pd.Series) -> np.ndarray:
    """Which terms (columns) some labels' texts hold more often than others' (chi-squared test at 1 %): forms of address, demands and
    closings say nothing about what a text is filed under. Texts without a label are passed over."""
    known = labels.notna().to_numpy()
    codes, names = pd.factorize(labels[known])
    held = (counts[known] > 0).astype(np.float64)
    total, size = np.asarray(held.sum(axis=0)).ravel(), np.bincount(codes, minlength=len(names)).astype(float)
    by_label = csr_matrix((np.ones(len(codes)), (codes, np.arange(len(codes)))), shape=(len(names), len(codes)))
    observed = (by_label @ held).toarray()
    expected = np.outer(size, total) / len(codes)
    with np.errstate(divide="ignore", invalid="ignore"):
        statistic = ((observed - expected) ** 2 / expected).sum(axis=0) / (1 - total / len(codes))
    return np.nan_to_num(chdtrc(len(names) - 1, statistic), nan=1.0) < UNEVEN


def common_phrases(read: Sequence[Read], subjects: Sequence, least: int) -> dict[str, int]:
    """Phrases that at least `least` subjects wrote in clauses that are not denied → by how many, up to 12 Chinese characters or 6
    Latin words. Only those that read as words: a phrase that mostly stands within a longer one is left out for it (so that
    both its sides vary, as in Feng et al. 2004), and so is one whose end is a particle."""
    by_subject: dict[object, list] = {}
    for one, subject in zip(read, subjects, strict=True):
        by_subject.setdefault(subject, []).extend(run for clause in one if clause.weight for run in clause.runs)
    own = list(by_subject.values())
    han = _grown([[run for run in runs if isinstance(run, str)] for runs in own], least, LONGEST_HAN)
    latin = _grown([[run for run in runs if not isinstance(run, str)] for runs in own], least, LONGEST_WORDS)
    words = {" ".join(phrase): count for phrase, count in _closed(latin).items() if _reads_latin(phrase)}
    return words | {phrase: count for phrase, count in _closed(han).items() if _reads_han(phrase)}


def phrases_in(read: Iterable[Read], phrases: Sequence[str]) -> csr_matrix:
    """How each text (rows) holds each of `phrases` (columns): the weight of the clause it stands in, the largest of several; 0 where
    it does not, or denies it."""
    wanted = frozenset(phrases)
    lengths = sorted({len(phrase) for phrase in wanted if _is_han(phrase)})
    return count_matrix(read, phrases, lambda one: _held(one, wanted, lengths))


def _held(one: Read, wanted: frozenset, lengths: Sequence[int]) -> dict[str, float]:
    held: dict[str, float] = {}
    for weight, runs in one:
        for run in runs if weight else ():
            if isinstance(run, str):
                grams = {run[p : p + n] for p, _ in starts(run) for n in lengths if p + n <= len(run)}
            else:
                long = range(1, LONGEST_WORDS + 1)
                grams = {" ".join(run[p : p + n]) for p in range(len(run)) for n in long if p + n <= len(run)}
            for phrase in wanted & grams:
                held[phrase] = max(held.get(phrase, 0.0), weight)
    return held


def _grown(own: list[list], least: int, longest: int) -> list[Counter]:
    """By length less one: n-grams that at least `least` subjects hold → by how many. One is counted only where both its parts are
    common (Agrawal and Srikant 1994)."""
    levels: list[Counter] = []
    places = [
        [(run, [place for place, _ in starts(run)] if isinstance(run, str) else range(len(run))) for run in runs] for runs in own
    ]
    for length in range(1, longest + 1):
        before, counts = levels[-1] if levels else None, Counter()
        for runs in places:
            grams = {run[p : p + length] for run, begins in runs for p in begins if p + length <= len(run)}
            counts.update(gram for gram in grams if before is None or gram[:-1] in before)
        levels.append(Counter({gram: count for gram, count in counts.items() if count >= least}))
        if not levels[-1]:
            break
    return levels


def _closed(levels: list[Counter]) -> dict:
    """The n-grams that no few longer ones stand for: on neither side are most of them followed by one of FEW units."""
    kept = {}
    for level, longer in zip(levels, [*levels[1:], Counter()], strict=True):
        sides: tuple[dict, dict] = ({}, {})
        for gram, count in longer.items():
            for side, part in zip(sides, (gram[1:], gram[:-1]), strict=True):
                side.setdefault(part, []).append(count)
        kept.update(
            {gram: count for gram, count in level.items() if not any(_is_cut(side.get(gram, ()), count) for side in sides)}
        )
    return kept


def _is_cut(longer: Sequence[int], count: int) -> bool:
    return len(longer) > 0 and (max(longer) >= CLOSED * count or (len(longer) <= FEW and sum(longer) >= MOSTLY * count))


def _is_han(phrase: str) -> bool:
    return not phrase[0].isascii() and " " not in phrase


def _reads_han(phrase: str) -> bool:
    return (
        len(phrase) >= 2
        and phrase[0] not in NO_START
        and phrase[-1] not in NO_END
        and not ENDS_NEGATED.search(phrase)
        and NUMBER not in (phrase[0], phrase[-1])
        and len(phrase.replace(NUMBER, "")) >= 2
    )


def _reads_latin(phrase: tuple[str, ...]) -> bool:
    return phrase[0] not in STOPS and phrase[-1] not in STOPS and any(len(word) > 2 for word in phrase)
