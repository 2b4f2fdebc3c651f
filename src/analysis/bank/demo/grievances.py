"""Complaints of the demo bank's customers: who complains, about what, and how long until it is resolved."""

import numpy as np
import pandas as pd

from analysis.bank.demo.calendar import draw_days, draw_times, last_day
from analysis.bank.demo.texts import COMPLAINTS

CATEGORIES = tuple(COMPLAINTS)
CATEGORY_SHARES = (0.24, 0.17, 0.18, 0.16, 0.08, 0.06, 0.07, 0.04)
BASE_LOG_ODDS = -5.0
UNRESOLVED_SHARE = 0.10
MEDIAN_DAYS = 7.0
LONGEST_DAYS = 90
PATIENCE_DAYS = 15
RECENT_DAYS = 92
LONG_WAIT_MINUTES = 30.0
CHANNELS = ("branch", "phone", "app", "web", "mail")


class Grievances:
    """The running list of complaints, and for each customer the latest one's dates."""

    def __init__(self, customers: int):
        self.received = np.full(customers, np.datetime64("1900-01-01"), "datetime64[D]")
        self.resolved = self.received.copy()
        self.frames: list[pd.DataFrame] = []

    def unresolved(self, month: int) -> np.ndarray:
        """Whether a complaint of each customer has stood open for longer than patience at the month's end."""
        return (last_day(month) - self.received > np.timedelta64(PATIENCE_DAYS, "D")) & (
            np.isnat(self.resolved) | (self.resolved > last_day(month))
        )

    def recent(self, month: int) -> np.ndarray:
        """Whether each customer complained within the last three months."""
        return last_day(month) - self.received < np.timedelta64(RECENT_DAYS, "D")

    def complain(self, rng, month: int, world: pd.DataFrame, satisfaction, wait, opened, history) -> None:
        """Add the month's complaints. Wealth and sensitivity to service raise them, satisfaction lowers them."""
        odds = (
            BASE_LOG_ODDS
            - 0.6 * satisfaction
            + 0.25 * (np.log(world["assets"].to_numpy()) - 11.5)
            + 0.3 * world["service_sensitivity"].to_numpy()
            + 1.0 * (wait > LONG_WAIT_MINUTES)
        )
        active = history.activity[:, month] > 0
        customer = np.flatnonzero(active & (rng.random(len(odds)) < 1 / (1 + np.exp(-odds))))
        days = draw_days(rng, month, opened[customer], history.closed[customer])
        complaints = _describe(rng, customer, days, world["branch"].to_numpy()[customer], wait[customer])
        self.received[customer] = days
        self.resolved[customer] = complaints["resolved_at"].to_numpy().astype("datetime64[D]")
        self.frames.append(complaints)

    def frame(self) -> pd.DataFrame:
        """All complaints in order of receipt (see `_describe`)."""
        return pd.concat(self.frames, ignore_index=True).sort_values(["received_at", "customer"], ignore_index=True)


def _describe(rng: np.random.Generator, customer, days, branch, wait) -> pd.DataFrame:
    """customer, branch (rows), received_at, channel, category, severity, first_handler, handler, handoffs,
    escalated_at, resolved_at, reopened_at, revisited_at, referred_by_regulator."""
    size = len(customer)
    drawn = rng.choice(len(CATEGORIES), size, p=CATEGORY_SHARES)
    category = np.where((wait > LONG_WAIT_MINUTES) & (rng.random(size) < 0.5), 0, drawn)
    severity = 1 + rng.binomial(4, 0.3 + 0.1 * np.isin(category, (4, 5)))
    handoffs = rng.poisson(0.3 + 0.2 * (severity - 1))
    took = MEDIAN_DAYS * np.exp(0.8 * rng.standard_normal(size) + 0.15 * (severity - 2) + 0.2 * handoffs)
    resolved = days + np.clip(took, 1, LONGEST_DAYS).astype(int).astype("timedelta64[D]")
    resolved = np.where(rng.random(size) < UNRESOLVED_SHARE, np.datetime64("NaT"), resolved)
    received_at = draw_times(rng, days, 8, 20)
    escalated = ((severity >= 4) | (handoffs >= 3)) & ~(resolved <= days + 3)
    first, then = rng.integers(1, 7, (2, size))
    return pd.DataFrame(
        {
            "customer": customer,
            "branch": branch,
            "received_at": received_at,
            "channel": np.array(CHANNELS, dtype=object)[rng.choice(5, size, p=(0.25, 0.40, 0.20, 0.10, 0.05))],
            "category": np.array(CATEGORIES, dtype=object)[category],
            "severity": severity,
            "first_handler": [f"S{b:03d}{s}" for b, s in zip(branch, first, strict=True)],
            "handler": [f"S{b:03d}{s if h else f}" for b, f, s, h in zip(branch, first, then, handoffs, strict=True)],
            "handoffs": handoffs,
            "escalated_at": np.where(escalated, received_at + np.timedelta64(2, "D"), np.datetime64("NaT")),
            "resolved_at": _at_noon(resolved),
            "reopened_at": _at_noon(np.where(rng.random(size) < 0.06, resolved + 5, np.datetime64("NaT"))),
            "revisited_at": _at_noon(np.where(rng.random(size) < 0.55, resolved + 3, np.datetime64("NaT"))),
            "referred_by_regulator": rng.random(size) < 0.02 + 0.03 * (severity >= 4),
        }
    )


def _at_noon(days: np.ndarray) -> np.ndarray:
    return days.astype("datetime64[D]").astype("datetime64[s]") + np.timedelta64(12, "h")
