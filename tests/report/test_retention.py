"""How long pages stay: whole months, never the release just made, and no dead link."""

import os
from html.parser import HTMLParser
from pathlib import Path

import pytest

from analysis.report import release
from analysis.report.inspection import faults
from analysis.report.retention import kept_days, prune

DAYS = ["2025-01-31", "2025-02-28", "2025-03-15", "2025-03-31", "2025-05-31"]


def published(site: Path, *days: str) -> None:
    for day in days:
        with release.staging(site) as staged:
            release.write_text(staged / "index.html", day)
            release.publish(staged, site, day)


def folders(site: Path) -> list[str]:
    return sorted(path.name[:10] for path in (site / ".releases").iterdir())


@pytest.mark.parametrize(
    ("keep", "kept"),
    [
        (None, ["2025-05-31", "2025-03-31", "2025-03-15", "2025-02-28", "2025-01-31"]),
        (9, ["2025-05-31", "2025-03-31", "2025-03-15", "2025-02-28", "2025-01-31"]),
        (2, ["2025-05-31", "2025-03-31", "2025-03-15"]),
        (1, ["2025-05-31"]),
    ],
)
def test_months_are_counted_that_have_a_release(keep, kept):
    assert kept_days(DAYS, keep) == kept


def test_what_is_kept_no_longer_goes_with_its_release_and_its_day(tmp_path):
    published(tmp_path, *DAYS)
    assert prune(tmp_path, 2, "2025-05-31", ["en"]) == ["2025-02-28", "2025-01-31"]
    assert folders(tmp_path) == ["2025-03-15", "2025-03-31", "2025-05-31"]
    assert release.days(tmp_path) == ["2025-05-31", "2025-03-31", "2025-03-15"]
    assert (tmp_path / "latest" / "index.html").read_text() == "2025-05-31"
    assert prune(tmp_path, 2, "2025-05-31", ["en"]) == []


def test_nothing_goes_unless_it_is_asked_for(tmp_path):
    published(tmp_path, *DAYS)
    assert prune(tmp_path, None, "2025-05-31", ["en"]) == []
    assert folders(tmp_path) == DAYS
    assert not (tmp_path / ".removed").exists()


def test_a_period_made_anew_from_long_ago_is_spared_until_the_next_release(tmp_path):
    published(tmp_path, *DAYS[1:], DAYS[0])
    assert prune(tmp_path, 1, "2025-01-31", ["en"]) == ["2025-03-31", "2025-03-15", "2025-02-28"]
    assert release.days(tmp_path) == ["2025-05-31", "2025-01-31"]
    assert prune(tmp_path, 1, "2025-05-31", ["en"]) == ["2025-01-31"]


def test_a_removed_period_can_be_published_again(tmp_path):
    published(tmp_path, *DAYS)
    prune(tmp_path, 1, "2025-05-31", ["en"])
    published(tmp_path, "2025-01-31")
    assert (tmp_path / "2025-01-31" / "index.html").read_text() == "2025-01-31"
    assert (tmp_path / "2025-02-28" / "index.html").is_file()


def test_a_release_that_a_killed_run_left_goes_later(tmp_path):
    published(tmp_path, *DAYS)
    release.write_text(tmp_path / ".removed" / "index.html", "gone")
    release.point(tmp_path / DAYS[0], ".removed")
    prune(tmp_path, None, "2025-05-31", ["en"])
    assert folders(tmp_path) == DAYS[1:]


class Links(HTMLParser):
    def __init__(self, page: Path):
        super().__init__()
        self.found: list[str] = []
        self.feed(page.read_text(encoding="utf-8"))

    def handle_starttag(self, tag, attrs):
        self.found += [value for name, value in attrs if tag == "a" and name == "href"]


def test_the_link_of_a_kept_page_leads_to_a_notice_in_either_language(tmp_path):
    before = os.umask(0o077)
    try:
        published(tmp_path, *DAYS)
        release.write_text(tmp_path / "latest" / "zh" / "index.html", "latest in Chinese")
        prune(tmp_path, 1, "2025-05-31", ["en", "zh"])
    finally:
        os.umask(before)
    for subsite, language, latest in (("", "en", "2025-05-31"), ("zh", "zh-CN", "latest in Chinese"), ("en", "en", "2025-05-31")):
        page = tmp_path / "2025-01-31" / subsite / "index.html"
        assert f'<html lang="{language}">' in page.read_text(encoding="utf-8")
        [link] = Links(page).found
        assert Path(os.path.normpath(tmp_path / "2025-01-31" / subsite / link)).read_text() == latest
        assert page.stat().st_mode & 0o777 == 0o644
        assert faults(page.read_text(encoding="utf-8")) == []
    assert "Months whose pages are kept: 1." in page.read_text(encoding="utf-8")
