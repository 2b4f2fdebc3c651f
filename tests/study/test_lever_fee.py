import datetime as dt
from dataclasses import replace

import numpy as np
import pandas as pd
import pytest
from scipy.special import expit

from analysis.bank.levers import Struck
from analysis.study.lever_fee import fee_by_rule, fee_found
from analysis.study.lever_fee_months import fee_cohorts, fee_months, fee_months_exhibit, lead_effect, why_no_share
from analysis.study.lever_fee_panel import fee_panel

OPENED, MONTHS = dt.date(2024, 6, 30), 12


def bank_with_fees(
    effect: float, seed: int = 0, customers: int = 3000, branches: int = 16, never: int = 6, apart: float = 0.0
) -> Struck:
    """Branches raise the card fee in months 3, 5, 7 and 9, `never` of them never; `effect`: log odds of leaving in six months after the
    rise, of holders; branches that rise have other log odds as a whole, and in the three months to the rise by `apart` more."""
    random = np.random.default_rng(seed)
    branch = random.integers(branches, size=customers)
    rise = np.where(np.arange(branches) < branches - never, np.array([3, 5, 7, 9])[np.arange(branches) % 4], 99)
    card = random.random(customers) < 0.6
    tenure = random.gamma(2.0, 40.0, customers)
    base = -4.3 + 0.4 * (rise[branch] < 99) + 0.3 * random.standard_normal(branches)[branch] - 0.3 * (np.log1p(tenure) - 4)
    gone = np.full(customers, 0)
    for month in range(1, MONTHS + 1):
        since = month - rise[branch]
        odds = base + effect * (card & (since >= 1) & (since <= 6)) + apart * (card & (since <= 0) & (since >= -2))
        gone = np.where((gone == 0) & (random.random(customers) < expit(odds)), month, gone)
    people = pd.DataFrame(
        {
            "customer_id": [f"C{number:05d}" for number in range(customers)],
            "branch_id": [f"B{number:02d}" for number in branch],
            "area": [f"A{number % 4}" for number in branch],
            "left": gone > 0,
            "closed": (gone > 0) & (np.arange(customers) % 3 > 0),
            "dormant": (gone > 0) & (np.arange(customers) % 3 == 0),
            "run_off": False,
            "gone_month": pd.array(np.where(gone > 0, gone, np.nan), dtype="Float64").astype("Int64"),
            "holds_card": card,
            "tenure_months": tenure,
        }
    )
    until = np.where(gone > 0, gone - 1, MONTHS)
    rows = people.loc[people.index.repeat(until), ["customer_id", "branch_id", "area"]].reset_index()
    rows["month"] = rows.groupby("customer_id").cumcount() + 1
    place = rows.pop("index").to_numpy()
    rows["card"] = card[place]
    rows["struck"] = rows["card"] & (rise[branch[place]] == rows["month"])
    rows["cohort"] = pd.array(np.where(rise[branch[place]] < 99, rise[branch[place]], np.nan), dtype="Float64").astype("Int64")
    return Struck(OPENED, MONTHS, people, {"fee_rise": rows.assign(unit=rows["branch_id"])})


@pytest.fixture(scope="module")
def raised():
    struck = bank_with_fees(0.9)
    return struck, fee_found(struck)


def test_the_share_is_that_of_the_holders_who_would_have_stayed(raised):
    struck, fee = raised
    without = bank_with_fees(0.0)
    # the same draws of chance, but for the rise: how many fewer left
    truth = 1 - without.people["left"].sum() / struck.people["left"].sum()
    assert fee.share.estimate.low < truth < fee.share.estimate.high
    assert truth > 0.05
    assert fee.share.estimate.low > 0


def test_the_parts_by_customer_add_up_and_both_errors_agree(raised):
    struck, fee = raised
    share = fee.share
    assert share.by_customer.sum() == pytest.approx(share.value * struck.people["left"].sum())
    assert set(share.by_customer.index) <= set(struck.people.loc[struck.people["left"], "customer_id"])
    assert share.influence.sum() == pytest.approx(0, abs=1e-12)
    assert np.sqrt((share.by_unit**2).sum()) == pytest.approx(np.sqrt(share.variance), rel=0.6)
    assert share.df <= share.clusters - 1 == 15


def test_who_was_gone_in_the_first_month_does_not_count_as_without_a_card(raised):
    struck, _ = raised
    untold = replace(struck, people=struck.people.drop(columns="holds_card"))
    rows = fee_panel(untold).rows
    assert not rows["gone"][rows["month"] == 1].any()
    assert fee_found(untold).share.value == pytest.approx(fee_found(struck).share.value, abs=0.03)


def test_before_and_after_the_rise(raised):
    table = fee_months(raised[1])
    lags = table[~table["is_lead"]]
    assert (lags["value"] > 1.3).any()
    assert (table["low"] < table["value"]).all()
    assert lead_effect(raised[1])["low"] < 1 < lead_effect(raised[1])["high"]
    exhibit = fee_months_exhibit(raised[1])
    assert exhibit.absent is None
    assert "was not" in exhibit.title.render("en")


def test_by_cohort_the_excess_adds_up(raised):
    fee = raised[1]
    found, rows = fee_cohorts(fee), fee.panel.rows
    own = (rows["is_exposed"] & rows["is_at_risk"]).to_numpy()
    assert found["simple"] == pytest.approx((rows["gone"] - fee.imputed.chance)[own].mean())
    assert found["by_cohort"]["cohort"].tolist() == [3, 5, 7, 9]
    assert found["by_time"]["event_time"].min() == 1


def test_trends_apart_before_the_rise_are_seen():
    fee = fee_found(bank_with_fees(0.5, seed=3, customers=4000, apart=1.2))
    assert lead_effect(fee)["p"] < 0.01
    assert "differed before" in fee_months_exhibit(fee).title.render("en")


def test_nobody_to_compare_with_no_share():
    struck = bank_with_fees(0.5, customers=400, branches=8, never=0)
    frame = struck.levers["fee_rise"]
    at_once = frame.assign(struck=frame["card"] & (frame["month"] == 4), cohort=4)
    central = fee_found(replace(struck, levers={"fee_rise": at_once}))
    assert (central.share.value, central.share.failure, central.reason) == (None, "central", "central")
    assert "one date for all branches" in why_no_share(central).render("en")
    assert fee_months_exhibit(central).absent is not None
    assert fee_found(replace(struck, levers={})) is None
    assert fee_found(replace(struck, levers={"fee_rise": frame.assign(struck=False)})).reason == "exposed"
    assert fee_found(bank_with_fees(0.0, customers=150, branches=8)).reason == "events"
    assert fee_found(bank_with_fees(0.5, customers=1500, branches=7)).reason == "clusters"


def test_by_rule_the_shares_add_up_to_the_whole(raised):
    struck, fee = raised
    found = fee_by_rule(struck, fee)
    excess = {rule: share.value * share.leavers for rule, share in found.items()}
    assert set(excess) == {"closed", "dormant"}
    assert sum(excess.values()) == pytest.approx(fee.share.value * fee.share.leavers, rel=0.1)
