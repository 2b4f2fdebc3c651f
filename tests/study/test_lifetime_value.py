import datetime as dt

import numpy as np
import pandas as pd
import pytest

from analysis.errors import NotProduced
from analysis.study.lifetime_alive import alive_cells, alive_exhibit
from analysis.study.lifetime_contribution import contribution_exhibit, contribution_findings
from analysis.study.lifetime_holdout import held_out, holdout_exhibit, relative_error, silence_exhibit, silence_table
from analysis.study.lifetime_model import fit_model, payers
from analysis.study.lifetime_value import lifetime_value
from analysis.study.lifetime_year import with_bases
from analysis.wording import Message

AS_OF, LANDMARK, EARLIER = dt.date(2025, 6, 30), dt.date(2024, 6, 30), dt.date(2023, 6, 30)
START = dt.date(2022, 7, 1)
TIERS = {"affluent": 100.0}
LAST_DAY = 1461


class Bank:
    """Customers who pay at a pace of their own and stop with a chance of their own after a payment, as the model supposes; of those
    who stopped a share `returns` after about three hundred days."""

    def __init__(self, size: int = 900, returns: float = 0.0, stops: float = 0.02, seed: int = 1):
        random = np.random.default_rng(seed)
        self.random, self.size = random, size
        self.days = [self._life(random.gamma(3.0, 0.02), stops * random.gamma(2.0, 0.5), returns) for _ in range(size)]
        self.amount = 1 / random.gamma(4.0, 0.01, size)
        self.assets = np.where(random.random(size) < 0.3, 500.0, 50.0)

    def _life(self, pace: float, stops: float, returns: float) -> np.ndarray:
        gaps = np.ceil(self.random.exponential(1 / pace, 400)).clip(1)
        days = np.floor(gaps.cumsum()).astype(int)
        alive_for = 1 + self.random.geometric(min(max(stops, 1e-9), 1.0))
        stopped = days[:alive_for]
        if alive_for < 400 and self.random.random() < returns:
            stopped = np.concatenate([stopped, days[alive_for:] + 300])
        return stopped[stopped < LAST_DAY]

    def features(self, day: dt.date) -> pd.DataFrame:
        end = (day - START).days
        seen = [days[days <= end] for days in self.days]
        paid = [len(days) > 0 for days in seen]
        count = np.array([len(days) for days in seen])
        return pd.DataFrame(
            {
                "customer_id": [f"C{number:04}" for number in range(self.size)],
                "closed_date": pd.Series(pd.NaT, range(self.size), dtype="datetime64[us]"),
                "payment_days": count,
                "first_payment_days": [end - days[0] if any_ else None for days, any_ in zip(seen, paid, strict=True)],
                "last_payment_days": [end - days[-1] if any_ else None for days, any_ in zip(seen, paid, strict=True)],
                "payments_total": self.random.gamma(2.0 * count.clip(1)) * self.amount,
                "assets_3m": self.assets,
                "contribution_12m": 100.0,
            }
        )

    def history(self) -> dict[dt.date, pd.DataFrame]:
        return {day: self.features(day) for day in (EARLIER, LANDMARK, AS_OF)}


@pytest.fixture(scope="module")
def bank() -> Bank:
    return Bank()


@pytest.fixture(scope="module")
def faithful(bank):
    return lifetime_value(bank.history(), AS_OF, TIERS, "CNY")


@pytest.fixture(scope="module")
def returning():
    return held_out(Bank(returns=0.8, stops=0.04, seed=2).history(), AS_OF, TIERS)


def test_where_customers_do_as_the_model_supposes_it_holds(faithful):
    found = {finding.id: finding for finding in faithful.findings}
    bias = found["lifetime.holdout_bias"]
    assert bias.low <= 0 <= bias.high
    assert abs(bias.value) < 0.06
    assert "within noise" in str(bias.text)
    assert str(faithful.holdout.title).startswith("In no group is the model off")
    assert "fails" not in str(faithful.silence.title)
    assert faithful.lifetime.frame["error"].iloc[-1] == pytest.approx(bias.value)


def test_the_year_to_come_lies_in_the_range_of_outcomes(bank, faithful):
    end = (AS_OF - START).days
    payers_now = [days for days in bank.days if (days <= end).any()]
    came = np.mean([((days > end) & (days <= end + 365)).sum() for days in payers_now])
    whole = faithful.lifetime.frame.iloc[-1]
    assert whole["customers"] == len(payers_now)
    assert whole["days_least"] < came < whole["days_most"]
    assert whole["days_least"] < whole["days_low"] < whole["days"] < whole["days_high"] < whole["days_most"]
    assert whole["paid_least"] < whole["paid"] < whole["paid_most"]


