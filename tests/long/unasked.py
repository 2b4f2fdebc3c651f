"""Are those who were not asked predicted rightly? Demo banks (seeds 1..n, none chosen) are made and prepared whole; on each, surveys are
held anew from the lives of its customers, by two laws: answering hangs on age and digital use alone (`observed`), or on satisfaction
itself (`not_at_random`). The study's intervals of the group means are held against the marks that all customers of the group would give
on the last day; with marks shuffled among answers, how often is the model wrongly said to predict? Writes docs/studies/unasked.json.

    python tests/long/unasked.py [--banks 3] [--surveys 20] [--customers 2000]
"""

import argparse
import json
import os
import sys
import tempfile
from dataclasses import dataclass, replace
from pathlib import Path

os.environ.setdefault("OMP_NUM_THREADS", "1")

import numpy as np
import pandas as pd
from scipy.stats import binomtest

from analysis.bank.book import open_bank
from analysis.bank.demo import making, surveys
from analysis.bank.demo.calendar import AS_OF_MONTH
from analysis.pipeline import prepare_bank
from analysis.project import ROOT_MARK, environment
from analysis.study.groups import customer_groups
from analysis.study.satisfaction_unasked import Unasked, unasked
from analysis.study.satisfaction_unasked_groups import group_means, unasked_groups, whole_mean

RESULT = Path(__file__).parents[2] / "docs" / "studies" / "unasked.json"
LAWS = {"observed": True, "not_at_random": False}
REPLICATES, TRUTH_REPLICATES = 200, 20


@dataclass
class Lived:
    """A block of customers as they lived, and who of them may be asked."""

    customer_id: np.ndarray
    traits: object
    stage: object
    world: object
    history: object
    felt: np.ndarray
    sampled: np.ndarray
    contacts: pd.DataFrame


def make_bank(home: Path, seed: int, customers: int) -> list[Lived]:
    """The bank below `home`, prepared; its customers' lives."""
    blocks, asked = [], []
    deliver, invite = making._Block.deliver, making.invite

    def recorded_invite(rng, world, traits, sampled, history, contacts):
        asked.append((sampled, contacts))
        return invite(rng, world, traits, sampled, history, contacts)

    def recorded_deliver(block, *rest):
        made = deliver(block, *rest)
        felt = surveys.felt_lately(block.history.struck)
        blocks.append(
            Lived(block.numbers["core"], block.traits, block.cast.stage, block.cast.world, block.history, felt, *asked[-1])
        )
        return made

    making._Block.deliver, making.invite = recorded_deliver, recorded_invite
    try:
        making.make_demo_bank(home / "data" / "raw" / "demo", customers, seed)
    finally:
        making._Block.deliver, making.invite = deliver, invite
    prepare_bank("demo", None, "", False)
    return blocks


