"""The demo bank made: the stage and the people first, then their lives block by block, delivered as departments would."""

from dataclasses import dataclass
from importlib.resources import files
from pathlib import Path

import numpy as np
import pandas as pd
import pyarrow as pa

from analysis.bank.demo import dirt, extracts, lists, offices
from analysis.bank.demo.bookings import Dues, interest_rates, make_bookings
from analysis.bank.demo.calendar import AS_OF_MONTH, MONTHS, NEVER, last_day
from analysis.bank.demo.campaigns import make_campaigns
from analysis.bank.demo.companies import make_exposures, make_ties
from analysis.bank.demo.finance import make_contributions
from analysis.bank.demo.folder import replacing
from analysis.bank.demo.grievances import draw_extensions, make_complaints
from analysis.bank.demo.history import KINDS, History, live
from analysis.bank.demo.money import Balances, drawn_here, make_balances
from analysis.bank.demo.people import Traits, make_people, traits_of
from analysis.bank.demo.products import (
    close_with_customers,
    contracts_of,
    count_held,
    make_holdings,
    matures_in,
    with_credit_lines,
)
from analysis.bank.demo.prospects import make_consents, make_prospects
from analysis.bank.demo.risks import seen_of
from analysis.bank.demo.service import make_alerts, make_assignments
from analysis.bank.demo.state import Held
from analysis.bank.demo.surroundings import FEE_NEW, FEE_OLD, Surroundings, make_surroundings
from analysis.bank.demo.surveys import draw_effort, felt_lately, invite, respond
from analysis.bank.demo.truth import Truth
from analysis.bank.demo.visits import make_contacts, make_logins
from analysis.bank.demo.worlds import DEFAULT_SEED, World, customers_of, make_world
from analysis.bank.demo.writing import Delivery
from analysis.errors import UserError
from analysis.wording import say

SMALLEST = 300
DEFINITIONS = ("bank.yaml", "segment_actions.csv", "complaint_actions.csv", "warning_actions.csv", "decisions.csv")
BLOCK = 5000
STREAMS = ("stage", "people", "holdings", "lists", "companies", "prospects", "dirt")
BLOCK_STREAMS = (
    "life",
    "money",
    "campaigns",
    "bookings",
    "contacts",
    "complaints",
    "surveys",
    "care",
    "dirt",
    "truth",
    "follow_up",
)
OFFERED = ("wealth", "term", "fund")
HAS = {"card": ["card"], "loan": ["loan", "mortgage"]}


def make_demo_bank(out: Path, customers: int | None = None, seed: int = DEFAULT_SEED, world: str = "default") -> None:
    """Write the demo bank's folder: raw extracts, DEFINITIONS and truth/. The same seed, size and world give the same bytes.

    `customers` counts all who ever were customers in the 48 months (5,000; 300 in the world `small`). UserError: fewer than
    300 customers, an unknown world, a folder that holds something else, a full disk; then nothing is changed.
    """
    chosen, size = make_world(world, seed), customers_of(world, customers)
    if size < SMALLEST:
        raise UserError(
            say(
                "The demo bank needs at least {smallest:count} customers, not {customers:count}.",
                smallest=SMALLEST, customers=size,
            )
        )  # fmt: skip
    with replacing(Path(out)) as folder, Delivery(folder) as delivery, dirt.spotless(chosen.is_clean):
        _write(delivery, chosen, size)
        for name in DEFINITIONS:
            (folder / name).write_bytes(files(__package__).joinpath(name).read_bytes())


@dataclass(frozen=True)
class _Cast:
    """All that lives start from. `drawn`: what companies owe here by credit lines (customers × 48, CNY); `groups`: the truth."""

    world: World
    stage: Surroundings
    people: pd.DataFrame
    traits: Traits
    holdings: pd.DataFrame
    held: Held
    lists: lists.Lists
    ties: pd.DataFrame
    groups: pd.DataFrame
    exposures: pd.DataFrame
    drawn: np.ndarray


def _write(delivery: Delivery, world: World, size: int) -> None:
    rng = _streams(world.seed, STREAMS)
    cast = _cast(rng, world, size)
    truth, responses = Truth(world, size), []
    ended = {"closed": [], "exit_reason": [], "truth": []}
    for number, start in enumerate(range(0, size, BLOCK)):
        block = _Block(cast, np.arange(start, min(start + BLOCK, size)), _streams(world.seed, BLOCK_STREAMS, number))
        responses.append(block.deliver(delivery, truth))
        ended["closed"].append(block.history.closed)
        ended["exit_reason"].append(block.history.exit_reason)
        ended["truth"].append(block.fates())
    closed, reason = np.concatenate(ended["closed"]), np.concatenate(ended["exit_reason"])
    offices.write_responses(delivery, pd.concat(responses, ignore_index=True))
    lists.write_lists(delivery, rng["dirt"], cast.lists, cast.people, closed, reason)
    lists.write_surroundings(delivery, cast.stage)
    _write_companies(delivery, cast, closed)
    prospects = make_prospects(rng["prospects"], cast.people, cast.stage.branches)
    offices.write_prospects(delivery, cast.lists.numbers, prospects)
    place = delivery.folder / "truth"
    truth.write(place)
    for name, frame in {"customers": pd.concat(ended["truth"]), "parties": cast.lists.parties, "groups": cast.groups}.items():
        frame.to_parquet(place / f"{name}.parquet", index=False)


