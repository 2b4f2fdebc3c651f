"""Every study run on a prepared bank as its notebook runs it: the findings, without pages."""

from collections.abc import Mapping
from dataclasses import dataclass, field

import pandas as pd

from analysis.bank.book import Book
from analysis.errors import NotProduced
from analysis.finding import Finding
from analysis.project import root
from analysis.report.publication import check_publication, parameters_in_force, read_publications
from analysis.study.attribution import churn_attribution, recorded
from analysis.study.churn import PARTS, ChurnRule, unseen
from analysis.study.drivers import driver_findings, drivers
from analysis.study.hazard_challenger import shown_model
from analysis.study.identity import identity_findings
from analysis.study.model_findings import model_findings
from analysis.study.satisfaction_scores import score_findings, scores
from analysis.study.satisfaction_weighted import weighted_scores
from analysis.study.satisfaction_weighted_exhibits import weighted_findings
from analysis.study.segmentation import Tables, segmentation
from analysis.study.survey import answers_by_item, questionnaire, windows
from analysis.study.tiers import open_customers, tier_findings, tier_table
from analysis.study.warning_model import WarningModel, warning_model

Parameters = Mapping[str, Mapping[str, object]]
DATA, VALUE, SATISFACTION, MODEL = "data_trust", "value", "satisfaction", "churn_model"
IN_PART = (DATA, VALUE)
RULE = ("horizon_months", "dormant_days", "run_off_share")
_LAST_MODEL: dict[tuple, WarningModel] = {}


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
    return _rule_of(asked.get("churn_attribution", {}))


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
    """Of the report on satisfaction, what has a truth: the scores."""
    return score_findings(scores(*windows(book.table("surveys"), book.as_of, values["window_months"])))


def _drivers(book: Book, values: Mapping[str, object]) -> list[Finding]:
    """Of the report on what goes with satisfaction, what has a truth: shares of R²."""
    recent, _ = windows(book.table("surveys"), book.as_of, values["window_months"])
    asked, wide = questionnaire(book.config.survey), answers_by_item(book.table("answers"), recent)
    return driver_findings(drivers(wide, recent, asked, values["replicates"], values["seed"]), asked.labels)


def _everybody(book: Book, values: Mapping[str, object]) -> list[Finding]:
    """Of the report on those who did not answer, what has a truth: weighted scores and their bounds."""
    tables = book.table_if_any("invitations"), book.table("surveys")
    history, months, tilt = book.feature_history(), values["window_months"], values["tilt"]
    return weighted_findings(weighted_scores(*tables, history, book.config.tiers, book.as_of, months, tilt))


def _churn(book: Book, values: Mapping[str, object]) -> list[Finding]:
    history, rule = book.feature_history(), _rule_of(values)
    brought = recorded(book, history, rule)
    more = {"grouping": values["grouping"]} if "grouping" in values else {}
    return churn_attribution(history, book.as_of, book.config.tiers, rule, brought, **more).findings


def _model(book: Book, values: Mapping[str, object]) -> list[Finding]:
    """Of the report on what goes with leaving, what has a truth: the published model's figures."""
    rule, history = _rule_of(values), book.feature_history()
    hidden = unseen(history, rule)
    others = {name: warning_model(history, book.as_of, rule, name) for name in PARTS if name not in hidden}
    return model_findings(published_model(book, rule), others)


def published_model(book: Book, rule: ChurnRule) -> WarningModel:
    """The model that the report on what goes with leaving shows. The last one is kept, since its findings and their truths both
    ask for it."""
    key = (book.processed, book.as_of, rule)
    if key not in _LAST_MODEL:
        _LAST_MODEL.clear()
        _LAST_MODEL[key] = shown_model(book.feature_history(), book.as_of, rule)[0]
    return _LAST_MODEL[key]


def _rule_of(values: Mapping[str, object]) -> ChurnRule:
    return ChurnRule(**{name: values[name] for name in RULE if name in values})


def _identity(book: Book, values: Mapping[str, object]) -> list[Finding]:
    """Of the report on the data, what has a truth: who is who, of all records, on which precision and recall rest."""
    return identity_findings(book.sources.get("identity") or {})


STUDIES = {
    "segmentation": _segments,
    VALUE: _tiers,
    SATISFACTION: _opinions,
    "satisfaction_drivers": _drivers,
    "satisfaction_nonresponse": _everybody,
    "churn_attribution": _churn,
    MODEL: _model,
    DATA: _identity,
}
