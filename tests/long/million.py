"""From features to the finished list of early warning in a bank of a million customers: seconds, memory, and cost against size.

A bank is fabricated as canonical tables: 60 transactions a customer in the 36 months before the list (and a 37th, which it must not
see), balances on two bases and contributions by month, contacts, complaints, holdings, managers, consents; a customer may leave in any
month, by closing, silence or run-off, with signs in the three months before. Then a process of its own does what `crm list` does with
prepared tables, timed stage by stage.

    python tests/long/million.py [--customers 10000 100000 1000000] [--seed 1] [--folder FOLDER]

Takes about fifteen minutes on two free cores, 3 GB of disk and 7 GiB of memory; with `load` above 2, wall seconds say little and CPU
seconds count. Writes docs/studies/million.json.
"""

import argparse
import datetime as dt
import json
import os
import re
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path

import duckdb
import pyarrow.parquet as pq

from analysis.bank.contracts import TABLES
from analysis.calendar import months_before

PROJECT = Path(__file__).parents[2]
RESULT = PROJECT / "docs" / "studies" / "million.json"
BANK, AS_OF, MONTHS, BRANCHES = "million", dt.date(2025, 6, 30), 37, 1000
FIRST = months_before(AS_OF.replace(day=1), MONTHS - 2)
BLOCK = 100_000
ENGINE = {"memory_limit": "1500MB", "threads": 2}
SQL_TYPES = {
    "text": "VARCHAR",
    "int": "BIGINT",
    "number": "DOUBLE",
    "date": "TIMESTAMP",
    "timestamp": "TIMESTAMP",
    "bool": "BOOLEAN",
}
DEFINITION = "name: Million\nkind_of_data: simulated\ncurrency: CNY\nas_of: {day}\nfiles:\n  customers: {{path: customers.csv}}\ntables: {{customers: SELECT * FROM customers}}\n"
ACTIONS = (
    "reason,action,action_zh,owner,owner_zh,days,cost\n"
    "days_silent,Call,致电,Relationship Manager,客户经理,7,20\n"
    ",Ask how the bank can serve better,征询改进意见,Branch,网点,14,15\n"
)
# c.n is a customer's number; u(salt) a number from 0 to 1 that it determines
LIVES = """CREATE OR REPLACE TEMP TABLE c AS
WITH drawn AS (
  SELECT n, printf('1%09d', n) AS customer_id, {kind} < .03 AS is_company, (sqrt(-2 * ln({size})) * cos(2 * pi() * {angle})) AS z,
    {opened} AS o, {way} AS way, {leaves} AS l, {pace} AS p, printf('B%04d', (hash(n, 'branch') % {branches})::INT) AS branch_id
  FROM range({start}, {stop}) AS r(n)),
risk AS (SELECT *, least(greatest(-200 + 240 * o, -200), {months} - 8)::INT AS since FROM drawn)
SELECT *, 0.35 + 3.2 * p * p * p AS pace, exp(9.6 + 1.5 * z) AS wealth_of,
  (greatest(since, 0) + ln(l) / ln(1 - least(.006 * exp(-.5 * z), .5)))::INT AS leaves,
  CASE WHEN way < .4 THEN 'closed' WHEN way < .75 THEN 'dormant' ELSE 'run_off' END AS way_out
FROM risk"""


def u(salt: str, *more: str) -> str:
    """SQL: a number in (0, 1) that the customer's number and what follows determine."""
    return f"((hash(n, {', '.join([*more, repr(salt)])}) % 1000003 + 0.5) / 1000003.0)"


def day_of(month: str, share: str = "1") -> str:
    """SQL: a moment in the month so many months after the first; its last day without a share."""
    begins = f"(DATE '{FIRST}' + to_months(({month})::INT))"
    return f"last_day({begins})" if share == "1" else f"({begins} + to_seconds(({share}) * 2419200))"


