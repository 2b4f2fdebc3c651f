"""The six key figures of the monthly report as tiles, and what became of them since the last release."""

from __future__ import annotations

import html
from collections.abc import Sequence

import nh3

from analysis.finding import BASES
from analysis.report.magnitudes import UNCHANGED, Magnitude, direction, magnitude
from analysis.report.sparks import spark
from analysis.wording import NO_VALUE, Message, format_value, listed, say

VERDICTS = {
    "better": say("Beyond noise, better"), "worse": say("Beyond noise, worse"), "within": say("Within noise"),
    "unknown": say("Too few months to tell noise from change"),
}  # fmt: skip
WITH_FEBRUARY = say("Judged in February, both months together: Spring Festival")
CLASSES = {"better": "better", "worse": "worse", "within": "noise", "unknown": "open"}
CHANGES = {"month": say("On month"), "year_start": say("Since Dec"), "year": say("On year")}
DIFFERENCES = {"share": say("points, {direction}"), "score": say("NPS points, {direction}")}
REVISED = say("{figure} of {day:date} revised from {then} to {now} (data revised)")
REVISED_OR_REDEFINED = say("{figure} of {day:date}: then {then}, by today's data and definition {now}")
PARTS = ("revision", "population", "rate")
SOFTENED = {"tags": {"b", "q"}, "attributes": {"q": {"lang"}}}


def safe(text: str | None) -> str:
    """HTML of another's making with nothing left in it but emphasis and quotation."""
    return nh3.clean(text or "", **SOFTENED)


def tiles(figures: Sequence[dict], language: str) -> list[dict]:
    """What each tile shows, as HTML: title, rule, value with its unit, verdict, the line of months, rows of changes, notes."""
    return [_absent(figure) if figure.get("absent") else _tile(figure, language) for figure in figures]


def judged(figures: Sequence[dict]) -> Message:
    """How the figures stand, in one line."""
    shown = [figure for figure in figures if not figure.get("absent")]
    if len(shown) == len(figures) and all(figure["judgement"] == "within" for figure in shown):
        return say("All within normal variation this month")
    words = {
        "within": say("{n:count} within noise"),
        "worse": say("{n:count} worse"),
        "better": say("{n:count} better"),
        "unknown": say("{n:count} not judged"),
    }
    count = {name: sum(figure["judgement"] == name for figure in shown) for name in words}
    count_absent = len(figures) - len(shown)
    parts = [words[name].filled(n=number) for name, number in count.items() if number]
    parts += [say("{n:count} absent", n=count_absent)] if count_absent else []
    return listed(parts) or say("None")


def targets(figures: Sequence[dict], language: str) -> str:
    """Which figures miss their target, as one line; empty where none of those shown has one."""
    held = [figure for figure in figures if not figure.get("absent") and figure.get("target")]
    missed = [plain(figure["title"]) for figure in held if not figure["target"]["is_met"]]
    if not held:
        return ""
    if not missed:
        return say("None of {all:count} targets missed", all=len(held)).html(language)
    named = listed((title[:1].lower() + title[1:] for title in missed), say("{first}; {second}"))
    return say("{n:count} of {all:count} targets missed: {figures}", n=len(missed), all=len(held), figures=named).html(language)


def since_rows(figures: Sequence[dict], language: str) -> list[dict]:
    """A row of `since last time` for each figure that both releases show: numbers of one unit, which `unit` names."""
    return [_since_row(figure, language) for figure in figures if not figure.get("absent") and figure.get("since")]


def since_reasons(figures: Sequence[dict]) -> list[str]:
    """Why a figure differs from last time, where that is more than noise or its data or definition changed."""
    return [
        f"<b>{safe(figure['title'])}</b> {safe(figure['why'])}"
        for figure in figures
        if not figure.get("absent") and figure.get("why") and (since := figure.get("since"))
        if since["is_beyond"] or since["revision"] or since["definition"]
    ]


def revised(figures: Sequence[dict], language: str) -> list[Message]:
    """Figures of the last release that today's data give otherwise, where the printed number differs."""
    found = []
    for figure in figures:
        since = figure.get("since")
        if figure.get("absent") or not since or not since["revision"] or since["then"] is None:
            continue
        scale = magnitude(figure, language)
        then, now = scale.full(since["then"]), scale.full(since["then"] + since["revision"])
        if then != now:
            said = REVISED if not _holds_both(since) else REVISED_OR_REDEFINED
            found.append(said.filled(figure=plain(figure["title"]), day=since["as_of"], then=then, now=now))
    return found


def _holds_both(since: dict) -> bool:
    """Whether the definition has changed and what is told as revised holds that too."""
    return bool(since["definition"]) and bool(since["revision"]) and since.get("redefinition") is None


def plain(text: str | None) -> str:
    """The words of a piece of HTML."""
    return html.unescape(nh3.clean(text or "", tags=set()))


def _absent(figure: dict) -> dict:
    return {"title": safe(figure["title"]), "rule": _capital(safe(figure.get("rule"))), "absent": safe(figure["absent"])}


def _tile(figure: dict, language: str) -> dict:
    scale = magnitude(figure, language)
    verdict = _verdict(figure)
    title = plain(figure["title"])
    return {
        "title": safe(figure["title"]),
        "rule": _capital(safe(figure.get("rule"))),
        "value": scale.number(figure["value"]),
        "word": scale.word,
        "verdict": verdict.html(language),
        "kind": CLASSES[figure["judgement"]],
        "spark": spark(figure, scale, verdict.render(language), _spark_title(title, verdict).render(language), language),
        "caption": say("{figure}: changes and target", figure=title).render(language),
        "rows": [*_changes(figure, scale, language), *_target(figure, scale, language)],
        "notes": [note for note in (_parts(figure, scale, language), _festival(figure, scale, language), _based(figure, scale, language)) if note],
    }  # fmt: skip


