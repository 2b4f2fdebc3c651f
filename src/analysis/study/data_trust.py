"""Can the data be trusted? How sound the rows are, what is wrong and whom it touches, who is who, and what the fields are good for."""

import datetime as dt
from collections.abc import Callable, Mapping
from dataclasses import dataclass

import pandas as pd

from analysis.errors import NotProduced
from analysis.finding import Exhibit, Finding
from analysis.study import trust_defects, trust_scores
from analysis.study.churn import ChurnRule
from analysis.study.data_value import filled, information, value_exhibit, value_finding
from analysis.study.tiers import open_customers
from analysis.study.trust_records import agreement_exhibit, record_findings, records_exhibit
from analysis.wording import Message, say


@dataclass(frozen=True)
class Measured:
    """What preparation measured: `quality` counters and `touched` customers (see `bank.quality`), `words` of the rules, `identity`
    (source, source_id, customer_id, probability) and what it has `stated`; `example`: a rule → a masked value that fails it."""

    quality: pd.DataFrame
    touched: pd.DataFrame
    words: Mapping[str, Message]
    identity: pd.DataFrame
    stated: Mapping
    example: Callable[[str], str | None] = lambda rule: None


@dataclass(frozen=True)
class DataTrust:
    """What the report shows."""

    findings: list[Finding]
    tables: Exhibit
    departments: Exhibit
    branches: Exhibit
    months: Exhibit
    worst: Exhibit
    worse: Exhibit
    agreement: Exhibit
    records: Exhibit
    value: Exhibit


def data_trust(
    measured: Measured,
    history: Mapping[dt.date, pd.DataFrame],
    branches: Mapping[str, str],
    columns: Mapping[str, Message | str],
    as_of: dt.date,
    rule: ChurnRule | None = None,
) -> DataTrust:
    """`history`: features by landmark, latest first (empty: the bank brings no customers); `branches`: branch_id → name;
    `columns`: table.column → its name. NotProduced where nothing was measured."""
    quality = measured.quality
    scores = trust_scores.by_table(quality)
    if scores.empty:
        raise NotProduced(say("No rule of quality applies to the bank's tables."))
    customers = open_customers(history[max(history)]) if history else pd.DataFrame({"customer_id": []}, dtype="string")
    found = trust_defects.defects(quality, measured.touched, customers)
    changed = trust_defects.changes(quality)
    added = information(history, as_of, rule or ChurnRule())
    return DataTrust(
        findings=[
            *trust_scores.table_findings(scores),
            *trust_defects.worst_finding(found, measured.words),
            *trust_defects.change_finding(changed, measured.words),
            *record_findings(measured.identity, measured.stated),
            *value_finding(added, columns),
        ],
        tables=trust_scores.tables_exhibit(scores),
        departments=trust_scores.departments_exhibit(quality),
        branches=trust_scores.branches_exhibit(quality, branches),
        months=trust_scores.months_exhibit(quality),
        worst=trust_defects.worst_exhibit(found, measured.words, measured.example),
        worse=trust_defects.worse_exhibit(changed, measured.words),
        agreement=agreement_exhibit(quality),
        records=records_exhibit(measured.identity, measured.stated),
        value=value_exhibit(filled(quality), added, columns),
    )
