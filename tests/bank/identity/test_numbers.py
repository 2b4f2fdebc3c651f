"""Small banks whose departments know customers under numbers of their own."""

import pandas as pd
import pytest

from analysis.bank.contracts import TABLES
from analysis.bank.prepare import prepare_features
from analysis.errors import UserError
from analysis.project import folders

HEAD = """\
name: My Bank
as_of: 2024-03-31
max_rejected_share: 0.9
files:
  clients: {path: clients.csv}
  bookings: {path: bookings.csv}
  parties: {path: parties.csv}
tables:
"""
PARTIES = """\
source,no,core_number
core,A,
core,B,
card,K1,A
card,K2,A
card,K3,
card,K4,Z
"""
SELECT_PARTIES = "  parties: SELECT source, no AS source_id, core_number FROM parties\n"
SELECT_CUSTOMERS = "  customers: \"SELECT 'core:' || client_id AS customer_id FROM clients\"\n"
SELECT_TRANSACTIONS = (
    "  transactions: SELECT txn_id AS transaction_id, client_id AS customer_id, booked AS booked_at, amount FROM bookings\n"
)
WHOLE = HEAD + SELECT_TRANSACTIONS + SELECT_CUSTOMERS + SELECT_PARTIES
CLIENTS = "client_id\nA\nB\n"


def bookings(*numbers):
    rows = [f"{row},{number},2024-03-{row:02},{row}" for row, number in enumerate(numbers, 1)]
    return "\n".join(["txn_id,client_id,booked,amount", *rows]) + "\n"


@pytest.fixture
def deliver(project):
    """Adds the bank with its departments; what is named replaces what it says by default."""

    def add(definition=WHOLE, parties=PARTIES, clients=CLIENTS, booked=("core:A", "card:K1", "core:B")):
        return project.add(definition=definition, parties__csv=parties, clients__csv=clients, bookings__csv=bookings(*booked))

    return add


def with_table(name, select):
    return WHOLE + f'  {name}: "{select}"\n'


def rows(frame, *columns):
    return frame[list(columns)].astype(object).where(frame[list(columns)].notna(), None).to_numpy().tolist()


def test_the_mapping_has_a_row_for_each_party(project, deliver):
    deliver()
    project.prepare()
    assert rows(project.read("identity"), "source", "source_id", "customer_id", "probability") == [
        ["card", "K1", "A", 1.0],
        ["card", "K2", "A", 1.0],
        ["card", "K3", "card:K3", 1.0],
        ["card", "K4", "card:K4", 1.0],
        ["core", "A", "A", 1.0],
        ["core", "B", "B", 1.0],
    ]
    assert rows(project.read("parties"), "source", "source_id", "core_number")[:2] == [["card", "K1", "A"], ["card", "K2", "A"]]
    assert project.rejected("parties").empty


def test_numbers_of_any_department_become_the_core_s(project, deliver):
    deliver(booked=("core:A", "card:K1", " card: K2 ", "core:B"))
    manifest = project.prepare().manifest
    assert project.read("customers").customer_id.tolist() == ["A", "B", "card:K3", "card:K4"]
    assert project.read("transactions").customer_id.tolist() == ["A", "A", "A", "B"]
    assert {table: counts["bad_rows"] for table, counts in manifest["tables"].items()} == {
        "customers": 0,
        "parties": 0,
        "transactions": 0,
    }


def test_a_number_that_leads_to_no_customer_rejects_its_row_as_it_was_written(project, deliver):
    deliver(booked=("core:A", "card:K8", "card:K3", "card:K9", "core:", ""))
    counts = project.prepare().manifest["tables"]["transactions"]
    assert rows(project.read("transactions"), "transaction_id", "customer_id") == [["1", "A"], ["3", "card:K3"]]
    refused = project.rejected("transactions")
    lost = "is a department's number that leads to no customer"
    assert rows(refused, "row_key", "column", "rule", "reason", "effect", "original") == [
        ["2", "customer_id", "reference", lost, "row rejected", "card:K8"],
        ["4", "customer_id", "reference", lost, "row rejected", "card:K9"],
        ["5", "customer_id", "reference", lost, "row rejected", "core:"],
        ["6", "customer_id", "required", "is missing", "row rejected", ""],
    ]
    assert refused.record[0] == "transaction_id=2; customer_id=card:K8; booked_at=2024-03-02; amount=2"
    assert (counts["rejected"], counts["bad_rows"]) == (4, 4)


