"""Who leaves more often: a logistic model that a manager can read, judged at later landmarks."""

import contextlib
import datetime as dt
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd

from analysis.stats.importance import linear_contributions
from analysis.stats.intervals import Estimate
from analysis.stats.logistic import LogisticFit, NotEstimable, fit_logistic
from analysis.stats.prediction import auc
from analysis.study.churn import MAIN_RULE, ChurnRule, matured, outcomes
from analysis.wording import Message, say

EVENTS_PER_TERM = 10
SMALLEST_SHARE = 0.005
MOST_VALIDATIONS = 3
LONG_WAIT_MINUTES = 15
FALLING = -0.2
MOST_HALVINGS = 3.0
MOST_CUSTOMERS = 200_000
TERMS = {
    "days_silent": say("30 more days since the last transaction"),
    "transactions": say("Twice as many transactions in 90 days"),
    "slowing": say("Transactions of 30 days below half their usual number"),
    "assets": say("Twice the assets"),
    "assets_falling": say("Assets fell by a fifth or more in three months"),
    "assets_lately": say("Assets of the latest month half the mean of three months"),
    "assets_year": say("Assets of three months half the year's mean"),
    "products": say("One more product"),
    "tenure": say("Twice the tenure"),
    "digital": say("10 points more of transactions digital"),
    "open_complaint": say("A complaint is open"),
    "complaint": say("A complaint within the year"),
    "long_wait": say("Waited 15 minutes or more on average"),
    "corporate": say("Corporate customer"),
}
REASONS = {
    "days_silent": (say("No transaction lately"), say("Transactions until lately")),
    "transactions": (say("Many transactions"), say("Few transactions")),
    "slowing": (say("Fewer transactions than usual"), say("Transactions as usual")),
    "assets": (say("Large assets"), say("Small assets")),
    "assets_falling": (say("Falling assets"), say("Steady assets")),
    "assets_lately": (say("Assets fell in the latest month"), say("No fall of assets in the latest month")),
    "assets_year": (say("Assets below the year's mean"), say("Assets above the year's mean")),
    "products": (say("Many products"), say("Few products")),
    "tenure": (say("Long with the bank"), say("Not long with the bank")),
    "digital": (say("Mostly digital"), say("Seldom digital")),
    "open_complaint": (say("An open complaint"), say("No open complaint")),
    "complaint": (say("A complaint within the year"), say("No complaint within the year")),
    "long_wait": (say("Long waits"), say("No long waits")),
    "corporate": (say("A company"), say("A person")),
}


@dataclass(frozen=True)
class WarningModel:
    """`fit` on all matured landmarks; `validation`, a row each prediction for a later landmark: landmark, customer_id,
    probability, outcome; `by_landmark` the AUC of each; `events`, the customers who left (each counted once, however many
    landmarks saw it leave), of whom `events_needed` are asked; `base`, the customers at a landmark. `scorer` gives the scores where
    that is another model than `fit` (see `hazard_challenger.published`)."""

    fit: LogisticFit | None
    validation: pd.DataFrame
    by_landmark: pd.DataFrame
    events: int
    events_needed: int
    base: int
    scorer: Any = None

    @property
    def scoring(self) -> Any:
        """What scores customers: for `reason_codes`; None without a model."""
        return self.scorer or self.fit


def design(features: pd.DataFrame) -> pd.DataFrame:
    """Feature rows → the model's terms, indexed by customer_id; each in units a manager reads (see TERMS). Terms whose
    columns the bank does not bring are left out."""
    held = features.set_index("customer_id")
    terms = {"tenure": np.log2(held["tenure_months"].clip(lower=1)), "corporate": held["kind"].eq("corporate").astype(float)}
    if "recency_days" in held:
        usual = held["transactions_365d"] * 30 / 365
        terms |= {
            "days_silent": held["recency_days"].clip(upper=180) / 30,
            "transactions": np.log2(1 + held["transactions_90d"]),
            "slowing": (held["transactions_30d"] < usual / 2).astype(float),
            "digital": (held["app_share"].fillna(0) + held["web_share"].fillna(0)) * 10,
        }
    if "assets_3m" in held:
        terms |= {
            "assets": np.log2(held["assets_3m"].clip(lower=1)),
            "assets_falling": (held["assets_trend"] <= FALLING).astype(float),
        }
    if {"assets", "assets_3m", "assets_12m"} <= set(held):
        lately, year = _halvings(held["assets_3m"], held["assets"]), _halvings(held["assets_12m"], held["assets_3m"])
        terms |= {"assets_lately": lately.clip(lower=0), "assets_year": year}
    if "products_held" in held:
        terms["products"] = held["products_held"].fillna(0).astype(float)
    if "complaints_365d" in held:
        terms |= {
            "open_complaint": held["open_complaints"].gt(0).astype(float),
            "complaint": held["complaints_365d"].gt(0).astype(float),
        }
    if "wait_minutes_90d" in held:
        terms["long_wait"] = held["wait_minutes_90d"].ge(LONG_WAIT_MINUTES).astype(float)
    return pd.DataFrame({name: terms[name].astype(float) for name in TERMS if name in terms})


def _halvings(usual: pd.Series, now: pd.Series) -> pd.Series:
    """How many times the usual assets were halved to give those of now; 0 where one of them is not known."""
    return np.log2(usual.clip(lower=1) / now.clip(lower=1)).clip(-MOST_HALVINGS, MOST_HALVINGS).fillna(0.0)


