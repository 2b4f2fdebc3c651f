"""How long pages stay: the months that are kept, and a notice where the others were, so that no link of a kept page is dead."""

import base64
import hashlib
import os
import shutil
from collections.abc import Iterable, Sequence
from pathlib import Path

from analysis.report import release
from analysis.wording import LANGUAGES, say

STYLE = "body{max-width:40rem;margin:4rem auto;padding:0 1rem;font:1rem/1.6 sans-serif;color:#16202b}a{color:#14508c}"
NOTICE = """<!doctype html>
<html lang="{tag}">
<head>
<meta charset="utf-8">
<meta http-equiv="Content-Security-Policy" content="default-src 'none'; style-src 'sha256-{style_hash}'">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>{title}</title>
<style>{style}</style>
</head>
<body><main><h1>{title}</h1><p>{reason} <a href="{link}">{latest}</a></p></main></body>
</html>
"""


def kept_days(published_days: Iterable[str], keep: int | None) -> list[str]:
    """Of days (YYYY-MM-DD), those in the `keep` latest months that have any; latest first. All of them where `keep` is None."""
    latest_first = sorted(published_days, reverse=True)
    months = sorted({day[:7] for day in latest_first}, reverse=True)[:keep]
    return [day for day in latest_first if day[:7] in months]


def prune(published: Path, keep: int | None, just_published: str, languages: Sequence[str]) -> list[str]:
    """Removes the releases of months that are not kept, never the day's that was just published, and lets their links lead to
    a notice. Returns the days that went, latest first."""
    kept = {*kept_days(release.days(published), keep), just_published}
    gone = [day for day in release.days(published) if day not in kept]
    if gone:
        _write_notice(published / release.REMOVED, keep, languages)
        with release.too_late_to_stop():
            for day in gone:
                release.point(published / day, release.REMOVED)
    _sweep(published)
    return gone


def _sweep(published: Path) -> None:
    """Removes each release whose day is gone, also one that a killed run left."""
    for folder in (published / release.RELEASES).iterdir():
        link = published / folder.name[:10]
        if release.NAME.fullmatch(folder.name) and link.is_symlink() and os.readlink(link) == release.REMOVED:
            shutil.rmtree(folder, ignore_errors=True)


def _write_notice(folder: Path, keep: int | None, languages: Sequence[str]) -> None:
    """The notice in the site's own language, and in each language's subfolder, whichever a kept page links to."""
    for subsite, language in {"": languages[0], **{name: name for name in LANGUAGES}}.items():
        release.write_text(folder / subsite / "index.html", _notice(keep, language, _link(subsite, language, languages)))
    for path in (folder, *folder.rglob("*")):
        path.chmod(release.FOLDER_MODE if path.is_dir() else release.FILE_MODE)


def _link(subsite: str, language: str, languages: Sequence[str]) -> str:
    up = "../../" if subsite else "../"
    return f"{up}{release.LATEST}/{f'{language}/' if language in languages[1:] else ''}index.html"


def _notice(keep: int | None, language: str, link: str) -> str:
    return NOTICE.format(
        tag={"zh": "zh-CN"}.get(language, language),
        style=STYLE,
        style_hash=base64.b64encode(hashlib.sha256(STYLE.encode()).digest()).decode(),
        title=say("The pages of this period were removed").html(language),
        reason=say("Months whose pages are kept: {months:count}.", months=keep).html(language),
        latest=say("To the latest report").html(language),
        link=link,
    )
