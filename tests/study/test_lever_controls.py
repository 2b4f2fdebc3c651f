import datetime as dt
from dataclasses import replace

import numpy as np
import pandas as pd
import pytest
from scipy.special import expit

from analysis.bank.levers import Struck
from analysis.study.lever_controls import doubts, lever_controls, lost_card, past_assets, permuted

OPENED, MONTHS = dt.date(2024, 6, 30), 12


def bank_with_waits(burden: float, seed: int = 0, customers: int = 2500, by_past: float = 0.0) -> tuple[Struck, pd.DataFrame]:
    """Long waits, and calls: a `burden` that nobody records raises leaving, long waits and calls about lost cards (log odds, log rate a standard
    deviation); `by_past`: log odds of a long wait by the change of assets before."""
    random = np.random.default_rng(seed)
    u, trend = random.standard_normal((2, customers))
    tenure = random.gamma(2.0, 40.0, customers)
    left = random.random(customers) < expit(-2.3 + burden * u)
    ids = np.array([f"C{number:05d}" for number in range(customers)])
    people = pd.DataFrame({"customer_id": ids, "branch_id": "B1", "area": "A1", "left": left, "tenure_months": tenure})
    people["gone_month"] = pd.array(np.where(left, 12, np.nan), dtype="Float64").astype("Int64")
    people["assets_trend"] = 0.1 * trend
    who = np.repeat(np.arange(customers), 2)
    branch = random.integers(12, size=len(who))
    visits = random.integers(1, 3, len(who))
    struck = random.random(len(who)) < expit(-2.2 + 0.5 * visits + burden * u[who] + by_past * trend[who])
    rows = pd.DataFrame({"customer_id": ids[who], "month": np.tile([3, 7], customers), "struck": struck, "visits": visits})
    rows = rows.assign(visits_opening=visits, visits_midday=0, visits_afternoon=0, visits_late=0, area="A1")
    rows = rows.assign(branch_id=[f"B{number:02d}" for number in branch]).assign(unit=lambda table: table["branch_id"])
    lost, other = random.poisson(0.5 * np.exp(burden * u)), random.poisson(2.0, customers)
    purpose = np.concatenate([np.full(lost.sum(), "card_lost"), np.full(other.sum(), "enquiry")])
    caller = np.concatenate([np.repeat(ids, lost), np.repeat(ids, other)])
    calls = pd.DataFrame(
        {"customer_id": caller, "started_at": pd.Timestamp("2024-01-15"), "channel": "phone", "purpose": purpose}
    )
    return Struck(OPENED, MONTHS, people, {"long_wait": rows}), calls


def test_where_nothing_is_hidden_all_controls_are_silent():
    controls = lever_controls(*bank_with_waits(0.0))
    assert {control.control for control in controls if control.reason is None} == {"lost_card", "past_assets", "permuted"}
    assert not any(control.rings for control in controls)
    assert not doubts(controls)["long_wait"].alarm
    assert "3 tested" in doubts(controls)["long_wait"].words.render("en")


def test_a_hidden_burden_rings_by_the_lost_cards():
    controls = lever_controls(*bank_with_waits(0.8))
    assert [control.control for control in controls if control.rings] == ["lost_card"]
    assert next(control for control in controls if control.rings).low > 1
    assert doubts(controls)["long_wait"].alarm


def test_the_calls_after_the_opening_are_not_read():
    struck, calls = bank_with_waits(0.8)
    later = calls.assign(started_at=pd.Timestamp("2024-07-01"))
    assert lost_card(struck, later)["reason"].render("en") == "too few calls to tell"
    assert "not recorded" in lost_card(struck, calls.drop(columns="purpose"))["reason"].render("en")


def test_strikes_that_go_with_what_was_before_ring():
    struck, calls = bank_with_waits(0.0, by_past=0.6)
    assert past_assets(struck, "long_wait")["low"] > 0
    assert [control.control for control in lever_controls(struck, calls) if control.rings] == ["past_assets"]


def test_visits_are_held_equal():
    struck, _ = bank_with_waits(0.0)
    trend = struck.people.set_index("customer_id")["assets_trend"]
    frame = struck.levers["long_wait"]
    # assets moved with the visits, and visits make waits: no alarm once visits are held equal
    by_visits = frame.groupby("customer_id")["visits"].sum()
    moved = struck.people.assign(assets_trend=struck.people["customer_id"].map(by_visits) / 3 + trend.to_numpy())
    crude = np.corrcoef(frame["customer_id"].map(moved.set_index("customer_id")["assets_trend"]), frame["struck"])[0, 1]
    assert crude > 0.03
    assert past_assets(replace(struck, people=moved), "long_wait")["p"] > 0.01


def test_strikes_dealt_out_by_lot_show_nothing_on_average():
    struck, _ = bank_with_waits(0.8)
    found = permuted(struck, "long_wait")
    assert found["low"] < 0 < found["high"]
    assert found["value"] == pytest.approx(0, abs=0.004)
    assert not found["rings"]
