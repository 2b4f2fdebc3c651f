"""Tables as HTML: one unit a column, declared in its head; numbers right-aligned; no style attribute."""

from __future__ import annotations

import html
from collections.abc import Mapping

from analysis.finding import Column, Exhibit
from analysis.report.display import Shown, show
from analysis.report.texts import UNIT_LABELS, bare, clean, is_missing, plain
from analysis.wording import NO_VALUE, Message, render_html


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
    rows = "\n".join(_row(row, exhibit.columns, language) for row in exhibit.frame.to_dict("records"))
    return (
        f'<div class="scroll" tabindex="0" role="region" aria-label="{title}">\n'
        f'<table class="t wide"><caption class="vh">{title}</caption>\n'
        f"<thead><tr>{''.join(_head(column, language) for column in exhibit.columns)}</tr></thead>\n"
        f"<tbody>\n{rows}\n</tbody></table></div>"
    )


def _head(column: Column, language: str) -> str:
    unit = column.unit_label or UNIT_LABELS.get(column.unit)
    small = f"<small>{_escaped(unit, language)}</small>" if unit else ""
    return f'<th scope="col"{_class_of("n" if column.unit else "")}>{_escaped(column.label, language)}{small}</th>'


def _row(row: Mapping[str, object], columns: tuple[Column, ...], language: str) -> str:
    head, *rest = columns
    cells = "".join(_cell(row, column, language) for column in rest)
    first = f'<th scope="row"{_class_of("n" if head.unit else "")}>{_content(row[head.name], head, language)}</th>'
    return f"<tr{_class_of('sum' if _is_set(row, 'is_total') else '')}>{first}{cells}</tr>"


def _cell(row: Mapping[str, object], column: Column, language: str) -> str:
    classes = ("n" if column.unit else "", "soft" if _is_set(row, "is_noise") else "")
    return f"<td{_class_of(*classes)}>{_content(row[column.name], column, language)}</td>"


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
