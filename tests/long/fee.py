"""The fee rise by cohorts, and the controls that must show nothing, over many banks: bias, coverage and width of the share against the truth, how
often nothing is said, and how often a control rings (in `hidden` it should, in `default` it should not).

`python tests/long/fee.py --banks default:20 hidden:20` prints a table and writes docs/studies/fee.json; --kept is a folder of banks made before
(see levers.case_of)."""

import argparse
import json
import sys
from pathlib import Path

import numpy as np
from levers import case_of

from analysis.study.lever_controls import doubts, lever_controls
from analysis.study.lever_fee import fee_found

CUSTOMERS = 5000
OUT = Path(__file__).parents[2] / "docs/studies/fee.json"
SERVICE = ("unresolved_complaint", "long_wait")


def one_bank(world: str, seed: int, kept: Path | None) -> dict:
    """What is found in the bank, and its truth."""
    case = case_of(world, seed, CUSTOMERS, kept)
    fee = fee_found(case.struck, case.before)
    alone = fee_found(case.struck)
    controls = lever_controls(case.struck, case.tables["contacts"], fee)
    found = {"truth": case.truth["cause_alone.fee_rise"]["value"]}
    for name, one in (("", fee), ("alone_", alone)):
        if one is not None and one.share is not None:
            estimate = one.share.estimate
            found |= {f"{name}value": estimate.value, f"{name}low": estimate.low, f"{name}high": estimate.high}
            found[f"{name}error"] = float(np.sqrt(one.share.variance))
    found["p"] = {f"{one.control}.{one.lever}": one.p for one in controls if one.p is not None}
    found["rings"] = [lever for lever, doubt in doubts(controls).items() if doubt.alarm]
    return found


def judged(rows: list[dict], name: str = "") -> dict:
    """How far the shares are from the truth, how often the intervals hold it, how often nothing is said."""
    told = [row for row in rows if f"{name}low" in row]
    if len(told) < 2:
        return {"abstained": len(rows) - len(told)}
    error = np.array([row[f"{name}value"] - row["truth"] for row in told])
    return {
        "abstained": len(rows) - len(told),
        "bias": float(error.mean()),
        "bias_error": float(error.std(ddof=1) / np.sqrt(len(error))),
        "spread": float(error.std(ddof=1)),
        "mean_standard_error": float(np.mean([row[f"{name}error"] for row in told])),
        "coverage": float(np.mean([row[f"{name}low"] <= row["truth"] <= row[f"{name}high"] for row in told])),
        "width": float(np.mean([row[f"{name}high"] - row[f"{name}low"] for row in told])),
    }


def summary(rows: list[dict]) -> dict:
    """Of the banks of one world."""
    names = dict.fromkeys(name for row in rows for name in row["p"])
    return {
        "banks": len(rows),
        "share": judged(rows),
        "share_without_the_year_before": judged(rows, "alone_"),
        "any_control_rings": float(np.mean([bool(row["rings"]) for row in rows])),
        "service_control_rings": float(np.mean([any(lever in row["rings"] for lever in SERVICE) for row in rows])),
        "p_below_5_percent": {name: float(np.mean([row["p"].get(name, 1.0) < 0.05 for row in rows])) for name in names},
    }


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--banks", nargs="+", default=["default:20", "hidden:20"], help="world:how many, seeds 1 to that")
    parser.add_argument("--kept", type=Path)
    asked = parser.parse_args()
    report = {
        "what": "the fee rise's share by difference-in-differences, and controls that must show nothing, on simulated banks",
        "customers": CUSTOMERS,
        "seeds": "1 to the number of banks of each world, not chosen",
        "worlds": {},
    }
    for world, many in (one.split(":") for one in asked.banks):
        rows = []
        for seed in range(1, int(many) + 1):
            rows.append(one_bank(world, seed, asked.kept))
            sys.stdout.write(f"{world} {seed} {json.dumps(rows[-1])}\n")
            sys.stdout.flush()
        report["worlds"][world] = summary(rows)
    OUT.write_text(json.dumps(report, indent=1) + "\n", encoding="utf-8")
    sys.stdout.write(json.dumps(report, indent=1) + "\n")


if __name__ == "__main__":
    main()
