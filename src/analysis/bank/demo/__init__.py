"""The demo bank: a whole simulated bank, written as its departments would deliver it, with its truth beside."""

import json
from importlib.resources import files
from pathlib import Path

import numpy as np
import pandas as pd

from analysis.bank.demo import extracts
from analysis.bank.demo.behaviour import History, live
from analysis.bank.demo.bookings import make_bookings
from analysis.bank.demo.calendar import AS_OF_MONTH, MONTHS, NEVER, last_day
from analysis.bank.demo.finance import make_contributions
from analysis.bank.demo.folder import replacing
from analysis.bank.demo.money import make_balances
from analysis.bank.demo.products import close_with_customers, count_held, make_holdings
from analysis.bank.demo.surveys import ITEMS, WEIGHTS, make_responses
from analysis.bank.demo.world import make_branches, make_customers
from analysis.errors import UserError
from analysis.wording import say

SMALLEST = 300
FOLDERS = ("core", "wealth", "ebank", "callcenter", "complaints", "survey", "finance", "truth")
STREAMS = (
    "branches",
    "customers",
    "holdings",
    "life",
    "balances",
    "contributions",
    "bookings",
    "surveys",
    "extracts",
    "soiled_bookings",
)


def make_demo_bank(out: Path, customers: int = 5000, seed: int = 7) -> None:
    """Write the demo bank's folder: raw extracts, bank.yaml and truth/. The same seed and size give the same bytes.

    `customers` counts all who ever were customers in the 48 months. UserError: fewer than 300 customers, a folder that
    holds something else, a full disk; then nothing is changed.
    """
    if customers < SMALLEST:
        raise UserError(
            say(
                "The demo bank needs at least {smallest:count} customers, not {customers:count}.",
                smallest=SMALLEST,
                customers=customers,
            )
        )
    with replacing(Path(out)) as folder:
        for name in FOLDERS:
            (folder / name).mkdir()
        _write(folder, customers, seed)


def _write(folder: Path, customers: int, seed: int) -> None:
    spawned = np.random.SeedSequence(seed).spawn(len(STREAMS))
    rng = {name: np.random.default_rng(sequence) for name, sequence in zip(STREAMS, spawned, strict=True)}
    branches = make_branches(rng["branches"])
    world = make_customers(rng["customers"], customers, branches)
    wished = make_holdings(rng["holdings"], world)
    history = live(rng["life"], world, branches, count_held(wished, customers))
    holdings = close_with_customers(wished, history.closed)
    balances = make_balances(rng["balances"], world, holdings, history.is_open, history.level, history.closed)
    customer_id = world["customer_id"].to_numpy(dtype=object)
    soil = rng["extracts"]
    extracts.write_customers(folder, soil, world, branches, history)
    extracts.write_branches(folder, branches)
    extracts.write_accounts(folder, soil, customer_id, holdings)
    extracts.write_balances(folder, soil, customer_id, balances)
    is_company = (world["kind"] == "corporate").to_numpy()
    contributions = make_contributions(rng["contributions"], balances, is_company)
    extracts.write_contributions(folder, customer_id, contributions)
    extracts.write_contacts(folder, soil, customer_id, history.contacts)
    extracts.write_complaints(folder, soil, customer_id, branches, history.complaints)
    _write_months(folder, rng, world, branches, history, balances)
    _write_truth(folder / "truth", world, history)
    (folder / "bank.yaml").write_bytes(files(__package__).joinpath("bank.yaml").read_bytes())


def _write_months(folder: Path, rng: dict, world: pd.DataFrame, branches, history: History, balances) -> None:
    opened = world["opened"].to_numpy().astype("datetime64[D]")
    customer_id = world["customer_id"].to_numpy(dtype=object)
    monthly = dict(tuple(balances.groupby("month")))
    responses = []
    for month in range(MONTHS):
        bookings = make_bookings(rng["bookings"], month, world, opened, history, monthly[month])
        extracts.write_transactions(folder, rng["soiled_bookings"], month, customer_id, bookings)
        responses.append(make_responses(rng["surveys"], month, world, branches, opened, history))
    answered = pd.concat(responses, ignore_index=True).sort_values(["answered", "customer"], ignore_index=True)
    extracts.write_responses(folder, rng["extracts"], customer_id, answered)


def _write_truth(folder: Path, world: pd.DataFrame, history: History) -> None:
    left = history.churn_month != NEVER
    truth = pd.DataFrame(
        {
            "customer_id": world["customer_id"],
            "archetype": world["archetype"],
            "satisfaction": history.satisfaction[:, AS_OF_MONTH],
            "churn_month": np.where(left, last_day(np.where(left, history.churn_month, 0)), np.datetime64("NaT")),
            "churn_kind": np.where(left, history.churn_kind, None),
        }
    )
    truth.to_parquet(folder / "customers.parquet", index=False)
    weights = {f"driver.{item}": {"structural_weight": weight} for item, weight in zip(ITEMS, WEIGHTS, strict=True)}
    (folder / "truth.json").write_text(json.dumps(weights, indent=1) + "\n")
