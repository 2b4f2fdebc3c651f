"""The stated margins of the demo bank, against what is delivered: exact tests at a level that a sound bank practically never
fails (STRICT), and intervals from the data's own spread. What is not delivered comes from `bank.people` and `bank.lived`."""

import unicodedata

import numpy as np
import pandas as pd
import pytest
import statsmodels.api as sm
from scipy.stats import binomtest, chi2, chisquare, gamma, poisson, t

from analysis.bank.demo import (
    bookings,
    dirt,
    finance,
    grievances,
    life,
    money,
    people,
    products,
    prospects,
    surroundings,
    surveys,
    texts,
)
from analysis.bank.demo.calendar import MONTHS, first_day, last_day, month_of
from analysis.bank.demo.parties import ERRORS, NOT_HELD, SECOND_ID_MISSING_SHARE
from analysis.bank.demo.worlds import LEVERS

STRICT = 1e-5
STRICT_Z = 4.4
SAME_Z = 4.0
MONTH = "date_diff('month', DATE '2022-07-01', {}::DATE)"
FIRST, LAST = np.datetime64("2022-07-01"), np.datetime64("2026-06-30")
QUARTER_ENDS = surroundings.is_month((2, 5, 8, 11))


def assert_share(hits, rows, share):
    """Exact binomial test; where hits are sure to be there, that there are any."""
    assert binomtest(int(hits), int(rows), share).pvalue > STRICT, f"{hits} of {rows}, stated {share}"
    assert hits > 0 or rows * share < -np.log(STRICT)


def assert_count(observed, expected):
    """Exact Poisson test, both tails."""
    tail = min(poisson.cdf(observed, expected), poisson.sf(observed - 1, expected))
    assert 2 * tail > STRICT, f"{observed}, expected {expected:.1f}"


def assert_shares(counts, shares):
    counts, shares = np.asarray(counts, dtype=float), np.asarray(shares, dtype=float)
    assert chisquare(counts, counts.sum() * shares / shares.sum()).pvalue > STRICT, counts / counts.sum()


def assert_mean(values, stated):
    """t interval at the level STRICT."""
    values = np.asarray(values, dtype=float)
    half = t.ppf(1 - STRICT / 2, len(values) - 1) * values.std(ddof=1) / np.sqrt(len(values))
    assert abs(values.mean() - stated) < half, f"{values.mean():.5f} ± {half:.5f}, stated {stated:.5f}"


def assert_slopes(fit, stated):
    for name, value in stated.items():
        z = (fit.params[name] - value) / fit.bse[name]
        assert abs(z) < STRICT_Z, f"{name}: {fit.params[name]:.3f}, stated {value}"


def struck(lived, lever):
    return lived.struck[LEVERS.index(lever)]


def by_customer_month(bank, sql):
    """Counts (customers × 48) from rows of customer, month, n."""
    grid = np.zeros((len(bank.people), MONTHS))
    found = bank.frame(sql)
    grid[found["customer"], found["month"]] = found["n"]
    return grid


def test_what_lay_behind_is_what_was_delivered(bank):
    """The histories made anew for these tests are those of the files."""
    truth = bank.frame("SELECT * FROM truth_customers")
    assert (truth["archetype"].to_numpy() == bank.people["archetype"].to_numpy()).all()
    left = bank.lived.churn_month
    assert (pd.to_datetime(truth["churn_month"]).isna().to_numpy() == (left >= MONTHS)).all()
    gone = left < MONTHS
    assert (pd.to_datetime(truth["churn_month"]).to_numpy()[gone].astype("datetime64[D]") == last_day(left[gone])).all()
    assert np.allclose(truth["satisfaction"], bank.lived.satisfaction[:, 35])
    differing = bank.ask(
        """SELECT count(*) FROM raw_customers JOIN who USING (customer_id) JOIN people USING (customer)
        WHERE people.customer_id = substr(raw_customers.customer_id, 6)
        AND (people.closed IS DISTINCT FROM raw_customers.closed_date::DATE OR people.opened <> raw_customers.opened_date::DATE)"""
    )
    assert differing == (0,)


# who is there


def test_a_tenth_are_companies(bank):
    companies, everyone = bank.ask(
        "SELECT count(DISTINCT customer) FILTER (kind = 'corporate'), count(DISTINCT customer) FROM raw_customers JOIN who USING (customer_id)"
    )
    assert everyone == 6000
    assert_share(companies, everyone, 0.10)
    assert bank.ask("SELECT count(*) FROM raw_customers WHERE (industry IS NULL) <> (kind = 'personal')") == (0,)
    assert bank.ask("SELECT count(*) FROM raw_customers WHERE (sex IS NULL) <> (kind = 'corporate')") == (0,)


def test_at_least_forty_branches_all_of_them_used(bank):
    assert bank.ask("SELECT count(*) FROM raw_branches")[0] == surroundings.BRANCHES >= 40
    assert bank.ask("SELECT count(DISTINCT branch_id) FROM raw_customers") == (surroundings.BRANCHES,)


@pytest.mark.parametrize("period", ["usual", "surge"])
def test_archetypes_have_their_shares(bank, period):
    """Twice as many of the young and digital among those who come in the surge."""
    own = bank.people[bank.people["kind"] == "personal"]
    arrived = month_of(own["opened"].to_numpy().astype("datetime64[D]"))
    in_surge = (arrived >= people.SURGE_MONTHS[0]) & (arrived < people.SURGE_MONTHS[1])
    shares = people.ARCHETYPES["share"].drop("company")
    assert len(shares) == 5
    shares = shares.where((shares.index != "digital_young") | (period == "usual"), shares * people.SURGE_DIGITAL_FACTOR)
    counts = own[in_surge == (period == "surge")]["archetype"].value_counts()
    assert_shares(counts.reindex(shares.index), shares)


def test_seven_in_ten_came_before_and_more_in_the_surge(bank):
    opened = bank.frame("SELECT min(opened_date::DATE) AS day FROM raw_customers JOIN who USING (customer_id) GROUP BY customer")
    day = opened["day"].to_numpy().astype("datetime64[D]")
    assert (day < FIRST).sum() == round(people.ESTABLISHED_SHARE * len(day))
    assert day.max() <= LAST
    month = month_of(day[day >= FIRST])
    weight = np.where((np.arange(MONTHS) >= 10) & (np.arange(MONTHS) < 22), people.SURGE_FACTOR, 1.0)
    assert_shares(np.bincount(month, minlength=MONTHS), weight)
    in_surge = (month >= 10) & (month < 22)
    assert_share(in_surge.sum(), len(month), 12 * 2.2 / (36 + 12 * 2.2))


def test_ages_follow_the_archetype(bank):
    own = bank.frame(
        """SELECT p.archetype, date_diff('day', r.birth_date::DATE, DATE '2026-06-30') / 365.25 - 4 AS age FROM people p
        JOIN raw_customers r ON r.customer_id = 'core:' || p.customer_id WHERE try_cast(r.birth_date AS DATE) IS NOT NULL AND kind = 'personal'"""
        .replace("AND kind", "AND p.kind")
    )  # fmt: skip
    middle = own.groupby("archetype")["age"].median()
    for name in ("salary_household", "affluent_saver", "branch_pensioner", "self_employed_borrower"):
        count = (own["archetype"] == name).sum()
        assert abs(middle[name] - people.ARCHETYPES.loc[name, "age"]) < STRICT_Z * 1.2533 * 7 / np.sqrt(count) + 0.1, name
    assert own["age"].min() > 17.9


def test_everybody_has_an_account_but_for_those_booked_under_unknown_numbers(bank):
    holders = bank.ask("SELECT count(DISTINCT customer) FROM raw_holdings JOIN who USING (customer_id) WHERE product = 'demand'")[
        0
    ]
    assert_share(len(bank.people) - holders, len(bank.people), dirt.UNKNOWN_CUSTOMER_SHARE)


