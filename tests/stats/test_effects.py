"""Augmented weighting against Stata's figures, and against data whose effect is known."""

from pathlib import Path

import numpy as np
import pandas as pd
import pytest
import statsmodels.treatment
from scipy.stats import binom
from statsmodels.discrete.discrete_model import Probit

from analysis.stats.effects import FEWEST_CLUSTERS, augmented, contrast

CATTANEO = Path(statsmodels.treatment.__file__).parent / "tests/results/cataneo2.csv"


def simulated(seed: int, rows: int = 600, effect: float = 1.0, strength: float = 1.0):
    """The confounder raises both the exposure's odds and the outcome; clusters have an effect of their own."""
    rng = np.random.default_rng(seed)
    unit = rng.integers(0, 30, rows)
    x = rng.normal(size=rows) + 0.5 * rng.normal(size=30)[unit]
    exposed = pd.Series(rng.random(rows) < 1 / (1 + np.exp(-strength * x)))
    outcome = pd.Series(effect * exposed + 2 * x + rng.normal(size=rows) + 0.3 * rng.normal(size=30)[unit])
    return outcome, exposed, pd.DataFrame({"x": x}), pd.Series(unit)


@pytest.mark.skipif(not CATTANEO.is_file(), reason="this statsmodels comes without its tests' data")
def test_the_published_effect_of_smoking_on_birth_weight():
    """Stata teffects aipw: −230.989 (Cattaneo 2010)."""
    data = pd.read_csv(CATTANEO)
    chance = Probit.from_formula("mbsmoke_ ~ mmarried_ + mage + mage2 + fbaby_ + medu", data).fit(disp=False).predict()
    design = data[["prenatal1_", "mmarried_", "mage", "fbaby_"]]
    parts = augmented(data["bweight"], data["mbsmoke_"].astype(bool), design, pd.Series(chance))
    assert parts.mean() == pytest.approx(-230.989, abs=1e-3)
    assert parts.std() / np.sqrt(len(parts)) == pytest.approx(26.21, rel=0.05)


def test_adjusting_finds_the_effect_that_the_crude_difference_misses():
    found = contrast(*simulated(1, 4000))
    assert found.crude.low > 1.5
    assert found.adjusted.low < 1 < found.adjusted.high
    assert abs(found.balance["crude"].iloc[0]) > 0.3 > 0.05 > abs(found.balance["weighted"].iloc[0])


def test_intervals_hold_the_effect_as_often_as_they_say():
    held = sum(found.adjusted.low <= 1 <= found.adjusted.high for found in (contrast(*simulated(seed)) for seed in range(1, 201)))
    assert binom.cdf(held, 200, 0.95) > 0.005
    assert binom.sf(held - 1, 200, 0.95) > 0.005


def test_rows_that_nothing_compares_with_are_set_aside():
    weak, strong = (contrast(*simulated(3, strength=strength)) for strength in (0.5, 4.0))
    assert weak.overlap > 0.95
    assert strong.overlap < 0.6


def test_few_clusters_give_no_interval():
    outcome, exposed, design, unit = simulated(4)
    assert contrast(outcome, exposed, design, unit % (FEWEST_CLUSTERS - 1)).adjusted is None
    assert contrast(outcome, exposed, design, unit % FEWEST_CLUSTERS).adjusted is not None
