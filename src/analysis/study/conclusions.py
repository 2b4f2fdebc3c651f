"""The three sentences that matter most: chosen by size × customers × evidence, with intervals that allow for the choice."""

from collections.abc import Sequence

import numpy as np

from analysis.stats.selection import drawn_to, error_level, kept_shares, picked, widened
from analysis.study.candidates import KEY_FIGURES, Candidate, candidates, place_of
from analysis.wording import Message, format_value, listed, say

MOST, MONEY = 3, "money.2"
MEASURES = {
    "score": say("{value} points"),
    "points": say("{value} percentage points"),
    "mark": say("{value} marks"),
}


def conclusions(reports: dict, customers: int, as_of: str, language: str = "en") -> dict:
    """What the front page tells of the reports (those of a results.json, whose sentences are in `language`; `customers`: how many the
    bank has): `picked`, at most MOST, no two of one topic or report; how many were `considered`; whether it is `quiet`; the `note`.

    Told are headlines and key figures beyond noise whose interval, at the level that the choice asks (`stats.selection.error_level`
    with the number told and considered), leaves out what they are held against. They stand in the order of size × share of
    customers concerned × weight of the evidence, sizes being drawn to 0 first (`stats.selection.kept_shares`). Each has report, id,
    html, evidence, base, base_of, unit, value, compare_to, `low` and `high` at `level`, `drawn` (the value, drawn towards what it
    is held against), `size` and `drawn_size`, `interval` (these numbers as a sentence), link and place. Of a key figure low and high
    are its normal range."""
    found = candidates(reports, customers, as_of)
    kept = kept_shares([each.distance for each in found])
    tellable = np.array([each.is_headline for each in found], dtype=bool)
    distance = np.where(tellable, [each.distance for each in found], 0.0)
    score = np.abs([each.size for each in found]) * kept * [each.weight for each in found]
    told = picked(distance, score, [each.groups for each in found], MOST)
    error = error_level(len(told), len(found)) if told else 0.0
    figures = (reports.get(KEY_FIGURES) or {}).get("figures") or []
    return {
        "picked": [_entry(found[place], float(kept[place]), error, len(found), language) for place in told],
        "considered": len(found),
        "quiet": not told,
        "note": (_nothing(reports, customers, as_of) if not found else _note(told, len(found), figures)).html(language),
    }


def _entry(one: Candidate, kept: float, error: float, considered: int, language: str) -> dict:
    middle, error = one.compare_to if one.is_figure else one.value, min(error, 1 - one.held)
    low, high = widened(middle, one.low, one.high, error, one.scale, one.held, one.degrees)
    drawn = drawn_to(one.value, one.compare_to, kept, one.scale)
    said = _measured(one, language, value=one.value, low=low, high=high, drawn=drawn)
    return {
        "report": one.report, "id": one.id, "html": one.html, "evidence": one.evidence, "base": one.base, "base_of": one.base_of,
        "unit": one.unit, "value": one.value, "compare_to": one.compare_to, "low": low, "high": high, "level": 1 - error,
        "drawn": drawn, "size": one.size, "drawn_size": one.size * kept,
        "interval": _interval(one.is_figure).filled(considered=considered, level=1 - error, **said).html(language),
        **place_of(one, language),
    }  # fmt: skip


def measure(value: float, unit: str, language: str, currency: str | None = None) -> str:
    """A number with the word of its unit."""
    number = format_value(value, MONEY if unit == "money" else unit, language)
    if unit == "money" and currency:
        text = say("CNY {value}") if currency == "CNY" else say("{currency} {value}", currency=currency)
        return text.filled(value=number).render(language)
    return MEASURES[unit].filled(value=number).render(language) if unit in MEASURES else number


def _measured(one: Candidate, language: str, **numbers: float) -> dict[str, str]:
    """The numbers in words, `low` without that of its unit, which follows with `high`."""
    said = {name: measure(number, one.unit, language, one.currency) for name, number in numbers.items()}
    return said | ({} if one.unit == "money" else {"low": format_value(numbers["low"], one.unit, language)})


def _interval(is_figure: bool) -> Message:
    if is_figure:
        return say(
            "As one chosen from {considered:count}: normal range {low} to {high} ({level:share.1}); cautious estimate: {drawn}."
        )
    return say(
        "As one chosen from {considered:count}: {value}, interval {low} to {high} ({level:share.1}); cautious estimate: {drawn}."
    )


def _nothing(reports: dict, customers: int, as_of: str) -> Message:
    """Why there is no candidate."""
    reserved = [
        name for name, entry in reports.items()
        if entry.get("gate") and candidates({name: {**entry, "gate": []}}, customers, as_of)
    ]  # fmt: skip
    if not reserved:
        return say("There is nothing to choose from: no figure or finding has both an interval and a comparison.")
    return say(
        "There is nothing to choose from: the data fall short of what these reports need, so that none of their findings is put forward: {reports}.",
        reports=listed((reports[name]["title"] for name in reserved), say("{first}; {second}")),
    )


def _note(told: list[int], considered: int, figures: Sequence[dict]) -> Message:
    is_within = bool(figures) and all(figure["is_beyond"] is False for figure in figures)
    if told:
        chosen = say(
            "Chosen from {considered:count} findings and figures by size, customers and evidence; because they were chosen, their intervals are widened.",
            considered=considered,
        )
        return (
            say(
                "{chosen} This month's key figures all lie within the range that the months before foretell: no contradiction, since the sentences above compare with an earlier period or between groups.",
                chosen=chosen,
            )
            if is_within
            else chosen
        )
    if is_within:
        return say("All figures are within normal variation this month.")
    if any(figure["is_beyond"] for figure in figures):
        return say(
            "Nothing stands out once it is allowed for that {considered:count} findings and figures were looked at; a figure beyond its normal range is marked as such.",
            considered=considered,
        )
    return say("No finding or figure that can be judged is beyond normal variation this month.")
