"""The bank's table of actions: read in its order, and refused in one sentence that names file and line."""

import re
from pathlib import Path

import pytest

from analysis.bank.actions import COLUMNS, COMPLAINTS, SEGMENTS, WARNINGS, read_actions
from analysis.bank.book import open_bank
from analysis.errors import UserError

HEADER = "when,action,action_zh,owner,owner_zh\n"


@pytest.fixture
def written(tmp_path):
    def write(text: str | bytes):
        path = tmp_path / "segment_actions.csv"
        path.write_bytes(text if isinstance(text, bytes) else text.encode())
        return read_actions(path)

    return write


def test_no_file_is_no_table(tmp_path):
    assert read_actions(tmp_path / "segment_actions.csv") is None


def test_rows_come_in_their_order_with_their_lines(written):
    table = written("\ufeff" + HEADER + 'digital_high,"Write, do not call",写信,Retail,零售\n\n,As usual\n')
    assert table["when"].tolist() == ["digital_high", ""]
    assert table["action"].tolist() == ["Write, do not call", "As usual"]
    assert table["owner_zh"].tolist() == ["零售", ""]
    assert [place.rpartition("segment_actions.csv, ")[2] for place in table["place"]] == ["line 2", "line 4"]


def test_columns_may_come_in_any_order_and_optional_ones_be_left_out(written):
    table = written("action,when\nCall,assets_high\n")
    assert table[list(COLUMNS[SEGMENTS])].iloc[0].tolist() == ["assets_high", "Call", "", "", ""]


@pytest.mark.parametrize(
    ("text", "sentence"),
    [
        ("when,owner\n", "line 1: the column 'action' is missing; the columns are when, action, action_zh, owner, owner_zh."),
        ("when,acton\n", "line 1: unknown column 'acton'; did you mean 'action'? The columns are when"),
        ("when;action\n", "line 1: unknown column 'when;action'"),
        ("when,action,when\n", "line 1: a column stands twice; take one of the two out."),
        ("", "line 1: the column 'when' is missing"),
        (HEADER + "digital_high,,,,\n", "line 2: the action is empty; state one, or take the row out."),
        (HEADER + "x,a,b,c,d,e\n", "line 2: 6 values in 5 columns; put a text that holds a comma in quotation marks."),
        (HEADER + ",All\nx,Never\n", "line 3: the row above has an empty 'when' and fits all"),
        (HEADER + 'x,"All\n', "line 2: not valid CSV"),
        ((HEADER + "x,Call,").encode() + "联系\n".encode("gb18030"), "line 2: not UTF-8 text; save the file as UTF-8."),
    ],
)
def test_a_bad_table_is_one_sentence(written, text, sentence):
    with pytest.raises(UserError, match=re.escape(f"segment_actions.csv, {sentence}")):
        written(text)


def test_the_tables_that_come_with_the_project_are_sound():
    root = Path(__file__).parents[2]
    demo = root / "src/analysis/bank/demo"
    for path in (demo / SEGMENTS, demo / COMPLAINTS, demo / WARNINGS, root / "data/raw/berka" / SEGMENTS):
        table = read_actions(path)
        assert table[["action", "action_zh", "owner", "owner_zh"]].ne("").all(axis=None)
        assert table[COLUMNS[path.name][0]].iloc[-1] == ""


def test_a_table_of_complaints_has_causes_and_days(tmp_path):
    path = tmp_path / COMPLAINTS
    path.write_text("category,action,due\nservice,Open a counter,2025-09-30\npricing,Explain,soon\n")
    with pytest.raises(UserError, match="line 3: the due date 'soon' is none; write it as YYYY-MM-DD"):
        read_actions(path)
    path.write_text("category,action,due\nservice,Open a counter,2025-09-30\n")
    assert read_actions(path)[["category", "due"]].iloc[0].tolist() == ["service", "2025-09-30"]


def test_a_table_of_warnings_has_limits_and_costs(tmp_path):
    path = tmp_path / WARNINGS
    for days, cost, words in (("soon", "5", "the limit 'soon' is none; write whole days from 0 to 365"), ("366", "5", "the limit '366'"),
                              ("7", "1,000", "the cost '1,000' is none"), ("7", "-5", "the cost '-5' is none")):  # fmt: skip
        path.write_text(f'reason,action,days,cost\ntenure,Call,{days},"{cost}"\n')
        with pytest.raises(UserError, match=f"line 2: {words}"):
            read_actions(path)
    path.write_text("reason,action,days,cost\ntenure,Call,,12.5\n")
    assert read_actions(path)[["days", "cost"]].iloc[0].tolist() == ["", "12.5"]


def test_a_book_reads_the_table_beside_its_definition(project):
    raw = project.add()
    project.prepare()
    assert open_bank("mybank").segment_actions() is None
    (raw / "segment_actions.csv").write_text(HEADER + ",As usual,照常,,\n", encoding="utf-8")
    assert open_bank("mybank").segment_actions()["action_zh"].tolist() == ["照常"]
