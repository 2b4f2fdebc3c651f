"""Whether the parts of a change of the rate and their intervals hold the truth: two periods of customers in branches with a known
change, none, few branches, and none told apart; draws of one step against draws fitted in full; simulated banks with the truth of the
demo bank; time against size. Writes docs/studies/change.json.

    python tests/long/change.py [--runs 200] [--draws 100] [--banks 20]
"""

import argparse
import datetime as dt
import json
import sys
import time
from dataclasses import dataclass
from pathlib import Path
from unittest.mock import patch

import numpy as np
import pandas as pd
from scipy.special import expit
from scipy.stats import binom

from analysis.bank.demo.truth import Truth
from analysis.stats.decomposition import cluster_interval
from analysis.stats.intervals import simultaneous
from analysis.stats.logistic import fit_logistic
from analysis.stats.oaxaca import model_split, parts_of_means, reference_of, row_parts
from analysis.study.change import Drawn, Periods, change_by_group, drawn_clusters, periods_of_change
from analysis.study.churn import ChurnRule

ROOT = Path(__file__).parents[2]
DAYS = (dt.date(2023, 6, 30), dt.date(2024, 6, 30))
RULE = ChurnRule(12)
BANDS = np.array([0.5, 0.1, -0.1, -0.4])
MADE_OF, NEWCOMERS, ONE_UP, LASTING = (0.11, 0.33, 0.34, 0.22), 0.16, 0.25, 0.9
BRANCH_SPREAD, YEAR_SPREAD = 0.25, 0.15
GROUPS = {"relation": ["band_1", "band_2", "band_3"], "assets": ["assets"], "service": ["service"]}
TRUE_SIZE, TRUE_BRANCHES = 400_000, 8_000
SIZES = (25_000, 50_000, 100_000, 200_000)


@dataclass(frozen=True)
class Setting:
    """A world: log odds by which all leave more in the second period, and the newest besides; a change at all."""

    name: str
    customers: int
    branches: int
    rise: float = 0.2
    newest: float = 0.3
    is_null: bool = False


SETTINGS = (
    Setting("usual", 3300, 44),
    Setting("twelve branches", 3300, 12),
    Setting("no branches", 3300, 1),
    Setting("nothing changed", 3300, 44, 0.0, 0.0, is_null=True),
)


def periods(setting: Setting, seed: int, customers: int | None = None, branches: int | None = None) -> list[pd.DataFrame]:
    """Two periods: customer_id, branch_id, group_tenure, assets, service, chance, outcome. In the second, of those who stayed a quarter
    have come into the next band, newcomers are in the first; where nothing changed, some are exchanged for others of the same kind."""
    random = np.random.default_rng(seed)
    size, count = customers or setting.customers, branches or setting.branches
    branch, band = random.integers(count, size=size), random.choice(4, size, p=MADE_OF)
    lasting = BRANCH_SPREAD * random.standard_normal(count) if count > 1 else np.zeros(1)
    first = _period(random, np.arange(size), branch, band, random.standard_normal(size), lasting, 0.0, 0.0)
    stays = random.random(size) < (1 - NEWCOMERS if setting.is_null else 1 - first["chance"])
    fresh = int(NEWCOMERS * size)
    own = np.concatenate([np.flatnonzero(stays), size + np.arange((~stays).sum() if setting.is_null else fresh)])
    new = len(own) - stays.sum()
    up = 0 if setting.is_null else (random.random(stays.sum()) < ONE_UP)
    kept = np.minimum(band[stays] + up, 3)
    bands = np.concatenate([kept, random.choice(4, new, p=MADE_OF) if setting.is_null else np.zeros(new, dtype=int)])
    z = first["assets"].to_numpy()[stays]
    z = np.concatenate([LASTING * z + np.sqrt(1 - LASTING**2) * random.standard_normal(len(z)), random.standard_normal(new)])
    homes = np.concatenate([branch[stays], random.integers(count, size=new)])
    second = _period(random, own, homes, bands, z, lasting, setting.rise, setting.newest, 0.0 if setting.is_null else 0.2)
    return [first, second]


def _period(random, customer, branch, band, assets, lasting, rise, newest, service=0.0) -> pd.DataFrame:
    own = YEAR_SPREAD * random.standard_normal(len(lasting)) if len(lasting) > 1 else np.zeros(1)
    x = service + random.standard_normal(len(customer))
    log_odds = -2.5 + BANDS[band] + 0.6 * assets + 0.3 * x + rise + newest * (band == 0) + (lasting + own)[branch]
    chance = expit(log_odds)
    left = (random.random(len(customer)) < chance).astype(float)
    columns = {"customer_id": customer, "branch_id": branch, "group_tenure": band, "assets": assets, "service": x}
    return pd.DataFrame({**columns, "chance": chance, "outcome": left})


