import pytest

from analysis.study.segment_exhibits import segment_exhibit, segment_findings, segment_table
from analysis.study.segments import find_segments


@pytest.fixture(scope="module")
def features(simulate_segments):
    return simulate_segments(planted=True)


@pytest.fixture(scope="module")
def found(features):
    return find_segments(features, 3, 7, 5)


def test_shares_of_contribution_are_of_all_active_customers(features, found):
    table = segment_table(features, found)
    sums = features.set_index("customer_id")["contribution_12m"].groupby(found.labels).sum()
    assert table["contribution_share"].sum() == pytest.approx(1)
    assert table.set_index("segment")["contribution_share"].to_dict() == pytest.approx((sums / sums.sum()).to_dict())
    assert "contribution_share" in [column.name for column in segment_exhibit(table, found, "CNY").columns]


def test_no_shares_where_a_segments_contribution_is_negative(features, found):
    worst = found.labels.eq(0).to_numpy()
    losing = features.assign(contribution_12m=features["contribution_12m"].mask(worst, -5.0))
    assert "contribution_share" not in segment_table(losing, found)


def test_a_mean_that_two_customers_make_up_is_left_out(features, found):
    two = features.index.isin(features.index[found.labels.eq(1).to_numpy()][:2])
    table = segment_table(features.assign(contribution_12m=features["contribution_12m"].mask(two, 1e9)), found).set_index(
        "segment"
    )
    assert table["contribution_mean"].isna().to_dict() == {0: False, 1: True, 2: False}
    assert "contribution_share" not in table
    assert table["assets_mean"].notna().all()


def test_a_bank_without_balances_has_segments_all_the_same(features):
    bare = features.drop(columns=["assets_3m", "assets", "deposits", "wealth", "contribution_12m"])
    found = find_segments(bare, 3, 7, 5)
    table = segment_table(bare, found)
    assert table["assets_ratio"].isna().all()
    assert not any(finding.id.endswith("assets_ratio") for finding in segment_findings(found, table, len(bare)))