def test_a_customer_without_a_party_is_rejected_and_his_facts_with_him(project, deliver):
    deliver(clients="client_id\nA\nB\nC\n", booked=("core:A", "core:C"))
    project.prepare()
    assert project.read("customers").customer_id.tolist() == ["A", "B", "card:K3", "card:K4"]
    assert rows(project.rejected("customers"), "row_key", "rule", "original") == [["core:C", "reference", "core:C"]]
    assert project.read("transactions").customer_id.tolist() == ["A"]


def test_a_party_that_no_row_of_customers_describes_is_a_customer_all_the_same(project, deliver):
    parties = "source,no,core_number,name,opened\ncore,A,,,\ncore,B,,Bo,2021-05-01\ncard,K1,B,Bob,2020-02-02\n"
    select = SELECT_PARTIES.replace("core_number", "core_number, nullif(name, '') AS name, nullif(opened, '') AS opened_date")
    deliver(WHOLE.replace(SELECT_PARTIES, select), parties=parties, clients="client_id\nA\n", booked=("core:A", "core:B"))
    counts = project.prepare().manifest["tables"]["customers"]
    described = project.read("customers").set_index("customer_id").loc["B"]
    assert [described["name"], str(described["opened_date"])[:10]] == ["Bo", "2020-02-02"]
    assert project.read("transactions").customer_id.tolist() == ["A", "B"]
    assert {name: counts[name] for name in ("delivered", "accepted", "rejected", "added", "merged")} == {
        "delivered": 1, "accepted": 2, "rejected": 0, "added": 1, "merged": 0,
    }  # fmt: skip


def test_what_falls_together_under_one_customer_is_added_up_and_what_stands_twice_is_not(project, deliver):
    select = "SELECT client_id AS customer_id, '2024-03-31' AS month, 'end' AS basis, amount AS deposits FROM bookings"
    deliver(with_table("balances", select), booked=("card:K2", "card:K1", "core:B", "card:K2"))
    counts = project.prepare().manifest["tables"]["balances"]
    assert rows(project.read("balances"), "customer_id", "deposits") == [["A", 3.0], ["B", 3.0]]
    assert rows(project.rejected("balances"), "row_key", "rule", "original") == [
        ["card:K2|2024-03-31|end", "duplicate", "card:K2"]
    ]
    assert [counts[name] for name in ("delivered", "accepted", "rejected", "merged")] == [4, 2, 1, 1]


MERGED = [
    ("consents", "'marketing' AS purpose, '2024-03-0' || txn_id AS given_date, CASE txn_id WHEN '2' THEN '2024-03-09' END AS withdrawn_date", {"given_date": "2024-03-01", "withdrawn_date": "2024-03-09"}),
    ("campaigns", "'c' AS campaign_id, '2024-03-01' AS offered_date, CASE txn_id WHEN '1' THEN 'held_out' ELSE 'treated' END AS arm, txn_id = '1' AS responded, amount AS revenue", {"arm": "treated", "responded": "True", "revenue": "3.0"}),
    ("exposures", "'us' AS lender, '2024-03-31' AS reported_date, amount AS drawn, NULL AS collateral", {"drawn": "3.0", "collateral": "None"}),
    ("contributions", "'2024-03-31' AS month, amount AS fees", {"fees": "3.0", "cost": "None"}),
    ("assignments", "'2024-03-01' AS from_date, 'm' || txn_id AS manager_id", {"manager_id": "m1"}),
]  # fmt: skip


@pytest.mark.parametrize(("table", "columns", "expected"), MERGED)
def test_each_table_has_its_way_of_falling_together(project, deliver, table, columns, expected):
    deliver(with_table(table, f"SELECT client_id AS customer_id, {columns} FROM bookings"), booked=("card:K1", "card:K2"))
    project.prepare()
    frame = project.read(table)
    assert len(frame) == 1
    row = frame.astype(object).where(frame.notna(), None).iloc[0]
    assert {name: str(row[name])[:10] for name in expected} == expected


def test_an_optional_customer_becomes_null(project, deliver):
    surveys = with_table("surveys", "SELECT txn_id AS response_id, client_id AS customer_id FROM bookings")
    prospects = (
        "  prospects: SELECT txn_id AS prospect_id, 'fair' AS source, booked AS first_seen_date, client_id AS converted_customer_id,"
        " booked AS converted_date FROM bookings\n"
    )
    deliver(surveys + prospects, booked=("card:K1", "card:K8", ""))
    project.prepare()
    assert rows(project.read("surveys"), "response_id", "customer_id") == [["1", "A"], ["2", None], ["3", None]]
    assert rows(project.read("prospects"), "source", "converted_customer_id") == [["fair", "A"], ["fair", None], ["fair", None]]
    for table, column in (("surveys", "customer_id"), ("prospects", "converted_customer_id")):
        assert rows(project.rejected(table), "column", "rule", "effect", "original") == [
            [column, "reference", "field set to null", "card:K8"]
        ]


