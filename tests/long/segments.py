"""Are the archetypes of the demo bank found, as many as its family shows, and none where there are none? Customers live through the
demo bank's own model (people, products, history, balances, bookings), without its files and their dirt; whole banks are held against the same with
--banks. Seeds 1..n; the traits were chosen while seeds 1 to 12 were looked at, so seeds from 101 on, never looked at before, are told
apart (fresh). Writes docs/studies/segments.json.

    python tests/long/segments.py [--seeds 20] [--flat 200] [--fresh 10] [--customers 2000] [--banks DIR …]
"""

import argparse
import json
import os
import sys
import time
import warnings
from pathlib import Path

os.environ.setdefault("OMP_NUM_THREADS", "1")

import numpy as np
import pandas as pd
from sklearn.discriminant_analysis import LinearDiscriminantAnalysis, QuadraticDiscriminantAnalysis
from sklearn.ensemble import HistGradientBoostingClassifier
from sklearn.metrics import adjusted_rand_score
from sklearn.model_selection import cross_val_predict
from statsmodels.stats.proportion import proportion_confint

sys.path.insert(0, str(Path(__file__).parent))
from archetypes import OWNS, bayes, oracle_k, true_features

from analysis.bank.demo.bookings import Dues, make_bookings
from analysis.bank.demo.calendar import AS_OF_MONTH, MONTHS, last_day
from analysis.bank.demo.campaigns import make_campaigns
from analysis.bank.demo.history import live
from analysis.bank.demo.money import make_balances
from analysis.bank.demo.people import make_people, traits_of
from analysis.bank.demo.products import PRODUCTS, close_with_customers, count_held, make_holdings, matures_in
from analysis.bank.demo.state import Held
from analysis.bank.demo.surroundings import make_surroundings
from analysis.bank.demo.worlds import make_world
from analysis.study.segments import find_segments

OUT = Path(__file__).parents[2] / "docs" / "studies" / "segments.json"
CHANNELS = ("branch", "atm", "pos", "phone", "web", "app")
BORROWED = {"card": ["card"], "loan": ["loan", "mortgage"]}
OFFERED = ("wealth", "term", "fund")
K_MAX, BOOTSTRAPS = 7, 25
FIRST_FRESH = 101
LEARNT, LEARNT_SEED = 30_000, 10_001
LEAST_RATIO, LEAST_SEEDS, MOST_FLAT = 0.85, 0.9, 0.08


def lived(seed: int, size: int, world: str = "default") -> tuple[pd.DataFrame, pd.DataFrame]:
    """Feature rows at as_of of persons who are open and active, and who they are (rows of `make_people`)."""
    random, made = np.random.default_rng(seed), make_world(world, seed)
    stage = make_surroundings(random)
    people = make_people(random, size, stage, made)
    holdings = make_holdings(random, people, made)
    traits = traits_of(people)
    held = _held(holdings, size)
    history = live(random, traits, held, stage, made)
    people = people.assign(**_owned(holdings, size))
    holdings = close_with_customers(holdings, history.closed)
    none = np.zeros((size, MONTHS))
    money = make_balances(random, people, holdings, none, held.matures, history)
    bookings = make_bookings(random, people, traits, history, money, Dues(none, none))
    rows = pd.DataFrame(
        {
            "customer_id": people["customer_id"],
            "kind": people["kind"],
            "age_years": _age(people),
            "tenure_months": _tenure(people),
        }
        | _transactions(bookings, size)
        | _balances(money)
        | {"products_held": _products(random, people, history, holdings, made)}
    )
    open_now = history.is_open[:, AS_OF_MONTH].astype(bool)
    kept = open_now & (people["kind"] == "personal").to_numpy() & (rows["transactions_90d"] > 0).to_numpy()
    return rows[kept].reset_index(drop=True), people[kept].reset_index(drop=True)


def _held(holdings: pd.DataFrame, size: int) -> Held:
    has = {name: count_held(holdings[holdings["product"].isin(kinds)], size) > 0 for name, kinds in BORROWED.items()}
    return Held(count_held(holdings, size), **has, matures=matures_in(holdings, size))


def _owned(holdings: pd.DataFrame, size: int) -> dict[str, np.ndarray]:
    """Whether the model has ever given each person the product by as_of, by product."""
    return {
        f"{OWNS}{name}": count_held(holdings[holdings["product"] == name], size)[:, : AS_OF_MONTH + 1].any(axis=1).astype(float)
        for name in PRODUCTS
    }


def _age(people: pd.DataFrame) -> np.ndarray:
    born = people["birth_date"].to_numpy().astype("datetime64[D]")
    return np.where(np.isnat(born), np.nan, (last_day(AS_OF_MONTH) - born).astype(float) / 365.25)


def _tenure(people: pd.DataFrame) -> np.ndarray:
    opened = people["opened"].to_numpy().astype("datetime64[D]")
    return (last_day(AS_OF_MONTH) - opened).astype(float) / 30.4375


