"""The causal model of the demo bank: one month of customers' lives, from the state at its beginning to the state at its end.

Exposures (a long wait, a fee rise, …) lower satisfaction and, for some months, raise the odds of deciding to leave; low
satisfaction raises grievances, some of which are written down as complaints, some of those unresolved for long. The equations
and the reasons for their numbers stand in docs/demo-bank.md. Switching a lever off leaves everything else to evolve anew."""

import numpy as np

from analysis.bank.demo.calendar import AS_OF_MONTH, last_day
from analysis.bank.demo.people import Traits
from analysis.bank.demo.state import LULL_SPREAD, Held, Month, State
from analysis.bank.demo.surroundings import CENTRES, HABITS, RATE_GAP_FELT, Surroundings
from analysis.bank.demo.worlds import LEVERS, MONTHS_OF_EFFECT, World

BASE_LOG_ODDS = -5.35
LAST_YEAR_LOG_ODDS = 0.25
SATISFACTION, TENURE, WEALTH, PRODUCT, DIGITAL, PRICE = -0.60, -0.60, -0.80, -0.30, 0.70, 0.15
QUALITY_OF_BRANCH = -0.25
PERSISTENCE, DRIFT, MOOD_SPREAD = 0.85, 0.05, 0.12
LULL_PERSISTENCE, ACTIVITY_BY_SATISFACTION = 0.7, 0.15
VISITS_AT_LEAST, VISITS_AWAY = 0.05, 0.55
GRIEVANCE_LOG_ODDS, GRIEVANCE_BY_SATISFACTION = -2.9, -0.30
RECORDED_LOG_ODDS, RECORDED_BY_WEALTH, RECORDED_BY_SERVICE, RECORDED_BY_BRANCH = -2.0, 1.80, 0.30, 0.50
SEVERITY_STEPS, SEVERITY_SHARE = 4, 0.35
UNRESOLVED_LOG_ODDS, UNRESOLVED_BY_SEVERITY, UNRESOLVED_BY_LOAD = -0.7, 0.40, 1.0
FELT_BY_SEVERITY = 0.05
SENSITIVITY = {"fee_rise": ("price_sensitivity", 0.4), "long_wait": ("service_sensitivity", 0.3),
               "competitor_rate": ("price_sensitivity", 0.3)}  # fmt: skip
LOGINS_AN_HOUR = 0.07
POACHED_FACTOR = 1.6
ALERTS_FROM_MONTH, ALERT_SHARE, ALERT_LULL, ALERT_WEALTH, ALERT_PAUSE_MONTHS = 24, 0.20, -0.15, -0.5, 6
ALERT_HELD_OUT, ALERT_EFFECT, ALERT_MONTHS = 0.20, -0.60, 6
LASTING = np.array([MONTHS_OF_EFFECT[lever] for lever in LEVERS], np.int16)[:, None]
BURDEN_ON_DELAY, BURDEN_ON_WAIT = 0.9, 0.5
DRIFTED_SATISFACTION, DRIFTED_DIGITAL, DRIFTED_BASE = 0.5, -0.6, 0.35
FORM_THRESHOLD, FORM_SATISFACTION = 0.3, -0.95
FORM_SHIFT = -0.35


def advance(
    month: int,
    traits: Traits,
    held: Held,
    stage: Surroundings,
    world: World,
    state: State,
    chance,
    off: np.ndarray | bool = False,
) -> tuple[State, Month]:
    """One month of customers who have not made up their minds to leave; where `off` (levers × customers) is true the lever
    does not strike."""
    uniform, (lull_noise, mood_noise) = chance
    before = traits.satisfaction_base + state.mood
    lull = LULL_PERSISTENCE * state.lull + LULL_SPREAD * lull_noise
    activity = np.exp(lull + ACTIVITY_BY_SATISFACTION * np.clip(before, -2, 2))
    visits = (VISITS_AT_LEAST + VISITS_AWAY * (1 - traits.digital)) * np.minimum(activity, 1.5)
    struck, told = _strikes(month, traits, held, stage, world, state, visits, before, uniform, ~np.asarray(off))
    alert, arm = _alerts(month, traits, state, uniform)
    after = State(
        mood=_mood(world, traits, state, struck, told, mood_noise),
        lull=lull,
        until=np.where(struck, LASTING + np.int16(month), state.until),
        pending=told["unresolved"],
        alerted_until=np.where(alert & ~arm, np.int16(month + ALERT_MONTHS), state.alerted_until),
        last_alert=np.where(alert, np.int16(month), state.last_alert),
    )
    satisfaction = traits.satisfaction_base + after.mood
    hazard = hazard_of(world, log_odds(month, traits, held, stage, world, after, satisfaction))
    return after, Month(
        activity, visits, struck, alert=alert, alert_held_out=arm, satisfaction=satisfaction, hazard=hazard, **told
    )


