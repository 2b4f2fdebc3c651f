"""How far the groups can be trusted, estimated without labels: precision from the links' own probabilities, recall from
records drawn by lot and compared with all others, also with those that no blocking rule would have let through."""

from dataclasses import dataclass

import duckdb
import numpy as np
import pandas as pd

from analysis.bank.linkage.model import Model
from analysis.bank.sql import quoted

COMPARED_PAIRS = 500_000
LOOSE_PAIRS_PER_RECORD = 200
FEWEST_DRAWN = 100
HALVES = (
    "{{r}}.{column}",
    "left({{r}}.{column}, (length({{r}}.{column}) + 1) // 2)",
    "right({{r}}.{column}, (length({{r}}.{column}) + 1) // 2)",
)
Z95 = 1.959964
SEED = 7


@dataclass(frozen=True)
class Estimate:
    """An estimated share with its 95 % interval and its base (pairs); None where there is no pair."""

    value: float | None
    low: float | None
    high: float | None
    base: int


@dataclass(frozen=True)
class Accuracy:
    """Pairwise precision and recall of the groups, and the share of true pairs that the blocking lets through."""

    precision: Estimate
    recall: Estimate
    blocking: Estimate
    drawn: int


def estimate(model: Model, labels: np.ndarray, scored: str, parted: pd.DataFrame | None = None) -> Accuracy:
    """From the groups (label by rid) and the table of scored pairs (rid_l, rid_r, weight). `parted`: pairs known to be two customers
    (rid_l, rid_r); no record of the one's group is one of the other's."""
    connection = model.connection
    connection.register("given_labels", pd.DataFrame({"rid": np.arange(len(labels)), "label": labels}))
    connection.execute("CREATE OR REPLACE TABLE labels AS SELECT * FROM given_labels")
    connection.execute(f"CREATE OR REPLACE TABLE inside AS {_inside(scored)}")
    drawn = _compare_some(model, len(labels))
    if parted is not None and len(parted):
        _leave_out(connection, labels, parted)
    precision = connection.execute("SELECT label, sum(probability) AS hit, count(*) AS base FROM inside GROUP BY label").df()
    sample = connection.execute(_BY_RECORD.format(scored=scored)).df()
    return Accuracy(
        _ratio(precision["hit"], precision["base"], int(precision["base"].sum())),
        _ratio(sample["found"], sample["total"], round(sample["total"].sum())),
        _ratio(sample["blocked"], sample["total"], round(sample["total"].sum())),
        drawn,
    )


_PROBABILITY = "1 / (1 + pow(2, -weight))"
_BY_RECORD = (
    """
    WITH pair AS (
        SELECT rid_l, rid_r, """
    + _PROBABILITY
    + """ AS probability FROM compared
        UNION ALL SELECT rid_r, rid_l, """
    + _PROBABILITY
    + """ FROM compared),
    seen AS (
        SELECT pair.rid_l AS rid, pair.rid_r AS other, coalesce(inside.probability, pair.probability) AS probability,
               inside.probability IS NOT NULL AS is_found
        FROM pair JOIN drawn ON drawn.rid = pair.rid_l
        LEFT JOIN inside ON inside.rid_l = least(pair.rid_l, pair.rid_r) AND inside.rid_r = greatest(pair.rid_l, pair.rid_r)),
    missed AS (
        SELECT rid, CASE WHEN rid = inside.rid_l THEN inside.rid_r ELSE inside.rid_l END AS other, probability, true AS is_found
        FROM drawn JOIN inside ON drawn.rid IN (inside.rid_l, inside.rid_r)
        ANTI JOIN compared ON compared.rid_l = inside.rid_l AND compared.rid_r = inside.rid_r)
    SELECT rid, sum(probability) FILTER (WHERE is_found) AS found, sum(probability) AS total,
           sum(probability) FILTER (WHERE block.rid_l IS NOT NULL) AS blocked
    FROM (SELECT * FROM seen UNION ALL BY NAME SELECT * FROM missed) AS every
    LEFT JOIN {scored} AS block ON block.rid_l = least(rid, other) AND block.rid_r = greatest(rid, other)
    GROUP BY rid"""
)


