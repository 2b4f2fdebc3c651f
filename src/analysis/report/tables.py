"""Tables as HTML: one unit a column, declared in its head; numbers right-aligned; no style attribute.

On the telephone a table of numbers scrolls sideways; one with sentences in it becomes a block a row."""

from __future__ import annotations

import html
import re
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import NamedTuple

from analysis.finding import Column, Exhibit
from analysis.report.display import Shown, show
from analysis.report.texts import UNIT_LABELS, bare, clean, is_missing, plain, text_width
from analysis.wording import MINUS, NO_VALUE, Message, currency_name, format_value, render_html

TEXT_SIZE, HEAD_SIZE = 14, 13
SHORT, WORDY = 165, 330  # px: texts that never break; a text for which a telephone has no column
CELL_GAP, FIRST_COLUMN, TEXT_COLUMN = 20, 148, 110
FIGURES_WIDE = 230  # px: values with their intervals, which never break
ROOMY_TEXTS = 3  # sentences side by side for which the margin is needed
FIGURES = re.compile(rf"[+{MINUS}]?\d([\d.,%()（） +{MINUS}{NO_VALUE}至]|to)*")
MARGIN_FREE = {"en": 800, "zh": 730}  # px reckoned for the broadest usual Latin font; beside the margin notes stand 720
NEGATIVE = '<span class="neg">-</span>'  # what a spreadsheet takes for a sign; the stylesheet draws it as a minus
ROLES = {"table": "table", "group": "rowgroup", "row": "row", "head": "columnheader", "first": "rowheader", "cell": "cell"}


class Step(NamedTuple):
    """Amounts of which the greatest comes to `least` and the smallest to `finest` or more are written in `word` of the
    currency, which is so many of its units, with `decimals`."""

    least: float
    finest: float
    units: float
    word: str
    decimals: int


MONEY_STEPS = {"zh": (Step(1e9, 1e7, 1e8, "亿", 2), Step(1e6, 0, 1e4, "万", 1))}


def table(exhibit: Exhibit) -> Shown:
    """The exhibit's `columns` of its frame, the first as row headers. Boolean columns of the frame set a row off:
    `is_total` as the sum row, `is_noise` in grey. A missing number is a dash."""
    _require_columns(exhibit)
    return show(exhibit, "table", _body)


def _require_columns(exhibit: Exhibit) -> None:
    if exhibit.frame is None or exhibit.absent is not None:
        return
    missing = [column.name for column in exhibit.columns if column.name not in exhibit.frame]
    if missing or not exhibit.columns:
        raise ValueError(f"exhibit {exhibit.name}: its table lacks columns: {', '.join(missing) or 'all'}")


def _body(exhibit: Exhibit, language: str) -> str:
    title = html.escape(plain(exhibit.title, language))
    sheet = Sheet(exhibit, language)
    rows = "\n".join(_row(row, sheet) for row in exhibit.frame.to_dict("records"))
    heads = "".join(_head(column, sheet) for column in exhibit.columns)
    group = sheet.role("group")
    return (
        f'<div class="scroll" tabindex="0" role="region" aria-label="{title}">\n'
        f'<table class="{sheet.layout}"{sheet.role("table")}><caption class="vh">{title}</caption>\n'
        f"<thead{group}><tr{sheet.role('row')}>{heads}</tr></thead>\n"
        f"<tbody{group}>\n{rows}\n</tbody></table></div>"
    )


