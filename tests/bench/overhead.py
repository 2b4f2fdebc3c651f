"""What publishing costs beside the plain way, in CPU seconds of whole processes and as ratios measured in one run.

The plain way: the papermill CLI, then `jupyter nbconvert --to html --no-input`, one notebook after the other.
Ours: one `crm report`. First on three notebooks that only import the package and show a small table, then on the three
real reports; at last a second run with nothing changed against the first. Each pair is repeated in turn, medians are shown.
"""

import argparse
import json
import os
import resource
import shutil
import statistics
import subprocess
import sys
import tempfile
from pathlib import Path

import nbformat

PROJECT = Path(__file__).resolve().parents[2]
BIN = Path(sys.executable).parent
SMALL = ["small_one", "small_two", "small_three"]
REAL = ["segmentation", "satisfaction", "churn_attribution"]


def cpu_of(command: list[str], home: Path) -> float:
    """CPU seconds (user and system) of a command and all that it started."""
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    run = subprocess.run(command, env={**os.environ, "CRM_HOME": str(home)}, cwd=home, capture_output=True, text=True)
    if run.returncode:
        sys.exit(f"{' '.join(command)} ended with {run.returncode}:\n{run.stderr}")
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    return after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime


def plain(home: Path, names: list[str]) -> float:
    """The plain way for several notebooks."""
    total = 0.0
    for name in names:
        executed = home / f"{name}.executed.ipynb"
        total += cpu_of(
            [str(BIN / "papermill"), str(home / "notebooks" / f"{name}.ipynb"), str(executed), "--no-progress-bar"], home
        )
        total += cpu_of([str(BIN / "jupyter"), "nbconvert", "--to", "html", "--no-input", str(executed)], home)
    return total


def ours(home: Path, *options: str) -> float:
    return cpu_of([str(BIN / "crm"), "report", "demo", *options], home)


def make_home(folder: Path, notebooks: list[str]) -> Path:
    """A project of its own: the given notebooks over a copy of the demo bank's raw files."""
    (folder / "notebooks").mkdir(parents=True)
    (folder / "data" / "raw").mkdir(parents=True)
    shutil.copytree(PROJECT / "data" / "raw" / "demo", folder / "data" / "raw" / "demo")
    entries = "".join(f"  {name}: {{notebook: {name}.ipynb, tables: [customers]}}\n" for name in notebooks)
    (folder / "reports.yaml").write_text(f"reports:\n{entries}", encoding="utf-8")
    for name in notebooks:
        real = PROJECT / "notebooks" / f"{name}.ipynb"
        target = folder / "notebooks" / f"{name}.ipynb"
        target.write_text(
            real.read_text(encoding="utf-8") if real.is_file() else json.dumps(small_notebook(name)), encoding="utf-8"
        )
    cpu_of([str(BIN / "crm"), "prepare", "demo"], folder)
    return folder


def small_notebook(name: str) -> dict:
    """A notebook that imports the package and shows a small table."""
    parameters = nbformat.v4.new_code_cell('bank: str = "demo"  # folder of the bank\nas_of: str = ""  # last day observed')
    parameters.metadata["tags"] = ["parameters"]
    table = "import pandas as pd\n\nimport analysis\n\npd.DataFrame({'name': ['a', 'b', 'c'], 'value': [1, 2, 3]})"
    notebook = nbformat.v4.new_notebook(
        cells=[nbformat.v4.new_markdown_cell(f"# {name}"), parameters, nbformat.v4.new_code_cell(table)]
    )
    notebook.metadata["kernelspec"] = {"name": "python3", "display_name": "Python 3", "language": "python"}
    return notebook


def compare(title: str, home: Path, names: list[str], rounds: int) -> str:
    """Both ways in turn; one line with the medians and the ratio."""
    pairs = [(ours(home, "--force"), plain(home, names)) for _ in range(rounds)]
    own, other = (statistics.median(side) for side in zip(*pairs, strict=True))
    ratio = statistics.median(a / b for a, b in pairs)
    return f"{title:<44}{own:>9.2f}{other:>11.2f}{ratio:>9.3f}"


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rounds", type=int, default=3)
    rounds = parser.parse_args().rounds
    with tempfile.TemporaryDirectory(prefix="crm-bench-") as folder:
        small, real = make_home(Path(folder) / "small", SMALL), make_home(Path(folder) / "real", REAL)
        lines = [
            compare("three notebooks that show a small table", small, SMALL, rounds),
            compare("the three real reports", real, REAL, rounds),
        ]
        shutil.rmtree(real / "data" / "processed")
        shutil.rmtree(real / "reports")
        first = ours(real)
        second = statistics.median(ours(real) for _ in range(rounds))
    sys.stdout.write(f"{'CPU seconds, medians':<44}{'crm':>9}{'plain way':>11}{'ratio':>9}\n" + "\n".join(lines) + "\n")
    sys.stdout.write(f"{'nothing changed, against the first run':<44}{second:>9.2f}{first:>11.2f}{second / first:>9.3f}\n")


if __name__ == "__main__":
    main()
