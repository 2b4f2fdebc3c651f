"""Three campaigns of the demo bank, and what they are worth.

Whether a customer buys is drawn from two chances: without an offer BASE by archetype, times the customer's own interest, and
with it that chance plus UPLIFT by archetype, times the customer's own ease of being won and the world's multiplier.
`wealth_autumn` and `term_spring` hold out HELD_OUT_SHARE of all eligible by lot. Most affluent savers who buy in the first and
most pensioners who buy in the second are sure things, who buy in either arm; pensioners in the first and the self-employed in
the second are put off by the offer and buy less. `best_customers` goes to the best alone, nobody is held out, many buy, and
none because of it.

What a purchase is worth a month is its amount times the rates of TERMS; part of the amount was at the bank before, and what it
earned there is gone. The sales department books the gross rates. The wealth product keeps about two thirds of them; the term
deposit, which draws on demand balances and wealth products, keeps a tenth or so. Offers go out on the first day of their
month, so early that the WORTH_MONTHS months after it end by the default as_of: what is booked to a campaign is known by then."""

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
import pandas as pd

from analysis.bank.demo.calendar import first_day
from analysis.bank.demo.finance import DEPOSIT_MARGIN, WEALTH_FEE

CAMPAIGNS = ("wealth_autumn", "term_spring", "best_customers")
RANDOMISED = ("wealth_autumn", "term_spring")
OFFERED_MONTH = {"wealth_autumn": 14, "term_spring": 21, "best_customers": 20}
WORTH_MONTHS = 12
HELD_OUT_SHARE = 0.20
BEST_SHARE = 0.10
LEAST_ASSETS = 5_000.0
ANSWER_DAYS = (1, 24)
BASE = {
    "wealth_autumn": {
        "salary_household": 0.040,
        "affluent_saver": 0.160,
        "digital_young": 0.020,
        "branch_pensioner": 0.060,
        "self_employed_borrower": 0.030,
    },
    "term_spring": {
        "salary_household": 0.050,
        "affluent_saver": 0.080,
        "digital_young": 0.015,
        "branch_pensioner": 0.220,
        "self_employed_borrower": 0.050,
    },
}
BEST_BASE = 0.35
UPLIFT = {
    "wealth_autumn": {
        "salary_household": 0.060,
        "affluent_saver": 0.070,
        "digital_young": 0.070,
        "branch_pensioner": -0.025,
        "self_employed_borrower": 0.035,
    },
    "term_spring": {
        "salary_household": 0.060,
        "affluent_saver": 0.080,
        "digital_young": 0.020,
        "branch_pensioner": 0.030,
        "self_employed_borrower": -0.015,
    },
}
INTEREST_SHAPE = 4.0
EASE_SHAPE = 4.0
HIGHEST_CHANCE = 0.95
AMOUNT_SPREAD = 0.4
LARGEST_AMOUNT_SHARE = 0.6
SUBSCRIPTION_FEE = 0.008
TERMS = pd.DataFrame.from_dict(
    {
        # what is sold, cost of an offer (CNY), usual share of assets, rates a year, shares of the amount drawn from the bank itself
        "wealth_autumn": ("wealth", 12.0, 0.20, 0.0, WEALTH_FEE + SUBSCRIPTION_FEE, 0.30, 0.00),
        "term_spring": ("term", 8.0, 0.25, 0.010, 0.0, 0.55, 0.30),
        "best_customers": ("fund", 150.0, 0.15, 0.0, WEALTH_FEE + SUBSCRIPTION_FEE, 0.30, 0.20),
    },
    orient="index",
    columns=["product", "cost", "amount_share", "interest_rate", "fee_rate", "from_demand", "from_wealth"],
)


@dataclass(frozen=True)
class Campaigns:
    """`customer` is the row of `people`; money in CNY, `month` 0-47.

    offers: campaign_id, customer, offered, arm (treated, held_out), product, cost, responded, revenue (of a purchase, in either
    arm: gross, over the WORTH_MONTHS months after the offer's month). holdings: customer, product, opened. contribution:
    customer, month, ftp_interest, fees: the change that purchases of either arm made, cannibalisation included. effects:
    customer, campaign_id, effect: the expected contribution of those months if offered less that if not, of all in the
    campaign, cannibalisation included, the offer's cost not, given how long the customer stays."""

    offers: pd.DataFrame
    holdings: pd.DataFrame
    contribution: pd.DataFrame
    effects: pd.DataFrame


def make_campaigns(
    rng: np.random.Generator,
    people: pd.DataFrame,
    is_open: np.ndarray,
    held: Mapping[str, np.ndarray],
    effects: Mapping[str, float],
) -> Campaigns:
    """The three campaigns among `people` (kind, archetype, assets, in order of their rows). `is_open` and each product of `held`
    are customers × 48; `effects` multiplies each campaign's UPLIFT (1 where it names none)."""
    parts = [_campaign(rng, name, people, is_open, held, float(effects.get(name, 1.0))) for name in CAMPAIGNS]
    offers, holdings, monthly, truth = (pd.concat(frames, ignore_index=True) for frames in zip(*parts, strict=True))
    contribution = monthly.groupby(["customer", "month"], as_index=False)[["ftp_interest", "fees"]].sum()
    return Campaigns(
        offers=offers.sort_values(["offered", "customer"], ignore_index=True),
        holdings=holdings.sort_values(["customer", "opened", "product"], ignore_index=True),
        contribution=contribution.round({"ftp_interest": 2, "fees": 2}),
        effects=truth.sort_values(["customer", "campaign_id"], ignore_index=True),
    )


