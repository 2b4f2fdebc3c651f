"""The line of 13 months beside a key figure: normal range, target, December and the month itself, in 250 px by 84."""

from __future__ import annotations

import html
from collections.abc import Iterator, Sequence

from analysis.report.magnitudes import Magnitude
from analysis.report.texts import clean
from analysis.wording import format_value, say

WIDTH, HEIGHT = 250, 84
LEFT, RIGHT, TOP, BOTTOM = 5, 50, 8, 20
APART = 16  # px between the labels of value and target
ROOM = (70, 150)  # px between which the label of December does not touch those of the line's ends
ENDS = {"worse": "square", "better": "full"}
SHORT_MONTH = {"en": "{name} {year}", "zh": "{year}年{month}月"}
NAMES = ("Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec")
Place = tuple[float, float]


def spark(figure: dict, scale: Magnitude, verdict: str, title: str, language: str) -> str:
    """The figure's months as one `<svg>`; empty where fewer than two of them have a value. `title` tells what it shows, `verdict`
    how the month is judged. Colours come from the page's style, by class."""
    points = figure["points"]
    if sum(point["value"] is not None for point in points) < 2:
        return ""
    x, y = _axes(points, _target(figure))
    last = points[-1]["value"]
    parts = [
        *(f'<path class="band" d="{_path(run, True)}"/>' for run in _bands(points, x, y)),
        *_target_line(figure, x, y),
        *(f'<path class="line" d="{_path(run)}"/>' for run in _runs(points, x, y)),
        *_december(figure, x, y),
        *([] if last is None else _end(figure["judgement"], x[-1], y(last))),
        *_values(figure, scale, x[-1], y),
        *_months(figure, x, language),
    ]
    name = html.escape(figure["id"].replace("_", "-"))
    told = f'<title id="sp-{name}-t">{html.escape(clean(title))}</title><desc id="sp-{name}-d">{_told(points, scale, verdict, language)}</desc>'
    return (
        f'<svg class="spark {_kind(figure)}" viewBox="0 0 {WIDTH} {HEIGHT}" role="img" aria-labelledby="sp-{name}-t sp-{name}-d"'
        f' font-size="12">{told}{"".join(parts)}</svg>'
    )


def short_month(day: str, language: str) -> str:
    """`Jun 2025`, `2025年6月`."""
    year, month = int(day[:4]), int(day[5:7])
    return SHORT_MONTH[language].format(name=NAMES[month - 1], year=year, month=month)


def december(figure: dict) -> str:
    """The end of the December before the month shown."""
    return f"{int(figure['points'][-1]['month'][:4]) - 1}-12-31"


def _kind(figure: dict) -> str:
    return figure["judgement"] if figure["judgement"] in ENDS else "noise"


def _target(figure: dict) -> float | None:
    return figure["target"]["value"] if figure.get("target") else None


def _axes(points: Sequence[dict], target: float | None) -> tuple[list[float], object]:
    shown = [point[name] for point in points for name in ("value", "expected_low", "expected_high")] + [target]
    known = [value for value in shown if value is not None]
    low, high = min(known), max(known)
    span = high - low or 1.0
    step = (WIDTH - LEFT - RIGHT) / max(1, len(points) - 1)
    return [
        LEFT + step * place for place in range(len(points))
    ], lambda value: TOP + (HEIGHT - TOP - BOTTOM) * (1 - (value - low) / span)


def _runs(points: Sequence[dict], x: list[float], y: object) -> Iterator[list[Place]]:
    """Months in a row that have a value: the line is broken where one has none."""
    run: list[Place] = []
    for place, point in zip(x, points, strict=True):
        if point["value"] is not None:
            run.append((place, y(point["value"])))
        elif run:
            yield run
            run = []
    if run:
        yield run