@pytest.mark.parametrize("product", products.PRODUCTS)
def test_products_of_new_customers_have_the_shares_of_their_archetypes(bank, product):
    """Of those who came within the time all relations are in the files, but for those that begin too late; the chance of that
    follows from the law of the delay."""
    own = bank.people
    opened = own["opened"].to_numpy().astype("datetime64[D]")
    end = np.fmin(bank.lived.closed, LAST)
    rows = np.flatnonzero(opened >= FIRST)
    room = (end[rows] - opened[rows]).astype(int) + 1
    chance = (1 - products.LATER_SHARE) + products.LATER_SHARE * gamma.cdf(room, 1.2, scale=500)
    chance = chance * products.OWNED[product].loc[own["archetype"].iloc[rows]].to_numpy()
    bought = "SELECT customer FROM raw_campaigns JOIN who USING (customer_id) WHERE responded"
    buyers = set(bank.frame(bought)["customer"])
    holders = set(
        bank.frame(f"SELECT DISTINCT customer FROM raw_holdings JOIN who USING (customer_id) WHERE product = '{product}'")[
            "customer"
        ]
    )
    counted = np.array([row not in buyers for row in rows])
    found = np.array([row in holders for row in rows])[counted]
    archetypes = own["archetype"].to_numpy()[rows][counted]
    expected = pd.Series(chance[counted]).groupby(archetypes).sum()
    spread = pd.Series((chance * (1 - chance))[counted]).groupby(archetypes).sum()
    has = pd.Series(found).groupby(archetypes).sum()
    some = (expected > 5) & ((expected.index != "company") | (product != "loan"))  # companies borrow by credit lines
    assert chi2.sf((((has - expected) ** 2 / spread)[some]).sum(), some.sum()) > STRICT
    assert has[expected == 0].sum() == 0


def test_companies_with_a_loan_are_those_with_a_line_here(bank):
    is_company = (bank.people["kind"] == "corporate").to_numpy()
    loans = bank.frame("SELECT DISTINCT customer FROM raw_holdings JOIN who USING (customer_id) WHERE product = 'loan'")[
        "customer"
    ]
    lines = bank.frame("SELECT DISTINCT customer FROM raw_exposures JOIN who USING (customer_id) WHERE lender = 'this bank'")[
        "customer"
    ]
    held, granted = set(loans[is_company[loans]]), set(lines)
    assert held - granted <= set(np.flatnonzero(~np.isnat(bank.lived.closed) | (month_of(bank.cast.traits.opened) > 44)))
    assert_share(len(granted - held), len(granted), dirt.UNKNOWN_CUSTOMER_SHARE)


# money


@pytest.fixture(scope="module")
def balances(bank):
    """One row a customer and month: deposits and wealth on both bases, archetype, whether the whole month was lived."""
    frame = bank.frame(
        f"""SELECT customer, {MONTH.format("month")} AS month,
        max(deposits::DOUBLE) FILTER (basis = 'average') AS deposits, max(deposits::DOUBLE) FILTER (basis = 'end') AS end_deposits,
        max(wealth) FILTER (basis = 'average') AS wealth, max(wealth) FILTER (basis = 'end') AS end_wealth,
        max(loans::DOUBLE) FILTER (basis = 'average') AS loans
        FROM raw_balances JOIN who USING (customer_id) GROUP BY ALL"""
    )
    closed = bank.lived.closed[frame["customer"]]
    left = np.where(np.isnat(closed), 99, month_of(np.where(np.isnat(closed), FIRST, closed)))
    maturing = bank.cast.held.matures[frame["customer"], frame["month"]]
    archetype = bank.people["archetype"].to_numpy()[frame["customer"]]
    return frame.assign(archetype=archetype, is_whole=frame["month"].to_numpy() != left, maturing=maturing)


@pytest.mark.parametrize(
    ("archetype", "extra"),
    [
        ("company", 0.12),
        ("affluent_saver", 0.06),
        ("self_employed_borrower", 0.03),
        ("salary_household", 0.0),
        ("branch_pensioner", 0.0),
    ],
)
def test_quarter_ends_are_dressed(balances, archetype, extra):
    assert money.WINDOW_DRESSING.get(archetype, 0.0) == extra
    own = balances[
        (balances["archetype"] == archetype) & balances["is_whole"] & ~balances["maturing"] & (balances["deposits"] > 100)
    ]
    ratio = np.log(own["end_deposits"] / own["deposits"]).to_numpy()
    at_end = QUARTER_ENDS[own["month"]]
    assert_mean(ratio[~at_end], 0.0)
    assert_mean(ratio[at_end], np.log1p(extra))


def test_balances_swell_at_the_spring_festival(bank, balances):
    """February against the mean of January and March, of those whose assets nothing else changes."""
    assert money.SPRING_FESTIVAL == 1.03
    total = np.full((len(bank.people), MONTHS), np.nan)
    total[balances["customer"], balances["month"]] = balances["deposits"] + balances["wealth"]
    level = bank.lived.level
    logs, differences = np.log(np.where(total > 0, total, np.nan)), []
    for february in np.flatnonzero(surroundings.is_month((1,))):
        around = slice(february - 1, february + 2)
        steady = (level[:, around] == 1).all(axis=1) & np.isfinite(logs[:, around]).all(axis=1)
        differences.append((logs[:, february] - (logs[:, february - 1] + logs[:, february + 1]) / 2)[steady])
    assert len(differences) == 4
    assert_mean(np.concatenate(differences), np.log(1.03))


def test_where_a_product_matures_a_part_lies_on_the_account_at_the_months_end(bank, balances):
    own = balances[balances["is_whole"] & (balances["wealth"] > 1000)]
    kept = (own["end_wealth"] / own["wealth"]).to_numpy()
    maturing = own["maturing"].to_numpy()
    assert maturing.sum() > 1000
    assert_mean(kept[maturing], 1 - 0.3)
    assert_mean(kept[~maturing], 1.0)
    assert np.abs(kept - np.where(maturing, 1 - 0.3, 1.0)).max() < 6 * 0.01
    assert money.MATURED_SHARE == 0.3


@pytest.fixture(scope="module")
def dues(bank):
    """customers × 48: whether the files list a term deposit or wealth product that matures, and was not closed before."""
    found = bank.frame(
        f"""SELECT DISTINCT customer, {MONTH.format("matures_date")} AS month FROM raw_holdings JOIN who USING (customer_id)
        WHERE product IN ('term', 'wealth') AND matures_date::DATE BETWEEN '2022-07-01' AND '2026-06-30'
        AND coalesce(closed_date::DATE >= matures_date::DATE, true)"""
    )
    listed = np.zeros((len(bank.people), MONTHS), bool)
    listed[found["customer"], found["month"]] = True
    return listed


def lives_the_month(bank):
    """customers × 48: open, and not the month of leaving or of an early closing (which may come before the day of maturity)."""
    left = np.where(np.isnat(bank.lived.closed), 99, month_of(np.where(np.isnat(bank.lived.closed), FIRST, bank.lived.closed)))
    early = bank.cast.holdings[bank.cast.holdings["closed"].notna()]
    whole = bank.lived.is_open & (np.arange(MONTHS) != left[:, None])
    month = month_of(early["closed"].to_numpy().astype("datetime64[D]"))
    inside = (month >= 0) & (month < MONTHS)
    whole[early["customer"].to_numpy()[inside], month[inside]] = False
    return whole


@pytest.mark.parametrize("months", [range(1), range(1, MONTHS)], ids=["first month", "later months"])
def test_what_matures_in_a_life_matures_in_the_contracts(bank, dues, months):
    """But for contracts under unknown numbers; in the first month too, whenever the term began."""
    maturing = (bank.cast.held.matures & lives_the_month(bank))[:, list(months)]
    assert_share((maturing & ~dues[:, list(months)]).sum(), maturing.sum(), dirt.UNKNOWN_CUSTOMER_SHARE)


def test_what_matures_in_the_contracts_matures_in_a_life(bank, dues):
    """Else the exposure to a competitor's rate that the files show is not the one that acts."""
    strange = int((dues & lives_the_month(bank) & ~bank.cast.held.matures).sum())
    assert strange == 0


def test_mortgages_are_repaid_early_in_six_of_a_thousand_months(bank):
    own = bank.frame(
        """SELECT DISTINCT customer, holding_id, opened_date::DATE AS opened, closed_date::DATE AS closed, matures_date::DATE AS matures
        FROM raw_holdings JOIN who USING (customer_id) WHERE product = 'mortgage'"""
    ).drop_duplicates("holding_id")
    left = bank.lived.closed[own["customer"]]
    opened, closed, matures = (own[name].to_numpy().astype("datetime64[D]") for name in ("opened", "closed", "matures"))
    running = matures > LAST
    repaid = ~np.isnat(closed) & ~(closed == left) & running
    days = (np.fmin(np.fmin(closed, left), LAST) - np.maximum(opened, FIRST)).astype(int).clip(0)[running].sum()
    assert products.EARLY_REPAYMENT == 0.006
    assert_share(repaid.sum(), days, 0.006 / 30)


def test_no_contract_runs_beyond_its_agreed_end(bank):
    beyond = bank.con.execute(
        """SELECT product, count(*) FROM raw_holdings WHERE matures_date::DATE < coalesce(closed_date::DATE, DATE '2026-06-30')
        GROUP BY product ORDER BY product"""
    ).fetchall()
    assert beyond == []


