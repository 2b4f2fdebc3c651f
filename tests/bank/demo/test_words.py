import re

import numpy as np
import pandas as pd
import pytest
from sklearn.feature_extraction.text import TfidfVectorizer
from sklearn.linear_model import LogisticRegression
from sklearn.metrics import f1_score
from sklearn.pipeline import make_pipeline

from analysis.bank.demo import dirt, texts
from analysis.bank.demo.complaint_phrases import MATTERS
from analysis.bank.demo.complaint_texts import (
    CATEGORIES,
    ENGLISH_SHARE,
    MIXED_SHARE,
    NO_PRODUCT,
    PRODUCTS,
    draw_complaint_texts,
)
from analysis.bank.demo.texts import FIRM_WORDS, GIVEN, draw_id_numbers, draw_names, draw_phones

SHARES = (0.24, 0.17, 0.18, 0.16, 0.08, 0.06, 0.07, 0.04)
CODES = ("", "demand", "term", "wealth", "fund", "insurance", "card", "loan", "mortgage", "standing_order")


def draw(seed, rows, wait=None, severity=None):
    rng = np.random.default_rng(seed)
    category = rng.choice(np.array(CATEGORIES, dtype=object), rows, p=SHARES)
    waits = np.where((category == "service") & (rng.random(rows) < 0.5), 5 + rng.gamma(2, 20, rows), np.nan)
    complaints = pd.DataFrame(
        {
            "category": category,
            "branch_name": rng.choice(np.array(["青岚中心支行", "望海新区支行"], dtype=object), rows),
            "product": rng.choice(np.array(CODES, dtype=object), rows),
            "severity": rng.integers(1, 6, rows) if severity is None else np.full(rows, severity),
            "waited_minutes": waits if wait is None else np.full(rows, wait),
            "years": rng.integers(0, 30, rows),
        }
    )
    return complaints.assign(text=draw_complaint_texts(rng, *(complaints[name].to_numpy() for name in complaints)))


@pytest.fixture(scope="module")
def complaints():
    return draw(1, 3000)


def is_chinese(text):
    return text.str.replace("[一-鿿]+支行", "", regex=True).str.contains("[一-鿿]")


def test_the_same_generator_writes_the_same_texts():
    assert draw(3, 50)["text"].tolist() == draw(3, 50)["text"].tolist()
    assert draw(3, 50)["text"].tolist() != draw(4, 50)["text"].tolist()


def test_nobody_claims_more_years_with_the_bank_than_are_true(complaints):
    new = complaints[complaints["years"] == 0]["text"]
    assert not new.str.contains("贵行0年|开户0年|been a customer for 0 |here for 0 ").any()
    told = complaints["text"].str.extract(r"开户(\d+)年")[0]
    assert (told.dropna().astype(int) == complaints.loc[told.notna(), "years"]).all()
    assert told.notna().sum() > 30


def test_no_complaints_no_texts():
    assert draw(3, 0)["text"].tolist() == []


def test_texts_vary_and_no_place_is_left_unfilled(complaints):
    assert complaints["text"].nunique() > 2900
    assert not complaints["text"].str.contains("[{}]|None|nan", regex=True).any()
    assert complaints["text"].str.len().between(8, 500).all()


def test_a_fifth_is_english_and_some_are_mixed(complaints):
    english = ~is_chinese(complaints["text"])
    assert english.mean() == pytest.approx(ENGLISH_SHARE, abs=0.03)
    latin = complaints["text"].str.contains("[A-Za-z]{4,}", regex=True) & ~english
    assert latin.mean() == pytest.approx(MIXED_SHARE, abs=0.02)


@pytest.mark.parametrize("category", ["service", "pricing", "system", "process"])
def test_large_categories_have_25_sentences(category):
    assert len(set(MATTERS["zh"][category] + MATTERS["en"][category])) >= 25


@pytest.mark.parametrize("language", ["zh", "en"])
def test_sentences_belong_to_one_category_and_those_with_a_wait_stand_first(language):
    every = [matter for matters in MATTERS[language].values() for matter in matters]
    assert len(every) == len(set(every))
    assert tuple(MATTERS[language]) == CATEGORIES
    for matters in MATTERS[language].values():
        waits = ["{wait}" in matter for matter in matters]
        assert waits == sorted(waits, reverse=True)


def test_who_did_not_wait_writes_of_no_wait(complaints):
    dry = complaints[complaints["waited_minutes"].isna()]["text"]
    assert not dry.str.contains(r"分钟|小时|\d minutes|hour and a half|two hours", regex=True).any()
    assert draw(5, 400, wait=42.0)["text"].str.contains("分钟|小时|minutes", regex=True).mean() > 0.6


def test_minutes_are_the_minutes_waited():
    text = " ".join(draw(6, 300, wait=43.0)["text"])
    assert set(re.findall(r"(\d+)多?分钟", text)) == {"40", "43"}
    assert set(re.findall(r"(\d+) minutes", text)) == {"40", "43"}


