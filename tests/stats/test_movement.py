import json
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from analysis.stats.movement import regrouped, three_waves

CENTRES = np.array([[0.0, 0], [4, 0], [0, 4], [4, 4]])


def waves(moving, seed=3, size=4000, noise=0.6, misread=0.0):
    """Groups at three dates of subjects with a true place near a centre: at each date `moving` of them go to another one's."""
    random = np.random.default_rng(seed)
    kind = random.choice(4, size, p=[0.4, 0.3, 0.2, 0.1])
    place = CENTRES[kind] + random.normal(0, 0.8, (size, 2))
    seen = []
    for date in range(3):
        if date:
            moves = random.random(size) < moving
            kind = np.where(moves, (kind + random.integers(1, 4, size)) % 4, kind)
            place = np.where(moves[:, None], CENTRES[kind] + random.normal(0, 0.8, (size, 2)), place)
        measured = place + random.normal(0, noise, (size, 2))
        seen.append(((measured[:, None] - CENTRES) ** 2).sum(axis=2).argmin(axis=1))
    return np.stack(seen, axis=1)


@pytest.mark.parametrize("moving", [0.0, 0.05, 0.2])
def test_planted_movers_are_told_from_noise(moving):
    found = three_waves(waves(moving))
    assert found.moved.value > moving + 0.03
    assert found.real.low <= moving <= found.real.high
    assert found.real.value == pytest.approx(moving, abs=0.025)
    assert found.real.value + found.noise.value == pytest.approx(found.moved.value)


def test_movement_in_one_direction_only_is_overstated_little_where_it_is_rare():
    """Nobody who moves comes back, which kappa takes to be less than chance: the error is of the order of its square."""
    groups = np.zeros((6000, 3), dtype=int) + (np.arange(6000) % 3)[:, None]
    random = np.random.default_rng(1)
    for date in (1, 2):
        groups[:, date:] += (random.random(6000) < 0.05)[:, None]
    assert 0.04 < three_waves(groups % 3).real.value < 0.065


def test_without_noise_all_movement_is_real():
    found = three_waves(waves(0.2, noise=0.0))
    assert found.noise.value == pytest.approx(0, abs=0.02)


def test_reliability_and_stability_written_out():
    """Heise 1969 in kappas: all three agreements .6, .6 and .5 by two groups of equal size, so that stability is 5/6."""
    cells = {(0, 0, 0): 325, (0, 0, 1): 75, (0, 1, 0): 50, (0, 1, 1): 50}
    cells |= {tuple(1 - group for group in triple): count for triple, count in cells.items()}
    rows = np.array([triple for triple, count in cells.items() for _ in range(count)])
    first, last, both = ((rows[:, a] == rows[:, b]).mean() * 2 - 1 for a, b in ((0, 1), (1, 2), (0, 2)))
    assert (first, last, both) == pytest.approx((0.6, 0.5, 0.5))
    assert three_waves(rows).real.value == pytest.approx(0.5 * (1 - 0.5 / 0.6))


def test_agreement_by_chance_alone_tells_nothing():
    random = np.random.default_rng(1).integers(0, 3, (500, 3))
    assert three_waves(random).moved.value == pytest.approx(2 / 3, abs=0.05)
    assert three_waves(np.column_stack([random[:, 0], (random[:, 0] + 1) % 3, random[:, 2]])).real.value is None


def test_groups_far_apart_are_found_anew_and_one_cloud_is_cut_otherwise():
    random = np.random.default_rng(5)
    apart = pd.DataFrame(CENTRES[np.arange(400) % 4] + random.normal(0, 0.4, (400, 2)))
    assert regrouped(apart, pd.Series(np.arange(400) % 4), 5).max() < 0.01
    cloud = pd.DataFrame(random.normal(size=(400, 2)))
    quarter = pd.Series((cloud[0] > 0) * 2 + (cloud[1] > 0)).astype(int)
    assert regrouped(cloud, quarter, 5).mean() > 0.05


@pytest.mark.parametrize("world", ["nobody moves", "5% move a year", "20% move a year, much noise"])
def test_the_long_study_found_the_movers_and_its_intervals_hold_them(world):
    told = json.loads((Path(__file__).parents[2] / "docs/studies/segment_moves.json").read_text(encoding="utf-8"))
    found = next(row for row in told["movement"] if row["world"] == world)
    assert found["real"] == pytest.approx(found["truly"], abs=0.01)
    assert found["coverage"] >= 0.9
    assert told["tests"][0]["below_5_percent"] <= min(told["bounds"].values())
