"""Do the shares of the six levers have the bias, the intervals and the silence that the pages claim?

Simulated banks of 5,000 customers (tests/long/bank_frames.py), seeds 1, 2, … of each world, not chosen. In each the levers'
shares of the year to 2025-06-30 are estimated by the study itself from canonical tables, and held against the truth of that bank
(docs/demo-bank.md, section 7). Beside them stand the crude comparison and an oracle: the same estimator, to which what nobody
records (each customer's true log odds at the opening) is told. Writes docs/studies/levers.json.
"""

import argparse
import datetime as dt
import json
import pickle
import sys
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass, replace
from multiprocessing import get_context
from pathlib import Path
from unittest.mock import patch

import numpy as np
import pandas as pd
from bank_frames import SimulatedBank, simulated
from judging import ERRORS, POINTS, SIGN_FROM, WIDER, progress, summary
from scipy.special import ndtr

from analysis.bank.demo.life import BURDEN_ON_DELAY, BURDEN_ON_WAIT, log_odds
from analysis.bank.demo.worlds import HIDDEN_STRENGTH, customers_of
from analysis.bank.levers import Struck
from analysis.stats.attributable import LeverShare, joint_share
from analysis.stats.intervals import Z95, Estimate
from analysis.study import lever_effects, lever_fee_panel
from analysis.study.churn import ChurnRule
from analysis.study.lever_controls import doubts, lever_controls
from analysis.study.lever_effects import lever_effect
from analysis.study.lever_fee import FeeFound, fee_found
from analysis.study.lever_one_shot import one_shot_shares
from analysis.study.lever_people import lever_people
from analysis.study.lever_sensitivity import hidden_bands

RESULT = Path(__file__).parents[2] / "docs" / "studies" / "levers.json"
OPENED, RULE = dt.date(2024, 6, 30), ChurnRule(12, 180, 0.8)
OPENING_MONTH = 23
SEEDS = {"default": 200, "form": 40, "null": 60, "hidden": 30, "rare": 8, "small": 20}
ORACLES, PLANTED = 10, 20
DECIDES = {
    "unresolved_complaint": lambda rows: rows["severity"] >= 3,
    "long_wait": lambda rows: rows["unit"] <= "B012",
    "manager_left": lambda rows: rows["push"] >= rows["push"].quantile(0.95),
    "app_outage": lambda rows: rows["logins_matched"] >= 3,
    "competitor_rate": lambda rows: rows["pushed"] & (rows["amount_class"] == 4),
}
FEE = "fee_rise"
HIDDEN = {"unresolved_complaint": (HIDDEN_STRENGTH, BURDEN_ON_DELAY), "long_wait": (HIDDEN_STRENGTH, BURDEN_ON_WAIT)}


@dataclass(frozen=True)
class Case:
    """A bank as the study sees it (`before`: the year before the window; `tables`: canonical ones) and what is true of it: `truth` by finding
    id; `odds`, by customer_id, the true log odds of deciding to leave in the first month of the window without any lever."""

    struck: Struck
    before: Struck
    tables: dict[str, pd.DataFrame]
    truth: dict
    odds: pd.Series


def case_of(world: str, seed: int, customers: int | None, kept: Path | None) -> Case:
    """The case, made anew or read from `kept`."""
    path = kept and kept / f"{world}-{customers_of(world, customers)}-{seed}.pickle"
    if path and path.is_file():
        return Case(*pickle.loads(path.read_bytes()))
    with simulated(customers, seed, world) as bank:
        contacts = bank.book.table("contacts")[["customer_id", "started_at", "channel", "purpose", "wait_minutes"]]
        seen = [struck_after(bank, opened) for opened in (OPENED, RULE.before(OPENED))]
        case = Case(*seen, {"contacts": contacts}, bank.truth(), true_odds(bank))
    if path:
        path.with_suffix(".partial").write_bytes(pickle.dumps(tuple(vars(case).values())))
        path.with_suffix(".partial").replace(path)
    return case


def struck_after(bank: SimulatedBank, opened: dt.date) -> Struck:
    """What struck whom in the twelve months after a day."""
    people = lever_people(bank.book.features(opened), bank.book.features(RULE.end(opened)), opened, RULE)
    return bank.book.struck(people, opened, RULE.horizon_months)


