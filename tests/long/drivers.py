"""How often the intervals of shares of R² hold what is true of all customers, whether pairs of drivers are ranked rightly, and how often
the importance-performance map is wrong, on surveys drawn from the demo bank's survey model. Writes docs/studies/drivers.json.

    python tests/long/drivers.py [--surveys 200] [--replicates 500]
"""

import argparse
import json
import sys
from functools import cache
from itertools import combinations
from pathlib import Path

import numpy as np
import pandas as pd
from scipy.stats import binomtest

from analysis.bank.demo.calendar import AS_OF_MONTH
from analysis.bank.demo.history import live
from analysis.bank.demo.life import logistic
from analysis.bank.demo.people import make_people, traits_of
from analysis.bank.demo.products import count_held, make_holdings, matures_in
from analysis.bank.demo.state import Held
from analysis.bank.demo.surroundings import make_surroundings
from analysis.bank.demo.surveys import ANSWER_BY_SATISFACTION, ANSWER_LOG_ODDS, ITEMS, answer, felt_lately
from analysis.bank.demo.worlds import make_world
from analysis.stats.importance import relative_importance
from analysis.study.drivers import Drivers
from analysis.study.satisfaction_map import importance_map

ROOT = Path(__file__).parents[2]
CUSTOMERS, SEED, TRUTHS = 5000, 7, 12
ANSWERS = 804
LEVEL, SURE = 0.95, 0.01
LEAST_APART = 2
LOWERED = {"waiting": 0.5, "app": 0.3}
HAS = {"card": ["card"], "loan": ["loan", "mortgage"]}


@cache
def population():
    """Customers with the app in the months of a year in which they were active: traits, stage, satisfaction, what they felt lately."""
    rng, world = np.random.default_rng(SEED), make_world("default", SEED)
    stage = make_surroundings(rng)
    people = make_people(rng, CUSTOMERS, stage, world)
    holdings, traits = make_holdings(rng, people, world), traits_of(people)
    has = {name: count_held(holdings[holdings["product"].isin(kinds)], CUSTOMERS) > 0 for name, kinds in HAS.items()}
    held = Held(count_held(holdings, CUSTOMERS), **has, matures=matures_in(holdings, CUSTOMERS))
    history = live(rng, traits, held, stage, world)
    months = np.arange(AS_OF_MONTH - 11, AS_OF_MONTH + 1)
    customer, month = np.nonzero(history.activity[:, months] > 0)
    month = months[month]
    has_app = traits.uses_app[customer]
    customer, month = customer[has_app], month[has_app]
    return traits.take(customer), stage, history.satisfaction[customer, month], felt_lately(history.struck)[:, customer, month]


def survey(seed: int, rows: np.ndarray, unrelated: int = 0, noise: float = 0.0, lowered: bool = False):
    """Marks and overall satisfaction of these customers; with items unrelated to all, an outcome of which noise takes most, or two
    items marked lower by a constant."""
    traits, stage, satisfaction, felt = population()
    rng = np.random.default_rng([seed, 1])
    given = answer(rng, traits.take(rows), stage, satisfaction[rows], felt[:, rows])
    x = pd.DataFrame({item: given[item] - lowered * LOWERED.get(item, 0) for item in ITEMS})
    for number in range(unrelated):
        x[f"unrelated_{number}"] = np.clip(np.round(7.6 + 1.3 * rng.standard_normal(len(rows))), 1, 10)
    return x, pd.Series(given["overall"] + noise * rng.standard_normal(len(rows)))


def asked(seed: int, answers: int, by_satisfaction: bool) -> np.ndarray:
    """Whose answers come: by lot, or the more satisfied the more likely, as in the demo bank."""
    satisfaction = population()[2]
    chance = logistic(ANSWER_LOG_ODDS + ANSWER_BY_SATISFACTION * satisfaction) if by_satisfaction else np.ones(len(satisfaction))
    return np.random.default_rng(seed).choice(len(satisfaction), answers, p=chance / chance.sum())


def truth(**more) -> dict:
    """Shares, R² and mean marks over all customers, each asked TRUTHS times."""
    everybody = np.arange(len(population()[2]))
    parts = [survey(10**6 + number, everybody, **more) for number in range(TRUTHS)]
    x, y = (pd.concat(part, ignore_index=True) for part in zip(*parts, strict=True))
    whole = relative_importance(x, y, replicates=2).whole
    return {
        "lmg": whole.shares("lmg")[0],
        "johnson": whole.shares("johnson")[0],
        "r_squared": whole.lmg.sum(),
        "mean": whole.mean[0],
    }


