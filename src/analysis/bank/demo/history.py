"""What became of the demo bank's customers: 48 months lived one after the other, with the exits that were decided."""

from dataclasses import dataclass, field

import numpy as np

from analysis.bank.demo.calendar import MONTHS, NEVER, draw_days, first_day, month_of
from analysis.bank.demo.life import advance, logistic
from analysis.bank.demo.people import Traits
from analysis.bank.demo.state import Held, State, beginning, draw, unmarked
from analysis.bank.demo.surroundings import Surroundings
from analysis.bank.demo.worlds import LEVERS, World

KINDS = ("", "closed", "dormant", "run_off", "involuntary")
STAYS, CLOSED, DORMANT, RUN_OFF, INVOLUNTARY = range(5)
VOLUNTARY_REASONS = ("competitor", "fees", "service", "no_longer_needed")
VOLUNTARY_SHARES = (0.35, 0.2, 0.25, 0.2)
REASON_MONTHS, REASON_FACTOR = 6, 3.0
INVOLUNTARY_REASONS = ("relocation", "death", "loan_repaid")
INVOLUNTARY_HAZARD, INVOLUNTARY_BY_AGE = 0.0008, 0.04
SETTLING_MONTHS = 2
LEAD_SHARES = {1: 0.40, 2: 0.35, 3: 0.25}
THINNING = {1: 0.35, 2: 0.60, 3: 0.80}
THINNING_OF_ASSETS = 0.45
SILENT_SHARE = 0.1
RUN_OFF_LEVELS = (0.25, 0.05)
RUN_OFF_ACTIVITY = 0.4
LATE_CLOSING = 0.03
CLEARED_AFTER_MONTHS = 18
RETURN_HAZARD, RETURN_AFTER_MONTHS, RETURN_LEVEL = 0.012, 6, 0.7
THINNED = [LEVERS.index(lever) for lever in ("long_wait", "app_outage")]
PLANNED = ("status", "since", "leaves", "kind")
LANDMARKS = (11, 14, 17, 20, 23, 26, 29)


@dataclass(frozen=True)
class Snapshot:
    """Where customers stood at a month's end: their state, status (one of KINDS) `since` which month, and for those who have
    made up their minds the month in which they will be gone, and how."""

    state: State
    present: np.ndarray
    status: np.ndarray
    since: np.ndarray
    leaves: np.ndarray
    kind: np.ndarray

    def take(self, rows: np.ndarray) -> "Snapshot":
        """The same of some customers."""
        return Snapshot(**{name: values.take(rows) for name, values in vars(self).items()})


@dataclass
class History:
    """What happened, by customer and month: is_open, activity (factor on own bookings), `share` (of the usual, for one who is
    leaving), level (factor on assets), visits
    (expected), satisfaction, struck (levers × customers × months), grievance, complaint, severity, unresolved (of a complaint),
    alert (1 treated, 2 held out); by customer: closed (date), exit_reason, churn_month (first; NEVER), churn_kind (KINDS), returned_month; by landmark
    a Snapshot."""

    is_open: np.ndarray
    activity: np.ndarray
    share: np.ndarray
    level: np.ndarray
    visits: np.ndarray
    satisfaction: np.ndarray
    struck: np.ndarray
    grievance: np.ndarray
    complaint: np.ndarray
    severity: np.ndarray
    unresolved: np.ndarray
    alert: np.ndarray
    closed: np.ndarray
    exit_reason: np.ndarray
    churn_month: np.ndarray
    churn_kind: np.ndarray
    returned_month: np.ndarray
    snapshots: dict[int, Snapshot] = field(default_factory=dict)


@dataclass
class _Plans:
    """Where each customer stands while time runs."""

    status: np.ndarray
    since: np.ndarray
    leaves: np.ndarray
    kind: np.ndarray
    silent: np.ndarray


