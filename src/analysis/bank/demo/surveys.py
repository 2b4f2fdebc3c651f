"""The demo bank's satisfaction survey: what customers would answer, who is invited, who answers.

A halo common to all items, neighbouring items that share something, and a ceiling, as in real surveys. Invitations are drawn
by lot, sent after a contact, or handed out by staff, who choose the satisfied; the dissatisfied answer less."""

import numpy as np
import pandas as pd

from analysis.bank.demo.calendar import MONTHS, draw_days, last_day
from analysis.bank.demo.life import logistic
from analysis.bank.demo.people import Traits
from analysis.bank.demo.surroundings import USUAL_WAIT_MINUTES, Surroundings
from analysis.bank.demo.worlds import LEVERS, World

ITEMS = (
    "waiting", "staff", "branch_environment", "app", "phone_service", "fees", "product_range", "complaint_handling",
)  # fmt: skip
WEIGHTS = np.array((0.35, 0.28, 0.05, 0.28, 0.08, 0.22, 0.10, 0.16))
HALO_BY_SATISFACTION, HALO_SPREAD, HALO_IN_ITEM, HALO_IN_OVERALL = 0.7, 0.5, 0.65, 0.9
OWN_IN_ITEM, NEIGHBOUR_IN_ITEM, ATTRIBUTE_IN_ITEM = 0.85, 0.35, 0.85
FADING = 0.6
FELT_IN_ITEM = {
    "waiting": ("long_wait", -0.9), "app": ("app_outage", -0.8), "fees": ("fee_rise", -0.8),
    "complaint_handling": ("unresolved_complaint", -1.2), "staff": ("manager_left", -0.6), "product_range": ("competitor_rate", -0.5),
}  # fmt: skip
RANDOM_SHARE, CONTACT_SHARE = 0.055, 0.10
STAFF_LOG_ODDS, STAFF_BY_SATISFACTION = -5.0, 0.9
ANSWER_LOG_ODDS, ANSWER_BY_SATISFACTION, STAFF_ANSWERS_MORE = -0.75, 0.45, 0.9
OBSERVED_ANSWER_BY_DIGITAL, OBSERVED_ANSWER_BY_AGE = 1.4, 0.03
ANSWERED_A_DAY, LONGEST_LAG_DAYS = 0.35, 21
BLANK_SHARE = 0.02
EFFORT_MEAN, EFFORT_SPREAD, EFFORT_BY_ITEM = 5.1, 0.9, {"waiting": 0.35, "staff": 0.25}
CHANNELS = ("app", "sms", "phone", "branch")
CHANNEL_SHARES = (0.4, 0.3, 0.15, 0.15)


def felt_lately(struck: np.ndarray) -> np.ndarray:
    """Levers × customers × months: 1 where a lever struck in the month, fading by FADING a month."""
    result = struck.astype(np.float32)
    for month in range(1, MONTHS):
        np.maximum(result[:, :, month], FADING * result[:, :, month - 1], out=result[:, :, month])
    return result


def answer(
    rng: np.random.Generator, traits: Traits, stage: Surroundings, satisfaction: np.ndarray, felt: np.ndarray
) -> dict[str, np.ndarray]:
    """What these customers would answer: overall (1-10), recommend (0-10) and each of ITEMS (1-10). `satisfaction` is latent,
    `felt` (levers × customers) says what struck them lately."""
    halo = HALO_BY_SATISFACTION * satisfaction + HALO_SPREAD * rng.standard_normal(len(traits))
    attributes = _attributes(rng, traits, stage, felt)
    view = HALO_IN_OVERALL * halo + attributes @ WEIGHTS
    items = marks(7.6 + 1.3 * (HALO_IN_ITEM * halo[:, None] + ATTRIBUTE_IN_ITEM * attributes), 1)
    noise = rng.standard_normal((2, len(traits)))
    overall, recommend = marks(7.6 + 1.3 * view + 0.6 * noise[0], 1), marks(8.0 + 1.7 * view + 0.9 * noise[1], 0)
    return {"overall": overall, "recommend": recommend, **dict(zip(ITEMS, items.T, strict=True))}


def _attributes(rng: np.random.Generator, traits: Traits, stage: Surroundings, felt: np.ndarray) -> np.ndarray:
    own = rng.standard_normal((len(traits), len(ITEMS)))
    result = OWN_IN_ITEM * own + NEIGHBOUR_IN_ITEM * np.roll(own, 1, axis=1)
    branches = stage.branches
    quality, usual = (branches[name].to_numpy()[traits.branch] for name in ("quality", "wait_minutes"))
    for item, (lever, slope) in FELT_IN_ITEM.items():
        result[:, ITEMS.index(item)] += slope * felt[LEVERS.index(lever)]
    result[:, ITEMS.index("waiting")] -= 0.4 * np.log(usual / USUAL_WAIT_MINUTES)
    result[:, ITEMS.index("staff")] += 0.4 * quality
    result[:, ITEMS.index("branch_environment")] += 0.3 * quality
    result[:, ITEMS.index("app")] += 0.8 * (traits.digital - 0.5)
    result[:, ITEMS.index("fees")] -= 0.4 * traits.price_sensitivity
    return result


def marks(values: np.ndarray, lowest: int) -> np.ndarray:
    """Whole marks from `lowest` to 10."""
    return np.clip(np.round(values), lowest, 10)


