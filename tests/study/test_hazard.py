import datetime as dt
from dataclasses import replace

import numpy as np
import pandas as pd
import pytest
from scipy.special import logit

from analysis.study.churn import ChurnRule, at_risk, matured, outcomes
from analysis.study.hazard import baseline, fit_hazard
from analysis.study.hazard_challenger import AVERAGED, BOOSTING, HAZARD, LOGISTIC, RECENCY, chosen_of, compared, published
from analysis.study.hazard_exhibits import quality, quality_exhibit, quality_findings
from analysis.study.hazard_panel import calendar_quarter, leavings, person_months
from analysis.study.warning_model import design, reason_codes, reason_words, warning_model

RULE = ChurnRule()
AS_OF = dt.date(2025, 6, 30)
DAY = dt.date(2024, 6, 30)


@pytest.fixture(scope="module")
def history(simulate_history):
    return simulate_history(900)


@pytest.fixture(scope="module")
def months(history):
    return person_months(history, matured(list(history), AS_OF, RULE), RULE)


@pytest.fixture(scope="module")
def model(months):
    return fit_hazard(months, RULE.horizon_months)


def test_a_leaving_begins_and_is_seen_when_its_rule_says(customers):
    before = customers(closing={}, silent={}, drained={}, stays={})
    after = customers(
        closing={"closed_date": dt.datetime(2024, 9, 1)}, silent={"recency_days": 182.0}, drained={"assets_3m": 1.0}, stays={}
    )
    middle = customers(closing={}, silent={}, drained={"assets_3m": 1.0}, stays={})
    history = {DAY: before, dt.date(2024, 9, 30): middle, dt.date(2024, 12, 31): after}
    found = leavings(history, DAY, RULE).set_index("customer_id")
    assert found["began"].to_dict() == {"closing": 3, "silent": 1, "drained": 3, "stays": 6}
    assert found["seen_days"].dropna().to_dict() == {"closing": 63, "silent": 182, "drained": 92}


def test_rows_end_with_the_month_of_leaving(history):
    rows = person_months(history, [DAY], RULE)
    found = leavings(history, DAY, RULE).set_index("customer_id")
    last = rows.groupby("customer_id").agg(months=("month", "max"), rows=("month", "size"), left=("outcome", "sum"))
    assert last["months"].eq(found["began"]).all()
    assert last["rows"].eq(last["months"]).all()
    expected = outcomes(history[DAY], history[RULE.end(DAY)], RULE).set_index("customer_id")["any"]
    assert last["left"].eq(expected.astype(float)).all()


def test_the_quarter_is_that_of_the_month_after_the_landmark():
    assert calendar_quarter(pd.Series([dt.date(2024, 12, 31), dt.date(2024, 9, 30)]), 3).tolist() == [1, 4]


def test_probability_is_one_less_the_chance_to_stay_every_month(model, months):
    rows = months.drop_duplicates(["customer_id", "landmark"])
    stays = np.prod(1 - model.hazards(rows), axis=1)
    assert model.predict(rows).to_numpy() == pytest.approx(1 - stays)
    left = months.groupby(["customer_id", "landmark"])["outcome"].sum()
    assert model.predict(rows).mean() == pytest.approx(left.mean(), rel=0.03)


def test_contributions_add_up_to_the_log_odds_of_any_month(model, months):
    rows = months.drop_duplicates("customer_id").head(50)
    hazard = model.hazards(rows)[:, 2]
    gap = np.log(hazard / (1 - hazard)) - model.contributions(rows).sum(axis=1).to_numpy()
    assert np.ptp(gap) == pytest.approx(0, abs=1e-9)


