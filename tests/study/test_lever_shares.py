"""The levers' shares: recovered from opportunities, told with base, interval and badge, or not told at all."""

import datetime as dt
from dataclasses import replace
from types import SimpleNamespace

import numpy as np
import pandas as pd
import pytest
from scipy.special import expit

from analysis.finding import EVIDENCE
from analysis.stats.attributable import LeverShare
from analysis.stats.intervals import Estimate
from analysis.study.lever_compared import lever_compared_exhibit
from analysis.study.lever_controls import Doubt
from analysis.study.lever_effects import LEAVERS_NEEDED, lever_effect, open_rows, struck_before
from analysis.study.lever_exhibits import lever_basis_exhibit, lever_by_rule_exhibit, lever_shares_exhibit
from analysis.study.lever_findings import advice_findings, evidence_of, lever_findings
from analysis.study.lever_one_shot import one_shot_shares
from analysis.study.lever_shares import _beyond, lever_shares

CUSTOMERS, MONTHS = 2500, 12
RANDOM = np.random.default_rng(11)


def bank(excess: float = 0.9, base: float = -4.6, customers: int = CUSTOMERS, seed: int = 11) -> SimpleNamespace:
    """Customers of 20 branches who visit in half of the months; a long wait multiplies the odds of being gone in the next three months by
    exp(excess) and strikes those most who leave least."""
    rng = np.random.default_rng(seed)
    branch, wealth = rng.integers(20, size=customers), rng.standard_normal(customers)
    gone, until, rows = np.full(customers, 99), np.zeros(customers), []
    for month in range(1, MONTHS + 1):
        leaves = (gone > month) & (rng.random(customers) < expit(base - 0.8 * wealth + excess * (until >= month)))
        gone = np.where(leaves, month, gone)
        visits = np.where(rng.random(customers) < 0.5, rng.integers(1, 4, customers), 0) * (gone > month)
        struck = rng.random(customers) < expit(-2.2 + 0.5 * visits + 0.02 * (branch - 10)) * (visits > 0)
        until = np.where(struck, month + 3, until)
        who = np.flatnonzero(visits)
        rows.append(
            pd.DataFrame(
                {"customer_id": who, "month": month, "struck": struck[who], "visits": visits[who], "branch_id": branch[who]}
            )
        )
    waits = pd.concat(rows, ignore_index=True)
    waits = waits.assign(unit=waits["branch_id"].astype(str), customer_id=waits["customer_id"].astype(str))
    left = gone <= MONTHS
    way = rng.random(customers) < 0.6
    people = pd.DataFrame(
        {
            "customer_id": np.arange(customers).astype(str), "branch_id": branch, "left": left, "closed": left & way, "dormant": left & ~way,
            "run_off": False, "gone_month": pd.array(np.where(left, gone, 1), dtype="Int64"), "assets_3m": np.exp(10 + wealth),
            "tenure_months": rng.integers(6, 200, customers),
        }
    )  # fmt: skip
    people.loc[~people["left"], "gone_month"] = pd.NA
    people["closed_month"] = people["gone_month"].where(people["closed"])
    return SimpleNamespace(opened=dt.date(2024, 6, 30), months=MONTHS, people=people, levers={"long_wait": waits})


@pytest.fixture(scope="module")
def struck():
    return bank()


@pytest.fixture(scope="module")
def found(struck):
    return lever_shares(struck)


def test_the_share_is_that_of_a_bank_without_the_lever(struck, found):
    without = bank(excess=0.0)
    truth = 1 - without.people["left"].sum() / struck.people["left"].sum()
    share = found.shares["long_wait"]
    assert abs(share.value - truth) < 2.5 * np.sqrt(share.variance)
    assert share.estimate.low > 0
    assert share.estimate.base == CUSTOMERS


def test_one_regression_of_the_year_is_wrong(found):
    """Who stays longer has longer to be struck: the year's count goes with staying."""
    assert found.one_shot["long_wait"].high < found.shares["long_wait"].estimate.low


