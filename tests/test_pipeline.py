"""What surrounds a run: one at a time, a disk that fills, names that no page may show."""

import errno
import logging
import threading

import pytest

from analysis import pipeline
from analysis.errors import UserError
from analysis.project import folders


@pytest.mark.parametrize(
    ("error", "sentence"),
    [
        (OSError(errno.ENOSPC, "No space left on device"), "The disk is full: PLACE could not be written; make room and run again. What was published stands as it was."),
        (OSError(errno.EFBIG, "File too large", "a.html"), "The disk is full: a.html could not be written; make room and run again. What was published stands as it was."),
        (RuntimeError("IO Error: Could not write file: No space left on device"), "The disk is full: PLACE could not be written; make room and run again. What was published stands as it was."),
        (PermissionError(errno.EACCES, "Permission denied", "a.html"), "a.html cannot be written (permission denied); mend that and run again."),
        (OSError(errno.EROFS, "Read-only file system", "a.html"), "a.html cannot be written (read-only file system); mend that and run again."),
    ],
)  # fmt: skip
def test_a_disk_that_cannot_be_written_is_told_in_a_sentence(tmp_path, error, sentence):
    with pytest.raises(UserError) as told, pipeline.writing(tmp_path):
        raise error
    assert str(told.value) == sentence.replace("PLACE", str(tmp_path))


@pytest.mark.parametrize(
    "error", [FileNotFoundError(errno.ENOENT, "No such file", "a"), KeyError("a"), UserError("One sentence.")]
)
def test_any_other_error_stays_what_it_is(tmp_path, error):
    with pytest.raises(type(error)) as met, pipeline.writing(tmp_path):
        raise error
    assert met.value is error


def test_a_second_run_for_the_bank_waits_and_says_so(project, caplog):
    caplog.set_level(logging.INFO, "crm")
    project.add()
    places, order = folders("mybank"), []

    def second() -> None:
        with pipeline.exclusive(places):
            order.append("second")

    with pipeline.exclusive(places):
        thread = threading.Thread(target=second)
        thread.start()
        while not caplog.messages:
            thread.join(0.01)
        order.append("first")
    thread.join(5)
    assert caplog.messages == ["another run for mybank is at work: waiting for it"]
    assert order == ["first", "second"]


def test_runs_for_different_banks_do_not_wait_for_each_other(project, caplog):
    project.add("one")
    project.add("two")
    with pipeline.exclusive(folders("one")), pipeline.exclusive(folders("two")):
        pass
    assert caplog.messages == []


def test_no_page_may_show_a_customer_s_name_or_number(project):
    project.add()
    prepared = project.prepare()
    edition = type("Edition", (), {"tables": frozenset(prepared.manifest["tables"])})
    assert pipeline._identifiers(folders("mybank"), edition) == {"Anna Alpha", "Bert Beta", "13800000001", "13800000002"}
    assert pipeline._identifiers(folders("mybank"), type("Edition", (), {"tables": frozenset()})) == frozenset()


def test_a_change_of_the_banks_own_tables_alters_the_record(project):
    raw = project.add()
    places = folders("mybank")
    assert pipeline.kept_beside(places, "2024-03-31") == {}
    digests = set()
    for action in ("call", "write"):
        (raw / "segment_actions.csv").write_text(f"when,action\n,{action}\n", encoding="utf-8")
        digests.add(pipeline.kept_beside(places, "2024-03-31")["segment_actions.csv"])
    assert len(digests) == 2


def test_earlier_lists_and_the_last_release_are_in_the_record_of_later_days_alone(project):
    project.add()
    places = folders("mybank")
    (places.state / "alerts").mkdir(parents=True)
    (places.state / "alerts" / "2024-02-29.csv").write_text("x", encoding="utf-8")
    (places.published / ".releases" / "2024-02-29-a").mkdir(parents=True)
    (places.published / "2024-02-29").symlink_to(".releases/2024-02-29-a")
    assert pipeline.kept_beside(places, "2024-01-31") == {}
    assert set(pipeline.kept_beside(places, "2024-02-29")) == {"2024-02-29.csv"}
    assert pipeline.kept_beside(places, "2024-03-31")["last release"] == "2024-02-29-a"
