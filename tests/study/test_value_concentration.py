import numpy as np
import pandas as pd

from analysis.study.value_concentration import concentration_findings, lorenz_exhibit, whale_exhibit


def book(contribution, **columns):
    return pd.DataFrame({"customer_id": range(len(contribution)), "contribution_12m": contribution, "assets_3m": 10.0, **columns})


def test_the_top_tenth_and_those_who_cost_more_than_they_bring():
    found = {one.id: one for one in concentration_findings(book([-5.0] * 20 + [10.0] * 70 + [100.0] * 10))}
    assert list(found) == ["value.top_tenth.contribution_share", "value.gini", "value.negative"]
    top = found["value.top_tenth.contribution_share"]
    assert round(top.value, 3) == round(1000 / 1600, 3)
    assert top.low < top.value < top.high
    assert (top.base, top.compare_to) == (100, 0.1)
    assert found["value.negative"].text.render() == (
        "20.0% of customers cost more than they bring; together they take back 6.25% of contribution."
    )


def test_few_who_cost_more_than_they_bring_are_not_counted():
    few = book([-5.0] * 9 + [10.0] * 91)
    assert "value.negative" not in [one.id for one in concentration_findings(few)]
    assert whale_exhibit(few).title.render() == "Fewer than 10 customers cost more than they bring"
    assert whale_exhibit(book([10.0] * 100)).absent is not None


def test_the_curve_begins_below_zero_and_no_step_holds_fewer_than_ten():
    frame = lorenz_exhibit(book([-5.0] * 20 + [10.0] * 100)).frame
    curve = frame[[label.render() == "Contribution" for label in frame["series"]]]
    assert curve["value"].min() < 0
    assert np.diff(curve["x"]).min() * 120 >= 10 - 1e-9
    assert "below zero" in lorenz_exhibit(book([-5.0] * 20 + [10.0] * 100)).subtitle.render()


def test_assets_stand_in_where_contribution_is_not_known_or_sums_to_nothing():
    for customers in (book([1.0] * 100).drop(columns="contribution_12m"), book([-1.0] * 100)):
        assert concentration_findings(customers)[0].id == "value.top_tenth.assets_share"
        assert whale_exhibit(customers).absent is not None
    assert lorenz_exhibit(book([1.0] * 99)).absent is not None


def test_a_base_that_tells_of_the_few_without_contribution_is_not_told():
    customers = book([-5.0] * 20 + [10.0] * 100)
    for without, base in ((9, None), (10, 110)):
        found = concentration_findings(
            customers.assign(contribution_12m=customers["contribution_12m"].mask(customers.index >= 120 - without))
        )
        assert [one.base for one in found] == [base] * 3