def test_a_curve_is_kept_where_it_was_planted_and_not_elsewhere():
    random, size = np.random.default_rng(4), 12_000
    tenure, assets = random.normal(6, 1, size), random.normal(14, 1, size)
    hazard = 1 / (1 + np.exp(3.2 - 1.2 * np.abs(tenure - 6) - 0.4 * (assets - 14)))
    rows = pd.DataFrame({"tenure": tenure, "assets": assets, "outcome": (random.random(size) < hazard).astype(float)})
    rows = rows.assign(customer_id=range(size), month=1 + np.arange(size) % 3, quarter=1 + np.arange(size) % 4)
    found = fit_hazard(rows, 3)
    assert found.tested.set_index("term")["is_kept"].to_dict() == {"assets": False, "tenure": True, "season": False}
    assert list(found.knots) == ["tenure"]
    table = baseline(found)
    assert (table["low"] < table["value"]).all()
    assert (table["value"] < table["high"]).all()


@pytest.fixture(scope="module")
def found(history):
    return compared(history, AS_OF, RULE)


def test_the_shown_models_scores_and_reasons_go_together(history, found):
    """In this bank who has begun to be silent is as good as gone: a bend in the silence is better beyond doubt."""
    assert {RECENCY, LOGISTIC, AVERAGED, BOOSTING, HAZARD} <= set(found.predictions)
    assert found.predictions["landmark"].nunique() == 3
    assert found.chosen == HAZARD
    assert "days_silent" in found.hazard.knots
    model = published(warning_model(history, AS_OF, RULE), found)
    assert model.validation["probability"].tolist() == found.predictions[HAZARD].tolist()
    codes = reason_codes(model.scoring, at_risk(history[AS_OF], RULE))
    by_sum = codes[found.hazard.terms].sum(axis=1).rank(method="first")
    assert by_sum.corr(codes["score"].rank(method="first")) == pytest.approx(1, abs=1e-3)
    assert reason_words(model.scoring, "products").render() == "Few products"


def test_the_lead_stands_in_the_table_to_which_its_finding_points(found):
    judged = quality(found, 100)
    lead = next(one for one in quality_findings(found, judged) if one.id == "lead_days")
    row = quality_exhibit(judged).frame.iloc[-1]
    assert (lead.exhibit, row["measure"], row["base"]) == ("quality", "lead", lead.base)
    assert str(row["value"]) == f"{lead.value:.0f}"
    few = quality_exhibit(judged._replace(lead=judged.lead._replace(base=9)))
    assert "lead" not in set(few.frame["measure"])


def test_the_averages_reasons_add_up_and_it_lies_halfway(history, found):
    model = published(warning_model(history, AS_OF, RULE), replace(found, chosen=AVERAGED))
    people = at_risk(history[AS_OF], RULE)
    codes, rows = reason_codes(model.scoring, people), design(people)
    log_odds = logit(codes["score"].to_numpy())
    both = [logit(fit.predict(rows)).to_numpy() for fit in (found.averaged.logistic, found.trees)]
    assert log_odds == pytest.approx(np.mean(both, axis=0))
    gap = log_odds - codes[list(model.scoring.coefficients.index)].sum(axis=1).to_numpy()
    assert np.ptp(gap) == pytest.approx(0, abs=1e-9)


@pytest.mark.parametrize(
    ("low", "brier", "area", "chosen"),
    [(0.03, 0.2, 0.02, BOOSTING), (-0.01, 0.2, 0.02, LOGISTIC), (0.03, -0.1, 0.02, LOGISTIC), (0.03, 0.2, -0.01, LOGISTIC)],
)
def test_another_is_chosen_only_beyond_doubt_and_where_no_measure_speaks_against_it(low, brier, area, chosen):
    rows = [(BOOSTING, "log_loss", 0.1, low, 0.2), (BOOSTING, "brier", -0.2, -0.3, brier), (BOOSTING, "auc", -0.02, -0.03, area)]
    assert chosen_of(pd.DataFrame(rows, columns=["candidate", "measure", "value", "low", "high"])) == chosen


def test_the_more_rivals_the_more_is_asked():
    one = [(BOOSTING, name, 0.10, 0.01, 0.19) for name in ("log_loss", "brier", "auc")]
    two = [*one, *[(HAZARD, name, 0.0, -0.1, 0.1) for name in ("log_loss", "brier", "auc")]]
    columns = ["candidate", "measure", "value", "low", "high"]
    assert [chosen_of(pd.DataFrame(rows, columns=columns)) for rows in (one, two)] == [BOOSTING, LOGISTIC]
