"""Transactions of the demo bank's customers, one month at a time."""

import numpy as np
import pandas as pd

from analysis.bank.demo.calendar import FIRST_MONTH, draw_days, draw_times, first_day, last_day, pick
from analysis.bank.demo.world import SALARIED

CHANNELS = ("branch", "atm", "pos", "phone", "web", "app")
CATEGORIES = {
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
    "groceries": 120, "dining": 90, "retail": 260, "travel": 700, "utilities": 160,
}  # fmt: skip
MERCHANTS = tuple(f"商户{number:04d}" for number in range(1, 401))
COMPANY_FACTOR = 12.0
FESTIVAL_ACTIVITY = 1.15
SALARY = 7500.0
SALARY_DAY = 10
INTEREST_DAY = 21
YEARLY_INTEREST = 0.0035


def make_bookings(rng: np.random.Generator, month: int, world: pd.DataFrame, opened, history, balance) -> pd.DataFrame:
    """One row a booking of the month in order of time: customer (row of `world`), booked_at, channel, initiated_by
    (customer, payroll, bank), amount (CNY, money in positive), category, counterparty. `balance` holds each customer's
    average deposits and loans of the month."""
    parts = [
        _own(rng, month, world, opened, history),
        _salaries(rng, month, world, opened, history),
        _interest(month, opened, history, balance),
        _repayments(month, opened, history, balance),
    ]
    return pd.concat(parts, ignore_index=True).sort_values(["booked_at", "customer"], ignore_index=True)


def _own(rng: np.random.Generator, month: int, world: pd.DataFrame, opened, history) -> pd.DataFrame:
    festival = FESTIVAL_ACTIVITY if (FIRST_MONTH + month).astype(int) % 12 in (0, 1) else 1.0
    part = _part_of_month(month, opened, history.closed)
    counts = rng.poisson(world["bookings"].to_numpy() * history.activity[:, month] * festival * part)
    customer = np.repeat(np.arange(len(world)), counts)
    channel = pick(rng, _channel_shares(world["digital"].to_numpy()[customer]))
    category = np.array([CATEGORIES[name] for name in CHANNELS], dtype=object)[channel, rng.integers(0, 4, len(customer))]
    is_company = (world["archetype"] == "company").to_numpy()[customer]
    scale = np.exp(0.7 * rng.standard_normal(len(customer))) * np.where(is_company, COMPANY_FACTOR, 1.0)
    scale = scale * (world["assets"].to_numpy()[customer] / 80_000) ** 0.25
    amount = pd.Series(category).map(TYPICAL_AMOUNT).to_numpy(dtype=float) * scale
    days = draw_days(rng, month, opened[customer], history.closed[customer])
    names = np.array(MERCHANTS, dtype=object)[rng.integers(0, len(MERCHANTS), len(customer))]
    return pd.DataFrame(
        {
            "customer": customer,
            "booked_at": draw_times(rng, days, 7, 23),
            "channel": np.array(CHANNELS, dtype=object)[channel],
            "initiated_by": "customer",
            "amount": np.where(np.isin(category.astype(str), INCOMING), amount, -amount).round(2),
            "category": category,
            "counterparty": np.where(np.isin(channel, (2, 4, 5)), names, None),
        }
    )


def _channel_shares(digital: np.ndarray) -> np.ndarray:
    """Shares of branch, atm, pos, phone, web, app."""
    away = 1 - digital
    return np.column_stack(
        [0.22 * away, 0.38 * away, np.full(len(digital), 0.25), 0.03 * away, 0.10 * digital, 0.05 + 0.55 * digital]
    )


def _salaries(rng: np.random.Generator, month: int, world: pd.DataFrame, opened, history) -> pd.DataFrame:
    paid = world["archetype"].isin(SALARIED).to_numpy() & (history.activity[:, month] > 0)
    day = first_day(month) + np.timedelta64(SALARY_DAY - 1, "D")
    customer = np.flatnonzero(paid & _is_there(day, opened, history.closed))
    amount = SALARY * (world["assets"].to_numpy()[customer] / 50_000) ** 0.3 * np.exp(0.1 * rng.standard_normal(len(customer)))
    return _automatic(customer, day, 9, "payroll", amount, "salary")


def _interest(month: int, opened, history, balance: pd.DataFrame) -> pd.DataFrame:
    day = first_day(month) + np.timedelta64(INTEREST_DAY - 1, "D")
    is_due = (FIRST_MONTH + month).astype(int) % 3 == 2
    customer = balance["customer"].to_numpy()
    amount = balance["average_deposits"].to_numpy() * YEARLY_INTEREST / 4
    paid = is_due & _is_there(day, opened[customer], history.closed[customer]) & (amount >= 0.01)
    return _automatic(customer[paid], day, 1, "bank", amount[paid], "interest")


def _repayments(month: int, opened, history, balance: pd.DataFrame) -> pd.DataFrame:
    day = last_day(month) - np.timedelta64(5, "D")
    customer = balance["customer"].to_numpy()
    loans = balance["average_loans"].to_numpy()
    due = _is_there(day, opened[customer], history.closed[customer]) & (loans > 0)
    return _automatic(customer[due], day, 2, "bank", -0.012 * loans[due], "loan_repayment")


def _automatic(customer: np.ndarray, day: np.datetime64, hour: int, by: str, amount, category: str) -> pd.DataFrame:
    time = day.astype("datetime64[s]") + np.timedelta64(hour, "h")
    return pd.DataFrame(
        {
            "customer": customer,
            "booked_at": np.full(len(customer), time),
            "channel": np.full(len(customer), None, dtype=object),
            "initiated_by": by,
            "amount": amount.round(2),
            "category": category,
            "counterparty": np.full(len(customer), None, dtype=object),
        }
    )


def _is_there(day: np.datetime64, opened: np.ndarray, closed: np.ndarray) -> np.ndarray:
    return (opened <= day) & ~(closed < day)


def _part_of_month(month: int, opened: np.ndarray, closed: np.ndarray) -> np.ndarray:
    days = (np.fmin(closed, last_day(month)) - np.maximum(opened, first_day(month))).astype(int) + 1
    return np.clip(days / ((last_day(month) - first_day(month)).astype(int) + 1), 0, 1)
