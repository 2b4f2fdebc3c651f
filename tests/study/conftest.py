"""Feature frames as `bank.features` makes them: single customers written out, and whole seeded banks."""

import datetime as dt

import numpy as np
import pandas as pd
import pytest

from analysis.calendar import months_before

AS_OF = dt.date(2025, 6, 30)
LANDMARKS = [months_before(AS_OF, 3 * step) for step in range(9)]
CUSTOMER = {
    "kind": "personal", "sex": "female", "closed_date": pd.NaT, "exit_reason": None, "tenure_months": 60.0, "recency_days": 5.0,
    "transactions_30d": 4, "transactions_90d": 12, "transactions_365d": 48, "outflow_90d": 3000.0, "outflow_365d": 12000.0,
    "app_share": 0.5, "web_share": 0.1, "branch_share": 0.2, "deposits": 10000.0, "wealth": 0.0, "loans": 0.0, "assets": 10000.0,
    "assets_3m": 10000.0, "assets_trend": 0.0, "products_held": 3, "complaints_365d": 0, "open_complaints": 0,
    "wait_minutes_90d": 5.0, "contribution_12m": 100.0,
}  # fmt: skip


@pytest.fixture
def customers():
    """Feature rows from dicts by customer_id, what is left out being ordinary."""

    def make(**rows: dict) -> pd.DataFrame:
        frame = pd.DataFrame([{"customer_id": name, **CUSTOMER, **row} for name, row in rows.items()])
        return frame.assign(closed_date=pd.to_datetime(frame["closed_date"]))

    return make


@pytest.fixture(scope="session")
def simulate_history():
    """Features at nine landmarks of a bank whose customers leave at random, or the more the fewer products they hold;
    in every way, or by one `only`."""

    def make(
        size: int = 1500, seed: int = 1, product_effect: float = -0.8, monthly_hazard: float = 0.012, only: str | None = None
    ):
        random = np.random.default_rng(seed)
        fixed = _fixed(random, size)
        hazard = monthly_hazard * np.exp(product_effect * (fixed["products_held"] - 3))
        leaves = random.geometric(np.clip(hazard, 1e-4, 0.5))
        way = random.choice(["closed", "dormant", "run_off", "relocation"], size, p=[0.45, 0.3, 0.2, 0.05])
        way = np.full(size, only) if only else way
        first = min(LANDMARKS)
        return {
            day: _features(random, fixed, leaves, way, (day.year - first.year) * 12 + day.month - first.month)
            for day in LANDMARKS
        }

    return make


def _fixed(random: np.random.Generator, size: int) -> pd.DataFrame:
    assets = random.lognormal(11, 1.2, size)
    return pd.DataFrame(
        {
            "customer_id": [f"C{number:05}" for number in range(size)],
            "kind": random.choice(["personal", "corporate"], size, p=[0.9, 0.1]),
            "sex": random.choice(["female", "male"], size),
            "products_held": random.integers(1, 6, size),
            "usual": random.uniform(3, 20, size),
            "assets": assets + 200,
            "app_share": random.beta(2, 2, size),
            "branch_share": random.beta(1, 6, size),
            "contribution_12m": assets * 0.02,
            "age": random.uniform(12, 200, size),
        }
    )