def true_odds(bank: SimulatedBank) -> pd.Series:
    """By customer: true log odds in the month after the opening, from the state at the opening, as if no lever acted."""
    parts = []
    for block in bank.blocks:
        state = block.history.snapshots[OPENING_MONTH].state
        quiet = replace(state, until=np.zeros_like(state.until))
        satisfaction = block.traits.satisfaction_base + state.mood
        odds = log_odds(OPENING_MONTH + 1, block.traits, block.held, bank.cast.stage, bank.world, quiet, satisfaction)
        parts.append(pd.Series(odds, block.people["customer_id"]))
    return pd.concat(parts)


def one_bank(case: Case, world: str, seed: int, oracle: bool = True) -> list[dict]:
    """A row a quantity and lever: the estimate, the truth, the crude comparison and the oracle's interval."""
    shares, fee = shares_of(case.struck, case.before)
    found, doubted = estimates(shares), doubts_of(case, shares, fee)
    best = with_odds(case) if oracle else {}
    one_shot = one_shot_shares(case.struck.people, case.struck.levers)
    rows = []
    for name in (name for name in case.truth if name.startswith("cause")):
        quantity, _, lever = name.partition(".")
        ours, knows = found.get(name), best.get(name)
        rows.append(
            {
                "world": world,
                "seed": seed,
                "quantity": quantity,
                "lever": lever or "all",
                "truth": case.truth[name]["value"],
                "naive": case.truth[name].get("naive"),
                "one_shot": one_shot[lever].value if quantity == "cause_alone" and lever in one_shot else None,
                **(ours or {}),
                **{name: value for name, value in doubted.get(lever, {}).items() if quantity == "cause_alone"},
                "oracle_low": knows and knows["low"],
                "oracle_high": knows and knows["high"],
            }
        )
    return rows


def shares_of(struck: Struck, before: Struck) -> tuple[dict[str, LeverShare], FeeFound | None]:
    """Each lever's share, as the study estimates it; and how the fee's was found."""
    shares = {name: lever_effect(struck.people, name, rows) for name, rows in struck.levers.items() if name != FEE}
    fee = fee_found(struck, before)
    return shares | ({} if fee is None else {FEE: fee.share}), fee


def planted(struck: Struck) -> dict[str, str]:
    """Lever → why it has no number where overlap is planted to fail: what it hung on decides wholly whom it strikes ('' where a number
    is told all the same)."""
    frames = {name: rows.assign(struck=DECIDES[name](rows)) for name, rows in struck.levers.items() if name in DECIDES}
    told = {name: lever_effect(struck.people, name, rows) for name, rows in frames.items()}
    fee = fee_found(replace(struck, levers={FEE: _at_once(struck.levers[FEE])}))
    reasons = {name: share.failure for name, share in told.items()}
    return reasons | {FEE: "" if fee is None else fee.reason}


def _at_once(rows: pd.DataFrame) -> pd.DataFrame:
    """The fee of all branches rises in month 4, of all who hold a card."""
    return rows.assign(cohort=4, struck=rows["card"].astype(bool) & rows["month"].eq(4))


def estimates(shares: dict[str, LeverShare]) -> dict[str, dict]:
    """Finding id → value, low, high, standard_error, p and failure."""
    found = {f"cause_alone.{name}": _told(share.estimate, share.p, share.failure) for name, share in shares.items()}
    told = [share for share in shares.values() if share.value is not None]
    if not told:
        return found
    joint = joint_share(told)
    split = {f"cause.{name}": _told(one) for name, one in joint.split.items()}
    return {**found, **split, "cause_joint": _told(joint.joint)}


def doubts_of(case: Case, shares: dict[str, LeverShare], fee: FeeFound | None) -> dict[str, dict]:
    """Lever → whether a control rings, which, and the band of a hidden quantity as strong as the one of the world `hidden`."""
    controls = lever_controls(case.struck, case.tables["contacts"], fee)
    rung = {lever: {"doubted": doubt.alarm} for lever, doubt in doubts(controls).items()}
    for control in controls:
        rung[control.lever] |= {f"rings_{control.control}": control.rings if control.reason is None else None}
    bands = hidden_bands(case.struck, {name: shares[name] for name in HIDDEN if name in shares}, HIDDEN)
    for band in bands.to_dict("records"):
        rung[band["lever"]] |= {"band_low": band["band_low"], "band_high": band["band_high"]}
    return rung


