"""How far a prepared bank's data can be trusted: the scores that the floors of reports are held against."""

import datetime as dt
from collections.abc import Mapping
from pathlib import Path

from analysis.report.gate import IDENTITY, QUALITY, Score


def scores(processed: Path, manifest: Mapping, as_of: dt.date) -> dict[str, Score]:
    """`quality.<table>`: the share of a table's rows without a defect in months up to `as_of`, with Wilson's interval;
    `identity.precision` and `identity.recall` as identity states them."""
    return {**_quality(processed, as_of), **_identity(manifest.get("identity") or {})}


def _quality(processed: Path, as_of: dt.date) -> dict[str, Score]:
    import pandas as pd

    from analysis.bank.quality import COUNTERS, table_scores
    from analysis.stats.intervals import wilson

    found = {}
    for row in table_scores(pd.read_parquet(processed / f"{COUNTERS}.parquet"), as_of).itertuples():
        interval = wilson(row.checked - row.failed, row.checked)
        found[f"{QUALITY}{row.table}"] = Score(float(row.value), interval.low, interval.high, int(row.checked))
    return found


def _identity(stated: Mapping) -> dict[str, Score]:
    accuracy = stated.get("accuracy") or {}
    return {f"{IDENTITY}{name}": Score(**accuracy[name]) for name in ("precision", "recall") if name in accuracy}
