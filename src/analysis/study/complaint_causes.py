"""What complaints are about and what is at stake: the report on causes, words, measures and consequences."""

import datetime as dt
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import pandas as pd

from analysis.errors import NotProduced
from analysis.finding import Exhibit, Finding
from analysis.study.churn import ChurnRule
from analysis.study.complaint_class_exhibits import class_findings, classes_exhibit, proposed_exhibit
from analysis.study.complaint_classes import complaint_classes
from analysis.study.complaint_drift import complaint_drift, drift_findings, new_exhibit
from analysis.study.complaint_effect_exhibits import effect_exhibit, effect_findings, overlap_exhibit
from analysis.study.complaint_effects import complaint_effects
from analysis.study.complaint_measures import measures_exhibit
from analysis.study.complaint_stakes import complaint_stakes, pareto_exhibit, stakes_exhibit, stakes_findings
from analysis.study.complaint_texts import complaint_texts
from analysis.study.complaint_topics import complaint_topics, topic_findings, topics_exhibit
from analysis.study.parameters import refuse_odd
from analysis.study.profile_words import CATEGORIES
from analysis.wording import say


@dataclass(frozen=True)
class ComplaintCauses:
    """What the report shows."""

    findings: list[Finding]
    pareto: Exhibit
    stakes: Exhibit
    measures: Exhibit
    topics: Exhibit
    new: Exhibit
    classes: Exhibit
    proposed: Exhibit
    complaint_satisfaction: Exhibit
    complaint_churn: Exhibit
    complaint_overlap: Exhibit


@dataclass(frozen=True)
class Received:
    """The canonical tables, and the bank's measures (`Book.complaint_actions`); None where the bank brings none."""

    complaints: pd.DataFrame
    surveys: pd.DataFrame | None = None
    invitations: pd.DataFrame | None = None
    actions: pd.DataFrame | None = None


def complaint_causes(
    received: Received,
    history: Mapping[dt.date, pd.DataFrame],
    branch_names: Sequence[str],
    as_of: dt.date,
    rule: ChurnRule,
    replicates: int = 500,
    seed: int = 7,
) -> ComplaintCauses:
    """`history` holds the features of each landmark; `branch_names` are taken out of the words of complaints."""
    refuse_odd(replicates=replicates, seed=seed)
    stakes = complaint_stakes(received.complaints, history, as_of, rule)
    texts = complaint_texts(received.complaints, as_of, branch_names)
    topics, drift = complaint_topics(texts, as_of, seed=seed), complaint_drift(texts, as_of)
    classes = complaint_classes(texts, as_of, replicates=replicates, seed=seed)
    if all(found is None for found in (stakes, topics, drift, classes)):
        raise NotProduced(say("The period has too few complaints to speak of categories."))
    effects = complaint_effects(received.complaints, received.surveys, received.invitations, history, as_of, rule)
    return ComplaintCauses(
        findings=[
            *stakes_findings(stakes), *topic_findings(topics), *drift_findings(drift), *class_findings(classes, CATEGORIES),
            *effect_findings(effects),
        ],
        pareto=pareto_exhibit(stakes),
        stakes=stakes_exhibit(stakes),
        measures=measures_exhibit(stakes, received.actions),
        topics=topics_exhibit(topics),
        new=new_exhibit(drift),
        classes=classes_exhibit(classes, CATEGORIES),
        proposed=proposed_exhibit(classes, CATEGORIES),
        complaint_satisfaction=effect_exhibit(effects, "satisfaction"),
        complaint_churn=effect_exhibit(effects, "churn"),
        complaint_overlap=overlap_exhibit(effects),
    )  # fmt: skip