def _told(one: Estimate, p: float | None = None, failure: str = "") -> dict:
    error = None if one.low is None else (one.high - one.low) / 2 / Z95
    p = p if p is not None or error is None else float(2 * ndtr(-abs(one.value) / error))
    return {"value": one.value, "low": one.low, "high": one.high, "standard_error": error, "p": p, "failure": failure}


def with_odds(case: Case) -> dict[str, dict]:
    """The same where each customer's true log odds are one more trait."""
    people = case.struck.people
    told = replace(case.struck, people=people.assign(true_odds=people["customer_id"].map(case.odds)))
    more = {"true_odds": None}
    with patch.dict(lever_effects.TRAITS, more), patch.dict(lever_fee_panel.TRAITS, more):
        return estimates(shares_of(told, case.before)[0])


def silence(rows: pd.DataFrame) -> dict[str, float]:
    """Lever → in which share of the banks with overlap planted to fail no number was told."""
    own = rows[rows["quantity"] == "planted"]
    return own.groupby("lever")["failure"].apply(lambda reasons: float((reasons != "").mean())).to_dict()


def judged_bank(world: str, seed: int, cases: Path | None) -> list[dict]:
    """The rows of one bank, those with overlap planted to fail among them."""
    case = case_of(world, seed, None, cases)
    rows = one_bank(case, world, seed, oracle=world == "default" and seed <= ORACLES)
    if world != "default" or seed > PLANTED:
        return rows
    planted_rows = planted(case.struck).items()
    own = {"world": world, "seed": seed, "quantity": "planted"}
    return rows + [{**own, "lever": lever, "failure": reason} for lever, reason in planted_rows]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--worlds", nargs="*", default=list(SEEDS))
    parser.add_argument("--seeds", type=int, help="of each world; default: see SEEDS")
    parser.add_argument("--cases", type=Path, help="keeps the banks in this folder, or takes them from there")
    parser.add_argument("--rows", type=Path, help="keeps the estimates in this file, or goes on from there")
    parser.add_argument("--jobs", type=int, default=2, help="banks at once")
    parser.add_argument("--out", type=Path, default=RESULT)
    asked = parser.parse_args()
    rows = json.loads(asked.rows.read_text()) if asked.rows and asked.rows.is_file() else []
    done = {(row["world"], row["seed"]) for row in rows}
    banks = [(world, seed) for world in asked.worlds for seed in range(1, (asked.seeds or SEEDS[world]) + 1)]
    with ProcessPoolExecutor(asked.jobs, get_context("spawn")) as pool:
        for more in pool.map(judged_bank, *zip(*[(*bank, asked.cases) for bank in banks if bank not in done], strict=True)):
            rows += more
            if asked.rows:
                asked.rows.write_text(json.dumps(rows))
    table = pd.DataFrame([row for row in rows if (row["world"], row["seed"]) in set(banks)])
    shares = summary(table[table["quantity"] != "planted"])
    told = {
        "what": __doc__,
        "opened": str(OPENED),
        "customers": {world: customers_of(world, None) for world in asked.worlds},
        "seeds": {world: f"1 to {asked.seeds or SEEDS[world]}, not chosen" for world in asked.worlds},
        "oracle": f"seeds 1 to {ORACLES} of default",
        "bounds": {"bias_points": POINTS, "bias_in_errors": ERRORS, "to_oracle": WIDER, "sign_from": SIGN_FROM},
        "abstained_where_overlap_is_planted_to_fail": {**silence(table), "seeds": f"1 to {PLANTED}"},
        "result": json.loads(shares.round(6).to_json(orient="records")),
    }
    asked.out.write_text(json.dumps(told, indent=1) + "\n")
    sys.stdout.write(progress(shares))


if __name__ == "__main__":
    main()
