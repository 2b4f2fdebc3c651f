"""From links between records to groups of records that are one customer."""

from collections.abc import Iterable
from dataclasses import dataclass

import numpy as np
import pandas as pd
from scipy.sparse import coo_array
from scipy.sparse.csgraph import connected_components

STRICTER = (0.99, 0.999, 0.9999)


@dataclass(frozen=True)
class Groups:
    """`labels`: the group of each record, by its place; `split`: sizes of the groups that had grown absurdly and came apart
    under a stricter threshold, `held_back`: of those that did not and were not merged at all."""

    labels: np.ndarray
    split: tuple[int, ...] = ()
    held_back: tuple[int, ...] = ()


def group(records: int, links: pd.DataFrame, same: pd.DataFrame, different: pd.DataFrame, largest: int) -> Groups:
    """Groups of `records` records (0 … n − 1) that the links join.

    links: rid_l, rid_r, probability. `same` and `different` (rid_l, rid_r) are what somebody has decided: the first always
    joins, the second always parts; of the links inside a group with such a pair the most probable ones are kept. A group of
    more than `largest` records is not believed: it is made anew from its surest links, and not at all where that doesn't help.
    """
    every = pd.concat([links, same.assign(probability=1.0)], ignore_index=True)
    labels = _components(records, every)
    sizes = np.bincount(labels, minlength=records)
    split, held_back = [], []
    for label in np.flatnonzero(sizes > largest):
        inside = np.flatnonzero(labels == label)
        labels, is_apart = _strictly(labels, inside, every, same, largest)
        (split if is_apart else held_back).append(len(inside))
    parted = labels[different["rid_l"].to_numpy(int)] == labels[different["rid_r"].to_numpy(int)]
    for label in np.unique(labels[different["rid_l"].to_numpy(int)[parted]]):
        labels = _part(labels, np.flatnonzero(labels == label), every, same, different)
    return Groups(pd.factorize(labels)[0], tuple(split), tuple(held_back))


def _components(records: int, links: pd.DataFrame) -> np.ndarray:
    ends = (links["rid_l"].to_numpy(int), links["rid_r"].to_numpy(int))
    graph = coo_array((np.ones(len(links), dtype=np.int8), ends), shape=(records, records))
    return connected_components(graph, directed=False)[1].astype(np.int64)


def _strictly(
    labels: np.ndarray, inside: np.ndarray, links: pd.DataFrame, same: pd.DataFrame, largest: int
) -> tuple[np.ndarray, bool]:
    """The labels with the group made anew by the first stricter threshold under which no part is too large."""
    own = links[links["rid_l"].isin(inside)]
    for threshold in STRICTER:
        anew = _relabel(labels, inside, own[own["probability"] >= threshold])
        if np.bincount(anew)[anew[inside]].max() <= largest:
            return anew, True
    return _relabel(labels, inside, same[same["rid_l"].isin(inside)]), False


def _relabel(labels: np.ndarray, inside: np.ndarray, links: pd.DataFrame) -> np.ndarray:
    place = pd.Series(np.arange(len(inside)), index=inside)
    own = links.assign(rid_l=links["rid_l"].map(place), rid_r=links["rid_r"].map(place))
    anew = labels.copy()
    anew[inside] = labels.max() + 1 + _components(len(inside), own)
    return anew


def _part(labels: np.ndarray, inside: np.ndarray, links: pd.DataFrame, same: pd.DataFrame, different: pd.DataFrame) -> np.ndarray:
    """The group's links taken again from the surest on, without those that would bring a parted pair together."""
    foes: dict[int, set[int]] = {record: set() for record in inside}
    for left, right in _pairs(_within(different, inside)):
        foes[left].add(right)
        foes[right].add(left)
    members = {record: {record} for record in inside}
    own = _within(links, inside).sort_values(["probability", "rid_l", "rid_r"], ascending=[False, True, True])
    for left, right in [*_pairs(_within(same, inside)), *_pairs(own)]:
        one, other = members[left], members[right]
        if one is not other and not any(foes[record] & other for record in one):
            one |= other
            members.update(dict.fromkeys(other, one))
    anew = labels.copy()
    first = np.array([min(members[record]) for record in inside])
    anew[inside] = labels.max() + 1 + first
    return anew


def _within(pairs: pd.DataFrame, inside: np.ndarray) -> pd.DataFrame:
    return pairs[pairs["rid_l"].isin(inside) & pairs["rid_r"].isin(inside)]


def _pairs(frame: pd.DataFrame) -> Iterable[tuple[int, int]]:
    return zip(frame["rid_l"].tolist(), frame["rid_r"].tolist(), strict=True)
