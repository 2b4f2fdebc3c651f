"""Contacts of the demo bank's customers with its branches, telephone and app, and how long they waited."""

import numpy as np
import pandas as pd

from analysis.bank.demo.calendar import FIRST_MONTH, draw_days, draw_times

CHANNELS = ("branch", "phone", "app")
PURPOSES = {
    "branch": ("cash", "account", "advice", "loan"),
    "phone": ("enquiry", "card", "loan", "app_help"),
    "app": ("enquiry", "app_help", "advice", "card"),
}
PHONE_WAIT_MINUTES = 4.0
APP_WAIT_MINUTES = 1.5
QUARTER_END_CONGESTION = 1.2
PATIENCE_MINUTES = 35.0
OUTCOMES = ("done", "follow_up", "referred")


def make_contacts(rng: np.random.Generator, month: int, world: pd.DataFrame, branches, opened, history) -> pd.DataFrame:
    """One row a contact of the month: customer (row of `world`), started_at, channel, branch_id, purpose,
    wait_minutes, handled_minutes, abandoned, staff_id, outcome."""
    digital = world["digital"].to_numpy()
    rate = np.column_stack([0.05 + 0.55 * (1 - digital), np.full(len(world), 0.10), 0.03 + 0.12 * digital])
    counts = rng.poisson(rate * np.minimum(history.activity[:, month], 1.5)[:, None])
    customer, channel = (np.repeat(index.ravel(), counts.ravel()) for index in np.indices(counts.shape))
    days = draw_days(rng, month, opened[customer], history.closed[customer])
    branch = world["branch"].to_numpy()[customer]
    wait = _waits(rng, month, channel, branches["wait_minutes"].to_numpy()[branch])
    abandoned = wait > PATIENCE_MINUTES * np.exp(0.5 * rng.standard_normal(len(wait)))
    staff = rng.integers(1, 7, len(wait))
    branch_id = branches["branch_id"].to_numpy().astype(object)[branch]
    purpose = np.array([PURPOSES[name] for name in CHANNELS], dtype=object)[channel, rng.integers(0, 4, len(wait))]
    frame = pd.DataFrame(
        {
            "customer": customer,
            "started_at": draw_times(rng, days, 8, 18),
            "channel": np.array(CHANNELS, dtype=object)[channel],
            "branch_id": np.where(channel == 0, branch_id, None),
            "purpose": purpose,
            "wait_minutes": wait.round(1),
            "handled_minutes": np.where(abandoned, 0.0, rng.gamma(3.0, 3.0, len(wait)).round(1)),
            "abandoned": abandoned,
            "staff_id": [f"S{b:03d}{s}" if c == 0 else f"S9{c}{s}" for b, s, c in zip(branch, staff, channel, strict=True)],
            "outcome": np.where(abandoned, None, np.array(OUTCOMES, dtype=object)[_outcomes(rng, len(wait))]),
        }
    )
    return frame.sort_values(["started_at", "customer"], ignore_index=True)


def _outcomes(rng: np.random.Generator, contacts: int) -> np.ndarray:
    return np.digitize(rng.random(contacts), (0.8, 0.93))


def _waits(rng: np.random.Generator, month: int, channel: np.ndarray, usual: np.ndarray) -> np.ndarray:
    congestion = QUARTER_END_CONGESTION if (FIRST_MONTH + month).astype(int) % 3 == 2 else 1.0
    middle = np.choose(channel, [usual * congestion, PHONE_WAIT_MINUTES, APP_WAIT_MINUTES])
    return np.minimum(middle * np.exp(0.6 * rng.standard_normal(len(channel))), 240)
