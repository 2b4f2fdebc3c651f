"""What a cell returns to Jupyter and to the publisher."""

import json

import pandas as pd

from analysis.finding import Column, Exhibit, Finding
from analysis.report.display import EXHIBIT_MIME, FINDINGS_MIME, findings
from analysis.report.tables import table
from analysis.wording import say

CHURN = Finding("churn_rate.main", say("The rate was **{rate:share}**", rate=0.079), 0.079, 93715, "share")
FEW = Finding("churn_rate.few", say("A handful left"), 0.5, 9, "share")


def test_findings_travel_in_their_own_type(monkeypatch):
    monkeypatch.setenv("CRM_LANGUAGES", "en")
    bundle = findings([CHURN])._repr_mimebundle_()
    assert json.loads(json.dumps(bundle[FINDINGS_MIME])) == {"findings": [CHURN.to_json(("en",))]}
    assert bundle[FINDINGS_MIME]["findings"][0]["value"] == 0.079
    assert bundle["text/html"] == "<ol><li>The rate was <b>7.9%</b> <small>93,715 customers</small></li></ol>"
    assert bundle["text/plain"] == "The rate was 7.9%"


def test_findings_on_too_few_customers_are_left_out():
    bundle = findings([FEW, CHURN])._repr_mimebundle_()
    assert [finding["id"] for finding in bundle[FINDINGS_MIME]["findings"]] == ["churn_rate.main"]
    assert "handful" not in json.dumps(bundle)


def test_an_exhibit_has_every_shown_language_and_a_plain_version_in_the_first(monkeypatch):
    monkeypatch.setenv("CRM_LANGUAGES", "zh,en")
    monkeypatch.setattr("analysis.wording.catalogue", lambda language: {"Churn": "流失"})
    frame = pd.DataFrame({"tier": ["A"]})
    shown = table(Exhibit("tiers", say("Churn"), say("by tier & more"), frame, columns=(Column("tier", say("Tier")),)))
    bundle = shown._repr_mimebundle_()
    assert list(bundle[EXHIBIT_MIME]["content"]) == ["zh", "en"]
    assert bundle[EXHIBIT_MIME]["content"]["en"]["subtitle"] == "by tier &amp; more"
    assert bundle["text/plain"] == "流失"
    assert "<h3>流失</h3>" in bundle["text/html"]
    assert "<h3>Churn</h3>" not in bundle["text/html"]
    json.dumps(bundle)
