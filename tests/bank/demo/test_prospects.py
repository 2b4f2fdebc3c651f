import numpy as np
import pandas as pd
import pytest
import statsmodels.api as sm

from analysis.bank.demo.prospects import (
    COMPANY_LOG_ODDS,
    CONVERTED_SHARES,
    HOME_LOG_ODDS,
    NEVER_GIVEN,
    PROSPECT_SHARE,
    SOURCE_LOG_ODDS,
    SOURCES,
    UNCONVERTED_PER_CONVERTED,
    WITHDRAWN,
    YOUNG_LOG_ODDS,
    YOUNG_SINCE,
    make_consents,
    make_prospects,
)

FIRST_DAY, LAST_DAY = np.datetime64("2022-07-01"), np.datetime64("2026-06-30")
BRANCHES = pd.DataFrame({"branch_id": ["B1", "B2", "B3"], "city": ["青岚市", "望海市", "云岭市"]})
COLUMNS = ["prospect_id", "source", "first_seen", "birth_year", "city", "industry", "converted", "converted_customer"]


def make_people(count, seed=1):
    rng = np.random.default_rng(seed)
    is_company = rng.random(count) < 0.1
    days = np.where(rng.random(count) < 0.7, -rng.integers(1, 5000, count), rng.integers(0, 1461, count))
    born = np.datetime64("1950-01-01") + rng.integers(0, 20_000, count)
    return pd.DataFrame(
        {
            "customer": np.arange(count),
            "kind": np.where(is_company, "corporate", "personal"),
            "birth_date": np.where(is_company, np.datetime64("NaT"), born),
            "opened": FIRST_DAY + np.sort(days),
            "branch": rng.integers(0, len(BRANCHES), count),
            "industry": np.where(is_company, "零售", ""),
        }
    )


def four_errors(share, count):
    return 4 * np.sqrt(share * (1 - share) / count)


@pytest.fixture(scope="module")
def people():
    return make_people(20_000)


@pytest.fixture(scope="module")
def prospects(people):
    return make_prospects(np.random.default_rng(2), people, BRANCHES)


@pytest.fixture(scope="module")
def consents(people):
    return make_consents(np.random.default_rng(2), people, people["customer"] % 2 == 0)


def test_the_stated_share_of_arriving_customers_had_been_prospects(prospects, people):
    arrived = people[people["opened"] >= pd.Timestamp(FIRST_DAY)]
    converted = prospects[prospects["converted"].notna()]
    assert converted["converted_customer"].is_unique
    assert converted["converted_customer"].isin(arrived["customer"]).all()
    assert len(converted) / len(arrived) == pytest.approx(PROSPECT_SHARE, abs=four_errors(PROSPECT_SHARE, len(arrived)))
    assert (prospects["converted"].isna()).sum() == UNCONVERTED_PER_CONVERTED * len(converted)
    assert (prospects.loc[prospects["converted"].isna(), "converted_customer"] == -1).all()


def test_the_converted_are_who_they_were(prospects, people):
    converted = prospects[prospects["converted"].notna()]
    who = people.loc[converted["converted_customer"]].reset_index(drop=True)
    converted = converted.reset_index(drop=True)
    assert (converted["converted"] == who["opened"]).all()
    assert (converted["city"] == BRANCHES["city"].to_numpy()[who["branch"]]).all()
    assert converted["birth_year"].isna().eq(who["kind"] == "corporate").all()
    assert (converted["birth_year"].dropna() == who["birth_date"].dt.year.dropna()).all()
    assert converted["industry"].notna().eq(who["kind"] == "corporate").all()


@pytest.mark.parametrize(("source", "share"), zip(SOURCES, CONVERTED_SHARES, strict=True))
def test_sources_have_their_share_of_the_converted(prospects, source, share):
    converted = prospects[prospects["converted"].notna()]
    assert (converted["source"] == source).mean() == pytest.approx(share, abs=four_errors(share, len(converted)))


