"""The work list of two departments: what is told, what is hidden, and a file that is the owner's alone."""

import datetime as dt
import re
import stat
import zipfile

import duckdb
import pandas as pd
import pytest

from analysis.bank import quality, standards
from analysis.bank.sources import MOST_STARS
from analysis.bank.worklist import HEADS, defects, make_worklist

DAY = dt.date(2025, 6, 30)
FORMULA = '=HYPERLINK("http://example.invalid","x")'
PEOPLE = [
    ("core", "1", "A", "赵敏敏", "15400000001", None, "2024-01-05"),
    ("core", "2", "B", FORMULA, "15400000002", "11010519491231002X", "2024-01-05"),
    ("cards", "=7+1", "A", "赵敏敏", "154 0000 0001", "110105194912310021", "2024-03-05"),
    ("cards", "8", "B", "http://example.invalid/伯特", "15400000002", None, "2025-07-01"),
    ("loans/[x]: of a department with a long name", "https://y.invalid/9", "B", FORMULA, None, None, "2025-03-05"),
]
FIELDS = ("source", "source_id", "core_number", "name", "phone", "id_number", "opened_date")
CELLS = ["department", "branch", "record", "field", "to_do", "words_zh", "now", "since"]
SECRETS = ("赵敏敏", "伯特", "HYPERLINK", "example.invalid", "154 0000 0001", "15400000001", "11010519491231002")


@pytest.fixture
def processed(write_processed):
    customers = [{"customer_id": one, "kind": "personal", "branch_id": branch, "opened_date": "2024-01-05"}
                 for one, branch in (("A", "north"), ("B", "=south"))]  # fmt: skip
    parties = [dict(zip(FIELDS, row, strict=True)) for row in PEOPLE]
    folder = write_processed(customers=customers, parties=parties)
    identity = pd.DataFrame(parties)[["source", "source_id", "core_number"]].rename(columns={"core_number": "customer_id"})
    identity.assign(probability=1.0).to_parquet(folder / "identity.parquet")
    with duckdb.connect() as con:
        standards.register(con)
        relation = f"'{folder}/parties.parquet'"
        con.execute(f"COPY ({standards.of_parties(relation)}) TO '{folder}/standards.parquet'")
    quality.write(folder, {})
    return folder


@pytest.fixture
def path(processed):
    found = processed.parent / "lists" / "worklist.xlsx"
    make_worklist(processed, DAY, found)
    return found


def sheets(path) -> dict[str, pd.DataFrame]:
    found = pd.read_excel(path, sheet_name=None, dtype=str, engine="calamine")
    assert all(tuple(sheet.columns) == HEADS for sheet in found.values())
    return {name: sheet.set_axis(CELLS, axis=1) for name, sheet in found.items()}


def test_each_department_has_a_sheet_of_its_own_records(path):
    found = sheets(path)
    assert list(found) == ["cards", "core", "loans__x__ of a department with"]
    assert [set(sheet["department"]) for sheet in found.values()] == [{"cards"}, {"core"}, {PEOPLE[-1][0]}]
    assert set(found["core"]["record"]) == {"1", "2"}


def test_a_line_tells_which_field_of_which_record_to_mend_in_both_languages(path):
    core = sheets(path)["core"]
    (line,) = core[core["record"].eq("1") & core["field"].eq("id_number")].itertuples()
    assert (line.branch, line.to_do, line.since) == ("north", "identity number is empty", "2024-01")
    assert re.search("[一-鿿]", line.words_zh)
    cards = sheets(path)["cards"]
    spaced = cards[cards["to_do"].str.contains("blanks") & cards["field"].eq("phone")]
    assert spaced["now"].tolist() == ["1***********1"]


def test_every_failing_row_of_the_rules_on_records_is_told_once(processed):
    late = defects(processed, dt.date(2030, 1, 1))
    counted = pd.read_parquet(processed / "quality.parquet")
    expected = counted[counted["table"].eq("parties") & counted["dimension"].ne("rows")]
    assert len(late) == expected["failed"].sum() == 6
    assert late["column"].value_counts().to_dict() == expected.groupby("column")["failed"].sum()[lambda n: n > 0].to_dict()


