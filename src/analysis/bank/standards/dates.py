"""Dates in the usual orders as ISO text. Texts in, texts out; null in, null out; nothing raises."""

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from analysis.bank.standards.texts import null_if, on_texts, plain

TIME = r"(?:[01]?\d|2[0-3]):[0-5]\d(?::[0-5]\d(?:\.\d+)?)?"
SEPARATED = (
    r"^(?P<year>\d{4}) ?[-/.年] ?(?P<month>\d{1,2}) ?[-/.月] ?(?P<day>\d{1,2})"
    rf"(?: ?日(?: ?{TIME})?|[ T]{TIME})?$"
)
COMPACT = rf"^(?P<year>\d{{4}})(?P<month>\d{{2}})(?P<day>\d{{2}})(?:[ T]{TIME}|(?:[01]\d|2[0-3])[0-5]\d[0-5]\d)?$"


@on_texts
def standard_date(values: pa.Array) -> pa.Array:
    """Year, month and day in this order (2024-01-31, 2024/1/31, 2024.1.31, 20240131, 2024年1月31日; a time behind it is left out)
    as YYYY-MM-DD. What is no date is passed on as it stands, to be reported and not lost; so are 31/1/2024 and 1/31/2024, years
    of two digits, times with a zone. Null: nothing but blanks."""
    read = plain(values)
    separated, compact = (pc.extract_regex(read, pattern=pattern) for pattern in (SEPARATED, COMPACT))
    parts = [pc.coalesce(pc.struct_field(separated, name), pc.struct_field(compact, name)) for name in ("year", "month", "day")]
    days, exists = days_of(*[whole_numbers(part) for part in parts])
    iso = pc.cast(pa.array(days, mask=~exists), pa.string())
    return null_if(pc.coalesce(iso, values), pc.is_null(read))


def whole_numbers(texts: pa.Array) -> np.ndarray:
    """Texts of a few digits as numbers; null as 0."""
    return pc.fill_null(pc.cast(texts, pa.int64()), 0).to_numpy(zero_copy_only=False)


def days_of(year: np.ndarray, month: np.ndarray, day: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """The day of the calendar (datetime64[D]) and whether there is such a day: 30 February is none."""
    is_month = (year >= 1) & (month >= 1) & (month <= 12)
    first = np.where(is_month, (year - 1970) * 12 + month - 1, 0).astype("datetime64[M]")
    length = ((first + 1).astype("datetime64[D]") - first.astype("datetime64[D]")).astype(np.int64)
    exists = is_month & (day >= 1) & (day <= length)
    return first.astype("datetime64[D]") + np.where(exists, day - 1, 0), exists
