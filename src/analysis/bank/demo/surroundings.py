"""What happens to the demo bank's customers whatever they do: branches and their queues, fees, managers, outages, rates.

All of it hangs on the seed alone, not on how many customers there are, and none of it on what a customer did: it is the
stage on which exposures are drawn."""

from dataclasses import dataclass

import numpy as np
import pandas as pd
from scipy.special import ndtr

from analysis.bank.demo.calendar import FIRST_MONTH, MONTHS, first_day, last_day
from analysis.bank.demo.texts import CITIES, PLACES, PROVINCES

BRANCHES = 44
USUAL_WAIT_MINUTES = 11.0
WAIT_SPREAD = 0.6
LONG_WAIT_MINUTES = 30.0
SLOTS = ("opening", "midday", "afternoon", "late")
SLOT_HOURS = ((8.5, 10), (10, 13), (13, 16), (16, 17.5))
SLOT_CROWDING = (1.35, 1.1, 0.9, 0.7)
HABITS = np.array([[0.45, 0.30, 0.15, 0.10], [0.15, 0.30, 0.30, 0.25]])
QUARTER_END_CROWDING = 1.25
CROWDING_SPREAD = 0.25
CENTRES = 4
LOAD_SPREAD = 0.7
FEE_ANNOUNCED_MONTH = 25
FEE_COHORT_MONTHS = (26, 28, 30, 32)
FEE_NEVER_SHARE = 0.30
FEE_OLD, FEE_NEW = 5.0, 12.0
MANAGERS_OF_BRANCH = 3
DEPARTURE_HAZARD = 0.016
POACHING_HAZARD = 0.004
POACHING_BY_PUSH = 1.2
POACHED_MONTHS = 6
OUTAGES = 8
OUTAGE_MONTHS = (3, 9, 14, 20, 26, 29, 32, 40)
OUTAGE_HOURS = (3, 8)
BRANCH_INCIDENTS = 12
PUSH_SHARE = 0.10
PUSH_GAP = 0.0045
RATE_GAP_FELT = 0.0030
ECONOMY_SPREAD = 0.10
ECONOMY_BY_PUSH = 0.30


@dataclass(frozen=True)
class Surroundings:
    """`branches`: a row a branch (see `make_branches`); `area` each branch's row among CITIES; `long_share` the chance that a
    visit waits LONG_WAIT_MINUTES or more by branch, slot and month, `crowding` the factor on its usual wait; `load` of the
    complaint centres by centre and month; `fee_month` from which a branch's cards cost more (MONTHS: never); `departures`
    (place, month, reason: retired, transferred, poached); `outages` (incident_id, month, started, ended, hours) of the app;
    `incidents` of branches; `rates` by area and month; `gap` of the competitor's rate over the bank's own by area and month;
    `economy`: log odds of leaving by area and month, the same for all customers there. For life: `departing` (place × month)
    is true where a manager leaves, `takes_along` for POACHED_MONTHS after a poached one; a last row stands for no manager;
    `hours_out` of the app by month."""

    branches: pd.DataFrame
    area: np.ndarray
    crowding: np.ndarray
    long_share: np.ndarray
    load: np.ndarray
    fee_month: np.ndarray
    departures: pd.DataFrame
    outages: pd.DataFrame
    incidents: pd.DataFrame
    rates: pd.DataFrame
    gap: np.ndarray
    economy: np.ndarray
    departing: np.ndarray
    takes_along: np.ndarray
    hours_out: np.ndarray