def eligible_for(campaign: str, people: pd.DataFrame, is_open: np.ndarray, held: Mapping[str, np.ndarray]) -> np.ndarray:
    """Rows of the persons, customers before and in the month of the offer, to whom it may go: with LEAST_ASSETS or more; in
    `wealth_autumn` those without a wealth product; in `best_customers` the BEST_SHARE best by ranks of assets and products."""
    month = OFFERED_MONTH[campaign]
    assets = people["assets"].to_numpy()
    chosen = (people["kind"] == "personal").to_numpy() & is_open[:, month - 1] & is_open[:, month] & (assets >= LEAST_ASSETS)
    if campaign == "wealth_autumn":
        chosen &= ~held["wealth"][:, month - 1]
    rows = np.flatnonzero(chosen)
    if campaign != "best_customers":
        return rows
    products = np.sum([owned[rows, month - 1] for owned in held.values()], axis=0, dtype=int)
    score = pd.Series(assets[rows]).rank(pct=True) + pd.Series(products).rank(pct=True)
    best = np.argsort(-score.to_numpy(), kind="stable")[: int(np.ceil(BEST_SHARE * len(rows)))]
    return np.sort(rows[best])


def _campaign(
    rng: np.random.Generator, name: str, people: pd.DataFrame, is_open: np.ndarray, held: Mapping[str, np.ndarray], factor: float
) -> tuple[pd.DataFrame, ...]:
    """Offers, holdings, contribution and effects of one campaign."""
    rows, month, terms = eligible_for(name, people, is_open, held), OFFERED_MONTH[name], TERMS.loc[name]
    treated = _draw_arms(rng, name, len(rows))
    without, with_offer = _chances(rng, name, people["archetype"].to_numpy(dtype=object)[rows], factor)
    stays = is_open[rows, month + 1]
    responded = (rng.random(len(rows)) < np.where(treated, with_offer, without)) & stays
    amount = _draw_amounts(rng, people["assets"].to_numpy()[rows], terms["amount_share"])
    interest, fees = _worth(amount, terms, held["wealth"][rows, month])
    months = np.arange(month + 1, month + 1 + WORTH_MONTHS)
    is_customer = is_open[np.ix_(rows, months)]
    gross = amount * (terms["interest_rate"] + terms["fee_rate"]) / 12 * is_customer.sum(axis=1)
    offers = pd.DataFrame({"campaign_id": name, "customer": rows, "offered": first_day(month)}).assign(
        arm=np.where(treated, "treated", "held_out"),
        product=terms["product"],
        cost=np.where(treated, terms["cost"], 0.0),
        responded=responded,
        revenue=np.where(responded, gross, 0.0).round(2),
    )
    answered = first_day(month) + rng.integers(*ANSWER_DAYS, len(rows), endpoint=True).astype("timedelta64[D]")
    holdings = pd.DataFrame({"customer": rows, "product": terms["product"], "opened": answered})[responded]
    buyer, later = np.nonzero(is_customer & responded[:, None])
    bought = {"customer": rows[buyer], "month": months[later], "ftp_interest": interest[buyer], "fees": fees[buyer]}
    effect = (with_offer - without) * stays * (interest + fees) * is_customer.sum(axis=1)
    return offers, holdings, pd.DataFrame(bought), pd.DataFrame({"customer": rows, "campaign_id": name, "effect": effect})


def _draw_arms(rng: np.random.Generator, name: str, customers: int) -> np.ndarray:
    """Who is treated: all but the share held out, which is exact."""
    treated = np.ones(customers, bool)
    if name in RANDOMISED:
        treated[rng.permutation(customers)[: round(HELD_OUT_SHARE * customers)]] = False
    return treated


def _draw_amounts(rng: np.random.Generator, assets: np.ndarray, usual_share: float) -> np.ndarray:
    """What each customer buys for, in CNY, if he or she buys."""
    share = usual_share * np.exp(AMOUNT_SPREAD * rng.standard_normal(len(assets)))
    return assets * np.minimum(share, LARGEST_AMOUNT_SHARE)


def _chances(rng: np.random.Generator, name: str, archetype: np.ndarray, factor: float) -> tuple[np.ndarray, np.ndarray]:
    """Each customer's chance of buying without and with an offer."""
    interest = rng.gamma(INTEREST_SHAPE, 1 / INTEREST_SHAPE, len(archetype))
    ease = rng.gamma(EASE_SHAPE, 1 / EASE_SHAPE, len(archetype))
    base = np.array([BASE[name][one] if name in BASE else BEST_BASE for one in archetype], dtype=float)
    uplift = np.array([UPLIFT[name][one] if name in UPLIFT else 0.0 for one in archetype], dtype=float)
    without = np.minimum(base * interest, HIGHEST_CHANCE)
    return without, np.clip(without + factor * uplift * ease, 0.0, HIGHEST_CHANCE)


def _worth(amount: np.ndarray, terms: pd.Series, holds_wealth: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Interest after funds transfer pricing and fees that a purchase adds a month, less what its money earned before. Only who
    holds a wealth product draws on it."""
    interest = amount * (terms["interest_rate"] - terms["from_demand"] * DEPOSIT_MARGIN)
    fees = amount * (terms["fee_rate"] - terms["from_wealth"] * holds_wealth * WEALTH_FEE)
    return interest / 12, fees / 12