def split(made: list[pd.DataFrame]) -> tuple[dict[str, tuple], bool]:
    """Each part with its interval, and whether any part of the model is told with all of them read at once."""
    rows = pd.concat([part.assign(landmark=day) for part, day in zip(made, DAYS, strict=True)], ignore_index=True)
    told = Periods(rows, DAYS, RULE)
    drawn = drawn_clusters(told)
    change = change_by_group(told, drawn)
    found = {"total": change.total, "mix": change.mix, "rate": change.rate}
    modelled = on_model(made, drawn)
    parts = modelled.parts
    base = told.customers
    own = [
        cluster_interval(value, modelled.replicates[:, place], drawn.clusters.count, base)
        for place, value in enumerate(parts["value"])
    ]
    found |= {f"model.{block}.{group}": one for block, group, one in zip(parts["block"], parts["group"], own, strict=True)}
    at_once = simultaneous(pd.DataFrame([one._asdict() for one in own]))
    return found, bool(((at_once["low"] > 0) | (at_once["high"] < 0)).any())


def on_model(made: list[pd.DataFrame], drawn: Drawn, draws: int = 500):
    """The split on the model."""
    designs = tuple(_design(part) for part in made)
    return model_split(designs, tuple(part["outcome"] for part in made), GROUPS, drawn.codes, drawn.clusters, draws)


def _design(part: pd.DataFrame) -> pd.DataFrame:
    bands = {f"band_{number}": (part["group_tenure"] == number).astype(float) for number in (1, 2, 3)}
    return pd.DataFrame({**bands, "assets": part["assets"], "service": part["service"]}).reset_index(drop=True)


def truth(setting: Setting) -> dict[str, float]:
    """The same parts of a bank of many branches: of groups from chances, not outcomes, of the model from a fit on it; all 0 where
    nothing changed."""
    made = periods(setting, 0, TRUE_SIZE, 1 if setting.branches == 1 else TRUE_BRANCHES)
    rows = pd.concat([part.assign(landmark=day) for part, day in zip(made, DAYS, strict=True)], ignore_index=True)
    told = Periods(rows.assign(outcome=rows["chance"]), DAYS, RULE)
    drawn = drawn_clusters(told)
    change = change_by_group(told, Drawn(drawn.clusters, drawn.codes, drawn.counts[:2]))
    parts = on_model(made, drawn, 2).parts
    found = {"total": change.total.value, "mix": change.mix.value, "rate": change.rate.value}
    found |= {f"model.{block}.{group}": value for block, group, value in parts.itertuples(index=False, name=None)}
    return dict.fromkeys(found, 0.0) if setting.is_null else found


def coverage(setting: Setting, runs: int) -> list[dict]:
    """How often each interval holds the truth, the bias in standard errors and, of the whole setting, how often something is told."""
    true, values, held, width, told, apart = truth(setting), {}, {}, {}, {}, 0
    for seed in range(1, runs + 1):
        found, any_part = split(periods(setting, seed))
        apart += any_part
        for name, one in found.items():
            values.setdefault(name, []).append(one.value)
            held[name] = held.get(name, 0) + (one.low <= true[name] <= one.high)
            width[name] = width.get(name, 0.0) + (one.high - one.low) / runs
            told[name] = told.get(name, 0) + (one.low > 0 or one.high < 0)
    rows = []
    for name, own in values.items():
        spread = np.std(own, ddof=1)
        rows.append({
            "what": "coverage", "setting": setting.name, "part": name, "runs": runs, "truth": _digits(true[name]),
            "mean": _digits(np.mean(own)), "bias_in_se": _digits((np.mean(own) - true[name]) / spread), "coverage": held[name] / runs,
            "half_width": _digits(width[name] / 2), "told": told[name],
        })  # fmt: skip
    return [*rows, {"what": "any part told at once", "setting": setting.name, "runs": runs, "told": apart}]


def one_step(draws: int) -> list[dict]:
    """Draws of branches with both models fitted anew and every part computed from all rows, beside the published draws."""
    setting = SETTINGS[0]
    made = periods(setting, 1)
    rows = pd.concat([part.assign(landmark=day) for part, day in zip(made, DAYS, strict=True)], ignore_index=True)
    drawn = drawn_clusters(Periods(rows, DAYS, RULE))
    found = on_model(made, drawn, draws)
    counts = np.random.default_rng(0).multinomial(
        drawn.clusters.count, np.full(drawn.clusters.count, 1 / drawn.clusters.count), size=draws
    )
    designs = [_design(part) for part in made]
    reference = reference_of(tuple(x.to_numpy() for x in designs), [[0, 1, 2], [3], [4]])
    full = np.array([_refit(designs, made, drawn, count, reference) for count in counts])
    rows = []
    for place, (block, group) in enumerate(zip(found.parts["block"], found.parts["group"], strict=True)):
        quick, slow = found.replicates[:, place], full[:, place]
        rows.append({
            "what": "one step", "part": f"{block}.{group}", "draws": draws, "correlation": _digits(np.corrcoef(quick, slow)[0, 1]),
            "ratio_of_standard_errors": _digits(quick.std() / slow.std()), "worst_in_se": _digits(np.abs(quick - slow).max() / slow.std()),
        })  # fmt: skip
    return rows


