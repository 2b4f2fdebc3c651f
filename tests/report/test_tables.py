"""Tables: one unit a column, rows set off, text from data escaped."""

from xml.etree import ElementTree

import pandas as pd
import pytest

from analysis.finding import Column, Exhibit
from analysis.report.tables import table
from analysis.wording import say

COLUMNS = (
    Column("tier", say("Tier")),
    Column("customers", say("At the start"), "count", say("customers")),
    Column("churn_share", say("Rate now"), "share"),
    Column("change", say("Change"), "points"),
)
FRAME = pd.DataFrame(
    {
        "tier": [say("Mass"), "<b>P&B</b>", say("All")],
        "customers": [1012300, 7910, 1020210],
        "churn_share": [0.075, None, 0.0753],
        "change": [0.015, -0.006, 0.015],
        "is_total": [False, False, True],
        "is_noise": [False, True, False],
    }
)


@pytest.fixture(autouse=True)
def one_language(monkeypatch):
    monkeypatch.setenv("CRM_LANGUAGES", "en")


def shown(frame=FRAME, columns=COLUMNS):
    return table(Exhibit("tiers", say('Churn by "tier"'), frame=frame, columns=columns))


def test_a_table_as_html():
    assert shown().kind == "table"
    assert shown().content["en"]["body"] == (
        '<div class="scroll" tabindex="0" role="region" aria-label="Churn by &quot;tier&quot;">\n'
        '<table class="t wide"><caption class="vh">Churn by &quot;tier&quot;</caption>\n'
        '<thead><tr><th scope="col">Tier</th><th scope="col" class="n">At the start<small>customers</small></th>'
        '<th scope="col" class="n">Rate now<small>%</small></th>'
        '<th scope="col" class="n">Change<small>points</small></th></tr></thead>\n'
        "<tbody>\n"
        '<tr><th scope="row">Mass</th><td class="n">1,012,300</td><td class="n">7.5</td><td class="n">+1.5</td></tr>\n'
        '<tr><th scope="row">&lt;b&gt;P&amp;B&lt;/b&gt;</th><td class="n soft">7,910</td><td class="n soft">–</td>'
        '<td class="n soft"><span class="neg">-</span>0.6</td></tr>\n'
        '<tr class="sum"><th scope="row">All</th><td class="n">1,020,210</td><td class="n">7.5</td>'
        '<td class="n">+1.5</td></tr>\n'
        "</tbody></table></div>"
    )


def test_it_is_well_formed_and_without_style():
    html = shown().content["en"]["body"]
    assert ElementTree.fromstring(html).tag == "div"
    assert "style" not in html


@pytest.mark.parametrize("text", ["<script>alert(1)</script>", "a\x01\x0bb\u202e", '" onmouseover="x', "{{7*7}}", "**x**"])
def test_hostile_cells_stay_text(text):
    html = shown(FRAME.assign(tier=text)).content["en"]["body"]
    cells = [cell.text for cell in ElementTree.fromstring(html).iter("th") if cell.get("scope") == "row"]
    assert cells == [text.replace("\x01\x0b", "").replace("\u202e", "")] * 3


@pytest.mark.parametrize("nothing", [None, float("nan"), pd.NA, pd.NaT])
def test_a_suppressed_cell_is_a_dash(nothing):
    frame = pd.DataFrame({"tier": ["Mass"], "customers": pd.Series([nothing], dtype=object)})
    assert '<td class="n">–</td>' in shown(frame, COLUMNS[:2]).content["en"]["body"]


def test_a_column_that_the_frame_lacks_is_refused():
    with pytest.raises(ValueError, match="exhibit tiers: its table lacks columns: change"):
        shown(FRAME.drop(columns="change"))


def test_a_table_without_columns_is_refused():
    with pytest.raises(ValueError, match="exhibit tiers: its table lacks columns: all"):
        shown(columns=())


