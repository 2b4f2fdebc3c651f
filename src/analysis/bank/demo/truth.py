"""What is true of the demo bank, gathered block by block and written to truth/: nothing but tests and `crm validate` read it."""

import json
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
import pandas as pd

from analysis.bank.demo.calendar import AS_OF_MONTH, first_day, last_day
from analysis.bank.demo.causes import attributable, churn_by_set
from analysis.bank.demo.history import LANDMARKS, History
from analysis.bank.demo.opinions import Opinions
from analysis.bank.demo.outcomes import Horizon
from analysis.bank.demo.people import ARCHETYPES, Traits
from analysis.bank.demo.risks import (
    Seen,
    at_risk,
    chances,
    crude_counts,
    crude_share,
    expected_auc,
    halves,
    risk_rows,
    tenure_years,
)
from analysis.bank.demo.state import Held
from analysis.bank.demo.surroundings import Surroundings
from analysis.bank.demo.worlds import LEVERS, World

RULE_MONTHS, YEAR_MONTHS = 6, 12
YEARS = (LANDMARKS[0], LANDMARKS[4])
VALIDATED = LANDMARKS[-3:]
ACTIVE_DAYS = 90
TIER_EDGES = {"mass": 0.0, "affluent": 500_000.0, "private_banking": 6_000_000.0}
TENURE_EDGES = (2, 5, 10)
GROUPING = "years with the bank at the period's opening: under 2, 2 to 5, 5 to 10, 10 and more"
RULES = ("closed", "dormant", "run_off")


