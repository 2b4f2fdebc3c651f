"""Complaint texts: is the cause told on later complaints of other customers, are doubts right, is nothing called new where nothing is, are
planted phrases found, do planted topics come back? Seeds 1..n, not chosen. The demo bank's turns of phrase were known when the rules
for denials and asides were written: the narratives of the CFPB, which were not, are the other test. Writes
docs/studies/complaint_text.json.

    python tests/long/complaint_text.py [--seeds 8] [--months 100]
"""

import argparse
import datetime as dt
import json
import os
import sys
from pathlib import Path
from unittest.mock import patch

os.environ.setdefault("OMP_NUM_THREADS", "1")

import numpy as np
import pandas as pd
from sklearn.metrics import adjusted_rand_score
from statsmodels.stats.proportion import proportion_confint

from analysis.bank.demo import complaint_texts as simulator
from analysis.bank.demo.complaint_texts import CATEGORIES, draw_complaint_texts
from analysis.stats.text import bag_of_words, terms
from analysis.stats.text_classes import apart, fit_classifier, judge
from analysis.stats.text_terms import count_matrix, fit_tfidf, uneven_terms, vocabulary
from analysis.stats.text_topics import STABLE, find_topics
from analysis.study.complaint_classes import complaint_classes
from analysis.study.complaint_drift import complaint_drift
from analysis.study.complaint_texts import ComplaintTexts, complaint_texts
from analysis.study.complaint_topics import complaint_topics, short_terms

AS_OF = dt.date(2025, 6, 30)
OUT = Path(__file__).parents[2] / "docs" / "studies" / "complaint_text.json"
CFPB = Path(__file__).parents[3] / "shared" / "data" / "complaints" / "complaints_sample.csv"
SHARES = dict(zip(CATEGORIES, np.array([27, 17, 19, 14, 7, 6, 6, 4]) / 100, strict=True))
FLIPPED, PLANTED, PHRASE = 0.05, 0.08, "新版转账要刷脸三次"
SIZE, DAYS = 2400, 1095


def complaints(seed: int, size: int = SIZE) -> pd.DataFrame:
    """Complaints of three years in the demo bank's words, their days drawn evenly: nothing is new."""
    random = np.random.default_rng(seed)
    category = random.choice(list(SHARES), size, p=list(SHARES.values()))
    waited = np.where(category == "service", random.gamma(4, 8, size), np.nan)
    drawn = (np.full(size, "青岚支行"), random.choice(["card", "term", "wealth", ""], size), random.integers(1, 6, size))
    text = draw_complaint_texts(random, category, *drawn, waited, random.integers(0, 20, size))
    day = pd.Timestamp(AS_OF) - pd.to_timedelta(random.integers(0, DAYS, size), unit="D")
    ids = {"complaint_id": np.arange(size).astype(str), "customer_id": random.integers(0, size, size).astype(str)}
    return pd.DataFrame({**ids, "received_at": day, "text": text, "category": category})


def told(seed: int) -> dict:
    """The classifier on one simulated book; and with a share of causes flipped, how many doubts are right."""
    frame, random = complaints(seed), np.random.default_rng(1000 + seed)
    found = complaint_classes(complaint_texts(frame, AS_OF, ["青岚支行"]), AS_OF, replicates=200)
    wrong = random.random(len(frame)) < FLIPPED
    other = [random.choice([name for name in CATEGORIES[:-1] if name != own]) for own in frame["category"]]
    flipped = frame.assign(category=frame["category"].mask(wrong, pd.Series(other)))
    doubted = complaint_classes(complaint_texts(flipped, AS_OF, ["青岚支行"]), AS_OF, replicates=20).doubtful
    told = found.told
    return {
        "seed": seed, "trained": found.trained, "tested": told.kappa.base, "kappa": told.kappa.value, "macro_f1": told.macro_f1.value,
        "kappa_bag_of_words": found.baseline.kappa.value, "macro_f1_bag_of_words": found.baseline.macro_f1.value,
        "told_share": found.sure.value, "right_of_told": found.right.value, "doubted_where_none_is_wrong": found.doubtful.value,
        "doubted_where_flipped": doubted.value,
    }  # fmt: skip