def _features(random, fixed: pd.DataFrame, leaves: np.ndarray, way: np.ndarray, month: int) -> pd.DataFrame:
    size, gone = len(fixed), leaves <= month
    since = np.where(gone, month - leaves, 0)
    ended = gone & np.isin(way, ["closed", "relocation"])
    silent = gone & (way == "dormant")
    counts = np.where(silent | ended, 0, random.poisson(fixed["usual"]))
    assets = np.where(gone & (way == "run_off") & (since >= 2), 0.05, 1.0) * fixed["assets"]
    start = pd.Timestamp(min(LANDMARKS))
    return fixed.drop(columns=["usual", "age"]).assign(
        closed_date=[start + pd.DateOffset(months=int(at)) if end else pd.NaT for at, end in zip(leaves, ended, strict=True)],
        exit_reason=np.where(ended, np.where(way == "relocation", "relocation", "fees"), None),
        tenure_months=fixed["age"] + month,
        recency_days=np.where(silent, 31.0 * since + 5, random.integers(0, 20, size)).astype(float),
        transactions_30d=counts // 3, transactions_90d=counts, transactions_365d=counts * 4,
        outflow_90d=counts * 300.0, outflow_365d=counts * 1200.0, web_share=0.1,
        deposits=assets, wealth=0.0, loans=0.0, assets_3m=assets, assets_trend=random.normal(0, 0.15, size),
        complaints_365d=random.poisson(0.1, size), open_complaints=random.binomial(1, 0.03, size),
        wait_minutes_90d=random.exponential(8, size),
    )  # fmt: skip


@pytest.fixture(scope="session")
def simulate_segments():
    """Features of 600 active customers of one kind, or of three that differ in everything."""

    def make(planted: bool, seed: int = 1, size: int = 600) -> pd.DataFrame:
        random = np.random.default_rng(seed)
        kind = np.arange(size) % 3 if planted else np.zeros(size, dtype=int)
        busy, rich, digital = (np.array(levels)[kind] for levels in ([1.2, 4.2, 2.5], [8.0, 9.5, 13.0], [0.1, 0.85, 0.4]))
        counts = np.round(np.exp(busy + random.normal(0, 0.25, size))).astype(int) + 1
        assets = np.exp(rich + random.normal(0, 0.3, size))
        app = np.clip(digital + random.normal(0, 0.06, size), 0, 1)
        frame = pd.DataFrame([CUSTOMER] * size).assign(
            customer_id=[f"C{number:05}" for number in range(size)], closed_date=pd.NaT,
            recency_days=random.integers(0, 60, size).astype(float),
            transactions_90d=counts, transactions_365d=counts * 4, outflow_90d=counts * np.exp(random.normal(5, 0.3, size)),
            outflow_365d=counts * 4 * np.exp(random.normal(5, 0.3, size)), app_share=app, web_share=0.0,
            branch_share=np.clip(0.6 - 0.6 * app + random.normal(0, 0.05, size), 0, 1), assets=assets, assets_3m=assets, deposits=assets,
            products_held=random.integers(2, 5, size), contribution_12m=assets * 0.02,
        )  # fmt: skip
        return frame.assign(closed_date=pd.to_datetime(frame["closed_date"]))

    return make


@pytest.fixture(scope="session")
def simulate_survey():
    """Surveys, answers and the customers' groups: satisfaction goes with `waiting` twice as much as with `staff`, not at all
    with `app`."""

    def make(size: int = 800, seed: int = 3, dated: bool = True):
        random = np.random.default_rng(seed)
        mood = random.normal(0, 0.3, size)
        marks = {item: random.normal(7, 1, size) + mood for item in ("waiting", "staff", "app")}
        overall = 7.5 + 1.0 * (marks["waiting"] - 7) + 0.5 * (marks["staff"] - 7) + random.normal(0, 0.7, size)
        days = pd.to_datetime("2023-07-01") + pd.to_timedelta(random.integers(0, 730, size), unit="D")
        names = [f"R{number:04}" for number in range(size)]
        surveys = pd.DataFrame(
            {
                "response_id": names, "customer_id": [f"C{number:05}" for number in range(size)],
                "answered_date": days if dated else pd.NaT, "branch_id": random.choice([f"B{number}" for number in range(8)], size),
                "channel": "sms", "overall": overall.round().clip(1, 10), "recommend": (overall + 0.5).round().clip(0, 10),
            }
        )  # fmt: skip
        answers = pd.concat(
            [
                pd.DataFrame({"response_id": names, "item": item, "value": mark.round().clip(1, 10)})
                for item, mark in marks.items()
            ]
        )
        return surveys, answers.reset_index(drop=True)

    return make
