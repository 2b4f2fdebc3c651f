"""What changed, told to those who wait for it: a file for the office system, and an e-mail where one is configured."""

from __future__ import annotations

import html
import json
import logging
import os
import re
from collections.abc import Iterator, Mapping, Set
from dataclasses import dataclass, field
from pathlib import Path

from analysis.errors import UserError
from analysis.mail import send
from analysis.report.earlier import last_day
from analysis.report.edition import Edition
from analysis.report.inspection import revealed
from analysis.report.magnitudes import direction, magnitude
from analysis.report.monthly_status import STALE_REASON, STATES, is_reserved, state
from analysis.report.post import Post
from analysis.report.release import find_results
from analysis.status import write_notice
from analysis.wording import Message, format_value, listed, render, say

LOG = logging.getLogger("crm")
FIGURES_REPORT = "key_figures"
TAG = re.compile(r"<[^>]+>")
JUDGEMENTS = {
    "better": say("better, beyond normal variation"), "worse": say("worse, beyond normal variation"),
    "within": say("within normal variation"), "unknown": say("whether that is more than normal variation cannot be told"),
}  # fmt: skip


@dataclass(frozen=True)
class Before:
    """What stood before this run: the day's own release or else that of the day before it; its name, day and reports."""

    release: str | None = None
    day: str | None = None
    reports: Mapping[str, dict] = field(default_factory=dict)


def before_this(edition: Edition) -> Before:
    """What the run's release will be compared with."""
    day = edition.as_of if edition.current.is_symlink() else last_day(edition.published, edition.as_of)
    found = day and find_results(edition.published / day, edition.languages[0])
    return Before(Path(os.readlink(edition.published / day)).name, day, found[1]["reports"]) if day and found else Before()


def tell(edition: Edition, before: Before, post: Post, identifiers: Set[str]) -> dict:
    """Writes the message, sends it where that is configured, and returns what the status file says of it. Pages stand published
    whatever becomes of it: a failure is told, and ends nothing."""
    try:
        subject, text = written(edition, before, post)
        if found := revealed(f"{subject}\n{text}", identifiers):
            raise UserError(f"it shows {' and '.join(found)}")
        file = _keep(edition, subject, text)
    except Exception as error:
        reason = str(error) if isinstance(error, UserError) else type(error).__name__
        LOG.warning("the message that says what changed was not written (%s)", reason, exc_info=not isinstance(error, UserError))
        return {"file": None, "sent": None, "problem": f"It was not written ({reason})."}
    problem = send(post, subject, text) if post.host else None
    if problem:
        LOG.warning("the message was not sent: %s It lies in %s.", problem, file)
    return {"file": file, "sent": (problem is None) if post.host else None, "problem": problem}


def _keep(edition: Edition, subject: str, text: str) -> str:
    facts = {"bank": edition.bank, "as_of": edition.as_of, "release": edition.current.resolve().name,
             "language": edition.languages[0], "subject": subject, "text": text}  # fmt: skip
    write_notice(edition.bank, f"{edition.as_of}.json", json.dumps(facts, ensure_ascii=False, indent=1) + "\n")
    write_notice(edition.bank, f"{edition.as_of}.txt", f"{subject}\n\n{text}")
    return f"data/notices/{edition.bank}/{edition.as_of}.txt"


def written(edition: Edition, before: Before, post: Post) -> tuple[str, str]:
    """Subject and text, in the site's own language, from the release's results.json and what stood before."""
    language = edition.languages[0]
    found = find_results(edition.current, language)
    if found is None:
        raise UserError("the release holds no results in the site's own language")
    results = found[1]
    blocks = [
        [*_changed(results["reports"], before, edition.as_of), *_lacking(results["reports"], before)],
        list(_figures(results["reports"].get(FIGURES_REPORT), language)),
        list(_conclusions(results.get("conclusions") or {})),
        list(_decisions(results.get("decisions") or [])),
        [say("The pages: {place}", place=_place(edition, post))],
    ]
    text = "\n\n".join("\n".join(line.render(language) for line in block) for block in blocks if block)
    return _subject(edition, results["reports"]).render(language), text + "\n"


def _subject(edition: Edition, reports: Mapping[str, dict]) -> Message:
    head = {"bank": edition.labels[edition.languages[0]], "day": edition.as_of}
    if failed := sum(entry["status"] == "failed" for entry in reports.values()):
        return say("{bank}: monthly customer report as of {day:date} (reports failed: {n:count})", n=failed, **head)
    return say("{bank}: monthly customer report as of {day:date}", **head)


