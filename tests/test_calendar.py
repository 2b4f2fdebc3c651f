import datetime as dt

import pytest
from hypothesis import given
from hypothesis import strategies as st

from analysis.calendar import landmark_grid, month_end, months_before

DAY = dt.date
DAYS = st.dates(DAY(1950, 1, 1), DAY(2100, 12, 31))


@pytest.mark.parametrize(
    ("day", "end"),
    [
        (DAY(2024, 2, 1), DAY(2024, 2, 29)),
        (DAY(2023, 2, 28), DAY(2023, 2, 28)),
        (DAY(1900, 2, 3), DAY(1900, 2, 28)),
        (DAY(2024, 12, 5), DAY(2024, 12, 31)),
    ],
)
def test_month_end(day, end):
    assert month_end(day) == end


@pytest.mark.parametrize(
    ("day", "months", "earlier"),
    [
        (DAY(2024, 3, 31), 1, DAY(2024, 2, 29)),
        (DAY(2024, 2, 29), 1, DAY(2024, 1, 31)),
        (DAY(2024, 2, 28), 1, DAY(2024, 1, 28)),
        (DAY(2024, 3, 30), 1, DAY(2024, 2, 29)),
        (DAY(2024, 1, 15), 1, DAY(2023, 12, 15)),
        (DAY(2024, 1, 31), 12, DAY(2023, 1, 31)),
        (DAY(2024, 1, 31), 0, DAY(2024, 1, 31)),
        (DAY(2023, 11, 30), -3, DAY(2024, 2, 29)),
    ],
)
def test_months_before(day, months, earlier):
    assert months_before(day, months) == earlier


@given(DAYS, st.integers(0, 60))
def test_months_before_moves_whole_months(day, months):
    earlier = months_before(day, months)
    assert (day.year - earlier.year) * 12 + day.month - earlier.month == months
    assert (day == month_end(day)) <= (earlier == month_end(earlier))


def test_landmarks_go_back_by_quarters_while_there_are_six_months_of_data():
    assert landmark_grid(DAY(1994, 3, 31), DAY(1993, 1, 1)) == [
        DAY(1994, 3, 31),
        DAY(1993, 12, 31),
        DAY(1993, 9, 30),
        DAY(1993, 6, 30),
    ]
    assert landmark_grid(DAY(1994, 3, 31), DAY(1993, 2, 2))[-1] == DAY(1993, 9, 30)


def test_as_of_is_always_a_landmark():
    assert landmark_grid(DAY(2024, 1, 31), DAY(2024, 1, 1)) == [DAY(2024, 1, 31)]


def test_there_are_at_most_as_many_landmarks_as_asked():
    assert len(landmark_grid(DAY(2024, 1, 31), DAY(1990, 1, 1))) == 9
    assert landmark_grid(DAY(2024, 1, 31), DAY(1990, 1, 1), step_months=12, most=2) == [DAY(2024, 1, 31), DAY(2023, 1, 31)]