def invite(rng: np.random.Generator, world: World, traits: Traits, sampled: np.ndarray, history, contacts) -> pd.DataFrame:
    """One row an invitation: customer, month, sent (date), channel, trigger, contact (row of `contacts`; -1: none) and
    is_answered. `sampled` customers are in the survey office's frame; `contacts` has customer, month and day."""
    active = (history.activity > 0) & sampled[:, None]
    draws = rng.random((2, *active.shape))
    chosen = draws[1] < logistic(STAFF_LOG_ODDS + STAFF_BY_SATISFACTION * history.satisfaction)
    parts = []
    for trigger, grid in (("random", draws[0] < RANDOM_SHARE), ("staff", chosen & (history.visits > 0.05))):
        customer, month = np.nonzero(active & grid)
        sent = _days(rng, month, customer, traits, history)
        parts.append(pd.DataFrame({"customer": customer, "month": month, "sent": sent, "trigger": trigger, "contact": -1}))
    row = np.flatnonzero((rng.random(len(contacts)) < CONTACT_SHARE) & sampled[contacts["customer"].to_numpy()])
    after = contacts.iloc[row]
    parts.append(
        pd.DataFrame(
            {
                "customer": after["customer"],
                "month": after["month"],
                "sent": after["day"] + pd.to_timedelta(rng.integers(0, 3, len(after)), "D"),
                "trigger": "contact",
                "contact": row,
            }
        )
    )
    sent = pd.concat(parts, ignore_index=True)
    end = np.fmin(history.closed[sent["customer"]], last_day(MONTHS - 1))
    sent = sent.assign(sent=np.minimum(sent["sent"].to_numpy().astype("datetime64[D]"), end)).sort_values(
        ["sent", "customer", "contact"], ignore_index=True
    )
    channel = np.array(CHANNELS, dtype=object)[rng.choice(len(CHANNELS), len(sent), p=CHANNEL_SHARES)]
    channel = np.where((channel == "app") & ~traits.uses_app[sent["customer"].to_numpy()], "sms", channel)
    chance = answer_share(world, traits, history.satisfaction, sent)
    return sent.assign(channel=channel, is_answered=rng.random(len(sent)) < chance)


def answer_share(world: World, traits: Traits, satisfaction: np.ndarray, sent: pd.DataFrame) -> np.ndarray:
    """The chance that each invitation is answered; in `observed_response` it hangs on age and digital use alone."""
    customer, month = sent["customer"].to_numpy(), sent["month"].to_numpy()
    odds = ANSWER_LOG_ODDS + STAFF_ANSWERS_MORE * (sent["trigger"] == "staff").to_numpy()
    if world.is_response_observed:
        age = np.where(traits.age[customer] > 0, traits.age[customer] - 45, 0)
        return logistic(odds + OBSERVED_ANSWER_BY_DIGITAL * (traits.digital[customer] - 0.5) + OBSERVED_ANSWER_BY_AGE * age)
    return logistic(odds + ANSWER_BY_SATISFACTION * satisfaction[customer, month])


def respond(
    rng: np.random.Generator, traits: Traits, stage: Surroundings, history, felt: np.ndarray, sent: pd.DataFrame
) -> pd.DataFrame:
    """One row an answered invitation: invitation (row of `sent`), customer, answered (date, up to three weeks later and not after the relation's end) and the
    answers, some left blank; the app is judged by those who have it."""
    row = np.flatnonzero(sent["is_answered"])
    asked = sent.iloc[row]
    customer, month = asked["customer"].to_numpy(), asked["month"].to_numpy()
    given = answer(rng, traits.take(customer), stage, history.satisfaction[customer, month], felt[:, customer, month])
    blank = rng.random((len(ITEMS), len(row))) < BLANK_SHARE
    blank[ITEMS.index("app")] |= ~traits.uses_app[customer]
    items = {item: np.where(blank[number], np.nan, given[item]) for number, item in enumerate(ITEMS)}
    lag = np.minimum(rng.geometric(ANSWERED_A_DAY, len(row)) - 1, LONGEST_LAG_DAYS)
    day = asked["sent"].to_numpy().astype("datetime64[D]") + lag.astype("timedelta64[D]")
    end = np.fmin(history.closed[customer], last_day(MONTHS - 1))
    return pd.DataFrame(
        {
            "invitation": row,
            "customer": customer,
            "answered": np.minimum(day, end),
            "branch": traits.branch[customer],
            "channel": asked["channel"].to_numpy(),
            "overall": given["overall"],
            "recommend": given["recommend"],
            **items,
        }
    )


def _days(rng, month: np.ndarray, customer: np.ndarray, traits: Traits, history) -> np.ndarray:
    return draw_days(rng, month, traits.opened[customer], history.closed[customer])


def draw_effort(rng: np.random.Generator, given: pd.DataFrame, trigger: np.ndarray) -> np.ndarray:
    """How easy the bank made it (1-7), asked after a contact alone (else NaN); it goes with the marks for waiting and staff.
    `trigger` is that of each invitation."""
    view = sum(weight * (given[item].fillna(7.6) - 7.6) for item, weight in EFFORT_BY_ITEM.items())
    effort = np.clip(np.round(EFFORT_MEAN + view + EFFORT_SPREAD * rng.standard_normal(len(given))), 1, 7)
    return np.where(trigger[given["invitation"]] == "contact", effort, np.nan)
