import datetime as dt
from dataclasses import replace

import numpy as np
import pandas as pd
import pytest

from analysis.stats.intervals import Estimate
from analysis.study.churn import ChurnRule
from analysis.study.satisfaction_churn import (
    ChurnByMark,
    _shares,
    churn_by_mark,
    mark_group,
    marks_and_leaving,
    odds_ratio,
    usable,
)
from analysis.study.satisfaction_churn_exhibits import churn_exhibit, churn_findings
from analysis.study.satisfaction_conditions import DOUBTFUL, HOLDS, NOT_REFUTED, benchmark, conditions_exhibit

DAYS = [dt.date(2024, 9, 30), dt.date(2024, 12, 31), dt.date(2025, 3, 31), dt.date(2025, 6, 30)]
RULE = ChurnRule()


def answers(*rows) -> tuple[pd.DataFrame, pd.DataFrame]:
    frame = pd.DataFrame(rows, columns=["customer_id", "answered_date", "overall", "trigger"])
    frame = frame.assign(response_id=[f"R{number}" for number in frame.index], sent_date=frame["answered_date"])
    return frame.drop(columns="trigger"), frame[["customer_id", "sent_date", "trigger", "response_id"]]


def test_the_last_answer_before_the_landmark_meets_what_follows_it(customers):
    """One horizon has ended, that from 2024-12-31; `a` and `c` close in it, `b` stays."""
    first = customers(a={"tenure_months": 8}, b={}, c={})
    later = customers(a={"tenure_months": 11}, b={}, c={})
    end = customers(a={"closed_date": "2025-04-01"}, b={}, c={"closed_date": "2025-02-01"})
    history = dict(zip(DAYS, (first, later, later, end), strict=True))
    surveys, invitations = answers(
        ("a", "2024-10-05", 9.0, "random"), ("a", "2024-11-05", 4.0, "contact"), ("b", "2024-12-31", 8.0, "random"),
        ("b", "2025-01-05", 2.0, "random"), ("c", "2024-11-01", 10.0, "staff"), ("b", "2024-09-30", 1.0, "random"),
    )  # fmt: skip
    rows, invited = marks_and_leaving(surveys, invitations, history, dt.date(2025, 6, 30), RULE)
    assert rows[["customer_id", "mark", "left"]].to_numpy().tolist() == [["a", 4.0, 1.0], ["b", 8.0, 0.0]]
    assert rows["after_contact"].tolist() == [1.0, 0.0]
    assert rows["tenure"].iloc[0] == pytest.approx(3.0)
    assert invited["customer_id"].tolist() == ["a"]
    assert marks_and_leaving(surveys, invitations, history, dt.date(2025, 5, 31), RULE)[0].empty


