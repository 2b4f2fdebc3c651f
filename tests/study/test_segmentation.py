import datetime as dt

import pandas as pd
import pytest

from analysis.errors import NotProduced, UserError
from analysis.stats.cluster_choice import Clustering
from analysis.study.rfm import rfm_cells, rfm_exhibit, rfm_findings, rfm_scores
from analysis.study.segment_exhibits import choice_exhibit, segment_findings, segment_table
from analysis.study.segmentation import Tables, segmentation
from analysis.study.segments import Segments, find_segments

AS_OF = dt.date(2025, 6, 30)
EDGES = {"affluent": 20000.0, "private_banking": 400000.0}


def report(features, tiers=EDGES, k_max=4, bootstraps=10):
    return segmentation({AS_OF: features}, Tables(), tiers, "CNY", k_max=k_max, bootstraps=bootstraps)


@pytest.fixture(scope="module")
def planted(simulate_segments):
    return report(simulate_segments(planted=True))


@pytest.fixture(scope="module")
def flat(simulate_segments):
    return report(simulate_segments(planted=False), {})


def ten(recency, frequency, outflow):
    return pd.DataFrame(
        {
            "customer_id": list("abcdefghij"),
            "recency_days": recency,
            "transactions_365d": frequency,
            "outflow_365d": outflow,
            "assets_3m": 1.0,
        }
    )


def test_quintile_scores_run_from_one_to_five_and_ties_share_one():
    scores = rfm_scores(ten(range(10), range(10), [7.0] * 10))
    assert scores["recency"].tolist() == [5, 5, 5, 4, 4, 3, 3, 2, 2, 1]
    assert scores["frequency"].tolist() == [1, 2, 2, 3, 3, 4, 4, 5, 5, 5]
    assert scores["monetary"].tolist() == [3] * 10


def scored(cells):
    rows = [(recency, frequency) for (recency, frequency), count in cells.items() for _ in range(count)]
    return pd.DataFrame(rows, columns=["recency", "frequency"]).assign(monetary=5, assets=1.0)


def test_cells_of_few_and_those_that_give_them_away_are_hidden():
    cells = rfm_cells(scored({(1, 1): 9, (1, 2): 20, (1, 3): 30, (2, 1): 40, (2, 2): 50, (2, 3): 60}))
    assert list(zip(cells["recency"], cells["frequency"], strict=True)) == [(1, 3), (2, 3)]


def test_the_best_payers_are_not_counted_where_they_are_few():
    assert rfm_findings(scored({(5, 5): 9, (1, 1): 40})) == []
    (found,) = rfm_findings(scored({(5, 5): 10, (1, 1): 30}))
    assert (found.id, found.value, found.base) == ("rfm.best.share", 0.25, 40)


def test_planted_segments_are_reported(planted):
    by_id = {found.id: found for found in planted.findings}
    assert by_id["segments.k"].value == 3
    assert by_id["segments.stability"].value > 0.9
    shares = [found.value for name, found in by_id.items() if name.startswith("segment.") and name.endswith(".share")]
    assert shares == pytest.approx([1 / 3] * 3, abs=0.02)
    assert planted.segments.frame["customers"].sum() == 600
    assert planted.profile.absent is None


def separated(separation):
    table = pd.DataFrame({"k": [2, 3], "silhouette": [0.1, separation], "is_acceptable": [False, True]})
    table = table.assign(separation=0.3, reference=0.1, min_stability=0.8, mean_stability=0.9)
    clustering = Clustering(3, pd.Series(dtype=int), pd.DataFrame(), pd.Series([0.9, 0.8, 0.9]), table, pd.DataFrame())
    return Segments(clustering, None, pd.DataFrame(), pd.Series(dtype=int), {}, {})


def test_segments_that_shade_into_one_another_are_called_weakly_separated():
    table = pd.DataFrame({"assets_ratio": []})
    for separation, is_weak in ((0.2, True), (0.254, True), (0.26, False)):
        found = separated(separation)
        told = segment_findings(found, table, 600)[0].text.render()
        assert ("weakly separated" in told) is is_weak
        assert ("yet weakly separated" in choice_exhibit(found).title.render()) is is_weak
    assert "0.75 or more" in choice_exhibit(found).subtitle.render()
    assert "by 3 of its standard deviations" in choice_exhibit(found).subtitle.render()


def grid(**counts):
    cells = {(recency, frequency): 20 for recency in range(1, 6) for frequency in range(1, 6)}
    return scored({**cells, **{tuple(map(int, name[1:])): count for name, count in counts.items()}})


def test_the_title_tells_of_recent_and_frequent_customers_unless_it_gives_few_away():
    assert rfm_exhibit(grid()).title.render() == (
        "16.0% of active customers are both recent and frequent (scores 4 and 5) and hold 16.0% of active customers' assets"
    )
    plain = "Active customers by recency and frequency"
    assert rfm_exhibit(grid(c44=5)).title.render() == plain
    few_pay_little = grid().sort_values(["recency", "frequency"]).assign(monetary=[5] * 495 + [1] * 5)
    assert rfm_exhibit(few_pay_little).title.render() == plain


def test_without_structure_the_report_says_so(flat):
    by_id = {found.id: found.text.render() for found in flat.findings}
    assert "no stable segments" in by_id["segments.k"]
    assert flat.profile.absent.render() == "There are no stable segments to describe."
    assert flat.segment_tests.absent.render() == "There are no stable segments to tell apart."
    assert not any(name.startswith("segment.") for name in by_id)


def test_a_channel_never_recorded_has_no_column(simulate_segments):
    features = simulate_segments(planted=True).assign(app_share=0.0, web_share=0.0)
    assert "digital_share" not in segment_table(features, find_segments(features, 3, 7, 5))


def test_companies_are_left_to_their_own_report(simulate_segments, planted):
    features = simulate_segments(planted=True)
    with_companies = pd.concat([features, features.head(60).assign(kind="corporate", customer_id=[f"F{n}" for n in range(60)])])
    by_id = {found.id: found for found in report(with_companies).findings}
    assert by_id["segments.k"].base == 600
    assert by_id["active_customers"].base == 660 if "active_customers" in by_id else True


def test_too_few_active_customers_are_a_sentence_that_gives_nobody_away(simulate_segments):
    features = simulate_segments(planted=True)
    with pytest.raises(NotProduced, match="Active personal customers: 299; segments need 300"):
        report(features.head(299))
    with pytest.raises(NotProduced, match="Active personal customers: fewer than 10; segments need 300"):
        report(features.head(3))


def test_one_segment_cannot_be_asked_for(simulate_segments):
    with pytest.raises(UserError, match="k_max is 1 and bootstraps 10; each must be at least 2"):
        report(simulate_segments(planted=True), k_max=1)


def test_few_inactive_customers_are_not_given_away(simulate_segments):
    features = simulate_segments(planted=True)
    nine = features.assign(recency_days=features["recency_days"].mask(features.index < 9, 200.0))
    ten_ = features.assign(recency_days=features["recency_days"].mask(features.index < 10, None))
    assert "active_customers" not in [found.id for found in report(nine, {}, 2, 2).findings]
    (active, *_) = report(ten_, {}, 2, 2).findings
    assert active.text.render().startswith("98.3% of open customers are active")
    assert active.text.render().endswith("; 1.7% have none in the data at all.")


def test_the_same_seed_gives_the_same_report(simulate_segments, planted):
    again = report(simulate_segments(planted=True))
    assert [found.to_json(("en",)) for found in again.findings] == [found.to_json(("en",)) for found in planted.findings]