def test_contributions_follow_from_balances(bank, balances):
    earned = bank.frame(
        f"SELECT customer, {MONTH.format('month')} AS month, * EXCLUDE (customer_id, month, customer) FROM raw_contributions JOIN who USING (customer_id)"
    )
    both = earned.merge(balances, on=["customer", "month"])
    loans = both["loans"].to_numpy()
    assert np.allclose(both["expected_loss"].astype(float), finance.LOSS_RATE * loans / 12, atol=0.011)
    assert np.allclose(both["capital_charge"].astype(float), finance.CAPITAL_RATE * loans / 12, atol=0.011)
    bought = set(bank.frame("SELECT customer FROM raw_campaigns JOIN who USING (customer_id) WHERE responded")["customer"])
    plain = ~both["customer"].isin(bought).to_numpy()
    interest = (finance.DEPOSIT_MARGIN * both["deposits"] + finance.LOAN_MARGIN * loans) / 12
    assert np.allclose(both["ftp_interest"].astype(float)[plain], interest[plain], atol=0.011)
    assert (both["cost"].astype(float) >= finance.FIXED_COST).all()


# bookings


@pytest.fixture(scope="module")
def own_bookings(bank):
    """Own bookings by customer, month and channel."""
    return bank.frame(
        f"""SELECT customer, {MONTH.format("booked_at")} AS month, channel, count(*) AS n FROM raw_transactions JOIN who USING (customer_id)
        WHERE initiated_by = 'customer' GROUP BY ALL"""
    )


def expected_bookings(bank):
    traits, lived = bank.cast.traits, bank.lived
    part = bookings._part_of_month(traits.opened, lived.closed)
    return traits.bookings[:, None] * lived.activity * part * (1 - dirt.UNKNOWN_CUSTOMER_SHARE)


def test_bookings_come_as_often_as_activity_says_and_more_often_at_the_festival(bank, own_bookings):
    expected = expected_bookings(bank)
    festival = surroundings.is_month((0, 1))
    observed = own_bookings.groupby("month")["n"].sum().reindex(range(MONTHS)).to_numpy()
    assert_count(observed[~festival].sum(), expected[:, ~festival].sum())
    assert_count(observed[festival].sum(), 1.15 * expected[:, festival].sum())
    factor = np.where(festival, bookings.FESTIVAL_ACTIVITY, 1.0)
    scaled = expected.sum(axis=0) * factor
    assert chi2.sf(((observed - scaled) ** 2 / scaled).sum(), MONTHS) > STRICT


def test_channels_follow_digital_affinity(bank, own_bookings):
    is_company = (bank.people["kind"] == "corporate").to_numpy()
    shares = bookings.channel_shares(bank.cast.traits, is_company)
    shares = shares / shares.sum(axis=1, keepdims=True)
    by_channel = own_bookings.groupby(["customer", "channel"])["n"].sum().unstack(fill_value=0)
    counts = by_channel.reindex(range(len(bank.people)), fill_value=0)[list(bookings.CHANNELS)].to_numpy()
    fifth = np.digitize(bank.cast.traits.digital, np.quantile(bank.cast.traits.digital, [0.2, 0.4, 0.6, 0.8]))
    mobile = []
    for place in range(5):
        rows = fifth == place
        total = counts[rows].sum(axis=1, keepdims=True)
        expected, spread = (total * shares[rows]).sum(axis=0), (total * shares[rows] * (1 - shares[rows])).sum(axis=0)
        z = (counts[rows].sum(axis=0) - expected) / np.sqrt(spread.clip(1e-9))
        assert (np.abs(z)[expected > 5] < STRICT_Z).all(), z
        mobile.append(counts[rows][:, [4, 5]].sum() / total.sum())
    assert (np.diff(mobile) > 0.05).all()
    assert counts[~bank.cast.traits.uses_app][:, [4, 5]].sum() == 0
    assert counts[is_company][:, 2].sum() == 0


@pytest.fixture(scope="module")
def salaries(bank):
    return bank.frame(
        """SELECT customer, strftime(booked_at, '%Y-%m') AS month, booked_at::DATE AS day, counterparty, amount
        FROM raw_transactions JOIN who USING (customer_id) WHERE category = 'salary'"""
    )


def test_salaries_come_on_the_employers_pay_day(bank, salaries):
    """On working days on that very day; pay days on weekends and holidays are moved, by ten days at most."""
    day = salaries["day"]
    nominal = salaries.groupby("counterparty")["day"].agg(lambda days: days.dt.day.mode()[0])
    assert set(nominal) == {5, 10, 15, 25} == set(bookings.SALARY_DAYS)
    due = day.dt.to_period("M").dt.to_timestamp() + pd.to_timedelta(salaries["counterparty"].map(nominal) - 1, "D")
    moved = (day - due).dt.days
    assert moved.abs().max() <= 10
    assert set(due[moved != 0].dt.dayofweek) - {5, 6} <= set(due[moved != 0][due.dt.month.isin((1, 2, 10))].dt.dayofweek)
    on_weekdays = due.dt.dayofweek.lt(5) & ~due.dt.month.isin((1, 2, 10))
    assert (moved[on_weekdays] == 0).all()
    assert (moved[due.dt.dayofweek == 6] != 0).all()
    assert (salaries.groupby("customer")["counterparty"].nunique() == 1).all()
    assert not salaries.duplicated(["customer", "month"]).any()
    assert set(bank.people["archetype"].iloc[salaries["customer"].unique()]) == {"salary_household", "digital_young"}
    assert salaries["counterparty"].str.fullmatch(r"单位\d{4}").all()
    assert (salaries["amount"] > 0).all()
    days = salaries.drop_duplicates("customer")["counterparty"].map(nominal).value_counts()
    employers = np.bincount(np.arange(1, bookings.EMPLOYERS + 1) % len(bookings.SALARY_DAYS), minlength=4)
    assert_shares(days.loc[list(bookings.SALARY_DAYS)], employers)


def test_an_employer_pays_everybody_on_the_same_day(salaries):
    """But for those who leave in that month, who may be paid before."""
    paid = salaries.groupby(["counterparty", "month"])["day"].agg(["nunique", "size"])
    assert (paid["nunique"] > 1).sum() < 0.02 * len(paid)


def test_interest_and_repayments_come_on_their_days(bank):
    assert bank.ask(
        """SELECT bool_and(day(booked_at) = 21 AND month(booked_at) IN (3, 6, 9, 12) AND amount > 0) FROM raw_transactions
        WHERE category = 'interest'"""
    ) == (True,)
    assert bank.ask(
        """SELECT bool_and(booked_at::DATE = last_day(booked_at::DATE) - 5 AND amount <= 0) FROM raw_transactions
        WHERE category = 'loan_repayment'"""
    ) == (True,)


# contacts


@pytest.fixture(scope="module")
def visits(bank):
    """Visits to branches once each: customer, month, branch row, slot, wait_minutes."""
    frame = bank.frame(
        f"""SELECT DISTINCT contact_id, customer, {MONTH.format("started_at")} AS month, branch_id, started_at::TIMESTAMP AS at,
        wait_minutes::DOUBLE AS wait FROM raw_contacts JOIN who USING (customer_id) WHERE channel = 'branch'"""
    )
    hour = frame["at"].dt.hour + frame["at"].dt.minute / 60
    edges = [low for low, _ in surroundings.SLOT_HOURS][1:]
    branch = frame["branch_id"].str[1:].astype(int) - 1
    assert hour.min() >= 8.4
    assert hour.max() <= 17.5
    return frame.assign(branch=branch, slot=np.digitize(hour, edges))


def test_visits_are_as_many_as_digital_affinity_says(bank, visits):
    lived, traits = bank.lived, bank.cast.traits
    share = np.column_stack([life.long_share(month, traits, bank.cast.stage, bank.cast.world) for month in range(MONTHS)])
    expected = (lived.visits * (1 - share) + struck(lived, "long_wait")) * (1 - dirt.UNKNOWN_CUSTOMER_SHARE)
    fifth = np.digitize(traits.digital, np.quantile(traits.digital, [0.2, 0.4, 0.6, 0.8]))
    per_month = []
    for place in range(5):
        rows = np.flatnonzero(fifth == place)
        observed = visits["customer"].isin(rows).sum()
        assert_count(observed, expected[rows].sum())
        per_month.append(observed / (lived.activity[rows] > 0).sum())
    assert (np.diff(per_month) < 0).all()
    own = visits["branch"].to_numpy() == traits.branch[visits["customer"]]
    assert own.all()


