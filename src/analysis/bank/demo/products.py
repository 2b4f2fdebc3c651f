"""What the customers of the demo bank hold."""

import numpy as np
import pandas as pd

from analysis.bank.demo.calendar import FIRST_MONTH, MONTHS, first_day, last_day, month_of

PRODUCTS = ("card", "term", "wealth", "fund", "insurance", "loan", "mortgage", "standing_order")
OWNED = pd.DataFrame.from_dict(
    {
        "salary_household": (0.70, 0.30, 0.30, 0.15, 0.20, 0.08, 0.28, 0.45),
        "affluent_saver": (0.60, 0.60, 0.75, 0.45, 0.40, 0.03, 0.15, 0.30),
        "digital_young": (0.60, 0.08, 0.18, 0.20, 0.06, 0.12, 0.05, 0.25),
        "branch_pensioner": (0.20, 0.70, 0.22, 0.04, 0.15, 0.01, 0.02, 0.20),
        "self_employed_borrower": (0.50, 0.15, 0.15, 0.08, 0.15, 0.60, 0.22, 0.25),
        "company": (0.25, 0.30, 0.18, 0.02, 0.08, 0.45, 0.00, 0.35),
    },
    orient="index",
    columns=PRODUCTS,
)
TERM_DAYS = {"term": 365, "wealth": 180, "loan": 1095, "mortgage": 7300}
LATER_SHARE = 0.5
MONTHLY_CLOSING = 0.003


def make_holdings(rng: np.random.Generator, world: pd.DataFrame) -> pd.DataFrame:
    """One row a product and customer: customer (row of `world`), product, opened, matures, closed (dates or NaT)."""
    owned = rng.random((len(world), len(PRODUCTS))) < OWNED.loc[world["archetype"]].to_numpy()
    customer, product = np.nonzero(owned)
    opened = world["opened"].to_numpy().astype("datetime64[D]")
    later = np.where(rng.random(len(customer)) < LATER_SHARE, rng.gamma(1.2, 500, len(customer)), 0)
    more = pd.DataFrame(
        {
            "customer": customer,
            "product": np.array(PRODUCTS, dtype=object)[product],
            "opened": opened[customer] + later.astype(int).astype("timedelta64[D]"),
        }
    )
    demand = pd.DataFrame({"customer": np.arange(len(world)), "product": "demand", "opened": opened})
    holdings = pd.concat([demand, more[more["opened"] <= pd.Timestamp(last_day(MONTHS - 1))]], ignore_index=True)
    return holdings.sort_values(["customer", "opened", "product"], ignore_index=True).pipe(_with_ends, rng)


def _with_ends(holdings: pd.DataFrame, rng: np.random.Generator) -> pd.DataFrame:
    days = holdings["product"].map(TERM_DAYS)
    until = np.datetime64(FIRST_MONTH + MONTHS, "D")
    opened = holdings["opened"].to_numpy().astype("datetime64[D]")
    rolled = days.to_numpy() * np.maximum(1, np.ceil((first_day(0) - opened).astype(int) / days.to_numpy()))
    matures = opened + np.nan_to_num(rolled, nan=0).astype(int).astype("timedelta64[D]")
    closes = first_day(0) + rng.geometric(MONTHLY_CLOSING / 30, len(holdings)).clip(1, 99_999).astype("timedelta64[D]")
    kept = (holdings["product"] == "demand") | (closes <= opened) | (closes >= until)
    return holdings.assign(
        matures=np.where(days.isna(), np.datetime64("NaT"), matures),
        closed=np.where(kept, np.datetime64("NaT"), closes),
    )


def close_with_customers(holdings: pd.DataFrame, closed: np.ndarray) -> pd.DataFrame:
    """The holdings with each one closed by the day its customer left (`closed`, one a customer); those that would have
    been opened later are dropped."""
    left = closed[holdings["customer"]]
    kept = np.isnat(left) | (holdings["opened"].to_numpy().astype("datetime64[D]") <= left)
    ends = np.fmin(holdings["closed"].to_numpy().astype("datetime64[D]"), left)
    return holdings.assign(closed=ends)[kept].reset_index(drop=True)


def count_held(holdings: pd.DataFrame, customers: int) -> np.ndarray:
    """Products held by customer and month (customers × 48), from the month of opening to the month of closing."""
    customer, opened, closed = spans(holdings)
    change = np.zeros((customers, MONTHS + 1), dtype=np.int32)
    np.add.at(change, (customer, opened.clip(0, MONTHS)), 1)
    np.add.at(change, (customer, (closed + 1).clip(0, MONTHS)), -1)
    return change.cumsum(axis=1)[:, :MONTHS]


def spans(holdings: pd.DataFrame) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Customer, month of opening and month of closing (48: still held) of each holding."""
    ends = holdings["closed"].to_numpy().astype("datetime64[D]")
    closed = np.where(np.isnat(ends), MONTHS, month_of(np.where(np.isnat(ends), first_day(0), ends)))
    opened = month_of(holdings["opened"].to_numpy().astype("datetime64[D]"))
    return holdings["customer"].to_numpy(), opened, closed
