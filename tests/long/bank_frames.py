"""Simulated banks in seconds, for studies over many seeds: the lives of `crm demo`, kept as canonical tables without raw files.

The streams of chance are those of `crm demo`: the same seed, size and world give the same lives, bookings, contacts,
complaints and campaigns. Left out are what departments soil, the linking of their numbers, surveys, texts, names and
prospects. `python tests/long/bank_frames.py` holds a bank against one that was made and prepared in full.
"""

import argparse
import datetime as dt
import json
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from importlib.resources import files
from pathlib import Path
from tempfile import TemporaryDirectory
from types import SimpleNamespace
from unittest.mock import patch

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq

from analysis.bank.book import Book
from analysis.bank.config import read_config
from analysis.bank.contracts import TABLES
from analysis.bank.demo import making, offices
from analysis.bank.demo.bookings import CATEGORIES, CHANNELS, INITIATORS, make_bookings
from analysis.bank.demo.calendar import MONTHS, first_day, last_day
from analysis.bank.demo.extracts import YUAN_IN_WAN
from analysis.bank.demo.grievances import draw_extensions, make_complaints
from analysis.bank.demo.money import make_balances
from analysis.bank.demo.outcomes import Horizon
from analysis.bank.demo.products import contracts_of
from analysis.bank.demo.risks import Seen, at_risk, chances, risk_rows, seen_of
from analysis.bank.demo.surroundings import FEE_ANNOUNCED_MONTH, FEE_NEW, FEE_OLD
from analysis.bank.demo.truth import RULE_MONTHS, Truth
from analysis.bank.demo.visits import make_contacts, make_logins
from analysis.bank.demo.worlds import customers_of, make_world

AS_OF = dt.date(2025, 6, 30)
SCHEMA = {
    "text": pa.string(), "int": pa.int64(), "number": pa.float64(), "date": pa.date32(), "timestamp": pa.timestamp("us"),
    "bool": pa.bool_(),
}  # fmt: skip
INITIATED_BY = ("customer", "bank", "bank")
MEMORY = Path("/dev/shm")

Frames = dict[str, pd.DataFrame]


@dataclass(frozen=True)
class SimulatedBank:
    """`book`: what a notebook opens, seen on AS_OF; `cast` and `blocks` (see `bank.demo.making`): the truth behind it, of each block of
    customers its `history`; `seen`: by block, what an analyst sees of it (see `risks.Seen`)."""

    book: Book
    world: object
    cast: object
    blocks: list
    seen: list[Seen]

    def truth(self) -> dict[str, dict]:
        """`change.*`, `cause.*`, `cause_alone.*` and `cause_joint` as in truth.json (value, mc_error, and for causes `by_rule` and
        `naive`), by draws of their own."""
        rng, facts = np.random.default_rng([self.world.seed, len(self.cast.people), 64]), Truth(self.world, len(self.cast.people))
        for block, seen in zip(self.blocks, self.seen, strict=True):
            facts._add_years(rng, block.traits, block.held, self.cast.stage, block.history, seen)
        return {**facts._change_facts(), **facts._cause_facts()}

    def risks(self, landmark: int) -> pd.DataFrame:
        """The true chances of RULE_MONTHS after the landmark (a month of `history.LANDMARKS`): see `risks.risk_rows`."""
        rng, parts = np.random.default_rng([self.world.seed, len(self.cast.people), landmark]), []
        for block, seen in zip(self.blocks, self.seen, strict=True):
            rows = at_risk(landmark, block.traits, block.history, seen)
            horizon = Horizon(landmark, RULE_MONTHS)
            ways, _ = chances(rng, horizon, rows, block.traits, block.held, self.cast.stage, self.world, block.history)
            parts.append(risk_rows(block.people["customer_id"].to_numpy(dtype=object)[rows], landmark, ways))
        return pd.concat(parts, ignore_index=True)

    def fates(self) -> pd.DataFrame:
        """As truth/customers.parquet."""
        return pd.concat([block.fates() for block in self.blocks], ignore_index=True)


