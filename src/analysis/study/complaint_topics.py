"""What complaints are about, found in their words alone: topics, how large each is and whether it grew."""

import datetime as dt
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd
from scipy.sparse import csr_matrix

from analysis.finding import DISCLOSURE_THRESHOLD, Column, Exhibit, Finding
from analysis.stats.intervals import Estimate, difference, simultaneous
from analysis.stats.prediction import observed_share
from analysis.stats.text import Read, shown, terms
from analysis.stats.text_terms import count_matrix, fit_tfidf, phrases_in, uneven_terms, vocabulary
from analysis.stats.text_topics import STABLE, Topics, find_topics
from analysis.study.complaint_texts import ComplaintTexts, months_before, shown_phrases
from analysis.study.disclosed import hidden, is_tellable
from analysis.wording import Message, Quote, listed, say

TEXTS_NEEDED, CUSTOMERS_NEEDED = 200, 100
NUMBERS_TRIED = (4, 6, 8, 10, 12, 16)
LONGEST_TERM = 2
TERMS_A_TOPIC = 5
PHRASES_SHOWN = 4
SAME_TEXTS = 0.5
NONE = Estimate(None, None, None, 0)
LABELLED_NEEDED = 200


@dataclass(frozen=True)
class TopicsFound:
    """`table`: topic (its phrases, as shown), complaints, customers, value (share of the period's complaints) with low, high, base,
    change, change_low, change_high (points, against as long a time before; all rows read at once), stability, is_stable;
    largest first, topics of few customers left out. `topics`, `stable`: how many
    there are and come back, those left out among them. `told`: share of the period's complaints that have a topic."""

    table: pd.DataFrame
    topics: int
    stable: int
    told: Estimate
    since: pd.Timestamp


def complaint_topics(
    texts: ComplaintTexts | None, as_of: dt.date, months: int = 12, numbers: Sequence[int] = NUMBERS_TRIED, seed: int = 7
) -> TopicsFound | None:
    """Topics of all complaints up to `as_of`, in each script (Chinese, Latin) that has TEXTS_NEEDED of them; their shares in the last
    `months`. Where causes are given, words that are as frequent under every cause (address, demand, close) are left out. None: too few texts."""
    if texts is None:
        return None
    since, before = months_before(as_of, months), months_before(as_of, 2 * months)
    is_han = np.array([_han_share(one) >= 0 for one in texts.read], dtype=bool)
    parts = [_topics_of(texts.where(own), numbers, seed) for own in (is_han, ~is_han)]
    if not any(parts):
        return None
    topic, phrases, stability = np.full(len(is_han), -1), [], []
    for own, part in zip((is_han, ~is_han), parts, strict=True):
        if part is not None:
            found, assigned, words = part
            topic[own] = np.where(assigned < 0, -1, assigned + len(phrases))
            phrases, stability = [*phrases, *words], [*stability, *found.stability]
    received = texts.frame["received_at"]
    now, then = (received >= since).to_numpy(), ((received >= before) & (received < since)).to_numpy()
    if now.sum() < TEXTS_NEEDED:
        return None
    table = _table(topic, texts.frame["subject"], now, then, phrases, np.array(stability))
    told = observed_share(topic[now] >= 0, texts.frame["subject"][now])
    return TopicsFound(table, len(phrases), int((np.array(stability) >= STABLE).sum()), told, since)


def topic_findings(found: TopicsFound | None) -> list[Finding]:
    """How many topics come back, and the largest of those."""
    if found is None:
        return []
    stable = found.table[found.table["is_stable"]]
    text = say(
        "The words of the complaints fall into **{k:count} topics**, of which {stable:count} come back when half of the customers are left out; {told:share} of the period's complaints have a single topic.",
        k=found.topics, stable=found.stable, told=found.told.value,
    )  # fmt: skip
    made = [
        Finding("complaint_text.topics", text, found.topics, found.told.base, "count", exhibit="topics", base_of="complaints")
    ]
    if stable.empty:
        return made
    first = stable.iloc[0]
    largest = say(
        "The largest topic that comes back is “{topic}”: **{value:share}** of complaints (interval {low:share} to {high:share}).",
        topic=first["topic"], value=first["value"], low=first["low"], high=first["high"],
    )  # fmt: skip
    numbers = {"low": first["low"], "high": first["high"], "exhibit": "topics", "base_of": "complaints", "is_headline": False}
    return [*made, Finding("complaint_text.largest_topic", largest, first["value"], int(first["base"]), "share", **numbers)]


