"""The monthly report on paper."""

import logging
import stat

import pytest
from tests.report.monthly_example import EARLIER, monthly_results, monthly_setting

from analysis.report import paper
from analysis.report.index import site_index

PDF = b"%PDF-1.4\n/Creator (Mozilla \\(X11\\))\n/CreationDate (D:20260102030405+00'00')\n/ModDate (D:20260102030405+00'00')\n/ID [<0aF3> <0aF3>]\n%%EOF"


def script(tmp_path, text):
    path = tmp_path / "browser"
    path.write_text(f"#!/bin/sh\n{text}\n")
    path.chmod(path.stat().st_mode | stat.S_IXUSR)
    return path


def test_dates_and_numbers_of_a_pdf_are_those_of_the_day_at_equal_length():
    made = paper.dated(PDF, "2025-06-30")
    assert len(made) == len(PDF)
    assert made == paper.dated(PDF.replace(b"20260102030405", b"20270102030405").replace(b"0aF3", b"1bC2"), "2025-06-30")
    assert b"/CreationDate (D:20250630235959+00'00')" in made
    assert b"Mozilla" not in made


def test_the_browser_is_the_named_one_or_none(monkeypatch, tmp_path):
    named = script(tmp_path, "true")
    monkeypatch.setenv("CRM_CHROMIUM", str(named))
    assert paper.find_browser() == named
    for absent in ("", str(tmp_path / "no-such-browser")):
        monkeypatch.setenv("CRM_CHROMIUM", absent)
        assert paper.find_browser() is None


@pytest.mark.parametrize(
    ("does", "told"),
    [("echo No display >&2; exit 3", "No display"), ("true", "it wrote no file"), ("sleep 30", "longer than 0 s")],
)
def test_a_browser_that_fails_is_told_in_one_line_and_no_more(does, told, tmp_path, caplog, monkeypatch):
    if "sleep" in does:
        monkeypatch.setattr(paper, "TIME_LIMIT_SECONDS", 0.2)
    with caplog.at_level(logging.INFO, "crm"):
        assert paper.printed("<p>", "2025-06-30", "en", script(tmp_path, does)) is None
    assert len(caplog.records) == 1
    assert told in caplog.text


def test_without_a_chinese_font_no_chinese_paper(tmp_path, caplog, monkeypatch):
    monkeypatch.setattr(paper, "has_chinese_font", lambda: False)
    assert paper.printed("<p>", "2025-06-30", "zh", script(tmp_path, "exit 1")) is None
    assert "no Chinese font" in caplog.text


def test_links_and_the_readers_surroundings_stay_off_the_paper(tmp_path, monkeypatch):
    monkeypatch.setenv("https_proxy", "http://proxy.invalid:1")
    copy = 'for last; do :; done; for one; do case $one in --print-to-pdf=*) out=${one#*=};; esac; done; { echo %PDF-; cat "${last#file://}"; env; echo %%EOF; } > "$out"'
    made = paper.printed('<a class="x" href="churn.html#e">Churn</a>', "2025-06-30", "en", script(tmp_path, copy)).decode()
    assert '<a class="x">Churn</a>' in made
    assert "proxy" not in made


@pytest.mark.browser
def test_the_monthly_report_prints_on_four_sheets_at_most_with_the_same_bytes_each_time(monkeypatch):
    monkeypatch.delenv(paper.BROWSER)
    browser = paper.find_browser()
    if browser is None:
        pytest.skip("no browser: Chromium is not installed (Debian's package chromium)")
    page = site_index(monthly_results(), monthly_setting(), EARLIER)
    first = paper.printed(page, "2025-06-30", "en", browser)
    assert 3 <= paper.pages(first) <= 4
    assert first == paper.printed(page, "2025-06-30", "en", browser)
    assert b"file:" not in first
