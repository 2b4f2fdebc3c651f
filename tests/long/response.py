"""Do weights take out what they can, and do bounds hold the truth where they cannot? Surveys drawn anew from the lives of demo banks, and the
surveys of whole demo banks as delivered. Seeds 1..n, none chosen. Writes docs/studies/response.json.

    python tests/long/response.py [--banks N] [--surveys N] [--home DIR]   (prepared banks are left in DIR and used again)
"""

import argparse
import json
import os
import platform
import sys
import tempfile
from dataclasses import replace
from pathlib import Path

import numpy as np
import pandas as pd
from scipy.stats import binom

from analysis.bank.book import open_bank
from analysis.bank.demo import make_demo_bank, making
from analysis.bank.demo.calendar import AS_OF_MONTH, last_day
from analysis.bank.demo.surveys import felt_lately, invite, respond
from analysis.bank.demo.visits import make_contacts
from analysis.bank.demo.worlds import make_world
from analysis.pipeline import prepare_bank
from analysis.project import ROOT_MARK
from analysis.study.satisfaction_weighted import SCORES, TILT, TILTS_SHOWN, weighted_scores

OUT = Path(__file__).parents[2] / "docs" / "studies" / "response.json"
CUSTOMERS = 5000
WORLDS = ("default", "observed_response")
METHODS = ("answered", "lot", "raked", "propensity")
TILTS = (*TILTS_SHOWN, np.inf)


def prepared(home: Path, world: str, seed: int):
    """The demo bank of the world and seed as its book, made and prepared in a project of its own below `home`, and its truths."""
    own = home / f"{world}-{seed}"
    raw = own / "data" / "raw" / "demo"
    os.environ["CRM_HOME"] = str(own)
    if not (own / "done").exists():
        raw.parent.mkdir(parents=True, exist_ok=True)
        (own / ROOT_MARK).touch()
        make_demo_bank(raw, customers=CUSTOMERS, seed=seed, world=world)
        prepare_bank("demo", None, "", False)
        open_bank("demo").feature_history()
        (own / "done").touch()
    told = json.loads((raw / "truth" / "truth.json").read_text(encoding="utf-8"))
    return open_bank("demo"), {name: told[name]["value"] for name in SCORES}


class Lives:
    """The lives behind a demo bank of the world `default`, from which surveys are drawn anew."""

    def __init__(self, seed: int):
        world = make_world("default", seed)
        cast = making._cast(making._streams(seed, making.STREAMS), world, CUSTOMERS)
        self.block = making._Block(cast, np.arange(CUSTOMERS), making._streams(seed, making.BLOCK_STREAMS, 0))
        self.stage, self.world = cast.stage, world
        history, traits = self.block.history, self.block.traits
        self.contacts = make_contacts(self.block.rng["contacts"], traits, self.stage, world, history)
        self.felt = felt_lately(history.struck)

    def survey(self, seed: int, is_observed: bool) -> tuple[pd.DataFrame, pd.DataFrame]:
        """Invitations and responses as canonical tables hold them, up to as_of."""
        rng, block = np.random.default_rng(seed), self.block
        world = replace(self.world, is_response_observed=is_observed)
        sent = invite(rng, world, block.traits, block.numbers["survey"] != "", block.history, self.contacts)
        given = respond(rng, block.traits, self.stage, block.history, self.felt, sent)
        number = block.people["customer_id"].astype(str).to_numpy()
        response = np.full(len(sent), None, dtype=object)
        response[given["invitation"]] = [f"R{row}" for row in range(len(given))]
        invitations = sent.assign(customer_id=number[sent["customer"]], sent_date=sent["sent"], response_id=response)
        surveys = pd.DataFrame(
            {
                "response_id": response[given["invitation"]], "customer_id": number[given["customer"]],
                "answered_date": pd.to_datetime(given["answered"]), "overall": given["overall"], "recommend": given["recommend"],
            }
        )  # fmt: skip
        end = pd.Timestamp(last_day(AS_OF_MONTH))
        return invitations[pd.to_datetime(invitations["sent_date"]) <= end], surveys[surveys["answered_date"] <= end]


def judged(found, truths: dict) -> list[dict]:
    """A row each score: error of each method, whether each interval and bound holds the truth, widths of bounds ÷ worst case."""
    rows = []
    for name, truth in truths.items():
        row = {"score": name}
        for method in METHODS:
            if (made := found.row(name, method)) is not None:
                row |= {f"error_{method}": made["value"] - truth, f"covers_{method}": made["low"] <= truth <= made["high"]}
        worst = found.bounds[name][np.inf]
        for tilt in TILTS:
            bound = found.bounds[name][tilt]
            row[f"holds_{tilt:g}"] = bound.interval_low <= truth <= bound.interval_high
            row[f"width_{tilt:g}"] = (bound.interval_high - bound.interval_low) / (worst.interval_high - worst.interval_low)
        rows.append(row)
    return rows


