"""Demo banks made once a session, and what lay behind them: the people and their lives, from the same streams of chance."""

from dataclasses import dataclass, fields
from pathlib import Path
from types import SimpleNamespace

import duckdb
import numpy as np
import pandas as pd
import pytest
from tests.conftest import DEMO_CUSTOMERS, project_root

from analysis.bank import standards
from analysis.bank.config import read_config
from analysis.bank.contracts import TABLES
from analysis.bank.demo import make_demo_bank, making
from analysis.bank.demo.history import History
from analysis.bank.demo.worlds import DEFAULT_SEED, make_world
from analysis.bank.prepare import prepare
from analysis.bank.sources import load_files, select_table
from analysis.project import folders

LARGE, SMALL = 6000, 600
SMALL_BLOCK = 200
FIRST_NUMBER = 1_000_000_001


@dataclass(frozen=True)
class Bank:
    """A delivered bank: its folder and a connection with its raw_ relations, the truth, and `who` (customer_id as written →
    customer, the row of `people`). `people` and `lived` (a History of all customers) are what the files were made from."""

    folder: Path
    con: duckdb.DuckDBPyConnection
    cast: object
    lived: History | SimpleNamespace

    @property
    def people(self) -> pd.DataFrame:
        return self.cast.people

    def ask(self, sql: str) -> tuple:
        """The one row of an answer."""
        return self.con.execute(sql).fetchall()[0]

    def frame(self, sql: str) -> pd.DataFrame:
        return self.con.execute(sql).fetch_df()

    def file(self, name: str, **options) -> pd.DataFrame:
        """A CSV file as text, nothing read into it."""
        return pd.read_csv(self.folder / name, dtype=str, keep_default_na=False, **options)


def deliver(folder: Path, customers: int) -> Bank:
    """Makes a bank of the default world and reads it."""
    make_demo_bank(folder, customers=customers)
    return delivered(folder, customers)


def delivered(folder: Path, customers: int) -> Bank:
    """A bank of the default world, read through its own bank.yaml."""
    config, con = read_config(folder / "bank.yaml"), duckdb.connect()
    standards.register(con)
    load_files(con, config, folder)
    for name in config.tables:
        select_table(con, config, folder / "bank.yaml", TABLES[name])
    for name in ("customers", "parties", "effects", "groups", "risks"):
        con.register(f"truth_{name}", pd.read_parquet(folder / "truth" / f"{name}.parquet"))
    con.execute(f"""CREATE TABLE who AS SELECT source || ':' || source_id AS customer_id,
        CAST(customer_id AS BIGINT) - {FIRST_NUMBER} AS customer FROM truth_parties""")
    cast, lived = behind(customers)
    people = cast.people.assign(closed=lived.closed, uses_app=cast.traits.uses_app, wealth=cast.traits.wealth)
    con.register("people", people.astype(dict.fromkeys(("opened", "closed", "birth_date"), "datetime64[s]")))
    return Bank(folder, con, cast, lived)


def behind(customers: int) -> tuple[object, SimpleNamespace]:
    """The people of a bank of the default world and what became of them, made as `make_demo_bank` makes them."""
    cast = making._cast(making._streams(DEFAULT_SEED, making.STREAMS), make_world(), customers)
    histories = []
    for number, start in enumerate(range(0, customers, making.BLOCK)):
        rows = np.arange(start, min(start + making.BLOCK, customers))
        histories.append(making._Block(cast, rows, making._streams(DEFAULT_SEED, making.BLOCK_STREAMS, number)).history)
    joined = {
        field.name: np.concatenate([getattr(one, field.name) for one in histories], axis=1 if field.name == "struck" else 0)
        for field in fields(History)
        if field.name != "snapshots"
    }
    return cast, SimpleNamespace(**joined)


@pytest.fixture(scope="session")
def bank(tmp_path_factory) -> Bank:
    """A bank of two blocks, at the default seed."""
    return deliver(tmp_path_factory.mktemp("large") / "demo", LARGE)


@pytest.fixture(scope="session")
def middle(shared_demo) -> Bank:
    """The demo bank of 1,500 that is prepared."""
    return delivered(shared_demo / "data" / "raw" / "demo", DEMO_CUSTOMERS)


@pytest.fixture(scope="session")
def prepared(shared_demo):
    """The same bank, prepared once and once more."""
    with project_root(shared_demo):
        return prepare(folders("demo"))


@pytest.fixture(scope="session")
def in_blocks(tmp_path_factory) -> Path:
    """The folder of a small bank made in three blocks."""
    folder = tmp_path_factory.mktemp("blocks") / "demo"
    with pytest.MonkeyPatch.context() as changed:
        changed.setattr(making, "BLOCK", SMALL_BLOCK)
        make_demo_bank(folder, customers=SMALL)
    return folder
