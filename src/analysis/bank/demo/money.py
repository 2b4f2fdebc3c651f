"""Balances of the demo bank's customers, on both bases, month by month."""

from dataclasses import dataclass

import numpy as np
import pandas as pd

from analysis.bank.demo.calendar import MONTHS, first_day, last_day, month_of
from analysis.bank.demo.companies import LENDERS
from analysis.bank.demo.products import TERM_MONTHS, count_held, spans
from analysis.bank.demo.surroundings import is_month

PERSISTENCE, FIRST_SPREAD, MONTHLY_SPREAD = 0.9, 0.2, 0.09
TREND, TREND_SPREAD = 0.003, 0.004
SPRING_FESTIVAL = 1.03
END_SPREAD, WEALTH_END_SPREAD = 0.06, 0.01
WINDOW_DRESSING = {"company": 0.12, "affluent_saver": 0.06, "self_employed_borrower": 0.03}
LOAN_AMOUNT = {"loan": 120_000.0, "mortgage": 900_000.0}
LOAN_SPREAD = 0.6
WEALTH_PRODUCTS = ("wealth", "fund", "insurance")
MATURED_SHARE = 0.3


@dataclass(frozen=True)
class Balances:
    """customers × 48 in CNY: average_ and end_ deposits, wealth and loans; 0 where the relation is not open."""

    average_deposits: np.ndarray
    end_deposits: np.ndarray
    average_wealth: np.ndarray
    end_wealth: np.ndarray
    average_loans: np.ndarray
    end_loans: np.ndarray


def make_balances(
    rng: np.random.Generator, people: pd.DataFrame, holdings: pd.DataFrame, drawn: np.ndarray, matures: np.ndarray, history
) -> Balances:
    """Balances of these customers; `drawn` is what companies owe by credit lines (customers × 48). In the month of leaving the end is 0 and the average covers the days kept; where a product
    matures, part of the wealth lies on the account at the month's end."""
    closed = history.closed
    total = people["assets"].to_numpy()[:, None] * history.level * _drift(rng, len(people))
    wealth = total * _in_wealth(people, holdings)
    loans = (_loans(rng, people, holdings) + drawn) * history.is_open
    middle = (loans + np.column_stack([loans[:, :1], loans[:, :-1]])) / 2 * history.is_open
    still = np.exp(WEALTH_END_SPREAD * rng.standard_normal(total.shape))
    noise = np.exp(END_SPREAD * rng.standard_normal(total.shape)) * _dressing(people)
    left = month_of(np.where(np.isnat(closed), last_day(MONTHS - 1) + 1, closed))
    gone = np.arange(MONTHS) == left[:, None]
    share = np.where(gone, _share_of_month(closed)[:, None], 1.0)
    freed = wealth * np.where(matures, MATURED_SHARE, 0.0)
    return Balances(
        average_deposits=((total - wealth) * share).round(2),
        end_deposits=(((total - wealth) * noise + freed) * ~gone).round(2),
        average_wealth=(wealth * share).round(2),
        end_wealth=((wealth * still - freed) * ~gone).round(2),
        average_loans=(middle * share).round(2),
        end_loans=(loans * ~gone).round(2),
    )


def drawn_here(exposures: pd.DataFrame, people: pd.DataFrame) -> np.ndarray:
    """customers × 48 in CNY: what each company has drawn at this bank, between quarter-ends as at the one before (before the
    first: as at the first)."""
    own = exposures[exposures["lender"] == LENDERS[0]]
    row = pd.Series(np.arange(len(people)), people["customer_id"])[own["customer_id"]].to_numpy()
    month = month_of(own["reported"].to_numpy().astype("datetime64[D]"))
    grid = np.full((len(people), MONTHS), np.nan)
    grid[row, month] = own["drawn"]
    filled = pd.DataFrame(grid).ffill(axis=1).bfill(axis=1)
    return filled.fillna(0.0).to_numpy()


def _drift(rng: np.random.Generator, customers: int) -> np.ndarray:
    path, state = np.empty((customers, MONTHS)), FIRST_SPREAD * rng.standard_normal(customers)
    trend = TREND_SPREAD * rng.standard_normal(customers) + TREND
    for month in range(MONTHS):
        state = PERSISTENCE * state + MONTHLY_SPREAD * rng.standard_normal(customers)
        path[:, month] = state + trend * month
    return np.exp(path) * np.where(is_month((1,)), SPRING_FESTIVAL, 1.0)


def _dressing(people: pd.DataFrame) -> np.ndarray:
    extra = people["archetype"].map(WINDOW_DRESSING).fillna(0.0).to_numpy()
    return 1 + np.outer(extra, is_month((2, 5, 8, 11)))


def _in_wealth(people: pd.DataFrame, holdings: pd.DataFrame) -> np.ndarray:
    held = count_held(holdings[holdings["product"].isin(WEALTH_PRODUCTS)], len(people)) > 0
    return np.where(held, people["wealth_share"].to_numpy()[:, None], 0.0)


def _loans(rng: np.random.Generator, people: pd.DataFrame, holdings: pd.DataFrame) -> np.ndarray:
    """Persons' loans: each falls in equal steps to nothing at its term. What companies owe is drawn on credit lines."""
    is_person = (people["archetype"] != "company").to_numpy()
    lent = holdings[holdings["product"].isin(LOAN_AMOUNT) & is_person[holdings["customer"]]]
    customer, opened, closed = spans(lent)
    product = lent["product"].astype(str)
    amount = product.map(LOAN_AMOUNT).to_numpy() * np.exp(LOAN_SPREAD * rng.standard_normal(len(lent)))
    months = product.map(TERM_MONTHS).to_numpy()[:, None]
    age = np.arange(MONTHS) - opened[:, None]
    owed = amount[:, None] * np.clip(1 - age / months, 0, 1)
    loans = np.zeros((len(people), MONTHS))
    np.add.at(loans, customer, np.where((age >= 0) & (np.arange(MONTHS) <= closed[:, None]), owed, 0.0))
    return loans


def _share_of_month(closed: np.ndarray) -> np.ndarray:
    day = np.where(np.isnat(closed), last_day(0), closed)
    months = month_of(day)
    return ((day - first_day(months)).astype(int) + 1) / ((last_day(months) - first_day(months)).astype(int) + 1)
