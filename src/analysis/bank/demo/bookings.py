"""Transactions of the demo bank's customers."""

from dataclasses import dataclass

import numpy as np
import pandas as pd

from analysis.bank.demo.calendar import MONTHS, draw_days, first_day, last_day, last_open_day, pick, to_workday
from analysis.bank.demo.money import Balances
from analysis.bank.demo.people import SALARIED, Traits
from analysis.bank.demo.surroundings import is_month

CHANNELS = ("branch", "atm", "pos", "phone", "web", "app")
CATEGORIES = (
    "cash_deposit", "cash_withdrawal", "transfer_out", "transfer_in", "investment", "groceries", "dining", "retail", "travel",
    "utilities", "salary", "interest", "loan_repayment", "card_fee", "settlement_in", "settlement_out",
)  # fmt: skip
OF_CHANNEL = {
    "branch": ("cash_deposit", "cash_withdrawal", "transfer_out", "investment"),
    "atm": ("cash_withdrawal", "cash_withdrawal", "cash_withdrawal", "cash_deposit"),
    "pos": ("groceries", "dining", "retail", "travel"),
    "phone": ("transfer_out", "transfer_out", "utilities", "investment"),
    "web": ("transfer_out", "transfer_in", "utilities", "investment"),
    "app": ("transfer_out", "transfer_in", "retail", "utilities"),
}
INCOMING = ("cash_deposit", "transfer_in", "salary", "interest")
TYPICAL_AMOUNT = {
    "cash_deposit": 2500, "cash_withdrawal": 1200, "transfer_out": 1500, "transfer_in": 2600, "investment": 12_000,
    "groceries": 120, "dining": 90, "retail": 260, "travel": 700, "utilities": 160, "salary": 0, "interest": 0, "loan_repayment": 0,
    "card_fee": 0, "settlement_in": 0, "settlement_out": 0,
}  # fmt: skip
HOURS = {"branch": (8.5, 17.5), "atm": (6, 23), "pos": (9, 22.5), "phone": (8, 20), "web": (8, 23), "app": (6.5, 24)}
MERCHANTS, EMPLOYERS = 400, 120
INITIATORS = ("customer", "payroll", "bank")
COMPANY_FACTOR = 12.0
FESTIVAL_ACTIVITY = 1.15
SALARY = 7500.0
SALARY_DAYS = (5, 10, 15, 25)
INTEREST_DAY = 21
DEMAND_RATE, TERM_SHARE = 0.0035, 0.6
LENDING_RATE = 0.042
FEE_DAY = 20
ATM_STEP, ATM_MOST = 100, 20_000
SMALLEST_SETTLEMENT = 1.0
KINDS = {
    "customer": np.int32, "month": np.int8, "second": np.int32, "channel": np.int8, "initiator": np.int8, "amount": np.float64,
    "category": np.int8, "party": np.int16,
}  # fmt: skip


@dataclass(frozen=True)
class Dues:
    """customers × 48: the yearly rate of interest on deposits, and the monthly fee of a card (CNY; 0: none)."""

    interest_rate: np.ndarray
    card_fee: np.ndarray


