"""Do the intervals on prospects cover the truth as often as they say, and is anything gained by choosing?

200 books (seeds 1 to 200) of about 3,000 prospects who convert as those of the demo bank do (docs/demo-bank.md) and whose
contribution of the first year is log-normal, companies' five times that of persons. In each, scores are made and judged by the
study itself. Held against the truth: the gain a call (of the scores as made, given which prospects came), the log odds of
conversion, and what the open prospects then did. Writes docs/studies/prospects.json.
"""

import argparse
import datetime as dt
import json
import sys
from pathlib import Path

import numpy as np
import pandas as pd
from scipy.stats import binomtest, gamma

from analysis.bank.demo.prospects import COURTING_DAYS, COURTING_SHAPE, UNCONVERTED_PER_CONVERTED, log_odds, make_prospects
from analysis.calendar import months_before
from analysis.stats.intervals import Estimate
from analysis.stats.prediction import auc
from analysis.study.prospect_facts import DAYS_PER_MONTH, FACTORS, is_mature, monthly_contribution, prospect_facts
from analysis.study.prospect_outlook import outlook
from analysis.study.prospect_policy import (
    brought_of_expected,
    chosen,
    contrast,
    gain_curve,
    judged,
    model_at,
    policy_totals,
    taken_by,
    times,
)

RESULT = Path(__file__).parents[2] / "docs" / "studies" / "prospects.json"
AS_OF, HORIZON, CAPACITY, ARRIVALS = dt.date(2025, 6, 30), 6, 20, 1_700
MEAN_PERSON, MEAN_COMPANY, SPREAD = 4_000.0, 20_000.0, 1.2
BRANCHES = pd.DataFrame({"city": ["Home", "North", "South", "East", "West"]})


def book(seed: int, arrivals: int = ARRIVALS) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Prospects in canonical columns, with what is true of them beside (chance, mean_value, value), and contributions."""
    rng = np.random.default_rng(seed)
    is_company = rng.random(arrivals) < 0.15
    opened = np.datetime64("2022-07-01") + np.sort(rng.integers(0, 48 * 30, arrivals)).astype("timedelta64[D]")
    people = pd.DataFrame(
        {
            "kind": np.where(is_company, "corporate", "personal"),
            "birth_date": pd.Timestamp("1960-01-01") + pd.to_timedelta(rng.integers(0, 44 * 365, arrivals), unit="D"),
            "opened": opened,
            "branch": rng.choice(len(BRANCHES), arrivals, p=[0.3, 0.25, 0.2, 0.15, 0.1]),
            "industry": np.where(is_company, rng.choice(["Trade", "Building", "Farming"], arrivals), None),
        }
    )
    made = make_prospects(rng, people, BRANCHES)
    mean = np.where(made["birth_year"].isna(), MEAN_COMPANY, MEAN_PERSON)
    value = mean * np.exp(SPREAD * rng.standard_normal(len(made)) - SPREAD**2 / 2)
    odds = np.exp(log_odds(made, BRANCHES))
    converted = made["converted"].notna().to_numpy()
    odds *= (1 / odds[converted]).mean() / UNCONVERTED_PER_CONVERTED
    made = made.rename(columns={"first_seen": "first_seen_date", "converted": "converted_date"}).assign(
        converted_customer_id=np.where(converted, made["prospect_id"], None),
        value=value,
        mean_value=mean,
        chance=odds / (1 + odds),
    )
    rows = made[converted]
    first = pd.to_datetime(rows["converted_date"]).dt.to_period("M")
    months = [
        pd.DataFrame(
            {
                "customer_id": rows["prospect_id"],
                "month": (first + ahead).dt.to_timestamp(how="end").dt.normalize(),
                "ftp_interest": rows["value"] / 12,
            }
        )
        for ahead in range(12)
    ]
    return made, pd.concat(months, ignore_index=True)


def known(prospects: pd.DataFrame) -> pd.DataFrame:
    """As the bank knows them at AS_OF."""
    seen = prospects[pd.to_datetime(prospects["first_seen_date"]) <= pd.Timestamp(AS_OF)]
    later = pd.to_datetime(seen["converted_date"]) > pd.Timestamp(AS_OF)
    return seen.assign(
        converted_date=seen["converted_date"].mask(later), converted_customer_id=seen["converted_customer_id"].mask(later)
    ).drop(columns=["value", "mean_value", "chance"])


def true_chance(chance: np.ndarray, age: np.ndarray) -> np.ndarray:
    """Chance of converting within the horizon, given not by `age` days."""

    def courted(days: np.ndarray | float) -> np.ndarray:  # whole days, begun ones counted
        return gamma.cdf(np.maximum(days, 0), COURTING_SHAPE, scale=COURTING_DAYS / COURTING_SHAPE)

    end = np.ceil(HORIZON * DAYS_PER_MONTH) - 1
    return chance * (courted(end) - courted(age)) / (1 - chance * courted(age))


def auc_of(score: np.ndarray, chance: np.ndarray) -> float:
    """The AUC that is expected of the scores, given each one's true chance; ties counted half."""
    higher = np.sign(score[:, None] - score) / 2 + 0.5
    pairs = np.outer(chance, 1 - chance)
    np.fill_diagonal(pairs, 0)
    return float((higher * pairs).sum() / pairs.sum())