def _verdict(figure: dict) -> Message:
    """A January for which a range is foretold and that is not judged is one of a flow, which waits for February."""
    last = (figure["points"] or [{}])[-1]
    is_january = str(last.get("month"))[5:7] == "01" and last.get("expected_low") is not None
    return WITH_FEBRUARY if is_january and figure["judgement"] == "unknown" else VERDICTS[figure["judgement"]]


def _spark_title(title: str, verdict: Message) -> Message:
    return say("{figure}, 13 months: {verdict}", figure=title, verdict=verdict)


def _changes(figure: dict, scale: Magnitude, language: str) -> list[dict]:
    rows = []
    for name, label in CHANGES.items():
        change = (figure.get("changes") or {}).get(name)
        if change is None:
            continue
        number, word = _change(change, figure["unit"], scale)
        if name != "month" and change.get("is_beyond"):
            word = say("{change}, beyond noise", change=word)
        rows.append({"label": label.html(language), "number": number, "word": word.html(language), "is_target": False})
    return rows


def _change(change: dict, unit: str, scale: Magnitude) -> tuple[str, Message]:
    is_difference = unit in DIFFERENCES
    value = change["value"] if is_difference else change["relative"]
    if value is None:
        return NO_VALUE, say("cannot be compared")
    number = scale.number(value, sign=True) if is_difference else _signed(value)
    word = direction(number)
    is_plain = not is_difference or word == UNCHANGED
    if value and word == UNCHANGED:
        word = say("hardly changed")
    return number, word if is_plain else DIFFERENCES[unit].filled(direction=word)


def _signed(share: float) -> str:
    return format_value(share * 100, "number.1", sign=True) + "%"


def _target(figure: dict, scale: Magnitude, language: str) -> list[dict]:
    target = figure.get("target")
    if not target:
        return []
    is_up = figure["better"] == "up"
    number = scale.number(target["value"]) + ("%" if figure["unit"] == "share" else "")
    if target["is_met"]:
        word = say("met")
    elif is_up and figure["unit"] in ("count", "money"):
        word = say("{share:share} there", share=figure["value"] / target["value"])
    else:
        word = _missed(scale.gap(target["gap"], language), is_up)
    bound = "" if is_up and figure["unit"] in ("count", "money") else "≥" if is_up else "≤"
    return [{"label": say("Target").html(language), "number": bound + number, "word": word.html(language), "is_target": True}]


def _missed(gap: str, is_up: bool) -> Message:
    if direction(gap) == UNCHANGED:
        return say("just missed")
    return say("short by {gap}", gap=gap) if is_up else say("over by {gap}", gap=gap)


def _parts(figure: dict, scale: Magnitude, language: str) -> str:
    """The parts in the figure's unit, which is named once, at the end."""
    gap, joint, unit = ("", "、", "（{}）") if language == "zh" else (" ", ", ", " ({})")
    own = scale.full if figure["unit"] == "share" else scale.number
    parts = [f"{_small(safe(part['label']))}{gap}{own(part['value'])}" for part in figure.get("parts") or ()]
    if all(part["value"] is None for part in figure.get("parts") or ()):
        return ""
    return _capital(joint.join(parts)) + (unit.format(scale.word) if parts and figure["unit"] != "share" else "")


def _capital(text: str) -> str:
    return text[:1].upper() + text[1:]


def _small(text: str) -> str:
    """Without its capital, unless that is one of several."""
    return text if text[1:2].isupper() else text[:1].lower() + text[1:]


def _festival(figure: dict, scale: Magnitude, language: str) -> str:
    both = figure.get("festival")
    if not both or both.get("now") is None or both.get("before") is None:
        return ""
    numbers = {"now": scale.full(both["now"]), "before": scale.full(both["before"])}
    return say("January and February together {now}, a year before {before}", **numbers).html(language)


def _based(figure: dict, scale: Magnitude, language: str) -> str:
    base = None if figure.get("base") is None else BASES[figure["base_of"]].filled(base=figure["base"])
    if figure.get("low") is None or figure.get("high") is None:
        return "" if base is None or figure["unit"] == "count" else say("Base: {base}", base=base).html(language)
    ends = {"low": scale.number(figure["low"]), "high": scale.number(figure["high"])}
    if base is None:
        return say("Interval {low} to {high}", **ends).html(language)
    return say("Interval {low} to {high}; {base}", base=base, **ends).html(language)


def _since_row(figure: dict, language: str) -> dict:
    since, scale = figure["since"], magnitude(figure, language)
    beyond = {True: say("Yes"), False: say("No"), None: say("Not known")}[since["is_beyond"]]
    is_bad = bool(since["is_beyond"]) and figure["judgement"] == "worse"
    return {
        "title": safe(figure["title"]),
        "unit": scale.column,
        "then": scale.number(since["then"]),
        "now": scale.number(since["now"]),
        "beyond": beyond.html(language),
        "is_beyond": bool(since["is_beyond"]),
        "is_bad": is_bad,
        "definition": _definition(since, scale).html(language),
        **{name: "0" if since[name] == 0 else scale.number(since[name], sign=True) for name in PARTS},
    }


def _definition(since: dict, scale: Magnitude) -> Message:
    if not since["definition"]:
        return say("same")
    if since.get("redefinition") is not None:
        return say(
            "changed: {amount}", amount="0" if since["redefinition"] == 0 else scale.number(since["redefinition"], sign=True)
        )
    return say("changed, counted with data revised") if _holds_both(since) else say("changed")
