"""Complaints of the demo bank's customers: what about, through whose hands they went, how long until they were resolved."""

import numpy as np
import pandas as pd

from analysis.bank.demo.calendar import MONTHS, draw_days, draw_times, last_day
from analysis.bank.demo.complaint_texts import CATEGORIES
from analysis.bank.demo.people import Traits
from analysis.bank.demo.worlds import LEVERS

CATEGORY_SHARES = {
    "service": 0.24, "pricing": 0.17, "system": 0.18, "process": 0.16, "returns": 0.08, "funds_security": 0.06, "marketing": 0.07,
    "other": 0.04,
}  # fmt: skip
ABOUT = {"long_wait": ("service", 0.7), "fee_rise": ("pricing", 0.8), "app_outage": ("system", 0.8)}
PROMPT_DAYS = 15
MEDIAN_DAYS, DAYS_SPREAD = 6.0, 0.7
LONGEST_DAYS = 120
WORTH_A_WORD_MINUTES = 15
NEVER_RESOLVED_SHARE = 0.25
ESCALATED_FROM_SEVERITY, ESCALATED_FROM_HANDOFFS = 4, 3
REOPENED_SHARE, REVISITED_SHARE = 0.06, 0.55
EXTENDED_SHARE, EXTENDED_DAYS = 0.40, (30, 60)
APPROVED_TOO_LATE_SHARE = 0.15
CHANNELS = ("branch", "phone", "app", "web", "mail")
CHANNEL_SHARES = (0.25, 0.40, 0.20, 0.10, 0.05)


def make_complaints(rng: np.random.Generator, traits: Traits, history, contacts: pd.DataFrame) -> pd.DataFrame:
    """One row a complaint in order of receipt: customer, branch (row), received_at, channel, category, severity,
    first_handler, handler, handoffs, escalated_at, resolved_at, reopened_at, revisited_at, referred_by_regulator, and, for its
    text, waited_minutes (of a visit of that day or before; NaN: none) and years with the bank."""
    customer, month = np.nonzero(history.complaint)
    severity = history.severity[customer, month].astype(int)
    waited, visited = _longest_waits(contacts, customer, month)
    day = np.fmax(draw_days(rng, month, traits.opened[customer], history.closed[customer]), visited)
    is_late = history.unresolved[customer, month]
    handoffs = rng.poisson(0.3 + 0.2 * (severity - 1) + 0.6 * is_late)
    resolved = _resolutions(rng, day, is_late, severity, handoffs)
    received_at = np.where(np.isnat(visited), draw_times(rng, day, 8, 20), draw_times(rng, day, 18, 22))
    size, branch = len(customer), traits.branch[customer]
    first, then = rng.integers(1, 7, (2, size))
    category = _categories(rng, history, customer, month)
    names = np.array([[f"S{number:03d}{s}" for s in range(7)] for number in range(int(traits.branch.max()) + 1)], dtype=object)
    frame = pd.DataFrame(
        {
            "customer": customer,
            "branch": branch,
            "received_at": received_at,
            "channel": np.array(CHANNELS, dtype=object)[rng.choice(len(CHANNELS), size, p=CHANNEL_SHARES)],
            "category": category,
            "severity": severity,
            "first_handler": names[branch, first],
            "handler": names[branch, np.where(handoffs > 0, then, first)],
            "handoffs": handoffs,
            **_course(rng, received_at, resolved, severity, handoffs),
            "referred_by_regulator": rng.random(size) < 0.02 + 0.03 * (severity >= 4),
            "waited_minutes": waited,
            "years": ((day - traits.opened[customer]).astype(int) / 365.25).astype(int),
        }
    )
    return frame.sort_values(["received_at", "customer"], ignore_index=True)


def draw_extensions(rng: np.random.Generator, complaints: pd.DataFrame) -> dict[str, np.ndarray]:
    """extension_approved_at and extended_until of complaints that are open after PROMPT_DAYS: of some more time was approved, of a
    few of these only when the limit had run out; NaT for all others."""
    received, resolved = (complaints[name].to_numpy().astype("datetime64[s]") for name in ("received_at", "resolved_at"))
    day, size = received.astype("datetime64[D]"), len(complaints)
    is_open = np.isnat(resolved) | (resolved.astype("datetime64[D]") > day + PROMPT_DAYS)
    chance, approval, length = rng.random(size), rng.integers(5, PROMPT_DAYS, size), rng.integers(0, len(EXTENDED_DAYS), size)
    approval = np.where(rng.random(size) < APPROVED_TOO_LATE_SHARE, PROMPT_DAYS + 2, approval)
    approved = _in_office_hours(rng, day + approval.astype("timedelta64[D]"), received)
    is_extended = is_open & (chance < EXTENDED_SHARE) & ~(resolved < approved) & ~np.isnat(approved)
    until = day + np.array(EXTENDED_DAYS)[length].astype("timedelta64[D]")
    nothing = np.datetime64("NaT")
    return {
        "extension_approved_at": np.where(is_extended, approved, nothing),
        "extended_until": np.where(is_extended, until, nothing),
    }


