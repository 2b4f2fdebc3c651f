"""Tables as HTML: one unit a column, declared in its head; numbers right-aligned; no style attribute.

On the telephone a table of numbers scrolls sideways; one with sentences in it becomes a block a row."""

from __future__ import annotations

import html
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property

from analysis.finding import Column, Exhibit
from analysis.report.display import Shown, show
from analysis.report.texts import UNIT_LABELS, bare, clean, is_missing, plain, text_width
from analysis.wording import NO_VALUE, Message, render_html

TEXT_SIZE, HEAD_SIZE = 14, 13
SHORT, WORDY = 165, 330  # px: texts that never break; a text for which a telephone has no column
CELL_GAP, FIRST_COLUMN, TEXT_COLUMN = 20, 148, 110
MARGIN_FREE = 800  # px reckoned for the broadest usual font; beside the margin notes stand 720
ROLES = {"table": "table", "group": "rowgroup", "row": "row", "head": "columnheader", "first": "rowheader", "cell": "cell"}


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
        texts = (_plain(value, column, self.language) for value in self.exhibit.frame[column.name])
        return max((text_width(text, TEXT_SIZE) for text in texts), default=0)

    @property
    def is_stacked(self) -> bool:
        """Whether a column but the first holds sentences."""
        return any(not column.unit and self.widths[column.name] > WORDY for column in self.exhibit.columns[1:])

    @property
    def layout(self) -> str:
        return "t stack" if self.is_stacked else "t wide roomy" if self._least > MARGIN_FREE else "t wide"

    @property
    def _least(self) -> float:
        """px below which the table would have to scroll."""
        return FIRST_COLUMN + sum(self._column(column) + CELL_GAP for column in self.exhibit.columns[1:])

    def _column(self, column: Column) -> float:
        head = max((text_width(word, HEAD_SIZE, bold=True) for word in plain(column.label, self.language).split()), default=0)
        whole = bool(column.unit) or self.is_short(column)
        return max(self.widths[column.name] if whole else TEXT_COLUMN, head if self.language == "en" else 0)

    def is_short(self, column: Column) -> bool:
        """Whether the column's texts stand on one line."""
        return not column.unit and self.widths[column.name] <= SHORT

    def role(self, name: str) -> str:
        """In blocks a table's parts need their roles: their display is no longer a table's."""
        return f' role="{ROLES[name]}"' if self.is_stacked else ""

    def caption(self, column: Column) -> str:
        """What stands before a cell in its block."""
        if not self.is_stacked:
            return ""
        unit = _unit(column)
        words = " ".join(plain(text, self.language) for text in (column.label, unit) if text)
        return f' data-h="{html.escape(words)}"'


def _head(column: Column, sheet: Sheet) -> str:
    unit = _unit(column)
    small = f"<small>{_escaped(unit, sheet.language)}</small>" if unit else ""
    classes = _class_of("n" if column.unit else "")
    return f'<th scope="col"{classes}{sheet.role("head")}>{_escaped(column.label, sheet.language)}{small}</th>'


def _unit(column: Column) -> Message | str | None:
    return column.unit_label or UNIT_LABELS.get((column.unit or "").partition(".")[0])


def _row(row: Mapping[str, object], sheet: Sheet) -> str:
    head, *rest = sheet.exhibit.columns
    cells = "".join(_cell(row, column, sheet) for column in rest)
    classes, role = _class_of("n" if head.unit else ""), sheet.role("first")
    first = f'<th scope="row"{classes}{role}>{_content(row[head.name], head, sheet.language)}</th>'
    return f"<tr{_class_of('sum' if _is_set(row, 'is_total') else '')}{sheet.role('row')}>{first}{cells}</tr>"


def _cell(row: Mapping[str, object], column: Column, sheet: Sheet) -> str:
    flows = sheet.is_stacked and not column.unit and not sheet.is_short(column)
    kind = "n" if column.unit else "short" if sheet.is_short(column) else "flow" if flows else ""
    classes = _class_of(kind, "soft" if _is_set(row, "is_noise") else "")
    return f"<td{classes}{sheet.caption(column)}{sheet.role('cell')}>{_content(row[column.name], column, sheet.language)}</td>"


def _plain(value: object, column: Column, language: str) -> str:
    if is_missing(value):
        return NO_VALUE
    if isinstance(value, Message | str):
        return plain(value, language)
    return bare(value, column.unit, language) if column.unit else str(value)


def _content(value: object, column: Column, language: str) -> str:
    if is_missing(value):
        return NO_VALUE
    if column.unit and not isinstance(value, Message | str):
        return html.escape(bare(value, column.unit, language))
    return _escaped(value, language)


def _is_set(row: Mapping[str, object], name: str) -> bool:
    return name in row and not is_missing(row[name]) and bool(row[name])


def _escaped(text: Message | str | None, language: str) -> str:
    return clean(render_html(text, language))


def _class_of(*names: str) -> str:
    joined = " ".join(filter(None, names))
    return f' class="{joined}"' if joined else ""
