"""One bank: prepared, every study run, each estimate held against its truth."""

import logging
from dataclasses import dataclass

from analysis.bank.book import open_bank
from analysis.pipeline import prepare_bank
from analysis.project import folders
from analysis.validation.rows import Row, bank_rows
from analysis.validation.studies import Parameters
from analysis.validation.truth import read_truth

LOG = logging.getLogger("crm")


@dataclass(frozen=True)
class Comparison:
    """A bank's rows, and what it is."""

    rows: list[Row]
    bank: str
    as_of: str
    customers: int | None


def validate_bank(bank: str, asked: Parameters) -> Comparison:
    """Prepares the bank where that is needed and compares. A bank without truth is refused before anything is computed."""
    truth = read_truth(folders(bank).raw)
    prepare_bank(bank, None, "", False)
    book = open_bank(bank)
    rows, answered = bank_rows(book, truth, asked)
    for report, reason in answered.refused.items():
        LOG.info("%s: not produced: %s", report, reason)
    return Comparison(rows, bank, str(book.as_of), truth.customers)
