import datetime as dt
from calendar import monthrange

import numpy as np
import pandas as pd
import pytest

from analysis.bank import engine
from analysis.bank.engine import feature_frame

LANDMARK = dt.date(2024, 3, 31)
CUSTOMERS = [
    {"customer_id": "C", "opened_date": "2024-03-31"},
    {"customer_id": "A", "kind": "personal", "birth_date": "1984-03-31", "opened_date": "2023-03-31"},
    {"customer_id": "B", "kind": "corporate"},
]


def booking(number, at, amount, channel=None, by=None, customer="A"):
    return {
        "transaction_id": str(number),
        "customer_id": customer,
        "booked_at": at,
        "amount": amount,
        "channel": channel,
        "initiated_by": by,
    }


def balance(month, deposits, wealth=None, loans=None, basis="end", customer="A"):
    year, number = map(int, month.split("-"))
    last = f"{month}-{monthrange(year, number)[1]}"
    return {"customer_id": customer, "month": last, "basis": basis, "deposits": deposits, "wealth": wealth, "loans": loans}


def one(frame, customer="A"):
    return frame.set_index("customer_id").loc[customer]


def test_only_customers(write_processed):
    frame = feature_frame(write_processed(customers=CUSTOMERS), LANDMARK)
    assert frame.columns.tolist() == [
        "customer_id", "kind", "sex", "branch_id", "industry", "size", "risk_grade", "opened_date", "closed_date",
        "exit_reason", "age_years", "tenure_months",
    ]  # fmt: skip
    assert frame.customer_id.tolist() == ["A", "B", "C"]
    assert frame.age_years.tolist() == pytest.approx([14610 / 365.25, np.nan, np.nan], nan_ok=True)
    assert frame.tenure_months.tolist() == pytest.approx([366 / 30.4375, np.nan, 0], nan_ok=True)


def test_transactions(write_processed):
    bookings = [
        booking(1, "2024-03-31 10:00", 100, "app"),
        booking(2, "2024-03-02 00:00", -30, "app", "customer"),
        booking(3, "2024-03-02 23:59", -1),
        booking(4, "2024-03-01 23:59", -20, "branch"),
        booking(5, "2024-01-02 00:00", 50, "atm"),
        booking(6, "2024-01-01 23:59", -5, "web"),
        booking(7, "2023-04-02 00:00", 1000, "pos"),
        booking(8, "2023-04-01 23:59", 7, "app"),
        booking(9, "2024-03-30 00:00", 9, by="bank"),
        booking(10, "2024-03-30 00:00", 9, by="bank", customer="B"),
    ]
    frame = feature_frame(write_processed(customers=CUSTOMERS, transactions=bookings), LANDMARK)
    expected = {
        "recency_days": 0, "active_days_90d": 4,
        "transactions_30d": 3, "inflow_30d": 100, "outflow_30d": 31,
        "transactions_90d": 5, "inflow_90d": 150, "outflow_90d": 51,
        "transactions_365d": 7, "inflow_365d": 1150, "outflow_365d": 56,
        "app_share": 2 / 7, "branch_share": 1 / 7, "atm_share": 1 / 7, "web_share": 1 / 7, "pos_share": 1 / 7, "phone_share": 0,
    }  # fmt: skip
    assert one(frame)[list(expected)].to_dict() == pytest.approx(expected)
    none = one(frame, "B")
    assert none[["transactions_30d", "inflow_365d", "outflow_365d", "active_days_90d"]].tolist() == [0, 0, 0, 0]
    assert none[["recency_days", "app_share"]].isna().all()


ASSETS = [balance("2023-03", 99999), *(balance(month, 300) for month in ("2023-10", "2023-11", "2023-12")), balance("2024-01", 400),
          balance("2024-02", 450, 50), balance("2024-03", 500, 100, 50)]  # fmt: skip


def test_balances(write_processed):
    """Six months of assets 300, 300, 300, 400, 500, 600: slope Σ(x−x̄)(y−ȳ) ÷ Σ(x−x̄)² = 1100 ÷ 17.5; deviation √(80000 ÷ 6)."""
    frame = feature_frame(write_processed(customers=CUSTOMERS, balances=ASSETS), LANDMARK)
    expected = {
        "deposits": 500, "wealth": 100, "loans": 50, "assets": 600,
        "assets_3m": 500, "assets_prior_3m": 300, "assets_12m": 400, "assets_peak_12m": 600, "months_seen": 6,
        "assets_trend": 2 / 3, "assets_slope": 1100 / 17.5, "assets_volatility": (80000 / 6) ** 0.5 / 400,
    }  # fmt: skip
    assert one(frame)[list(expected)].to_dict() == pytest.approx(expected)
    assert one(frame, "B").months_seen == 0
    assert one(frame, "B")[["deposits", "assets_12m", "assets_slope"]].isna().all()


def test_in_mid_month_the_latest_balance_is_that_of_the_month_before(write_processed):
    frame = feature_frame(write_processed(customers=CUSTOMERS, balances=ASSETS), dt.date(2024, 3, 15))
    assert one(frame)[["deposits", "wealth", "assets_3m", "months_seen"]].tolist() == [450, 50, 400, 6]


