import pandas as pd
import pytest

from analysis.study.tiers import is_active, open_customers, pyramid, tier_exhibit, tier_findings, tier_of, tier_table

EDGES = {"affluent": 100.0, "private_banking": 1000.0}


def book(mass=20, affluent=12, private=10, **columns):
    assets = [50.0] * mass + [100.0] * affluent + [1000.0] * private
    frame = pd.DataFrame(
        {"customer_id": range(len(assets)), "assets_3m": assets, "contribution_12m": [value / 10 for value in assets]}
    )
    return frame.assign(**columns)


def test_an_edge_belongs_to_the_tier_above_and_nothing_known_is_mass():
    tiers = tier_of(pd.Series([-5.0, 99.99, 100.0, 999.99, 1000.0, None]), EDGES)
    assert tiers.tolist() == ["mass", "mass", "affluent", "affluent", "private_banking", "mass"]


def test_open_and_active_customers(customers):
    features = customers(
        a={"recency_days": 89.0}, b={"recency_days": 90.0}, c={"recency_days": None}, d={"closed_date": "2025-01-01"}
    )
    kept = open_customers(features)
    assert kept["customer_id"].tolist() == ["a", "b", "c"]
    assert is_active(kept).tolist() == [True, False, False]


def test_the_table_shares_out_customers_assets_and_contribution():
    table = tier_table(book(), EDGES)
    assert table["tier"].tolist() == ["private_banking", "affluent", "mass"]
    assert table["customers"].tolist() == [10, 12, 20]
    assert table["customer_share"].tolist() == pytest.approx([10 / 42, 12 / 42, 20 / 42])
    assert table["assets_share"].tolist() == pytest.approx([10000 / 12200, 1200 / 12200, 1000 / 12200])
    assert table["contribution_share"].tolist() == pytest.approx(table["assets_share"].tolist())


def test_a_tier_of_few_is_counted_with_the_one_below():
    table = tier_table(book(private=9), EDGES)
    assert table["tier"].tolist() == ["affluent", "mass"]
    assert [label.render() for label in table["label"]] == ["Private banking and Affluent", "Mass"]
    assert table["customers"].tolist() == [21, 20]
    assert tier_table(book(mass=3), EDGES)["customers"].tolist() == [10, 15]
    assert tier_table(book(private=0), EDGES)["customers"].tolist() == [0, 12, 20]


def test_a_negative_contribution_is_not_shared_out():
    table = tier_table(book(contribution_12m=[-1.0] * 20 + [5.0] * 22), EDGES)
    assert "contribution_share" not in table
    assert tier_findings(table)[0].id == "tier.above_mass.assets_share"
    assert "no contribution" in tier_exhibit(table, "CNY").subtitle.render()


def test_findings_name_each_tier_on_the_base_of_all_customers():
    found = tier_findings(tier_table(book(), EDGES))
    assert [(one.id, one.base) for one in found] == [
        ("tier.above_mass.contribution_share", 42),
        ("tier.private_banking.contribution_share", 42),
        ("tier.affluent.contribution_share", 42),
        ("tier.mass.contribution_share", 42),
    ]
    assert found[0].value == pytest.approx(11200 / 12200)
    assert found[0].text.render() == "The tiers above mass are 52.4% of customers and bring 91.8% of contribution."


def test_the_pyramid_says_what_assets_are():
    table = tier_table(book(), EDGES)
    assert "deposits (the bank's data hold no wealth)" in pyramid(table, book(wealth=0.0), EDGES, "CNY").subtitle.render()
    assert "assets are deposits and wealth" in pyramid(table, book(wealth=1.0), EDGES, "CNY").subtitle.render()
    assert pyramid(table, book(), EDGES, "CNY").title.render() == "Above mass, 52.4% of customers hold 91.8% of assets"


def test_the_pyramid_states_the_edges():
    words = pyramid(tier_table(book(), EDGES), book(), EDGES, "CNY").subtitle.render()
    assert "in CNY; Private banking from 1,000, Affluent from 100; who has less, or no balance, counts as mass" in words
