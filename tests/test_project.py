import re
import subprocess
import sys

import pytest
from tests.conftest import BANK_YAML

from analysis.errors import UserError
from analysis.project import folders, root, suggestion


def test_the_folders_of_a_bank(project, tmp_path):
    project.add()
    places = folders("mybank")
    assert places.definition == tmp_path / "data/raw/mybank/bank.yaml"
    assert [places.raw, places.processed, places.state, places.published] == [
        tmp_path / folder for folder in ("data/raw/mybank", "data/processed/mybank", "data/state/mybank", "reports/mybank")
    ]
    assert folders("mybank", tmp_path / "elsewhere").raw == tmp_path / "elsewhere"
    assert folders("mybank", tmp_path / "elsewhere").definition == places.definition


def test_the_root_is_where_crm_home_says_else_the_checkout(project, tmp_path, monkeypatch):
    assert root() == tmp_path
    monkeypatch.delenv("CRM_HOME")
    assert (root() / "pyproject.toml").is_file()


@pytest.mark.parametrize(
    ("bank", "sentence"),
    [
        (
            "mybnak",
            r"^There is no bank 'mybnak': data/raw/mybnak/bank\.yaml does not exist; did you mean 'mybank'\? Banks here: mybank, other\.$",
        ),
        ("xyz", r"^There is no bank 'xyz': data/raw/xyz/bank\.yaml does not exist\. Banks here: mybank, other\.$"),
        ("demo", r"^There is no bank 'demo': data/raw/demo/bank\.yaml does not exist\. 'crm demo' makes the demo bank\.$"),
        ("dmeo", r"did you mean 'demo'\? Banks here"),
        ("../mybank", r"^There is no bank '\.\./mybank'"),
        ("/etc", r"^There is no bank '/etc'"),
        ("", r"^There is no bank ''"),
    ],
)
def test_a_bank_that_does_not_exist(project, bank, sentence, told):
    project.add()
    project.add("other")
    with pytest.raises(UserError, match=sentence) as caught:
        folders(bank)
    told(caught.value)


@pytest.mark.parametrize(
    ("word", "candidates", "ending"),
    [
        ("bith_date", ["name", "birth_date"], "; did you mean 'birth_date'?"),
        ("Customer_ID", ["customer_id"], "; did you mean 'customer_id'?"),
        ("date", ["name", "phone"], "."),
        ("branches.csv", ["customers.csv", "accounts.csv"], "."),
        ("客户编", ["客户编号"], "; did you mean '客户编号'?"),
        ("name", ["name"], "."),
        ("name", [], "."),
    ],
)
def test_a_suggestion_ends_the_sentence_and_is_never_nonsense(word, candidates, ending):
    assert suggestion(word, candidates) == ending


def run(*arguments):
    return subprocess.run([sys.executable, "-m", "analysis.cli", *arguments], capture_output=True, text=True, check=False)


@pytest.mark.parametrize(
    ("arguments", "definition", "sentence"),
    [
        (["prepare", "mybnak"], BANK_YAML, r"crm: There is no bank 'mybnak': .*; did you mean 'mybank'\? Banks here: mybank\.\n"),
        (["prepare", "mybank", "--as-of", "2024-13-01"], BANK_YAML, r"crm: '2024-13-01' is not a day; write it as YYYY-MM-DD, such as 2025-06-30\.\n"),
        (["prepare", "mybank"], BANK_YAML.replace("name: My", "nmae: My"), r"crm: .*bank\.yaml, line 1: unknown key 'nmae'; did you mean 'name'\? Take it out or mend its name\.\n"),
        (["prepare", "mybank"], BANK_YAML.replace("bookings.csv", "booking.csv"), r"crm: .*there is no file 'booking\.csv'; did you mean 'bookings\.csv'\? Deliver it or mend its path\.\n"),
        (["prepare", "mybank"], BANK_YAML.replace("FROM clients", "FROM clients WHERE x"), r"preparing mybank\ncrm: .*bank\.yaml, line 8: table customers: there is no column 'x' in clients\.csv\. Mend its name in the SELECT\.\n"),
    ],
)  # fmt: skip
def test_a_users_mistake_ends_in_one_sentence_and_exit_code_2(project, arguments, definition, sentence):
    project.add(definition=definition)
    ended = run(*arguments)
    assert ended.returncode == 2
    assert ended.stdout == ""
    assert re.fullmatch(sentence, ended.stderr), ended.stderr
    assert not (project.root / "reports").exists()
    assert not project.processed().exists()
