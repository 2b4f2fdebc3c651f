"""What the customers of the demo bank hold."""

import numpy as np
import pandas as pd

from analysis.bank.demo.calendar import FIRST_MONTH, MONTHS, first_day, last_day, month_of
from analysis.bank.demo.worlds import World

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
FLAT_OWNED = pd.Series((0.70, 0.30, 1.00, 0.15, 0.20, 0.00, 0.00, 0.45), index=PRODUCTS)
ROLLED_MONTHS = {"term": 12, "wealth": 6}
TERM_MONTHS = {"loan": 36, "mortgage": 240}
CAMPAIGN_MONTHS = 36
LATER_SHARE = 0.5
MONTHLY_CLOSING = 0.003
EARLY_REPAYMENT = 0.006


def make_holdings(rng: np.random.Generator, people: pd.DataFrame, world: World) -> pd.DataFrame:
    """One row a relation to a product, as it would be if nobody left: customer (row of `people`), product, opened, closed
    (dates; NaT: kept). Mortgages are repaid early in EARLY_REPAYMENT of months, loans end with their term; those that ended
    before the first month are left out. Companies borrow by credit lines (see `with_credit_lines`). In `flat` nobody borrows and everybody invests: whether or not would be a structure of its own."""
    share = FLAT_OWNED.to_numpy()[None] if world.is_flat else OWNED.loc[people["archetype"]].to_numpy()
    owned = rng.random((len(people), len(PRODUCTS))) < share
    customer, product = np.nonzero(owned)
    opened = people["opened"].to_numpy().astype("datetime64[D]")
    is_later = rng.random(len(customer)) < LATER_SHARE
    is_later &= ~((np.array(PRODUCTS)[product] == "wealth") & world.is_flat)
    later = np.where(is_later, rng.gamma(1.2, 500, len(customer)), 0)
    begins = opened[customer] + later.astype(int).astype("timedelta64[D]")
    kept = begins <= last_day(MONTHS - 1)
    names = np.array(("demand", *PRODUCTS), dtype=object)
    code = np.concatenate([np.zeros(len(people), int), product[kept] + 1])
    frame = pd.DataFrame(
        {
            "customer": np.concatenate([np.arange(len(people)), customer[kept]]),
            "product": pd.Categorical.from_codes(code, list(names)),
            "opened": np.concatenate([opened, begins[kept]]),
        }
    ).sort_values(["customer", "opened", "product"], ignore_index=True)
    whole = frame.assign(closed=_closings(rng, frame), is_line=False, bought_in_campaign=False)
    return whole[~(whole["closed"] < pd.Timestamp(first_day(0)))].reset_index(drop=True)


def _closings(rng: np.random.Generator, holdings: pd.DataFrame) -> np.ndarray:
    product = holdings["product"]
    opened = holdings["opened"].to_numpy().astype("datetime64[D]")
    monthly = np.where(product == "mortgage", EARLY_REPAYMENT, MONTHLY_CLOSING)
    start = np.maximum(opened, first_day(0))
    closes = start + rng.geometric(monthly / 30).clip(1, 99_999).astype("timedelta64[D]")
    agreed = (opened.astype("datetime64[M]") + product.map(TERM_MONTHS).astype(float).fillna(9999).to_numpy().astype(int)).astype(
        "datetime64[D]"
    )
    ends = np.minimum(closes, agreed)
    stays = (product == "demand").to_numpy() | (ends >= np.datetime64(FIRST_MONTH + MONTHS, "D"))
    return np.where(stays, np.datetime64("NaT"), ends)


def with_credit_lines(holdings: pd.DataFrame, people: pd.DataFrame, borrowers: np.ndarray) -> pd.DataFrame:
    """The holdings with a loan for each company in `borrowers` (rows of `people`) from its opening on, and for no other."""
    is_company = (people["archetype"] == "company").to_numpy()
    kept = holdings[~((holdings["product"] == "loan") & is_company[holdings["customer"]])]
    codes = np.full(len(borrowers), list(holdings["product"].cat.categories).index("loan"))
    lines = pd.DataFrame(
        {
            "customer": borrowers,
            "product": pd.Categorical.from_codes(codes, holdings["product"].cat.categories),
            "opened": people["opened"].to_numpy()[borrowers],
            "closed": pd.NaT,
            "is_line": True,
            "bought_in_campaign": False,
        }
    )
    return pd.concat([kept, lines], ignore_index=True).sort_values(["customer", "opened", "product"], ignore_index=True)


