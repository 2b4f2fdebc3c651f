"""The warning model over simulated banks: its AUC against the oracle's and recency alone, which candidate is chosen, leaks that are
not there, and how often the alarm of calibration rings, in banks of two sizes.

`python tests/long/hazard.py` prints a table and writes docs/studies/hazard.json; the seeds are 1 to n, not chosen. The models'
average, the alarm's level and the two landmarks that judge it were chosen on seeds 101 to 111.

"realised" holds the ratio of the AUC judged by who left, "expected" that of the same scores judged by each customer's true chance to
leave: the difference is chance in who left. "told" is the share of banks in which a test of digital use alone, the term that drifts,
is beyond the alarm's level: what an alarm could reach that knew where to look.
"""

import argparse
import datetime as dt
import json
import sys
from collections import Counter
from concurrent.futures import ProcessPoolExecutor
from dataclasses import replace
from multiprocessing import get_context
from pathlib import Path

import numpy as np
import pandas as pd
from bank_frames import simulated
from scipy.stats import t

from analysis.bank.demo.calendar import last_day
from analysis.bank.demo.outcomes import Horizon
from analysis.bank.demo.risks import at_risk, chances, expected_auc
from analysis.bank.demo.truth import RULE_MONTHS
from analysis.stats.intervals import Z95, wilson
from analysis.study.churn import ChurnRule
from analysis.study.hazard_challenger import CANDIDATES, compared, published
from analysis.study.warning_drift import warning_drift
from analysis.study.warning_leaks import knowing
from analysis.study.warning_model import validated_auc, warning_model
from analysis.study.warning_quality import auc
from analysis.study.warning_recalibration import ALARM_LEVEL

STUDY = Path(__file__).parents[2] / "docs" / "studies" / "hazard.json"
RULE = ChurnRule()
AS_OF = dt.date(2025, 6, 30)
LATER = [dt.date(2025, 12, 31), dt.date(2026, 3, 31), dt.date(2026, 6, 30)]
LAST_THREE = (23, 26, 29)
WORLDS = ("default", "drift")
BOUND = 0.9


def oracle(bank) -> tuple[float, pd.DataFrame]:
    """As the truth's `auc`: the hazard from one half of the replicates, judged by the other; and customer_id, landmark, risk (the
    true chance to leave) at LAST_THREE."""
    halves, risks = ([], []), []
    for month in LAST_THREE:
        rng = np.random.default_rng([bank.world.seed, month])
        for block, seen in zip(bank.blocks, bank.seen, strict=True):
            rows = at_risk(month, block.traits, block.history, seen)
            ways, hazard = chances(
                rng, Horizon(month, RULE_MONTHS), rows, block.traits, block.held, bank.cast.stage, bank.world, block.history
            )
            risk, half = ways[:, :3].sum(axis=1), len(hazard) // 2
            for own, chosen in zip(halves, (slice(None, half), slice(half, None)), strict=True):
                own.append((hazard[chosen].mean(axis=0), risk[chosen].mean(axis=0)))
            ids = block.people["customer_id"].to_numpy(dtype=object)[rows]
            risks.append(pd.DataFrame({"customer_id": ids, "landmark": last_day(month).item(), "risk": risk.mean(axis=0)}))
    (first, first_risk), (second, second_risk) = (map(np.concatenate, zip(*half, strict=True)) for half in halves)
    value = float(np.mean([expected_auc(first, second_risk), expected_auc(second, first_risk)]))
    return value, pd.concat(risks, ignore_index=True)


def of_models(history: dict, best: float, risks: pd.DataFrame) -> dict:
    """The models of one bank at AS_OF; `best` and `risks`: see `oracle`."""
    model = warning_model(history, AS_OF, RULE)
    found = compared(history, AS_OF, RULE)
    made, shown = found.predictions, published(model, found)
    own = validated_auc(shown)
    known = shown.validation.merge(risks, on=["customer_id", "landmark"])
    names = [name for name in CANDIDATES if name in made]
    return {
        "auc": own.value,
        "oracle": best,
        "realised": (own.value - 0.5) / (best - 0.5),
        "noise": (own.high - own.low) / 2 / Z95 / (best - 0.5),
        "expected": (expected_auc(known["probability"], known["risk"]) - 0.5) / (best - 0.5),
        **{name: auc(made[name], made["outcome"]).value for name in names},
        "chosen": found.chosen,
        "leaks": int(knowing(history, AS_OF, RULE)["is_leak"].sum()),
    }


def rung(histories: dict) -> dict:
    """Features by landmark, by as_of → whether the alarm rings, the part it names ("level", or "" in silence), and whether a test of
    digital use alone is beyond its level, a value each as_of."""
    found = [warning_drift(history, day, RULE) for day, history in histories.items()]
    return {
        "rung": [bool(one and one.is_alarm) for one in found],
        "named": [_named(one) for one in found],
        "told": [bool(one and one.parts.set_index("part")["p"].get("digital", 1.0) < ALARM_LEVEL) for one in found],
    }