def _streams(seed: int, names: tuple[str, ...], block: int | None = None) -> dict[str, np.random.Generator]:
    """A generator for each name, of its own for each block of customers."""
    root = np.random.SeedSequence(seed, spawn_key=() if block is None else (len(STREAMS), block))
    return {name: np.random.default_rng(child) for name, child in zip(names, root.spawn(len(names)), strict=True)}


def _cast(rng: dict, world: World, size: int) -> _Cast:
    stage = make_surroundings(rng["stage"])
    people = make_people(rng["people"], size, stage, world)
    companies = people[people["kind"] == "corporate"]
    ties, groups = make_ties(rng["companies"], companies)
    exposures = make_exposures(rng["companies"], companies, groups)
    drawn = drawn_here(exposures, people)
    holdings = with_credit_lines(make_holdings(rng["holdings"], people, world), people, np.flatnonzero(drawn.any(axis=1)))
    has = {name: count_held(holdings[holdings["product"].isin(kinds)], size) > 0 for name, kinds in HAS.items()}
    held = Held(count_held(holdings, size), **has, matures=matures_in(holdings, size))
    traits = traits_of(people)
    listed = lists.make_lists(rng["lists"], people, traits, stage)
    return _Cast(world, stage, people, traits, holdings, held, listed, ties, groups, exposures, drawn)


def _write_companies(delivery: Delivery, cast: _Cast, closed: np.ndarray) -> None:
    left = cast.exposures["customer_id"].map(dict(zip(cast.people["customer_id"], closed, strict=True)))
    kept = cast.exposures[~(left < cast.exposures["reported"])].reset_index(drop=True)
    offices.write_credit(delivery, cast.lists.numbers, cast.people, cast.ties, kept)