def _changed(reports: Mapping[str, dict], before: Before, as_of: str) -> Iterator[Message]:
    standing = [name for name, entry in reports.items() if entry["status"] == "published"]
    current = [name for name in standing if state(reports[name]) == "published"]
    yield say("Published: {n:count} of {all:count} reports.", n=len(current), all=len(reports))
    if reserved := [name for name in standing if is_reserved(reports[name])]:
        yield say("With reservation, since their data fall short: {reports}.", reports=_titles(reserved, reports))
    if before.day is None:
        return
    if new := [name for name in standing if before.reports.get(name, {}).get("status") != "published"]:
        yield say("New since the report before: {reports}.", reports=_titles(new, reports))
    if before.day == as_of:
        old = {name: entry["digest"] for name, entry in before.reports.items()}
        anew = [name for name in standing if name not in new and reports[name]["digest"] != old[name]]
        made = _titles(anew, reports) if anew else say("none of the reports")
        yield say("These pages replace those that stood for the same day; made anew: {reports}.", reports=made)


def _titles(names: list[str], reports: Mapping[str, dict]) -> Message | None:
    return listed(reports[name]["title"] for name in names)


def _lacking(reports: Mapping[str, dict], before: Before) -> Iterator[Message]:
    if stale := [name for name, entry in reports.items() if state(entry) == "stale"]:
        yield say("{state}: {reports}. {reason}.", state=STATES["stale"], reports=_titles(stale, reports), reason=STALE_REASON)
    for name, entry in reports.items():
        word = state(entry)
        if word in ("published", "stale"):
            continue
        line = say("{state}: {title}. {reason}", state=STATES[word], title=entry["title"], reason=entry["reason"] or "")
        if before.reports.get(name, {}).get("status") == "published":
            line = say("{line} The report before had it.", line=line)
        if word == "failed" and entry["page_as_of"]:
            line = say("{line} Its page of {day:date} stands in.", line=line, day=entry["page_as_of"])
        yield line


def _figures(entry: Mapping | None, language: str) -> Iterator[Message]:
    figures = (entry or {}).get("figures") or []
    if figures:
        yield say("The six figures, against the month before:")
    for figure in figures:
        title = plain(figure["title"])
        if figure.get("value") is None:
            yield say("– {title}: {reason}", title=title, reason=plain(figure.get("absent")) or say("cannot be told"))
        else:
            value, change = magnitude(figure, language).full(figure["value"]), _change(figure, language)
            yield say("– {title}: {value}; {change}; {judgement}", title=title, value=value, change=change,
                      judgement=JUDGEMENTS.get(figure.get("judgement") or "", JUDGEMENTS["unknown"]))  # fmt: skip


def _change(figure: Mapping, language: str) -> Message:
    """The change on the month: relative where the figure counts or sums, else in its own unit."""
    change = (figure.get("changes") or {}).get("month") or {}
    value, relative = change.get("value"), change.get("relative")
    if value is None:
        return say("no month before to compare with")
    if relative is not None:
        text, size = format_value(relative, "share", language, sign=True), say("{size:share}", size=abs(relative))
    elif figure["unit"] == "share":
        text, size = format_value(value, "points", language), say("{size:number.1} percentage points", size=abs(value) * 100)
    else:
        text, size = format_value(value, "number.1", language, sign=True), say("{size:number.1} points", size=abs(value))
    word = direction(text)
    return word if not any(digit in text for digit in "123456789") else say("{word} {size}", word=word, size=size)


def _conclusions(conclusions: Mapping) -> Iterator[Message]:
    picked = conclusions.get("picked") or []
    if picked:
        yield say("What matters most:")
    for number, sentence in enumerate(picked, 1):
        yield say("{number}. {sentence}", number=number, sentence=plain(sentence["html"]))
    if not picked and conclusions.get("note"):
        yield say("{sentence}", sentence=plain(conclusions["note"]))


def _decisions(decisions: list) -> Iterator[Message]:
    if decisions:
        yield say("Decisions needed: {n:count}; the first page has them with owner and date.", n=len(decisions))


def _place(edition: Edition, post: Post) -> str:
    folder = post.pages.rstrip("/") if post.pages else f"reports/{edition.bank}"
    return f"{folder}/{edition.as_of}/index.html"


def plain(text: str | None) -> str:
    """HTML of a page as plain text."""
    return " ".join(html.unescape(TAG.sub("", render(text, "en"))).split())
