"""What an exhibit tells as counts, what is hidden of it, and which findings may not be shown."""

import json

import pandas as pd
import pytest

from analysis.finding import Column, Exhibit, Finding
from analysis.report.charts import intervals
from analysis.report.display import EXHIBIT_MIME, FINDINGS_MIME, findings
from analysis.report.privacy import gives_few_away, masked, sheet
from analysis.report.protection import hiding
from analysis.report.tables import table
from analysis.wording import say

FRAME = pd.DataFrame({
    "label": [say("Gold"), say("Silver"), say("All")], "customers": [19, 255, 274], "share": [0.0693, 0.9307, 1.0],
    "assets": [9e6, 5e6, 14e6], "is_total": [False, False, True],
})  # fmt: skip
TIERS = Exhibit(
    "tiers", say("Tiers"), frame=FRAME,
    columns=(Column("label", say("Tier")), Column("customers", say("Customers"), "count"), Column("share", say("Share"), "share"),
             Column("assets", say("Assets"), "amount")),
)  # fmt: skip
RATES = Exhibit("rates", say("Rates"), frame=pd.DataFrame({"label": ["A", "B"], "value": [0.2, 0.3], "base": [50, 40]}))


def test_counts_travel_with_the_exhibit_as_they_are_printed():
    bundle = table(TIERS)._repr_mimebundle_()[EXHIBIT_MIME]
    assert json.loads(json.dumps(bundle["cells"])) == {
        "keys": ["Gold", "Silver", "All"],
        "total": [2],
        "columns": {
            "customers": {"unit": "count", "values": [19, 255, 274]},
            "share": {"unit": "share", "values": [0.069, 0.931, 1]},
        },
    }
    assert sheet(RATES)["columns"]["base"]["values"] == [50, 40]
    assert sheet(Exhibit("none", say("None"), absent=say("Too few."))) is None


def test_a_hidden_row_keeps_no_number_that_would_give_it_away():
    with hiding({"tiers": ["Silver"], "rates": ["B"]}):
        shown = table(TIERS)
        assert sheet(masked(RATES))["keys"] == ["A"]
        assert "<td" in shown.content["en"]["body"]
        assert not any(number in shown.content["en"]["body"] for number in ("255", "93.1", "5,000,000"))
        assert shown.cells["columns"]["customers"]["values"] == [19, None, 274]
        assert intervals(RATES).kind == "figure"
    assert masked(TIERS) is TIERS


def test_a_finding_on_an_exhibit_with_hidden_rows_tells_neither_its_base_nor_a_count():
    made = [
        Finding("of_tier", say("Silver."), 7.9, 255, "mark", exhibit="tiers"), Finding("same", say("Same."), 0.5, 255, "points"),
        Finding("number", say("Number."), 255.0, 300, "count", exhibit="tiers"), Finding("other", say("Other."), 0.5, 274, "points"),
    ]  # fmt: skip
    with hiding({"tiers": ["Silver"]}):
        assert [(finding.id, finding.base) for finding in findings(made).found] == [
            ("of_tier", None),
            ("same", None),
            ("other", 274),
        ]
    assert list(findings(made).found) == made


@pytest.mark.parametrize(
    ("value", "base", "base_of", "is_told"),
    [
        (0.05, 100, "customers", False),
        (0.95, 100, "customers", False),
        (0.1, 100, "customers", True),
        (0.0, 100, "customers", True),
        (1.0, 100, "lost", True),
        (0.0512345, 100, "customers", True),  # a model's, not a number of customers
        (0.05, 100, "answers", True),
        (0.05, None, "customers", True),
    ],
)
def test_a_share_from_which_few_follow_is_no_finding(value, base, base_of, is_told):
    finding = Finding("x", say("x"), value, base, "share", base_of=base_of)
    assert gives_few_away(finding) is not is_told
    assert len(findings([finding]).found) == is_told


def test_a_share_told_without_its_base_does_not_tell_it():
    """10/81 in full would."""
    told = findings([Finding("x", say("x"), 10 / 81, None, "share", low=0.0612345)])._repr_mimebundle_()
    assert {name: told[FINDINGS_MIME]["findings"][0][name] for name in ("value", "low", "high")} == {
        "value": 0.1235,
        "low": 0.0612,
        "high": None,
    }