def sampled(
    history: dict[dt.date, pd.DataFrame], most: int = MOST_CUSTOMERS, size: int | None = None
) -> dict[dt.date, pd.DataFrame]:
    """The history of at most about `most` customers, drawn by their numbers and so the same in every run; the whole history of a
    bank that has no more (`size`: how many it has, where the history is a part of its own). What is learnt and judged on so many
    differs little from the whole, and fits into memory."""
    size = size or max((len(features) for features in history.values()), default=0)
    if size <= most:
        return history
    kept = {day: pd.util.hash_array(features["customer_id"].to_numpy(dtype=object)) for day, features in history.items()}
    return {day: features[kept[day] < np.uint64(2**64 - 1) * (most / size)] for day, features in history.items()}


def panel(
    history: dict[dt.date, pd.DataFrame], landmarks: list[dt.date], rule: ChurnRule, outcome: str = MAIN_RULE
) -> pd.DataFrame:
    """One row a customer at risk and landmark: landmark, customer_id, outcome (0/1) and the model's terms. Nothing in a row's
    terms is dated after its landmark."""
    rows = []
    for day in landmarks:
        result = outcomes(history[day], history[rule.end(day)], rule)
        terms = design(history[day]).reindex(result["customer_id"])
        rows.append(terms.assign(landmark=day, outcome=result[outcome].to_numpy(dtype=float)).reset_index())
    return pd.concat(rows, ignore_index=True)


def warning_model(
    history: dict[dt.date, pd.DataFrame], as_of: dt.date, rule: ChurnRule, outcome: str = MAIN_RULE
) -> WarningModel:
    """The model on every matured landmark, and its predictions for later landmarks by models that saw only outcomes
    known by then; in a bank of more than MOST_CUSTOMERS, on a sample of them. Without enough events there is no fit, and the
    counts say so."""
    history = sampled(history)
    days = matured(list(history), as_of, rule)
    whole = panel(history, days, rule, outcome)
    needed = EVENTS_PER_TERM * max(len(_varied(whole)), 1)
    validation = _validate(whole, days[-MOST_VALIDATIONS:], rule)
    by_landmark = pd.DataFrame(
        [{"landmark": day, **auc(part["probability"], part["outcome"])._asdict()} for day, part in validation.groupby("landmark")]
    )
    return WarningModel(_fitted(whole), validation, by_landmark, _leavers(whole), needed, len(whole))


def _validate(whole: pd.DataFrame, days: list[dt.date], rule: ChurnRule) -> pd.DataFrame:
    parts = [pd.DataFrame(columns=["landmark", "customer_id", "outcome", "probability"])]
    for day in days:
        later = whole[whole["landmark"] == day]
        fit = _fitted(whole[whole["landmark"] <= rule.before(day)])
        if fit is not None and 0 < later["outcome"].sum() < len(later):
            parts.append(later[["landmark", "customer_id", "outcome"]].assign(probability=fit.predict(later)))
    return pd.concat(parts[1:] or parts, ignore_index=True)


def _fitted(rows: pd.DataFrame) -> LogisticFit | None:
    """The model on these rows; None where leavers are too few, or their attributes allow no single answer."""
    terms = _varied(rows)
    if not terms or _leavers(rows) < EVENTS_PER_TERM * len(terms):
        return None
    with contextlib.suppress(NotEstimable):
        return fit_logistic(rows[terms], rows["outcome"], clusters=rows["customer_id"])
    return None


def _leavers(rows: pd.DataFrame) -> int:
    return int(rows.loc[rows["outcome"] == 1, "customer_id"].nunique())


def _varied(rows: pd.DataFrame) -> list[str]:
    """Terms in use: a flag that hardly anybody bears, or bears with one outcome only, cannot be estimated."""
    kept = []
    for name in (term for term in TERMS if term in rows):
        values = rows[name]
        if values.nunique() == 2:
            rare = values.mean() if values.mean() < 0.5 else 1 - values.mean()
            by_value = rows.groupby(name)["outcome"].agg(["sum", "size"])
            if rare < SMALLEST_SHARE or (by_value["sum"] == 0).any() or (by_value["sum"] == by_value["size"]).any():
                continue
        if values.nunique() > 1:
            kept.append(name)
    return kept


def reason_codes(fit: Any, features: pd.DataFrame) -> pd.DataFrame:
    """Feature rows → customer_id, score (probability), and each term's exact contribution to the log odds against the average
    customer of the fit; contributions and the average's log odds add up to the score's (in a model by month, to the log odds of
    leaving in a month, bends of a term counted with it)."""
    terms = [term for term in fit.coefficients.index if term in TERMS]
    rows = design(features)[terms].dropna()
    if isinstance(fit, LogisticFit):
        parts = linear_contributions(rows, fit.coefficients[terms], fit.design[terms].mean())
    else:
        parts = fit.contributions(rows)
    return parts.assign(score=fit.predict(rows)).reset_index()


def reason_words(fit: Any, term: str) -> Message:
    """What a manager reads where the term raises a customer's score."""
    return REASONS[term][0 if fit.coefficients[term] > 0 else 1]


def validated_auc(model: WarningModel) -> Estimate | None:
    """AUC over all validation predictions, robust to customers who recur; None without any."""
    if model.validation.empty:
        return None
    return auc(model.validation["probability"], model.validation["outcome"], groups=model.validation["customer_id"])