def quiet(months: int) -> dict:
    """In how many quarters anything is called new where days are drawn evenly; a phrase planted in the last quarter, how often found."""
    called = found = 0
    planted_as = []
    for seed in range(1, months + 1):
        frame, random = complaints(seed), np.random.default_rng(2000 + seed)
        called += len(complaint_drift(complaint_texts(frame, AS_OF), AS_OF, 3).table) > 0
        if seed <= months // 4:
            is_recent = frame["received_at"] > "2025-03-31"
            text = frame["text"].mask(is_recent & (random.random(len(frame)) < PLANTED), frame["text"] + "。" + PHRASE)
            table = complaint_drift(complaint_texts(frame.assign(text=text), AS_OF), AS_OF, 3).table
            written = int(text.ne(frame["text"]).sum())
            planted_as.append(written)
            found += PHRASE in set(table["phrase"])
    low, high = proportion_confint(called, months, method="beta")
    return {"quarters": months, "called_new": called, "rate_low": low, "rate_high": high, "stated": 0.05, "holds": low <= 0.05,
            "planted": months // 4, "planted_found": found, "planted_written_median": float(np.median(planted_as))}  # fmt: skip


def agreement(seed: int) -> list[dict]:
    """How topics of Chinese texts agree with the matters that the texts were made of (and with their causes), by number of topics:
    adjusted Rand index and purity (share of the commonest matter of each topic) of texts that have a topic."""
    matters, draw = [], simulator._matter
    with patch.object(simulator, "_matter", lambda *drawn: matters.append(draw(*drawn)) or matters[-1]):
        frame = complaints(seed)
    texts = complaint_texts(frame.assign(customer_id=frame.index.astype(str)), AS_OF, ["青岚支行"])
    texts = texts.where([any(isinstance(run, str) for clause in one for run in clause.runs) for one in texts.read])
    matter = np.array(matters, dtype=object)[texts.frame["subject"].astype(int)]
    counts = count_matrix(texts.read, vocabulary(texts.read, short_terms), short_terms)
    counts = counts[:, np.flatnonzero(uneven_terms(counts, texts.frame["cause"]))]
    tfidf, made = fit_tfidf(counts).transform(counts), []
    for k in (8, 16, 32, 48, 64, 96):
        found = find_topics(tfidf, texts.frame["subject"], (k,), seed)
        own = found.of(tfidf)
        has = own >= 0
        crossed = pd.crosstab(own[has], matter[has])
        made.append(
            {"seed": seed, "topics": k, "stable": int((found.stability >= STABLE).sum()), "told_share": float(has.mean()),
             "rand_matter": adjusted_rand_score(matter[has], own[has]), "purity": float(crossed.max(axis=1).sum() / has.sum()),
             "rand_cause": adjusted_rand_score(texts.frame["cause"][has], own[has])}
        )  # fmt: skip
    return made


def topics(seed: int) -> dict:
    """Topics of a simulated book, and of the same texts cut into clauses that were shuffled among them: what stability does not say."""
    texts = complaint_texts(complaints(seed), AS_OF, ["青岚支行"])
    found = complaint_topics(texts, AS_OF)
    random, clauses = np.random.default_rng(seed), [clause for one in texts.read for clause in one]
    order, place = random.permutation(len(clauses)), 0
    shuffled = np.empty(len(texts.read), dtype=object)
    for row, one in enumerate(texts.read):
        shuffled[row] = [clauses[number] for number in order[place : place + len(one)]]
        place += len(one)
    apart_ = complaint_topics(ComplaintTexts(texts.frame.assign(cause=None), shuffled), AS_OF)
    return {"seed": seed, "topics": found.topics, "shown": len(found.table), "stable_shown": int(found.table["is_stable"].sum()), "told_share": found.told.value,
            "shuffled_topics": apart_.topics, "shuffled_shown": len(apart_.table), "shuffled_stable_shown": int(apart_.table["is_stable"].sum())}  # fmt: skip


def real() -> dict | None:
    """Product from the narratives of the CFPB, the last year judged."""
    if not CFPB.exists():
        return None
    rows = pd.read_csv(CFPB).dropna(subset=["Consumer complaint narrative"])
    joined = {"Credit card": "Credit card or prepaid card", "Consumer Loan": "Vehicle loan or lease",
              "Payday loan": "Payday loan, title loan, or personal loan", "Bank account or service": "Checking or savings account"}  # fmt: skip
    names = {
        "Complaint ID": "complaint_id",
        "Date received": "received_at",
        "Consumer complaint narrative": "text",
        "Product": "category",
    }
    frame = rows.rename(columns=names).assign(customer_id=None, category=rows["Product"].replace(joined))
    texts = complaint_texts(frame.astype({"complaint_id": str}), dt.date(2020, 3, 31))
    is_test = (texts.frame["received_at"] >= "2019-06-01").to_numpy()
    train, test = texts.where(~is_test), texts.where(is_test)
    train = train.where(apart(train.read, train.frame["subject"], test.read, test.frame["subject"]))
    made: dict = {"narratives": len(texts.read), "trained": len(train.read), "tested": len(test.read)}
    for name, of in (("own", terms), ("bag_of_words", bag_of_words)):
        model = fit_classifier(train.read, train.frame["cause"], train.frame["subject"], of)
        chance = model.probabilities(test.read)
        named = np.array(model.classes)[chance.argmax(axis=1)]
        own = judge(test.frame["cause"], named, test.frame["subject"])
        made[name] = {"kappa": own.kappa[:3], "macro_f1": own.macro_f1[:3], "right": float((named == test.frame["cause"]).mean()),
                      "mean_probability": float(chance.max(axis=1).mean())}  # fmt: skip
    return made


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--seeds", type=int, default=8)
    parser.add_argument("--months", type=int, default=100)
    asked = parser.parse_args()
    made = {
        "what": "complaints in the demo bank's words (three years, 2,400, 5 % of causes flipped for the doubts; a phrase planted in 8 % of the last quarter's), and 1,532 narratives of the CFPB",
        "seeds": "1..n, not chosen",
        "size": SIZE,
        "classes": [told(seed) for seed in range(1, asked.seeds + 1)],
        "new": quiet(asked.months),
        "topics": [topics(seed) for seed in range(1, asked.seeds + 1)],
        "agreement": [row for seed in range(1, asked.seeds + 1) for row in agreement(seed)],
        "cfpb": real(),
    }
    OUT.write_text(json.dumps(made, indent=1, default=float) + "\n", encoding="utf-8")
    for name in ("classes", "topics", "agreement"):
        sys.stdout.write(pd.DataFrame(made[name]).round(3).to_string(index=False) + "\n")
    sys.stdout.write(json.dumps({"new": made["new"], "cfpb": made["cfpb"]}, indent=1, default=float) + "\n")


if __name__ == "__main__":
    main()
