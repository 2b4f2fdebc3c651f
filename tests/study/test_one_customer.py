"""The exhibits of one customer's profile, each from a few rows written out."""

import datetime as dt
from types import SimpleNamespace

import pandas as pd
import pytest

from analysis.finding import Exhibit
from analysis.study import profile_facts as facts
from analysis.study import profile_service as service
from analysis.study import profile_trust as trust
from analysis.study.churn import ChurnRule
from analysis.study.one_customer import one_customer
from analysis.study.profile_words import age_band, word
from analysis.wording import Label, render

AS_OF = dt.date(2025, 6, 30)
TIERS = {"affluent": 20000.0}


def rows(exhibit: Exhibit) -> list[tuple]:
    """The cells of a table exhibit as read: Messages in English, dates as days."""
    shown = exhibit.frame[[column.name for column in exhibit.columns]]
    return [
        tuple(render(cell, "en") if hasattr(cell, "render") else cell for cell in row) for row in shown.itertuples(index=False)
    ]


@pytest.mark.parametrize(("years", "band"), [(17.99, "under 18"), (18, "18 to 24"), (64.9, "55 to 64"), (75, "75 or older"), (150, None), (-1, None), (None, None)])  # fmt: skip
def test_an_age_is_told_as_a_band(years, band):
    found = age_band(float("nan") if years is None else years)
    assert (found and render(found, "en")) == band


def test_a_code_of_the_banks_own_stands_as_it_is():
    assert (word("counter_7", {}), word(None, {}), word(float("nan"), {})) == ("counter_7", None, None)


@pytest.mark.parametrize(
    ("changed", "group", "status"),
    [
        ({}, "Established customer", "open and active"),
        ({"tenure_months": 5.9}, "New customer", "open and active"),
        ({"recency_days": 90.0}, "Established customer", "open, without a transaction of its own for 90 days"),
        ({"closed_date": "2025-03-09", "exit_reason": "fees"}, "Lost customer", "closed in March 2025, fees"),
        ({"closed_date": "2025-03-09", "exit_reason": "death"}, "Left involuntarily", "closed in March 2025, death"),
        ({"closed_date": "2025-03-09"}, "Lost customer", "closed in March 2025"),
    ],
)
def test_group_and_status(customers, changed, group, status):
    customer = customers(A=changed).iloc[0]
    assert (facts.group_words(customer).render(), facts.status_words(customer).render()) == (group, status)


def test_standing_leaves_out_what_is_not_registered(customers):
    customer = customers(A={"branch_id": "B1", "age_years": 40.2, "assets_3m": 20000.0}).iloc[0]
    assert rows(facts.standing(customer, TIERS, {"B1": "North"})) == [
        ("Customer type", "Personal customer"), ("Age", "35 to 44"), ("Sex", "Female"), ("Branch", "North"), ("Tier", "Affluent"),
        ("Customer group", "Established customer"), ("Status", "open and active"),
    ]  # fmt: skip


def test_assets_take_averages_and_say_what_changed(customers):
    customer = customers(A={"assets_3m": 900.0, "assets_trend": -0.1}).iloc[0]
    months = [pd.Timestamp(2025, 5, 31), pd.Timestamp(2025, 6, 30)]
    balances = pd.DataFrame([
        {"month": month, "basis": basis, "deposits": value, "wealth": 0.0, "loans": None}
        for month in months for basis, value in (("average", 900.0), ("end", 5000.0))
    ])  # fmt: skip
    exhibit = facts.assets(balances, customer, AS_OF, "CNY")
    assert list(exhibit.frame["value"]) == [900, 900]
    assert exhibit.title.render() == "Assets of 900 CNY, average of three months, 10.0% less than in the three months before"
    assert facts.assets(balances.head(2), customer, AS_OF, "CNY").absent is not None


def test_contribution_adds_up_to_its_total():
    months = [pd.Timestamp(2024, 6, 30), pd.Timestamp(2024, 7, 31), pd.Timestamp(2025, 6, 30)]
    parts = pd.DataFrame({"month": months, "ftp_interest": [99.0, 10, 20], "fees": [99.0, 1, 2], "expected_loss": [99.0, 3, 4], "cost": [99.0, 5, None], "capital_charge": 0.0})  # fmt: skip
    assert [amount for _, amount in rows(facts.contribution(parts, AS_OF, "CNY"))] == [30, 3, -7, -5, 0, 21]


