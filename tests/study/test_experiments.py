"""What lots tell: hold-out of alerts and campaigns, by intention to treat."""

import datetime as dt

import numpy as np
import pandas as pd
import pytest

from analysis.study.churn import ChurnRule
from analysis.study.experiment_exhibits import experiment_findings, experiments_exhibit, holdout_exhibit
from analysis.study.experiments import experiments
from analysis.study.warning_holdout import assignments_of, followed, kept_share

RULE = ChurnRule()
START, RAISED = dt.date(2024, 6, 30), "2024-07-02"


@pytest.fixture(scope="module")
def history(simulate_history):
    return simulate_history(size=1500, monthly_hazard=0.02)


def leavers(history):
    """Customers at risk at START, and which of them have left by the end of the horizon."""
    rows = followed(everybody(history, False), history, RULE).rows
    return rows["customer_id"], rows["left"]


def everybody(history, held_out):
    ids = history[START]["customer_id"]
    return pd.DataFrame({"customer_id": ids, "raised_date": RAISED, "held_out": held_out})


def lots(history, kept=0.0, seed=1):
    """Alerts of all, 30 % held out; `kept`: share of the treated leavers who are taken out of the book instead of leaving."""
    ids, left = leavers(history)
    random = np.random.default_rng(seed)
    held = random.random(len(ids)) < 0.3
    spared = left.to_numpy() & ~held & (random.random(len(ids)) < kept)
    return pd.DataFrame({"customer_id": ids, "raised_date": RAISED, "held_out": held})[~spared]


def test_only_the_first_assignment_of_a_customer_counts():
    alerts = pd.DataFrame({"customer_id": ["A", "A", "B", "C"], "raised_date": ["2025-01-02", "2024-07-02", "2024-07-02", "2024-07-02"],
                           "held_out": [True, False, True, None]})  # fmt: skip
    own = pd.DataFrame({"customer_id": ["B", "D"], "raised_date": ["2024-12-31", "2024-12-31"], "held_out": [False, True]})
    made = assignments_of(alerts, own).set_index("customer_id")["held_out"]
    assert made.to_dict() == {"A": False, "B": True, "D": True}
    assert assignments_of(None).empty


def test_each_is_judged_from_the_landmark_before_to_the_first_after_its_horizon(history):
    rows = followed(pd.DataFrame({"customer_id": history[START]["customer_id"][:600], "raised_date": np.repeat(
        ["2024-07-02", "2024-06-30", "2024-12-31", "2025-01-02"], 150), "held_out": False}), history, RULE)  # fmt: skip
    windows = set(rows.rows[["start", "end"]].astype(str).itertuples(index=False, name=None))
    assert windows == {("2024-06-30", "2024-12-31"), ("2024-06-30", "2025-03-31"), ("2024-12-31", "2025-06-30")}
    assert rows.waiting == 150


def test_without_an_effect_the_interval_holds_nothing_and_with_one_it_does_not(history):
    found = experiments(lots(history), None, None, history, RULE)
    assert found.left.low < 0 < found.left.high
    assert found.alerts.is_by_lot
    found = experiments(lots(history, kept=0.7), None, None, history, RULE)
    assert found.left.high < 0
    assert kept_share(found.alerts).low > 0.3
    ids = [finding.id for finding in experiment_findings(found, "CNY", RULE)]
    assert ids == ["experiment.alerts.leaving", "experiment.alerts.kept_share", "experiment.alerts.smallest"]
    assert experiment_findings(found, "CNY", RULE)[0].evidence == "experiment"
    assert len(holdout_exhibit(found, RULE).frame) == 2
    assert str(experiments_exhibit(found, "CNY", RULE).frame["verdict"][0]) == "beyond noise"


def test_arms_that_differ_beforehand_are_no_experiment(history):
    alerts = lots(history)
    assets = history[START].set_index("customer_id")["assets_3m"].reindex(alerts["customer_id"])
    found = experiments(alerts.assign(held_out=(assets < assets.quantile(0.3)).to_numpy()), None, None, history, RULE)
    assert not found.alerts.is_by_lot
    assert kept_share(found.alerts) is None
    assert experiment_findings(found, "CNY", RULE)[0].evidence == "association"


def test_too_few_leavers_give_no_effect_but_what_could_be_found(history):
    ids, _ = leavers(history)
    few = pd.DataFrame({"customer_id": ids, "raised_date": RAISED, "held_out": np.arange(len(ids)) % 40 == 0})
    found = experiments(few, None, None, history, RULE)
    assert found.left is None
    assert holdout_exhibit(found, RULE).absent is not None
    assert [str(cell) for cell in experiments_exhibit(found, "CNY", RULE).frame.loc[0, ["value", "verdict"]]] == [
        "–",
        "too few left",
    ]
    (finding,) = experiment_findings(found, "CNY", RULE)
    assert finding.id == "experiment.alerts.smallest"
    assert finding.value is None or finding.value < 0


def campaign(history, name, uplift, arms=("treated", "held_out"), seed=2):
    """A campaign at the first landmark, and the features in which its treated bring `uplift` more a year."""
    ids = history[min(history)]["customer_id"]
    arm = np.random.default_rng(seed).choice(arms, len(ids))
    rows = pd.DataFrame({"campaign_id": name, "customer_id": ids, "offered_date": "2023-07-01", "arm": arm})
    treated, noise = set(ids[arm == "treated"]), np.random.default_rng(seed + 1).normal(0, 300, len(history[START]))
    changed = {
        day: rows_of.assign(
            contribution_12m=rows_of["contribution_12m"] + (uplift * rows_of["customer_id"].isin(treated) + noise) * (day > START)
        )
        for day, rows_of in history.items()
    }
    return rows, changed


def test_an_offer_that_brings_something_is_found_by_intention_to_treat(history):
    rows, changed = campaign(history, "autumn", 500.0)
    single = rows.assign(campaign_id="best", arm="treated")
    found = experiments(None, None, pd.concat([rows, single]), changed, RULE)
    table = found.campaigns.set_index("outcome")
    assert found.single == 1
    assert set(table["campaign"]) == {"autumn"}
    assert table.loc["contribution", "low"] < 500 < table.loc["contribution", "high"]
    assert not table.loc["contribution", "is_noise"]
    assert table.loc["leaving", "is_noise"]
    assert experiments_exhibit(found, "CNY", RULE).frame is not None
    assert experiments_exhibit(experiments(None, None, single, changed, RULE), "CNY", RULE).absent is not None


def test_without_a_table_nothing_is_told(history):
    found = experiments(None, None, None, history, RULE)
    assert experiment_findings(found, "CNY", RULE) == []
    for absent in (holdout_exhibit(found, RULE).absent, experiments_exhibit(found, "CNY", RULE).absent):
        assert "no alerts with customers held out" in str(absent)
