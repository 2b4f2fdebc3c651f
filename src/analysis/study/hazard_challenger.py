"""Which model is published: the logistic one, unless another is better beyond doubt at later landmarks."""

import datetime as dt
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace

import numpy as np
import pandas as pd
from scipy.special import expit, logit

from analysis.stats.comparison import auc_difference
from analysis.stats.importance import linear_contributions
from analysis.stats.intervals import simultaneous
from analysis.stats.logistic import LogisticFit, fit_logistic
from analysis.stats.prediction import auc
from analysis.study.boosted import BoostedFit, boosted
from analysis.study.churn import MAIN_RULE, ChurnRule, matured
from analysis.study.hazard import HazardFit, fit_hazard
from analysis.study.hazard_panel import leavings, person_months
from analysis.study.warning_model import (
    EVENTS_PER_TERM,
    MOST_VALIDATIONS,
    WarningModel,
    _fitted,
    _leavers,
    panel,
    sampled,
    warning_model,
)
from analysis.study.warning_quality import loss_difference
from analysis.wording import Message, say

RECENCY, LOGISTIC, HAZARD, AVERAGED, BOOSTING = "recency", "logistic", "hazard", "averaged", "boosting"
CANDIDATES: dict[str, Message] = {
    RECENCY: say("Days since the last transaction alone"),
    LOGISTIC: say("Logistic model"),
    HAZARD: say("Hazard by month, with curves"),
    AVERAGED: say("Logistic model and trees, averaged"),
    BOOSTING: say("Gradient-boosted trees"),
}
BY_SIMPLICITY = (LOGISTIC, HAZARD, AVERAGED, BOOSTING)
MOST_FITTED = 50_000

Scored = Callable[[pd.DataFrame], np.ndarray]


@dataclass(frozen=True)
class AveragedFit:
    """Log odds halfway between those of the logistic model and of the trees: where each errs on its own, the mean errs less. It is
    a sum of the terms' parts as both are."""

    logistic: LogisticFit
    trees: BoostedFit

    @property
    def coefficients(self) -> pd.Series:
        """By term, the mean of the logistic's coefficient and the slope of the trees' part."""
        return self.trees.coefficients.add(self._betas, fill_value=0.0)[self.trees.terms] / 2

    def predict(self, rows: pd.DataFrame) -> pd.Series:
        """Probability to leave within the horizon."""
        log_odds = (self.logistic.linear_predictor(rows) + logit(self.trees.predict(rows))) / 2
        return pd.Series(expit(log_odds), index=rows.index, name="probability")

    def contributions(self, rows: pd.DataFrame) -> pd.DataFrame:
        """Each term's part in a row's log odds against the average over the rows of the fit: exact, the mean of both models' parts."""
        design = self.logistic.design
        lines = linear_contributions(rows[design.columns], self._betas, design.mean())
        return self.trees.contributions(rows).add(lines, fill_value=0.0)[self.trees.terms] / 2

    @property
    def _betas(self) -> pd.Series:
        return self.logistic.coefficients[self.logistic.design.columns]


@dataclass(frozen=True)
class Compared:
    """`predictions` for later landmarks by models that saw only outcomes known by then: landmark, customer_id, outcome,
    seen_days and a probability a candidate; `differences` of each candidate to the logistic model: candidate, measure (log_loss,
    brier, auc; positive is better), value, low, high (95 %); `chosen`, which is published; `hazard`, `trees` and `averaged`, fitted
    on all landmarks."""

    predictions: pd.DataFrame
    differences: pd.DataFrame
    chosen: str
    hazard: HazardFit | None
    trees: BoostedFit
    averaged: AveragedFit | None


def compared(history: dict[dt.date, pd.DataFrame], as_of: dt.date, rule: ChurnRule, outcome: str = MAIN_RULE) -> Compared | None:
    """None where no later landmark has matured at which all could be judged."""
    history = sampled(history, MOST_FITTED)
    days = matured(list(history), as_of, rule)
    if not days:
        return None
    whole, months = panel(history, days, rule, outcome), person_months(history, days, rule, outcome)
    parts = []
    for day in days[-MOST_VALIDATIONS:]:
        known, judged = whole["landmark"] <= rule.before(day), whole[whole["landmark"] == day]
        made = _candidates(whole[known], months[months["landmark"] <= rule.before(day)], rule.horizon_months)
        if made and 0 < judged["outcome"].sum() < len(judged):
            scores = {name: np.asarray(score(judged), dtype=float) for name, score in made.items()}
            seen = leavings(history, day, rule, outcome)[["customer_id", "seen_days"]]
            parts.append(judged[["landmark", "customer_id", "outcome"]].assign(**scores).merge(seen, on="customer_id"))
    if not parts:
        return None
    predictions = _complete(parts)
    differences = paired_differences(predictions)
    hazard, logistic, trees = fit_hazard(months, rule.horizon_months), _fitted(whole), boosted(whole)
    averaged = logistic and AveragedFit(logistic, trees)
    return Compared(predictions, differences, chosen_of(differences), hazard, trees, averaged)


