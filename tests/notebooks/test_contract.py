"""The contract of a report's notebook: one sentence for each notebook that breaks it."""

import ast
import inspect
import re
from pathlib import Path

import nbformat
import pytest
import yaml
from papermill import inspect_notebook

ROOT = Path(__file__).parents[2]
NOTEBOOKS = sorted((ROOT / "notebooks").glob("*.ipynb"))
MOST_PARAMETERS, MOST_CELLS, MOST_LINES = 8, 18, 90
TYPES = {"str": str, "int": int, "float": float, "bool": bool}
FORBIDDEN = (
    ast.FunctionDef, ast.AsyncFunctionDef, ast.ClassDef, ast.Lambda, ast.For, ast.While, ast.Try, ast.With, ast.If, ast.ListComp,
    ast.DictComp, ast.SetComp, ast.GeneratorExp,
)  # fmt: skip
EXHIBITS = re.compile(r"^(charts|tables)\.\w+\(\w+\.\w+\)$")

pytestmark = pytest.mark.parametrize("path", NOTEBOOKS, ids=[path.stem for path in NOTEBOOKS])


@pytest.fixture
def notebook(path):
    return nbformat.read(path, as_version=4)


def code(notebook):
    return [cell for cell in notebook.cells if cell.cell_type == "code"]


def the_parameters(notebook):
    return [cell for cell in code(notebook) if "parameters" in cell.metadata.get("tags", [])]


def test_it_has_one_parameters_cell_of_few_annotated_and_commented_scalars(path, notebook):
    cells = the_parameters(notebook)
    assert len(cells) == 1, f"{path.name} has {len(cells)} cells tagged 'parameters'; it needs one"
    lines = cells[0].source.splitlines()
    assert len(lines) <= MOST_PARAMETERS, f"{path.name} has {len(lines)} parameters; at most {MOST_PARAMETERS}"
    for line, statement in zip(lines, ast.parse(cells[0].source).body, strict=True):
        is_scalar = isinstance(statement, ast.AnnAssign) and isinstance(statement.value, ast.Constant)
        assert is_scalar, f"{path.name}: the parameter '{line}' is no annotated scalar with a default"
        wanted = TYPES[statement.annotation.id]
        assert type(statement.value.value) is wanted, f"{path.name}: the default of '{line}' is not of its type"
        assert "  # " in line, f"{path.name}: the parameter '{line}' has no comment that says what it is"


def test_papermill_reads_the_parameters_with_type_and_help(path, notebook):
    read = inspect_notebook(str(path))
    assert list(read)[:2] == ["bank", "as_of"], f"{path.name}: its first parameters must be bank and as_of"
    assert all(entry["help"] and entry["inferred_type_name"] in TYPES for entry in read.values()), f"{path.name}: see above"


def test_its_cells_are_calls_and_no_program(path, notebook):
    for cell in code(notebook):
        assert not re.search(r"^\s*[%!]|\bprint\(|import \*|warnings\.", cell.source, re.M), f"{path.name}: {cell.source!r}"
        found = [type(node).__name__ for node in ast.walk(ast.parse(cell.source)) if isinstance(node, FORBIDDEN)]
        assert not found, f"{path.name}: a cell holds {', '.join(found)}, which belongs in the package: {cell.source!r}"


def test_it_is_short(path, notebook):
    cells = code(notebook)
    lines = sum(len(cell.source.splitlines()) for cell in cells)
    assert len(cells) <= MOST_CELLS, f"{path.name} has {len(cells)} code cells; at most {MOST_CELLS}"
    assert lines <= MOST_LINES, f"{path.name} has {lines} lines of code; at most {MOST_LINES}"


def test_it_holds_no_outputs_and_keeps_its_kernel(path, notebook):
    kept = [cell for cell in code(notebook) if cell.outputs or cell.execution_count is not None]
    assert not kept, f"{path.name} holds outputs or execution counts: clear them before committing"
    assert notebook.metadata.kernelspec["name"] == "python3", f"{path.name} has lost its kernelspec, which papermill needs"