def told(rows: pd.DataFrame) -> list[dict]:
    """By world, score: bias of each method and its Monte Carlo error, the mean standard error behind it, coverage, widths."""
    result = []
    for (kind, world, score), part in rows.groupby(["kind", "world", "score"], sort=False):
        own = {"surveys": kind, "world": world, "score": score, "n": len(part)}
        for method in METHODS:
            if f"error_{method}" in part:
                error = part[f"error_{method}"]
                own |= {
                    f"bias_{method}": error.mean(),
                    f"spread_{method}": error.std(),
                    f"coverage_{method}": part[f"covers_{method}"].mean(),
                }
        own |= {f"bounds_hold_{tilt:g}": part[f"holds_{tilt:g}"].mean() for tilt in TILTS}
        own |= {f"width_ratio_{tilt:g}": part[f"width_{tilt:g}"].mean() for tilt in TILTS}
        own[f"width_ratio_{TILT:g}_most"] = part[f"width_{TILT:g}"].max()
        result.append(own)
    return result


def verdict(table: list[dict]) -> dict:
    """The bounds of the study and whether they hold, of the surveys drawn anew."""
    drawn = pd.DataFrame(table).query("surveys == 'drawn anew'")
    silent, observed = (drawn[drawn["world"] == world] for world in WORLDS)
    left = observed["bias_propensity"].abs()
    return {
        "bounds_hold_in_95_percent": bool(
            (silent[f"bounds_hold_{TILT:g}"] >= binom.ppf(0.01, silent["n"], 0.95) / silent["n"]).all()
        ),
        "bounds_at_most_half_as_wide": bool((silent[f"width_ratio_{TILT:g}_most"] <= 0.5).all()),
        "remaining_bias_within_20_percent_or_one_standard_error": bool(
            ((left <= 0.2 * observed["bias_answered"].abs()) | (left <= observed["spread_propensity"])).all()
        ),
        "remaining_bias_of_raw": dict(zip(observed["score"], (left / observed["bias_answered"].abs()).round(3), strict=True)),
        "weighted_coverage_consistent_with_95_percent": bool(
            (observed["coverage_propensity"] * observed["n"])
            .between(*(binom.ppf(p, observed["n"], 0.95) for p in (0.005, 0.995)))
            .all()
        ),
    }


def rows_of_bank(home: Path, seed: int, surveys: int) -> list[dict]:
    """The banks of the seed as delivered, and surveys drawn anew; kept in `home`."""
    kept = home / f"rows-{seed}-{surveys}.json"
    if kept.exists():
        return json.loads(kept.read_text(encoding="utf-8"))
    rows = []
    for world in reversed(WORLDS):
        book, truths = prepared(home, world, seed)
        history, tiers = book.feature_history(), book.config.tiers
        whole = weighted_scores(book.table("invitations"), book.table("surveys"), history, tiers, book.as_of)
        rows += [{"kind": "as delivered", "world": world, **row} for row in judged(whole, truths)]
    lives = Lives(seed)
    for number in range(1, surveys + 1):
        for world in WORLDS:
            drawn = lives.survey(1000 * seed + number, world == "observed_response")
            found = weighted_scores(*drawn, history, tiers, book.as_of)
            rows += [{"kind": "drawn anew", "world": world, **row} for row in judged(found, truths)]
    kept.write_text(json.dumps(rows, default=lambda value: value.item()), encoding="utf-8")
    sys.stdout.write(f"bank {seed} done\n")
    sys.stdout.flush()
    return rows


def study(banks: int, surveys: int, home: Path) -> dict:
    """What is written."""
    rows = [row for seed in range(1, banks + 1) for row in rows_of_bank(home, seed, surveys)]
    table = told(pd.DataFrame(rows))
    return {
        "what": f"weighted_scores on demo banks of {CUSTOMERS} customers: surveys drawn anew from the lives of the world `default`, answered as in each world, and as delivered",
        "seeds": f"banks 1..{banks}, surveys 1..{surveys} of each, none chosen", "banks": banks, "surveys_of_each": surveys,
        "customers": CUSTOMERS, "tilt": TILT, "python": platform.python_version(), "verdict": verdict(table), "results": table,
    }  # fmt: skip


def _rounded(value):
    if isinstance(value, dict):
        return {name: _rounded(item) for name, item in value.items()}
    if isinstance(value, list):
        return [_rounded(item) for item in value]
    return round(float(value), 4) if isinstance(value, float) else value


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--banks", type=int, default=4)
    parser.add_argument("--surveys", type=int, default=50)
    parser.add_argument("--home", type=Path)
    asked = parser.parse_args()
    with tempfile.TemporaryDirectory() as scratch:
        result = _rounded(study(asked.banks, asked.surveys, asked.home or Path(scratch)))
    columns = ["surveys", "world", "score", "n", "bias_answered", "bias_lot", "bias_raked", "bias_propensity", "spread_propensity",
               "coverage_propensity", f"bounds_hold_{TILT:g}", f"width_ratio_{TILT:g}"]  # fmt: skip
    sys.stdout.write(
        pd.DataFrame(result["results"])[columns].round(3).to_string(index=False) + "\n" + json.dumps(result["verdict"]) + "\n"
    )
    OUT.write_text(json.dumps(result, indent=1) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
