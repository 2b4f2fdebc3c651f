"""How far the front page can be believed: whether the intervals of what it picks hold the truth, how much its sizes overstate, and how
often it tells anything where nothing is going on. Writes docs/studies/selection.json.

    python tests/long/selection.py [--draws 1000]
"""

import argparse
import json
import sys
from pathlib import Path

import numpy as np
from scipy.special import expit

from analysis.stats.intervals import difference_of_shares, wilson
from analysis.study.conclusions import conclusions

ROOT = Path(__file__).parents[2]
AS_OF, CUSTOMERS = "2025-06-30", 4000
REPORTS, OF_EACH = 20, 3
WORLDS = {"nothing": (0.0, 0.0), "few": (0.1, 0.35), "many": (0.5, 0.35), "many small": (0.9, 0.1)}
FIRST_SEED = 1


def month(random: np.random.Generator, share: float, spread: float) -> tuple[dict, dict]:
    """The reports of a month in which a `share` of all that is looked at has changed (log odds, normal with this `spread`), and the
    truth by finding: the first of each report is a share against another period's, the others are differences, all of two samples."""
    reports, truth = {}, {}
    for report in range(REPORTS):
        found = []
        for place in range(OF_EACH):
            name = f"f{report}_{place}.x"
            size = int(np.exp(random.uniform(np.log(100), np.log(CUSTOMERS))))
            before = random.normal(-2.0, 0.6)
            now = before + random.normal(0.0, spread) * (random.random() < share)
            counts = random.binomial(size, expit([now, before]))
            is_share = place == 0
            made = wilson(counts[0], size) if is_share else difference_of_shares(counts[0], size, counts[1], size)
            truth[name] = (expit(now) if is_share else expit(now) - expit(before), expit(now) - expit(before))
            other = counts[1] / size if is_share else 0
            found.append(finding(name, "share" if is_share else "points", made, other, size))
        page = {"status": "published", "page_as_of": AS_OF, "gate": [], "title": "", "page": "x.html", "findings": found}
        reports[f"r{report}"] = page
    return reports, truth


def finding(name: str, unit: str, made, other: float, size: int) -> dict:
    """As results.json has it."""
    numbers = {"value": float(made.value), "low": float(made.low), "high": float(made.high), "compare_to": float(other)}
    words = {"id": name, "html": "", "unit": unit, "evidence": "description", "base_of": "customers", "exhibit": None}
    return {**words, **numbers, "base": size, "is_headline": True}


def told_plainly(reports: dict) -> list[dict]:
    """The three of largest size × customers among those whose own interval leaves out their comparison, as a reader would pick."""
    found = [one for page in reports.values() for one in page["findings"]]
    beyond = [one for one in found if not one["low"] <= one["compare_to"] <= one["high"]]
    return sorted(beyond, key=lambda one: -abs(one["value"] - one["compare_to"]) * one["base"])[:3]


def missed(told: list[dict], truth: dict) -> float:
    """The share of intervals told that do not hold the truth; 0 where none is told."""
    return float(np.mean([not one["low"] <= truth[one["id"]][0] <= one["high"] for one in told])) if told else 0.0


def overstated(told: list[dict], truth: dict, sizes) -> list[tuple[float, float]]:
    """Size told and true size, in the direction told."""
    return [(abs(sizes(one)), float(np.sign(sizes(one)) * truth[one["id"]][1])) for one in told]


def told_to_true(pairs: list[tuple[float, float]]) -> float:
    """All sizes told ÷ all true ones."""
    return round(sum(size for size, _ in pairs) / sum(true for _, true in pairs), 3)


def world(share: float, spread: float, draws: int) -> dict:
    """Many months of one kind."""
    rows = {"months_with_a_sentence": [], "picked": [], "own_intervals": [], "plain": [], "plain_told": []}
    sizes = {"as_found": [], "drawn": []}
    for seed in range(FIRST_SEED, FIRST_SEED + draws):
        reports, truth = month(np.random.default_rng(seed), share, spread)
        told = conclusions(reports, CUSTOMERS, AS_OF)["picked"]
        own = {one["id"]: one for page in reports.values() for one in page["findings"]}
        plain = told_plainly(reports)
        rows["months_with_a_sentence"].append(bool(told))
        rows["picked"].append(missed(told, truth))
        rows["own_intervals"].append(missed([own[one["id"]] for one in told], truth))
        rows["plain"].append(missed(plain, truth))
        rows["plain_told"].append(bool(plain))
        sizes["as_found"] += overstated(told, truth, lambda one: one["size"])
        sizes["drawn"] += overstated(told, truth, lambda one: one["drawn_size"])
    ratio = {name: told_to_true(pairs) if share else None for name, pairs in sizes.items()}
    return {
        "months_with_a_sentence": share_of(rows["months_with_a_sentence"]),
        "sentences_a_month": round(len(sizes["drawn"]) / draws, 3),
        "missed_by_the_widened_intervals": share_of(rows["picked"]),
        "missed_by_their_own_95_intervals": share_of(rows["own_intervals"]),
        "months_with_a_sentence_picked_plainly": share_of(rows["plain_told"]),
        "missed_when_picked_plainly": share_of(rows["plain"]),
        "size_told_to_true_as_found": ratio["as_found"],
        "size_told_to_true_drawn": ratio["drawn"],
    }


def share_of(values: list) -> float:
    return round(float(np.mean(values)), 4)


def main() -> None:
    asked = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    asked.add_argument("--draws", type=int, default=1000)
    draws = asked.parse_args().draws
    made = {"draws": draws, "findings": REPORTS * OF_EACH, "customers": CUSTOMERS, "seeds": f"{FIRST_SEED}..{draws}, not chosen"}
    made["worlds"] = {
        name: {"share_changed": share, "spread_of_log_odds": spread, **world(share, spread, draws)}
        for name, (share, spread) in WORLDS.items()
    }
    text = json.dumps(made, indent=1) + "\n"
    sys.stdout.write(text)
    (ROOT / "docs" / "studies" / "selection.json").write_text(text, encoding="utf-8")


if __name__ == "__main__":
    main()
