"""Time until an event when not everyone is watched to the end: Kaplan-Meier curves and their comparison."""

from typing import NamedTuple

import numpy as np
import pandas as pd
from scipy.special import chdtrc

from analysis.stats.intervals import Z95, Estimate

MEDIAN = 0.5
ROUNDING = 1e-12


class Comparison(NamedTuple):
    """A test's chi-square `statistic` and its probability `p` if the groups do not differ."""

    statistic: float
    p: float


def kaplan_meier(time, event, entry=None) -> pd.DataFrame:
    """Share still without the event after each observed time (Kaplan and Meier 1958).

    `time` is when a subject had the event (`event` true) or was last seen (false), `entry` when it came under watch:
    it is at risk over (entry, time]. Returns time, at_risk, events, survival, low, high, a row for each distinct time;
    intervals are Greenwood's on the log-log scale (Kalbfleisch and Prentice 1980), NaN where survival is 0 or 1."""
    time, event, entry = checked(time, event, entry)
    times, at_risk, events = counted(time, event, entry, np.unique(time))
    with np.errstate(divide="ignore", invalid="ignore"):
        survival = np.cumprod(1 - events / at_risk)
        spread = np.sqrt(np.cumsum(events / (at_risk * (at_risk - events)))) / np.abs(np.log(survival))
        limits = [survival ** np.exp(sign * Z95 * spread) for sign in (1, -1)]
    certain = (survival >= 1) | (survival <= 0)
    low, high = (np.where(certain, np.nan, limit) for limit in limits)
    columns = {"time": times, "at_risk": at_risk, "events": events, "survival": survival, "low": low, "high": high}
    return pd.DataFrame(columns).query("at_risk > 0").reset_index(drop=True)


def median_survival(curve: pd.DataFrame) -> Estimate:
    """The first time at which half or fewer are left, of a `kaplan_meier` curve; None if more than half remain.

    The interval inverts the curve's (Brookmeyer and Crowley 1982); a limit is None where its curve stays above half.
    The base is the greatest number at risk."""
    value, low, high = (_first_time_below(curve, name) for name in ("survival", "low", "high"))
    return Estimate(value, low, high, int(curve["at_risk"].max()))


def log_rank(time, event, group, entry=None) -> Comparison:
    """Do the groups' curves differ? Chi-square with (groups − 1) degrees of freedom (Mantel 1966; Peto 1972)."""
    time, event, entry = checked(time, event, entry)
    codes, groups = pd.factorize(np.asarray(group), sort=True)
    if len(groups) < 2:
        raise ValueError("a comparison needs at least two groups")
    if not event.any():
        raise ValueError("no event was seen, so that there is nothing to compare")
    times = np.unique(time[event])
    members = [codes == code for code in range(len(groups))]
    counts = [counted(time[own], event[own], entry[own], times)[1:] for own in members]
    at_risk, events = (np.array(part, dtype=float) for part in zip(*counts, strict=True))
    return _compare(at_risk, events)


def survival_at(curve: pd.DataFrame, time: float) -> Estimate:
    """Share of a `kaplan_meier` curve still without the event at `time`; None after the last one seen. The base is the greatest
    number at risk."""
    base = int(curve["at_risk"].max())
    if time > curve["time"].iloc[-1] and curve["survival"].iloc[-1] > 0:
        return Estimate(None, None, None, base)
    reached = curve[curve["time"] <= time]
    if reached.empty or reached["survival"].iloc[-1] == 1:
        return Estimate(1.0, None, None, base)
    value, low, high = (float(number) for number in reached[["survival", "low", "high"]].iloc[-1])
    return Estimate(value, *((None, None) if np.isnan(low) else (low, high)), base)


def cumulative_incidence(time, kind) -> pd.DataFrame:
    """Share that had the event of interest by each time, while another event may forestall it (Aalen and Johansen 1978).

    `kind` is 1 for the event of interest, 2 for the other, 0 for who was last seen with neither. Returns time, value, low, high, a
    row for each distinct time; intervals are on the log-log scale from the standard error of statsmodels, NaN where the
    value is 0 or 1."""
    from statsmodels.duration.survfunc import CumIncidenceRight

    time, kind = np.asarray(time, dtype=float), np.asarray(kind, dtype=int)
    if len(time) != len(kind):
        raise ValueError(f"{len(time)} times and {len(kind)} kinds do not match")
    times = np.unique(time)
    if not (kind == 1).any():
        return pd.DataFrame({"time": times, "value": 0.0, "low": np.nan, "high": np.nan})
    with np.errstate(divide="ignore", invalid="ignore"):
        fitted = CumIncidenceRight(time, kind)
        value, error = (np.asarray(part[0]) for part in (fitted.cinc, fitted.cinc_se))
        spread = error / (value * np.abs(np.log(value)))
        limits = [value ** np.exp(sign * Z95 * spread) for sign in (1, -1)]
    certain = (value <= 0) | (value >= 1)
    low, high = (np.where(certain, np.nan, limit) for limit in limits)
    return pd.DataFrame({"time": fitted.times, "value": value, "low": low, "high": high})


def _compare(at_risk: np.ndarray, events: np.ndarray) -> Comparison:
    all_risk, all_events = at_risk.sum(axis=0), events.sum(axis=0)
    share = at_risk / all_risk
    excess = (events - share * all_events).sum(axis=1)
    factor = all_events * (all_risk - all_events) / np.maximum(all_risk - 1, 1)
    covariance = np.diag((share * factor).sum(axis=1)) - (share * factor) @ share.T
    statistic = float(excess @ np.linalg.pinv(covariance, hermitian=True) @ excess)
    return Comparison(statistic, float(chdtrc(len(at_risk) - 1, statistic)))


def counted(time, event, entry, times):
    """times, how many were at risk just before each, how many events at each."""
    at_risk = np.searchsorted(np.sort(entry), times, side="left") - np.searchsorted(np.sort(time), times, side="left")
    happened = np.sort(time[event])
    events = np.searchsorted(happened, times, side="right") - np.searchsorted(happened, times, side="left")
    return times, at_risk, events


def _first_time_below(curve: pd.DataFrame, name: str) -> float | None:
    below = curve.loc[curve[name] <= MEDIAN + ROUNDING, "time"]
    return float(below.iloc[0]) if len(below) else None


def checked(time, event, entry):
    time, event = np.asarray(time, dtype=float), np.asarray(event, dtype=bool)
    entry = np.full(len(time), -np.inf) if entry is None else np.asarray(entry, dtype=float)
    if not len(time) == len(event) == len(entry):
        raise ValueError(f"{len(time)} times, {len(event)} events and {len(entry)} entries do not match")
    if not len(time):
        raise ValueError("there is no subject to follow")
    if np.isnan(time).any() or np.isnan(entry).any():
        raise ValueError(f"{int((np.isnan(time) | np.isnan(entry)).sum())} subjects have a missing time or entry")
    if (late := int((entry >= time).sum())) > 0:
        raise ValueError(f"{late} subjects were last seen at or before their entry")
    return time, event, entry
