"""Whom to call, and does the hold-out tell? Held against the truth of simulated banks.

Part 1, banks of 5,000 customers (seeds 1 to --banks): at the last landmark with a known outcome, lists of 100 by expected value and by
risk alone, both from scores that saw nothing later; in money what the true chances of leaving make of them. Part 2: how often the
interval of the gain covers the truth, in 200 books drawn from these customers, outcomes drawn anew. Part 3, lives of 10,000
customers (seeds 1 to --lives): what the hold-out of alerts estimates, against the mean of all. Part 4: coverage of the intervals
used, in cheap draws (seeds 1 to --draws). Writes docs/studies/policy.json.
"""

import argparse
import datetime as dt
import json
import sys
from pathlib import Path

import numpy as np
import pandas as pd
from bank_frames import simulated
from scipy.stats import t

from analysis.bank.demo import making
from analysis.bank.demo.calendar import AS_OF_MONTH
from analysis.bank.demo.history import INVOLUNTARY
from analysis.bank.demo.life import ALERT_MONTHS
from analysis.bank.demo.worlds import make_world
from analysis.stats.intervals import difference_of_shares
from analysis.study.churn import ChurnRule
from analysis.study.experiments import contribution_effect
from analysis.study.warning_holdout import Arms, kept_share, left_effect
from analysis.study.warning_model import warning_model
from analysis.study.warning_policy import judged_policies, taken_by, with_value

RESULT = Path(__file__).parents[2] / "docs" / "studies" / "policy.json"
LANDMARK, LANDMARK_MONTH, CAPACITY, EFFECT = dt.date(2024, 12, 31), 29, 100, 0.2


def judged_rows(seed: int, customers: int) -> pd.DataFrame:
    """At the landmark: customer_id, risk (foretold), value, expected, and chance (true)."""
    with simulated(customers, seed) as bank:
        history = bank.book.feature_history()
        model = warning_model(history, bank.book.as_of, ChurnRule())
        truth = bank.risks(LANDMARK_MONTH).set_index("customer_id")["any"]
    own = model.validation[model.validation["landmark"].eq(LANDMARK)]
    rows = with_value(own, history)
    return rows.assign(
        chance=truth.reindex(rows["customer_id"]).to_numpy(), customer_id=f"{seed}:" + rows["customer_id"]
    ).dropna()


def money(rows: pd.DataFrame) -> dict[str, float]:
    """What each list is truly expected to lose, a list; `oracle` knows the true chances."""
    known = rows.assign(oracle=rows["chance"] * rows["value"])
    at_stake = (rows["chance"] * rows["value"]).to_numpy()
    return {policy: float(taken_by(known, policy, CAPACITY) @ at_stake) for policy in ("expected", "risk", "value", "oracle")}


def covers(people: pd.DataFrame, seed: int, size: int, replicates: int = 300) -> tuple[float, float, float]:
    """Gain, low and high in a book of `size` customers drawn from these, outcomes drawn from the true chances."""
    rng = np.random.default_rng(seed)
    rows = people.iloc[rng.integers(len(people), size=size)].reset_index(drop=True)
    rows = rows.assign(customer_id=[f"C{one}" for one in range(size)], outcome=(rng.random(size) < rows["chance"]).astype(float))
    features = rows[["customer_id"]].assign(contribution_12m=rows["value"])
    found = judged_policies(rows.rename(columns={"risk": "probability"}), {LANDMARK: features}, CAPACITY, seed, replicates)
    return found.gain[:3]


def alerted(seed: int, customers: int) -> pd.DataFrame:
    """Each customer's first alert whose six months have ended: held_out, left (within them, not involuntarily)."""
    cast = making._cast(making._streams(seed, making.STREAMS), make_world("default", seed), customers)
    parts = []
    for number, start in enumerate(range(0, customers, making.BLOCK)):
        rows = np.arange(start, min(start + making.BLOCK, customers))
        history = making._Block(cast, rows, making._streams(seed, making.BLOCK_STREAMS, number)).history
        raised = np.where((history.alert > 0).any(axis=1), (history.alert > 0).argmax(axis=1), 10**6)
        who = np.flatnonzero(raised + ALERT_MONTHS <= AS_OF_MONTH + 1)
        month, gone = raised[who], history.churn_month[who]
        left = (gone < month + ALERT_MONTHS) & (history.churn_kind[who] != INVOLUNTARY)
        parts.append(pd.DataFrame({"held_out": history.alert[who, month] == 2, "left": left})[gone >= month])
    return pd.concat(parts, ignore_index=True)


def of_arms(rows: pd.DataFrame) -> Arms:
    return Arms(rows.assign(customer_id="", start=LANDMARK, end=LANDMARK), 0, None)


