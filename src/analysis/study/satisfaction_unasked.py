"""Satisfaction of the customers who were not asked, predicted from what they do, and told of groups alone."""

import datetime as dt
from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
import pandas as pd

from analysis.stats.forecasts import Accuracy, accuracy, forecast_slope, mean_error
from analysis.stats.intervals import Estimate
from analysis.stats.shrinkage import ShrunkFit, coefficient_draws, fit_shrunk
from analysis.study.satisfaction_frame import AFTER_CONTACT, BY_LOT, BY_STAFF
from analysis.study.survey import is_dated
from analysis.study.tiers import is_active, open_customers
from analysis.study.warning_model import design

LEARN_FROM = 150
JUDGE_BY = 100
MOST_WINDOWS = 6
LONGEST_WAIT_MINUTES = 60
OCCASION = "after_contact"
PLAIN_TERMS = ("tenure", "assets", "age", "corporate")


@dataclass(frozen=True)
class Model:
    """A fit, the means and deviations that its terms were put on one scale with, and what its coefficients belong to: `fixed`
    columns, `terms`, `branches`. `draws` (replicates × coefficients): what the true ones may be."""

    fit: ShrunkFit
    means: pd.Series
    spreads: pd.Series
    fixed: tuple[str, ...]
    branches: pd.Index
    draws: np.ndarray | None = None


@dataclass(frozen=True)
class Unasked:
    """`answers` that the model learnt from (see `answered_rows`), its `model`, `customers` (behaviour by customer_id) that it speaks of,
    and `validation`: a row each later answer, with observed, predicted, plain and mean. `made`, `plain`: accuracy against the mean
    alone; `slope` and `shift` (mean of observed less predicted): calibration. `is_by_lot`: judged on answers to invitations by
    lot, else on all."""

    answers: pd.DataFrame
    model: Model
    customers: pd.DataFrame
    validation: pd.DataFrame
    made: Accuracy
    plain: Accuracy
    slope: Estimate
    shift: Estimate
    is_by_lot: bool

    @property
    def predicts(self) -> bool:
        """Whether the model is better than the mean alone beyond doubt."""
        return self.made.r_squared.low > 0


def behaviour(features: pd.DataFrame) -> pd.DataFrame:
    """Feature rows → what is known of a customer's doings, by customer_id: the terms of the warning model, age, contacts, a year's waits,
    calls given up, share of transactions at a branch, unsteady assets and loans, as far as the bank brings them, and branch_id.
    What is not known is NaN."""
    held = features.set_index("customer_id")
    made = {
        "age": ("age_years", lambda years: years.clip(18, 85)),
        "contacts": ("contacts_365d", np.log1p),
        "waits": ("wait_minutes_365d", lambda minutes: minutes.clip(upper=LONGEST_WAIT_MINUTES)),
        "given_up": ("abandoned_365d", lambda calls: calls.gt(0)),
        "at_branch": ("branch_share", lambda share: share.fillna(0)),
        "unsteady": ("assets_volatility", lambda size: size.clip(upper=1)),
        "loans": ("loans", lambda amount: amount.gt(0)),
    }
    extra = {name: change(held[column].astype(float)).astype(float) for name, (column, change) in made.items() if column in held}
    return design(features).assign(**extra, branch_id=held.get("branch_id"))


def answered_rows(
    surveys: pd.DataFrame, invitations: pd.DataFrame | None, history: Mapping[dt.date, pd.DataFrame]
) -> pd.DataFrame:
    """One row an answer to the overall question, but for those that staff asked for: customer_id, landmark (the last one before
    the answer), mark, after_contact (0/1), is_by_lot, and the customer's behaviour at the landmark. Customers unknown then are left
    out."""
    known = surveys.dropna(subset=["customer_id", "overall"])
    trigger = triggers(known, invitations)
    known = known.assign(answered=pd.to_datetime(known["answered_date"]), trigger=trigger)[trigger != BY_STAFF]
    days = sorted(history)
    rows = []
    for day, following in zip(days, [*days[1:], dt.date.max], strict=True):
        until = known["answered"].dt.date <= following
        own = known[(known["answered"].dt.date > day) & until]
        own = own[own["customer_id"].isin(history[day]["customer_id"])]
        facts = behaviour(history[day]).reindex(own["customer_id"]).reset_index()
        marks = {"mark": own["overall"].astype(float), OCCASION: own["trigger"].eq(AFTER_CONTACT).astype(float)}
        marks["is_by_lot"] = own["trigger"].eq(BY_LOT)
        rows.append(facts.assign(landmark=day, **{name: values.to_numpy() for name, values in marks.items()}))
    return pd.concat(rows, ignore_index=True)


def triggers(surveys: pd.DataFrame, invitations: pd.DataFrame | None) -> pd.Series:
    """What led to each answer, as its invitation says; empty where that is not known."""
    if invitations is None or "trigger" not in invitations:
        return pd.Series("", surveys.index)
    sent = invitations.dropna(subset=["response_id"]).drop_duplicates("response_id").set_index("response_id")["trigger"]
    found = surveys["response_id"].map(sent).astype(object)
    return found.where(found.notna(), "")