def test_waits_of_half_an_hour_are_as_frequent_as_branch_and_slot_say(bank, visits):
    seen = visits[visits["wait"] >= 0]
    stated = bank.cast.stage.long_share[seen["branch"], seen["slot"], seen["month"]]
    cells = seen.assign(is_long=seen["wait"] >= 30, stated=stated, spread=stated * (1 - stated)).groupby(["branch", "slot"])
    sums = cells[["is_long", "stated", "spread"]].sum()
    assert len(sums) == surroundings.BRANCHES * len(surroundings.SLOTS)
    some = sums[sums["stated"] >= 3]
    assert len(some) > 100
    assert chi2.sf(((some["is_long"] - some["stated"]) ** 2 / some["spread"]).sum(), len(some)) > STRICT
    whole = sums.sum()
    assert abs(whole["is_long"] - whole["stated"]) < STRICT_Z * np.sqrt(whole["spread"]) + 0.03 * whole["stated"]
    by_slot = sums.groupby("slot")[["is_long", "stated"]].sum()
    assert (by_slot["is_long"].loc[0] / (seen["slot"] == 0).sum()) > 2 * by_slot["is_long"].loc[3] / (seen["slot"] == 3).sum()


def test_who_was_struck_by_a_long_wait_has_one_ticket_of_it(bank, visits):
    """But for tickets under unknown numbers and those whose wait was written as below zero."""
    long = np.zeros((len(bank.people), MONTHS), int)
    seen = visits[visits["wait"] >= 30]
    np.add.at(long, (seen["customer"], seen["month"]), 1)
    hit = struck(bank.lived, "long_wait")
    assert long.max() == 1
    assert not (long[~hit]).any()
    lost = 1 - (1 - dirt.UNKNOWN_CUSTOMER_SHARE) * (1 - dirt.NEGATIVE_WAIT_SHARE)
    assert_share((long[hit] == 0).sum(), hit.sum(), lost)


def test_some_leave_before_they_are_served_and_the_longer_they_wait_the_more(bank):
    waited = bank.frame(
        "SELECT wait_minutes::DOUBLE AS wait, abandoned FROM raw_contacts WHERE channel = 'branch' AND wait_minutes::DOUBLE >= 0"
    )
    share = waited.groupby(np.digitize(waited["wait"], [10, 20, 30, 45]))["abandoned"].mean()
    assert (np.diff(share) > 0).all()
    assert bank.ask(
        "SELECT count(*) FROM raw_contacts WHERE abandoned AND (handled_minutes::DOUBLE > 0 OR outcome IS NOT NULL)"
    ) == (0,)


# complaints


def test_complaints_are_fewer_than_grievances_and_are_those_written_down(bank):
    lived = bank.lived
    logged = bank.ask("SELECT count(DISTINCT complaint_id) FROM raw_complaints")[0]
    assert logged == lived.complaint.sum()
    assert 3 * logged < 3 * lived.grievance.sum() * 0.7
    assert not (lived.complaint & ~lived.grievance).any()
    grid = by_customer_month(
        bank,
        f"""SELECT customer, {MONTH.format("received_at")} AS month, count(DISTINCT complaint_id) AS n
        FROM raw_complaints JOIN who USING (customer_id) GROUP BY ALL""",
    )
    assert not (grid > lived.complaint).any()
    assert_share((grid < lived.complaint).sum(), lived.complaint.sum(), dirt.UNKNOWN_CUSTOMER_SHARE)


def test_the_wealthy_have_their_grievances_written_down(bank):
    lived, traits = bank.lived, bank.cast.traits
    customer, month = np.nonzero(lived.grievance)
    recording = bank.cast.stage.branches["recording"].to_numpy()[traits.branch[customer]]
    logged = by_customer_month(
        bank,
        f"""SELECT customer, {MONTH.format("received_at")} AS month, count(DISTINCT complaint_id) AS n
        FROM raw_complaints JOIN who USING (customer_id) GROUP BY ALL""",
    )[customer, month]
    known = pd.DataFrame(
        {"const": 1.0, "wealth": traits.wealth[customer], "service": traits.service_sensitivity[customer], "branch": recording}
    )
    fit = sm.Logit((logged > 0).astype(float), known).fit(disp=0)
    assert_slopes(
        fit,
        {
            "const": life.RECORDED_LOG_ODDS,
            "wealth": life.RECORDED_BY_WEALTH,
            "service": life.RECORDED_BY_SERVICE,
            "branch": life.RECORDED_BY_BRANCH,
        },
    )
    assert fit.params["wealth"] > 1


def test_late_or_missing_resolutions_are_the_levers(bank):
    """Within fifteen days, or struck by the lever: later or never."""
    found = bank.frame(
        f"""SELECT DISTINCT complaint_id, customer, {MONTH.format("received_at")} AS month, received_at::DATE AS received,
        resolved_at::DATE AS resolved FROM raw_complaints JOIN who USING (customer_id)"""
    )
    days = (found["resolved"] - found["received"]).dt.days
    late = bank.lived.unresolved[found["customer"], found["month"]]
    ended = found["received"] > pd.Timestamp("2026-03-01")
    assert (days[~late & ~ended.to_numpy()] <= 15).all()
    assert (days[late].dropna() > 15).all()
    never = days[late & ~ended.to_numpy()].isna()
    assert_share(never.sum(), len(never), 0.25)


def test_more_time_is_given_to_some_that_are_open_after_fifteen_days_and_to_a_few_too_late(bank):
    found = bank.frame(
        """SELECT DISTINCT complaint_id, received_at::TIMESTAMP AS received, resolved_at::TIMESTAMP AS resolved,
        extension_approved_at::TIMESTAMP AS approved, extended_until::DATE AS until FROM raw_complaints"""
    )
    day = found["received"].dt.normalize()
    is_open = found["resolved"].isna() | (found["resolved"].dt.normalize() > day + pd.Timedelta(days=15))
    extended = found["approved"].notna()
    assert not extended[~is_open].any()
    assert (extended == found["until"].notna()).all()
    ended = found["received"] > pd.Timestamp("2026-06-01")
    too_late = found["approved"].dt.normalize() > day + pd.Timedelta(days=15)
    assert_share(too_late[extended].sum(), extended.sum(), grievances.APPROVED_TOO_LATE_SHARE)
    assert 0.3 < extended[is_open & ~ended].mean() <= grievances.EXTENDED_SHARE + 0.05
    assert set((pd.to_datetime(found["until"]) - day).dt.days.dropna()) == set(grievances.EXTENDED_DAYS)


# surveys


def test_ease_is_asked_after_contacts_alone_and_goes_with_waiting(bank):
    found = bank.frame(
        """SELECT DISTINCT response_id, trigger, effort::DOUBLE AS effort, value::DOUBLE AS waiting FROM raw_surveys
        JOIN raw_invitations USING (response_id) LEFT JOIN (SELECT * FROM raw_answers WHERE item = 'waiting') USING (response_id)"""
    )
    assert (found["effort"].notna() == (found["trigger"] == "contact")).all()
    assert found["effort"].dropna().between(1, 7).all()
    assert found["effort"].corr(found["waiting"]) > 0.3


@pytest.fixture(scope="module")
def invited(bank):
    frame = bank.frame(
        f"""SELECT DISTINCT invitation_id, customer, {MONTH.format("coalesce(c.started_at, i.sent_date)")} AS month, trigger,
        i.contact_id, response_id IS NOT NULL AS is_answered
        FROM raw_invitations i JOIN who ON who.customer_id = i.customer_id LEFT JOIN raw_contacts c ON c.contact_id = i.contact_id"""
    )
    return frame.assign(satisfaction=bank.lived.satisfaction[frame["customer"], frame["month"]].astype(float))


def test_the_dissatisfied_answer_less(invited):
    known = pd.DataFrame(
        {"const": 1.0, "satisfaction": invited["satisfaction"], "staff": (invited["trigger"] == "staff").astype(float)}
    )
    fit = sm.Logit(invited["is_answered"].astype(float), known).fit(disp=0)
    stated = {
        "const": surveys.ANSWER_LOG_ODDS,
        "satisfaction": surveys.ANSWER_BY_SATISFACTION,
        "staff": surveys.STAFF_ANSWERS_MORE,
    }
    assert_slopes(fit, stated)
    assert fit.params["satisfaction"] > 0.2


def in_frame(bank):
    """Which customers the survey office could invite (customers × months): in its list and active."""
    listed = np.zeros(len(bank.people), bool)
    listed[bank.frame("SELECT DISTINCT customer FROM raw_parties p JOIN who ON who.customer_id = p.source || ':' || p.source_id WHERE p.source = 'survey'")["customer"]] = True  # fmt: skip
    return (bank.lived.activity > 0) & listed[:, None]