def _transactions(bookings, size: int) -> dict[str, np.ndarray]:
    day = bookings.second // 86_400
    age = int((last_day(AS_OF_MONTH) - last_day(0)).astype(int)) + 30 - day
    own = (bookings.initiator == 0) & (age >= 0)
    quarter, year = own & (age < 90), own & (age < 365)

    def count(rows, weights=None):
        return np.bincount(bookings.customer[rows], None if weights is None else weights[rows], minlength=size)

    all_year = count(year)
    with np.errstate(invalid="ignore"):
        shares = {
            f"{name}_share": np.where(all_year > 0, count(year & (bookings.channel == code)) / np.maximum(all_year, 1), np.nan)
            for code, name in enumerate(CHANNELS)
        }
    out = np.where(bookings.amount < 0, -bookings.amount, 0.0)
    return {
        "transactions_90d": count(quarter), "transactions_365d": all_year, "outflow_90d": count(quarter, out), "outflow_365d": count(year, out),
    } | shares  # fmt: skip


def _balances(money) -> dict[str, np.ndarray]:
    recent, now = slice(AS_OF_MONTH - 2, AS_OF_MONTH + 1), AS_OF_MONTH
    assets = money.average_deposits + money.average_wealth
    return {
        "assets_3m": assets[:, recent].mean(axis=1), "assets": assets[:, now], "wealth": money.average_wealth[:, now],
        "loans": money.average_loans[:, now],
    }  # fmt: skip


def _products(random, people, history, holdings: pd.DataFrame, world) -> np.ndarray:
    """Kinds of products held, those bought in campaigns too."""
    held = {name: count_held(holdings[holdings["product"] == name], len(people)) > 0 for name in OFFERED}
    bought = make_campaigns(random, people, history.is_open, held, world.campaign).holdings
    both = pd.concat([holdings[["customer", "product", "opened", "closed"]], bought.assign(closed=pd.NaT)])
    day = last_day(AS_OF_MONTH)
    there = both[
        (both["opened"].to_numpy().astype("datetime64[D]") <= day) & ~(both["closed"].to_numpy().astype("datetime64[D]") <= day)
    ]
    return there.groupby("customer")["product"].nunique().reindex(range(len(people)), fill_value=0).to_numpy()


def observed(rows: pd.DataFrame) -> np.ndarray:
    """All that the features tell of a person."""
    return rows.drop(columns=["customer_id", "kind"]).fillna(0).to_numpy(dtype=float)


def learnt(size: int = LEARNT) -> HistGradientBoostingClassifier:
    """A classifier that has learnt the true archetypes from all observed features of so many other persons of the model."""
    rows, people = lived(LEARNT_SEED, size)
    model = HistGradientBoostingClassifier(
        max_iter=150, learning_rate=0.05, max_leaf_nodes=15, l2_regularization=1.0, random_state=0
    )
    model.fit(observed(rows), people["archetype"].to_numpy(dtype=str))
    model.columns = list(rows)
    return model


def _crossed(traits: pd.DataFrame, truth: np.ndarray) -> float:
    """The adjusted Rand index of the better of the linear and the quadratic discriminant in these traits, cross-validated five-fold."""
    learners = LinearDiscriminantAnalysis(), QuadraticDiscriminantAnalysis(reg_param=0.02)
    return max(adjusted_rand_score(truth, cross_val_predict(one, traits.to_numpy(), truth, cv=5)) for one in learners)


def judged(rows: pd.DataFrame, truth: np.ndarray, seed: int, classifier) -> dict:
    """k, the adjusted Rand index against the truth, that of the bound (classifier, all observed features), their ratio; and the bound
    of the traits that were clustered alone."""
    begun = time.process_time()
    found = find_segments(rows, K_MAX, seed, BOOTSTRAPS)
    cpu = time.process_time() - begun
    index = adjusted_rand_score(truth, found.labels.reindex(rows["customer_id"]))
    limit = adjusted_rand_score(truth, classifier.predict(observed(rows)))
    of_themes = _crossed(found.traits.reindex(rows["customer_id"])[list(found.clustering.centres)], truth)
    names = [found.names[label].render() for label in sorted(found.names)]
    return {
        "k": found.clustering.k, "ari": index, "bound": limit, "ratio": index / limit, "bound_of_themes": of_themes,
        "cpu_seconds": cpu, "names": names,
    }  # fmt: skip


def default_worlds(seeds: range, size: int, classifier) -> list[dict]:
    """One row a seed: what was found, the oracle's k, and what the true features would have allowed."""
    told = []
    for seed in seeds:
        rows, people = lived(seed, size)
        truth = people["archetype"].to_numpy(dtype=str)
        row = {"seed": seed, "persons": len(rows), **judged(rows, truth, seed, classifier)}
        row |= {"oracle_k": oracle_k(true_features(people)), "bayes_of_true_features": adjusted_rand_score(truth, bayes(people))}
        told.append(row)
        _tell(row)
    return told


