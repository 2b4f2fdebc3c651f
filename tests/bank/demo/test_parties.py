import re

import numpy as np
import pandas as pd
import pytest

from analysis.bank.demo import parties, texts
from analysis.bank.demo.parties import ERRORS, PLANTED, make_department, second_numbers, true_parties

CUSTOMERS = 12_000
FILLED = ["name", "sex", "id_number", "phone", "address", "core_number"]


def make_register(customers, seed=1):
    rng = np.random.default_rng(seed)
    kind = np.where(rng.random(customers) < 0.1, "corporate", "personal")
    sex = np.where(kind == "corporate", "", rng.choice(["female", "male"], customers))
    born = np.datetime64("1950-01-01") + rng.integers(0, 18_000, customers)
    born = np.where(kind == "corporate", np.datetime64("NaT"), born)
    return pd.DataFrame(
        {
            "customer": np.arange(customers),
            "customer_id": [f"10{number:08d}" for number in range(1, customers + 1)],
            "kind": kind,
            "name": texts.draw_names(rng, kind, rng.choice(texts.INDUSTRIES, customers)),
            "sex": sex,
            "birth_date": born,
            "id_number": texts.draw_id_numbers(rng, kind, sex, born),
            "phone": texts.draw_phones(rng, customers),
            "address": texts.draw_addresses(rng, pd.Series(rng.choice(texts.CITIES, customers)) + "市"),
            "branch_id": rng.choice(["B001", "B002", "B003"], customers),
            "opened": np.datetime64("2015-01-01") + rng.integers(0, 4000, customers),
        }
    )


@pytest.fixture(scope="module")
def register():
    return make_register(CUSTOMERS)


@pytest.fixture(scope="module")
def lists(register):
    is_client = np.random.default_rng(2).random(CUSTOMERS) < 0.8
    return {name: make_department(np.random.default_rng(3), name, register, is_client) for name in ERRORS}


def beside(frame, register):
    """The department's rows with what core banking has of the same customer, as true_…"""
    return frame.join(register.set_index("customer").add_prefix("true_"), on="customer")


def near(observed, share, rows):
    """Within four standard errors of a share."""
    return abs(observed - share) < 4 * np.sqrt(max(share, 0.001) / rows)


def test_the_same_generator_makes_the_same_list(register):
    one, two = (make_department(np.random.default_rng(3), "cards", register, register["customer"] < 900) for _ in range(2))
    pd.testing.assert_frame_equal(one, two)


@pytest.mark.parametrize("department", ERRORS)
def test_each_client_stands_in_the_list_and_nobody_else(department, lists, register):
    clients = np.flatnonzero(np.random.default_rng(2).random(CUSTOMERS) < 0.8)
    frame = lists[department]
    assert tuple(frame) == parties.COLUMNS
    assert set(frame["customer"]) == set(clients)
    assert near(len(frame) / len(clients) - 1, ERRORS[department]["duplicate"], len(clients))


@pytest.mark.parametrize("department", ERRORS)
def test_numbers_are_the_departments_own_unique_and_say_nothing(department, lists):
    frame = lists[department]
    assert frame["number"].str.fullmatch(parties.PREFIXES[department] + r"\d{8}").all()
    assert frame["number"].is_unique
    assert frame["number"].is_monotonic_increasing
    assert abs(np.corrcoef(frame["customer"], np.arange(len(frame)))[0, 1]) < 0.05


@pytest.mark.parametrize("department", ERRORS)
def test_core_numbers_are_right_or_missing(department, lists, register):
    frame = beside(lists[department], register)
    held = frame["core_number"] != ""
    assert (frame["core_number"] == frame["true_customer_id"])[held].all()
    assert near(1 - held.mean(), ERRORS[department]["core_number_missing"], len(frame))


@pytest.mark.parametrize("department", ERRORS)
def test_what_a_department_does_not_hold_is_empty_in_every_row(department, lists):
    frame = lists[department]
    for column in ("birth_date", "id_number", "address"):
        assert (frame[column] != "").any() == (column not in parties.NOT_HELD[department])


@pytest.mark.parametrize("department", ERRORS)
def test_relations_begin_after_the_banks_and_within_the_time(department, lists, register):
    frame = beside(lists[department], register)
    assert (frame["opened"] >= frame["true_opened"]).all()
    assert frame["opened"].max() <= pd.Timestamp("2026-06-30")


def planted(frame, department):
    """Share of each error as it shows in the list, of the filled rows; only what one can tell apart."""
    filled = {column: frame[column] != "" for column in FILLED}
    name, phone, number = frame["name"], frame["phone"], frame["id_number"]
    spaced = name.str.contains(" ") & ~name.str.contains("OR 1")
    shown = {
        "name_spaced": spaced[filled["name"]].mean(),
        "sex_wrong": (frame["sex"] != frame["true_sex"])[filled["sex"]].mean(),
        "id_spaced": number.str.contains(" ")[filled["id_number"]].mean(),
        "id_full_width": number.str.contains("[０-９]")[filled["id_number"]].mean(),
        "id_missing": (number == "").mean(),
        "phone_spaced": phone.str.contains(" ")[filled["phone"] & ~phone.str.startswith("9")].mean(),
        "phone_full_width": phone.str.contains("[０-９]")[filled["phone"]].mean(),
        "phone_missing": (phone == "").mean(),
        "phone_id_swapped": phone.str.replace(" ", "").str.match("9|９").mean(),
        "name_address_swapped": name.str.contains(r"\d+号").mean(),
        "address_missing": (frame["address"] == "").mean(),
    }
    return {error: share for error, share in shown.items() if error in ERRORS[department]}


