"""What somebody in a hurry would report: the estimates that the studies are there to better. Each says why it is naive."""

import datetime as dt
from collections.abc import Mapping
from typing import NamedTuple

import pandas as pd

from analysis.stats.prediction import auc
from analysis.study.churn import ChurnRule, matured
from analysis.study.satisfaction_measures import PROMOTERS
from analysis.study.survey import TOP_BOX_FROM, Questionnaire, answers_by_item, driver_frame, is_dated
from analysis.study.warning_model import WarningModel, panel

ALL_ANSWERS = "all answers of the window, unweighted, repeats counted"
ALONE = "squared correlation with overall satisfaction, made to add up to 1"
CLOSINGS = "all customers closed in the horizon ÷ all on the books at its start"
IN_SAMPLE = "AUC on the rows the model was fitted on"
SIMULATED = "the naive comparison, as the simulator keeps it"


class Naive(NamedTuple):
    """A naive estimate and what it is."""

    value: float
    meaning: str


def window_answers(surveys: pd.DataFrame, as_of: dt.date, months: int) -> pd.DataFrame:
    """Every response of the `months` up to `as_of`. Naive: who answers often weighs more, and who is dissatisfied and silent
    not at all."""
    if not is_dated(surveys):
        return surveys
    end = pd.Timestamp(as_of) + pd.Timedelta(days=1)
    day = pd.to_datetime(surveys["answered_date"])
    return surveys[(day >= end - pd.DateOffset(months=months)) & (day < end)]


def naive_scores(every: pd.DataFrame) -> dict[str, Naive]:
    """NPS, mean and top-two-box share of `every` response. Naive: answers are taken for customers."""
    overall = every["overall"].dropna().astype(float)
    scores = {"nps": PROMOTERS.estimate(every).value}
    if len(overall):
        scores |= {"overall_mean": overall.mean(), "top_two_box": (overall >= TOP_BOX_FROM).mean()}
    return {name: Naive(float(value), ALL_ANSWERS) for name, value in scores.items() if value is not None}


def naive_drivers(answers: pd.DataFrame, every: pd.DataFrame, asked: Questionnaire) -> dict[str, Naive]:
    """Each item's squared correlation with the overall mark ÷ their sum. Naive: items go together, so that each is credited with
    what its neighbours explain."""
    x = driver_frame(answers_by_item(answers, every), asked)
    y = every.set_index("response_id")["overall"].astype(float).reindex(x.index).dropna()
    squared = (x.loc[y.index].corrwith(y) ** 2).fillna(0)
    total = squared.sum()
    return {f"driver.{item}": Naive(float(value / total), ALONE) for item, value in squared.items()} if total else {}


def naive_churn(history: Mapping[dt.date, pd.DataFrame], as_of: dt.date, rule: ChurnRule) -> dict[str, Naive]:
    """Customers closed in the latest horizon ÷ customers on the books at its start, for the rates of any rule and of closing.
    Naive: who has long been silent is counted as a customer, who dies as a leaver, and who leaves without closing as a
    stayer."""
    days = matured(list(history), as_of, rule)
    if not days:
        return {}
    before, after = history[days[-1]], history[rule.end(days[-1])].set_index("customer_id")
    on_books = before.loc[before["closed_date"].isna(), "customer_id"]
    if on_books.empty:
        return {}
    share = after["closed_date"].reindex(on_books).notna().mean()
    return {f"churn_rate.{name}": Naive(float(share), CLOSINGS) for name in ("any", "closed")}


def naive_auc(model: WarningModel, history: Mapping[dt.date, pd.DataFrame], as_of: dt.date, rule: ChurnRule) -> dict[str, Naive]:
    """AUC on the rows that the model learnt from. Naive: it has seen their outcomes, and no time has passed."""
    if model.fit is None:
        return {}
    rows = panel(dict(history), matured(list(history), as_of, rule), rule)
    return {"auc": Naive(auc(model.fit.predict(rows), rows["outcome"]).value, IN_SAMPLE)}
