import numpy as np
import pandas as pd
import pytest

from analysis.bank.demo.calendar import first_day
from analysis.bank.demo.campaigns import (
    BASE,
    BEST_BASE,
    CAMPAIGNS,
    OFFERED_MONTH,
    RANDOMISED,
    UPLIFT,
    WORTH_MONTHS,
    make_campaigns,
)

ASSETS = {
    "salary_household": 70_000,
    "affluent_saver": 900_000,
    "digital_young": 26_000,
    "branch_pensioner": 150_000,
    "self_employed_borrower": 130_000,
    "company": 700_000,
}
COUNT = 30_000


def make_world(count, seed=1):
    """People, the months in which they are customers, and what they hold."""
    rng = np.random.default_rng(seed)
    archetype = rng.choice(list(ASSETS), count, p=[0.33, 0.12, 0.20, 0.15, 0.10, 0.10])
    begins = np.where(rng.random(count) < 0.7, -1, rng.integers(0, 48, count))
    ends = np.where(rng.random(count) < 0.3, begins + rng.integers(3, 60, count), 99)
    months = np.arange(48)
    is_open = (months >= begins[:, None]) & (months <= ends[:, None])
    people = pd.DataFrame(
        {
            "customer": np.arange(count),
            "customer_id": [f"C{number:06d}" for number in range(count)],
            "kind": np.where(archetype == "company", "corporate", "personal"),
            "archetype": archetype,
            "assets": [ASSETS[one] for one in archetype] * np.exp(0.6 * rng.standard_normal(count)),
            "digital": rng.random(count),
            "opened": first_day(np.maximum(begins, 0)),
        }
    )
    held = {
        product: is_open & (rng.random(count) < share)[:, None]
        for product, share in {"wealth": 0.3, "term": 0.3, "card": 0.6}.items()
    }
    return people, is_open, held


def held_and_offered(campaigns, people, name):
    offers = campaigns.offers[campaigns.offers["campaign_id"] == name]
    return offers.assign(archetype=people["archetype"].to_numpy()[offers["customer"]])


def four_errors(share, count):
    return 4 * np.sqrt(share * (1 - share) / count)


@pytest.fixture(scope="module")
def world():
    return make_world(COUNT)


@pytest.fixture(scope="module")
def campaigns(world):
    return make_campaigns(np.random.default_rng(3), *world, effects={})


def test_a_fifth_of_the_randomised_ones_is_held_out_and_nobody_of_the_best(campaigns):
    held_out = (campaigns.offers["arm"] == "held_out").groupby(campaigns.offers["campaign_id"]).mean()
    assert held_out[list(RANDOMISED)].to_numpy() == pytest.approx([0.2, 0.2], abs=1e-3)
    assert held_out["best_customers"] == 0
    assert not campaigns.offers.duplicated(["campaign_id", "customer"]).any()
    assert (campaigns.offers["cost"] > 0).eq(campaigns.offers["arm"] == "treated").all()


def test_only_persons_who_are_customers_are_offered_something(campaigns, world):
    people, is_open, held = world
    for name, offers in campaigns.offers.groupby("campaign_id"):
        month, rows = OFFERED_MONTH[name], offers["customer"].to_numpy()
        assert (people["kind"].to_numpy()[rows] == "personal").all()
        assert is_open[rows, month].all()
        assert is_open[rows, month - 1].all()
        assert (offers["offered"].to_numpy() == first_day(month)).all()
        assert (people["opened"].to_numpy()[rows] <= offers["offered"].to_numpy()).all()
    wealth = campaigns.offers.loc[campaigns.offers["campaign_id"] == "wealth_autumn", "customer"]
    assert not held["wealth"][wealth, OFFERED_MONTH["wealth_autumn"]].any()


def test_the_best_are_rich_and_active(campaigns, world):
    people, _, _ = world
    rows = {name: offers["customer"].to_numpy() for name, offers in campaigns.offers.groupby("campaign_id")}
    assert len(rows["best_customers"]) == pytest.approx(0.1 * len(rows["term_spring"]), rel=0.1)
    assets = people["assets"].to_numpy()
    assert np.median(assets[rows["best_customers"]]) > 3 * np.median(assets[rows["term_spring"]])


