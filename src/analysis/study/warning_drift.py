"""Does a model learnt a year ago still hold? The alarm of calibration."""

import datetime as dt
from dataclasses import dataclass

import numpy as np
import pandas as pd

from analysis.calendar import months_before
from analysis.finding import Column, Exhibit, Finding
from analysis.stats.intervals import Z95, Estimate
from analysis.stats.logistic import LogisticFit
from analysis.stats.prediction import calibration_slope, observed_share
from analysis.study.churn import MAIN_RULE, ChurnRule, matured
from analysis.study.disclosed import is_tellable
from analysis.study.warning_model import MOST_VALIDATIONS, _fitted, panel, sampled
from analysis.wording import Message, say

AGE_MONTHS = 12
LEAST_RATIO, MOST_RATIO = 0.8, 1.25
NOT_YET = say("A model a year old, or a later landmark at which to judge it, is not there yet.")


@dataclass(frozen=True)
class Drift:
    """A model that saw only outcomes known on `learnt`, judged at the latest matured landmarks: `ratio` of those who left to those
    expected, calibration `slope`, and `expected_slope`, which a model of so few leavers has at best (each with its interval, which
    includes the error of the model's own coefficients); `by_landmark`: landmark, value, low, high (ratio), base, left."""

    learnt: dt.date
    ratio: Estimate
    slope: Estimate
    expected_slope: float
    by_landmark: pd.DataFrame

    @property
    def is_overconfident(self) -> bool:
        """The slope lies below that expected beyond noise: high scores are no longer as high as they say."""
        return self.slope.high < self.expected_slope

    @property
    def is_off_level(self) -> bool:
        """The ratio lies beyond 0.8 to 1.25 beyond noise."""
        return self.ratio.high < LEAST_RATIO or self.ratio.low > MOST_RATIO

    @property
    def is_alarm(self) -> bool:
        """One or the other."""
        return self.is_overconfident or self.is_off_level


def warning_drift(
    history: dict[dt.date, pd.DataFrame], as_of: dt.date, rule: ChurnRule, outcome: str = MAIN_RULE
) -> Drift | None:
    """None where no model a year old can be fitted, or nobody left at the landmarks that would judge it."""
    history = sampled({day: features for day, features in history.items() if day <= as_of})
    days, learnt = matured(list(history), as_of, rule), months_before(as_of, AGE_MONTHS)
    known = [day for day in days if day <= rule.before(learnt)]
    judged_at = [day for day in days if day > rule.before(learnt)][-MOST_VALIDATIONS:]
    if not known or not judged_at:
        return None
    fit = _fitted(panel(history, known, rule, outcome))
    judged = panel(history, judged_at, rule, outcome)
    if fit is None or not 0 < judged["outcome"].sum() < len(judged):
        return None
    judged = judged.assign(probability=fit.predict(judged))
    level_error, slope_error, shrinkage = _errors_of_learning(fit, judged)
    slope = calibration_slope(judged["probability"], judged["outcome"], judged["customer_id"])
    rows = [
        {"landmark": day, **_ratio(part, 0.0)._asdict(), "left": int(part["outcome"].sum())}
        for day, part in judged.groupby("landmark")
    ]
    return Drift(learnt, _ratio(judged, level_error), _widened(slope, slope_error), 1 - shrinkage, pd.DataFrame(rows))


def drift_findings(found: Drift | None) -> list[Finding]:
    """Whether the alarm rings."""
    if found is None:
        return []
    return [
        Finding(
            "warning.drift", _sentence(found), found.slope.value, found.slope.base, "number", "association",
            low=found.slope.low, high=found.slope.high, compare_to=found.expected_slope, exhibit="drift",
            base_of="observations", is_headline=found.is_alarm,
        )
    ]  # fmt: skip


