"""Who is in the demo bank: branches, and customers with what nobody observes about them."""

import numpy as np
import pandas as pd

from analysis.bank.demo.calendar import MONTHS, first_day, last_day, pick
from analysis.bank.demo.texts import CITIES, PLACES, PROVINCES

BRANCHES = 44
CORPORATE_SHARE = 0.10
ESTABLISHED_SHARE = 0.70
USUAL_WAIT_MINUTES = 12.0
ARCHETYPES = pd.DataFrame.from_dict(
    {
        # share of persons, digital (logit), median assets, spread, in wealth products, bookings a month, age
        "salary_household": (0.36, 0.4, 70_000, 0.9, 0.25, 3.6, 40),
        "affluent_saver": (0.13, 0.2, 900_000, 0.9, 0.60, 3.2, 52),
        "digital_young": (0.22, 1.9, 26_000, 0.9, 0.20, 5.0, 28),
        "branch_pensioner": (0.17, -1.7, 150_000, 0.8, 0.20, 2.0, 69),
        "self_employed_borrower": (0.12, 0.5, 130_000, 1.0, 0.15, 4.4, 44),
        "company": (0.0, 0.7, 700_000, 1.4, 0.15, 5.5, 0),
    },
    orient="index",
    columns=["share", "digital_logit", "assets", "assets_spread", "wealth_share", "bookings", "age"],
)
SALARIED = ("salary_household", "digital_young")


def make_branches(rng: np.random.Generator) -> pd.DataFrame:
    """One row a branch: branch_id, name, city, province, level; latent `size` (share of customers), `wait_minutes`
    (its usual wait), `quality` and `tilt` (how far it attracts customers who avoid digital channels), both N(0, 1)."""
    city = np.minimum((np.arange(BRANCHES) * len(CITIES)) // BRANCHES, len(CITIES) - 1)
    rank = pd.Series(city).groupby(city).cumcount().to_numpy()
    size = rng.permuted(1 / (np.arange(BRANCHES) + 3.0))
    tilt = rng.standard_normal(BRANCHES)
    wait_minutes = USUAL_WAIT_MINUTES * np.exp(0.40 * rng.standard_normal(BRANCHES) + 0.15 * tilt)
    return pd.DataFrame(
        {
            "branch_id": [f"B{number:03d}" for number in range(1, BRANCHES + 1)],
            "name": [f"{CITIES[c]}{PLACES[r]}支行" for c, r in zip(city, rank, strict=True)],
            "city": [f"{CITIES[c]}市" for c in city],
            "province": [PROVINCES[c % len(PROVINCES)] for c in city],
            "level": np.where(rank == 0, "city", "county"),
            "size": size / size.sum(),
            "wait_minutes": wait_minutes,
            "quality": rng.standard_normal(BRANCHES),
            "tilt": tilt,
        }
    )


def make_customers(rng: np.random.Generator, customers: int, branches: pd.DataFrame) -> pd.DataFrame:
    """One row a customer, in order of opening: customer_id, kind, archetype, sex, birth_date, opened, branch (row of
    `branches`) and the latent digital (0-1), assets (CNY), wealth_share, bookings (a month), price_sensitivity,
    service_sensitivity and satisfaction_base, the last three N(0, 1)-like."""
    archetype = _draw_archetypes(rng, customers)
    traits = ARCHETYPES.loc[archetype].reset_index(drop=True)
    digital_logit = traits["digital_logit"].to_numpy() + 0.9 * rng.standard_normal(customers)
    branch = _draw_branches(rng, digital_logit, branches)
    assets = traits["assets"] * np.exp(traits["assets_spread"] * rng.standard_normal(customers))
    bookings = traits["bookings"] * rng.gamma(4.0, 0.25, customers)
    quality = branches["quality"].to_numpy()[branch]
    return pd.DataFrame(
        {
            "customer_id": [f"10{number:08d}" for number in range(1, customers + 1)],
            "kind": np.where(archetype == "company", "corporate", "personal"),
            "archetype": archetype,
            "sex": np.where(archetype == "company", "", np.where(rng.random(customers) < 0.52, "female", "male")),
            "birth_date": _draw_birth_dates(rng, archetype, traits["age"].to_numpy()),
            "opened": _draw_openings(rng, customers),
            "branch": branch,
            "digital": 1 / (1 + np.exp(-digital_logit)),
            "assets": assets.clip(200, 2e8),
            "wealth_share": np.clip(traits["wealth_share"] + 0.12 * rng.standard_normal(customers), 0.03, 0.9),
            "bookings": bookings.clip(1.3, 20),
            "price_sensitivity": rng.standard_normal(customers) + 0.4 * (archetype == "digital_young"),
            "service_sensitivity": rng.standard_normal(customers) + 0.4 * (archetype == "affluent_saver"),
            "satisfaction_base": 0.8 * rng.standard_normal(customers) + 0.25 * quality,
        }
    )


def _draw_archetypes(rng: np.random.Generator, customers: int) -> np.ndarray:
    drawn = rng.choice(ARCHETYPES.index, customers, p=ARCHETYPES["share"])
    return np.where(rng.random(customers) < CORPORATE_SHARE, "company", drawn)


def _draw_branches(rng: np.random.Generator, digital_logit: np.ndarray, branches: pd.DataFrame) -> np.ndarray:
    pull = np.exp(-0.35 * np.outer(digital_logit, branches["tilt"]))
    return pick(rng, pull * branches["size"].to_numpy())


def _draw_birth_dates(rng: np.random.Generator, archetype: np.ndarray, age: np.ndarray) -> np.ndarray:
    years = np.clip(age + 7 * rng.standard_normal(len(age)), 18, 92)
    born = last_day(MONTHS - 1) - np.round(years * 365.25 + 1460).astype("timedelta64[D]")
    return np.where(archetype == "company", np.datetime64("NaT"), born)


def _draw_openings(rng: np.random.Generator, customers: int) -> np.ndarray:
    established = round(ESTABLISHED_SHARE * customers)
    before = first_day(0) - 1 - np.floor(rng.gamma(1.5, 1500, established) % 9000).astype("timedelta64[D]")
    days = (last_day(MONTHS - 1) - first_day(0)).astype(int) + 1
    arriving = first_day(0) + rng.integers(0, days, customers - established).astype("timedelta64[D]")
    return np.sort(np.concatenate([before, arriving]))
