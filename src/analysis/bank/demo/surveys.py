"""The demo bank's satisfaction survey: who answers, and what. A halo common to all items and a ceiling, as in real ones."""

import numpy as np
import pandas as pd

from analysis.bank.demo.calendar import draw_days

ITEMS = (
    "waiting", "staff", "branch_environment", "app", "phone_service", "fees", "product_range", "complaint_handling",
)  # fmt: skip
WEIGHTS = (0.35, 0.28, 0.05, 0.28, 0.08, 0.22, 0.10, 0.16)
BASE_LOG_ODDS = -3.85
SATISFIED_LOG_ODDS = 0.20
BLANK_SHARE = 0.02
NO_APP_DIGITAL = 0.10
CHANNELS = ("app", "sms", "phone", "branch")


def make_responses(rng: np.random.Generator, month: int, world: pd.DataFrame, branches, opened, history) -> pd.DataFrame:
    """One row a response of the month: customer (row of `world`), answered (date), branch_id, channel, overall (1-10),
    recommend (0-10) and the items (1-10, NaN: left blank)."""
    satisfaction = history.satisfaction[:, month]
    odds = BASE_LOG_ODDS + SATISFIED_LOG_ODDS * satisfaction
    asked = (history.activity[:, month] > 0) & (rng.random(len(world)) < 1 / (1 + np.exp(-odds)))
    customer = np.flatnonzero(asked)
    size = len(customer)
    branch = world["branch"].to_numpy()[customer]
    attributes = _attributes(rng, world.iloc[customer], branches.iloc[branch], history.recent_wait[customer, month])
    halo = 0.7 * satisfaction[customer] + 0.5 * rng.standard_normal(size)
    felt = 0.9 * halo + attributes @ np.array(WEIGHTS)
    items = _marks(7.6 + 1.3 * (0.65 * halo[:, None] + 0.85 * attributes), 1)
    items = np.where(rng.random(items.shape) < BLANK_SHARE, np.nan, items)
    items[world["digital"].to_numpy()[customer] < NO_APP_DIGITAL, ITEMS.index("app")] = np.nan
    recommend = _marks(8.0 + 1.7 * felt + 0.9 * rng.standard_normal(size), 0)
    return pd.DataFrame(
        {
            "customer": customer,
            "answered": draw_days(rng, month, opened[customer], history.closed[customer]),
            "branch_id": branches["branch_id"].to_numpy().astype(object)[branch],
            "channel": np.array(CHANNELS, dtype=object)[rng.choice(4, size, p=(0.4, 0.3, 0.15, 0.15))],
            "overall": _marks(7.6 + 1.3 * felt + 0.6 * rng.standard_normal(size), 1),
            "recommend": recommend,
            **dict(zip(ITEMS, items.T, strict=True)),
        }
    )


def _attributes(rng: np.random.Generator, world: pd.DataFrame, branches: pd.DataFrame, wait: np.ndarray) -> np.ndarray:
    """How each respondent stands to each item, about N(0, 1); each item also has a little of its neighbour."""
    own = rng.standard_normal((len(world), len(ITEMS)))
    neighbours = 0.85 * own + 0.35 * np.roll(own, 1, axis=1)
    shift = np.zeros_like(own)
    shift[:, ITEMS.index("waiting")] = -0.6 * np.clip(wait / 20 - 0.6, -0.5, 2.5)
    shift[:, ITEMS.index("staff")] = 0.4 * branches["quality"].to_numpy()
    shift[:, ITEMS.index("branch_environment")] = 0.3 * branches["quality"].to_numpy()
    shift[:, ITEMS.index("app")] = 0.8 * (world["digital"].to_numpy() - 0.5)
    shift[:, ITEMS.index("fees")] = -0.4 * world["price_sensitivity"].to_numpy()
    return neighbours + shift


def _marks(values: np.ndarray, lowest: int) -> np.ndarray:
    return np.clip(np.round(values), lowest, 10)
