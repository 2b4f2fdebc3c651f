"""What all customers would say: weights take out what is known of the silent, bounds hold what is not."""

import datetime as dt

import numpy as np
import pandas as pd
import pytest

from analysis.errors import UserError
from analysis.study.satisfaction_frame import independent, joined, sample, traits, usable
from analysis.study.satisfaction_weighted import TILT, weighted_scores
from analysis.study.satisfaction_weighted_exhibits import bounds_exhibit, weighted_exhibit, weighted_findings, weights_exhibit

AS_OF = dt.date(2025, 6, 30)
TIERS = {"affluent": 100000.0}
SILENT = {"random": -0.5, "staff": 0.5}


@pytest.fixture(scope="module")
def history(simulate_history):
    whole = simulate_history(1000, seed=5, monthly_hazard=0.001)
    return {day: whole[day] for day in sorted(whole)[-5:]}


@pytest.fixture(scope="module")
def bank(history):
    """Features, invitations and surveys: marks and answering go with the app's share (by `known`), answering also with the mark
    itself (`unknown`, log odds a point); staff ask the satisfied. With the mean of all customers."""

    def make(known: float = 3.0, unknown: float = 0.0, seed: int = 1):
        random = np.random.default_rng(seed)
        customers = history[AS_OF][["customer_id", "app_share"]].reset_index(drop=True)
        view = 7 - 3 * (customers["app_share"] - 0.5) + random.normal(0, 1.2, len(customers))
        marks = view.round().clip(1, 10)
        who = {"random": random.choice(len(customers), 900), "staff": np.flatnonzero(marks >= 9)[:80]}
        sent = pd.concat(
            [pd.DataFrame({"customer": rows, "trigger": trigger, "log_odds": SILENT[trigger]}) for trigger, rows in who.items()],
            ignore_index=True,
        )
        log_odds = sent["log_odds"] + known * (customers["app_share"] - 0.5)[sent["customer"]].to_numpy()
        log_odds += unknown * (marks[sent["customer"]].to_numpy() - 7)
        answered = random.random(len(sent)) < 1 / (1 + np.exp(-log_odds))
        sent = sent.assign(
            invitation_id=[f"V{row}" for row in range(len(sent))],
            customer_id=customers["customer_id"][sent["customer"]].to_numpy(),
            sent_date=pd.Timestamp("2024-07-05") + pd.to_timedelta(random.integers(0, 330, len(sent)), "D"),
            channel="sms",
            response_id=np.where(answered, [f"R{row}" for row in range(len(sent))], None),
        )
        own = sent[answered]
        surveys = pd.DataFrame(
            {
                "response_id": own["response_id"], "customer_id": own["customer_id"], "answered_date": own["sent_date"],
                "overall": marks[own["customer"]].to_numpy(), "recommend": marks[own["customer"]].to_numpy(),
            }
        )  # fmt: skip
        return sent, surveys.reset_index(drop=True), marks.mean()

    return make


@pytest.fixture(scope="module")
def known_silent(bank, history):
    """A bank where answering goes with what is known, its scores and the mean of all customers."""
    invitations, surveys, truth = bank()
    return weighted_scores(invitations, surveys, history, TIERS, AS_OF), truth


def test_weights_take_out_what_is_known_of_the_silent(known_silent):
    found, truth = known_silent
    lot, raked, propensity = (found.row("overall_mean", method) for method in ("lot", "raked", "propensity"))
    assert lot["high"] < truth
    assert abs(propensity["value"] - truth) < 0.5 * abs(lot["value"] - truth)
    assert abs(raked["value"] - truth) < 0.5 * abs(lot["value"] - truth)
    assert propensity["low"] <= truth <= propensity["high"]
    assert 1 < propensity["design_effect"] < 2
    assert propensity["effective"] == pytest.approx(propensity["base"] / propensity["design_effect"])


def test_answers_that_staff_asked_for_weigh_nothing(bank, history, known_silent):
    invitations, surveys, _ = bank()
    by_lot = invitations[invitations["trigger"] == "random"]
    with_staff, without = known_silent[0], weighted_scores(by_lot, surveys, history, TIERS, AS_OF)
    for method in ("lot", "raked", "propensity"):
        assert with_staff.row("nps", method)["value"] == without.row("nps", method)["value"]
    assert with_staff.asked == len(by_lot[by_lot["sent_date"] < "2025-06-10"])


def test_bounds_hold_the_truth_where_answering_goes_with_the_mark(bank, history):
    """0.2 a point is a factor of 1.22: within the declared tilt, beyond what weights can take out."""
    inside, below = [], []
    for seed in range(1, 4):
        invitations, surveys, truth = bank(known=0.0, unknown=0.2, seed=seed)
        found = weighted_scores(invitations, surveys, history, TIERS, AS_OF)
        bound = found.bounds["overall_mean"][TILT]
        inside.append(bound.interval_low <= truth <= bound.interval_high)
        below.append(truth < found.row("overall_mean", "propensity")["value"])
    assert all(inside)
    assert all(below)