def _refit(designs, made, drawn: Drawn, count: np.ndarray, reference) -> np.ndarray:
    picked = [np.repeat(np.arange(len(x)), count[codes]) for x, codes in zip(designs, drawn.codes, strict=True)]
    parts = [
        (x.iloc[own].reset_index(drop=True), part["outcome"].iloc[own].reset_index(drop=True))
        for x, part, own in zip(designs, made, picked, strict=True)
    ]
    fits = tuple(fit_logistic(*part).coefficients.to_numpy() for part in parts)
    return parts_of_means(*(row_parts(x.to_numpy(), fits, reference).mean(axis=0) for x, _ in parts))


def banks(count: int) -> list[dict]:
    """Simulated banks of 5,000 (default world): observed parts against the expected ones of the same customers."""
    held, off = {}, {}
    for seed in range(1, count + 1):
        told, true = _bank(seed)
        change = change_by_group(told, drawn_clusters(told))
        for name, one in (("total", change.total), ("mix", change.mix), ("rate", change.rate)):
            held[name] = held.get(name, 0) + (one.low <= true[name] <= one.high)
            off.setdefault(name, []).append(one.value - true[name])
    return [{"what": "banks", "part": name, "banks": count, "held": held[name], "mean_error": _digits(np.mean(off[name])),
             "standard_error_of_it": _digits(np.std(off[name], ddof=1) / np.sqrt(count))} for name in held]  # fmt: skip


def _bank(seed: int) -> tuple[Periods, dict[str, float]]:
    """The two years of a simulated bank, and what was to be expected of them."""
    from bank_frames import AS_OF, simulated

    with simulated(None, seed) as bank, patch("analysis.bank.demo.truth.churn_by_set", lambda *_: 0.0):
        rng, facts = np.random.default_rng([seed, 64]), Truth(bank.world, len(bank.cast.people))
        for block, seen in zip(bank.blocks, bank.seen, strict=True):
            facts._add_years(rng, block.traits, block.held, bank.cast.stage, block.history, seen)
        history = {day: bank.book.features(day) for day in (*DAYS, AS_OF)}
        told = periods_of_change(history, AS_OF, bank.book.config.tiers, RULE)
    return told, {name.removeprefix("change."): fact["value"] for name, fact in facts._change_facts().items()}


def speed() -> list[dict]:
    """Seconds of the whole split with 500 draws by number of customers."""
    rows = []
    for size in SIZES:
        made = periods(SETTINGS[0], 1, size, size // 200)
        begun = time.process_time()
        split(made)
        rows.append({"what": "time", "customers": size, "seconds_of_one_core": round(time.process_time() - begun, 1)})
    return rows


def tell(rows: list[dict]) -> list[dict]:
    """The rows, once printed."""
    sys.stdout.write("\n".join("  ".join(f"{name} {value}" for name, value in row.items()) for row in rows) + "\n")
    sys.stdout.flush()
    return rows


def _digits(value: float) -> float:
    return float(f"{float(value):.3g}")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--runs", type=int, default=200)
    parser.add_argument("--draws", type=int, default=100)
    parser.add_argument("--banks", type=int, default=20)
    asked = parser.parse_args()
    rows = tell(one_step(asked.draws))
    for setting in SETTINGS:
        rows += tell(coverage(setting, asked.runs))
    rows += tell(banks(asked.banks)) + tell(speed())
    low, high = (int(binom.ppf(tail, asked.runs, 0.95)) / asked.runs for tail in (0.005, 0.995))
    found = [row for row in rows if row["what"] == "coverage"]
    steps = [row for row in rows if row["what"] == "one step"]
    bound = {
        "coverage": [min(row["coverage"] for row in found), max(row["coverage"] for row in found)], "coverage_bound": [low, high],
        "worst_bias_in_se": max(abs(row["bias_in_se"]) for row in found),
        "one_step_least_correlation": min(row["correlation"] for row in steps),
        "alarms_nothing_changed": next(row["told"] for row in rows if row.get("setting") == "nothing changed" and "part" not in row),
        "alarms_most": int(binom.ppf(0.99, asked.runs, 0.05)),
    }  # fmt: skip
    tell([bound])
    target = ROOT / "docs" / "studies" / "change.json"
    target.write_text(json.dumps({"seeds": "1..n, not chosen", "rows": rows, "bound": bound}, indent=1) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
