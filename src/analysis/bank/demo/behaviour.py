"""How the customers of the demo bank live, month by month: contacts and waits move satisfaction, satisfaction moves
complaints and leaving. A customer who has decided to leave thins out for two to four months before."""

from dataclasses import dataclass, field

import numpy as np
import pandas as pd

from analysis.bank.demo.calendar import AS_OF_MONTH, MONTHS, NEVER, draw_days, first_day, last_day, month_of
from analysis.bank.demo.grievances import Grievances
from analysis.bank.demo.visits import make_contacts

CHURN_KINDS = ("closed", "dormant", "run_off")
CHURN_KIND_SHARES = (0.50, 0.25, 0.25)
VOLUNTARY_REASONS = ("competitor", "fees", "service", "no_longer_needed")
INVOLUNTARY_REASONS = ("relocation", "death", "loan_repaid")
INVOLUNTARY_HAZARD = 0.001
BASE_LOG_ODDS = -4.72
LAST_YEAR_LOG_ODDS = 0.30
SETTLING_MONTHS = 2
THINNING = (1.0, 0.8, 0.55, 0.35, 0.2)
THINNING_OF_ASSETS = 0.45
SILENT_SHARE = 0.1
LEAD_MONTHS = (2, 4)
RUN_OFF_LEVELS = (0.40, 0.08)
RUN_OFF_ACTIVITY = 0.4
LATE_CLOSING = 0.03
CLEARED_AFTER_MONTHS = 18
PERSISTENCE = 0.85
LULL_SPREAD = 0.2
WAIT_SCALE_MINUTES = 30.0


@dataclass
class History:
    """What happened: arrays by customer (rows of the world) and month. `activity` multiplies own bookings, `level`
    multiplies assets; `closed` are dates (NaT: still a customer); `churn_month` is NEVER for those who stay."""

    is_open: np.ndarray
    activity: np.ndarray
    level: np.ndarray
    satisfaction: np.ndarray
    recent_wait: np.ndarray
    closed: np.ndarray
    exit_reason: np.ndarray
    churn_month: np.ndarray
    churn_kind: np.ndarray
    contacts: pd.DataFrame = field(default_factory=pd.DataFrame)
    complaints: pd.DataFrame = field(default_factory=pd.DataFrame)


def live(rng: np.random.Generator, world: pd.DataFrame, branches: pd.DataFrame, held: np.ndarray) -> History:
    """Forty-eight months of the customers in `world`; `held` counts their products by month."""
    opened = world["opened"].to_numpy().astype("datetime64[D]")
    customers = len(world)
    history = _blank(customers)
    plan = {"leaves": np.full(customers, NEVER), "kind": np.zeros(customers, int), "silent": np.zeros(customers, bool)}
    mood, lull, recent_wait = np.zeros(customers), LULL_SPREAD * rng.standard_normal(customers), np.zeros(customers)
    grievances, contacts = Grievances(customers), []
    for month in range(MONTHS):
        depart(rng, month, opened, plan, history)
        present = (month_of(opened) <= month) & ~(history.closed < first_day(month))
        lull = 0.7 * lull + LULL_SPREAD * rng.standard_normal(customers)
        history.is_open[:, month] = present
        history.activity[:, month] = present * np.exp(lull) * _own_activity(month, plan, history)
        history.level[:, month] = present * _level(month, plan, history)
        seen = make_contacts(rng, month, world, branches, opened, history)
        contacts.append(seen)
        wait = np.zeros(customers)
        np.maximum.at(wait, seen["customer"].to_numpy(), seen["wait_minutes"].to_numpy())
        recent_wait = np.maximum(0.6 * recent_wait, wait)
        mood = PERSISTENCE * mood + 0.05 - 0.25 * np.clip(wait / WAIT_SCALE_MINUTES - 0.3, 0, 3)
        mood = mood - 0.25 * grievances.unresolved(month) + 0.12 * rng.standard_normal(customers)
        satisfaction = world["satisfaction_base"].to_numpy() + mood
        history.satisfaction[:, month], history.recent_wait[:, month] = satisfaction, recent_wait
        grievances.complain(rng, month, world, satisfaction, wait, opened, history)
        decide(rng, month, log_odds(month, world, satisfaction, held, grievances), opened, plan, history)
    history.contacts = pd.concat(contacts, ignore_index=True)
    history.complaints = grievances.frame()
    return history