@pytest.mark.parametrize("name", RANDOMISED)
@pytest.mark.parametrize("archetype", list(BASE["term_spring"]))
def test_each_arm_answers_at_its_stated_rate(campaigns, world, name, archetype):
    people, is_open, _ = world
    offers = held_and_offered(campaigns, people, name)
    stays = is_open[offers["customer"], OFFERED_MONTH[name] + 1]
    offers = offers[stays & (offers["archetype"] == archetype)]
    rate = offers.groupby("arm")["responded"].agg(["mean", "size"])
    base, uplift = BASE[name][archetype], UPLIFT[name][archetype]
    assert rate.loc["held_out", "mean"] == pytest.approx(base, abs=four_errors(base, rate.loc["held_out", "size"]))
    stopped_at_zero = 0.25 * max(-uplift, 0)
    expected = base + uplift
    assert rate.loc["treated", "mean"] == pytest.approx(
        expected, abs=four_errors(expected, rate.loc["treated", "size"]) + stopped_at_zero
    )


def test_nobody_answers_who_has_left(campaigns, world):
    _, is_open, _ = world
    offers = campaigns.offers
    month = offers["campaign_id"].map(OFFERED_MONTH).to_numpy()
    assert is_open[offers["customer"], month + 1][offers["responded"]].all()


def arms_total(campaigns, name):
    """Contribution over the months after the offer, of each customer in the campaign."""
    month = OFFERED_MONTH[name]
    within = campaigns.contribution[campaigns.contribution["month"].between(month + 1, month + WORTH_MONTHS)]
    total = within.groupby("customer")[["ftp_interest", "fees"]].sum().sum(axis=1)
    offers = campaigns.offers[campaigns.offers["campaign_id"] == name]
    return offers.assign(total=offers["customer"].map(total).fillna(0.0))


@pytest.mark.parametrize("name", RANDOMISED)
def test_the_arms_differ_in_contribution_by_the_true_effects(world, name):
    people, is_open, held = world
    campaigns = make_campaigns(np.random.default_rng(11), people, is_open, held, {name: 2.0, "best_customers": 1.0})
    arms = arms_total(campaigns, name).groupby("arm")["total"].agg(["mean", "var", "size"])
    difference = arms.loc["treated", "mean"] - arms.loc["held_out", "mean"]
    error = np.sqrt((arms["var"] / arms["size"]).sum())
    truth = campaigns.effects.loc[campaigns.effects["campaign_id"] == name, "effect"].mean()
    assert truth > 0
    assert difference == pytest.approx(truth, abs=4 * error)


def test_the_average_over_many_draws_of_who_buys_is_the_true_effect():
    """Without left to chance: the same few customers, offered and held out again and again, against their mean effect."""
    world = make_world(400, seed=4)
    differences, truths = [], []
    for seed in range(80):
        campaigns = make_campaigns(np.random.default_rng(seed), *world, effects={"wealth_autumn": 3.0, "term_spring": 0.0})
        arms = arms_total(campaigns, "wealth_autumn").groupby("arm")["total"].mean()
        differences.append(arms["treated"] - arms["held_out"])
        truths.append(campaigns.effects.loc[campaigns.effects["campaign_id"] == "wealth_autumn", "effect"].mean())
    error = np.std(differences) / np.sqrt(len(differences))
    assert np.mean(truths) > 3 * error
    assert np.mean(differences) == pytest.approx(np.mean(truths), abs=3.5 * error)


def test_effects_differ_by_archetype_and_harm_some(campaigns, world):
    people, _, _ = world
    effects = campaigns.effects.assign(archetype=people["archetype"].to_numpy()[campaigns.effects["customer"]])
    mean = effects.groupby(["campaign_id", "archetype"])["effect"].mean()
    for name in RANDOMISED:
        signs = {archetype: np.sign(mean[name, archetype]) for archetype in UPLIFT[name]}
        assert signs == {archetype: np.sign(uplift) for archetype, uplift in UPLIFT[name].items()}
    assert len(effects) == len(campaigns.offers)


