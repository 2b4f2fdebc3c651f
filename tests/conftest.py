"""A small project in a temporary folder: a `bank.yaml` and its raw files, prepared as a user would."""

import fcntl
import os
import shutil
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pandas as pd
import pytest

from analysis.bank.contracts import TABLES
from analysis.bank.prepare import prepare
from analysis.project import folders

BANK_YAML = """\
name: My Bank
files:
  clients: {path: clients.csv}
  bookings: {path: bookings.csv}
tables:
  customers: |
    SELECT client_id AS customer_id, name, phone, birth_date, opened AS opened_date
    FROM clients
  transactions: |
    SELECT txn_id AS transaction_id, client_id AS customer_id, booked AS booked_at, amount
    FROM bookings
"""
CLIENTS = """\
client_id,name,phone,birth_date,opened
A,Anna Alpha,13800000001,1980-02-29,2020-01-15
B,Bert Beta,13800000002,1990-12-31,2021-06-30
"""
BOOKINGS = """\
txn_id,client_id,booked,amount
1,A,2024-01-31 09:00:00,100.5
2,B,2024-02-29 23:59:59,-20
3,A,2024-03-31 00:00:00,7
"""
SHARED = dict.fromkeys(
    ("tests/bank/demo/test_bank_frames.py", "tests/bank/demo/test_files.py", "tests/bank/demo/test_stated.py"), "the demo bank"
)
LONGEST = (
    "tests/pages/test_pages",
    "tests/validation/test_seeds",
    "tests/bank/demo/test_files",
    "tests/bank/demo/test_stated",
    "tests/pages/test_hostile_bank",
    "tests/notebooks/test_run",
    "tests/validation",
)
DEMO_CUSTOMERS = 1500  # as many as the model, the segments and the branches' comparison need
PROJECT = Path(__file__).parents[1]
FILES = {"clients.csv": CLIENTS, "bookings.csv": BOOKINGS}


def pytest_configure() -> None:
    """Workers, which begin after this, compute with one thread each: there is a worker a core. No browser prints but where a test wants it."""
    for name in ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS"):
        os.environ.setdefault(name, "1")
    os.environ["CRM_CHROMIUM"] = ""


@contextmanager
def project_root(root: Path) -> Iterator[Path]:
    """The folder as the project's root, for as long as the block lasts."""
    (root / "reports.yaml").touch()
    with pytest.MonkeyPatch.context() as surroundings:
        surroundings.setenv("CRM_HOME", str(root))
        yield root


class Project:
    """A project root with banks; `add` writes one, `prepare` prepares it."""

    def __init__(self, root: Path):
        self.root = root

    def add(self, name: str = "mybank", definition: str = BANK_YAML, **files: str | bytes) -> Path:
        """Writes the bank's definition and files (`clients__csv=…` is clients.csv); returns its raw folder."""
        raw = self.root / "data" / "raw" / name
        raw.mkdir(parents=True, exist_ok=True)
        (raw / "bank.yaml").write_text(definition, encoding="utf-8")
        for file, content in {**FILES, **{key.replace("__", "."): value for key, value in files.items()}}.items():
            (raw / file).write_bytes(content.encode() if isinstance(content, str) else content)
        return raw

    def prepare(self, name: str = "mybank", **options: object):
        return prepare(folders(name), **options)

    def processed(self, name: str = "mybank") -> Path:
        return self.root / "data" / "processed" / name

    def read(self, table: str, name: str = "mybank") -> pd.DataFrame:
        return pd.read_parquet(self.processed(name) / f"{table}.parquet")

    def rejected(self, table: str, name: str = "mybank") -> pd.DataFrame:
        return pd.read_parquet(self.processed(name) / "rejected" / f"{table}.parquet")


@pytest.fixture
def project(tmp_path) -> Iterator[Project]:
    with project_root(tmp_path) as root:
        yield Project(root)


@pytest.fixture(scope="session")
def shared_demo(tmp_path_factory) -> Path:
    """The root of `demo_of_all_workers`."""
    return demo_of_all_workers(tmp_path_factory.getbasetemp())


