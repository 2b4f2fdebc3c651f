"""One mark more and a 9 or 10: planted effects in their order, what is published where the lines are not parallel, and too little data."""

import numpy as np
import pandas as pd
import pytest
from scipy.special import expit
from scipy.stats import norm

from analysis.stats.ordinal import fit_ordered
from analysis.study.satisfaction_odds import ALL_MARKS, TOP_ALONE, odds, odds_exhibit, odds_findings
from analysis.study.survey import Questionnaire
from analysis.wording import say

ITEMS = {name: say(name.capitalize()) for name in ("waiting", "staff", "fees", "app")}
ASKED = Questionnaire(items=ITEMS, constructs={}, outcome=frozenset({"overall"}))
SLOPES = np.array([1.0, 0.5, 0.0, 0.5])


def survey(seed: int = 2, size: int = 800, bend: float = 0.0) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Marks of four items and overall; from 9 on, `bend` is added to the slope of fees."""
    rng = np.random.default_rng(seed)
    marks = pd.DataFrame(np.clip(np.round(rng.normal(7.5, 1.5, (size, 4))), 1, 10), columns=list(ITEMS))
    centred = marks.to_numpy() - 7.5
    score = (centred @ SLOPES)[:, None] + np.array([6, 4, 2.5, 1, -1, -3])
    score[:, 4:] += bend * centred[:, [2]]
    chance = np.minimum.accumulate(expit(score), axis=1)
    overall = (rng.random((size, 1)) < chance).sum(axis=1) + 4.0
    marks.index = pd.Index([f"R{number}" for number in range(size)], name="response_id")
    recent = pd.DataFrame({"response_id": marks.index, "customer_id": marks.index, "overall": overall})
    return marks, recent


def test_planted_effects_come_in_their_order_and_none_is_none():
    wide, recent = survey()
    found = odds(wide, recent, ASKED)
    assert found.is_parallel
    assert list(found.effects["item"])[::3] == ["waiting", "fees"]
    chance = expit((wide.to_numpy() - 7.5) @ SLOPES - 1)
    truth = pd.Series((chance * (1 - chance)).mean() * SLOPES, index=list(ITEMS))
    effects = found.effects.set_index("item").loc[list(ITEMS)]
    assert ((effects["low"] <= truth) & (truth <= effects["high"])).all()
    assert (found.base, found.answered, found.top) == (800, 800, (recent["overall"] >= 9).sum())


def test_what_is_told_bears_its_numbers_and_no_word_of_cause():
    found = odds(*survey(), ASKED)
    first, *others, test = odds_findings(found, ITEMS)
    assert (first.id, first.unit, first.evidence, first.is_headline) == ("odds.waiting", "points", "adjusted", True)
    assert first.text.render().startswith("One mark more for Waiting goes with +")
    assert "within noise" in others[-1].text.render()
    assert others[-1].id == "odds.fees"
    assert (test.id, test.value) == ("odds.parallel_p", found.test.p)
    assert "compatible" in test.text.render()
    exhibit = odds_exhibit(found, ITEMS)
    assert "Waiting" in exhibit.title.render()
    assert len(exhibit.frame) == 4
    assert {"label", "value", "low", "high", "base"} <= set(exhibit.frame)


def test_intervals_hold_for_all_items_at_once():
    wide, recent = survey()
    found = odds(wide, recent, ASKED)
    top = pd.Series(recent["overall"].to_numpy() >= 9, index=wide.index) * 1.0
    plain = fit_ordered(wide, top).average_marginal_effects(1).set_index("term")
    four = found.alone.set_index("item")
    ratio = (four["high"] - four["low"]) / (plain["high"] - plain["low"])
    assert ratio.to_numpy() == pytest.approx(norm.ppf(1 - 0.025 / 4) / norm.ppf(0.975))


def test_where_the_lines_are_not_parallel_the_top_marks_alone_are_published_beside_all():
    found = odds(*survey(bend=1.5), ASKED)
    assert not found.is_parallel
    assert "fees" in found.differing
    assert found.effects is found.alone
    fees = [one.set_index("item").loc["fees"] for one in (found.alone, found.ordered)]
    assert fees[0]["low"] > fees[1]["high"] - 0.05
    findings = {finding.id: finding for finding in odds_findings(found, ITEMS)}
    assert findings["odds.fees"].value == fees[0]["value"]
    assert "Fees" in findings["odds.parallel_p"].text.render()
    exhibit = odds_exhibit(found, ITEMS)
    assert list(exhibit.frame["group"].drop_duplicates()) == [TOP_ALONE, ALL_MARKS]


def test_incomplete_answers_are_left_out_and_too_few_are_said():
    wide, recent = survey()
    holes = wide.mask(np.random.default_rng(0).random(wide.shape) < 0.05)
    found = odds(holes, recent, ASKED)
    assert found.base == len(holes.dropna()) < found.answered == 800
    assert odds(wide, recent.assign(overall=recent["overall"].clip(upper=8)), ASKED) is None
    assert odds(wide.head(60), recent.head(60), ASKED) is None
    separated = recent.assign(overall=np.where(wide["app"] > 7, 9.0, recent["overall"].clip(upper=8)))
    assert odds(wide, separated, ASKED) is None
    assert odds_exhibit(None, ITEMS).absent is not None
    assert odds_findings(None, ITEMS) == []