def hold_outs(seeds: int, customers: int) -> dict:
    """Estimates of each seed against the mean of all."""
    found = [alerted(seed, customers) for seed in range(1, seeds + 1)]
    whole = pd.concat(found)
    shares = whole.groupby("held_out")["left"].mean()
    truth, kept = float(shares[False] - shares[True]), float(1 - shares[False] / shares[True])
    effects = []
    for rows in found:
        arms = of_arms(rows)
        effects.append(difference_of_shares(arms.left(False), arms.size(False), arms.left(True), arms.size(True)))
    told = [(left_effect(of_arms(rows)), kept_share(of_arms(rows))) for rows in found]
    told = [pair for pair in told if None not in pair]
    return {
        "seeds": seeds, "customers": customers, "alerts": len(whole) / seeds, "left_treated": float(shares[False]),
        "left_held_out": float(shares[True]), "difference": truth, "kept_share": kept,
        "right_sign": float(np.mean([one.value < 0 for one in effects])),
        "coverage": float(np.mean([one.low <= truth <= one.high for one in effects])),
        "told": len(told),
        "kept_coverage": float(np.mean([two.low <= kept <= two.high for _, two in told])) if told else None,
    }  # fmt: skip


def cheap(draws: int) -> list[dict]:
    """Coverage of the difference of shares, of the share kept and of the effect on contribution, by size and share who leave."""
    made = []
    for size, share in ((650, 0.03), (3000, 0.03), (3000, 0.2)):
        hits = {"difference": [], "kept": [], "contribution": []}
        for seed in range(1, draws + 1):
            rng = np.random.default_rng(seed)
            held = rng.random(size) < 0.2
            left = rng.random(size) < np.where(held, share, 0.6 * share)
            arms = of_arms(pd.DataFrame({"held_out": held, "left": left}))
            one = difference_of_shares(arms.left(False), arms.size(False), arms.left(True), arms.size(True))
            hits["difference"].append(one.low <= -0.4 * share <= one.high)
            two = kept_share(arms)
            if two:
                hits["kept"].append(two.low <= 0.4 <= two.high)
            before = rng.lognormal(7.7, 1.6, size)
            after = before * rng.lognormal(-0.02, 0.2, size) * ~left + 100 * ~held * ~left
            ids = [f"C{one}" for one in range(size)]
            days = (dt.date(2023, 12, 31), LANDMARK)
            history = {day: pd.DataFrame({"customer_id": ids, "contribution_12m": earned})
                       for day, earned in zip(days, (before, after), strict=True)}  # fmt: skip
            rows = pd.DataFrame({"customer_id": ids, "held_out": held, "left": left, "start": days[0], "end": days[1]})
            three, _ = contribution_effect(Arms(rows, 0, None), history)
            truth = np.exp(7.7 + 1.6**2 / 2) * 0.4 * share + 100 * (1 - 0.6 * share)
            hits["contribution"].append(three.low <= truth <= three.high)
        row = {"customers": size, "left_held_out": share, "true_kept_share": 0.4, "draws": draws, "kept_told": len(hits["kept"])}
        made.append(row | {name: float(np.mean(hit)) if hit else None for name, hit in hits.items()})
    return made


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    for name, default in (("banks", 20), ("customers", 5000), ("books", 200), ("lives", 10), ("draws", 250)):
        parser.add_argument(f"--{name}", type=int, default=default)
    asked = parser.parse_args()
    found = [judged_rows(seed, asked.customers) for seed in range(1, asked.banks + 1)]
    sums = EFFECT * pd.DataFrame([money(rows) for rows in found])
    gain = sums["expected"] - sums["risk"]
    half = t.ppf(0.975, len(gain) - 1) * gain.std(ddof=1) / np.sqrt(len(gain))
    people, size = pd.concat(found, ignore_index=True), round(np.mean([len(rows) for rows in found]))
    gains = np.array([covers(people, seed, size) for seed in range(1, asked.books + 1)])
    mean = pd.DataFrame([of_book(people, seed, size) for seed in range(1001, 1001 + asked.books)]).mean()
    true = mean["expected"] / mean["risk"]
    result = {
        "money": {
            "banks": asked.banks, "customers": asked.customers, "capacity": CAPACITY, "action_effect": EFFECT,
            "kept_a_list": sums.mean().round(0).to_dict(),
            "gain_against_risk": {"value": round(gain.mean()), "low": round(gain.mean() - half), "high": round(gain.mean() + half)},
            "by_bank": gain.round(0).tolist(),
            "banks_with_gain": int((gain > 0).sum()),
            "bound": "a gain beyond noise on average",
        },
        "gain_interval": {
            "books": asked.books, "customers": size, "true_ratio": float(true), "median_ratio": float(np.median(gains[:, 0])),
            "median_log_width": float(np.median(np.log(gains[:, 2] / gains[:, 1]))),
            "coverage": float(np.mean((gains[:, 1] <= true) & (true <= gains[:, 2]))),
            "above": float(np.mean(gains[:, 2] < true)), "below": float(np.mean(gains[:, 1] > true)),
            "bound": "coverage 0.92 to 0.98",
        },
        "hold_out": hold_outs(asked.lives, 10_000) | {"bound": "none: so few seeds tell the sign, not the coverage"},
        "intervals": cheap(asked.draws),
    }  # fmt: skip
    RESULT.write_text(json.dumps(result, indent=1) + "\n", encoding="utf-8")
    sys.stdout.write(json.dumps(result, indent=1) + "\n")


def of_book(people: pd.DataFrame, seed: int, size: int) -> dict[str, float]:
    """What is truly expected of the lists of a book of `size` customers drawn from these."""
    return money(people.iloc[np.random.default_rng(seed).integers(len(people), size=size)].reset_index(drop=True))


if __name__ == "__main__":
    main()
