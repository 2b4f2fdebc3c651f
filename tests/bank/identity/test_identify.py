"""From departments' records to customers: who is found, what is kept, what people decide, what is told."""

import os
import stat

import pandas as pd
import pytest
from python_calamine import CalamineWorkbook
from tests.bank.identity.conftest import records

from analysis.errors import UserError

FEW = 28  # persons of whom no model is trained
HEAD = "source,source_id,other_source,other_source_id,decision\n"


def test_records_without_a_core_number_are_found_by_all_the_rest(folder):
    parties = records()
    given = folder.identify(parties)
    without = parties[parties["core_number"].isna()]
    assert len(without) > 3
    found = [given["calls", number] == number[1:] for number in without["source_id"]]
    assert sum(found) >= len(found) - 1
    assert all(given["cards", f"C{number:04d}"] == given["core", f"{number:04d}"] == f"{number:04d}" for number in range(80))
    assert folder.stated["customers"] == given.nunique()
    accuracy = folder.stated["accuracy"]
    assert accuracy["precision"]["value"] > 0.98
    assert accuracy["recall"]["low"] <= accuracy["recall"]["value"] <= accuracy["recall"]["high"] <= 1


def test_a_second_core_number_leads_to_the_first(folder):
    parties = records()
    again = (
        parties[parties["source"].eq("core")]
        .head(3)
        .assign(source_id=["9001", "9002", "9003"], core_number=["9001", "9002", "9003"], opened_date=pd.Timestamp("2022-05-05"))
    )
    given = folder.identify(pd.concat([parties, again], ignore_index=True))
    assert [given["core", number] for number in ("9001", "9002", "9003")] == ["0000", "0001", "0002"]


def test_a_core_number_that_all_else_contradicts_is_not_believed_and_is_to_be_looked_at(folder):
    parties = records()
    wrong = parties["source"].eq("cards") & parties["source_id"].eq("C0005")
    parties.loc[wrong, "core_number"] = "0040"
    given = folder.identify(parties)
    assert given["cards", "C0005"] == "0005"
    doubted = folder.links[folder.links["by"].eq("core_number") & folder.links["is_open"]]
    assert (doubted["decision"].eq("different") & doubted["source_id"].eq("C0005")).any() or (
        doubted["decision"].eq("different") & doubted["other_source_id"].eq("0040")
    ).any()


def test_a_customer_keeps_its_id_and_without_its_state_it_is_a_new_bank(folder):
    parties = records(FEW)
    before = folder.identify(parties)
    newcomers = records(FEW + 3)[lambda rows: rows["source_id"].str[-2:].astype(int).ge(FEW)]
    fewer = parties[~parties["source_id"].isin(["0000", "C0001"])]
    after = folder.identify(pd.concat([newcomers, fewer.iloc[::-1]], ignore_index=True))
    both = before.index.intersection(after.index)
    assert after[both].equals(before[both])
    assert after["cards", "C0000"] == "0000"
    (folder.root / "state" / "identity.parquet").unlink()
    assert folder.identify(fewer)["cards", "C0000"] in ("calls:H0000", "cards:C0000")


def test_an_override_parts_and_another_run_without_it_joins_again(folder):
    parties = records(FEW)
    folder.override(HEAD + "cards,C0003,core,0003,different\ncards,C0003,calls,H0003,different\n")
    parted = folder.identify(parties)
    assert parted["cards", "C0003"] == "cards:C0003"
    assert parted["calls", "H0003"] == parted["core", "0003"] == "0003"
    assert folder.stated["overrides"] == 2
    assert set(folder.links[folder.links["by"].eq("override")]["decision"]) == {"different"}
    (folder.root / "raw" / "identity_overrides.csv").unlink()
    assert folder.identify(parties)["cards", "C0003"] == "0003"