def test_products_are_those_open_on_the_day():
    days = [pd.Timestamp(2020, 1, 5), pd.Timestamp(2019, 1, 5), pd.Timestamp(2018, 1, 5)]
    closed = [pd.NaT, pd.NaT, pd.Timestamp(2025, 6, 30)]
    holdings = pd.DataFrame(
        {"product": ["card", "demand", "loan"], "opened_date": days, "matures_date": pd.NaT, "closed_date": closed}
    )
    assert [label for label, *_ in rows(facts.products(holdings, AS_OF))] == ["Demand account", "Credit card"]


def test_activity_counts_own_transactions_of_every_month():
    made = [("2025-06-30 23:59", "app", "customer"), ("2025-06-01", "app", None), ("2025-05-01", "atm", "customer"),
            ("2025-06-02", "app", "bank"), ("2023-06-30", "atm", "customer")]  # fmt: skip
    frame = pd.DataFrame(made, columns=["booked_at", "channel", "initiated_by"]).assign(
        booked_at=lambda rows: pd.to_datetime(rows["booked_at"], format="mixed")
    )
    exhibit = facts.activity(frame, AS_OF)
    counts = {render(name, "en"): list(part["value"]) for name, part in exhibit.frame.groupby("series", sort=False)}
    assert counts == {"Mobile app": [0] * 23 + [2], "Cash machine": [0] * 22 + [1, 0]}


def test_no_login_counts_as_a_contact():
    made = [("2025-06-01", "app", "login"), ("2025-05-01", "phone", "card"), ("2025-05-03", "branch", "cash")]
    frame = pd.DataFrame(made, columns=["started_at", "channel", "purpose"]).assign(started_at=lambda rows: pd.to_datetime(rows["started_at"]), outcome="done", abandoned=[False, False, True], wait_minutes=3.0)  # fmt: skip
    assert rows(service.contacts(frame)) == [
        ("3 May 2025", "Branch", "Cash", "Left before being served", 3.0), ("1 May 2025", "Telephone", "Card", "Done", 3.0),
    ]  # fmt: skip


@pytest.mark.parametrize(
    ("resolved", "reopened", "days", "state", "open_count"),
    [
        ("2025-03-03", None, 2.0, "resolved", 0), (None, None, None, "open", 1),
        ("2025-03-03", "2025-03-09", 2.0, "reopened, still open", 1), ("2025-03-20", "2025-03-09", 19.0, "resolved after reopening", 0),
    ],
)  # fmt: skip
def test_complaints_tell_days_and_state(resolved, reopened, days, state, open_count):
    row = {"received_at": "2025-03-01", "resolved_at": resolved, "reopened_at": reopened}
    frame = pd.DataFrame([row]).apply(pd.to_datetime).assign(channel="web", category="pricing", severity=2, handoffs=1)
    exhibit = service.complaints(frame)
    *_, told_days, told_state = rows(exhibit)[0]
    assert told_state == state
    assert (None if pd.isna(told_days) else told_days) == days
    assert exhibit.title.render() == f"Complaints: 1, of them open: {open_count}"


def test_opinions_stand_side_by_side_the_latest_first():
    surveys = pd.DataFrame({"response_id": ["R1", "R2"], "answered_date": pd.to_datetime(["2025-01-05", "2025-05-05"]), "overall": [7.0, 9.0], "recommend": [None, 8.0]})  # fmt: skip
    answers = pd.DataFrame({"response_id": ["R1", "R1", "R2"], "item": ["fees", "own", "fees"], "value": [3.0, 4.0, 5.0]})
    exhibit = service.opinions(surveys, answers, {"fees": Label("Fees"), "app": Label("App")})
    assert [render(column.label, "en") for column in exhibit.columns] == ["Question", "5 May 2025", "5 January 2025"]
    assert exhibit.frame.fillna(-1).set_index(exhibit.frame["label"].map(str))[["response_0", "response_1"]].to_numpy().tolist() == [
        [9, 7], [8, -1], [5, 3], [-1, 4],
    ]  # fmt: skip


