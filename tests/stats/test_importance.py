from itertools import permutations
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from analysis.stats.importance import johnson_weights, linear_contributions, relative_importance, shapley_r2

RELAIMPO = {
    "Agriculture": 0.05709122,
    "Examination": 0.17117303,
    "Education": 0.26013468,
    "Catholic": 0.10557015,
    "Infant.Mortality": 0.11276592,
}
JOHNSON = dict(zip(RELAIMPO, (0.048417, 0.154708, 0.271964, 0.114680, 0.116966), strict=True))


@pytest.fixture
def swiss():
    frame = pd.read_csv(Path(__file__).parent / "swiss.csv", index_col="province")
    return frame.drop(columns="Fertility"), frame["Fertility"]


def test_shares_reproduce_relaimpos_lmg_of_rs_swiss(swiss):
    contributions = shapley_r2(*swiss)
    assert contributions.to_dict() == pytest.approx(RELAIMPO, abs=1e-8)
    assert contributions.sum() == pytest.approx(least_squares(*swiss), abs=1e-12)
    assert contributions.sum() == pytest.approx(0.706735, abs=5e-7)


def test_johnsons_relative_weights_of_rs_swiss(swiss):
    """Johnson 2000, recomputed."""
    weights = johnson_weights(*swiss)
    assert weights.to_dict() == pytest.approx(JOHNSON, abs=1e-6)
    assert weights.sum() == pytest.approx(least_squares(*swiss), abs=1e-12)


def least_squares(x, y):
    """R² of a fit."""
    design = np.column_stack([np.ones(len(x)), x])
    return 1 - np.sum((y - design @ np.linalg.lstsq(design, y)[0]) ** 2) / np.sum((y - y.mean()) ** 2)


def test_shares_are_the_average_over_all_orders_of_entry():
    random = np.random.default_rng(3)
    x = pd.DataFrame(random.normal(size=(60, 3)) @ random.normal(size=(3, 3)), columns=list("abc"))
    y = x["a"] + random.normal(size=60)

    orders = [
        {i: least_squares(x[list(o[: n + 1])], y) - least_squares(x[list(o[:n])], y) for n, i in enumerate(o)}
        for o in permutations("abc")
    ]
    expected = pd.DataFrame(orders)[list("abc")].mean()
    assert shapley_r2(x, y).tolist() == pytest.approx(expected.tolist(), abs=1e-12)


def test_twins_share_equally_and_a_constant_gets_nothing(swiss):
    x, y = swiss
    alone = shapley_r2(x[["Education"]], y)["Education"]
    twins = shapley_r2(x[["Education"]].assign(copy=x["Education"] * 3 + 7, constant=4.2), y)
    assert twins.tolist() == pytest.approx([alone / 2, alone / 2, 0], abs=1e-9)
    again = johnson_weights(x[["Education"]].assign(copy=x["Education"] * 3 + 7, constant=4.2), y)
    assert again.tolist() == pytest.approx([alone / 2, alone / 2, 0], abs=1e-9)


def test_the_units_of_items_do_not_matter(swiss):
    x, y = swiss
    turned = x.assign(Education=1000 * x["Education"], Catholic=-x["Catholic"])
    for way in (shapley_r2, johnson_weights):
        assert way(turned, 3 * y + 1).tolist() == pytest.approx(way(x, y).tolist(), abs=1e-12)


def test_bootstrapped_shares_add_up_to_one_and_are_reproducible(swiss):
    found = relative_importance(*swiss, replicates=200, seed=7)
    for way, known in (("lmg", RELAIMPO), ("johnson", JOHNSON)):
        frame = found.shares(way)
        assert frame["share"].tolist() == pytest.approx([part / 0.706735 for part in known.values()], abs=2e-6)
        assert (frame["low"] < frame["share"]).all()
        assert (frame["share"] < frame["high"]).all()
        assert found.drawn.shares(way).sum(axis=1) == pytest.approx(1, abs=1e-12)
        pd.testing.assert_frame_equal(frame, relative_importance(*swiss, replicates=200, seed=7).shares(way))