def test_an_override_joins_what_nothing_else_would(folder):
    folder.override("\ufeff" + HEAD.replace("\n", ",reason\n") + 'core,0001,core,0002,same,"a household, one card"\n')
    given = folder.identify(records(FEW))
    assert given["core", "0001"] == given["core", "0002"] == given["cards", "C0002"]
    assert folder.mapping["probability"].between(0, 1).all()


CONTRADICTIONS = [
    ("core,0001,core,0002,same\ncore,0002,core,0001,different\n", r"line 3: it says different of two records that line 2 says are the same"),
    ("core,0001,core,0002,same\ncore,0002,core,0003,same\ncore,0001,core,0003,different\n", r"line 4: it says different of two records that lines 2, 3 say are the same; take one of these lines out\.$"),
    ("core,0001,core,0001,same\n", r"line 2: it pairs a record \('core', '\*{4}'\) with itself"),
    ("core,0001,core,0002,perhaps\n", r"line 2: its decision is 'p\*{5}s'; write same or different\.$"),
]  # fmt: skip


@pytest.mark.parametrize(("lines", "sentence"), CONTRADICTIONS)
def test_decisions_that_do_not_hold_are_refused_with_their_lines(folder, lines, sentence):
    folder.override(HEAD + lines)
    with pytest.raises(UserError, match=sentence):
        folder.identify(records(4))


def test_a_file_of_decisions_without_a_column_is_refused(folder):
    folder.override("source,source_id,other_source,other_id,decision\n")
    with pytest.raises(
        UserError, match=r"identity_overrides\.csv: it lacks the column 'other_source_id'; did you mean 'other_source'\?"
    ):
        folder.identify(records(4))
    (folder.root / "raw" / "identity_overrides.csv").write_bytes("源,号\n".encode("gb18030"))
    with pytest.raises(UserError, match=r"not CSV in UTF-8 .*; save it as CSV, UTF-8\.$"):
        folder.identify(records(4))


def test_a_decision_on_a_record_that_is_gone_is_counted_and_hinders_nothing(folder):
    folder.override(HEAD + "core,nobody,core,0001,same\n")
    folder.identify(records(4))
    assert (folder.stated["overrides"], folder.stated["overrides_unknown"]) == (0, 1)


def test_departments_that_share_no_column_are_refused(folder):
    parties = records(4)
    calls = parties[parties["source"].eq("calls")].assign(core_number=None, phone=None, address=None)
    core = parties[parties["source"].eq("core")].assign(name=None)
    with pytest.raises(
        UserError, match=r"its 2 departments share no filled column.*\(calls: name; core: core_number, id_number"
    ) as told:
        folder.identify(pd.concat([core, calls], ignore_index=True))
    assert parties["name"][0] not in str(told.value)


@pytest.mark.parametrize("column", ["core_number", "name"])
def test_a_key_that_is_missing_everywhere_is_done_without(folder, column):
    given = folder.identify(records().assign(**{column: None}), keep=False)
    parts = given.groupby(given.index.get_level_values(1).str.lstrip("CH")).nunique()
    assert (parts == 1).mean() > (0.85 if column == "core_number" else 0.95)


def test_two_people_with_numbers_of_their_own_stay_two_whatever_else_they_share(folder):
    """A couple at one telephone and address, and a record without a number that could be either's."""
    parties = records()
    parties["id_number"] = parties["id_number"].where(parties["id_number"].isna())
    numbers = {"0001": "11010519491231002X", "0002": "440524188001010014"}
    for place, number in numbers.items():
        parties.loc[parties["source_id"].eq(place), "id_number"] = number
    shared = parties.loc[parties["source_id"].eq("0001"), ["name", "phone", "address", "birth_date", "sex"]].iloc[0]
    couple = parties["source_id"].isin(["0001", "0002", "C0001", "C0002", "H0001", "H0002"])
    parties.loc[couple, list(shared.index)] = shared.to_numpy()
    parties.loc[couple, "core_number"] = None
    given = folder.identify(parties)
    assert given["core", "0001"] != given["core", "0002"]
    assert folder.stated["parted_by_number"] >= 1
    folder.override(HEAD + "core,0001,core,0002,Same\n")
    given = folder.identify(parties)
    assert given["core", "0001"] == given["core", "0002"]


