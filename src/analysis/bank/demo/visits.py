"""Contacts of the demo bank's customers with its branches, telephone and app: how long they waited, and attempted log-ins."""

import numpy as np
import pandas as pd
from scipy.special import ndtr, ndtri

from analysis.bank.demo.calendar import MONTHS, draw_days, month_of, pick, to_workday
from analysis.bank.demo.life import LOGINS_AN_HOUR, long_share
from analysis.bank.demo.people import Traits
from analysis.bank.demo.surroundings import HABITS, LONG_WAIT_MINUTES, SLOT_HOURS, WAIT_SPREAD, Surroundings
from analysis.bank.demo.worlds import LEVERS, World

PURPOSES = {
    "branch": ("cash", "account", "advice", "loan"),
    "phone": ("enquiry", "card", "loan", "app_help"),
    "app": ("enquiry", "app_help", "advice", "card"),
}
PHONE_RATE, CHAT_RATE, CHAT_BY_DIGITAL = 0.10, 0.03, 0.12
PHONE_WAIT_MINUTES, CHAT_WAIT_MINUTES = 4.0, 1.5
LOST_CARD_RATE, LOST_CARD_BY_BURDEN = 0.02, 0.7
PATIENCE_MINUTES = 35.0
LONGEST_WAIT = 240.0
OUTCOMES = ("done", "follow_up", "referred")
OUTCOME_EDGES = (0.8, 0.93)
MATCHED_WEEKS = (0, 1, 2, 3, 4)
FAILED_OTHERWISE = 0.03
COLUMNS = ("customer", "month", "day", "started_at", "channel", "branch", "purpose", "wait_minutes", "handled_minutes", "abandoned",
           "staff", "outcome")  # fmt: skip


def make_contacts(rng: np.random.Generator, traits: Traits, stage: Surroundings, world: World, history) -> pd.DataFrame:
    """One row a contact in order of time: customer, month, day, started_at, channel (branch, phone, app), branch (row; -1),
    purpose, wait_minutes, handled_minutes, abandoned, staff (number; in a branch of that branch) and outcome. Of a month in
    which the customer was struck by a long wait one visit waited LONG_WAIT_MINUTES or more, of others none."""
    frame = pd.concat([_visits(rng, traits, stage, world, history), _calls(rng, traits, world, history)], ignore_index=True)
    customer, closed = frame["customer"].to_numpy(), history.closed[frame["customer"]]
    day = draw_days(rng, frame["month"].to_numpy(), traits.opened[customer], closed)
    day = np.where(frame["channel"] == "branch", np.maximum(to_workday(rng, day, closed), traits.opened[customer]), day)
    seconds = (frame.pop("hour").to_numpy() * 3600).astype(int).astype("timedelta64[s]")
    abandoned = frame["wait_minutes"].to_numpy() > PATIENCE_MINUTES * np.exp(0.5 * rng.standard_normal(len(frame)))
    outcome = np.array(OUTCOMES, dtype=object)[np.digitize(rng.random(len(frame)), OUTCOME_EDGES)]
    full = frame.assign(
        day=day,
        started_at=day.astype("datetime64[s]") + seconds,
        abandoned=abandoned,
        handled_minutes=np.where(abandoned, 0.0, rng.gamma(3.0, 3.0, len(frame)).round(1)),
        staff=rng.integers(1, 7, len(frame)),
        outcome=np.where(abandoned, None, outcome),
    )
    return full[list(COLUMNS)].sort_values(["started_at", "customer"], ignore_index=True)


def _visits(rng: np.random.Generator, traits: Traits, stage: Surroundings, world: World, history) -> pd.DataFrame:
    long_month = history.struck[LEVERS.index("long_wait")]
    share = np.column_stack([long_share(month, traits, stage, world) for month in range(MONTHS)])
    counts = np.stack([long_month, rng.poisson(history.visits * (1 - share))])
    is_short, customer, month = (np.repeat(index.ravel(), counts.ravel()) for index in np.indices(counts.shape))
    branch = traits.branch[customer]
    own = stage.long_share[branch, :, month]
    slot = pick(rng, HABITS[traits.habit[customer]] * np.where(is_short[:, None], 1 - own, own))
    middle = stage.branches["wait_minutes"].to_numpy()[branch] * stage.crowding[branch, slot, month]
    low, high = np.array(SLOT_HOURS).T
    return pd.DataFrame(
        {
            "customer": customer,
            "month": month,
            "channel": "branch",
            "branch": branch,
            "purpose": _purposes(rng, "branch", len(customer)),
            "wait_minutes": _waits(rng, middle, is_short == 1).round(1),
            "hour": low[slot] + (high - low)[slot] * rng.random(len(slot)),
        }
    )