@dataclass
class Truth:
    """Sums over blocks of customers; `add` takes a block, `write` the files."""

    world: World
    customers: int
    opinions: Opinions = field(default_factory=Opinions)
    by_set: np.ndarray | float = 0.0
    naive: np.ndarray | float = 0.0
    years: np.ndarray | float = 0.0
    sizes: np.ndarray | float = 0.0
    latest: np.ndarray | float = 0.0
    active: np.ndarray | float = 0.0
    tiers: np.ndarray | float = 0.0
    risks: list[pd.DataFrame] = field(default_factory=list)
    scores: list[np.ndarray] = field(default_factory=list)
    at_risk: int = 0

    def add(
        self, rng, people: pd.DataFrame, traits: Traits, held: Held, stage: Surroundings, history: History, felt, seen: Seen
    ) -> None:
        """Adds a block of customers: `felt` is what struck them lately (see `surveys.felt_lately`)."""
        self.opinions.add(rng, traits, stage, history, felt)
        customer_id = people["customer_id"].to_numpy(dtype=object)
        for landmark in LANDMARKS:
            rows = at_risk(landmark, traits, history, seen)
            ways, hazard = chances(rng, Horizon(landmark, RULE_MONTHS), rows, traits, held, stage, self.world, history)
            self.risks.append(risk_rows(customer_id[rows], landmark, ways))
            if landmark in VALIDATED:
                self.scores.append(halves(ways, hazard))
            if landmark == LANDMARKS[-1]:
                self.latest = self.latest + ways.sum(axis=2)
                self.at_risk += len(rows)
        self._add_years(rng, traits, held, stage, history, seen)
        self._add_book(history, seen)

    def _add_years(self, rng, traits: Traits, held: Held, stage: Surroundings, history: History, seen: Seen) -> None:
        sums, sizes = [], []
        for landmark in YEARS:
            rows = at_risk(landmark, traits, history, seen)
            ways, _ = chances(rng, Horizon(landmark, YEAR_MONTHS), rows, traits, held, stage, self.world, history)
            band = np.digitize(tenure_years(landmark, traits)[rows], TENURE_EDGES)
            of_band = np.arange(len(TENURE_EDGES) + 1)[:, None] == band
            sums.append(ways[:, :3].sum(axis=1) @ of_band.T)
            sizes.append(of_band.sum(axis=1))
        self.years, self.sizes = self.years + np.array(sums), self.sizes + np.array(sizes)
        some = (traits.take(rows), held.take(rows))
        self.by_set = self.by_set + churn_by_set(
            rng, Horizon(YEARS[1], YEAR_MONTHS), *some, stage, self.world, history.snapshots[YEARS[1]].take(rows)
        )
        self.naive = self.naive + crude_counts(Horizon(YEARS[1], YEAR_MONTHS), rows, history)

    def _add_book(self, history: History, seen: Seen) -> None:
        is_open = history.is_open[:, AS_OF_MONTH] & ~(history.closed < first_day(AS_OF_MONTH + 1))
        recent = last_day(AS_OF_MONTH) - seen.last_own[:, AS_OF_MONTH] < np.timedelta64(ACTIVE_DAYS, "D")
        self.active = self.active + np.array([(is_open & recent).sum(), is_open.sum()])
        tier = np.digitize(seen.assets_3m[:, AS_OF_MONTH], list(TIER_EDGES.values())[1:])
        self.tiers = self.tiers + np.bincount(tier[is_open], seen.contribution_12m[is_open], len(TIER_EDGES))

    def facts(self) -> dict[str, dict]:
        """Finding id → value, unit, population, as_of, mc_error and what else defines it."""
        return {
            **self._book_facts(),
            **self._opinion_facts(),
            **self._churn_facts(),
            **self._change_facts(),
            **self._cause_facts(),
        }

    def _book_facts(self) -> dict[str, dict]:
        everybody = "customers open at as_of"
        shares = self.tiers / self.tiers.sum()
        segments = 1 if self.world.is_flat else len(ARCHETYPES) - 1
        return {
            "active_customers": _fact(self.active[0] / self.active[1], "share", everybody),
            **{
                f"tier.{name}.contribution_share": _fact(share, "share", everybody)
                for name, share in zip(TIER_EDGES, shares, strict=True)
            },
            "tier.above_mass.contribution_share": _fact(shares[1:].sum(), "share", everybody),
            "segments.k": _fact(segments, "count", "archetypes from which personal customers were drawn"),
        }

    def _opinion_facts(self) -> dict[str, dict]:
        asked = "customers active in the twelve months to as_of, each month's answers if all had answered"
        with_app = asked + ", those with the app (only they can answer every item)"
        found = self.opinions.truths()
        return {name: _fact(values, unit, with_app if "driver" in name else asked) for name, (values, unit) in found.items()}

    def _churn_facts(self) -> dict[str, dict]:
        population = f"established, active customers of {last_day(LANDMARKS[-1])}: expected share who leave within {RULE_MONTHS} months by the report's default rule"
        rates = self.latest / self.at_risk
        facts = {f"churn_rate.{rule}": _fact(rates[:, row], "share", population) for row, rule in enumerate(RULES)}
        first, first_risk, second, second_risk = np.concatenate(self.scores, axis=1)
        auc = np.array([expected_auc(first, second_risk), expected_auc(second, first_risk)])
        oracle = (
            "expected AUC, over the three last landmarks, of one who knows each customer's hazard (not the plans already made)"
        )
        return {
            **facts,
            "churn_rate.any": _fact(rates[:, :3].sum(axis=1), "share", population),
            "auc": _fact(auc, "number", oracle),
        }

    def _change_facts(self) -> dict[str, dict]:
        rate = self.years / self.sizes[:, None, :].clip(min=1)
        weight = self.sizes / self.sizes.sum(axis=1, keepdims=True)
        mix = ((weight[1] - weight[0]) * (rate[0] + rate[1]) / 2).sum(axis=-1)
        own = ((rate[1] - rate[0]) * (weight[0] + weight[1]) / 2).sum(axis=-1)
        openings = " and ".join(str(last_day(landmark)) for landmark in YEARS)
        population = f"established, active customers of {openings}: expected share who leave within {YEAR_MONTHS} months"
        parts = {"change.total": mix + own, "change.mix": mix, "change.rate": own}
        return {name: _fact(values, "points", population, grouping=GROUPING) for name, values in parts.items()}

    def _cause_facts(self) -> dict[str, dict]:
        churn = self.by_set[:, :, :3]
        by_rule = {rule: attributable(churn[:, :, row]) for row, rule in enumerate(RULES)}
        population = f"established, active customers of {last_day(YEARS[1])}: share of those expected to leave within {YEAR_MONTHS} months who would not if the lever did not strike in them"
        facts = {}
        for name, values in attributable(churn.sum(axis=2)).items():
            lever = name.partition(".")[2]
            more = {"by_rule": {rule: float(found[name].mean()) for rule, found in by_rule.items()}}
            if lever:
                more["naive"] = crude_share(self.naive[LEVERS.index(lever)])
            facts[name] = _fact(values, "share", population, **more)
        return facts

    def write(self, folder: Path) -> None:
        """truth.json, world.json and risks.parquet."""
        folder.mkdir(exist_ok=True)
        (folder / "truth.json").write_text(json.dumps(self.facts(), indent=1) + "\n", encoding="utf-8")
        effects = {lever: {"direct": self.world.direct[lever], "felt": self.world.felt[lever]} for lever in LEVERS}
        about = {
            "world": self.world.name,
            "seed": self.world.seed,
            "customers": self.customers,
            "levers": effects,
            "campaigns": dict(self.world.campaign),
        }
        (folder / "world.json").write_text(json.dumps(about, indent=1) + "\n", encoding="utf-8")
        pd.concat(self.risks, ignore_index=True).to_parquet(folder / "risks.parquet", index=False)


def _fact(values, unit: str, population: str, **more: object) -> dict:
    """A truth by replicates, or a count of the whole book (no Monte Carlo error)."""
    found = np.atleast_1d(np.asarray(values, dtype=float))
    error = float(found.std(ddof=1) / np.sqrt(len(found))) if len(found) > 1 else 0.0
    return {
        "value": float(found.mean()),
        "unit": unit,
        "population": population,
        "as_of": str(last_day(AS_OF_MONTH)),
        "mc_error": error,
        **more,
    }
