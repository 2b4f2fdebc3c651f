"""Scores against a published interval, as seen on a day, and what identity states."""

import datetime as dt

import pandas as pd
import pytest

from analysis.report.gate import Score
from analysis.scores import scores

DAY = dt.date(2025, 6, 30)
ACCURACY = {
    "precision": {"value": 0.999, "low": 0.998, "high": 1.0, "base": 44_000},
    "recall": {"value": 0.99, "low": None, "high": None, "base": 2_885},
    "blocking": {"value": 0.98, "low": 0.97, "high": 0.99, "base": 2_885},
}


@pytest.fixture
def processed(tmp_path):
    rows = [
        ("parties", "parties", "rows", "core", "2025-05-31", 200, 150),
        ("parties", "parties", "rows", "cards", "2025-06-30", 60, 30),
        ("parties", "parties", "rows", "cards", None, 3, 2),
        ("parties", "parties", "rows", "core", "2025-07-31", 900, 900),
        ("parties.phone.empty", "parties", "completeness", "core", "2025-05-31", 200, 200),
        ("branches", "branches", "rows", None, None, 8, 0),
    ]
    frame = pd.DataFrame(rows, columns=["rule", "table", "dimension", "source", "month", "checked", "failed"])
    frame.assign(month=pd.to_datetime(frame["month"])).to_parquet(tmp_path / "quality.parquet")
    return tmp_path


def test_the_share_of_sound_rows_known_on_the_day_with_wilson_s_interval(processed):
    """81 of 263: 0.2553 to 0.3662 (Newcombe 1998, table I, method 3)."""
    found = scores(processed, {}, DAY)
    assert set(found) == {"quality.parties", "quality.branches"}
    parties = found["quality.parties"]
    assert (parties.value, parties.base) == pytest.approx((81 / 263, 263))
    assert (round(parties.low, 4), round(parties.high, 4)) == (0.2553, 0.3662)
    assert (found["quality.branches"].value, found["quality.branches"].high) == (1, 1)


def test_a_later_day_knows_more(processed):
    assert scores(processed, {}, dt.date(2025, 7, 31))["quality.parties"].base == 1163
    assert scores(processed, {}, dt.date(2025, 6, 29))["quality.parties"].base == 203


def test_identity_as_stated(processed):
    found = scores(processed, {"identity": {"records": 5, "accuracy": ACCURACY}}, DAY)
    assert found["identity.precision"] == Score(0.999, 0.998, 1.0, 44_000)
    assert found["identity.recall"] == Score(0.99, None, None, 2_885)
    assert "identity.blocking" not in found


@pytest.mark.parametrize("manifest", [{}, {"identity": None}, {"identity": {}}, {"identity": {"accuracy": None}}], ids=str)
def test_identity_that_states_nothing_has_no_score(processed, manifest):
    assert not [name for name in scores(processed, manifest, DAY) if name.startswith("identity.")]
