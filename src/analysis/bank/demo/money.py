"""Balances of the demo bank's customers, on both bases, month by month."""

import numpy as np
import pandas as pd

from analysis.bank.demo.calendar import FIRST_MONTH, MONTHS, first_day, last_day, month_of
from analysis.bank.demo.products import count_held, spans

PERSISTENCE = 0.9
MONTHLY_SPREAD = 0.09
SPRING_FESTIVAL = 1.03
WINDOW_DRESSING = {"company": 0.12, "affluent_saver": 0.06, "self_employed_borrower": 0.03}
LOAN_AMOUNT = {"loan": 120_000.0, "mortgage": 900_000.0}
COMPANY_LOAN_FACTOR = 8.0
LOAN_MONTHS = {"loan": 36, "mortgage": 240}
WEALTH_PRODUCTS = ("wealth", "fund", "insurance")


def make_balances(
    rng: np.random.Generator, world: pd.DataFrame, holdings: pd.DataFrame, is_open: np.ndarray, level, closed
) -> pd.DataFrame:
    """One row a customer and month of an open relation, in CNY: customer (row of `world`), month (0-47), average_ and
    end_ deposits, wealth and loans. In the month of leaving the end is 0 and the average covers the days kept."""
    total = world["assets"].to_numpy()[:, None] * level * _drift(rng, len(world))
    wealth = total * _in_wealth(world, holdings)
    loans = _loans(rng, world, holdings)
    end = np.exp(0.06 * rng.standard_normal(total.shape)) * _dressing(world)
    left = month_of(np.where(np.isnat(closed), last_day(MONTHS - 1) + 1, closed))
    gone = np.arange(MONTHS) == left[:, None]
    share = np.where(gone, _share_of_month(closed)[:, None], 1.0)
    customer, month = np.nonzero(is_open)
    columns = {
        "average_deposits": (total - wealth) * share,
        "end_deposits": (total - wealth) * end * ~gone,
        "average_wealth": wealth * share,
        "end_wealth": wealth * ~gone,
        "average_loans": loans * share,
        "end_loans": loans * ~gone,
    }
    money = {name: grid[customer, month].round(2) for name, grid in columns.items()}
    return pd.DataFrame({"customer": customer, "month": month, **money})


def _drift(rng: np.random.Generator, customers: int) -> np.ndarray:
    path, state = np.empty((customers, MONTHS)), 0.2 * rng.standard_normal(customers)
    trend = 0.004 * rng.standard_normal(customers) + 0.003
    for month in range(MONTHS):
        state = PERSISTENCE * state + MONTHLY_SPREAD * rng.standard_normal(customers)
        path[:, month] = state + trend * month
    festival = np.where((FIRST_MONTH + np.arange(MONTHS)).astype(int) % 12 == 1, SPRING_FESTIVAL, 1.0)
    return np.exp(path) * festival


def _dressing(world: pd.DataFrame) -> np.ndarray:
    extra = world["archetype"].map(WINDOW_DRESSING).fillna(0.0).to_numpy()
    is_quarter_end = (FIRST_MONTH + np.arange(MONTHS)).astype(int) % 3 == 2
    return 1 + np.outer(extra, is_quarter_end)


def _in_wealth(world: pd.DataFrame, holdings: pd.DataFrame) -> np.ndarray:
    held = count_held(holdings[holdings["product"].isin(WEALTH_PRODUCTS)], len(world)) > 0
    return np.where(held, world["wealth_share"].to_numpy()[:, None], 0.0)


def _loans(rng: np.random.Generator, world: pd.DataFrame, holdings: pd.DataFrame) -> np.ndarray:
    lent = holdings[holdings["product"].isin(LOAN_AMOUNT)]
    customer, opened, closed = spans(lent)
    is_company = (world["archetype"] == "company").to_numpy()[customer]
    amount = lent["product"].map(LOAN_AMOUNT).to_numpy() * np.exp(0.6 * rng.standard_normal(len(lent)))
    amount = amount * np.where(is_company, COMPANY_LOAN_FACTOR, 1.0)
    months = lent["product"].map(LOAN_MONTHS).to_numpy()[:, None]
    age = np.arange(MONTHS) - opened[:, None]
    owed = amount[:, None] * (1 - age % months / months)
    loans = np.zeros((len(world), MONTHS))
    np.add.at(loans, customer, np.where((age >= 0) & (np.arange(MONTHS) <= closed[:, None]), owed, 0.0))
    return loans


def _share_of_month(closed: np.ndarray) -> np.ndarray:
    day = np.where(np.isnat(closed), last_day(0), closed)
    months = month_of(day)
    return ((day - first_day(months)).astype(int) + 1) / ((last_day(months) - first_day(months)).astype(int) + 1)