@contextmanager
def simulated(customers: int | None, seed: int, world: str = "default") -> Iterator[SimulatedBank]:
    """A bank whose tables lie in memory for as long as the block lasts."""
    with TemporaryDirectory(prefix="bank-", dir=MEMORY if MEMORY.is_dir() else None) as folder:
        yield make_bank(Path(folder), customers, seed, world)


def make_bank(folder: Path, customers: int | None, seed: int, world: str = "default") -> SimulatedBank:
    """The same with its tables in `folder`, for `crm`'s own use as data/processed/<bank>."""
    chosen = make_world(world, seed)
    size = customers_of(world, customers)
    with patch.object(making.lists, "make_lists", _core_numbers):
        cast = making._cast(making._streams(seed, making.STREAMS), chosen, size)
    blocks, seen, parts = [], [], []
    for number, start in enumerate(range(0, size, making.BLOCK)):
        rows = np.arange(start, min(start + making.BLOCK, size))
        block = making._Block(cast, rows, making._streams(seed, making.BLOCK_STREAMS, number))
        tables, visible = _facts(block, number)
        blocks.append(block)
        seen.append(visible)
        parts.append(tables)
    tables = {name: pa.concat_tables([part[name] for part in parts]) for name in parts[0]}
    for name, table in {**tables, **_stage(cast.stage)}.items():
        pq.write_table(table, folder / f"{name}.parquet", compression="lz4")
    config = read_config(Path(str(files(making.__package__) / "bank.yaml")))
    span = [str(first_day(0)), str(last_day(MONTHS - 1))]
    manifest = {"tables": {name: {"columns": list(TABLES[name].column_names)} for name in tables}, "span": span, "identity": {}}
    return SimulatedBank(Book(config, AS_OF, folder, dt.date.fromisoformat(span[0]), manifest), chosen, cast, blocks, seen)


def _core_numbers(rng, people, traits, stage) -> SimpleNamespace:
    """In place of the departments' lists: the core number alone."""
    return SimpleNamespace(numbers={"core": people["customer_id"].to_numpy(dtype=object)})


def _facts(block, number: int) -> tuple[dict[str, pa.Table], Seen]:
    """A block's canonical tables in the order in which `_Block.deliver` draws them, and what is seen of it."""
    cast, history, rng = block.cast, block.history, block.rng
    balances = make_balances(rng["money"], block.people, block.holdings, cast.drawn[block.rows], block.held.matures, history)
    offers = []
    with patch.object(offices, "write_offers", lambda delivery, numbers, made: offers.append(made)):
        amounts = block._campaigns(SimpleNamespace(parquet=lambda *given, **more: None), balances)
    bookings = make_bookings(rng["bookings"], block.people, block.traits, history, balances, block._dues())
    contacts = make_contacts(rng["contacts"], block.traits, cast.stage, cast.world, history)
    logins = make_logins(rng["contacts"], block.traits, cast.stage, history)
    complaints = make_complaints(rng["complaints"], block.traits, history, contacts)
    complaints = complaints.assign(**draw_extensions(rng["follow_up"], complaints))
    ids = block.people["customer_id"].to_numpy(dtype=object)
    branch = cast.stage.branches["branch_id"].to_numpy(dtype=object)
    tables = {
        "customers": _customers(block, branch),
        "holdings": _holdings(contracts_of(block.holdings), ids, number),
        "balances": _balances(history.is_open, balances, ids),
        "contributions": _contributions(history.is_open, amounts, ids),
        "transactions": _transactions(bookings, ids),
        "contacts": _contacts(contacts, logins, ids, branch, number),
        "complaints": _complaints(complaints, block._products(complaints), ids, branch, number),
        "campaigns": _campaigns(offers[0], ids),
        **_care(block, ids, number),
    }
    return tables, seen_of(bookings.last_own(len(ids)), balances, amounts)


