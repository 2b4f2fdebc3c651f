"""Expected outcomes: each customer's chance to leave by the report's rule within a horizon, under any set of levers.

A replicate lives the horizon anew from the landmark's state, as one who does not leave, and adds up the chances of the ways
out along that path (Rao-Blackwell: the coin tosses of leaving itself are averaged exactly; only what moves the hazard is
drawn). Ways out by the report's default rule: closed within the horizon, silent for the 180 days before its end, or assets
of three months down to a fifth or less."""

from dataclasses import dataclass

import numpy as np

from analysis.bank.demo.calendar import NEVER, last_day
from analysis.bank.demo.history import (
    CLOSED,
    DORMANT,
    INVOLUNTARY,
    LATE_CLOSING,
    LEAD_SHARES,
    RETURN_AFTER_MONTHS,
    RETURN_HAZARD,
    RUN_OFF,
    RUN_OFF_ACTIVITY,
    SILENT_SHARE,
    STAYS,
    Snapshot,
    involuntary_hazard,
    kind_shares,
    thinning,
)
from analysis.bank.demo.life import advance
from analysis.bank.demo.people import Traits
from analysis.bank.demo.state import Held
from analysis.bank.demo.surroundings import Surroundings
from analysis.bank.demo.worlds import World

SILENCE_DAYS = 180
SILENCE_MONTHS = 6
RUN_OFF_VISIBLE_AFTER = 2  # months until assets of three months have fallen to a fifth; as long an emptying is still to be seen
WAYS = (CLOSED, DORMANT, RUN_OFF, INVOLUNTARY)


@dataclass(frozen=True)
class Horizon:
    """The months after `landmark`, `months` of them; `end` is the last."""

    landmark: int
    months: int

    @property
    def end(self) -> int:
        return self.landmark + self.months

    @property
    def inside(self) -> range:
        return range(self.landmark + 1, self.end + 1)


def expected(
    horizon: Horizon, traits: Traits, held: Held, stage: Surroundings, world: World, state, chance, off: np.ndarray | bool = False
) -> np.ndarray:
    """WAYS × customers: the chances of those who have not made up their minds at the landmark, along one drawn path.
    `chance` holds `life.draw` of each month inside; `off`: see `life.advance`."""
    stays = 1 - involuntary_hazard(traits)
    undecided, decides, bookings = np.ones(len(traits)), [], []
    involuntary = np.zeros(len(traits))
    for number, month in enumerate(horizon.inside):
        state, lived = advance(month, traits, held, stage, world, state, chance[number], off)
        involuntary += undecided * stays**number * (1 - stays)
        decides.append(undecided * lived.hazard * stays ** (number + 1))
        undecided = undecided * (1 - lived.hazard)
        bookings.append(traits.bookings * lived.activity)
    ways = np.zeros((len(WAYS), len(traits)))
    shares = kind_shares(traits)
    for number, month in enumerate(horizon.inside):
        for lead, lead_share in LEAD_SHARES.items():
            gone = decides[number] * lead_share * stays ** (lead - 1)
            ways[:3] += gone * np.einsum("kwc,ck->wc", _seen(horizon, month + lead, bookings, month), shares)
    ways[1] += undecided * stays**horizon.months * _silence(horizon, horizon.end + 1, bookings, horizon.end + 1)
    ways[3] = involuntary
    return ways


def settled(horizon: Horizon, traits: Traits, at: Snapshot) -> np.ndarray:
    """WAYS × customers: the chances of those who at the landmark are on their way out, dormant or emptied already. No lever
    changes them."""
    stays = 1 - involuntary_hazard(traits)
    ways = np.zeros((len(WAYS), len(traits)))
    bookings = [traits.bookings] * horizon.months
    for gone in sorted(set(at.leaves[(at.status == STAYS) & (at.leaves != NEVER)])):
        rows = (at.status == STAYS) & (at.leaves == gone)
        seen = _seen(horizon, int(gone), bookings, horizon.landmark)
        for row, kind in enumerate(WAYS[:3]):
            ways[:3] += rows * (at.kind == kind) * stays ** (gone - horizon.landmark - 1) * seen[row]
    since = at.since
    closing = np.clip(horizon.end - np.maximum(horizon.landmark, since + 2), 0, None)
    closes = 1 - (1 - LATE_CLOSING) ** closing
    silent = _silence(horizon, horizon.landmark + 1, bookings, horizon.landmark, RUN_OFF_ACTIVITY)
    lately = since > horizon.landmark - RUN_OFF_VISIBLE_AFTER
    ways[:3] += (at.status == RUN_OFF) * np.array([closes, (1 - closes) * silent, (1 - closes) * (1 - silent) * lately])
    returning = np.clip(horizon.end - np.maximum(horizon.landmark, since + RETURN_AFTER_MONTHS - 1), 0, None)
    ways[1] += (at.status == DORMANT) * (1 - RETURN_HAZARD) ** returning
    return ways


def _seen(horizon: Horizon, gone: int, bookings, decided: int) -> np.ndarray:
    """3 kinds × 3 ways × customers: how one who is gone from month `gone` on is seen at the horizon's end. Who ran off may have
    closed by then, or be silent by chance; who fell silent or ran off may have come back."""
    seen = np.zeros((3, 3, len(bookings[0])))
    if gone > horizon.end:
        return seen
    away = (1 - RETURN_HAZARD) ** max(horizon.end - gone - RETURN_AFTER_MONTHS + 1, 0)
    closes = 1 - (1 - LATE_CLOSING) ** max(horizon.end - gone - 2, 0)
    silent = _silence(horizon, gone, bookings, decided, RUN_OFF_ACTIVITY)
    seen[0, 0] = 1.0
    seen[1, 1] = away * _silence(horizon, gone, bookings, decided)
    seen[2, 0] = closes
    seen[2, 1] = (1 - closes) * away * silent
    seen[2, 2] = (1 - closes) * away * (1 - silent) * (gone <= horizon.end - RUN_OFF_VISIBLE_AFTER)
    return seen


def _silence(horizon: Horizon, gone: int, bookings, decided: int, kept: float = 0.0) -> np.ndarray:
    """The chance that no booking falls into the last SILENCE_DAYS before the horizon's end, all of them at their usual rate
    until the decision, thinned after it, and from month `gone` on at `kept` of the usual."""
    first = horizon.end - SILENCE_MONTHS + 1
    days = (last_day(horizon.end) - last_day(first)).astype(int)
    whole = (last_day(first) - last_day(first - 1)).astype(int)
    part = (SILENCE_DAYS - days) / whole
    as_usual, thinned = np.zeros(len(bookings[0])), np.zeros(len(bookings[0]))
    for month in range(first, horizon.end + 1 if kept else min(gone, horizon.end + 1)):
        rate = bookings[month - horizon.landmark - 1] * (part if month == first else 1.0)
        rate = kept * rate if month >= gone else rate
        as_usual = as_usual + rate
        thinned = thinned + (rate * thinning(np.array(gone - month)) if decided < month < gone else rate)
    return SILENT_SHARE * np.exp(-as_usual) + (1 - SILENT_SHARE) * np.exp(-thinned)
