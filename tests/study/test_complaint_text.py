import datetime as dt
import re
from dataclasses import replace
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from analysis.bank.demo.complaint_texts import CATEGORIES, MATTERS, VAGUE, draw_complaint_texts
from analysis.stats.text import bag_of_words, terms
from analysis.stats.text_classes import apart, fit_classifier, judge
from analysis.study.complaint_class_exhibits import class_findings, classes_exhibit, proposed_exhibit
from analysis.study.complaint_classes import complaint_classes
from analysis.study.complaint_drift import complaint_drift, drift_findings, new_exhibit
from analysis.study.complaint_texts import complaint_texts, shown_phrases
from analysis.study.complaint_topics import complaint_topics, topic_findings, topics_exhibit

AS_OF = dt.date(2025, 6, 30)
CFPB = Path(__file__).parents[3] / "shared" / "data" / "complaints" / "complaints_sample.csv"
HOSTILE = (
    "<script>alert(1)</script>",
    "=1+1",
    "\u202e反\u0007",
    "😀",
    "1" * 400,
    "手" * 300,
    "",
    "{{7*7}}",
    "张三丰经理13800138000",
)


def complaints(size=1400, seed=1, days=740):
    random = np.random.default_rng(seed)
    category = random.choice(CATEGORIES, size)
    waited = np.where(category == "service", random.gamma(4, 8, size), np.nan)
    drawn = (np.full(size, "青岚支行"), random.choice(["card", "term", ""], size), random.integers(1, 6, size))
    text = draw_complaint_texts(random, category, *drawn, waited, random.integers(0, 20, size))
    frame = pd.DataFrame(
        {"complaint_id": np.arange(size).astype(str), "customer_id": random.integers(0, 3 * size, size).astype(str)}
    )
    day = pd.Timestamp(AS_OF) - pd.to_timedelta(random.integers(0, days, size), unit="D")
    return frame.assign(received_at=day, text=text, category=category)


@pytest.fixture(scope="module")
def some():
    return complaints()


@pytest.fixture(scope="module")
def classes(some):
    lacking = some.assign(category=some["category"].mask(some.index % 10 == 0))
    return complaint_classes(complaint_texts(lacking, AS_OF, ["青岚支行"]), AS_OF, replicates=100)


@pytest.fixture(scope="module")
def topics(some):
    return complaint_topics(complaint_texts(some, AS_OF, ["青岚支行"]), AS_OF, numbers=(8, 48))


def test_nothing_after_the_day_is_read_and_what_stands_twice_is_read_once(some):
    late = some.assign(received_at=pd.Timestamp("2025-07-01"))
    assert complaint_texts(late, AS_OF) is None
    texts = complaint_texts(some, AS_OF)
    again = complaint_texts(pd.concat([some, some.assign(complaint_id="x" + some["complaint_id"])]), AS_OF)
    assert len(again.read) == len(texts.read)
    assert complaint_texts(some.drop(columns="text"), AS_OF) is None


def test_topics_have_shares_of_the_year_and_phrases_that_ten_wrote(some, topics):
    texts, found, table = complaint_texts(some, AS_OF, ["青岚支行"]), topics, topics.table
    assert (table["customers"] >= 10).all()
    assert ((table["low"] <= table["value"]) & (table["value"] <= table["high"])).all()
    assert table["base"].eq((texts.frame["received_at"] >= "2024-07-01").sum()).all()
    phrases = {phrase.replace("#", "…").replace("_", " ") for phrase in shown_phrases(texts)}
    shown = [part for topic in table["topic"] for part in topic.render("en").split(" · ")]
    assert set(shown) <= phrases
    assert len(table) >= 5
    assert "青岚" not in "".join(shown)
    exhibit = topics_exhibit(found)
    assert exhibit.absent is None
    assert {column.name for column in exhibit.columns} <= set(exhibit.frame)
    assert topic_findings(found)[0].id == "complaint_text.topics"
    assert found.topics == 48 + 8, "twenty texts a topic: too few in English for 48"
    assert complaint_topics(texts, AS_OF, numbers=(1000,)) is None
    unnamed = topics_exhibit(replace(found, table=table.head(0))).absent
    assert unnamed is not None
    assert unnamed.template != topics_exhibit(None).absent.template


def test_phrases_joined_into_one_name_are_of_one_matter(topics):
    matters = [matter for every in MATTERS["zh"].values() for matter in every] + list(VAGUE["zh"])
    named = [topic.render("en").split(" · ") for topic in topics.table["topic"]]
    assert min(len(phrase.replace("…", "")) for phrases in named for phrase in phrases) >= 4
    joined = [re.split("…|多?分钟", "…".join(phrases)) for phrases in named if len(phrases) > 1]
    assert len(joined) >= 3
    for own in joined:
        assert any(all(part in matter for part in own) for matter in matters), own


def test_the_classifier_beats_a_bag_of_words_on_later_complaints_of_others(classes):
    assert classes.told.kappa.value > 0.7
    assert classes.told.macro_f1.value > classes.baseline.macro_f1.value > classes.majority
    assert classes.right.value > classes.told.kappa.value
    ids = {finding.id for finding in class_findings(classes, {})}
    assert {
        "complaint_text.kappa",
        "complaint_text.macro_f1",
        "complaint_text.macro_f1_baseline",
        "complaint_text.recall.service",
    } <= ids
    assert classes_exhibit(classes, {}).frame["base"].sum() == classes.told.kappa.base


def test_causes_are_proposed_for_those_without_one_and_few_are_not_shown(classes):
    assert classes.proposed["value"].sum() + classes.untold == classes.unlabelled
    assert "other" not in set(classes.proposed["cause"])
    frame = proposed_exhibit(classes, {}).frame
    assert frame["value"].min() >= 10


