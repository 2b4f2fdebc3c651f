"""Do the intervals of curves cover, with late entry and competing ways of leaving? Run: python tests/long/curves.py

Customers leave in one of three ways at constant hazards a year, are under watch for two years that begin at a random age of the relation
(who left before is never seen), or from the first day on. Measured: coverage of 95 % intervals of
Aalen-Johansen, Kaplan-Meier, kappa and the ratio of balances; how often Gray's and the log-rank test find a difference that is not there;
what is read where late entry or the other ways are left out. Writes docs/studies/curves.json."""

import json
import sys
from pathlib import Path

import numpy as np
import pandas as pd
from scipy.stats import binomtest

from analysis.stats.competing import aalen_johansen, gray, incidence_at, one_minus_survival
from analysis.stats.kappa import kappa
from analysis.stats.survival import kaplan_meier, log_rank, survival_at
from analysis.study.churn_cohorts import kept_ratio

HAZARDS = {"closed": 0.08, "dormant": 0.05, "run_off": 0.02}
ALL = sum(HAZARDS.values())
START, WATCHED, OLDEST = 0.5, 2.0, 12.0
SEEDS = 400
SIZES = (150, 400, 1500)
BOUND = (0.92, 0.98)


def late(size: int, seed: int) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """time, kind, entry (years since START) of `size` customers seen within a window of WATCHED years."""
    random = np.random.default_rng(seed)
    drawn = size * 6
    entry = random.uniform(0, OLDEST, drawn) * (random.random(drawn) < 0.9)
    time = random.exponential(1 / ALL, drawn)
    kind = random.choice(list(HAZARDS), drawn, p=[hazard / ALL for hazard in HAZARDS.values()]).astype(object)
    seen = np.flatnonzero(time > entry)[:size]
    time, kind, entry = time[seen], kind[seen], entry[seen]
    kind[time > entry + WATCHED] = None
    return np.minimum(time, entry + WATCHED), kind, entry


def incidence(name: str, years: float) -> float:
    """The true share that left so first within the years."""
    return HAZARDS[name] / ALL * (1 - np.exp(-ALL * years))


def curves(size: int, years: float = 5.0) -> pd.DataFrame:
    """Coverage and error with late entry, a row a quantity."""
    rows = []
    for seed in range(1, SEEDS + 1):
        time, kind, entry = late(size, seed)
        made = aalen_johansen(time, kind, entry)
        for name in HAZARDS:
            found = incidence_at(made[name], years) if name in made else None
            naive = incidence_at(aalen_johansen(time, kind)[name], years).value if found else np.nan
            alone = one_minus_survival(time, kind, name, entry)
            alone = float(alone.loc[alone["time"] <= years, "value"].iloc[-1])
            rows.append(_row(f"incidence.{name}", found, incidence(name, years), naive, alone))
        kept = survival_at(kaplan_meier(time, ~pd.isna(kind), entry), years)
        rows.append(_row("kept", kept, np.exp(-ALL * years), np.nan, np.nan))
    return _coverage(pd.DataFrame(rows)).assign(customers=size, years=years)


def _row(quantity: str, found, truth: float, naive: float, alone: float) -> dict:
    told = found is not None and found.low is not None
    inside = found.low <= truth <= found.high if told else np.nan
    value = found.value if told else np.nan
    return {"quantity": quantity, "inside": inside, "truth": truth, "value": value, "without_late_entry": naive, "alone": alone}


def _coverage(rows: pd.DataFrame) -> pd.DataFrame:
    by = rows.groupby("quantity")
    table = by[["truth", "value", "without_late_entry", "alone"]].mean().round(4)
    coverage, n = by["inside"].mean(), by["inside"].count()
    spans = [binomtest(round(share * count), count).proportion_ci() for share, count in zip(coverage, n, strict=True)]
    return table.assign(
        coverage=coverage.round(4), coverage_low=[round(span.low, 4) for span in spans],
        coverage_high=[round(span.high, 4) for span in spans], told=n,
    ).reset_index()  # fmt: skip


