"""What making the demo bank costs beside writing as many rows and columns of plain random numbers with DuckDB to the same kinds
of files (a workbook's rows as CSV: DuckDB writes none without an extension), in CPU seconds of whole processes and as a ratio
in one run; how time grows with the number of customers; and the peak memory of a large bank.

    python tests/bench/demo_bank.py [--rounds 3] [--growth 5000 20000 100000] [--large 200000]
"""

import argparse
import math
import os
import statistics
import subprocess
import sys
import tempfile
from pathlib import Path

CUSTOMERS = 5000
CRM = str(Path(sys.executable).parent / "crm")
RANDOM_NUMBERS = """
import sys, duckdb
from pathlib import Path
from python_calamine import CalamineWorkbook
connection = duckdb.connect()
for path in sorted(Path(sys.argv[1]).rglob("*")):
    if path.suffix == ".csv":
        columns, rows = len(path.open("rb").readline().split(b",")), sum(1 for _ in path.open("rb")) - 1
    elif path.suffix == ".jsonl":
        columns, rows = 16, sum(1 for _ in path.open("rb"))
    elif path.suffix == ".parquet":
        columns, rows = connection.execute("SELECT any_value(num_columns), any_value(num_rows) FROM (SELECT count(*) AS num_columns FROM parquet_schema(?) WHERE num_children IS NULL), (SELECT num_rows FROM parquet_file_metadata(?))", [str(path), str(path)]).fetchall()[0]
    elif path.suffix == ".xlsx":
        sheet = CalamineWorkbook.from_path(str(path)).get_sheet_by_index(0)
        columns, rows = sheet.width, sheet.height - 1
    else:
        continue
    kind = {".parquet": "(FORMAT parquet, COMPRESSION zstd)", ".jsonl": "(FORMAT json)"}.get(path.suffix, "(FORMAT csv)")
    numbers = ", ".join(f"random() AS c{number}" for number in range(columns))
    connection.execute(f"COPY (SELECT {numbers} FROM range({rows})) TO '{sys.argv[2]}/{abs(hash(path))}' {kind}")
"""


def measured(command: list[str]) -> tuple[float, float]:
    """CPU seconds (user and system) and peak memory in MiB of one process and all that it started."""
    process = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE)
    problem = process.stderr.read()
    _, status, used = os.wait4(process.pid, 0)
    if status:
        sys.exit(f"{' '.join(command)} failed:\n{problem.decode()}")
    return used.ru_utime + used.ru_stime, used.ru_maxrss / 1024


def make(folder: Path, customers: int) -> tuple[float, float]:
    return measured([CRM, "demo", "--customers", str(customers), "--out", str(folder)])


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--growth", type=int, nargs="*", default=[5000, 20_000])
    parser.add_argument("--large", type=int, default=0)
    asked = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="crm-bench-") as place:
        demo, plain = Path(place) / "demo", Path(place) / "plain"
        pairs = []
        for _ in range(asked.rounds):
            own = make(demo, CUSTOMERS)[0]
            plain.mkdir(exist_ok=True)
            pairs.append((own, measured([sys.executable, "-c", RANDOM_NUMBERS, str(demo), str(plain)])[0]))
        own, other = (statistics.median(side) for side in zip(*pairs, strict=True))
        ratio = statistics.median(a / b for a, b in pairs)
        sys.stdout.write(
            f"{CUSTOMERS:,} customers, CPU seconds: crm demo {own:.2f}, as many random numbers {other:.2f}, ratio {ratio:.2f}\n"
        )
        grown = [(customers, *make(demo, customers)) for customers in asked.growth]
        for customers, seconds, memory in grown:
            sys.stdout.write(f"{customers:>9,} customers: {seconds:8.2f} CPU seconds, peak {memory:,.0f} MiB\n")
        if len(grown) > 1:
            (small, first, _), (large, last, _) = grown[0], grown[-1]
            slope = math.log(last / first) / math.log(large / small)
            sys.stdout.write(f"log-log slope of time, {small:,} to {large:,} customers: {slope:.2f}\n")
        if asked.large:
            seconds, memory = make(demo, asked.large)
            sys.stdout.write(f"{asked.large:>9,} customers: {seconds:8.2f} CPU seconds, peak {memory:,.0f} MiB\n")


if __name__ == "__main__":
    main()