def test_in_ownership_outsiders_stay_as_they_are(project, deliver):
    select = "SELECT client_id AS parent_id, 'core:B' AS child_id, 'equity' AS kind FROM bookings"
    deliver(
        with_table("ownership", select).replace(SELECT_TRANSACTIONS, ""),
        booked=("card:K1", "X1", "registry:X2", "card:K8", "card:K2"),
    )
    counts = project.prepare().manifest["tables"]["ownership"]
    assert rows(project.read("ownership"), "parent_id", "child_id") == [
        ["A", "B"],
        ["X1", "B"],
        ["card:K8", "B"],
        ["registry:X2", "B"],
    ]
    assert counts["merged"] == 1


def test_preparing_twice_gives_the_same_mapping(project, deliver):
    deliver()
    project.prepare()
    before = (project.processed() / "identity.parquet").read_bytes()
    project.prepare(force=True)
    assert (project.processed() / "identity.parquet").read_bytes() == before


def test_a_mapping_that_was_lost_is_made_again(project, deliver):
    deliver()
    project.prepare()
    (project.processed() / "identity.parquet").unlink()
    assert project.prepare().is_new
    assert (project.processed() / "identity.parquet").is_file()


def test_a_bank_without_parties_has_no_mapping_and_keeps_its_numbers(project, deliver):
    deliver()
    project.prepare()
    deliver(HEAD + SELECT_TRANSACTIONS + SELECT_CUSTOMERS, booked=("core:A", "core:B", "A"))
    project.prepare()
    assert not (project.processed() / "identity.parquet").exists()
    assert project.read("customers").customer_id.tolist() == ["core:A", "core:B"]
    assert rows(project.rejected("transactions"), "reason", "original") == [["names nothing in customers.customer_id", "A"]]


LINE = r"bank\.yaml, line {}: table {}"
BARE = SELECT_CUSTOMERS.replace("'core:' || ", "")
BAD_INPUT = [
    ({"definition": HEAD + SELECT_PARTIES}, LINE.format(9, "parties") + r" needs the table customers, whose customer_id \(source:source_id\) tells which department is the core; add customers, or take parties out\.$"),
    ({"definition": HEAD + SELECT_PARTIES + BARE, "clients": "client_id\n13800000001\n13800000002\n"},
     LINE.format(10, "customers") + r": 2 of 2 rows have a customer_id that is not written as source:source_id, such as '1\*{9}1'; in a bank with parties write the department before its number: 'core:' \|\| customer_no AS customer_id\.$"),
    ({"booked": ("core:A", "13800000001", ":13800000001")}, LINE.format(9, "transactions") + r": 2 of 3 rows have a customer_id that is not written as source:source_id"),
    ({"booked": ("core:A", "cards:K1", "cards:K2", "x:K2")}, LINE.format(9, "transactions") + r": 2 of 4 rows have a customer_id of the source 'cards', which no row of parties has; did you mean 'card'\? Mend the source in the SELECT, or bring that department's records in parties\.$"),
    ({"booked": ("13800000001:core",)}, r": 1 of 1 rows have a customer_id of the source '1\*{9}1', which no row of parties has\. Mend"),
    ({"parties": PARTIES.replace("core,", "13800000002,"), "booked": ("13800000001:x",)}, LINE.format(10, "customers") + r": 2 of 2 rows have a customer_id of the source '\*{4}', which no row of parties has\. Mend"),
    ({"parties": PARTIES.replace("core,", "kore,")}, LINE.format(10, "customers") + r": 2 of 2 rows have a customer_id of the source 'core', which no row of parties has; did you mean 'kore'\?"),
    ({"definition": WHOLE.replace("'core:' ||", "'c' || CASE client_id WHEN 'A' THEN 'ore:' ELSE 'ard:' END ||")},
     LINE.format(10, "customers") + r": its customer_id bears 2 sources, but customers come from one department, the core, whose numbers the others may hold; write one source before all of them, and the same in parties\.$"),
    ({"definition": with_table("prospects", "SELECT txn_id AS prospect_id, booked AS first_seen_date, 'A' AS converted_customer_id FROM bookings")},
     LINE.format(12, "prospects") + r": 3 of 3 rows have a converted_customer_id that is not written .* AS converted_customer_id\.$"),
    ({"definition": WHOLE.replace("max_rejected_share: 0.9\n", ""), "booked": ("core:A", "card:13800000001")},
     r"^bookings\.csv: table transactions: 1 of 2 rows are bad, .* most often column customer_id \(1 row\): 'c\*+1' is a department's number that leads to no customer\. Mend"),
]  # fmt: skip


