"""Every study run on a prepared bank as its notebook runs it: the findings, without pages."""

from collections.abc import Mapping
from dataclasses import dataclass, field

import pandas as pd

from analysis.bank.book import Book
from analysis.errors import NotProduced
from analysis.finding import Finding
from analysis.project import root
from analysis.report.publication import check_publication, parameters_in_force, read_publications
from analysis.study.attribution import churn_attribution
from analysis.study.churn import ChurnRule
from analysis.study.identity import identity_findings
from analysis.study.satisfaction import satisfaction
from analysis.study.segmentation import Tables, segmentation
from analysis.study.survey import questionnaire
from analysis.study.tiers import open_customers, tier_findings, tier_table

Parameters = Mapping[str, Mapping[str, object]]
DATA, VALUE = "data_trust", "value"
IN_PART = (DATA, VALUE)
RULE = ("horizon_months", "dormant_days", "run_off_share")


@dataclass(frozen=True)
class Answers:
    """`findings` by id; `refused`: a report that the bank's data do not allow → why."""

    findings: dict[str, Finding]
    refused: dict[str, str] = field(default_factory=dict)


def parameters() -> dict[str, dict[str, object]]:
    """Report → the parameters it is published with: the notebook's defaults, or what `reports.yaml` says instead; none for the reports
    of which only a part without parameters has a truth (IN_PART)."""
    listed, notebooks = read_publications(root() / "reports.yaml").reports, root() / "notebooks"
    known = {name: entry for name, entry in listed.items() if name in STUDIES and name not in IN_PART}
    for name, entry in known.items():
        check_publication(name, entry, notebooks)
    return {**{name: parameters_in_force(entry, notebooks) for name, entry in known.items()}, **{name: {} for name in IN_PART}}


def answers(book: Book, asked: Parameters) -> Answers:
    """The findings of every study in `asked` (report → its parameters) on this bank."""
    findings, refused = {}, {}
    for report, values in asked.items():
        try:
            findings |= {found.id: found for found in STUDIES[report](book, values)}
        except NotProduced as reason:
            refused[report] = str(reason)
    return Answers(findings, refused)


def churn_rule(asked: Parameters) -> ChurnRule:
    """The rule by which the churn report counts."""
    return ChurnRule(**asked.get("churn_attribution", {}))


def survey_tables(book: Book) -> tuple[pd.DataFrame, pd.DataFrame] | None:
    """Responses and answers; None where the bank brings no survey."""
    is_there = {"surveys", "answers"} <= set(book.tables)
    return (book.table("surveys"), book.table("answers")) if is_there else None


def _segments(book: Book, values: Mapping[str, object]) -> list[Finding]:
    values = dict(values)
    rule = ChurnRule(**{name: values.pop(name) for name in RULE if name in values})
    tables = Tables(book.table_if_any("surveys"), book.table_if_any("campaigns"))
    return segmentation(book.feature_history(), tables, book.config.tiers, book.config.currency, rule, **values).findings


def _tiers(book: Book, values: Mapping[str, object]) -> list[Finding]:
    """Of the report on value, what has a truth: the tiers."""
    features = book.features()
    if not book.config.tiers or "assets_3m" not in features:
        return []
    return tier_findings(tier_table(open_customers(features), book.config.tiers))


def _opinions(book: Book, values: Mapping[str, object]) -> list[Finding]:
    """Groups of customers are left out: they stand in exhibits, and no finding hangs on them."""
    asked = questionnaire(book.config.survey)
    return satisfaction(book.table("surveys"), book.table("answers"), asked, {}, book.branch_names, book.as_of, **values).findings


def _churn(book: Book, values: Mapping[str, object]) -> list[Finding]:
    return churn_attribution(book.feature_history(), book.as_of, book.config.tiers, ChurnRule(**values)).findings


def _identity(book: Book, values: Mapping[str, object]) -> list[Finding]:
    """Of the report on the data, what has a truth: who is who, of all records, on which precision and recall rest."""
    return identity_findings(book.sources.get("identity") or {})


STUDIES = {"segmentation": _segments, VALUE: _tiers, "satisfaction": _opinions, "churn_attribution": _churn, DATA: _identity}