def test_staff_invite_the_satisfied_and_chance_does_not_choose(bank, invited):
    frame, lived = in_frame(bank), bank.lived
    for trigger, where, constant, slope in (
        ("staff", frame & (lived.visits > 0.05), surveys.STAFF_LOG_ODDS, surveys.STAFF_BY_SATISFACTION),
        ("random", frame, np.log(surveys.RANDOM_SHARE / (1 - surveys.RANDOM_SHARE)), 0.0),
    ):
        own = invited[invited["trigger"] == trigger]
        chosen = np.zeros(frame.shape, bool)
        chosen[own["customer"], own["month"]] = True
        assert chosen.sum() == len(own)
        assert not chosen[~where].any(), trigger
        known = pd.DataFrame({"const": 1.0, "satisfaction": lived.satisfaction[where].astype(float)})
        fit = sm.Logit(chosen[where].astype(float), known).fit(disp=0)
        assert_slopes(fit, {"const": constant, "satisfaction": slope})
    usual = lived.satisfaction[frame].mean()
    assert invited[invited["trigger"] == "staff"]["satisfaction"].mean() > usual + 0.3


def test_a_tenth_of_contacts_is_asked_about(bank, invited):
    listed = set(bank.frame("SELECT DISTINCT customer FROM raw_invitations JOIN who USING (customer_id)")["customer"])
    frame = bank.frame(
        "SELECT DISTINCT contact_id, customer FROM raw_contacts JOIN who USING (customer_id) WHERE purpose <> 'login'"
    )
    asked = set(invited[invited["trigger"] == "contact"]["contact_id"])
    inside = frame[in_frame(bank).any(axis=1)[frame["customer"]]]
    assert_share(inside["contact_id"].isin(asked).sum(), len(inside), surveys.CONTACT_SHARE)
    assert (invited["contact_id"].notna() == (invited["trigger"] == "contact")).all()
    assert len(listed) > 1000


def test_a_quarter_of_customers_answers_a_survey_a_year(bank):
    answered = bank.ask(
        """SELECT count(*) / (SELECT count(*) / 12 FROM raw_balances WHERE basis = 'average' AND month
        BETWEEN '2024-07-01' AND '2025-06-30') FROM raw_surveys WHERE answered_date::DATE BETWEEN '2024-07-01' AND '2025-06-30'"""
    )
    assert 0.18 < answered[0] < 0.40


def test_waiting_weighs_more_than_the_branch_environment(bank):
    weights = bank.ask(
        """SELECT corr(overall::DOUBLE, value::DOUBLE) FILTER (item = 'waiting'),
        corr(overall::DOUBLE, value::DOUBLE) FILTER (item = 'branch_environment')
        FROM raw_surveys JOIN raw_answers USING (response_id) WHERE overall::DOUBLE <= 10"""
    )
    assert weights[0] > weights[1] > 0.2


def test_marks_crowd_at_the_top_and_the_app_is_judged_by_its_users(bank):
    top, bottom = bank.ask(
        "SELECT avg((overall::DOUBLE = 10)::INT), avg((overall::DOUBLE <= 4)::INT) FROM raw_surveys WHERE overall::DOUBLE <= 10"
    )
    assert top > 2 * bottom > 0
    judges = bank.frame(
        "SELECT DISTINCT customer FROM raw_answers JOIN raw_surveys USING (response_id) JOIN who USING (customer_id) WHERE item = 'app'"
    )
    assert bank.cast.traits.uses_app[judges["customer"]].all()


# levers


def test_fees_rise_in_rolled_out_branches_only_and_after_they_were_announced(bank):
    stage, lived = bank.cast.stage, bank.lived
    tariffs = bank.frame("SELECT * FROM raw_tariffs")
    branch = tariffs["branch_id"].str[1:].astype(int).to_numpy() - 1
    rolled = stage.fee_month < MONTHS
    assert sorted(branch) == np.flatnonzero(rolled).tolist()
    assert 0.2 < 1 - rolled.mean() < 0.4
    effective, announced = (
        pd.to_datetime(tariffs[name]).to_numpy().astype("datetime64[D]") for name in ("effective_date", "announced_date")
    )
    assert (effective == first_day(stage.fee_month[branch])).all()
    assert (effective > announced).all()
    assert len(set(announced)) == 1
    assert len(set(effective)) == 4
    assert (tariffs["new_fee"].astype(float) > tariffs["old_fee"].astype(float)).all()
    hit = struck(lived, "fee_rise")
    customer, month = np.nonzero(hit)
    assert len(customer) > 300
    assert (stage.fee_month[bank.cast.traits.branch[customer]] == month).all()
    assert bank.cast.held.card[customer, month].all()
    held = bank.frame(
        f"""SELECT DISTINCT customer, {MONTH.format("opened_date")} AS opened, coalesce({MONTH.format("closed_date")}, 99) AS closed
        FROM raw_holdings JOIN who USING (customer_id) WHERE product = 'card'"""
    )
    spans = held.groupby("customer")
    found = spans.filter(lambda one: True).set_index("customer")
    listed = [one in found.index and ((found.loc[[one], "opened"] <= at) & (found.loc[[one], "closed"] >= at)).any()
              for one, at in zip(customer, month, strict=True)]  # fmt: skip
    assert_share(len(listed) - sum(listed), len(listed), dirt.UNKNOWN_CUSTOMER_SHARE)


def test_managers_leave_in_the_assignments_when_they_leave(bank):
    stage, lived = bank.cast.stage, bank.lived
    found = bank.frame(
        "SELECT customer, manager_id, from_date::DATE AS since, until_date::DATE AS until, reason FROM raw_assignments JOIN who USING (customer_id)"
    )
    assert len(found) == bank.ask("SELECT count(*) FROM raw_assignments")[0]
    place = found["manager_id"].str[1:5].astype(int)
    assert (place.to_numpy() == bank.cast.traits.place[found["customer"]]).all()
    gone = found["reason"] == "customer_left"
    assert (found["until"][gone].to_numpy().astype("datetime64[D]") == bank.lived.closed[found["customer"][gone]]).all()
    assert not (found["until"].to_numpy().astype("datetime64[D]") > bank.lived.closed[found["customer"]]).any()
    ended = found.assign(place=place)[found["until"].notna() & ~gone]
    stated = stage.departures.assign(left=stage.departures["left"].astype("datetime64[us]"))
    merged = ended.merge(stated, left_on=["place", "until"], right_on=["place", "left"], suffixes=("", "_true"), how="left")
    assert len(merged) == len(ended)
    assert (merged["reason"] == merged["reason_true"]).all()
    assert (found["reason"].isna() == found["until"].isna()).all()
    told = np.zeros((len(bank.people), MONTHS), bool)
    told[ended["customer"], month_of(ended["until"].to_numpy().astype("datetime64[D]"))] = True
    assert not (struck(lived, "manager_left") & ~told & (month_of(bank.cast.traits.opened)[:, None] < np.arange(MONTHS))).any()
    assert struck(lived, "manager_left").sum() > 100
    managed = bank.cast.traits.place >= 0
    assert set(found["customer"]) == set(np.flatnonzero(managed))
    overlaps = found.sort_values(["customer", "since"])
    before = overlaps.groupby("customer")["until"].shift()
    assert not (overlaps["since"] <= before).any()


def test_attempts_to_log_in_lie_in_matched_hours(bank):
    tried = bank.frame(
        "SELECT customer, started_at::TIMESTAMP AS at, outcome FROM raw_contacts JOIN who USING (customer_id) WHERE purpose = 'login'"
    )
    outages = bank.frame(
        "SELECT started_at::TIMESTAMP AS begins, ended_at::TIMESTAMP AS ends FROM raw_incidents WHERE kind = 'app_outage'"
    )
    assert len(outages) == surroundings.OUTAGES
    week, outage = np.full(len(tried), -1), np.full(len(tried), -1)
    at = tried["at"].to_numpy()
    for number, row in enumerate(outages.itertuples()):
        for back in range(5):
            shift = np.timedelta64(7 * back, "D")
            inside = (at >= np.datetime64(row.begins) - shift) & (at <= np.datetime64(row.ends) - shift)
            week[inside], outage[inside] = back, number
    assert (week >= 0).all()
    failed = (tried["outcome"] == "failed").to_numpy()
    assert failed[week == 0].all()
    assert_share(failed[week > 0].sum(), (week > 0).sum(), 0.03)
    traits, lived = bank.cast.traits, bank.lived
    assert traits.uses_app[tried["customer"]].all()
    expected, spread = np.zeros(5), np.zeros(5)
    for row in outages.itertuples():
        hours = (row.ends - row.begins) / pd.Timedelta(hours=1)
        for back in range(5):
            day = np.datetime64(row.begins, "D") - 7 * back
            usual = np.minimum(lived.share[:, int(month_of(np.array([day]))[0])], 1)
            there = traits.uses_app & (traits.opened <= day) & ~(lived.closed < day)
            chance = usual[there] * (1 - np.exp(-hours * 0.07 * traits.digital[there]))
            expected[back] += chance.sum()
            spread[back] += (chance * (1 - chance)).sum()
    observed = np.bincount(week, minlength=5)
    assert (np.abs(observed - expected)[1:] < STRICT_Z * np.sqrt(spread)[1:]).all()
    assert abs(observed[0] - expected[0]) < STRICT_Z * np.sqrt(spread[0]) + 0.05 * expected[0]


