import numpy as np
import pandas as pd
import pytest

from analysis.errors import UserError
from analysis.study.value_ranking import can_rank, ranking_exhibit, ranking_findings, rankings, tornado_exhibit


def book(size=200, **parts):
    frame = pd.DataFrame({"customer_id": range(size), **{f"{name}_12m": values for name, values in parts.items()}})
    return frame.assign(
        contribution_12m=frame.get("ftp_interest_12m", 0.0) + frame.get("fees_12m", 0.0) - frame.get("cost_12m", 0.0)
    )


@pytest.fixture
def crossing():
    """Those who bring most cost most: a higher cost turns the order of the two halves."""
    high = np.arange(200) >= 100
    return book(ftp_interest=np.where(high, 100.0, 50.0) + np.arange(200) / 100, fees=5.0, cost=np.where(high, 50.0, 2.0))


def test_only_a_component_that_differs_between_customers_moves_the_ranking(crossing):
    table = rankings(crossing, 0.1).set_index("component")
    assert table.loc["fees", "moved_share"] == 0
    assert table.loc["fees", "correlation"] == pytest.approx(1)
    assert table.loc["cost", "moved_share"] == 1
    assert table.loc["cost", "left_share"] == 1
    assert table.loc["cost", "correlation"] < 0
    assert table.index[0] == "ftp_interest"


def test_the_base_is_the_share_of_the_top_tenth_and_a_higher_charge_raises_it_where_the_others_bear_it():
    customers = book(100, ftp_interest=np.arange(1.0, 101.0), cost=0.5)
    table = rankings(customers, 0.2).set_index("component")
    whole = np.arange(1.0, 101.0) - 0.5
    assert table["value"].tolist() == pytest.approx([whole[90:].sum() / whole.sum()] * 2)
    assert table.loc["cost", "high"] == pytest.approx((whole[90:] - 0.1).sum() / (whole - 0.1).sum())
    assert table.loc["cost", "low"] < table.loc["cost", "value"] < table.loc["cost", "high"]


def test_charges_move_together_too():
    assert "together" not in rankings(book(ftp_interest=np.arange(1.0, 201.0), cost=0.1))["component"].tolist()
    both = book(ftp_interest=np.arange(1.0, 201.0), cost=0.1).assign(expected_loss_12m=0.1)
    assert "together" in rankings(both)["component"].tolist()


def test_few_who_move_are_not_counted(crossing):
    table = rankings(crossing, 0.1).assign(moved_share=[0.5, 9 / 200, 0.0])
    found = ranking_findings(table, 0.1, 200)
    assert [one.id for one in found] == [f"value.ranking.{table['component'][row]}" for row in (0, 2)]
    assert [ranking_findings(table, 0.1, 200, all_)[0].base for all_ in (200, 209, 210)] == [200, None, 200]
    shown = ranking_exhibit(table, 0.1, 200).frame["moved"].map(str).tolist()
    assert shown == ["50.0%", "fewer than 10", "0.0%"]


def test_the_tornado_puts_the_widest_first_and_states_its_range(crossing):
    exhibit = tornado_exhibit(rankings(crossing, 0.1), 0.1)
    width = (exhibit.frame["high"] - exhibit.frame["low"]).abs()
    assert width.is_monotonic_decreasing
    assert "10% lower (grey) and higher" in exhibit.subtitle.render()


def test_what_cannot_be_ranked(crossing):
    assert can_rank(crossing)
    assert not can_rank(crossing.head(99))
    assert not can_rank(crossing.drop(columns="contribution_12m"))
    assert not can_rank(book(ftp_interest=np.arange(1.0, 201.0)))
    with pytest.raises(UserError, match="spread is 1"):
        rankings(crossing, 1)
