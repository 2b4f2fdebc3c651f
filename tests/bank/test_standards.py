"""The standards against their published samples, against python-stdnum, and against whatever text there may be."""

import datetime as dt

import duckdb
import numpy as np
import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from stdnum.cn import uscc
from stdnum.iso7064 import mod_11_2

from analysis.bank import standards
from analysis.bank.demo import dirt, texts

GB_11643_SAMPLES = ("11010519491231002X", "440524188001010014")
USCC_SAMPLES = ("91350100M000100Y43", "91110000600037341L")
TO_TEXT = [
    function
    for function, returned in standards.FUNCTIONS.items()
    if function.__name__.startswith(("standard_", "plain")) and returned == "VARCHAR"
]
HOSTILE = (
    *texts.HOSTILE,
    "\x00",
    "a\x00b",
    "张" * 10_000,
    "9" * 10_000,
    " " * 10_000,
    "\ud7ff\U0010ffff",
    "1e999",
    "00/00/0000",
    "９" * 18,
    "e\u200b\u0301",
)
ALPHABET = st.characters(codec="utf-8") | st.sampled_from(
    "0123456789０１９Xx-/.年月日万亿元¥()（） \t張陈後乾İǰ·•張\u200b\u0301<{=+"
)


def one(function, text):
    return function(pa.array([text], pa.string())).to_pylist()[0]


@pytest.fixture(scope="module")
def connection():
    with duckdb.connect() as connection:
        standards.register(connection)
        yield connection


@given(st.lists(st.none() | st.text(ALPHABET, max_size=30), max_size=20))
@settings(max_examples=60, deadline=None)
def test_every_text_has_a_standard_or_none_and_a_standard_is_its_own(values):
    for function in standards.FUNCTIONS:
        given_ = function(pa.array(values, pa.string()))
        assert len(given_) == len(values)
        assert all(out is None for text, out in zip(values, given_.to_pylist(), strict=True) if text is None)
        if function in TO_TEXT:
            assert function(given_).to_pylist() == given_.to_pylist(), function.__name__


def test_hostile_text_raises_nothing_in_sql(connection):
    connection.register("hostile", pa.table({"text": pa.array([*HOSTILE, None], pa.string())}))
    columns = ", ".join(f"{function.__name__}(text) AS {function.__name__}" for function in standards.FUNCTIONS)
    rows = connection.execute(f"SELECT {columns} FROM hostile").fetchall()
    assert len(rows) == len(HOSTILE) + 1
    assert set(rows[-1]) == {None}


@pytest.mark.parametrize(
    "values",
    [
        pa.nulls(2),
        pa.array([], pa.string()),
        pa.chunked_array([["张 伟"], [None, "2024/1/3"]]),
        pa.array(["1"], pa.large_string()),
    ],
)
def test_any_arrow_text_is_taken(values):
    for function in standards.FUNCTIONS:
        assert len(function(values)) == len(values)


@pytest.mark.parametrize(
    ("written", "standard"),
    [
        ("張 偉", "张伟"),
        ("陳國強（香港）", "陈国强(香港)"),
        ("阿卜杜•热西提.买买提.江", "阿卜杜·热西提·买买提·江"),
        ("  Zhang\u3000 WEI ", "zhang wei"),
        ("ＡＢＣ 有限公司【集团】", "abc有限公司(集团)"),
        ("李\u200b四\u202e", "李四"),
        ("阿.卜.杜", "阿·卜·杜"),
        ("İ\u0301", "í"),
        (" \u200b ", None),
    ],
)
def test_names_have_one_spelling(written, standard):
    assert one(standards.standard_name, written) == standard


@pytest.mark.parametrize("name", ["乾隆", "後藤", "后羿", "裡里", "於于", "範范", "餘余", "臺台", "徵征", "瀋沈", "哪吒"])
def test_a_character_with_two_readings_stays(name):
    assert one(standards.standard_name, name) == name


def test_no_simplified_form_is_itself_simplified_further():
    forms = standards.simplified_forms()
    assert len(forms) > 2500
    assert not {ord(new) for new in forms.values()} & forms.keys()
    assert {chr(old): new for old, new in forms.items()}.items() >= {"國": "国", "陳": "陈", "劉": "刘", "東": "东"}.items()