def test_a_core_customer_keeps_its_own_number_when_others_are_parted_from_it(folder):
    parties = records(FEW)
    folder.override(HEAD + "core,0001,cards,C0001,same\n")
    folder.identify(parties)
    folder.override(HEAD + "core,0001,cards,C0001,different\ncore,0001,calls,H0001,different\ncards,C0001,calls,H0001,same\n")
    given = folder.identify(parties)
    assert given["core", "0001"] == "0001"
    assert given["cards", "C0001"] == given["calls", "H0001"] != "0001"


@pytest.mark.parametrize("held", [["core_number"], ["id_number"], ["name"], ["id_number", "sex"]])
def test_departments_that_share_a_single_field_do_without_a_model(folder, held):
    parties = records(60)
    nothing = [name for name in ("core_number", "name", "sex", "birth_date", "id_number", "phone", "address") if name not in held]
    given = folder.identify(parties.assign(**dict.fromkeys(nothing)))
    assert folder.stated["accuracy"] is None
    assert given.nunique() <= len(parties)


@pytest.mark.parametrize("damage", [b"", b"PAR1"])
def test_ids_given_that_cannot_be_read_are_told_and_not_given_anew(folder, damage):
    (folder.root / "state" / "identity.parquet").write_bytes(damage)
    with pytest.raises(
        UserError, match=r"identity\.parquet: the ids given to customers cannot be read; bring the file back from a backup"
    ):
        folder.identify(records(4))


def test_a_cluster_grown_absurdly_is_told_and_not_merged(folder):
    """Forty records that agree in all but a department's own number: a form filled in for whoever came."""
    parties = records()
    crowd = pd.concat([parties[parties["source_id"].eq("0000")]] * 40, ignore_index=True)
    crowd = crowd.assign(source="calls", source_id=[f"X{row}" for row in range(40)], core_number=None)
    given = folder.identify(pd.concat([parties, crowd], ignore_index=True))
    assert folder.stated["groups_held_back"] == [43]
    assert given[given.index.get_level_values(1).str.startswith("X")].nunique() == 40


def test_hostile_names_neither_break_nor_travel(folder, caplog, capfd):
    parties = records(FEW)
    parties.loc[0, "name"] = "'; DROP TABLE records; --"
    parties.loc[1, "name"] = '=HYPERLINK("http://example.invalid","x")\u0007\u202e'
    given = folder.identify(parties)
    assert given["cards", "C0000"] == given["core", "0000"]
    assert not {*parties["name"], *parties["phone"].dropna()} & set(" ".join([caplog.text, *capfd.readouterr()]).split())


def test_two_runs_give_the_same_bytes_and_a_list_for_the_data_office_alone(folder):
    parties = records()
    parties.loc[parties["source"].eq("calls") & parties["core_number"].isna(), "phone"] = None
    folder.identify(parties, keep=False)
    files = ("identity.parquet", "identity_links.parquet", "standards.parquet", "identity_review.xlsx")
    before = [(folder.root / "staging" / name).read_bytes() for name in files]
    folder.identify(parties.sample(frac=1, random_state=1), keep=False)
    assert [(folder.root / "staging" / name).read_bytes() for name in files] == before
    path = folder.root / "staging" / "identity_review.xlsx"
    assert stat.S_IMODE(os.stat(path).st_mode) == 0o600
    head, *lines = CalamineWorkbook.from_path(str(path)).get_sheet_by_index(0).to_python()
    assert head[:5] == ["source", "source_id", "other_source", "other_source_id", "decision"]
    assert len(lines) == folder.stated["to_review"]


def test_too_few_records_to_learn_from_are_joined_by_core_numbers_alone(folder):
    given = folder.identify(records(4))
    assert given["cards", "C0001"] == "0001"
    assert folder.stated["accuracy"] is None
