import dataclasses
import datetime as dt

import numpy as np
import pandas as pd
import pytest

from analysis.errors import NotProduced, UserError
from analysis.finding import Exhibit
from analysis.study.attribution import Recorded, churn_attribution
from analysis.study.churn import ChurnRule
from analysis.study.churn_model import churn_model
from analysis.study.churn_rates import by_rule_exhibit, rate_findings
from analysis.study.model_exhibits import within_noise
from analysis.study.model_findings import model_findings
from analysis.study.reasons import first_reasons
from analysis.study.warning_model import warning_model
from analysis.wording import say

RULE = ChurnRule()
AS_OF = dt.date(2025, 6, 30)
EDGES = {"affluent": 100000.0, "private_banking": 300000.0}


@pytest.fixture(scope="module")
def history(simulate_history):
    return simulate_history(2000)


@pytest.fixture(scope="module")
def report(history):
    return churn_attribution(history, AS_OF, EDGES, RULE, Recorded())


@pytest.fixture(scope="module")
def model_report(simulate_history):
    return churn_model(simulate_history(1000), AS_OF, RULE, 100)


def exhibits(report):
    made = {field.name: getattr(report, field.name) for field in dataclasses.fields(report)}
    return {name: exhibit for name, exhibit in made.items() if isinstance(exhibit, Exhibit)}


def test_the_report_tells_rates_and_their_change_and_what_it_lacks(report):
    by_id = {found.id: found for found in report.findings}
    assert list(by_id)[:4] == ["churn_rate.any", "churn_rate.closed", "churn_rate.dormant", "churn_rate.run_off"]
    parts = sum(by_id[f"churn_rate.{name}"].value for name in ("closed", "dormant", "run_off"))
    assert by_id["churn_rate.any"].value == pytest.approx(parts)
    assert by_id["change.total"].value == pytest.approx(by_id["change.mix"].value + by_id["change.rate"].value, abs=1e-9)
    told = [name for name, exhibit in exhibits(report).items() if exhibit.absent is None]
    assert told == ["by_rule", "change_waterfall", "change_groups"]
    assert "cause_joint" not in by_id


def test_an_unknown_grouping_is_a_sentence(history):
    with pytest.raises(UserError, match="grouping is 'age'; it must be one of tenure, products, kind, tier"):
        churn_attribution(history, AS_OF, EDGES, RULE, Recorded(), "age")


def test_the_model_report_tells_model_and_reasons(model_report):
    by_id = {found.id: found for found in model_report.findings}
    assert by_id["auc"].low > 0.5
    assert sum(name.startswith("ame.") for name in by_id) == sum(name.startswith("reason.") for name in by_id) == 1
    assert by_id["lift.top_tenth"].low > 1
    assert [name for name, exhibit in exhibits(model_report).items() if exhibit.absent is not None] == []


def test_the_largest_effect_has_the_wider_interval_of_one_picked(history):
    model = warning_model(history, AS_OF, RULE)
    (found,) = [one for one in model_findings(model, {}) if one.id.startswith("ame.")]
    alone = model.fit.average_marginal_effects().set_index("term").loc[found.id.removeprefix("ame.")]
    assert found.low < alone["low"] < alone["high"] < found.high
    assert "the largest of" in found.text.render()


def outcome(left, stay):
    closed = [True] * left + [False] * stay
    return pd.DataFrame({"closed": closed, "dormant": False, "run_off": False, "involuntary": False, "any": closed})


def test_a_change_is_told_with_its_interval_and_direction():
    days = [dt.date(2024, 6, 30), dt.date(2024, 12, 31)]
    worse, *_ = rate_findings({days[0]: outcome(50, 950), days[1]: outcome(90, 910)}, {}, RULE)
    assert worse.text.render() == (
        "9.0% of the customers of 31 December 2024 left within 6 months (interval 7.4% to 10.9%); "
        "worse, at +4.0 points on the period before (interval +1.8 to +6.3)."
    )
    assert worse.compare_to == 0.05
    same, *_ = rate_findings({days[0]: outcome(50, 950), days[1]: outcome(52, 948)}, {}, RULE)
    assert "+0.2 points on the 6 months before, too small to tell from noise" in same.text.render()


def test_the_rules_values_stand_beneath_the_title():
    words = by_rule_exhibit(outcome(50, 950), {}, ChurnRule(6, 90, 0.75), AS_OF).subtitle.render()
    assert (
        "(6 months or more with the bank, silent for fewer than 90 days, assets of 100 or more in the bank's currency)" in words
    )
    assert "Dormant: no transaction for 90 days; run-off: average assets down by 75.0% or more" in words
    without = by_rule_exhibit(outcome(50, 950), {"run_off": say("no balances")}, RULE, AS_OF).subtitle.render()
    assert "assets of 100" not in without


