import numpy as np
import pandas as pd
import pytest

from analysis.study.churn import ChurnRule
from analysis.study.value_risers import risers
from analysis.study.value_rules import TierRule, leave_less, rules_exhibit, rules_findings, rules_table, summary, tier_rules

EDGES = {"affluent": 100_000.0}


@pytest.fixture(scope="module")
def world(simulate_history):
    history = simulate_history(size=500)
    model = risers(history, EDGES)
    return history, rules_table(history, EDGES, ChurnRule(), model)


def test_the_rules_tried():
    customers = pd.DataFrame({"assets_3m": np.arange(100.0) * 2000, "assets": 1.0, "contribution_12m": np.arange(100.0)})
    rules = tier_rules(customers, EDGES)
    assert [rule.edges["affluent"] for rule in rules[:5]] == [100_000, 50_000, 75_000, 125_000, 200_000]
    assert [rule.measure for rule in rules] == ["assets_3m"] * 5 + ["assets", "contribution_12m"]
    alike = rules[-1]
    assert (customers["contribution_12m"] >= alike.edges["affluent"]).sum() == (customers["assets_3m"] >= 100_000).sum()


def test_a_census_holds_or_not_and_what_rests_on_few_is_within_noise(world):
    _, table = world
    tiers = table[table["kind"] == "tier"]
    assert set(tiers["above_mass_half"]) <= {"holds", "reverse"}
    assert tiers.loc[0, "above_mass_half"] == "holds"
    assert tiers.loc[0, "leave_less"] == "noise"
    assert (table.loc[table["kind"] == "churn", "more_rise"] == "unknown").all()


def test_conclusions_hold_under_n_of_the_rules_that_could_be_tried(world):
    history, table = world
    told = table.assign(leave_less=["holds"] * 3 + ["noise"] * 2 + ["reverse"] + ["unknown"] * (len(table) - 6))
    row = summary(told).set_index("conclusion").loc["leave_less"]
    assert row.tolist() == [3, 2, 1, 6]
    found = {one.id: one for one in rules_findings(told, history[max(history)])}
    assert (found["value.holds.leave_less"].value, found["value.holds.leave_less"].compare_to) == (3, 6)
    assert "3 of 6 rules; within noise under 2, the reverse under 1" in found["value.holds.leave_less"].text.render()
    assert "value.holds.risers_products" not in found
    last = rules_exhibit(told, history[max(history)]).frame.iloc[-1]
    assert last["leave_less"].render() == "3 of 6"


def test_who_leaves_less_is_found_where_it_is_so(simulate_history):
    history = simulate_history(size=400, monthly_hazard=0.03, product_effect=0.0, only="closed")
    gone = set(history[max(history)].loc[history[max(history)]["closed_date"].notna(), "customer_id"])
    for poor, verdict in ((True, "holds"), (False, "reverse")):
        told = {
            day: features.assign(assets_3m=np.where(features["customer_id"].isin(gone) == poor, 50_000.0, 200_000.0))
            for day, features in history.items()
        }
        assert leave_less(told, TierRule("", EDGES), ChurnRule(), "closed") == verdict


def test_a_verdict_on_fewer_than_ten_leavers_is_unknown(simulate_history):
    history = simulate_history(size=400, monthly_hazard=0.03, product_effect=0.0, only="closed")
    gone = history[max(history)].loc[history[max(history)]["closed_date"].notna(), "customer_id"]
    for left, is_known in ((9, False), (10, True)):
        spared = set(gone.iloc[left:])
        told = {day: features[~features["customer_id"].isin(spared)] for day, features in history.items()}
        assert (leave_less(told, TierRule("", EDGES), ChurnRule(), "closed") != "unknown") == is_known


def test_assets_stand_in_for_contribution(world):
    history, table = world
    customers = history[max(history)].drop(columns="contribution_12m")
    names = [column.label.render() for column in rules_exhibit(table, customers).columns]
    assert names[1] == "The tiers above mass hold more than half of assets"
