import datetime as dt

import pandas as pd
import pytest

from analysis.bank.levers import Struck
from analysis.study.lever_crude import crude_share


def window(gone: dict[str, int], struck: list[tuple[str, int]], closed: dict[str, int] | None = None, months: int = 6) -> Struck:
    names = ["A", "B", "C", "D"]
    people = pd.DataFrame({"customer_id": names}).assign(
        gone_month=pd.array([gone.get(name) for name in names], "Int64"),
        closed_month=pd.array([(closed or {}).get(name) for name in names], "Int64"),
    )
    rows = pd.DataFrame(struck, columns=["customer_id", "month"]).assign(struck=True)
    return Struck(dt.date(2024, 6, 30), months, people, {"long_wait": rows})


def test_months_in_which_it_does_not_act_are_held_against_all_months():
    found = crude_share(window({"A": 3, "B": 2}, [("A", 1)]), "long_wait")
    # months 1-3: A there in 1 and 2, both struck and followed by leaving; B in 1, leaving; C and D three each
    assert found.value == pytest.approx(1 - (1 / 7) / (3 / 9))
    assert found.low < found.value < found.high
    assert found.base == 4


def test_it_acts_for_three_months():
    early = crude_share(window({"A": 6}, [("A", 1)], months=8), "long_wait")
    # months 1-5, A there in all five, leaving follows months 3, 4 and 5; spared in 4 and 5
    assert early.value == pytest.approx(1 - (2 / 17) / (3 / 20))


def test_who_closed_without_leaving_is_there_no_longer():
    found = crude_share(window({"B": 3}, [("A", 1)], closed={"A": 2}), "long_wait")
    assert found.value == pytest.approx(1 - (2 / 8) / (2 / 9))


def test_no_leaving_no_number():
    assert crude_share(window({}, [("A", 1)]), "long_wait") is None
    assert crude_share(window({"A": 2}, [("A", 1)]), "long_wait") is None
    assert crude_share(window({"A": 2}, []), "fee_rise") is None
