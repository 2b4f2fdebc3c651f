"""Releases are complete before they bear a name, immutable after, and switched at one stroke."""

import os
import signal
import threading
from pathlib import Path

import pytest

from analysis.report import release


def published(site: Path, day: str, text: str = "page") -> Path:
    with release.staging(site) as staged:
        release.write_text(staged / "index.html", text)
        release.write_text(staged / "zh" / "index.html", text)
        release.write_results(staged, {"language": "en", "text": text})
        return release.publish(staged, site, day)


def fail_half_way(site: Path) -> None:
    with release.staging(site) as staged:
        release.write_text(staged / "index.html", "half")
        raise RuntimeError("half way")


def contents(site: Path) -> dict[str, str]:
    return {path.name: (path / "index.html").read_text() for path in (site / ".releases").iterdir()}


def test_a_release_is_linked_under_its_day_and_as_the_latest(tmp_path):
    place = published(tmp_path / "site", "2025-06-30")
    assert place == tmp_path / "site" / "2025-06-30"
    assert os.readlink(place).startswith(".releases/2025-06-30-")
    assert os.readlink(tmp_path / "site" / "latest") == "2025-06-30"
    assert (tmp_path / "site" / "latest" / "index.html").read_text() == "page"


def test_the_latest_is_the_greatest_day_not_the_last_published(tmp_path):
    for day in ("2025-05-31", "2025-06-30", "2025-04-30"):
        published(tmp_path, day)
    assert os.readlink(tmp_path / "latest") == "2025-06-30"
    assert release.days(tmp_path) == ["2025-06-30", "2025-05-31", "2025-04-30"]


def test_readers_may_read_whatever_the_umask(tmp_path):
    before = os.umask(0o077)
    try:
        place = published(tmp_path / "reports" / "site", "2025-06-30")
    finally:
        os.umask(before)
    site = tmp_path / "reports" / "site"
    folders = [site.parent, site, site / ".releases", place.resolve(), place / "zh"]
    assert {oct(folder.stat().st_mode & 0o777) for folder in folders} == {"0o755"}
    assert {oct(file.stat().st_mode & 0o777) for file in place.resolve().rglob("*") if file.is_file()} == {"0o644"}


def test_an_older_release_of_the_day_stays_as_it_was_and_the_one_before_it_goes(tmp_path):
    for text in ("first", "second", "third"):
        published(tmp_path, "2025-06-30", text)
    assert sorted(contents(tmp_path).values()) == ["second", "third"]
    assert (tmp_path / "latest" / "index.html").read_text() == "third"


def test_pruning_spares_the_current_release_even_if_the_clock_went_back(tmp_path):
    for text in ("first", "second"):
        published(tmp_path, "2025-06-30", text)
    for folder in (tmp_path / ".releases").iterdir():
        os.utime(folder, (4e9, 4e9))
    published(tmp_path, "2025-06-30", "third")
    assert (tmp_path / "latest" / "index.html").read_text() == "third"


def test_the_same_contents_have_the_same_name(tmp_path):
    names = {os.readlink(published(tmp_path, "2025-06-30")) for _ in range(2)}
    assert len(names) == 1
    assert len(contents(tmp_path)) == 1


def test_a_release_that_somebody_altered_is_not_taken_for_the_same(tmp_path):
    place = published(tmp_path, "2025-06-30")
    (place / "index.html").write_text("altered")
    assert (published(tmp_path, "2025-06-30") / "index.html").read_text() == "page"


def test_no_reader_ever_misses_a_page_while_it_is_switched(tmp_path):
    published(tmp_path, "2025-06-30", "0")
    missed, done = [], threading.Event()

    def read() -> None:
        while not done.is_set():
            try:
                (tmp_path / "latest" / "index.html").read_text()
            except OSError as error:
                missed.append(error)

    reader = threading.Thread(target=read)
    reader.start()
    for number in range(1, 25):
        published(tmp_path, "2025-06-30", str(number))
    done.set()
    reader.join()
    # A reader that resolved a release two versions back may find it pruned; the link itself never leads nowhere.
    assert [error for error in missed if not isinstance(error, FileNotFoundError)] == []
    assert len(missed) <= 1


def test_a_run_that_ends_before_the_switch_leaves_everything_as_it_was(tmp_path):
    published(tmp_path, "2025-06-30", "old")
    with pytest.raises(RuntimeError, match="half way"):
        fail_half_way(tmp_path)
    assert list(contents(tmp_path).values()) == ["old"]


def test_the_next_run_clears_what_a_killed_one_left(tmp_path):
    published(tmp_path, "2025-06-30", "old")
    (tmp_path / ".releases" / ".partial-1").mkdir()
    (tmp_path / ".releases" / ".partial-1" / "index.html").write_text("half")
    (tmp_path / ".latest.partial").symlink_to("nowhere")
    published(tmp_path, "2025-06-30", "new")
    assert not list(tmp_path.rglob("*partial*"))


def test_nothing_is_left_where_a_first_run_fails(tmp_path):
    with pytest.raises(RuntimeError, match="half way"):
        fail_half_way(tmp_path / "site")
    assert not (tmp_path / "site").exists()


def test_a_latest_that_a_killed_run_left_behind_is_seen(tmp_path):
    published(tmp_path, "2025-05-31")
    published(tmp_path, "2025-06-30")
    assert release.is_latest_right(tmp_path)
    (tmp_path / "latest").unlink()
    (tmp_path / "latest").symlink_to("2025-05-31")
    assert not release.is_latest_right(tmp_path)


def test_results_are_found_by_their_language_wherever_they_lie(tmp_path):
    release.write_results(tmp_path, {"language": "zh", "reports": {}})
    release.write_results(tmp_path / "en", {"language": "en", "reports": {}})
    assert release.find_results(tmp_path, "zh") == (tmp_path, {"language": "zh", "reports": {}})
    assert release.find_results(tmp_path, "en") == (tmp_path / "en", {"language": "en", "reports": {}})
    assert release.find_results(tmp_path / "nowhere", "en") is None


def test_damaged_results_count_as_none(tmp_path):
    (tmp_path / "results.json").write_text('{"language": "en", "rep')
    assert release.find_results(tmp_path, "en") is None


def test_a_signal_comes_too_late_once_the_switch_has_begun():
    before = signal.signal(signal.SIGTERM, lambda *_: pytest.fail("the switch was interrupted"))
    try:
        with release.too_late_to_stop():
            os.kill(os.getpid(), signal.SIGTERM)
    finally:
        assert signal.signal(signal.SIGTERM, before) is not signal.SIG_IGN