def lives(connection: duckdb.DuckDBPyConnection, start: int, stop: int, seed: int) -> None:
    """The customers of a block: who they are, how much they have and do, in which month and how they leave."""
    drawn = {name: u(f"{name}{seed}") for name in ("kind", "size", "angle", "opened", "way", "leaves", "pace")}
    connection.execute(LIVES.format(**drawn, start=start, stop=stop, branches=BRANCHES, months=MONTHS))


# how much of the business is left in month m: it falls over the three months before somebody leaves, and is gone after
LEFT = "CASE WHEN m > leaves THEN 0.02 WHEN m > leaves - 4 THEN 0.35 + 0.15 * (leaves - m) ELSE 1.0 END"
ALIVE = "m >= since AND NOT (way_out = 'closed' AND m > leaves)"
SEASONS = f"c, range({MONTHS}) AS s(m)"


def rows_of(table: str) -> str:
    """The rows of a block of customers (a SELECT of named columns; the rest of the contract is empty)."""
    return {
        "customers": f"SELECT customer_id, CASE WHEN is_company THEN 'corporate' ELSE 'personal' END AS kind, 'name' AS name, 'female' AS sex, "
        f"DATE '1950-01-01' + ({u('born')} * 18000)::INT AS birth_date, branch_id, 'R2' AS risk_grade, {day_of('since', '.3')} AS opened_date, "
        f"CASE WHEN way_out = 'closed' AND leaves < {MONTHS} THEN {day_of('leaves')} END AS closed_date, "
        f"CASE WHEN way_out = 'closed' AND leaves < {MONTHS} THEN CASE WHEN way < .04 THEN 'relocation' ELSE 'price' END END AS exit_reason FROM c",
        "holdings": f"SELECT customer_id || nr AS holding_id, customer_id, ['demand', 'card', 'term', 'wealth', 'loan'][nr] AS product, "
        f"{day_of('since', '.3')} AS opened_date, CASE WHEN leaves < {MONTHS} AND way_out = 'closed' THEN {day_of('leaves')} END AS closed_date "
        f"FROM c, range(1, 6) AS h(nr) WHERE nr = 1 OR {u('holds', 'nr')} < .45",
        "balances": f"SELECT customer_id, {day_of('m')} AS month, basis, round(0.7 * own, 2) AS deposits, round(0.3 * own, 2) AS wealth, "
        f"round(CASE WHEN {u('loan')} < .15 THEN 0.5 * own ELSE 0 END, 2) AS loans FROM (SELECT *, wealth_of * ({LEFT}) * (.8 + .4 * {u('noise', 'm', 'basis')}) AS own "
        f"FROM {SEASONS}, (VALUES ('average'), ('end')) AS b(basis) WHERE {ALIVE}) ORDER BY customer_id, month, basis",
        "contributions": f"SELECT customer_id, {day_of('m')} AS month, round(wealth_of * ({LEFT}) * .001, 2) AS ftp_interest, round(3 * pace, 2) AS fees, "
        f"0.0 AS expected_loss, round(2 + pace, 2) AS cost, 0.0 AS capital_charge FROM {SEASONS} WHERE {ALIVE} ORDER BY customer_id, month",
        "contacts": f"SELECT customer_id || 'K' || m AS contact_id, customer_id, {day_of('m', u('met', 'm'))} AS started_at, "
        f"['branch', 'phone', 'app'][1 + (hash(n, m) % 3)::INT] AS channel, branch_id, 'card' AS purpose, round(-6 * ln({u('wait', 'm')}), 1) AS wait_minutes, "
        f"5.0 AS handled_minutes, {u('gave_up', 'm')} < .05 AS abandoned, 'done' AS outcome FROM {SEASONS} WHERE {ALIVE} AND {u('meets', 'm')} < .4",
        "complaints": f"SELECT customer_id || 'G' || m AS complaint_id, customer_id, {day_of('m', u('told', 'm'))} AS received_at, 'phone' AS channel, branch_id, "
        f"'service' AS category, 2 AS severity, 0 AS handoffs, {day_of('m', u('told', 'm'))} + to_days((60 * {u('solved', 'm')})::INT) AS resolved_at FROM {SEASONS} "
        f"WHERE {ALIVE} AND {u('complains', 'm')} < CASE WHEN m BETWEEN leaves - 6 AND leaves THEN .04 ELSE .01 END",
        "assignments": f"SELECT customer_id, DATE '{FIRST}' AS from_date, branch_id || 'M' || (hash(n, 'manager') % 8) AS manager_id FROM c WHERE {u('managed')} < .2",
        "consents": f"SELECT customer_id, purpose, {day_of('since', '.3')} AS given_date, CASE WHEN {u('withdrew', 'purpose')} < .04 THEN DATE '2024-01-01' END "
        f"AS withdrawn_date FROM c, (VALUES ('marketing'), ('profiling')) AS k(purpose) WHERE {u('consents', 'purpose')} < .85",
    }[table]