def test_what_each_leaver_bears_adds_up_to_the_share(found):
    share = found.shares["long_wait"]
    assert share.by_customer.sum() == pytest.approx(share.value * share.leavers)
    assert found.joint.joint.value == pytest.approx(share.value)


def test_findings_name_the_intervention_and_the_badge_falls_where_a_control_rings(found):
    told = {one.id: one for one in lever_findings(found)}
    assert {"cause_joint", "cause_alone.long_wait", "cause.long_wait", "cause_alone.long_wait.closed"} <= set(told)
    assert told["cause_alone.long_wait"].evidence == "assumed-causal"
    assert "waited 30 minutes or more" in told["cause_alone.long_wait"].text.render()
    alarm = {"long_wait": SimpleNamespace(alarm=True)}
    doubted = {one.id: one for one in lever_findings(found, doubts=alarm)}
    assert {one.evidence for one in doubted.values()} == {"adjusted"}
    assert "falls short for: Long wait (a control rings)" in doubted["cause_joint"].text.render()
    assert "would have stayed" not in " ".join(one.text.render() for one in doubted.values())


def test_no_badge_is_above_the_ceiling():
    for evidence in EVIDENCE[1:4]:
        ceiling = {"long_wait": SimpleNamespace(evidence=evidence)}
        assert evidence_of("long_wait", ceiling, {}) == evidence
    assert (
        evidence_of(
            "long_wait", {"long_wait": SimpleNamespace(evidence="association")}, {"long_wait": SimpleNamespace(alarm=True)}
        )
        == "association"
    )


def test_strikes_without_a_like_lower_the_badge():
    cases = [(0.95, 0.1), (0.5, 0.1), (0.95, 0.3), (np.nan, np.nan)]
    shares = [SimpleNamespace(overlap=overlap, imbalance=imbalance) for overlap, imbalance in cases]
    badges = [evidence_of("app_outage", {}, {}, share) for share in shares]
    assert badges == ["assumed-causal", "adjusted", "adjusted", "assumed-causal"]


def test_by_a_rule_under_which_few_of_the_struck_left_nothing_is_told(struck):
    hit = struck.levers["long_wait"].query("struck")["customer_id"]
    ids = struck.people.loc[struck.people["closed"] & struck.people["customer_id"].isin(hit), "customer_id"].iloc[9:]
    fewer = struck.people.assign(closed=struck.people["closed"] & ~struck.people["customer_id"].isin(ids))
    found = lever_shares(SimpleNamespace(**{**vars(struck), "people": fewer}))
    assert ("long_wait", "closed") not in found.by_rule
    assert ("long_wait", "dormant") in found.by_rule


def test_below_the_number_of_leavers_nothing_is_told():
    few = bank(base=-7.5, customers=1200)
    assert few.people["left"].sum() < LEAVERS_NEEDED
    found = lever_shares(few)
    assert found.shares["long_wait"].failure == "events"
    assert lever_findings(found) == []
    assert lever_shares_exhibit(found).absent is not None


def test_where_the_branch_decides_wholly_there_is_no_number(struck):
    rows = struck.levers["long_wait"]
    share = lever_effect(struck.people, "long_wait", rows.assign(struck=rows["branch_id"] < 8))
    assert (share.value, share.failure) == (None, "overlap")


def test_fewer_than_eight_units_make_no_claim(struck):
    rows = struck.levers["long_wait"]
    share = lever_effect(struck.people, "long_wait", rows.assign(unit=(rows["branch_id"] % 7).astype(str)))
    assert (share.value, share.failure) == (None, "clusters")


@pytest.mark.parametrize(
    ("struck_left", "value", "is_told"), [(0, 0.00002, False), (5, 0.00821, False), (8, 0.0076, False), (30, 0.04037, True)]
)
def test_of_few_events_the_count_decides_what_is_told_from_none(struck_left, value, is_told):
    """Five where 1.7 were to come is no rarity, though the score's p is .012; nor is none, though its error is all but 0."""
    errors = pd.Series(np.repeat([1e-7, -1e-7], 20))
    share = LeverShare("x", value, errors, 40, 39.0, 3472, 238, struck_left, 1.0, errors[:0], 402, is_count=True)
    others = {("y", str(place)): replace(share, leavers_struck=2, value=0.0) for place in range(9)}
    assert (("x", "left") in _beyond({("x", "left"): share, **others})) == is_told