def test_the_score_is_the_models_with_its_reasons(simulate_history):
    history = simulate_history()
    features = history[AS_OF]
    at_risk = features[features["closed_date"].isna() & features["recency_days"].lt(180) & features["assets_3m"].ge(100)]
    weak, strong = (at_risk.sort_values("products_held").iloc[[place]].assign(customer_id="P") for place in (0, -1))
    scores = {}
    for name, customer in (("weak", weak), ("strong", strong)):
        exhibit = service.warning(history, customer, AS_OF, ChurnRule())
        scores[name] = (exhibit.title.values["score"], exhibit.title.values["below"])
        assert exhibit.frame["part"].dropna().gt(0).all()
    assert all(weak > strong for weak, strong in zip(scores["weak"], scores["strong"], strict=True))


def test_without_a_model_or_outside_it_there_is_a_reason(simulate_history, customers):
    history, closed = simulate_history(200), customers(A={"closed_date": "2025-01-01"})
    assert "too large" in service.warning({}, closed, AS_OF, ChurnRule()).absent.render()
    assert "none of them" in service.warning(history, closed, AS_OF, ChurnRule()).absent.render()
    assert "cannot tell" in service.warning({AS_OF: history[AS_OF]}, closed, AS_OF, ChurnRule()).absent.render()


def test_departments_are_told_by_agreement_alone():
    parties = pd.DataFrame({"source": ["core", "cards"], "probability": [1.0, 0.9], "name": ["same", "other"], "phone": ["same", "unfit"], "sex": ["same", "none"], "address": ["none", "none"]})  # fmt: skip
    exhibit = trust.departments(parties)
    assert rows(exhibit) == [("core", "agrees", "agrees", "agrees", 1.0), ("cards", "differs", "not held", "cannot be read", 0.9)]
    assert exhibit.title.render() == "Departments: 2; records: 2; fields on which they differ: Name, Telephone number"


def test_one_record_agrees_with_nothing():
    parties = pd.DataFrame({"source": ["core"], "probability": [1.0], "name": ["only"], "phone": ["none"]})
    exhibit = trust.departments(parties)
    assert rows(exhibit) == [("core", "held here only", 1.0)]
    assert exhibit.title.render() == "Departments: 1; records: 1; no field is held by two of them"


def test_defects_are_summed_over_months():
    found = pd.DataFrame(
        {
            "rule": ["contacts.x.late", "contacts.x.late", "parties.y.form"],
            "words": ["is late", "is late", "is bad"],
            "month": pd.to_datetime(["2025-02-28", "2025-01-31", None]),
            "failed": [2, 3, 1],
        }
    )
    exhibit = trust.quality(found)
    assert exhibit.title.render() == "Quality rules failed: 2; failures: 6"
    assert [row[:3] for row in rows(exhibit)] == [("contacts", "is late", 5), ("parties", "is bad", 1)]
    assert rows(exhibit)[0][3] == pd.Timestamp(2025, 1, 31)


def test_a_consent_withdrawn_does_not_stand():
    given = pd.to_datetime(["2021-11-01", "2021-11-01", None])
    frame = pd.DataFrame(
        {
            "purpose": ["marketing", "profiling", "x"],
            "given_date": given,
            "withdrawn_date": pd.to_datetime([None, "2022-01-01", None]),
        }
    )
    assert trust.consents(frame).title.render() == "Consents in force: 1 of 3"


def test_a_bank_with_customers_alone_gets_a_profile_of_reasons(customers):
    bare = customers(A={})[["customer_id", "kind", "sex", "closed_date", "exit_reason", "tenure_months"]]
    record = SimpleNamespace(
        pseudonym="P-1", as_of=AS_OF, tables={}, features=bare, parties=None, quality=None, history={AS_OF: bare}
    )
    result = one_customer(record, {}, "CNY", {}, {})
    exhibits = {name: value for name, value in vars(result).items() if isinstance(value, Exhibit)}
    assert [name for name, exhibit in exhibits.items() if exhibit.absent is None] == ["standing"]
    assert all(exhibit.name == name for name, exhibit in exhibits.items())
    assert [found.id for found in result.findings] == ["profile.standing"]
    assert result.findings[0].text.render() == "This is P-1 on 30 June 2025: open."