def _table(contract: str, rows: int, /, **columns: object) -> pa.Table:
    """The canonical table with these columns, the others null."""
    kept = {}
    for column in TABLES[contract].columns:
        values, kind = columns.get(column.name), SCHEMA[column.type]
        if values is None:
            kept[column.name] = pa.nulls(rows, kind)
        elif isinstance(values, pa.Array | pa.ChunkedArray):
            kept[column.name] = values.cast(kind)
        else:
            kept[column.name] = _array(np.asarray(values), kind)
    return pa.table(kept)


def _array(values: np.ndarray, kind: pa.DataType) -> pa.Array:
    if pa.types.is_date(kind):
        return pa.array(values.astype("datetime64[D]"), kind)
    if pa.types.is_timestamp(kind):
        return pa.array(values.astype("datetime64[us]"), kind)
    if pa.types.is_string(kind):
        return pa.array([value if isinstance(value, str) and value else None for value in values.tolist()], kind)
    return pa.array(values, kind, from_pandas=True)


def _named(names, codes) -> pa.Array:
    """Texts by code; a code below 0: null."""
    codes = np.asarray(codes)
    return pa.array(list(names), pa.string()).take(pa.array(codes, pa.int64(), mask=codes < 0))


def _numbered(letter: str, number: int, size: int) -> list[str]:
    return [f"{letter}{number:03d}{one:07d}" for one in range(size)]


def _customers(block, branch: np.ndarray) -> pa.Table:
    people, history = block.people, block.history
    given = ("customer_id", "kind", "sex", "birth_date", "industry", "size", "risk_grade")
    return _table(
        "customers",
        len(people),
        **{name: people[name].to_numpy() for name in given},
        branch_id=_named(branch, people["branch"]),
        opened_date=people["opened"].to_numpy(),
        closed_date=history.closed,
        exit_reason=np.where(np.isnat(history.closed), "", history.exit_reason),
    )


def _holdings(contracts: pd.DataFrame, ids: np.ndarray, number: int) -> pa.Table:
    dated = {f"{name}_date": contracts[name].to_numpy() for name in ("opened", "matures", "closed")}
    own = {"customer_id": _named(ids, contracts["customer"]), "product": contracts["product"].astype(str).to_numpy()}
    return _table("holdings", len(contracts), holding_id=_numbered("A", number, len(contracts)), **own, **dated)


def _balances(is_open: np.ndarray, balances, ids: np.ndarray) -> pa.Table:
    customer, month = np.nonzero(is_open)
    parts = []
    for basis in ("average", "end"):
        money = {name: getattr(balances, f"{basis}_{name}")[customer, month] for name in ("deposits", "wealth", "loans")}
        money["wealth"] = (money["wealth"] / YUAN_IN_WAN).round(4) * YUAN_IN_WAN
        named = _named([basis], np.zeros(len(customer), int))
        parts.append(
            _table("balances", len(customer), customer_id=_named(ids, customer), month=last_day(month), basis=named, **money)
        )
    return pa.concat_tables(parts)


def _contributions(is_open: np.ndarray, amounts: dict[str, np.ndarray], ids: np.ndarray) -> pa.Table:
    customer, month = np.nonzero(is_open)
    money = {name: grid[customer, month].round(2) for name, grid in amounts.items()}
    return _table("contributions", len(customer), customer_id=_named(ids, customer), month=last_day(month), **money)


def _transactions(bookings, ids: np.ndarray) -> pa.Table:
    size = len(bookings.customer)
    start = first_day(0).astype("datetime64[s]")
    return _table(
        "transactions",
        size,
        transaction_id=pa.array(np.arange(size)),
        customer_id=_named(ids, bookings.customer),
        booked_at=start + bookings.second.astype("timedelta64[s]"),
        channel=_named(CHANNELS, bookings.channel),
        initiated_by=_named(INITIATED_BY[: len(INITIATORS)], bookings.initiator),
        amount=bookings.amount,
        category=_named(CATEGORIES, bookings.category),
    )


