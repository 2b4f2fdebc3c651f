import time

import numpy as np
import pandas as pd
import pytest
from scipy.sparse import csr_matrix

from analysis.stats.text import ASIDE, DENIED, MAIN, MOST_CHARACTERS, bag_of_words, read, read_all, shown, terms
from analysis.stats.text_classes import apart, fit_baseline, fit_classifier, judge
from analysis.stats.text_drift import more_often
from analysis.stats.text_terms import common_phrases, count_matrix, fit_tfidf, phrases_in, uneven_terms, vocabulary
from analysis.stats.text_topics import as_written, find_topics, names_of, reads_alone

HOSTILE = (
    "<script>alert(1)</script>", '=cmd|"/c calc"!A1', "响\u0007铃\x00", "\u202eevil\u202c反向", "😀😡", "手" * 100_000, "", "  ", "13800138000",
    "{{7*7}}", None, float("nan"), "x" * 100_000, "a\u0301" * 50, "<" * 5000, "，" * 5000, "不" * 3000, "not " * 3000, "1-" * 20_000,
)  # fmt: skip


def weights(text):
    return [(clause.weight, clause.runs) for clause in read(text)]


@pytest.mark.parametrize(
    ("text", "present", "absent"),
    [
        ("我很不高兴", "不高兴", "高兴"),
        ("柜员没有道歉", "没有道歉", "道歉"),
        ("人脸识别通过", "通过", "别通过了"),
        ("I am not at all happy", "not_happy", "happy"),
        ("they don't answer", "not_answer", "answer"),
        ("without reply", "no_reply", "reply"),
    ],
)
def test_what_is_negated_counts_with_its_negator_only(text, present, absent):
    found = terms(read(text))
    assert present in found
    assert absent not in found


def test_a_denial_does_not_count_and_what_follows_does():
    found = terms(read("我不是嫌手续费高，而是柜员态度冷淡"))
    assert "手续费" not in found
    assert found["柜员态度"] == MAIN
    english = terms(read("I do not mind the fee, but the teller was rude"))
    assert "fee" not in english
    assert english["rude"] == MAIN
    assert "return" not in terms(read("It is not the return I complain about: the app fails"))


def test_not_me_is_no_denial():
    assert weights("这笔支出不是我本人操作的")[0][0] == MAIN


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("先说件小事，推销短信太多。但主要是手机银行闪退", [ASIDE, ASIDE, MAIN]),
        ("推销太多，这个我忍了，可是扣费", [ASIDE, ASIDE, MAIN]),
        ("手机银行闪退。另外，停车不便", [MAIN, ASIDE, ASIDE]),
        ("The app fails. By the way, parking is hard", [MAIN, ASIDE, ASIDE]),
        ("The app fails; that is not why I write. The fee doubled", [ASIDE, ASIDE, MAIN]),
        ("柜员态度冷淡。扣费", [MAIN, MAIN]),
        ("不是嫌贵，而是慢", [DENIED, MAIN]),
        ("另外，停车不便", [MAIN, MAIN]),
    ],
)
def test_clauses_are_weighed(text, expected):
    assert [weight for weight, _ in weights(text)] == expected


def test_numbers_names_and_addresses_are_gone():
    text = "王小明经理１３８-1234 5678推销，卡号6222E0001，邮箱a.b@c.com，见https://x.y/z。Mr. John Smith called on XX/XX/XXXX"
    run = " ".join(str(clause.runs) for clause in read(text))
    for secret in ("王", "小明", "138", "6222", "a.b", "https", "john", "smith", "xx"):
        assert secret not in run
    assert "#元" in "".join(map(str, read("扣了５.20元")[0].runs))
    assert "青岚" not in str(read_all(["我在青岚支行开户"], ["青岚支行"]))


@pytest.mark.parametrize("text", HOSTILE)
def test_hostile_text_is_read_and_shown_as_plain_letters(text):
    clauses = read(text)
    assert sum(len(run) for clause in clauses for run in clause.runs) <= MOST_CHARACTERS
    for term in [*terms(clauses), *bag_of_words(clauses)]:
        assert shown(term).replace("…", "").replace(" ", "").replace("'", "").isalpha() or term == "#"


def test_no_text_is_slow_to_read():
    begun = time.process_time()
    for text in (
        *HOSTILE,
        "a.b" * 30_000,
        "<a" * 30_000,
        "not the " * 10_000,
        "0." * 30_000,
        "王" * 30_000,
        "Mr A" * 9_000,
        "@" * 30_000,
    ):
        read(text)
    assert time.process_time() - begun < 2


def test_a_phrase_needs_its_number_of_subjects():
    read_, subjects = read_all(["手机银行闪退"] * 9 + ["推销短信太多"] * 12), [*range(9), *([1] * 6), *range(20, 26)]
    assert common_phrases(read_, subjects, 9) == {"手机银行闪退": 9}
    assert common_phrases(read_, subjects, 10) == {}


def test_fragments_and_particles_are_no_phrases():
    texts = ["手机银行闪退", "手机银行卡顿", "手机银行打不开", "手机银行登录慢", "手机银行转圈"] * 6
    found = common_phrases(read_all(texts), range(len(texts)), 6)
    assert found["手机银行"] == 30
    assert not {"机银行", "手机银", "机银"} & found.keys()


def test_phrases_are_found_where_they_stand():
    held = phrases_in(
        read_all(["手机银行闪退", "不是嫌手机银行闪退，而是慢", "the app fails", "扣费"]), ["app fails", "手机银行"]
    )
    assert held.toarray().tolist() == [[0, 1], [0, 0], [1, 0], [0, 0]]