def topics_exhibit(found: TopicsFound | None) -> Exhibit:
    """Topics by their typical phrases, with share, change and stability."""
    if found is None or found.table.empty:
        absent = say("Too few complaints with text for topics: {needed:count} in the period are needed, and {customers:count} customers who wrote them.", needed=TEXTS_NEEDED, customers=CUSTOMERS_NEEDED)  # fmt: skip
        return Exhibit("topics", say("What complaints are about"), absent=absent)
    columns = (
        Column("topic", say("Typical phrases")),
        Column("complaints", say("Complaints"), "count", say("number")),
        Column("value", say("Share"), "share"),
        Column("interval", say("95% interval")),
        Column("change", say("Change"), "points"),
        Column("change_interval", say("95% interval, all topics at once")),
        Column("stability", say("Stability"), "number", say("0 to 1")),
    )
    subtitle = say(
        "Topics in the words of the complaints since {since:date}: phrases that ten customers or more wrote, … for a number or a name; share of complaints; change on as long a time before; in grey, topics that do not come back in halves of the customers (stability below {stable:number})",
        since=found.since.date(), stable=STABLE,
    )  # fmt: skip
    frame = found.table.assign(
        interval=[_range(row.low, row.high) for row in found.table.itertuples()],
        change_interval=[_points(row.change_low, row.change_high) for row in found.table.itertuples()],
        is_noise=~found.table["is_stable"],
    )
    return Exhibit("topics", _title(found.table), subtitle, frame, columns=columns)


def phrase_words(phrases: Sequence[str]) -> Message | None:
    """Phrases of customers as one label."""
    return listed([Quote(shown(phrase)) for phrase in phrases], say("{first} · {second}"))


def _title(table: pd.DataFrame) -> Message:
    moved = table[table["is_stable"] & ((table["change_low"] > 0) | (table["change_high"] < 0))]
    if moved.empty:
        return say("No topic's share changed beyond noise, {all:count} topics read at once", all=len(table))
    most = moved.loc[moved["change"].abs().idxmax()]
    numbers = {"topic": most["topic"], "change": most["change"]}
    if most["change"] > 0:
        return say("Rose most, beyond noise: {topic}, {change:points} points", **numbers)
    return say("Fell most, beyond noise: {topic}, {change:points} points", **numbers)


def _topics_of(texts: ComplaintTexts, numbers: Sequence[int], seed: int) -> tuple[Topics, np.ndarray, list[Message]] | None:
    """Topics, each text's topic (−1: none) and the words of each topic."""
    if len(texts.read) < TEXTS_NEEDED:
        return None
    cause = texts.frame["cause"]
    is_labelled = cause.notna().sum() >= LABELLED_NEEDED and cause.nunique() > 1
    counts = _telling(count_matrix(texts.read, vocabulary(texts.read, short_terms), short_terms), cause, is_labelled)
    tried = [k for k in numbers if k * TERMS_A_TOPIC <= counts.shape[1]]
    if not tried:
        return None
    tfidf = fit_tfidf(counts).transform(counts)
    if texts.frame["subject"][np.diff(tfidf.indptr) > 0].nunique() < CUSTOMERS_NEEDED:
        return None
    found = find_topics(tfidf, texts.frame["subject"], tried, seed)
    topic = found.of(tfidf)
    phrases = np.array(shown_phrases(texts), dtype=object)
    held = phrases_in(texts.read, phrases)
    kept = uneven_terms(held, cause) if is_labelled else np.ones(len(phrases), dtype=bool)
    held, phrases = held[:, np.flatnonzero(kept)], phrases[kept]
    return found, topic, [_words(held, topic == number, texts.frame["subject"], phrases) for number in range(found.k)]


def short_terms(clauses: Read) -> dict[str, float]:
    """The terms of a text that topics are made of: two Chinese characters (behind a negator, with it), one or two Latin words."""
    return {term: weight for term, weight in terms(clauses).items() if term.isascii() or len(term) <= LONGEST_TERM}


