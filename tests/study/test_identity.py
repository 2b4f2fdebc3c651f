"""What is said of who is who."""

from analysis.study.identity import identity_findings

STATED = {
    "records": 23_654,
    "customers": 5_012,
    "accuracy": {
        "precision": {"value": 0.9998, "low": 0.9996, "high": 1.0, "base": 44_822},
        "recall": {"value": 0.9981, "low": 0.9970, "high": 0.9992, "base": 2_885},
        "blocking": {"value": 0.9967, "low": 0.995, "high": 0.998, "base": 2_885},
    },
}


def test_each_claim_bears_its_interval_and_base():
    found = {finding.id: finding for finding in identity_findings(STATED)}
    assert list(found) == ["identity.customers", "identity.precision", "identity.recall", "identity.blocking"]
    assert (found["identity.customers"].value, found["identity.customers"].base) == (5_012, 23_654)
    recall = found["identity.recall"]
    assert (recall.value, recall.low, recall.high, recall.base) == (0.9981, 0.9970, 0.9992, 2_885)
    assert recall.text.render() == (
        "Of the pairs of records that are one customer, an estimated 99.81% were joined (interval 99.70% to 99.92%)."
    )
    assert not found["identity.blocking"].is_headline


def test_without_a_model_nothing_is_claimed():
    found = identity_findings({**STATED, "accuracy": None})
    assert [(finding.id, finding.value) for finding in found] == [("identity.customers", 5_012), ("identity.precision", None)]


def test_a_bank_without_records_says_nothing():
    assert identity_findings({}) == []