def _course(rng: np.random.Generator, received_at: np.ndarray, resolved: np.ndarray, severity, handoffs) -> dict[str, np.ndarray]:
    """When complaints were escalated, resolved, reopened, and when customers were asked again."""
    size, day = len(received_at), received_at.astype("datetime64[D]")
    escalated = ((severity >= ESCALATED_FROM_SEVERITY) | (handoffs >= ESCALATED_FROM_HANDOFFS)) & ~(resolved <= day + 3)
    return {
        "escalated_at": _later(rng, received_at, escalated, 3),
        "resolved_at": _in_office_hours(rng, resolved, received_at),
        "reopened_at": _later(rng, resolved, rng.random(size) < REOPENED_SHARE, 20),
        "revisited_at": _later(rng, resolved, rng.random(size) < REVISITED_SHARE, 8),
    }


def _resolutions(rng: np.random.Generator, day: np.ndarray, is_late: np.ndarray, severity, handoffs) -> np.ndarray:
    """The day of resolution: within PROMPT_DAYS, or later than that, or never."""
    middle = MEDIAN_DAYS * np.exp(0.1 * (severity - 2) + 0.1 * handoffs)
    took = middle * np.exp(DAYS_SPREAD * rng.standard_normal(len(day)))
    prompt = np.clip(took, 0, PROMPT_DAYS).astype(int)
    late = np.clip(PROMPT_DAYS + 1 + 2 * took, PROMPT_DAYS + 1, LONGEST_DAYS).astype(int)
    never = is_late & (rng.random(len(day)) < NEVER_RESOLVED_SHARE)
    resolved = day + np.where(is_late, late, prompt).astype("timedelta64[D]")
    return np.where(never, np.datetime64("NaT"), resolved)


def _categories(rng: np.random.Generator, history, customer: np.ndarray, month: np.ndarray) -> np.ndarray:
    """By share; what struck the customer this month is complained of more often than not."""
    shares = np.array([CATEGORY_SHARES[name] for name in CATEGORIES])
    code = rng.choice(len(CATEGORIES), len(customer), p=shares / shares.sum())
    for lever, (category, share) in ABOUT.items():
        hit = history.struck[LEVERS.index(lever), customer, month] & (rng.random(len(customer)) < share)
        code = np.where(hit, CATEGORIES.index(category), code)
    return np.array(CATEGORIES, dtype=object)[code]


def _longest_waits(contacts: pd.DataFrame, customer: np.ndarray, month: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """The longest wait of each customer's visits in the month, and its day; NaN and NaT below WORTH_A_WORD_MINUTES."""
    visits = contacts[(contacts["channel"] == "branch") & (contacts["wait_minutes"] >= WORTH_A_WORD_MINUTES)]
    longest = visits.sort_values("wait_minutes", kind="stable").drop_duplicates(["customer", "month"], keep="last")
    key = longest["customer"].to_numpy() * MONTHS + longest["month"].to_numpy()
    wait, day = (
        pd.Series(longest[name].to_numpy(), key).reindex(customer * MONTHS + month).to_numpy() for name in ("wait_minutes", "day")
    )
    return wait, day.astype("datetime64[D]")


def _in_office_hours(rng: np.random.Generator, days: np.ndarray, after: np.ndarray) -> np.ndarray:
    """A time of each day, never before `after`; NaT beyond the data."""
    time = np.fmax(draw_times(rng, np.where(np.isnat(days), last_day(0), days), 9, 18), after + np.timedelta64(1, "h"))
    return np.where(np.isnat(days) | (days > last_day(MONTHS - 1)), np.datetime64("NaT"), time)


def _later(rng: np.random.Generator, begin: np.ndarray, happens: np.ndarray, most_days: int) -> np.ndarray:
    """A time one to `most_days` days after `begin` for those to whom it happens; NaT for others and beyond the data."""
    days = begin.astype("datetime64[D]") + rng.integers(1, most_days, len(begin), endpoint=True).astype("timedelta64[D]")
    return _in_office_hours(rng, np.where(happens, days, np.datetime64("NaT")), begin.astype("datetime64[s]"))