def test_conversion_follows_the_stated_logistic_model(prospects):
    born = prospects["birth_year"].astype(float)
    design = pd.DataFrame({source: prospects["source"] == source for source in SOURCES[1:]}).assign(
        young=born >= YOUNG_SINCE, company=born.isna(), home=prospects["city"] == BRANCHES["city"][0]
    )
    fit = sm.Logit(prospects["converted"].notna().astype(float), sm.add_constant(design.astype(float))).fit(disp=0)
    stated = [*SOURCE_LOG_ODDS[1:], YOUNG_LOG_ODDS, COMPANY_LOG_ODDS, HOME_LOG_ODDS]
    off = (fit.params[list(design)] - stated) / fit.bse[list(design)]
    assert off.abs().max() < 4
    assert fit.bse[list(design)].max() < 0.2


def test_prospects_are_seen_before_they_convert_and_numbered_in_order(prospects):
    assert list(prospects) == COLUMNS
    assert (prospects["first_seen"] < prospects["converted"]).eq(prospects["converted"].notna()).all()
    assert prospects["first_seen"].is_monotonic_increasing
    assert prospects["prospect_id"].is_unique
    assert prospects["first_seen"].max() <= pd.Timestamp(LAST_DAY)
    assert prospects["converted"].max() <= pd.Timestamp(LAST_DAY)
    assert prospects["birth_year"].dtype == "Int64"


def test_consents_are_given_refused_and_withdrawn_at_the_stated_shares(consents, people):
    clients = (people["customer"] % 2 == 0).sum()
    for purpose in NEVER_GIVEN:
        rows = consents[consents["purpose"] == purpose]
        never, withdrawn = 1 - len(rows) / clients, rows["withdrawn"].notna().sum() / clients
        assert never == pytest.approx(NEVER_GIVEN[purpose], abs=four_errors(NEVER_GIVEN[purpose], clients))
        assert withdrawn == pytest.approx(WITHDRAWN[purpose], abs=four_errors(WITHDRAWN[purpose], clients))


def test_consents_belong_to_clients_and_lie_between_opening_and_end(consents, people):
    opened = people["opened"].to_numpy()[consents["customer"]]
    assert (consents["customer"] % 2 == 0).all()
    assert not consents.duplicated(["customer", "purpose"]).any()
    assert (consents["given"].to_numpy() >= opened).all()
    law = np.datetime64("2021-11-01")
    assert (consents["given"].to_numpy() >= law).all()
    assert (consents["given"].to_numpy() == np.maximum(opened, law)).mean() == pytest.approx(0.8, abs=0.02)
    withdrawn = consents[consents["withdrawn"].notna()]
    assert (withdrawn["withdrawn"] >= withdrawn["given"]).all()
    assert (withdrawn["withdrawn"] >= pd.Timestamp(FIRST_DAY)).all()
    assert max(withdrawn["withdrawn"].max(), consents["given"].max()) <= pd.Timestamp(LAST_DAY)


def test_the_same_seed_draws_the_same(prospects, consents, people):
    pd.testing.assert_frame_equal(make_prospects(np.random.default_rng(2), people, BRANCHES), prospects)
    pd.testing.assert_frame_equal(make_consents(np.random.default_rng(2), people, people["customer"] % 2 == 0), consents)
    assert not make_prospects(np.random.default_rng(3), people, BRANCHES).equals(prospects)


@pytest.mark.parametrize("count", [0, 1, 300])
def test_a_small_bank_works(count):
    people = make_people(count)
    prospects = make_prospects(np.random.default_rng(2), people, BRANCHES)
    assert list(prospects) == COLUMNS
    assert count < 300 or prospects["converted"].notna().sum() >= 15
    assert list(make_consents(np.random.default_rng(2), people, np.ones(count, bool))) == [
        "customer",
        "purpose",
        "given",
        "withdrawn",
    ]