def test_averages_are_taken_where_the_bank_has_them(write_processed):
    rows = [balance("2024-03", 500), balance("2024-03", 470, basis="average"), balance("2024-03", 900, customer="B")]
    frame = feature_frame(write_processed(customers=CUSTOMERS, balances=rows), LANDMARK)
    assert one(frame).deposits == 470
    assert np.isnan(one(frame, "B").deposits)


def test_a_slope_needs_two_months_and_a_trend_something_before(write_processed):
    frame = feature_frame(write_processed(customers=CUSTOMERS, balances=[balance("2024-03", 0)]), LANDMARK)
    assert one(frame)[["assets_slope", "assets_trend", "assets_volatility"]].isna().all()


def test_holdings(write_processed):
    def held(number, product, closed=None, opened="2020-01-01"):
        return {"holding_id": str(number), "customer_id": "A", "product": product, "opened_date": opened, "closed_date": closed}

    holdings = [
        held(1, "demand"),
        held(2, "card"),
        held(3, "card"),
        held(4, "term", "2024-03-31"),
        held(5, "wealth", "2024-04-01"),
        held(6, "loan", opened="2024-04-01"),
    ]
    frame = feature_frame(write_processed(customers=CUSTOMERS, holdings=holdings), LANDMARK)
    flags = [f"holds_{product}" for product in ("demand", "card", "term", "wealth", "loan")]
    assert one(frame)[["products_held", *flags]].tolist() == [3, 1, 1, 0, 1, 0]
    assert one(frame, "B")[["products_held", *flags]].tolist() == [0] * 6


def test_complaints(write_processed):
    def complaint(number, received, resolved=None, reopened=None):
        return {
            "complaint_id": str(number),
            "customer_id": "A",
            "received_at": received,
            "resolved_at": resolved,
            "reopened_at": reopened,
        }

    complaints = [
        complaint(1, "2024-03-30 12:00:00"),
        complaint(2, "2023-04-01 12:00:00", "2023-04-02"),
        complaint(3, "2024-01-01 00:00:00", "2024-02-01", "2024-03-01"),
        complaint(4, "2024-01-01 00:00:00", "2024-02-01", "2024-04-01"),
        complaint(5, "2024-02-01 00:00:00", "2024-04-01"),
    ]
    frame = feature_frame(write_processed(customers=CUSTOMERS, complaints=complaints), LANDMARK)
    assert one(frame)[["complaints_365d", "open_complaints"]].tolist() == [4, 3]
    assert one(frame).open_complaint_hours == pytest.approx(91 * 24 - 1 / 3600)
    assert one(frame, "B")[["complaints_365d", "open_complaints"]].tolist() == [0, 0]
    assert np.isnan(one(frame, "B").open_complaint_hours)


def test_contacts(write_processed):
    def contact(number, at, wait=None, abandoned=None):
        return {"contact_id": str(number), "customer_id": "A", "started_at": at, "wait_minutes": wait, "abandoned": abandoned}

    contacts = [
        contact(1, "2024-03-01", 10, True),
        contact(2, "2023-12-01", 20, False),
        contact(3, "2023-12-02"),
        contact(4, "2023-04-01", 500, True),
    ]
    frame = feature_frame(write_processed(customers=CUSTOMERS, contacts=contacts), LANDMARK)
    assert one(frame)[["contacts_365d", "wait_minutes_90d", "wait_minutes_365d", "abandoned_365d"]].tolist() == [3, 10, 15, 1]


def test_attempts_to_log_in_are_no_contacts(write_processed):
    def contact(number, purpose, customer="A", **fields):
        return {"contact_id": str(number), "customer_id": customer, "started_at": "2024-03-01", "purpose": purpose, **fields}

    attempt = {"channel": "app", "outcome": "failed", "abandoned": True, "wait_minutes": 60}
    contacts = [
        contact(1, "login", **attempt),
        contact(2, "cash", wait_minutes=10),
        contact(3, None, wait_minutes=20, abandoned=True),
        contact(4, "login", "B", **attempt),
    ]
    frame = feature_frame(write_processed(customers=CUSTOMERS, contacts=contacts), LANDMARK)
    assert one(frame)[["contacts_365d", "wait_minutes_90d", "wait_minutes_365d", "abandoned_365d"]].tolist() == [2, 15, 15, 1]
    assert one(frame, "B")[["contacts_365d", "abandoned_365d"]].tolist() == [0, 0]
    assert np.isnan(one(frame, "B").wait_minutes_365d)


def test_contributions(write_processed):
    rows = [
        {"customer_id": "A", "month": "2024-03-31", "ftp_interest": 10, "fees": 2, "expected_loss": 3, "capital_charge": 1},
        {"customer_id": "A", "month": "2023-04-30", "fees": 5},
        {"customer_id": "A", "month": "2023-03-31", "fees": 1000},
    ]
    frame = feature_frame(write_processed(customers=CUSTOMERS, contributions=rows), LANDMARK)
    assert one(frame).contribution_12m == 13
    assert np.isnan(one(frame, "B").contribution_12m)


