"""Which code a passport speaks of: a digest that rewording does not change."""

import ast
from collections.abc import Mapping
from pathlib import Path

from analysis import digest

PACKAGE = Path(__file__).parents[1]
SPOKEN_OF = (
    "bank/asof.py", "bank/contracts.py", "bank/features.py", "bank/standards", "bank/identity", "bank/linkage", "bank/demo",
    "validation/fitted.py", "validation/identified.py", "validation/naive.py", "validation/oracle.py", "validation/rows.py",
    "validation/studies.py", "validation/summary.py",
)  # fmt: skip
FOLLOWED = ("stats", "study")
SENTENCE_MAKERS = ("say", "UserError")
DOCUMENTED = (ast.Module, ast.ClassDef, ast.FunctionDef, ast.AsyncFunctionDef)


def methods_digest(parameters: Mapping, package: Path = PACKAGE) -> str:
    """Digest of all that a passport's numbers hang on in this project: identity, features, the simulated bank, how estimates are held
    against the truth (SPOKEN_OF), the methods and studies that these use (modules of FOLLOWED), and the `parameters` of the
    reports. Of Python code its structure counts: not layout, comments, docstrings or the words of sentences."""
    files = {path for place in SPOKEN_OF for path in _sources(package / place)}
    files |= _reached(files, package)
    content = {str(path.relative_to(package)): _content(path) for path in sorted(files)}
    return digest.of_value({"code": content, "parameters": parameters})


def _reached(files: set[Path], package: Path) -> set[Path]:
    """The modules of FOLLOWED that these files import, directly or by one another."""
    found: set[Path] = set()
    left = [path for path in files if path.suffix == ".py"]
    while left:
        imported = set(_imported(left.pop(), package)) - found
        found |= imported
        left += imported
    return found


def _imported(path: Path, package: Path) -> list[Path]:
    named = [node for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))) if isinstance(node, ast.ImportFrom)]
    modules = [name for node in named for name in (node.module or "", *(f"{node.module}.{alias.name}" for alias in node.names))]
    places = [
        package / Path(*name.split(".")[1:]).with_suffix(".py")
        for name in modules
        if name.split(".")[1:2] and name.split(".")[1] in FOLLOWED
    ]
    return [place for place in places if place.is_file()]


def _sources(place: Path) -> list[Path]:
    found = [place] if place.is_file() else place.rglob("*")
    return sorted(path for path in found if path.suffix in digest.SOURCE_SUFFIXES and "__pycache__" not in path.parts)


def _content(path: Path) -> object:
    text = path.read_text(encoding="utf-8")
    return normalised(text) if path.suffix == ".py" else text


def normalised(source: str) -> object:
    """Python source → its structure as lists and strings, the same under every version of Python that the project supports."""
    return _plain(ast.parse(source))


def _plain(node: object) -> object:
    if isinstance(node, list):
        return [_plain(part) for part in node]
    if not isinstance(node, ast.AST):
        return repr(node)
    parts = {name: value for name, value in ast.iter_fields(node) if value not in (None, [])}
    if isinstance(node, DOCUMENTED) and ast.get_docstring(node, clean=False) is not None:
        parts["body"] = node.body[1:]
    if isinstance(node, ast.Call) and getattr(node.func, "id", None) in SENTENCE_MAKERS:
        parts["args"] = [part for part in node.args if not isinstance(part, ast.Constant | ast.JoinedStr)]
    return [type(node).__name__, *([name, _plain(value)] for name, value in parts.items())]
