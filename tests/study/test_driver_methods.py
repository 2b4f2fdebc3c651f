import numpy as np
import pandas as pd
import pytest

from analysis.report import charts, tables
from analysis.stats.importance import Contributions, Importance
from analysis.study.driver_methods import agreement, agreement_exhibit, agreement_findings
from analysis.study.drivers import Drivers, driver_findings, drivers, drivers_exhibit
from analysis.study.survey import Questionnaire
from analysis.wording import say

ITEMS = ("waiting", "staff", "app")
LABELS = {name: say(name) for name in ITEMS}
ASKED = Questionnaire(LABELS, {}, frozenset())


def importance(lmg, johnson, spread=0.005, rows=400):
    """As if each of 200 bootstrap samples strayed by `spread` from these parts of R²."""
    random = np.random.default_rng(1)

    def drawn(parts):
        return np.array(parts) + spread * random.standard_normal((200, len(parts)))

    whole = Contributions(*(np.array([part], dtype=float) for part in (lmg, johnson, (7.0, 7.0, 7.0))))
    return Importance(list(ITEMS), whole, Contributions(drawn(lmg), drawn(johnson), drawn((7.0, 7.0, 7.0))), rows, float(rows))


def found(*parts, **more):
    return Drivers(importance(*parts, **more), 500)


@pytest.fixture(scope="module")
def surveyed(simulate_survey):
    surveys, answers = simulate_survey()
    wide = answers.pivot(index="response_id", columns="item", values="value")
    return wide, surveys


def test_both_rankings_stand_in_one_exhibit(surveyed):
    made = drivers(*surveyed, ASKED, 100, 1)
    exhibit = drivers_exhibit(made, LABELS)
    frame = exhibit.frame
    assert [str(label) for label in frame["label"]] == ["waiting", "staff", "app"] * 2
    assert frame["group"].nunique() == 2
    assert frame.groupby(frame["group"].map(str))["value"].sum().tolist() == pytest.approx([1, 1])
    assert exhibit.title.render().startswith("waiting goes most with overall satisfaction by both methods:")
    assert charts.intervals(exhibit).kind == "figure"


def test_methods_in_one_order_are_said_to_agree(surveyed):
    agreed = agreement(drivers(*surveyed, ASKED, 100, 1))
    (finding,) = agreement_findings(agreed)
    assert (finding.id, finding.value) == ("drivers.turned", 0)
    assert "all 3 pairs of attributes in the same order" in finding.text.render()
    exhibit = agreement_exhibit(agreed, LABELS)
    assert exhibit.title.render() == "Both methods put all attributes in the same order"
    assert tables.table(exhibit).kind == "table"


def test_a_pair_in_opposite_order_is_told_with_whether_it_is_beyond_noise():
    agreed = agreement(found((0.30, 0.20, 0.10), (0.30, 0.10, 0.20)))
    assert (agreed.turned, agreed.beyond) == ([("staff", "app")], [("staff", "app")])
    assert agreed.table["johnson_rank"].tolist() == [1, 3, 2]
    title = agreement_exhibit(agreed, LABELS).title.render()
    assert title == "The methods disagree beyond noise: staff lies before app by Shapley, after it by Johnson"
    assert "1 of 3, told apart by both: 1" in agreement_findings(agreed)[0].text.render()
    verdicts = [str(verdict) for verdict in agreement_exhibit(agreed, LABELS).frame["verdict"]]
    assert verdicts == ["agree within noise", "differ beyond noise", "differ beyond noise"]


def test_an_opposite_order_within_noise_is_not_called_a_disagreement():
    agreed = agreement(found((0.30, 0.151, 0.149), (0.30, 0.149, 0.151), spread=0.02))
    assert (agreed.turned, agreed.beyond) == ([("staff", "app")], [])
    assert "none of them told apart by both" in agreement_exhibit(agreed, LABELS).title.render()


def test_an_order_that_one_method_alone_tells_apart_is_not_called_a_disagreement():
    agreed = agreement(found((0.30, 0.20, 0.10), (0.30, 0.149, 0.151), spread=0.02))
    assert (agreed.turned, agreed.beyond) == ([("staff", "app")], [])


def test_a_lead_is_called_one_only_beyond_noise_of_all_others():
    assert found((0.3, 0.2, 0.1), (0.3, 0.2, 0.1)).leads
    close = found((0.22, 0.2, 0.1), (0.22, 0.2, 0.1), spread=0.03)
    assert not close.leads
    assert "its lead may be chance" in drivers_exhibit(close, LABELS).title.render()
    assert "its lead over staff may be chance" in driver_findings(close, LABELS)[0].text.render()
    assert drivers_exhibit(found((0.3, 0.2, 0.1), (0.2, 0.3, 0.1)), LABELS).title.render() == (
        "The two methods disagree on the first: waiting or staff"
    )


def test_where_nothing_is_explained_nothing_is_shared_out(surveyed):
    wide, surveys = surveyed
    by_lot = surveys.assign(overall=np.random.default_rng(4).permutation(surveys["overall"]))
    made = drivers(wide, by_lot, ASKED, 100, 1)
    assert made.explained.low == 0
    (only,) = driver_findings(made, LABELS)
    assert (only.id, "not" in only.text.render()) == ("drivers.r_squared", True)
    assert agreement(made) is None
    assert agreement_findings(None) == []
    assert "nothing to share out" in drivers_exhibit(made, LABELS).absent.render()
    assert agreement_exhibit(None, LABELS).absent is not None


def test_weights_follow_their_answers(surveyed):
    wide, surveys = surveyed
    half = surveys["response_id"].to_numpy()[::2]
    weights = pd.Series(1.0, surveys["response_id"]).where(surveys["response_id"].isin(half).to_numpy(), 1e-9)
    weighted = drivers(wide, surveys, ASKED, 20, 1, weights.sample(frac=1, random_state=1))
    alone = drivers(wide.loc[half], surveys[surveys["response_id"].isin(half)], ASKED, 20, 1)
    assert weighted.shares["share"].tolist() == pytest.approx(alone.shares["share"].tolist(), abs=1e-6)
