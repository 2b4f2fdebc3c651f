"""The comparison and the passport as a terminal shows them: a table in colour, or plain aligned lines for a file."""

import sys
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from analysis.validation.rows import Row
from analysis.wording import DECIMALS, NO_VALUE, format_value

GAP = "  "
DIFFERENCE_UNITS = {"share": "points"}


@dataclass(frozen=True)
class Table:
    """What is shown: sentences above, heads and cells; the first and, where it `ends_in_words`, the last column are words."""

    above: tuple[str, ...]
    heads: tuple[str, ...]
    cells: tuple[tuple[str, ...], ...]
    ends_in_words: bool = False


def amount(value: float | None, unit: str | None) -> str:
    """A number with one decimal more than a page gives it."""
    if value is None:
        return NO_VALUE
    kind = unit or "number"
    return format_value(value, f"{kind}.{DECIMALS[kind] + 1}" if kind in DECIMALS and kind != "count" else kind)


def gap(value: float | None, unit: str | None) -> str:
    """A difference of two numbers in the unit; of two shares it is in points."""
    kind = DIFFERENCE_UNITS.get(unit or "number", unit or "number")
    if value is None:
        return NO_VALUE
    return amount(value, kind) if kind != "count" else format_value(value, "number")


def comparison(rows: Sequence[Row], bank: str, as_of: str, customers: int | None) -> Table:
    """Rows of one bank as a table, with what may be concluded above it."""
    judged = [row for row in rows if row.covered is not None]
    size = f", {customers:,} customers" if customers else ""
    above = (
        f"{bank}: world {rows[0].world}, seed {rows[0].seed}{size}, as of {as_of}." if rows else f"{bank}: nothing to compare.",
        f"{sum(row.covered for row in judged)} of {len(judged)} intervals hold their truth; of 95 % intervals 19 in 20 should.",
    )
    heads = ("id", "truth", "estimate", "from", "to", "holds", "difference", "naive", "width ÷ oracle's", "note")
    return Table(above, heads, tuple(_comparison_cells(row) for row in rows), ends_in_words=True)


def _comparison_cells(row: Row) -> tuple[str, ...]:
    holds = NO_VALUE if row.covered is None else "yes" if row.covered else "NO"
    difference = None if None in (row.value, row.truth) else row.value - row.truth
    width = None if None in (row.low, row.high) or not row.oracle_width else (row.high - row.low) / row.oracle_width
    ceiling = None if row.ceiling is None else f"the true hazard reaches {amount(row.ceiling, row.unit)}"
    return (
        row.id,
        *(amount(value, row.unit) for value in (row.truth, row.value, row.low, row.high)),
        holds,
        gap(difference, row.unit),
        amount(row.naive, row.unit),
        amount(width, "ratio"),
        "; ".join(text for text in (row.note, ceiling) if text),
    )


def passport_table(rows: Sequence[Mapping], above: Sequence[str]) -> Table:
    """Summary rows (see `summary.summarise`) as a table: each figure ± its Monte Carlo error."""
    heads = (
        "id", "world", "seeds", "truth", "bias", "spread", "stated ÷ spread", "coverage", "width ÷ oracle's", "wrong sign",
        "abstains", "alarms", "naive's bias",
    )  # fmt: skip
    return Table(tuple(above), heads, tuple(passport_cells(row) for row in rows))


def passport_cells(row: Mapping) -> tuple[str, ...]:
    """One summary row as words, in the order of the heads of `passport_table`."""
    unit = row["unit"]
    return (
        row["id"], row["world"], str(row["seeds"]), amount(row["truth"], unit), _give(row["bias"], unit, is_gap=True),
        _give(row["spread"], unit, is_gap=True).lstrip("+"), _give(row["stated_to_spread"], "number"), _give(row["coverage"], "share"),
        _give(row["width_to_oracle"], "number"), _give(row["sign_errors"], "share"), _give(row["abstentions"], "share"),
        _give(row["alarms"], "share"), _give(row["naive_bias"], unit, is_gap=True),
    )  # fmt: skip


def _give(figure: Mapping | None, unit: str | None, is_gap: bool = False) -> str:
    if figure is None:
        return NO_VALUE
    write = gap if is_gap else amount
    error = figure["mc_error"]
    return write(figure["value"], unit) + ("" if error is None else f" ± {write(error, unit).lstrip('+')}")


def lines(table: Table) -> list[str]:
    """The table as plain aligned lines."""
    grid = [table.heads, *table.cells]
    widths = [max(len(cells[place]) for cells in grid) for place in range(len(table.heads))]
    last = len(widths) - 1
    is_left = [place == 0 or (table.ends_in_words and place == last) for place in range(len(widths))]
    aligned = [
        [cell.ljust(width) if left else cell.rjust(width) for cell, width, left in zip(cells, widths, is_left, strict=True)]
        for cells in grid
    ]
    return [*table.above, "", *(GAP.join(cells).rstrip() for cells in aligned)]


def show(table: Table) -> None:
    """Writes the table to standard output."""
    if not sys.stdout.isatty():
        sys.stdout.write("\n".join(lines(table)) + "\n")
        return
    from rich.console import Console
    from rich.table import Table as Grid
    from rich.text import Text

    grid = Grid(box=None, header_style="bold", pad_edge=False)
    for place, head in enumerate(table.heads):
        words = place == 0 or (table.ends_in_words and place == len(table.heads) - 1)
        grid.add_column(head, justify="left" if words else "right", overflow="fold")
    for cells in table.cells:
        grid.add_row(*(Text(cell, style="bold red" if cell == "NO" else "") for cell in cells))
    console = Console()
    for sentence in table.above:
        console.print(sentence, highlight=False, markup=False)
    console.print(grid)
