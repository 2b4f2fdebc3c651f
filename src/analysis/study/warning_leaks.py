"""A feature that knows too much: dated after its landmark, or telling leavers apart as no sign beforehand can."""

import datetime as dt
from collections.abc import Mapping

import numpy as np
import pandas as pd
from scipy.special import ndtri

from analysis.errors import UserError
from analysis.stats.intervals import Z95
from analysis.stats.prediction import auc
from analysis.study.churn import MAIN_RULE, ChurnRule, matured, outcomes
from analysis.study.warning_model import sampled

LEAK_AUC = 0.90
FEWEST_LEAVERS = 30
MOST_JUDGED = 50_000
NOT_FEATURES = ("customer_id", "closed_date", "exit_reason")


def refuse_leaks(history: Mapping[dt.date, pd.DataFrame], as_of: dt.date, rule: ChurnRule, outcome: str = MAIN_RULE) -> None:
    """Stops with the name of the feature (UserError) that is dated after its landmark, or whose values alone, or being known or
    not, tell who leaves at matured landmarks with an AUC that lies above LEAK_AUC beyond doubt."""
    for day, features in history.items():
        for name in dated_later(features, day):
            raise UserError(
                f"The feature {name} at {day} holds dates after that day: it knows the future; take it from tables as known at "
                "the landmark (docs/extending.md), or leave it out."
            )
    found = knowing(history, as_of, rule, outcome)
    if found["is_leak"].any():
        worst = found.iloc[0]
        raise UserError(
            f"The feature {worst['feature']} alone tells who leaves with an AUC of {worst['value']:.2f}: no sign beforehand does "
            "that, so it was probably recorded after the leaving; check when it is written, or leave it out."
        )


def dated_later(features: pd.DataFrame, landmark: dt.date) -> list[str]:
    """Columns of dates of which one lies after the landmark."""
    dates = [name for name in features if _holds_dates(features[name])]
    return [name for name in dates if (pd.to_datetime(features[name]) >= pd.Timestamp(landmark) + pd.Timedelta(days=1)).any()]


def knowing(history: Mapping[dt.date, pd.DataFrame], as_of: dt.date, rule: ChurnRule, outcome: str = MAIN_RULE) -> pd.DataFrame:
    """What each feature alone tells at the matured landmarks: feature, value (AUC, or 1 − AUC where it is larger; of its value,
    with missing ones lowest, or of its being known), low, high (95 % for all features at once, robust), is_leak; most telling
    first. Empty with fewer than FEWEST_LEAVERS."""
    columns = ["feature", "value", "low", "high", "is_leak"]
    history = sampled(dict(history), MOST_JUDGED)
    rows = _rows(history, matured(list(history), as_of, rule), rule, outcome)
    if rows.empty or rows.loc[rows["outcome"] == 1, "customer_id"].nunique() < FEWEST_LEAVERS or rows["outcome"].all():
        return pd.DataFrame(columns=columns).astype({"is_leak": bool})
    names = [name for name in rows if name not in (*NOT_FEATURES, "outcome")]
    found = [(name, *_alone(rows[name], rows, len(names))) for name in names]
    table = pd.DataFrame(found, columns=columns[:-1]).sort_values("value", ascending=False, ignore_index=True)
    return table.assign(is_leak=table["low"] > LEAK_AUC)


def _alone(values: pd.Series, rows: pd.DataFrame, comparisons: int) -> tuple[float, float, float]:
    known = values.notna()
    codes = values.astype(float) if pd.api.types.is_numeric_dtype(values) else _shares(values, rows)
    ways = [codes.fillna(codes.min() - 1)] if known.any() else []
    ways += [known.astype(float)] if 0 < known.mean() < 1 else []
    told = [auc(way, rows["outcome"], rows["customer_id"]) for way in ways]
    if not told:
        return 0.5, 0.5, 0.5
    best = max(told, key=lambda estimate: abs(estimate.value - 0.5))
    value, low, high = best[:3] if best.value >= 0.5 else (1 - best.value, 1 - best.high, 1 - best.low)
    wider = float(ndtri(1 - 0.025 / comparisons) / Z95)
    return value, value - wider * (value - low), min(value + wider * (high - value), 1.0)


def _shares(values: pd.Series, rows: pd.DataFrame) -> pd.Series:
    """Categories by the share who left among the other half of customers, so that a rare one does not tell itself."""
    half = pd.util.hash_array(rows["customer_id"].to_numpy(dtype=object)) % 2
    codes = pd.Series(np.nan, index=values.index)
    for own in (0, 1):
        shares = rows.loc[half != own, "outcome"].groupby(values[half != own].astype(str)).mean()
        codes[half == own] = values[half == own].astype(str).map(shares).to_numpy()
    return codes.fillna(rows["outcome"].mean()).where(values.notna())


def _rows(history: dict[dt.date, pd.DataFrame], days: list[dt.date], rule: ChurnRule, outcome: str) -> pd.DataFrame:
    parts = []
    for day in days:
        result = outcomes(history[day], history[rule.end(day)], rule)
        own = history[day].set_index("customer_id").reindex(result["customer_id"]).reset_index()
        own = own[[name for name in own if name == "customer_id" or not _holds_dates(own[name])]]
        parts.append(own.assign(outcome=result[outcome].to_numpy(dtype=float)))
    return pd.concat(parts, ignore_index=True) if parts else pd.DataFrame()


def _holds_dates(values: pd.Series) -> bool:
    if pd.api.types.is_datetime64_any_dtype(values):
        return True
    first = values.dropna().head(1) if values.dtype == object else values.head(0)
    return len(first) > 0 and isinstance(first.iloc[0], dt.date)