def _inside(scored: str) -> str:
    """A SELECT of the pairs within a group: rid_l, rid_r, label, probability. A pair that shows little by itself may be held
    together by a third record: then its probability is at least the product of the two links to that one."""
    return f"""
        WITH edge AS (
            SELECT rid_l AS a, rid_r AS b, {_PROBABILITY} AS p FROM {scored}
            UNION ALL SELECT rid_r, rid_l, {_PROBABILITY} FROM {scored}),
        own AS (SELECT edge.*, la.label FROM edge JOIN labels la ON la.rid = a JOIN labels lb ON lb.rid = b AND lb.label = la.label),
        through AS (SELECT x.a, y.b, 1 - exp(sum(ln(1 - least(x.p * y.p, 0.999999)))) AS p FROM own x JOIN own y ON x.b = y.a AND x.a < y.b GROUP BY ALL)
        SELECT l.rid AS rid_l, r.rid AS rid_r, l.label, 1 - (1 - coalesce(own.p, 0)) * (1 - coalesce(through.p, 0)) AS probability
        FROM labels l JOIN labels r ON l.label = r.label AND l.rid < r.rid
        LEFT JOIN own ON own.a = l.rid AND own.b = r.rid
        LEFT JOIN through ON through.a = l.rid AND through.b = r.rid"""


def _leave_out(connection: duckdb.DuckDBPyConnection, labels: np.ndarray, parted: pd.DataFrame) -> None:
    """Takes the pairs between groups that are two customers out of `compared`."""
    ends = np.sort(np.stack([labels[parted[end].to_numpy(int)] for end in ("rid_l", "rid_r")], axis=1), axis=1)
    connection.register("given_apart", pd.DataFrame(ends, columns=["one", "other"]).drop_duplicates())
    connection.execute("""
        DELETE FROM compared WHERE EXISTS (
            SELECT 1 FROM given_apart JOIN labels AS l ON l.rid = compared.rid_l JOIN labels AS r ON r.rid = compared.rid_r
            WHERE one = least(l.label, r.label) AND other = greatest(l.label, r.label))""")


def _compare_some(model: Model, records: int) -> int:
    """Scores the table `compared`: records drawn by lot (the table `drawn`) with all that agree on a whole field or on half of
    one, in a small bank with all others; returns how many were drawn."""
    connection, keys = model.connection, _loose_keys(model, records)
    reach = records if not keys else 1 + 2 * sum(keys.values()) / max(1, records)
    size = min(records, max(FEWEST_DRAWN, int(COMPARED_PAIRS / max(1.0, reach))))
    drawn = np.sort(np.random.default_rng(SEED).choice(records, size, replace=False))
    connection.register("given_drawn", pd.DataFrame({"rid": drawn}))
    connection.execute("CREATE OR REPLACE TABLE drawn AS SELECT * FROM given_drawn")
    joins = [f"{key.format(r='d')} = {key.format(r='other')}" for key in keys] or ["true"]
    pairs = " UNION ".join(
        f"SELECT least(d.rid, other.rid) AS join_key_l, greatest(d.rid, other.rid) AS join_key_r"
        f" FROM drawn_records AS d JOIN records AS other ON {join} AND d.rid <> other.rid"
        for join in joins
    )
    connection.execute("CREATE OR REPLACE TABLE drawn_records AS SELECT records.* FROM records JOIN drawn USING (rid)")
    model.score(f"SELECT '0' AS match_key, * FROM ({pairs})", "compared")
    return size


def _loose_keys(model: Model, records: int) -> dict[str, int]:
    """What a pair must agree on to be compared, and how many pairs do: none in a bank so small that all are compared."""
    if records * (records - 1) / 2 <= COMPARED_PAIRS:
        return {}
    keys = [key.format(column=quoted(column)) for column in model.kinds for key in HALVES]
    counts = {key: _pairs_on(model.connection, key.format(r="records")) for key in keys}
    return {key: count for key, count in counts.items() if 0 < count <= LOOSE_PAIRS_PER_RECORD * records}


def _pairs_on(connection: duckdb.DuckDBPyConnection, key: str) -> int:
    grouped = f"SELECT count(*) AS n FROM records WHERE {key} IS NOT NULL GROUP BY {key} HAVING count(*) > 1"
    return int(connection.execute(f"SELECT coalesce(sum(n * (n - 1) // 2), 0) FROM ({grouped})").fetchall()[0][0])


def _ratio(hit: pd.Series, base: pd.Series, pairs: int) -> Estimate:
    """A ratio of sums over units drawn by lot, with Taylor's variance (Cochran 1977, 6.4)."""
    hit, base = hit.fillna(0).to_numpy(float), base.to_numpy(float)
    total = base.sum()
    if not total:
        return Estimate(None, None, None, 0)
    value = hit.sum() / total
    error = np.sqrt(np.square(hit - value * base).sum()) / total
    return Estimate(value, max(0.0, value - Z95 * error), min(1.0, value + Z95 * error), pairs)
