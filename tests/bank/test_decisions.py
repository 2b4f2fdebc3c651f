"""The bank's table of decisions: read in its order, and refused in one sentence that names file and line."""

import re
from pathlib import Path

import pytest

from analysis.bank.decisions import COLUMNS, DECISIONS, read_decisions
from analysis.errors import UserError


@pytest.fixture
def written(tmp_path):
    def write(text: str | bytes):
        path = tmp_path / DECISIONS
        path.write_bytes(text if isinstance(text, bytes) else text.encode())
        return read_decisions(path, "CNY")

    return write


def test_rows_come_in_their_order_with_line_and_currency(written, tmp_path):
    assert read_decisions(tmp_path / DECISIONS) is None
    table = written('\ufeffowner,measure,due\nRetail,"Wait, and see",2025-07-01\n\n,Call,\n')
    assert table["measure"].tolist() == ["Wait, and see", "Call"]
    assert [place.rpartition("decisions.csv, ")[2] for place in table["place"]] == ["line 2", "line 4"]
    assert table.loc[1, list(COLUMNS)].tolist() == ["Call", *[""] * 12]
    assert table["currency"].tolist() == ["CNY", "CNY"]


@pytest.mark.parametrize(
    ("text", "sentence"),
    [
        ("owner\n", "line 1: the column 'measure' is missing; the columns are measure, measure_zh, owner"),
        ("measure,ownr\n", "line 1: unknown column 'ownr'; did you mean 'owner'? The columns are measure"),
        ("measure,measure\n", "line 1: a column stands twice; take one of the two out."),
        ("", "line 1: the column 'measure' is missing"),
        ("measure,owner\n,Retail\n", "line 2: the measure is empty; state one, or take the row out."),
        ("measure\na,b\n", "line 2: 2 values in 1 columns; put a text that holds a comma in quotation marks."),
        ('measure\n"a\n', "line 2: not valid CSV"),
        ("measure,finding\na,churn_rate\n", "line 2: the finding 'churn_rate' is none; write report:id, such as"),
        ("measure,customers\na,0\n", "line 2: the number of customers '0' is none; write a whole number above 0"),
        ("measure,customers\na,\uff11\uff12\n", "line 2: the number of customers '\uff11\uff12' is none"),
        ("measure,limit\na,3万\n", "line 2: the limit '3万' is none; write an amount of 0 or more"),
        ("measure,due\na,20250701\n", "line 2: the due date '20250701' is none; write it as YYYY-MM-DD."),
        ("measure,proposed\na,2025-02-30\n", "line 2: the proposed date '2025-02-30' is none; write it as YYYY-MM-DD."),
        ("measure\na\x1b[31m\n", "line 2: a control character (code 27) is no text; take it out."),
        ("measure\n措施\n".encode("gb18030"), "line 2: not UTF-8 text; save the file as UTF-8."),
    ],
)
def test_a_bad_table_is_one_sentence(written, text, sentence):
    with pytest.raises(UserError, match=re.escape(f"decisions.csv, {sentence}")):
        written(text)


def test_the_demo_banks_rows_are_whole_in_both_languages():
    table = read_decisions(Path(__file__).parents[2] / "src/analysis/bank/demo" / DECISIONS)
    assert len(table) == 4
    assert table[["measure", "measure_zh", "owner", "owner_zh", "finding", "due"]].ne("").all(axis=None)
    assert (table["outcome"].ne("") == table["outcome_zh"].ne("")).all()
