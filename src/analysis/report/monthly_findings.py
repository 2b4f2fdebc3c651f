"""The sentences that matter most and the decisions that are needed, as the monthly report shows them."""

from __future__ import annotations

import html
from collections.abc import Mapping, Sequence

from analysis.finding import BASES, DISCLOSURE_THRESHOLD
from analysis.report.evidence import badge
from analysis.report.monthly_figures import safe
from analysis.wording import NO_VALUE, format_value, listed, say

HEAD_UNITS = {"en": "number", "zh": "户"}
LACKING = {
    "owner": say("an owner"), "customers": say("the number of customers"), "due": say("a date"), "measure": say("a measure"),
    "finding": say("a finding of this release"), "limit": say("a limit"),
}  # fmt: skip
DECISION_WORDS = {
    "measure": say("Measure proposed"), "owner": say("Responsible"), "customers": say("Customers"), "limit": say("Limit"), "due": say("Decide by"),
    "outcome": say("Outcome of the last action"), "evidence": say("See the evidence"),
}  # fmt: skip


def conclusions(found: Mapping, language: str) -> dict:
    """The picked `items` with badge, base, interval and place, and in `note` how they were picked; where none was, `quiet` says what is known."""
    note = safe(found.get("note"))
    if not found["picked"]:
        return {"quiet": note, "items": [], "note": ""}
    return {"quiet": "", "items": [_picked(one, language) for one in found["picked"]], "note": note}


def decisions(rows: Sequence[dict], language: str) -> dict:
    """Complete `rows` for the table and, apart from them, the `incomplete` ones, each with what it lacks."""
    complete = [row for row in rows if not row.get("missing")]
    units = {row.get("limit_unit") or "" for row in complete if row.get("limit") is not None}
    one_unit = units.pop() if len(units) == 1 else None
    return {
        "words": {name: text.html(language) for name, text in DECISION_WORDS.items()},
        "unit": html.escape(one_unit or ""),
        "count": HEAD_UNITS[language],
        "rows": [_decision(row, one_unit is not None, language) for row in complete],
        "incomplete": [_incomplete(row, language) for row in rows if row.get("missing")],
    }


def _picked(one: dict, language: str) -> dict:
    base = None if one.get("base") is None else BASES[one["base_of"]].filled(base=one["base"]).html(language)
    place = safe(one.get("place"))
    return {
        "html": safe(one["html"]),
        "badge": badge(one["evidence"], language),
        "based_on": base or "",
        "interval": safe(one.get("interval")),
        "link": one.get("link") or "",
        "place": say("Evidence: {place}", place=place).render(language) if place else "",
    }


def _decision(row: dict, is_one_unit: bool, language: str) -> dict:
    limit = NO_VALUE if row.get("limit") is None else _amount(row["limit"])
    unit = row.get("limit_unit") or ""
    return {
        "measure": html.escape(str(row["measure"])),
        "owner": html.escape(str(row["owner"])),
        "customers": _customers(row["customers"], language),
        "limit": limit if is_one_unit or row.get("limit") is None else html.escape(f"{limit} {unit}".strip()),
        "due": format_value(row["due"], "date", language),
        "overdue": say("overdue").html(language) if row.get("is_overdue") else "",
        "outcome": safe(row.get("outcome")) or say("None told").html(language),
        "finding": safe(row.get("finding")),
        "link": row.get("link") or "",
    }


def _amount(limit: float) -> str:
    return format_value(limit, "number.0" if float(limit).is_integer() else "number.2")


def _customers(count: int | str | None, language: str) -> str:
    if isinstance(count, str):
        return html.escape(count)
    if count is not None and 0 < count < DISCLOSURE_THRESHOLD:
        return say("fewer than {threshold:count}", threshold=DISCLOSURE_THRESHOLD).html(language)
    return format_value(count, "count", language)


def _incomplete(row: dict, language: str) -> str:
    lacking = listed(LACKING.get(name) or name for name in row["missing"])
    return say("{measure}: lacks {lacking}", measure=str(row.get("measure") or NO_VALUE), lacking=lacking).html(language)
