import pytest

from analysis.errors import NotProduced
from analysis.study.value import value
from analysis.wording import render

EDGES = {"affluent": 100_000.0, "private_banking": 300_000.0}


@pytest.fixture(scope="module")
def report(simulate_history):
    return value(simulate_history(size=500), EDGES, "CNY")


def test_ids_are_unique_and_every_exhibit_named_is_there(report):
    ids = [found.id for found in report.findings]
    assert len(ids) == len(set(ids))
    assert {"tier.above_mass.contribution_share", "value.gini", "value.holds.all"} <= set(ids)
    assert all(hasattr(report, found.exhibit) for found in report.findings)
    assert all(getattr(report, name).name == name for name in report.__dataclass_fields__ if name != "findings")


def test_no_finding_claims_a_cause(report):
    words = " ".join(found.text.render() for found in report.findings).lower()
    assert not any(word in words for word in (" drives", "leads to", "because", "due to", "causes"))


def test_components_that_are_not_known_are_said(report):
    assert report.tornado.absent is not None
    assert report.ranking.absent is not None
    assert report.components.frame is not None or report.components.absent is not None


def test_a_bank_without_edges_balances_or_customers_has_no_report(simulate_history):
    history = simulate_history(size=60)
    with pytest.raises(NotProduced, match="needed: 100"):
        value(history, EDGES, "CNY")
    with pytest.raises(NotProduced, match="no edges"):
        value(history, {}, "CNY")
    with pytest.raises(NotProduced, match="no edges"):
        value({day: frame.drop(columns="assets_3m") for day, frame in history.items()}, EDGES, "CNY")


@pytest.mark.parametrize("edges", [{"affluent": 1e12, "private_banking": 1e13}, {"affluent": 1.0, "private_banking": 2.0}])
def test_edges_between_which_nobody_lies_leave_the_report_standing(simulate_history, edges):
    told = value(simulate_history(600), edges, "CNY")
    assert "Contribution in place of assets" not in [render(label, "en") for label in told.rules.frame["label"]]


def test_a_landmark_before_the_first_customer_is_no_obstacle(simulate_history):
    history = simulate_history(600)
    first = min(history)
    told = value({**history, first: history[first].head(0)}, {"affluent": 20000.0}, "CNY")
    assert told.pyramid.absent is None
