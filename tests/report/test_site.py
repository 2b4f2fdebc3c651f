"""The monthly report of a release: its paper, its version, what completes it, and when it is refused."""

import pytest
from tests.report.test_paper import script
from tests.report.test_publish import REPORTS, Press

from analysis.errors import UserError
from analysis.report import execute
from analysis.report.publish import make

PRINTS = 'for one; do case $one in --print-to-pdf=*) out=${one#*=};; esac; done; printf "%%PDF-1.4\n%%%%EOF" > "$out"'
DECISION = {"measure": "Call them", "owner": "Head", "customers": 40, "limit": None, "limit_unit": None, "due": "2025-07-10",
            "is_overdue": False, "outcome": None, "finding": None, "link": None, "missing": []}  # fmt: skip


@pytest.fixture
def press(tmp_path, monkeypatch) -> Press:
    made = Press(tmp_path)
    monkeypatch.setattr(execute, "execute_all", made.execute_all)
    return made


def test_the_paper_lies_beside_its_page_which_links_to_it(press, tmp_path):
    press.change(browser=script(tmp_path, PRINTS))
    press.run()
    site = press.site()
    assert site["monthly-2025-06-30.pdf"].startswith(b"%PDF")
    assert b'<a href="monthly-2025-06-30.pdf">PDF</a>' in site["index.html"]


def test_without_paper_there_is_no_link_and_the_release_stands(press, tmp_path, caplog):
    press.change(browser=script(tmp_path, "echo no display >&2; exit 1"))
    press.run()
    assert "no display" in caplog.text
    assert not [name for name in press.site() if name.endswith(".pdf")]
    assert b"PDF" not in press.site()["index.html"]


def test_the_version_is_the_banks_own_or_follows_from_data_and_code(press):
    first = press.edition.number
    press.record(code="c2")
    second = press.edition.number
    press.record(code="c2", decisions="d2")
    assert len({first, second, press.edition.number}) == 3
    press.change(version="1.0", classification={"en": "Secret <1>"})
    press.run()
    page = press.site()["index.html"].decode()
    assert "<dd>1.0</dd>" in page
    assert "<dd>Secret &lt;1&gt;</dd>" in page


def test_what_stands_from_other_data_is_stale(press):
    press.run()
    press.record(inputs={"clients": "other"})
    press.run(only=["first"])
    assert {name: entry["is_stale"] for name, entry in press.results().items()} == {"first": False, "second": True, "third": True}
    assert b"2 stale" in press.site()["index.html"]


def test_decisions_come_from_what_completes_the_results_and_a_telephone_number_in_them_refuses_the_release(press):
    make(
        press.edition,
        REPORTS,
        REPORTS,
        1,
        frozenset(),
        lambda results: {"decisions": [{**DECISION, "owner": results["language"]}]},
    )
    assert b"Call them" in press.site()["index.html"]
    before = press.site()
    with pytest.raises(UserError, match="telephone number in section 'Decisions needed'"):
        make(
            press.edition, REPORTS, REPORTS, 1, frozenset(), lambda results: {"decisions": [{**DECISION, "owner": "13812345678"}]}
        )
    assert press.site() == before