BOOKINGS = (
    "SELECT printf('T%02d%010d', m, n * 64 + k) AS transaction_id, customer_id, {at} AS booked_at, "
    "['branch', 'atm', 'pos', 'phone', 'web', 'app', 'app', 'app'][1 + (hash(n, m, k) % 8)::INT] AS channel, "
    "CASE WHEN {by} < .1 THEN 'bank' ELSE 'customer' END AS initiated_by, round(CASE WHEN {sign} < .4 THEN 1 ELSE -1 END * exp(3 + 3 * {size}), 2) AS amount, "
    "'payment' AS category FROM (SELECT *, unnest(range(least(floor(pace * 1.76 * ({left}) * -ln({busy}) * 1.02 + {busy}), 60)::INT)) AS k "
    "FROM c, (SELECT {month} AS m) WHERE {alive})"
)


def bookings(month: int) -> str:
    """The transactions of a month, about 60 a customer in all months."""
    at = day_of("m", u("at", "m", "k"))
    parts = {name: u(name, "m", "k") for name in ("by", "sign", "size")}
    return BOOKINGS.format(at=at, left=LEFT, busy=u("busy", "m"), month=month, alive=ALIVE, **parts)


def fabricate(customers: int, processed: Path, seed: int) -> dict[str, int]:
    """Writes the tables of a bank, a block of customers at a time, transactions month by month; rows by table."""
    processed.mkdir(parents=True)
    counts = {}
    with duckdb.connect(config=ENGINE) as connection:
        for name in ("customers", "holdings", "balances", "contributions", "contacts", "complaints", "assignments", "consents"):
            counts[name] = _written(connection, name, processed, _by_block(connection, name, customers, seed))
        lives(connection, 0, customers, seed)
        by_month = (bookings(month) for month in range(MONTHS))
        counts["transactions"] = _written(connection, "transactions", processed, by_month)
    span = [str(FIRST), str(months_before(AS_OF, -1))]
    (processed / "prepared.json").write_text(json.dumps({"span": span, "tables": dict.fromkeys(counts)}), encoding="utf-8")
    return counts


def _by_block(connection: duckdb.DuckDBPyConnection, name: str, customers: int, seed: int) -> Iterator[str]:
    for start in range(0, customers, BLOCK):
        lives(connection, start, min(start + BLOCK, customers), seed)
        yield rows_of(name)


def _written(connection: duckdb.DuckDBPyConnection, name: str, processed: Path, parts: Iterator[str]) -> int:
    rows, writer = 0, None
    for part in parts:
        made = {column[0] for column in connection.execute(f"SELECT * FROM ({part}) LIMIT 0").description}
        columns = ", ".join(
            f"CAST({column.name if column.name in made else 'NULL'} AS {SQL_TYPES[column.type]}) AS {column.name}"
            for column in TABLES[name].columns
        )
        for batch in connection.sql(f"SELECT {columns} FROM ({part})").to_arrow_reader(500_000):
            writer = writer or pq.ParquetWriter(processed / f"{name}.parquet", batch.schema)
            writer.write_batch(batch)
            rows += batch.num_rows
    writer.close()
    return rows


