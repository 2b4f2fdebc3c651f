import pytest

from analysis.report.terms import Terms


def known(*items: str) -> Terms:
    terms = Terms()
    terms.define("<ul>" + "".join(f"<li>{item}</li>" for item in items) + "</ul>")
    return terms


def test_a_list_of_terms_is_a_definition_list():
    shown = Terms().define("<ul><li><strong>Churn</strong>: left &lt;us&gt;.</li></ul><ul><li>no term</li></ul>")
    assert shown == '<dl class="def"><div id="d-1"><dt>Churn</dt><dd>left &lt;us&gt;.</dd></div></dl><ul><li>no term</li></ul>'


def test_a_term_is_linked_once_with_its_meaning():
    terms = known("<strong>Run-off</strong>: assets fell by <em>half</em>")
    link = '<a class="term" href="#d-1" title="assets fell by half">run-off</a>'
    assert terms.link("<b>3%</b> of run-off &lt;x&gt;, run-off") == f"<b>3%</b> of {link} &lt;x&gt;, run-off"
    assert terms.link("run-off") == "run-off"


@pytest.mark.parametrize(
    ("term", "text", "linked"),
    [
        ("Growing, declining", "a declining one", ["declining"]),
        ("Interval", "95% intervals", ["intervals"]),
        ("Complaints per 10,000 customers", "complaints per 10,000 customers: 192", ["complaints per 10,000 customers"]),
        ("Branch", "12 branches", ["branches"]),
        ("Ease (customer effort score)", "ease of use", ["ease"]),
        ("Lead", "leading, mislead", []),
        ("(A1), (A2) and so on", "and so on", []),
        ("资产流失", "发生资产流失的客户", ["资产流失"]),
        ("成长、衰退", "衰退期", ["衰退"]),
    ],
)
def test_which_words_are_the_term(term, text, linked):
    shown = known(f"<strong>{term}</strong>: meant").link(text)
    assert [piece.split("<")[0] for piece in shown.split('title="meant">')[1:]] == linked


def test_the_longer_term_wins_and_links_and_quotations_stay():
    terms = known("<strong>Share</strong>: a", "<strong>Share left</strong>: b")
    assert 'href="#d-2"' in terms.link("<q>share</q> <a href='#x'>share</a> share left")