def test_it_opens_with_a_title_and_a_question(path, notebook):
    opening = notebook.cells[0]
    is_asked = opening.cell_type == "markdown" and re.fullmatch(r"# [^\n]+\n\n[^\n]+\?", opening.source.strip())
    assert is_asked, f"{path.name} must open with a title and one question"


def test_findings_come_before_any_exhibit(path, notebook):
    shown = [cell.source for cell in code(notebook) if cell.source.startswith(("display.", "charts.", "tables."))]
    assert shown[0] == "display.findings(result.findings)", f"{path.name} must show its findings before its exhibits"
    heading = notebook.cells[[cell.source for cell in notebook.cells].index(shown[0]) - 1]
    assert heading.source == "## Main findings", f"{path.name}: the findings need the heading 'Main findings'"


def test_every_exhibit_has_a_heading_prose_and_nothing_else(path, notebook):
    cells = notebook.cells
    places = [
        place for place, cell in enumerate(cells) if re.match(r"(charts|tables)\.", cell.source) and cell.cell_type == "code"
    ]
    assert places, f"{path.name} has no exhibit"
    for place in places:
        assert EXHIBITS.match(cells[place].source), f"{path.name}: '{cells[place].source}' is not one exhibit of the result"
        heading, _, prose = cells[place - 1].source.partition("\n\n")
        is_told = cells[place - 1].cell_type == "markdown" and re.fullmatch(r"## [^\n]+\?", heading)
        assert is_told, f"{path.name}: before '{cells[place].source}' stands no heading that asks a question"
        assert len(prose.split()) >= 15, f"{path.name}: '{heading}' does not say how to read its exhibit"


def test_it_ends_with_definitions_and_provenance(path, notebook):
    *_, definitions, last = notebook.cells
    assert definitions.source.startswith("## Definitions\n"), f"{path.name} must define its terms before it ends"
    assert last.source.startswith("provenance.provenance("), f"{path.name} must end with its provenance"
    given = {keyword.arg for keyword in ast.parse(last.source).body[0].value.keywords}
    missing = set(inspect_notebook(str(path))) - {"bank"} - given
    assert not missing, f"{path.name}: the provenance lacks the parameters {', '.join(sorted(missing))}"


def test_its_prose_says_nothing_of_numbers_or_causes(path, notebook):
    prose = "\n".join(cell.source for cell in notebook.cells if cell.cell_type == "markdown")
    found = re.findall(r"\b(?:causes|drives|leads to|due to|because of|thanks to)\b", prose)
    assert not found, f"{path.name} speaks of causes: {', '.join(found)}"


def test_it_is_published_unless_it_is_private(path, notebook):
    reports = yaml.safe_load((ROOT / "reports.yaml").read_text(encoding="utf-8"))["reports"]
    listed = [entry["notebook"] for entry in reports.values()]
    is_private = notebook.metadata.get("crm", {}).get("private", False)
    assert (path.name in listed) != is_private, f"{path.name} is not listed in reports.yaml, or is private and listed there"


def test_what_it_shows_is_all_that_its_study_makes(path, notebook):
    """No exhibit is made and never shown, none is shown twice."""
    call = next(cell.source for cell in code(notebook) if "result = " in cell.source)
    name = re.search(r"result = (\w+)\(", call)[1]
    source = next(cell.source for cell in code(notebook) if "import" in cell.source and re.search(rf"\b{name}\b", cell.source))
    module = re.search(rf"from (\S+) import [^\n]*\b{name}\b", source)[1]
    result = inspect.signature(getattr(__import__(module, fromlist=[name]), name), eval_str=True).return_annotation
    shown = re.findall(r"\(result\.(\w+)\)", "\n".join(cell.source for cell in code(notebook)))
    assert sorted(shown) == sorted(result.__dataclass_fields__), f"{path.name} shows {shown}"