def _mood(world: World, traits: Traits, state: State, struck: np.ndarray, told: dict[str, np.ndarray], noise) -> np.ndarray:
    felt = sum(world.felt[lever] * sensitivity(traits, lever) * struck[row] for row, lever in enumerate(LEVERS))
    by_grievance = FELT_BY_SEVERITY * told["severity"] * told["grievance"]
    return PERSISTENCE * state.mood + DRIFT + MOOD_SPREAD * noise - felt - by_grievance


def sensitivity(traits: Traits, lever: str) -> np.ndarray | float:
    """By how much more or less than on average a lever acts on each customer: never against its sign, at most twice."""
    if lever not in SENSITIVITY:
        return 1.0
    name, slope = SENSITIVITY[lever]
    return np.clip(1 + slope * getattr(traits, name), 0, 2)


def _strikes(month, traits, held, stage, world, state, visits, before, uniform, on) -> tuple[np.ndarray, dict[str, np.ndarray]]:
    """Whom each lever strikes this month where it is `on`, and grievances with what became of them."""
    struck = np.zeros((len(LEVERS), len(traits)), bool)
    at = {lever: row for row, lever in enumerate(LEVERS)}
    struck[at["long_wait"]] = uniform["wait"] < 1 - np.exp(-visits * long_share(month, traits, stage, world))
    struck[at["fee_rise"]] = (stage.fee_month[traits.branch] == month) & held.card[:, month]
    struck[at["manager_left"]] = stage.departing[traits.place, month]
    struck[at["app_outage"]] = traits.uses_app & (uniform["login"] < 1 - np.exp(-stage.hours_out[month] * logins(traits)))
    struck[at["competitor_rate"]] = held.matures[:, month] & (stage.gap[stage.area[traits.branch], month] > RATE_GAP_FELT)
    struck[at["unresolved_complaint"]] = state.pending
    struck &= on
    return struck, grievances(month, traits, stage, world, struck, before, uniform)


def long_share(month: int, traits: Traits, stage: Surroundings, world: World) -> np.ndarray:
    """Chance that a visit of each customer waits long, over the hours at which it comes."""
    by_habit = np.einsum("hs,bs->hb", HABITS, stage.long_share[:, :, month])
    share = by_habit[traits.habit, traits.branch]
    return np.minimum(share * np.exp(BURDEN_ON_WAIT * traits.burden), 0.95) if world.hidden else share


def logins(traits: Traits) -> np.ndarray:
    """Attempted log-ins to the app an hour of the day."""
    return LOGINS_AN_HOUR * traits.digital


def grievances(month, traits, stage, world, struck, before, uniform) -> dict[str, np.ndarray]:
    """Who has a grievance, given whom the levers struck and satisfaction `before`; whether it is written down, how severe it is
    and whether it stays unresolved."""
    odds = GRIEVANCE_LOG_ODDS + GRIEVANCE_BY_SATISFACTION * before
    for lever, more in world.grieved.items():
        odds = odds + more * struck[LEVERS.index(lever)]
    grievance = uniform["grievance"] < logistic(odds)
    recording = stage.branches["recording"].to_numpy()[traits.branch]
    recorded = (
        RECORDED_LOG_ODDS
        + RECORDED_BY_WEALTH * traits.wealth
        + RECORDED_BY_SERVICE * traits.service_sensitivity
        + RECORDED_BY_BRANCH * recording
    )
    complaint = grievance & (uniform["recorded"] < logistic(recorded))
    severity = 1 + np.searchsorted(_severity_edges(), uniform["severity"])
    load = stage.load[traits.branch % CENTRES, month]
    delay = UNRESOLVED_LOG_ODDS + UNRESOLVED_BY_SEVERITY * (severity - 2) + UNRESOLVED_BY_LOAD * load
    delay = delay + BURDEN_ON_DELAY * traits.burden if world.hidden else delay
    unresolved = complaint & (uniform["delay"] < logistic(delay))
    return {"grievance": grievance, "complaint": complaint, "severity": severity, "unresolved": unresolved}


