"""The list of early warning as its report counts it: the same model, plan and lots."""

import datetime as dt

import pandas as pd

from analysis.bank.alert_lists import Written, write_alert_lists
from analysis.bank.book import Book, open_bank
from analysis.errors import UserError
from analysis.project import root
from analysis.report.publication import check_publication, parameters_in_force, read_publications
from analysis.study.churn import ChurnRule
from analysis.study.early_warning import make_list as listed
from analysis.study.warning_list import Plan, brought_by
from analysis.study.warning_model import sampled

REPORT = "early_warning"
RULE = ("horizon_months", "dormant_days", "run_off_share")


def make_list(bank: str, as_of: str = "") -> Written:
    """Writes the list of a prepared bank as of a day, by the parameters of its report in reports.yaml, and keeps its lots."""
    entry, notebooks = read_publications(root() / "reports.yaml").reports.get(REPORT), root() / "notebooks"
    if entry is None:
        raise UserError(f"reports.yaml has no report {REPORT}, whose parameters say whom to list.")
    check_publication(REPORT, entry, notebooks)
    asked = parameters_in_force(entry, notebooks)
    book = open_bank(bank, as_of)
    if "consents" not in book.tables:
        raise UserError(
            f"The bank '{bank}' brings no consents (table consents): who may be called is not known, so that no list is written; "
            "bring the table (docs/data.md)."
        )
    rule = ChurnRule(**{name: asked.pop(name) for name in RULE})
    return write_alert_lists(book, listed(learnt_from(book), book.as_of, rule, brought_by(book), Plan(**asked), bank))


def learnt_from(book: Book) -> dict[dt.date, pd.DataFrame]:
    """Landmark → features: of every customer at `as_of`, and at earlier landmarks of those that the model learns from, so that a large
    bank's history costs little and fits into memory."""
    today = book.features()
    learnt = sampled({book.as_of: today})[book.as_of]["customer_id"]
    of = learnt if len(learnt) < len(today) else None
    return {day: today if day == book.as_of else book.features(day, of) for day in book.landmarks}