def shown_model(
    history: dict[dt.date, pd.DataFrame], as_of: dt.date, rule: ChurnRule, outcome: str = MAIN_RULE
) -> tuple[WarningModel, Compared | None]:
    """The model that is published, and the comparison that chose it."""
    found = compared(history, as_of, rule, outcome)
    return published(warning_model(history, as_of, rule, outcome), found), found


def published(model: WarningModel, found: Compared | None) -> WarningModel:
    """The model with the scores, reasons and predictions of the candidate that is shown; odds ratios and effects stay the
    logistic's."""
    scorers = {HAZARD: found.hazard, AVERAGED: found.averaged, BOOSTING: found.trees} if found else {}
    scorer = scorers.get(found.chosen if found else LOGISTIC)
    if scorer is None or model.fit is None:
        return model
    made = found.predictions.rename(columns={found.chosen: "probability"})[["landmark", "customer_id", "outcome", "probability"]]
    by_landmark = [
        {"landmark": day, **auc(part["probability"], part["outcome"])._asdict()} for day, part in made.groupby("landmark")
    ]
    return replace(model, validation=made, by_landmark=pd.DataFrame(by_landmark), scorer=scorer)


def paired_differences(predictions: pd.DataFrame) -> pd.DataFrame:
    """Of each candidate's predictions and the logistic model's, on the same rows, robust to customers who recur."""
    rows, made = [], predictions
    outcome, customer = made["outcome"], made["customer_id"]
    for name in (name for name in CANDIDATES if name in made and name != LOGISTIC):
        found = {
            measure: loss_difference(made[LOGISTIC], made[name], outcome, customer, measure) for measure in ("log_loss", "brier")
        }
        found["auc"] = auc_difference(made[name], made[LOGISTIC], outcome, customer)
        rows += [{"candidate": name, "measure": measure, **estimate._asdict()} for measure, estimate in found.items()]
    return pd.DataFrame(rows, columns=["candidate", "measure", "value", "low", "high", "base"])


def chosen_of(differences: pd.DataFrame) -> str:
    """The logistic model, or the simplest that is better beyond doubt: in log loss, the pre-declared measure, and not worse beyond
    doubt in Brier's score or AUC; intervals of all candidates at once (Bonferroni)."""
    rivals = differences[differences["candidate"].isin(BY_SIMPLICITY)]
    if rivals.empty:
        return LOGISTIC
    at_once = pd.concat([simultaneous(part) for _, part in rivals.groupby("measure")])
    by = at_once.set_index(["candidate", "measure"])
    for name in BY_SIMPLICITY[1:]:
        if name in by.index.get_level_values(0):
            others = by.loc[[(name, "brier"), (name, "auc")], "high"]
            if by.loc[(name, "log_loss"), "low"] > 0 and (others > 0).all():
                return name
    return LOGISTIC


def _candidates(rows: pd.DataFrame, months: pd.DataFrame, horizon: int) -> Mapping[str, Scored]:
    """What each candidate, fitted on these rows, gives for others; empty without the logistic model."""
    logistic = _fitted(rows)
    if logistic is None:
        return {}
    made: dict[str, Scored] = {LOGISTIC: logistic.predict}
    if "days_silent" in rows and rows["days_silent"].nunique() > 1 and _leavers(rows) >= EVENTS_PER_TERM:
        alone = fit_logistic(rows[["days_silent"]], rows["outcome"], clusters=rows["customer_id"])
        made[RECENCY] = alone.predict
    if (hazard := fit_hazard(months, horizon)) is not None:
        made[HAZARD] = hazard.predict
    trees = boosted(rows)
    return {**made, AVERAGED: AveragedFit(logistic, trees).predict, BOOSTING: trees.predict}


def _complete(parts: list[pd.DataFrame]) -> pd.DataFrame:
    """The predictions of all landmarks, of the candidates that could be fitted for each."""
    names = [name for name in CANDIDATES if all(name in part for part in parts)]
    return pd.concat([part[["landmark", "customer_id", "outcome", "seen_days", *names]] for part in parts], ignore_index=True)
