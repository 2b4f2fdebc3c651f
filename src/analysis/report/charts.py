"""Charts, one function a mark, named by shape. Each takes an Exhibit whose frame has the mark's columns and shows it
at two widths (screen and telephone) in each language. `label`, `series`, `row`, `column` and `group` hold Messages or
text from data; `low` and `high` are an interval's ends, NaN or no column at all for a census.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable

import matplotlib
from matplotlib.figure import Figure

from analysis.finding import Exhibit
from analysis.report.curves import describe_curves, draw_lines, draw_steps
from analysis.report.display import Shown, show
from analysis.report.flows import describe_flow, draw_flow
from analysis.report.funnels import describe_funnel, draw_funnel
from analysis.report.heats import describe_heat, draw_heat
from analysis.report.maps import describe_map, draw_map
from analysis.report.paths import describe_path, draw_path
from analysis.report.pyramid import describe_paired_bars, draw_paired_bars
from analysis.report.ranges import describe_ranges, draw_ranges
from analysis.report.rows import describe_rows, draw_bars, draw_intervals
from analysis.report.svg import to_svg
from analysis.report.texts import listing, plain
from analysis.report.theme import NARROW, RC, WIDE
from analysis.report.waterfall import describe_waterfall, draw_waterfall

WIDTHS = {"wid": WIDE, "nar": NARROW}
Draw = Callable[[Exhibit, int, str], Figure]
Describe = Callable[[Exhibit, str], Iterable[str]]


def intervals(exhibit: Exhibit) -> Shown:
    """Dots with intervals, a row each. Frame: label, value [, low, high, base, group, kind (part or total), note, is_noise].
    A row whose interval contains `exhibit.reference` lies within noise, unless `is_noise` says otherwise: hollow and grey.
    A row without a value shows its `note` (a Message). `options`: log (the axis), value_label (the head of the value
    column)."""
    return _figure(exhibit, ("label", "value"), draw_intervals, describe_rows)


def bars(exhibit: Exhibit) -> Shown:
    """Bars from zero with the value at the right. Frame and options as for `intervals`."""
    return _figure(exhibit, ("label", "value"), draw_bars, describe_rows)


def paired_bars(exhibit: Exhibit) -> Shown:
    """Two bars a row, back to back, in `exhibit.unit`. Frame: label, left, right [, group].
    `options`: left_label, right_label (Messages)."""
    return _figure(exhibit, ("label", "left", "right"), draw_paired_bars, describe_paired_bars)


def steps(exhibit: Exhibit) -> Shown:
    """Survival as steps with bands. Frame: series, time (in `exhibit.x_unit`), value [, low, high]."""
    return _figure(exhibit, ("series", "time", "value"), draw_steps, describe_curves)


def lines(exhibit: Exhibit) -> Shown:
    """A trend, or a calibration with `options` diagonal=True. Frame: series, x (in `exhibit.x_unit`), value
    [, low, high, is_limits (the range that chance explains: drawn in grey)]. A missing value interrupts the line."""
    return _figure(exhibit, ("series", "x", "value"), draw_lines, describe_curves)


def funnel(exhibit: Exhibit) -> Shown:
    """Units against control limits by size. Frame: part, size, value; rows with part "unit": label, outside ("",
    "above" or "below"); with part "limit": low95, high95, low998, high998, value being the centre.
    `options`: worse ("above" or "below") is the side that needs attention."""
    return _figure(exhibit, ("part", "size", "value", "label", "outside"), draw_funnel, describe_funnel)


def heat(exhibit: Exhibit) -> Shown:
    """A heat map around zero. Frame: row, column, value (its colour, blue above zero and ochre below), text (printed
    in the cell). `options`: limit (the value of the full colour; the greatest by default)."""
    return _figure(exhibit, ("row", "column", "value", "text"), draw_heat, describe_heat)


def ranges(exhibit: Exhibit) -> Shown:
    """Bars from a base to both ends, widest first (a tornado). Frame: label, low, high, value (the base)
    [, low_label, high_label]; the base line stands at `exhibit.reference`, else at the first row's value."""
    return _figure(exhibit, ("label", "low", "high", "value"), draw_ranges, describe_ranges)


def flow(exhibit: Exhibit) -> Shown:
    """Who moved from which group to which between two dates. Frame: left, right (groups, in their order), value (how many).
    `options`: left_label, right_label (the dates)."""
    return _figure(exhibit, ("left", "right", "value"), draw_flow, describe_flow)


def path(exhibit: Exhibit) -> Shown:
    """A path diagram. Frame: part, source, target, label, value [, low, high, is_noise]; rows with part "node", in an order in
    which no arrow leads back: source (the construct's name), label, value being R² (a share; missing without an arrow to
    it); with part "arrow": source and target (names), value being the coefficient in `exhibit.unit`, is_noise."""
    return _figure(exhibit, ("part", "source", "target", "label", "value"), draw_path, describe_path)


def map(exhibit: Exhibit) -> Shown:
    """Items by two figures with intervals on both axes. Frame: label, value (upwards, in `exhibit.unit`), x (across, in
    `exhibit.x_unit`) [, low, high, x_low, x_high, quadrant (its name), is_noise: in no quadrant for sure]. Averages:
    `exhibit.reference` and `options` x_reference; y_label; corners (names of the quadrants: upper left, upper right, lower left,
    lower right), watched (the one that needs attention)."""
    return _figure(exhibit, ("label", "value", "x"), draw_map, describe_map)


def waterfall(exhibit: Exhibit) -> Shown:
    """From one total over its parts to another, on its side. Frame: kind (total; head, a sum of the parts below it; part; alone), label,
    value (a total in `exhibit.unit`, others as differences) [, low, high, is_noise]. Parts lead from the first total to the last."""
    return _figure(exhibit, ("kind", "label", "value"), draw_waterfall, describe_waterfall)


def _figure(exhibit: Exhibit, needed: tuple[str, ...], draw: Draw, describe: Describe) -> Shown:
    missing = [] if exhibit.frame is None else [name for name in needed if name not in exhibit.frame]
    if missing and exhibit.absent is None:
        raise ValueError(f"exhibit {exhibit.name}: its frame lacks {', '.join(missing)}; it needs {', '.join(needed)}")

    def body(exhibit: Exhibit, language: str) -> str:
        return _chart(exhibit, language, draw, describe)

    return show(exhibit, "figure", body)


def _chart(exhibit: Exhibit, language: str, draw: Draw, describe: Describe) -> str:
    title, desc = plain(exhibit.title, language), listing(describe(exhibit, language), language)
    with matplotlib.rc_context(RC):
        drawn = [
            to_svg(draw(exhibit, width, language), exhibit.name, css_class, title, desc) for css_class, width in WIDTHS.items()
        ]
    return f'<div class="chart">{"".join(drawn)}</div>'
