import numpy as np
import pandas as pd
import pytest
from sklearn.metrics import average_precision_score, log_loss

from analysis.stats.prediction import brier
from analysis.study.warning_quality import (
    average_precision,
    brier_skill,
    calibration_intercept,
    capacity_share,
    lead_times,
    loss_difference,
    measures,
    stability,
    stability_index,
)


@pytest.fixture(scope="module")
def made():
    random = np.random.default_rng(2)
    probability = np.round(random.beta(1, 9, 4000), 2).clip(0.01, 0.99)
    outcome = (random.random(4000) < probability).astype(float)
    landmark = np.repeat(pd.to_datetime(["2024-06-30", "2024-09-30"]), 2000)
    customer = np.tile(np.arange(2000), 2)
    return pd.DataFrame({"probability": probability, "outcome": outcome, "customer_id": customer, "landmark": landmark})


def test_measures_agree_with_scikit_learn(made):
    by = measures(made["probability"], made["outcome"], made["customer_id"], 0.1).set_index("measure")["value"]
    assert by["average_precision"] == pytest.approx(average_precision_score(made["outcome"], made["probability"]))
    assert by["log_loss"] == pytest.approx(log_loss(made["outcome"], made["probability"]))
    assert by["brier"] == pytest.approx(brier(made["probability"], made["outcome"]))
    share = made["outcome"].mean()
    assert by["skill"] == pytest.approx(1 - by["brier"] / (share * (1 - share)))


def test_a_true_forecast_is_calibrated_and_a_shifted_one_is_found_out(made):
    right = calibration_intercept(made["probability"], made["outcome"], made["customer_id"])
    assert right.low < 0 < right.high
    odds = made["probability"] / (1 - made["probability"]) * np.e
    shifted = calibration_intercept(odds / (1 + odds), made["outcome"], made["customer_id"])
    assert shifted.value == pytest.approx(right.value - 1, abs=1e-6)


def test_rows_that_recur_do_not_narrow_an_interval(made):
    twice = pd.concat([made, made])
    for of in (brier_skill, calibration_intercept):
        once, doubled = (of(rows["probability"], rows["outcome"], rows["customer_id"]) for rows in (made, twice))
        assert doubled.high - doubled.low == pytest.approx(once.high - once.low)


def test_intervals_hold_the_truth_in_about_95_of_100_draws():
    random, hits = np.random.default_rng(5), 0
    truth = np.random.default_rng(0).beta(1, 9, 200_000)
    expected = (truth * (1 - truth)).mean()
    for _ in range(200):
        p = random.beta(1, 9, 600)
        y = (random.random(600) < p).astype(float)
        plain = np.full(600, 0.1)
        found = loss_difference(plain, p, y, np.arange(600), "brier")
        hits += found.low <= 0.1 * 0.9 - expected <= found.high
    assert 0.91 <= hits / 200 <= 0.985


def test_lead_counts_each_customer_once_and_only_those_caught():
    rows = [("2024-06-30", "a", 0.9, 50.0), ("2024-09-30", "a", 0.9, 5.0), ("2024-06-30", "b", 0.8, 90.0)]
    rows += [("2024-06-30", "c", 0.1, 10.0), *[("2024-06-30", f"x{n}", 0.05, np.nan) for n in range(3)]]
    rows += [("2024-09-30", f"x{n}", 0.05, np.nan) for n in range(3)]
    made = pd.DataFrame(rows, columns=["landmark", "customer_id", "score", "seen_days"])
    found = lead_times(made, "score", 0.3)
    assert (found.value, found.base) == (70.0, 2)


def test_stability_is_read_by_its_rule(made):
    random = np.random.default_rng(1)
    assert stability_index(random.random(5000), random.random(5000)) < 0.02
    assert stability_index(np.repeat([0.0, 1.0], 1000), np.repeat([0.0, 1.0], [500, 1500])) == pytest.approx(0.275, abs=0.01)
    assert stability(made).is_stable
    moved = made.assign(probability=made["probability"].where(made["landmark"] < "2024-08", made["probability"] ** 0.5))
    assert not stability(moved).is_stable


def test_capacity_is_a_share_of_the_customers_at_a_landmark():
    assert capacity_share(100, 3000) == pytest.approx(0.1)
    assert capacity_share(9999, 100) == 1.0


def test_average_precision_interval_covers_its_value(made):
    found = average_precision(made["probability"], made["outcome"], made["customer_id"])
    assert found.low < found.value < found.high