def close_with_customers(holdings: pd.DataFrame, closed: np.ndarray) -> pd.DataFrame:
    """The holdings with each one closed by the day its customer left (`closed`, one a customer); those that would have
    been opened later are dropped."""
    left = closed[holdings["customer"]]
    kept = np.isnat(left) | (holdings["opened"].to_numpy().astype("datetime64[D]") <= left)
    ends = np.fmin(holdings["closed"].to_numpy().astype("datetime64[D]"), left)
    return holdings.assign(closed=ends)[kept].reset_index(drop=True)


def contracts_of(holdings: pd.DataFrame) -> pd.DataFrame:
    """Relations → one row a contract: customer, product, opened, matures, closed. A term deposit and a wealth product are
    rolled over at maturity: each term is a contract of its own, those that matured before the first month left out."""
    term = holdings["product"].map(ROLLED_MONTHS).astype(float).fillna(0).to_numpy().astype(int)
    term = np.where(holdings["bought_in_campaign"], 0, term)
    plain = holdings[term == 0]
    agreed = plain["product"].map(TERM_MONTHS).astype(float).fillna(0).to_numpy().astype(int)
    agreed = np.where(plain["is_line"], 0, np.where(plain["product"].isin(ROLLED_MONTHS), CAMPAIGN_MONTHS, agreed))
    end = np.where(agreed > 0, _shifted(plain["opened"].to_numpy().astype("datetime64[D]"), agreed), np.datetime64("NaT"))
    both = pd.concat([plain.assign(matures=end), _terms(holdings[term > 0], term[term > 0])], ignore_index=True)
    return both.sort_values(["customer", "opened", "product"], ignore_index=True)


def _terms(rolled: pd.DataFrame, term: np.ndarray) -> pd.DataFrame:
    """Each term of the relations that are rolled over every `term` months, from the one that runs in the first month on."""
    opened, closed = (rolled[name].to_numpy().astype("datetime64[D]") for name in ("opened", "closed"))
    until = np.fmin(closed, last_day(MONTHS - 1))
    first = np.maximum(0, (-month_of(opened) - 1) // term)
    terms = np.maximum(first, (month_of(until) - month_of(opened)) // term) - first + 1
    row = np.repeat(np.arange(len(rolled)), terms)
    number = first[row] + np.arange(len(row)) - np.repeat(np.cumsum(terms) - terms, terms)
    begins, matures = (_shifted(opened[row], (number + later) * term[row]) for later in (0, 1))
    ended = np.where(matures <= until[row], matures, closed[row])
    frame = rolled[["customer", "product"]].iloc[row].assign(opened=begins, matures=matures, closed=ended)
    return frame[begins <= until[row]]


def _shifted(day: np.ndarray, months: np.ndarray) -> np.ndarray:
    """The same day of a later month, its last day where it has none."""
    month = day.astype("datetime64[M]")
    later = month + months
    in_month = day - month.astype("datetime64[D]")
    last = (later + 1).astype("datetime64[D]") - np.timedelta64(1, "D")
    return np.minimum(later.astype("datetime64[D]") + in_month, last)


def matures_in(holdings: pd.DataFrame, customers: int) -> np.ndarray:
    """customers × 48: whether a term deposit or wealth product of the customer matures in the month."""
    customer, opened, closed = spans(holdings)
    months = holdings["product"].map(ROLLED_MONTHS).astype(float).fillna(0).to_numpy().astype(int)
    result = np.zeros((customers, MONTHS), bool)
    for term in sorted(set(ROLLED_MONTHS.values())):
        rows = months == term
        age = np.arange(MONTHS) - opened[rows][:, None]
        due = (age > 0) & (age % term == 0) & (np.arange(MONTHS) <= closed[rows][:, None])
        np.logical_or.at(result, customer[rows], due)
    return result


def count_held(holdings: pd.DataFrame, customers: int) -> np.ndarray:
    """Products held by customer and month (customers × 48), from the month of opening to the month of closing."""
    customer, opened, closed = spans(holdings)
    change = np.zeros((customers, MONTHS + 1), dtype=np.int16)
    np.add.at(change, (customer, opened.clip(0, MONTHS)), 1)
    np.add.at(change, (customer, (closed + 1).clip(0, MONTHS)), -1)
    return change.cumsum(axis=1)[:, :MONTHS]


def spans(holdings: pd.DataFrame) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Customer, month of opening and month of closing (48: still held) of each holding."""
    ends = holdings["closed"].to_numpy().astype("datetime64[D]")
    closed = np.where(np.isnat(ends), MONTHS, month_of(np.where(np.isnat(ends), first_day(0), ends)))
    opened = month_of(holdings["opened"].to_numpy().astype("datetime64[D]"))
    return holdings["customer"].to_numpy(), opened, closed
