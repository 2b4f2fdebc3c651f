"""What it takes to find the topics of 100,000 complaints, and to tell what is new in them: seconds and memory, beside 2 minutes and 3 GiB.

python tests/bench/topics.py [--complaints 100000]
"""

import argparse
import datetime as dt
import resource
import sys
import time

import numpy as np
import pandas as pd

from analysis.bank.demo.complaint_texts import CATEGORIES, draw_complaint_texts
from analysis.study.complaint_drift import complaint_drift
from analysis.study.complaint_texts import complaint_texts
from analysis.study.complaint_topics import complaint_topics

AS_OF = dt.date(2025, 6, 30)
MOST_SECONDS, MOST_MIB = 120, 3 * 1024
BRANCHES = ("青岚中心支行", "望海新区支行", "云岭老城支行")


def complaints(size: int, seed: int = 1) -> pd.DataFrame:
    """Complaints of two years in the demo bank's words."""
    random = np.random.default_rng(seed)
    category = random.choice(CATEGORIES, size)
    waited = np.where(category == "service", random.gamma(4, 8, size), np.nan)
    drawn = (random.choice(BRANCHES, size), random.choice(["card", "term", "wealth", ""], size), random.integers(1, 6, size))
    text = draw_complaint_texts(random, category, *drawn, waited, random.integers(0, 20, size))
    day = pd.Timestamp(AS_OF) - pd.to_timedelta(random.integers(0, 730, size), unit="D")
    customer = random.integers(0, size // 2, size).astype(str)
    frame = {"customer_id": customer, "received_at": day, "text": text, "category": category}
    return pd.DataFrame({"complaint_id": np.arange(size).astype(str), **frame})


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--complaints", type=int, default=100_000)
    frame = complaints(parser.parse_args().complaints)
    begun = time.monotonic()
    texts = complaint_texts(frame, AS_OF, BRANCHES)
    read = time.monotonic()
    found = complaint_topics(texts, AS_OF)
    topics = time.monotonic()
    new = complaint_drift(texts, AS_OF)
    drift = time.monotonic()
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    sys.stdout.write(
        f"{len(frame):,} complaints: read in {read - begun:.0f} s, {found.topics} topics ({len(found.table)} shown) in {topics - read:.0f} s, "
        f"{len(new.table)} of {new.tested} phrases new in {drift - topics:.0f} s, peak {peak:,.0f} MiB\n"
    )
    if topics - begun > MOST_SECONDS or peak > MOST_MIB:
        sys.exit(f"more than {MOST_SECONDS} s or {MOST_MIB} MiB")


if __name__ == "__main__":
    main()
