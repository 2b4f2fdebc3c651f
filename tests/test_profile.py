"""crm profile: a page for its owner alone, outside what is published, that doesn't tell who it is about."""

import json
import os
import stat
from pathlib import Path

import nbformat
import pandas as pd
import pytest
from tests.conftest import PANDAS_TYPES, Project, project_root
from typer.testing import CliRunner

from analysis import cli, profile
from analysis.bank.contracts import TABLES
from analysis.errors import UserError
from analysis.report.execute import Outcome
from analysis.wording import say

NOTEBOOKS = Path(__file__).parents[1] / "notebooks"
DEFINITION = "name: My Bank\nfiles: {a: {path: a.csv}}\ntables: {customers: SELECT 1}\n"
OTHERS = [{"customer_id": f"20000{number}", "name": f"Other Person{number}", "phone": f"1390000000{number}", "opened_date": "2019-05-01"} for number in range(3)]  # fmt: skip
ANNA = {
    "customer_id": "1000001", "kind": "personal", "sex": "female", "name": "Anna Alpha", "birth_date": "1980-02-29", "id_number": "110101198002290019",
    "phone": "13800000001", "address": "7 Hill Street", "opened_date": "2020-01-15",
}  # fmt: skip
PARTIES = [
    {
        "source": "core",
        "source_id": "1000001",
        "core_number": "1000001",
        **{name: ANNA[name] for name in ("name", "birth_date", "id_number", "phone")},
    },
    {"source": "cards", "source_id": "C1234567", "name": "A. Alpha", "phone": "13811111111", "address": "8 Hill Street"},
]
COMPLAINTS = [{"complaint_id": "G1", "customer_id": "1000001", "received_at": "2025-02-01", "text": "Anna Alpha is angry", "handler": "S0431", "category": "pricing", "severity": 2, "resolved_at": "2025-02-03"}]  # fmt: skip
TRANSACTIONS = [{"transaction_id": f"T{day}", "customer_id": "1000001", "booked_at": f"2025-0{day}-10", "channel": "app", "amount": -5.0, "counterparty": "Bert Beta"} for day in (3, 4, 5)]  # fmt: skip
SECRETS = ["1000001", "Alpha", "Anna", "110101198002290019", "13800000001", "Hill Street", "C1234567", "13811111111", "1980-02-29", "29 February 1980",
           "19800229", "1980年2月29日", "Bert Beta", "S0431", "Other Person", "is angry"]  # fmt: skip


def _write(folder: Path, **tables: list[dict]) -> None:
    folder.mkdir(parents=True)
    for name, rows in tables.items():
        frame = pd.DataFrame(rows, columns=list(TABLES[name].column_names))
        kinds = {column.name: PANDAS_TYPES.get(column.type, "string") for column in TABLES[name].columns}
        dates = [column for column, kind in kinds.items() if kind.startswith("datetime")]
        frame.assign(**{column: pd.to_datetime(frame[column]) for column in dates}).astype(kinds).to_parquet(
            folder / f"{name}.parquet", index=False
        )
    keys = pd.DataFrame(PARTIES)[["source", "source_id"]]
    keys.assign(customer_id="1000001", probability=[1.0, 0.97]).to_parquet(folder / "identity.parquet")
    held = {name: pd.DataFrame(PARTIES)[name] for name in ("name", "phone", "address", "id_number")}
    faults = dict.fromkeys(("name_fault", "phone_fault", "id_fault"))
    keys.assign(**held, **faults, birth_date=pd.to_datetime(["1980-02-29", None])).to_parquet(folder / "standards.parquet")
    counts = {"delivered": 1, "rejected": 0, "fields_set_to_null": 0}
    manifest = {"span": ["2023-01-01", "2025-06-30"], "inputs": {}, "definition": "x", "tables": dict.fromkeys(tables, counts)}
    (folder / "prepared.json").write_text(json.dumps(manifest))


@pytest.fixture(scope="module")
def home(tmp_path_factory):
    with project_root(tmp_path_factory.mktemp("home")) as root:
        (root / "notebooks").symlink_to(NOTEBOOKS)
        Project(root).add(definition=DEFINITION)
        _write(
            root / "data" / "processed" / "mybank",
            customers=[ANNA, *OTHERS],
            parties=PARTIES,
            complaints=COMPLAINTS,
            transactions=TRANSACTIONS,
        )
        yield root


@pytest.fixture(scope="module")
def page(home):
    """The page, made under a umask that withholds nothing."""
    before = os.umask(0)
    try:
        return profile.make_profile("mybank", "cards:C1234567")
    finally:
        os.umask(before)