@dataclass(frozen=True)
class Sheet:
    """A table in one language: how wide its columns' texts are, and so how it is laid out."""

    exhibit: Exhibit
    language: str

    @cached_property
    def widths(self) -> dict[str, float]:
        """px of each column's longest text."""
        return {column.name: self._widest(column) for column in self.exhibit.columns}

    def _widest(self, column: Column) -> float:
        texts = (self.plain(value, column) for value in self.exhibit.frame[column.name])
        return max((text_width(text, TEXT_SIZE) for text in texts), default=0)

    @property
    def is_stacked(self) -> bool:
        """Whether a column but the first holds sentences."""
        return any(not column.unit and self.widths[column.name] > WORDY for column in self.exhibit.columns[1:])

    @property
    def layout(self) -> str:
        kind = "t stack" if self.is_stacked else "t wide"
        sentences = [column for column in self.exhibit.columns[1:] if not column.unit and self.widths[column.name] > SHORT]
        is_roomy = len(sentences) >= ROOMY_TEXTS if self.is_stacked else self._least > MARGIN_FREE[self.language]
        return f"{kind} roomy" if is_roomy else kind

    @property
    def _least(self) -> float:
        """px below which the table would have to scroll."""
        return FIRST_COLUMN + sum(self._column(column) + CELL_GAP for column in self.exhibit.columns[1:])

    def _column(self, column: Column) -> float:
        head = max((text_width(word, HEAD_SIZE, bold=True) for word in plain(column.label, self.language).split()), default=0)
        whole = self.is_figures(column) or self.is_short(column)
        return max(self.widths[column.name] if whole else TEXT_COLUMN, head if self.language == "en" else 0)

    def is_short(self, column: Column) -> bool:
        """Whether the column's texts stand on one line."""
        return not column.unit and self.widths[column.name] <= SHORT

    def is_figures(self, column: Column) -> bool:
        """Whether the column's cells are figures: numbers, or texts of a value with its interval; they stand right-aligned."""
        return column.name in self._figures

    @cached_property
    def _figures(self) -> set[str]:
        texts = {
            column.name: [self.plain(value, column) for value in self.exhibit.frame[column.name]]
            for column in self.exhibit.columns
            if not column.unit and self.widths[column.name] <= FIGURES_WIDE
        }
        told = {name for name, own in texts.items() if _are_figures(own)}
        return told | {column.name for column in self.exhibit.columns if column.unit}

    @cached_property
    def _steps(self) -> dict[str, Step | None]:
        """How amounts are written in this language: all columns of one unit alike, as suits the greatest."""
        amounts = [column for column in self.exhibit.columns if column.unit == "amount"]
        amounts = [column for column in amounts if "currency" in getattr(column.unit_label, "values", {})]
        return {column.name: self._step([each for each in amounts if each.unit_label == column.unit_label]) for column in amounts}

    def _step(self, columns: list[Column]) -> Step | None:
        cells = [value for column in columns for value in self.exhibit.frame[column.name]]
        told = [abs(value) for value in cells if not isinstance(value, Message | str) and not is_missing(value) and value]
        steps = MONEY_STEPS.get(self.language, ()) if told else ()
        return next((step for step in steps if max(told) >= step.least and min(told) >= step.finest), None)

    def unit(self, column: Column) -> Message | str | None:
        """What the column's head declares."""
        if step := self._steps.get(column.name):
            return column.unit_label.filled(
                currency=step.word + currency_name(column.unit_label.values["currency"], self.language)
            )
        return column.unit_label or UNIT_LABELS.get((column.unit or "").partition(".")[0])

    def plain(self, value: object, column: Column) -> str:
        """A cell's text."""
        if is_missing(value):
            return NO_VALUE
        if isinstance(value, Message | str):
            return plain(value, self.language)
        if step := self._steps.get(column.name):
            return format_value(float(value) / step.units, f"number.{step.decimals}", self.language)
        return bare(value, column.unit, self.language) if column.unit else str(value)

    def role(self, name: str) -> str:
        """In blocks a table's parts need their roles: their display is no longer a table's."""
        return f' role="{ROLES[name]}"' if self.is_stacked else ""

    def caption(self, column: Column) -> str:
        """What stands before a cell in its block."""
        if not self.is_stacked:
            return ""
        unit = self.unit(column)
        words = " ".join(plain(text, self.language) for text in (column.label, unit) if text)
        return f' data-h="{html.escape(words)}"'


def _are_figures(texts: list[str]) -> bool:
    """Figures, and among them one or the other that says `more than 126`."""
    told = [text for text in texts if text != NO_VALUE]
    return 2 * sum(map(bool, map(FIGURES.fullmatch, told))) > len(told) and all(any(map(str.isdigit, text)) for text in told)


def _head(column: Column, sheet: Sheet) -> str:
    unit = sheet.unit(column)
    small = f"<small>{_escaped(unit, sheet.language)}</small>" if unit else ""
    classes = _class_of("n" if sheet.is_figures(column) else "")
    return f'<th scope="col"{classes}{sheet.role("head")}>{_escaped(column.label, sheet.language)}{small}</th>'


def _row(row: Mapping[str, object], sheet: Sheet) -> str:
    head, *rest = sheet.exhibit.columns
    cells = "".join(_cell(row, column, sheet) for column in rest)
    classes, role = _class_of("n" if head.unit else ""), sheet.role("first")
    first = f'<th scope="row"{classes}{role}>{_content(row[head.name], head, sheet)}</th>'
    return f"<tr{_class_of('sum' if _is_set(row, 'is_total') else '')}{sheet.role('row')}>{first}{cells}</tr>"


def _cell(row: Mapping[str, object], column: Column, sheet: Sheet) -> str:
    flows = sheet.is_stacked and not column.unit and not sheet.is_short(column)
    kind = "n" if sheet.is_figures(column) else "short" if sheet.is_short(column) else "flow" if flows else ""
    classes = _class_of(kind, "soft" if _is_set(row, "is_noise") else "")
    return f"<td{classes}{sheet.caption(column)}{sheet.role('cell')}>{_content(row[column.name], column, sheet)}</td>"


def _content(value: object, column: Column, sheet: Sheet) -> str:
    if column.unit and not isinstance(value, Message | str) and not is_missing(value):
        return html.escape(sheet.plain(value, column)).replace(MINUS, NEGATIVE)
    return NO_VALUE if is_missing(value) else _escaped(value, sheet.language)


def _is_set(row: Mapping[str, object], name: str) -> bool:
    return name in row and not is_missing(row[name]) and bool(row[name])


def _escaped(text: Message | str | None, language: str) -> str:
    return clean(render_html(text, language))


def _class_of(*names: str) -> str:
    joined = " ".join(filter(None, names))
    return f' class="{joined}"' if joined else ""
