import datetime as dt

import pandas as pd
import pytest

from analysis.errors import UserError
from analysis.study.churn import ChurnRule, at_risk, matured, outcomes, rates, unseen
from analysis.study.churn_rates import shown_rates

RULE = ChurnRule(horizon_months=6, dormant_days=180, run_off_share=0.8)
BEFORE, AFTER = dt.date(2024, 12, 31), dt.date(2025, 6, 30)


def of(table, name):
    return table.set_index("customer_id").loc[name, ["closed", "dormant", "run_off", "involuntary", "any"]].tolist()


def test_each_rule_has_its_customers_and_the_first_that_applies_counts(customers):
    before = customers(stays={}, closes={}, moves={}, sleeps={}, drains={}, sleeps_and_drains={})
    after = customers(
        stays={"recency_days": 179.0, "assets_3m": 2001.0},
        closes={"closed_date": "2025-02-01", "exit_reason": "fees", "recency_days": 200.0, "assets_3m": None},
        moves={"closed_date": "2025-02-01", "exit_reason": "relocation"},
        sleeps={"recency_days": 180.0},
        drains={"assets_3m": 2000.0},
        sleeps_and_drains={"recency_days": 300.0, "assets_3m": 0.0},
    )
    table = outcomes(before, after, RULE)
    no, yes = False, True
    assert of(table, "stays") == [no, no, no, no, no]
    assert of(table, "closes") == [yes, no, no, no, yes]
    assert of(table, "moves") == [no, no, no, yes, no]
    assert of(table, "sleeps") == [no, yes, no, no, yes]
    assert of(table, "drains") == [no, no, yes, no, yes]
    assert of(table, "sleeps_and_drains") == [no, yes, no, no, yes]


def test_a_customer_without_a_balance_at_the_end_has_run_off(customers):
    assert of(outcomes(customers(a={}), customers(a={"assets_3m": None}), RULE), "a") == [False, False, True, False, True]


def test_at_risk_are_open_established_active_customers_with_assets(customers):
    features = customers(
        edge={"tenure_months": 6.0, "recency_days": 179.0, "assets_3m": 100.0},
        new={"tenure_months": 5.9},
        closed={"closed_date": "2024-01-01"},
        silent={"recency_days": 180.0},
        never={"recency_days": None},
        empty={"assets_3m": 99.0},
        unknown={"assets_3m": None},
    )
    assert at_risk(features, RULE)["customer_id"].tolist() == ["edge"]


def test_a_landmark_has_matured_when_its_horizon_has_ended_on_a_landmark():
    days = [dt.date(2025, 6, 30), dt.date(2025, 3, 31), dt.date(2024, 12, 31), dt.date(2024, 9, 30)]
    assert matured(days, dt.date(2025, 6, 30), RULE) == [dt.date(2024, 9, 30), dt.date(2024, 12, 31)]
    assert matured(days, dt.date(2025, 6, 29), RULE) == [dt.date(2024, 9, 30)]
    assert matured(days[:2], dt.date(2025, 6, 30), RULE) == []


@pytest.mark.parametrize(
    ("parameters", "sentence"),
    [
        ({"horizon_months": 4}, "horizon_months is 4; it must be a multiple of 3"),
        ({"horizon_months": 0}, "horizon_months is 0; it must be a multiple of 3"),
        ({"dormant_days": 181}, "dormant_days is 181; with a horizon of 6 months it must lie between 1 and 180"),
        ({"run_off_share": 1.5}, "run_off_share is 1.5; it must lie above 0 and at most at 1"),
    ],
)
def test_rules_that_cannot_be_are_refused(parameters, sentence):
    with pytest.raises(UserError, match=sentence):
        ChurnRule(**parameters)


def test_what_the_data_cannot_tell_is_named(customers):
    told = customers(a={"closed_date": "2024-01-01"}, b={"recency_days": 180.0})
    assert unseen({AFTER: told}, RULE) == {}
    silent = {name: reason.render() for name, reason in unseen({AFTER: customers(a={}, b={})}, RULE).items()}
    assert silent == {"closed": "closings are not recorded", "dormant": "nobody in the data is ever silent for 180 days"}
    bare = customers(a={}).drop(columns=["recency_days", "assets_3m"])
    assert set(unseen({AFTER: bare}, RULE)) == {"closed", "dormant", "run_off"}


def frame(closed, dormant, run_off, involuntary, stays):
    kinds = ["closed"] * closed + ["dormant"] * dormant + ["run_off"] * run_off + ["involuntary"] * involuntary + [""] * stays
    table = pd.DataFrame({name: [kind == name for kind in kinds] for name in ("closed", "dormant", "run_off", "involuntary")})
    return table.assign(any=table[["closed", "dormant", "run_off"]].any(axis=1))


def test_the_parts_add_up_and_have_wilsons_interval():
    """Newcombe 1998, table I: 81 of 263 by method 3 gives .2553 to .3662."""
    table = rates(frame(40, 30, 11, 2, 180)).set_index("rule")
    assert table["events"].to_dict() == {"any": 81, "closed": 40, "dormant": 30, "run_off": 11, "involuntary": 2}
    assert table.loc["any", ["low", "high"]].tolist() == pytest.approx([0.2553, 0.3662], abs=5e-5)


def shown(*counts):
    table = shown_rates(frame(*counts), {}).set_index("rule")
    return sorted(table.index[table["value"].notna()])


def test_no_shown_rate_lets_a_small_number_be_worked_out():
    assert shown(40, 30, 11, 12, 100) == ["any", "closed", "dormant", "involuntary", "run_off"]
    assert shown(40, 30, 9, 12, 100) == ["any", "closed", "involuntary"]
    assert shown(40, 0, 9, 3, 100) == ["any", "dormant"]
    assert shown(4, 3, 2, 0, 100) == ["involuntary"]
    assert shown(40, 3, 4, 0, 100) == ["any", "involuntary"]
    assert shown(40, 30, 11, 12, 9) == shown(40, 30, 11, 9, 0) == []
    assert shown(40, 30, 11, 0, 0) == ["any", "closed", "dormant", "involuntary", "run_off"]
