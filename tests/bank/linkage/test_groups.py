"""Groups of records from links, and what people have decided."""

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from analysis.bank.linkage.groups import group

NONE = pd.DataFrame({"rid_l": [], "rid_r": []}, dtype=int)


def links(*rows):
    return pd.DataFrame(rows, columns=["rid_l", "rid_r", "probability"]).astype(
        {"rid_l": int, "rid_r": int, "probability": float}
    )


def pairs(*rows):
    return pd.DataFrame(rows, columns=["rid_l", "rid_r"])


def parts(found):
    return sorted(sorted(members.tolist()) for _, members in pd.Series(range(len(found.labels))).groupby(found.labels))


def test_chains_of_links_join():
    found = group(5, links((0, 1, 0.9), (1, 2, 0.9)), NONE, NONE, 20)
    assert parts(found) == [[0, 1, 2], [3], [4]]
    assert (found.split, found.held_back) == ((), ())


def test_without_links_everyone_is_alone():
    assert parts(group(3, links(), NONE, NONE, 20)) == [[0], [1], [2]]


def test_what_is_said_to_be_the_same_joins_without_a_link():
    assert parts(group(4, links((0, 1, 0.9)), pairs((1, 3)), NONE, 20)) == [[0, 1, 3], [2]]


def test_what_is_said_to_be_different_parts_at_the_weaker_link():
    chain = links((0, 1, 0.99), (1, 2, 0.85), (2, 3, 0.99))
    assert parts(group(4, chain, NONE, pairs((0, 3)), 20)) == [[0, 1], [2, 3]]
    assert parts(group(4, chain.iloc[::-1], NONE, pairs((0, 3)), 20)) == [[0, 1], [2, 3]]


def test_a_pair_that_no_link_joined_needs_no_parting():
    assert parts(group(3, links((0, 1, 0.99)), NONE, pairs((0, 2)), 20)) == [[0, 1], [2]]


def test_a_decision_for_the_same_stands_before_a_surer_link():
    chain = links((0, 1, 1.0))
    assert parts(group(3, chain, pairs((1, 2)), pairs((0, 2)), 20)) == [[0], [1, 2]]


def star(size, probability):
    return links(*[(0, record, probability) for record in range(1, size)])


def test_a_group_grown_absurdly_comes_apart_under_a_stricter_threshold():
    bridge = pd.concat(
        [star(3, 0.9999), star(3, 0.9999)[["rid_l", "rid_r"]].add(3).assign(probability=0.9999), links((2, 3, 0.985))]
    )
    found = group(6, bridge, NONE, NONE, 4)
    assert parts(found) == [[0, 1, 2], [3, 4, 5]]
    assert (found.split, found.held_back) == ((6,), ())


def test_a_group_grown_absurdly_is_held_back_where_no_threshold_parts_it():
    found = group(12, star(11, 1.0), pairs((1, 2)), NONE, 10)
    assert parts(found) == [[0], [1, 2], *[[record] for record in range(3, 12)]]
    assert (found.split, found.held_back) == ((), (11,))


def test_a_part_of_a_group_grown_absurdly_can_be_parted_further():
    chain = [(place, place + 1, 1.0) for place in range(28) if place != 14]
    found = group(29, links(*chain, (14, 15, 0.9)), NONE, pairs((0, 14)), 20)
    assert found.labels[0] != found.labels[14]
    assert found.labels[15] == found.labels[28] != found.labels[14]


@settings(max_examples=60, deadline=None)
@given(st.data())
def test_decisions_hold_whatever_the_links(data):
    size = 8
    one = st.tuples(st.integers(0, size - 1), st.integers(0, size - 1)).filter(lambda pair: pair[0] < pair[1])
    drawn = data.draw(st.lists(st.tuples(one, st.floats(0.8, 1.0)), max_size=15))
    apart = data.draw(st.lists(one, max_size=4, unique=True))
    found = group(size, links(*[(*ends, p) for ends, p in drawn]), NONE, pairs(*apart) if apart else NONE, size)
    assert len(found.labels) == size
    assert all(found.labels[left] != found.labels[right] for left, right in apart)
    allowed = {frozenset(ends) for ends, _ in drawn}
    for members in parts(found):
        reached = {members[0]}
        for _ in members:
            reached |= {other for other in members for record in reached if frozenset((record, other)) in allowed}
        assert reached == set(members)


def test_labels_count_from_zero_without_gaps():
    found = group(6, links((4, 5, 0.9)), NONE, NONE, 20)
    assert np.array_equal(np.unique(found.labels), np.arange(5))


@pytest.mark.parametrize("records", [200_000])
def test_many_records_are_grouped_at_once(records):
    left = np.arange(0, records - 1, 2)
    found = group(records, pd.DataFrame({"rid_l": left, "rid_r": left + 1, "probability": 0.9}), NONE, NONE, 20)
    assert found.labels.max() + 1 == records // 2