def flat_worlds(seeds: int, size: int) -> list[int]:
    """The k found in each world of one archetype."""
    told = []
    for seed in range(1, seeds + 1):
        told.append(find_segments(lived(seed, size, "flat")[0], K_MAX, seed, BOOTSTRAPS).clustering.k)
        if seed % 10 == 0:
            _tell({"flat worlds": seed, "with segments": int(np.sum(np.array(told) > 1))})
    return told


def whole_bank(home: str, classifier) -> dict:
    """A demo bank as prepared from its files; `home`: the project's root, with the bank's truth."""
    from analysis.bank.book import open_bank
    from analysis.study.segments import persons
    from analysis.study.tiers import is_active, open_customers

    os.environ["CRM_HOME"] = home
    customers = open_customers(open_bank("demo").features())
    rows = persons(customers[is_active(customers)]).reset_index(drop=True)
    truth = pd.read_parquet(Path(home) / "data/raw/demo/truth/customers.parquet").astype({"customer_id": str})
    kinds = rows["customer_id"].map(truth.set_index("customer_id")["archetype"]).to_numpy(dtype=str)
    if len(set(kinds)) == 1:
        return {"persons": len(rows), "k": find_segments(rows, K_MAX, 7, BOOTSTRAPS).clustering.k, "archetypes": 1}
    return {"persons": len(rows), **judged(rows[classifier.columns], kinds, 7, classifier)}


def _tell(row: dict) -> None:
    told = (f"{name} {value:.3f}" if isinstance(value, float) else f"{name} {value}" for name, value in row.items())
    sys.stdout.write("  ".join(told) + "\n")
    sys.stdout.flush()


def summary(rows: list[dict], flat: list[int]) -> dict:
    """The bounds, what was reached, and which hold. `ratio` is to the classifier of all observed features, `same_traits` to the
    discriminant in the traits that were clustered."""
    near = sum(abs(row["k"] - row["oracle_k"]) <= 1 for row in rows)
    ratios = {"ratio": [row["ratio"] for row in rows], "same_traits": [row["ari"] / row["bound_of_themes"] for row in rows]}
    claimed, needed = int(np.sum(np.array(flat) > 1)), int(np.ceil(LEAST_SEEDS * len(rows)))
    told = {"k_within_one_of_oracle": near, "k_needed": needed, "ratio_needed": LEAST_RATIO}
    for name, reached in ratios.items():
        told |= {f"{name}_median": float(np.median(reached)), f"{name}_least": float(min(reached))}
        told |= {f"{name}_below_needed": int(np.sum(np.array(reached) < LEAST_RATIO))}
    if flat:
        high = float(proportion_confint(claimed, len(flat), method="beta")[1])
        told |= {
            "flat_claimed": claimed,
            "flat_worlds": len(flat),
            "flat_most": int(MOST_FLAT * len(flat)),
            "flat_rate_high": high,
        }
    return told | {
        "k_holds": near >= needed,
        **{f"{name}_holds_in_the_median": told[f"{name}_median"] >= LEAST_RATIO for name in ratios},
        **{f"{name}_holds_in_every_seed": told[f"{name}_below_needed"] == 0 for name in ratios},
        **({"flat_holds": claimed <= MOST_FLAT * len(flat)} if flat else {}),
    }


def study_of(rows: list[dict], fresh: list[dict], flat: list[int], banks: list[dict], size: int) -> dict:
    """What is written."""
    return {
        "what": "find_segments on persons that live through the demo bank's model, and on whole demo banks; k up to 7, 25 bootstraps",
        "seeds": "1..n; the traits were chosen while seeds 1 to 12 and the whole banks were looked at; fresh: from 101 on, not looked at before",
        "customers": size, "bounds": summary(rows, flat), "bounds_fresh": summary(fresh, []), "default": rows, "fresh": fresh,
        "flat_k": {str(k): flat.count(k) for k in sorted(set(flat))}, "whole_banks": banks,
    }  # fmt: skip


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--seeds", type=int, default=20)
    parser.add_argument("--flat", type=int, default=200)
    parser.add_argument("--fresh", type=int, default=10)
    parser.add_argument("--customers", type=int, default=2000)
    parser.add_argument("--banks", nargs="*", default=[])
    parser.add_argument("--out", type=Path, default=OUT)
    asked = parser.parse_args()
    warnings.filterwarnings("ignore", category=RuntimeWarning)
    classifier = learnt()
    banks = [whole_bank(home, classifier) for home in asked.banks]
    for bank in banks:
        _tell(bank)
    rows = default_worlds(range(1, asked.seeds + 1), asked.customers, classifier)
    fresh = default_worlds(range(FIRST_FRESH, FIRST_FRESH + asked.fresh), asked.customers, classifier)
    study = study_of(rows, fresh, flat_worlds(asked.flat, asked.customers), banks, asked.customers)
    _tell(study["bounds"])
    _tell(study["bounds_fresh"])
    asked.out.parent.mkdir(exist_ok=True)
    asked.out.write_text(json.dumps(study, indent=1, default=lambda value: value.item()) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
