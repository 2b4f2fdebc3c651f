import pandas as pd
import pytest

from analysis.study.value_components import balance_exhibit, component_exhibit, component_table, signed_components

EDGES = {"affluent": 100.0, "private_banking": 1000.0}


def book(mass=20, affluent=12, private=10):
    assets = [50.0] * mass + [100.0] * affluent + [1000.0] * private
    frame = pd.DataFrame({"customer_id": range(len(assets)), "assets_3m": assets, "deposits": assets, "products_held": 2})
    parts = {"ftp_interest": 0.05, "fees": 0.01, "expected_loss": 0.02, "cost": 0.01, "capital_charge": 0.005}
    frame = frame.assign(**{f"{name}_12m": frame["assets_3m"] * share for name, share in parts.items()})
    return frame.assign(contribution_12m=frame["assets_3m"] * 0.025)


def test_components_add_up_to_contribution_customer_by_customer_and_tier_by_tier():
    customers = book()
    parts = signed_components(customers)
    assert parts.sum(axis=1).to_numpy() == pytest.approx(customers["contribution_12m"].to_numpy())
    table = component_table(customers, EDGES)
    assert table["tier"].tolist() == ["private_banking", "affluent", "mass", "all"]
    assert table[list(parts)].sum(axis=1).tolist() == pytest.approx(table["contribution"].tolist())
    assert table["contribution"].tolist() == pytest.approx([25, 2.5, 1.25, customers["contribution_12m"].mean()])
    assert table["cost"].lt(0).all()


def test_a_tier_of_few_is_told_with_the_one_below():
    table = component_table(book(private=9), EDGES)
    assert table["tier"].tolist() == ["affluent", "mass", "all"]
    assert table["customers"].tolist() == [21, 20, 41]
    assert table.loc[0, "deposits"] == pytest.approx((9 * 1000 + 12 * 100) / 21)


def test_who_has_no_contribution_counts_as_bringing_nothing():
    customers = book()
    customers.loc[customers["assets_3m"] == 50, [name for name in customers if name.endswith("_12m")]] = None
    table = component_table(customers, EDGES).set_index("tier")
    assert table.loc["mass", "contribution"] == 0
    assert table.loc["affluent", "contribution"] == pytest.approx(2.5)


def test_a_bank_without_contributions_says_so():
    bare = book()[["customer_id", "assets_3m", "deposits"]]
    table = component_table(bare, EDGES)
    assert "no contribution" in component_exhibit(table, "CNY").absent.render()
    assert [column.name for column in balance_exhibit(table, "CNY").columns] == ["label", "customers", "deposits"]
    assert balance_exhibit(table, "CNY").title.render().startswith("Private banking: 3.4 times the deposits")
