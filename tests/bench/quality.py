"""What the quality rules cost on ten million transactions, in CPU seconds of whole processes, beside the same rules in hand-written
SQL that gives the same counters by branch and month (and, where rows fail, the same customers).

Once on transactions without a defect and once with some in every hundredth row; the pairs are repeated in turn, medians shown.
"""

import argparse
import resource
import statistics
import subprocess
import sys
import tempfile
from pathlib import Path

import duckdb

CUSTOMERS_PER_ROW = 1 / 200
OURS = "import duckdb, sys; from pathlib import Path; from analysis.bank import quality; con = duckdb.connect(); con.execute('SET enable_progress_bar = false'); quality.measure(con, Path(sys.argv[1]), {}, ['transactions']); "
COPY = "[con.execute(f\"COPY (SELECT * FROM {name} ORDER BY ALL) TO '{sys.argv[1]}/{sys.argv[2]}-{name}.parquet'\") for name in ('quality', 'quality_customers')]"
PLAIN = "import duckdb, sys; con = duckdb.connect(); con.execute('SET enable_progress_bar = false'); folder = sys.argv[1]; con.execute(open(sys.argv[3]).read().replace('FOLDER', folder)); "
RULES = {
    "transactions.category.empty": ("", "category IS NULL", "completeness"),
    "transactions.channel.empty": ("initiated_by = 'customer'", "channel IS NULL", "completeness"),
    "transactions.amount.zero": ("", "amount = 0", "plausibility"),
    "transactions.booked_at.without_time": ("initiated_by = 'customer'", "booked_at = date_trunc('day', booked_at)", "validity"),
    "transactions.booked_at.before_opening": ("opened_date IS NOT NULL", "CAST(booked_at AS DATE) < opened_date", "consistency"),
    "transactions.booked_at.after_closing": ("opened_date IS NOT NULL", "CAST(booked_at AS DATE) > closed_date", "consistency"),
    "transactions.booked_at.in_future": ("", "CAST(booked_at AS DATE) > DATE '2026-01-01'", "plausibility"),
}


def by_hand(is_bad: bool) -> str:
    """The same rules as one would write them down once; where nothing is bad, no customers are sought."""
    failed = {name: f"{f'{applies} AND ' if applies else ''}{fails}" for name, (applies, fails, _) in RULES.items()}
    whole = " OR ".join(f"({one})" for one in failed.values())
    counts = ", ".join(
        f"count(*){f' FILTER (WHERE {applies})' if applies else ''} AS c{place}, count(*) FILTER (WHERE {failed[name]}) AS f{place}"
        for place, (name, (applies, _, _)) in enumerate(RULES.items())
    )
    parts = " UNION ALL ".join(
        f"SELECT '{name}' AS rule, 'transactions' AS \"table\", '{name.split('.')[1]}' AS \"column\", '{RULES[name][2]}' AS dimension, NULL::VARCHAR AS source,"
        f" branch_id, month, c{place} AS checked, f{place} AS failed FROM counted WHERE c{place} > 0"
        for place, name in enumerate(RULES)
    )
    hits = ", ".join(f"CASE WHEN {one} THEN '{name}' END" for name, one in failed.items())
    return f"""
        CREATE VIEW seen AS SELECT t.*, c.opened_date, c.closed_date, c.branch_id, last_day(CAST(booked_at AS DATE)) AS month
        FROM 'FOLDER/transactions.parquet' AS t LEFT JOIN 'FOLDER/customers.parquet' AS c USING (customer_id);
        CREATE TEMP TABLE quality AS WITH counted AS MATERIALIZED (
            SELECT branch_id, month, count(*) AS n, count(*) FILTER (WHERE {whole}) AS bad, {counts} FROM seen GROUP BY branch_id, month)
        {parts} UNION ALL SELECT 'transactions', 'transactions', NULL, 'rows', NULL, branch_id, month, n, bad FROM counted
        UNION ALL SELECT 'transactions.booked_at.stale', 'transactions', 'booked_at', 'timeliness', NULL, NULL, DATE '2024-12-31', 1, 0;
        CREATE TEMP TABLE quality_customers AS SELECT rule, customer_id, min(month) AS month, count(*) AS failed
        FROM (SELECT customer_id, month, unnest([{hits}]) AS rule FROM seen WHERE {whole if is_bad else "FALSE"}) WHERE rule IS NOT NULL GROUP BY ALL;"""


