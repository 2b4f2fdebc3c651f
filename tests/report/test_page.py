"""From an executed notebook to a page: its order, its links, and what becomes of outputs that are none of ours."""

import re

import nbformat.v4 as nb
import pandas as pd
import pytest
from bs4 import BeautifulSoup

from analysis.errors import UserError
from analysis.finding import Column, Exhibit, Finding
from analysis.report import charts
from analysis.report.display import Shown, findings
from analysis.report.inspection import faults
from analysis.report.page import Setting, render_page, stylesheet_hash
from analysis.report.tables import table
from analysis.wording import say

SETTING = Setting("Demo <Bank>", "simulated", "2025-06-30", "en", prepared_by="Research")
PIXEL = "iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNk+M9QDwADhgGAWjR9awAAAABJRU5ErkJggg=="
RATES = pd.DataFrame({"label": ["Mass", "Affluent"], "value": [0.07, 0.1], "base": [900, 100]})


@pytest.fixture(autouse=True)
def one_language(monkeypatch):
    monkeypatch.setenv("CRM_LANGUAGES", "en")


def finding(name="churn", exhibit=None, **more):
    return Finding(name, say("**{rate:share}** left", rate=0.079), 0.079, 1000, "share", exhibit=exhibit, **more)


STATED = (finding(),)


def figure(name="rates"):
    return charts.bars(Exhibit(name, say("Affluent customers leave more"), say("Share who left, in %"), RATES))


def numbers(name="numbers", columns=1):
    shown = tuple(Column(f"c{place}", say("Rate"), "share") for place in range(columns))
    frame = RATES.assign(**{column.name: 0.1 for column in shown})
    return table(Exhibit(name, say("Rates"), frame=frame, columns=(Column("label", say("Tier")), *shown)))


def absent(name="gone"):
    return charts.bars(Exhibit(name, say("Complaints"), absent=say("The bank brings no complaints.")))


def output(shown):
    return nb.new_output("display_data", data=shown._repr_mimebundle_())


def code(*shown, source="show()"):
    return nb.new_code_cell(source, outputs=[one if isinstance(one, dict) else output(one) for one in shown])


def text(source):
    return nb.new_markdown_cell(source)


def rendered(*cells, setting=SETTING, stated=STATED):
    title = [text("# Churn & <value>\nWho leaves?"), text("## Main findings"), code(findings(stated), source="findings(found)")]
    return render_page(nb.new_notebook(cells=[*title, *cells]), setting)


def soup(*cells, **more):
    return BeautifulSoup(rendered(*cells, **more).html, "html.parser")


def foreign(metadata=None, **data):
    return nb.new_output(
        "display_data", data={key.replace("_", "/"): value for key, value in data.items()}, metadata=metadata or {}
    )


def test_title_question_and_sections_in_their_order():
    page = rendered(text("## Who?\nHow to."), code(figure()), text("## Definitions\n- **Churn**: left."))
    assert (page.title, page.question) == ("Churn & <value>", "Who leaves?")
    shown = BeautifulSoup(page.html, "html.parser")
    assert shown.html["lang"] == "en"
    assert shown.h1.get_text() == "Churn & <value> June 2025"
    assert shown.title.get_text() == "Churn & <value> · 30 June 2025 · Demo <Bank>"
    assert [heading.get_text() for heading in shown.find_all("h2")] == [
        "Main findings",
        "Who?",
        "Definitions",
        "Sources and code",
    ]
    assert [link.get_text() for link in shown.select(".toc a")] == ["Main findings", "Who?", "Definitions", "Sources and code"]


def test_figures_and_tables_are_counted_apart_and_findings_link_to_theirs():
    stated = (finding("a", "numbers"), finding("b", "second"), finding("c", "gone"), finding("d"))
    page = rendered(code(figure()), code(numbers(), figure("second"), absent()), stated=stated)
    shown = BeautifulSoup(page.html, "html.parser")
    assert [node.get_text() for node in shown.select(".no")] == ["Figure 1", "Table 1", "Figure 2"]
    assert [(link["href"], link.get_text()) for link in shown.select(".finds a")] == [
        ("#e-numbers", "Table 1"),
        ("#e-second", "Figure 2"),
    ]
    assert all(shown.find(id=link["href"][1:]) for link in shown.select(".finds a, .toc a"))
    assert [found["exhibit"] for found in page.findings] == [
        {"anchor": "e-numbers", "number": "Table 1"}, {"anchor": "e-second", "number": "Figure 2"}, None, None,
    ]  # fmt: skip


def test_further_findings_are_folded_away_and_published_all_the_same():
    page = rendered(stated=(finding("a"), finding("b", is_headline=False)))
    shown = BeautifulSoup(page.html, "html.parser")
    assert shown.select_one("details.further summary").get_text() == "Further findings (1)"
    assert [found["id"] for found in page.findings] == ["a", "b"]
    assert page.findings[0]["html"] == "<b>7.9%</b> left"
    assert shown.select_one(".finds .sep").get_text() == "1,000 customers"


def test_many_further_findings_stand_under_the_headings_of_their_sections():
    stated = [finding("a"), *(finding(f"b{place}", "rates" if place % 2 else None, is_headline=False) for place in range(14))]
    shown = soup(text("## How many?"), code(figure()), stated=stated).select_one("details.further")
    assert [heading.get_text() for heading in shown.find_all("h3")] == ["How many?"]
    assert [len(items.find_all("li")) for items in shown.find_all("ol")] == [7, 7]