def planted(rows=400, seed=1):
    random = np.random.default_rng(seed)
    words = {"闪退": ("手机银行", "闪退", "登录"), "扣费": ("年费", "扣费", "收费"), "等候": ("排队", "等候", "叫号")}
    kind = random.choice(list(words), rows)
    text = ["，".join([*random.permutation(words[one])[:2], "请尽快处理"]) for one in kind]
    return kind, read_all(text), random.integers(0, rows, rows)


def test_planted_topics_are_found_and_courtesies_left_out():
    kind, texts, subjects = planted()
    words = vocabulary(texts)
    counts = count_matrix(texts, words)
    kept = uneven_terms(counts, pd.Series(kind))
    assert "尽快" not in np.array(words)[kept]
    tfidf = fit_tfidf(counts[:, kept]).transform(counts[:, kept])
    found = find_topics(tfidf, subjects, (2, 3, 5))
    assert found.k >= 3
    topic = found.of(tfidf)
    assert pd.crosstab(kind, topic).max(axis=0).sum() > 0.97 * len(kind)
    assert find_topics(tfidf, subjects, (3,)).stability.min() > 0.95


def test_a_topic_is_named_by_phrases_that_are_its_own_and_go_together():
    phrases = np.array(["手机银行闪退", "页面一直转圈", "银行闪退了", "没有人管", "对账单是乱码", "九人所写"], dtype=object)
    held, topic = np.zeros((120, 6)), np.repeat([0, 1, 2], 40)
    held[:30, :3] = 1
    held[::2, 3] = 1
    held[20:38, 4] = 1
    held[40:76, 5] = 1
    subjects = pd.Series([*range(40), *np.arange(40) % 9, *range(40)])
    assert names_of(csr_matrix(held), topic, 3, subjects, phrases, 10) == [["手机银行闪退", "页面一直转圈"], [], []]
    assert names_of(csr_matrix(held), topic, 3, subjects, phrases, 9)[1] == ["九人所写"]
    held[:10, 0:3] = held[:10, 4:5] = 0
    assert names_of(csr_matrix(held[:, [4]]), topic, 3, subjects, phrases[[4]], 10)[0] == ["对账单是乱码"]
    held[20:24, 4] = 0
    assert names_of(csr_matrix(held[:, [4]]), topic, 3, subjects, phrases[[4]], 10)[0] == []


def test_names_read_as_words_and_in_the_order_that_was_written():
    assert [reads_alone(one) for one in ("结果", "等了#分", "手机银行", "fee", "not_told", "kept my card")] == [
        False, False, True, False, True, True,
    ]  # fmt: skip
    texts = read_all(["手机银行闪退", "跨行取现收5元，柜员说一直如此"])
    assert as_written(texts, ["柜员说一直如此", "跨行取现收#元"]) == ["跨行取现收#元", "柜员说一直如此"]
    assert as_written(texts, ["柜员说一直如此", "手机银行闪退"]) == ["柜员说一直如此", "手机银行闪退"]


def test_a_classifier_reads_the_turn_that_a_bag_of_words_misses():
    random = np.random.default_rng(2)
    names = np.array(["收费", "态度", "排队", "推销", "闪退", "材料"])
    kind, other = random.integers(0, 6, 300), random.integers(1, 6, 300)
    said = [f"不是嫌{names[(a + b) % 6]}，而是{names[a]}" if swap else f"{names[(a + b) % 6]}就不提了，这次是{names[a]}"
            for a, b, swap in zip(kind, other, random.random(300) < 0.5, strict=True)]  # fmt: skip
    texts = read_all(said)
    own = fit_classifier(texts[:200], names[kind[:200]], range(200))
    named = np.array(own.classes)[own.probabilities(texts[200:]).argmax(axis=1)]
    plain = fit_baseline(texts[:200], names[kind[:200]], range(200))
    plainly = np.array(plain.classes)[plain.probabilities(texts[200:]).argmax(axis=1)]
    assert judge(names[kind[200:]], named, range(100), 50).kappa.value > 0.95
    assert judge(names[kind[200:]], plainly, range(100), 50).kappa.value < 0.6


def test_same_subjects_and_near_copies_are_kept_apart():
    train = read_all(["手机银行闪退了三次", "年费扣了50元没有通知", "排队等了一小时"])
    test = read_all(["年费扣了80元没有通知", "柜员态度冷淡"])
    assert apart(train, ["a", "b", "c"], test, ["a", "d"]).tolist() == [False, False, True]


def test_kappa_and_f1_agree_with_scikit_learn():
    from sklearn.metrics import cohen_kappa_score, f1_score, precision_score

    random = np.random.default_rng(3)
    actual = random.choice(["a", "b", "c"], 200)
    said = np.where(random.random(200) < 0.7, actual, random.choice(["a", "b", "c"], 200))
    told = judge(actual, said, random.integers(0, 90, 200), 200)
    assert told.kappa.value == pytest.approx(cohen_kappa_score(actual, said))
    assert told.macro_f1.value == pytest.approx(f1_score(actual, said, average="macro"))
    assert told.classes["precision"].tolist() == pytest.approx(list(precision_score(actual, said, average=None)))
    assert told.kappa.low < told.kappa.value < told.kappa.high


def test_drift_agrees_with_fisher_and_benjamini_hochberg():
    from scipy.stats import fisher_exact

    found = more_often([14, 20, 5], [0, 60, 15], 200, 600)
    assert found["p"][1] == pytest.approx(min(2 * fisher_exact([[20, 180], [60, 540]], "greater").pvalue, 1))
    assert found["is_new"].tolist() == [True, False, False]
    assert found["low"][0] > 1
    assert np.isinf(found["ratio"][0])
    assert found["ratio"][1] == pytest.approx(1)
    assert more_often([], [], 10, 10).empty