def live(rng: np.random.Generator, traits: Traits, held: Held, stage: Surroundings, world: World) -> History:
    """The 48 months of these customers."""
    size = len(traits)
    history, state = _blank(size), beginning(rng, size)
    integers = {
        name: np.full(size, value) for name, value in (("status", STAYS), ("since", NEVER), ("leaves", NEVER), ("kind", 0))
    }
    plans = _Plans(**integers, silent=np.zeros(size, bool))
    shares, hazard = kind_shares(traits), involuntary_hazard(traits)
    opened = month_of(traits.opened)
    for month in range(MONTHS):
        _depart(rng, month, traits, held, hazard, plans, history)
        present = (opened <= month) & ~(history.closed < first_day(month))
        chance = draw(rng, size)
        state = unmarked(state, opened > month - 1)
        state, lived = advance(month, traits, held, stage, world, state, chance)
        _record(rng, month, present, lived, plans, history)
        free = present & (plans.status == STAYS) & (plans.leaves == NEVER) & (month - opened >= SETTLING_MONTHS)
        _decide(rng, month, free & (rng.random(size) < lived.hazard), shares, plans)
        if month in LANDMARKS:
            still_there = present & ~(history.closed < first_day(month + 1))
            history.snapshots[month] = Snapshot(state, still_there, **{name: getattr(plans, name).copy() for name in PLANNED})
    return history


def kind_shares(traits: Traits) -> np.ndarray:
    """customers × 3: the chances that one who leaves closes, goes dormant or runs off. The digital fall silent, the wealthy
    move their money."""
    odds = np.column_stack([np.zeros(len(traits)), -0.8 + 1.0 * (traits.digital - 0.5), -0.8 + 0.30 * traits.wealth])
    return np.exp(odds) / np.exp(odds).sum(axis=1, keepdims=True)


def involuntary_hazard(traits: Traits) -> np.ndarray:
    """Monthly chance of an involuntary exit; it rises with age from 60."""
    return INVOLUNTARY_HAZARD * np.exp(INVOLUNTARY_BY_AGE * np.maximum(traits.age - 60, 0))


def involuntary_shares(traits: Traits, borrows: np.ndarray) -> np.ndarray:
    """customers × 3: the chances of INVOLUNTARY_REASONS: the old die, a company or one of unknown age does not, and only who
    borrows repays."""
    dies = np.where(traits.age > 0, 0.1 + 0.8 * logistic((traits.age - 68) / 5), 0.0)
    repays = np.where(borrows, 0.35, 0.0)
    return np.column_stack([(1 - repays) * (1 - dies), dies, repays * (1 - dies)])


def voluntary_shares(month: int, history: History) -> np.ndarray:
    """customers × 4: the chances of VOLUNTARY_REASONS, as the counter takes them down: what struck a customer within half a year
    is named more often."""
    lately = history.struck[:, :, max(month - REASON_MONTHS, 0) : month].any(axis=2)
    more = {
        "competitor": lately[LEVERS.index("competitor_rate")] | lately[LEVERS.index("manager_left")],
        "fees": lately[LEVERS.index("fee_rise")],
        "service": lately[LEVERS.index("long_wait")]
        | lately[LEVERS.index("unresolved_complaint")]
        | lately[LEVERS.index("app_outage")],
        "no_longer_needed": np.zeros(lately.shape[1], bool),
    }
    return np.column_stack(
        [share * (1 + REASON_FACTOR * more[name]) for name, share in zip(VOLUNTARY_REASONS, VOLUNTARY_SHARES, strict=True)]
    )


def _decide(rng, month: int, decided: np.ndarray, shares: np.ndarray, plans: _Plans) -> None:
    """When each who made up his mind will be gone, in which way, and whether it shows before."""
    size = int(decided.sum())
    plans.leaves[decided] = month + rng.choice(list(LEAD_SHARES), size, p=list(LEAD_SHARES.values()))
    plans.kind[decided] = 1 + (rng.random(size)[:, None] > np.cumsum(shares[decided], axis=1)).sum(axis=1).clip(max=2)
    plans.silent[decided] = rng.random(size) < SILENT_SHARE