def random_bank(seed, until):
    """Tables of 30 customers whose rows are dated 2023-01-01 to `until` (days drawn are the same whatever `until` is)."""
    draw = np.random.default_rng(seed)
    names = [f"K{number:02}" for number in range(30)]

    def days(count):
        return [dt.date(2023, 1, 1) + dt.timedelta(days=int(day)) for day in draw.integers(0, 730, count)]

    def day_or_none(day):
        return day + dt.timedelta(days=int(draw.integers(1, 300))) if draw.random() < 0.6 else None

    months = [
        dt.date(2023 + month // 12, month % 12 + 1, monthrange(2023 + month // 12, month % 12 + 1)[1]) for month in range(24)
    ]
    tables = {
        "customers": [{"customer_id": name, "opened_date": day, "closed_date": day_or_none(day), "exit_reason": "fees"} for name, day in zip(names, days(30), strict=True)],
        "transactions": [booking(number, day, float(draw.normal()), draw.choice(["app", "branch"]), customer=str(draw.choice(names))) for number, day in enumerate(days(400))],
        "balances": [{"customer_id": name, "month": month, "basis": basis, "deposits": float(draw.exponential())} for name in names[:10] for month in months for basis in ("average", "end")],
        "holdings": [{"holding_id": str(number), "customer_id": str(draw.choice(names)), "product": "card", "opened_date": day, "closed_date": day_or_none(day)} for number, day in enumerate(days(60))],
        "complaints": [{"complaint_id": str(number), "customer_id": str(draw.choice(names)), "received_at": day, "resolved_at": day_or_none(day)} for number, day in enumerate(days(60))],
        "contacts": [{"contact_id": str(number), "customer_id": str(draw.choice(names)), "started_at": day, "wait_minutes": float(draw.exponential())} for number, day in enumerate(days(60))],
        "contributions": [{"customer_id": name, "month": month, "fees": float(draw.exponential())} for name in names for month in months],
    }  # fmt: skip
    dated = {"customers": "opened_date", "transactions": "booked_at", "balances": "month", "holdings": "opened_date", "complaints": "received_at", "contacts": "started_at", "contributions": "month"}  # fmt: skip
    later = {"closed_date": ("exit_reason",), "resolved_at": ()}

    def known(row):
        hidden = {name for day, others in later.items() if row.get(day) and row[day] > until for name in (day, *others)}
        return {name: None if name in hidden else value for name, value in row.items()}

    return {name: [known(row) for row in rows if row[dated[name]] <= until] for name, rows in tables.items()}


@pytest.mark.parametrize(("seed", "landmark"), [(1, dt.date(2024, 3, 31)), (2, dt.date(2023, 9, 30)), (3, dt.date(2024, 2, 14))])
def test_what_is_dated_after_the_landmark_changes_nothing(write_processed, seed, landmark):
    whole = feature_frame(write_processed(**random_bank(seed, dt.date(2025, 12, 31))), landmark)
    known = feature_frame(write_processed(**random_bank(seed, landmark)), landmark)
    assert 0 < len(known) < 30
    assert len(random_bank(seed, landmark)["transactions"]) < 400
    pd.testing.assert_frame_equal(whole, known, rtol=1e-9)


def test_two_runs_are_equal_and_sorted(write_processed):
    folder = write_processed(**random_bank(4, dt.date(2025, 12, 31)))
    first, second = feature_frame(folder, LANDMARK), feature_frame(folder, LANDMARK)
    pd.testing.assert_frame_equal(first, second, rtol=1e-12)
    assert first.customer_id.is_monotonic_increasing
    assert first.customer_id.is_unique


def test_blocks_of_customers_and_customers_asked_for_have_what_the_whole_gives(write_processed, monkeypatch):
    tables = random_bank(5, dt.date(2025, 12, 31))
    tables["balances"] = [row for row in tables["balances"] if row["basis"] == "end" or row["customer_id"] < "K05"]
    folder = write_processed(**tables)
    whole = feature_frame(folder, LANDMARK)
    monkeypatch.setattr(engine, "CUSTOMERS_AT_ONCE", 7)
    pd.testing.assert_frame_equal(whole, feature_frame(folder, LANDMARK), rtol=1e-12)
    assert whole.customer_id[whole.assets.notna()].max() < "K05"
    some = whole.customer_id.iloc[::3]
    asked = feature_frame(folder, LANDMARK, of=some)
    pd.testing.assert_frame_equal(
        whole[whole.customer_id.isin(some)].reset_index(drop=True), asked, rtol=1e-12, check_dtype=False
    )


def test_a_trend_holds_three_months_against_the_three_before(write_processed):
    months = {"2023-09": 1000, "2023-10": 300, "2023-11": 300, "2023-12": 300, "2024-01": 600, "2024-02": 600, "2024-03": 600}
    frame = feature_frame(write_processed(customers=CUSTOMERS, balances=[balance(*row) for row in months.items()]), LANDMARK)
    assert one(frame)[["assets_3m", "assets_prior_3m", "assets_trend"]].tolist() == [600, 300, 1]