def _severity_edges() -> np.ndarray:
    n, p = SEVERITY_STEPS, SEVERITY_SHARE
    choose = np.array([1, 4, 6, 4, 1])
    return np.cumsum(choose * p ** np.arange(n + 1) * (1 - p) ** (n - np.arange(n + 1)))[:-1]


def _alerts(month: int, traits: Traits, state: State, uniform) -> tuple[np.ndarray, np.ndarray]:
    """The bank's own rule, early in the month: customers of some wealth who were less active than usual in the month before; not
    twice within the cool-down."""
    due = (state.lull < ALERT_LULL) & (traits.wealth > ALERT_WEALTH) & (month - state.last_alert >= ALERT_PAUSE_MONTHS)
    alert = due & (uniform["alert"] < ALERT_SHARE) & (month >= ALERTS_FROM_MONTH)
    return alert, alert & (uniform["arm"] < ALERT_HELD_OUT)


def log_odds(month, traits, held, stage, world, state: State, satisfaction: np.ndarray) -> np.ndarray:
    """Log odds (complementary log-log in `form`) of deciding to leave at the month's end, by customer."""
    tenure = np.maximum((last_day(month) - traits.opened).astype(int), 0) / 365.25
    has_drifted = world.drifts and month > AS_OF_MONTH
    odds = (
        BASE_LOG_ODDS
        + world.shift
        + LAST_YEAR_LOG_ODDS * (month > AS_OF_MONTH - 12)
        + DRIFTED_BASE * has_drifted
        + _by_satisfaction(world, satisfaction) * (DRIFTED_SATISFACTION if has_drifted else 1.0)
        + TENURE * (np.log1p(tenure) - 1.4)
        + WEALTH * traits.wealth
        + PRODUCT * (held.products[:, month] - 2.8)
        + (DRIFTED_DIGITAL if has_drifted else DIGITAL) * (traits.digital - 0.55)
        + PRICE * traits.price_sensitivity
        + QUALITY_OF_BRANCH * stage.branches["quality"].to_numpy()[traits.branch]
        + stage.economy[stage.area[traits.branch], month]
        + ALERT_EFFECT * (month < state.alerted_until)
        + (world.hidden + world.frailty) * traits.burden
    )
    return odds + _by_levers(month, traits, stage, world, state, satisfaction)


def _by_levers(month: int, traits: Traits, stage: Surroundings, world: World, state: State, satisfaction) -> np.ndarray:
    odds = np.zeros(len(traits))
    for row, lever in enumerate(LEVERS):
        acts = month < state.until[row]
        if world.is_other_form and lever == "long_wait":
            acts = acts & (satisfaction < FORM_THRESHOLD)
        strength = np.where(stage.takes_along[traits.place, month], POACHED_FACTOR, 1.0) if lever == "manager_left" else 1.0
        odds += world.direct[lever] * strength * sensitivity(traits, lever) * acts
    return odds


def _by_satisfaction(world: World, satisfaction: np.ndarray) -> np.ndarray:
    if world.is_other_form:
        return FORM_SATISFACTION * np.minimum(satisfaction, FORM_THRESHOLD) + FORM_SHIFT
    return SATISFACTION * satisfaction


def hazard_of(world: World, odds: np.ndarray) -> np.ndarray:
    """From log odds to the month's probability; `form` has another link."""
    return 1 - np.exp(-np.exp(odds)) if world.is_other_form else logistic(odds)


def logistic(odds: np.ndarray) -> np.ndarray:
    """1 ÷ (1 + e^−odds)."""
    return 1 / (1 + np.exp(-odds))