def study(name: str, surveys: int, replicates: int, answers: int = ANSWERS, by_satisfaction: bool = False, **more) -> dict:
    """Coverage, ranked pairs and wrong quadrants over seeds 1..n."""
    true = truth(**more)
    held = {"lmg": 0, "johnson": 0, "r_squared": 0}
    pairs, right, wrong_maps, quadrants, not_told = {"lmg": 0, "johnson": 0}, {"lmg": 0, "johnson": 0}, 0, 0, 0
    leads = {"told": 0, "wrong": 0}
    for seed in range(1, surveys + 1):
        found = relative_importance(*survey(seed, asked(seed, answers, by_satisfaction), **more), replicates, seed)
        joint = found.r_squared()
        held["r_squared"] += joint.low <= true["r_squared"] <= joint.high
        for way in ("lmg", "johnson"):
            shares = found.shares(way)
            held[way] = held[way] + ((shares["low"] <= true[way]) & (true[way] <= shares["high"])).to_numpy()
            made = ranked(found, way, true[way])
            pairs[way], right[way] = pairs[way] + len(made), right[way] + sum(made)
        drivers = Drivers(found, answers)
        if drivers.is_told and drivers.leads:
            leads["told"] += 1
            leads["wrong"] += drivers.shares["item"].iloc[0] != found.items[int(true["lmg"].argmax())]
        placed = importance_map(drivers)
        not_told += placed is None
        if placed is not None:
            wrong = misplaced(placed, true, found.items)
            wrong_maps, quadrants = wrong_maps + (wrong > 0), quadrants + int(placed.table["quadrant"].notna().sum())
    return {
        "what": name, "answers": answers, "surveys": surveys, "replicates": replicates, "true_r_squared": round(float(true["r_squared"]), 4),
        "coverage": {
            **{way: dict(zip(found.items, (held[way] / surveys).round(4).tolist(), strict=True)) for way in ("lmg", "johnson")},
            "r_squared": float(held["r_squared"] / surveys),
        },
        "least_p": round(least_p(held, surveys), 4),
        "pairs": pairs, "ranked_rightly": {way: round(right[way] / max(pairs[way], 1), 4) for way in pairs},
        "map_wrong": wrong_maps / surveys, "quadrants_told_a_map": round(quadrants / surveys, 3), "nothing_told": not_told / surveys,
        "first_told": leads["told"], "first_wrong": leads["wrong"],
    }  # fmt: skip


def ranked(found, way: str, true: np.ndarray) -> list[bool]:
    """Of pairs that truth separates by more than LEAST_APART standard errors of their difference, whether each is ranked rightly."""
    share, drawn = found.whole.shares(way)[0], found.drawn.shares(way)
    made = []
    for one, other in combinations(range(len(true)), 2):
        error = (drawn[:, one] - drawn[:, other]).std(ddof=1)
        if abs(true[one] - true[other]) > LEAST_APART * error:
            made.append(bool((share[one] - share[other]) * (true[one] - true[other]) > 0))
    return made


def misplaced(placed, true: dict, items: list) -> int:
    """How many items stand in a quadrant in which the truth does not put them."""
    sides = dict(zip(items, zip(true["lmg"] > 1 / len(items), true["mean"] > true["mean"].mean(), strict=True), strict=True))
    told = placed.table[placed.table["quadrant"].notna()]
    is_right = [
        (quadrant[0] == "important", quadrant[1] == "high") == tuple(map(bool, sides[item]))
        for item, quadrant in zip(told["item"], told["quadrant"], strict=True)
    ]
    return len(told) - sum(is_right)


def least_p(held: dict, surveys: int) -> float:
    """The least p of the binomial tests that each item's coverage, and R²'s, is 95 %."""
    counts = [*held["lmg"], *held["johnson"], held["r_squared"]]
    return min(binomtest(int(count), surveys, LEVEL).pvalue for count in counts)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--surveys", type=int, default=200)
    parser.add_argument("--replicates", type=int, default=500)
    parser.add_argument("--studies", default=str(ROOT / "docs" / "studies" / "drivers.json"))
    chosen = parser.parse_args()
    size = {"surveys": chosen.surveys, "replicates": chosen.replicates}
    rows = [
        study("as the demo bank", **size),
        study("fewer answers", **size, answers=300),
        study("fewest answers", **size, answers=100),
        study("the satisfied answer more", **size, by_satisfaction=True),
        study("two items unrelated to all", **size, unrelated=2),
        study("weak: noise takes most of the outcome", **size, answers=300, noise=4.0),
        study("two items marked lower", **size, lowered=True),
    ]
    first = rows[0]
    bound = {
        "least_p": first["least_p"], "least_p_least": SURE, "ranked_rightly": min(first["ranked_rightly"].values()), "ranked_rightly_least": LEVEL,
        "map_wrong": max(row["map_wrong"] for row in rows if row["what"] in (first["what"], "two items marked lower")), "map_wrong_most": 1 - LEVEL,
    }  # fmt: skip
    bound["holds"] = (
        bound["least_p"] >= SURE and bound["ranked_rightly"] >= LEVEL and bound["map_wrong"] <= bound["map_wrong_most"]
    )
    sys.stdout.write("\n".join("  ".join(f"{name} {value}" for name, value in row.items()) for row in [*rows, bound]) + "\n")
    told = {"seeds": "1..n, not chosen", "rows": rows, "bound": bound}
    Path(chosen.studies).write_text(json.dumps(told, indent=1) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