def test_what_shows_after_the_day_is_not_told_yet(processed):
    late, then = (defects(processed, dt.date(2025, 7, day)) for day in (31, 30))
    assert "8" in set(late["record"])
    assert "8" not in set(then["record"])
    assert then["month"].dropna().max() == "2025-03"


def test_nothing_stands_in_clear_and_the_file_is_its_owner_s_alone(path):
    with zipfile.ZipFile(path) as book:
        text = "".join(book.read(name).decode() for name in book.namelist())
    assert not [secret for secret in SECRETS if secret in text]
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert stat.S_IMODE(path.parent.stat().st_mode) == 0o700
    assert [one.name for one in path.parent.iterdir()] == [path.name]


def test_what_looks_like_a_formula_or_a_link_stays_text(path):
    with zipfile.ZipFile(path) as book:
        pages = "".join(book.read(name).decode() for name in book.namelist() if "worksheets" in name)
    assert not re.search(r"<f[ >]|<hyperlink|t=\"e\"", pages)
    cards, core = sheets(path)["cards"], sheets(path)["core"]
    assert "=7+1" in set(cards["record"])
    assert "=south" in set(core["branch"])
    assert set(sheets(path)["loans__x__ of a department with"]["record"]) == {"https://y.invalid/9"}
    assert f"={'*' * MOST_STARS})" in set(core["now"])


def test_twice_the_same_bytes_and_an_older_list_opens_to_nobody(processed, path):
    first = path.read_bytes()
    path.chmod(0o644)
    rows = make_worklist(processed, DAY, path)
    assert path.read_bytes() == first
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert rows == sum(map(len, sheets(path).values()))


def test_a_bank_without_departments_has_a_list_of_its_customers(write_processed):
    rows = [{"customer_id": "A", "name": "赵敏敏", "phone": "154 0000 0001", "opened_date": "2024-01-05"}]
    folder = write_processed(customers=rows)
    quality.write(folder, {})
    found = defects(folder, DAY)
    assert set(found["department"]) == {"customers"}
    assert found.loc[found["column"].eq("phone"), ["record", "value"]].to_numpy().tolist() == [["A", "1***********1"]]


BANK = """\
name: My Bank
as_of: 2025-06-30
max_rejected_share: 0.9
files: {clients: {path: clients.csv}}
tables:
  customers: "SELECT 'core:' || client_id AS customer_id FROM clients"
  parties: SELECT 'core' AS source, client_id AS source_id, birth_date, opened AS opened_date FROM clients
"""


def test_a_field_that_acceptance_refused_is_to_be_corrected_too(project):
    project.add(definition=BANK, clients__csv="client_id,birth_date,opened\nA,1980-02-30,2020-01-15\nB,1990-12-31,2021-06-30\n")
    project.prepare()
    counted = project.read("quality").set_index("rule")["failed"]
    assert counted["parties.birth_date.type"].sum() == 1
    found = defects(project.processed(), DAY)
    assert found[["department", "record", "column"]].to_numpy().tolist() == [["core", "A", "birth_date"]]


def test_departments_whose_names_differ_by_little_have_a_sheet_each(write_processed, tmp_path):
    names = ["cards/a", "Cards:A", "'cards'", "cards_a"]
    parties = [{"source": name, "source_id": "1", "name": FORMULA, "opened_date": "2024-01-05"} for name in names]
    folder = write_processed(parties=parties)
    with duckdb.connect() as con:
        standards.register(con)
        relation = f"'{folder}/parties.parquet'"
        con.execute(f"COPY ({standards.of_parties(relation)}) TO '{folder}/standards.parquet'")
    quality.write(folder, {})
    assert make_worklist(folder, DAY, tmp_path / "worklist.xlsx") == len(names)
    assert {name for sheet in sheets(tmp_path / "worklist.xlsx").values() for name in sheet["department"]} == set(names)


def test_a_bank_without_a_defect_has_an_empty_list(write_processed, tmp_path):
    folder = write_processed(transactions=[])
    quality.write(folder, {})
    assert make_worklist(folder, DAY, tmp_path / "empty.xlsx") == 0
    assert stat.S_IMODE((tmp_path / "empty.xlsx").stat().st_mode) == 0o600
