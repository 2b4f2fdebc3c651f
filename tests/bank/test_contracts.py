from pathlib import Path

import pytest

from analysis.bank.contracts import TABLES, TYPES
from analysis.bank.dictionary import data_dictionary

DICTIONARY = Path(__file__).parents[2] / "docs" / "data.md"
DESIGNED = (
    "customers parties branches holdings balances contributions transactions contacts complaints invitations surveys answers "
    "assignments incidents tariffs market_rates campaigns prospects exposures ownership alerts consents"
)


def test_every_table_of_the_design_has_a_contract():
    assert list(TABLES) == DESIGNED.split()


@pytest.mark.parametrize("table", TABLES.values(), ids=TABLES)
def test_a_contract_is_sound(table):
    names = table.column_names
    assert len(set(names)) == len(names)
    assert set(table.key) <= set(names)
    assert table.dated is None or table.column(table.dated).type in ("date", "timestamp")
    assert not (table.dated and table.follows)
    for column in table.columns:
        assert column.type in TYPES
        assert column.meaning
        assert column.known is None or table.column(column.known).type in ("date", "timestamp")
        if column.refers:
            parent, _, target = column.refers.partition(".")
            assert TABLES[parent].key == (target,)
    if table.follows:
        assert TABLES[table.follows].key[0] in names


@pytest.mark.parametrize("word", ["name", "phone", "id_number", "address", "birth_date", "customer_id", "text", "staff_id"])
def test_what_points_to_a_person_is_sensitive_wherever_it_stands(word):
    found = {table.name for table in TABLES.values() if word in table.column_names and not table.column(word).sensitive}
    assert found <= {"branches"}


def test_the_dictionary_of_the_data_is_in_step():
    assert DICTIONARY.read_text(encoding="utf-8") == data_dictionary(), "run: python -m analysis.bank.dictionary > docs/data.md"


def test_the_dictionary_tells_each_column():
    text = data_dictionary()
    assert "\n## complaints\n\nOne row a complaint. Key: `complaint_id`. Dated by `received_at`.\n" in text
    assert (
        "\n## answers\n\nOne row an answered item of a response; items are named in bank.yaml. Key: `response_id`, `item`. Dated as its `surveys`.\n"
        in text
    )
    assert "\n| `severity` | int |  | 1 to 5 |  |  | 1 slight … 5 grave |\n" in text
    assert "\n| `wait_minutes` | number |  | 0 to 1440 | minutes |  | time waited |\n" in text
    assert "\n| `basis` | text | yes | average, end |  |  | average over the days of the month, or at its end |\n" in text
    assert "\n| `closed_date` | date |  |  |  |  | end of the relation (known from that day) |\n" in text
    assert "\n| `exit_reason` | text |  |  |  |  | why it ended, as recorded (known from `closed_date`) |\n" in text
    assert "\n| `branch_id` | text |  |  |  | branches.branch_id | the branch that keeps the customer |\n" in text
    assert "\n| `phone` * | text |  |  |  |  | main telephone number |\n" in text
    assert all(f"\n## {name}\n" in text for name in TABLES)