def _bands(points: Sequence[dict], x: list[float], y: object) -> Iterator[list[Place]]:
    known = [
        (place, point)
        for place, point in zip(x, points, strict=True)
        if point["expected_low"] is not None and point["expected_high"] is not None
    ]
    if len(known) == 1:
        place, point = known[0]
        yield [(place + side, y(point[end])) for side, end in ((-6, "expected_high"), (6, "expected_high"))] + [
            (place + side, y(point["expected_low"])) for side in (6, -6)
        ]
    elif known:
        above = [(place, y(point["expected_high"])) for place, point in known]
        yield above + [(place, y(point["expected_low"])) for place, point in reversed(known)]


def _path(places: Sequence[Place], is_closed: bool = False) -> str:
    return "M" + "L".join(f"{x:.1f} {y:.1f}" for x, y in places) + ("Z" if is_closed else "")


def _target_line(figure: dict, x: list[float], y: object) -> list[str]:
    target = _target(figure)
    if target is None:
        return []
    return [f'<line class="goal" x1="{x[0]:.1f}" y1="{y(target):.1f}" x2="{x[-1]:.1f}" y2="{y(target):.1f}"/>']


def _december(figure: dict, x: list[float], y: object) -> list[str]:
    wanted = december(figure)
    return [
        f'<circle class="mark" cx="{place:.1f}" cy="{y(point["value"]):.1f}" r="2.75"/>'
        for place, point in zip(x, figure["points"], strict=True)
        if point["month"] == wanted and point["value"] is not None
    ]


def _end(judgement: str, x: float, y: float) -> list[str]:
    if judgement == "worse":
        return [f'<rect class="end" x="{x - 4:.1f}" y="{y - 4:.1f}" width="8" height="8"/>']
    return [
        f'<circle class="{"end" if judgement == "better" else "mark"}" cx="{x:.1f}" cy="{y:.1f}" r="{4 if judgement == "better" else 3.75}"/>'
    ]


def _values(figure: dict, scale: Magnitude, x: float, y: object) -> list[str]:
    """The value and the target at the line's end, moved apart where they would touch."""
    value, target = figure["points"][-1]["value"], _target(figure)
    labels = [(kind, number, y(number) + 4.5) for kind, number in (("now", value), ("goal", target)) if number is not None]
    if len(labels) == 2 and abs(labels[0][2] - labels[1][2]) < APART:
        middle, up = (labels[0][2] + labels[1][2]) / 2, -1 if labels[0][2] <= labels[1][2] else 1
        middle = min(max(middle, 12 + APART / 2), HEIGHT - BOTTOM + 5 - APART / 2)
        labels = [(*labels[0][:2], middle + up * APART / 2), (*labels[1][:2], middle - up * APART / 2)]
    return [
        f'<text class="{kind}" x="{x + 9:.1f}" y="{place:.1f}">{_brief(scale, number)}</text>' for kind, number, place in labels
    ]


def _brief(scale: Magnitude, number: float) -> str:
    """The number in the room at the line's end: decimals go where a thousand or more stands before them."""
    text = scale.number(number)
    return format_value(number / scale.divisor, "number.0") if len(text) > 6 and "." in text else text


def _months(figure: dict, x: list[float], language: str) -> list[str]:
    points, line = figure["points"], HEIGHT - 3
    over = 24 if language == "zh" else 18
    labels = [
        f'<text class="axis" x="{x[0]:.1f}" y="{line}">{short_month(points[0]["month"], language)}</text>',
        f'<text class="axis" x="{x[-1] + over:.1f}" y="{line}" text-anchor="end">{short_month(points[-1]["month"], language)}</text>',
    ]
    wanted = december(figure)
    for place, point in zip(x, points, strict=True):
        if point["month"] == wanted and ROOM[0] < place < ROOM[1]:
            word = say("Dec").render(language)
            labels.insert(1, f'<text class="axis" x="{place:.1f}" y="{line}" text-anchor="middle">{word}</text>')
    return labels


def _told(points: Sequence[dict], scale: Magnitude, verdict: str, language: str) -> str:
    told = [
        say("{month}: {value}", month=format_value(point["month"], "month", language), value=scale.full(point["value"])).render(
            language
        )
        for point in points
        if point["value"] is not None
    ]
    joint = "；" if language == "zh" else "; "
    return html.escape(clean(joint.join([*told, verdict])))