def _depart(rng, month: int, traits: Traits, held: Held, hazard: np.ndarray, plans: _Plans, history: History) -> None:
    """This month's exits: decided ones, involuntary ones, dormant or emptied relations that end or come back."""
    present = (month_of(traits.opened) < month) & np.isnat(history.closed)
    leaving = present & (plans.leaves == month)
    plans.status[leaving], plans.since[leaving] = plans.kind[leaving], month
    first = leaving & (history.churn_month == NEVER)
    history.churn_month[first], history.churn_kind[first] = month, plans.kind[first]
    chance, back = rng.random((2, len(traits)))
    unwilling = present & (plans.status == STAYS) & (chance < hazard)
    plans.status[unwilling], plans.since[unwilling] = INVOLUNTARY, month
    fresh = unwilling & (history.churn_month == NEVER)
    history.churn_month[fresh], history.churn_kind[fresh] = month, INVOLUNTARY
    since = month - plans.since
    emptied = present & (plans.status == RUN_OFF) & (since > 2) & (chance < LATE_CLOSING)
    cleared = present & (plans.status == DORMANT) & (since > CLEARED_AFTER_MONTHS) & (chance < LATE_CLOSING)
    willing = (leaving & (plans.kind == CLOSED)) | emptied
    _close(rng, month, willing, voluntary_shares(month, history), VOLUNTARY_REASONS, traits, history)
    _close(rng, month, unwilling, involuntary_shares(traits, held.loan[:, month]), INVOLUNTARY_REASONS, traits, history)
    _close(rng, month, cleared, np.ones((len(traits), 1)), ("cleared",), traits, history)
    away = present & np.isin(plans.status, (DORMANT, RUN_OFF)) & (since >= RETURN_AFTER_MONTHS) & np.isnat(history.closed)
    returning = away & (back < RETURN_HAZARD)
    history.returned_month[returning] = np.minimum(history.returned_month[returning], month)
    plans.status[returning], plans.leaves[returning] = STAYS, NEVER


def _close(rng, month: int, who: np.ndarray, shares: np.ndarray, reasons, traits: Traits, history: History) -> None:
    history.closed[who] = draw_days(rng, month, traits.opened[who], history.closed[who])
    edges = np.cumsum(shares[who], axis=1)
    code = (rng.random(int(who.sum()))[:, None] * edges[:, -1:] > edges).sum(axis=1)
    history.exit_reason[who] = np.array(reasons, dtype=object)[code]


def _record(rng, month: int, present: np.ndarray, lived, plans: _Plans, history: History) -> None:
    thin = thinning(plans.leaves - month, plans.silent)
    own = np.select([plans.status == DORMANT, plans.status == RUN_OFF], [0.0, RUN_OFF_ACTIVITY], thin)
    since = month - plans.since
    emptied = np.where(since == 0, RUN_OFF_LEVELS[0], RUN_OFF_LEVELS[1])
    kept = np.where(history.returned_month == NEVER, 1.0, RETURN_LEVEL) * (1 - THINNING_OF_ASSETS * (1 - thin))
    history.is_open[:, month] = present
    history.activity[:, month] = present * lived.activity * own
    history.share[:, month] = present * own
    history.level[:, month] = present * np.where(plans.status == RUN_OFF, emptied, kept)
    history.visits[:, month] = present * lived.visits * own
    history.satisfaction[:, month] = lived.satisfaction
    acts = present & ~np.isin(plans.status, (CLOSED, DORMANT, INVOLUNTARY))
    history.struck[:, :, month] = lived.struck & acts
    seldom = rng.random((len(THINNED), len(acts))) >= own
    history.struck[THINNED, :, month] &= ~seldom
    history.grievance[:, month] = lived.grievance & acts
    history.complaint[:, month] = lived.complaint & acts
    history.severity[:, month] = lived.severity
    history.unresolved[:, month] = lived.unresolved & acts
    watched = acts & (plans.status == STAYS)
    history.alert[:, month] = (lived.alert & watched) * (1 + lived.alert_held_out)


def thinning(months_before: np.ndarray, silent: np.ndarray | bool = False) -> np.ndarray:
    """Factor on activity this many months before leaving."""
    factor = np.array([1.0, *THINNING.values()])
    within = (months_before >= 1) & (months_before <= len(THINNING)) & ~np.asarray(silent)
    return factor[np.where(within, months_before, 0)]


def _blank(size: int) -> History:
    def grid(kind) -> np.ndarray:
        return np.zeros((size, MONTHS), kind)

    return History(
        is_open=grid(bool), activity=grid(np.float32), share=grid(np.float32), level=grid(np.float32), visits=grid(np.float32),
        satisfaction=grid(np.float32), struck=np.zeros((len(LEVERS), size, MONTHS), bool), grievance=grid(bool),
        complaint=grid(bool), unresolved=grid(bool), severity=grid(np.int8), alert=grid(np.int8),
        closed=np.full(size, np.datetime64("NaT"), "datetime64[D]"), exit_reason=np.full(size, "", dtype=object),
        churn_month=np.full(size, NEVER), churn_kind=np.zeros(size, int), returned_month=np.full(size, NEVER),
    )  # fmt: skip
