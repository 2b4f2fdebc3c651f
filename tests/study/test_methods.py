"""Every finding and exhibit that the studies make: stable ids, bases, intervals, no cause, a line in docs/methods.md."""

import dataclasses
import datetime as dt
import re
from fnmatch import fnmatchcase
from functools import cache
from pathlib import Path

import pandas as pd
import pytest

from analysis.finding import Exhibit
from analysis.messages import templates
from analysis.study.attribution import Recorded, churn_attribution
from analysis.study.churn import ChurnRule
from analysis.study.churn_model import churn_model
from analysis.study.groups import customer_groups
from analysis.study.relation_groups import relation_groups
from analysis.study.satisfaction import satisfaction
from analysis.study.satisfaction_drivers import Asked, satisfaction_drivers
from analysis.study.segmentation import Tables, segmentation
from analysis.study.survey import Questionnaire
from analysis.study.value import value
from analysis.wording import render, render_html, say, translate

AS_OF = dt.date(2025, 6, 30)
EDGES = {"affluent": 20000.0, "private_banking": 400000.0}
PROJECT = Path(__file__).parents[2]
DOCS, PACKAGE = PROJECT / "docs", PROJECT / "src" / "analysis"
CAUSAL = {
    "en": re.compile(
        r"\b(caus(e|es|ed|ing|al|ally)|drives?|drove|driven|driving|leads? to|led to|leading to|due to|because|thanks to|results? (in|from)|"
        r"resulted|as a result|owing to|therefore|thus|consequently|attributable|brings? about|brought about|affect(s|ed|ing)?|impact(s|ed|ing)?|"
        r"influences?|influenced|stems? from|triggered|gives? rise to|on account of|responsible for|prompts?|prompted|makes? \w+ leave)\b",
        re.I,
    ),
    "zh": re.compile(
        "导致|造成|引起|引发|致使|促使|使得|带来|拉动|拖累|推动|影响|源于|缘于|归因于|归咎于|得益于|因此|(?<!原)因为|由于|从而|可归因|驱动|促成|诱发|起因|所致|"
        "之所以"
    ),
}
CAUSAL_NAMES = (
    "Assumed-causal",
    "Cause",
    "Attributable share",
)  # a level of evidence, a complaint's field, what that level tells
CAUSAL_AND_ALLOWED = (
    "All {n:count} levers together account for",  # told of levers at that level alone
    "First reason code of the customers listed",  # denies it
    "Chosen from {considered:count} findings",  # how this report is made
)
QUOTED = re.compile(r"<q [^>]*>.*?</q>")  # the words of customers
ESTIMATES = (
    "churn_rate.",
    "auc",
    "lift.",
    "calibration.",
    "ame.",
    "nps",
    "overall_mean",
    "top_two_box",
    "driver.",
    "drivers.r_squared",
)


@pytest.fixture(scope="module")
def reports(simulate_history, simulate_segments, simulate_survey):
    surveys, answers = simulate_survey()
    planted, history = simulate_segments(planted=True), simulate_history()
    asked = Questionnaire({name: say(name) for name in ("waiting", "staff", "app")}, {}, frozenset())
    groups = customer_groups(planted, EDGES, 4, 5)
    bare = simulate_segments(planted=False).drop(columns="contribution_12m")
    few = {day: frame.head(200) for day, frame in simulate_history(200, seed=2, monthly_hazard=0.002).items()}
    return {
        "segments": segmentation({AS_OF: planted}, Tables(surveys), EDGES, "CNY", k_max=4, bootstraps=5),
        "no segments": segmentation({AS_OF: bare}, Tables(), EDGES, "CNY", k_max=4, bootstraps=5),
        "value": value(history, EDGES, "CNY"),
        "relations": relation_groups(history, None, ChurnRule(), "CNY", AS_OF),
        "satisfaction": satisfaction(surveys, groups, {}, AS_OF),
        "satisfaction drivers": satisfaction_drivers(Asked(surveys, answers), asked, history, AS_OF, replicates=50),
        "churn": churn_attribution(history, AS_OF, EDGES, ChurnRule(), Recorded()),
        "few churners": churn_attribution(few, AS_OF, EDGES, ChurnRule(), Recorded()),
        "few leavers": churn_model(few, AS_OF, ChurnRule(), 100),
    }


@pytest.fixture(scope="module")
def findings(reports):
    return [found for report in reports.values() for found in report.findings]


@pytest.fixture(scope="module")
def exhibits(reports):
    values = (getattr(report, field.name) for report in reports.values() for field in dataclasses.fields(report))
    return [value for value in values if isinstance(value, Exhibit)]


def test_ids_are_unique_within_a_report_and_their_exhibits_exist(reports):
    for report in reports.values():
        ids = [found.id for found in report.findings]
        assert len(ids) == len(set(ids)) >= 1
        names = {field.name for field in dataclasses.fields(report)}
        assert {found.exhibit for found in report.findings if found.exhibit} <= names
        for name in names - {"findings"}:
            assert getattr(report, name).name == name


def test_every_finding_has_a_base_that_may_be_shown(findings):
    assert [found.id for found in findings if found.base is None or not found.is_disclosable] == []