def make(folder: Path, rows: int, is_bad: bool) -> None:
    """A bank of customers and transactions; where `is_bad`, every hundredth row is dated before its customer's opening, or has no amount."""
    customers, bad = int(rows * CUSTOMERS_PER_ROW), "i % 100 = 7" if is_bad else "FALSE"
    with duckdb.connect() as con:
        con.execute(f"""COPY (SELECT 'c' || i AS customer_id, 'personal' AS kind, 'b' || i % 100 AS branch_id, DATE '2020-01-01' + CAST(i % 365 AS INT) AS opened_date,
            CASE WHEN i % 50 = 0 THEN DATE '2025-01-31' END AS closed_date FROM range({customers}) AS t(i)) TO '{folder}/customers.parquet'""")
        con.execute(f"""COPY (SELECT 't' || i AS transaction_id, 'c' || hash(i) % {customers} AS customer_id,
            CASE WHEN {bad} THEN TIMESTAMP '2019-06-30 10:00:01' ELSE TIMESTAMP '2021-01-01 09:00:01' + INTERVAL 1 DAY * CAST(i * 1460 // {rows} AS BIGINT) + INTERVAL 1 SECOND * (i % 30000) END AS booked_at,
            CASE WHEN i % 3 > 0 THEN 'app' END AS channel, CASE WHEN i % 3 > 0 THEN 'customer' ELSE 'bank' END AS initiated_by,
            CASE WHEN {bad} THEN 0 ELSE 1.0 + i % 997 END AS amount, 'retail' AS category, 'x' || i % 900 AS counterparty
            FROM range({rows}) AS t(i)) TO '{folder}/transactions.parquet' (COMPRESSION zstd)""")


def cpu_of(program: str, *arguments: str) -> float:
    """CPU seconds (user and system) of a Python process."""
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    subprocess.run([sys.executable, "-c", program, *arguments], check=True)
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    return after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime


def refuse_other_results(folder: Path) -> None:
    for name in ("quality", "quality_customers"):
        one, other = (f"SELECT * FROM '{folder}/{side}-{name}.parquet'" for side in ("ours", "plain"))
        rows, differ = duckdb.sql(
            f"SELECT (SELECT count(*) FROM ({one})), (SELECT count(*) FROM (({one} EXCEPT ALL {other}) UNION ALL ({other} EXCEPT ALL {one})))"
        ).fetchall()[0]
        if differ:
            sys.exit(f"{name}: {differ:,} of {rows:,} rows differ between the rules and the hand-written SQL.")


def compare(title: str, rows: int, rounds: int, is_bad: bool) -> str:
    """Both ways in turn; one line with the medians and the ratio."""
    with tempfile.TemporaryDirectory(prefix="crm-bench-") as name:
        folder = Path(name)
        make(folder, rows, is_bad)
        (folder / "by-hand.sql").write_text(by_hand(is_bad))
        pairs = [
            (cpu_of(OURS + COPY, name, "ours"), cpu_of(PLAIN + COPY, name, "plain", str(folder / "by-hand.sql")))
            for _ in range(rounds)
        ]
        refuse_other_results(folder)
    own, other = (statistics.median(side) for side in zip(*pairs, strict=True))
    return f"{title:<44}{own:>9.2f}{other:>11.2f}{statistics.median(a / b for a, b in pairs):>9.3f}"


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--rows", type=int, default=10_000_000)
    asked = parser.parse_args()
    lines = [
        compare(f"{asked.rows:,} transactions, none bad", asked.rows, asked.rounds, is_bad=False),
        compare(f"{asked.rows:,} transactions, 1% bad", asked.rows, asked.rounds, is_bad=True),
    ]
    sys.stdout.write(f"{'CPU seconds, medians':<44}{'rules':>9}{'by hand':>11}{'ratio':>9}\n" + "\n".join(lines) + "\n")


if __name__ == "__main__":
    main()
