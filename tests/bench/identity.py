"""What it costs to find one identity for each customer: departments' records of the demo bank's kind, in seconds, CPU seconds
and peak memory of whole processes, by size; and precision and recall against the truth beside the stated ones.

    python tests/bench/identity.py [--sizes 10000 100000 1000000]
"""

import argparse
import json
import math
import os
import subprocess
import sys
import tempfile
import time
from pathlib import Path

DEPARTMENTS = ("core", "cards", "ebank", "callcenter")
RECORDS_PER_CUSTOMER = 3.885
MAKE = """
import sys
from pathlib import Path
import numpy as np, pandas as pd
from analysis.bank.demo.lists import make_lists
from analysis.bank.demo.people import make_people, traits_of
from analysis.bank.demo.surroundings import make_surroundings
from analysis.bank.demo.worlds import make_world
target, customers, departments = Path(sys.argv[1]), int(sys.argv[2]), sys.argv[3].split(",")
draws = [np.random.default_rng([7, part]) for part in range(3)]
stage = make_surroundings(draws[0])
people = make_people(draws[1], customers, stage, make_world())
lists = make_lists(draws[2], people, traits_of(people), stage)
core = pd.concat([lists.register, lists.seconds]).rename(columns={"customer_id": "number"}).assign(core_number=lambda rows: rows["number"])
parts = [rows.assign(source=name) for name, rows in ({"core": core} | lists.departments).items() if name in departments]
parties = pd.concat(parts, ignore_index=True).rename(columns={"number": "source_id", "opened": "opened_date"})
parties["birth_date"] = pd.to_datetime(parties["birth_date"], errors="coerce", format="mixed").dt.date
texts = ["core_number", "name", "sex", "id_number", "phone", "address"]
parties[texts] = parties[texts].astype(object).where(parties[texts].ne(""), None)
parties["kind"] = None
parties["kind"] = parties["kind"].astype("string")
columns = ["source", "source_id", *texts, "birth_date", "kind", "opened_date"]
parties[columns].to_parquet(target / "parties.parquet", index=False)
lists.parties[lambda rows: rows["source"].isin(departments)].to_parquet(target / "truth.parquet", index=False)
"""
IDENTIFY = """
import json, sys
from pathlib import Path
from analysis.bank.identity.identify import Places, identify
folder = Path(sys.argv[1])
print(json.dumps(identify(Places(folder, folder / "state", folder), "core", "parties")))
"""


def measured(program: str, *arguments: str) -> tuple[float, float, float, str]:
    """Seconds, CPU seconds and peak memory in MiB of a whole process, and what it printed."""
    begun = time.monotonic()
    process = subprocess.Popen([sys.executable, "-c", program, *arguments], stdout=subprocess.PIPE, text=True)
    printed = process.stdout.read()
    _, status, used = os.wait4(process.pid, 0)
    if status:
        sys.exit("failed")
    return time.monotonic() - begun, used.ru_utime + used.ru_stime, used.ru_maxrss / 1024, printed


def true_accuracy(folder: Path) -> tuple[float, float]:
    """Pairwise precision and recall of the mapping."""
    import pandas as pd

    mapping = pd.read_parquet(folder / "identity.parquet")
    truth = pd.read_parquet(folder / "truth.parquet").rename(columns={"customer_id": "truth"})
    both = mapping.merge(truth, on=["source", "source_id"])
    pairs = {
        keys: int(both.groupby(list(keys)).size().pipe(lambda n: n * (n - 1) // 2).sum())
        for keys in (("customer_id", "truth"), ("customer_id",), ("truth",))
    }
    hit = pairs["customer_id", "truth"]
    return hit / pairs["customer_id",], hit / pairs["truth",]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--sizes", type=int, nargs="*", default=[10_000, 100_000])
    asked = parser.parse_args()
    before: tuple[int, float] | None = None
    for size in asked.sizes:
        with tempfile.TemporaryDirectory() as made:
            measured(MAKE, made, str(round(size / RECORDS_PER_CUSTOMER)), ",".join(DEPARTMENTS))
            seconds, cpu, memory, printed = measured(IDENTIFY, made)
            stated = json.loads(printed.splitlines()[-1])
            precision, recall = true_accuracy(Path(made))
        accuracy = {name: stated["accuracy"][name]["value"] for name in ("precision", "recall")}
        sys.stdout.write(
            f"{stated['records']:,} records of {len(DEPARTMENTS)} departments: {seconds:.0f} s, {cpu:.0f} CPU s, {memory:,.0f} MiB;"
            f" precision {precision:.4f} (stated {accuracy['precision']:.4f}), recall {recall:.4f} (stated {accuracy['recall']:.4f})\n"
        )
        if before:
            slope = math.log(cpu / before[1]) / math.log(stated["records"] / before[0])
            sys.stdout.write(f"  slope of CPU time against records, log-log: {slope:.2f}\n")
        before = stated["records"], cpu


if __name__ == "__main__":
    main()