def test_every_estimate_has_an_interval_round_its_value(findings):
    estimates = [
        found for found in findings if found.id.startswith(ESTIMATES) and found.value is not None and found.id != "ame.none"
    ]
    assert len(estimates) >= 10
    for found in estimates:
        assert found.low <= found.value <= found.high, found.id


def test_a_share_lies_between_nothing_and_all(findings):
    shares = [found for found in findings if found.unit == "share" and found.value is not None]
    assert all(0 <= found.value <= 1 for found in shares)


@pytest.mark.parametrize("language", CAUSAL)
def test_no_finding_or_exhibit_speaks_of_causes(findings, exhibits, language):
    said = [found.text for found in findings if found.evidence not in ("assumed-causal", "experiment")]
    said += [text for exhibit in exhibits for text in (exhibit.title, exhibit.subtitle, exhibit.absent)]
    texts = [render_html(text, language) for text in said]
    assert [text for text in texts if CAUSAL[language].search(QUOTED.sub("", text))] == []


@pytest.mark.parametrize("language", CAUSAL)
def test_no_sentence_that_a_page_may_say_speaks_of_causes(language):
    """Every template of the package, said or not by the banks of these tests, as it stands and as it is translated."""
    said = {
        text: translate(text, language)
        for text in templates(PACKAGE)
        if text not in CAUSAL_NAMES and not text.startswith(CAUSAL_AND_ALLOWED)
    }
    assert [text for text, told in said.items() if CAUSAL[language].search(told)] == []
    assert len(said) > 2000


@pytest.mark.parametrize(
    "verb",
    ["导致", "造成", "引起", "致使", "促使", "使得", "带来", "拉动", "拖累", "推动", "影响", "源于", "归因于", "得益于", "因此"],
)
def test_every_chinese_causal_verb_would_be_seen(verb):
    assert CAUSAL["zh"].search(f"收费上调{verb}客户流失")


@pytest.mark.parametrize(
    "verb",
    [
        "causes",
        "caused",
        "drives",
        "is driven by",
        "leads to",
        "led to",
        "is due to",
        "because of",
        "thanks to",
        "results in",
        "therefore",
    ],
)
def test_every_english_causal_verb_would_be_seen(verb):
    assert CAUSAL["en"].search(f"The fee {verb} leaving")


@pytest.mark.parametrize(
    "text", ["a mix effect of +0.3 points", "of which complaints account for 12", "the causeway branch", "a leading branch"]
)
def test_arithmetic_and_names_are_not_taken_for_causes(text):
    assert not CAUSAL["en"].search(text)


@pytest.mark.parametrize(
    ("language", "text"),
    [
        ("en", "Leaving is due to fees"),
        ("en", "Waiting drives satisfaction"),
        ("en", "Thanks to calls fewer left"),
        ("zh", "收费上调导致客户流失"),
        ("zh", "流失率上升源于收费上调"),
        ("zh", "得益于回访，客户满意度上升"),
    ],
)
def test_a_cause_would_be_seen(language, text):
    assert CAUSAL[language].search(text)


def test_no_sentence_stumbles(findings, exhibits):
    texts = [found.text.render() for found in findings] + [render(exhibit.title, "en") for exhibit in exhibits]
    for text in texts:
        assert not re.search(
            r"\bnan\b|None\b(?! of)|\{|\}|  | \.|–%|\b1 (customers|branches|periods|attributes|groups)\b", text
        ), text


def test_an_absent_exhibit_has_a_reason_and_another_a_frame(exhibits):
    assert all((exhibit.absent is None) != (exhibit.frame is None) for exhibit in exhibits)
    assert all(isinstance(exhibit.frame, pd.DataFrame) and len(exhibit.frame) for exhibit in exhibits if exhibit.absent is None)


@cache
def documented() -> list[str]:
    """The ids that docs/methods.md describes, as patterns."""
    text = (DOCS / "methods.md").read_text(encoding="utf-8").partition("<!-- passport: begin -->")[0]
    cells = re.findall(r"^\| (`[^|]+)\|", text, re.M)
    return [re.sub(r"<[^>]+>", "*", name) for cell in cells for name in re.findall(r"`([^`]+)`", cell)]


def is_documented(name: str) -> bool:
    return any(fnmatchcase(name, pattern) for pattern in documented())


def test_every_id_has_its_line_in_the_methods(findings):
    assert {found.id for found in findings if not is_documented(found.id)} == set()
    assert len(documented()) == len(set(documented()))


def test_assumptions_are_numbered_and_every_number_cited_exists():
    numbers = re.findall(r"^\| A(\d+) ", (DOCS / "assumptions.md").read_text(encoding="utf-8"), re.M)
    assert [int(number) for number in numbers] == list(range(1, len(numbers) + 1))
    sources = [*Path(DOCS.parent, "notebooks").glob("*.ipynb"), DOCS / "methods.md"]
    cited = {number for source in sources for number in re.findall(r"\bA(\d+)\b", source.read_text(encoding="utf-8"))}
    assert cited <= set(numbers)
