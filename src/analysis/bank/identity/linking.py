"""From records to customers: the model's links, what departments and people state, the groups, and what it is all worth."""

from dataclasses import asdict, dataclass

import duckdb
import numpy as np
import pandas as pd

from analysis.bank.identity.overrides import Overrides
from analysis.bank.identity.records import usable
from analysis.bank.linkage import accuracy, groups
from analysis.bank.linkage.blocking import pairs_of

THRESHOLD = 0.8
REVIEW = (0.2, 0.95)
BELIEVED = 0.01  # a stated core number joins unless everything else speaks so clearly against it
FEWEST_RECORDS = 100
LARGEST, LARGEST_PER_DEPARTMENT = 20, 5
DIGITS = 4
EMPTY_LINKS = {"rid_l": "int64", "rid_r": "int64", "probability": "float64"}


@dataclass(frozen=True)
class Linked:
    """`labels`: each record's group. `links`: rid_l, rid_r, probability, decision (same, different, review), by (model,
    core_number, override), and each field's part in the evidence (log2 of odds). `stated`: what the page says of it all."""

    labels: pd.Series
    links: pd.DataFrame
    stated: dict


def link(connection: duckdb.DuckDBPyConnection, overrides: Overrides) -> Linked:
    """Groups the table `records`. Of fewer than FEWEST_RECORDS no model is trained: only core numbers and overrides join."""
    records, departments = connection.execute("SELECT count(*), count(DISTINCT source) FROM records").fetchall()[0]
    model = _train(connection, records)
    links = _links(connection, model)
    taken = links[(links["probability"] >= THRESHOLD) | (links["is_stated"] & (links["probability"] >= BELIEVED))]
    largest = max(LARGEST, LARGEST_PER_DEPARTMENT * departments)
    taken = taken[list(EMPTY_LINKS)]
    found = groups.group(records, taken, overrides.same, overrides.different, largest)
    parted = _contradicted(connection, found.labels, overrides)
    if len(parted):
        different = pd.concat([overrides.different, parted], ignore_index=True)
        found = groups.group(records, taken, overrides.same, different, largest)
    labels = pd.Series(found.labels)
    stated = {
        "records": records,
        "customers": int(labels.nunique()),
        "threshold": THRESHOLD,
        "overrides": len(overrides),
        "overrides_unknown": overrides.unknown,
        "parted_by_number": len(parted),
        "groups_split": list(found.split),
        "groups_held_back": list(found.held_back),
        "accuracy": None if model is None else asdict(accuracy.estimate(model, found.labels, "scored", parted)),
    }
    return Linked(labels, _decided(links, labels, overrides), stated)


def _train(connection: duckdb.DuckDBPyConnection, records: int):
    kinds = usable(connection)
    if records < FEWEST_RECORDS or not any(kind != "category" for kind in kinds.values()):
        return None
    from analysis.bank.linkage.model import train

    model = train(connection, kinds)
    if model is None:
        return None
    model.score(pairs_of("records", model.rules), "scored")
    return model


def _contradicted(connection: duckdb.DuckDBPyConnection, labels: np.ndarray, overrides: Overrides) -> pd.DataFrame:
    """Pairs of records in one group that bear two different identity numbers, both sound: two people at one telephone, say, whom a
    third record without a number holds together. Who has decided that they are the same is believed."""
    held = connection.execute("SELECT rid, sound_number FROM records WHERE sound_number IS NOT NULL ORDER BY rid").df()
    held["label"] = labels[held["rid"].to_numpy(int)]
    mixed = held[held.groupby("label")["sound_number"].transform("nunique").gt(1)]
    pairs = mixed.merge(mixed, on="label", suffixes=("_l", "_r"))
    pairs = pairs[pairs["rid_l"].lt(pairs["rid_r"]) & pairs["sound_number_l"].ne(pairs["sound_number_r"])]
    decided = groups.group(len(labels), _no_links(), overrides.same, _no_links(), len(labels)).labels
    is_decided = decided[pairs["rid_l"].to_numpy(int)] == decided[pairs["rid_r"].to_numpy(int)]
    return pairs.loc[~is_decided, ["rid_l", "rid_r"]].reset_index(drop=True)


def _no_links() -> pd.DataFrame:
    return pd.DataFrame({name: pd.Series(dtype=kind) for name, kind in EMPTY_LINKS.items()})


def _links(connection: duckdb.DuckDBPyConnection, model) -> pd.DataFrame:
    """The pairs worth a word: those the model finds possible, and those that hold one core number, each with the core's own record of it where there is one
    (certain where there's no model)."""
    stated = """
        WITH hub AS (
            SELECT core_number, coalesce(min(rid) FILTER (WHERE source = (SELECT source FROM core)), min(rid)) AS first
            FROM records WHERE core_number IS NOT NULL GROUP BY core_number)
        SELECT least(rid, first) AS rid_l, greatest(rid, first) AS rid_r, true AS is_stated
        FROM records JOIN hub USING (core_number) WHERE rid <> first"""
    if model is None:
        return connection.execute(f"SELECT *, 1.0::DOUBLE AS probability FROM ({stated}) ORDER BY rid_l, rid_r").df()
    fields = ", ".join(f'scored."{column}"' for column in model.kinds)
    return connection.execute(f"""
        SELECT rid_l, rid_r, coalesce(is_stated, false) AS is_stated,
               coalesce(round(1 / (1 + pow(2, -weight)), {DIGITS}), 1.0) AS probability, {fields}
        FROM scored FULL JOIN ({stated}) AS stated USING (rid_l, rid_r)
        WHERE is_stated OR weight > log2({REVIEW[0]} / (1 - {REVIEW[0]}))
        ORDER BY rid_l, rid_r""").df()


def _decided(links: pd.DataFrame, labels: pd.Series, overrides: Overrides) -> pd.DataFrame:
    """Each link with its decision. In the middle band, and where a core number and all else contradict each other, a person
    is to look at it; one who has looked has decided."""
    given = pd.concat([overrides.same, overrides.different]).assign(is_override=True)
    links = links.merge(given, how="outer", on=["rid_l", "rid_r"])
    is_override = links["is_override"].eq(True)
    is_stated = links["is_stated"].eq(True)
    is_same = links["rid_l"].map(labels).eq(links["rid_r"].map(labels))
    is_open = links["probability"].between(*REVIEW, inclusive="left") | (is_stated & links["probability"].lt(THRESHOLD))
    by = pd.Series("model", index=links.index).mask(is_stated, "core_number").mask(is_override, "override")
    return links.assign(decision=is_same.map({True: "same", False: "different"}), by=by, is_open=is_open & ~is_override).drop(
        columns=["is_stated", "is_override"]
    )