def simulated(seed: int, size: int = 6000, slope: float = 0.25, level: float = -2.5, early: float = 0.0) -> pd.DataFrame:
    """Who has few assets gives higher marks and leaves more, so that the crude ratio is too low; one point of the mark lower truly goes
    with exp(slope) times the odds."""
    random = np.random.default_rng(seed)
    assets = random.standard_normal(size)
    mark = np.clip(np.round(7.5 - 0.8 * assets + 1.2 * random.standard_normal(size)), 1, 10)
    left = random.random(size) < 1 / (1 + np.exp(-(level - slope * (mark - 7.5) - 0.6 * assets)))
    sign = random.random(size) < 0.1 + early * (mark < 7)
    facts = {"tenure": random.standard_normal(size), "assets": assets, "slowing": sign.astype(float)}
    ways = {"closed": left, "dormant": False, "run_off": False}
    return pd.DataFrame(
        {"landmark": DAYS[1], "customer_id": np.arange(size) // 2, "mark": mark, "left": left, **ways, **facts}
    ).astype({"left": float})


def found_of(rows: pd.DataFrame, invited: pd.DataFrame | None = None) -> ChurnByMark:
    known = usable(rows)
    invited = pd.DataFrame(columns=["landmark", "customer_id", "answered", "left"]) if invited is None else invited
    return ChurnByMark(rows, invited, _shares(rows), odds_ratio(rows), odds_ratio(rows, known), known, RULE)


def test_what_is_held_equal_brings_the_ratio_to_the_truth():
    found = found_of(simulated(1))
    assert found.known == ("tenure", "assets")
    assert found.adjusted.low < np.exp(0.25) < found.adjusted.high
    assert found.crude.high < np.exp(0.25)
    name, factor = benchmark(found)
    assert name == "assets"
    group, mark = mark_group(found.rows["mark"]), found.rows["mark"]
    without = odds_ratio(found.rows, ("tenure",))
    assert factor == pytest.approx(
        (found.adjusted.value / without.value) ** (mark[group == "high"].mean() - mark[group == "low"].mean())
    )
    assert "Leaving out the one thing known that counts most (assets)" in str(conditions_exhibit(found).frame["said"].iloc[4])


def test_what_led_to_the_invitation_is_held_equal():
    """Who is asked after a contact gives lower marks and leaves less."""
    rows = simulated(6, size=9000)
    after = np.random.default_rng(7).random(len(rows)) < 0.5
    stays = after & (np.random.default_rng(8).random(len(rows)) < 0.5)
    rows = rows.assign(after_contact=after.astype(float), mark=rows["mark"] - 1.5 * after, left=rows["left"].where(~stays, 0.0))
    found = found_of(rows)
    assert found.known == ("after_contact", "tenure", "assets")
    assert odds_ratio(rows, found.known[1:]).high < np.exp(0.25)
    assert found.adjusted.low < np.exp(0.25) < found.adjusted.high
    ratio = next(one for one in churn_findings(found) if one.id == "churn_by_mark.ratio")
    assert "(whether asked after a contact, years with the bank, assets)" in str(ratio.text)
    few = pd.concat([rows[rows["left"] == 1].head(25), rows[rows["left"] == 0]])
    assert usable(few) == ("after_contact",)
    assert usable(rows.assign(after_contact=0.0)) == ("tenure", "assets")


def test_findings_are_associations_with_their_intervals():
    found = found_of(simulated(1))
    findings = {one.id: one for one in churn_findings(found)}
    assert set(findings) == {"churn_by_mark.low", "churn_by_mark.high", "churn_by_mark.ratio", "churn_by_mark.ratio_crude"}
    assert findings["churn_by_mark.ratio"].evidence == "adjusted"
    assert all(one.low < one.value < one.high for one in findings.values())
    assert churn_exhibit(found).frame["base"].sum() == 6000


def test_leaving_under_way_before_the_answer_makes_the_reading_doubtful():
    def verdict(rows):
        return conditions_exhibit(found_of(rows)).frame["verdict"].iloc[1]

    assert verdict(simulated(2, early=0.1)) == DOUBTFUL
    assert verdict(simulated(2)) == NOT_REFUTED


def test_silent_invitations_that_leave_more_make_it_doubtful():
    invited = pd.DataFrame(
        {"answered": [True] * 500 + [False] * 500, "left": [1.0] * 20 + [0.0] * 480 + [1.0] * 80 + [0.0] * 420}
    )
    table = conditions_exhibit(found_of(simulated(3), invited.assign(landmark=DAYS[1], customer_id=0))).frame
    assert table["verdict"].iloc[5] == DOUBTFUL
    assert "silent: 16.0% left, answered: 4.0%" in str(table["said"].iloc[5])


def test_without_a_trend_no_dose_is_claimed():
    exhibit = conditions_exhibit(found_of(simulated(4, slope=0.0)))
    assert exhibit.frame["verdict"].iloc[2] == DOUBTFUL
    assert "within noise" in str(churn_exhibit(found_of(simulated(4, slope=0.0))).title)


def of_ratios(crude: tuple[float, float, float], adjusted: tuple[float, float, float]) -> ChurnByMark:
    found = found_of(simulated(1))
    return replace(found, crude=Estimate(*crude, 6000), adjusted=Estimate(*adjusted, 6000))


def test_a_trend_that_hangs_on_what_is_held_equal_is_told_as_such():
    hanging = of_ratios((1.15, 0.98, 1.34), (1.2, 1.01, 1.43))
    assert conditions_exhibit(hanging).frame["verdict"].iloc[2] == NOT_REFUTED
    assert str(churn_exhibit(hanging).title).endswith(
        "the trend over marks is beyond noise only where customers are held equal in what was known before"
    )
    told = {one.id: str(one.text) for one in churn_findings(hanging)}
    assert "an association, and within noise where nothing is held equal (1.15)" in told["churn_by_mark.ratio"]
    assert "nothing held equal: within noise" in told["churn_by_mark.ratio_crude"]
    sure = of_ratios((1.2, 1.1, 1.3), (1.25, 1.1, 1.4))
    assert conditions_exhibit(sure).frame["verdict"].iloc[2] == HOLDS
    assert str(churn_exhibit(sure).title).endswith("the trend over marks is beyond noise")
    gone = of_ratios((1.2, 1.1, 1.3), (1.05, 0.9, 1.2))
    assert "within noise where customers are held equal" in str(churn_exhibit(gone).title)


def test_whether_leaving_after_low_and_after_high_marks_differs_is_said():
    def told(rows):
        return str(churn_findings(found_of(rows))[0].text)

    assert "is beyond noise" in told(simulated(1, slope=0.6))
    few = simulated(1, size=700, slope=0.15)
    few.loc[few["mark"] >= 9, "left"] = 0.0
    few.loc[few.index[few["mark"] >= 9][:12], "left"] = 1.0
    few.loc[few["mark"] < 7, "left"] = 0.0
    few.loc[few.index[few["mark"] < 7][:20], "left"] = 1.0
    assert "is within noise" in told(few)


def test_few_leavers_are_told_as_few(customers):
    rows = simulated(5, size=400, level=-3.5)
    found = found_of(rows)
    assert found.leavers < 30
    assert churn_findings(found) == []
    assert "needed: 30" in str(churn_exhibit(found).absent)
    assert conditions_exhibit(found).absent is not None
    history = dict.fromkeys(DAYS, customers(a={}))
    undated = pd.DataFrame({"response_id": ["R"], "customer_id": ["a"], "overall": [8.0]})
    assert churn_by_mark(undated, None, history, DAYS[-1], RULE) is None
    assert churn_exhibit(None).absent is not None


def test_terms_are_as_many_as_leavers_allow():
    rows = simulated(1)
    few = pd.concat([rows[rows["left"] == 1].head(25), rows[rows["left"] == 0]])
    assert usable(few) == ("tenure",)