@dataclass(frozen=True)
class Bookings:
    """One row a booking in order of time, as arrays: customer (row), month, second (since the first month), channel (code of
    CHANNELS; -1: automatic), initiator (code of INITIATORS), amount (CNY, money in positive), category (code), party
    (merchant 1-400, employer 1001-1120, 0: none)."""

    customer: np.ndarray
    month: np.ndarray
    second: np.ndarray
    channel: np.ndarray
    initiator: np.ndarray
    amount: np.ndarray
    category: np.ndarray
    party: np.ndarray

    def take(self, rows: np.ndarray) -> "Bookings":
        """Some rows."""
        return Bookings(**{name: values[rows] for name, values in vars(self).items()})

    def last_own(self, customers: int) -> np.ndarray:
        """customers × 48: the day of the last booking made by the customer itself by each month's end; NaT: none yet."""
        last = np.full((customers, MONTHS), np.iinfo(np.int64).min)
        own = self.initiator == 0
        np.maximum.at(last, (self.customer[own], self.month[own]), self.second[own].astype(np.int64) // 86_400)
        day = np.maximum.accumulate(last, axis=1)
        return np.where(day >= 0, first_day(0) + np.maximum(day, 0).astype("timedelta64[D]"), np.datetime64("NaT"))


def make_bookings(
    rng: np.random.Generator, people: pd.DataFrame, traits: Traits, history, money: Balances, dues: Dues
) -> Bookings:
    """All bookings of these customers. What their own bookings, salaries and dues do not explain of the change of the deposits at
    a month's end comes as one settlement (a pension, the takings of a shop, a standing order), which the customer does not
    make himself."""
    parts = [
        _own(rng, people, traits, history),
        _salaries(rng, people, traits, history),
        _interest(traits, history, money.average_deposits * dues.interest_rate),
        _repayments(traits, history, money.end_loans),
        _fees(traits, history, dues.card_fee),
    ]
    parts.append(_settlements(rng, traits, history, money.end_deposits, parts))
    joined = _joined(parts)
    return joined.take(np.argsort(joined.second, kind="stable"))


def _joined(parts: list[Bookings]) -> Bookings:
    return Bookings(
        **{
            name: np.concatenate([getattr(part, name) for part in parts], dtype=kind, casting="unsafe")
            for name, kind in KINDS.items()
        }
    )


def _own(rng: np.random.Generator, people: pd.DataFrame, traits: Traits, history) -> Bookings:
    is_company = (people["archetype"] == "company").to_numpy()
    festival = np.where(is_month((0, 1)), FESTIVAL_ACTIVITY, 1.0)
    counts = rng.poisson(traits.bookings[:, None] * history.activity * festival * _part_of_month(traits.opened, history.closed))
    customer, month = (np.repeat(index.ravel(), counts.ravel()) for index in np.indices(counts.shape))
    size = len(customer)
    channel = pick(rng, channel_shares(traits, is_company), customer)
    of_channel = np.array([[CATEGORIES.index(name) for name in OF_CHANNEL[channel]] for channel in CHANNELS])
    category = of_channel[channel, rng.integers(0, 4, size)]
    scale = np.where(is_company, COMPANY_FACTOR, 1.0) * (people["assets"].to_numpy() / 80_000) ** 0.25
    amount = np.array([TYPICAL_AMOUNT[name] for name in CATEGORIES])[category] * scale[customer]
    amount = amount * np.exp(0.7 * rng.standard_normal(size))
    at_machine = channel == CHANNELS.index("atm")
    amount = np.where(at_machine, np.clip(np.round(amount / ATM_STEP), 1, ATM_MOST / ATM_STEP) * ATM_STEP, amount)
    sign = np.where(np.isin(np.arange(len(CATEGORIES)), [CATEGORIES.index(name) for name in INCOMING]), 1, -1)[category]
    days = draw_days(rng, month, traits.opened[customer], history.closed[customer])
    at_counter = np.flatnonzero(channel == CHANNELS.index("branch"))
    moved = to_workday(rng, days[at_counter], history.closed[customer[at_counter]])
    days[at_counter] = np.maximum(moved, traits.opened[customer[at_counter]])
    low, high = np.array([HOURS[name] for name in CHANNELS]).T
    hour = low[channel] + (high - low)[channel] * (rng.random(size) + rng.random(size)) / 2
    second = (days - first_day(0)).astype(np.int64) * 86_400 + np.minimum(hour * 3600, 86_399).astype(np.int64)
    party = np.where(np.isin(channel, (2, 4, 5)), rng.integers(1, MERCHANTS + 1, size), 0)
    return Bookings(customer, month, second, channel, np.zeros(size, int), (sign * amount).round(2), category, party)


def channel_shares(traits: Traits, is_company: np.ndarray) -> np.ndarray:
    """customers × CHANNELS: shares of own bookings; without e-banking there is no web and app, and companies pay by no card."""
    digital, away = np.where(traits.uses_app, traits.digital, 0.0), 1 - traits.digital
    pos = np.where(is_company, 0.0, 0.25)
    ready = np.where(traits.uses_app, 0.05, 0.0)
    return np.column_stack([0.22 * away, 0.38 * away, pos, 0.03 * away, 0.10 * digital, ready + 0.55 * digital])


def _salaries(rng: np.random.Generator, people: pd.DataFrame, traits: Traits, history) -> Bookings:
    """On the employer's pay day, which stays the same, to customers who are paid through this bank."""
    employer = rng.integers(1, EMPLOYERS + 1, len(traits))
    payday = np.array(SALARY_DAYS)[employer % len(SALARY_DAYS)]
    is_paid = (people["archetype"].isin(SALARIED) & (people["kind"] == "personal")).to_numpy()
    customer, month = np.nonzero(is_paid[:, None] & (history.activity > 0))
    day = first_day(month) + (payday[customer] - 1).astype("timedelta64[D]")
    day = last_open_day(day)
    there = _is_there(day, customer, traits, history)
    customer, month, day = customer[there], month[there], day[there]
    usual = SALARY * (people["assets"].to_numpy()[customer] / 50_000) ** 0.3
    amount = usual * np.exp(0.1 * rng.standard_normal(len(customer)))
    return _automatic(customer, month, day, 9, "payroll", amount, "salary", 1000 + employer[customer])


def _interest(traits: Traits, history, yearly: np.ndarray) -> Bookings:
    customer, month = np.nonzero(history.is_open & is_month((2, 5, 8, 11)) & (yearly / 4 >= 0.01))
    day = first_day(month) + np.timedelta64(INTEREST_DAY - 1, "D")
    there = _is_there(day, customer, traits, history)
    customer, month = customer[there], month[there]
    return _automatic(customer, month, day[there], 1, "bank", yearly[customer, month] / 4, "interest", 0)


def _repayments(traits: Traits, history, loans: np.ndarray) -> Bookings:
    """What a loan falls by in the month, and its interest."""
    before = np.column_stack([loans[:, :1], loans[:, :-1]])
    due = np.maximum(before - loans, 0) + before * LENDING_RATE / 12
    customer, month = np.nonzero(history.is_open & (before > 0))
    day = last_day(month) - np.timedelta64(5, "D")
    there = _is_there(day, customer, traits, history)
    customer, month = customer[there], month[there]
    return _automatic(customer, month, day[there], 2, "bank", -due[customer, month], "loan_repayment", 0)


def _fees(traits: Traits, history, monthly: np.ndarray) -> Bookings:
    """The card's fee, taken for three months at once."""
    customer, month = np.nonzero(history.is_open & is_month((2, 5, 8, 11)) & (monthly > 0))
    day = first_day(month) + np.timedelta64(FEE_DAY - 1, "D")
    there = _is_there(day, customer, traits, history)
    customer, month = customer[there], month[there]
    return _automatic(customer, month, day[there], 3, "bank", -3 * monthly[customer, month], "card_fee", 0)


def _settlements(rng: np.random.Generator, traits: Traits, history, deposits: np.ndarray, parts: list[Bookings]) -> Bookings:
    flow = np.zeros_like(deposits)
    for part in parts:
        np.add.at(flow, (part.customer, part.month), part.amount)
    before = np.column_stack([deposits[:, :1], deposits[:, :-1]])
    gap = np.where(history.is_open, deposits - before - flow, 0.0)
    customer, month = np.nonzero(np.abs(gap) >= SMALLEST_SETTLEMENT)
    day = draw_days(rng, month, traits.opened[customer], history.closed[customer])
    amount = gap[customer, month]
    second = (day - first_day(0)).astype(np.int64) * 86_400 + 4 * 3600
    category = np.where(amount > 0, CATEGORIES.index("settlement_in"), CATEGORIES.index("settlement_out"))
    fixed = np.zeros(len(customer), int)
    return Bookings(customer, month, second, fixed - 1, fixed + INITIATORS.index("payroll"), amount.round(2), category, fixed)


def interest_rates(own_rate: np.ndarray, holds_term: np.ndarray) -> np.ndarray:
    """customers × 48: of who holds a term deposit TERM_SHARE of deposits earn the bank's published rate (by month), the rest, and
    everybody else's, the rate on demand."""
    return np.where(holds_term, TERM_SHARE * own_rate + (1 - TERM_SHARE) * DEMAND_RATE, DEMAND_RATE)


def _automatic(customer, month, day, hour: int, by: str, amount, category: str, party) -> Bookings:
    def of(value) -> np.ndarray:
        return np.broadcast_to(value, customer.shape).astype(int)

    second = (day - first_day(0)).astype(np.int64) * 86_400 + hour * 3600
    codes = of(INITIATORS.index(by)), amount.round(2), of(CATEGORIES.index(category)), of(party)
    return Bookings(customer, month, second, of(-1), *codes)


def _is_there(day: np.ndarray, customer: np.ndarray, traits: Traits, history) -> np.ndarray:
    return (traits.opened[customer] <= day) & ~(history.closed[customer] < day)


def _part_of_month(opened: np.ndarray, closed: np.ndarray) -> np.ndarray:
    months = np.arange(MONTHS)
    start, end = first_day(months), last_day(months)
    days = (np.fmin(closed[:, None], end) - np.maximum(opened[:, None], start)).astype(float) + 1
    return np.clip(days / ((end - start).astype(float) + 1), 0, 1)
