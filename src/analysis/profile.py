"""One customer's profile: executes the notebook, and writes the page where nobody but its owner reads it."""

from __future__ import annotations

import os
import re
from pathlib import Path
from typing import TYPE_CHECKING

from analysis.errors import UserError
from analysis.pipeline import exclusive, writing
from analysis.project import Folders, folders, root
from analysis.report.page import Setting
from analysis.wording import render, say

if TYPE_CHECKING:
    from analysis.bank.book import Book
    from analysis.report.execute import Outcome

NOTEBOOK = "one_customer"
TIME_LIMIT_SECONDS = 600
FILE_MODE, FOLDER_MODE = 0o600, 0o700
CONFIDENTIAL, NOTICE = say("Confidential"), say("Confidential: one customer, not for publication")
LINK_TO_INDEX = re.compile(r'<a href="index\.html">[^<]*</a>')


class PrivateSetting(Setting):
    """What a page says that is in no release: it is confidential, instead of internal."""

    def says(self) -> dict[str, str]:
        return super().says() | {"internal": CONFIDENTIAL.render(self.language)}

    @property
    def notice(self) -> str:
        return " · ".join(filter(None, (NOTICE.render(self.language), super().notice)))


def make_profile(bank: str, customer: str, as_of: str = "", language: str = "en") -> Path:
    """Writes the masked profile of the customer whom `customer` names (a pseudonym, `department:number` or a customer number) to
    `data/profiles/<bank>/<as_of>-<pseudonym>.html`, and returns its place. UserError where nobody is named, where the notebook
    fails, or where the page shows what could tell who it is; then a page written before stands as it was."""
    from analysis.bank.book import open_bank
    from analysis.bank.customer import identifiers, resolve
    from analysis.bank.pseudonyms import pseudonym, read_key

    places = folders(bank)
    with exclusive(places), writing(places.state):
        book = open_bank(bank, as_of)
        customer_id = resolve(book.processed, places.state, customer)
        shown = pseudonym(read_key(places.state), customer_id)
        secrets = identifiers(book.processed, customer_id)
        target = root() / "data" / "profiles" / bank / f"{book.as_of}-{shown}.html"
        page = _page(places, book, shown, language, secrets, target.with_suffix(".log"))
    with writing(target.parent):
        write_private(target, page)
    target.with_suffix(".log").unlink(missing_ok=True)
    return target


def write_private(path: Path, text: str) -> None:
    """Writes the file at one stroke; from its first byte on none but its owner may read it, whatever the umask, and so with the
    two folders above it."""
    for folder in (path.parent.parent, path.parent):
        folder.mkdir(parents=True, exist_ok=True, mode=FOLDER_MODE)
        folder.chmod(FOLDER_MODE)
    beside = path.with_name(f".{path.name}.partial")
    beside.unlink(missing_ok=True)
    descriptor = os.open(beside, os.O_WRONLY | os.O_CREAT | os.O_EXCL, FILE_MODE)
    with open(descriptor, "w", encoding="utf-8") as file:
        os.fchmod(descriptor, FILE_MODE)
        file.write(text)
        file.flush()
        os.fsync(descriptor)
    beside.replace(path)


def _page(places: Folders, book: Book, shown: str, language: str, secrets: frozenset[str], log: Path) -> str:
    from analysis.report.inspection import faults
    from analysis.report.page import render_page

    outcome = _executed(places.name, book, shown, language)
    if outcome.log:
        write_private(log, outcome.log)
        raise UserError(f"The profile was not written: {render(outcome.reason, 'en').rstrip('.')}; the log is {log}.")
    if outcome.notebook is None:
        raise UserError(f"The profile was not written: {render(outcome.reason, 'en')}")
    text = LINK_TO_INDEX.sub("", render_page(outcome.notebook, _setting(book, language)).html)
    if found := faults(text, secrets):
        raise UserError(f"The profile was not written: {'; '.join(found)}; open the notebook {NOTEBOOK} in JupyterLab and see.")
    return text


def _executed(bank: str, book: Book, shown: str, language: str) -> Outcome:
    from analysis.report.execute import Job, execute_all

    parameters = {"bank": bank, "as_of": str(book.as_of), "customer": shown}
    job = Job(NOTEBOOK, root() / "notebooks" / f"{NOTEBOOK}.ipynb", parameters, TIME_LIMIT_SECONDS)
    return next(execute_all([job], [language], 1))


def _setting(book: Book, language: str) -> PrivateSetting:
    config = book.config
    makers = config.prepared_by
    return PrivateSetting(
        bank=config.label(language),
        kind_of_data=config.kind_of_data,
        as_of=str(book.as_of),
        language=language,
        prepared_by=(getattr(makers, language) or makers.en) if makers else "",
    )