class _Block:
    """Some customers in a row: their lives, and what departments keep of them."""

    def __init__(self, cast: _Cast, rows: np.ndarray, rng: dict[str, np.random.Generator]):
        self.cast, self.rows, self.rng = cast, rows, rng
        self.people = cast.people.iloc[rows].assign(customer=np.arange(len(rows))).reset_index(drop=True)
        self.traits, self.held = cast.traits.take(rows), cast.held.take(rows)
        self.numbers = {name: all_of[rows] for name, all_of in cast.lists.numbers.items()}
        inside = cast.holdings["customer"].between(rows[0], rows[-1])
        wished = cast.holdings[inside].assign(customer=cast.holdings["customer"][inside] - rows[0]).reset_index(drop=True)
        self.history: History = live(rng["life"], self.traits, self.held, cast.stage, cast.world)
        self.holdings = close_with_customers(wished, self.history.closed)

    def deliver(self, delivery: Delivery, truth: Truth) -> pd.DataFrame:
        """Writes the block's facts and adds its truth; returns its rows of the survey office's workbook."""
        soil, stage, history = self.rng["dirt"], self.cast.stage, self.history
        branch_id = stage.branches["branch_id"].to_numpy(dtype=object)
        drawn = self.cast.drawn[self.rows]
        balances = make_balances(self.rng["money"], self.people, self.holdings, drawn, self.held.matures, history)
        amounts = self._campaigns(delivery, balances)
        second = self._second_numbers()
        extracts.write_accounts(delivery, soil, self.numbers, contracts_of(self.holdings), second)
        extracts.write_balances(delivery, soil, self.numbers, history.is_open, balances)
        extracts.write_contributions(delivery, self.numbers, history.is_open, amounts)
        bookings = make_bookings(self.rng["bookings"], self.people, self.traits, history, balances, self._dues())
        extracts.write_transactions(delivery, soil, self.numbers, bookings)
        contacts = make_contacts(self.rng["contacts"], self.traits, stage, self.cast.world, history)
        ticket = extracts.write_contacts(delivery, soil, self.numbers, branch_id, contacts)
        extracts.write_logins(delivery, self.numbers, make_logins(self.rng["contacts"], self.traits, stage, history))
        complaints = make_complaints(self.rng["complaints"], self.traits, history, contacts)
        complaints = complaints.assign(**draw_extensions(self.rng["follow_up"], complaints))
        extracts.write_complaints(delivery, soil, self.numbers, stage.branches, self._products(complaints), complaints)
        self._care(delivery)
        felt = felt_lately(history.struck)
        seen = seen_of(bookings.last_own(len(self.rows)), balances, amounts)
        truth.add(self.rng["truth"], self.people, self.traits, self.held, stage, history, felt, seen)
        sampled = self.numbers["survey"] != ""
        sent = invite(self.rng["surveys"], self.cast.world, self.traits, sampled, history, contacts)
        response = offices.write_invitations(delivery, self.numbers, sent, ticket)
        given = respond(self.rng["surveys"], self.traits, stage, history, felt, sent)
        given = given.assign(effort=draw_effort(self.rng["follow_up"], given, sent["trigger"].to_numpy()))
        return offices.response_rows(soil, self.numbers, branch_id, response, given)

    def fates(self) -> pd.DataFrame:
        """The truth of each customer: customer_id, archetype, satisfaction at as_of, churn_month, churn_kind, returned_month."""
        left, back = self.history.churn_month, self.history.returned_month
        return pd.DataFrame(
            {
                "customer_id": self.people["customer_id"],
                "archetype": self.people["archetype"],
                "satisfaction": self.history.satisfaction[:, AS_OF_MONTH].astype(float),
                "churn_month": _month_end(left),
                "churn_kind": np.where(left == NEVER, None, np.array(KINDS, dtype=object)[self.history.churn_kind]),
                "returned_month": _month_end(back),
            }
        )

    def _campaigns(self, delivery: Delivery, balances: Balances) -> dict[str, np.ndarray]:
        """Writes the campaigns; returns contributions with what they added."""
        is_company = (self.people["archetype"] == "company").to_numpy()
        amounts = make_contributions(self.rng["money"], balances, is_company)
        amounts["fees"] += self._dues().card_fee * self.history.is_open
        held = {name: count_held(self.holdings[self.holdings["product"] == name], len(self.rows)) > 0 for name in OFFERED}
        made = make_campaigns(self.rng["campaigns"], self.people, self.history.is_open, held, self.cast.world.campaign)
        for name in ("ftp_interest", "fees"):
            np.add.at(amounts[name], (made.contribution["customer"], made.contribution["month"]), made.contribution[name])
        bought = made.holdings.assign(closed=np.datetime64("NaT", "us"), is_line=False, bought_in_campaign=True)
        bought = bought.assign(product=pd.Categorical(bought["product"], self.holdings["product"].cat.categories))
        joined = pd.concat([self.holdings, close_with_customers(bought, self.history.closed)], ignore_index=True)
        self.holdings = joined.sort_values(["customer", "opened", "product"], ignore_index=True)
        offices.write_offers(delivery, self.numbers, made.offers)
        columns = {
            "customer_id": pa.array(self.numbers["core"][made.effects["customer"]], pa.string()),
            "campaign_id": pa.array(made.effects["campaign_id"], pa.string()),
            "effect": pa.array(made.effects["effect"], pa.float64()),
        }
        delivery.parquet("truth/effects.parquet", pa.table(columns), repeating=["campaign_id"])
        return amounts

    def _dues(self) -> Dues:
        """What deposits earn and cards cost these customers."""
        stage, months = self.cast.stage, np.arange(MONTHS)
        term = count_held(self.holdings[self.holdings["product"] == "term"], len(self.rows)) > 0
        own_rate = stage.rates.groupby("month")["own_rate"].first().to_numpy()
        fee = np.where(months >= stage.fee_month[self.traits.branch][:, None], FEE_NEW, FEE_OLD)
        return Dues(interest_rates(own_rate, term), fee * self.held.card)

    def _care(self, delivery: Delivery) -> None:
        assignments = make_assignments(self.traits, self.cast.stage, self.history)
        alerts = make_alerts(self.rng["care"], self.traits, self.cast.stage, self.history)
        consents = make_consents(self.rng["care"], self.people, (self.people["kind"] == "personal").to_numpy())
        is_moot = self.history.closed[consents["customer"]] < consents["withdrawn"].to_numpy().astype("datetime64[D]")
        consents = consents.assign(withdrawn=consents["withdrawn"].mask(is_moot))
        offices.write_care(delivery, self.numbers, assignments, alerts, consents)

    def _second_numbers(self) -> np.ndarray:
        seconds = self.cast.lists.seconds
        own = seconds[seconds["customer"].between(self.rows[0], self.rows[-1])]
        second = np.full(len(self.rows), "", dtype=object)
        second[own["customer"] - self.rows[0]] = own["customer_id"]
        return second

    def _products(self, complaints: pd.DataFrame) -> np.ndarray:
        """A product that each complainer holds, '' for the account alone."""
        last = self.holdings.drop_duplicates("customer", keep="last").set_index("customer")["product"].astype(str)
        product = complaints["customer"].map(last).fillna("")
        return product.where(product != "demand", "").to_numpy(dtype=object)


def _month_end(month: np.ndarray) -> np.ndarray:
    return np.where(month == NEVER, np.datetime64("NaT"), last_day(np.where(month == NEVER, 0, month)))
