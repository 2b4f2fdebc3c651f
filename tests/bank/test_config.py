import datetime as dt
import re

import pytest

from analysis.bank.config import read_config
from analysis.errors import UserError

WHOLE = """\
name: My Bank
names: {zh: 我的银行}
currency: EUR
as_of: 2024-03-31
tiers: {affluent: 60000}
survey:
  items:
    wait: {en: Waiting, zh: 等候}
  constructs:
    branch: {label: {en: Branch}, items: [wait]}
files:
  client: {path: "client*.csv", sep: ";", encoding: gb18030}
tables:
  customers: SELECT id AS customer_id FROM client
"""
LEAST = """\
name: My Bank
files:
  client: {path: client.csv}
tables:
"""


def configured(folder, text):
    path = folder / "bank.yaml"
    path.write_bytes(text if isinstance(text, bytes) else text.encode())
    return read_config(path)


def test_a_definition_and_its_defaults(tmp_path):
    config = configured(tmp_path, WHOLE)
    assert (config.name, config.currency, config.as_of, config.tiers) == (
        "My Bank",
        "EUR",
        dt.date(2024, 3, 31),
        {"affluent": 60000.0},
    )
    assert (config.label("zh"), config.label("en")) == ("我的银行", "My Bank")
    assert config.files["client"].model_dump() == {
        "path": "client*.csv",
        "sep": ";",
        "encoding": "gb18030",
        "sheet": 0,
        "format": None,
    }
    assert (config.max_rejected_share, config.kind_of_data, config.prepared_by) == (0.05, "real", None)
    assert config.survey.constructs["branch"].items == ["wait"]


SURVEY = """\
  constructs:
    branch: {label: {en: Branch}, items: [wait]}
    whole: {label: {en: Whole}, items: [overall]}
  paths: [[branch, whole]]
  outcome: [whole]
complaint_limits: [{days: [15, 30], effective: 2020-03-01}]
"""
DECLARED = WHOLE.replace("  constructs:\n    branch: {label: {en: Branch}, items: [wait]}\n", SURVEY)


def test_a_survey_may_declare_constructs_of_marks_paths_and_limits(tmp_path):
    config = configured(tmp_path, DECLARED)
    assert config.survey.paths == [("branch", "whole")]
    assert config.complaint_limits[0].days == [15, 30]


@pytest.mark.parametrize(
    ("old", "new", "sentence"),
    [
        ("[overall]", "[overal]", "constructs.whole holds the item 'overal', which is not among the items"),
        ("[branch, whole]", "[branch, hole]", "paths name 'hole', which is not among the constructs"),
        ("[[branch, whole]]", "[[branch, whole], [whole, branch]]", "paths lead in a circle"),
        ("outcome: [whole]", "outcome: [hole]", "outcome names 'hole', which is neither an item nor a construct"),
        ("[15, 30]", "[30, 15]", "the days must be positive and rise"),
        ("days: [15, 30]", "day: [15, 30]", "unknown key"),
    ],
)
def test_what_a_survey_or_a_limit_cannot_be_is_one_sentence(tmp_path, old, new, sentence):
    with pytest.raises(UserError, match=sentence) as error:
        configured(tmp_path, DECLARED.replace(old, new))
    assert "bank.yaml, line" in str(error.value)
    assert "\n" not in str(error.value)


@pytest.mark.parametrize(
    ("scalar", "line"),
    [
        ("  customers: |\n    SELECT a,\n           bad\n    FROM client\n", 7),
        ("  customers: |  # the clients\n\n    -- a comment\n    SELECT a,\n\n           bad\n    FROM client\n", 10),
        ("  # the clients\n  customers: |-\n    /* a\n    comment */ SELECT a,\n    bad FROM client\n", 9),
        ("  customers: >\n    SELECT a,\n    bad\n    FROM client\n", 7),
        ("  customers: SELECT a,\n    bad\n    FROM client\n", 6),
        ("  customers:\n    SELECT a,\n\n    bad\n    FROM client\n", 8),
        ("  customers: 'SELECT a, ''it''''s'' AS b,\n    bad FROM client'\n", 6),
        ('  customers: "SELECT a, \\"x\\",\n    bad FROM client"\n', 6),
        ("  customers: SELECT a, bad FROM client\n", 5),
    ],
)
def test_the_line_of_a_word_of_sql_however_it_is_written(tmp_path, scalar, line):
    config = configured(tmp_path, LEAST + scalar)
    sql = config.tables["customers"]
    assert config.line_of("tables", "customers", after=sql[: sql.index("bad")]) == line
    assert (LEAST + scalar).splitlines()[line - 1].strip().split()[0].strip("'\"") in ("bad", "customers:")


@pytest.mark.parametrize(
    ("scalar", "line"),
    [("  customers: |\n\n    SELECT a\n", 7), ("  customers: SELECT a\n", 5), ("  customers:\n    SELECT a\n", 6)],
)
def test_the_line_on_which_a_value_begins(tmp_path, scalar, line):
    assert configured(tmp_path, LEAST + scalar).line_of("tables", "customers") == line


