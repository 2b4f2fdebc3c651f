"""The monthly report on paper: index.html printed to PDF by the Chromium of this machine, the same bytes for the same page."""

from __future__ import annotations

import logging
import os
import re
import shutil
import signal
import subprocess
import tempfile
from collections.abc import Sequence
from pathlib import Path

LOG = logging.getLogger("crm")
BROWSER = "CRM_CHROMIUM"  # the environment's own choice; empty: no PDF is made
NAMES = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable")
FLAGS = (
    "--headless", "--disable-gpu", "--disable-quic", "--disable-extensions", "--disable-background-networking",
    "--disable-component-update", "--disable-sync", "--disable-dev-shm-usage", "--no-first-run", "--no-proxy-server",
    "--no-pdf-header-footer", "--print-to-pdf-no-header", "--mute-audio", "--lang=en-US", "--log-level=3",
)  # fmt: skip
TIME_LIMIT_SECONDS = 90
LINK = re.compile(r"(<a\b[^>]*?) href=\"[^\"]*\"")
DATES = re.compile(rb"/(CreationDate|ModDate) \(D:\d{14}([^)]*)\)")
IDENTITY = re.compile(rb"/ID \[<([0-9A-Fa-f]+)> <([0-9A-Fa-f]+)>\]")
MADE_BY = re.compile(rb"/Creator \(([^)\\]|\\.)*\)")


def find_browser() -> Path | None:
    """The Chromium that prints: the one that `CRM_CHROMIUM` names, else the first that is installed; None where there is none."""
    named = os.environ.get(BROWSER)
    wanted = NAMES if named is None else (named,)
    found = (shutil.which(name) for name in wanted if name)
    return next((Path(place) for place in found if place), None)


def paper_name(as_of: str) -> str:
    """What the printed report of a day is called."""
    return f"monthly-{as_of}.pdf"


def printed(page: str, as_of: str, language: str, browser: Path | None) -> bytes | None:
    """The page as PDF, dated at the end of `as_of`; None, and one line in the log that says why, where it cannot be made."""
    if browser is None:
        LOG.info("no PDF of the monthly report (%s): no Chromium was found; %s may name one", language, BROWSER)
        return None
    if language == "zh" and not has_chinese_font():
        LOG.warning("no PDF of the monthly report (%s): this machine has no Chinese font", language)
        return None
    try:
        return dated(_print(page, browser), as_of)
    except subprocess.TimeoutExpired:
        LOG.warning("no PDF of the monthly report (%s): %s took longer than %d s", language, browser, TIME_LIMIT_SECONDS)
    except (OSError, ValueError) as error:
        LOG.warning("no PDF of the monthly report (%s): %s could not print it (%s)", language, browser, error)
    return None


def can_print(language: str, browser: Path | None) -> bool:
    """Whether this machine has what it takes."""
    return browser is not None and (language != "zh" or has_chinese_font())


def has_chinese_font() -> bool:
    """Whether fontconfig knows a font for Chinese."""
    try:
        listed = subprocess.run(["fc-list", ":lang=zh", "family"], capture_output=True, timeout=TIME_LIMIT_SECONDS, check=False)
    except (OSError, subprocess.TimeoutExpired):
        return False
    return bool(listed.stdout.strip())


def dated(pdf: bytes, as_of: str) -> bytes:
    """The PDF with the day for its dates and without the browser's own name and number: every piece keeps its length, on which
    the file's table of places rests."""
    day = as_of.replace("-", "").encode() + b"235959"
    pdf = DATES.sub(lambda found: b"/%s (D:%s%s)" % (found[1], day, found[2]), pdf)
    pdf = IDENTITY.sub(lambda found: b"/ID [<%s> <%s>]" % (b"0" * len(found[1]), b"0" * len(found[2])), pdf)
    return MADE_BY.sub(lambda found: b"/Creator (%s)" % b"crm report".ljust(len(found[0]) - len(b"/Creator ()")), pdf)


def pages(pdf: bytes) -> int:
    """How many sheets the PDF has."""
    return len(re.findall(rb"/Type\s*/Page\b", pdf))


def _print(page: str, browser: Path) -> bytes:
    """What Chromium makes of the page in a home of its own, without links: on paper they would name places of this machine."""
    with tempfile.TemporaryDirectory(prefix="crm-paper-") as folder:
        home = Path(folder)
        source, target = home / "monthly.html", home / "monthly.pdf"
        source.write_text(LINK.sub(r"\1", page), encoding="utf-8")
        sandbox = ("--no-sandbox",) if os.geteuid() == 0 else ()
        own = (f"--user-data-dir={home / 'profile'}", f"--print-to-pdf={target}")
        said = _run([str(browser), *FLAGS, *sandbox, *own, source.as_uri()], home)
        if not target.is_file():
            raise ValueError(said or "it wrote no file")
        pdf = target.read_bytes()
    if not (pdf.startswith(b"%PDF-") and pdf.rstrip().endswith(b"%%EOF")):
        raise ValueError("the file is not whole")
    return pdf


def _run(command: Sequence[str], home: Path) -> str:
    """Runs it as the head of a group of its own, so that the time limit ends its children too; returns its last line."""
    surroundings = {
        "HOME": str(home),
        "TMPDIR": str(home),
        "PATH": os.environ.get("PATH", os.defpath),
        "LANG": "C.UTF-8",
        "TZ": "UTC",
    }
    process = subprocess.Popen(
        command, stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, env=surroundings, start_new_session=True
    )  # fmt: skip
    try:
        _, said = process.communicate(timeout=TIME_LIMIT_SECONDS)
    except BaseException:
        os.killpg(process.pid, signal.SIGKILL)
        process.wait()
        raise
    lines = said.decode("utf-8", "replace").strip().splitlines()
    return lines[-1][:200] if process.returncode and lines else ""
