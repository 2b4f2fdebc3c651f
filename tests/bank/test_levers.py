import datetime as dt

import duckdb
import numpy as np
import pandas as pd
import pytest
from tests.long.bank_frames import simulated

from analysis.bank import levers_sql
from analysis.bank.demo.worlds import LEVERS
from analysis.bank.levers import people_from, struck, struck_from, window_days
from analysis.study import lever_words
from analysis.study.churn import ChurnRule
from analysis.study.lever_people import lever_people

OPENED = dt.date(2024, 6, 30)
OPENING_MONTH = 23


def day(text: str) -> pd.Timestamp:
    return pd.Timestamp(text)


def people(**columns) -> pd.DataFrame:
    """Three customers of two branches in one city; A stays, B goes dormant, C closes on 10 October (month 4)."""
    given = {
        "customer_id": ["A", "B", "C"], "branch_id": ["B1", "B2", "B1"], "left": [False, True, True], "closed": [False, False, True],
        "dormant": [False, True, False], "run_off": False, "involuntary": False, "tenure_months": [30.0, 60.0, 90.0],
        "closed_date": [pd.NaT, pd.NaT, day("2024-10-10")], "assets_3m": [1000.0, 2000.0, 3000.0],
        "last_own_date": [day("2025-06-20"), day("2024-08-15"), day("2024-10-02")],
    }  # fmt: skip
    return pd.DataFrame({**given, **columns})


def read(who: pd.DataFrame | None = None, **tables: pd.DataFrame) -> dict[str, pd.DataFrame]:
    """The opportunities that these tables tell of."""
    whole = {"branches": pd.DataFrame({"branch_id": ["B1", "B2"], "city": ["X", "X"]}), **tables}
    with duckdb.connect() as connection:
        for name, table in whole.items():
            dates = {column: pd.to_datetime(table[column]) for column in table if column.endswith(("_date", "_at", "month"))}
            connection.register(f"given_{name}", table.assign(**dates))
        return struck(connection, {name: f"given_{name}" for name in whole}, people() if who is None else who, OPENED, 12).levers


def rows(frame: pd.DataFrame, *columns: str) -> list[tuple]:
    return list(frame[["customer_id", "month", "struck", *columns]].itertuples(index=False, name=None))


def gone(given: pd.DataFrame, balances: pd.DataFrame | None = None) -> list:
    relations = {} if balances is None else {"balances": "balances"}
    with duckdb.connect() as connection:
        connection.register("balances", balances if balances is not None else pd.DataFrame({"x": [1]}))
        found = people_from(connection, relations, given, OPENED, 12)
    return found["gone_month"].tolist() + found["closed_month"].tolist()


def test_months_count_from_the_day_after_the_opening():
    days = window_days(dt.date(2024, 6, 15), 2).set_index("day")["month"]
    assert (days.index.min(), days.index.max()) == (dt.date(2024, 6, 16), dt.date(2024, 8, 15))
    assert days[[dt.date(2024, 7, 15), dt.date(2024, 7, 16)]].tolist() == [1, 2]


def test_who_left_is_gone_with_the_closing_or_the_first_month_of_silence():
    assert gone(people()) == [pd.NA, 3, 4, pd.NA, pd.NA, 4]


def test_who_was_silent_from_the_opening_on_is_gone_in_month_one():
    assert gone(people(last_own_date=day("2024-05-01")))[1] == 1


def test_who_ran_off_is_gone_with_the_last_fall_below_half():
    months = pd.date_range("2024-07-31", periods=12, freq="ME")
    assets = [1000, 900, 400, 600, 499, 100, 0, 0, 0, 0, 0, 0]
    both = [pd.DataFrame({"customer_id": "A", "month": months, "basis": basis, "deposits": values, "wealth": None})
            for basis, values in (("average", assets), ("end", [9999] * 12))]  # fmt: skip
    given = people(left=True, closed=False, dormant=False, run_off=True)
    assert gone(given, pd.concat(both))[0] == 5


