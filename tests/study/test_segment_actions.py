import pandas as pd
import pytest

from analysis.errors import UserError
from analysis.report import tables
from analysis.study.segment_actions import action_exhibit, action_of
from analysis.study.segment_exhibits import segment_table
from analysis.study.segments import find_segments


@pytest.fixture(scope="module")
def grouped(simulate_segments):
    features = simulate_segments(planted=True)
    found = find_segments(features, 3, 7, 5)
    return found, segment_table(features, found)


def actions(*rows):
    filled = [(*row, *[""] * (5 - len(row)), f"segment_actions.csv, line {line}") for line, row in enumerate(rows, 2)]
    return pd.DataFrame(filled, columns=["when", "action", "action_zh", "owner", "owner_zh", "place"])


def test_the_first_row_whose_traits_all_fit_applies(grouped):
    found, _ = grouped
    mean = (found.traits.groupby(found.labels).mean() - found.traits.mean())["assets"]
    table = actions(
        ("assets_high+loans_high", "Nobody"), ("assets_high", "Rich"), ("assets_high", "Later"), ("assets_low", "Poor")
    )
    assert action_of(found, mean.idxmax(), table)["action"] == "Rich"
    assert action_of(found, mean.idxmin(), table)["action"] == "Poor"
    assert action_of(found, mean.idxmax(), actions(("assets_low", "Poor"))) is None
    assert action_of(found, mean.idxmax(), actions(("loans_high", "Nobody"), ("", "All")))["action"] == "All"


def test_a_segment_without_a_row_says_so(grouped):
    exhibit = action_exhibit(*grouped, actions(("assets_high", "Call")))
    told = [str(action) for action in exhibit.frame["action"]]
    assert "the bank's table has no row for it" in told
    assert exhibit.title.render() == f"The bank states what to do differently for {told.count('Call')} of 3 segments"


def test_texts_of_the_bank_are_shown_in_both_languages_and_escaped(grouped, monkeypatch):
    monkeypatch.setenv("CRM_LANGUAGES", "en,zh")
    shown = tables.table(action_exhibit(*grouped, actions(("", "<b>Call</b> {x}", "电话联系", "A & B")))).content
    assert "&lt;b&gt;Call&lt;/b&gt; {x}" in shown["en"]["body"]
    assert "A &amp; B" in shown["en"]["body"]
    assert "电话联系" in shown["zh"]["body"]


@pytest.mark.parametrize("when", ["digital_hgh", "income_high", "digital", "digital_high+", "high"])
def test_an_unknown_trait_is_one_sentence_that_names_the_known_ones(grouped, when):
    with pytest.raises(UserError, match=r"segment_actions.csv, line 3: '.*' is no trait of a segment; write one of age, "):
        action_exhibit(*grouped, actions(("digital_high", "Write"), (when, "Call")))


def test_without_a_table_the_exhibit_says_where_to_write_one(grouped):
    assert "segment_actions.csv beside its bank.yaml" in action_exhibit(*grouped, None).absent.render()