@pytest.mark.parametrize(("delivered", "sentence"), BAD_INPUT)
def test_bad_input_is_told_in_one_sentence(project, deliver, delivered, sentence, told):
    deliver(**delivered)
    with pytest.raises(UserError, match=sentence) as caught:
        project.prepare()
    told(caught.value, "13800000001", "13800000002", "K1")


EVERY_TABLE = {
    "alerts": "'1' AS alert_id, 'card:K1' AS customer_id, '2024-03-01' AS raised_date, 'true' AS held_out",
    "invitations": "'1' AS invitation_id, 'card:K1' AS customer_id, '2024-03-01' AS sent_date, '1' AS contact_id, '1' AS response_id",
    "answers": "'1' AS response_id, 'staff' AS item, '9' AS value",
    "surveys": "'1' AS response_id, 'card:K1' AS customer_id, '2024-03-02' AS answered_date, '1' AS branch_id, '9' AS overall",
    "contacts": "'1' AS contact_id, 'card:K1' AS customer_id, '2024-03-01 09:00:00' AS started_at, '1' AS branch_id",
    "complaints": "'1' AS complaint_id, 'card:K1' AS customer_id, '2024-03-01 09:00:00' AS received_at, '1' AS branch_id",
    "ownership": "'card:K1' AS parent_id, 'core:B' AS child_id, 'equity' AS kind, '0.6' AS share",
    "consents": "'card:K1' AS customer_id, 'marketing' AS purpose, '2024-03-01' AS given_date",
    "exposures": "'card:K1' AS customer_id, 'us' AS lender, '2024-03-31' AS reported_date, '5' AS drawn",
    "campaigns": "'1' AS campaign_id, 'card:K1' AS customer_id, '2024-03-01' AS offered_date, 'treated' AS arm",
    "prospects": "'1' AS prospect_id, '2024-03-01' AS first_seen_date, '2024-03-02' AS converted_date, 'card:K1' AS converted_customer_id",
    "assignments": "'card:K1' AS customer_id, '2024-03-01' AS from_date, 'm' AS manager_id, '2024-03-02' AS until_date",
    "tariffs": "'card' AS product, 'all' AS branch_id, '2024-05-01' AS effective_date, '2024-03-01' AS announced_date, '1' AS new_fee",
    "market_rates": "'north' AS area, '2024-03-31' AS month, 'term' AS product, '0.02' AS own_rate",
    "incidents": "'1' AS incident_id, 'branch' AS scope, '1' AS branch_id, '2024-03-01 09:00:00' AS started_at",
    "holdings": "'1' AS holding_id, 'card:K1' AS customer_id, 'card' AS product, '2024-03-01' AS opened_date",
    "balances": "'card:K1' AS customer_id, '2024-03-31' AS month, 'end' AS basis, '5' AS deposits",
    "contributions": "'card:K1' AS customer_id, '2024-03-31' AS month, '5' AS fees",
    "branches": "'1' AS branch_id, 'county' AS level",
}


def test_a_bank_with_every_table(project, deliver):
    """In an order of bank.yaml in which most tables stand before those that they refer to."""
    selects = "".join(f'  {name}: "SELECT {select}"\n' for name, select in EVERY_TABLE.items())
    deliver(HEAD + selects + SELECT_TRANSACTIONS + SELECT_CUSTOMERS + SELECT_PARTIES)
    prepared = project.prepare()
    assert set(prepared.manifest["tables"]) == set(TABLES)
    assert {name: counts["bad_rows"] for name, counts in prepared.manifest["tables"].items()} == dict.fromkeys(TABLES, 0)
    assert prepared.manifest["span"] == ["2024-03-01", "2024-03-31"]
    for name in EVERY_TABLE:
        frame = project.read(name)
        mapped = frame.columns.intersection(["customer_id", "converted_customer_id", "parent_id"])
        assert (frame[mapped] == "A").all(axis=None), name
    prepare_features(prepared, folders("mybank"))
    features = pd.read_parquet(project.processed() / "features" / "2024-03-31.parquet").set_index("customer_id")
    assert features.loc["A", ["transactions_90d", "products_held", "contacts_365d", "contribution_12m"]].tolist() == [2, 1, 1, 5]
