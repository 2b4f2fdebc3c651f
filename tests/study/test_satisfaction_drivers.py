"""The report on what goes with satisfaction, as a whole: the planted driver leads, and what was not asked is said."""

import datetime as dt
from types import SimpleNamespace

import pandas as pd
import pytest

from analysis.errors import NotProduced
from analysis.finding import Exhibit
from analysis.study.satisfaction_drivers import Asked, _with_overlap, satisfaction_drivers
from analysis.study.survey import Questionnaire
from analysis.wording import say

AS_OF = dt.date(2025, 6, 30)
ASKED = Questionnaire({name: say(name) for name in ("waiting", "staff", "app")}, {}, frozenset())


def test_the_planted_driver_leads(simulate_survey):
    report = satisfaction_drivers(Asked(*simulate_survey()), ASKED, {}, AS_OF, replicates=100)
    found = {one.id: one for one in report.findings}
    assert report.findings[0].id == "driver.waiting"
    assert found["driver.waiting"].low > 0.5
    assert "may be chance" not in found["driver.waiting"].text.render()
    assert sum(one.value for name, one in found.items() if name.startswith("driver.")) == pytest.approx(1)
    assert max(
        (name for name in found if name.startswith("odds.") and name != "odds.parallel_p"), key=lambda n: found[n].value
    ) == ("odds.waiting")
    assert report.dose.absent is not None
    assert report.path.absent is not None


def test_what_the_survey_did_not_ask_is_absent_with_its_reason(simulate_survey):
    surveys, answers = simulate_survey(dated=False)
    report = satisfaction_drivers(Asked(surveys, answers.iloc[:0]), ASKED, {}, AS_OF, replicates=20)
    assert report.drivers.absent.render().startswith("Too few complete answers")
    assert report.items.absent.render() == "The survey has no items beside overall satisfaction."
    assert report.findings == []


def test_too_few_answers_are_a_sentence_that_gives_nobody_away(simulate_survey):
    surveys, answers = simulate_survey(29, dated=False)
    with pytest.raises(NotProduced, match="fewer than 10; needed: 30"):
        satisfaction_drivers(Asked(surveys.head(4), answers), ASKED, {}, AS_OF)


def test_a_first_driver_that_is_not_told_apart_from_the_outcome_is_said():
    exhibit = Exhibit("drivers", say("Title"), say("Shares"), pd.DataFrame({"value": [1.0]}))
    found = SimpleNamespace(shares=pd.DataFrame({"item": ["value", "image"]}))
    asked = Questionnaire({}, {name: (say(name), []) for name in ("value", "image", "satisfied")}, frozenset({"satisfied"}))

    def subtitle(high: float, first: str = "satisfied", second: str = "value") -> str:
        apart = pd.DataFrame({"first": ["value", first], "second": ["image", second], "high": [0.99, high]})
        return str(_with_overlap(exhibit, found, (apart, 250), asked).subtitle)

    assert subtitle(0.95).startswith("Shares; value and satisfied are not surely told apart")
    assert subtitle(0.89) == "Shares"
    assert subtitle(0.95, second="image") == "Shares"
    assert _with_overlap(exhibit, found, None, asked) is exhibit
