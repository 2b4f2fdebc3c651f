import numpy as np
import pandas as pd
import pytest

from analysis.study.boosted import boosted


@pytest.fixture(scope="module")
def rows():
    random, size = np.random.default_rng(3), 4000
    made = pd.DataFrame(
        {"tenure": random.normal(6, 1, size), "assets": random.normal(14, 1, size), "corporate": random.integers(0, 2, size)}
    )
    odds = -2 + 1.5 * np.abs(made["tenure"] - 6) - 0.8 * (made["assets"] - 14)
    return made.assign(outcome=(random.random(size) < 1 / (1 + np.exp(-odds))).astype(float))


def test_contributions_add_up_to_the_log_odds(rows):
    fit = boosted(rows)
    score = fit.predict(rows)
    log_odds = np.log(score / (1 - score))
    gap = log_odds - fit.contributions(rows).sum(axis=1)
    assert np.ptp(gap) == pytest.approx(0, abs=1e-9)
    assert gap.iloc[0] == pytest.approx(log_odds.mean(), abs=1e-9)


def test_bends_and_directions_are_found(rows):
    fit = boosted(rows)
    parts = fit.contributions(pd.DataFrame({"tenure": [4.5, 6.0, 7.5], "assets": 14.0, "corporate": 0}))
    assert parts["tenure"].iloc[1] < min(parts["tenure"].iloc[0], parts["tenure"].iloc[2]) - 0.8
    assert fit.coefficients["assets"] < -0.5
    assert abs(fit.coefficients["corporate"]) < 0.25


def test_it_is_the_same_in_every_run(rows):
    assert boosted(rows).predict(rows).tolist() == boosted(rows).predict(rows).tolist()
