"""Figures over seeds, computed by hand."""

import numpy as np
import pytest

from analysis.stats.intervals import Z95
from analysis.validation.summary import deviation, mean, median, ratio, share, summarise


def row(seed: int, value, low=None, high=None, truth=0.2, name="x", world="default", **rest) -> dict:
    covered = None if None in (value, low, high) else low <= truth <= high
    usual = {"unit": "share", "naive": None, "oracle_width": None, "note": None}
    return {
        "id": name,
        "seed": seed,
        "truth": truth,
        "value": value,
        "low": low,
        "high": high,
        "covered": covered,
        "world": world,
        **usual,
        **rest,
    }


def test_every_figure_by_hand():
    rows = [
        row(1, 0.2, 0.1, 0.3, oracle_width=0.1, naive=0.5), row(2, 0.3, 0.25, 0.35, oracle_width=0.1, naive=0.3),
        row(3, 0.1, 0.0, 0.2, oracle_width=0.1, naive=0.4), row(4, None),
    ]  # fmt: skip
    (found,) = summarise(rows)
    assert (found["id"], found["unit"], found["world"], found["seeds"]) == ("x", "share", "default", 4)
    assert (found["truth"], found["value"]) == (pytest.approx(0.2), pytest.approx(0.2))
    assert found["bias"] == {"value": pytest.approx(0, abs=1e-12), "mc_error": pytest.approx(0.1 / np.sqrt(3))}
    assert found["spread"] == {"value": pytest.approx(0.1), "mc_error": pytest.approx(0.1 / 2)}
    widths = np.array([0.2, 0.1, 0.2])
    stated = widths.mean() / (2 * Z95)
    assert found["stated_error"]["value"] == pytest.approx(stated)
    assert found["stated_to_spread"]["value"] == pytest.approx(stated / 0.1)
    assert found["coverage"] == {"value": pytest.approx(2 / 3), "mc_error": pytest.approx(np.sqrt(2 / 9 / 3))}
    assert found["width"]["value"] == pytest.approx(0.2)
    assert found["width_to_oracle"]["value"] == pytest.approx(2.0)
    assert found["width_to_oracle"]["mc_error"] == pytest.approx(np.sqrt(np.pi / 2) * (widths / 0.1).std(ddof=1) / np.sqrt(3))
    assert found["abstentions"] == {"value": 0.25, "mc_error": pytest.approx(np.sqrt(0.25 * 0.75 / 4))}
    assert found["naive_bias"]["value"] == pytest.approx(0.2)
    assert (found["sign_errors"], found["alarms"]) == (None, None)


def test_signs_and_alarms_are_told_of_causes_only_where_they_mean_something():
    rows = [
        row(1, 0.1, 0.05, 0.2, truth=0.0, name="cause.fee_rise", world="null"),
        row(2, -0.1, -0.2, 0.1, truth=0.0, name="cause.fee_rise", world="null"),
    ]
    (found,) = summarise(rows)
    assert found["alarms"]["value"] == 0.5
    assert found["sign_errors"] is None
    rows = [row(1, -0.1, truth=0.1, name="cause.fee_rise"), row(2, 0.1, truth=0.2, name="cause.fee_rise")]
    (found,) = summarise(rows)
    assert found["sign_errors"]["value"] == 0.5
    assert found["alarms"] is None


def test_the_published_marginal_effect_is_pooled_and_none_at_all_is_an_abstention():
    rows = [
        row(1, -0.02, -0.03, -0.01, truth=-0.02, name="ame.products", unit="points"),
        row(2, 0.03, 0.01, 0.05, truth=-0.01, name="ame.assets", unit="points"),
        row(3, 0, truth=None, name="ame.none", unit="count"), row(4, None, truth=None, name="ame.<attribute>", unit=None),
    ]  # fmt: skip
    (found,) = summarise(rows)
    assert (found["id"], found["unit"], found["seeds"]) == ("ame.<attribute>", "points", 4)
    assert found["abstentions"]["value"] == 0.5
    assert found["sign_errors"]["value"] == 0.5
    assert found["bias"]["value"] == pytest.approx(0.02)


def test_what_has_no_truth_in_any_seed_is_left_out_and_what_is_not_told_abstains():
    rows = [
        row(1, 0.4, truth=None, name="rfm.best.share"),
        row(1, None, truth=0.3, name="cause_joint", naive=0.5, note="the study gives no value"),
    ]
    (found,) = summarise(rows)
    assert found["id"] == "cause_joint"
    assert found["bias"] is None
    assert found["abstentions"]["value"] == 1.0
    assert found["naive_bias"] == {"value": pytest.approx(0.2), "mc_error": None}


def test_figures_of_little_or_nothing():
    assert mean([]) is share([]) is median([]) is deviation([0.1]) is None
    assert mean([2.0]) == (2.0, None)
    assert ratio(mean([1.0, 1.0]), deviation([3.0, 3.0])) is None


def test_a_model_that_is_never_made_abstains():
    (found,) = summarise([row(seed, None, truth=None, name="auc", unit=None) for seed in (1, 2)])
    assert (found["id"], found["abstentions"]["value"], found["truth"]) == ("auc", 1.0, None)
