from itertools import permutations
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from analysis.stats.importance import linear_contributions, r_squared, shapley_r2, shapley_r2_bootstrap

RELAIMPO = {
    "Agriculture": 0.05709122,
    "Examination": 0.17117303,
    "Education": 0.26013468,
    "Catholic": 0.10557015,
    "Infant.Mortality": 0.11276592,
}


@pytest.fixture
def swiss():
    frame = pd.read_csv(Path(__file__).parent / "swiss.csv", index_col="province")
    return frame.drop(columns="Fertility"), frame["Fertility"]


def test_shares_reproduce_relaimpos_lmg_of_rs_swiss(swiss):
    contributions = shapley_r2(*swiss)
    assert contributions.to_dict() == pytest.approx(RELAIMPO, abs=1e-8)
    assert contributions.sum() == pytest.approx(r_squared(*swiss, replicates=2).value, abs=1e-12)
    assert contributions.sum() == pytest.approx(0.706735, abs=5e-7)


def test_shares_are_the_average_over_all_orders_of_entry():
    random = np.random.default_rng(3)
    x = pd.DataFrame(random.normal(size=(60, 3)) @ random.normal(size=(3, 3)), columns=list("abc"))
    y = x["a"] + random.normal(size=60)

    def explained(items):
        fitted = np.column_stack([np.ones(60), x[list(items)]])
        return 1 - np.sum((y - fitted @ np.linalg.lstsq(fitted, y)[0]) ** 2) / np.sum((y - y.mean()) ** 2)

    orders = [{i: explained(o[: n + 1]) - explained(o[:n]) for n, i in enumerate(o)} for o in permutations("abc")]
    expected = pd.DataFrame(orders)[list("abc")].mean()
    assert shapley_r2(x, y).tolist() == pytest.approx(expected.tolist(), abs=1e-12)


def test_twins_share_equally_and_a_constant_gets_nothing(swiss):
    x, y = swiss
    alone = shapley_r2(x[["Education"]], y)["Education"]
    twins = shapley_r2(x[["Education"]].assign(copy=x["Education"] * 3 + 7, constant=4.2), y)
    assert twins.tolist() == pytest.approx([alone / 2, alone / 2, 0], abs=1e-9)


def test_bootstrapped_shares_add_up_to_one_and_are_reproducible(swiss):
    frame = shapley_r2_bootstrap(*swiss, replicates=200, seed=7)
    assert frame["share"].sum() == pytest.approx(1, abs=1e-12)
    assert frame["item"].iloc[0] == "Education"
    assert frame["contribution"].tolist() == pytest.approx(sorted(RELAIMPO.values(), reverse=True), abs=1e-8)
    assert (frame["low"] < frame["share"]).all()
    assert (frame["share"] < frame["high"]).all()
    pd.testing.assert_frame_equal(frame, shapley_r2_bootstrap(*swiss, replicates=200, seed=7))


def test_bootstrap_agrees_with_refitting_on_the_resampled_rows(swiss):
    x, y = swiss
    rows = np.random.default_rng(5).integers(47, size=47)
    refitted = shapley_r2(x.iloc[rows], y.iloc[rows])
    frame = shapley_r2_bootstrap(x, y, replicates=1, seed=5).set_index("item")
    assert frame["low"].to_dict() == pytest.approx((refitted / refitted.sum()).to_dict(), abs=1e-10)


def test_intervals_hold_the_true_shares_about_as_often_as_they_say():
    # independent items with slopes 2, 1, 0.5 and unit noise explain shares of 4 : 1 : 0.25
    truth = np.array([4, 1, 0.25]) / 5.25
    held = []
    for seed in range(60):
        random = np.random.default_rng(seed)
        x = pd.DataFrame(random.normal(size=(300, 3)), columns=list("abc"))
        y = x @ np.array([2, 1, 0.5]) + random.normal(size=300)
        frame = shapley_r2_bootstrap(x, y, replicates=120, seed=seed).set_index("item").loc[list("abc")]
        held.append((frame["low"] <= truth) & (truth <= frame["high"]))
    assert 0.87 <= np.mean(held) <= 0.99


def test_a_linear_scores_parts_add_up_to_its_distance_from_the_reference():
    design = pd.DataFrame({"visits": [1.0, 4.0], "wait": [10.0, 0.0], "other": [5.0, 5.0]}, index=["u", "v"])
    coefficients = pd.Series({"wait": 0.2, "visits": -1.0})
    parts = linear_contributions(design, coefficients, pd.Series({"visits": 2.0, "wait": 5.0}))
    expected = pd.DataFrame({"wait": [1.0, -1.0], "visits": [1.0, -2.0]}, index=["u", "v"])
    pd.testing.assert_frame_equal(parts, expected)


def test_what_cannot_be_explained_is_refused_in_a_sentence(swiss):
    x, y = swiss
    with pytest.raises(ValueError, match="16 items make too many subsets: at most 15 can be compared"):
        shapley_r2(pd.DataFrame(np.eye(16)), pd.Series(range(16)))
    with pytest.raises(ValueError, match="1 rows have missing values"):
        shapley_r2(x.assign(Catholic=x["Catholic"].where(x["Catholic"] < 100)), y)
    with pytest.raises(ValueError, match="the outcome does not vary"):
        shapley_r2(x, y * 0)
    with pytest.raises(ValueError, match="the reference lacks wait"):
        linear_contributions(pd.DataFrame({"wait": [1]}), pd.Series({"wait": 1.0}), pd.Series({"visits": 1.0}))