def drift_exhibit(found: Drift | None) -> Exhibit:
    """Those who left against those expected, a row a landmark."""
    heading = say("Does last year's model still hold?")
    if found is None:
        return Exhibit("drift", heading, absent=NOT_YET)
    table = found.by_landmark[found.by_landmark["left"].map(is_tellable)].reset_index(drop=True)
    if table.empty:
        return Exhibit("drift", heading, absent=say("Too few customers left at later landmarks to hold them against the model."))
    return Exhibit(
        name="drift",
        title=_title(found),
        subtitle=say(
            "Customers who left for each one that a model learnt by {day:date} expected, by landmark; 95% intervals robust to customers who recur",
            day=found.learnt,
        ),
        frame=table,
        columns=(
            Column("landmark", say("Landmark"), "date"),
            Column("value", say("Left for one expected"), "ratio"),
            Column("low", say("From"), "ratio", say("95% interval")),
            Column("high", say("To"), "ratio", say("95% interval")),
            Column("base", say("Base"), "count", say("customers")),
        ),
    )


def _title(found: Drift) -> Message:
    if not found.is_alarm:
        return say("No alarm: last year's model still holds at the latest landmarks")
    return say("Alarm: last year's model no longer holds at the latest landmarks")


def _sentence(found: Drift) -> Message:
    numbers = {
        "ratio": found.ratio.value, "ratio_low": found.ratio.low, "ratio_high": found.ratio.high, "day": found.learnt,
        "slope": found.slope.value, "low": found.slope.low, "high": found.slope.high, "expected": found.expected_slope,
    }  # fmt: skip
    if found.is_alarm:
        return say(
            "**The calibration alarm rings**: of a model learnt by {day:date}, the slope at the latest landmarks is {slope:number} (interval {low:number} to {high:number}; {expected:number} is expected), and {ratio:ratio} customers left for each one expected (interval {ratio_low:ratio} to {ratio_high:ratio}). What goes with leaving has changed: learn the model anew before its scores are used.",
            **numbers,
        )
    return say(
        "**No calibration alarm**: of a model learnt by {day:date}, the slope at the latest landmarks is {slope:number} (interval {low:number} to {high:number}; {expected:number} is expected), and {ratio:ratio} customers left for each one expected (interval {ratio_low:ratio} to {ratio_high:ratio}).",
        **numbers,
    )


def _ratio(rows: pd.DataFrame, error: float) -> Estimate:
    """Observed ÷ expected, on the log scale; `error` is the standard error of the log of what is expected."""
    left, expected = observed_share(rows["outcome"], rows["customer_id"]), float(rows["probability"].mean())
    if not left.value:
        return Estimate(0.0, 0.0, left.high / expected, len(rows))
    sides = [np.hypot(np.log(limit / left.value), Z95 * error) for limit in (left.low, left.high)]
    value = left.value / expected
    return Estimate(value, float(value * np.exp(-sides[0])), float(value * np.exp(sides[1])), len(rows))


def _widened(found: Estimate, error: float) -> Estimate:
    half = float(np.hypot(found.high - found.value, Z95 * error))
    return found._replace(low=found.value - half, high=found.value + half)


def _errors_of_learning(fit: LogisticFit, judged: pd.DataFrame) -> tuple[float, float, float]:
    """What the error of the fit's coefficients adds: the standard errors of the log of the expected share and of the slope, and by
    how much the slope falls short of 1 on average (van Houwelingen and le Cessie 1990, with the robust covariance)."""
    rows = np.column_stack([np.ones(len(judged)), judged[fit.design.columns].to_numpy(dtype=float)])
    beta, covariance = fit.coefficients.to_numpy(), fit.covariance.to_numpy()
    weight = (judged["probability"] * (1 - judged["probability"])).to_numpy()
    of_level = weight @ rows / judged["probability"].sum()
    centred = rows - weight @ rows / weight.sum()
    spread = (centred * weight[:, None]).T @ centred
    signal = float(beta @ spread @ beta)
    of_slope = spread @ beta / signal
    return (
        float(np.sqrt(of_level @ covariance @ of_level)),
        float(np.sqrt(of_slope @ covariance @ of_slope)),
        float(np.trace(spread @ covariance) / signal),
    )
