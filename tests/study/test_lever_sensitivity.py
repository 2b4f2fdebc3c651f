import dataclasses
import datetime as dt

import numpy as np
import pandas as pd
import pytest
from scipy.special import expit

from analysis.bank.levers import Struck
from analysis.stats.attributable import LeverShare
from analysis.study.lever_sensitivity import hidden_bands, in_words, trait_strengths


@pytest.fixture(scope="module")
def struck():
    random = np.random.default_rng(0)
    assets, tenure = random.standard_normal((2, 4000))
    ids = np.arange(4000).astype(str)
    left = random.random(4000) < expit(-2.0 + 0.8 * assets)
    people = pd.DataFrame(
        {"customer_id": ids, "left": left, "assets_3m": np.expm1(assets + 9), "tenure_months": np.expm1(tenure + 5)}
    )
    rows = pd.DataFrame({"customer_id": ids, "month": random.integers(1, 13, 4000), "unit": "B1"})
    return Struck(
        dt.date(2024, 6, 30), 12, people, {"long_wait": rows.assign(struck=random.random(4000) < expit(-2.0 + 0.5 * assets))}
    )


def share(value: float, error: float) -> LeverShare:
    influence = pd.Series(np.tile([1.0, -1.0], 10) * error * np.sqrt(19) / 20)
    return LeverShare("long_wait", value, influence, 20, 19.0, 4000, 500, 120, 1.0, pd.Series(dtype=float), leavers=550)


def test_strengths_of_the_traits_are_those_planted(struck):
    found = trait_strengths(struck).set_index("trait")
    assert found.loc["assets_3m", ["on_outcome", "on_exposure"]].tolist() == pytest.approx([0.8, 0.5], abs=0.13)
    assert found.loc["tenure_months", ["on_outcome", "on_exposure"]].tolist() == pytest.approx([0, 0], abs=0.12)


def test_the_yardstick_is_the_trait_that_goes_most_with_both_sides(struck):
    row = hidden_bands(struck, {"long_wait": share(0.08, 0.01)}).iloc[0]
    assert row["trait"] == "assets_3m"
    assert row["band_low"] < row["low"] < row["high"] < row["band_high"]
    assert 0 < row["times"] < 2
    assert "as strong as assets" in in_words(row["times"], row["trait"]).render("en")


def test_stated_strengths_take_the_place_of_the_yardsticks(struck):
    shares = {"long_wait": share(0.08, 0.01)}
    weak, strong = (hidden_bands(struck, shares, {"long_wait": sides}).iloc[0] for sides in ((0.1, 0.1), (0.8, 0.5)))
    assert strong["band_low"] < weak["band_low"] < weak["low"]
    assert weak["times"] > strong["times"]


def test_without_an_interval_there_is_no_band(struck):
    assert hidden_bands(struck, {"long_wait": share(None, 0.01)}).empty
    assert "holds 0" in in_words(0.0, "assets_3m").render("en")
    assert "more than ten times" in in_words(np.inf, "assets_3m").render("en")


@pytest.mark.filterwarnings("error")
def test_where_everybody_left_there_is_no_yardstick(struck):
    everybody = dataclasses.replace(struck, people=struck.people.assign(left=True))
    assert trait_strengths(everybody).empty
    assert hidden_bands(everybody, {"long_wait": share(0.08, 0.01)}).empty