def log_odds(month: int, world: pd.DataFrame, satisfaction: np.ndarray, held: np.ndarray, grievances: Grievances) -> np.ndarray:
    """Log-odds of deciding to leave in the month, by customer."""
    tenure = np.maximum((last_day(month) - world["opened"].to_numpy().astype("datetime64[D]")).astype(int), 0) / 365.25
    return (
        BASE_LOG_ODDS
        + LAST_YEAR_LOG_ODDS * (month > AS_OF_MONTH - 12)
        - 0.60 * satisfaction
        - 0.70 * (np.log1p(tenure) - 1.4)
        - 0.28 * (np.log(world["assets"].to_numpy()) - 11.5)
        - 0.50 * (held[:, month] - 2.8)
        + 1.00 * (world["digital"].to_numpy() - 0.55)
        + 0.15 * world["price_sensitivity"].to_numpy()
        + 0.80 * grievances.unresolved(month)
        + 0.40 * grievances.recent(month)
    )


def decide(rng: np.random.Generator, month: int, odds: np.ndarray, opened: np.ndarray, plan: dict, history: History) -> None:
    """Who makes up his mind this month: when he will be gone, in which way, and whether it shows before."""
    free = history.is_open[:, month] & (plan["leaves"] == NEVER) & np.isnat(history.closed)
    free &= month - month_of(opened) >= SETTLING_MONTHS
    decided = free & (rng.random(len(odds)) < 1 / (1 + np.exp(-odds)))
    plan["leaves"][decided] = month + rng.integers(LEAD_MONTHS[0], LEAD_MONTHS[1] + 1, decided.sum())
    plan["kind"][decided] = rng.choice(len(CHURN_KINDS), decided.sum(), p=CHURN_KIND_SHARES)
    plan["silent"][decided] = rng.random(decided.sum()) < SILENT_SHARE


def depart(rng: np.random.Generator, month: int, opened: np.ndarray, plan: dict, history: History) -> None:
    """Carry out this month's exits: decided ones, involuntary ones, and dormant or emptied relations that end."""
    present = (month_of(opened) < month) & np.isnat(history.closed)
    leaving = present & (plan["leaves"] == month)
    history.churn_month[leaving] = month
    history.churn_kind[leaving] = np.array(CHURN_KINDS, dtype=object)[plan["kind"][leaving]]
    chance = rng.random(len(opened))
    unwilling = present & (history.churn_month == NEVER) & (chance < INVOLUNTARY_HAZARD)
    history.churn_month[unwilling], history.churn_kind[unwilling] = month, "involuntary"
    since = month - history.churn_month
    emptied = present & (history.churn_kind == "run_off") & (since > 2) & (chance < LATE_CLOSING)
    cleared = present & (history.churn_kind == "dormant") & (since > CLEARED_AFTER_MONTHS) & (chance < LATE_CLOSING)
    willing = (leaving & (history.churn_kind == "closed")) | emptied
    _close(rng, month, willing, VOLUNTARY_REASONS, opened, history)
    _close(rng, month, unwilling, INVOLUNTARY_REASONS, opened, history)
    _close(rng, month, cleared, ("cleared",), opened, history)


def _close(
    rng: np.random.Generator, month: int, who: np.ndarray, reasons: tuple[str, ...], opened: np.ndarray, history: History
) -> None:
    history.closed[who] = draw_days(rng, month, opened[who], history.closed[who])
    history.exit_reason[who] = rng.choice(np.array(reasons, dtype=object), who.sum())


def _thinning(month: int, plan: dict) -> np.ndarray:
    before = plan["leaves"] - month
    factor = np.array(THINNING)[np.where((before >= 1) & (before < len(THINNING)), len(THINNING) - before, 0)]
    return np.where(plan["silent"], 1.0, factor)


def _own_activity(month: int, plan: dict, history: History) -> np.ndarray:
    dormant = (history.churn_kind == "dormant") & (history.churn_month <= month)
    emptied = (history.churn_kind == "run_off") & (history.churn_month <= month)
    return np.where(dormant, 0.0, np.where(emptied, RUN_OFF_ACTIVITY, _thinning(month, plan)))


def _level(month: int, plan: dict, history: History) -> np.ndarray:
    since = month - history.churn_month
    emptied = np.where(since == 0, RUN_OFF_LEVELS[0], RUN_OFF_LEVELS[1])
    gone = (history.churn_kind == "run_off") & (since >= 0)
    return np.where(gone, emptied, 1 - THINNING_OF_ASSETS * (1 - _thinning(month, plan)))


def _blank(customers: int) -> History:
    grid = (customers, MONTHS)
    return History(
        is_open=np.zeros(grid, bool),
        activity=np.zeros(grid),
        level=np.zeros(grid),
        satisfaction=np.zeros(grid),
        recent_wait=np.zeros(grid),
        closed=np.full(customers, np.datetime64("NaT"), "datetime64[D]"),
        exit_reason=np.full(customers, "", dtype=object),
        churn_month=np.full(customers, NEVER),
        churn_kind=np.full(customers, "", dtype=object),
    )
