"""Standard forms: the usual spellings come together, what has no standard form is marked or passed on."""

import duckdb
import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from stdnum.cn import uscc
from stdnum.iso7064 import mod_11_2

from analysis.bank import standards


def one(function, text):
    return standards.FUNCTIONS[function](pa.array([text], pa.string())).to_pylist()[0]


SPELLINGS = [
    ("plain", "　Ａｎｎａ\u00a0 \u200bＡ ", "Anna A"),
    ("plain", " \t\u0007 ", None),
    ("plain", None, None),
    ("standard_name", "張 偉", "张伟"),
    ("standard_name", "王 小 明", "王小明"),
    ("standard_name", "ANNA  Alpha", "anna alpha"),
    ("standard_name", "後藤", "後藤"),
    ("standard_name", "后羿", "后羿"),
    ("standard_name", "青岚(集团)有限公司", "青岚(集团)有限公司"),
    ("standard_name", "青岚（集团）有限公司", "青岚(集团)有限公司"),
    ("standard_address", "青嵐市 解放路 １２号", "青岚市解放路12号"),
    ("standard_phone", "154 1234 5678", "+8615412345678"),
    ("standard_phone", "+86-154-1234-5678", "+8615412345678"),
    ("standard_phone", "008615412345678", "+8615412345678"),
    ("standard_phone", "１５４１２３４５６７８", "+8615412345678"),
    ("standard_phone", "010-62345678", "+861062345678"),
    ("standard_phone", "+44 20 7946 0958", "+442079460958"),
    ("standard_phone", "12345", None),
    ("standard_phone", "11010519491231002X", None),
    ("standard_id", "110105 19491231 002x", "11010519491231002X"),
    ("standard_date", "1985/3/9", "1985-03-09"),
    ("standard_date", "19850309", "1985-03-09"),
    ("standard_date", "1985年3月9日", "1985-03-09"),
    ("standard_date", "1985.3.9", "1985-03-09"),
    ("standard_date", "1985-03-09 00:00:00", "1985-03-09"),
    ("standard_date", "1975/2/30", "1975/2/30"),
    ("standard_date", "03/04/2020", "03/04/2020"),
    ("standard_date", "85-03-09", "85-03-09"),
    ("standard_date", "", None),
    ("standard_amount", "3.5万元", "35000.0"),
    ("standard_amount", "２亿", "200000000.0"),
    ("standard_amount", "￥1,234.50", "1234.5"),
    ("standard_amount", "（1,200.00）", "-1200.0"),
    ("standard_amount", "-7", "-7.0"),
    ("standard_amount", "三万", "三万"),
    ("standard_amount", "1,23", "1,23"),
    ("birth_of_id", "11010519491231002X", "1949-12-31"),
    ("birth_of_id", "110105194912310021", None),
    ("sex_of_id", "11010519491231002X", "female"),
]  # fmt: skip


@pytest.mark.parametrize(("function", "text", "expected"), SPELLINGS)
def test_spellings_come_together(function, text, expected):
    assert one(function, text) == expected


FAULTS = [
    ("name_fault", "张伟", None),
    ("name_fault", None, None),
    ("name_fault", "<script>alert(1)</script>", "hostile"),
    ("name_fault", '=HYPERLINK("x")', "hostile"),
    ("name_fault", "张\u202e伟", "hostile"),
    ("name_fault", "青岚市解放路12号", "looks_like_address"),
    ("name_fault", "张 伟", "spaced"),
    ("name_fault", "Ａnna", "full_width"),
    ("name_fault", "Anna Alpha", None),
    ("phone_fault", "15412345678", None),
    ("phone_fault", "110105194912310021", "id_in_phone"),
    ("phone_fault", "none", "not_a_phone"),
    ("phone_fault", "１５４１２３４５６７８", "full_width"),
    ("phone_fault", "154 1234 5678", "spaced"),
    ("id_fault", "11010519491231002X", None),  # the example of GB 11643
    ("id_fault", "110105194912310021", "check_digit"),
    ("id_fault", "91350100M000100Y43", None),  # python-stdnum's example of GB 32100
    ("id_fault", "91350100M000100Y44", "check_digit"),
    ("id_fault", "15412345678", "phone_in_id"),
    ("id_fault", "110105491231002", "old_form"),
    ("id_fault", "1101051949", "form"),
    ("id_fault", "110105 19491231 002X", "spaced"),
    ("id_fault", "１1010519491231002X", "full_width"),
    ("id_fault", "", None),
]  # fmt: skip


@pytest.mark.parametrize(("function", "text", "expected"), FAULTS)
def test_faults_are_marked(function, text, expected):
    assert one(function, text) == expected


def test_a_day_that_does_not_exist_is_seen_in_an_identity_number():
    body = "11010519490231002"
    assert one("id_fault", body + mod_11_2.calc_check_digit(body)) == "birth"


@settings(max_examples=300, deadline=None)
@given(st.from_regex(r"[0-9]{17}[0-9X]", fullmatch=True))
def test_check_digits_are_those_of_the_library(number):
    fault = one("id_fault", number)
    assert (fault == "check_digit") == (not mod_11_2.is_valid(number) and not uscc.is_valid(number))


@settings(max_examples=200, deadline=None)
@given(st.text(max_size=40))
def test_any_text_has_a_standard_form_which_is_its_own(text):
    for name, function in standards.FUNCTIONS.items():
        found = function(pa.array([text, None], pa.string())).to_pylist()
        assert found[1] is None
        if name.startswith("standard_") or name == "plain":
            assert one(name, found[0]) == found[0], name


def test_they_are_functions_of_sql_and_whole_columns(tmp_path):
    with duckdb.connect() as con:
        standards.register(con)
        con.execute(
            "CREATE TABLE t AS SELECT CASE WHEN i % 2 = 0 THEN '154 0000 ' || lpad((i % 9999)::VARCHAR, 4, '0') END AS phone FROM range(5000) r(i)"
        )
        assert con.execute("SELECT count(standard_phone(phone)), count(*) FROM t").fetchall() == [(2500, 5000)]
        assert con.execute("SELECT standard_name(NULL), plain('')").fetchall() == [(None, None)]


def test_a_text_of_absurd_length_costs_nothing_and_loses_nothing_in_silence():
    assert one("name_fault", "张" * 100_000) is None
    assert len(one("standard_name", "张" * 100_000)) == standards.LONGEST