def test_wrong_causes_are_doubted_and_right_ones_hardly(some, classes):
    random = np.random.default_rng(5)
    flipped = some["category"].mask(random.random(len(some)) < 0.1, pd.Series(random.permutation(some["category"]), some.index))
    wrong = complaint_classes(complaint_texts(some.assign(category=flipped), AS_OF), AS_OF, replicates=20).doubtful.value
    right = classes.doubtful.value
    assert right < 0.01 < 0.03 < wrong


def test_too_few_is_said():
    few = complaint_texts(complaints(60), AS_OF)
    assert complaint_topics(few, AS_OF) is None
    assert complaint_classes(few, AS_OF) is None
    assert complaint_drift(few, AS_OF) is None
    for exhibit in (topics_exhibit(None), classes_exhibit(None, {}), proposed_exhibit(None, {}), new_exhibit(None)):
        assert exhibit.absent is not None
    assert topic_findings(None) == class_findings(None, {}) == drift_findings(None) == []


def test_a_planted_phrase_is_new_and_an_even_one_is_not(some):
    recent = some["received_at"] > "2025-03-31"
    random = np.random.default_rng(4)
    new = some["text"].mask(recent & (random.random(len(some)) < 0.15), some["text"] + "。新版转账要刷脸三次")
    even = new.mask(random.random(len(some)) < 0.15, new + "。门口积水")
    found = complaint_drift(complaint_texts(some.assign(text=even), AS_OF), AS_OF, 3)
    assert found.table["phrase"].map(str).tolist() == ["新版转账要刷脸三次"]
    row = found.table.iloc[0]
    assert row["now"] >= 10
    assert row["low"] > 1
    assert drift_findings(found)[0].value == 1
    assert new_exhibit(found).absent is None
    quiet = complaint_drift(complaint_texts(some, AS_OF), AS_OF, 3)
    assert quiet.table.empty


def test_what_fewer_than_ten_wrote_is_not_shown_though_new(some):
    nine = some.index[some["received_at"] > "2025-03-31"][:9]
    text = some["text"].where(~some.index.isin(nine), some["text"] + "。新版转账要刷脸三次")
    assert complaint_drift(complaint_texts(some.assign(text=text), AS_OF), AS_OF, 3).table.empty


def test_hostile_words_run_and_never_reach_a_page(some):
    some = some.head(1000)
    text = [
        (HOSTILE[place // 6 % len(HOSTILE)] if place % 6 == 0 else "") + (own if place % 12 else "")
        for place, own in enumerate(some["text"])
    ]
    texts = complaint_texts(some.assign(text=text), AS_OF)
    found = complaint_topics(texts, AS_OF, numbers=(4,))
    named = complaint_classes(texts, AS_OF, replicates=20)
    new = complaint_drift(texts, AS_OF, 3)
    words = [*found.table["topic"].map(lambda topic: topic.render("en")), *new.table["phrase"].map(str), *shown_phrases(texts)]
    assert named.told.kappa.value > 0
    for word in words:
        assert word.translate(dict.fromkeys(map(ord, " ·…#_'"))).isalpha(), word
    assert not any("张三丰" in word for word in words)


@pytest.mark.parametrize("text", ["x", "手机银行闪退", "123", "="])
def test_a_bank_whose_complaints_all_say_the_same_is_no_error(some, text):
    texts = complaint_texts(some.assign(text=text), AS_OF)
    assert complaint_topics(texts, AS_OF) is None
    named, new = complaint_classes(texts, AS_OF, replicates=20), complaint_drift(texts, AS_OF, 3)
    assert named is None or named.told.kappa.value == pytest.approx(0, abs=0.1)
    assert new is None or new.table.empty


@pytest.mark.skipif(not CFPB.exists(), reason="the CFPB sample is not there")
def test_product_of_real_narratives_out_of_time():
    """1,532 narratives of the CFPB's public database; products renamed over the years are joined as the CFPB did in 2017."""
    rows = pd.read_csv(CFPB).dropna(subset=["Consumer complaint narrative"])
    joined = {"Credit card": "Credit card or prepaid card", "Consumer Loan": "Vehicle loan or lease",
              "Payday loan": "Payday loan, title loan, or personal loan", "Bank account or service": "Checking or savings account"}  # fmt: skip
    frame = pd.DataFrame({"complaint_id": rows["Complaint ID"].astype(str), "customer_id": None, "received_at": pd.to_datetime(rows["Date received"]),
                          "text": rows["Consumer complaint narrative"], "category": rows["Product"].replace(joined)})  # fmt: skip
    texts = complaint_texts(frame, dt.date(2020, 3, 31))
    assert len(texts.read) == 1532
    frame, is_test = texts.frame, (texts.frame["received_at"] >= "2019-06-01").to_numpy()
    train, test = texts.where(~is_test), texts.where(is_test)
    train = train.where(apart(train.read, train.frame["subject"], test.read, test.frame["subject"]))
    told = {}
    for name, of in (("own", terms), ("plain", bag_of_words)):
        model = fit_classifier(train.read, train.frame["cause"], train.frame["subject"], of, strength=30.0)
        named = np.array(model.classes)[model.probabilities(test.read).argmax(axis=1)]
        told[name] = judge(test.frame["cause"], named, test.frame["subject"], 50)
    assert told["own"].kappa.value > 0.55
    assert told["own"].macro_f1.value > 0.4
    assert told["own"].macro_f1.high > told["plain"].macro_f1.value