def test_a_fifth_of_alerts_is_held_out_by_lot(bank):
    held, alerts = bank.ask("SELECT count(*) FILTER (held_out), count(*) FROM raw_alerts")
    assert_share(held, alerts, 0.20)
    assert alerts == (bank.lived.alert > 0).sum()
    assert bank.ask("SELECT count(*) FROM raw_alerts WHERE (outcome IS NULL) <> (outcome_date IS NULL)") == (0,)
    assert bank.ask("SELECT count(*) FROM raw_alerts WHERE (action IS NULL) <> held_out") == (0,)
    wealth = bank.frame("SELECT customer, held_out FROM raw_alerts JOIN who USING (customer_id)")
    by_lot = pd.DataFrame({"const": 1.0, "wealth": bank.cast.traits.wealth[wealth["customer"]]})
    assert_slopes(sm.Logit(wealth["held_out"].astype(float), by_lot).fit(disp=0), {"wealth": 0.0})


def test_a_fifth_is_held_out_of_two_campaigns_and_nobody_of_the_best(bank):
    arms = (
        bank.frame("SELECT campaign_id, arm, count(*) AS n FROM raw_campaigns GROUP BY ALL")
        .pivot(index="campaign_id", columns="arm", values="n")
        .fillna(0)
    )
    assert set(arms.index) == {"wealth_autumn", "term_spring", "best_customers"}
    for name in ("wealth_autumn", "term_spring"):
        assert abs(arms.loc[name, "held_out"] - 0.20 * arms.loc[name].sum()) <= 1, "exact in each of two blocks"
    assert arms.loc["best_customers", "held_out"] == 0
    assert bank.ask("SELECT count(*) FROM raw_campaigns WHERE (cost::DOUBLE = 0) <> (arm = 'held_out')") == (0,)
    assert bank.ask("SELECT count(*) FROM raw_campaigns WHERE (revenue::DOUBLE <> 0) <> responded") == (0,)
    lost = bank.ask(
        """SELECT count(*) FROM raw_campaigns c JOIN who USING (customer_id) WHERE responded AND NOT EXISTS (
        SELECT 1 FROM raw_holdings h JOIN who w USING (customer_id) WHERE w.customer = who.customer AND h.product = c.product
        AND h.opened_date::DATE > c.offered_date::DATE)"""
    )
    assert_share(lost[0], bank.ask("SELECT count(*) FROM raw_campaigns WHERE responded")[0], dirt.UNKNOWN_CUSTOMER_SHARE)


def test_effects_are_of_those_in_the_campaign(bank):
    assert bank.ask(
        """SELECT count(*) FROM truth_effects t FULL JOIN raw_campaigns c
        ON c.campaign_id = t.campaign_id AND c.customer_id = 'core:' || t.customer_id WHERE t.effect IS NULL OR c.arm IS NULL"""
    ) == (0,)
    assert bank.ask("SELECT min(effect), max(effect) FROM truth_effects WHERE campaign_id = 'best_customers'") == (0, 0)


@pytest.mark.parametrize("purpose", ["marketing", "profiling"])
def test_consents_are_given_by_most_and_taken_back_by_few(bank, purpose):
    persons = (bank.people["kind"] == "personal").sum()
    given, withdrawn, companies = bank.ask(
        f"""SELECT count(*), count(withdrawn_date), count(*) FILTER (kind = 'corporate') FROM raw_consents JOIN who USING (customer_id)
        JOIN people USING (customer) WHERE purpose = '{purpose}'"""
    )
    assert companies == 0
    assert_share(persons - given, persons, prospects.NEVER_GIVEN[purpose])
    assert_share(withdrawn, persons, prospects.WITHDRAWN[purpose])


def assert_weighted_shares(counts, shares, weights, pool):
    """Counts drawn with these weights from a pool that itself was drawn with these shares: Wald's test, the pool's chance
    counted by the delta method."""
    expected = shares * weights / (shares * weights).sum()
    spread = np.diag(expected) - np.outer(expected, expected)
    covariance = spread / counts.sum() + spread @ np.diag(1 / shares) @ spread / pool
    gap = (counts / counts.sum()).to_numpy() - expected
    assert chi2.sf(gap @ np.linalg.pinv(covariance) @ gap, len(shares) - 1) > STRICT


def test_prospects_come_from_their_sources(bank):
    found = bank.frame(
        """SELECT p.*, people.opened FROM raw_prospects p LEFT JOIN who ON who.customer_id = p.converted_customer_id
        LEFT JOIN people USING (customer)"""
    )
    converted = found["converted_date"].notna()
    counts = found[converted]["source"].value_counts()
    assert_shares(counts.reindex(prospects.SOURCES, fill_value=0), prospects.CONVERTED_SHARES)
    arrivals = (bank.people["opened"].to_numpy().astype("datetime64[D]") >= FIRST).sum()
    counts = found[~converted]["source"].value_counts().reindex(prospects.SOURCES)
    assert_weighted_shares(counts, np.array(prospects.CONVERTED_SHARES), np.exp(-np.array(prospects.SOURCE_LOG_ODDS)), arrivals)
    assert_share(converted.sum(), arrivals, prospects.PROSPECT_SHARE)
    assert (~converted).sum() == prospects.UNCONVERTED_PER_CONVERTED * converted.sum()
    assert (pd.to_datetime(found["converted_date"])[converted] == found["opened"][converted]).all()
    assert (found["converted_customer_id"].notna() == converted).all()
    assert (pd.to_datetime(found["first_seen_date"])[converted] < found["opened"][converted]).all()


def test_exposures_stop_when_the_company_left(bank):
    reported, outside, persons = bank.ask(
        """SELECT count(*), count(*) FILTER (reported_date::DATE < opened OR reported_date::DATE > closed),
        count(*) FILTER (kind = 'personal') FROM raw_exposures JOIN who USING (customer_id) JOIN people USING (customer)"""
    )
    assert reported == bank.ask("SELECT count(*) FROM raw_exposures")[0]
    assert (outside, persons) == (0, 0)
    left = bank.ask(
        """SELECT count(DISTINCT customer) FROM raw_exposures JOIN who USING (customer_id) JOIN people USING (customer)
        WHERE closed < DATE '2026-03-31'"""
    )
    assert left[0] > 5


# the bounds of a relation


@pytest.mark.parametrize(
    ("table", "day"),
    [
        ("transactions", "booked_at"), ("contacts", "started_at"), ("complaints", "received_at"), ("invitations", "sent_date"),
        ("surveys", "answered_date"), ("holdings", "opened_date"), ("holdings", "closed_date"), ("campaigns", "offered_date"),
        ("alerts", "raised_date"), ("assignments", "from_date"), ("consents", "given_date"),
    ],
)  # fmt: skip
def test_nothing_is_before_the_opening_or_after_the_closing(bank, table, day):
    rows, before, after, late = bank.ask(
        f"""SELECT count(*), count(*) FILTER ({day}::DATE < opened), count(*) FILTER ({day}::DATE > closed),
        count(*) FILTER ({day}::DATE > DATE '2026-06-30') FROM raw_{table} JOIN who USING (customer_id) JOIN people USING (customer)"""
    )
    assert rows > 1000
    assert (before, after, late) == (0, 0, 0)


@pytest.mark.parametrize("table", ["balances", "contributions"])
def test_months_are_those_of_the_relation(bank, table):
    rows, outside = bank.ask(
        f"""SELECT count(*), count(*) FILTER (month < opened OR date_trunc('month', month) > closed)
        FROM raw_{table} JOIN who USING (customer_id) JOIN people USING (customer)"""
    )
    assert (rows > 100_000, outside) == (True, 0)


def test_the_dormant_fall_silent_and_the_emptied_shrink(bank):
    own_bookings_after = bank.ask(
        """SELECT count(*) FROM truth_customers t JOIN people USING (customer_id) JOIN who USING (customer)
        JOIN raw_transactions r ON r.customer_id = who.customer_id
        WHERE churn_kind = 'dormant' AND booked_at > churn_month AND initiated_by = 'customer'
        AND booked_at < coalesce(date_trunc('month', returned_month), DATE '2027-01-01')"""
    )
    assert own_bookings_after == (0,)
    shrunk = bank.ask(
        """WITH total AS (SELECT customer, month, max(deposits::DOUBLE + wealth) AS total FROM raw_balances JOIN who USING (customer_id)
                          WHERE basis = 'average' GROUP BY ALL)
        SELECT median(after.total / before.total), count(*) FROM truth_customers t JOIN people p USING (customer_id)
        JOIN total AS before ON before.customer = p.customer AND before.month = last_day(churn_month - INTERVAL 7 MONTH)
        JOIN total AS after ON after.customer = p.customer AND after.month = last_day(churn_month + INTERVAL 1 MONTH)
        WHERE churn_kind = 'run_off'"""
    )
    assert shrunk[1] > 50
    assert shrunk[0] < 0.2


