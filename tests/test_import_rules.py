"""Imports run one way; what each part may know of the others."""

import ast
from pathlib import Path

import pytest

SOURCE = Path(__file__).parents[1] / "src" / "analysis"
SHARED = {"analysis.errors", "analysis.wording", "analysis.calendar"}
ALLOWED = {
    "stats": SHARED | {"analysis.stats"},
    "bank": SHARED | {"analysis.bank", "analysis.project", "analysis.digest"},
    "study": SHARED
    | {
        "analysis.study",
        "analysis.stats",
        "analysis.finding",
        "analysis.figure",
        "analysis.bank.contracts",
        "analysis.bank.levers.Struck",
    },
    "report": SHARED
    | {"analysis.stats.disclosure_attack"}  # an attack on what is shown, before it is published
    | {"analysis.report", "analysis.finding", "analysis.figure", "analysis.project", "analysis.digest"},
}


def imported(path: Path) -> set[str]:
    """Full names of all that a module takes from the package, wherever in it the import stands."""
    nodes = list(ast.walk(ast.parse(path.read_text(encoding="utf-8"))))
    plain = {name.name for node in nodes if isinstance(node, ast.Import) for name in node.names}
    parts = {f"{node.module}.{name.name}" for node in nodes if isinstance(node, ast.ImportFrom) for name in node.names}
    assert not any(node.level for node in nodes if isinstance(node, ast.ImportFrom)), f"{path} imports relatively"
    return {name for name in plain | parts if name.split(".")[0] == "analysis"}


def trespasses(package: str) -> list[str]:
    return [
        f"{path.relative_to(SOURCE)} imports {name}"
        for path in sorted((SOURCE / package).rglob("*.py"))
        for name in sorted(imported(path))
        if not any(name == allowed or name.startswith(f"{allowed}.") for allowed in ALLOWED[package])
    ]


@pytest.mark.parametrize("package", sorted(ALLOWED))
def test_imports_run_one_way(package):
    assert trespasses(package) == []


def test_a_trespass_would_be_seen(tmp_path):
    path = tmp_path / "module.py"
    path.write_text("def late():\n    from analysis.study import churn\n    import analysis.bank.book\n")
    assert imported(path) == {"analysis.study.churn", "analysis.bank.book"}
