"""The report that docs/extending.md makes: its blocks are a module, tests that pass, and a notebook that runs and keeps the contract."""

import ast
import re
import sys
import types
from pathlib import Path

import nbformat
import pandas as pd
import pytest
import yaml
from tests.notebooks import test_contract as contract

from analysis.report.publication import PublicationList

TEXT = (Path(__file__).parents[1] / "docs" / "extending.md").read_text(encoding="utf-8")
BLOCK = re.compile(r"```(\w+)\n(.+?)```", re.DOTALL)


def blocks(section: int) -> list[tuple[str, str]]:
    """Language and text of each block of a numbered section."""
    return BLOCK.findall(re.split(r"^## \d+\. ", TEXT, flags=re.MULTILINE)[section])


@pytest.fixture
def study(monkeypatch):
    """The module of section 2, importable under its name."""
    module = types.ModuleType("analysis.study.waits")
    monkeypatch.setitem(sys.modules, module.__name__, module)
    exec(compile(blocks(2)[0][1], "waits.py", "exec"), module.__dict__)
    return module


def test_its_tests_pass(study):
    tests = {}
    exec(compile(blocks(3)[0][1], "test_waits.py", "exec"), tests)
    found = [function for name, function in tests.items() if name.startswith("test_")]
    assert len(found) == 4
    for function in found:
        function()


def test_its_notebook_runs_on_a_bank_with_contacts(study, project, monkeypatch):
    monkeypatch.setenv("CRM_LANGUAGES", "en")
    definition = "name: B\nfiles: {contacts: {path: contacts.csv}, clients: {path: clients.csv}}\ntables:\n"
    definition += "  customers: SELECT client_id AS customer_id, opened AS opened_date FROM clients\n"
    definition += "  contacts: SELECT * FROM contacts\n"
    seen = pd.DataFrame({"contact_id": [f"c{place}" for place in range(60)], "customer_id": ["A", "B"] * 30})
    seen = seen.assign(started_at="2024-03-15 10:00:00", channel="branch", wait_minutes=[40, 5, 6] * 20)
    project.add("demo", definition, contacts__csv=seen.to_csv(index=False))
    project.prepare("demo")
    shown, names = [], {}
    for source in [text for language, text in blocks(4) if language == "python"]:
        tree = ast.parse(source)
        last = tree.body.pop() if isinstance(tree.body[-1], ast.Expr) else None
        exec(compile(tree, "cell", "exec"), names)
        if last is not None:
            shown.append(eval(compile(ast.Expression(last.value), "cell", "eval"), names))
    assert [type(thing).__name__ for thing in shown] == ["ShownFindings", "Shown", "Shown"]
    assert "33.3%" in shown[1]._repr_mimebundle_()["text/html"]


def test_its_notebook_keeps_the_contract(study, tmp_path):
    made = {"markdown": nbformat.v4.new_markdown_cell, "python": nbformat.v4.new_code_cell}
    cells = [made[language](text.removesuffix("\n")) for language, text in blocks(4)]
    cells[1].metadata["tags"] = ["parameters"]
    kernel = {"name": "python3", "display_name": "Python 3", "language": "python"}
    notebook, path = nbformat.v4.new_notebook(cells=cells, metadata={"kernelspec": kernel}), tmp_path / "waits.ipynb"
    nbformat.write(notebook, path)
    checks = [check for name, check in vars(contract).items() if name.startswith("test_") and "published" not in name]
    assert len(checks) >= 9
    for check in checks:
        check(path, notebook)


def test_its_entry_is_one():
    entry = yaml.safe_load("reports:\n" + blocks(5)[0][1])
    assert PublicationList.model_validate(entry).reports["waits"].tables == ["contacts"]
