"""What a month of life starts from and brings: holdings, state, chance."""

from dataclasses import dataclass

import numpy as np

from analysis.bank.demo.worlds import LEVERS

LULL_SPREAD = 0.2
NEVER_MONTH = np.int16(-999)
DRAWS = ("wait", "grievance", "recorded", "severity", "delay", "login", "alert", "arm")


@dataclass(frozen=True)
class Held:
    """What customers hold, by customer and month: products held, whether a card or a loan, whether a deposit matures."""

    products: np.ndarray
    card: np.ndarray
    loan: np.ndarray
    matures: np.ndarray

    def take(self, rows: np.ndarray) -> "Held":
        """The same of some customers."""
        return Held(**{name: values[rows] for name, values in vars(self).items()})


@dataclass(frozen=True)
class State:
    """At a month's end: mood (satisfaction over its base), lull (log activity), `until` the first month in which a lever no
    longer acts (levers × customers), whether this month's complaint is bound to stay unresolved, alerted_until and the month of
    the last alert."""

    mood: np.ndarray
    lull: np.ndarray
    until: np.ndarray
    pending: np.ndarray
    alerted_until: np.ndarray
    last_alert: np.ndarray

    def take(self, rows: np.ndarray) -> "State":
        """The state of some customers."""
        return State(**{name: values[..., rows] for name, values in vars(self).items()})


@dataclass(frozen=True)
class Month:
    """What one month brought, arrays by customer: `activity` (factor on own bookings and visits), `visits` (expected),
    `struck` (levers × customers), grievance, complaint, severity (1-5), whether the complaint is bound to stay unresolved, alert, alert_arm (held out), satisfaction (at the
    end) and `hazard` of deciding to leave."""

    activity: np.ndarray
    visits: np.ndarray
    struck: np.ndarray
    grievance: np.ndarray
    complaint: np.ndarray
    severity: np.ndarray
    unresolved: np.ndarray
    alert: np.ndarray
    alert_held_out: np.ndarray
    satisfaction: np.ndarray
    hazard: np.ndarray


def beginning(rng: np.random.Generator, customers: int) -> State:
    """The state before the first month."""
    return State(
        mood=np.zeros(customers),
        lull=LULL_SPREAD * rng.standard_normal(customers),
        until=np.zeros((len(LEVERS), customers), np.int16),
        pending=np.zeros(customers, bool),
        alerted_until=np.zeros(customers, np.int16),
        last_alert=np.full(customers, NEVER_MONTH),
    )


def draw(rng: np.random.Generator, customers: int) -> tuple[dict[str, np.ndarray], np.ndarray]:
    """A month's chance: a uniform for each of DRAWS, and two standard normals, by customer."""
    uniform = rng.random((len(DRAWS), customers))
    return dict(zip(DRAWS, uniform, strict=True)), rng.standard_normal((2, customers))


def unmarked(state: State, new: np.ndarray) -> State:
    """The state where nothing has happened yet to customers who are `new`."""
    return State(
        mood=np.where(new, 0.0, state.mood),
        lull=state.lull,
        until=np.where(new, np.int16(0), state.until),
        pending=state.pending & ~new,
        alerted_until=np.where(new, np.int16(0), state.alerted_until),
        last_alert=np.where(new, NEVER_MONTH, state.last_alert),
    )
