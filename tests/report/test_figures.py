"""The key figures reach the publisher and leave no mark on the page."""

import datetime as dt

import nbformat.v4 as nb

from analysis.figure import Figure, Point
from analysis.report.figures import FIGURES_MIME, figures
from analysis.report.page import Setting, render_page
from analysis.wording import say

POINT = Point(dt.date(2025, 6, 30), 3517, None, None, 3849)
ABSENT = say("The bank brings no survey.")


def made():
    known = Figure("active_customers", say("Closed"), say("open <i>"), "count", "up", "", (POINT,))
    return [known, Figure("nps", say("Dormant"), say("x"), "score", "up", "", (Point(POINT.month),), absent=ABSENT)]


def test_they_travel_with_the_page_in_its_language(monkeypatch):
    monkeypatch.setenv("CRM_LANGUAGES", "en,zh")
    bundle = figures(made())._repr_mimebundle_()
    cell = nb.new_code_cell("figures(result.figures)", outputs=[nb.new_output("display_data", data=bundle)])
    setting = Setting("Bank", "real", "2025-06-30", "zh", prepared_by="X")
    page = render_page(nb.new_notebook(cells=[nb.new_markdown_cell("# T\n\nQ?"), cell]), setting)
    assert [(one["id"], one["title"], one["value"]) for one in page.figures] == [
        ("active_customers", "销户", 3517), ("nps", "睡眠", None)
    ]  # fmt: skip
    assert page.figures[1]["absent"] == ABSENT.html("zh")
    assert "3,517" not in page.html


def test_a_notebook_reads_them_as_a_list():
    bundle = figures(made())._repr_mimebundle_()
    assert bundle["text/plain"] == "Closed: 3,517\nDormant: –"
    assert "<li>Dormant: The bank brings no survey.</li>" in bundle["text/html"]
    assert len(bundle[FIGURES_MIME]["figures"]) == 2