def test_churn_comes_in_every_kind(bank):
    kinds = dict(bank.con.execute("SELECT churn_kind, count(*) FROM truth_customers GROUP BY 1").fetchall())
    assert set(kinds) == {None, "closed", "dormant", "run_off", "involuntary"}
    assert min(kinds["closed"], kinds["dormant"], kinds["run_off"]) > kinds["involuntary"] > 0
    closed = bank.ask(
        """SELECT count(*) FILTER (closed_date IS NULL), count(*) FILTER (exit_reason IN ('relocation', 'death', 'loan_repaid', 'cleared'))
        FROM truth_customers t JOIN raw_customers r ON r.customer_id = 'core:' || t.customer_id
        WHERE churn_kind = 'closed'"""
    )
    assert closed == (0, 0)
    unwilling = bank.ask(
        """SELECT count(*) FILTER (closed_date IS NULL), count(*) FILTER (exit_reason NOT IN ('relocation', 'death', 'loan_repaid'))
        FROM truth_customers t JOIN raw_customers r ON r.customer_id = 'core:' || t.customer_id WHERE churn_kind = 'involuntary'"""
    )
    assert unwilling == (0, 0)


def test_voluntary_churn_is_near_six_percent_a_half_year(bank):
    rates = []
    for start, end in zip(
        ("2023-06-30", "2023-12-31", "2024-06-30", "2024-12-31"),
        ("2023-12-31", "2024-06-30", "2024-12-31", "2025-06-30"),
        strict=True,
    ):
        rates.append(
            bank.ask(
                f"""SELECT avg(coalesce(churn_month <= '{end}' AND churn_kind <> 'involuntary', false)::INT), count(*)
                FROM truth_customers JOIN people USING (customer_id)
                WHERE opened <= '{start}' AND (churn_month IS NULL OR churn_month > '{start}')"""
            )
        )
    pooled = np.average([rate for rate, _ in rates], weights=[base for _, base in rates])
    assert 0.045 < pooled < 0.085


# what is wrong in the files


@pytest.mark.parametrize(
    ("sql", "share"),
    [
        ("SELECT count(*) FILTER (birth_date IS NOT NULL AND try_cast(birth_date AS DATE) IS NULL), count(*) FROM raw_customers", 0.006),
        ("SELECT count(*) - count(DISTINCT customer_id), count(DISTINCT customer_id) FROM raw_customers", 0.005),
        ("SELECT count(*) FILTER (phone IS NULL), count(*) FROM raw_customers", 0.04),
        ("SELECT count(*) FILTER (customer_id SIMILAR TO '(core|cards|ebank):99[0-9]{8}'), count(*) FROM raw_transactions", 0.003),
        ("SELECT count(*) FILTER (customer_id SIMILAR TO 'core:99[0-9]{8}'), count(*) FROM raw_holdings", 0.003),
        ("SELECT count(*) FILTER (customer_id SIMILAR TO 'core:99[0-9]{8}'), count(*) FROM raw_balances WHERE basis = 'end'", 0.003),
        ("SELECT count(*) FILTER (customer_id SIMILAR TO '(core|callcenter):99[0-9]{8}'), count(*) FROM raw_contacts WHERE purpose <> 'login'", 0.003),
        ("SELECT count(*) FILTER (customer_id SIMILAR TO 'callcenter:99[0-9]{8}'), count(*) FROM raw_complaints", 0.003),
        ("SELECT count(*) FILTER (wait_minutes::DOUBLE = -1), count(*) FROM raw_contacts WHERE purpose <> 'login'", 0.003),
        ("SELECT count(*) FILTER (wait_minutes::DOUBLE < 0 AND wait_minutes::DOUBLE <> -1), 1000 FROM raw_contacts", 0.0),
        ("SELECT count(*) FILTER (overall::DOUBLE = 99), count(*) FROM raw_surveys", 0.004),
        ("SELECT count(*) FILTER (overall::DOUBLE > 10 AND overall::DOUBLE <> 99), 1000 FROM raw_surveys", 0.0),
        ("SELECT count(*) - count(DISTINCT (customer_id, month)), count(DISTINCT (customer_id, month)) FROM raw_balances WHERE basis = 'end'", 0.002),
        ("SELECT count(*) - count(DISTINCT holding_id), count(DISTINCT holding_id) FROM raw_holdings", 0.002),
        ("SELECT count(*) - count(DISTINCT contact_id), count(DISTINCT contact_id) FROM raw_contacts WHERE purpose <> 'login'", 0.002),
        ("SELECT count(*) - count(DISTINCT complaint_id), count(DISTINCT complaint_id) FROM raw_complaints", 0.002),
    ],
)  # fmt: skip
def test_core_bankings_errors_have_their_shares(bank, sql, share):
    assert_share(*bank.ask(sql), share)


def test_core_bankings_phones_in_full_width_and_of_no_operator(bank):
    core = bank.file("core/客户信息.csv", encoding="gb18030")
    filled = core["手机号码"][core["手机号码"] != ""]
    wide = filled.str.contains("[０-９]")
    assert_share(wide.sum(), len(filled), dirt.FULL_WIDTH_SHARE)
    assert bank.ask("SELECT avg((phone SIMILAR TO '154[0-9]{8}')::INT) FROM raw_customers WHERE phone IS NOT NULL") == (1,)


def test_one_customer_in_a_hundred_has_a_second_core_number(bank):
    seconds, without = bank.ask(
        """SELECT count(*), count(*) FILTER (id_number IS NULL) FROM (SELECT DISTINCT customer_id, id_number FROM raw_customers)
        JOIN who USING (customer_id) JOIN people USING (customer) WHERE customer_id <> 'core:' || people.customer_id"""
        .replace("WHERE customer_id <>", "WHERE who.customer_id <>")
        .replace("JOIN who USING (customer_id)", "r JOIN who ON who.customer_id = r.customer_id")
    )  # fmt: skip
    assert_share(seconds, len(bank.people), 0.01)
    assert_share(without, seconds, SECOND_ID_MISSING_SHARE)


def test_hostile_words_stand_in_names_complaints_and_a_branch(bank):
    for hostile in texts.HOSTILE:
        assert bank.con.execute("SELECT count(*) FROM raw_customers WHERE name = ?", [hostile]).fetchall()[0][0] >= 1
        found = bank.con.execute("SELECT count(DISTINCT complaint_id) FROM raw_complaints WHERE starts_with(text, ?)", [hostile])
        assert found.fetchall()[0][0] == 2, "once in each block"
    assert bank.ask("SELECT count(*) FROM raw_branches WHERE name LIKE '%<script>%'") == (1,)


FILES = {
    "cards": ("cards/持卡人.csv", "gb18030"), "ebank": ("ebank/users.csv", "utf-8"), "callcenter": ("callcenter/callers.csv", "utf-8"),
    "survey": ("survey/样本.csv", "gb18030"), "credit": ("credit/授信客户.csv", "gb18030"),
}  # fmt: skip
FIELDS = ("number", "core_number", "name", "sex", "birth_date", "id_number", "phone", "address", "opened")
BIRTHS = {"cards": "%Y%m%d", "ebank": "%Y-%m-%d", "survey": "%Y/%m/%d", "credit": "%Y年%m月%d日"}


@pytest.fixture(scope="module")
def department(bank):
    """A department's delivered list beside what is true of its customers (true_…), hostile endings taken off; by name."""
    register = bank.cast.lists.register.set_index("customer").add_prefix("true_")
    owner = bank.frame("SELECT customer_id AS written, customer FROM who").set_index("written")["customer"]

    def read(name):
        path, encoding = FILES[name]
        frame = bank.file(path, encoding=encoding)
        frame.columns = FIELDS
        frame = frame.assign(customer=(name + ":" + frame["number"]).map(owner))
        assert frame["customer"].notna().all()
        hostile = frame["name"].map(lambda text: next((end for end in texts.HOSTILE if text.endswith(end)), ""))
        plain = [text.removesuffix(end) for text, end in zip(frame["name"], hostile, strict=True)]
        frame = frame.assign(name=plain, hostile=hostile, customer=frame["customer"].astype(int)).join(register, on="customer")
        frame["sex"] = frame["sex"].map({"男": "male", "女": "female", "": ""})
        return frame

    made = {name: read(name) for name in FILES}
    return made.__getitem__


