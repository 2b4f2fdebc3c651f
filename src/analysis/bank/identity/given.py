"""Which customer_id each group of records bears: the one it had, where it had one."""

from pathlib import Path

import numpy as np
import pandas as pd

from analysis.errors import UserError

FILE = "identity.parquet"
COLUMNS = ["source", "source_id", "customer_id"]


def read_given(state: Path) -> pd.DataFrame:
    """source, source_id, customer_id as given in earlier runs; empty in a new bank."""
    path = state / FILE
    if not path.is_file():
        return pd.DataFrame(columns=COLUMNS, dtype=str)
    try:
        return pd.read_parquet(path, columns=COLUMNS)
    except (OSError, ValueError, KeyError):
        raise UserError(
            f"{path}: the ids given to customers cannot be read; bring the file back from a backup. Without it every customer may get"
            f" another id."
        ) from None


def keep_given(given: pd.DataFrame, mapping: pd.DataFrame) -> pd.DataFrame:
    """What is to last: this run's ids, and those of records that no department delivers any more."""
    keys = ["source", "source_id"]
    every = pd.concat([mapping[[*keys, "customer_id"]], given], ignore_index=True)
    return every.drop_duplicates(keys).sort_values(keys, ignore_index=True)


def assign(records: pd.DataFrame, labels: np.ndarray, core: str, given: pd.DataFrame) -> np.ndarray:
    """The customer_id of each record: one a group.

    records: source, source_id, opened_date. A group keeps the id that most of its records had; where two groups claim one id, it
    goes to the one with the core's own record of that number, else to the one with more of its records. A new group takes the first of its core numbers (by opening), else the
    department and number of its first record; an id that was ever given to others isn't given again.
    """
    frame = records.assign(label=labels)
    kept = _kept(frame, core, given)
    fresh = frame[~frame["label"].isin(kept.index)]
    taken = set(given["customer_id"]) | set(kept)
    return frame["label"].map(pd.concat([kept, _named(fresh, core, taken)])).to_numpy(dtype=object)


def _kept(frame: pd.DataFrame, core: str, given: pd.DataFrame) -> pd.Series:
    had = frame.merge(given, on=["source", "source_id"])
    had = had.assign(is_own=had["source"].eq(core) & had["source_id"].eq(had["customer_id"]))
    claims = had.groupby(["label", "customer_id"], as_index=False).agg(is_own=("is_own", "max"), size=("is_own", "size"))
    claims = claims.sort_values(["is_own", "size", "customer_id", "label"], ascending=[False, False, True, True])
    kept: dict[int, str] = {}
    gone: set[str] = set()
    for label, customer in zip(claims["label"].tolist(), claims["customer_id"].tolist(), strict=True):
        if label not in kept and customer not in gone:
            kept[label] = customer
            gone.add(customer)
    return pd.Series(kept, dtype=object)


def _named(fresh: pd.DataFrame, core: str, taken: set[str]) -> pd.Series:
    """A new group's id: its first core number or `source:source_id`; the next of its records where that is taken."""
    names = fresh.assign(is_other=fresh["source"].ne(core), opened=fresh["opened_date"].fillna(pd.Timestamp.max))
    names = names.sort_values(["label", "is_other", "opened", "source", "source_id"], kind="stable")
    is_core = ~names["is_other"]
    names = names.assign(customer_id=names["source_id"].where(is_core, names["source"] + ":" + names["source_id"]))
    free = names[~names["customer_id"].isin(taken)].drop_duplicates("label").set_index("label")["customer_id"]
    left = names[~names["label"].isin(free.index)].drop_duplicates("label")
    again = {row.label: _next_free(row.customer_id, taken) for row in left.itertuples()}
    return pd.concat([free, pd.Series(again, dtype=object)])


def _next_free(name: str, taken: set[str]) -> str:
    number = 2
    while f"{name}#{number}" in taken:
        number += 1
    taken.add(f"{name}#{number}")
    return f"{name}#{number}"