def test_bounds_widen_from_the_weighted_mean_to_nothing_assumed(known_silent):
    found, _ = known_silent
    for name in ("overall_mean", "top_two_box", "nps"):
        bounds = [bound for _, bound in sorted(found.bounds[name].items())]
        assert bounds[0].low == pytest.approx(found.row(name, "propensity")["value"], abs=1e-6)
        widths = [bound.interval_high - bound.interval_low for bound in bounds]
        assert widths == sorted(widths)
        assert found.bounds[name][TILT].interval_high - found.bounds[name][TILT].interval_low < 0.5 * widths[-1]


def test_without_invitations_all_customers_count_as_asked(bank, history):
    _, surveys, truth = bank()
    found = weighted_scores(None, surveys[surveys["response_id"].str[1:].astype(int) < 900], history, TIERS, AS_OF)
    assert not found.is_by_lot
    assert found.row("overall_mean", "lot") is None
    assert found.asked > 900
    assert abs(found.row("overall_mean", "propensity")["value"] - truth) < 0.25


def test_nothing_later_than_the_invitation_is_known_of_the_customer(bank, history):
    """What customers hold after their invitation changes no trait."""
    invitations, surveys, _ = bank()
    early = invitations[invitations["sent_date"] < "2024-09-30"]
    changed = {day: frame.assign(app_share=0.0) if day > dt.date(2024, 7, 1) else frame for day, frame in history.items()}
    first, second = (sample(early, surveys, known, TIERS, AS_OF, 12) for known in (history, changed))
    pd.testing.assert_frame_equal(first.traits, second.traits)


def test_a_scale_that_is_missing_leaves_out_its_score(bank, history):
    invitations, surveys, _ = bank()
    found = weighted_scores(invitations, surveys.assign(recommend=np.nan), history, TIERS, AS_OF)
    assert set(found.bounds) == {"overall_mean", "top_two_box"}
    assert "nps_value" not in {column.name for column in weights_exhibit(found).columns}


def test_what_cannot_be_weighted_is_absent_with_a_reason(bank, history):
    invitations, surveys, _ = bank()
    for told in (surveys.assign(customer_id=None), surveys.head(20)):
        assert weighted_scores(invitations, told, history, TIERS, AS_OF) is None
    assert weighted_scores(invitations, surveys, {}, TIERS, AS_OF) is None
    with pytest.raises(UserError, match="must be 1 or more"):
        weighted_scores(invitations, surveys, history, TIERS, AS_OF, tilt=0.8)
    assert weighted_findings(None) == []
    for exhibit in (weighted_exhibit, weights_exhibit, bounds_exhibit):
        assert "Too few answers" in str(exhibit(None).absent)


def test_findings_state_the_weighted_score_and_its_bounds(known_silent):
    found, _ = known_silent
    findings = {finding.id: finding for finding in weighted_findings(found)}
    assert set(findings) == {
        f"{name}.{kind}" for name in ("overall_mean", "top_two_box", "nps") for kind in ("weighted", "bounds")
    }
    mean, bound = findings["overall_mean.weighted"], findings["overall_mean.bounds"]
    assert mean.compare_to == found.row("overall_mean", "answered")["value"]
    assert bound.value == mean.value
    assert bound.low < mean.low < mean.high < bound.high
    assert "a factor of up to 1.25, either way" in str(bound.text)
    assert list(bounds_exhibit(found).frame["low"]) == sorted(bounds_exhibit(found).frame["low"], reverse=True)


def test_classes_of_few_are_joined_with_their_neighbour():
    labels = pd.DataFrame({"age": ["0"] * 3 + ["1"] * 20 + ["2"] * 15 + ["unknown"] * 12})
    rows, totals = joined(labels, {"age": pd.Series({"0": 10.0, "1": 20.0, "2": 30.0})})
    assert totals["age"].to_dict() == {"0": 30.0, "2": 30.0}
    assert rows["age"].value_counts().to_dict() == {"0": 23, "2": 27}


def test_a_trait_that_parts_those_who_answered_is_left_out():
    known = pd.DataFrame(
        {"a": np.arange(60.0) % 7, "parting": np.r_[np.arange(30.0), 100 + np.arange(30.0)], "rare": [1.0] * 5 + [0.0] * 55}
    )
    assert list(usable(known, np.arange(60) < 30)) == ["a"]


def test_traits_that_follow_from_others_are_left_out():
    random = np.random.default_rng(1).normal(size=(50, 2))
    columns = pd.DataFrame({"a": random[:, 0], "same": 1.0, "b": random[:, 1], "sum": random.sum(axis=1)})
    assert list(independent(columns)) == ["a", "b"]


def test_traits_say_what_is_not_known():
    rows = pd.DataFrame({"age_years": [30.0, 50.0, np.nan], "app_share": [0.1, 0.5, 0.0], "web_share": [0.1, 0.2, 0.0]})
    found = traits(rows)
    assert list(found["age"]) == [30, 50, 40]
    assert list(found["age_unknown"]) == [0, 0, 1]