def _contacts(contacts: pd.DataFrame, logins: pd.DataFrame, ids: np.ndarray, branch: np.ndarray, number: int) -> pa.Table:
    given = ("started_at", "channel", "purpose", "wait_minutes", "handled_minutes", "abandoned", "outcome")
    seen = _table(
        "contacts",
        len(contacts),
        contact_id=_numbered("Q", number, len(contacts)),
        customer_id=_named(ids, contacts["customer"]),
        branch_id=_named(branch, contacts["branch"]),
        **{name: contacts[name].to_numpy() for name in given},
    )
    zero = np.zeros(len(logins), int)
    tried = _table(
        "contacts",
        len(logins),
        contact_id=_numbered("W", number, len(logins)),
        customer_id=_named(ids, logins["customer"]),
        started_at=logins["started_at"].to_numpy(),
        channel=_named(["app"], zero),
        purpose=_named(["login"], zero),
        outcome=_named(["done", "failed"], logins["is_failed"].astype(int)),
    )
    return pa.concat_tables([seen, tried])


def _complaints(complaints: pd.DataFrame, product: np.ndarray, ids: np.ndarray, branch: np.ndarray, number: int) -> pa.Table:
    given = set(TABLES["complaints"].column_names) & set(complaints.columns)
    return _table(
        "complaints",
        len(complaints),
        complaint_id=_numbered("G", number, len(complaints)),
        customer_id=_named(ids, complaints["customer"]),
        branch_id=_named(branch, complaints["branch"]),
        product=product,
        **{name: complaints[name].to_numpy() for name in sorted(given)},
    )


def _campaigns(offers: pd.DataFrame, ids: np.ndarray) -> pa.Table:
    given = ("campaign_id", "arm", "cost", "responded", "revenue")
    return _table(
        "campaigns",
        len(offers),
        customer_id=_named(ids, offers["customer"]),
        offered_date=offers["offered"].to_numpy(),
        product=offers["product"].astype(str).to_numpy(),
        **{name: offers[name].to_numpy() for name in given},
    )


def _care(block, ids: np.ndarray, number: int) -> dict[str, pa.Table]:
    """Assignments, alerts and consents, drawn as `_Block._care` draws them."""
    kept = {}

    def keep(delivery, numbers, assignments, alerts, consents) -> None:
        kept.update(assignments=assignments, alerts=alerts, consents=consents)

    with patch.object(offices, "write_care", keep):
        block._care(None)
    own = {name: {"customer_id": _named(ids, frame["customer"])} for name, frame in kept.items()}
    assignments, alerts, consents = (kept[name] for name in ("assignments", "alerts", "consents"))
    told = {name: alerts[name].to_numpy() for name in ("owner", "reason", "action", "held_out", "outcome", "outcome_date")}
    return {
        "assignments": _table(
            "assignments",
            len(assignments),
            **own["assignments"],
            from_date=assignments["from"].to_numpy(),
            manager_id=assignments["manager_id"].to_numpy(),
            until_date=assignments["until"].to_numpy(),
            reason=assignments["reason"].to_numpy(),
        ),
        "alerts": _table(
            "alerts",
            len(alerts),
            **own["alerts"],
            **told,
            alert_id=_numbered("AL", number, len(alerts)),
            raised_date=alerts["raised"].to_numpy(),
        ),
        "consents": _table(
            "consents",
            len(consents),
            **own["consents"],
            purpose=consents["purpose"].to_numpy(),
            given_date=consents["given"].to_numpy(),
            withdrawn_date=consents["withdrawn"].to_numpy(),
        ),
    }


