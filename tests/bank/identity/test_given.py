"""Ids that last: groups of records by hand, run after run, and any groups at all."""

import numpy as np
import pandas as pd
import pytest
from hypothesis import given as drawn
from hypothesis import settings
from hypothesis import strategies as st

from analysis.bank.identity.given import FILE, assign, keep_given, read_given

KEYS = ["source", "source_id"]
NOTHING = pd.DataFrame(columns=[*KEYS, "customer_id"], dtype=str)
OPENED = {"core.1": "2020-01-01", "core.2": "2019-01-01"}


def run(groups: list[str], before: pd.DataFrame = NOTHING) -> tuple[list[str], pd.DataFrame]:
    """Groups (records as `source.source_id`) → the id of each, and what lasts."""
    rows = [(label, *record.split("."), OPENED.get(record)) for label, group in enumerate(groups) for record in group.split()]
    frame = pd.DataFrame(rows, columns=["label", *KEYS, "opened_date"])
    frame = frame.assign(opened_date=pd.to_datetime(frame["opened_date"])).sample(frac=1, random_state=5, ignore_index=True)
    ids = assign(frame[[*KEYS, "opened_date"]], frame["label"].to_numpy(), "core", before)
    named = frame.assign(customer_id=ids)
    assert (named.groupby("label")["customer_id"].nunique() == 1).all()
    return named.drop_duplicates("label").set_index("label")["customer_id"].sort_index().tolist(), keep_given(before, named)


def runs(*every: list[str]) -> list[str]:
    """The ids that the last of several runs gives."""
    ids, before = [], NOTHING
    for groups in every:
        ids, before = run(groups, before)
    return ids


def test_a_new_customer_bears_the_core_number_first_opened_else_a_department_s_own():
    assert runs(["cards.7 core.1 core.2", "core.3 core.4", "cards.8 calls.9"]) == ["2", "3", "calls:9"]
    assert runs(["core.0 core.1"]) == ["1"]


def test_an_id_stays_whatever_joins_or_leaves():
    assert runs(["core.1 cards.7", "cards.8"], ["cards.8 core.3", "cards.7 core.0 core.2"]) == ["cards:8", "1"]


def test_of_a_split_customer_the_part_with_the_core_s_own_record_keeps_the_id_else_the_greater_part():
    assert runs(["core.1 core.2 cards.7 cards.8"], ["core.2", "core.1 cards.7 cards.8"]) == ["2", "1"]
    assert runs(["core.1 cards.7 cards.8 calls.5"], ["cards.7 cards.8", "calls.5"]) == ["1", "calls:5"]
    assert runs(["core.1 core.2 cards.7 cards.8"], ["core.2 cards.7 cards.8", "core.1"]) == ["2", "1"]


def test_of_two_customers_that_are_one_the_greater_s_id_is_kept_and_of_equals_the_first():
    assert runs(["core.1", "core.3 cards.7"], ["core.1 core.3 cards.7"]) == ["3"]
    assert runs(["core.4", "core.3"], ["core.4 core.3"]) == ["3"]
    assert runs(["core.4", "core.3"], ["core.4 core.3"], ["core.4 cards.7"]) == ["3"]


def test_where_two_groups_claim_an_id_the_other_keeps_its_second_best():
    first = ["core.1 cards.1 calls.1", "core.3"]
    assert runs(first, ["core.1 cards.1", "calls.1 core.3"]) == ["1", "3"]


def test_a_name_that_others_bore_is_not_given_again():
    before = ["core.2 cards.7 calls.5 calls.6"]
    assert runs(before, ["core.2 web.9", "cards.7 calls.5 calls.6"]) == ["2", "calls:5"]
    assert runs(before, ["calls.5 calls.6"], ["core.2", "calls.5 calls.6"]) == ["2", "calls:5"]
    gone = ["core.1 calls.1 calls.2 core.2", "cards.7"]
    assert runs(["core.1 calls.1 calls.2", "core.2 cards.7"], gone, ["core.1 calls.1 calls.2", "core.2"]) == ["1", "2#2"]


def test_numbered_names_go_on_where_they_are_taken():
    before = pd.DataFrame([("cards", "1", "2"), ("calls", "1", "2#2")], columns=[*KEYS, "customer_id"])
    ids, _ = run(["core.2", "cards.1", "calls.1"], before)
    assert ids == ["2#3", "2", "2#2"]


def test_a_record_that_is_no_longer_delivered_has_its_id_when_it_comes_again():
    first = ["core.1 cards.7", "cards.8"]
    assert runs(first, ["core.1 cards.7"], ["cards.8 core.0", "core.1"]) == ["cards:8", "1"]
    _, kept = run(["core.1"], run(first)[1])
    assert kept.to_numpy().tolist() == [["cards", "7", "1"], ["cards", "8", "cards:8"], ["core", "1", "1"]]


def test_a_new_bank_has_given_none_and_what_is_kept_is_read(tmp_path):
    assert read_given(tmp_path).empty
    _, kept = run(["core.1 cards.7", "cards.8"])
    kept.to_parquet(tmp_path / FILE, index=False)
    assert runs_after(read_given(tmp_path)) == ["1", "cards:8"]


def runs_after(before: pd.DataFrame) -> list[str]:
    return run(["cards.7", "cards.8 core.3"], before)[0]


RECORDS = pd.DataFrame([(source, str(number)) for source in ("core", "cards") for number in range(5)], columns=KEYS)
LABELS = st.lists(st.integers(0, 4), min_size=len(RECORDS), max_size=len(RECORDS)).map(np.array)


@settings(max_examples=40, deadline=None)
@drawn(st.lists(LABELS, min_size=1, max_size=4))
def test_whatever_the_groups_each_has_one_id_of_its_own_and_the_same_groups_keep_theirs(every):
    records, before = RECORDS.assign(opened_date=pd.NaT), NOTHING
    for labels in [*every, every[-1]]:
        ids = assign(records, labels, "core", before)
        assert not pd.isna(ids).any()
        assert len(set(ids)) == len(set(labels)) == len(set(zip(labels, ids, strict=True)))
        again, before = before, keep_given(before, RECORDS.assign(customer_id=ids))
    assert before.equals(again)


@pytest.mark.parametrize("seed", range(3))
def test_the_order_of_the_records_is_of_no_account(seed):
    groups = np.array([0, 0, 1, 1, 2, 3, 3, 1, 4, 2])
    records = RECORDS.assign(opened_date=pd.NaT, label=groups)
    shuffled = records.sample(frac=1, random_state=seed)
    ids = [pd.Series(assign(frame.drop(columns="label"), frame["label"].to_numpy(), "core", NOTHING), frame.index).sort_index()
           for frame in (records, shuffled)]  # fmt: skip
    assert ids[0].equals(ids[1])