def test_a_term_is_linked_where_it_first_occurs_and_defined_at_the_end():
    page = rendered(
        text("## Who?\nWho left **has** left."), code(figure()), text("## Definitions\n- **Left**: closed the account.")
    )
    shown = BeautifulSoup(page.html, "html.parser")
    assert [(link.get_text(), link["title"]) for link in shown.select("a.term")] == [("left", "closed the account.")]
    assert shown.select_one(".finds a.term")["href"] == "#" + shown.select_one("dl.def > div")["id"]
    assert page.findings[0]["html"] == "<b>7.9%</b> left"


def test_an_absent_exhibit_is_a_heading_and_one_sentence():
    section = soup(text("## Who complains?\nHow to read."), code(absent())).select_one("section.none")
    assert section.get_text(" ", strip=True) == "Who complains? The bank brings no complaints."
    both = soup(text("## Who complains?\nHow to read."), code(figure(), absent())).select("section")[1]
    assert both.select_one(".gap").get_text(" ", strip=True) == "Complaints The bank brings no complaints."
    assert both.select_one("aside").get_text(" ", strip=True) == "How to read it How to read."


def test_a_broad_table_takes_the_margin_and_a_very_broad_one_turns_the_paper():
    layouts = [soup(code(numbers(columns=count))).select_one(".ex")["class"] for count in (4, 7, 11)]
    assert layouts == [["ex"], ["ex", "broad"], ["ex", "broad", "wide-page"]]


def test_the_code_is_folded_away_and_escaped():
    shown = soup(code(figure(), source='charts.bars("<b>")'))
    assert shown.select_one("details pre").get_text() == 'findings(found)\n\ncharts.bars("<b>")'


def test_the_policy_lets_this_style_through_and_nothing_else():
    shown = soup()
    policy = shown.find("meta", attrs={"http-equiv": "Content-Security-Policy"})["content"]
    assert len(shown.find_all("style")) == 1
    assert f"style-src '{stylesheet_hash(shown.style.string)}'" in policy
    assert policy.startswith("default-src 'none'; ")
    assert "unsafe" not in policy
    assert not shown.select("script, [style], link:not([href^='data:'])")


def test_masthead_and_paper_name_bank_day_and_version():
    versioned = soup(setting=Setting("Demo Bank", "real", "2025-06-30", "en", "Research", version="1a2b3c4"))
    facts = [(fact.dt.get_text(), fact.dd.get_text()) for fact in versioned.select(".meta div")]
    assert facts == [
        ("Period", "June 2025"),
        ("As of", "30 June 2025"),
        ("Prepared by", "Research"),
        ("Classification", "Internal"),
        ("Version", "1a2b3c4"),
    ]
    assert 'content: "Version 1a2b3c4 · As of 30 June 2025"' in versioned.style.string
    assert "Version" not in soup().select_one(".meta").get_text()
    assert soup().select_one(".mast-top").get_text(" ", strip=True).startswith("Demo <Bank> Simulated data, not a real bank")


def test_another_language_is_linked_and_the_page_says_its_own():
    setting = Setting("Demo Bank", "real", "2025-06-30", "en", "", other_languages={"zh-CN": "zh/churn.html"})
    link = soup(setting=setting).select_one("a[hreflang]")
    assert (link["href"], link["lang"], link.get_text()) == ("zh/churn.html", "zh-CN", "中文")


def test_a_frame_and_a_print_are_shown_safely_and_a_warning_is_not():
    frame = pd.DataFrame({"name": ["<script>x</script><img src=x onerror=y>"]}).to_html(escape=False)
    outputs = [foreign(text_html=frame), nb.new_output("stream", name="stdout", text="<i>printed</i>"),
               nb.new_output("stream", name="stderr", text="a warning")]  # fmt: skip
    shown = soup(text("## Own"), code(*outputs))
    assert [len(shown.select(selector)) for selector in (".output table", ".output script", ".output img")] == [1, 0, 0]
    assert shown.select_one(".output > pre").get_text() == "<i>printed</i>"
    assert "a warning" not in shown.get_text()
    assert all(region["tabindex"] == "0" and region["aria-label"] for region in shown.select(".output"))


def test_markdown_and_links_from_data_do_nothing():
    shown = soup(
        text("## Own\n[a](javascript:x) <b onclick=x>b</b> <iframe src=x></iframe>"),
        code(foreign(text_markdown="<script>x</script>\n\n*y*")),
    )
    assert not shown.select("[onclick], iframe, script, a[href^='javascript']")
    assert shown.select_one(".output em").get_text() == "y"


def test_a_foreign_picture_keeps_its_alt_text():
    image = soup(code(foreign({"image/png": {"alt": 'Rates "now"'}}, image_png=PIXEL))).select_one(".output img")
    assert image["alt"] == 'Rates "now"'
    assert image["src"] == f"data:image/png;base64,{PIXEL}"


def test_a_foreign_picture_without_alt_text_is_caught_before_it_is_published():
    page = rendered(text("## Own"), code(foreign(image_png=PIXEL)))
    assert any("alt" in fault for fault in faults(page.html))


def test_two_exhibits_of_one_name_are_refused():
    with pytest.raises(UserError, match="two exhibits bear the name 'rates'; give each a name of its own"):
        rendered(code(figure()), code(figure()))


def test_the_same_notebook_gives_the_same_bytes():
    cells = [text("## Who?"), code(figure(), numbers(), absent())]
    assert rendered(*cells).html == rendered(*cells).html


def test_no_template_word_is_left_over():
    assert not re.search(r"\{\{|\{%|Message\(|<bound", rendered(text("## Who?"), code(figure())).html)


def test_provenance_closes_the_page():
    content = {"en": {"title": "Sources", "subtitle": "", "body": "<table id='p'></table>"}}
    shown = soup(code(Shown("provenance", "provenance", content)))
    assert shown.select_one("section.noprint details #p") is not None
    assert shown.select(".no") == []
