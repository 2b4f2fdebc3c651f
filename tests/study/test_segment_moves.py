import datetime as dt

import numpy as np
import pandas as pd
import pytest

from analysis.calendar import months_before
from analysis.study.segment_moves import segment_moves, transition_cells
from analysis.study.segments import find_segments

AS_OF = dt.date(2025, 6, 30)
DAYS = [months_before(AS_OF, 12 * years) for years in range(3)]
VARYING = ["transactions_90d", "outflow_90d", "assets_3m", "app_share", "branch_share"]


@pytest.fixture(scope="module")
def history(simulate_segments):
    """Three dates; who moves lives from then on as one of the next two customers, who are of the other kinds. At each date
    what is measured is blurred anew (noise)."""

    def make(moving: float, noise: float = 0.5, size: int = 900, seed: int = 4):
        random, base = np.random.default_rng(seed), simulate_segments(planted=True, size=size)
        lives, days = np.arange(size), {}
        for day in reversed(DAYS):
            if day != DAYS[-1]:
                lives = np.where(random.random(size) < moving, (lives + random.integers(1, 3, size)) % size, lives)
            features = base.assign(**{name: base[name].to_numpy()[lives] for name in VARYING})
            jitter = np.exp(random.normal(0, 2.5 * noise, (size, 3)))
            features[VARYING[:3]] = features[VARYING[:3]] * jitter
            features["app_share"] = (features["app_share"] + random.normal(0, 0.6 * noise, size)).clip(0, 1)
            days[day] = features
        return days

    return make


@pytest.fixture(scope="module")
def found(history):
    return find_segments(history(0.0, noise=0.2)[AS_OF], 3, 7, 5)


@pytest.fixture(autouse=True)
def few_regroupings(monkeypatch):
    monkeypatch.setattr("analysis.study.segment_moves.REGROUPINGS", 2)


def value(moves, name):
    return next(finding for finding in moves.findings if finding.id == name)


@pytest.mark.parametrize("moving", [0.0, 0.2])
def test_movement_is_parted_from_noise(history, found, moving):
    moves = segment_moves(history(moving), found, AS_OF)
    moved, real, noise = (value(moves, f"segments.moved{part}") for part in ("", ".real", ".noise"))
    assert moved.value > moving + 0.02
    assert real.low <= moving <= real.high
    assert real.value == pytest.approx(moving, abs=0.03)
    assert moved.value == pytest.approx(real.value + noise.value)
    assert ("real movement cannot be told from none" in moved.text.render()) is (moving == 0)


def test_without_a_third_date_the_parts_are_not_told(history, found):
    days = history(0.2, noise=0.0)
    moves = segment_moves({day: days[day] for day in DAYS[:2]}, found, AS_OF)
    assert moves.findings[0].value == pytest.approx(0.2, abs=0.04)
    assert [finding.id for finding in moves.findings] == ["segments.moved", "segments.regrouped"]
    assert "cannot be told without a third date" in moves.findings[0].text.render()


def test_a_short_history_and_no_segments_are_said(history, found, simulate_segments):
    moves = segment_moves({AS_OF: history(0.0)[AS_OF]}, found, AS_OF)
    assert moves.findings == []
    assert moves.parts.absent.render().startswith("The bank's data do not reach back to 30 June 2024")
    flat = find_segments(simulate_segments(planted=False), 3, 7, 5)
    assert segment_moves(history(0.0), flat, AS_OF).transitions.absent.render().startswith("There are no stable segments")


def test_who_left_or_came_did_not_move(history, found):
    days = history(0.0, noise=0.0)
    closed = days[AS_OF]["closed_date"].mask(days[AS_OF].index < 200, pd.Timestamp("2025-01-01"))
    days |= {AS_OF: days[AS_OF].assign(closed_date=closed), DAYS[1]: days[DAYS[1]].iloc[:-100]}
    moved = value(segment_moves(days, found, AS_OF), "segments.moved")
    assert (moved.value, moved.base) == (0, 600)


def test_small_cells_and_those_that_give_them_away_are_hidden():
    counts = {(0, 0): 100, (0, 1): 5, (0, 2): 30, (1, 0): 20, (1, 1): 80, (1, 2): 25, (2, 0): 40, (2, 1): 50, (2, 2): 60}
    pairs = pd.DataFrame([pair for pair, count in counts.items() for _ in range(count)], columns=["left", "right"])
    cells = transition_cells(pairs)
    assert not (cells["customers"] < 10).any()
    for axis in ("left", "right"):
        assert (cells.groupby(axis).size() != 2).all()
    kept = cells.set_index(["left", "right"])["share"]
    assert kept[(2, 2)] == pytest.approx(60 / 150)
    assert (0, 1) not in kept.index


def test_all_cells_are_shown_where_none_is_small(history, found):
    moves = segment_moves(history(0.3, size=1500), found, AS_OF)
    assert len(moves.transitions.frame) == 9
    assert "In the same segment" in moves.transitions.title.render()
