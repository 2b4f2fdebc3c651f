"""Raw files as departments deliver them, read into DuckDB as text: CSV in any separator and encoding, Excel, Parquet, JSON lines."""

import codecs
import contextlib
import csv
import gzip
import io
import json
import re
from collections.abc import Iterable, Iterator
from itertools import islice
from pathlib import Path

import duckdb
import pyarrow as pa
import pyarrow.csv
import pyarrow.parquet

from analysis.bank.config import RawFile
from analysis.bank.delivery import locate
from analysis.bank.encodings import encoding_sentence, opened, refuse_other_encoding
from analysis.bank.sql import literal, quoted
from analysis.errors import UserError
from analysis.project import suggestion

FORMATS = {
    ".csv": "csv", ".asc": "csv", ".txt": "csv", ".tsv": "csv", ".dat": "csv",
    ".xlsx": "excel", ".xls": "excel", ".xlsb": "excel", ".ods": "excel",
    ".parquet": "parquet", ".pq": "parquet",
    ".jsonl": "jsonl", ".ndjson": "jsonl", ".json": "jsonl",
}  # fmt: skip
SEPARATORS = {",": "','", ";": "';'", "\t": '"\\t"', "|": "'|'"}
BLOCK_BYTES = 8 << 20
BATCH_ROWS = 100_000
RAGGED = re.compile(r"Expected (\d+) columns, got (\d+)")


def load(connection: duckdb.DuckDBPyConnection, name: str, file: RawFile, raw: Path) -> None:
    """Makes the relation `name` from the file or files, which must all have the same columns."""
    paths = locate(raw, file)
    kind = file.format or FORMATS.get(_suffix(paths[0]))
    if kind is None:
        raise UserError(
            f"{paths[0]}: files of type '{paths[0].suffix}' are not read; state format: csv, excel, parquet or jsonl."
        )
    if kind == "parquet":
        _load_parquet(connection, name, paths)
        return
    reader = {"csv": _csv, "excel": _excel, "jsonl": _jsonl}[kind]
    header: list[str] = []
    for path in paths:
        columns: list[str] = []
        for batch in _spoken(path, file, reader):
            columns = batch.schema.names
            header = header or columns
            if kind != "jsonl":
                _refuse_missing_header(path, columns, paths[0], header)
            _refuse_other_columns(path, columns, paths[0], header)
            _append(connection, name, batch)
        if not columns:
            raise UserError(f"{path}: the file is empty; deliver it anew, with a header line.")


def first_line(error: Exception) -> str:
    """An engine's message without its trailing lines."""
    return str(error).strip().splitlines()[0].rstrip(".!?: ")


def _append(connection: duckdb.DuckDBPyConnection, name: str, batch: pa.RecordBatch | pa.Table) -> None:
    connection.register("_batch", pa.table(batch) if isinstance(batch, pa.RecordBatch) else batch)
    connection.execute(f"CREATE TABLE IF NOT EXISTS {quoted(name)} AS SELECT * FROM _batch LIMIT 0")
    connection.execute(f"INSERT INTO {quoted(name)} BY NAME SELECT * FROM _batch")
    connection.unregister("_batch")


def _refuse_missing_header(path: Path, columns: list[str], first: Path, header: list[str]) -> None:
    """Where a header line is missing, a row stands in its place, and its values must not be told."""
    if not set(columns) & set(header):
        raise UserError(f"{path}: it has no column in common with {first.name}; deliver both with the same header line.")


def _refuse_other_columns(path: Path, columns: list[str], first: Path, header: list[str]) -> None:
    odd = sorted(set(columns) ^ set(header))
    if odd:
        raise UserError(f"{path}: its columns differ from those of {first.name} ({', '.join(odd)}); deliver both alike.")


def _suffix(path: Path) -> str:
    return Path(path.stem).suffix.lower() if path.suffix.lower() == ".gz" else path.suffix.lower()


def _load_parquet(connection: duckdb.DuckDBPyConnection, name: str, paths: list[Path]) -> None:
    headers = []
    for path in paths:
        try:
            headers.append(pa.parquet.read_schema(path).names)
        except (pa.ArrowException, OSError) as error:
            raise UserError(f"{path}: not readable as Parquet ({first_line(error)}); deliver it again.") from None
        _refuse_other_columns(path, headers[-1], paths[0], headers[0])
    files = ", ".join(map(literal, paths))
    connection.execute(f"CREATE VIEW {quoted(name)} AS SELECT * FROM read_parquet([{files}], union_by_name = true)")


def _spoken(path: Path, file: RawFile, reader) -> Iterator[pa.RecordBatch | pa.Table]:
    try:
        yield from reader(path, file)
    except UnicodeError:
        raise UserError(encoding_sentence(path, file)) from None
    except csv.Error as error:
        raise UserError(f"{path}: its header cannot be read ({error}); mend the file (a quote that is never closed?).") from None
    except (pa.ArrowException, ValueError, EOFError, gzip.BadGzipFile) as error:
        if "utf8" in str(error).lower().replace("-", ""):
            raise UserError(encoding_sentence(path, file)) from None
        if ragged := RAGGED.search(str(error)):
            raise UserError(_ragged_sentence(path, file, *map(int, ragged.groups()))) from None
        raise UserError(f"{path}: cannot be read ({first_line(error)}); check sep, encoding and format in bank.yaml.") from None


def _ragged_sentence(path: Path, file: RawFile, expected: int, got: int) -> str:
    line = None
    with _text(path, file) as stream, contextlib.suppress(csv.Error):
        rows = csv.reader(stream, delimiter=file.sep)
        line = next((rows.line_num for row in rows if row and len(row) != expected), None)
    where = f"{path}, line {line}" if line else str(path)
    return f"{where}: {got} fields where the header has {expected}; mend the file (a stray separator or quote?)."


