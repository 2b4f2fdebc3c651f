import json

import pytest

from analysis.finding import DISCLOSURE_THRESHOLD, Finding
from analysis.wording import say


def finding(**changes):
    given = {"id": "churn_rate.closed", "text": say("**{x:share}** left", x=0.25), "value": 0.25, "base": 100, "unit": "share"}
    return Finding(**{**given, **changes})


def test_a_finding_as_it_travels():
    it = finding(low=0.2, high=0.3, evidence="association", exhibit="rates", compare_to=float("nan"))
    assert (
        it.to_json(["en"]).items()
        >= {
            "id": "churn_rate.closed",
            "text": {"en": "25.0% left"},
            "html": {"en": "<b>25.0%</b> left"},
            "value": 0.25,
            "low": 0.2,
            "high": 0.3,
            "base": 100,
            "compare_to": None,
            "unit": "share",
            "evidence": "association",
            "exhibit": "rates",
            "base_of": "customers",
        }.items()
    )


def test_numbers_of_any_kind_become_json():
    import numpy as np

    numbers = finding(value=np.float64(2.0), base=np.int64(12), low=np.nan, high=np.float64(2.5)).to_json(["en"])
    assert json.loads(json.dumps({name: numbers[name] for name in ("value", "base", "low", "high")})) == {
        "value": 2,
        "base": 12,
        "low": None,
        "high": 2.5,
    }
    assert isinstance(numbers["value"], int)


@pytest.mark.parametrize(
    ("base", "is_disclosable"), [(None, True), (DISCLOSURE_THRESHOLD, True), (DISCLOSURE_THRESHOLD - 1, False), (0, False)]
)
def test_a_small_base_is_not_disclosed(base, is_disclosable):
    assert finding(base=base).is_disclosable is is_disclosable


@pytest.mark.parametrize(
    ("changes", "sentence"),
    [
        (
            {"evidence": "proof"},
            r"finding churn_rate\.closed: evidence 'proof' is none of description, association, adjusted, assumed-causal, experiment",
        ),
        ({"unit": "percent"}, r"unit 'percent' is none of count, share"),
        ({"base_of": "branches"}, r"base_of 'branches' is none of customers"),
    ],
)
def test_what_is_not_known_is_refused(changes, sentence):
    with pytest.raises(ValueError, match=sentence):
        finding(**changes)