def test_tiers_and_all_are_told_each_with_last_years_error(faithful):
    frame = faithful.lifetime.frame
    assert frame["tier"].tolist() == ["affluent", "mass", "all"]
    assert frame["customers"].iloc[:2].sum() == frame["customers"].iloc[2]
    mean = np.average(frame["days"].iloc[:2], weights=frame["customers"].iloc[:2])
    assert frame["days"].iloc[2] == pytest.approx(mean)
    assert frame["error"].notna().all()
    ids = [finding.id for finding in faithful.findings]
    assert len(ids) == len(set(ids))
    assert {"lifetime.alive_share", "lifetime.payments_next_year", "lifetime.volume_next_year"} <= set(ids)
    assert "lifetime.affluent.payments_next_year" in ids


def test_the_share_still_paying_is_that_of_the_simulation(bank, faithful):
    end = (AS_OF - START).days
    still = np.mean([(days > end).any() for days in bank.days if (days <= end).any()])
    assert faithful.findings[0].value == pytest.approx(still, abs=0.04)


def test_what_the_model_says_is_told_as_its_own_with_what_came_a_year_ago(bank, faithful):
    landmark, end = (LANDMARK - START).days, (AS_OF - START).days
    again = np.mean([((days > landmark) & (days <= end)).any() for days in bank.days if (days <= landmark).any()])
    text = str(faithful.findings[0].text)
    assert text.startswith("If the lifetime model holds, ")
    assert f"were expected to pay again within twelve months, and {again:.1%} did" in text
    assert str(faithful.lifetime.title).startswith("If the model holds, ")


def test_the_silent_who_come_back_are_told_in_the_title(returning):
    table = silence_table(returning).set_index("band")
    assert table.loc["silent", "again"] > table.loc["silent", "expected_again"]
    assert table.loc["silent", "sign"] == -1
    assert "fails for customers silent for" in str(silence_exhibit(returning, AS_OF).title)


def test_a_share_of_few_is_not_told(returning):
    few = returning[returning["band"].eq("silent")].copy()
    few["again"] = np.arange(len(few)) < 9
    rest = returning[returning["band"].ne("silent")]
    assert silence_table(pd.concat([few, rest])).set_index("band")["again"].isna()["silent"]
    assert "silent" not in set(silence_table(pd.concat([few.head(9), rest]))["band"])


def test_the_model_sees_nothing_of_the_year_held_out(bank):
    history = bank.history()
    usual = held_out(history, AS_OF, TIERS)
    changed = history[AS_OF].assign(payment_days=history[AS_OF]["payment_days"] * 3, contribution_12m=0.0)
    other = held_out({**history, AS_OF: changed}, AS_OF, TIERS)
    assert (other["days"] > usual["days"]).all()
    assert other["expected_days"].tolist() == usual["expected_days"].tolist()


def test_closed_customers_teach_the_model_but_are_not_predicted(bank):
    features = bank.features(LANDMARK)
    closed = features["last_payment_days"].ge(180)
    marked = features.assign(closed_date=features["closed_date"].mask(closed, pd.Timestamp(LANDMARK)))
    checked = held_out({**bank.history(), LANDMARK: marked}, AS_OF, TIERS)
    assert not checked["band"].eq("silent").any()
    usual = held_out(bank.history(), AS_OF, TIERS)
    assert checked["expected_days"].tolist() == usual.loc[checked.index, "expected_days"].tolist()


def test_the_year_before_is_shown_where_the_history_reaches(bank):
    history = bank.history()
    series = {str(name) for name in holdout_exhibit(held_out(history, AS_OF, TIERS), AS_OF).frame["series"]}
    assert series == {"What came", "Model", "Year before"}
    del history[EARLIER]
    series = {str(name) for name in holdout_exhibit(held_out(history, AS_OF, TIERS), AS_OF).frame["series"]}
    assert series == {"What came", "Model"}


def test_without_a_year_to_hold_out_the_rest_is_told(bank):
    result = lifetime_value({AS_OF: bank.features(AS_OF)}, AS_OF, {}, "CNY")
    assert "30 June 2024" in str(result.holdout.absent)
    assert result.silence.absent is not None
    assert result.contribution.absent is not None
    assert result.lifetime.frame["tier"].tolist() == ["all"]
    assert "error" not in [column.name for column in result.lifetime.columns]


