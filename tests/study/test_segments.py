import numpy as np
import pandas as pd
import pytest
from sklearn.metrics import adjusted_rand_score

from analysis.study.segments import _named, find_segments, raw_traits, shrunk_log_odds


def test_planted_segments_are_found_and_named_apart(simulate_segments):
    features = simulate_segments(planted=True)
    found = find_segments(features, k_max=4, seed=7, bootstraps=10)
    assert found.clustering.k == 3
    assert adjusted_rand_score(np.arange(len(features)) % 3, found.labels) > 0.95
    assert len(set(found.keys.values())) == 3
    assert found.labels.index.tolist() == features["customer_id"].tolist()


def test_without_structure_there_are_no_stable_segments(simulate_segments):
    found = find_segments(simulate_segments(planted=False), k_max=4, seed=7, bootstraps=10)
    assert found.clustering.k == 1
    assert {label: name.render() for label, name in found.names.items()} == {0: "All customers"}


def test_traits_that_do_not_vary_or_are_not_brought_are_left_out(simulate_segments):
    features = simulate_segments(planted=True).drop(columns=["wealth", "loans"]).assign(app_share=0.0)
    raw = raw_traits(features)
    assert list(raw.columns[raw.nunique() > 1]) == ["transactions", "payment", "assets", "branch", "products"]


def test_nothing_of_a_customer_but_its_traits_enters(simulate_segments):
    features = simulate_segments(planted=True)
    changed = features.assign(sex="male", exit_reason="fees", contribution_12m=0.0)
    pd.testing.assert_frame_equal(raw_traits(features), raw_traits(changed))


def test_a_segment_is_named_by_what_clearly_sets_it_apart_and_no_two_alike():
    profile = pd.DataFrame({"age": [0.3, -0.7, -0.6], "assets": [-0.2, 0.6, 0.8], "digital": [0.1, 0.2, 0.4]}, index=[0, 1, 2])
    names, keys = _named(profile)
    assert keys == {0: "average", 1: "age_low_assets_high", 2: "age_low_assets_high_digital_high"}
    assert [names[label].render() for label in keys] == [
        "Close to the average", "Younger, large balances", "Younger, large balances, digital"
    ]  # fmt: skip


def test_a_share_of_few_events_is_drawn_to_the_mean():
    random = np.random.default_rng(2)
    count = pd.Series(np.r_[np.full(500, 40), 2, 0])
    true = random.beta(4, 4, 502)
    share = pd.Series(random.binomial(count, true) / count.where(count > 0, 1))
    share.iloc[-2:] = [1.0, 0.0]
    drawn = 1 / (1 + np.exp(-shrunk_log_odds(share, count)))
    mean = (share * count).sum() / count.sum()
    assert mean < drawn.iloc[-2] < 0.75
    assert drawn.iloc[-1] == pytest.approx(mean)
    assert np.mean((drawn[:500] - true[:500]) ** 2) < np.mean((share[:500] - true[:500]) ** 2)


def test_card_payments_in_shops_tell_nothing_of_the_channel(simulate_segments):
    features = simulate_segments(planted=True).assign(pos_share=0.0, atm_share=0.1, phone_share=0.0)
    features["app_share"] = features["app_share"] * 0.5
    shopping = features.assign(pos_share=0.5, **{name: features[name] / 2 for name in ("app_share", "branch_share", "atm_share")})
    halved = shopping.assign(transactions_365d=2 * features["transactions_365d"])
    np.testing.assert_allclose(raw_traits(halved)["digital"], raw_traits(features)["digital"])