@pytest.mark.parametrize(
    ("name", "fault"),
    [
        *[(f"王芳{hostile}", "hostile") for hostile in texts.HOSTILE],
        ("＜script＞", "hostile"),
        ("青岚市解放路12号", "looks_like_address"),
        ("青嵐縣解放路十二號", "looks_like_address"),
        ("王芳2", "holds_digits"),
        ("ＷＡＮＧ", "full_width"),
        ("王 芳", "spaced"),
        ("王芳 ", "spaced"),
        *[
            (fine, None)
            for fine in (
                "王芳",
                "O'Brien",
                "Zhang Wei",
                "迪丽·热巴",
                "3M中国有限公司",
                "解放路12号餐厅有限公司",
                "3M Co.",
                "甲（乙）厂",
                None,
                "",
            )
        ],
    ],
)
def test_faults_of_names(name, fault):
    assert one(standards.name_fault, name) == fault


@pytest.mark.parametrize(
    "written",
    [
        "13812345678",
        "+86 138-1234-5678",
        "0086 13812345678",
        "8613812345678",
        "013812345678",
        "１３８ １２３４ ５６７８",
        "(86)138.1234.5678",
    ],
)
def test_mobiles_have_one_form(written):
    assert one(standards.standard_phone, written) == "+8613812345678"


@pytest.mark.parametrize(
    ("written", "standard", "fault"),
    [
        ("15412345678", "+8615412345678", None),
        ("154 1234 5678", "+8615412345678", "spaced"),
        ("１５４12345678", "+8615412345678", "full_width"),
        ("015412345678", "+8615412345678", None),
        ("010-62345678", "+861062345678", None),
        ("(021)62345678转801", "+862162345678", None),
        ("+852-2345-6789", "+85223456789", None),
        ("62345678", None, "not_a_phone"),
        ("138123456789", None, "not_a_phone"),
        ("13800138000/13900139000", None, "not_a_phone"),
        (GB_11643_SAMPLES[0], None, "id_in_phone"),
        ("110105 19491231 002x", None, "id_in_phone"),
        (USCC_SAMPLES[0], None, "id_in_phone"),
        ("", None, None),
    ],
)
def test_telephone_numbers(written, standard, fault):
    assert (one(standards.standard_phone, written), one(standards.phone_fault, written)) == (standard, fault)


@pytest.mark.parametrize("number", [*GB_11643_SAMPLES, *USCC_SAMPLES])
def test_published_samples_have_no_fault_and_one_with_any_other_last_place_has(number):
    assert one(standards.id_fault, number) is None
    wrong = [number[:-1] + last for last in "0123456789X" if last != number[-1]]
    assert set(standards.id_fault(pa.array(wrong)).to_pylist()) == {"check_digit"}


@pytest.mark.parametrize(
    ("written", "fault"),
    [
        ("11010519491231002x", None),
        ("110105 19491231 002X", "spaced"),
        ("１１010519491231002X", "full_width"),
        ("911101199901010031", None),  # a code in digits, with what might be a date inside
        ("110105194902300021", "birth"),
        ("110105000001010013", "birth"),
        ("110105491231002", "old_form"),
        ("13812345678", "phone_in_id"),
        ("E12345678", "form"),
        ("11010519491231002", "form"),
        ("9135O100M000100Y43", "form"),
        ("", None),
    ],
)
def test_faults_of_identity_numbers(written, fault):
    assert one(standards.id_fault, written) == fault


def test_check_characters_agree_with_stdnum():
    rng = np.random.default_rng(4)
    born = np.datetime64("1930-01-01") + rng.integers(0, 30_000, 3000)
    persons = [
        f"{110000 + rng.integers(0, 540000)}{str(day).replace('-', '')}{rng.integers(0, 1000):03d}{rng.choice(list('0123456789X'))}"
        for day in born
    ]
    codes = [
        f"9{rng.integers(1, 4)}{rng.integers(10, 66)}0000{''.join(rng.choice(list(uscc._alphabet), 10))}" for _ in range(3000)
    ]
    persons += [number[:-1] + mod_11_2.calc_check_digit(number[:-1]) for number in persons]
    codes += [number[:-1] + uscc.calc_check_digit(number) for number in codes]
    found = [fault is None for fault in standards.id_fault(pa.array(persons)).to_pylist()]
    assert found == [mod_11_2.is_valid(number) for number in persons]
    letters = [number for number in codes if not number.isdigit() and not (number[:-1].isdigit() and number.endswith("X"))]
    assert [fault is None for fault in standards.id_fault(pa.array(letters)).to_pylist()] == [
        uscc.is_valid(number) for number in letters
    ]