def _text(path: Path, file: RawFile) -> io.TextIOWrapper:
    encoding = "utf-8-sig" if codecs.lookup(file.encoding).name == "utf-8" else file.encoding
    return io.TextIOWrapper(opened(path), encoding=encoding, newline="")


def _csv(path: Path, file: RawFile) -> Iterator[pa.RecordBatch]:
    refuse_other_encoding(path, file)
    parsing = pa.csv.ParseOptions(delimiter=file.sep, newlines_in_values=True)
    encoding = "utf8" if codecs.lookup(file.encoding).name in ("utf-8", "utf-8-sig") else file.encoding
    with _text(path, file) as stream:
        first = next(filter(None, csv.reader(stream, delimiter=file.sep)), None)
    if first is None:
        return
    names = _names(path, first)
    _refuse_other_separator(path, file, names)
    options = pa.csv.ConvertOptions(
        column_types=dict.fromkeys(names, pa.string()),
        strings_can_be_null=True,
        null_values=[""],
        quoted_strings_can_be_null=True,
    )
    reading = pa.csv.ReadOptions(encoding=encoding, block_size=BLOCK_BYTES, column_names=names, skip_rows_after_names=1)
    with opened(path) as stream:
        yield from _with_header(pa.csv.open_csv(stream, reading, parsing, options), names)


def _with_header(batches: Iterable[pa.RecordBatch], names: list[str]) -> Iterator[pa.RecordBatch]:
    yield pa.RecordBatch.from_pydict({name: pa.array([], pa.string()) for name in names})
    yield from batches


def _names(path: Path, header: Iterable[object]) -> list[str]:
    """The header's names, trimmed; a column without one is called by its place, and no name may stand twice."""
    names = [str(name).strip("\ufeff \t") or f"column_{place}" for place, name in enumerate(header, 1)]
    twice = next((name for name in names if names.count(name) > 1), None)
    if twice:
        raise UserError(f"{path}: its header names column '{twice}' {names.count(twice)} times; give each column its own name.")
    return names


def _refuse_other_separator(path: Path, file: RawFile, names: list[str]) -> None:
    if len(names) > 1:
        return
    other = next((separator for separator in SEPARATORS if separator != file.sep and separator in names[0]), None)
    if other:
        raise UserError(
            f"{path}: sep '{file.sep}' makes one column of its header; it looks separated by {SEPARATORS[other]}:"
            f" state sep: {SEPARATORS[other]} in bank.yaml."
        )


def _excel(path: Path, file: RawFile) -> Iterator[pa.Table]:
    import python_calamine

    try:
        book = python_calamine.CalamineWorkbook.from_path(str(path))
        _refuse_unknown_sheet(path, file.sheet, book.sheet_names)
        sheet = book.get_sheet_by_name(file.sheet) if isinstance(file.sheet, str) else book.get_sheet_by_index(file.sheet)
    except python_calamine.CalamineError as error:
        raise UserError(f"{path}: not readable as Excel ({first_line(error)}); deliver it again.") from None
    rows = sheet.to_python(skip_empty_area=True)
    if rows:
        columns = zip(*rows[1:], strict=True) if len(rows) > 1 else ((),) * len(rows[0])
        texts = (pa.array(map(_as_text, column), pa.string()) for column in columns)
        yield pa.table(dict(zip(_names(path, rows[0]), texts, strict=True)))


def _refuse_unknown_sheet(path: Path, sheet: str | int, sheets: list[str]) -> None:
    if isinstance(sheet, str) and sheet not in sheets:
        raise UserError(f"{path}: it has no sheet '{sheet}'{suggestion(sheet, sheets)} Sheets: {', '.join(sheets)}.")
    if isinstance(sheet, int) and not 0 <= sheet < len(sheets):
        raise UserError(f"{path}: it has no sheet number {sheet}, counted from 0. Sheets: {', '.join(sheets)}.")


def _as_text(cell: object) -> str | None:
    if isinstance(cell, float) and cell.is_integer():
        return str(int(cell))
    return str(cell) if cell is not None and cell != "" else None


def _jsonl(path: Path, file: RawFile) -> Iterator[pa.Table]:
    """Numbers keep the digits they were written with; a nested value arrives as its JSON text. Read twice, since any line may
    bring a further name, and never held whole."""
    refuse_other_encoding(path, file)
    names = list(dict.fromkeys(name for record in _records(path, file) for name in record))
    records = _records(path, file)
    while names and (batch := list(islice(records, BATCH_ROWS))):
        yield pa.table({name: pa.array((_json_text(record.get(name)) for record in batch), pa.string()) for name in names})


def _records(path: Path, file: RawFile) -> Iterator[dict]:
    with _text(path, file) as stream:
        for number, line in enumerate(stream, 1):
            if line.strip():
                yield _record(path, number, line)


def _record(path: Path, number: int, line: str) -> dict:
    try:
        record = json.loads(line, parse_float=str, parse_int=str)
    except ValueError as error:
        problem = error.msg if isinstance(error, json.JSONDecodeError) else "not readable"
        raise UserError(f"{path}, line {number}: not JSON ({problem}); each line must be one JSON object.") from None
    if not isinstance(record, dict):
        raise UserError(f'{path}, line {number}: not a JSON object; each line must be one, such as {{"id": 1}}.')
    return record


def _json_text(value: object) -> str | None:
    if value is None or isinstance(value, str):
        return value or None
    return json.dumps(value, ensure_ascii=False)