def test_the_last_month_and_the_month_of_leaving_are_no_trial(struck):
    rows = open_rows(struck.people.set_index("customer_id"), struck.levers["long_wait"])
    assert rows["month"].max() == MONTHS - 1
    gone = rows["customer_id"].map(struck.people.set_index("customer_id")["gone_month"].astype(float))
    assert not (gone <= rows["month"]).any()


def test_earlier_strikes_are_told_by_how_long_ago_they_were():
    rows = pd.DataFrame({"customer_id": list("aaaab"), "month": [1, 3, 6, 7, 2], "struck": [True, False, False, False, True]})
    before = struck_before(rows)
    assert before["struck_recently"].tolist() == [0, 1, 0, 0, 0]
    assert before["struck_earlier"].tolist() == [0, 0, 1, 1, 0]


def test_exhibits_have_a_title_of_their_own_and_hide_small_counts(found):
    shares, rules, basis = lever_shares_exhibit(found), lever_by_rule_exhibit(found), lever_basis_exhibit(found)
    assert shares.frame["kind"].eq("total").sum() == 1
    assert [str(group) for group in shares.frame["group"]] == ["Assumed-causal", "All together"]
    assert {"left", "closed", "dormant", "run_off"} <= set(rules.frame)
    assert rules.frame["run_off"][0].render() == "–"
    assert "no more than adjusted" not in str(rules.subtitle)
    doubted = {"long_wait": SimpleNamespace(alarm=True)}
    assert str(lever_by_rule_exhibit(found, doubts=doubted).subtitle).endswith("no more than adjusted: Long wait")
    assert basis.frame["left"][0] == found.shares["long_wait"].leavers_struck >= 10


def test_the_figure_speaks_of_cause_only_where_the_badges_do(found):
    told = {alarm: lever_shares_exhibit(found, doubts={"long_wait": Doubt(alarm, "")}) for alarm in (False, True)}
    assert "account for" in told[False].title.render()
    assert "would have stayed" in told[False].subtitle.render()
    assert "account for" not in told[True].title.render()
    assert "would have stayed" not in told[True].subtitle.render()


def test_the_regression_that_fails_stands_beside_the_share_and_its_title_says_so(found):
    exhibit = lever_compared_exhibit(found)
    assert str(exhibit.title) == "In one regression of the year 1 of 1 levers would seem to keep customers"
    wait, total = exhibit.frame.to_dict("records")
    assert str(wait["regression"]).startswith("−")
    assert not str(wait["alone"]).startswith("−")
    assert str(total["part"]).startswith(f"{found.joint.joint.value:.1%}")
    turned = lever_compared_exhibit(replace(found, crude={"long_wait": Estimate(-0.01, None, None, 100)}))
    assert "opposite sign for: Long wait; one regression of the year for 1 of 1" in str(turned.title)
    assert lever_compared_exhibit(None).absent is not None


def test_only_what_is_assumed_causal_and_told_from_nothing_is_advised(found):
    doubted = {"long_wait": SimpleNamespace(alarm=True)}
    (advised,), (held_back,) = advice_findings(found), advice_findings(found, doubts=doubted)
    assert (advised.value, advised.evidence) == (1, "assumed-causal")
    assert "Long wait" in str(advised.text)
    assert (held_back.value, held_back.evidence) == (0, "adjusted")
    assert advice_findings(replace(found, beyond=frozenset()))[0].value == 0
    assert advice_findings(None) == []


def test_without_any_lever_the_exhibits_say_so():
    assert lever_shares(SimpleNamespace(levers={})) is None
    for exhibit in (lever_shares_exhibit(None), lever_by_rule_exhibit(None), lever_basis_exhibit(None)):
        assert exhibit.absent is not None


def test_a_regression_that_cannot_be_made_is_left_out(struck):
    assert one_shot_shares(struck.people.assign(left=False), struck.levers) == {}
