import datetime as dt

from analysis.study.groups import customer_groups
from analysis.study.segmentation import Tables, segmentation

EDGES = {"affluent": 20000.0, "private_banking": 400000.0}


def names(groups):
    return {heading.render(): sorted({label.render() for label in labels.dropna()}) for heading, labels in groups.items()}


def test_customers_are_divided_in_every_way_the_data_allow(simulate_segments):
    features = simulate_segments(planted=True)
    features = features.assign(kind=["corporate" if number % 5 == 0 else "personal" for number in range(len(features))])
    found = names(customer_groups(features, EDGES, k_max=4, bootstraps=5))
    assert list(found) == ["Tier", "Kind", "Segment"]
    assert found["Tier"] == ["Affluent", "Mass", "Private banking"]
    assert found["Kind"] == ["Corporate customers", "Personal customers"]
    assert len(found["Segment"]) == 3


def test_groups_stand_in_one_order_everywhere(simulate_segments):
    features = simulate_segments(planted=True).assign(sex=["male", "female"] * 300)
    found = customer_groups(features, EDGES, k_max=4, bootstraps=5)
    orders = {heading.render(): [label.render() for label in labels.cat.categories] for heading, labels in found.items()}
    assert orders["Tier"] == ["Private banking", "Affluent", "Mass"]
    assert orders["Sex"] == ["Women", "Men"]
    segments = segmentation({dt.date(2025, 6, 30): features}, Tables(), EDGES, "CNY", k_max=4, bootstraps=5).segments
    assert orders["Segment"] == [label.render() for label in segments.frame["label"]]


def test_a_way_with_one_group_only_is_left_out(customers):
    assert names(customer_groups(customers(a={}, b={}), EDGES)) == {}
    assert names(customer_groups(customers(a={}, b={"sex": "male"}), {})) == {"Sex": ["Men", "Women"]}


def test_labels_go_by_customer(customers):
    (labels,) = customer_groups(customers(a={}, b={"sex": "male"}, c={"sex": None}), {}).values()
    assert labels["a"].render() == "Women"
    assert labels["b"].render() == "Men"
    assert labels[["c"]].isna().all()