def test_the_product_is_the_one_meant():
    rng = np.random.default_rng(2)
    columns = [np.full(400, value, dtype=object) for value in ("pricing", "青岚中心支行", "card")]
    written = draw_complaint_texts(rng, *columns, np.full(400, 3), np.full(400, np.nan), np.full(400, 5))
    others = [word for words in PRODUCTS.values() for code, word in words.items() if code not in ("card", "fund", "loan")]
    assert not [text for text in written if any(word in text for word in others if word != "保险")]
    assert sum("信用卡" in text or "credit card" in text for text in written) > 80
    assert set(NO_PRODUCT["zh"]) - {"any"} <= set(CATEGORIES)


def test_only_the_severe_threaten():
    threats = "12378|销户！|监管部门|regulator|closing my account"
    assert draw(8, 300, severity=1)["text"].str.contains(threats).sum() == 0
    assert draw(8, 300, severity=5)["text"].str.contains(threats).mean() > 0.5


def test_a_bag_of_words_tells_categories_apart_but_not_trivially(complaints):
    category, text = complaints["category"].to_numpy(dtype=str), complaints["text"]
    words = TfidfVectorizer(analyzer="char", ngram_range=(1, 2), min_df=2)
    model = make_pipeline(words, LogisticRegression(C=10, solver="sag", tol=0.01, random_state=0))
    model.fit(text[:2000], category[:2000])
    macro = f1_score(category[2000:], model.predict(text[2000:]), average="macro")
    assert 0.75 < macro < 0.93


def test_unknown_categories_are_an_error():
    with pytest.raises((KeyError, ValueError)):
        draw_complaint_texts(np.random.default_rng(1), ["weather"], ["支行"], [""], [1], [np.nan], [5])


def test_identity_numbers_pass_the_check_of_form_and_name_no_region():
    born = np.arange("1950-01-01", "1950-01-31", dtype="datetime64[D]")
    numbers = draw_id_numbers(np.random.default_rng(1), np.full(30, "personal"), np.full(30, "male"), born)
    for number, day in zip(numbers, born, strict=True):
        value = sum((10 if digit == "X" else int(digit)) * 2 ** (17 - place) for place, digit in enumerate(number))
        assert value % 11 == 1
        assert number[:3] == "999"
        assert number[6:14] == str(day).replace("-", "")
        assert int(number[16]) % 2 == 1


def test_phones_have_a_prefix_that_nobody_holds():
    assert all(re.fullmatch(r"154\d{8}", phone) for phone in draw_phones(np.random.default_rng(1), 100))


def test_companies_seldom_share_a_name():
    names = draw_names(np.random.default_rng(1), np.full(2000, "corporate"), np.resize(texts.INDUSTRIES, 2000))
    assert len(set(names)) > 1950


def test_every_given_name_and_firm_can_be_misspelt():
    assert set(GIVEN) | set("".join(FIRM_WORDS)) <= set(dirt.LOOKALIKES)
    assert all(written != mistaken for written, mistaken in dirt.LOOKALIKES.items())


def test_a_name_is_misspelt_in_one_character():
    names = np.array(draw_names(np.random.default_rng(1), np.full(300, "personal"), np.full(300, "")), dtype=object)
    changed = dirt.misspell_names(np.random.default_rng(2), names)
    differing = [sum(a != b for a, b in zip(old, new, strict=True)) for old, new in zip(names, changed, strict=True)]
    assert set(differing) == {1}


@pytest.mark.parametrize(
    ("change", "before", "after"),
    [
        (dirt.space_names, "张伟", "张 伟"),
        (dirt.space_phones, "15412345678", "154 1234 5678"),
        (dirt.space_id_numbers, "999001198002290016", "999001 19800229 0016"),
        (dirt.widen_digits, "154X", "１５４X"),
        (dirt.shorten_companies, "青岚鼎通制造有限公司", "青岚鼎通制造"),
        (dirt.empty, "x", ""),
    ],
)
def test_errors_of_typing(change, before, after):
    given = np.array([before], dtype=object)
    assert change(np.random.default_rng(1), given).tolist() == [after]
    assert given.tolist() == [before]


def test_a_wrong_last_digit_is_another_digit():
    given = np.array(["12345X", "123456"] * 50, dtype=object)
    changed = dirt.miss_last_digit(np.random.default_rng(1), given)
    assert all(old[:-1] == new[:-1] and old[-1] != new[-1] for old, new in zip(given, changed, strict=True))


def test_spoiling_spares_empty_texts_and_leaves_its_input():
    given = np.array(["a", ""] * 500, dtype=object)
    spoilt = dirt.spoil(np.random.default_rng(1), given, 0.4, lambda rng, values: values + "!")
    assert set(spoilt[1::2]) == {""}
    assert 150 < (spoilt == "a!").sum() < 250
    assert set(given) == {"a", ""}


def test_hostile_texts_include_markup_formula_control_and_direction():
    joined = "".join(texts.HOSTILE)
    assert all(mark in joined for mark in ("<script>", "=HYPERLINK", "\u0007", "\u202e"))