def hold_survey(random: np.random.Generator, blocks: list[Lived], is_observed: bool, as_of) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Responses and invitations in canonical columns, answered by `as_of`."""
    made = []
    for block in blocks:
        world = replace(block.world, is_response_observed=is_observed)
        sent = surveys.invite(random, world, block.traits, block.sampled, block.history, block.contacts)
        given = surveys.respond(random, block.traits, block.stage, block.history, block.felt, sent)
        trigger = sent["trigger"].to_numpy()[given["invitation"]]
        made.append(given.assign(customer_id=block.customer_id[given["customer"]], trigger=trigger))
    rows = pd.concat(made, ignore_index=True)
    rows = rows.assign(answered_date=pd.to_datetime(rows["answered"]), response_id=[f"R{place}" for place in rows.index])
    rows = rows[rows["answered_date"] <= pd.Timestamp(as_of)]
    return rows[["response_id", "customer_id", "answered_date", "overall"]], rows[["response_id", "customer_id", "trigger"]]


def true_marks(random: np.random.Generator, blocks: list[Lived]) -> pd.Series:
    """The mark that each customer would give on the last day."""
    parts = []
    for block in blocks:
        mood, felt = block.history.satisfaction[:, AS_OF_MONTH], block.felt[:, :, AS_OF_MONTH]
        given = surveys.answer(random, block.traits, block.stage, mood, felt)
        parts.append(pd.Series(given["overall"], index=block.customer_id))
    whole = pd.concat(parts)
    return whole[~whole.index.duplicated()]


def judge(found: Unasked, groups: dict, marks: pd.Series, mean_marks: pd.Series, seed: int) -> list[dict]:
    """A row each group, and one of all: predicted, low, high, realised (all marks drawn once), true (their expectation)."""
    nobody = pd.DataFrame({"customer_id": [], "overall": []})
    whole, table = whole_mean(found, seed), group_means(found, groups, nobody, seed)
    labels = {(str(heading), str(label)): own.index[own.astype(str) == str(label)] for heading, own in groups.items() for label in own.dropna().unique()}  # fmt: skip
    rows = [("all", whole.value, whole.low, whole.high, found.customers.index)]
    for _, row in table.iterrows():
        inside = found.customers.index.intersection(labels[str(row["group"]), str(row["label"])])
        rows.append((str(row["group"]), row["value"], row["low"], row["high"], inside))
    return [
        {"group": group, "predicted": value, "low": low, "high": high, "realised": marks.reindex(own).mean(), "true": mean_marks.reindex(own).mean()}
        for group, value, low, high, own in rows
    ]  # fmt: skip


def one_bank(seed: int, customers: int, count: int) -> tuple[list[dict], list[dict], list[bool]]:
    """Rows of groups, of surveys, and whether shuffled marks were said to be predicted."""
    with tempfile.TemporaryDirectory() as scratch, environment(CRM_HOME=scratch):
        home = Path(scratch)
        (home / ROOT_MARK).touch()
        (home / "data" / "raw").mkdir(parents=True)
        blocks = make_bank(home, seed, customers)
        book = open_bank("demo")
        history, latest = book.feature_history(), book.features()
        groups = {**customer_groups(latest, book.config.tiers), **unasked_groups(latest, book.table("branches"))}
        as_of = book.as_of
    random = np.random.default_rng(seed)
    mean_marks = sum(true_marks(random, blocks) for _ in range(TRUTH_REPLICATES)) / TRUTH_REPLICATES
    by_group, by_survey, wrongly = [], [], []
    for number in range(count):
        for law, is_observed in LAWS.items():
            given, sent = hold_survey(random, blocks, is_observed, as_of)
            found = unasked(given, sent, history, REPLICATES, number)
            said = {"bank": seed, "survey": number, "law": law}
            rows = judge(found, groups, true_marks(random, blocks), mean_marks, number)
            by_group += [{**said, **row} for row in rows]
            saved = found.made.r_squared
            by_survey.append({**said, "answers": len(found.answers), "judged": len(found.validation), "r_squared": saved.value, "predicts": found.predicts, "plain": found.plain.r_squared.value, "slope": found.slope.value, "shift": found.shift.value, "rmse": found.made.rmse.value})  # fmt: skip
        shuffled = given.assign(overall=random.permutation(given["overall"]))
        wrongly.append(unasked(shuffled, sent, history, 2, number).predicts)
    return by_group, by_survey, wrongly


def summary(by_group: pd.DataFrame) -> list[dict]:
    """Coverage of the prediction intervals and bias, by law and way of grouping."""
    made = []
    centre = by_group[by_group["group"] == "all"].groupby("law").apply(lambda rows: (rows["predicted"] - rows["true"]).mean(), include_groups=False)  # fmt: skip
    for (law, group), rows in by_group.groupby(["law", "group"]):
        hit = (rows["low"] <= rows["realised"]) & (rows["realised"] <= rows["high"])
        moved = centre[law]
        hit_moved = (rows["low"] - moved <= rows["realised"]) & (rows["realised"] <= rows["high"] - moved)
        made.append(
            {
                "law": law, "group": group, "intervals": len(rows), "coverage": round(float(hit.mean()), 3),
                "coverage_less_common_bias": round(float(hit_moved.mean()), 3), "width": round(float((rows["high"] - rows["low"]).mean()), 3),
                "bias": round(float((rows["predicted"] - rows["true"]).mean()), 3),
            }
        )  # fmt: skip
    return made


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    for name, value in {"banks": 3, "surveys": 20, "customers": 2000}.items():
        parser.add_argument(f"--{name}", type=int, default=value)
    asked = parser.parse_args()
    groups, held, wrongly = [], [], []
    for seed in range(1, asked.banks + 1):
        made = one_bank(seed, asked.customers, asked.surveys)
        groups, held, wrongly = groups + made[0], held + made[1], wrongly + made[2]
        study = report(seed, asked, pd.DataFrame(groups), pd.DataFrame(held), wrongly)
        RESULT.write_text(json.dumps(study, indent=1) + "\n", encoding="utf-8")
        sys.stderr.write(f"bank {seed} of {asked.banks}\n")
    sys.stdout.write(f"{pd.DataFrame(study['results']).to_string(index=False)}\n{pd.DataFrame(study['means']).T.to_string()}\n")
    sys.stdout.write(f"shuffled marks said to be predicted: {study['shuffled']}\n")


def report(banks: int, asked, groups: pd.DataFrame, held: pd.DataFrame, wrongly: list[bool]) -> dict:
    """What was run on the banks so far, and the result."""
    means = held.drop(columns=["bank", "survey"]).groupby("law").mean().round(3)
    said = int(sum(wrongly))
    above = binomtest(said, len(wrongly), 0.025, alternative="greater").pvalue
    return {
        "what": "group means of satisfaction predicted for all customers, against the marks that all would give; and shuffled marks",
        "banks": banks, "seeds": f"1..{banks}, none chosen", "customers": asked.customers, "surveys": f"{asked.surveys} a bank and law",
        "results": summary(groups), "means": means.to_dict("index"),
        "shuffled": {"said": said, "of": len(wrongly), "p_above_2.5_percent": round(float(above), 4)},
    }  # fmt: skip


if __name__ == "__main__":
    main()
