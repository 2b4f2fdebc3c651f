"""Time until the first of several events, where one forestalls the others and subjects may come under watch late."""

import numpy as np
import pandas as pd

from analysis.stats.intervals import Z95, Estimate
from analysis.stats.survival import Comparison, checked, counted, kaplan_meier, log_rank


def aalen_johansen(time, kind, entry=None) -> dict[str, pd.DataFrame]:
    """Kind of event → share that had it, as the first of all, by each time (Aalen and Johansen 1978).

    `kind` names the event at `time`, and is missing (None, NaN) for who was last seen without any; `entry` is when a subject came
    under watch: it is at risk over (entry, time]. Each frame: time, at_risk, events (of the kind), value, low, high, a row a
    distinct time. The shares of all kinds and of those left (`kaplan_meier` of any event) add up to 1. Variance by the delta
    method (Marubini and Valsecchi 1995; Dinse and Larson 1986), limits on the log-log scale, NaN where the value is 0 or 1."""
    kind = np.asarray(kind, dtype=object)
    is_event = ~pd.isna(kind)
    time, any_event, entry = checked(time, is_event, entry)
    times, at_risk, events = counted(time, any_event, entry, np.unique(time))
    watched = at_risk > 0
    times, at_risk, events = times[watched], at_risk[watched].astype(float), events[watched]
    before = np.concatenate([[1.0], np.cumprod(1 - events / at_risk)[:-1]])
    curves = {}
    for name in sorted(set(kind[is_event])):
        own = counted(time, kind == name, entry, times)[2]
        value = np.cumsum(before * own / at_risk)
        low, high = _limits(value, _variance(value, before, at_risk, events, own))
        curves[name] = pd.DataFrame(
            {"time": times, "at_risk": at_risk.astype(int), "events": own, "value": value, "low": low, "high": high}
        )
    return curves


def incidence_at(curve: pd.DataFrame, time: float) -> Estimate:
    """The share of an `aalen_johansen` curve at `time`; None after the last time seen. The base is the greatest number at risk."""
    base = int(curve["at_risk"].max())
    if time > curve["time"].iloc[-1]:
        return Estimate(None, None, None, base)
    reached = curve[curve["time"] <= time]
    if reached.empty or reached["value"].iloc[-1] == 0:
        return Estimate(0.0, None, None, base)
    value, low, high = (float(number) for number in reached[["value", "low", "high"]].iloc[-1])
    return Estimate(value, *((None, None) if np.isnan(low) else (low, high)), base)


def one_minus_survival(time, kind, name: str, entry=None) -> pd.DataFrame:
    """What the share with the event `name` would be read as if every other event were the end of observation (1 − Kaplan-Meier):
    time, value. It is never below the `aalen_johansen` share, and those of several kinds may add up to more than 1."""
    curve = kaplan_meier(time, np.asarray(kind, dtype=object) == name, entry)
    return pd.DataFrame({"time": curve["time"], "value": 1 - curve["survival"]})


def gray(time, kind, name: str, group, end) -> Comparison:
    """Do the groups' shares with the event `name` differ? Gray's test (1988) where the end of observation of each subject is known
    (`end`): who had another event stays at risk until then, so that it is a log-rank test (Fine and Gray 1999, section 3.1)."""
    kind = np.asarray(kind, dtype=object)
    is_other = ~pd.isna(kind) & (kind != name)
    return log_rank(np.where(is_other, end, time), kind == name, group)


def _variance(value: np.ndarray, before: np.ndarray, at_risk: np.ndarray, events: np.ndarray, own: np.ndarray) -> np.ndarray:
    """Sum over the times u up to each t of (F(t) − F(u))² d/(n(n − d)) + S² c(n − c)/n³ − 2 (F(t) − F(u)) S c/n²: d events, c of
    the kind, n at risk, S left just before u. Where all at risk had an event, F(t) stays F(u), and the first part is 0."""
    rest = at_risk - events
    any_part = np.divide(events, at_risk * rest, out=np.zeros(len(rest)), where=rest > 0)
    own_part = before * own / at_risk**2
    squared = value**2 * np.cumsum(any_part) - 2 * value * np.cumsum(value * any_part) + np.cumsum(value**2 * any_part)
    alone = np.cumsum(before**2 * own * (at_risk - own) / at_risk**3)
    crossed = value * np.cumsum(own_part) - np.cumsum(value * own_part)
    return np.maximum(squared + alone - 2 * crossed, 0)


def _limits(value: np.ndarray, variance: np.ndarray) -> list[np.ndarray]:
    with np.errstate(divide="ignore", invalid="ignore"):
        spread = np.sqrt(variance) / (value * np.abs(np.log(value)))
        limits = [value ** np.exp(sign * Z95 * spread) for sign in (1, -1)]
    certain = (value <= 0) | (value >= 1)
    return [np.where(certain, np.nan, limit) for limit in limits]
