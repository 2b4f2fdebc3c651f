"""Does a model learnt a year ago still hold? The alarm of calibration."""

import datetime as dt
from dataclasses import dataclass

import numpy as np
import pandas as pd
from scipy.special import ndtri

from analysis.calendar import months_before
from analysis.finding import Column, Exhibit, Finding
from analysis.stats.intervals import Z95, Estimate
from analysis.stats.prediction import calibration_slope, observed_share
from analysis.study.churn import MAIN_RULE, ChurnRule, matured
from analysis.study.disclosed import is_tellable
from analysis.study.warning_model import _fitted, _leavers, panel, sampled
from analysis.study.warning_recalibration import ALARM_LEVEL, POWER, by_part, errors_of_learning
from analysis.wording import Message, say

AGE_MONTHS = 12
JUDGING = 2
LEAST_RATIO, MOST_RATIO = 0.8, 1.25
LEVEL = say("Level: left for one expected")
PART_WORDS = {
    "activity": say("Activity"),
    "assets": say("Assets and their course"),
    "relation": say("Products, tenure and kind of customer"),
    "digital": say("Digital use"),
    "service": say("Complaints and waits"),
}
NOT_YET = say("A model a year old, or a later landmark at which to judge it, is not there yet.")


@dataclass(frozen=True)
class Drift:
    """A model that saw only outcomes known on `learnt`, judged at the latest matured landmarks, `first` to `judged`, whose outcomes
    were not known then: `ratio` of those who left to those expected, calibration `slope`, and `expected_slope`, which a model of so few leavers
    has at best (each with its interval, which includes the error of the model's own coefficients); `parts`, a row a part of the model (see
    PARTS): part, learnt (odds ratio of one standard deviation more of what the part says), value, low, high (the same since; the intervals
    hold for all parts at once), p, found (the odds ratio from which on, if this part alone moved, the alarm would ring with probability
    POWER); `found_ratio`, the same of `ratio` above 1; `chance`, the probability of parts so far from what was learnt if nothing had
    changed; `left`, the customers who left."""

    learnt: dt.date
    first: dt.date
    judged: dt.date
    ratio: Estimate
    slope: Estimate
    expected_slope: float
    parts: pd.DataFrame
    found_ratio: float | None
    chance: float
    left: int

    @property
    def has_turned(self) -> bool:
        """The parts of the model together go otherwise with leaving than was learnt, beyond noise."""
        return self.chance < ALARM_LEVEL

    @property
    def is_off_level(self) -> bool:
        """The ratio lies beyond 0.8 to 1.25 beyond noise."""
        return self.ratio.high < LEAST_RATIO or self.ratio.low > MOST_RATIO

    @property
    def is_alarm(self) -> bool:
        """One or the other."""
        return self.has_turned or self.is_off_level


def warning_drift(
    history: dict[dt.date, pd.DataFrame], as_of: dt.date, rule: ChurnRule, outcome: str = MAIN_RULE
) -> Drift | None:
    """None where no model a year old can be fitted, or nobody left at the landmarks that would judge it."""
    history = sampled({day: features for day, features in history.items() if day <= as_of})
    days, learnt = matured(list(history), as_of, rule), months_before(as_of, AGE_MONTHS)
    known = [day for day in days if day <= rule.before(learnt)]
    if not known or known[-1] == days[-1]:
        return None
    later = [day for day in days if day > known[-1]][-JUDGING:]
    earlier, judged = panel(history, known, rule, outcome), panel(history, later, rule, outcome)
    fit = _fitted(earlier)
    if fit is None or not 0 < judged["outcome"].sum() < len(judged):
        return None
    judged = judged.assign(probability=fit.predict(judged))
    level_error, slope_error, shrinkage = errors_of_learning(fit, judged)
    slope = _widened(calibration_slope(judged["probability"], judged["outcome"], judged["customer_id"]), slope_error)
    parts, chance = by_part(fit, earlier["customer_id"], judged)
    ratio = _ratio(judged, level_error)
    return Drift(
        learnt, later[0], later[-1], ratio, slope, 1 - shrinkage, parts, _found_ratio(ratio), chance, _leavers(judged)
    )  # fmt: skip