def test_what_the_data_cannot_answer_is_said(bank):
    features = bank.features(AS_OF)
    with pytest.raises(NotProduced, match="no transactions"):
        lifetime_value({AS_OF: features.drop(columns=["payment_days"])}, AS_OF, TIERS, "CNY")
    with pytest.raises(NotProduced, match="needs 200"):
        lifetime_value({AS_OF: features.head(150)}, AS_OF, TIERS, "CNY")
    steady = fit_model(payers(Bank(size=300, stops=0.0, seed=3).features(AS_OF), TIERS))
    assert isinstance(steady, Message)


@pytest.mark.parametrize(
    ("unpaid", "told"),
    [
        ([0, 0], {"affluent", "mass", "all"}),
        ([0, 9], {"affluent"}),
        ([1, 20], {"all"}),
        ([10, 20], {"affluent", "mass", "all"}),
    ],
)
def test_a_base_from_which_the_few_who_never_paid_follow_is_not_told(unpaid, told):
    payers_of = {"affluent": 30, "mass": 60}
    table = pd.DataFrame({"tier": [*payers_of, "all"], "customers": [30, 60, 90]})
    customers = pd.DataFrame({"tier": np.repeat(list(payers_of), list(payers_of.values()))})
    opened = pd.DataFrame({"assets_3m": np.repeat([500.0, 50.0], [30 + unpaid[0], 60 + unpaid[1]])})
    shown = with_bases(table, customers, opened, TIERS)
    assert set(shown.loc[shown["base"].notna(), "tier"]) == told


def test_a_hidden_base_is_in_no_finding_and_no_table(bank):
    features = bank.features(AS_OF)
    features.loc[features.index[:3], ["payment_days", "payments_total"]] = 0
    result = lifetime_value({AS_OF: features}, AS_OF, {}, "CNY")
    assert {finding.base for finding in result.findings} == {None}
    assert result.lifetime.frame["customers"].isna().all()
    assert "never paid cannot be counted" in str(result.lifetime.subtitle)


def test_contribution_that_stays_or_goes_with_payments(returning):
    stays = returning.assign(contribution_after=returning["contribution"])
    finding = contribution_findings(stays)[0]
    assert finding.value == pytest.approx(1)
    assert finding.compare_to < 0.5
    assert "does not go with payments" in str(contribution_exhibit(stays, AS_OF, "CNY").title)
    goes = returning.assign(
        contribution_after=np.where(np.random.default_rng(5).random(len(returning)) < returning["alive"], 100.0, 0.0)
    )
    assert "as expected within noise" in str(contribution_exhibit(goes, AS_OF, "CNY").title)
    assert "Too few" in str(contribution_exhibit(returning[returning["alive"] > 0.95], AS_OF, "CNY").title)
    assert contribution_exhibit(returning.assign(contribution=np.nan), AS_OF, "CNY").absent is not None


def test_the_same_silence_tells_more_of_a_busy_customer(returning):
    cells = alive_cells(returning)
    assert cells["customers"].min() >= 10
    one = cells[cells["band"].eq("under_90")].sort_values("pace")
    assert one["alive"].is_monotonic_decreasing
    assert "30 to 89 days" in str(alive_exhibit(returning, AS_OF).title) or "90 to 179 days" in str(
        alive_exhibit(returning, AS_OF).title
    )
    assert "means different things" not in str(alive_exhibit(returning.assign(alive=0.9), AS_OF).title)


def test_payers_are_customers_with_a_payment_in_weeks():
    features = pd.DataFrame(
        {
            "customer_id": ["a", "b", "c"], "payment_days": [5, 0, 1], "first_payment_days": [70, None, 7],
            "last_payment_days": [35, None, 7], "payments_total": [50.0, 0.0, 3.0], "closed_date": [pd.NaT, pd.NaT, pd.Timestamp(AS_OF)],
        }
    )  # fmt: skip
    table = payers(features, TIERS)
    assert table.index.tolist() == ["a", "c"]
    assert table[["frequency", "recency", "age", "purchases", "mean", "silent_days"]].to_numpy().tolist() == [
        [4, 5, 10, 5, 10, 35], [0, 0, 1, 1, 3, 7],
    ]  # fmt: skip
    assert table["band"].tolist() == ["under_90", "under_30"]
    assert table["is_open"].tolist() == [True, False]
    assert table["tier"].isna().all()


def test_relative_error_is_that_of_totals():
    error = relative_error(pd.Series([1.0, 2.0, 6.0]), pd.Series([1.0, 3.0, 2.0]))
    assert error.value == pytest.approx(0.5)
    residual = np.array([1 - 1.5, 2 - 4.5, 6 - 3.0])
    assert error.high - error.value == pytest.approx(1.959964 * np.sqrt((residual**2).sum() * 3 / 2) / 6)
    assert relative_error(pd.Series([1.0, 1.0]), pd.Series([0.0, 0.0])).value is None
