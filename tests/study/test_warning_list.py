"""Who is listed, who is left out, and the lot."""

import datetime as dt

import numpy as np
import pandas as pd
import pytest

from analysis.errors import UserError
from analysis.stats.logistic import fit_logistic
from analysis.study.warning_list import LISTED, Brought, Plan, _lots, action_for, call_pool, consenting
from analysis.study.warning_policy import at_stake

DAY = dt.date(2025, 6, 30)
ACTIONS = pd.DataFrame(
    [("products", "Call", "致电", "Desk", "客服", "5", "40", "line 2"), ("", "Write", "去信", "", "", "", "", "line 3")],
    columns=["reason", "action", "action_zh", "owner", "owner_zh", "days", "cost", "place"],
)


@pytest.fixture(scope="module")
def fit():
    random = np.random.default_rng(1)
    products = random.integers(1, 6, 400).astype(float)
    return fit_logistic(pd.DataFrame({"products": products}), pd.Series((random.random(400) < 0.5 - 0.08 * products).astype(int)))


@pytest.fixture
def risk(customers):
    rows = customers(
        **{f"C{number:03}": {"products_held": 1 + number % 5, "contribution_12m": 50.0 * number} for number in range(60)}
    )
    return rows.assign(branch_id="B1", assets_12m=rows["assets_3m"])


def consents_of(ids):
    """Both consents of each customer, given long ago."""
    rows = [(one, purpose, "2024-01-01", None) for one in ids for purpose in ("marketing", "profiling")]
    return pd.DataFrame(rows, columns=["customer_id", "purpose", "given_date", "withdrawn_date"])


def pool_of(fit, risk, plan, **brought):
    """The pool of a bank in which everybody consented."""
    return call_pool(fit, risk, Brought(consents=consents_of(risk["customer_id"]), **brought), plan, DAY, "bank")


def stage(pool, customer):
    return pool.set_index("customer_id")["stage"][customer]


def test_the_ranking_is_by_probability_times_value_less_cost(fit, risk):
    pool = pool_of(fit, risk, Plan(capacity=20), actions=ACTIONS)
    listed = pool[pool["stage"].eq(LISTED)]
    expected = pool["score"] * pool["value"] * 0.2 - pool["cost"]
    pd.testing.assert_series_equal(pool["expected"], expected, check_names=False)
    assert len(listed) == 20
    assert listed["expected"].is_monotonic_decreasing
    assert listed["expected"].min() >= pool.loc[pool["stage"].eq("beyond_capacity"), "expected"].max()
    assert (pool.loc[pool["stage"].eq("not_worth"), "expected"] <= 0).all()
    assert pool["stage"].eq("not_worth").any()
    assert pool["due_date"].eq(pd.Timestamp("2025-07-05")).any()


def test_who_may_not_be_called_is_left_out_for_the_first_reason(fit, risk):
    ids = risk["customer_id"]
    consents = consents_of(ids[:58])
    consents.loc[consents["customer_id"].eq("C057") & consents["purpose"].eq("profiling"), "withdrawn_date"] = "2025-06-30"
    consents.loc[consents["customer_id"].eq("C056") & consents["purpose"].eq("profiling"), "withdrawn_date"] = "2025-07-01"
    alerts = pd.DataFrame({"customer_id": ["C055", "C054", "C059"], "raised_date": ["2025-01-02", "2025-01-01", "2025-06-02"]})
    own = pd.DataFrame({"customer_id": ["C053"], "raised_date": ["2025-05-31"], "held_out": [True]})
    brought = Brought(alerts=alerts, consents=consents, earlier=own)
    risk = risk.assign(open_complaints=ids.isin(["C052", "C053"]).astype(int))
    pool = call_pool(fit, risk, brought, Plan(capacity=100), DAY, "bank")
    found = {one: stage(pool, one) for one in ("C059", "C058", "C057", "C056", "C055", "C054", "C053", "C052")}
    assert found == {
        "C059": "no_consent", "C058": "no_consent", "C057": "no_consent", "C056": LISTED, "C055": "cool_down", "C054": LISTED,
        "C053": "cool_down", "C052": "open_complaint",
    }  # fmt: skip
    assert "C057" not in consenting(consents, DAY)