def drift_findings(found: Drift | None) -> list[Finding]:
    """Whether the alarm rings, and for which part."""
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
    """What was learnt against what came, a row for the level and one a part of the model."""
    heading = say("Does last year's model still hold?")
    if found is None:
        return Exhibit("drift", heading, absent=NOT_YET)
    if not is_tellable(found.left):
        return Exhibit("drift", heading, absent=say("Too few customers left at later landmarks to hold them against the model."))
    level = pd.DataFrame([{"part": LEVEL, "learnt": 1.0, **found.ratio._asdict(), "found": found.found_ratio}])
    parts = found.parts.assign(part=found.parts["part"].map(PART_WORDS))
    table = pd.concat([level, parts], ignore_index=True)[["part", "learnt", "value", "low", "high", "found"]]
    interval = say("95% interval")
    return Exhibit(
        name="drift",
        title=_title(found),
        subtitle=say(
            "A model learnt by {day:date}, held against the {left:count} customers who left after {first:date} or {landmark:date} ({base:count} observations of customers at these landmarks); parts of the model: odds ratio of one standard deviation more of what the part says, 95% intervals for all parts at once; robust to customers who recur. Last column: from which value on the alarm would ring in 80 of 100 cases, were it the only change",
            day=found.learnt,
            left=found.left,
            first=found.first,
            landmark=found.judged,
            base=found.ratio.base,
        ),
        frame=table,
        columns=(
            Column("part", say("Part of the model")),
            Column("learnt", say("Learnt"), "ratio"),
            Column("value", say("Since then"), "ratio"),
            Column("low", say("From"), "ratio", interval),
            Column("high", say("To"), "ratio", interval),
            Column("found", say("Would be found from"), "ratio"),
        ),
    )


def _title(found: Drift) -> Message:
    if not found.is_alarm:
        if found.ratio.low <= 1 <= found.ratio.high:
            return say("No alarm: last year's model is not off beyond noise at the latest landmarks")
        return say(
            "No alarm, but the level has moved: {ratio:ratio} customers left for each one that last year's model expected ({low:ratio} to {high:ratio})",
            ratio=found.ratio.value, low=found.ratio.low, high=found.ratio.high,
        )  # fmt: skip
    return say("Alarm: last year's model no longer holds at the latest landmarks")


def _sentence(found: Drift) -> Message:
    numbers = {
        "ratio": found.ratio.value, "ratio_low": found.ratio.low, "ratio_high": found.ratio.high, "day": found.learnt,
        "slope": found.slope.value, "low": found.slope.low, "high": found.slope.high, "expected": found.expected_slope,
        "first": found.first, "landmark": found.judged,
    }  # fmt: skip
    if found.is_alarm:
        return say(
            "**The calibration alarm rings**: {changes}. Of a model learnt by {day:date}, the slope at the landmarks {first:date} and {landmark:date} is {slope:number} (interval {low:number} to {high:number}; {expected:number} is expected), and {ratio:ratio} customers left for each one expected (interval {ratio_low:ratio} to {ratio_high:ratio}). Learn the model anew before its scores are used.",
            changes=_changes(found),
            **numbers,
        )
    return say(
        "**No calibration alarm**: of a model learnt by {day:date}, the slope at the landmarks {first:date} and {landmark:date} is {slope:number} (interval {low:number} to {high:number}; {expected:number} is expected), {ratio:ratio} customers left for each one expected (interval {ratio_low:ratio} to {ratio_high:ratio}), and its parts go with leaving as before, within noise. Of a change of one part, the smallest that it would find in 80 of 100 cases: {part} from an odds ratio of {learnt:ratio} to {found:ratio}.",
        **numbers,
        **_smallest(found.parts),
    )


def _smallest(parts: pd.DataFrame) -> dict:
    """The part of which the alarm finds the smallest change of the odds ratio."""
    part = parts.loc[(np.log(parts["learnt"]) - np.log(parts["found"])).abs().idxmin()]
    return {"part": PART_WORDS[part["part"]], "learnt": part["learnt"], "found": part["found"]}


def _changes(found: Drift) -> Message:
    more, fewer = say("more customers left than it foretold"), say("fewer customers left than it foretold")
    level = more if found.ratio.value > 1 else fewer
    if not found.has_turned:
        return level
    part = found.parts.loc[found.parts["p"].idxmin()]
    numbers = {"part": PART_WORDS[part["part"]], "learnt": part["learnt"], "since": part["value"]}
    if part["value"] < 1:
        turned = say("{part} goes the other way (odds ratio {since:ratio}, learnt {learnt:ratio})", **numbers)
    elif part["value"] < part["learnt"]:
        turned = say("{part} counts for less (odds ratio {since:ratio}, learnt {learnt:ratio})", **numbers)
    else:
        turned = say("{part} counts for more (odds ratio {since:ratio}, learnt {learnt:ratio})", **numbers)
    told = say("its parts go with leaving otherwise than it learnt, most clearly: {turned}", turned=turned)
    return say("{level}, and {told}", level=level, told=told) if found.is_off_level else told


def _found_ratio(ratio: Estimate) -> float | None:
    """From which ratio above 1 on the interval lies above MOST_RATIO with probability POWER, by the error of the log of this one."""
    if not ratio.value:
        return None
    half = np.log(ratio.high / ratio.value)
    return float(MOST_RATIO * np.exp(half * (1 + ndtri(POWER) / Z95)))


def _tail(statistic: float, degrees: int) -> float:
    from scipy.stats import chi2

    return float(chi2.sf(statistic, degrees))


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
