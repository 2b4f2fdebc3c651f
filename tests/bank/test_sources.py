import duckdb
import pytest
from tests.conftest import BANK_YAML

from analysis.bank.config import read_config
from analysis.bank.contracts import TABLES
from analysis.bank.sources import contract_order, files_of, load_files, mask, select_table
from analysis.errors import UserError

HEAD = """\
name: My Bank
files:
  client: {path: clients.csv}
  unused: {path: nowhere.csv}
tables:
"""


def selected(project, tables, table="customers", **files):
    raw = project.add(definition=HEAD + tables, **files)
    config = read_config(raw / "bank.yaml")
    with duckdb.connect() as connection:
        load_files(connection, config, raw)
        name = select_table(connection, config, raw / "bank.yaml", TABLES[table])
        result = connection.execute(f"SELECT * FROM {name}")
        return [column[0] for column in result.description], result.fetchall()


def test_a_select_becomes_rows_with_their_number(project):
    sql = "  customers: |\n    -- a comment\n    SELECT client_id AS customer_id, name FROM client; \n"
    assert selected(project, sql) == (["_row", "customer_id", "name"], [(1, "A", "Anna Alpha"), (2, "B", "Bert Beta")])


def test_a_file_may_bear_the_name_of_a_table(project):
    definition = HEAD.replace("client:", "customers:") + "  customers: SELECT client_id AS customer_id FROM customers\n"
    definition += "  surveys: SELECT client_id AS response_id, client_id AS customer_id FROM customers\n"
    project.add(definition=definition.replace("unused:", "raw_customers:"))
    project.prepare(as_of="2024-01-31")
    assert project.read("surveys").response_id.tolist() == ["A", "B"]


def test_which_files_a_select_reads(project):
    raw = project.add(
        definition=HEAD
        + "  customers: WITH a AS (SELECT * FROM client) SELECT * FROM a\n  branches: SELECT broken FROM WHERE unused\n"
    )
    config = read_config(raw / "bank.yaml")
    assert files_of(config, "customers") == ["client"]
    assert files_of(config, "branches") == ["unused"]


def test_tables_come_after_those_they_refer_to(project):
    tables = "".join(f"  {name}: SELECT 1\n" for name in ("answers", "transactions", "surveys", "customers", "branches"))
    raw = project.add(definition=HEAD + tables)
    names = [table.name for table in contract_order(read_config(raw / "bank.yaml"))]
    assert names == ["branches", "customers", "surveys", "answers", "transactions"]


REFUSED = [
    ("SELECT client_id AS customer_id,\n      bith_date AS birth_date\n    FROM client", r"bank\.yaml, line 8: table customers: there is no column 'bith_date' in clients\.csv; did you mean 'birth_date'\? Mend its name in the SELECT\.$"),
    ("SELECT c.zzz AS customer_id\n    FROM client c", r"line 7: table customers: there is no column 'zzz' in clients\.csv\. Mend its name"),
    ("SELECT client_id AS customer_id\n    FROM clinet", r"line 8: table customers: 'clinet' is none of the files; did you mean 'client'\? Declare it under files\.$"),
    ("SELECT client_id AS customer_id,\n    FROMM client\n    WHERE", r"line 9: table customers: the SQL over clients\.csv fails \(it ends too early\); mend that line\.$"),
    ("-- 中文\n    SELECT client_id AS customer_id, '中文' AS name,\n    FROM client\n    WHERE (", r"line 10: table customers: the SQL over clients\.csv fails \(it ends too early\)"),
    ("SELECT client_id AS customer_id\n    FROM client FROM client", r"line 8: table customers: the SQL over clients\.csv fails \(syntax error at or near \"FROM\"\); mend that line\.$"),
    ("SELECT client_id AS customer_id,\n    lenght(name) AS name FROM client", r"line 8: table customers: the SQL over clients\.csv fails \(Scalar Function with name lenght does not exist\); mend that line\.$"),
    ("SELECT client_id AS customer_id,\n    CAST(phone AS DATE) AS birth_date FROM client", r"line 8: table customers: the SQL over clients\.csv fails on a value \(date field value out of range: \"1\*+1\" when casting from source column phone\); let try_cast or try_strptime pass what does not fit\.$"),
    ("SELECT client_id AS customer_id, CAST(name AS INT) AS birth_date FROM client", r"fails on a value \(Could not convert string 'A\*+a' to INT32 when casting from source column name\)"),
    ("SELECT client_id AS customer_id, strptime(name, '%Y') AS birth_date FROM client", r"fails on a value \(Could not parse string \"A\*+a\" according to format specifier \"%Y\"\)"),
    ("SELECT client_id AS customer_id,\n      birth_date AS birthdate\n    FROM client", r"bank\.yaml, line 8: table customers has no column 'birthdate'; did you mean 'birth_date'\? Its columns are in docs/data\.md\.$"),
    ("SELECT client_id AS Customer_ID FROM client", r"has no column 'Customer_ID'; did you mean 'customer_id'\?"),
    ("SELECT client_id AS customer_id, 1 AS hobby FROM client", r"has no column 'hobby'\. Its columns"),
    ("SELECT client_id AS customerid, name FROM client", r"has no column 'customerid'; did you mean 'customer_id'\?"),
    ("SELECT name FROM client", r"line 7: table customers lacks its required column 'customer_id' \(the customer\)\. Add it to the SELECT\.$"),
    ("SELECT client_id AS customer_id FROM client WHERE false", r"^clients\.csv: table customers has no rows \(0\); deliver the file anew, or take the table out of .*bank\.yaml\.$"),
]  # fmt: skip


@pytest.mark.parametrize(("sql", "sentence"), REFUSED)
def test_what_a_select_cannot_do_is_told_with_its_line(project, sql, sentence, told):
    with pytest.raises(UserError, match=sentence) as caught:
        selected(project, f"  customers: |\n    {sql}\n")
    told(caught.value, "Anna", "Alpha", "13800000001")


@pytest.mark.parametrize(
    ("tables", "line"),
    [
        ("  customers: >\n    SELECT client_id AS customer_id,\n    bad AS name\n    FROM client\n", 8),
        ("  customers: SELECT client_id AS customer_id,\n    bad AS name\n    FROM client\n", 7),
        (
            "  # 客户\n  customers: |\n\n    -- 客户\n\n    SELECT client_id AS customer_id, '客户' AS address,\n    bad AS name\n    FROM client\n",
            12,
        ),
    ],
)
def test_the_line_is_that_of_bank_yaml_however_the_sql_is_written(project, tables, line):
    with pytest.raises(UserError, match=rf"bank\.yaml, line {line}: table customers: there is no column 'bad'"):
        selected(project, tables)


def test_masked_values_show_their_ends_only():
    assert [mask(value) for value in (None, "", "Ann", "13800000001")] == ["", "", "***", "1*********1"]


def test_a_select_reads_declared_files_only(project, tmp_path):
    (tmp_path / "beside.csv").write_text("client_id,opened\nA,2020-01-15\n")
    definition = BANK_YAML.replace("    FROM clients\n", f"    FROM read_csv('{tmp_path / 'beside.csv'}')\n")
    definition = definition.replace("name, phone, birth_date, ", "")
    project.add(definition=definition)
    with pytest.raises(UserError, match="table customers: the SELECT reads a file that is not declared; declare it under files"):
        project.prepare()
