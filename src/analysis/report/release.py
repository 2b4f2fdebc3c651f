"""Releases: a folder complete before it bears a name, immutable after; a day's link and `latest` switch at one stroke."""

import contextlib
import json
import os
import shutil
from collections.abc import Iterator
from pathlib import Path

from analysis import digest

RESULTS = "results.json"
RELEASES = ".releases"
LATEST = "latest"
PARTIAL = ".partial-"
KEPT_PER_DAY = 2


def read_results(folder: Path, subsite: str = "") -> dict | None:
    """The results of a release (or of its other language), or None."""
    path = folder / subsite / RESULTS
    return json.loads(path.read_text(encoding="utf-8")) if path.is_file() else None


def days(published: Path) -> list[str]:
    """The days that have a release, latest first."""
    return (
        sorted((link.name for link in published.glob("????-??-??") if link.is_symlink()), reverse=True)
        if published.is_dir()
        else []
    )


@contextlib.contextmanager
def staging(published: Path) -> Iterator[Path]:
    """A folder beside the releases for one to grow in; whatever is left of it goes, this run's or a killed one's."""
    home = published / RELEASES
    home.mkdir(parents=True, exist_ok=True)
    for stale in home.glob(f"{PARTIAL}*"):
        shutil.rmtree(stale, ignore_errors=True)
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
    """Writes a published file, readable by all, and sees it on the disk."""
    path.parent.mkdir(parents=True, exist_ok=True)
    with open(path, "w", encoding="utf-8", newline="\n") as file:
        file.write(text)
        file.flush()
        os.fsync(file.fileno())
    path.chmod(0o644)


def write_results(folder: Path, results: dict) -> None:
    write_text(folder / RESULTS, json.dumps(results, ensure_ascii=False, indent=1) + "\n")


def publish(staged: Path, published: Path, day: str) -> Path:
    """Names the staged release and makes it the day's; `latest` follows if no later day has one. Returns `<published>/<day>`."""
    contents = sorted(path for path in staged.rglob("*") if path.is_file())
    name = f"{day}-{digest.of_value({str(path.relative_to(staged)): digest.of_file(path) for path in contents})[:12]}"
    target = published / RELEASES / name
    staged.chmod(0o755)
    if target.exists():
        shutil.rmtree(staged)
    else:
        staged.rename(target)
    _sync(target.parent)
    os.utime(target)
    _point(published / day, f"{RELEASES}/{name}")
    _point(published / LATEST, max(days(published)))
    _sync(published)
    _prune(published, day)
    return published / day


def _point(link: Path, target: str) -> None:
    beside = link.with_name(f".{link.name}.partial")
    beside.unlink(missing_ok=True)
    beside.symlink_to(target)
    os.replace(beside, link)


def _sync(folder: Path) -> None:
    handle = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)


def _prune(published: Path, day: str) -> None:
    same_day = sorted((published / RELEASES).glob(f"{day}-*"), key=lambda path: path.stat().st_mtime, reverse=True)
    for old in same_day[KEPT_PER_DAY:]:
        shutil.rmtree(old, ignore_errors=True)
