"""Who is in the demo bank: customers, and what nobody observes about them."""

from dataclasses import dataclass

import numpy as np
import pandas as pd

from analysis.bank.demo.calendar import MONTHS, first_day, last_day, month_of, pick
from analysis.bank.demo.surroundings import MANAGERS_OF_BRANCH, Surroundings
from analysis.bank.demo.texts import INDUSTRIES
from analysis.bank.demo.worlds import World

CORPORATE_SHARE = 0.10
ESTABLISHED_SHARE = 0.70
SURGE_MONTHS = (10, 22)
SURGE_FACTOR = 2.2
SURGE_DIGITAL_FACTOR = 2.0
MANAGED_ASSETS = 250_000
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
FLAT_ARCHETYPE = "salary_household"
SALARIED = ("salary_household", "digital_young")
SIZES = ("micro", "small", "medium", "large")
SIZE_SHARES = (0.5, 0.3, 0.15, 0.05)
GRADES = ("R1", "R2", "R3", "R4", "R5")
GRADE_SHARES = (0.2, 0.3, 0.3, 0.15, 0.05)
EBANK_FLOOR = 0.12
LEAST_ASSETS, LARGEST_ASSETS = 200, 3e7
YOUNGEST = 18
MORNING_ARCHETYPES = ("branch_pensioner", "self_employed_borrower")


def make_people(rng: np.random.Generator, customers: int, surroundings: Surroundings, world: World) -> pd.DataFrame:
    """One row a customer, in order of opening: customer (its row), customer_id, kind, archetype, sex, birth_date, opened,
    branch (row of `branches`), industry, size, risk_grade, place (of its manager; -1: none), and the latent digital (0-1),
    assets (CNY), wealth_share, bookings (a month), price_sensitivity, service_sensitivity, satisfaction_base and burden,
    the last four N(0, 1)-like."""
    opened = _draw_openings(rng, customers)
    archetype, is_company = _draw_archetypes(rng, month_of(opened), world)
    traits = ARCHETYPES.loc[archetype].reset_index(drop=True)
    digital_logit = traits["digital_logit"].to_numpy() + 0.9 * rng.standard_normal(customers)
    branch = _draw_branches(rng, digital_logit, surroundings.branches)
    assets = (traits["assets"] * np.exp(traits["assets_spread"] * rng.standard_normal(customers))).clip(
        LEAST_ASSETS, LARGEST_ASSETS
    )
    noise = rng.standard_normal((4, customers))
    quality = surroundings.branches["quality"].to_numpy()[branch]
    return pd.DataFrame(
        {
            "customer": np.arange(customers),
            "customer_id": [f"10{number:08d}" for number in range(1, customers + 1)],
            "kind": np.where(is_company, "corporate", "personal"),
            "archetype": archetype,
            "sex": np.where(is_company, "", np.where(rng.random(customers) < 0.52, "female", "male")),
            "birth_date": _draw_birth_dates(rng, is_company, traits["age"].to_numpy(), opened),
            "opened": opened,
            "branch": branch,
            "industry": np.where(is_company, rng.choice(np.array(INDUSTRIES, dtype=object), customers), ""),
            "size": _draw_sizes(rng, is_company, assets.to_numpy()),
            "risk_grade": rng.choice(np.array(GRADES, dtype=object), customers, p=GRADE_SHARES),
            "place": _draw_places(rng, branch, is_company | (assets.to_numpy() >= MANAGED_ASSETS)),
            "digital": 1 / (1 + np.exp(-digital_logit)),
            "assets": assets,
            "wealth_share": np.clip(traits["wealth_share"] + 0.12 * rng.standard_normal(customers), 0.03, 0.9),
            "bookings": (traits["bookings"] * rng.gamma(4.0, 0.25, customers)).clip(1.3, 20),
            "price_sensitivity": noise[0] + 0.4 * (archetype == "digital_young"),
            "service_sensitivity": noise[1] + 0.4 * (archetype == "affluent_saver"),
            "satisfaction_base": 0.8 * noise[2] + 0.25 * quality,
            "burden": noise[3],
        }
    )


@dataclass(frozen=True)
class Traits:
    """The columns of `people` that life acts on, as arrays; `wealth` is ln(assets) − 11.5."""

    digital: np.ndarray
    wealth: np.ndarray
    bookings: np.ndarray
    price_sensitivity: np.ndarray
    service_sensitivity: np.ndarray
    satisfaction_base: np.ndarray
    burden: np.ndarray
    branch: np.ndarray
    place: np.ndarray
    habit: np.ndarray
    age: np.ndarray
    opened: np.ndarray
    uses_app: np.ndarray

    def __len__(self) -> int:
        return len(self.digital)

    def take(self, rows: np.ndarray) -> "Traits":
        """The traits of some customers."""
        return Traits(**{name: values[rows] for name, values in vars(self).items()})