def _telling(counts: csr_matrix, cause: pd.Series, is_labelled: bool) -> csr_matrix:
    return counts[:, np.flatnonzero(uneven_terms(counts, cause))] if is_labelled else counts


def _words(held: csr_matrix, own: np.ndarray, subjects: pd.Series, phrases: np.ndarray) -> Message:
    """The phrases that set a topic's texts apart (by how many of them hold it × log of how much more often than others do), each
    written by ten of the topic's customers, no two of them mostly in the same texts."""
    inside = (held[own] > 0).astype(np.float64)
    count, whole = (np.asarray((rows > 0).sum(axis=0)).ravel() for rows in (inside, held))
    writers = _writers(inside, subjects[own])
    lift = (count / max(own.sum(), 1)) / np.maximum(whole / len(own), 1e-12)
    score = np.where((writers >= DISCLOSURE_THRESHOLD) & (lift > 1), count * np.log(np.maximum(lift, 1)), 0)
    chosen: list[int] = []
    for place in np.argsort(-score, kind="stable")[:60]:
        if score[place] > 0 and len(chosen) < PHRASES_SHOWN and not any(_is_same(inside, phrases, place, one) for one in chosen):
            chosen.append(int(place))
    return phrase_words([str(phrases[place]) for place in chosen]) or say("no phrase that ten customers share")


def _writers(held: csr_matrix, subjects: pd.Series) -> np.ndarray:
    """How many different subjects hold each column."""
    codes, names = pd.factorize(subjects)
    by_subject = csr_matrix((np.ones(len(codes)), (codes, np.arange(len(codes)))), shape=(len(names), len(codes)))
    return np.asarray(((by_subject @ held) > 0).sum(axis=0)).ravel()


def _is_same(held: csr_matrix, phrases: np.ndarray, one: int, other: int) -> bool:
    if phrases[one] in phrases[other] or phrases[other] in phrases[one]:
        return True
    first, second = (held[:, place].toarray().ravel() > 0 for place in (one, other))
    return (first & second).sum() > SAME_TEXTS * min(first.sum(), second.sum())


def _table(topic, subjects, now, then, phrases, stability) -> pd.DataFrame:
    rows = []
    for number, words in enumerate(phrases):
        own = topic == number
        share, earlier = (observed_share(own[part], subjects[part]) for part in (now, then)) if then.sum() >= TEXTS_NEEDED else (
            observed_share(own[now], subjects[now]), Estimate(None, None, None, int(then.sum()))
        )  # fmt: skip
        writers, writers_before = (subjects[own & part].nunique() for part in (now, then))
        change = difference(share, earlier) if is_tellable(writers_before) else NONE
        rows.append((words, int((own & now).sum()), writers, *share, *change[:3], stability[number]))
    names = [
        "topic",
        "complaints",
        "customers",
        "value",
        "low",
        "high",
        "base",
        "change",
        "change_low",
        "change_high",
        "stability",
    ]
    table = pd.DataFrame(rows, columns=names)
    numeric = table.columns.drop(["topic"])
    table[numeric] = table[numeric].apply(pd.to_numeric)
    changes = table[["change", "change_low", "change_high"]].set_axis(["value", "low", "high"], axis=1).astype(float)
    at_once = simultaneous(changes)
    table = table.assign(change_low=at_once["low"], change_high=at_once["high"], is_stable=table["stability"] >= STABLE)
    none = int(subjects[now & (topic < 0)].nunique())
    secret = hidden([*table["customers"], none])[:-1]
    return table[~secret & (table["customers"] > 0)].sort_values("value", ascending=False, kind="stable", ignore_index=True)


def _han_share(read) -> int:
    """Above 0 where more is written in Chinese than in Latin words (three characters to a word)."""
    return sum(len(run) if isinstance(run, str) else -3 * len(run) for clause in read for run in clause.runs)


def _range(low: float, high: float) -> Message:
    return say("{low:share} to {high:share}", low=low, high=high)


def _points(low: float, high: float) -> Message | None:
    return None if pd.isna(low) else say("{low:points} to {high:points}", low=low, high=high)
