"""SHA-256 of files, trees and values: what decides whether anything changed, and what the auditor is shown."""

import hashlib
import json
from collections.abc import Iterable
from importlib.metadata import version
from pathlib import Path

PACKAGES = (
    "beautifulsoup4", "duckdb", "ibis-framework", "matplotlib", "nbconvert", "nh3", "numpy", "pandas", "papermill", "pyarrow",
    "python-calamine", "scikit-learn", "scipy", "seaborn", "sqlglot", "statsmodels",
)  # fmt: skip
SOURCE_SUFFIXES = (".py", ".ipynb", ".j2", ".css", ".po", ".yaml", ".json")


def of_file(path: Path) -> str:
    with open(path, "rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def of_files(paths: Iterable[Path]) -> str:
    """One digest of several files' contents, in the order given; names and times do not count."""
    return of_value([of_file(path) for path in paths])


def of_tree(folder: Path) -> str:
    """One digest of all source files below a folder: their relative names and contents."""
    sources = sorted(path for path in folder.rglob("*") if path.suffix in SOURCE_SUFFIXES and "__pycache__" not in path.parts)
    return of_value({str(path.relative_to(folder)): of_file(path) for path in sources})


def of_value(value: object) -> str:
    """The digest of a JSON-able value."""
    return hashlib.sha256(json.dumps(value, sort_keys=True, default=str).encode()).hexdigest()


def package_versions() -> dict[str, str]:
    """Versions of the packages whose behaviour a number may hang on."""
    return {name: version(name) for name in PACKAGES}