def plain(texts_):
    return texts_.map(lambda text: unicodedata.normalize("NFKC", text).replace(" ", ""))


def shown(frame, error, errors, name, phones):
    """(rows that show the error, rows that could, the share expected of them) for one planted error of a list."""
    moved_name = frame["name"].str.contains(r"\d号$")
    moved_phone = plain(frame["phone"]).str.match("9")
    named, phoned = frame[(frame["name"] != "") & ~moved_name], frame[(frame["phone"] != "") & ~moved_phone]
    numbered = frame[(frame["id_number"] != "") & ~moved_phone]
    placed = frame[(frame["address"] != "") & ~moved_name]
    share, phone = errors[error], plain(phoned["phone"])
    differs = phone != phoned["true_phone"]
    another = differs & phone.isin(phones)
    company = named[named["true_kind"] == "corporate"]
    bare = named["true_name"].str.removesuffix("有限公司")
    misspelt = plain(named["name"]).str.removesuffix("有限公司") != bare
    born = pd.to_datetime(frame["birth_date"], format=BIRTHS.get(name), errors="coerce") if name in BIRTHS else None
    filled_birth = frame["birth_date"] != ""
    true_born = pd.to_datetime(frame["true_birth_date"])
    if error == "birth_impossible":
        return (filled_birth & born.isna()).sum(), filled_birth.sum(), share
    if error == "birth_day_month_swapped":
        able = filled_birth & born.notna() & (true_born.dt.day <= 12) & (true_born.dt.day != true_born.dt.month)
        return (able & (born != true_born)).sum(), able.sum(), share
    rules = {
        "name_misspelt": lambda: (misspelt.sum(), bare.map(lambda text: any(c in dirt.LOOKALIKES for c in text)).sum(), share),
        "name_spaced": lambda: (named["name"].str.contains(" ").sum(), len(named), share),
        "company_shortened": lambda: ((~plain(company["name"]).str.endswith("有限公司")).sum(), len(company), share),
        "sex_wrong": lambda: (
            (frame["sex"] != frame["true_sex"])[frame["true_sex"] != ""].sum(),
            (frame["true_sex"] != "").sum(),
            share,
        ),
        "id_missing": lambda: ((frame["id_number"] == "").sum(), len(frame), share),
        "id_last_digit_wrong": lambda: ((plain(numbered["id_number"]) != numbered["true_id_number"]).sum(), len(numbered), share),
        "id_spaced": lambda: (numbered["id_number"].str.contains(" ").sum(), len(numbered), share),
        "id_full_width": lambda: (numbered["id_number"].str.contains("[０-９]").sum(), len(numbered), share),
        "phone_old": lambda: ((differs & ~another).sum(), len(phoned), share * (1 - errors.get("phone_of_another", 0))),
        "phone_of_another": lambda: (another.sum(), len(phoned), share),
        "phone_missing": lambda: ((frame["phone"] == "").sum(), len(frame), share),
        "phone_spaced": lambda: (phoned["phone"].str.contains(" ").sum(), len(phoned), share),
        "phone_full_width": lambda: (phoned["phone"].str.contains("[０-９]").sum(), len(phoned), share),
        "address_old": lambda: ((placed["address"] != placed["true_address"]).sum(), len(placed), share),
        "address_missing": lambda: ((frame["address"] == "").sum(), len(frame), share),
        "name_address_swapped": lambda: (moved_name.sum(), (frame["address"] != "").sum(), share),
        "phone_id_swapped": lambda: (moved_phone.sum(), ((frame["phone"] != "") & (frame["id_number"] != "")).sum(), share),
        "core_number_missing": lambda: ((frame["core_number"] == "").sum(), len(frame), share),
        "duplicate": lambda: (frame["customer"].duplicated().sum(), frame["customer"].nunique(), share),
    }
    return rules[error]()


@pytest.mark.parametrize(
    ("name", "error"), [(name, error) for name, errors in ERRORS.items() for error in errors if error != "hostile_name"]
)
def test_planted_errors_are_delivered_at_their_shares(bank, department, name, error):
    frame = department(name)
    hits, rows, share = shown(frame, error, ERRORS[name], name, set(bank.cast.lists.register["phone"]))
    if error.startswith("birth") and rows == 0:
        assert name == "credit", "companies have no date of birth"
        return
    assert rows > 100
    assert_share(hits, rows, share)


@pytest.mark.parametrize("name", ERRORS)
def test_no_other_errors_are_delivered(bank, department, name):
    frame = department(name)
    errors = ERRORS[name]
    assert (frame["hostile"] != "").sum() == errors["hostile_name"]
    for column in NOT_HELD[name]:
        assert (frame[column] == "").all(), column
    for error in (
        "sex_wrong",
        "phone_of_another",
        "id_missing",
        "phone_full_width",
        "id_full_width",
        "id_spaced",
        "phone_spaced",
    ):
        column = {"sex_wrong": "sex", "phone_of_another": "phone"}.get(error, error.split("_")[0].replace("id", "id_number"))
        if error not in errors and column not in NOT_HELD[name]:
            assert shown(frame, error, {**errors, error: 0.0}, name, set(bank.cast.lists.register["phone"]))[0] == 0, error
    held = frame["core_number"] != ""
    assert (frame["core_number"] == frame["true_customer_id"])[held].all()
    assert (pd.to_datetime(frame["opened"]) >= frame["true_opened"]).all()


# another size


@pytest.fixture(scope="module")
def rates():
    """What is compared between sizes: by customer, or by row where rows are independent; (values of a bank) by name."""

    def of(bank):
        size = len(bank.people)

        def per_customer(sql):
            counts = np.zeros(size)
            found = bank.frame(f"SELECT customer, count(*) AS n FROM ({sql}) JOIN who USING (customer_id) GROUP BY customer")
            counts[found["customer"]] = found["n"]
            return counts

        def rows(sql):
            return bank.frame(f"SELECT ({sql.replace(' FROM ', ')::DOUBLE AS value FROM ', 1)}")["value"].to_numpy()

        truth = bank.frame("SELECT * FROM truth_customers ORDER BY customer_id")
        months = bank.lived.is_open.sum(axis=1)
        return {
            "companies": (bank.people["kind"] == "corporate").to_numpy(float),
            "left": truth["churn_kind"].notna().to_numpy(float),
            "closed": (truth["churn_kind"] == "closed").to_numpy(float),
            "involuntary": (truth["churn_kind"] == "involuntary").to_numpy(float),
            "satisfaction": truth["satisfaction"].to_numpy(),
            "bookings a month": per_customer("SELECT customer_id FROM raw_transactions WHERE initiated_by = 'customer'") / months,
            "contacts a month": per_customer("SELECT customer_id FROM raw_contacts WHERE purpose <> 'login'") / months,
            "complaints": per_customer("SELECT customer_id FROM raw_complaints"),
            "alerts": per_customer("SELECT customer_id FROM raw_alerts"),
            "contracts": per_customer("SELECT customer_id FROM raw_holdings"),
            "invitations": per_customer("SELECT customer_id FROM raw_invitations"),
            "assets": np.log(bank.people["assets"].to_numpy()),
            "long waits": per_customer("SELECT customer_id FROM raw_contacts WHERE channel = 'branch' AND wait_minutes::DOUBLE >= 30"),
            "answered": rows("SELECT response_id IS NOT NULL FROM raw_invitations WHERE trigger = 'random'"),
            "overall": rows("SELECT overall FROM raw_surveys WHERE overall::DOUBLE <= 10"),
            "severity": rows("SELECT severity FROM raw_complaints"),
            "unknown numbers": rows("SELECT customer_id LIKE 'core:99%' FROM raw_holdings"),
            "responded": rows("SELECT responded FROM raw_campaigns WHERE campaign_id = 'wealth_autumn'"),
            "prospects": np.array([1.0] * bank.ask("SELECT count(converted_date) FROM raw_prospects")[0]
                                  + [0.0] * (size - bank.ask("SELECT count(converted_date) FROM raw_prospects")[0])),
        }  # fmt: skip

    return of


def test_another_size_keeps_the_rates(bank, middle, rates):
    large, small = rates(bank), rates(middle)
    assert len(large["left"]) == 6000
    assert len(small["left"]) == 1500
    for name in large:
        one, two = large[name], small[name]
        error = np.sqrt(one.var(ddof=1) / len(one) + two.var(ddof=1) / len(two))
        assert error > 0, name
        assert abs(one.mean() - two.mean()) < SAME_Z * error, f"{name}: {one.mean():.4f} of 6,000, {two.mean():.4f} of 1,500"