def test_every_wrong_last_digit_of_the_demo_bank_is_found_and_no_right_one():
    rng = np.random.default_rng(5)
    kind = np.array(["personal", "corporate"])[(np.arange(2000) % 10 == 0).astype(int)]
    born = np.datetime64("1940-01-01") + rng.integers(0, 25_000, 2000)
    sex = rng.choice(["female", "male"], 2000)
    numbers = np.array(texts.draw_id_numbers(rng, kind, sex, born), dtype=object)
    assert set(standards.id_fault(pa.array(numbers)).to_pylist()) == {None}
    assert set(standards.id_fault(pa.array(dirt.miss_last_digit(rng, numbers))).to_pylist()) == {"check_digit"}
    is_person = kind == "personal"
    assert standards.birth_of_id(pa.array(numbers[is_person])).to_pylist() == born[is_person].tolist()
    assert standards.sex_of_id(pa.array(numbers[is_person])).to_pylist() == sex[is_person].tolist()
    assert set(standards.sex_of_id(pa.array(numbers[~is_person])).to_pylist()) == {None}


def test_an_identity_number_tells_birth_and_sex_only_where_it_is_right():
    assert one(standards.birth_of_id, "110105 19491231 002x") == dt.date(1949, 12, 31)
    assert one(standards.sex_of_id, GB_11643_SAMPLES[0]) == "female"
    assert one(standards.sex_of_id, GB_11643_SAMPLES[1]) == "male"
    for wrong in ("110105194912310021", "110105194902300021", USCC_SAMPLES[0], None, ""):
        assert one(standards.birth_of_id, wrong) is None
        assert one(standards.sex_of_id, wrong) is None


@pytest.mark.parametrize(
    "written",
    [
        "2024-01-03",
        "2024/1/3",
        "20240103",
        "2024.1.3",
        "2024年1月3日",
        "２０２４／１／３",
        " 2024-1-3 23:59:59.5",
        "2024-01-03T00:00:00",
        "20240103235959",
        "2024年1月3日12:30",
    ],
)
def test_the_usual_orders_are_one_date(written):
    assert one(standards.standard_date, written) == "2024-01-03"


@pytest.mark.parametrize(
    "written",
    [
        "3/1/2024",
        "1/31/2024",
        "24-1-3",
        "2023-02-29",
        "1975/2/30",
        "0000/0/0",
        "2024-01-03T00:00:00Z",
        "民国113年1月3日",
        "45294",
        "2024-13-01",
        " x ",
        "2024-1-3 25:00",
    ],
)
def test_what_is_no_date_is_passed_on_as_it_stands(written):
    assert one(standards.standard_date, written) == written


@pytest.mark.parametrize(
    ("written", "yuan"),
    [
        ("3.5万元", 35_000.0),
        ("4.35萬", 43_500.0),
        ("1,234.50", 1234.5),
        ("￥2亿", 2e8),
        ("2億圓整", 2e8),
        ("1200元", 1200.0),
        ("５千元", 5000.0),
        ("人民币 1.2 百万", 1.2e6),
        ("（1,200.00）", -1200.0),
        ("-¥5", -5.0),
        ("−.5", -0.5),
        ("1.5e3", 1500.0),
        *[
            (none, None)
            for none in ("(-5)", "(5", "1,23", "1.234,50", "$5", "HK$5", "1e3万", "1e999", "nan", "inf", ".", "万元", "", "5 6x")
        ],
    ],
)
def test_amounts_in_yuan(written, yuan):
    assert one(standards.standard_amount, written) == yuan


def test_addresses_have_one_spelling():
    assert one(standards.standard_address, "青嵐市 解放路 １２號—３Ａ座") == "青岚市解放路12号-3a座"


def test_standards_of_parties_and_customers(connection):
    row = "'core' AS source, '1' AS source_id, '王 芳' AS name, '154 1234 5678' AS phone, '110105194912310021' AS id_number, NULL AS address, DATE '1949-12-31' AS birth_date"
    standard = ("王芳", "spaced", "+8615412345678", "spaced", "110105194912310021", "check_digit", None, dt.date(1949, 12, 31))
    assert connection.execute(standards.of_parties(f"(SELECT {row})")).fetchall() == [("core", "1", *standard)]
    assert [column[0] for column in connection.description] == [
        "source",
        "source_id",
        "name",
        "name_fault",
        "phone",
        "phone_fault",
        "id_number",
        "id_fault",
        "address",
        "birth_date",
    ]
    assert connection.execute(standards.of_customers(f"(SELECT source_id AS customer_id, * FROM (SELECT {row}))")).fetchall() == [
        ("1", *standard)
    ]
