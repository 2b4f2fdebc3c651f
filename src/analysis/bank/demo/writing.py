"""Files of the demo bank written piece by piece, so that memory does not grow with the bank."""

import io
import json
from collections import Counter
from collections.abc import Iterable, Sequence
from contextlib import ExitStack
from datetime import datetime
from pathlib import Path

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq
import xlsxwriter
from pyarrow import csv
from xlsxwriter.exceptions import FileCreateError

CREATED = datetime(2026, 7, 1)
DIGITS = 7


class Delivery:
    """The folder that departments deliver to. Each call adds to its file; a file's header stands once."""

    def __init__(self, folder: Path):
        self.folder = folder
        self._open = ExitStack()
        self._files: dict[str, io.IOBase | pq.ParquetWriter] = {}
        self._counted: Counter[str] = Counter()

    def __enter__(self) -> "Delivery":
        return self

    def __exit__(self, *problem: object) -> None:
        self._open.close()

    def numbered(self, prefix: str, rows: int) -> np.ndarray:
        """The next `rows` keys of this prefix: the prefix and a running number of seven digits."""
        first = self._counted[prefix] + 1
        self._counted[prefix] += rows
        digits = pc.utf8_lpad(pc.cast(pa.array(np.arange(first, first + rows)), pa.string()), DIGITS, "0")
        return pc.binary_join_element_wise(prefix, digits, "").to_numpy(zero_copy_only=False)

    def csv(self, name: str, frame: pd.DataFrame | pa.Table, delimiter=",", encoding="utf-8", quoting="needed") -> None:
        """Adds rows to a CSV in any encoding; null is an empty field."""
        is_new = name not in self._files
        table = frame if isinstance(frame, pa.Table) else pa.Table.from_pandas(frame, preserve_index=False)
        memory = io.BytesIO()
        csv.write_csv(table, memory, csv.WriteOptions(include_header=is_new, delimiter=delimiter, quoting_style=quoting))
        text = (
            memory.getvalue()
            if encoding == "utf-8"
            else memory.getvalue().decode().encode(encoding if is_new else _again(encoding))
        )
        self._file(name).write(text)

    def parquet(self, name: str, table: pa.Table, repeating: Sequence[str] = ()) -> None:
        """Adds a row group to a Parquet file; values of `repeating` columns are kept once."""
        if name not in self._files:
            options = {"compression": "zstd", "use_dictionary": list(repeating)}
            self._files[name] = self._open.enter_context(pq.ParquetWriter(self._path(name), table.schema, **options))
        self._files[name].write_table(table)

    def json_lines(self, name: str, rows: Iterable[dict]) -> None:
        """Adds one JSON object a line."""
        lines = [json.dumps(row, ensure_ascii=False, default=_plain) for row in rows]
        self._file(name).write("".join(f"{line}\n" for line in lines).encode())

    def workbook(self, name: str, sheet: str, frame: pd.DataFrame) -> None:
        """Writes a workbook of one sheet, the same bytes for the same rows. OSError: a full disk."""
        book = xlsxwriter.Workbook(self._path(name), {"constant_memory": True, "tmpdir": str(self.folder)})
        book.set_properties({"created": CREATED})
        page = book.add_worksheet(sheet)
        _write_row(page, 0, list(frame))
        for number, row in enumerate(frame.itertuples(index=False), 1):
            _write_row(page, number, row)
        try:
            book.close()
        except FileCreateError as problem:
            raise problem.args[0] from None

    def _file(self, name: str) -> io.IOBase:
        if name not in self._files:
            self._files[name] = self._open.enter_context(self._path(name).open("wb"))
        return self._files[name]

    def _path(self, name: str) -> Path:
        path = self.folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        return path


def _again(encoding: str) -> str:
    """The encoding without the mark that stands at a file's beginning only."""
    return "utf-8" if encoding == "utf-8-sig" else encoding


def _write_row(page, number: int, row: Sequence) -> None:
    for column, value in enumerate(row):
        if isinstance(value, str):
            page.write_string(number, column, value)
        elif not np.isnan(value):
            page.write_number(number, column, value)


def _plain(value: object) -> object:
    return value.item() if isinstance(value, np.generic) else str(value)


def chosen(words: Sequence[str | None] | pa.Array, code: np.ndarray) -> pa.Array:
    """The word of each code; −1: null."""
    return pc.take(pa.array(words, pa.string()), pa.array(code, mask=code < 0))


def slashed(days: np.ndarray) -> list[str]:
    """Dates as YYYY/M/D; '' for none."""
    return ["" if day is None else f"{day.year}/{day.month}/{day.day}" for day in days.astype("datetime64[D]").tolist()]


def packed(days: np.ndarray) -> pa.Array:
    """Dates as YYYYMMDD; null for none."""
    return pc.strftime(pa.array(days.astype("datetime64[D]")), format="%Y%m%d")


def timed(times: np.ndarray) -> pa.Array:
    """Times as YYYY-MM-DD hh:mm:ss; null for none."""
    return pc.strftime(pa.array(times.astype("datetime64[s]")), format="%Y-%m-%d %H:%M:%S")


def dashed(days: np.ndarray) -> pa.Array:
    """Dates as YYYY-MM-DD; null for none."""
    return pc.strftime(pa.array(days.astype("datetime64[D]")), format="%Y-%m-%d")