def test_who_closed_after_a_run_off_was_gone_with_its_beginning():
    months = pd.date_range("2024-07-31", periods=4, freq="ME")
    fallen = pd.DataFrame(
        {"customer_id": "C", "month": months, "basis": "average", "deposits": [3000, 2900, 100, 50], "wealth": 0}
    )
    assert gone(people(), fallen)[2] == 3
    visits = pd.DataFrame({"customer_id": "C", "started_at": [day("2024-08-30"), day("2024-09-02")], "wait_minutes": 1.0})
    visits = visits.assign(channel="branch", branch_id="B1", purpose="cash", outcome="done")
    assert rows(read(balances=fallen, contacts=visits)["long_wait"]) == [("C", 2, False)]


def test_a_complaint_counts_in_the_month_of_its_fifteenth_day():
    found = read(
        complaints=pd.DataFrame(
            {
                "customer_id": ["A", "A", "B", "B", "C", "Z"],
                "received_at": [day("2024-07-16 09:00"), day("2024-07-17"), day("2024-06-10"), day("2024-08-20"), day("2024-07-01"), day("2024-07-01")],
                "resolved_at": [day("2024-07-31 18:00"), day("2024-08-02"), pd.NaT, pd.NaT, day("2024-07-02"), pd.NaT],
                "severity": [2, 4, 5, 5, 1, 3],
                "branch_id": "B1",
            }
        )
    )["unresolved_complaint"]  # fmt: skip
    assert rows(found, "severity", "received_month", "unit") == [
        ("A", 1, False, 2, 1, "X 1"), ("A", 2, True, 4, 1, "X 2"), ("C", 1, False, 1, 1, "X 1"),
    ]  # fmt: skip


def test_a_wait_of_thirty_minutes_is_long_and_a_visit_without_one_is_none():
    found = read(
        contacts=pd.DataFrame(
            {
                "customer_id": ["A", "A", "A", "B", "B", "C"],
                "started_at": [day("2024-07-02 09:59"), day("2024-07-03 10:00"), day("2024-08-05 16:10"), day("2024-07-09 13:00"), day("2024-07-10"), day("2024-10-01")],
                "channel": ["branch", "branch", "branch", "branch", "phone", "branch"],
                "wait_minutes": [30.0, 2.0, None, 29.9, 90.0, 50.0],
                "branch_id": ["B1", "B2", "B1", "B2", None, "B1"], "purpose": "cash", "outcome": "done",
            }
        )
    )["long_wait"]  # fmt: skip
    shown = rows(found, "visits", "visits_opening", "visits_midday", "visits_afternoon", "visits_late", "unit")
    assert shown == [("A", 1, True, 2, 1, 1, 0, 0, "B1"), ("B", 1, False, 1, 0, 0, 1, 0, "B2")]


def test_a_fee_rise_strikes_who_holds_a_card_on_the_day():
    cards = pd.DataFrame(
        {
            "customer_id": ["A", "B", "C", "C"], "product": ["card", "card", "term", "card"],
            "opened_date": [day("2020-01-01"), day("2020-01-01"), day("2020-01-01"), day("2024-08-02")],
            "matures_date": pd.NaT, "closed_date": [pd.NaT, day("2024-07-20"), pd.NaT, pd.NaT],
        }
    )  # fmt: skip
    fees = pd.DataFrame(
        {
            "product": ["card", "card", "term"], "branch_id": ["B1", "B2", "all"], "old_fee": [5.0, 5.0, 1.0], "new_fee": [9.0, 4.0, 2.0],
            "effective_date": [day("2024-08-01"), day("2024-07-01"), day("2024-07-01")],
        }
    )  # fmt: skip
    found = read(tariffs=fees, holdings=cards)["fee_rise"]
    assert rows(found[found["struck"]], "card", "cohort", "unit") == [("A", 2, True, True, 2, "B1")]
    assert found.groupby("customer_id")["month"].agg(["min", "max"]).to_numpy().tolist() == [[1, 12], [1, 2], [1, 3]]
    assert found.groupby("customer_id")["card"].sum().tolist() == [12, 1, 2]
    assert found.loc[found["customer_id"] == "B", "cohort"].isna().all()


