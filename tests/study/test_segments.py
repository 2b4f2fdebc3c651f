import numpy as np
import pandas as pd
from sklearn.metrics import adjusted_rand_score

from analysis.study.segments import find_segments, raw_traits


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