@pytest.mark.parametrize("block", [2**22, 50])
def test_bootstrap_agrees_with_refitting_on_the_resampled_rows(swiss, monkeypatch, block):
    monkeypatch.setattr("analysis.stats.importance.MOST_CELLS", block)
    x, y = swiss
    random = np.random.default_rng(5)
    drawn = relative_importance(x, y, replicates=3, seed=5).drawn
    for number in range(3):
        rows = random.integers(47, size=47)
        again = x.iloc[rows], y.iloc[rows]
        assert drawn.lmg[number] == pytest.approx(shapley_r2(*again).to_numpy(), abs=1e-10)
        assert drawn.johnson[number] == pytest.approx(johnson_weights(*again).to_numpy(), abs=1e-10)
        assert drawn.mean[number] == pytest.approx(again[0].mean().to_numpy())


def test_weights_are_as_so_many_equal_rows(swiss):
    x, y = swiss
    weights = np.arange(47) % 3 + 1
    whole = relative_importance(x, y, 2, weights=weights).whole
    rows = np.repeat(np.arange(47), weights)
    assert whole.lmg[0] == pytest.approx(shapley_r2(x.iloc[rows], y.iloc[rows]).to_numpy(), abs=1e-12)
    assert whole.mean[0] == pytest.approx(x.iloc[rows].mean().to_numpy())


def test_weights_stay_with_their_rows_in_the_bootstrap(swiss):
    x, y = swiss
    weights = np.where(np.arange(47) < 24, 1.0, 1e-6)
    drawn = relative_importance(x, y, 300, weights=weights).drawn
    assert drawn.mean.mean(axis=0) == pytest.approx(x.iloc[:24].mean().to_numpy(), rel=0.03)


def test_r_squared_is_adjusted(swiss):
    """R's summary(lm(Fertility ~ ., swiss)): multiple R² 0.7067, adjusted 0.671."""
    joint = relative_importance(*swiss, replicates=100).r_squared()
    assert joint.value == pytest.approx(0.671, abs=5e-4)
    assert joint.low < joint.value < joint.high


def coverage(slopes, noise, surveys, rows):
    """How often the intervals of each item's share (both ways) and of R² hold the truth of independent items."""
    slopes = np.array(slopes, dtype=float)
    truth, joint = slopes**2 / (slopes**2).sum(), (slopes**2).sum() / ((slopes**2).sum() + noise**2)
    held = np.zeros((surveys, 3))
    for seed in range(surveys):
        random = np.random.default_rng(seed)
        x = pd.DataFrame(random.normal(size=(rows, len(slopes))))
        found = relative_importance(x, x @ slopes + noise * random.normal(size=rows), replicates=150, seed=seed)
        both = [found.shares(way) for way in ("lmg", "johnson")]
        _, low, high, _ = found.r_squared()
        held[seed] = *(((one["low"] <= truth) & (truth <= one["high"])).mean() for one in both), low <= joint <= high
    return held.mean(axis=0)


def test_intervals_hold_the_true_shares_about_as_often_as_they_say():
    assert (abs(coverage([2, 1, 0.5], 1.0, 60, 300) - 0.96) < 0.07).all()


def test_an_item_without_relation_may_have_a_share_of_nothing():
    """Percentiles of shares, which are never below 0, would never hold a true 0."""
    assert (coverage([2, 1, 0], 1.0, 40, 200)[:2] > 0.9).all()


def test_an_outcome_that_goes_with_nothing_has_an_r_squared_that_may_be_0():
    random = np.random.default_rng(1)
    x = pd.DataFrame(random.normal(size=(100, 5)))
    lows = [relative_importance(x, pd.Series(random.normal(size=100)), 100, seed).r_squared().low for seed in range(20)]
    assert np.mean([low == 0 for low in lows]) > 0.8


def test_more_comparisons_make_wider_intervals(swiss):
    found = relative_importance(*swiss, replicates=200)
    alone, at_once = found.shares(), found.shares(comparisons=10)
    assert (at_once["high"] > alone["high"]).all()
    assert (at_once["low"] < alone["low"])[alone["low"] > 0].all()
    drawn = found.drawn.mean[:, 0] - found.drawn.mean[:, 1]
    (low, high), (lower, higher) = (found.differences(np.array(1.0), drawn, comparisons) for comparisons in (1, 10))
    assert lower < low < 1 < high < higher


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
