"""Releases: a folder complete before it bears a name, immutable after; a day's link and `latest` switch at one stroke."""

import contextlib
import json
import os
import re
import shutil
import signal
import threading
from collections.abc import Iterator
from pathlib import Path

from analysis import digest

RESULTS = "results.json"
MANIFEST = "manifest.json"
RELEASES = ".releases"
LATEST = "latest"
REMOVED = ".removed"
PARTIAL = ".partial-"
KEPT_PER_DAY = 2
DIGITS = 12
NAME = re.compile(rf"\d{{4}}-\d\d-\d\d-([0-9a-f]{{{DIGITS}}})x*")
FILE_MODE, FOLDER_MODE = 0o644, 0o755
STOPS = (signal.SIGINT, signal.SIGTERM, signal.SIGALRM)


def find_results(folder: Path, language: str) -> tuple[Path, dict] | None:
    """Where a release keeps its pages in `language` (its root or a subfolder) and their results, or None."""
    for home in (folder, folder / language):
        results = _read(home / RESULTS)
        if results is not None and results.get("language") == language:
            return home, results
    return None


def _read(path: Path) -> dict | None:
    try:
        results = json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return None
    return results if isinstance(results, dict) and isinstance(results.get("reports"), dict) else None


def days(published: Path) -> list[str]:
    """The days that have a release, latest first; those whose release was removed (`retention`) have none."""
    links = published.glob("????-??-??") if published.is_dir() else ()
    return sorted((link.name for link in links if link.is_symlink() and os.readlink(link) != REMOVED), reverse=True)


def is_latest_right(published: Path) -> bool:
    """Whether `latest` leads to the greatest day: a run may have been killed between two links."""
    link = published / LATEST
    return link.is_symlink() and [os.readlink(link)] == days(published)[:1]


def clear(published: Path) -> None:
    """Removes what a killed run left."""
    for stale in (published / RELEASES).glob(f"{PARTIAL}*"):
        shutil.rmtree(stale, ignore_errors=True)
    for link in published.glob(".*.partial"):
        link.unlink()


@contextlib.contextmanager
def staging(published: Path) -> Iterator[Path]:
    """A folder beside the releases for one to grow in; whatever is left of it goes, this run's or a killed one's."""
    home = published / RELEASES
    if not published.parent.exists():
        published.parent.mkdir(parents=True)
        published.parent.chmod(FOLDER_MODE)
    for folder in (published, home):
        folder.mkdir(parents=True, exist_ok=True)
        folder.chmod(FOLDER_MODE)
    clear(published)
    folder = home / f"{PARTIAL}{os.getpid()}"
    folder.mkdir()
    try:
        yield folder
    finally:
        shutil.rmtree(folder, ignore_errors=True)
        with contextlib.suppress(OSError):
            home.rmdir()
            published.rmdir()


def write_text(path: Path, text: str) -> None:
    """Writes a published file and sees it on the disk."""
    _write(path, text.encode("utf-8"))


def write_bytes(path: Path, content: bytes) -> None:
    """The same for a file that is not text."""
    _write(path, content)


def copy_page(source: Path, target: Path) -> None:
    """Copies a published file into a release that grows."""
    _write(target, source.read_bytes())


def write_results(folder: Path, results: dict) -> None:
    """Writes what the index is made from, and what the next run compares with."""
    write_text(folder / RESULTS, json.dumps(results, ensure_ascii=False, indent=1) + "\n")


def publish(staged: Path, published: Path, day: str) -> Path:
    """Names the staged release and makes it the day's; `latest` follows if no later day has one. Returns `<published>/<day>`."""
    write_text(staged / MANIFEST, json.dumps({"as_of": day, "files": digests(staged)}, indent=1) + "\n")
    _open_to_readers(staged)
    with too_late_to_stop():
        target = _name(staged, published / RELEASES, day)
        point(published / day, f"{RELEASES}/{target.name}")
        point_latest(published)
        _prune(published, day)
    return published / day


def point_latest(published: Path) -> None:
    """Lets `latest` lead to the greatest day."""
    point(published / LATEST, days(published)[0])


@contextlib.contextmanager
def too_late_to_stop() -> Iterator[None]:
    """Ctrl-C and SIGTERM do nothing while the links are switched: a run is stopped before the switch or not at all."""
    if threading.current_thread() is not threading.main_thread():
        yield
        return
    before = [signal.signal(number, signal.SIG_IGN) for number in STOPS]
    try:
        yield
    finally:
        for number, handler in zip(STOPS, before, strict=True):
            signal.signal(number, handler)


def _write(path: Path, content: bytes) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    with open(path, "wb") as file:
        file.write(content)
        file.flush()
        os.fsync(file.fileno())


def _open_to_readers(staged: Path) -> None:
    """Modes for a web server, whatever the umask of who runs this."""
    for path in (staged, *staged.rglob("*")):
        path.chmod(FOLDER_MODE if path.is_dir() else FILE_MODE)
        if path.is_dir():
            _sync(path)


def _name(staged: Path, releases: Path, day: str) -> Path:
    """The staged release under a name made of its contents. One of that name that somebody has altered since is let be."""
    contents = _contents(staged)
    target = releases / f"{day}-{contents}"
    while target.exists() and _contents(target) != contents:
        target = target.with_name(f"{target.name}x")
    if not target.exists():
        staged.rename(target)
    _sync(releases)
    os.utime(target)
    return target


def _contents(folder: Path) -> str:
    return digest.of_value(digests(folder))[:DIGITS]


def digests(folder: Path) -> dict[str, str]:
    """The SHA-256 of each file of a release, by its place in it; the release bears the digest of all of them as its name."""
    files = sorted(path for path in folder.rglob("*") if path.is_file())
    return {str(path.relative_to(folder)): digest.of_file(path) for path in files}


def is_named_for(folder: Path) -> bool | None:
    """Whether a release's contents are those that its name was made of; None where it bears another name."""
    given = NAME.fullmatch(folder.resolve().name)
    return None if given is None else given[1] == _contents(folder)


def point(link: Path, target: str) -> None:
    """Lets a link lead elsewhere, at one stroke."""
    beside = link.with_name(f".{link.name}.partial")
    beside.unlink(missing_ok=True)
    beside.symlink_to(target)
    os.replace(beside, link)
    _sync(link.parent)


def _sync(folder: Path) -> None:
    handle = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)


def _prune(published: Path, day: str) -> None:
    current = (published / day).resolve()
    others = [path for path in (published / RELEASES).glob(f"{day}-*") if path.resolve() != current]
    for old in sorted(others, key=lambda path: path.stat().st_mtime, reverse=True)[KEPT_PER_DAY - 1 :]:
        shutil.rmtree(old, ignore_errors=True)
