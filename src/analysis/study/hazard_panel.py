"""The panel of customers and months: in which month after a landmark a leaving began, and when it was seen."""

import datetime as dt

import numpy as np
import pandas as pd

from analysis.calendar import LANDMARK_STEP_MONTHS, months_before
from analysis.study.churn import MAIN_RULE, ChurnRule, outcomes
from analysis.study.warning_model import design


def leavings(history: dict[dt.date, pd.DataFrame], landmark: dt.date, rule: ChurnRule, outcome: str = MAIN_RULE) -> pd.DataFrame:
    """One row a customer at risk: customer_id, outcome (0/1), began (month after the landmark, 1 to the horizon, in which the
    leaving began: the closing; the first month of the silence; the month at whose end the run-off was first seen, of every third
    month) and seen_days (days from the landmark to the day on which it could be seen: the closing; the silence's dormant_days-th
    day; the landmark that showed the run-off). Who stays has the last month, and no days."""
    end = rule.end(landmark)
    result = outcomes(history[landmark], history[end], rule)
    later = history[end].set_index("customer_id").reindex(result["customer_id"])
    days = pd.Series(np.nan, index=later.index)
    began_days, flags = days.copy(), result.set_index("customer_id")
    closing = (pd.to_datetime(later["closed_date"]) - pd.Timestamp(landmark)).dt.days
    began_days[flags["closed"]] = days[flags["closed"]] = closing[flags["closed"]]
    if flags["dormant"].any():
        last = (end - landmark).days - later["recency_days"].astype(float)
        began_days[flags["dormant"]] = last[flags["dormant"]] + 1
        days[flags["dormant"]] = last[flags["dormant"]] + rule.dormant_days
    if flags["run_off"].any():
        shown = _run_off_shown(history, landmark, rule, flags.index[flags["run_off"]])
        began_days[flags["run_off"]] = days[flags["run_off"]] = shown
    left = flags[outcome].astype(float)
    began = _month_of(began_days, landmark, rule.horizon_months).where(left == 1, rule.horizon_months)
    return pd.DataFrame({"outcome": left, "began": began, "seen_days": days.where(left == 1)}).reset_index()


def person_months(
    history: dict[dt.date, pd.DataFrame], landmarks: list[dt.date], rule: ChurnRule, outcome: str = MAIN_RULE
) -> pd.DataFrame:
    """One row a customer at risk, landmark and month after it up to that in which the customer leaves: customer_id, landmark,
    month (1, 2, …), quarter (1-4, of the calendar), outcome (1 in the month of leaving, else 0) and the model's terms at the
    landmark."""
    parts = []
    for day in landmarks:
        found = leavings(history, day, rule, outcome)
        terms = design(history[day]).reindex(found["customer_id"]).reset_index()
        months = found["began"].to_numpy(dtype=int)
        rows = terms.loc[np.repeat(terms.index.to_numpy(), months)].reset_index(drop=True)
        month = np.concatenate([np.arange(1, last + 1) for last in months]) if len(months) else np.empty(0, dtype=int)
        is_last = month == np.repeat(months, months)
        left = np.repeat(found["outcome"].to_numpy(), months)
        parts.append(rows.assign(landmark=day, month=month, outcome=np.where(is_last, left, 0.0)))
    whole = pd.concat(parts, ignore_index=True)
    return whole.assign(quarter=calendar_quarter(whole["landmark"], whole["month"]))


def calendar_quarter(landmark: pd.Series, month: pd.Series | int) -> pd.Series:
    """Quarter of the calendar in which the month after a landmark (a month end) lies."""
    return (pd.to_datetime(landmark).dt.month + month - 1) % 12 // 3 + 1


def _run_off_shown(history, landmark: dt.date, rule: ChurnRule, ids: pd.Index) -> pd.Series:
    """Days after the landmark at which kept features first showed the run-off of these customers."""
    limit = round(1 - rule.run_off_share, 12) * history[landmark].set_index("customer_id").loc[ids, "assets_3m"]
    shown = pd.Series(np.nan, index=ids)
    for months in range(LANDMARK_STEP_MONTHS, rule.horizon_months + 1, LANDMARK_STEP_MONTHS):
        day = months_before(landmark, -months)
        if day in history:
            assets = history[day].set_index("customer_id")["assets_3m"].reindex(ids).fillna(0)
            shown = shown.mask(shown.isna() & assets.le(limit), (day - landmark).days)
    return shown


def _month_of(days: pd.Series, landmark: dt.date, horizon: int) -> pd.Series:
    """The month after the landmark in which the day falls that lies so many days after it."""
    ends = [(months_before(landmark, -month) - landmark).days for month in range(1, horizon + 1)]
    return pd.Series(np.searchsorted(ends, days.fillna(0).clip(lower=1)), index=days.index).clip(upper=horizon - 1) + 1