def test_a_manager_who_leaves_strikes_and_one_whose_customer_left_does_not():
    spans = pd.DataFrame(
        {
            "customer_id": ["A", "A", "B"], "manager_id": ["M1", "M2", "M3"],
            "from_date": [day("2020-01-01"), day("2024-07-13"), day("2020-01-01")],
            "until_date": [day("2024-07-12"), pd.NaT, day("2024-08-01")], "reason": ["poached", None, "customer_left"],
        }
    )  # fmt: skip
    rates = pd.DataFrame(
        {"area": "X", "month": [day("2024-07-31")], "product": "term", "own_rate": 0.02, "competitor_rate": 0.024}
    )
    found = read(assignments=spans, market_rates=rates)["manager_left"]
    first = found[found["month"] == 1]
    assert rows(first, "unit", "push") == [("A", 1, True, "M1", 0.004), ("B", 1, False, "M3", 0.004)]
    assert found["struck"].sum() == 1
    assert found.loc[found["month"] == 2, "unit"].tolist() == ["M2", "M3"]
    assert found.loc[found["month"] == 2, "push"].isna().all()


def test_an_outage_strikes_who_failed_within_it_and_counts_tries_of_the_windows_of_its_month():
    outage = pd.DataFrame(
        {"incident_id": ["I1", "I2", "I3"], "scope": ["channel", "branch", "all"], "channel": ["app", None, None],
         "started_at": [day("2024-07-31 10:00")] * 2 + [day("2024-09-12 10:00")],
         "ended_at": [day("2024-07-31 12:00")] * 2 + [day("2024-09-12 12:00")]}
    )  # fmt: skip
    tries = [("A", "2024-07-31 11:00", "failed"), ("A", "2024-07-03 10:30", "done"), ("B", "2024-07-24 12:00", "failed"),
             ("B", "2024-07-31 12:01", "failed"), ("C", "2024-06-26 11:00", "done"), ("C", "2024-08-29 11:00", "done"),
             ("A", "2024-08-29 11:00", "done"), ("A", "2024-09-05 11:00", "done")]  # fmt: skip
    contacts = pd.DataFrame(tries, columns=["customer_id", "started_at", "outcome"])
    contacts = contacts.assign(
        started_at=pd.to_datetime(contacts["started_at"]), channel="app", purpose="login", wait_minutes=None, branch_id=None
    )
    found = read(incidents=outage, contacts=contacts)["app_outage"]
    assert rows(found, "logins_matched", "unit") == [("A", 1, True, 2, "I1"), ("A", 3, False, 1, "I3"), ("B", 1, False, 1, "I1")]


def test_a_rate_strikes_who_has_a_deposit_maturing_in_a_pushed_month():
    held = pd.DataFrame(
        {
            "customer_id": ["A", "B", "C"], "product": ["term", "wealth", "fund"], "opened_date": day("2024-01-05"),
            "matures_date": [day("2024-07-05"), day("2024-08-05"), day("2024-07-05")], "closed_date": pd.NaT,
        }
    )  # fmt: skip
    rates = pd.DataFrame(
        {"area": "X", "month": [day("2024-07-31"), day("2024-08-31"), day("2024-11-30")], "product": "term", "own_rate": 0.02, "competitor_rate": [0.024, 0.023, 0.02]}
    )  # fmt: skip
    found = read(market_rates=rates, holdings=held)["competitor_rate"]
    assert rows(found, "matures", "pushed", "term_held", "wealth_held", "unit") == [
        ("A", 1, True, True, True, 1, 0, "X 1"), ("A", 2, False, False, False, 1, 0, "X 2"), ("A", 5, False, False, False, 1, 0, "X 5"),
        ("B", 2, False, True, False, 0, 1, "X 2"),
    ]  # fmt: skip
    assert found["amount_class"].tolist() == [1, 1, 1, 2]
    assert read(people(assets_3m=np.nan), market_rates=rates, holdings=held)["competitor_rate"]["amount_class"].isna().all()


