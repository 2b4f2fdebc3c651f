import numpy as np
import pandas as pd
import pytest

from analysis.calendar import months_before
from analysis.study.value_risers import design, riser_exhibit, riser_findings, riser_panel, riser_table, risers

EDGES = {"affluent": 100_000.0, "private_banking": 1_000_000.0}
AS_OF = pd.Timestamp("2025-06-30").date()
DAYS = [months_before(AS_OF, 3 * step) for step in range(8, -1, -1)]


def simulate(size=1200, seed=1, product_effect=0.0):
    """Nine quarters of customers round the first edge whose log assets wander by 0.15 a quarter, and grow by
    `product_effect` a quarter for each product above three."""
    random = np.random.default_rng(seed)
    products = random.integers(1, 6, size)
    level = np.log(EDGES["affluent"]) + random.normal(-0.4, 0.5, size)
    fixed = pd.DataFrame(
        {
            "customer_id": [f"C{number:05}" for number in range(size)], "closed_date": pd.NaT,
            "age": random.uniform(12, 120, size), "kind": random.choice(["personal", "corporate"], size, p=[0.8, 0.2]), "products_held": products,
            "holds_wealth": random.integers(0, 2, size), "app_share": random.beta(2, 2, size), "web_share": 0.1,
            "transactions_90d": random.poisson(12, size), "complaints_365d": random.binomial(1, 0.2, size),
        }
    )  # fmt: skip
    history = {}
    for quarter, day in enumerate(DAYS):
        level = level + random.normal(0, 0.15, size) + product_effect * (products - 3)
        assets = np.exp(level)
        history[day] = fixed.assign(
            assets_3m=assets, assets=assets * np.exp(random.normal(0, 0.03, size)), tenure_months=fixed["age"] + quarter * 3,
            loans=random.binomial(1, 0.3, size) * 1000.0, assets_volatility=random.uniform(0.05, 0.3, size), assets_trend=random.normal(0, 0.1, size),
        )  # fmt: skip
    return history


@pytest.fixture(scope="module")
def planted():
    return risers(simulate(product_effect=0.06), EDGES)


def test_a_planted_attribute_is_found_and_the_others_lie_within_noise(planted):
    found = [one for one in riser_findings(planted) if one.id.startswith("rise.")]
    assert [one.id for one in found] == ["rise.products"]
    assert found[0].low > 1
    assert found[0].evidence == "adjusted"
    assert (found[0].base, found[0].base_of) == (planted.rows, "observations")
    assert riser_exhibit(planted).title.render().endswith("1 of 8")


def test_without_an_effect_nothing_is_found_though_more_products_once_went_with_assets():
    found = risers(simulate(seed=2), EDGES)
    assert [one.id for one in riser_findings(found)] == ["rise.none"]


def test_distance_is_in_the_model_and_set_apart_as_position(planted):
    table = riser_table(planted).set_index("term")
    assert table.loc["distance", "value"] > 2
    assert table.loc["distance", "group"].render() == "Where the customer stands and moves"
    assert "bend" not in table.index
    assert "bend" in planted.fit.coefficients
    assert planted.has_calendar


def test_the_panel_looks_one_quarter_ahead_and_no_further(customers):
    first, second, third = DAYS[-3:]
    low, high = {"assets_3m": 60_000.0}, {"assets_3m": 120_000.0}
    history = {
        first: customers(a=low, b=low, c=low, d=high),
        second: customers(a=high, b=low, c=high | {"closed_date": "2025-03-01"}, d=low),
        third: customers(a=high, b=high, d=low),
    }
    panel = riser_panel(history, EDGES).set_index(["landmark", "customer_id"])
    assert panel["rose"].to_dict() == {
        (first, "a"): 1, (first, "b"): 0, (first, "c"): 0, (second, "b"): 1, (second, "d"): 0,
    }  # fmt: skip


def test_at_risk_is_who_is_below_the_highest_tier_within_reach_of_the_next_and_known(customers):
    rows = design(
        customers(
            near={"assets_3m": 50_000.0}, far={"assets_3m": 24_000.0}, top={"assets_3m": 2e6}, affluent={"assets_3m": 500_000.0},
            new={"assets_3m": 50_000.0, "tenure_months": 5.0},
        ),
        EDGES,
    )  # fmt: skip
    assert rows.index.tolist() == ["near", "affluent"]
    assert rows["distance"].tolist() == pytest.approx([np.log(0.5) / np.log(1.1)] * 2)
    assert rows["affluent"].tolist() == [0, 1]


def test_too_few_who_rose_are_said():
    found = risers(simulate(size=100), EDGES)
    assert found.fit is None
    assert "a model needs" in riser_exhibit(found).absent.render()
    assert riser_findings(found) == []