def one_book(seed: int) -> dict[str, tuple | bool | float]:
    """What is estimated with its interval, and what is true."""
    prospects, contributions = book(seed)
    truth = prospects.set_index("prospect_id")
    monthly = monthly_contribution(contributions)
    facts = prospect_facts(known(prospects), AS_OF)
    rows = judged(facts, monthly, AS_OF, HORIZON, list(FACTORS)).dropna(subset=["contribution"])
    own = truth.loc[rows["prospect_id"]]
    age = (pd.to_datetime(rows["day"]) - rows["seen"]).dt.days.to_numpy()
    expected = true_chance(own["chance"].to_numpy(), age) * own["mean_value"].to_numpy()
    taken = {policy: taken_by(rows, policy, CAPACITY) for policy in ("expected", "propensity", "random")}
    calls = taken["random"].sum()
    totals = policy_totals(rows, CAPACITY, seed)
    best = taken_by(rows.assign(expected=expected), "expected", CAPACITY)
    per_call = {policy: weight @ expected / calls for policy, weight in taken.items()}
    curve = gain_curve(rows, "expected", "contribution", seed).iloc[2]
    fifth = sum(
        chosen(pool["expected"].to_numpy(), 0.2 * len(pool)) @ expected[pool.index]
        for _, pool in rows.reset_index(drop=True).groupby("day")
    )
    hits = true_chance(own["chance"].to_numpy(), age)
    made = {
        "times_chance_by_expected": (times(totals, "expected", "random", "contribution", len(rows)), per_call["expected"] / per_call["random"]),
        "times_chance_by_propensity": (times(totals, "propensity", "random", "contribution", len(rows)), per_call["propensity"] / per_call["random"]),
        "more_conversions_by_propensity": (contrast(totals, "propensity", "random", "converted", len(rows)), (taken["propensity"] - taken["random"]) @ hits / calls),
        "brought_of_expected": (brought_of_expected(rows, totals, CAPACITY), per_call["expected"] / totals["expected", "expected"][0]),
        "caught_by_best_fifth": (Estimate(curve["value"], curve["low"], curve["high"], len(rows)), fifth / expected.sum()),
        "auc": (auc(rows["propensity"], rows["converted"]), auc_of(rows["propensity"].to_numpy(), hits)),
    }  # fmt: skip
    model = model_at(facts, monthly, AS_OF, HORIZON, list(FACTORS))
    now = outlook(model, facts, AS_OF, CAPACITY, seed)
    later = truth.loc[now.open["prospect_id"]]
    converts = (
        pd.to_datetime(later["converted_date"]) - pd.to_datetime(later["first_seen_date"])
    ).dt.days < HORIZON * DAYS_PER_MONTH
    for who, weight in {"best": now.open["is_best"].to_numpy(), "all": np.ones(len(later))}.items():
        made[f"conversions_{who}"] = (now.conversions[who], weight @ converts)
        made[f"contribution_{who}"] = (now.contribution[who], weight @ (converts * later["value"]))
    return {
        **made,
        "ideal": float(best @ expected / calls / per_call["random"]),
        "prospects": len(facts), "judged": len(rows), "mature": int(is_mature(facts, AS_OF, HORIZON).sum()),
    }  # fmt: skip


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--books", type=int, default=200)
    books = parser.parse_args().books
    results = []
    for seed in range(1, books + 1):
        results.append(one_book(seed))
        sys.stderr.write(f"{seed}/{books}\n")
    rows = []
    for name in (name for name, value in results[0].items() if isinstance(value, tuple)):
        made, true = zip(*(result[name] for result in results), strict=True)
        hits = sum(estimate.low <= value <= estimate.high for estimate, value in zip(made, true, strict=True))
        means = {"estimate": np.mean([estimate.value for estimate in made]), "truth": np.mean(true)}
        test = binomtest(hits, books, 0.95).pvalue
        rows.append({"quantity": name, **{key: round(float(value), 3) for key, value in means.items()}, "coverage": hits / books, "p_at_95": round(test, 4)})  # fmt: skip
    sys.stdout.write(pd.DataFrame(rows).to_string(index=False) + "\n")
    means = {name: round(float(np.mean([result[name] for result in results])), 3) for name in ("ideal", "prospects", "judged")}
    gain = [result["times_chance_by_expected"] for result in results]
    means["truly_above_chance"] = float(np.mean([true > 1 for _, true in gain]))
    means["seen_above_chance"] = float(np.mean([made.low > 1 for made, _ in gain]))
    means["wrongly_above_chance"] = float(np.mean([made.low > 1 >= true for made, true in gain]))
    sys.stdout.write(f"{means}\n")
    study = {
        "what": "intervals of the study of prospects against the truth of simulated books; money a call, or in all",
        "runs": books, "seeds": f"1..{books}, none chosen", "capacity": CAPACITY, "horizon_months": HORIZON,
        "first_month_judged_until": str(months_before(AS_OF, HORIZON + 12)),
        "results": rows, "means": means,
    }  # fmt: skip
    if books >= 200:
        RESULT.write_text(json.dumps(study, indent=1) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