def test_an_absent_table_gives_its_reason():
    absent = table(Exhibit("tiers", say("Churn"), absent=say("No balances.")))
    assert (absent.kind, absent.content["en"]["body"]) == ("absent", '<p class="absent">No balances.</p>')


SENTENCE = "A second counter from ten to twelve where the wait exceeds twenty minutes; the head of the branch answers."


def test_a_table_with_sentences_becomes_blocks_with_roles_on_the_telephone():
    frame = pd.DataFrame({"tier": ["Mass"], "measure": [SENTENCE], "owner": ["Branches"], "customers": [12]})
    columns = (COLUMNS[0], Column("measure", say("Measure")), Column("owner", say("Owner")), COLUMNS[1])
    made = ElementTree.fromstring(shown(frame, columns).content["en"]["body"]).find("table")
    assert (made.get("class"), made.get("role")) == ("t stack", "table")
    assert [node.get("role") for node in made.iter("tr")] == ["row", "row"]
    cells = [(node.get("class"), node.get("data-h"), node.get("role")) for node in made.iter("td")]
    assert cells == [("flow", "Measure", "cell"), ("short", "Owner", "cell"), ("n", "At the start customers", "cell")]


def test_a_short_text_never_breaks_and_a_long_one_may():
    frame = FRAME.assign(word="within noise", words="no more than chance would have")
    columns = (COLUMNS[0], Column("word", say("Beyond noise?")), Column("words", say("In words")))
    made = ElementTree.fromstring(shown(frame, columns).content["en"]["body"])
    assert {node.get("class") for node in made.iter("td")} == {"short", "short soft", None, "soft"}


def test_few_columns_with_long_cells_take_the_margin():
    frame = FRAME.assign(**{f"value{number}": say("29.9% (27.1% to 32.7%)") for number in range(5)})
    wide = (COLUMNS[0], *(Column(f"value{number}", say("Value"), "share") for number in range(5)))
    assert '<table class="t wide roomy">' in shown(frame, wide).content["en"]["body"]
    assert '<table class="t wide">' in shown(frame, wide[:4]).content["en"]["body"]


def test_chinese_amounts_of_one_unit_share_one_scale_declared_in_the_head(monkeypatch):
    monkeypatch.setenv("CRM_LANGUAGES", "zh")
    money = say("{currency}", currency="CNY")
    frame = pd.DataFrame({"tier": ["Mass", "All"], "then": [-523.0, 41_250_000.0], "mean": [900.0, 950.0]})
    columns = (COLUMNS[0], Column("then", say("Then"), "amount", money), Column("mean", say("Mean"), "amount", say("{currency} a year", currency="CNY")))  # fmt: skip
    made = ElementTree.fromstring(shown(frame, columns).content["zh"]["body"])
    assert [node.text for node in made.iter("small")] == ["万元", "元/年"]
    assert ["".join(node.itertext()) for node in made.iter("td")] == ["-0.1", "900", "4,125.0", "950"]
    large = frame.assign(then=[-12_000_000.0, 2_413_000_000.0])
    made = ElementTree.fromstring(shown(large, columns).content["zh"]["body"])
    assert ["".join(node.itertext()) for node in made.iter("td")] == ["-0.12", "900", "24.13", "950"]


@pytest.mark.parametrize(
    ("texts", "kind"),
    [
        (("0.8 (−0.2 to 2.7)", "–"), "n"),
        (("0.8 (−0.2 to 2.7)", "none"), "short"),
        (("79", "12", "more than 126"), "n"),
        (("129.8% (−113.0% to 172.5%)", "−6.1% (−13.5% to 7.8%)"), "n"),
        (("2 to 5 years", "over 5 years"), "short"),
        (("–", "–"), "short"),
    ],
)
def test_texts_that_are_figures_stand_right_aligned(texts, kind):
    frame = pd.DataFrame({"tier": "Mass", "told": [*texts]})
    cells = ElementTree.fromstring(shown(frame, (COLUMNS[0], Column("told", say("Told")))).content["en"]["body"]).iter("td")
    assert {cell.get("class") for cell in cells} == {kind}
