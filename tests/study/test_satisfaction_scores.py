"""Scores, their changes between two periods, their trend and ease by hand."""

import datetime as dt

import numpy as np
import pandas as pd
import pytest
from scipy.stats import multinomial

from analysis.stats.intervals import nps
from analysis.study.opinions import promoters_exhibit, top_groups_exhibit
from analysis.study.satisfaction_effort import effort_exhibit, effort_findings, effort_trend_exhibit
from analysis.study.satisfaction_measures import EFFORT, OVERALL, PROMOTERS, TOP_TWO_BOX
from analysis.study.satisfaction_scores import score_findings, scores, scores_exhibit
from analysis.study.satisfaction_trend import trend_exhibit
from analysis.wording import render, say

AS_OF = dt.date(2025, 6, 30)


def period(overall, first: int = 0, **columns) -> pd.DataFrame:
    frame = pd.DataFrame({"overall": np.asarray(overall, dtype=float)})
    ids = [f"C{number}" for number in range(first, first + len(frame))]
    return frame.assign(customer_id=ids, recommend=frame["overall"], **columns)


def cells(exhibit) -> pd.DataFrame:
    return exhibit.frame.map(lambda cell: render(cell, "en") if not isinstance(cell, int | float) else cell)


def test_what_an_answer_adds_to_a_score():
    given = pd.DataFrame({"overall": [10.0, 9, 8, 7, 6, None], "recommend": [10.0, 9, 8, 7, 6, None]})
    assert PROMOTERS.values(given).tolist()[:5] == [100, 100, 0, 0, -100]
    assert TOP_TWO_BOX.values(given).tolist()[:5] == [1, 1, 0, 0, 0]
    assert PROMOTERS.values(given).isna().tolist() == TOP_TWO_BOX.values(given).isna().tolist() == [False] * 5 + [True]
    assert PROMOTERS.estimate(given).value == PROMOTERS.values(given).mean() == 20
    assert EFFORT.estimate(given).base == 0
    groups = TOP_TWO_BOX.by_group(pd.Series(["a"] * 6), given)
    assert groups[["value", "base"]].to_numpy().tolist() == [[0.4, 5]]


@pytest.mark.parametrize("n", [10, 15, 30, 50])
@pytest.mark.parametrize("shares", [(0.5, 0.3, 0.2), (0.7, 0.2, 0.1), (0.85, 0.1, 0.05)])
def test_scores_of_few_and_skewed_answers_are_covered_as_often_as_they_say(shares, n):
    """measuringu.com; Rocks, arXiv 1601.07235: exact, over all samples of n answers."""
    answers = [(p, n - p - d, d) for p in range(n + 1) for d in range(n - p + 1)]
    truth = 100 * (shares[0] - shares[2])
    held = [found.low <= truth <= found.high for found in (nps(*counts) for counts in answers)]
    assert 0.93 < multinomial.pmf(answers, n, shares)[held].sum() < 0.97


def test_a_rise_is_told_beyond_noise_and_ease_only_where_asked():
    made = scores(period([9, 8] * 40), period([7, 6] * 40, first=500))
    table = cells(scores_exhibit(made)).set_index("label")
    assert table.index.tolist() == [
        "Net promoter score (−100 to 100)", "Overall satisfaction, mean (1 to 10)", "Top-two-box share (9 or 10)",
    ]  # fmt: skip
    assert table["verdict"].tolist() == ["risen"] * 3
    assert table.loc["Overall satisfaction, mean (1 to 10)", "now"] == "8.50 (8.39 to 8.61)"
    assert table.loc["Top-two-box share (9 or 10)", "change"].startswith("+50.0 points (+")
    assert score_findings(made)[1].text.render() == (
        "Of those who answered, overall satisfaction is 8.50 of 10 on average (interval 8.39 to 8.61); "
        "6.50 in the period before: a change beyond noise (interval 1.84 to 2.16)."
    )
    assert (
        scores_exhibit(made)
        .title.render()
        .startswith("Beyond noise since the period before: Net promoter score (−100 to 100) risen,")
    )