@pytest.fixture
def executed(monkeypatch):
    """What the notebook is to come to, in place of executing it."""
    return lambda **outcome: monkeypatch.setattr(profile, "_executed", lambda *_: Outcome("one_customer", **outcome))


def notebook(text: str) -> nbformat.NotebookNode:
    return nbformat.v4.new_notebook(cells=[nbformat.v4.new_markdown_cell(f"# T\n\nIs it?\n\n{text}")])


def test_none_but_its_owner_reads_it_and_nothing_is_published(home, page):
    mode = {path: stat.S_IMODE(path.stat().st_mode) for path in (page, page.parent, page.parent.parent)}
    assert list(mode.values()) == [0o600, 0o700, 0o700]
    assert page.parent == home / "data" / "profiles" / "mybank"
    assert os.listdir(page.parent) == [page.name]
    assert not (home / "reports").exists()
    assert "data/profiles/" in (NOTEBOOKS.parent / ".gitignore").read_text().splitlines()


def test_it_shows_the_customer_and_not_who_it_is(page):
    html = page.read_text(encoding="utf-8")
    shown = page.stem.removeprefix("2025-06-30-")
    assert shown.startswith("P-")
    for words in (
        shown,
        "Confidential: one customer, not for publication",
        "45 to 54",
        "January 2020",
        "Pricing",
        "Mobile app",
        "differs",
        "0.9700",
    ):
        assert words in html, words
    assert [secret for secret in SECRETS if secret in html] == []
    assert 'href="index.html"' not in html


def test_a_page_that_tells_who_it_is_is_refused_and_the_last_one_stands(page, executed, told):
    before = page.read_bytes()
    executed(status="published", notebook=notebook("It is Anna Alpha."))
    with pytest.raises(UserError, match="it shows a customer's name or number") as refused:
        profile.make_profile("mybank", "1000001")
    told(refused.value, *SECRETS)
    assert page.read_bytes() == before


def test_a_notebook_that_fails_leaves_the_last_page_and_a_log_for_its_owner(page, executed, told):
    before = page.read_bytes()
    executed(status="failed", reason=say("Cell 3 failed with KeyError."), log="KeyError: 'Anna Alpha'")
    with pytest.raises(UserError, match=r"not written: Cell 3 failed with KeyError; the log is .*\.log\.$") as failed:
        profile.make_profile("mybank", "1000001")
    told(failed.value, *SECRETS)
    log = page.with_suffix(".log")
    assert (stat.S_IMODE(log.stat().st_mode), page.read_bytes()) == (0o600, before)
    executed(status="published", notebook=notebook("All is well."))
    assert profile.make_profile("mybank", "1000001") == page
    assert b"All is well." in page.read_bytes()
    assert os.listdir(page.parent) == [page.name]
    page.write_bytes(before)


def test_a_killed_run_leaves_nothing_that_the_next_would_open(tmp_path):
    path = tmp_path / "profiles" / "mybank" / "page.html"
    path.parent.mkdir(parents=True)
    stale = path.with_name(f".{path.name}.partial")
    stale.write_text("old")
    stale.chmod(0o644)
    profile.write_private(path, "new")
    assert stat.S_IMODE(path.parent.stat().st_mode) == 0o700
    assert (path.read_text(), stat.S_IMODE(path.stat().st_mode), os.listdir(path.parent)) == ("new", 0o600, [path.name])


@pytest.mark.parametrize(
    ("customer", "as_of"), [("P-0000-0000-0000", ""), ("1000009", ""), ("core:999", ""), ("", ""), ("1000001", "2019-12-31")]
)
def test_who_cannot_be_shown_gets_a_sentence_and_no_page(home, page, told, customer, as_of):
    with pytest.raises(UserError) as refused:
        profile.make_profile("mybank", customer, as_of)
    told(refused.value, *filter(None, [customer]))
    assert os.listdir(page.parent) == [page.name]


def test_the_command_reads_a_number_from_standard_input(monkeypatch):
    asked = []
    monkeypatch.setattr(profile, "make_profile", lambda *words: asked.append(words) or Path("page.html"))
    assert (
        CliRunner().invoke(cli.app, ["profile", "mybank", "--customer", "-", "--language", "zh"], input="core:1\n").exit_code == 0
    )
    assert CliRunner().invoke(cli.app, ["profile", "mybank", "--customer", "P-1", "--as-of", "2025-06-30"]).exit_code == 0
    assert asked == [("mybank", "core:1\n", "", "zh"), ("mybank", "P-1", "2025-06-30", "en")]
    assert CliRunner().invoke(cli.app, ["profile", "mybank"]).exit_code == 2