@pytest.mark.parametrize("department", ERRORS)
def test_planted_errors_have_their_shares(department, lists, register):
    frame = beside(lists[department], register)
    for error, share in planted(frame, department).items():
        assert share > 0, error
        assert near(share, ERRORS[department][error], 0.4 * len(frame)), (error, share)


def test_names_are_misspelt_in_the_call_centre(lists, register):
    frame = beside(lists["callcenter"], register)
    persons = frame[(frame["true_kind"] == "personal") & (frame["name"].str.len() == frame["true_name"].str.len())]
    assert near((persons["name"] != persons["true_name"]).mean(), ERRORS["callcenter"]["name_misspelt"], len(persons))


def test_last_digits_of_identity_numbers_are_wrong(lists, register):
    frame = beside(lists["credit"], register)
    written = frame["id_number"].str.replace(" ", "")
    wrong = (written.str[:-1] == frame["true_id_number"].str[:-1]) & (written != frame["true_id_number"])
    assert near(wrong.mean(), ERRORS["credit"]["id_last_digit_wrong"], len(frame))


def test_some_phones_are_another_customers(lists, register):
    frame = beside(lists["callcenter"], register)
    owners = register.drop_duplicates("phone").set_index("phone")["customer"]
    owner = frame["phone"].map(owners)
    assert near((owner.notna() & (owner != frame["customer"])).mean(), ERRORS["callcenter"]["phone_of_another"], len(frame))


@pytest.mark.parametrize(
    ("department", "pattern", "form"),
    [
        ("cards", r"\d{8}", "%Y%m%d"),
        ("ebank", r"\d{4}-\d\d-\d\d", "%Y-%m-%d"),
        ("survey", r"\d{4}/\d+/\d+", "%Y/%m/%d"),
        ("credit", r"\d{4}年\d+月\d+日", "%Y年%m月%d日"),
    ],
)
def test_dates_of_birth_are_written_in_the_departments_way(department, pattern, form, lists, register):
    frame = beside(lists[department], register)
    assert ((frame["birth_date"] == "") == (frame["true_kind"] == "corporate")).all()
    frame = frame[frame["birth_date"] != ""]
    assert frame["birth_date"].str.fullmatch(pattern).all()
    read = pd.to_datetime(frame["birth_date"], format=form, errors="coerce")
    assert near(read.isna().mean(), ERRORS[department]["birth_impossible"], len(frame))
    differs = frame[read.notna() & (read != frame["true_birth_date"])]
    swapped = read[differs.index]
    assert (swapped.dt.day == differs["true_birth_date"].dt.month).all()
    assert (len(differs) > 0) == ("birth_day_month_swapped" in PLANTED[department])


@pytest.mark.parametrize("department", ERRORS)
def test_few_names_are_hostile(department, lists):
    assert (
        sum(any(mark in name for mark in texts.HOSTILE) for name in lists[department]["name"])
        == ERRORS[department]["hostile_name"]
    )


def test_duplicates_differ_in_their_errors(lists):
    frame = lists["callcenter"]
    twice = frame[frame["customer"].duplicated(keep=False)].sort_values("customer")
    first, second = twice.iloc[::2].reset_index(), twice.iloc[1::2].reset_index()
    assert (first["customer"] == second["customer"]).all()
    assert ((first[FILLED] != second[FILLED]).any(axis=1)).mean() > 0.5


@pytest.mark.parametrize("department", ERRORS)
@pytest.mark.parametrize("clients", [0, 1, 3])
def test_small_lists(department, clients):
    register = make_register(5)
    frame = make_department(np.random.default_rng(1), department, register, np.arange(5) < clients)
    assert clients <= len(frame) <= 2 * clients


def test_an_unknown_department_is_an_error(register):
    with pytest.raises(KeyError):
        make_department(np.random.default_rng(1), "treasury", register, np.ones(CUSTOMERS, bool))


def test_second_numbers(register):
    seconds = second_numbers(np.random.default_rng(7), register)
    assert list(seconds) == list(register)
    assert near(len(seconds) / CUSTOMERS, 0.01, CUSTOMERS)
    assert seconds["customer_id"].is_unique
    assert not set(seconds["customer_id"]) & set(register["customer_id"])
    assert seconds["customer_id"].str.fullmatch(r"10\d{8}").all()
    frame = beside(seconds, register)
    assert (frame["branch_id"] != frame["true_branch_id"]).all()
    assert (frame["name"] != frame["true_name"]).all()
    assert (frame["opened"] >= frame["true_opened"]).all()
    assert ((frame["id_number"] == frame["true_id_number"]) | (frame["id_number"] == "")).all()
    assert 0 < (frame["id_number"] == "").mean() < 1


def test_no_second_numbers():
    assert len(second_numbers(np.random.default_rng(1), make_register(5), share=0.0)) == 0


def test_the_truth_has_every_row_once(register, lists):
    seconds = second_numbers(np.random.default_rng(7), register)
    truth = true_parties(register, seconds, lists)
    assert list(truth) == ["source", "source_id", "customer_id"]
    assert not truth.duplicated(["source", "source_id"]).any()
    assert len(truth) == CUSTOMERS + len(seconds) + sum(map(len, lists.values()))
    core = truth[truth["source"] == "core"]
    assert (core["source_id"] != core["customer_id"]).sum() == len(seconds)
    known = lists["cards"].set_index("number")["core_number"]
    cards = truth[truth["source"] == "cards"].set_index("source_id")["customer_id"]
    assert (cards[known.index] == known)[known != ""].all()


def test_planted_names_every_error():
    assert all(re.fullmatch("[a-z_]+", error) for errors in PLANTED.values() for error in errors)
    assert {name: list(errors) for name, errors in ERRORS.items()} == {name: list(errors) for name, errors in PLANTED.items()}
