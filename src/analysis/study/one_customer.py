"""All about one customer, masked: a profile for a researcher, never published."""

import datetime as dt
from collections.abc import Mapping
from dataclasses import dataclass

import pandas as pd

from analysis.finding import Exhibit, Finding
from analysis.study import profile_facts as facts
from analysis.study import profile_service as service
from analysis.study import profile_trust as trust
from analysis.study.churn import ChurnRule
from analysis.wording import Message, say


@dataclass(frozen=True)
class OneCustomer:
    """What the profile shows."""

    findings: list[Finding]
    standing: Exhibit
    assets: Exhibit
    products: Exhibit
    contribution: Exhibit
    activity: Exhibit
    contacts: Exhibit
    complaints: Exhibit
    opinions: Exhibit
    warning: Exhibit
    departments: Exhibit
    quality: Exhibit
    consents: Exhibit


def one_customer(
    record, tiers: Mapping[str, float], currency: str, branch_names: Mapping[str, str], items: Mapping[str, Message]
) -> OneCustomer:
    """`record` holds pseudonym, as_of, tables, features, parties, quality and history of one customer (see `bank.customer`);
    `tiers`, `currency`, `branch_names` and the labels of survey `items` are the bank's."""
    held, day, customer = record.tables, record.as_of, record.features.iloc[0]
    exhibits = {
        "standing": facts.standing(customer, tiers, branch_names),
        "assets": facts.assets(held.get("balances"), customer, day, currency),
        "products": facts.products(held.get("holdings"), day),
        "contribution": facts.contribution(held.get("contributions"), day, currency),
        "activity": facts.activity(held.get("transactions"), day),
        "contacts": service.contacts(held.get("contacts")),
        "complaints": service.complaints(held.get("complaints")),
        "opinions": service.opinions(held.get("surveys"), held.get("answers"), items),
        "warning": service.warning(record.history, record.features, day, ChurnRule()),
        "departments": trust.departments(record.parties),
        "quality": trust.quality(record.quality),
        "consents": trust.consents(held.get("consents")),
    }
    return OneCustomer(findings=_findings(record.pseudonym, day, customer, exhibits), **exhibits)


def _findings(pseudonym: str, as_of: dt.date, customer: pd.Series, exhibits: Mapping[str, Exhibit]) -> list[Finding]:
    """Who is shown, then the takeaway of each exhibit that there is. They have no base: they speak of one customer, and of none
    other."""
    shown = say(
        "This is **{pseudonym}** on {day:date}: {status}.", pseudonym=pseudonym, day=as_of, status=facts.status_words(customer)
    )
    told = ("assets", "contribution", "activity", "complaints", "warning", "departments", "quality")
    rest = [exhibits[name] for name in told if exhibits[name].absent is None]
    return [
        Finding("profile.standing", shown, None, None, "number", exhibit="standing"),
        *(Finding(f"profile.{each.name}", say("{words}.", words=each.title), None, None, "number", _evidence(each.name), exhibit=each.name) for each in rest),
    ]  # fmt: skip


def _evidence(name: str) -> str:
    return "association" if name == "warning" else "description"