def judged_bank(customers: int, world: str, seed: int, is_modelled: bool) -> dict:
    """One bank, with its models if asked for, and its alarms at the three ends of quarters up to a year after the change, each with
    the landmarks of a report of that day."""
    with simulated(customers, seed, world) as bank:
        histories = {day: replace(bank.book, as_of=day).feature_history() for day in LATER}
        history, truth = (bank.book.feature_history(), oracle(bank)) if is_modelled else ({}, ())
    more = of_models(history, *truth) if is_modelled else {}
    return {"customers": customers, "world": world, "seed": seed, **more, **rung(histories)}


def _named(found) -> str:
    if not (found and found.is_alarm):
        return ""
    return found.parts.loc[found.parts["p"].idxmin(), "part"] if found.has_turned else "level"


def of_alarms(runs: list[dict]) -> dict:
    """Shares of banks in which the alarm rang at each as_of, at any, at one of the last two (the reports after a landmark that lies
    wholly behind the change), and of all reports; the same of the test that is told; and how often each part was named."""
    rings, told = (np.array([run[name] for run in runs]) for name in ("rung", "told"))
    named = Counter(part for run in runs for part in run["named"] if part)
    return {
        "seeds": f"1 to {len(runs)}",
        "by_as_of": dict(zip(map(str, LATER), rings.mean(axis=0).tolist(), strict=True)),
        "a_report": float(rings.mean()),
        "any": wilson(int(rings.any(axis=1).sum()), len(rings))._asdict(),
        "last_two": wilson(int(rings[:, 1:].any(axis=1).sum()), len(rings))._asdict(),
        "told": {"any": float(told.any(axis=1).mean()), "last_two": float(told[:, 1:].any(axis=1).mean())},
        "named": dict(named.most_common()),
    }


def of_ratios(models: list[dict]) -> dict:
    """Over the banks: mean ratio with its standard error and interval (Student), spread, least; realised and expected."""
    told = {}
    for name in ("realised", "expected"):
        values = np.array([row[name] for row in models])
        error = values.std(ddof=1) / len(values) ** 0.5
        half = float(t.isf(0.025, len(values) - 1)) * error
        told[name] = {
            "mean": values.mean(), "standard_error": error, "low": values.mean() - half, "high": values.mean() + half,
            "spread": values.std(ddof=1), "least": values.min(), "below": int((values < BOUND).sum()),
        }  # fmt: skip
    return {**told, "noise": float(np.mean([row["noise"] for row in models]))}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--seeds", type=int, default=20)
    parser.add_argument("--customers", type=int, default=5000)
    parser.add_argument("--larger", type=int, default=10_000)
    parser.add_argument("--larger-seeds", type=int, default=10)
    parser.add_argument("--rows", type=Path, help="keeps what each bank gave in this file, or goes on from there")
    parser.add_argument("--jobs", type=int, default=2, help="banks at once")
    asked = parser.parse_args()
    rows = json.loads(asked.rows.read_text()) if asked.rows and asked.rows.is_file() else []
    done = {(row["customers"], row["world"], row["seed"]) for row in rows}
    sizes = ((asked.customers, asked.seeds), (asked.larger, asked.larger_seeds))
    banks = [(size, world, seed) for size, most in sizes for world in WORLDS for seed in range(1, most + 1)]
    todo = [(*bank, bank[:2] == (asked.customers, "default")) for bank in banks if bank not in done]
    with ProcessPoolExecutor(asked.jobs, get_context("spawn")) as pool:
        for row in pool.map(judged_bank, *zip(*todo, strict=True)) if todo else ():
            rows.append(row)
            sys.stdout.write(f"{row}\n")
            if asked.rows:
                asked.rows.write_text(json.dumps(rows))
    by_bank = {(row["customers"], row["world"], row["seed"]): row for row in rows}
    write(asked.customers, [by_bank[bank] for bank in banks])


def write(customers: int, rows: list[dict]) -> None:
    """docs/studies/hazard.json; models are those of banks of so many customers."""
    models = [row for row in rows if "oracle" in row]
    left_out = ("customers", "world", "rung", "named", "told")
    result = {
        "what": __doc__,
        "customers": customers,
        "seeds": f"1 to {len(models)}, not chosen",
        "bounds": {"ratio": BOUND, "drift": 0.8, "default": 0.07},
        "models": [{name: value for name, value in row.items() if name not in left_out} for row in models],
        "ratio": of_ratios(models),
        "alarms": {
            str(size): {
                world: of_alarms([row for row in rows if (row["customers"], row["world"]) == (size, world)]) for world in WORLDS
            }
            for size in sorted({row["customers"] for row in rows})
        },
    }
    STUDY.write_text(json.dumps(result, indent=1) + "\n", encoding="utf-8")
    sys.stdout.write(json.dumps({name: result[name] for name in ("ratio", "alarms")}, indent=1) + "\n")


if __name__ == "__main__":
    main()