def test_without_a_table_of_consents_nobody_is_listed(fit, risk):
    assert call_pool(fit, risk, Brought(), Plan(), DAY, "bank")["stage"].eq("no_consent").all()


def test_one_in_ten_is_held_out_after_ranking_in_every_band_the_same_at_every_run(fit, risk):
    plan = Plan(capacity=50, cool_down_days=0)
    pool = pool_of(fit, risk, plan)
    held = pool.loc[pool["stage"].eq(LISTED), "held_out"].to_numpy()
    assert held.reshape(5, 10).sum(axis=1).tolist() == [1] * 5
    assert not pool.loc[pool["stage"].ne(LISTED), "held_out"].any()
    pd.testing.assert_frame_equal(pool, pool_of(fit, risk.sample(frac=1, random_state=1), plan))
    rows = pool[["customer_id", "stage"]]
    share = np.mean([_lots(rows, None, DAY, f"bank {number}") for number in range(300)], axis=0)[:50]
    assert share.min() > 0.04
    assert share.max() < 0.17


def test_who_has_a_lot_of_the_day_keeps_it(fit, risk):
    plan = Plan(capacity=50)
    first = pool_of(fit, risk, plan)
    turned = first[first["stage"].eq(LISTED)].assign(held_out=lambda rows: ~rows["held_out"])
    again = pool_of(fit, risk, plan, earlier=turned[["customer_id", "raised_date", "held_out"]])
    assert again.loc[again["stage"].eq(LISTED), "held_out"].tolist() == turned["held_out"].tolist()


def test_the_owner_is_the_manager_of_the_day_else_the_branch(fit, risk):
    managers = pd.DataFrame(
        [("C059", "2020-01-01", "M1", "2025-06-30"), ("C059", "2025-06-30", "M2", None), ("C058", "2020-01-01", "M3", "2024-01-01"),
         ("C057", "2025-07-01", "M4", None)],
        columns=["customer_id", "from_date", "manager_id", "until_date"],
    )  # fmt: skip
    pool = pool_of(fit, risk, Plan(), managers=managers).set_index("customer_id")
    assert pool.loc[["C059", "C058", "C057"], "owner"].tolist() == ["M2", "B1", "B1"]
    assert pool["is_managed"].sum() == 1


def test_value_that_has_gone_already_is_not_at_stake(customers):
    rows = customers(
        stays={}, fell={"assets_3m": 2000.0}, rose={"assets_3m": 90000.0}, borrows={"assets_3m": 0.0, "loans": 10000.0}
    )
    rows = rows.assign(assets_12m=10000.0)
    assert at_stake(rows).tolist() == pytest.approx([100, 20, 100, 50])


def test_without_contributions_the_list_is_by_risk(fit, risk):
    pool = pool_of(fit, risk.drop(columns="contribution_12m"), Plan(capacity=10))
    assert pool["value"].isna().all()
    assert pool["expected"].equals(pool["score"])


def test_odd_parameters_and_actions_end_in_a_sentence():
    for plan, words in (({"capacity": 0}, "capacity is 0"), ({"action_effect": 1.2}, "action_effect is 1.2"),
                        ({"cool_down_days": -1}, "cool_down_days is -1")):  # fmt: skip
        with pytest.raises(UserError, match=words):
            Plan(**plan)
    with pytest.raises(UserError, match="line 9: 'sadness' is no reason code; write one of days_silent"):
        action_for("products", ACTIONS.assign(reason=["sadness", ""], place="line 9"))
    assert action_for("tenure", ACTIONS)["action"] == "Write"
    assert action_for("products", ACTIONS)["cost"] == 40