def _waits(rng: np.random.Generator, middle: np.ndarray, is_short: np.ndarray) -> np.ndarray:
    """Log-normal about `middle`, of the part below or from LONG_WAIT_MINUTES."""
    edge = ndtr(np.log(LONG_WAIT_MINUTES / middle) / WAIT_SPREAD)
    chance = rng.random(len(middle))
    place = np.where(is_short, chance * edge, edge + chance * (1 - edge))
    waits = middle * np.exp(WAIT_SPREAD * ndtri(np.clip(place, 1e-12, 1 - 1e-9)))
    return np.where(is_short, np.minimum(waits, LONG_WAIT_MINUTES - 0.1), np.clip(waits, LONG_WAIT_MINUTES, LONGEST_WAIT))


def _calls(rng: np.random.Generator, traits: Traits, world: World, history) -> pd.DataFrame:
    activity = np.minimum(history.activity, 1.5)
    burden = LOST_CARD_BY_BURDEN * traits.burden if world.hidden else 0.0
    rates = {
        ("phone", ""): PHONE_RATE * np.ones(len(traits)),
        ("app", ""): (CHAT_RATE + CHAT_BY_DIGITAL * traits.digital) * traits.uses_app,
        ("phone", "card_lost"): LOST_CARD_RATE * np.exp(burden) * np.ones(len(traits)),
    }
    parts = []
    for (channel, purpose), rate in rates.items():
        counts = rng.poisson(rate[:, None] * activity)
        customer, month = (np.repeat(index.ravel(), counts.ravel()) for index in np.indices(counts.shape))
        middle = PHONE_WAIT_MINUTES if channel == "phone" else CHAT_WAIT_MINUTES
        waits = np.minimum(middle * np.exp(WAIT_SPREAD * rng.standard_normal(len(customer))), LONG_WAIT_MINUTES - 0.1)
        parts.append(
            pd.DataFrame(
                {
                    "customer": customer,
                    "month": month,
                    "channel": channel,
                    "branch": -1,
                    "purpose": purpose or _purposes(rng, channel, len(customer)),
                    "wait_minutes": waits.round(1),
                    "hour": 8 + 12 * (rng.random(len(customer)) + rng.random(len(customer))) / 2,
                }
            )
        )
    return pd.concat(parts, ignore_index=True)


def _purposes(rng: np.random.Generator, channel: str, size: int) -> np.ndarray:
    return np.array(PURPOSES[channel], dtype=object)[rng.integers(0, len(PURPOSES[channel]), size)]


def make_logins(rng: np.random.Generator, traits: Traits, stage: Surroundings, history) -> pd.DataFrame:
    """One row a customer who tried to log in within the hours of an outage, on its day (in vain) or in the same hours of the four
    weeks before (in vain in FAILED_OTHERWISE of cases): customer, started_at, is_failed."""
    parts = []
    for outage in stage.outages.itertuples():
        for week in MATCHED_WEEKS:
            start = np.datetime64(outage.started) - np.timedelta64(7 * week, "D")
            customer = _tries(rng, traits, history, outage, week, start.astype("datetime64[D]"))
            after = (rng.random(len(customer)) * outage.hours * 3600).astype(int).astype("timedelta64[s]")
            failed = (rng.random(len(customer)) < FAILED_OTHERWISE) | (week == 0)
            parts.append(
                pd.DataFrame({"customer": customer, "started_at": start.astype("datetime64[s]") + after, "is_failed": failed})
            )
    return pd.concat(parts, ignore_index=True).sort_values(["started_at", "customer"], ignore_index=True)


def _tries(rng: np.random.Generator, traits: Traits, history, outage, week: int, day: np.datetime64) -> np.ndarray:
    """Rows of the customers who try to log in on the day within the outage's hours."""
    month = int(month_of(np.array([day]))[0])
    if month < 0:
        return np.zeros(0, int)
    there = (traits.opened <= day) & ~(history.closed < day)
    if week == 0:
        return np.flatnonzero(there & history.struck[LEVERS.index("app_outage"), :, outage.month])
    tries = rng.random(len(traits)) < 1 - np.exp(-outage.hours * LOGINS_AN_HOUR * traits.digital)
    kept = rng.random(len(traits)) < np.minimum(history.share[:, month], 1)
    return np.flatnonzero(there & traits.uses_app & tries & kept)
