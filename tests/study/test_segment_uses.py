import datetime as dt

import numpy as np
import pandas as pd
import pytest

from analysis.calendar import months_before
from analysis.study.churn import ChurnRule
from analysis.study.segment_tests import offers
from analysis.study.segment_uses import segment_uses
from analysis.study.segments import find_segments

AS_OF = dt.date(2025, 6, 30)
BEFORE = months_before(AS_OF, 6)
EDGES = {"affluent": 20000.0, "private_banking": 400000.0}
SIZE = 900


@pytest.fixture(scope="module")
def now(simulate_segments):
    return simulate_segments(planted=True, size=SIZE)


@pytest.fixture(scope="module")
def found(now):
    return find_segments(now, 3, 7, 5)


@pytest.fixture(autouse=True)
def few_folds(monkeypatch):
    monkeypatch.setattr("analysis.stats.nested.FOLDS", 3)


def chosen(share_by_kind, seed=3):
    """True for this share of customers of each of the three kinds (customer 0, 1, 2, 0, 1, …)."""
    return np.random.default_rng(seed).random(SIZE) < np.array(share_by_kind)[np.arange(SIZE) % 3]


def history(now, left):
    closed = now["closed_date"].mask(left, pd.Timestamp("2025-03-31"))
    after = now.assign(closed_date=closed, exit_reason=np.where(left, "fees", None))
    return {AS_OF: after, BEFORE: now, months_before(AS_OF, 12): now}


def asked(now, found, left=(0.1, 0.1, 0.1), surveys=None, campaigns=None, tiers=EDGES, days=None):
    days = history(now, chosen(left)) if days is None else days
    return segment_uses(found, days, surveys, campaigns, ChurnRule(), tiers, AS_OF)


def campaign(now, responded, **rest):
    offered = {"campaign_id": "C1", "offered_date": pd.Timestamp("2025-02-01"), "arm": "treated"} | rest
    return pd.DataFrame({"customer_id": now["customer_id"], "responded": responded, **offered})


def by_id(uses):
    return {finding.id: finding for finding in uses.findings}


def label_of_kind(found, kind):
    return found.keys[int(found.labels.iloc[kind])]


def test_each_segments_churn_is_that_of_its_customers_at_the_landmark(now, found):
    left = chosen((0.3, 0.05, 0.05))
    uses = asked(now, found, (0.3, 0.05, 0.05))
    for kind in range(3):
        finding = by_id(uses)[f"segment.{label_of_kind(found, kind)}.churn"]
        assert finding.value == pytest.approx(left[kind::3].mean(), abs=0.01)
        assert finding.base == pytest.approx(SIZE / 3, abs=5)
    assert uses.churn.title.render().startswith("Above average beyond noise: ")


def test_nothing_after_the_landmark_says_in_which_segment_a_customer_was(now, found):
    days = history(now, chosen((0.3, 0.05, 0.05)))
    later = {**days, AS_OF: days[AS_OF].assign(assets_3m=5e6, transactions_90d=90, app_share=0.0, branch_share=0.9)}
    value = lambda uses: {name: finding.value for name, finding in by_id(uses).items() if name.endswith(".churn")}  # noqa: E731
    assert value(asked(now, found, days=later)) == value(asked(now, found, days=days))


def test_few_who_left_are_not_told_nor_given_away(now, found):
    uses = asked(now, found, (0.2, 0.1, 0.005))
    told = uses.churn.frame["value"].notna()
    assert told.sum() == 1
    assert uses.churn.frame.loc[~told, "base"].isna().all()
    assert asked(now, found, (0.006, 0.0, 0.0)).churn.absent.render() == "Too few left, or stayed, to be told by segment."


def test_segments_tell_apart_beyond_tier_only_what_is_planted(now, found):
    rich = now["assets_3m"].ge(EDGES["affluent"]).to_numpy()
    planted = asked(now, found, (0.05, 0.3, 0.05), campaigns=campaign(now, chosen((0.3, 0.1, 0.1), seed=9)))
    assert by_id(planted)["segments.beyond_tier.churn"].low > 0
    assert planted.tests.title.render() == "Segments tell both churn and response apart beyond tier"
    by_tier = history(now, np.random.default_rng(8).random(SIZE) < np.where(rich, 0.3, 0.1))
    none = asked(now, found, days=by_tier)
    assert "no evidence" in by_id(none)["segments.beyond_tier.churn"].text.render()
    assert none.tests.title.render() == "No evidence that segments tell churn apart beyond tier; response could not be tested"


def test_too_few_events_are_said_in_place_of_a_test(now, found):
    uses = asked(now, found, (0.01, 0.01, 0.01))
    assert "segments.beyond_tier.churn" not in by_id(uses)
    assert uses.tests.frame["verdict"].iloc[0].render() == "too few to test"


def test_an_offer_counts_with_the_segment_before_it_and_the_last_one_alone(now, found):
    days = history(now, chosen((0, 0, 0)))
    all_alike = now.head(1).loc[[0] * SIZE].reset_index(drop=True).assign(customer_id=now["customer_id"])
    days[months_before(AS_OF, 12)] = all_alike
    first = campaign(now, True, offered_date=pd.Timestamp("2024-08-01")).head(SIZE - 100)
    again = campaign(now, False, campaign_id="C2").head(400)
    held_out = campaign(now, True, campaign_id="C3", arm="held_out")
    early = campaign(now, True, campaign_id="C4", offered_date=pd.Timestamp("2024-06-30"))
    made = offers(found, days, pd.concat([first, again, held_out, early]), AS_OF).set_index("customer_id")
    assert made["campaign_id"].value_counts().to_dict() == {"C1": SIZE - 500, "C2": 400}
    assert set(made.loc[made["campaign_id"] == "C2", "landmark"]) == {BEFORE}
    assert made.loc[made["campaign_id"] == "C1", "segment"].nunique() == 1
    assert (made.loc[again["customer_id"], "segment"] == found.labels[again["customer_id"]]).all()


def test_satisfaction_is_the_mean_of_last_marks_of_a_year(now, found):
    marks = np.where(np.arange(SIZE) % 3 == 1, 5.0, 8.0) + np.arange(SIZE) % 2
    answers = {"customer_id": now["customer_id"], "overall": marks, "answered_date": pd.Timestamp("2025-05-01")}
    old = {**answers, "overall": 1.0, "answered_date": pd.Timestamp("2024-08-01")}
    before = {**old, "answered_date": pd.Timestamp("2024-05-01")}
    uses = asked(now, found, surveys=pd.concat([pd.DataFrame(part) for part in (answers, old, before)]))
    finding = by_id(uses)[f"segment.{label_of_kind(found, 1)}.satisfaction"]
    assert finding.value == pytest.approx(5.5, abs=0.05)
    assert finding.low < 5.5 < finding.high
    assert finding.base_of == "answers"
    assert uses.satisfaction.title.render().startswith("Less satisfied than average, beyond noise: ")


def test_what_the_bank_does_not_bring_is_said(now, found, simulate_segments):
    uses = asked(now, found, tiers={}, days={AS_OF: now})
    assert uses.findings == []
    assert uses.churn.absent.render().startswith("The bank's data do not reach back 6 months")
    assert uses.satisfaction.absent.render() == "The bank brings no survey."
    assert "no edges of tiers" in uses.tests.absent.render()
    flat = find_segments(simulate_segments(planted=False), 3, 7, 5)
    assert "no stable segments" in asked(now, flat).churn.absent.render()