def make_list() -> None:
    """What `crm list` does with a prepared bank, its stages timed; writes one line of JSON."""
    stages: list[dict] = []
    with Stage("imports", stages):
        from analysis import lists
        from analysis.study import early_warning
    parts = {"features": (lists, "learnt_from"), "model": (early_warning, "shown_model"), "list": (early_warning, "call_pool")}
    for stage, (place, name) in (parts | {"files": (lists, "write_alert_lists")}).items():
        setattr(place, name, timed(getattr(place, name), stage, stages))
    written = lists.make_list(BANK)
    whole = {
        "cpu": round(time.process_time(), 1),
        "gib": max(stage["gib"] for stage in stages),
        "load": round(os.getloadavg()[0], 1),
    }
    found = {"called": written.called, "held_out": written.held_out, "stages": stages}
    sys.stdout.write(json.dumps(whole | found) + "\n")


class Stage:
    """Wall and CPU seconds of what is done within, and the highest memory of the process meanwhile (GiB)."""

    def __init__(self, name: str, stages: list[dict]):
        self.name, self.stages = name, stages

    def __enter__(self) -> None:
        Path("/proc/self/clear_refs").write_text("5", encoding="ascii")
        self.begun = time.monotonic(), time.process_time()

    def __exit__(self, *_: object) -> None:
        wall, cpu = time.monotonic() - self.begun[0], time.process_time() - self.begun[1]
        status = Path("/proc/self/status").read_text(encoding="ascii")
        peak = int(re.search(r"VmHWM:\s+(\d+)", status)[1]) / 2**20
        self.stages.append({"stage": self.name, "wall": round(wall, 1), "cpu": round(cpu, 1), "gib": round(peak, 2)})


def timed(call, name: str, stages: list[dict]):
    """The same function, as a stage."""

    def within(*given):
        with Stage(name, stages):
            return call(*given)

    return within


def measured(customers: int, seed: int, home: Path) -> dict:
    """A bank of that size, made or found in `home`, and what its list costs."""
    processed, report = home / "data" / "processed" / BANK, home / "made.json"
    if not report.is_file():
        _surround(home)
        begun = time.process_time()
        counts = fabricate(customers, processed, seed)
        made = {"customers": customers, "seed": seed, "rows": counts, "fabricating_cpu": round(time.process_time() - begun, 1)}
        report.write_text(json.dumps(made), encoding="utf-8")
    for found in (processed / "features", processed / "lists", home / "data" / "state"):
        shutil.rmtree(found, ignore_errors=True)
    return json.loads(report.read_text(encoding="utf-8")) | _in_a_process(home)


def _surround(home: Path) -> None:
    raw = home / "data" / "raw" / BANK
    raw.mkdir(parents=True)
    for name in ("notebooks", "reports.yaml", "pyproject.toml"):
        (home / name).symlink_to(PROJECT / name)
    (raw / "bank.yaml").write_text(DEFINITION.format(day=AS_OF), encoding="utf-8")
    (raw / "warning_actions.csv").write_text(ACTIONS, encoding="utf-8")


def _in_a_process(home: Path) -> dict:
    surroundings, begun = os.environ | {"CRM_HOME": str(home)}, time.monotonic()
    done = subprocess.run([sys.executable, __file__, "--list"], env=surroundings, stdout=subprocess.PIPE, check=True, text=True)
    return {"wall": round(time.monotonic() - begun, 1), **json.loads(done.stdout)}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--customers", type=int, nargs="+", default=[10_000, 100_000, 1_000_000])
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--folder", type=Path, help="where the banks are made and kept (default: nowhere)")
    parser.add_argument("--list", action="store_true", help=argparse.SUPPRESS)
    asked = parser.parse_args()
    if asked.list:
        return make_list()
    results = []
    for customers in asked.customers:
        with tempfile.TemporaryDirectory(prefix="million-") as passing:
            results.append(measured(customers, asked.seed, (asked.folder or Path(passing)) / str(customers)))
        sys.stdout.write(json.dumps(results[-1]) + "\n")
        sys.stdout.flush()
    RESULT.write_text(json.dumps({"seeds": [asked.seed], "sizes": results}, indent=1) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
