"""The two real banks, where their data lie beside the project."""

import shutil
from pathlib import Path

import duckdb
import pandas as pd
import pytest
from tests.conftest import project_root

from analysis.bank.book import open_bank
from analysis.bank.prepare import prepare
from analysis.project import folders

ROOT = Path(__file__).parents[2]
DATA = ROOT.parent / "shared" / "data"
pytestmark = pytest.mark.skipif(not DATA.is_dir(), reason="the real banks' data (../shared/data) are not here")
WITHIN_CROWNS = 10


@pytest.fixture(scope="module")
def home(tmp_path_factory):
    """A project with both banks, prepared."""
    with project_root(tmp_path_factory.mktemp("home")) as root:
        for bank, raw in (("berka", "berka"), ("satisfaction-survey", "satisfaction")):
            target = root / "data" / "raw" / bank
            target.mkdir(parents=True)
            shutil.copy(ROOT / "data" / "raw" / bank / "bank.yaml", target)
            prepare(folders(bank, DATA / raw))
        yield root


@pytest.fixture(scope="module")
def berka(home):
    return open_bank("berka", "1994-03-31")


def test_berka_is_accepted_whole(berka):
    counts = berka.sources["tables"]
    delivered = {"branches": 77, "customers": 5369, "holdings": 12545, "transactions": 52816, "balances": 12210}
    assert {name: table["delivered"] for name, table in counts.items()} == delivered
    assert {name: table["bad_rows"] for name, table in counts.items()} == dict.fromkeys(delivered, 0)


def test_berka_at_the_end_of_a_quarter(berka):
    features = berka.features()
    owners = features[features.deposits.notna()]
    assert len(owners) == 1229
    assert (owners.recency_days > 60).sum() == 0
    assert berka.table("transactions").booked_at.max() < pd.Timestamp("1994-04-01")


def test_balances_agree_with_the_files_own_after_the_months_last_booking(berka):
    """Where a month's last day of bookings has but one, the file's balance after it is unambiguous."""
    own = f"""
        WITH bookings AS (
            SELECT CAST(substr(account_id, 2) AS INT) AS account_id, date, balance, last_day(date) AS month,
                   count(*) OVER (PARTITION BY account_id, date) AS bookings, max(date) OVER (PARTITION BY account_id, last_day(date)) AS latest
            FROM read_csv('{DATA}/berka/trans_*.csv'))
        SELECT customer_id, month, balance
        FROM bookings
        JOIN (SELECT account_id, client_id AS customer_id FROM read_csv('{DATA}/berka/disp.asc', delim = ';') WHERE type = 'OWNER') USING (account_id)
        WHERE date = latest AND bookings = 1"""
    with duckdb.connect() as connection:
        stated = connection.sql(own).df().assign(customer_id=lambda frame: frame.customer_id.astype(str))
    both = stated.merge(berka.table("balances"), on=["customer_id", "month"])
    assert len(both) > 5000
    assert (both.balance - both.deposits).abs().max() <= WITHIN_CROWNS


def test_the_satisfaction_survey(home):
    survey = open_bank("satisfaction-survey")
    assert {name: table["delivered"] for name, table in survey.sources["tables"].items()} == {
        "answers": 6750,
        "customers": 250,
        "surveys": 250,
    }
    assert all(table["bad_rows"] == 0 for table in survey.sources["tables"].values())
    answers = survey.table("answers")
    assert len(answers) == 6750
    assert answers.value.between(0, 10).all()
    assert answers.groupby("item").size().eq(250).all()
    assert set(answers.item) == set(survey.config.survey.items)
