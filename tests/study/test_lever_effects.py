"""An outage of which the month holds two windows: who tried in both was struck for sure and has no like."""

import numpy as np
import pandas as pd
import pytest

from analysis.study.lever_effects import lever_design, lever_effect

SIZE = 3000


def outage(tries_both: float) -> pd.DataFrame:
    """Two outages; a customer tried in one of an outage's two windows, by chance during it, or in both."""
    rng = np.random.default_rng(1)
    both, during = rng.random(SIZE) < tries_both, rng.random(SIZE) < 0.5
    unit = np.where(np.arange(SIZE) % 2, "I1", "I2")
    ids = [f"C{n:04d}" for n in range(SIZE)]
    return pd.DataFrame(
        {
            "customer_id": ids,
            "month": np.where(unit == "I1", 3, 6),
            "struck": both | during,
            "unit": unit,
            "logins_matched": 1 + both,
        }
    )


def people(rows: pd.DataFrame, more: float) -> pd.DataFrame:
    """A tenth leave, of the struck `more` besides."""
    rng = np.random.default_rng(2)
    left = rng.random(SIZE) < 0.1 * (1 + more * rows["struck"])
    branches = [f"B{n % 20:02d}" for n in range(SIZE)]
    gone = pd.array(np.where(left, 11, 0), "Int64")
    return pd.DataFrame(
        {"customer_id": rows["customer_id"], "branch_id": branches, "left": left, "gone_month": pd.Series(gone).replace(0, pd.NA)}
    )


@pytest.mark.parametrize("more", [0.0, 1.0])
def test_those_struck_with_a_like_stand_for_those_who_tried_in_every_window(more):
    rows = outage(0.2)
    everybody = people(rows, more)
    found = lever_effect(everybody, "app_outage", rows)
    truth = (0.1 * more * rows["struck"]).sum() / everybody["left"].sum()
    assert 0.6 < found.overlap < 0.8
    assert found.estimate.low < truth < found.estimate.high
    assert abs(found.value - truth) < 0.1


def test_where_most_strikes_have_no_like_there_is_no_number():
    rows = outage(0.9)
    assert lever_effect(people(rows, 0.0), "app_outage", rows).failure == "overlap"


def test_the_chance_to_be_struck_is_told_by_outage_and_tries_together():
    names = set(lever_design("app_outage", outage(0.2)).columns)
    assert {"outage_tries_I1 1", "outage_tries_I1 2", "outage_tries_I2 1", "outage_tries_I2 2"} <= names