def make_surroundings(rng: np.random.Generator) -> Surroundings:
    """The whole stage for 48 months."""
    branches = make_branches(rng)
    crowding = _crowding(rng)
    usual = branches["wait_minutes"].to_numpy()[:, None, None] * crowding
    push, gap, rates = _market(rng)
    area = np.array([CITIES.index(city.removesuffix("市")) for city in branches["city"]])
    outages, incidents = _incidents(rng, branches)
    departures = _departures(rng, push[area])
    departing, takes_along = _departure_grids(departures)
    return Surroundings(
        branches=branches,
        area=area,
        crowding=crowding,
        long_share=1 - ndtr(np.log(LONG_WAIT_MINUTES / usual) / WAIT_SPREAD),
        load=LOAD_SPREAD * rng.standard_normal((CENTRES, MONTHS)),
        fee_month=_fee_months(rng, branches),
        departures=departures,
        outages=outages,
        incidents=incidents,
        rates=rates,
        gap=gap,
        economy=ECONOMY_SPREAD * rng.standard_normal((len(CITIES), MONTHS)) + ECONOMY_BY_PUSH * push,
        departing=departing,
        takes_along=takes_along,
        hours_out=np.bincount(outages["month"], weights=outages["hours"], minlength=MONTHS),
    )


def make_branches(rng: np.random.Generator) -> pd.DataFrame:
    """One row a branch: branch_id, name, city, province, level; latent `size` (share of customers), `tilt` (how far it
    attracts customers who avoid digital channels) and `quality` (lower where tilted), both N(0, 1), `wait_minutes` (its usual
    wait: longer where it is tilted and worse run) and `recording` (how readily it writes complaints down)."""
    city = np.minimum((np.arange(BRANCHES) * len(CITIES)) // BRANCHES, len(CITIES) - 1)
    rank = pd.Series(city).groupby(city).cumcount().to_numpy()
    size = rng.permuted(1 / (np.arange(BRANCHES) + 3.0))
    tilt, care, staffing, recording = rng.standard_normal((4, BRANCHES))
    quality = -0.4 * tilt + 0.92 * care
    return pd.DataFrame(
        {
            "branch_id": [f"B{number:03d}" for number in range(1, BRANCHES + 1)],
            "name": [f"{CITIES[c]}{PLACES[r]}支行" for c, r in zip(city, rank, strict=True)],
            "city": [f"{CITIES[c]}市" for c in city],
            "province": [PROVINCES[c % len(PROVINCES)] for c in city],
            "level": np.where(np.arange(BRANCHES) == 0, "head_office", np.where(rank == 0, "city", "county")),
            "size": size / size.sum(),
            "tilt": tilt,
            "quality": quality,
            "wait_minutes": USUAL_WAIT_MINUTES * np.exp(0.25 * staffing + 0.15 * tilt - 0.20 * quality),
            "recording": recording,
        }
    )


def is_month(of_year: tuple[int, ...]) -> np.ndarray:
    """For each of the 48 months, whether it is one of these (0: January)."""
    return np.isin((FIRST_MONTH + np.arange(MONTHS)).astype(int) % 12, of_year)


def _crowding(rng: np.random.Generator) -> np.ndarray:
    own = np.exp(CROWDING_SPREAD * rng.standard_normal((BRANCHES, len(SLOTS), MONTHS)))
    quarter_end = np.where(is_month((2, 5, 8, 11)), QUARTER_END_CROWDING, 1.0)
    return own * np.array(SLOT_CROWDING)[:, None] * quarter_end


def _fee_months(rng: np.random.Generator, branches: pd.DataFrame) -> np.ndarray:
    """Branches that attract branch-goers come first in the rollout, by and large; the last ones never."""
    order = np.argsort(np.argsort(-branches["tilt"].to_numpy() + 0.8 * rng.standard_normal(BRANCHES))) / BRANCHES
    step = np.floor(order / (1 - FEE_NEVER_SHARE) * len(FEE_COHORT_MONTHS)).astype(int)
    return np.array([*FEE_COHORT_MONTHS, MONTHS, MONTHS, MONTHS])[step]


def _departures(rng: np.random.Generator, push: np.ndarray) -> pd.DataFrame:
    """Retirement and transfer strike at random, poaching where a competitor pushes."""
    place = np.arange(BRANCHES * MANAGERS_OF_BRANCH)
    poaching = POACHING_HAZARD * np.exp(POACHING_BY_PUSH * push[place // MANAGERS_OF_BRANCH])
    chance = rng.random((len(place), MONTHS))
    retires = rng.random((len(place), MONTHS)) < 0.4
    where, month = np.nonzero(chance < DEPARTURE_HAZARD + poaching)
    poached = chance[where, month] >= DEPARTURE_HAZARD
    reason = np.where(poached, "poached", np.where(retires[where, month], "retired", "transferred"))
    day = rng.integers(1, 28, len(where)).astype("timedelta64[D]")
    return pd.DataFrame({"place": where, "month": month, "reason": reason, "left": first_day(month) + day})


def _departure_grids(departures: pd.DataFrame) -> tuple[np.ndarray, np.ndarray]:
    grid = np.zeros((2, BRANCHES * MANAGERS_OF_BRANCH + 1, MONTHS), bool)
    grid[0, departures["place"], departures["month"]] = True
    poached = departures[departures["reason"] == "poached"]
    for later in range(POACHED_MONTHS):
        month = poached["month"] + later
        grid[1, poached["place"][month < MONTHS], month[month < MONTHS]] = True
    return grid[0], grid[1]


def _incidents(rng: np.random.Generator, branches: pd.DataFrame) -> tuple[pd.DataFrame, pd.DataFrame]:
    month = np.array(OUTAGE_MONTHS)
    hours = rng.integers(*OUTAGE_HOURS, OUTAGES, endpoint=True)
    day = first_day(month) + rng.integers(3, 25, OUTAGES).astype("timedelta64[D]")
    started = day.astype("datetime64[s]") + (rng.integers(8, 14, OUTAGES) * 3600).astype("timedelta64[s]")
    outages = pd.DataFrame(
        {
            "incident_id": [f"I{number:04d}" for number in range(1, OUTAGES + 1)],
            "month": month,
            "started": started,
            "ended": started + (hours * 3600).astype("timedelta64[s]"),
            "hours": hours,
        }
    )
    days = first_day(0) + rng.integers(0, (last_day(MONTHS - 1) - first_day(0)).astype(int), BRANCH_INCIDENTS)
    began = np.sort(days).astype("datetime64[s]") + np.timedelta64(9, "h")
    local = pd.DataFrame(
        {
            "incident_id": [f"I{number:04d}" for number in range(OUTAGES + 1, OUTAGES + BRANCH_INCIDENTS + 1)],
            "branch_id": branches["branch_id"].to_numpy()[rng.integers(0, BRANCHES, BRANCH_INCIDENTS)],
            "started": began,
            "ended": began + (rng.integers(1, 5, BRANCH_INCIDENTS) * 3600).astype("timedelta64[s]"),
            "kind": rng.choice(np.array(["network", "power"], dtype=object), BRANCH_INCIDENTS),
        }
    )
    return outages, local


def _market(rng: np.random.Generator) -> tuple[np.ndarray, np.ndarray, pd.DataFrame]:
    """Where a competitor pushes (area × month), its rate over the bank's own, and both rates as published."""
    grid = (len(CITIES), MONTHS)
    begins = rng.random(grid) < PUSH_SHARE
    push = begins.copy()
    for later in (1, 2):
        push[:, later:] |= begins[:, :-later]
    gap = 0.0008 + 0.0007 * rng.standard_normal(grid) + PUSH_GAP * push
    own = np.round(0.0195 - 0.00012 * np.arange(MONTHS), 4)
    area, month = (index.ravel() for index in np.indices(grid))
    rates = pd.DataFrame(
        {
            "area": [f"{CITIES[place]}市" for place in area],
            "month": month,
            "own_rate": own[month],
            "competitor_rate": np.round(own[month] + gap.ravel(), 4),
        }
    )
    return push.astype(float), np.round(gap, 4), rates