def traits_of(people: pd.DataFrame) -> Traits:
    """The arrays of these customers."""
    opened = people["opened"].to_numpy().astype("datetime64[D]")
    born = people["birth_date"].to_numpy().astype("datetime64[D]")
    age = np.where(np.isnat(born), 0, (last_day(MONTHS - 1) - born).astype(float) / 365.25 - 2.5)
    kept = ("digital", "bookings", "price_sensitivity", "service_sensitivity", "satisfaction_base", "burden", "branch", "place")
    return Traits(
        **{name: people[name].to_numpy() for name in kept},
        wealth=np.log(people["assets"].to_numpy()) - 11.5,
        habit=np.where(people["archetype"].isin(MORNING_ARCHETYPES), 0, 1),
        age=age,
        opened=opened,
        uses_app=people["digital"].to_numpy() >= EBANK_FLOOR,
    )


def _draw_archetypes(rng: np.random.Generator, opened_month: np.ndarray, world: World) -> tuple[np.ndarray, np.ndarray]:
    """By share, and who is a company; those who come in the surge are young and digital more often. In `flat` all, companies
    too, behave as one archetype."""
    shares = np.tile(ARCHETYPES["share"].to_numpy(), (len(opened_month), 1))
    surge = (opened_month >= SURGE_MONTHS[0]) & (opened_month < SURGE_MONTHS[1])
    shares[surge, list(ARCHETYPES.index).index("digital_young")] *= SURGE_DIGITAL_FACTOR
    drawn = ARCHETYPES.index.to_numpy(dtype=object)[pick(rng, shares)]
    is_company = rng.random(len(opened_month)) < CORPORATE_SHARE
    archetype = np.full(len(drawn), FLAT_ARCHETYPE, dtype=object) if world.is_flat else np.where(is_company, "company", drawn)
    return archetype, is_company


def _draw_branches(rng: np.random.Generator, digital_logit: np.ndarray, branches: pd.DataFrame) -> np.ndarray:
    pull = np.exp(-0.35 * np.outer(digital_logit, branches["tilt"]))
    return pick(rng, pull * branches["size"].to_numpy())


def _draw_places(rng: np.random.Generator, branch: np.ndarray, is_managed: np.ndarray) -> np.ndarray:
    place = branch * MANAGERS_OF_BRANCH + rng.integers(0, MANAGERS_OF_BRANCH, len(branch))
    return np.where(is_managed, place, -1)


def _draw_birth_dates(rng: np.random.Generator, is_company: np.ndarray, age: np.ndarray, opened: np.ndarray) -> np.ndarray:
    """Ages spread round the archetype's; nobody is younger than YOUNGEST when the relation is opened."""
    years = np.clip(age + 7 * rng.standard_normal(len(age)), YOUNGEST, 92)
    born = last_day(MONTHS - 1) - np.round(years * 365.25 + 1460).astype("timedelta64[D]")
    grown = opened - np.round((YOUNGEST + rng.gamma(1.5, 2.0, len(age))) * 365.25).astype("timedelta64[D]")
    return np.where(is_company, np.datetime64("NaT"), np.minimum(born, grown))


def _draw_sizes(rng: np.random.Generator, is_company: np.ndarray, assets: np.ndarray) -> np.ndarray:
    """Companies' size classes, by and large in order of their assets; '' for persons."""
    rank = pd.Series(np.log(assets) + 0.7 * rng.standard_normal(len(assets)))[is_company].rank(pct=True)
    size = np.full(len(assets), "", dtype=object)
    size[is_company] = np.array(SIZES, dtype=object)[np.digitize(rank, np.cumsum(SIZE_SHARES)[:-1])]
    return size


def _draw_openings(rng: np.random.Generator, customers: int) -> np.ndarray:
    """Most came before the first month; of the others more than usual in the months of the surge."""
    established = round(ESTABLISHED_SHARE * customers)
    before = first_day(0) - 1 - np.floor(rng.gamma(1.5, 1500, established) % 9000).astype("timedelta64[D]")
    weight = np.where((np.arange(MONTHS) >= SURGE_MONTHS[0]) & (np.arange(MONTHS) < SURGE_MONTHS[1]), SURGE_FACTOR, 1.0)
    month = rng.choice(MONTHS, customers - established, p=weight / weight.sum())
    days = (last_day(month) - first_day(month)).astype(int) + 1
    arriving = first_day(month) + np.floor(rng.random(len(month)) * days).astype("timedelta64[D]")
    return np.sort(np.concatenate([before, arriving]))