CUSTOMERS = "  customers: SELECT id AS customer_id FROM client\n"
REFUSED = [
    (WHOLE.replace("currency", "curency"), r"bank\.yaml, line 3: unknown key 'curency'; did you mean 'currency'\? Take it out or mend its name\.$"),
    (WHOLE.replace("name:", "nonsense: 1\nname:", 1), r"line 1: unknown key 'nonsense'\. Take it out"),
    (WHOLE.replace("encoding", "encodng"), r"line 12: unknown key 'files\.client\.encodng'; did you mean 'encoding'\?"),
    (WHOLE.replace("items: [wait]", "item: [wait]"), r"line 10: unknown key 'survey\.constructs\.branch\.item'; did you mean 'items'\?"),
    (WHOLE.replace("zh: 等候", "cn: 等候"), r"line 8: unknown key 'survey\.items\.wait\.cn'\. Take it out"),
    (LEAST.replace("name: My Bank\n", "") + CUSTOMERS, r"line 1: the key 'name' is missing; add it\.$"),
    (LEAST + "  custmers: SELECT 1\n", r"line 5: unknown table 'custmers' under tables; did you mean 'customers'\? Tables are listed in docs/data\.md\.$"),
    (LEAST + "  weather: SELECT 1\n", r"line 5: unknown table 'weather' under tables\. Tables are listed"),
    (LEAST.replace("{path: client.csv}", "client.csv") + CUSTOMERS, r"line 3: 'files\.client' needs keys of its own; write it as \{path: …\}\.$"),
    (LEAST + "  customers:\n", r"line 5: 'tables\.customers' is null, but it should be a valid string; mend it\.$"),
    (WHOLE.replace("EUR", "euro"), r"line 3: 'currency' is \"euro\", but it should match pattern"),
    (WHOLE.replace("name: My Bank", "name: My Bank\nmax_rejected_share: 5"), r"line 2: 'max_rejected_share' is 5, but it should be less than or equal to 1; mend it\.$"),
    (WHOLE.replace('sep: ";"', 'sep: "||"'), r"line 12: 'files\.client\.sep' is \"\|\|\", but it should have at most 1 character; mend it\.$"),
    (WHOLE.replace("2024-03-31", "2024-02-31"), r"bank\.yaml: a date in it is none \(day is out of range for month\); write dates as YYYY-MM-DD\.$"),
    (WHOLE + "  customers: SELECT 1\n", r"line 15: the key 'tables\.customers' stands on line 14 already; take one of the two out\.$"),
    (WHOLE.replace("currency: EUR", "currency: [EUR"), r"bank\.yaml, line \d+: not valid YAML \(.*\); mend that line\.$"),
    (WHOLE.encode("gb18030"), r"bank\.yaml: not UTF-8 text; save it as UTF-8\.$"),
    ("", r"bank\.yaml: it holds no keys; write at least name, files and tables\.$"),
    ("- a\n- b\n", "it holds no keys"),
]  # fmt: skip


@pytest.mark.parametrize(("text", "sentence"), REFUSED)
def test_what_is_wrong_in_bank_yaml_is_told_with_its_line(tmp_path, text, sentence, told):
    with pytest.raises(UserError, match=sentence) as caught:
        configured(tmp_path, text)
    told(caught.value)


def test_tiers_rise(tmp_path):
    path = tmp_path / "bank.yaml"
    path.write_text(WHOLE.replace("{affluent: 60000}", "{affluent: 600, private_banking: 500}"), encoding="utf-8")
    with pytest.raises(UserError) as refused:
        read_config(path)
    assert str(refused.value) == f"{path}, line 5: tiers: private_banking must begin above affluent; mend it."


def test_targets_classification_and_version(tmp_path):
    own = "targets: {churn_rate: 0.07, nps: 30}\nclassification: {en: Confidential, zh: 秘密}\nversion: '1.10'\n"
    config = configured(tmp_path, own + WHOLE)
    assert config.targets == {"churn_rate": 0.07, "nps": 30.0}
    assert (config.classification.zh, config.version) == ("秘密", "1.10")
    assert configured(tmp_path, WHOLE).targets == {}


@pytest.mark.parametrize(
    ("own", "sentence"),
    [
        (
            "targets: {chrun_rate: 0.1}",
            "line 1: unknown key 'targets.chrun_rate'; did you mean 'churn_rate'? Take it out or mend",
        ),
        ("target: {}", "line 1: unknown key 'target'; did you mean 'targets'?"),
        ("targets: {churn_rate: 7}", "line 1: 'targets.churn_rate' is 7, but it should be less than or equal to 1; mend it."),
        ("targets: {average_aum: .inf}", "line 1: 'targets.average_aum' is Infinity, but it should be a finite number; mend it."),
        ("targets: 7", "line 1: 'targets' needs keys of its own; write it as {active_customers: …, average_aum: …"),
        ("version: 1.10", "line 1: 'version' is 1.1, but it should be a valid string; mend it."),
    ],
)
def test_a_target_that_is_none_is_refused(tmp_path, own, sentence):
    with pytest.raises(UserError, match=re.escape(sentence)):
        configured(tmp_path, f"{own}\n{WHOLE}")