def test_too_few_before_are_no_period_before():
    made = scores(period([9, 8] * 40), period([7, 6] * 14, first=500))
    assert [score.change for score in made] == [None] * 3
    assert set(cells(scores_exhibit(made))["then"]) == {"–"}
    assert scores_exhibit(made).title.render().endswith("there is no period before to compare with")
    assert score_findings(made)[0].compare_to is None


def test_a_change_must_hold_with_all_scores_read_at_once():
    random = np.random.default_rng(11)
    before, now = random.normal(7, 1, 60), random.normal(7, 1, 60)
    now = now - now.mean() + before.mean() + 2.2 * np.sqrt((before.var(ddof=1) + now.var(ddof=1)) / 60)
    (score,) = [made for made in scores(period(now), period(before, 500)) if made.measure is OVERALL]
    assert score.change.p < 0.05
    assert not score.is_beyond


def test_customers_who_answered_twice_make_a_change_clearer():
    lasting = np.tile([3.0, 5, 7, 9], 20)
    now, before = period(lasting + np.tile([0.4, 0.6], 40)), period(lasting)
    same, others = (scores(now, each)[1].change for each in (before, before.assign(customer_id=[f"D{n}" for n in range(80)])))
    assert same.error < others.error / 5


@pytest.mark.parametrize(("a_month", "step", "shown"), [(200, "by month", 24), (199, "by quarter", 8)])
def test_months_where_they_have_answers_else_quarters(a_month, step, shown):
    days = np.repeat(pd.date_range("2023-01-15", "2025-07-15", freq="31D"), a_month)
    surveys = period(np.tile([7, 8], len(days))[: len(days)]).assign(answered_date=days)
    exhibit = trend_exhibit(surveys, AS_OF)
    assert (step in exhibit.subtitle.render(), len(exhibit.frame)) == (True, shown)
    assert exhibit.frame["x"].max() == pd.Timestamp(AS_OF)


def test_a_trends_title_says_which_way():
    days = np.repeat(pd.to_datetime(["2025-01-15", "2025-05-15"]), 40)
    surveys = period(np.repeat([9.0, 6.0], 40) + np.tile([0, 0.5], 40)).assign(answered_date=days)
    assert "a fall from 9.25 to 6.25, beyond noise" in trend_exhibit(surveys, AS_OF).title.render()
    assert "a fall from 100 to −100 points" in trend_exhibit(surveys, AS_OF, PROMOTERS).title.render()


def test_ease_where_it_was_asked():
    recent = period([8.0] * 60, effort=[7.0, 6, 5, 2] * 15, channel=["app", "sms"] * 30)
    mean, easy = effort_findings(scores(recent, recent.head(0)))
    assert (mean.value, easy.value, mean.base) == (5.0, 0.5, 60)
    frame = effort_exhibit(recent, {}).frame
    assert dict(zip(frame["label"].map(str), frame["value"], strict=True)) == {"Mobile app": 6.0, "Text message": 4.0}
    bare = recent.drop(columns="effort")
    assert effort_findings(scores(bare, bare.head(0))) == []
    assert effort_exhibit(bare, {}).absent.render() == effort_trend_exhibit(bare, bare, AS_OF).absent.render()


def test_the_channel_is_one_more_way_and_follows_the_response():
    recent = period([9.0] * 20 + [5.0, 6.0] * 10, channel=["app"] * 20 + ["fax"] * 20)
    exhibit = top_groups_exhibit(recent, {say("Half"): pd.Series({f"C{n}": "first" for n in range(20)})})
    assert exhibit.frame[["group", "label", "value"]].map(str).to_numpy().tolist() == [
        ["Half", "first", "1.0"], ["Channel of the survey", "Mobile app", "1.0"], ["Channel of the survey", "fax", "0.0"],
    ]  # fmt: skip
    assert "100.0% against 50.0%" in exhibit.title.render()
    assert promoters_exhibit(recent, {}, True).reference == 0