def test_the_term_deposit_looks_good_and_keeps_little_the_wealth_product_keeps_more(campaigns):
    offers = campaigns.offers[campaigns.offers["arm"] == "treated"]
    gross = offers.groupby("campaign_id")["revenue"].mean()
    effect = campaigns.effects.groupby("campaign_id")["effect"].mean()
    assert gross["term_spring"] > 50
    assert 0 < effect["term_spring"] < 0.1 * gross["term_spring"]
    assert effect["wealth_autumn"] > 0.15 * gross["wealth_autumn"]


def test_the_best_customers_bring_most_and_not_because_of_the_offer(campaigns):
    offers = campaigns.offers[campaigns.offers["arm"] == "treated"]
    by_campaign = offers.groupby("campaign_id")
    rate, revenue = by_campaign["responded"].mean(), by_campaign["revenue"].mean()
    assert rate["best_customers"] == pytest.approx(BEST_BASE, abs=0.03)
    assert rate.idxmax() == revenue.idxmax() == "best_customers"
    assert (campaigns.effects.loc[campaigns.effects["campaign_id"] == "best_customers", "effect"] == 0).all()


def test_without_effects_people_buy_all_the_same_and_no_effect_is_left(world):
    campaigns = make_campaigns(np.random.default_rng(3), *world, effects=dict.fromkeys(CAMPAIGNS, 0.0))
    assert (campaigns.effects["effect"] == 0).all()
    assert campaigns.offers["responded"].mean() > 0.03


def test_a_negative_multiplier_turns_the_effect_round(world):
    campaigns = make_campaigns(np.random.default_rng(3), *world, effects={"wealth_autumn": -0.5})
    assert campaigns.effects.groupby("campaign_id")["effect"].mean()["wealth_autumn"] < 0


def test_what_responders_open_and_bring_is_dated_after_the_offer_while_they_are_customers(campaigns, world):
    _, is_open, _ = world
    assert len(campaigns.holdings) == campaigns.offers["responded"].sum()
    products = campaigns.offers[["product", "offered"]].drop_duplicates().set_index("product")["offered"]
    waited = campaigns.holdings["opened"] - campaigns.holdings["product"].map(products)
    assert waited.min() >= pd.Timedelta(days=1)
    assert waited.max() <= pd.Timedelta(days=24)
    contribution = campaigns.contribution
    assert not contribution.duplicated(["customer", "month"]).any()
    assert is_open[contribution["customer"], contribution["month"]].all()
    assert contribution["month"].min() == min(OFFERED_MONTH.values()) + 1
    assert contribution["month"].max() == max(OFFERED_MONTH.values()) + WORTH_MONTHS <= 35


def test_only_a_purchase_has_revenue(campaigns):
    assert (campaigns.offers.loc[~campaigns.offers["responded"], "revenue"] == 0).all()
    assert (campaigns.offers.loc[campaigns.offers["responded"], "revenue"] > 0).mean() > 0.99


def test_the_same_seed_draws_the_same(campaigns, world):
    again = make_campaigns(np.random.default_rng(3), *world, effects={})
    for name in ("offers", "holdings", "contribution", "effects"):
        pd.testing.assert_frame_equal(getattr(again, name), getattr(campaigns, name))
    other = make_campaigns(np.random.default_rng(4), *world, effects={})
    assert not other.offers.equals(campaigns.offers)


@pytest.mark.parametrize("count", [0, 1, 30, 300])
def test_a_small_bank_works(count):
    campaigns = make_campaigns(np.random.default_rng(3), *make_world(count), effects={})
    assert list(campaigns.offers) == ["campaign_id", "customer", "offered", "arm", "product", "cost", "responded", "revenue"]
    assert list(campaigns.holdings) == ["customer", "product", "opened"]
    assert list(campaigns.contribution) == ["customer", "month", "ftp_interest", "fees"]
    assert list(campaigns.effects) == ["customer", "campaign_id", "effect"]
    assert count < 300 or set(campaigns.offers["campaign_id"]) == set(CAMPAIGNS)