def test_rules_without_any_rate_are_a_sentence_and_no_empty_axis():
    exhibit = by_rule_exhibit(outcome(9, 200), {"dormant": say("no silences"), "run_off": say("no balances")}, RULE, AS_OF)
    assert exhibit.frame is None
    assert exhibit.absent.render().startswith("Fewer than 10 of 209 customers of 30 June 2025 left within 6 months")
    assert "Dormant: no transaction for 180 days; run-off: average assets down by 80.0%" in exhibit.absent.render()


def ratios(**limits):
    rows = [(term, value, value / factor, value * factor) for term, (value, factor) in limits.items()]
    return pd.DataFrame(rows, columns=["term", "value", "low", "high"])


def test_attributes_are_within_noise_with_all_compared_at_once():
    """Bonferroni of 12: the half-width grows by 2.8653 / 1.9600 = 1.462, on the log scale of an odds ratio."""
    table = ratios(apart=(2.0, 2.0**0.66), near=(0.5, 2.0**0.70), **{f"none{number}": (1.0, 1.1) for number in range(10)})
    assert np.log(table["high"].iloc[1]) < 0
    assert within_noise(table.assign(**np.log(table[["value", "low", "high"]]))).tolist() == [False] + [True] * 11


def test_the_title_of_the_odds_counts_what_is_marked(model_report):
    report = model_report
    marked = report.odds.frame["is_noise"]
    apart, every = (~marked).sum(), len(marked)
    title = f"Attributes that go with leaving beyond noise, all compared at once: {apart} of {every}"
    assert report.odds.title.render() == title
    assert not report.effects.frame.set_index("term").loc["products", "is_noise"]


def test_few_leavers_are_too_few_to_tell():
    found = rate_findings({AS_OF: outcome(9, 200)}, {}, RULE)
    assert [one.value for one in found] == [None, None, 0.0, 0.0]
    assert found[0].text.render().startswith("Fewer than 10 of 209 customers")
    assert found[1].text.render() == "Closed: too few of 209 customers for a rate."


def test_what_cannot_be_known_is_said(history):
    silent = {
        day: frame.assign(closed_date=pd.NaT, exit_reason=None, recency_days=frame["recency_days"].clip(upper=29))
        for day, frame in history.items()
    }
    report = churn_attribution(silent, AS_OF, {}, RULE, Recorded())
    main = report.findings[0].text.render()
    assert "not counted: Closed (closings are not recorded)" in main
    assert "not counted: Dormant (nobody in the data is ever silent for 180 days)" in main
    notes = report.by_rule.frame.set_index("rule")["note"].map(lambda note: note and note.render())
    assert notes["closed"] == notes["involuntary"] == "closings are not recorded"


def test_without_enough_leavers_the_model_exhibits_give_their_reason(simulate_history):
    report = churn_model(simulate_history(300, seed=2, monthly_hazard=0.002), AS_OF, RULE, 100)
    assert "customers who left at all landmarks together" in exhibits(report)["odds"].absent.render()
    for name in ("effects", "validation", "calibration", "lift"):
        assert exhibits(report)[name].absent.render() == "There is no model, for the reason given above."
    assert exhibits(report)["reasons"].absent.render() == "Without a model there are no reason codes."
    assert "model.events" in [found.id for found in report.findings]


def test_data_that_begin_too_late_are_a_sentence(history):
    with pytest.raises(NotProduced, match="No landmark's horizon of 6 months has ended by 30 June 2025: the data begin too late"):
        churn_attribution({AS_OF: history[AS_OF]}, AS_OF, EDGES, RULE, Recorded())
    few = {day: frame.head(9) for day, frame in history.items()}
    with pytest.raises(NotProduced, match="Established, active customers on 31 December 2024: fewer than 10; needed: 30"):
        churn_attribution(few, AS_OF, EDGES, RULE, Recorded())


def test_data_that_show_nobody_leave_are_a_sentence(history):
    bare = {
        day: frame[["customer_id", "kind", "tenure_months", "closed_date", "exit_reason"]].assign(closed_date=pd.NaT)
        for day, frame in history.items()
    }
    with pytest.raises(NotProduced, match="The bank's data cannot tell who left: no closings are recorded"):
        churn_attribution(bare, AS_OF, EDGES, RULE, Recorded())


def scored(**first):
    codes = np.concatenate([[number] * count for number, count in enumerate(first.values())])
    parts = {term: (codes == number).astype(float) for number, term in enumerate(first)}
    top = pd.DataFrame(parts).assign(score=0.9)
    return pd.concat([top, *[top.assign(score=0.1)] * 9], ignore_index=True)


def test_reason_codes_of_few_customers_are_counted_together():
    table = first_reasons(scored(days_silent=50, assets=20, tenure=25, digital=5))
    assert dict(zip(table["term"], table["value"], strict=True)) == {"days_silent": 0.5, "tenure": 0.25, "other": 0.25}
    assert first_reasons(scored(days_silent=9, assets=8)).empty