def demo_of_all_workers(base: Path) -> Path:
    """A project's root with the demo bank of DEMO_CUSTOMERS, prepared where its truth was out of reach; made by the first that asks,
    to be read or copied. `base`: the worker's own temporary folder."""
    home = (base.parent if "PYTEST_XDIST_WORKER" in os.environ else base) / "shared-demo"
    home.mkdir(exist_ok=True)
    with open(home / ".lock", "w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if not (home / "is-made").is_file():
            _make_demo(home)
            (home / "is-made").touch()
    return home


FEWER_PAIRS = """
from analysis.bank.linkage import accuracy, model
model.RANDOM_PAIRS = accuracy.COMPARED_PAIRS = 100_000
from analysis import cli
cli.main()
"""  # crm with a fifth of the pairs of records drawn by lot, to save time; the settings are those of every bank


def _make_demo(home: Path) -> None:
    (home / "reports.yaml").touch()
    crm(home, "demo", "--customers", str(DEMO_CUSTOMERS))
    truth = home / "data" / "raw" / "demo" / "truth"
    truth.rename(home / "truth")
    crm(home, "prepare", "demo", by=("-c", FEWER_PAIRS))
    (home / "truth").rename(truth)


def crm(home: Path, *words: str, by: tuple[str, ...] = ("-m", "analysis.cli"), **surroundings: str) -> None:
    """Runs the command line in a project's root, as a user would."""
    settings = {**os.environ, "CRM_HOME": str(home), **surroundings}
    done = subprocess.run([sys.executable, *by, *words], env=settings, capture_output=True, text=True, timeout=600)
    assert done.returncode == 0, done.stderr[-2000:]


def copied_project(home: Path, to: Path) -> Path:
    """A project's root of its own, with the notebooks and the publication list, and what `home` holds of data."""
    shutil.copytree(PROJECT / "notebooks", to / "notebooks")
    shutil.copy(PROJECT / "reports.yaml", to)
    shutil.copytree(home / "data", to / "data")
    return to


PANDAS_TYPES = {"int": "Int64", "number": "float64", "bool": "boolean", "date": "datetime64[us]", "timestamp": "datetime64[us]"}


@pytest.fixture
def write_processed(tmp_path):
    """Writes canonical tables from lists of rows (dicts by column; what is left out is null) and returns their folder."""

    def write(**tables: list[dict]) -> Path:
        folder = tmp_path / "processed"
        folder.mkdir(exist_ok=True)
        for name, rows in tables.items():
            frame = pd.DataFrame(rows, columns=list(TABLES[name].column_names))
            kinds = {column.name: PANDAS_TYPES.get(column.type, "string") for column in TABLES[name].columns}
            typed = pd.DataFrame(
                {
                    column: pd.to_datetime(frame[column]).astype(kind)
                    if kind.startswith("datetime")
                    else frame[column].astype(kind)
                    for column, kind in kinds.items()
                }
            )
            typed.to_parquet(folder / f"{name}.parquet", index=False)
        return folder

    return write


@pytest.fixture
def told():
    """Checks that an error is one sentence fit to be read: one line, an end, no doubled stop, none of the `secrets`."""

    def check(error: Exception, *secrets: str) -> None:
        text = str(error)
        assert "\n" not in text
        assert text.endswith((".", "?"))
        assert not any(pair in text.replace("../", "") for pair in ("?.", "..", ". .", ".;", "  ", "!.", " ,", "':.")), text
        assert not any(secret in text for secret in secrets), text

    return check


@pytest.hookimpl(optionalhook=True)
def pytest_xdist_make_scheduler(config: pytest.Config, log):
    """Tests of one module go to one worker, and those of SHARED together, so that what they share is made once; the longest first."""
    from xdist.scheduler import LoadScopeScheduling

    class ByModule(LoadScopeScheduling):
        def _split_scope(self, nodeid: str) -> str:
            module = nodeid.partition("::")[0]
            return SHARED.get(module, module)

    config.option.loadscopereorder = False
    return ByModule(config, log)


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    items.sort(
        key=lambda item: next((place for place, start in enumerate(LONGEST) if item.nodeid.startswith(start)), len(LONGEST))
    )