def unasked(
    surveys: pd.DataFrame,
    invitations: pd.DataFrame | None,
    history: Mapping[dt.date, pd.DataFrame],
    replicates: int = 400,
    seed: int = 7,
) -> Unasked | None:
    """Canonical tables and features by landmark → the model, judged at answers of up to MOST_WINDOWS later windows by models that saw
    earlier answers only. It speaks of the open and active customers of the last landmark. None where answers are undated, fewer than
    LEARN_FROM before a window, or fewer than JUDGE_BY to judge by."""
    if not is_dated(surveys):
        return None
    answers = answered_rows(surveys, invitations, history)
    is_by_lot = bool(answers["is_by_lot"].any())
    validation = _validate(answers, is_by_lot)
    if len(validation) < JUDGE_BY or validation["observed"].nunique() < 2:
        return None
    latest = open_customers(history[max(history)])
    active = latest[is_active(latest)] if "recency_days" in latest else latest
    customers = behaviour(active).assign(**{OCCASION: 0.0})
    observed, reference, subjects = validation["observed"], validation["mean"], validation["customer_id"]
    judged = {name: accuracy(validation[name], observed, reference, subjects, seed=seed) for name in ("predicted", "plain")}
    return Unasked(
        answers=answers,
        model=fit_model(answers, customers["branch_id"], replicates=replicates, seed=seed),
        customers=customers,
        validation=validation,
        made=judged["predicted"],
        plain=judged["plain"],
        slope=forecast_slope(validation["predicted"], observed, subjects),
        shift=mean_error(validation["predicted"], observed, subjects),
        is_by_lot=is_by_lot,
    )


def _validate(answers: pd.DataFrame, is_by_lot: bool) -> pd.DataFrame:
    """Predictions for later answers: landmark, customer_id, observed, predicted, plain, mean (of the earlier answers of the same kind)."""
    parts = [pd.DataFrame(columns=["landmark", "customer_id", "observed", "predicted", "plain", "mean"])]
    for day in sorted(answers["landmark"].unique())[-MOST_WINDOWS:]:
        earlier, later = answers[answers["landmark"] < day], answers[answers["landmark"] == day]
        like = earlier[earlier["is_by_lot"]] if is_by_lot else earlier
        later = later[later["is_by_lot"]] if is_by_lot else later
        if len(earlier) < LEARN_FROM or later.empty or like.empty:
            continue
        made = {"observed": later["mark"], "predicted": predict(fit_model(earlier), later), "mean": like["mark"].mean()}
        plain = predict(fit_model(earlier, only=PLAIN_TERMS), later)
        parts.append(later[["landmark", "customer_id"]].assign(**made, plain=plain))
    return pd.concat(parts[1:] or parts, ignore_index=True)


def fit_model(
    answers: pd.DataFrame,
    other_branches: pd.Series | None = None,
    only: tuple[str, ...] | None = None,
    replicates: int = 0,
    seed: int = 7,
) -> Model:
    """Marks on behaviour and branch, both drawn towards the mean as far as the answers ask (see `fit_shrunk`); with `only`, on those
    terms and no branch, by least squares' equal. Branches without answers, of `other_branches`, keep their spread."""
    terms = [name for name in _terms(answers) if only is None or name in only]
    means, spreads = answers[terms].mean(), answers[terms].std(ddof=0)
    means, spreads = means[spreads > 0], spreads[spreads > 0]
    fixed = ("intercept", *([OCCASION] if answers[OCCASION].nunique() > 1 else []))
    seen = answers["branch_id"] if other_branches is None else pd.concat([answers["branch_id"], other_branches])
    branches = pd.Index(sorted(seen.dropna().unique())) if only is None else pd.Index([])
    model = Model(None, means, spreads, fixed, branches)
    columns = _columns(model, answers)
    blocks = [block for block in columns[1:] if block.shape[1]]
    fit = fit_shrunk(columns[0], blocks, answers["mark"].to_numpy())
    draws = coefficient_draws(fit, columns[0], blocks, answers["customer_id"], replicates, seed) if replicates else None
    return Model(fit, means, spreads, fixed, branches, draws)


def _terms(rows: pd.DataFrame) -> list[str]:
    return [name for name in rows if name not in ("customer_id", "landmark", "mark", OCCASION, "is_by_lot", "branch_id")]


def scaled(model: Model, rows: pd.DataFrame) -> np.ndarray:
    """The model's fixed columns and terms of these rows; what is not known stands at the mean."""
    fixed = np.column_stack([np.ones(len(rows)), *(rows[name] for name in model.fixed[1:])])
    terms = ((rows[model.means.index] - model.means) / model.spreads).fillna(0.0)
    return np.column_stack([fixed, terms.to_numpy(dtype=float)])


def branch_codes(model: Model, rows: pd.DataFrame) -> np.ndarray:
    """The place of each row's branch among the model's, −1 where there is none."""
    return model.branches.get_indexer(rows["branch_id"]) if len(model.branches) else np.full(len(rows), -1)


def _columns(model: Model, rows: pd.DataFrame) -> list[np.ndarray]:
    whole, codes = scaled(model, rows), branch_codes(model, rows)
    inside = len(model.fixed)
    return [whole[:, :inside], whole[:, inside:], (codes[:, None] == np.arange(len(model.branches))).astype(float)]


def predict(model: Model, rows: pd.DataFrame, coefficients: np.ndarray | None = None) -> np.ndarray:
    """Expected mark of each row, with other `coefficients` than the model's own on demand."""
    return expected(model, scaled(model, rows), branch_codes(model, rows), coefficients)


def expected(model: Model, columns: np.ndarray, codes: np.ndarray, coefficients: np.ndarray | None = None) -> np.ndarray:
    """The same from `scaled` columns and `branch_codes`."""
    own = model.fit.coefficients if coefficients is None else coefficients
    size = columns.shape[1]
    return columns @ own[:size] + np.append(own[size:], 0.0)[codes]
