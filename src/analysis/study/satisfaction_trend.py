"""How a score moved: by month or by quarter."""

import datetime as dt

import pandas as pd

from analysis.finding import DISCLOSURE_THRESHOLD, Exhibit
from analysis.study.satisfaction_measures import EFFORT, OVERALL, PROMOTERS, TOP_TWO_BOX, Measure
from analysis.study.survey import is_dated, last_answers
from analysis.wording import Message, say

QUARTERS_SHOWN = 8
MONTHS_SHOWN = 24
MONTHS_JUDGED = 12
MONTHLY_ANSWERS = 200
NAMES = {OVERALL.id: "trend", PROMOTERS.id: "promoters_trend", TOP_TWO_BOX.id: "top_trend", EFFORT.id: "effort_trend"}
SERIES = {
    OVERALL.id: say("Overall satisfaction"),
    PROMOTERS.id: say("Net promoter score"),
    TOP_TWO_BOX.id: say("Top-two-box share"),
    EFFORT.id: say("Ease"),
}
SUBTITLES = {
    (OVERALL.id, "Q"): say("Mean overall satisfaction by quarter, 1 to 10; band, 95% interval; axis does not start at 1"),
    (OVERALL.id, "M"): say("Mean overall satisfaction by month, 1 to 10; band, 95% interval; axis does not start at 1"),
    (PROMOTERS.id, "Q"): say("Net promoter score by quarter, −100 to 100 points; band, 95% interval (adjusted Wald)"),
    (PROMOTERS.id, "M"): say("Net promoter score by month, −100 to 100 points; band, 95% interval (adjusted Wald)"),
    (TOP_TWO_BOX.id, "Q"): say("Share of answers that are a 9 or a 10 by quarter; band, 95% interval (Wilson)"),
    (TOP_TWO_BOX.id, "M"): say("Share of answers that are a 9 or a 10 by month; band, 95% interval (Wilson)"),
    (EFFORT.id, "Q"): say("Mean ease by quarter, 1 (very hard) to 7 (very easy); band, 95% interval; axis does not start at 1"),
    (EFFORT.id, "M"): say("Mean ease by month, 1 (very hard) to 7 (very easy); band, 95% interval; axis does not start at 1"),
}
WITHIN = {
    "mark": say("First period shown {first:mark}, last {last:mark}: within noise"),
    "score": say("First period shown {first:score} points, last {last:score}: within noise"),
    "share": say("First period shown {first:share}, last {last:share}: within noise"),
}
ROSE = {
    "mark": say("From the first period shown to the last a rise from {first:mark} to {last:mark}, beyond noise"),
    "score": say("From the first period shown to the last a rise from {first:score} to {last:score} points, beyond noise"),
    "share": say("From the first period shown to the last a rise from {first:share} to {last:share}, beyond noise"),
}
FELL = {
    "mark": say("From the first period shown to the last a fall from {first:mark} to {last:mark}, beyond noise"),
    "score": say("From the first period shown to the last a fall from {first:score} to {last:score} points, beyond noise"),
    "share": say("From the first period shown to the last a fall from {first:share} to {last:share}, beyond noise"),
}


def trend_exhibit(surveys: pd.DataFrame, as_of: dt.date, measure: Measure = OVERALL) -> Exhibit:
    """The score of each whole month or quarter up to `as_of`, each customer's last answer of it. Months where each of the last
    twelve has MONTHLY_ANSWERS answers (a mean is then known to a fifth of a mark), else quarters."""
    name, heading = NAMES[measure.id], SERIES[measure.id]
    if not is_dated(surveys):
        return Exhibit(name, heading, absent=say("The survey bears no dates, so no trend can be shown."))
    asked = surveys[measure.answers(surveys).notna()]
    by_month = _periods(asked, as_of, "M")
    step = "M" if _is_dense(by_month) else "Q"
    parts = by_month if step == "M" else _periods(asked, as_of, "Q")
    parts = {end: part for end, part in parts.items() if len(part) >= DISCLOSURE_THRESHOLD}
    if len(parts) < 2:
        return Exhibit(name, heading, absent=say("Fewer than two whole quarters have enough answers to compare."))
    rows = [(end, *measure.estimate(part)) for end, part in parts.items()]
    frame = pd.DataFrame(rows, columns=["x", "value", "low", "high", "base"]).assign(series=heading)
    first, *_, last = parts.values()
    return Exhibit(name, _title(measure, first, last), SUBTITLES[measure.id, step], frame, unit=measure.unit, x_unit="month")


def _periods(asked: pd.DataFrame, as_of: dt.date, step: str) -> dict[pd.Timestamp, pd.DataFrame]:
    """Last day of each whole period up to `as_of` → each customer's last answer in it, the latest periods alone."""
    end = pd.to_datetime(asked["answered_date"]).dt.to_period(step).dt.end_time.dt.normalize()
    parts = {day: last_answers(part) for day, part in asked[end <= pd.Timestamp(as_of)].groupby(end)}
    shown = MONTHS_SHOWN if step == "M" else QUARTERS_SHOWN
    return dict(list(parts.items())[-shown:])


def _is_dense(by_month: dict[pd.Timestamp, pd.DataFrame]) -> bool:
    lately = [len(part) for part in list(by_month.values())[-MONTHS_JUDGED:]]
    return len(lately) == MONTHS_JUDGED and min(lately) >= MONTHLY_ANSWERS


def _title(measure: Measure, first: pd.DataFrame, last: pd.DataFrame) -> Message:
    change = measure.change(measure.by_customer(last), measure.by_customer(first))
    _, low, high, _ = change.estimate()
    words = WITHIN if low <= 0 <= high else ROSE if change.value > 0 else FELL
    return words[measure.unit].filled(first=change.before, last=change.now)