def test_who_could_not_have_matured_yet_is_no_comparison_and_who_rolled_over_is():
    held = pd.DataFrame(
        {
            "customer_id": ["A", "B", "B"], "product": "term", "opened_date": [day("2024-03-05"), day("2023-03-05"), day("2024-03-05")],
            "matures_date": [day("2025-03-05"), day("2024-03-05"), day("2025-03-05")], "closed_date": [pd.NaT, day("2024-03-05"), pd.NaT],
        }
    )  # fmt: skip
    rates = pd.DataFrame(
        {"area": "X", "month": [day("2024-07-31"), day("2025-03-31")], "own_rate": 0.02, "competitor_rate": 0.024}
    )
    found = read(market_rates=rates, holdings=held)["competitor_rate"]
    assert rows(found) == [("A", 9, True), ("B", 1, False)]
    assert found["due"].round(4).tolist() == [round(30.4 / 365, 4)] * 2


def test_a_lever_without_its_tables_is_not_there():
    assert read() == {}


@pytest.fixture(scope="module")
def simulated_bank():
    """People, levers, and by lever the true strikes: customers × months of the window."""
    rule = ChurnRule(12, 180, 0.8)
    with simulated(600, 5) as bank:
        before, after = bank.book.features(OPENED), bank.book.features(rule.end(OPENED))
        found = bank.book.struck(lever_people(before, after, OPENED, rule), OPENED, 12)
        row = bank.cast.people.reset_index().set_index("customer_id")["index"][found.people["customer_id"]].to_numpy()
        history = bank.blocks[0].history
        window = slice(OPENING_MONTH + 1, OPENING_MONTH + 13)
        yield found, history.struck[:, row, window], history.churn_month[row] - OPENING_MONTH


def grid(found, lever: str) -> np.ndarray:
    """Customers × months: whom the tables tell to be struck. A complaint strikes in the month after its receipt, as the bank was made."""
    hit = found.levers[lever].query("struck")
    month = hit["received_month"] + 1 if lever == "unresolved_complaint" else hit["month"]
    read = np.zeros((len(found.people), 13), bool)
    read[pd.Index(found.people["customer_id"]).get_indexer(hit["customer_id"]), month - 1] = True
    return read[:, :12]


@pytest.mark.parametrize("lever", LEVERS)
def test_what_is_read_from_tables_is_what_struck(simulated_bank, lever):
    found, true, churn = simulated_bank
    seen = found.people[["gone_month", "closed_month"]].min(axis=1).fillna(13).to_numpy(dtype=int)
    both = np.arange(1, 13) < np.minimum(seen, churn)[:, None]
    if lever == "unresolved_complaint":
        both[:, 0] = False  # received in the first half of the month before: its fifteenth day lies before the window
    strikes, read = true[LEVERS.index(lever)] & both, grid(found, lever) & both
    assert strikes.sum() > 20
    assert (read & ~strikes).sum() == 0
    assert (strikes & read).sum() >= 0.96 * strikes.sum()


def test_leaving_begins_when_it_begins(simulated_bank):
    found, _, churn = simulated_bank
    left = found.people["left"].to_numpy() & (churn >= 1) & (churn <= 12)
    late = found.people.loc[left, "gone_month"].to_numpy(dtype=int) - churn[left]
    assert left.sum() > 20
    assert np.abs(late).max() <= 1
    assert (late == 0).mean() >= 0.75


def test_words_and_queries_speak_of_the_same_numbers():
    for name in ("DAYS_TO_RESOLVE", "LONG_WAIT_MINUTES", "GAP_FELT", "MATCHED_WEEKS"):
        assert getattr(lever_words, name) == getattr(levers_sql, name)
    assert tuple(lever_words.LEVER_WORDS) == tuple(levers_sql.SELECTS) == LEVERS


def test_struck_from_asks_for_no_more_than_it_says():
    asked = pd.DataFrame({"customer_id": ["A"], "branch_id": [None], "area": [None], "gone_month": pd.array([None], "Int64"),
                          "closed_month": pd.array([None], "Int64"), "tenure_months": 1.0, "assets_3m": 1.0})  # fmt: skip
    with duckdb.connect() as connection:
        connection.register(
            "told", pd.DataFrame({"customer_id": ["A"], "received_at": [day("2024-07-01")], "resolved_at": [pd.NaT]}).assign(severity=None, branch_id=None)
        )  # fmt: skip
        found = struck_from(connection, {"complaints": "told"}, asked, OPENED, 12)["unresolved_complaint"]
    assert rows(found, "severity", "unit") == [("A", 1, True, 0, " 1")]