def first_day(size: int, years: float = 2.0) -> pd.DataFrame:
    """The same for customers watched from the first day."""
    rows = []
    for seed in range(1, SEEDS + 1):
        random = np.random.default_rng(20_000 + seed)
        time = random.exponential(1 / ALL, size)
        kind = random.choice(list(HAZARDS), size, p=[hazard / ALL for hazard in HAZARDS.values()]).astype(object)
        kind[time > WATCHED] = None
        made = aalen_johansen(np.minimum(time, WATCHED), kind)
        for name in HAZARDS:
            alone = one_minus_survival(np.minimum(time, WATCHED), kind, name)["value"].iloc[-1]
            found = incidence_at(made[name], years) if name in made else None
            rows.append(_row(f"incidence.{name}", found, incidence(name, years), np.nan, alone))
    return _coverage(pd.DataFrame(rows)).assign(customers=size, years=years)


def tests(size: int) -> dict[str, float]:
    """How often a test at 5 % finds a difference between two groups that leave alike."""
    found = {"gray": 0, "log_rank_late_entry": 0}
    for seed in range(1, SEEDS + 1):
        random = np.random.default_rng(40_000 + seed)
        group = random.random(size) < 0.3
        time, kind, entry = late(size, 60_000 + seed)
        found["log_rank_late_entry"] += log_rank(time, ~pd.isna(kind), group, entry).p < 0.05
        begun = random.exponential(1 / ALL, size)
        kind = random.choice(list(HAZARDS), size, p=[hazard / ALL for hazard in HAZARDS.values()]).astype(object)
        kind[begun > WATCHED] = None
        found["gray"] += gray(np.minimum(begun, WATCHED), kind, "closed", group, WATCHED).p < 0.05
    return {name: count / SEEDS for name, count in found.items()}


def agreement(size: int) -> dict[str, float]:
    """Coverage of kappa where two rare judgements share a part, customers judged four times."""
    inside, told = 0, 0
    truth = _kappa_truth()
    for seed in range(1, SEEDS + 1):
        random = np.random.default_rng(80_000 + seed)
        customer = np.repeat(np.arange(size), 4)
        found = kappa(*_judged(random, size), customer)
        told += found.low is not None
        inside += found.low is not None and found.low <= truth <= found.high
    return {"truth": round(truth, 4), "coverage": inside / told, "told": told}


def _judged(random, size: int) -> tuple[np.ndarray, np.ndarray]:
    prone = np.repeat(random.random(size) < 0.2, 4)
    both, one, other = (random.random((3, size * 4)) < np.array([[0.03], [0.05], [0.03]]) * np.where(prone, 3, 0.5)).astype(bool)
    return both | one, both | other


def _kappa_truth() -> float:
    first, second = _judged(np.random.default_rng(9), 1_000_000)
    return kappa(first, second).value


def ratios(size: int) -> dict[str, float]:
    """Coverage of the ratio of balances: log-normal balances with a heavy tail, a tenth gone."""
    inside = 0
    for seed in range(1, SEEDS + 1):
        random = np.random.default_rng(100_000 + seed)
        x = np.exp(1.2 * random.standard_normal(size))
        y = x * np.exp(0.3 * random.standard_normal(size) - 0.045) * (random.random(size) < 0.9)
        found = kept_ratio(y, x)
        inside += found.low <= 0.9 <= found.high
    return {"customers": size, "coverage": inside / SEEDS}


def main() -> None:
    made = {
        "what": __doc__.split("\n\n")[1].replace("\n", " "), "seeds": f"1 to {SEEDS}", "bound": BOUND,
        "late_entry": pd.concat([curves(size) for size in SIZES]).to_dict("records"),
        "first_day": pd.concat([first_day(size) for size in SIZES]).to_dict("records"),
        "size_of_tests": {str(size): tests(size) for size in SIZES},
        "kappa": {str(size): agreement(size) for size in SIZES}, "ratio": [ratios(size) for size in SIZES],
    }  # fmt: skip
    for name in ("late_entry", "first_day"):
        sys.stdout.write(pd.DataFrame(made[name]).to_string(index=False) + "\n")
    sys.stdout.write(json.dumps({name: made[name] for name in ("size_of_tests", "kappa", "ratio")}, indent=1) + "\n")
    if "--dry" not in sys.argv:
        path = Path(__file__).parents[2] / "docs" / "studies" / "curves.json"
        path.write_text(json.dumps(made, indent=1) + "\n")


if __name__ == "__main__":
    main()
