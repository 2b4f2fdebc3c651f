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
from analysis.stats.text_topics import HELD_BY, LEAST_LIFT, STABLE, Topics, as_written, find_topics, names_of, reads_alone
from analysis.study.complaint_texts import ComplaintTexts, months_before, shown_phrases
from analysis.study.disclosed import hidden, is_tellable
from analysis.wording import Message, Quote, listed, say

TEXTS_NEEDED, CUSTOMERS_NEEDED = 200, 100
NUMBERS_TRIED = (8, 16, 32, 64)
TEXTS_A_TOPIC = 20
LONGEST_TERM = 2
TERMS_A_TOPIC = 5
NONE = Estimate(None, None, None, 0)
LABELLED_NEEDED = 200


@dataclass(frozen=True)
class TopicsFound:
    """`table`: topic (its phrases, as shown), complaints, customers, value (share of the period's complaints) with low, high, base,
    change, change_low, change_high (points, against as long a time before; all rows read at once), stability, is_stable;
    largest first, without topics of few customers or without a phrase of
    their own. `topics`, `stable`: how many there are and come back, those left out among them. `told`: share of the period's complaints that have a topic."""

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
        "The words of the complaints fall into **{k:count} topics**, of which {stable:count} come back when half of the customers are left out; {told:share} of the period's complaints have a single topic. {listed:count} topics are listed: those of ten customers or more that have a phrase of their own.",
        k=found.topics, stable=found.stable, told=found.told.value, listed=len(found.table),
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
    if found is None:
        absent = say("Too few complaints with text for topics: {needed:count} in the period are needed, and {customers:count} customers who wrote them.", needed=TEXTS_NEEDED, customers=CUSTOMERS_NEEDED)  # fmt: skip
        return Exhibit("topics", say("What complaints are about"), absent=absent)
    if found.table.empty:
        absent = say(
            "No topic of ten customers or more has a phrase of its own: the words of the complaints differ too much, or hardly at all."
        )
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
        "Topics in the words of the complaints since {since:date}: each is named by phrases that stand in at least {held:share} of its complaints, {lift:count} times as often as in others, and that ten customers or more wrote (… for a number or a name); topics without such a phrase are not listed; share of complaints; change on as long a time before; in grey, topics that do not come back in halves of the customers (stability below {stable:number})",
        since=found.since.date(), stable=STABLE, held=HELD_BY, lift=LEAST_LIFT,
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


def _topics_of(
    texts: ComplaintTexts, numbers: Sequence[int], seed: int
) -> tuple[Topics, np.ndarray, list[Message | None]] | None:
    """Topics, each text's topic (−1: none) and the words of each topic."""
    if len(texts.read) < TEXTS_NEEDED:
        return None
    cause = texts.frame["cause"]
    is_labelled = cause.notna().sum() >= LABELLED_NEEDED and cause.nunique() > 1
    counts = _telling(count_matrix(texts.read, vocabulary(texts.read, short_terms), short_terms), cause, is_labelled)
    most = min(counts.shape[1] // TERMS_A_TOPIC, len(texts.read) // TEXTS_A_TOPIC)
    tried = [k for k in numbers if k <= most]
    if not tried:
        return None
    tfidf = fit_tfidf(counts).transform(counts)
    if texts.frame["subject"][np.diff(tfidf.indptr) > 0].nunique() < CUSTOMERS_NEEDED:
        return None
    found = find_topics(tfidf, texts.frame["subject"], tried, seed)
    topic = found.of(tfidf)
    phrases = np.array([phrase for phrase in shown_phrases(texts) if reads_alone(phrase)], dtype=object)
    held = phrases_in(texts.read, phrases)
    chosen = names_of(held, topic, found.k, texts.frame["subject"], phrases, DISCLOSURE_THRESHOLD)
    return found, topic, [phrase_words(as_written(texts.read[topic == number], own)) for number, own in enumerate(chosen)]


def short_terms(clauses: Read) -> dict[str, float]:
    """The terms of a text that topics are made of: two Chinese characters (behind a negator, with it), one or two Latin words."""
    return {term: weight for term, weight in terms(clauses).items() if term.isascii() or len(term) <= LONGEST_TERM}


def _telling(counts: csr_matrix, cause: pd.Series, is_labelled: bool) -> csr_matrix:
    return counts[:, np.flatnonzero(uneven_terms(counts, cause))] if is_labelled else counts


def _table(topic, subjects, now, then, phrases, stability) -> pd.DataFrame:
    rows = []
    is_named = np.array([words is not None for words in phrases], dtype=bool)
    for number in np.flatnonzero(is_named):
        own = topic == number
        share, earlier = (observed_share(own[part], subjects[part]) for part in (now, then)) if then.sum() >= TEXTS_NEEDED else (
            observed_share(own[now], subjects[now]), Estimate(None, None, None, int(then.sum()))
        )  # fmt: skip
        writers, writers_before = (subjects[own & part].nunique() for part in (now, then))
        change = difference(share, earlier) if is_tellable(writers_before) else NONE
        rows.append((phrases[number], int((own & now).sum()), writers, *share, *change[:3], stability[number]))
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
    is_untold = topic < 0
    is_unnamed = ~is_untold & ~np.append(is_named, False)[topic]
    others = [int(subjects[now & rest].nunique()) for rest in (is_untold, is_unnamed)]
    secret = hidden([*table["customers"], *others])[: len(table)]
    return table[~secret & (table["customers"] > 0)].sort_values("value", ascending=False, kind="stable", ignore_index=True)


def _han_share(read) -> int:
    """Above 0 where more is written in Chinese than in Latin words (three characters to a word)."""
    return sum(len(run) if isinstance(run, str) else -3 * len(run) for clause in read for run in clause.runs)


def _range(low: float, high: float) -> Message:
    return say("{low:share} to {high:share}", low=low, high=high)


def _points(low: float, high: float) -> Message | None:
    return None if pd.isna(low) else say("{low:points} to {high:points}", low=low, high=high)