def _stage(stage) -> dict[str, pa.Table]:
    """Branches, tariffs, incidents and market rates, as `lists.write_surroundings` delivers them."""
    branches, rates = stage.branches, stage.rates
    raised = branches.assign(month=stage.fee_month)[stage.fee_month < MONTHS]
    size = len(raised)
    out = stage.outages.assign(scope="channel", channel="app", branch_id="", kind="app_outage")
    incidents = pd.concat([out, stage.incidents.assign(scope="branch", channel="")], ignore_index=True)
    told = {name: incidents[name].to_numpy() for name in ("incident_id", "scope", "channel", "branch_id", "kind")}
    return {
        "branches": _table(
            "branches", len(branches), **{name: branches[name].to_numpy() for name in TABLES["branches"].column_names}
        ),
        "tariffs": _table(
            "tariffs",
            size,
            product=["card"] * size,
            branch_id=raised["branch_id"].to_numpy(),
            effective_date=first_day(raised["month"].to_numpy()),
            announced_date=np.full(size, first_day(FEE_ANNOUNCED_MONTH) + np.timedelta64(14, "D")),
            old_fee=np.full(size, float(FEE_OLD)),
            new_fee=np.full(size, float(FEE_NEW)),
        ),
        "incidents": _table(
            "incidents",
            len(incidents),
            **told,
            started_at=incidents["started"].to_numpy(),
            ended_at=incidents["ended"].to_numpy(),
        ),
        "market_rates": _table(
            "market_rates",
            len(rates),
            area=rates["area"].to_numpy(),
            month=last_day(rates["month"].to_numpy()),
            product=["term"] * len(rates),
            own_rate=rates["own_rate"].to_numpy(),
            competitor_rate=rates["competitor_rate"].to_numpy(),
        ),
    }


def compare(home: Path, seed: int, world: str) -> dict[str, int]:
    """A bank prepared in full under `home` (bank demo) beside the one simulated here → how many customers were compared, and for how
    many outcomes of the year to AS_OF, features, deeds and true lives differ."""
    from analysis.study.churn import ChurnRule, outcomes

    rule, opening = ChurnRule(12, 180, 0.8), dt.date(2024, 6, 30)
    truth = pd.read_parquet(home / "data/raw/demo/truth/customers.parquet").set_index("customer_id")
    with simulated(len(truth), seed, world) as bank:
        whole = Book(bank.book.config, AS_OF, home / "data/processed/demo", bank.book.first_date, {})
        made, full = ({day: book.features(day) for day in (opening, AS_OF)} for book in (bank.book, whole))
        told = {name: (bank.book.table(name), whole.table(name)) for name in ("complaints", "contacts", "holdings", "alerts")}
        lives = bank.fates().set_index("customer_id")
    ours, theirs = (outcomes(features[opening], features[AS_OF], rule).set_index("customer_id") for features in (made, full))
    both = ours.index.intersection(theirs.index)
    counted = {name: [frame.groupby("customer_id").size() for frame in pair] for name, pair in told.items()}
    amounts = [features[AS_OF].set_index("customer_id").select_dtypes("number").fillna(-1) for features in (made, full)]
    near = amounts[0].index.intersection(amounts[1].index)
    apart = (amounts[0].loc[near] - amounts[1].loc[near, amounts[0].columns]).abs() > 1e-6 * (1 + amounts[0].loc[near].abs())
    return {
        "customers": len(both),
        "at_risk_in_one_only": len(ours.index.symmetric_difference(theirs.index)),
        "outcomes_differ": int((ours.loc[both] != theirs.loc[both]).any(axis=1).sum()),
        "features_differ": int(apart.any(axis=1).sum()),
        "lives_differ": int((_as_text(lives) != _as_text(truth.loc[lives.index, lives.columns])).any(axis=1).sum()),
        **{f"{name}_differ": int((pair[0] - pair[1]).fillna(1).ne(0).sum()) for name, pair in counted.items()},
    }


def _as_text(lives: pd.DataFrame) -> pd.DataFrame:
    dated = {name: pd.to_datetime(lives[name]) for name in lives if name.endswith("_month")}
    return lives.assign(**dated).astype(object).fillna("").astype(str)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--home", type=Path, required=True, help="CRM_HOME of a prepared bank demo")
    parser.add_argument("--seed", type=int, default=7)
    parser.add_argument("--world", default="clean")
    asked = parser.parse_args()
    sys.stdout.write(json.dumps(compare(asked.home, asked.seed, asked.world), indent=1) + "\n")


if __name__ == "__main__":
    main()
